//! The model file: everything that answering a request takes, and nothing that could run.
//!
//! | bytes | |
//! |---|---|
//! | 8 | `SFMODEL` and a line feed |
//! | 4 | format version, little-endian |
//! | 8 | length of the header, little-endian |
//! | … | header: JSON with `features`, `encoder`, and the `estimator` with its version and parameters |
//! | … | what the estimator learnt; see `write` of each |
//! | 32 | BLAKE3 of all bytes before |
//!
//! The same model gives the same bytes. A reader takes nothing on trust: lengths are compared with
//! what is there before memory is reserved, and every part is checked against the others, so that
//! a damaged or hostile file is an error and never a panic, a loop or a wrong answer.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::bytes::{Reader, Writer};
use super::{
    Calibration, Encoder, EstimatorParameters, FeatureColumn, FeatureKind, FittedModel, Imputed,
    Matrix, Outcome, exact,
};
use crate::definition::{ColumnName, DerivedFeature, Dtype};
use crate::error::{Error, Result};
use crate::hash::{Digest, FeatureHash, ObjectId};

/// The newest format version this program reads.
///
/// 1: the first. 2: with a calibration or a threshold. 3: with derived features. A file has the lowest that it
/// needs.
pub const MODEL_FORMAT: u32 = 3;

const MAGIC: &[u8; 8] = b"SFMODEL\n";
const CHECKSUM: usize = 32;

/// A model that can answer: raw features in, scores out.
#[derive(Debug, Clone, PartialEq)]
pub struct Model {
    pub outcome: Outcome,
    /// What the model needs of a row, in name order. The encoder takes all of them, but for those that derived
    /// features alone read.
    pub features: Vec<ModelFeature>,
    /// What is computed of them before anything is encoded, in name order; the encoder takes all of it.
    pub derived: Vec<DerivedFeature>,
    pub encoder: Encoder,
    pub parameters: EstimatorParameters,
    pub fitted: FittedModel,
    /// What makes probabilities of the estimator's scores.
    pub calibration: Option<Calibration>,
    /// Of two classes, where a rule picked it: from which probability on a row is positive.
    pub threshold: Option<f64>,
}

/// One input of a model.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ModelFeature {
    /// `table.feature`.
    pub name: String,
    pub kind: FeatureKind,
    /// How the feature was computed when the model was trained.
    pub definition: FeatureHash,
}

/// The answer for some rows, in their order.
#[derive(Debug, Clone, PartialEq)]
pub struct Prediction {
    /// Row after row, as many numbers a row as [`super::Output::width`] says.
    pub scores: Vec<f64>,
    pub imputed: Imputed,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Header {
    features: Vec<ModelFeature>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    derived: Vec<DerivedFeature>,
    /// Two classes have no names, and stood alone in the first model files.
    #[serde(default, skip_serializing_if = "Outcome::is_binary")]
    outcome: Outcome,
    encoder: Encoder,
    estimator: EstimatorHeader,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    calibration: Option<Calibration>,
    #[serde(
        default,
        skip_serializing_if = "Option::is_none",
        with = "exact::option"
    )]
    threshold: Option<f64>,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct EstimatorHeader {
    version: u32,
    parameters: EstimatorParameters,
}

impl Model {
    /// Puts a model together. `definition` gives the hash of a feature's definition by its name.
    pub fn new(
        outcome: Outcome,
        encoder: Encoder,
        parameters: EstimatorParameters,
        fitted: FittedModel,
        definition: impl Fn(&str) -> FeatureHash,
    ) -> Self {
        let features = encoder
            .feature_names()
            .zip(encoder.feature_kinds())
            .map(|(name, kind)| ModelFeature {
                name: name.to_string(),
                kind,
                definition: definition(name),
            })
            .collect();
        Self {
            outcome,
            features,
            derived: Vec::new(),
            encoder,
            parameters,
            fitted,
            calibration: None,
            threshold: None,
        }
    }

    /// Answers for raw features. See [`Encoder::transform`] for what it refuses.
    pub fn predict(&self, columns: &[FeatureColumn]) -> Result<Prediction> {
        let encoded = self.encoder.transform(columns)?;
        Ok(Prediction {
            scores: self.scores(&encoded.matrix),
            imputed: encoded.imputed,
        })
    }

    /// What it says of encoded rows, row after row.
    pub(super) fn scores(&self, matrix: &Matrix) -> Vec<f64> {
        let mut scores = self.fitted.predict(matrix);
        if let Some(calibration) = &self.calibration {
            calibration.apply(&mut scores);
        }
        scores
    }

    /// From which probability on a row is positive: what a rule picked, else what is declared.
    pub fn decides_from(&self, declared: f64) -> f64 {
        self.threshold.unwrap_or(declared)
    }

    /// How much each feature contributes; they add up to 1. None where the estimator cannot say.
    pub fn importances(&self) -> Option<Vec<(String, f64)>> {
        self.fitted
            .importances()
            .map(|importances| self.encoder.by_feature(importances))
    }

    /// The model as a file.
    pub fn to_bytes(&self) -> Vec<u8> {
        let header = Header {
            outcome: self.outcome.clone(),
            features: self.features.clone(),
            derived: self.derived.clone(),
            encoder: self.encoder.clone(),
            estimator: EstimatorHeader {
                version: self.parameters.version(),
                parameters: self.parameters.clone(),
            },
            calibration: self.calibration.clone(),
            threshold: self.threshold,
        };
        let format = header.format();
        let header =
            serde_json::to_vec(&header).expect("a header has text keys and finite numbers");
        let mut writer = Writer::default();
        writer.raw(MAGIC);
        writer.u32(format);
        writer.u64(header.len() as u64);
        writer.raw(&header);
        self.fitted.write(&mut writer);
        let checksum = ObjectId::of_bytes(writer.as_bytes());
        writer.raw(checksum.as_bytes());
        writer.into_bytes()
    }

