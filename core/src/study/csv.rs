//! Reports as CSV (RFC 4180), one line per value.

use super::{Cell, Comparison, GroupRecord, IntervalRecord, NullRecord, OutputRecord};

const HEADER: [&str; 7] = ["measure", "a", "layer_a", "b", "layer_b", "value", "reason"];

/// What follows where chance was asked for; empty in lines that have no null.
const CHANCE: [&str; 4] = ["floor", "p", "q", "score"];

/// What follows where intervals were asked for; empty in lines that have none.
const INTERVAL: [&str; 3] = ["low", "high", "standard_error"];

impl Comparison {
    /// Every value as one line of CSV: measure, both inputs and layers, the value in full precision, or an empty value and
    /// the reason why there is none. A value of a single layer leaves the second input empty; the value of a group leaves
    /// both empty and names the layer of its first member, and what the measure says of each member follows. A value of what
    /// two networks say of the samples leaves both layers empty. Where chance was asked for, noise floor, p-value, q-value and
    /// calibrated score follow; where intervals were asked for, their ends and the standard error.
    #[must_use]
    pub fn to_csv(&self) -> String {
        let mut text = String::new();
        let pairs = || self.measures.iter().flat_map(|measure| &measure.pairs);
        let chance = pairs().any(|pair| pair.null.is_some());
        let intervals = pairs().any(|pair| pair.bootstrap.is_some());
        let header = HEADER.iter().chain(CHANCE.iter().filter(|_| chance)).chain(INTERVAL.iter().filter(|_| intervals));
        push_line(&mut text, header.map(|&name| name.to_owned()));
        for measure in &self.measures {
            let single = measure.layers.iter().flatten().zip(&self.inputs);
            for (input, layer, cell) in single.flat_map(|(cells, input)| {
                input.layers.iter().zip(cells).map(move |(layer, cell)| (input, layer, cell))
            }) {
                let (value, reason) = texts(cell);
                let [id, name, layer] = [&measure.id, &input.name, &layer.name].map(Clone::clone);
                push_line(&mut text, [id, name, layer, String::new(), String::new(), value, reason]);
            }
            for group in measure.groups.iter().flatten() {
                self.push_group(&mut text, &measure.id, group);
            }
            for OutputRecord { a, b, value } in measure.outputs.iter().flatten() {
                let (a, b) = (&self.inputs[*a], &self.inputs[*b]);
                let (value, reason) = texts(value);
                let [id, a, b] = [&measure.id, &a.name, &b.name].map(Clone::clone);
                push_line(&mut text, [id, a, String::new(), b, String::new(), value, reason]);
            }
            for pair in &measure.pairs {
                let (a, b) = (&self.inputs[pair.a], &self.inputs[pair.b]);
                for (i, (layer_a, row)) in a.layers.iter().zip(&pair.cells).enumerate() {
                    for (j, (layer_b, cell)) in b.layers.iter().zip(row).enumerate() {
                        let (value, reason) = texts(cell);
                        let [id, a, b] = [&measure.id, &a.name, &b.name].map(Clone::clone);
                        let line = [id, a, layer_a.name.clone(), b, layer_b.name.clone(), value, reason];
                        let null = chance.then(|| match &pair.null {
                            Some(NullRecord { floor, p, q, score, .. }) => [floor, p, q, score]
                                .map(|cells| cells[i][j].map_or_else(String::new, |value| format!("{value:?}"))),
                            None => Default::default(),
                        });
                        let interval = intervals.then(|| match pair.bootstrap.as_ref().map(|of| &of.cells[i][j]) {
                            Some(IntervalRecord::Known { low, high, standard_error }) => {
                                [low, high, standard_error].map(|value| format!("{value:?}"))
                            }
                            Some(IntervalRecord::Absent { .. }) | None => Default::default(),
                        });
                        let more = null.into_iter().flatten().chain(interval.into_iter().flatten());
                        push_line(&mut text, line.into_iter().chain(more));
                    }
                }
            }
        }
        text
    }

