//! A file and what has to become of it.

use std::collections::BTreeMap;

/// Tensors by name.
pub type State = BTreeMap<String, Vec<f32>>;

/// A file and what has to become of it.
pub struct Case {
    /// The file's name; other cases may share it.
    pub name: String,
    /// Its content, made when it is needed: some are of many megabytes.
    pub make: Box<dyn Fn() -> Vec<u8> + Sync>,
    /// What has to become of it.
    pub expected: Expected,
}

/// What has to become of a file.
pub enum Expected {
    /// It is read, and a checkpoint is these tensors.
    Read(Option<State>),
    /// It is refused, and the sentence says this.
    Refused(&'static str),
}

impl Case {
    /// A file that is refused with these words.
    #[must_use]
    pub fn refused(name: impl Into<String>, bytes: impl Into<Vec<u8>>, because: &'static str) -> Self {
        let bytes = bytes.into();
        Self::made(name, Expected::Refused(because), move || bytes.clone())
    }

    /// A file that is read as these tensors.
    #[must_use]
    pub fn read(name: impl Into<String>, bytes: impl Into<Vec<u8>>, state: State) -> Self {
        let bytes = bytes.into();
        Self::made(name, Expected::Read(Some(state)), move || bytes.clone())
    }

    /// A file that is read, as images or as activations.
    #[must_use]
    pub fn accepted(name: impl Into<String>, bytes: impl Into<Vec<u8>>) -> Self {
        let bytes = bytes.into();
        Self::made(name, Expected::Read(None), move || bytes.clone())
    }

    /// A file that is made when it is needed: one of many megabytes.
    #[must_use]
    pub fn made(name: impl Into<String>, expected: Expected, make: impl Fn() -> Vec<u8> + Sync + 'static) -> Self {
        Self { name: name.into(), make: Box::new(make), expected }
    }
}
