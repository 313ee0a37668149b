//! Reports as JSON.

use serde::Deserialize;

use super::{Comparison, RemarkKind, SCHEMA_MINOR, SCHEMA_VERSION, Warning};

/// Why a text is not a report that can be read.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ReportError {
    /// Not JSON, or not a report.
    #[error("not a RepGeo report: {0}")]
    Malformed(String),
    /// JSON cannot say it.
    #[error("the report cannot be written as JSON: {0}")]
    Unwritable(String),
    /// What it says of one part does not fit what it says of another.
    #[error("not a consistent RepGeo report: {part}: expected {expected}, found {found}")]
    Inconsistent {
        /// Which part.
        part: String,
        /// What was expected there.
        expected: String,
        /// What is there.
        found: String,
    },
    /// Written by another version.
    #[error(
        "the report has schema version {found}, but this program reads version {SCHEMA_VERSION}; use a program of that version"
    )]
    Version {
        /// The version of the report.
        found: u64,
    },
}

impl Comparison {
    /// The report as JSON, indented, fields in the order of the schema, numbers in the shortest form that reads back to
    /// the same value.
    ///
    /// # Errors
    /// [`ReportError::Unwritable`].
    pub fn to_json(&self) -> Result<String, ReportError> {
        written(self)
    }

    /// Reads what [`Comparison::to_json`] wrote.
    ///
    /// # Errors
    /// [`ReportError`] when the text is not a report, one of another schema version, or one that lacks an input or a layer
    /// that its cells are of.
    pub fn from_json(text: &str) -> Result<Self, ReportError> {
        #[derive(Deserialize)]
        struct Version {
            schema_version: u64,
        }
        let malformed = |error: serde_json::Error| ReportError::Malformed(error.to_string());
        let Version { schema_version: found } = serde_json::from_str(text).map_err(malformed)?;
        if found != u64::from(SCHEMA_VERSION) {
            return Err(ReportError::Version { found });
        }
        let mut report: Self = serde_json::from_str(text).map_err(malformed)?;
        report.check()?;
        if report.schema_minor > SCHEMA_MINOR {
            let message = format!(
                "the report was written by a later version (schema {SCHEMA_VERSION}.{}, this program reads up to \
                 {SCHEMA_VERSION}.{SCHEMA_MINOR}); what is new in it is not shown",
                report.schema_minor
            );
            let kind = RemarkKind::LaterVersion;
            report.warnings.insert(0, Warning { kind, input: None, layer: None, message, places: Vec::new() });
        }
        Ok(report)
    }

    /// Refuses cells of inputs and layers that are not there, and other numbers of them than there are layers.
    fn check(&self) -> Result<(), ReportError> {
        let inconsistent = |part: &str, expected, found| {
            let part = part.to_owned();
            ReportError::Inconsistent { part, expected, found }
        };
        let layers = |part: &str, input: usize| match self.inputs.get(input) {
            Some(input) => Ok(input.layers.len()),
            None => Err(inconsistent(part, format!("an input below {}", self.inputs.len()), input.to_string())),
        };
        for measure in &self.measures {
            for (index, pair) in measure.pairs.iter().enumerate() {
                let part = format!("pair {index} of {}", measure.id);
                let (rows, columns) = (layers(&part, pair.a)?, layers(&part, pair.b)?);
                let found: Vec<usize> = pair.cells.iter().map(Vec::len).collect();
                if found != vec![columns; rows] {
                    let expected = format!("{rows} rows of {columns} cells");
                    return Err(inconsistent(&part, expected, format!("rows of {found:?} cells")));
                }
                let shape = |name: &str, found: Vec<usize>| {
                    let expected = format!("{rows} rows of {columns} for {name}");
                    if found == vec![columns; rows] {
                        Ok(())
                    } else {
                        Err(inconsistent(&part, expected, format!("rows of {found:?}")))
                    }
                };
                if !pair.by_construction.is_empty() {
                    shape("by_construction", pair.by_construction.iter().map(Vec::len).collect())?;
                }
                if let Some(bootstrap) = &pair.bootstrap {
                    shape("bootstrap", bootstrap.cells.iter().map(Vec::len).collect())?;
                }
                if let Some(null) = &pair.null {
                    for (name, cells) in
                        [("p", &null.p), ("q", &null.q), ("floor", &null.floor), ("score", &null.score)]
                    {
                        shape(name, cells.iter().map(Vec::len).collect())?;
                    }
                    shape("best_of_rows", vec![columns; null.best_of_rows.len()])?;
                }
            }
            if let Some(values) = &measure.layers {
                let part = format!("the layers of {}", measure.id);
                let found: Vec<usize> = values.iter().map(Vec::len).collect();
                let expected: Vec<usize> = self.inputs.iter().map(|input| input.layers.len()).collect();
                if found != expected {
                    return Err(inconsistent(&part, format!("{expected:?} values"), format!("{found:?}")));
                }
            }
            for (index, output) in measure.outputs.iter().flatten().enumerate() {
                let part = format!("output {index} of {}", measure.id);
                layers(&part, output.a.max(output.b))?;
            }
            for (index, group) in measure.groups.iter().flatten().enumerate() {
                let part = format!("group {index} of {}", measure.id);
                for &(input, layer) in &group.members {
                    let count = layers(&part, input)?;
                    if layer >= count {
                        return Err(inconsistent(&part, format!("a layer below {count}"), layer.to_string()));
                    }
                }
            }
        }
        Ok(())
    }