    /// Reads a model file.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self> {
        let mut reader = Reader::new(checked_content(bytes)?);
        reader.raw(MAGIC.len())?;
        check_version("format", reader.u32()?, MODEL_FORMAT)?;
        let length = reader.length()?;
        let header: Header = serde_json::from_slice(reader.raw(length)?)
            .map_err(|error| damaged("its header cannot be read").caused_by(error))?;
        header.check()?;
        let Header {
            outcome,
            features,
            derived,
            encoder,
            estimator,
            calibration,
            threshold,
        } = header;
        let EstimatorHeader {
            version,
            parameters,
        } = estimator;
        let (columns, output) = (encoder.width(), outcome.output());
        let fitted = FittedModel::read(&parameters, version, &mut reader, columns, output)?;
        if !reader.is_at_end() {
            return Err(damaged("it is longer than it says"));
        }
        Ok(Self {
            outcome,
            features,
            derived,
            encoder,
            parameters,
            fitted,
            calibration,
            threshold,
        })
    }
}

impl Header {
    /// The lowest version that has all of it.
    fn format(&self) -> u32 {
        match (&self.derived[..], &self.calibration, self.threshold) {
            ([_, ..], _, _) => 3,
            ([], None, None) => 1,
            ([], _, _) => 2,
        }
    }

    fn check(&self) -> Result<()> {
        let parameters = &self.estimator.parameters;
        check_version(
            parameters.kind(),
            self.estimator.version,
            parameters.version(),
        )?;
        parameters
            .check()
            .map_err(|error| damaged("its parameters are out of range").caused_by(error))?;
        self.encoder.check().map_err(damaged)?;
        if !self.outcome.is_sound() {
            return Err(damaged("its classes are out of order"));
        }
        let width = self.outcome.output().width();
        let is_sound = |calibration: &Calibration| calibration.is_sound(width);
        if !self.calibration.as_ref().is_none_or(is_sound) {
            return Err(damaged("its calibration is none"));
        }
        self.check_features()
    }

    /// The encoder takes each feature that is there, in name order, unless derived ones read it; and each of those.
    fn check_features(&self) -> Result<()> {
        let Self {
            features, derived, ..
        } = self;
        if !features.is_sorted_by(|a, b| a.name < b.name)
            || !derived.is_sorted_by(|a, b| a.name < b.name)
        {
            return Err(damaged("its features are out of order"));
        }
        let features: BTreeMap<&str, FeatureKind> = features
            .iter()
            .map(|feature| (feature.name.as_str(), feature.kind))
            .collect();
        let inputs = |derived: &DerivedFeature| derived.expression.inputs();
        let read: BTreeMap<ColumnName, Dtype> = derived.iter().flat_map(inputs).collect();
        let is_there = |(name, dtype): (ColumnName, Dtype)| {
            features.get(name.as_str()) == Some(&FeatureKind::of(dtype))
                && read.get(&name) == Some(&dtype)
        };
        if !derived.iter().flat_map(inputs).all(is_there) {
            return Err(damaged("its derived features read what is not there"));
        }
        let mut unseen = features.clone();
        let mut of_derived: BTreeMap<&str, FeatureKind> = derived
            .iter()
            .map(|derived| {
                (
                    derived.name.as_str(),
                    FeatureKind::of(derived.expression.dtype()),
                )
            })
            .collect();
        let encoded = self
            .encoder
            .feature_names()
            .zip(self.encoder.feature_kinds());
        let mut is_known = |(name, kind): (&str, FeatureKind)| {
            unseen.remove(name).or_else(|| of_derived.remove(name)) == Some(kind)
        };
        let all_known = encoded.into_iter().all(&mut is_known);
        let all_used = unseen.keys().all(|name| read.contains_key(*name));
        match all_known && all_used && of_derived.is_empty() {
            true => Ok(()),
            false => Err(damaged("its features are not those of its encoder")),
        }
    }
}

/// The bytes before the checksum, if they begin as a model does and the checksum is theirs.
fn checked_content(bytes: &[u8]) -> Result<&[u8]> {
    if !bytes.starts_with(MAGIC) {
        return Err(Error::failure("this is not a streamflow model file"));
    }
    let (content, checksum) = bytes
        .len()
        .checked_sub(CHECKSUM)
        .and_then(|length| bytes.split_at_checked(length))
        .ok_or_else(|| damaged("it ends early"))?;
    if ObjectId::of_bytes(content).as_bytes() == checksum {
        Ok(content)
    } else {
        Err(damaged("its bytes do not have the checksum they end with"))
    }
}

fn check_version(of: &str, found: u32, known: u32) -> Result<()> {
    if (1..=known).contains(&found) {
        return Ok(());
    }
    Err(Error::failure(format!(
        "the model file has {of} version {found}; known is {known}"
    ))
    .help("a newer streamflow wrote it: upgrade to read it"))
}

fn damaged(what: &str) -> Error {
    Error::failure(format!("the model file is damaged: {what}"))
        .help("`streamflow fsck` finds what else is, and `streamflow replay` makes the model again")
}

#[cfg(test)]
mod tests;
