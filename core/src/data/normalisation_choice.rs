//! Which normalisation applies to a network.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::normalisation::Normalisation;
use super::probe_set::ProbeSet;
use crate::file::DataError;

/// How pixels are normalised.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum NormalisationChoice {
    /// As each checkpoint's metadata says, else by the probe set's own statistics.
    #[default]
    Automatic,
    /// By the probe set's own statistics.
    ProbeSet,
    /// By the preset with this id.
    Preset(String),
}

impl NormalisationChoice {
    /// The normalisation of a network that was itself trained with `own`, where its checkpoint says so.
    ///
    /// # Errors
    /// [`DataError::Mismatch`] when there is no such preset or it is made for another number of channels, or when the
    /// probe set's own statistics are needed and a channel is constant.
    pub fn resolve(&self, own: Option<Normalisation>, probe: &ProbeSet) -> Result<Normalisation, DataError> {
        match (self, own) {
            (Self::Automatic, Some(own)) => Ok(own),
            (Self::Automatic, None) | (Self::ProbeSet, _) => probe.statistics(),
            (Self::Preset(id), _) => Normalisation::preset(id, probe.shape.channels),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::pixels::{ImageShape, Pixels};
    use super::*;

    fn grey(values: Vec<u8>) -> ProbeSet {
        let shape = ImageShape { channels: 1, height: 1, width: 2 };
        ProbeSet::new("set", shape, Pixels::U8(values), None, Vec::new()).unwrap()
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
