//! How much worse a model does when a feature's values change rows among each other.
//!
//! Breiman, Random Forests, Machine Learning 45 (2001); Fisher, Rudin and Dominici, All Models are
//! Wrong, but Many are Useful, JMLR 20 (2019), who call it model reliance. The model stays as it
//! is. What is permuted are the raw values of a feature, before they are encoded; since each value is
//! encoded by itself, the same comes of permuting the feature's matrix columns together, and the rows
//! are encoded once.
//!
//! A permutation is a function of the seed, the feature's name and the number of the repeat: other
//! features, their order and the number of threads leave it as it is.

use rayon::prelude::*;

use super::predict_with;
use crate::error::Result;
use crate::hash::ContentHasher;
use crate::learn::random::Random;
use crate::learn::{FeatureColumn, Model};

/// Which permutations are drawn of each feature.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Permutations {
    pub seed: u64,
    /// At least 1.
    pub repeats: usize,
}

/// What is lost when one feature is permuted, over the repeats.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct PermutationImportance {
    pub mean: f64,
    /// Of all repeats: divided by their number, as scikit-learn's `importances_std`.
    pub sd: f64,
}

impl Permutations {
    /// Which row each of `rows` rows takes its value from: the shuffle of Fisher and Yates, with
    /// numbers of SplitMix64 from the first eight bytes, little-endian, of BLAKE3 over the domain
    /// `streamflow permutation 1`, the seed, the name and the repeat.
    pub(super) fn order(self, feature: &str, repeat: usize, rows: usize) -> Vec<usize> {
        let mut hasher = ContentHasher::new("streamflow permutation 1");
        hasher.raw(&self.seed.to_le_bytes());
        hasher.text(feature);
        hasher.count(repeat);
        let [a, b, c, d, e, f, g, h, ..] = hasher.finish();
        let mut random = Random::new(u64::from_le_bytes([a, b, c, d, e, f, g, h]));
        let mut order: Vec<usize> = (0..rows).collect();
        for at in (1..rows).rev() {
            order.swap(at, random.below(at + 1));
        }
        order
    }
}

impl PermutationImportance {
    /// Sums run in the order of the repeats.
    fn of(lost: &[f64]) -> Self {
        let count = lost.len() as f64;
        let mean = lost.iter().fold(0.0, |sum, lost| sum + lost) / count;
        let squares = lost
            .iter()
            .fold(0.0, |sum, lost| sum + (lost - mean) * (lost - mean));
        Self {
            mean,
            sd: (squares / count).sqrt(),
        }
    }
}

impl Model {
    /// What each feature's permutation costs, in the order of the encoder. `judge` says how good
    /// scores of the rows are; more is better.
    ///
    /// # Errors
    /// Those of [`crate::learn::Encoder::transform`] and of `judge`.
    pub fn permutation_importances(
        &self,
        columns: &[FeatureColumn],
        permutations: Permutations,
        judge: impl Fn(Vec<f64>) -> Result<f64> + Sync,
    ) -> Result<Vec<PermutationImportance>> {
        let matrix = self.encoder.transform(columns)?.matrix;
        let good = judge(self.scores(&matrix))?;
        let names: Vec<&str> = self.encoder.feature_names().collect();
        let features: Vec<_> = names.into_iter().zip(self.encoder.places()).collect();
        let importances: Vec<Result<PermutationImportance>> = features
            .into_par_iter()
            .map(|(name, place)| {
                let lost = (0..permutations.repeats).map(|repeat| {
                    let order = permutations.order(name, repeat, matrix.rows());
                    let taken = |row: usize| &matrix.row(order[row])[place.clone()];
                    let scores = predict_with(self, &matrix, &place, taken);
                    Ok(good - judge(scores)?)
                });
                let lost: Vec<f64> = lost.collect::<Result<_>>()?;
                Ok(PermutationImportance::of(&lost))
            })
            .collect();
        // One after the other, so that of several errors it is always the same one.
        importances.into_iter().collect()
    }
}
