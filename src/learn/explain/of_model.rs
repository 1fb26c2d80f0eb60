//! Which models can be taken apart, and how.

use super::linear::LinearSums;
use super::tree::{CoveredNode, CoveredTree};
use super::{Explainer, Explanation, Leaves, Scale};
use crate::definition::estimator::ESTIMATORS;
use crate::error::{Error, Kind, Result};
use crate::learn::estimator::{ForestNode, TreeView};
use crate::learn::{FeatureColumn, FittedModel, Model, Output, most_probable};

/// Estimators whose answer is no sum over trees or columns, and naive Bayes, whose file does not say
/// what the train rows come to on average.
pub(super) const NOT_TAKEN_APART: &[&str] = &["gaussian_nb", "knn", "svm"];

impl Model {
    /// Makes the model ready to be taken apart.
    ///
    /// # Errors
    /// [`Kind::Usage`] where the estimator has no exact contributions, or its scores are calibrated; [`Kind::MissingInput`] where
    /// the model file is of a version that did not keep what they take.
    pub fn explainer(&self) -> Result<Explainer> {
        if self.calibration.is_some() {
            return Err(calibrated());
        }
        let (columns, output) = (self.encoder.width(), self.outcome.output());
        let scale = match output {
            Output::Number => Scale::Number,
            _ => Scale::Probability,
        };
        let log_odds = match output {
            Output::Number => Scale::Number,
            _ => Scale::LogOdds,
        };
        match &self.fitted {
            FittedModel::Forest(forest) => {
                let views = forest.tree_views().ok_or_else(|| self.too_old())?;
                let trees = covered(views, output.width())?;
                let divisor = trees.len() as f64;
                let offsets = vec![0.0; output.width()];
                let leaves = Leaves::OfEachOutput;
                Ok(Explainer::trees(
                    scale, columns, trees, leaves, &offsets, divisor,
                ))
            }
            FittedModel::GradientBoosting(boosted) => {
                let views = boosted.tree_views().ok_or_else(|| self.too_old())?;
                let trees = covered(views, 1)?;
                let leaves = Leaves::OfOneInTurn;
                Ok(Explainer::trees(
                    log_odds,
                    columns,
                    trees,
                    leaves,
                    boosted.base(),
                    1.0,
                ))
            }
            FittedModel::LogisticRegression(model) | FittedModel::LinearRegression(model) => {
                let means = model.means.clone().ok_or_else(|| self.too_old())?;
                let functions = model.functions.clone();
                let sums = LinearSums { functions, means };
                Ok(Explainer::linear(log_odds, sums))
            }
            FittedModel::Prior(prior) => {
                Ok(Explainer::constant(scale, columns, prior.answer.clone()))
            }
            FittedModel::GaussianNb(_) | FittedModel::Knn(_) | FittedModel::Svm(_) => {
                Err(self.no_sum())
            }
        }
    }

    /// Takes apart what the model says of raw features; `scores` are those of
    /// [`Model::predict`]. Of several classes the most probable is taken apart, of equal ones the
    /// first.
    pub fn explain(
        &self,
        explainer: &Explainer,
        columns: &[FeatureColumn],
        scores: &[f64],
    ) -> Result<Vec<Explanation>> {
        let encoded = self.encoder.transform(columns)?;
        let outputs: Vec<usize> = scores
            .chunks(self.outcome.output().width())
            .map(most_probable)
            .collect();
        let by_feature = |columns: &[f64]| self.encoder.sums_by_feature(columns);
        Ok(explainer.explain(&encoded.matrix, &outputs, by_feature))
    }

    fn no_sum(&self) -> Error {
        let names = ESTIMATORS.iter().map(|estimator| estimator.name);
        let names: Vec<_> = names
            .filter(|name| !NOT_TAKEN_APART.contains(name))
            .collect();
        Error::usage(format!(
            "a prediction of {} cannot be taken apart exactly",
            self.parameters.kind()
        ))
        .help(format!("these estimators can: {}", names.join(", ")))
    }

    fn too_old(&self) -> Error {
        let what = match self.fitted {
            FittedModel::LogisticRegression(_) | FittedModel::LinearRegression(_) => {
                "the means of the train rows"
            }
            _ => "how many train rows came to each leaf",
        };
        Error::new(
            Kind::MissingInput,
            format!(
                "the model was made by a version of {} that did not keep {what}, which explanations need",
                self.parameters.kind()
            ),
        )
    }
}

/// A calibration bends the sum: what would be added up is another number than the one that is told.
fn calibrated() -> Error {
    Error::new(
        Kind::Usage,
        "the run's probabilities are calibrated, and contributions add up to what is said before that",
    )
    .help("explain a run without `method` under [calibrate]: it ranks rows alike, but for isotonic ties")
}

fn covered<'a>(
    views: impl Iterator<Item = TreeView<'a>>,
    outputs: usize,
) -> Result<Vec<CoveredTree>> {
    let tree = |view: TreeView<'a>| {
        let nodes = view.nodes.iter().map(|found| match found.node {
            ForestNode::Split { column, threshold } => CoveredNode::Split {
                column,
                threshold,
                cover: found.cover,
            },
            ForestNode::Leaf(values) => CoveredNode::Leaf {
                values,
                cover: found.cover,
            },
        });
        CoveredTree::new(nodes, outputs)
    };
    views.map(tree).collect()
}
