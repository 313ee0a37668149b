//! MATLAB's `.mat` as a probe set, such as the cropped digits of SVHN (Netzer et al. 2011).

use super::arrays::{self, NamedArray, Writer};
use super::source::Source;
use crate::data::probe_set::ProbeSet;
use crate::file::{Allowance, DataError, mat};

/// Reads one file.
pub(super) fn read(source: &Source<'_>, allowance: &mut Allowance) -> Result<ProbeSet, DataError> {
    let matrices = mat::read(&source.name, &source.bytes, allowance)?;
    let arrays = matrices.into_iter().map(|mat::Matrix { name, array }| {
        let path = format!("{}/{name}", source.name);
        NamedArray { name, path, array: Ok(array) }
    });
    arrays::read(&source.name, &arrays.collect::<Vec<_>>(), Writer::Matlab)
}
