//! The settings in the page's address, so that a link shares them.

use std::ops::RangeInclusive;

use repgeo_core::data::Normalisation;
use repgeo_core::model::{Choices, parse_choices};

use super::settings::{ORDERS, RESAMPLES};
use super::{FileItem, FileStatus, Settings, State};
use crate::protocol::{NormalisationChoice, Purpose};

/// The keys of the query that are settings.
const KEYS: [&str; 8] = ["samples", "resize", "crop", "normalize", "measure", "null", "bootstrap", "architecture"];

/// Choices as people write them: `KEY=VALUE`, several separated by commas.
#[must_use]
pub fn choices_text(choices: &Choices) -> String {
    choices.iter().map(|(key, value)| format!("{key}={value}")).collect::<Vec<_>>().join(",")
}

impl State {
    /// Sets what the page's address asks for; `query` is the value of a key. The notice says what cannot be read.
    pub fn take_address(&mut self, query: impl Fn(&str) -> Option<String>) {
        let mut wrong = Vec::new();
        for key in KEYS {
            let Some(text) = query(key).filter(|text| !text.trim().is_empty()) else { continue };
            let text = text.trim();
            if let Err(expected) = self.take_setting(key, text) {
                wrong.push(format!("{key}={text}, expected {expected}"));
            }
        }
        if !wrong.is_empty() {
            self.notice = Some(format!("Not taken from the page's address: {}.", wrong.join("; ")));
        }
    }

    /// Or what was expected.
    fn take_setting(&mut self, key: &str, text: &str) -> Result<(), String> {
        let number = || text.parse().map(Some).map_err(|_| "a whole number".to_owned());
        let settings = &mut self.settings;
        match key {
            "samples" => settings.samples = number()?,
            "resize" => settings.preparation.resize = number()?,
            "crop" => settings.preparation.crop = number()?,
            "normalize" => {
                settings.normalisation = match text {
                    "automatic" => NormalisationChoice::Automatic,
                    "probe-set" => NormalisationChoice::ProbeSet,
                    id if Normalisation::PRESETS.contains(&id) => NormalisationChoice::Preset(id.to_owned()),
                    _ => return Err(format!("probe-set or one of {}", Normalisation::PRESETS.join(", "))),
                };
            }
            "measure" => {
                let ids: Vec<&str> = self.cards.iter().map(|card| card.id).collect();
                if !ids.contains(&text) {
                    return Err(format!("one of {}", ids.join(", ")));
                }
                text.clone_into(&mut settings.measure);
            }
            "null" => {
                settings.orders = within(text, &ORDERS)?;
                settings.noise_floor = true;
            }
            "bootstrap" => {
                settings.resamples = within(text, &RESAMPLES)?;
                settings.intervals = true;
            }
            _ => {
                let choices = parse_choices(text).map_err(|_| "KEY=VALUE, several separated by commas".to_owned())?;
                // A plus sign that is choices_text as it is stands for a space in a query; no value has spaces.
                let plus = |(key, value): (String, String)| (key, value.replace(' ', "+"));
                settings.choices = choices.into_iter().map(plus).collect();
            }
        }
        Ok(())
    }

    /// What the address is to say of each key, nothing where that is as usual. Means and deviations by numbers are not
    /// part of it.
    #[must_use]
    pub fn address(&self) -> Vec<(&'static str, Option<String>)> {
        let Settings { samples, preparation, normalisation, measure, .. } = &self.settings;
        let Settings { noise_floor, orders, intervals, resamples, .. } = &self.settings;
        let usual = Settings::default();
        let number = |number: Option<usize>| number.map(|number| number.to_string());
        let values = [
            number(samples.filter(|_| *samples != usual.samples)),
            number(preparation.resize),
            number(preparation.crop),
            match normalisation {
                NormalisationChoice::ProbeSet => Some("probe-set".to_owned()),
                NormalisationChoice::Preset(id) => Some(id.clone()),
                NormalisationChoice::Automatic | NormalisationChoice::Numbers(_) => None,
            },
            Some(measure.clone()).filter(|measure| *measure != usual.measure),
            number(orders.filter(|_| *noise_floor)),
            number(resamples.filter(|_| *intervals)),
            self.common_choices().map(choices_text).filter(|choices| !choices.is_empty()),
        ];
        KEYS.into_iter().zip(values).collect()
    }

    /// What is said of all networks of the user's own of which something is said, where that is the same; as long as there
    /// is none, what will be said of them.
    fn common_choices(&self) -> Option<&Choices> {
        let networks = self.files.iter().filter(|file| match &file.status {
            FileStatus::Input(summary) => summary.network,
            FileStatus::Reading { .. } => file.purpose != Purpose::Probe,
            FileStatus::ArchitectureUnknown { .. } => true,
            FileStatus::Probe(_) | FileStatus::Refused { .. } => false,
        });
        let mut own = networks.filter(|file| file.is_own()).map(FileItem::choices).peekable();
        if own.peek().is_none() {
            return Some(&self.settings.choices);
        }
        let mut said = own.filter(|choices| !choices.is_empty());
        let first = said.next()?;
        said.all(|other| other == first).then_some(first)
    }
}

/// A number of this range, or what was expected.
fn within(text: &str, range: &RangeInclusive<usize>) -> Result<Option<usize>, String> {
    let (least, most) = (range.start(), range.end());
    let number = text.parse().ok().filter(|number| range.contains(number));
    number.map(Some).ok_or_else(|| format!("a whole number from {least} to {most}"))
}
