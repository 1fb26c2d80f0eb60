//! Predictions taken apart, as replies and commands give them.

use serde::ser::SerializeMap;
use serde::{Serialize, Serializer};

use super::problem::Problem;
use super::state::Pair;
use crate::error::{Error, Kind, Result};
use crate::hash::Digest;
use crate::learn::{Explainer, Explanation, Scale};

/// Ids of one request whose predictions are taken apart.
pub const MAX_EXPLAINED: usize = 1000;

/// What each feature contributes to one prediction.
#[derive(Debug, Clone)]
pub struct Explained<'a> {
    pub scale: Scale,
    pub base: f64,
    /// By full name, in the order of the model.
    pub contributions: Vec<(&'a str, f64)>,
}

impl<'a> Explained<'a> {
    pub(super) fn new(pair: &'a Pair, explanation: Explanation) -> Self {
        let names = pair.pinned.model.encoder.feature_names();
        Self {
            scale: explanation.scale,
            base: explanation.base,
            contributions: names.zip(explanation.contributions).collect(),
        }
    }
}

impl Serialize for Explained<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(Some(3))?;
        map.serialize_entry("scale", &self.scale)?;
        map.serialize_entry("base", &self.base)?;
        map.serialize_entry("contributions", &Contributions(&self.contributions))?;
        map.end()
    }
}

struct Contributions<'a>(&'a [(&'a str, f64)]);

impl Serialize for Contributions<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_map(self.0.iter().copied())
    }
}

impl Pair {
    /// The pinned model made ready to be taken apart; it is kept for the next.
    ///
    /// # Errors
    /// As [`crate::learn::Model::explainer`]; the help names the command that leads out.
    pub fn explainer(&self) -> Result<&Explainer> {
        if let Some(made) = self.explainer.get() {
            return Ok(made);
        }
        let made = self.pinned.model.explainer();
        let made = made.map_err(|error| match error.kind() {
            Kind::MissingInput => self.made_anew(error),
            _ => error,
        })?;
        Ok(self.explainer.get_or_init(|| made))
    }

    fn made_anew(&self, error: Error) -> Error {
        let experiment = &self.pinned.execution.experiment;
        error
            .detail(format!("run {} is pinned", self.run().short()))
            .help(format!(
                "`streamflow run {experiment}` makes a model that keeps it; promote that run"
            ))
    }
}

/// Why a prediction is not taken apart, for a client.
pub fn no_explanation(error: &Error) -> Option<Problem> {
    let is_of_the_model = matches!(error.kind(), Kind::Usage | Kind::MissingInput);
    is_of_the_model.then(|| Problem::no_explanation(error))
}
