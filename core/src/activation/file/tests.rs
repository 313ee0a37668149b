//! Files as PyTorch and NumPy wrote them; `fixtures/make_fixtures.py` makes them.

use super::*;
use crate::activation::Matrix;

macro_rules! fixture {
    ($name:literal) => {
        NamedBytes { name: $name.to_owned(), bytes: include_bytes!(concat!("fixtures/", $name)).to_vec() }
    };
}

fn error(file: &NamedBytes) -> String {
    read_activations(file).unwrap_err().to_string()
}

fn layers(file: &ActivationFile) -> Vec<(&str, usize, usize)> {
    file.representations.iter().map(|layer| (layer.layer.as_str(), layer.rows, layer.features)).collect()
}

/// Values by the fixtures' formula.
fn formula(count: u8) -> impl Iterator<Item = f64> {
    (0..count).map(|k| f64::from(k) / 8.0 - 1.0)
}

fn check_values(layer: &Representation, double: bool) {
    let count = (layer.rows * layer.features) as u8;
    match &layer.matrix {
        Matrix::F32(values) if !double => assert!(values.iter().map(|&value| f64::from(value)).eq(formula(count))),
        Matrix::F64(values) if double => assert!(values.iter().copied().eq(formula(count))),
        other => panic!("{}: {other:?}", layer.layer),
    }
}

#[test]
fn safetensors_of_every_precision_in_natural_order() {
    let file = read_activations(&fixture!("natural.safetensors")).unwrap();
    assert_eq!(layers(&file), [("conv", 4, 5), ("fc", 4, 3), ("layer2", 4, 8), ("layer10", 4, 6)]);
    for layer in &file.representations {
        check_values(layer, layer.layer == "conv");
        assert_eq!(layer.samples.ids, ["0", "1", "2", "3"]);
    }
    // python3: hashlib.sha256(b"1:01:11:21:3").hexdigest()
    let content = "49a5c743f0728d7aed240289898bba4fdbc1a35e847bde73040494f180632d18";
    assert_eq!(file.representations[0].samples.content.as_str(), content);
    assert!(file.metadata.is_empty());
}

#[test]
fn safetensors_may_state_order_and_ids() {
    let file = read_activations(&fixture!("ordered.safetensors")).unwrap();
    assert_eq!(layers(&file), [("conv", 4, 5), ("layer2", 4, 8), ("layer10", 4, 6), ("fc", 4, 3)]);
    assert_eq!(file.representations[0].samples.ids, ["a", "b", "7", "d"]);
    assert_eq!(file.metadata, BTreeMap::from([("model".to_owned(), "demo".to_owned())]));
    assert_eq!(
        error(&fixture!("missing.safetensors")),
        "missing.safetensors: metadata entry `layers`: expected each layer once, found `layer10` left out"
    );
}

#[test]
fn npz_is_read_in_file_order() {
    let file = read_activations(&fixture!("layers.npz")).unwrap();
    assert_eq!(layers(&file), [("fc", 4, 3), ("layer10", 4, 6), ("layer2", 4, 8), ("conv", 4, 5)]);
    for layer in &file.representations {
        check_values(layer, layer.layer == "conv");
    }
    let other = read_activations(&fixture!("ordered.safetensors")).unwrap();
    assert_eq!(file.representations[0].samples, other.representations[0].samples);
    let numbered = read_activations(&fixture!("numbered.npz")).unwrap();
    assert_eq!(numbered.representations[0].samples.ids, ["30", "10", "20", "0"]);
}

#[test]
fn npy_is_one_layer_named_like_the_file() {
    let file = read_activations(&fixture!("only.npy")).unwrap();
    assert_eq!(layers(&file), [("only", 4, 8)]);
    check_values(&file.representations[0], false);
}

#[test]
fn what_does_not_fit_is_named() {
    assert_eq!(
        error(&fixture!("rows.safetensors")),
        "rows.safetensors: expected as many rows in every layer, found 4 in `a` and 5 in `b`"
    );
    assert_eq!(
        error(&fixture!("infinite.safetensors")),
        "infinite.safetensors: layer `b`: expected finite values, found inf at row 2, column 1"
    );
    assert_eq!(
        error(&fixture!("vector.npy")),
        "vector.npy: layer `vector`: expected at least two dimensions, samples and features, neither empty, found the \
         shape [4]"
    );
    assert_eq!(error(&fixture!("twice.npz")), "twice.npz: sample_ids: expected different ids, found `2` twice");
    let text = "{'descr': '<f4', 'fortran_order': True, 'shape': (0, 1099511627776, 1099511627776)}";
    let bytes = [b"\x93NUMPY\x01\0", (text.len() as u16).to_le_bytes().as_slice(), text.as_bytes()].concat();
    assert!(
        error(&NamedBytes { name: "a.npy".to_owned(), bytes }).contains("neither empty, found the shape [0, 1099511")
    );
    let other = |bytes: &[u8]| error(&NamedBytes { name: "a".to_owned(), bytes: bytes.to_vec() });
    assert!(other(b"").starts_with("a: not a data file that is known here: an empty file; expected activations as"));
    assert!(other(b"\x02\0\0\0\0\0\0\0{}").ends_with("expected at least one layer, found none"));
}

