//! The files that were chosen: networks, activations and the probe set.

use repgeo_core::model::Choices;
use repgeo_core::study;

use super::{ChosenFile, Effect, State};
use crate::catalogue::{BundledProbe, file_name};
use crate::protocol::{FileId, FileSource, InputSummary, ProbeSummary, Purpose, ReadAs, Request};

/// A file, or several that are one probe set.
#[derive(Debug, Clone, PartialEq)]
pub struct FileItem {
    /// The number of the first file.
    pub id: FileId,
    /// The file name, or how many files it is.
    pub name: String,
    /// What the catalogue calls it, where it is bundled with the page.
    pub title: Option<String>,
    /// Where the engine reads it.
    pub sources: Vec<FileSource>,
    /// What it was chosen as.
    pub purpose: Purpose,
    /// What became of it.
    pub status: FileStatus,
    /// What the user said that it is, in JSON.
    described: Option<String>,
}

/// What became of a file.
#[derive(Debug, Clone, PartialEq)]
pub enum FileStatus {
    /// It is being read.
    Reading {
        /// The part that was read, from 0 to 1.
        fraction: f64,
    },
    /// A network or activations.
    Input(InputSummary),
    /// A checkpoint whose architecture is to be given.
    ArchitectureUnknown {
        /// Why it could not be inferred.
        reason: String,
    },
    /// The probe set.
    Probe(ProbeSummary),
    /// It could not be used.
    Refused {
        /// Why, in one sentence.
        reason: String,
    },
}

/// The letter of the input at a place: A, B, …, Z, A2, ….
#[must_use]
pub fn letter(index: usize) -> String {
    let letter = char::from(b'A' + (index % 26) as u8);
    if index < 26 { letter.to_string() } else { format!("{letter}{}", index / 26 + 1) }
}

impl FileItem {
    /// What the page calls it.
    #[must_use]
    pub fn label(&self) -> &str {
        self.title.as_deref().unwrap_or(&self.name)
    }

    /// Which of several networks in the file the user asked for.
    #[must_use]
    pub fn part(&self) -> Option<&str> {
        self.sources.first()?.reading.part.as_deref()
    }

    /// What the user said of what its tensors leave open.
    #[must_use]
    pub fn choices(&self) -> &Choices {
        static NONE: Choices = Choices::new();
        self.sources.first().map_or(&NONE, |source| &source.reading.choices)
    }

    /// Whether it is the user's own, and not bundled with the page.
    pub(super) fn is_own(&self) -> bool {
        self.sources.iter().any(|source| source.is_own())
    }

    /// What the report calls it: the catalogue's name, else the file's without its ending, and the part that was asked for.
    fn input_name(&self) -> String {
        let stem = || self.name.rsplit_once('.').map_or(self.name.as_str(), |(stem, _)| stem);
        let name = self.title.as_deref().unwrap_or_else(stem);
        match self.part() {
            Some(part) => format!("{name} ({})", part.trim_end_matches('.')),
            None => name.to_owned(),
        }
    }
}

impl State {
    /// The loaded networks and activation files, in order: A, B, ….
    pub fn inputs(&self) -> impl Iterator<Item = (&FileItem, &InputSummary)> {
        self.files.iter().filter_map(|file| match &file.status {
            FileStatus::Input(summary) => Some((file, summary)),
            _ => None,
        })
    }

    /// The names of the inputs in the report: what the catalogue calls them, else the file names without their endings, with
    /// the part that was asked for; made unique.
    #[must_use]
    pub fn input_names(&self) -> Vec<String> {
        let names: Vec<String> = self.inputs().map(|(file, _)| file.input_name()).collect();
        study::unique(names.iter().map(String::as_str))
    }

    /// The probe set.
    #[must_use]
    pub fn probe(&self) -> Option<&ProbeSummary> {
        self.files.iter().find_map(|file| match &file.status {
            FileStatus::Probe(summary) => Some(summary),
            _ => None,
        })
    }

    pub(super) fn is_reading(&self) -> bool {
        self.files.iter().any(|file| matches!(file.status, FileStatus::Reading { .. }))
    }

    pub(super) fn probe_file(&self) -> Option<&FileItem> {
        self.files.iter().find(|file| matches!(file.status, FileStatus::Probe(_)))
    }

    pub(super) fn choose_files(&mut self, files: Vec<ChosenFile>, purpose: Purpose) -> Vec<Effect> {
        self.dragging = false;
        if files.is_empty() {
            return Vec::new();
        }
        self.demo_pending = false;
        let mut effects = Vec::new();
        let sources: Vec<FileSource> = files.into_iter().map(|file| self.source(file.name, file.url)).collect();
        let (images, others): (Vec<_>, Vec<_>) = match purpose {
            Purpose::Probe => (sources, Vec::new()),
            Purpose::Input => (Vec::new(), sources),
            Purpose::Any => sources.into_iter().partition(|source| is_picture(&source.name)),
        };
        if !images.is_empty() {
            effects.extend(self.open_together(images));
        }
        effects.extend(self.open_each(others, purpose));
        effects
    }

