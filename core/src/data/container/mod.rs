//! Compressed files, read within limits: a small file may not unpack to more memory than there is.

mod archive;
mod gzip;

pub(crate) use archive::Archive;
pub(crate) use gzip::unpack;

use std::io::Read;

use super::error::DataError;

/// The most that is unpacked: 2 GiB, or 1 GiB where addresses have 32 bits, as in a browser.
const UNPACKED_LIMIT: usize = if usize::BITS > 32 { 2 << 30 } else { 1 << 30 };

/// How many bytes may still be unpacked. One is shared by all parts of what is read together.
#[derive(Debug)]
pub(crate) struct Allowance {
    limit: usize,
    left: usize,
}

impl Allowance {
    /// The allowance for input of this many bytes: the limit, or the input's own size where that is larger, so that large
    /// files which are stored without compression can be read.
    pub(crate) fn for_input(bytes: usize) -> Self {
        let limit = UNPACKED_LIMIT.max(bytes);
        Self { limit, left: limit }
    }

    /// Takes this many bytes away.
    ///
    /// # Errors
    /// [`DataError::TooLarge`] when fewer are left.
    pub(crate) fn spend(&mut self, file: &str, bytes: usize) -> Result<(), DataError> {
        match self.left.checked_sub(bytes) {
            Some(left) => self.left = left,
            None => return Err(DataError::TooLarge { file: file.to_owned(), limit: self.limit }),
        }
        Ok(())
    }

    /// Reads to the end, or to one byte more than is left, and takes away what was read.
    ///
    /// # Errors
    /// [`DataError::TooLarge`], or what `failed` makes of the reader's error.
    fn read_to_end(
        &mut self,
        file: &str,
        reader: impl Read,
        unpacked: &mut Vec<u8>,
        failed: impl FnOnce(std::io::Error) -> DataError,
    ) -> Result<(), DataError> {
        let most = (self.left as u64).saturating_add(1);
        let read = reader.take(most).read_to_end(unpacked).map_err(failed)?;
        self.spend(file, read)
    }
}
