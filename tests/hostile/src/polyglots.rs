//! Files that are of two kinds at once, and archives within archives. What stands at the first byte decides, as for PyTorch:
//! a zip archive, then a tar archive, then a pickle.

use crate::archives::{tar, tar_entry};
use crate::case::{Case, State};
use crate::entry::{archive, archive_behind, stored};
use crate::opcodes::state;
use crate::pickles::{dictionary, legacy, small};
use crate::zips::{checkpoint, deflated, object};

/// A checkpoint whose one tensor has another name.
fn other(name: &str) -> Vec<u8> {
    dictionary(&[(name.to_owned(), small())])
}

fn named(name: &str) -> State {
    State::from([(name.to_owned(), vec![1.0, 2.0, 3.0, 4.0])])
}

/// An archive whose first entry holds these bytes from byte 257 of the file on.
fn with_at_257(bytes: &[u8]) -> Vec<u8> {
    let name = "a/x";
    let mut content = vec![0; 257 - 30 - name.len()];
    content.extend(bytes);
    archive(&[vec![stored(name, &content)], checkpoint()].concat())
}

/// All of them.
#[must_use]
pub fn cases() -> Vec<Case> {
    let zipped = archive(&checkpoint());
    let behind = |before: &[u8]| archive_behind(before, false, &checkpoint());
    let legacy_first = legacy(&other("legacy.weight"));
    // A legacy file that has the signature of a tar archive in its first pickles.
    let mut marked = b"\x80\x02\x8a\nl\xfc\x9cF\xf9 j\xa8P\x19".to_vec();
    marked.extend(b"X\xe8\0\0\0");
    marked.extend([b'x'; 232]);
    marked.extend(b"0X\x05\0\0\0ustar0.");
    let place = marked.windows(5).position(|window| window == b"ustar").unwrap();
    assert_eq!(place, 257);
    marked.extend(&legacy(&object())[15..]);
    // The name of the first entry begins like a zip archive.
    let tar_like_zip = tar(&[("PK\x03\x04", b"x")]);
    let nested = (0..6).fold(zipped.clone(), |inner, _| archive(&[stored("a.pth", &inner)]));
    let in_itself = (0..200).fold(vec![0; 1 << 20], |inner, _| archive(&[deflated("a.zip", &inner)]));
    let tars = (0..20).fold(vec![b'x'], |inner, _| tar(&[("storages", &inner)]));
    let exported = [
        stored("net/archive_format", b"pt2"),
        stored("net/models/model.json", b"{}"),
        stored("net/data/weights/weight_0", &zipped),
    ];
    let exported_before = [
        stored("version", b"8.1"),
        stored("serialized_exported_program.json", b"{}"),
        stored("serialized_state_dict.pt", &zipped),
    ];
    vec![
        Case::read("legacy_then_zip.pth", behind(&legacy_first), named("legacy.weight")),
        Case::read("legacy_with_ustar.pth", marked, state()),
        Case::read("zip_with_ustar.pth", with_at_257(b"ustar\x0000"), state()),
        Case::read("zip_with_tar_header.pth", with_at_257(&tar_entry("pickle", b'0', b"", 0)[257..]), state()),
        Case::refused("tar_like_zip.pth", tar_like_zip, "zip"),
        Case::read("zip_behind_pickle.pth", behind(b"\x80\x02}."), state()),
        Case::read("zip_behind_zip.pth", [archive(&[stored("x", b"x")]), zipped.clone()].concat(), state()),
        Case::refused("zip_in_zip.pth", nested, "`data.pkl`"),
        Case::refused("zip_in_zip_in_zip.pth", in_itself, "`data.pkl`"),
        Case::refused("tar_in_tar.pth", tars, "storages"),
        Case::refused("zip_in_tar.pth", tar(&[("a.pth", &zipped)]), "the entry `storages`"),
        Case::refused("tar_in_zip.pth", archive(&[stored("a.tar", &tar(&[("pickle", b"x")]))]), "`data.pkl`"),
        Case::refused("exported.pt2", archive(&exported), "an exported program"),
        Case::refused("exported_before.pt2", archive(&exported_before), "an exported program"),
        Case::read(
            "arrays_beside.pth",
            archive(&[checkpoint(), vec![stored("b.npy", b"\x93NUMPY\x01\0")]].concat()),
            state(),
        ),
        Case::refused("gzip_of_zip.pth", b"\x1f\x8b\x08\0PK\x03\x04".to_vec(), "unpack it first"),
        Case::refused("picture_of_zip.pth", behind(b"\x89PNG\r\n\x1a\n"), "a PNG image"),
    ]
}
