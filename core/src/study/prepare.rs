//! Settles which network an input is, by the images that it is to be run on.

use super::{Input, StudyError};
use crate::activation::{ActivationError, Job, RowPolicy, evidence, likeliest_reading, readings_for, settle};
use crate::checkpoint::{ArchitectureOrigin, Evidence, Network, Settled};
use crate::data::{Normalisation, ProbeSet};
use crate::model::{Architecture, Parameter};
use crate::supervise::Supervisor;

/// Images that are asked what they say of a network.
const IMAGES: usize = 64;
/// Images that are asked to choose between several.
const IMAGES_TO_CHOOSE: usize = 256;
/// Images that are asked whether another reading fits better: each reading takes as long.
const IMAGES_OF_ALTERNATIVES: usize = 32;
/// Images that are asked by which preset they are to be normalised: each preset takes as long.
const IMAGES_OF_PRESETS: usize = 16;
/// The most readings that are tried.
const MOST_READINGS: usize = 24;
/// The median divergence above which it is said. Nine networks trained on CIFAR-10, of 20 to 56 layers, have 0.010 to 0.012 on
/// images like those of their training; the nearest wrong readings that it tells have 0.041 (leaky ReLU with slope 0.1) and more.
const UNLIKE: f64 = 0.03;
/// How many times smaller a divergence has to be than another to be preferred.
const CLEARLY: f64 = 2.0;

/// Settles which network an input is that was inferred from its tensors, where they are those of several: by the images' shape,
/// by what the images say ([`Evidence`]), and by what is usual. What a user should know of it is kept for the report.
///
/// # Errors
/// [`StudyError::Activation`] when the images do not fit it, or nothing tells which network it is.
pub async fn prepare(input: &mut Input, probe: Option<&ProbeSet>, watcher: &impl Supervisor) -> Result<(), StudyError> {
    let (Input::Network { network, normalisation, .. }, Some(probe)) = (input, probe) else { return Ok(()) };
    network.settled = None;
    if network.origin != ArchitectureOrigin::Inferred {
        return Ok(settle(network, probe)?);
    }
    let settler = Settler { network, probe, normalisation, watcher };
    let (architecture, settled) = settler.settle().await?;
    network.architecture = architecture;
    network.settled = Some(settled);
    Ok(())
}

struct Settler<'a, S> {
    network: &'a Network,
    probe: &'a ProbeSet,
    normalisation: &'a Normalisation,
    watcher: &'a S,
}

