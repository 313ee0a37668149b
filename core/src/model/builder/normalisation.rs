//! Normalisations over samples and over groups of channels.

use super::{GraphBuilder, channels_of};
use crate::model::{ModelError, NodeId, Operation, ParameterRole};

impl GraphBuilder {
    /// Batch normalisation.
    ///
    /// # Errors
    /// [`ModelError`] when the network grows too large.
    pub fn batch_norm(&mut self, name: &str, epsilon: f64) -> Result<NodeId, ModelError> {
        let shape = self.shape(self.current())?;
        let features = channels_of(shape);
        self.check_epsilon(name, epsilon)?;
        for (suffix, role) in [
            ("weight", ParameterRole::Scale),
            ("bias", ParameterRole::Shift),
            ("running_mean", ParameterRole::RunningMean),
            ("running_var", ParameterRole::RunningVar),
        ] {
            self.parameter(format!("{name}.{suffix}"), vec![features], role)?;
        }
        let operation = Operation::BatchNorm { name: name.to_owned(), epsilon };
        self.push(name, operation, vec![self.current()], shape)
    }

    /// Group normalisation; with one group, of a vector, layer normalisation.
    ///
    /// # Errors
    /// [`ModelError`] when the channels do not fall into so many groups.
    pub fn group_norm(&mut self, name: &str, groups: usize, epsilon: f64) -> Result<NodeId, ModelError> {
        let shape = self.shape(self.current())?;
        let features = channels_of(shape);
        self.check_epsilon(name, epsilon)?;
        if groups == 0 || !features.is_multiple_of(groups) {
            let expected = format!("channels that fall into {groups} groups");
            return Err(self.error(name, expected, features.to_string()));
        }
        for (suffix, role) in [("weight", ParameterRole::Scale), ("bias", ParameterRole::Shift)] {
            self.parameter(format!("{name}.{suffix}"), vec![features], role)?;
        }
        let operation = Operation::GroupNorm { name: name.to_owned(), groups, epsilon };
        self.push(name, operation, vec![self.current()], shape)
    }

    fn check_epsilon(&self, name: &str, epsilon: f64) -> Result<(), ModelError> {
        if epsilon.is_finite() && epsilon >= 0.0 {
            return Ok(());
        }
        Err(self.error(name, "an epsilon from 0 on", epsilon.to_string()))
    }
}