    /// The JSON Schema of reports, indented.
    ///
    /// # Errors
    /// [`ReportError::Unwritable`].
    pub fn json_schema() -> Result<String, ReportError> {
        written(&schemars::schema_for!(Comparison))
    }
}

fn written(value: &impl serde::Serialize) -> Result<String, ReportError> {
    let text = serde_json::to_string_pretty(value).map_err(|error| ReportError::Unwritable(error.to_string()))?;
    Ok(text + "\n")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::study::{Cell, GroupRecord, OutputRecord, sample};

    #[test]
    fn round_trip_keeps_every_bit() {
        let report = sample::comparison();
        assert_eq!(Comparison::from_json(&report.to_json().unwrap()), Ok(report));
    }

    #[test]
    fn the_text_is_the_one_that_other_programs_read() {
        let text = sample::comparison().to_json().unwrap();
        for part in [
            "{\n  \"schema_version\": 1,\n  \"schema_minor\": 6,\n  \"generator\": \"repgeo 0.1.0\",\n  \"inputs\": [",
            "\"subset\": {\n      \"stratified\": {\n        \"seed\": 7",
            "\"row_policy\": \"flatten\"",
            "[\n              0.1,\n              -1.2345678901234567e-20\n            ]",
            "{\n                \"absent\": \"constant in every feature\"\n              },\n              0.30000000000000004",
        ] {
            assert!(text.contains(part), "{part} in {text}");
        }
        assert!(text.ends_with("  ]\n}\n"), "{text}");
    }

    #[test]
    fn a_report_without_what_was_added_later_opens() {
        let mut old: serde_json::Value = serde_json::from_str(&sample::comparison().to_json().unwrap()).unwrap();
        old.as_object_mut().unwrap().remove("schema_minor");
        old["warnings"][0].as_object_mut().unwrap().remove("kind");
        let read = Comparison::from_json(&old.to_string()).unwrap();
        let mut expected = Comparison { schema_minor: 0, ..sample::comparison() };
        expected.warnings[0].kind = RemarkKind::Unknown;
        assert_eq!(read, expected);
        // What was not there is not made up when it is written again.
        assert!(!read.to_json().unwrap().contains("\"kind\": \"unknown\""));
    }

    #[test]
    fn a_report_of_a_later_minor_version_opens_with_a_remark() {
        let mut later: serde_json::Value = serde_json::from_str(&sample::comparison().to_json().unwrap()).unwrap();
        later["schema_minor"] = serde_json::json!(7);
        later["measures"][0]["floor"] = serde_json::json!([0.5]);
        later["warnings"][0]["kind"] = serde_json::json!("quantised-weights");
        let read = Comparison::from_json(&later.to_string()).unwrap();
        assert_eq!(read.measures, sample::comparison().measures);
        assert!(read.warnings[0].message.contains("schema 1.7"), "{}", read.warnings[0].message);
        assert_eq!(
            read.warnings[1],
            Warning { kind: RemarkKind::Unknown, ..sample::comparison().warnings.swap_remove(0) }
        );
        assert_eq!(read.warnings.len(), sample::comparison().warnings.len() + 1);
    }

    #[test]
    fn another_version_is_refused_before_the_rest_is_read() {
        let error = Comparison::from_json("{\"schema_version\": 99, \"inputs\": 3}").unwrap_err();
        assert_eq!(error, ReportError::Version { found: 99 });
        assert!(error.to_string().contains("schema version 99"), "{error}");
    }

    #[test]
    fn cells_of_what_is_not_there_are_refused() {
        let refused = |change: fn(&mut Comparison)| {
            let mut report = sample::comparison();
            change(&mut report);
            Comparison::from_json(&report.to_json().unwrap()).unwrap_err().to_string()
        };
        let start = "not a consistent RepGeo report: pair 0 of cka-linear-debiased: expected";
        assert_eq!(refused(|report| report.measures[0].pairs[0].b = 2), format!("{start} an input below 2, found 2"));
        assert_eq!(
            refused(|report| drop(report.measures[0].pairs[0].cells[1].pop())),
            format!("{start} 2 rows of 2 cells, found rows of [2, 1] cells")
        );
        let group = |members| GroupRecord { members, value: Cell::Value(1.0), each: vec![1.0] };
        let output = OutputRecord { a: 0, b: 7, value: Cell::Value(0.0) };
        let mut report = sample::comparison();
        report.measures[0].outputs = Some(vec![output]);
        assert_eq!(
            Comparison::from_json(&report.to_json().unwrap()).unwrap_err().to_string(),
            "not a consistent RepGeo report: output 0 of cka-linear-debiased: expected an input below 2, found 7"
        );
        report.measures[0].layers = Some(vec![vec![Cell::Value(1.0)], Vec::new()]);
        assert_eq!(
            Comparison::from_json(&report.to_json().unwrap()).unwrap_err().to_string(),
            "not a consistent RepGeo report: the layers of cka-linear-debiased: expected [2, 2] values, found [1, 0]"
        );
        let mut report = sample::comparison();
        report.measures[0].groups = Some(vec![group(vec![(0, 1)]), group(vec![(1, 2)])]);
        assert_eq!(
            Comparison::from_json(&report.to_json().unwrap()).unwrap_err().to_string(),
            "not a consistent RepGeo report: group 1 of cka-linear-debiased: expected a layer below 2, found 2"
        );
    }

    #[test]
    fn what_is_no_report_is_refused_with_a_reason() {
        for text in ["", "[]", "{}", "{\"schema_version\": 1}", "{\"schema_version\": null}"] {
            assert!(matches!(Comparison::from_json(text), Err(ReportError::Malformed(_))), "{text}");
        }
    }
}
