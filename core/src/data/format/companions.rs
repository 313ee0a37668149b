//! Files that accompany a data set and hold none of it.

const TEXTS: [&str; 13] =
    ["csv", "htm", "html", "json", "log", "md", "py", "sha256", "tsv", "txt", "xml", "yaml", "yml"];
const SEPARATORS: [char; 2] = ['/', '\\'];
const NAMES: [&str; 6] = ["desktop.ini", "licence", "license", "notice", "readme", "thumbs.db"];

/// Whether a file of this name, its folders included, is hidden, left behind by an operating system or an editor, or a text.
pub(super) fn accompanies_data(name: &str) -> bool {
    let hidden = |part: &str| part.starts_with('.') && !matches!(part, "." | "..");
    if name.split(SEPARATORS).any(|part| hidden(part) || part == "__MACOSX") {
        return true;
    }
    let file = name.rsplit_once(SEPARATORS).map_or(name, |(_, file)| file).to_ascii_lowercase();
    let extension = file.rsplit_once('.').map(|(_, extension)| extension);
    file.ends_with('~')
        || NAMES.contains(&file.as_str())
        || extension.is_some_and(|extension| TEXTS.contains(&extension))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_and_leftovers_only() {
        for name in [
            "a/README",
            "batches.meta.txt",
            "__MACOSX/a/._1.png",
            ".DS_Store",
            "a\\Thumbs.db",
            "labels.CSV",
            "a/file.txt~",
        ] {
            assert!(accompanies_data(name), "{name}");
        }
        for name in ["1.png", "a/1.jpeg", "data_batch_1.bin", "train-images-idx3-ubyte.gz", "./1.webp", "../readme.png"]
        {
            assert!(!accompanies_data(name), "{name}");
        }
    }
}
