//! What the interface and the engine say to each other.
//!
//! Messages are JSON text of the types below. The pixels of thumbnails travel beside the text, as bytes ([`Event::attachment`]). Files never
//! travel in a message: the interface names a URL of its own page, or a `blob:` URL of a file that was chosen or dropped,
//! and the engine reads it, so that no large file passes through the interface.

mod report;

pub use repgeo_core::data::{NormalisationChoice, Preparation};
use repgeo_core::model::Choices;
use repgeo_core::study::{Comparison, StudySpec};
use repgeo_core::supervise::Progress;
use serde::{Deserialize, Serialize};

pub use report::{CellReport, EngineReport, InputSummary, ProbeSummary, Remark, Thumbnails};

/// The version of this protocol. The engine's files are cached under fixed names, so both sides say theirs.
pub const PROTOCOL_VERSION: u32 = 4;

/// The interface's number for a file that it asked the engine to read.
pub type FileId = u32;

/// The interface's number for one press of Compare.
pub type RunId = u32;

/// What the interface asks of the engine.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Request {
    /// Choose the device: the first message, and whenever another is wanted.
    Start {
        /// Which device is wanted.
        engine: EngineChoice,
    },
    /// Read files and recognise each by its content. Those that are neither networks nor activations are taken together
    /// as one probe set.
    Open {
        /// The files, in the order in which they were chosen.
        files: Vec<FileSource>,
        /// What they were chosen as.
        purpose: Purpose,
        /// What is done to images, where they are some.
        preparation: Preparation,
    },
    /// What a checkpoint is whose architecture could not be inferred.
    Describe {
        /// The file.
        id: FileId,
        /// Its architecture, in JSON.
        architecture: String,
    },
    /// Forget a file.
    Remove {
        /// The file.
        id: FileId,
    },
    /// Compare.
    Compare {
        /// The number of the run.
        run: RunId,
        /// What is compared, and how.
        settings: CompareSettings,
    },
    /// Stop the run.
    Cancel {
        /// The number of the run.
        run: RunId,
    },
}

/// A file that the engine is to read.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct FileSource {
    /// The interface's number for it.
    pub id: FileId,
    /// The file name, for messages and as one hint of its format.
    pub name: String,
    /// Where the engine reads it: a `blob:` URL or an absolute URL of the page's own origin.
    pub url: String,
    /// What the user said of how a checkpoint is to be read.
    #[serde(default)]
    pub reading: ReadAs,
}

impl FileSource {
    /// Whether the user chose or dropped it; bundled files say what they are.
    #[must_use]
    pub fn is_own(&self) -> bool {
        self.url.starts_with("blob:")
    }
}

/// What files were chosen as.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Purpose {
    /// Dropped somewhere on the page: whatever the content says.
    Any,
    /// Networks or activations.
    Input,
    /// A probe set.
    Probe,
}

/// Which device is wanted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum EngineChoice {
    /// The faster one, by a measured warm-up.
    #[default]
    Automatic,
    /// The CPU engine.
    Cpu,
    /// WebGPU, where there is an adapter.
    Webgpu,
}

/// Which adapter for WebGPU the browser offers.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Adapter {
    /// Nobody asked.
    #[default]
    Unknown,
    /// None.
    None,
    /// One that computes on the processor.
    Software,
    /// A graphics card.
    Hardware,
}

/// Which of the two worker programs runs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum WorkerKind {
    /// The small one, which computes on the processor.
    #[default]
    Host,
    /// The one that has WebGPU beside the processor.
    Webgpu,
}

/// What is compared, and how.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct CompareSettings {
    /// The files of the study's inputs, in order.
    pub files: Vec<FileId>,
    /// The first file of the probe set; absent when only activations are compared.
    pub probe: Option<FileId>,
    /// How pixels are normalised.
    pub normalisation: NormalisationChoice,
    /// The study.
    pub spec: Box<StudySpec>,
}

impl CompareSettings {
    /// Whether the other is about the same layers, so that only other questions are put to them.
    #[must_use]
    pub fn has_layers_of(&self, other: &Self) -> bool {
        let StudySpec { questions, null, bootstrap, .. } = (*self.spec).clone();
        let spec = Box::new(StudySpec { questions, null, bootstrap, ..(*other.spec).clone() });
        *self == Self { spec, ..other.clone() }
    }
}

/// What a user says about how a file is to be read.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct ReadAs {
    /// Which of several networks in it.
    pub part: Option<String>,
    /// What its tensors leave open, by key.
    pub choices: Choices,
}

