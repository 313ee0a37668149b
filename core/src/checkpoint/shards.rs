//! Checkpoints that are split over several files, as Hugging Face's libraries write large ones.

use std::collections::{BTreeMap, BTreeSet};

use serde::Deserialize;

use super::contents::Contents;
use super::error::{CheckpointError, Fault};
use super::read::{Checkpoint, contents, decoded};
use crate::Sha256Digest;
use crate::file::NamedBytes;

/// Which of several files one is, by its name: `model-00001-of-00002.safetensors`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ShardName {
    /// The name that the whole would have: `model.safetensors`.
    pub whole: String,
    /// Its number, from 1 on.
    pub number: usize,
    /// How many there are, two at least.
    pub count: usize,
}

impl ShardName {
    /// The place that a file's name says; nothing where it says none.
    #[must_use]
    pub fn parse(file: &str) -> Option<Self> {
        let (start, rest) = file.rsplit_once("-of-")?;
        let (stem, number) = start.rsplit_once('-')?;
        let end = rest.find(|one: char| !one.is_ascii_digit()).unwrap_or(rest.len());
        let (count, ending) = rest.split_at(end);
        // Fewer digits are a version or a date.
        let numbers = [number, count].map(|digits| (digits.len() >= 4).then(|| digits.parse::<usize>().ok()).flatten());
        let [Some(number), Some(count)] = numbers else { return None };
        let whole = format!("{stem}{ending}");
        (count >= 2 && (1..=count).contains(&number)).then_some(Self { whole, number, count })
    }
}

/// Which file holds which tensor: `model.safetensors.index.json`, `pytorch_model.bin.index.json`.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct ShardIndex {
    weight_map: BTreeMap<String, String>,
}

impl ShardIndex {
    /// The index that a file is; nothing where it is another one.
    #[must_use]
    pub fn parse(bytes: &[u8]) -> Option<Self> {
        bytes.starts_with(b"{").then(|| serde_json::from_slice(bytes).ok()).flatten()
    }

    /// The names of the files that hold the tensors.
    #[must_use]
    pub fn shards(&self) -> BTreeSet<&str> {
        self.weight_map.values().map(String::as_str).collect()
    }
}