    fn push_group(&self, text: &mut String, id: &str, group: &GroupRecord) {
        let mut line = |input: &str, layer: &str, value: String, reason: String| {
            let [id, input, layer] = [id, input, layer].map(str::to_owned);
            push_line(text, [id, input, layer, String::new(), String::new(), value, reason]);
        };
        let members = group.names(self);
        let Some((_, first)) = members.first() else { return };
        let (value, reason) = texts(&group.value);
        line("", first, value, reason);
        for ((input, layer), value) in members.iter().zip(&group.each) {
            line(input, layer, format!("{value:?}"), String::new());
        }
    }
}

/// The value and the reason, one of them empty.
fn texts(cell: &Cell) -> (String, String) {
    match cell {
        Cell::Value(value) => (format!("{value:?}"), String::new()),
        Cell::Absent { absent, .. } => (String::new(), absent.clone()),
    }
}

fn push_line(text: &mut String, fields: impl IntoIterator<Item = String>) {
    text.push_str(&fields.into_iter().map(quoted).collect::<Vec<_>>().join(","));
    text.push_str("\r\n");
}

/// Quoted where the field holds a separator, a quotation mark or a line break.
fn quoted(field: String) -> String {
    if field.contains([',', '"', '\r', '\n']) { format!("\"{}\"", field.replace('"', "\"\"")) } else { field }
}

#[cfg(test)]
mod tests {
    use crate::layer::Reason;
    use crate::study::{Cell, GroupRecord, OutputRecord, sample};

    #[test]
    fn one_line_per_cell_with_quotes_where_needed() {
        let mut report = sample::comparison();
        report.inputs[1].name = "b, \"second\"".to_owned();
        assert_eq!(
            report.to_csv(),
            "measure,a,layer_a,b,layer_b,value,reason\r\n\
             cka-linear-debiased,a,stem,\"b, \"\"second\"\"\",stem,0.1,\r\n\
             cka-linear-debiased,a,stem,\"b, \"\"second\"\"\",fc,-1.2345678901234567e-20,\r\n\
             cka-linear-debiased,a,fc,\"b, \"\"second\"\"\",stem,,constant in every feature\r\n\
             cka-linear-debiased,a,fc,\"b, \"\"second\"\"\",fc,0.30000000000000004,\r\n"
        );
    }

    #[test]
    fn a_measure_of_all_inputs_has_a_line_for_the_group_and_one_for_each_member() {
        let mut report = sample::comparison();
        report.measures[0].pairs.clear();
        let group = |value, each| GroupRecord { members: vec![(0, 0), (1, 0)], value, each };
        let absent = Cell::without(Reason::FewMembers { found: 1 });
        report.measures[0].groups = Some(vec![group(Cell::Value(0.75), vec![0.5, 0.25]), group(absent, Vec::new())]);
        let csv = report.to_csv();
        let lines: Vec<&str> = csv.lines().skip(1).collect();
        assert_eq!(
            lines,
            [
                "cka-linear-debiased,,stem,,,0.75,",
                "cka-linear-debiased,a,stem,,,0.5,",
                "cka-linear-debiased,b,stem,,,0.25,",
                "cka-linear-debiased,,stem,,,,\"needs layers of at least 2 inputs, got 1\"",
            ]
        );
    }

    #[test]
    fn a_measure_of_outputs_leaves_the_layers_empty() {
        let mut report = sample::comparison();
        report.measures[0].pairs.clear();
        report.measures[0].outputs = Some(vec![OutputRecord { a: 0, b: 1, value: Cell::Value(0.125) }]);
        assert_eq!(report.to_csv().lines().nth(1), Some("cka-linear-debiased,a,,b,,0.125,"));
    }

    #[test]
    fn a_measure_of_single_layers_leaves_the_second_input_empty() {
        let mut report = sample::comparison();
        report.measures[0].pairs.clear();
        let absent = Cell::Absent { absent: "constant in every feature".to_owned(), reason: None };
        report.measures[0].layers = Some(vec![vec![Cell::Value(2.5), absent], vec![]]);
        let csv = report.to_csv();
        let lines: Vec<&str> = csv.lines().skip(1).collect();
        assert_eq!(
            lines,
            ["cka-linear-debiased,a,stem,,,2.5,", "cka-linear-debiased,a,fc,,,,constant in every feature"]
        );
    }
}
