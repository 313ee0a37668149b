//! What makes a feature map smaller.

use std::borrow::Cow;
use std::fmt;
use std::str::FromStr;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{GraphBuilder, ModelError};

/// Windows that slide over a map; in JSON and in words as it is displayed: `max:3:2:1` is the maximum over 3 × 3 windows with
/// stride 2 and padding 1, `avg:2` the mean over 2 × 2 windows side by side.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "Written", into = "String")]
pub struct Pool {
    /// Maximum or mean.
    pub kind: PoolKind,
    /// Side of the windows.
    pub side: usize,
    /// Step.
    pub stride: usize,
    /// Padding at each side; of zeros for means.
    pub padding: usize,
}

/// What is taken of the values under a window.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PoolKind {
    /// The largest; padding does not count.
    Max,
    /// The mean.
    Average,
}

impl Pool {
    /// The maximum over windows of this side, side by side.
    #[must_use]
    pub fn max(side: usize) -> Self {
        Self { kind: PoolKind::Max, side, stride: side, padding: 0 }
    }

    /// The mean over windows of this side, side by side.
    #[must_use]
    pub fn average(side: usize) -> Self {
        Self { kind: PoolKind::Average, ..Self::max(side) }
    }

    /// Appends it to a network.
    pub(super) fn append(self, builder: &mut GraphBuilder) -> Result<(), ModelError> {
        let Self { kind, side, stride, padding } = self;
        match kind {
            PoolKind::Max => builder.max_pool(side, stride, padding)?,
            PoolKind::Average => builder.avg_pool(side, stride, padding)?,
        };
        Ok(())
    }

    /// What is left of a side of a map; nothing when no window fits.
    pub(super) fn side_after(self, side: usize) -> Option<usize> {
        let room = side.checked_add(self.padding.checked_mul(2)?)?.checked_sub(self.side)?;
        room.checked_div(self.stride)?.checked_add(1)
    }
}

impl fmt::Display for Pool {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { kind, side, stride, padding } = *self;
        let kind = match kind {
            PoolKind::Max => "max",
            PoolKind::Average => "avg",
        };
        write!(f, "{kind}:{side}")?;
        if stride != side || padding != 0 {
            write!(f, ":{stride}")?;
        }
        if padding != 0 {
            write!(f, ":{padding}")?;
        }
        Ok(())
    }
}

/// What is not the form of a pooling.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("pooling: expected a form such as max:2, max:3:2 or avg:2, found `{0}`")]
pub struct PoolError(String);

impl FromStr for Pool {
    type Err = PoolError;

    fn from_str(text: &str) -> Result<Self, PoolError> {
        let refused = || PoolError(text.to_owned());
        let mut parts = text.split(':');
        let kind = match parts.next() {
            Some("max") => PoolKind::Max,
            Some("avg" | "average") => PoolKind::Average,
            _ => return Err(refused()),
        };
        let numbers: Vec<usize> = parts.map(str::parse).collect::<Result<_, _>>().map_err(|_| refused())?;
        let pool = match numbers[..] {
            [side] => Self { kind, side, stride: side, padding: 0 },
            [side, stride] => Self { kind, side, stride, padding: 0 },
            [side, stride, padding] => Self { kind, side, stride, padding },
            _ => return Err(refused()),
        };
        let fits = pool.side > 0 && pool.stride > 0 && pool.padding <= pool.side / 2;
        if fits { Ok(pool) } else { Err(refused()) }
    }
}

/// A pooling or none, in the form that is read.
#[derive(Clone)]
pub(super) struct MaybePool(pub(super) Option<Pool>);

impl MaybePool {
    /// What can be said.
    pub(super) const EXPECTED: &'static str = "none or a form such as max:2, avg:3:2 or max:3:2:1";
}

impl FromStr for MaybePool {
    type Err = PoolError;

    fn from_str(text: &str) -> Result<Self, PoolError> {
        match text {
            "none" => Ok(Self(None)),
            _ => text.parse().map(|pool| Self(Some(pool))),
        }
    }
}

/// The forms in JSON: the text, and `{"max": 2}`.
#[derive(Deserialize)]
#[serde(untagged)]
enum Written {
    Text(String),
    Sides(Sides),
}

#[derive(Deserialize)]
#[serde(rename_all = "kebab-case")]
enum Sides {
    Max(usize),
    Average(usize),
}

impl TryFrom<Written> for Pool {
    type Error = PoolError;

    fn try_from(written: Written) -> Result<Self, PoolError> {
        match written {
            Written::Text(text) => text.parse(),
            Written::Sides(Sides::Max(side)) => Ok(Self::max(side)),
            Written::Sides(Sides::Average(side)) => Ok(Self::average(side)),
        }
    }
}

impl From<Pool> for String {
    fn from(pool: Pool) -> Self {
        pool.to_string()
    }
}

impl JsonSchema for Pool {
    fn schema_name() -> Cow<'static, str> {
        "Pool".into()
    }

    fn json_schema(_: &mut schemars::SchemaGenerator) -> schemars::Schema {
        schemars::json_schema!({ "type": "string" })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_are_read_as_they_are_written() {
        for text in ["max:2", "max:3:2", "max:3:2:1", "max:2:2:1", "avg:2", "avg:3:2:1"] {
            let pool: Pool = text.parse().unwrap();
            assert_eq!(pool.to_string(), text);
            assert_eq!(serde_json::from_str::<Pool>(&serde_json::to_string(&pool).unwrap()).unwrap(), pool);
        }
        for text in ["", "max", "max:", "max:0", "max:2:0", "min:2", "max:2:2:2:2", "max:2:2:2"] {
            assert!(text.parse::<Pool>().is_err(), "{text}");
        }
        assert_eq!(serde_json::from_str::<Pool>(r#"{"max":2}"#).unwrap(), Pool::max(2));
    }

    #[test]
    fn sides_are_those_of_pytorch() {
        let after = |text: &str, side| text.parse::<Pool>().unwrap().side_after(side);
        assert_eq!((after("max:2", 5), after("max:3:2", 55), after("max:3:2:1", 112)), (Some(2), Some(27), Some(56)));
        assert_eq!(after("max:2", 1), None);
    }
}
