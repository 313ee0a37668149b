//! Per-channel normalisation of pixels.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::file::{DataError, counted};
use crate::names;

/// Maps a pixel `x` in [0, 1] of channel `c` to `(x - mean[c]) / std[c]`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Normalisation {
    /// The preset's id (`cifar`, `imagenet`, `half`, …) or where the values come from (`checkpoint`, `probe-set`,
    /// `given`).
    pub name: String,
    /// One mean per channel.
    pub mean: Vec<f64>,
    /// One standard deviation per channel, above zero.
    pub std: Vec<f64>,
}

impl Normalisation {
    /// The ids of the presets.
    pub const PRESETS: &[&str] =
        &["cifar", "pytorch-cifar", "cifar100", "svhn", "stl10", "imagenet", "fashion-mnist", "mnist", "half", "none"];

    /// The preset of this id, for images of this many channels.
    ///
    /// | id | mean | std | source |
    /// |---|---|---|---|
    /// | `cifar` | .4914 .4822 .4465 | .2470 .2435 .2616 | the 50,000 training images of CIFAR-10, population deviation |
    /// | `pytorch-cifar` | .4914 .4822 .4465 | .2023 .1994 .2010 | the repository kuangliu/pytorch-cifar and those that follow it: the mean of each image's deviation |
    /// | `cifar100` | .5071 .4865 .4409 | .2673 .2564 .2762 | the 50,000 training images of CIFAR-100 |
    /// | `svhn` | .4377 .4438 .4728 | .1980 .2010 .1970 | the 73,257 training images |
    /// | `stl10` | .4467 .4398 .4066 | .2603 .2566 .2713 | the 5,000 training images |
    /// | `imagenet` | .485 .456 .406 | .229 .224 .225 | torchvision's pretrained models |
    /// | `fashion-mnist` | .2860 | .3530 | the 60,000 training images |
    /// | `mnist` | .1307 | .3081 | the 60,000 training images |
    /// | `half` | .5 | .5 | pixels from -1 to 1, any number of channels |
    /// | `none` | 0 | 1 | any number of channels |
    ///
    /// # Errors
    /// [`DataError::Mismatch`] when there is no such preset, or when it is made for another number of channels.
    pub fn preset(id: &str, channels: usize) -> Result<Self, DataError> {
        let (mean, std): (&[f64], &[f64]) = match id {
            "cifar" => (&[0.4914, 0.4822, 0.4465], &[0.2470, 0.2435, 0.2616]),
            "pytorch-cifar" => (&[0.4914, 0.4822, 0.4465], &[0.2023, 0.1994, 0.2010]),
            "cifar100" => (&[0.5071, 0.4865, 0.4409], &[0.2673, 0.2564, 0.2762]),
            "svhn" => (&[0.4377, 0.4438, 0.4728], &[0.1980, 0.2010, 0.1970]),
            "stl10" => (&[0.4467, 0.4398, 0.4066], &[0.2603, 0.2566, 0.2713]),
            "imagenet" => (&[0.485, 0.456, 0.406], &[0.229, 0.224, 0.225]),
            "fashion-mnist" => (&[0.2860], &[0.3530]),
            "mnist" => (&[0.1307], &[0.3081]),
            "half" => (&vec![0.5; channels], &vec![0.5; channels]),
            "none" => (&vec![0.0; channels], &vec![1.0; channels]),
            _ => return Err(Self::unknown(id)),
        };
        let preset = Self { name: id.to_owned(), mean: mean.to_vec(), std: std.to_vec() };
        preset.check(channels)?;
        Ok(preset)
    }

    /// That there is no such preset.
    pub(super) fn unknown(id: &str) -> DataError {
        let presets = Self::PRESETS.join(", ");
        let expected =
            format!("one of {presets}, probe-set, or means and standard deviations such as 0.5,0.5,0.5/0.25,0.25,0.25");
        let hint = names::hint(&names::nearest(id, Self::PRESETS.iter().copied()));
        DataError::mismatch("normalisation", expected, format!("`{id}`{hint}"))
    }

    /// Whether the values can be applied to images of this many channels.
    ///
    /// # Errors
    /// [`DataError::Mismatch`] when the number of values is another one, when a value is not finite, or when a deviation
    /// is not above zero.
    pub fn check(&self, channels: usize) -> Result<(), DataError> {
        let subject = || format!("normalisation `{}`", self.name);
        for (what, values) in [("mean", &self.mean), ("standard deviation", &self.std)] {
            if values.len() != channels {
                let expected = format!("a {what} for {}, as the images have", counted(channels, "channel"));
                return Err(DataError::mismatch(subject(), expected, counted(values.len(), "value")));
            }
        }
        if let Some(mean) = self.mean.iter().find(|mean| !mean.is_finite()) {
            return Err(DataError::mismatch(subject(), "finite means", mean.to_string()));
        }
        if let Some(std) = self.std.iter().find(|std| !(std.is_finite() && **std > 0.0)) {
            return Err(DataError::mismatch(subject(), "finite standard deviations above zero", std.to_string()));
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_preset_fits_its_channels_and_no_others() {
        for &id in Normalisation::PRESETS {
            let fitting = [1, 3].map(|channels| Normalisation::preset(id, channels).is_ok());
            let expected = match id {
                "none" | "half" => [true, true],
                "mnist" | "fashion-mnist" => [true, false],
                _ => [false, true],
            };
            assert_eq!(fitting, expected, "{id}");
        }
    }

    #[test]
    fn a_preset_for_other_channels_names_both_numbers() {
        let error = Normalisation::preset("mnist", 3).unwrap_err().to_string();
        assert_eq!(error, "normalisation `mnist`: expected a mean for 3 channels, as the images have, found 1 value");
        let error = Normalisation::preset("cifar10", 3).unwrap_err().to_string();
        assert!(
            error.starts_with("normalisation: expected one of cifar, pytorch-cifar, cifar100, svhn, stl10, imagenet, ")
        );
        assert!(error.ends_with("found `cifar10`; did you mean cifar100 or cifar?"), "{error}");
    }

    #[test]
    fn values_that_cannot_be_applied_are_refused() {
        let with = |mean, std| Normalisation { name: "checkpoint".into(), mean: vec![mean], std: vec![std] }.check(1);
        assert!(with(0.5, 0.1).is_ok());
        for (mean, std) in [(f64::NAN, 1.0), (0.0, 0.0), (0.0, -1.0), (0.0, f64::INFINITY), (0.0, f64::NAN)] {
            assert!(with(mean, std).is_err(), "{mean} {std}");
        }
    }
}
