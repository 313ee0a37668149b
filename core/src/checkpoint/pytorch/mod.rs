//! PyTorch's own containers: zip, legacy and tar.
//!
//! The pickle is read by [`crate::file::pickle`], which runs nothing; each container's module finds the storages; only
//! those of the chosen tensors are touched.

mod legacy;
mod modules;
mod objects;
mod script;
mod tar;
mod top_level;
mod view;
mod walk;
mod zip;

use std::collections::BTreeMap;

pub(crate) use self::view::View;

use self::objects::Tensor;
use self::top_level::TopLevel;
use self::view::{Layout, Place, Storage};
use self::walk::Walk;
use super::container::Container;
use super::contents::Contents;
use super::error::Fault;
use super::tensor::{Element, Stored, Values};
use crate::file::pickle::NodeId;
use crate::model::TensorShapes;

/// Where a container keeps the elements of tensors.
trait Storages<'a> {
    /// The bytes of a storage; absent when the file has none of that key.
    ///
    /// # Errors
    /// [`Fault::Malformed`] when it cannot be unpacked.
    fn storage(&self, key: &str) -> Result<Option<Storage<'a>>, Fault>;

    /// Whether numbers in storages are big-endian.
    fn big_endian(&self) -> bool;
}

/// Reads a PyTorch file: the weights under the keys that `part` names, where the file has them.
///
/// # Errors
/// [`Fault::Malformed`].
pub(super) fn read<'a>(container: Container, bytes: &'a [u8], part: Option<&str>) -> Result<Contents<'a>, Fault> {
    match container {
        Container::PytorchLegacy => legacy::read(bytes, part),
        Container::PytorchTar => tar::read(bytes, part),
        _ => zip::read(bytes, part),
    }
}

/// The tensors of the chosen part of a file, of which `content` bytes are storages.
fn assemble<'a>(
    walk: &Walk<'_, '_>,
    storages: &impl Storages<'a>,
    content: u64,
    part: Option<&str>,
) -> Result<Contents<'a>, Fault> {
    let TopLevel { weights, path, part, beside, metadata } = top_level::read(walk, part)?;
    let beside = beside.into_iter().map(|(keys, value)| (keys, shapes(walk, value))).collect();
    let whole = modules::modules(walk, weights);
    let mut unpacked: BTreeMap<String, Storage<'a>> = BTreeMap::new();
    let mut tensors = Vec::new();
    for (name, tensor) in walk.tensors(weights, 1)?.into_iter().filter(|(name, _)| !whole.stands_twice(name)) {
        tensors.push(match tensor {
            Tensor::View { place, layout } => match view::element(&place.element) {
                Some(element) => stored(name, element, &place, layout, storages, &mut unpacked)?,
                None => nothing(name, place.element),
            },
            Tensor::Other(kind) => nothing(name, kind.to_owned()),
        });
    }
    if tensors.is_empty() {
        let foreign: Vec<String> = walk.pickle.foreign().into_iter().map(|name| format!("`{name}`")).collect();
        let found = if foreign.is_empty() {
            "none".to_owned()
        } else {
            format!("none, but code that Python would run, which is never run here: {}", foreign.join(", "))
        };
        return Err(Fault::malformed(walk.part, "tensors", found));
    }
    Ok(Contents { tensors, path, part, beside, metadata, content, modules: whole.modules, burn_layout: false })
}

/// The shapes of the floating-point tensors below a value; of none where there are more than a share of what is looked at.
fn shapes(walk: &Walk<'_, '_>, value: NodeId) -> TensorShapes {
    let tensors = walk.tensors(value, top_level::MOST_BESIDE).unwrap_or_else(|_| Vec::new());
    let shape = |tensor| match tensor {
        Tensor::View { place, layout } if matches!(view::element(&place.element), Some((Element::Float(_), _))) => {
            layout.sizes.iter().map(|&size| usize::try_from(size).ok()).collect()
        }
        _ => None,
    };
    tensors.into_iter().filter_map(|(name, tensor)| Some((name, shape(tensor)?))).collect()
}