    pub(super) fn choose_bundled_network(&mut self, index: usize) -> Vec<Effect> {
        let Some(bundled) = self.catalogue.networks.get(index).cloned() else { return Vec::new() };
        self.demo_pending = false;
        self.demo_untouched = false;
        let source = self.bundled_source(&bundled.file);
        self.open_each(vec![source], Purpose::Input)
    }

    pub(super) fn choose_bundled_probe(&mut self, index: usize) -> Vec<Effect> {
        let Some(bundled) = self.catalogue.probes.get(index).cloned() else { return Vec::new() };
        self.demo_pending = false;
        self.open_bundled_probe(&bundled)
    }

    pub(super) fn open_bundled_probe(&mut self, bundled: &BundledProbe) -> Vec<Effect> {
        let sources = bundled.files.iter().map(|file| self.bundled_source(file)).collect();
        self.open_together(sources)
    }

    pub(super) fn bundled_source(&mut self, file: &str) -> FileSource {
        self.source(file_name(file).to_owned(), file.to_owned())
    }

    fn source(&mut self, name: String, url: String) -> FileSource {
        self.next_file += 1;
        let mut source = FileSource { id: self.next_file, name, url, reading: ReadAs::default() };
        if source.is_own() {
            source.reading.choices.clone_from(&self.settings.choices);
        }
        source
    }

    pub(super) fn open_each(&mut self, sources: Vec<FileSource>, purpose: Purpose) -> Vec<Effect> {
        if sources.is_empty() {
            return Vec::new();
        }
        for source in &sources {
            let bundled = self.catalogue.networks.iter().find(|bundled| bundled.file == source.url);
            self.files.push(FileItem {
                id: source.id,
                name: source.name.clone(),
                title: bundled.map(|bundled| bundled.name.clone()),
                sources: vec![source.clone()],
                purpose,
                status: FileStatus::Reading { fraction: 0.0 },
                described: None,
            });
        }
        self.open(sources, purpose)
    }

    fn open(&self, files: Vec<FileSource>, purpose: Purpose) -> Vec<Effect> {
        self.send(Request::Open { files, purpose, preparation: self.settings.preparation })
    }

    pub(super) fn open_together(&mut self, sources: Vec<FileSource>) -> Vec<Effect> {
        let Some(first) = sources.first() else { return Vec::new() };
        let first = first.clone();
        let name = if sources.len() == 1 { first.name.clone() } else { format!("{} files", sources.len()) };
        let effects =
            self.forget(|file| file.purpose == Purpose::Probe && matches!(file.status, FileStatus::Refused { .. }));
        let status = FileStatus::Reading { fraction: 0.0 };
        let purpose = Purpose::Probe;
        let urls = || sources.iter().map(|source| &source.url);
        let title = self.catalogue.probes.iter().find(|bundled| urls().eq(&bundled.files));
        let title = title.map(|bundled| bundled.name.clone());
        self.files.push(FileItem {
            id: first.id,
            name,
            title,
            sources: sources.clone(),
            purpose,
            status,
            described: None,
        });
        effects.into_iter().chain(self.open(sources, purpose)).collect()
    }

    pub(super) fn remove_file(&mut self, id: FileId) -> Vec<Effect> {
        self.demo_pending = false;
        self.demo_untouched = false;
        self.forget(|file| file.id == id)
    }

    pub(super) fn describe_file(&mut self, id: FileId, architecture: String) -> Vec<Effect> {
        let Some(file) = self.file_of(id) else { return Vec::new() };
        file.status = FileStatus::Reading { fraction: 1.0 };
        file.described = Some(architecture.clone());
        self.send(Request::Describe { id, architecture })
    }

    /// Reads a file again, from where it is, in another way. The engine keeps no file for it.
    pub(super) fn read_again(&mut self, id: FileId, change: impl Fn(&mut ReadAs)) -> Vec<Effect> {
        let Some(file) = self.file_of(id).filter(|file| !matches!(file.status, FileStatus::Reading { .. })) else {
            return Vec::new();
        };
        file.sources.iter_mut().for_each(|source| change(&mut source.reading));
        file.status = FileStatus::Reading { fraction: 0.0 };
        let (id, files, purpose) = (file.id, file.sources.clone(), file.purpose);
        self.demo_pending = false;
        let mut effects = self.send(Request::Remove { id });
        effects.extend(self.open(files, purpose));
        effects
    }