/// Reads a checkpoint that is split over several files, given in any order, with its index where it has one. Files are told
/// apart by the end of their names, behind a folder. The hash is over the index and the shards in the order of their names.
///
/// # Errors
/// [`CheckpointError`] of the index or of a shard: one that is missing, or that the index does not name, a tensor that is
/// not where the index says or that two shards hold, and what a file can have wrong by itself.
pub fn read_sharded(index: Option<&NamedBytes>, shards: &[NamedBytes]) -> Result<Checkpoint, CheckpointError> {
    let mut shards: Vec<&NamedBytes> = shards.iter().collect();
    shards.sort_by(|a, b| a.name.cmp(&b.name));
    let (file, map) = match index {
        Some(index) => (index.name.clone(), listed(index, &shards)?),
        None => (all_numbered(&shards)?, BTreeMap::new()),
    };
    let mut whole: Option<(super::Container, Contents<'_>)> = None;
    let mut holders: BTreeMap<String, &str> = BTreeMap::new();
    for shard in &shards {
        let of_shard = |fault: Fault| fault.of(&shard.name);
        let (container, contents) = contents(&shard.bytes, None).map_err(of_shard)?;
        for tensor in &contents.tensors {
            if let Some(other) = holders.insert(tensor.name.clone(), base(&shard.name)) {
                let found = format!("it in {other} too");
                return Err(of_shard(Fault::malformed(
                    format!("tensor {}", tensor.name),
                    "a tensor of one shard",
                    found,
                )));
            }
        }
        match &mut whole {
            None => whole = Some((container, contents)),
            Some((_, all)) => {
                all.tensors.extend(contents.tensors);
                all.metadata.extend(contents.metadata);
                all.content = all.content.saturating_add(contents.content);
            }
        }
    }
    let misplaced = map.iter().find(|(tensor, shard)| holders.get(*tensor).is_none_or(|holder| holder != shard));
    if let Some((tensor, shard)) = misplaced {
        let expected = format!("it in {shard}");
        let found =
            holders.get(tensor).map_or("it in none of the shards".to_owned(), |holder| format!("it in {holder}"));
        return Err(Fault::malformed(format!("tensor {tensor}"), expected, found).of(&file));
    }
    let Some((container, contents)) = whole else {
        return Err(Fault::malformed("shards", "one at least", "none").of(&file));
    };
    let bytes = index.into_iter().chain(shards.iter().copied()).map(|file| file.bytes.as_slice());
    decoded(container, contents)
        .map(|decoded| decoded.named(&file, Sha256Digest::of(bytes)))
        .map_err(|fault| fault.of(&file))
}

/// The shard of each tensor, where the shards are those of the index.
fn listed(index: &NamedBytes, shards: &[&NamedBytes]) -> Result<BTreeMap<String, String>, CheckpointError> {
    let refused = |expected: String, found: &str| Fault::malformed("index of shards", expected, found).of(&index.name);
    let Some(parsed) = ShardIndex::parse(&index.bytes) else {
        let expected = "a JSON object whose `weight_map` names the file of each tensor";
        return Err(refused(expected.to_owned(), "another text"));
    };
    let named = parsed.shards();
    let given: BTreeSet<&str> = shards.iter().map(|shard| base(&shard.name)).collect();
    if let Some(missing) = named.difference(&given).next() {
        return Err(refused(format!("all {} shards that it names", named.len()), &format!("no {missing}")));
    }
    if let Some(other) = given.difference(&named).next() {
        return Err(refused("only the shards that it names".to_owned(), &format!("{other} too")));
    }
    Ok(parsed.weight_map)
}

/// The name of the whole, where all shards of it are there.
fn all_numbered(shards: &[&NamedBytes]) -> Result<String, CheckpointError> {
    let Some(first) = shards.first() else {
        return Err(Fault::malformed("shards", "one at least", "none").of("shards"));
    };
    let names: Vec<Option<ShardName>> = shards.iter().map(|shard| ShardName::parse(&shard.name)).collect();
    let Some(Some(ShardName { whole, count, .. })) = names.first() else {
        return Err(Fault::malformed("name", "a shard's number, or an index beside it", "neither").of(&first.name));
    };
    let is_there = |number| names.iter().flatten().any(|name| (&name.whole, name.number) == (whole, number));
    match (1..=*count).find(|&number| !is_there(number)) {
        Some(number) => Err(Fault::malformed("shards", format!("all {count}"), format!("no shard {number}")).of(whole)),
        None => Ok(whole.clone()),
    }
}

/// A file's name without its folder.
fn base(name: &str) -> &str {
    name.rsplit_once(['/', '\\']).map_or(name, |(_, name)| name)
}

#[cfg(test)]
mod tests {
    use super::super::{Reading, load, read};
    use super::*;

    /// A safetensors file of tensors whose values are all the same.
    fn shard(name: &str, tensors: &[(&str, &[usize], f32)]) -> NamedBytes {
        let (mut entries, mut values) = (Vec::new(), Vec::new());
        for (tensor, shape, value) in tensors {
            let start = values.len();
            let count = shape.iter().product::<usize>();
            values.extend(std::iter::repeat_n(value.to_le_bytes(), count).flatten());
            entries.push(format!(
                "\"{tensor}\":{{\"dtype\":\"F32\",\"shape\":{shape:?},\"data_offsets\":[{start},{}]}}",
                values.len()
            ));
        }
        let header = format!("{{{}}}", entries.join(","));
        let bytes = [&(header.len() as u64).to_le_bytes(), header.as_bytes(), &values].concat();
        NamedBytes { name: name.to_owned(), bytes }
    }

    const FIRST: &str = "model-00001-of-00002.safetensors";
    const SECOND: &str = "model-00002-of-00002.safetensors";

    fn shards() -> [NamedBytes; 2] {
        [
            shard(SECOND, &[("fc2.weight", &[2, 3], 3.0), ("fc2.bias", &[2], 4.0)]),
            shard(FIRST, &[("fc1.weight", &[3, 4], 1.0), ("fc1.bias", &[3], 2.0)]),
        ]
    }

    fn index(entries: &[(&str, &str)]) -> NamedBytes {
        let entries: Vec<String> = entries.iter().map(|(tensor, shard)| format!("\"{tensor}\":\"{shard}\"")).collect();
        let text = format!("{{\"metadata\":{{\"total_size\":92}},\"weight_map\":{{{}}}}}", entries.join(","));
        NamedBytes { name: "folder/model.safetensors.index.json".to_owned(), bytes: text.into_bytes() }
    }

    const MAP: [(&str, &str); 4] =
        [("fc1.weight", FIRST), ("fc1.bias", FIRST), ("fc2.weight", SECOND), ("fc2.bias", SECOND)];

    #[test]
    fn names_say_which_shard_a_file_is() {
        let name = |whole: &str, number, count| Some(ShardName { whole: whole.to_owned(), number, count });
        assert_eq!(ShardName::parse(FIRST), name("model.safetensors", 1, 2));
        assert_eq!(ShardName::parse("a/pytorch_model-00010-of-00012.bin"), name("a/pytorch_model.bin", 10, 12));
        for other in
            ["model.safetensors", "model-00001-of-00001.safetensors", "model-00003-of-00002.safetensors", "3-of-4"]
        {
            assert_eq!(ShardName::parse(other), None, "{other}");
        }
    }

    #[test]
    fn shards_are_one_network_with_and_without_their_index() {
        let index = index(&MAP);
        let [second, first] = shards();
        let with = read_sharded(Some(&index), &shards()).unwrap();
        assert_eq!(with.order, ["fc1.bias", "fc1.weight", "fc2.bias", "fc2.weight"]);
        assert_eq!((with.state["fc1.bias"].values[0], with.state["fc2.weight"].values[0]), (2.0, 3.0));
        assert_eq!(with.sha256, Sha256Digest::of([&index.bytes[..], &first.bytes, &second.bytes]));
        let network = load(with, &Reading::default()).unwrap();
        assert_eq!((network.architecture.describe().as_str(), &network.file), ("MLP 4-3-2 (ReLU)", &index.name));
        let without = read_sharded(None, &shards()).unwrap();
        assert_eq!((without.file.as_str(), &without.state), ("model.safetensors", &network.state));
    }

    #[test]
    fn what_is_not_where_the_index_says_is_refused() {
        let refusal = |map: &[(&str, &str)], shards: &[NamedBytes]| {
            read_sharded(Some(&index(map)), shards).unwrap_err().to_string()
        };
        let [second, first] = shards();
        let file = "folder/model.safetensors.index.json";
        let one = std::slice::from_ref(&first);
        let expected = format!("{file}: index of shards: expected all 2 shards that it names, found no {SECOND}");
        assert_eq!(refusal(&MAP, one), expected);
        let expected = format!("{file}: index of shards: expected only the shards that it names, found {SECOND} too");
        assert_eq!(refusal(&MAP[..2], &shards()), expected);
        let more = [&MAP[..], &[("fc3.weight", SECOND)]].concat();
        let expected = format!("{file}: tensor fc3.weight: expected it in {SECOND}, found it in none of the shards");
        assert_eq!(refusal(&more, &shards()), expected);
        let moved = [&MAP[..3], &[("fc2.bias", FIRST)]].concat();
        let expected = format!("{file}: tensor fc2.bias: expected it in {FIRST}, found it in {SECOND}");
        assert_eq!(refusal(&moved, &shards()), expected);
        let twice = shard(FIRST, &[("fc1.weight", &[3, 4], 1.0), ("fc1.bias", &[3], 2.0), ("fc2.bias", &[2], 2.0)]);
        let expected = format!("{SECOND}: tensor fc2.bias: expected a tensor of one shard, found it in {FIRST} too");
        assert_eq!(refusal(&MAP, &[twice, second]), expected);
        let text = NamedBytes { name: "a.json".to_owned(), bytes: b"{\"a\":1}".to_vec() };
        let error = read_sharded(Some(&text), &shards()).unwrap_err().to_string();
        assert!(error.starts_with("a.json: index of shards: expected a JSON object"), "{error}");
        let error = read_sharded(None, one).unwrap_err().to_string();
        assert_eq!(error, "model.safetensors: shards: expected all 2, found no shard 2");
    }

    #[test]
    fn a_shard_or_an_index_alone_says_what_it_is() {
        let [_, first] = shards();
        let error = load(read(&first).unwrap(), &Reading::default()).unwrap_err().to_string();
        let expected = format!(
            "{FIRST}: expected a whole checkpoint, found 2 tensors in shard 1 of 2; give all shards together, or their folder"
        );
        assert_eq!(error, expected);
        let error = read(&index(&MAP)).unwrap_err().to_string();
        let expected = "found an index of 2 shards; give it together with them, or their folder";
        assert!(error.ends_with(expected), "{error}");
    }
}