/// What the engine tells the interface.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Event {
    /// The worker's code has loaded.
    Awake {
        /// [`PROTOCOL_VERSION`] of the engine.
        version: u32,
    },
    /// The device was chosen, at the start or anew.
    Ready {
        /// Which it is, and why.
        engine: EngineReport,
        /// Which adapter was found.
        adapter: Adapter,
    },
    /// A file is being read.
    Reading {
        /// The file.
        id: FileId,
        /// The part that was read, from 0 to 1.
        fraction: f64,
    },
    /// A network or an activation file is there.
    Loaded {
        /// The file.
        id: FileId,
        /// What it holds.
        summary: InputSummary,
    },
    /// Files are one network that is split over them; what became of it is said of the first.
    Joined {
        /// The files.
        ids: Vec<FileId>,
        /// What the network is called.
        name: String,
    },
    /// A checkpoint was read, but its architecture could not be inferred.
    ArchitectureUnknown {
        /// The file.
        id: FileId,
        /// Why, in one sentence.
        reason: String,
    },
    /// A probe set is there; it replaces the one before.
    ProbeLoaded {
        /// The files that it was made of.
        ids: Vec<FileId>,
        /// What it holds.
        summary: ProbeSummary,
    },
    /// A file could not be used. Everything else stays as it was.
    Refused {
        /// The file.
        id: FileId,
        /// Why, in one sentence that names the file, the part, and what was expected.
        reason: String,
    },
    /// Where the run stands.
    Progress {
        /// The run.
        run: RunId,
        /// Where it stands.
        progress: Progress,
    },
    /// The layers of one input are known.
    Layers {
        /// The run.
        run: RunId,
        /// Index into [`CompareSettings::files`].
        input: usize,
        /// Names, first to last.
        layers: Vec<String>,
    },
    /// Cells are there.
    Cells {
        /// The run.
        run: RunId,
        /// The cells.
        cells: Vec<CellReport>,
    },
    /// The run is complete.
    Done {
        /// The run.
        run: RunId,
        /// The report.
        comparison: Box<Comparison>,
        /// Bytes of the engine's memory. It never shrinks, so this is the most that was ever used.
        memory: f64,
        /// Measures that can be asked of the same layers without running a network again.
        kept: Vec<String>,
    },
    /// The run ended without a result.
    Failed {
        /// The run.
        run: RunId,
        /// Why, in one sentence.
        reason: String,
    },
    /// The run was stopped as asked.
    Cancelled {
        /// The run.
        run: RunId,
    },
    /// Something that the user should know, in one sentence.
    Note {
        /// The sentence.
        text: String,
    },
    /// The engine cannot go on and has to be started again.
    Broken {
        /// Why, in one sentence.
        reason: String,
    },
}

impl Event {
    /// Takes the bytes that travel beside the text out of the event.
    pub fn attachment(&mut self) -> Option<Vec<u8>> {
        match self {
            Self::ProbeLoaded { summary, .. } => Some(std::mem::take(&mut summary.thumbnails.pixels)),
            _ => None,
        }
    }

    /// Puts the bytes that travelled beside the text back.
    pub fn attach(&mut self, bytes: Vec<u8>) {
        if let Self::ProbeLoaded { summary, .. } = self {
            summary.thumbnails.pixels = bytes;
        }
    }
}

#[cfg(test)]
mod tests {
    use repgeo_core::data::ImageShape;
    use repgeo_core::study::Cell;

    use super::*;

    fn probe_loaded() -> Event {
        Event::ProbeLoaded {
            ids: vec![3],
            summary: ProbeSummary {
                name: "two pixels".into(),
                shape: ImageShape { channels: 1, height: 1, width: 2 },
                count: 1,
                labelled: false,
                classes: vec![],
                notes: vec![],
                thumbnails: Thumbnails { count: 1, width: 2, height: 1, labels: vec![], pixels: (0..8).collect() },
            },
        }
    }

    #[test]
    fn pixels_travel_beside_the_text() {
        let sent = probe_loaded();
        let mut body = sent.clone();
        let bytes = body.attachment().unwrap();
        let text = serde_json::to_string(&body).unwrap();
        assert!(!text.contains("\"pixels\""), "{text}");

        let mut received: Event = serde_json::from_str(&text).unwrap();
        assert_ne!(received, sent);
        received.attach(bytes);
        assert_eq!(received, sent);
    }

    #[test]
    fn a_cell_without_a_value_keeps_its_reason() {
        let cell = CellReport {
            measure: "cka-linear".into(),
            pair: 0,
            row: 1,
            column: 2,
            cell: Cell::Absent { absent: "constant in every feature".into(), reason: None },
        };
        let text = serde_json::to_string(&Event::Cells { run: 7, cells: vec![cell.clone()] }).unwrap();
        assert_eq!(serde_json::from_str::<Event>(&text).unwrap(), Event::Cells { run: 7, cells: vec![cell] });
    }
}
