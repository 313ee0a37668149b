//! Reports as JSON.

use serde::Deserialize;

use super::{Comparison, SCHEMA_VERSION};

/// Why a text is not a report that can be read.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ReportError {
    /// Not JSON, or not a report.
    #[error("not a RepGeo report: {0}")]
    Malformed(String),
    /// Written by another version.
    #[error(
        "the report has schema version {found}, but this program reads version {SCHEMA_VERSION}; use a program of that version"
    )]
    Version {
        /// The version of the report.
        found: u64,
    },
}

impl Comparison {
    /// The report as JSON, indented, fields in the order of the schema, numbers in the shortest form that reads back to
    /// the same value.
    #[must_use]
    pub fn to_json(&self) -> String {
        // Strings, numbers and string keys only: there is nothing that JSON cannot say.
        serde_json::to_string_pretty(self).unwrap_or_default() + "\n"
    }

    /// Reads what [`Comparison::to_json`] wrote.
    ///
    /// # Errors
    /// [`ReportError`] when the text is not a report, or one of another schema version.
    pub fn from_json(text: &str) -> Result<Self, ReportError> {
        #[derive(Deserialize)]
        struct Version {
            schema_version: u64,
        }
        let malformed = |error: serde_json::Error| ReportError::Malformed(error.to_string());
        let Version { schema_version: found } = serde_json::from_str(text).map_err(malformed)?;
        if found != u64::from(SCHEMA_VERSION) {
            return Err(ReportError::Version { found });
        }
        serde_json::from_str(text).map_err(malformed)
    }

    /// The JSON Schema of reports, indented.
    #[must_use]
    pub fn json_schema() -> String {
        let schema = schemars::schema_for!(Comparison);
        serde_json::to_string_pretty(&schema).unwrap_or_default() + "\n"
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::study::sample;

    #[test]
    fn round_trip_keeps_every_bit() {
        let report = sample::comparison();
        assert_eq!(Comparison::from_json(&report.to_json()), Ok(report));
    }

    #[test]
    fn the_text_depends_on_the_report_alone() {
        assert_eq!(sample::comparison().to_json(), sample::comparison().to_json());
    }

    #[test]
    fn another_version_is_refused_before_the_rest_is_read() {
        let error = Comparison::from_json("{\"schema_version\": 99, \"inputs\": 3}").unwrap_err();
        assert_eq!(error, ReportError::Version { found: 99 });
        assert!(error.to_string().contains("schema version 99"), "{error}");
    }

    #[test]
    fn what_is_no_report_is_refused_with_a_reason() {
        for text in ["", "[]", "{}", "{\"schema_version\": 1}", "{\"schema_version\": null}"] {
            assert!(matches!(Comparison::from_json(text), Err(ReportError::Malformed(_))), "{text}");
        }
    }
}
