//! Classes of images that lie in folders.

use std::collections::BTreeMap;

use super::parts::{SEPARATORS, common_folder};
use crate::file::{DataError, counted};

/// Labels and class names, where images lie in several folders: the class is the first folder below the one that is common to
/// all, and classes are numbered in the order of their names as text, as torchvision's `ImageFolder` does.
///
/// # Errors
/// [`DataError::Mismatch`] when an image lies beside the class folders.
pub(super) fn classes(paths: &[&str]) -> Result<(Option<Vec<u32>>, Vec<String>), DataError> {
    let root = common_folder(paths);
    let class = |path: &&str| {
        let folders = path.split(SEPARATORS).count() - 1;
        (folders > root).then(|| path.split(SEPARATORS).nth(root).map(str::to_owned)).flatten()
    };
    let folders = paths.iter().map(class).collect::<Vec<_>>();
    let names = folders.iter().flatten().map(String::as_str).collect::<std::collections::BTreeSet<_>>();
    if names.is_empty() {
        return Ok((None, Vec::new()));
    }
    let label_of = names.iter().copied().zip(0_u32..).collect::<BTreeMap<_, _>>();
    let mut labels = Vec::with_capacity(paths.len());
    for (path, folder) in paths.iter().zip(&folders) {
        let Some(folder) = folder else {
            let expected = format!("images in class folders only, as there are {}", counted(names.len(), "folder"));
            return Err(DataError::mismatch(*path, expected, "one outside of any folder"));
        };
        labels.push(label_of[folder.as_str()]);
    }
    Ok((Some(labels), names.iter().map(|&name| name.to_owned()).collect()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn classes_are_in_the_order_of_text_and_right_below_the_common_folder() {
        let found = |paths: &[&str]| classes(paths).unwrap();
        let names = |names: &[&str]| names.iter().map(|&name| name.to_owned()).collect::<Vec<_>>();
        // torchvision.datasets.ImageFolder: sorted(['10', '9', 'Z', 'a']).
        let paths = ["s/val/9/1.png", "s/val/10/1.png", "s/val/a/b/1.png", "s/val/Z/b/1.png"];
        assert_eq!(found(&paths), (Some(vec![1, 0, 3, 2]), names(&["10", "9", "Z", "a"])));
        assert_eq!(found(&["cat/1.png", "dog/2.png"]).0, Some(vec![0, 1]));
        assert_eq!(found(&["s/cat/1.png", "s/cat/2.png"]), (None, vec![]));
        assert_eq!(found(&["1.png", "2.png"]), (None, vec![]));
        assert!(classes(&["cat/1.png", "1.png"]).is_err());
    }
}
