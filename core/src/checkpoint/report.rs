//! What of a checkpoint was applied to an architecture.

use std::fmt;

use serde::{Deserialize, Serialize};

/// What of a checkpoint was applied to an architecture, and what was not. All lists are in the order of the architecture
/// or of the names.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct LoadReport {
    /// Tensors that the architecture needs and the file holds in the right shape.
    pub applied: Vec<String>,
    /// Tensors that the architecture needs and the file does not hold.
    pub missing: Vec<Absent>,
    /// Tensors that the file holds and the architecture does not need.
    pub unexpected: Vec<Absent>,
    /// Tensors of another shape than the architecture needs.
    pub misshaped: Vec<Misshaped>,
}

/// A tensor that one side has and the other has not.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Absent {
    /// The tensor's name.
    pub name: String,
    /// The nearest name on the other side, when there is one near enough to be meant.
    pub nearest: Option<String>,
}

/// A tensor of another shape than the architecture needs.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Misshaped {
    /// The tensor's name.
    pub name: String,
    /// The shape that the architecture needs.
    pub expected: Vec<usize>,
    /// The shape in the file.
    pub found: Vec<usize>,
    /// The nearest name of an unused tensor that has the expected shape.
    pub nearest: Option<String>,
}

impl LoadReport {
    /// Whether every tensor that the architecture needs was applied.
    #[must_use]
    pub fn is_complete(&self) -> bool {
        self.missing.is_empty() && self.misshaped.is_empty()
    }

    /// One line about tensors that were left aside; absent when there were none.
    #[must_use]
    pub fn remark(&self) -> Option<String> {
        let count = self.unexpected.len();
        (count > 0).then(|| format!("{count} not needed: {}", list(&self.unexpected)))
    }
}

impl fmt::Display for LoadReport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { applied, missing, unexpected, misshaped } = self;
        let mut parts = vec![format!("{} tensors applied", applied.len())];
        for (what, tensors) in [("missing", missing), ("not needed", unexpected)] {
            if !tensors.is_empty() {
                parts.push(format!("{} {what}: {}", tensors.len(), list(tensors)));
            }
        }
        if !misshaped.is_empty() {
            parts.insert(parts.len().min(2), format!("{} of another shape: {}", misshaped.len(), list(misshaped)));
        }
        f.write_str(&parts.join("; "))
    }
}

impl fmt::Display for Absent {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.name)?;
        hint(f, self.nearest.as_deref())
    }
}

impl fmt::Display for Misshaped {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} (expected {:?}, found {:?})", self.name, self.expected, self.found)?;
        hint(f, self.nearest.as_deref())
    }
}

fn hint(f: &mut fmt::Formatter<'_>, nearest: Option<&str>) -> fmt::Result {
    nearest.map_or(Ok(()), |nearest| write!(f, " (did you mean {nearest}?)"))
}

/// The first few, and how many more there are.
fn list(items: &[impl fmt::Display]) -> String {
    const SHOWN: usize = 3;
    let mut text = items.iter().take(SHOWN).map(ToString::to_string).collect::<Vec<_>>().join(", ");
    if items.len() > SHOWN {
        text.push_str(&format!(" and {} more", items.len() - SHOWN));
    }
    text
}
