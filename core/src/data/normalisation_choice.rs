//! Which normalisation applies to a network.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::normalisation::Normalisation;
use super::probe_set::ProbeSet;
use crate::file::DataError;

/// How pixels are normalised.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum NormalisationChoice {
    /// As each checkpoint's metadata says, else by the probe set's own statistics; vectors are then left as they are,
    /// since one mean and deviation of all their values mean nothing.
    #[default]
    Automatic,
    /// By the probe set's own statistics.
    ProbeSet,
    /// By the preset with this id.
    Preset(String),
    /// By these numbers.
    Numbers(Box<ChannelStatistics>),
}

/// One mean and one standard deviation for each channel, of pixels from 0 to 1.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize, JsonSchema)]
pub struct ChannelStatistics {
    /// The means.
    pub mean: Vec<f64>,
    /// The standard deviations.
    pub std: Vec<f64>,
}

impl NormalisationChoice {
    /// What was written: `automatic`, `probe-set`, the id of a preset, or means and standard deviations in the form
    /// `0.4914,0.4822,0.4465/0.2023,0.1994,0.2010`.
    ///
    /// # Errors
    /// [`DataError::Mismatch`] when it is none of these, with the presets that were probably meant.
    pub fn parse(text: &str) -> Result<Self, DataError> {
        let text = text.trim();
        match text {
            "automatic" => return Ok(Self::Automatic),
            "probe-set" => return Ok(Self::ProbeSet),
            _ if Normalisation::PRESETS.contains(&text) => return Ok(Self::Preset(text.to_owned())),
            _ => {}
        }
        let numbers =
            |list: &str| list.split(',').map(|number| number.trim().parse().ok()).collect::<Option<Vec<f64>>>();
        match text.split_once('/').map(|(mean, std)| (numbers(mean), numbers(std))) {
            Some((Some(mean), Some(std))) => Ok(Self::Numbers(Box::new(ChannelStatistics { mean, std }))),
            _ => Err(Normalisation::unknown(text)),
        }
    }

