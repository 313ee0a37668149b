//! Reports as CSV (RFC 4180), one line per value.

use super::{Cell, Comparison};

const HEADER: [&str; 7] = ["measure", "a", "layer_a", "b", "layer_b", "value", "reason"];

impl Comparison {
    /// Every cell of every map, and every value of a single layer, as one line of CSV: measure, both inputs and layers, the value in full precision, or an
    /// empty value and the reason why there is none.
    #[must_use]
    pub fn to_csv(&self) -> String {
        let mut text = String::new();
        push_line(&mut text, HEADER.map(str::to_owned));
        for measure in &self.measures {
            let single = measure.layers.iter().flatten().zip(&self.inputs);
            for (input, layer, cell) in single.flat_map(|(cells, input)| {
                input.layers.iter().zip(cells).map(move |(layer, cell)| (input, layer, cell))
            }) {
                let (value, reason) = texts(cell);
                let [id, name, layer] = [&measure.id, &input.name, &layer.name].map(Clone::clone);
                push_line(&mut text, [id, name, layer, String::new(), String::new(), value, reason]);
            }
            for pair in &measure.pairs {
                let (Some(a), Some(b)) = (self.inputs.get(pair.a), self.inputs.get(pair.b)) else { continue };
                for (layer_a, row) in a.layers.iter().zip(&pair.cells) {
                    for (layer_b, cell) in b.layers.iter().zip(row) {
                        let (value, reason) = texts(cell);
                        let [id, a, b] = [&measure.id, &a.name, &b.name].map(Clone::clone);
                        push_line(&mut text, [id, a, layer_a.name.clone(), b, layer_b.name.clone(), value, reason]);
                    }
                }
            }
        }
        text
    }
}

/// The value and the reason, one of them empty.
fn texts(cell: &Cell) -> (String, String) {
    match cell {
        Cell::Value(value) => (format!("{value:?}"), String::new()),
        Cell::Absent { absent } => (String::new(), absent.clone()),
    }
}

fn push_line(text: &mut String, fields: [String; 7]) {
    text.push_str(&fields.map(quoted).join(","));
    text.push_str("\r\n");
}

/// Quoted where the field holds a separator, a quotation mark or a line break.
fn quoted(field: String) -> String {
    if field.contains([',', '"', '\r', '\n']) { format!("\"{}\"", field.replace('"', "\"\"")) } else { field }
}

#[cfg(test)]
mod tests {
    use crate::study::{Cell, sample};

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
    fn a_measure_of_single_layers_leaves_the_second_input_empty() {
        let mut report = sample::comparison();
        report.measures[0].pairs.clear();
        let absent = Cell::Absent { absent: "constant in every feature".to_owned() };
        report.measures[0].layers = Some(vec![vec![Cell::Value(2.5), absent], vec![]]);
        let csv = report.to_csv();
        let lines: Vec<&str> = csv.lines().skip(1).collect();
        assert_eq!(
            lines,
            ["cka-linear-debiased,a,stem,,,2.5,", "cka-linear-debiased,a,fc,,,,constant in every feature"]
        );
    }
}
