//! Reports as JSON.

use serde::Deserialize;

use super::{Comparison, RemarkKind, SCHEMA_MINOR, SCHEMA_VERSION, Warning};

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
        let mut report: Self = serde_json::from_str(text).map_err(malformed)?;
        if report.schema_minor > SCHEMA_MINOR {
            let message = format!(
                "the report was written by a later version (schema {SCHEMA_VERSION}.{}, this program reads up to \
                 {SCHEMA_VERSION}.{SCHEMA_MINOR}); what is new in it is not shown",
                report.schema_minor
            );
            let kind = RemarkKind::LaterVersion;
            report.warnings.insert(0, Warning { kind, input: None, layer: None, message, places: Vec::new() });
        }
        Ok(report)
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
    fn the_text_is_the_one_that_other_programs_read() {
        let text = sample::comparison().to_json();
        for part in [
            "{\n  \"schema_version\": 1,\n  \"schema_minor\": 2,\n  \"generator\": \"repgeo 0.1.0\",\n  \"inputs\": [",
            "\"subset\": {\n      \"stratified\": {\n        \"seed\": 7",
            "\"row_policy\": \"flatten\"",
            "[\n              0.1,\n              -1.2345678901234567e-20\n            ]",
            "{\n                \"absent\": \"constant in every feature\"\n              },\n              0.30000000000000004",
        ] {
            assert!(text.contains(part), "{part} in {text}");
        }
        assert!(text.ends_with("  ]\n}\n"), "{text}");
    }

    #[test]
    fn a_report_without_what_was_added_later_opens() {
        let mut old: serde_json::Value = serde_json::from_str(&sample::comparison().to_json()).unwrap();
        old.as_object_mut().unwrap().remove("schema_minor");
        old["warnings"][0].as_object_mut().unwrap().remove("kind");
        let read = Comparison::from_json(&old.to_string()).unwrap();
        let mut expected = Comparison { schema_minor: 0, ..sample::comparison() };
        expected.warnings[0].kind = RemarkKind::Unknown;
        assert_eq!(read, expected);
        // What was not there is not made up when it is written again.
        assert!(!read.to_json().contains("\"kind\": \"unknown\""));
    }

    #[test]
    fn a_report_of_a_later_minor_version_opens_with_a_remark() {
        let mut later: serde_json::Value = serde_json::from_str(&sample::comparison().to_json()).unwrap();
        later["schema_minor"] = serde_json::json!(7);
        later["measures"][0]["floor"] = serde_json::json!([0.5]);
        later["warnings"][0]["kind"] = serde_json::json!("quantised-weights");
        let read = Comparison::from_json(&later.to_string()).unwrap();
        assert_eq!(read.measures, sample::comparison().measures);
        assert!(read.warnings[0].message.contains("schema 1.7"), "{}", read.warnings[0].message);
        assert_eq!(
            read.warnings[1],
            Warning { kind: RemarkKind::Unknown, ..sample::comparison().warnings.swap_remove(0) }
        );
        assert_eq!(read.warnings.len(), sample::comparison().warnings.len() + 1);
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