    /// Reads the probe set again, images prepared as is asked for now, and so what may become one: a refused probe set, and
    /// files that were dropped after it and were refused or are still being read.
    pub(super) fn prepare_again(&mut self) -> Vec<Effect> {
        let last = self.files.iter().rposition(|file| file.purpose == Purpose::Probe).unwrap_or(0);
        let (mut requests, mut others) = (Vec::new(), Vec::new());
        for (place, file) in self.files.iter_mut().enumerate() {
            let open = matches!(file.status, FileStatus::Refused { .. } | FileStatus::Reading { .. });
            let may_be_images = file.purpose == Purpose::Any && place >= last && open && file.described.is_none();
            if file.purpose != Purpose::Probe && !may_be_images {
                continue;
            }
            requests.push(Request::Remove { id: file.id });
            // New numbers: what the engine still says of the old ones is about images as they were.
            for source in &mut file.sources {
                self.next_file += 1;
                source.id = self.next_file;
            }
            file.id = file.sources.first().map_or(file.id, |first| first.id);
            file.status = FileStatus::Reading { fraction: 0.0 };
            let sources = file.sources.iter().cloned();
            match file.purpose {
                Purpose::Probe => requests.push(Request::Open {
                    files: sources.collect(),
                    purpose: Purpose::Probe,
                    preparation: self.settings.preparation,
                }),
                _ => others.extend(sources),
            }
        }
        let mut effects: Vec<Effect> = requests.into_iter().flat_map(|request| self.send(request)).collect();
        if !others.is_empty() {
            effects.extend(self.open(others, Purpose::Any));
        }
        effects
    }

    /// Files that are one network are one item from now on, in the place of the first of them.
    pub(super) fn join_files(&mut self, ids: &[FileId], name: String) {
        let Some(&first) = ids.first() else { return };
        let (own, mut others): (Vec<_>, Vec<_>) = std::mem::take(&mut self.files)
            .into_iter()
            .partition(|file| file.sources.iter().any(|source| ids.contains(&source.id)));
        let sources: Vec<FileSource> = own.iter().flat_map(|file| file.sources.iter().cloned()).collect();
        let earlier = |file: &&FileItem| own.first().is_some_and(|first| file.id < first.id);
        let place = others.iter().filter(earlier).count();
        if let Some(mut file) = own.into_iter().find(|file| file.id == first) {
            file.sources = sources;
            file.name = name;
            others.insert(place, file);
        }
        self.files = others;
    }

    /// The files that were read for a probe set are one item from now on, and the probe set before is gone.
    pub(super) fn take_probe(&mut self, ids: &[FileId], summary: ProbeSummary) -> Vec<Effect> {
        let Some(&first) = ids.first() else { return Vec::new() };
        let effects = self.forget(|file| matches!(file.status, FileStatus::Probe(_)) && file.id != first);
        let mut sources = Vec::new();
        for file in &self.files {
            sources.extend(file.sources.iter().filter(|source| ids.contains(&source.id)).cloned());
        }
        self.files.retain(|file| file.id == first || !ids.contains(&file.id));
        if let Some(file) = self.file_of(first) {
            file.sources = sources;
            file.purpose = Purpose::Probe;
            file.name = summary.name.clone();
            file.status = FileStatus::Probe(summary);
        }
        effects
    }

    /// The bundled networks make room for the first of the user's own, as long as the user has not chosen among them.
    pub(super) fn put_demo_away(&mut self, arrived: FileId) -> Vec<Effect> {
        let own = |file: &FileItem| file.id == arrived && file.is_own();
        let Some(demo) = &self.catalogue.demo else { return Vec::new() };
        if !self.demo_untouched || !self.files.iter().any(own) {
            return Vec::new();
        }
        let networks = demo.networks.clone();
        self.demo_untouched = false;
        self.picture = None;
        self.selection = super::Selection::default();
        self.forget(|file| file.sources.iter().any(|source| networks.contains(&source.url)))
    }

    fn forget(&mut self, which: impl Fn(&FileItem) -> bool) -> Vec<Effect> {
        let (gone, kept): (Vec<_>, Vec<_>) = std::mem::take(&mut self.files).into_iter().partition(which);
        self.files = kept;
        let mut effects = Vec::new();
        for file in gone {
            effects.extend(self.send(Request::Remove { id: file.id }));
            let urls = file.sources.into_iter().map(|source| source.url).filter(|url| url.starts_with("blob:"));
            effects.extend(urls.map(Effect::Release));
        }
        effects
    }

    pub(super) fn file_of(&mut self, id: FileId) -> Option<&mut FileItem> {
        self.files.iter_mut().find(|file| file.id == id || file.sources.iter().any(|source| source.id == id))
    }

    /// Asks a new engine for everything that the one before had.
    pub(super) fn reopen(&mut self) -> Vec<Effect> {
        let mut effects = Vec::new();
        let preparation = self.settings.preparation;
        for file in &mut self.files {
            if matches!(file.status, FileStatus::Refused { .. }) {
                continue;
            }
            file.status = FileStatus::Reading { fraction: 0.0 };
            let (files, purpose) = (file.sources.clone(), file.purpose);
            effects.push(Effect::Send(Request::Open { files, purpose, preparation }));
            if let Some(architecture) = file.described.clone() {
                effects.push(Effect::Send(Request::Describe { id: file.id, architecture }));
            }
        }
        effects
    }
}

/// Whether a file is one of a selection of pictures. Only how a drop is grouped follows from this; what a file is
/// follows from its content.
fn is_picture(name: &str) -> bool {
    let ending = name.rsplit_once('.').map(|(_, ending)| ending.to_ascii_lowercase());
    matches!(ending.as_deref(), Some("png" | "jpg" | "jpeg"))
}
