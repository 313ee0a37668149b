//! The report schema: the committed file is what the code writes and reads.

use std::path::Path;

use repgeo_core::activation::{Engine, RowPolicy, read_activations};
use repgeo_core::file::NamedBytes;
use repgeo_core::study::{self, Budget, Comparison, Input, LayerPlan, PairPlan, StudySpec};
use repgeo_core::supervise::Unsupervised;
use serde_json::{Value, json};

const SCHEMA: &str = "docs/schema/comparison-v1.schema.json";

/// A file of activations: one layer of `[samples, 2]`, in which every second feature may be constant.
fn activations(name: &str, samples: usize, constant: bool) -> Input {
    let value = |sample: usize, feature: usize| match feature {
        1 if constant => 1.0,
        _ => (0.7 * ((sample + 1) * (feature + 1)) as f64).sin() as f32,
    };
    let header =
        format!("{{\"x\":{{\"dtype\":\"F32\",\"shape\":[{samples},2],\"data_offsets\":[0,{}]}}}}", samples * 8);
    let mut bytes = (header.len() as u64).to_le_bytes().to_vec();
    bytes.extend(header.as_bytes());
    bytes.extend((0..samples).flat_map(|sample| [value(sample, 0), value(sample, 1)]).flat_map(f32::to_le_bytes));
    let file = read_activations(&NamedBytes { name: format!("{name}.safetensors"), bytes }).unwrap();
    Input::Activations { name: name.to_owned(), file }
}

/// A report with values, absent cells and warnings.
fn report() -> Comparison {
    let spec = StudySpec {
        inputs: Vec::new(),
        probe: None,
        questions: vec!["cka-linear-debiased".to_owned(), "procrustes-angular".to_owned()],
        pairs: PairPlan::All,
        layers: LayerPlan::All,
        rows: RowPolicy::Units { count: 3, seed: 1 },
        null: None,
        bootstrap: None,
    };
    let inputs = [activations("a", 24, false), activations("b", 24, true)];
    pollster::block_on(study::compare(&inputs, None, &spec, Budget::ONCE, &Engine::host(1), &Unsupervised))
        .unwrap()
        .report()
        .unwrap()
}

/// The committed schema, which other programs read.
fn schema() -> Value {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("..").join(SCHEMA);
    serde_json::from_str(&std::fs::read_to_string(path).unwrap()).unwrap()
}

#[test]
fn the_committed_schema_is_the_generated_one() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("..").join(SCHEMA);
    if std::env::var_os("REPGEO_UPDATE").is_some() {
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(&path, Comparison::json_schema().unwrap()).unwrap();
    }
    let committed = std::fs::read_to_string(&path).unwrap();
    assert!(
        committed == Comparison::json_schema().unwrap(),
        "{SCHEMA} is not what the code writes: run REPGEO_UPDATE=1 cargo test -p repgeo-tests --test report"
    );
}

#[test]
fn reports_keep_to_the_schema() {
    let validator = jsonschema::validator_for(&schema()).unwrap();
    let report = report();
    assert!(!report.warnings.is_empty());
    let json: Value = serde_json::from_str(&report.to_json().unwrap()).unwrap();
    let errors: Vec<String> = validator.iter_errors(&json).map(|error| error.to_string()).collect();
    assert!(errors.is_empty(), "{errors:?}");
    assert_eq!(Comparison::from_json(&report.to_json().unwrap()), Ok(report));
}

#[test]
fn the_schema_refuses_what_is_no_report() {
    let validator = jsonschema::validator_for(&schema()).unwrap();
    let json: Value = serde_json::from_str(&report().to_json().unwrap()).unwrap();
    let changed = |change: &dyn Fn(&mut Value)| {
        let mut json = json.clone();
        change(&mut json);
        json
    };
    let no_inputs = changed(&|json| drop(json.as_object_mut().unwrap().remove("inputs")));
    let not_a_number = changed(&|json| json["measures"][0]["pairs"][0]["cells"][0][0] = json!("0.5"));
    let null = changed(&|json| json["measures"][0]["pairs"][0]["cells"][0][0] = Value::Null);
    let other_policy = changed(&|json| json["probe"]["row_policy"] = json!("sideways"));
    for (what, json) in [("no inputs", no_inputs), ("text", not_a_number), ("null", null), ("policy", other_policy)] {
        assert!(!validator.is_valid(&json), "{what}");
        assert!(Comparison::from_json(&json.to_string()).is_err(), "{what}");
    }
}