    /// The normalisation of a network that was itself trained with `own`, where its checkpoint says so.
    ///
    /// # Errors
    /// [`DataError::Mismatch`] when there is no such preset or it is made for another number of channels, or when the
    /// probe set's own statistics are needed and a channel is constant.
    pub fn resolve(&self, own: Option<Normalisation>, probe: &ProbeSet) -> Result<Normalisation, DataError> {
        match (self, own) {
            (Self::Automatic, Some(own)) => Ok(own),
            (Self::Automatic, None) if probe.holds_vectors() => Normalisation::preset("none", probe.shape.channels),
            (Self::Automatic, None) | (Self::ProbeSet, _) => probe.statistics(),
            (Self::Preset(id), _) => Normalisation::preset(id, probe.shape.channels),
            (Self::Numbers(numbers), _) => {
                let ChannelStatistics { mean, std } = numbers.as_ref().clone();
                let given = Normalisation { name: "given".to_owned(), mean, std };
                given.check(probe.shape.channels)?;
                Ok(given)
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::pixels::{ImageShape, Pixels};
    use super::*;

    fn grey(values: Vec<u8>) -> ProbeSet {
        let shape = ImageShape { channels: 1, height: 2, width: 1 };
        ProbeSet::new("set", shape, Pixels::U8(values), None, Vec::new()).unwrap()
    }

    #[test]
    fn vectors_are_normalised_only_when_asked() {
        let shape = ImageShape { channels: 1, height: 1, width: 2 };
        let vectors = ProbeSet::new("set", shape, Pixels::F32(vec![7.0, 7.0, 7.0, 9.0]), None, Vec::new()).unwrap();
        let resolved = |choice: NormalisationChoice| choice.resolve(None, &vectors).map(|found| found.name);
        assert_eq!(resolved(NormalisationChoice::Automatic).unwrap(), "none");
        assert_eq!(vectors.batch(1..2, &Normalisation::preset("none", 1).unwrap()).unwrap(), [7.0, 9.0]);
        assert_eq!(resolved(NormalisationChoice::ProbeSet).unwrap(), "probe-set");
        assert_eq!(resolved(NormalisationChoice::parse("7/2").unwrap()).unwrap(), "given");
        assert!(resolved(NormalisationChoice::Preset("imagenet".to_owned())).is_err());
    }

    #[test]
    fn what_the_user_chose_comes_before_what_the_checkpoint_says() {
        // Mean 0.5 and deviation 0.5, of 0 and 1.
        let probe = grey(vec![0, 255]);
        let own = Normalisation { name: "checkpoint".to_owned(), mean: vec![0.25], std: vec![0.125] };
        let resolved = |choice: NormalisationChoice, own: Option<&Normalisation>| {
            let found = choice.resolve(own.cloned(), &probe).unwrap();
            (found.name.clone(), found.mean[0], found.std[0])
        };
        let preset = || NormalisationChoice::Preset("mnist".to_owned());
        let of_set = ("probe-set".to_owned(), 0.5, 0.5);
        assert_eq!(resolved(NormalisationChoice::Automatic, Some(&own)), ("checkpoint".to_owned(), 0.25, 0.125));
        assert_eq!(resolved(NormalisationChoice::Automatic, None), of_set);
        assert_eq!(resolved(NormalisationChoice::ProbeSet, Some(&own)), of_set);
        assert_eq!(resolved(preset(), Some(&own)), ("mnist".to_owned(), 0.1307, 0.3081));
        assert_eq!(resolved(preset(), None), ("mnist".to_owned(), 0.1307, 0.3081));
    }

    #[test]
    fn what_cannot_be_applied_is_an_error_only_where_it_is_needed() {
        let constant = grey(vec![7, 7]);
        let own = Normalisation { name: "checkpoint".to_owned(), mean: vec![0.25], std: vec![0.125] };
        assert!(NormalisationChoice::Automatic.resolve(Some(own), &constant).is_ok());
        assert!(NormalisationChoice::Automatic.resolve(None, &constant).is_err());
        let error = NormalisationChoice::Preset("cifar".to_owned()).resolve(None, &constant).unwrap_err().to_string();
        assert_eq!(error, "normalisation `cifar`: expected a mean for 1 channel, as the images have, found 3 values");
    }

    #[test]
    fn choices_are_read_as_people_write_them() {
        let parsed = |text: &str| NormalisationChoice::parse(text).map_err(|error| error.to_string());
        assert_eq!(parsed("probe-set"), Ok(NormalisationChoice::ProbeSet));
        assert_eq!(parsed("imagenet"), Ok(NormalisationChoice::Preset("imagenet".to_owned())));
        let given = ChannelStatistics { mean: vec![0.5, 0.25], std: vec![0.5, 1.0] };
        assert_eq!(parsed("0.5, 0.25/0.5,1"), Ok(NormalisationChoice::Numbers(Box::new(given))));
        let error = parsed("imagnet").unwrap_err();
        assert!(error.contains("`imagnet`; did you mean imagenet?"), "{error}");
        assert!(parsed("0.5,x/0.5").is_err() && parsed("0.5").is_err() && parsed("").is_err());
    }

    #[test]
    fn numbers_have_to_fit_the_images() {
        let probe = grey(vec![0, 255]);
        let resolved = |mean: &[f64], std: &[f64]| {
            let numbers = ChannelStatistics { mean: mean.to_vec(), std: std.to_vec() };
            NormalisationChoice::Numbers(Box::new(numbers)).resolve(None, &probe)
        };
        assert_eq!(resolved(&[0.5], &[0.25]).unwrap().std, [0.25]);
        assert!(resolved(&[0.5, 0.5], &[0.25]).is_err() && resolved(&[0.5], &[0.0]).is_err());
    }

    #[test]
    fn choices_are_written_as_the_page_writes_them() {
        for (choice, text) in [
            (NormalisationChoice::Automatic, r#""automatic""#),
            (NormalisationChoice::ProbeSet, r#""probe-set""#),
            (NormalisationChoice::Preset("cifar".to_owned()), r#"{"preset":"cifar"}"#),
        ] {
            assert_eq!(serde_json::to_string(&choice).unwrap(), text);
            assert_eq!(serde_json::from_str::<NormalisationChoice>(text).unwrap(), choice);
        }
    }
}
