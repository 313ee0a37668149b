//! What is bundled with the page: `static/catalogue.json`.

use repgeo_core::activation::RowPolicy;
use repgeo_core::data::Subset;
use serde::{Deserialize, Serialize};

/// The networks, probe sets and the first comparison that are bundled with the page. Paths are relative to the folder of
/// the catalogue.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
pub struct Catalogue {
    /// The networks.
    pub networks: Vec<BundledNetwork>,
    /// The probe sets.
    pub probes: Vec<BundledProbe>,
    /// The comparison that is drawn on the first visit.
    pub demo: Option<Demo>,
}

/// A bundled network.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct BundledNetwork {
    /// What the list calls it, such as `ResNet-18, seed 0`.
    pub name: String,
    /// Where it is, such as `networks/resnet18-seed0.safetensors`.
    pub file: String,
    /// One more fact, such as `91.2 % test accuracy`; may be empty.
    #[serde(default)]
    pub note: String,
}

/// A bundled probe set.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct BundledProbe {
    /// What the list calls it, such as `Fashion-MNIST test, 2,000 images`.
    pub name: String,
    /// Where its files are, such as images and labels.
    pub files: Vec<String>,
}

/// The comparison that is drawn on the first visit, and how to compute it anew.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Demo {
    /// The stored report, such as `demo/report.json`.
    pub report: String,
    /// Files of the networks, as in [`Catalogue::networks`].
    pub networks: Vec<String>,
    /// Name of the probe set, as in [`Catalogue::probes`].
    pub probe: String,
    /// How many images.
    pub samples: usize,
    /// Which images.
    #[serde(default = "first")]
    pub subset: Subset,
    /// The measure that is shown.
    pub measure: String,
    /// How a feature map becomes a row.
    #[serde(default)]
    pub row_policy: RowPolicy,
}

fn first() -> Subset {
    Subset::First
}

/// A file name without its folders.
#[must_use]
pub fn file_name(path: &str) -> &str {
    path.rsplit('/').next().unwrap_or(path)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_catalogue_is_read() {
        let text = r#"{
            "networks": [{ "name": "MLP, seed 0", "file": "networks/mlp-seed0.safetensors", "note": "89.1 % test accuracy" }],
            "probes": [{ "name": "Fashion-MNIST", "files": ["probes/images.gz", "probes/labels.gz"] }],
            "demo": { "report": "demo/report.json", "networks": ["networks/mlp-seed0.safetensors"],
                      "probe": "Fashion-MNIST", "samples": 512, "measure": "cka-linear-debiased" }
        }"#;
        let catalogue: Catalogue = serde_json::from_str(text).unwrap();
        assert_eq!(file_name(&catalogue.networks[0].file), "mlp-seed0.safetensors");
        let demo = catalogue.demo.unwrap();
        assert_eq!((demo.subset, demo.row_policy), (Subset::First, RowPolicy::Flatten));
    }

    #[test]
    fn every_bundled_file_is_there() {
        let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../static");
        let text = std::fs::read_to_string(folder.join("catalogue.json")).unwrap();
        let catalogue: Catalogue = serde_json::from_str(&text).unwrap();
        let networks = catalogue.networks.iter().map(|network| &network.file);
        let probes = catalogue.probes.iter().flat_map(|probe| &probe.files);
        for file in networks.chain(probes).chain(catalogue.demo.as_ref().map(|demo| &demo.report)) {
            assert!(folder.join(file).is_file(), "{file} is listed in the catalogue but not in static/");
        }
        let Some(demo) = &catalogue.demo else { return };
        for network in &demo.networks {
            assert!(catalogue.networks.iter().any(|bundled| &bundled.file == network), "{network} is not in the list");
        }
        assert!(catalogue.probes.iter().any(|bundled| bundled.name == demo.probe), "{} is not in the list", demo.probe);
    }
}
