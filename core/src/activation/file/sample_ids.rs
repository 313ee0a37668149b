//! Which samples the rows of an activation file stand for.

use std::collections::BTreeSet;

use crate::Sha256Digest;
use crate::data::SampleIds;
use crate::file::DataError;

/// The given ids, or `0` to `rows - 1`; the content hash is the SHA-256 over each id's length, a colon and the id.
pub(super) fn samples(file: &str, rows: usize, ids: Option<Vec<String>>) -> Result<SampleIds, DataError> {
    let ids = ids.unwrap_or_else(|| (0..rows).map(|row| row.to_string()).collect());
    let subject = || format!("{file}: sample_ids");
    if ids.len() != rows {
        let expected = format!("one id for each of {rows} rows");
        return Err(DataError::mismatch(subject(), expected, ids.len().to_string()));
    }
    let mut seen = BTreeSet::new();
    if let Some(twice) = ids.iter().find(|id| !seen.insert(id.as_str())) {
        return Err(DataError::mismatch(subject(), "different ids", format!("`{twice}` twice")));
    }
    let parts = ids.iter().map(|id| format!("{}:{id}", id.len())).collect::<Vec<_>>();
    let content = Sha256Digest::of(parts.iter().map(String::as_bytes));
    Ok(SampleIds { ids, content })
}