impl<S: Supervisor> Settler<'_, S> {
    async fn settle(&self) -> Result<(Architecture, Settled), ActivationError> {
        let readings = readings_for(self.network, self.probe.shape);
        let likeliest = readings.iter().map(Architecture::likelihood).max().unwrap_or(0);
        let likely: Vec<&Architecture> =
            readings.iter().filter(|reading| reading.likelihood() == likeliest).take(MOST_READINGS).collect();
        let (mut chosen, mut evidence) = match likely[..] {
            // That no reading takes the images is said where the graph is made.
            [] => return Ok((self.network.architecture.clone(), Settled::default())),
            [only] => (only.clone(), self.ask(only, self.normalisation, IMAGES).await?),
            _ => self.choose(&readings, &likely).await?,
        };
        let mut warnings = Vec::new();
        let unlike = evidence.divergence.is_some_and(|divergence| divergence.median > UNLIKE);
        let by_chance = is_near_chance(&evidence, &chosen);
        if unlike || by_chance {
            let best = self.best_alternative(&chosen, &evidence).await?;
            match best {
                Some((saying, other, found))
                    if by_chance && !is_near_chance(&found, &other) && !self.was_said(&saying) =>
                {
                    warnings.push(format!(
                        "read with {saying}, by which it classifies {} of the images as they are labelled, rather than {} as by \
                         what is usual",
                        percent(&found),
                        percent(&evidence)
                    ));
                    (chosen, evidence) = (other, found);
                }
                best => warnings.extend(self.unlike(&chosen, &evidence, best)),
            }
        }
        warnings.extend(self.normalised_otherwise(&chosen, &evidence).await?);
        Ok((chosen, Settled { evidence: Some(evidence), warnings }))
    }

    /// Of several that are as likely, the one that the images favour.
    async fn choose(
        &self,
        readings: &[Architecture],
        likely: &[&Architecture],
    ) -> Result<(Architecture, Evidence), ActivationError> {
        let mut asked = Vec::new();
        for reading in likely {
            asked.push(((*reading).clone(), self.ask(reading, self.normalisation, IMAGES_TO_CHOOSE).await?));
        }
        asked.sort_by(|(_, a), (_, b)| {
            let accuracy = |evidence: &Evidence| evidence.accuracy.unwrap_or(0.0);
            let divergence = |evidence: &Evidence| evidence.divergence.map_or(f64::INFINITY, |one| one.median);
            accuracy(b).total_cmp(&accuracy(a)).then(divergence(a).total_cmp(&divergence(b)))
        });
        let decided = match &asked[..] {
            [(first, best), (_, second), ..] => {
                let classifies = !is_near_chance(best, first) && is_more_accurate(best, second);
                let fits = best
                    .divergence
                    .zip(second.divergence)
                    .is_some_and(|(best, second)| best.median < UNLIKE && CLEARLY * best.median < second.median);
                classifies || (fits && !is_more_accurate(second, best))
            }
            _ => true,
        };
        if decided {
            return Ok(asked.swap_remove(0));
        }
        let index = likeliest_reading(self.network, readings)?;
        let evidence = self.ask(&readings[index], self.normalisation, IMAGES).await?;
        Ok((readings[index].clone(), evidence))
    }

    /// The reading with one assumption changed that fits the images best.
    async fn best_alternative(
        &self,
        chosen: &Architecture,
        evidence: &Evidence,
    ) -> Result<Option<(String, Architecture, Evidence)>, ActivationError> {
        let mut best: Option<(String, Architecture, Evidence)> = None;
        for (saying, other) in self.alternatives(chosen) {
            let found = self.ask(&other, self.normalisation, IMAGES_OF_ALTERNATIVES).await?;
            let reference = best.as_ref().map_or(evidence, |(.., best)| best);
            if is_better(&found, reference) {
                best = Some((saying, other, found));
            }
        }
        Ok(best)
    }

    /// Whether a reading takes the images and has the network's tensors.
    fn runs(&self, reading: &Architecture) -> bool {
        reading.graph(self.probe.shape).is_ok_and(|graph| {
            let there = |parameter: &Parameter| {
                self.network.state.get(&parameter.name).is_some_and(|tensor| tensor.shape == parameter.shape)
            };
            graph.parameters.iter().all(there)
        })
    }

    /// Whether the user said otherwise.
    fn was_said(&self, saying: &str) -> bool {
        saying.split_once('=').is_some_and(|(key, _)| self.network.choices.contains_key(key))
    }

    /// The readings in which one assumption is another of the usual ones.
    fn alternatives(&self, chosen: &Architecture) -> Vec<(String, Architecture)> {
        let mut found: Vec<(String, Architecture)> = Vec::new();
        for assumption in chosen.assumptions() {
            for value in assumption.usual.iter().filter(|value| **value != assumption.value) {
                let mut choices = self.network.choices.clone();
                choices.insert(assumption.key.clone(), value.clone());
                let readings = Architecture::readings(&self.network.shapes, &choices, &self.network.modules)
                    .unwrap_or_else(|_| Vec::new());
                let fitting = readings.into_iter().find(|reading| self.runs(reading));
                let new =
                    fitting.filter(|reading| reading != chosen && found.iter().all(|(_, other)| other != reading));
                found.extend(new.map(|reading| (format!("{}={value}", assumption.key), reading)));
            }
        }
        found.truncate(MOST_READINGS);
        found
    }

    /// That the images are unlike those of the training, or are not classified, and which reading would fit better.
    fn unlike(
        &self,
        chosen: &Architecture,
        evidence: &Evidence,
        best: Option<(String, Architecture, Evidence)>,
    ) -> Vec<String> {
        let mut said = Vec::new();
        if is_near_chance(evidence, chosen) {
            said.push(format!(
                "it classifies {} of the images as they are labelled, no better than chance",
                percent(evidence)
            ));
        }
        if let Some(divergence) = evidence.divergence.filter(|divergence| divergence.median > UNLIKE) {
            said.push(format!(
                "its batch normalisations see values unlike those of its training (divergence {:.3}, at most {UNLIKE} for \
                 networks on images like those of their training)",
                divergence.median
            ));
        }
        if let Some((saying, _, found)) = best {
            let divergence =
                found.divergence.map_or_else(String::new, |found| format!(" (divergence {:.3})", found.median));
            said.push(format!("--architecture {saying} fits the images better{divergence}"));
        } else if !said.is_empty() {
            said.push("the images may be of another data set, normalised otherwise, or the network another".to_owned());
        }
        vec![said.join("; ")].into_iter().filter(|text| !text.is_empty()).collect()
    }

    /// Where nothing says how images are normalised: the preset that the batch normalisations favour.
    async fn normalised_otherwise(
        &self,
        chosen: &Architecture,
        evidence: &Evidence,
    ) -> Result<Option<String>, ActivationError> {
        if evidence.divergence.is_none() || self.normalisation.name != "probe-set" {
            return Ok(None);
        }
        let channels = self.probe.shape.channels;
        let own = self.ask(chosen, self.normalisation, IMAGES_OF_PRESETS).await?;
        let mut ranked = Vec::new();
        for id in Normalisation::PRESETS {
            let Ok(preset) = Normalisation::preset(id, channels) else { continue };
            let found = self.ask(chosen, &preset, IMAGES_OF_PRESETS).await?;
            ranked.extend(found.divergence.map(|divergence| (*id, divergence.median)));
        }
        ranked.sort_by(|(_, a), (_, b)| a.total_cmp(b));
        let (Some(own), [(first, best), (second, next), ..]) = (own.divergence, &ranked[..]) else { return Ok(None) };
        Ok((CLEARLY * best < own.median).then(|| {
            format!(
                "nothing says how its images were normalised; of the presets {first} fits best what its batch normalisations \
                 saw in training (divergence \
                 {best:.3}, then {second} with {next:.3}; the probe set's own statistics {:.3}): --normalize {first}",
                own.median
            )
        }))
    }

    /// The number of classes of the images' labels.
    fn classes(&self) -> Option<usize> {
        self.probe.labels.as_ref()?.iter().max().map(|&largest| largest as usize + 1)
    }

    /// What some of the images say of a reading.
    async fn ask(
        &self,
        reading: &Architecture,
        normalisation: &Normalisation,
        images: usize,
    ) -> Result<Evidence, ActivationError> {
        let graph = reading.graph(self.probe.shape)?;
        let count = self.probe.len();
        let spread: Vec<usize> = (0..images.min(count)).map(|index| index * count / images.min(count)).collect();
        let probe = self.probe.keep(&spread)?;
        let job = Job {
            network: &self.network.file,
            graph: &graph,
            state: &self.network.state,
            probe: &probe,
            normalisation,
            policy: RowPolicy::Flatten,
            portion: (0.0, 0.0),
        };
        let found = evidence(&job, self.watcher).await?;
        // Labels of other classes than the network's say nothing of it.
        let same_classes = reading.classes() == self.classes();
        Ok(Evidence { accuracy: found.accuracy.filter(|_| same_classes), ..found })
    }
}

