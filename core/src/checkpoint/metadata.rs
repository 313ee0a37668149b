//! What a checkpoint of this project says about itself.

use std::collections::BTreeMap;
use std::str::FromStr;

use super::error::Fault;
use crate::data::Normalisation;
use crate::model::Architecture;

pub(super) const ARCHITECTURE: &str = "repgeo.architecture";
const DATASET: &str = "repgeo.dataset";
const NORMALISATION: &str = "repgeo.normalisation";
const SEED: &str = "repgeo.seed";
const STEP: &str = "repgeo.step";
const ACCURACY: &str = "repgeo.accuracy";

/// What a checkpoint says about its training. In a file each entry is a text under its key, absent ones have none.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Metadata {
    /// `repgeo.dataset`: what the network was trained on.
    pub dataset: Option<String>,
    /// `repgeo.normalisation`: how its images were normalised; JSON.
    pub normalisation: Option<Normalisation>,
    /// `repgeo.seed`: the seed that it was initialised and trained with.
    pub seed: Option<u64>,
    /// `repgeo.step`: number of optimizer steps.
    pub step: Option<u64>,
    /// `repgeo.accuracy`: fraction of the test images that it classifies rightly.
    pub accuracy: Option<f64>,
    /// All other entries, by key.
    pub other: BTreeMap<String, String>,
}

impl Metadata {
    /// The architecture and everything else from the texts of a file.
    ///
    /// # Errors
    /// [`Fault::Malformed`], naming the key.
    pub(super) fn parse(mut texts: BTreeMap<String, String>) -> Result<(Option<Architecture>, Self), Fault> {
        let architecture = texts.remove(ARCHITECTURE).map(|text| json(ARCHITECTURE, "an architecture in JSON", &text));
        let normalisation: Option<Normalisation> = texts
            .remove(NORMALISATION)
            .map(|text| json(NORMALISATION, "a normalisation in JSON", &text))
            .transpose()?;
        if let Some(normalisation) = &normalisation {
            check_normalisation(normalisation)?;
        }
        let metadata = Self {
            dataset: texts.remove(DATASET),
            normalisation,
            seed: number(&mut texts, SEED)?,
            step: number(&mut texts, STEP)?,
            accuracy: number(&mut texts, ACCURACY)?,
            other: texts,
        };
        if let Some(accuracy) = metadata.accuracy
            && !(0.0..=1.0).contains(&accuracy)
        {
            return Err(Fault::malformed(ACCURACY, "a fraction from 0 to 1", accuracy.to_string()));
        }
        Ok((architecture.transpose()?, metadata))
    }

    /// The texts of a file, by key.
    ///
    /// # Errors
    /// [`Fault::Malformed`] when a value cannot be written as JSON.
    pub(super) fn texts(&self, architecture: &Architecture) -> Result<BTreeMap<String, String>, Fault> {
        let Self { dataset, normalisation, seed, step, accuracy, other } = self;
        let mut texts = other.clone();
        let mut note = |key: &str, text: Option<String>| {
            if let Some(text) = text {
                texts.insert(key.to_owned(), text);
            }
        };
        note(ARCHITECTURE, Some(to_json(ARCHITECTURE, architecture)?));
        note(DATASET, dataset.clone());
        note(NORMALISATION, normalisation.as_ref().map(|value| to_json(NORMALISATION, value)).transpose()?);
        note(SEED, seed.map(|value| value.to_string()));
        note(STEP, step.map(|value| value.to_string()));
        note(ACCURACY, accuracy.map(|value| value.to_string()));
        Ok(texts)
    }
}

/// One finite mean and one finite positive standard deviation per channel.
fn check_normalisation(Normalisation { mean, std, .. }: &Normalisation) -> Result<(), Fault> {
    let usable = !mean.is_empty()
        && mean.len() == std.len()
        && mean.iter().all(|mean| mean.is_finite())
        && std.iter().all(|std| std.is_finite() && *std > 0.0);
    let found = || format!("means {mean:?} and deviations {std:?}");
    let expected = "as many finite means as positive standard deviations";
    if usable { Ok(()) } else { Err(Fault::malformed(NORMALISATION, expected, found())) }
}

fn json<T: serde::de::DeserializeOwned>(key: &str, expected: &str, text: &str) -> Result<T, Fault> {
    serde_json::from_str(text).map_err(|error| Fault::malformed(key, expected, error.to_string()))
}

fn to_json(key: &str, value: &impl serde::Serialize) -> Result<String, Fault> {
    serde_json::to_string(value).map_err(|error| Fault::malformed(key, "a value that JSON can hold", error.to_string()))
}

fn number<T: FromStr>(texts: &mut BTreeMap<String, String>, key: &str) -> Result<Option<T>, Fault> {
    let Some(text) = texts.remove(key) else { return Ok(None) };
    text.parse().map(Some).map_err(|_| Fault::malformed(key, "a number", format!("`{text}`")))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::Mlp;

    #[test]
    fn texts_round_trip() {
        let metadata = Metadata {
            dataset: Some("fashion-mnist".to_owned()),
            normalisation: Some(Normalisation { name: "custom".to_owned(), mean: vec![0.1], std: vec![1.0 / 3.0] }),
            seed: Some(u64::MAX),
            step: Some(0),
            accuracy: Some(0.1 + 0.2),
            other: BTreeMap::from([("note".to_owned(), "x".to_owned())]),
        };
        let architecture = Architecture::from(Mlp::new(4, &[3], 2));
        let texts = metadata.texts(&architecture).unwrap();
        assert_eq!(texts.len(), 7);
        assert_eq!(Metadata::parse(texts).unwrap(), (Some(architecture), metadata));
    }

    #[test]
    fn unusable_entries_are_named() {
        for (key, text, expected) in [
            (SEED, "-1", "repgeo.seed: expected a number, found `-1`"),
            (ACCURACY, "92.5", "repgeo.accuracy: expected a fraction from 0 to 1, found 92.5"),
            (ACCURACY, "NaN", "repgeo.accuracy: expected a fraction from 0 to 1, found NaN"),
            (NORMALISATION, r#"{"name":"x","mean":[0.5],"std":[0.0]}"#, "positive standard deviations"),
            (NORMALISATION, r#"{"name":"x","mean":[0.5],"std":[]}"#, "positive standard deviations"),
            (ARCHITECTURE, r#"{"family":"transformer"}"#, "repgeo.architecture: expected an architecture in JSON"),
        ] {
            let error = Metadata::parse(BTreeMap::from([(key.to_owned(), text.to_owned())])).unwrap_err().to_string();
            assert!(error.contains(expected), "{error}");
        }
    }
}
