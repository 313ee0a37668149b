//! Settles which network an input is, by the images that it is to be run on.

use std::cmp::Ordering;

use super::{Input, StudyError};
use crate::activation::{
    ActivationError, Job, RowPolicy, difference, evidence, likeliest_reading, readings_for, settle,
};
use crate::checkpoint::{Alternative, ArchitectureOrigin, Evidence, Network, PresetEvidence, ReadingEvidence, Settled};
use crate::data::{Normalisation, ProbeSet};
use crate::model::{Architecture, Operation, Parameter};
use crate::supervise::Supervisor;

/// Images that are asked what they say of a network.
const IMAGES: usize = 64;
/// Images that are asked to choose between several.
const IMAGES_TO_CHOOSE: usize = 256;
/// Images that are asked whether another reading fits better, where one is in doubt: each reading takes as long.
const IMAGES_OF_ALTERNATIVES: usize = 32;
/// Multiplications and additions that asking of all other readings may take where none is in doubt: a second or two in the
/// page.
const CHEAP: f64 = 2e10;
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

/// A reading and what images say of it.
type Asked = (Architecture, Evidence);

impl<S: Supervisor> Settler<'_, S> {
    async fn settle(&self) -> Result<(Architecture, Settled), ActivationError> {
        let readings = readings_for(self.network, self.probe.shape);
        let likeliest = readings.iter().map(Architecture::likelihood).max().unwrap_or(0);
        let likely: Vec<&Architecture> =
            readings.iter().filter(|reading| reading.likelihood() == likeliest).take(MOST_READINGS).collect();
        let ((mut chosen, mut evidence), mut others) = match likely[..] {
            // That no reading takes the images is said where the graph is made.
            [] => return Ok((self.network.architecture.clone(), Settled::default())),
            [only] => {
                let images = if self.is_quick(only)? { IMAGES_TO_CHOOSE } else { IMAGES };
                ((only.clone(), self.ask(only, self.normalisation, images).await?), Vec::new())
            }
            _ => self.choose(&readings, &likely).await?,
        };
        let mut warnings = Vec::new();
        let unlike = evidence.divergence.is_some_and(|divergence| divergence.median > UNLIKE);
        let by_chance = is_near_chance(&evidence, &chosen);
        if unlike || by_chance || (evidence.is_any() && self.is_quick(&chosen)?) {
            let alternatives = self.alternatives(&chosen, &others);
            let images = self.images_of(&alternatives)?;
            for other in alternatives {
                let found = self.ask(&other, self.normalisation, images).await?;
                others.push((other, found));
            }
        }
        if unlike || by_chance {
            match best_of(&others, &evidence) {
                Some(best)
                    if by_chance
                        && !is_near_chance(&others[best].1, &others[best].0)
                        && !self.was_said(&chosen, &others[best].0) =>
                {
                    let (other, found) = others.swap_remove(best);
                    warnings.push(format!(
                        "read with {}, by which it classifies {} of the images as they are labelled, rather than {} as by \
                         what is usual",
                        difference(&chosen, &other),
                        percent(&found),
                        percent(&evidence)
                    ));
                    others.push((std::mem::replace(&mut chosen, other), std::mem::replace(&mut evidence, found)));
                }
                best => warnings.extend(self.unlike(&chosen, &evidence, best.map(|best| &others[best]))),
            }
        }
        let presets = self.presets(&chosen).await?;
        warnings.extend(self.normalised_otherwise(&chosen, &presets).await?);
        others.sort_by(|(_, a), (_, b)| by_fit(a, b));
        let alternatives = others
            .into_iter()
            .map(|(other, evidence)| Alternative { said: difference(&chosen, &other), evidence })
            // Where all is the same, the images say nothing of it.
            .filter(|other| other.evidence != evidence && !other.said.is_empty())
            .collect();
        let evidence = ReadingEvidence { taken: evidence, alternatives, presets };
        Ok((chosen, Settled { evidence: Some(evidence), warnings }))
    }

    /// Of several that are as likely, the one that the images favour, and the others that they were asked of.
    async fn choose(
        &self,
        readings: &[Architecture],
        likely: &[&Architecture],
    ) -> Result<(Asked, Vec<Asked>), ActivationError> {
        let mut asked = Vec::new();
        for reading in likely {
            asked.push(((*reading).clone(), self.ask(reading, self.normalisation, IMAGES_TO_CHOOSE).await?));
        }
        asked.sort_by(|(_, a), (_, b)| by_fit(a, b));
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
        let likeliest = if decided { None } else { Some(likeliest_reading(self.network, readings)?) };
        let place = likeliest.and_then(|index| asked.iter().position(|(reading, _)| *reading == readings[index]));
        Ok((asked.remove(place.unwrap_or(0)), asked))
    }

    /// Whether all other readings can be asked without long work, were there as many as are tried.
    fn is_quick(&self, reading: &Architecture) -> Result<bool, ActivationError> {
        let operations = reading.graph(self.probe.shape)?.operations_in_all();
        Ok(operations * (MOST_READINGS * IMAGES_OF_ALTERNATIVES) as f64 <= CHEAP)
    }

    /// Of how many images these readings are asked: as many as can be without long work, but not too few.
    fn images_of(&self, readings: &[Architecture]) -> Result<usize, ActivationError> {
        let mut operations = 0.0;
        for reading in readings {
            operations += reading.graph(self.probe.shape)?.operations_in_all();
        }
        let images = (CHEAP / operations).min(IMAGES_TO_CHOOSE as f64) as usize;
        Ok(images.max(IMAGES_OF_ALTERNATIVES))
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

    /// Whether the user said what would have to be said for another reading.
    fn was_said(&self, chosen: &Architecture, other: &Architecture) -> bool {
        let difference = difference(chosen, other);
        difference
            .split(',')
            .filter_map(|one| one.split_once('='))
            .any(|(key, _)| self.network.choices.contains_key(key))
    }

    /// The readings in which one assumption is another of the usual ones, without those that were asked of.
    fn alternatives(&self, chosen: &Architecture, asked: &[Asked]) -> Vec<Architecture> {
        let mut found: Vec<Architecture> = Vec::new();
        for assumption in chosen.assumptions() {
            for value in assumption.usual.iter().filter(|value| **value != assumption.value) {
                let mut choices = self.network.choices.clone();
                choices.insert(assumption.key.clone(), value.clone());
                let readings = Architecture::readings(&self.network.shapes, &choices, &self.network.modules)
                    .unwrap_or_else(|_| Vec::new());
                let fitting = readings.into_iter().find(|reading| self.runs(reading));
                let known = |reading: &Architecture| {
                    reading == chosen || found.contains(reading) || asked.iter().any(|(other, _)| other == reading)
                };
                found.extend(fitting.filter(|reading| !known(reading)));
            }
        }
        found.truncate(MOST_READINGS);
        found
    }

    /// That the images are unlike those of the training, or are not classified, and which reading would fit better.
    fn unlike(&self, chosen: &Architecture, evidence: &Evidence, best: Option<&Asked>) -> Vec<String> {
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
        if let Some((other, found)) = best {
            let divergence =
                found.divergence.map_or_else(String::new, |found| format!(" (divergence {:.3})", found.median));
            let difference = difference(chosen, other);
            said.push(format!("--architecture {difference} fits the images better{divergence}"));
        } else if !said.is_empty() {
            said.push("the images may be of another data set, normalised otherwise, or the network another".to_owned());
        }
        vec![said.join("; ")].into_iter().filter(|text| !text.is_empty()).collect()
    }

    /// What the images say of each preset, the one that fits best first, where nothing says how images are normalised.
    async fn presets(&self, chosen: &Architecture) -> Result<Vec<PresetEvidence>, ActivationError> {
        let mut ranked = Vec::new();
        if self.normalisation.name != "probe-set" || !has_batch_norm(chosen, self.probe)? {
            return Ok(ranked);
        }
        for preset in Normalisation::PRESETS {
            let Ok(normalisation) = Normalisation::preset(preset, self.probe.shape.channels) else { continue };
            let found = self.ask(chosen, &normalisation, IMAGES_OF_PRESETS).await?;
            let evidence = |divergence| PresetEvidence { preset: (*preset).to_owned(), divergence };
            ranked.extend(found.divergence.map(evidence));
        }
        ranked.sort_by(|a, b| a.divergence.median.total_cmp(&b.divergence.median));
        Ok(ranked)
    }

    /// That a preset fits clearly better than the probe set's own statistics.
    async fn normalised_otherwise(
        &self,
        chosen: &Architecture,
        presets: &[PresetEvidence],
    ) -> Result<Option<String>, ActivationError> {
        let [first, second, ..] = presets else { return Ok(None) };
        let own = self.ask(chosen, self.normalisation, IMAGES_OF_PRESETS).await?;
        let Some(own) = own.divergence else { return Ok(None) };
        Ok((CLEARLY * first.divergence.median < own.median).then(|| {
            format!(
                "nothing says how its images were normalised; of the presets {} fits best what its batch normalisations \
                 saw in training (divergence \
                 {:.3}, then {} with {:.3}; the probe set's own statistics {:.3}): --normalize {}",
                first.preset, first.divergence.median, second.preset, second.divergence.median, own.median, first.preset
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

/// The place of the reading that fits clearly better than another, and best.
fn best_of(others: &[Asked], reference: &Evidence) -> Option<usize> {
    let mut best: Option<usize> = None;
    for (place, (_, found)) in others.iter().enumerate() {
        if is_better(found, best.map_or(reference, |best| &others[best].1)) {
            best = Some(place);
        }
    }
    best
}

/// The more accurate one first, then the one whose batch normalisations see what they saw in training.
fn by_fit(a: &Evidence, b: &Evidence) -> Ordering {
    let accuracy = |evidence: &Evidence| evidence.accuracy.unwrap_or(0.0);
    let divergence = |evidence: &Evidence| evidence.divergence.map_or(f64::INFINITY, |one| one.median);
    accuracy(b).total_cmp(&accuracy(a)).then(divergence(a).total_cmp(&divergence(b)))
}

fn has_batch_norm(architecture: &Architecture, probe: &ProbeSet) -> Result<bool, ActivationError> {
    let graph = architecture.graph(probe.shape)?;
    Ok(graph.nodes.iter().any(|node| matches!(node.operation, Operation::BatchNorm { .. })))
}

fn percent(evidence: &Evidence) -> String {
    evidence.accuracy.map_or_else(|| "none".to_owned(), |accuracy| format!("{:.0} %", 100.0 * accuracy))
}
