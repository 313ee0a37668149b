//! Reports as JSON, cell by cell, without the types that wrote them.

use std::collections::BTreeMap;

use anyhow::{Context as _, ensure};
use serde_json::Value;

/// One cell of a report.
#[derive(Debug, Clone, PartialEq)]
pub struct ReportCell {
    /// Id of the measure.
    pub measure: String,
    /// Input and layer of the row.
    pub a: String,
    /// Input and layer of the column.
    pub b: String,
    /// The value, or why there is none.
    pub value: Result<f64, String>,
}

/// Every cell: by measure, by pair, row by row.
///
/// # Errors
/// When the report lacks a part, or a map has another size than its layers.
pub fn cells(report: &Value) -> anyhow::Result<Vec<ReportCell>> {
    let mut cells = Vec::new();
    for measure in list(report, "measures")? {
        for pair in list(measure, "pairs")? {
            let (a, b) = (layers(report, &pair["a"])?, layers(report, &pair["b"])?);
            let rows = list(pair, "cells")?;
            ensure!(rows.len() == a.len(), "expected {} rows, found {}", a.len(), rows.len());
            for (row, a) in rows.iter().zip(&a) {
                let row = row.as_array().context("a row is no list")?;
                ensure!(row.len() == b.len(), "expected {} columns, found {}", b.len(), row.len());
                for (cell, b) in row.iter().zip(&b) {
                    let (measure, value) = (text(measure, "id")?, value(cell)?);
                    cells.push(ReportCell { measure, a: a.clone(), b: b.clone(), value });
                }
            }
        }
    }
    Ok(cells)
}

/// The largest deviation of each measure between cells of the same places, relative to the value where that is above
/// 1; both lack a value at the same places.
///
/// # Errors
/// When the places differ, or one has a value where the other has none.
pub fn deviations(cells: &[ReportCell], others: &[ReportCell]) -> anyhow::Result<BTreeMap<String, f64>> {
    ensure!(cells.len() == others.len(), "{} cells and {}", cells.len(), others.len());
    let mut deviations = BTreeMap::new();
    for (cell, other) in cells.iter().zip(others) {
        ensure!((&cell.measure, &cell.a, &cell.b) == (&other.measure, &other.a, &other.b), "{cell:?} and {other:?}");
        match (&cell.value, &other.value) {
            (Ok(value), Ok(other)) => {
                let largest: &mut f64 = deviations.entry(cell.measure.clone()).or_insert(0.0);
                *largest = largest.max((value - other).abs() / other.abs().max(1.0));
            }
            (Err(_), Err(_)) => {}
            _ => anyhow::bail!("{cell:?} and {other:?}"),
        }
    }
    Ok(deviations)
}

fn list<'a>(value: &'a Value, key: &str) -> anyhow::Result<&'a Vec<Value>> {
    value[key].as_array().with_context(|| format!("there is no list `{key}`"))
}

fn text(value: &Value, key: &str) -> anyhow::Result<String> {
    Ok(value[key].as_str().with_context(|| format!("there is no text `{key}`"))?.to_owned())
}

/// The layers of an input, as `input: layer`.
fn layers(report: &Value, input: &Value) -> anyhow::Result<Vec<String>> {
    let input = usize::try_from(input.as_u64().context("an input's index")?)?;
    let input = list(report, "inputs")?.get(input).with_context(|| format!("there is no input {input}"))?;
    let name = text(input, "name")?;
    list(input, "layers")?.iter().map(|layer| Ok(format!("{name}: {}", text(layer, "name")?))).collect()
}

fn value(cell: &Value) -> anyhow::Result<Result<f64, String>> {
    match cell.as_f64() {
        Some(value) => Ok(Ok(value)),
        None => Ok(Err(text(cell, "absent")?)),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn report(cells: &Value) -> Value {
        let input = |name: &str| json!({ "name": name, "layers": [{ "name": "x" }, { "name": "y" }] });
        json!({
            "inputs": [input("first"), input("second")],
            "measures": [{ "id": "cka", "pairs": [{ "a": 0, "b": 1, "cells": cells }] }],
        })
    }

    #[test]
    fn the_largest_deviation_is_found_and_other_places_are_refused() {
        let absent = json!({ "absent": "constant" });
        let first = cells(&report(&json!([[0.5, absent], [0.25, 1.0]]))).unwrap();
        assert_eq!((first[2].a.as_str(), first[2].b.as_str()), ("first: y", "second: x"));
        assert_eq!((first[1].value.clone(), first[2].value.clone()), (Err("constant".to_owned()), Ok(0.25)));
        let second = cells(&report(&json!([[0.5, absent], [0.75, 0.875]]))).unwrap();
        assert_eq!(deviations(&first, &second).unwrap(), BTreeMap::from([("cka".to_owned(), 0.5)]));
        let third = cells(&report(&json!([[0.5, 0.5], [0.75, 0.875]]))).unwrap();
        assert!(deviations(&first, &third).is_err());
        assert!(cells(&report(&json!([[0.5, absent]]))).is_err());
        assert!(cells(&report(&json!([[0.5], [0.5]]))).is_err());
    }
}
