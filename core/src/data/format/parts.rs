//! Parts of a data set: what is for training and what for testing, as names of arrays, files and folders say it.

/// A part, in the order in which one of several is taken: probe images should be ones that no network was trained on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Part {
    Test,
    Validation,
    Training,
}

impl Part {
    /// The part that a word of a name stands for.
    pub(super) fn of_word(word: &str) -> Option<Self> {
        match word.to_ascii_lowercase().as_str() {
            "test" | "testing" | "t10k" => Some(Self::Test),
            "val" | "valid" | "validation" => Some(Self::Validation),
            "train" | "training" | "unlabeled" => Some(Self::Training),
            _ => None,
        }
    }

    /// The part that a file or folder stands for.
    fn of_name(name: &str) -> Option<Self> {
        // CIFAR's training images.
        if name.starts_with("data_batch") {
            return Some(Self::Training);
        }
        name.split(|character: char| !character.is_ascii_alphanumeric()).find_map(Self::of_word)
    }

    /// That only this part was taken.
    pub(super) fn note(self) -> String {
        format!("of the parts of the data set, the {} is taken", self.describe())
    }

    /// What it is called.
    fn describe(self) -> &'static str {
        match self {
            Self::Test => "test part",
            Self::Validation => "validation part",
            Self::Training => "training part",
        }
    }
}

/// The part to take of files in folders, where the first name below their common folder says for each to which part it
/// belongs and there are several: the part, and which files are of it.
pub(super) fn to_take(paths: &[&str]) -> Option<(Part, Vec<bool>)> {
    let root = common_folder(paths);
    if root == 0 { None } else { by_name(paths, root) }
}

/// The same by the name that stands behind this many folders.
pub(super) fn by_name(paths: &[&str], root: usize) -> Option<(Part, Vec<bool>)> {
    let name = |path: &&str| Part::of_name(path.split(SEPARATORS).nth(root)?);
    let parts = paths.iter().map(name).collect::<Option<Vec<_>>>()?;
    let first = *parts.iter().min()?;
    parts.iter().any(|part| *part != first).then(|| (first, parts.iter().map(|part| *part == first).collect()))
}

/// What separates folders.
pub(super) const SEPARATORS: [char; 2] = ['/', '\\'];

/// How many folders at the beginning all paths share.
pub(super) fn common_folder(paths: &[&str]) -> usize {
    let Some((first, rest)) = paths.split_first() else { return 0 };
    let folders = |path: &str| path.split(SEPARATORS).count() - 1;
    rest.iter().fold(folders(first), |shared, path| {
        let equal = first.split(SEPARATORS).zip(path.split(SEPARATORS)).take_while(|(a, b)| a == b).count();
        shared.min(equal).min(folders(path))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_test_part_is_taken_where_all_files_belong_to_parts() {
        let taken = |paths: &[&str]| to_take(paths);
        let mnist = ["m/train-images-idx3-ubyte", "m/t10k-images-idx3-ubyte", "m/t10k-labels-idx1-ubyte"];
        assert_eq!(taken(&mnist), Some((Part::Test, vec![false, true, true])));
        let cifar = ["c.tgz/c/data_batch_1.bin", "c.tgz/c/test_batch.bin"];
        assert_eq!(taken(&cifar), Some((Part::Test, vec![false, true])));
        assert_eq!(taken(&["a/train/cat/1.png", "a/val/cat/1.png"]), Some((Part::Validation, vec![false, true])));
        // One part only; a class that is called like a part; files that were chosen one by one.
        assert_eq!(taken(&["a/train/1.png", "a/train/2.png"]), None);
        assert_eq!(taken(&["a/train/1.png", "a/test/1.png", "a/ship/1.png"]), None);
        assert_eq!(taken(&["data_batch_1.bin", "test_batch.bin"]), None);
    }

    #[test]
    fn the_common_folder_is_counted_in_whole_names() {
        assert_eq!(common_folder(&["a/b/c.png", "a/b/d.png"]), 2);
        assert_eq!(common_folder(&["a/bc/1.png", "a/bd/1.png"]), 1);
        assert_eq!(common_folder(&["a/1.png", "1.png"]), 0);
        assert_eq!(common_folder(&["a/a.png"]), 1);
        assert_eq!(common_folder(&[]), 0);
    }
}