/// Whether a network classifies no better than chance, by three standard deviations; not where accuracy is not known.
fn is_near_chance(evidence: &Evidence, architecture: &Architecture) -> bool {
    let (Some(accuracy), Some(classes)) = (evidence.accuracy, architecture.classes()) else { return false };
    let chance = 1.0 / classes.max(2) as f64;
    accuracy <= chance + 3.0 * (chance * (1.0 - chance) / evidence.images as f64).sqrt()
}

/// Whether the difference is above three standard deviations.
fn is_more_accurate(a: &Evidence, b: &Evidence) -> bool {
    let (Some(a_share), Some(b_share)) = (a.accuracy, b.accuracy) else { return false };
    a_share - b_share > 3.0 * (0.5 / a.images.min(b.images) as f64).sqrt()
}

/// Whether one fits images clearly better than another.
fn is_better(found: &Evidence, reference: &Evidence) -> bool {
    let fits = found
        .divergence
        .zip(reference.divergence)
        .is_some_and(|(found, reference)| CLEARLY * found.median < reference.median);
    is_more_accurate(found, reference) || (fits && !is_more_accurate(reference, found))
}

fn percent(evidence: &Evidence) -> String {
    evidence.accuracy.map_or_else(|| "none".to_owned(), |accuracy| format!("{:.0} %", 100.0 * accuracy))
}