#[test]
fn damaged_files_are_refused_or_consistent() {
    let files =
        [fixture!("ordered.safetensors"), fixture!("layers.npz"), fixture!("numbered.npz"), fixture!("only.npy")];
    for file in files {
        let mut refused = 0;
        for seed in 0..300 {
            let bytes = crate::file::mutation::mutate(file.bytes.clone(), seed);
            match read_activations(&NamedBytes { name: file.name.clone(), bytes }) {
                Err(_) => refused += 1,
                Ok(read) => {
                    assert!(read.representations.iter().all(|layer| layer.rows == layer.samples.ids.len()), "{seed}");
                }
            }
        }
        assert!(refused > 30, "{}: only {refused} refused", file.name);
    }
}

#[test]
fn more_samples_than_memory_holds_ids_for_are_refused() {
    let rows = MOST_ROWS + 1;
    let header = format!(r#"{{"a":{{"dtype":"F16","shape":[{rows},1],"data_offsets":[0,{}]}}}}"#, 2 * rows);
    let bytes = [&(header.len() as u64).to_le_bytes(), header.as_bytes(), &vec![0; 2 * rows]].concat();
    let text = error(&NamedBytes { name: "long.safetensors".into(), bytes });
    assert!(text.starts_with("long.safetensors: ") && text.contains("at most 1048576 samples"), "{text}");
}

#[test]
fn names_of_layers_stay_on_one_line() {
    let file = |dtype: &str, length: usize| {
        let header = format!(r#"{{"a\nb":{{"dtype":"{dtype}","shape":[2,1],"data_offsets":[0,{length}]}}}}"#);
        let bytes = [&(header.len() as u64).to_le_bytes(), header.as_bytes(), &vec![0; length]].concat();
        NamedBytes { name: "a.safetensors".into(), bytes }
    };
    assert_eq!(read_activations(&file("F32", 8)).unwrap().representations[0].layer, r"a\nb");
    assert!(
        error(&file("F8_E4M3", 2)).starts_with(r"a.safetensors: layer `a\nb`: expected integers or values of type")
    );
}

#[test]
fn integers_of_two_dimensions_are_values() {
    let file = read_activations(&fixture!("integers.safetensors")).unwrap();
    let [layer] = &file.representations[..] else { panic!("{file:?}") };
    assert!(matches!(&layer.matrix, Matrix::F64(values) if values[..3] == [0.0, 1.0, 2.0]));
}

/// An archive of arrays in the form of `numpy.save`.
fn archive(arrays: &[(&str, &str, &str, &[u8])]) -> NamedBytes {
    let entries: Vec<(String, Vec<u8>)> = arrays
        .iter()
        .map(|(name, descr, shape, values)| {
            let text = format!("{{'descr': '{descr}', 'fortran_order': False, 'shape': {shape}, }}\n");
            let length = (text.len() as u16).to_le_bytes();
            (format!("{name}.npy"), [b"\x93NUMPY\x01\0", length.as_slice(), text.as_bytes(), values].concat())
        })
        .collect();
    let entries: Vec<(&str, &[u8])> = entries.iter().map(|(name, bytes)| (name.as_str(), bytes.as_slice())).collect();
    NamedBytes { name: "a.npz".to_owned(), bytes: crate::file::zip::tests::packed(&entries) }
}

#[test]
fn arrays_that_are_no_layers_are_left_aside() {
    let layer: Vec<u8> = [1.0_f32, 2.0, 3.0, 4.0].iter().flat_map(|value| value.to_le_bytes()).collect();
    let file = read_activations(&archive(&[
        ("labels", "<i8", "(2,)", &[0; 16]),
        ("layer1", "<f4", "(2, 2)", &layer),
        ("paths", "<U1", "(2,)", b"a\0\0\0b\0\0\0"),
        ("config", "|O", "()", b"\x80\x04N."),
        ("mask", "|b1", "(2,)", &[1, 0]),
        ("loss", "<f4", "(1,)", &[0; 4]),
    ]))
    .unwrap();
    assert_eq!(file.representations.len(), 1);
    assert_eq!(file.dimensions, [[2]]);
    let expected = [
        "labels (labels)",
        "paths (texts)",
        "config (values that are no numbers)",
        "mask (values that are no numbers)",
        "loss (fewer than two dimensions)",
    ];
    assert_eq!(file.left_aside, expected);
}
