//! Files as `torch.save` writes a state dict: a zip archive of a pickle and one storage for each tensor.

use std::io::{Cursor, Write as _};

use zip::write::SimpleFileOptions;
use zip::{CompressionMethod, ZipWriter};

/// A tensor of a state dict.
#[derive(Debug, Clone, PartialEq)]
pub struct Tensor {
    /// Its name.
    pub name: String,
    /// Its shape.
    pub shape: Vec<usize>,
    /// Its values.
    pub values: Values,
}

/// The values of a tensor, row by row.
#[derive(Debug, Clone, PartialEq)]
pub enum Values {
    /// `torch.float32`.
    Float(Vec<f32>),
    /// `torch.int64`.
    Long(Vec<i64>),
    /// `torch.uint8`.
    Byte(Vec<u8>),
}

impl Values {
    fn storage(&self) -> &'static str {
        match self {
            Self::Float(_) => "FloatStorage",
            Self::Long(_) => "LongStorage",
            Self::Byte(_) => "ByteStorage",
        }
    }

    fn len(&self) -> usize {
        match self {
            Self::Float(values) => values.len(),
            Self::Long(values) => values.len(),
            Self::Byte(values) => values.len(),
        }
    }

    fn bytes(&self) -> Vec<u8> {
        match self {
            Self::Float(values) => values.iter().flat_map(|value| value.to_le_bytes()).collect(),
            Self::Long(values) => values.iter().flat_map(|value| value.to_le_bytes()).collect(),
            Self::Byte(values) => values.clone(),
        }
    }
}

/// The archive of a state dict with these tensors, in their order.
///
/// # Errors
/// When a number does not fit the formats.
pub fn archive(tensors: &[Tensor]) -> anyhow::Result<Vec<u8>> {
    let mut writer = ZipWriter::new(Cursor::new(Vec::new()));
    let options = SimpleFileOptions::default().compression_method(CompressionMethod::Stored);
    let mut entry = |name: &str, bytes: &[u8]| -> anyhow::Result<()> {
        writer.start_file(format!("archive/{name}"), options)?;
        Ok(writer.write_all(bytes)?)
    };
    entry("data.pkl", &pickle(tensors)?)?;
    entry("byteorder", b"little")?;
    for (key, tensor) in tensors.iter().enumerate() {
        entry(&format!("data/{key}"), &tensor.values.bytes())?;
    }
    entry("version", b"3\n")?;
    Ok(writer.finish()?.into_inner())
}

/// An ordered dictionary of tensors by protocol 2.
fn pickle(tensors: &[Tensor]) -> anyhow::Result<Vec<u8>> {
    let mut bytes = b"\x80\x02ccollections\nOrderedDict\n)R(".to_vec();
    for (key, Tensor { name, shape, values }) in tensors.iter().enumerate() {
        text(&mut bytes, name)?;
        bytes.extend(b"ctorch._utils\n_rebuild_tensor_v2\n((");
        text(&mut bytes, "storage")?;
        bytes.extend(format!("ctorch\n{}\n", values.storage()).as_bytes());
        text(&mut bytes, &key.to_string())?;
        text(&mut bytes, "cpu")?;
        integer(&mut bytes, values.len())?;
        // The storage's identifier, then the offset.
        bytes.extend(b"tQK\0");
        let strides = (0..shape.len()).map(|axis| shape[axis + 1..].iter().product());
        for numbers in [shape.clone(), strides.collect()] {
            bytes.push(b'(');
            numbers.into_iter().try_for_each(|number| integer(&mut bytes, number))?;
            bytes.push(b't');
        }
        // No gradient is wanted, and there are no hooks.
        bytes.extend(b"\x89ccollections\nOrderedDict\n)RtR");
    }
    bytes.extend(b"u.");
    Ok(bytes)
}

fn text(bytes: &mut Vec<u8>, text: &str) -> anyhow::Result<()> {
    bytes.push(b'X');
    bytes.extend(u32::try_from(text.len())?.to_le_bytes());
    bytes.extend(text.as_bytes());
    Ok(())
}

fn integer(bytes: &mut Vec<u8>, value: usize) -> anyhow::Result<()> {
    bytes.push(b'J');
    bytes.extend(i32::try_from(value)?.to_le_bytes());
    Ok(())
}

#[cfg(test)]
mod tests {
    use repgeo_core::checkpoint;
    use repgeo_core::file::NamedBytes;

    use super::*;

    #[test]
    fn what_is_written_is_read() {
        let tensor =
            |name: &str, shape: &[usize], values| Tensor { name: name.to_owned(), shape: shape.to_vec(), values };
        let tensors = [
            tensor("fc.weight", &[2, 3], Values::Float((0..6).map(|value| value as f32 / 4.0).collect())),
            tensor("bn.num_batches_tracked", &[], Values::Long(vec![7])),
            tensor("fc.bias", &[2], Values::Float(vec![-1.0, 2.5])),
        ];
        let bytes = archive(&tensors).unwrap();
        let read = checkpoint::read(&NamedBytes { name: "net.pth".to_owned(), bytes }).unwrap();
        assert_eq!(read.order, ["fc.weight", "bn.num_batches_tracked", "fc.bias"]);
        assert_eq!(read.state["fc.weight"].shape, [2, 3]);
        assert_eq!(read.state["fc.weight"].values, [0.0, 0.25, 0.5, 0.75, 1.0, 1.25]);
        assert_eq!(read.state["fc.bias"].values, [-1.0, 2.5]);
        assert_eq!(read.ignored.keys().collect::<Vec<_>>(), ["bn.num_batches_tracked"]);
    }
}
