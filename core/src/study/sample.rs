//! A small report for tests.

use std::collections::BTreeMap;

use super::*;
use crate::Sha256Digest;
use crate::activation::RowPolicy;
use crate::data::{ImageShape, Normalisation, Subset};

/// Two networks of two layers, one measure, one absent cell.
pub(crate) fn comparison() -> Comparison {
    let layer = |name: &str| LayerRecord {
        name: name.to_owned(),
        rows: 8,
        features: 3,
        constant_features: 0,
        parts: Vec::new(),
    };
    let input = |name: &str| InputRecord {
        name: name.to_owned(),
        file: format!("{name}.safetensors"),
        kind: InputKind::Checkpoint,
        sha256: Sha256Digest::of([name.as_bytes()]),
        part: None,
        choices: crate::model::Choices::new(),
        architecture: Some("MLP 4-3-2".to_owned()),
        parameters: Some(23),
        normalisation: Some(Normalisation { name: "mnist".to_owned(), mean: vec![0.1307], std: vec![0.3081] }),
        evidence: None,
        layers: vec![layer("stem"), layer("fc")],
        metadata: BTreeMap::from([("repgeo.seed".to_owned(), "1".to_owned())]),
    };
    let cells = vec![
        vec![Cell::Value(0.1), Cell::Value(-1.234_567_890_123_456_7e-20)],
        vec![Cell::Absent { absent: "constant in every feature".to_owned(), reason: None }, Cell::Value(0.1 + 0.2)],
    ];
    Comparison {
        schema_version: SCHEMA_VERSION,
        schema_minor: SCHEMA_MINOR,
        generator: "repgeo 0.1.0".to_owned(),
        inputs: vec![input("a"), input("b")],
        probe: ProbeRecord {
            name: "digits".to_owned(),
            samples: 8,
            subset: Some(Subset::Stratified { seed: 7 }),
            shape: Some(ImageShape { channels: 1, height: 2, width: 2 }),
            content: Sha256Digest::of([b"digits".as_slice()]),
            row_policy: RowPolicy::Flatten,
        },
        device: DeviceRecord {
            engine: "cpu".to_owned(),
            description: "one thread".to_owned(),
            precision: "f32 network, f64 measures".to_owned(),
        },
        measures: vec![MeasureRecord {
            id: "cka-linear-debiased".to_owned(),
            name: "Debiased linear CKA".to_owned(),
            higher_is_more_alike: true,
            range: RangeRecord { low: None, high: Some(1.0) },
            pairs: vec![PairRecord { a: 0, b: 1, cells, by_construction: Vec::new(), null: None, bootstrap: None }],
            layers: None,
            groups: None,
            outputs: None,
        }],
        warnings: vec![Warning {
            kind: RemarkKind::ConstantFeatures,
            input: Some("a".to_owned()),
            layer: Some("fc".to_owned()),
            message: "a remark".to_owned(),
            places: Vec::new(),
        }],
        spec: None,
    }
}