/// A tensor in a storage, each of which is asked for once.
fn stored<'a>(
    name: String,
    (element, size): (Element, usize),
    place: &Place,
    layout: Layout,
    storages: &impl Storages<'a>,
    unpacked: &mut BTreeMap<String, Storage<'a>>,
) -> Result<Stored<'a>, Fault> {
    let shape = layout.sizes.iter().map(|&size| usize::try_from(size)).collect::<Result<Vec<usize>, _>>();
    let Ok(shape) = shape else {
        return Err(Fault::malformed(format!("tensor {name}"), "sizes that fit into memory", "larger ones"));
    };
    let view = || {
        let storage = match unpacked.get(&place.storage) {
            Some(storage) => storage.clone(),
            None => {
                let Some(storage) = storages.storage(&place.storage)? else {
                    let expected = format!("the storage `{}`", place.storage);
                    return Err(Fault::malformed(format!("tensor {name}"), expected, "none of that key"));
                };
                unpacked.insert(place.storage.clone(), storage.clone());
                storage
            }
        };
        View::new(&name, storage, layout, size, storages.big_endian())
    };
    match (view(), &element) {
        (Ok(view), _) => Ok(Stored { name, element, shape, length: view.length(), values: Values::View(view) }),
        // No network needs them.
        (Err(_), Element::Other(_)) => Ok(Stored { name, element, shape, length: 0, values: Values::None }),
        (Err(fault), Element::Float(_)) => Err(fault),
    }
}

/// A tensor whose values are not read.
fn nothing<'a>(name: String, kind: String) -> Stored<'a> {
    Stored { name, element: Element::Other(kind), shape: Vec::new(), length: 0, values: Values::None }
}

#[cfg(test)]
mod module_tests;

#[cfg(test)]
mod tests {
    use crate::checkpoint::{Reading, load, read, read_as};
    use crate::file::Allowance;
    use crate::file::NamedBytes;
    use crate::file::zip::Archive;
    use crate::file::zip::tests::with_idle_records;

    #[test]
    fn a_root_of_21_letters_changes_nothing() {
        // What torch.save wrote, and the same entries in folders whose name has around 21 letters, where the first entry
        // of the directory is as long as the ZIP64 records before its end.
        let bytes = include_bytes!(concat!(env!("CARGO_MANIFEST_DIR"), "/../tests/fixtures/checkpoints/zip.pth"));
        let named = |bytes: &[u8]| NamedBytes { name: "zip.pth".to_owned(), bytes: bytes.to_vec() };
        let expected = read(&named(bytes)).unwrap();
        let mut archive = Archive::open("zip.pth", bytes).unwrap();
        let names = archive.names().to_vec();
        let contents: Vec<Vec<u8>> =
            (0..names.len()).map(|index| archive.read(index, &mut Allowance::for_input(0)).unwrap()).collect();
        assert!(names[0].ends_with("/data.pkl"), "{names:?}");
        for letters in 20..23 {
            let root = "r".repeat(letters);
            let moved: Vec<String> =
                names.iter().map(|name| format!("{root}/{}", name.split_once('/').unwrap().1)).collect();
            let entries: Vec<(&str, &[u8])> =
                moved.iter().map(String::as_str).zip(contents.iter().map(Vec::as_slice)).collect();
            let found = read(&named(&with_idle_records(&entries))).unwrap();
            assert_eq!(found.state, expected.state, "{letters}");
            assert!(!found.state.is_empty());
        }
    }

    #[test]
    fn a_copy_beside_the_network_is_named_and_can_be_asked_for() {
        let bytes = include_bytes!(concat!(env!("CARGO_MANIFEST_DIR"), "/../tests/fixtures/checkpoints/copies.pth"));
        let file = NamedBytes { name: "copies.pth".to_owned(), bytes: bytes.to_vec() };
        let loaded = |part: Option<&str>| {
            let reading = Reading { part: part.map(str::to_owned), ..Reading::default() };
            load(read_as(&file, &reading).unwrap(), &reading)
        };
        let values = |part| loaded(part).map(|network| network.state["fc1.weight"].values[0]);
        let usual = loaded(None).unwrap();
        assert_eq!((usual.part.as_deref(), &usual.others[..]), (Some("model"), &["ema".to_owned()][..]));
        assert_eq!(usual.wrappers, ["model", "module."]);
        assert_eq!((values(None), values(Some("model")), values(Some("ema"))), (Ok(1.0), Ok(1.0), Ok(2.0)));
        let copy = loaded(Some("ema.")).unwrap();
        assert_eq!((copy.part.as_deref(), &copy.others[..]), (Some("ema"), &["model".to_owned()][..]));
        let error = loaded(Some("em")).unwrap_err().to_string();
        assert_eq!(error, "copies.pth: part em: expected one of model, ema, found no such part; did you mean ema?");
        assert!(loaded(Some("optimizer")).is_err());
    }
}
