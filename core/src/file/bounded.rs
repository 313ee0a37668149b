//! Maps and lists of a header, of which no more is kept than a file may have: a few bytes of a header are a value of many.

use std::fmt;
use std::marker::PhantomData;

use serde::de::{Deserialize, Deserializer, IgnoredAny, MapAccess, SeqAccess, Visitor};

use super::limits;

/// A map in the order of the file, of which at most [`limits::ENTRIES`] entries are kept.
#[derive(Debug, Clone)]
pub(crate) struct Entries<V> {
    pub(crate) kept: Vec<(String, V)>,
    /// Whether there were more.
    pub(crate) more: bool,
}

impl<V> Entries<V> {
    /// None.
    pub(crate) fn none() -> Self {
        Self { kept: Vec::new(), more: false }
    }

    /// Keeps one more entry.
    pub(crate) fn keep(&mut self, key: String, value: V) {
        if self.kept.len() < limits::ENTRIES {
            self.kept.push((key, value));
        } else {
            self.more = true;
        }
    }

    /// A key that comes twice.
    pub(crate) fn repeated(&self) -> Option<&str> {
        let mut keys: Vec<&str> = self.kept.iter().map(|(key, _)| key.as_str()).collect();
        keys.sort_unstable();
        keys.windows(2).find(|pair| pair[0] == pair[1]).map(|pair| pair[0])
    }
}

impl<'de, V: Deserialize<'de>> Deserialize<'de> for Entries<V> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Map<V>(PhantomData<V>);
        impl<'de, V: Deserialize<'de>> Visitor<'de> for Map<V> {
            type Value = Entries<V>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a map of texts")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
                let mut entries = Entries::none();
                while !entries.more
                    && let Some((key, value)) = map.next_entry()?
                {
                    entries.keep(key, value);
                }
                while map.next_entry::<IgnoredAny, IgnoredAny>()?.is_some() {}
                Ok(entries)
            }
        }
        deserializer.deserialize_map(Map(PhantomData))
    }
}

/// The lengths of a tensor, of which one more than [`limits::RANK`] is kept.
#[derive(Debug, Clone)]
pub(crate) struct Lengths(pub(crate) Vec<u64>);

impl<'de> Deserialize<'de> for Lengths {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct List;
        impl<'de> Visitor<'de> for List {
            type Value = Lengths;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a list of lengths")
            }

            fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<Lengths, A::Error> {
                let mut lengths = Vec::new();
                while lengths.len() <= limits::RANK
                    && let Some(length) = list.next_element()?
                {
                    lengths.push(length);
                }
                while list.next_element::<IgnoredAny>()?.is_some() {}
                Ok(Lengths(lengths))
            }
        }
        deserializer.deserialize_seq(List)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_more_is_kept_than_a_file_may_have() {
        let text = |count: usize| {
            let entries: Vec<String> = (0..count).map(|key| format!("\"{key}\":{key}")).collect();
            format!("{{{}}}", entries.join(","))
        };
        let entries: Entries<u32> = serde_json::from_str(&text(limits::ENTRIES)).unwrap();
        assert_eq!((entries.kept.len(), entries.more, entries.repeated()), (limits::ENTRIES, false, None));
        let entries: Entries<u32> = serde_json::from_str(&text(limits::ENTRIES + 2)).unwrap();
        assert_eq!((entries.kept.len(), entries.more), (limits::ENTRIES, true));
        let Lengths(lengths) = serde_json::from_str("[0,1,2,3,4,5,6,7,8,9,10,11,12,13,14,15,16,17,18]").unwrap();
        assert_eq!(lengths, (0..=16).collect::<Vec<_>>());
    }

    #[test]
    fn repeated_keys_are_found() {
        let entries: Entries<u32> = serde_json::from_str(r#"{"b":1,"a":2,"\u0062":3}"#).unwrap();
        assert_eq!(entries.repeated(), Some("b"));
    }
}
