//! How what a run says moves with one of its features.

use super::Tested;
use crate::definition::{Dtype, InputName};
use crate::error::{Error, Result};
use crate::hash::Digest;
use crate::learn::{DependencePoint, Grid, Outcome};
use crate::run::reference::KnownRun;
use crate::run::steps::Predictions;
use crate::store::Store;

/// To how many values a number is set where nothing else is asked for.
pub const DEFAULT_GRID: u16 = 20;

/// The mean prediction of a run's test rows, a feature set to one value after the other.
#[derive(Debug, Clone, PartialEq)]
pub struct Dependence {
    /// `table.feature`.
    pub feature: String,
    pub dtype: Dtype,
    pub rows: u64,
    /// What is predicted, in the order of the means of each point.
    pub outcome: Outcome,
    /// The mean of what is said of the rows as they are, one for each output.
    pub means: Vec<f64>,
    pub points: Vec<DependencePoint>,
}

/// Sets `feature` to each value of a grid of at most `points` numbers, or to each text that was learnt.
///
/// # Errors
/// [`crate::error::Kind::MissingInput`] when the store does not have the run's outputs;
/// [`crate::error::Kind::Usage`] when `feature` is none of the run.
pub fn dependence(
    store: &Store,
    known: &KnownRun,
    feature: &str,
    points: u16,
) -> Result<Dependence> {
    let tested = Tested::of(store, known)?;
    let name = tested.feature(feature)?;
    refuse_dropped(&tested, &name)?;
    let dtype = tested.values(&name)?.dtype();
    let grid = Grid {
        points: points.max(2).into(),
        whole: dtype != Dtype::F64,
    };
    let found = tested.model.dependence(&tested.columns()?, feature, grid)?;
    Ok(Dependence {
        feature: feature.to_string(),
        dtype,
        rows: tested.rows.rows() as u64,
        means: means(&tested),
        outcome: tested.model.outcome,
        points: found,
    })
}

/// A feature that expressions alone read is none that the model could be shown other values of.
fn refuse_dropped(tested: &Tested, name: &InputName) -> Result<()> {
    let preprocess = &tested.spec.preprocess;
    let Some(name) = name.as_feature().filter(|name| preprocess.drops(name)) else {
        return Ok(());
    };
    let run = tested.run.short();
    let message = format!("the model of run {run} does not take {name}: the run drops it");
    let derived: Vec<String> = preprocess.derived.keys().map(ToString::to_string).collect();
    Err(Error::usage(message).help(format!("ask for what is derived: {}", derived.join(", "))))
}

/// The mean of what is said of the rows as they are. A class that no train row has is not predicted.
fn means(tested: &Tested) -> Vec<f64> {
    let rows = tested.predictions.rows() as f64;
    let mean =
        |scores: &mut dyn Iterator<Item = f64>| scores.fold(0.0, |sum, score| sum + score) / rows;
    match (&tested.predictions, &tested.model.outcome) {
        (Predictions::Binary { probabilities, .. }, _) => {
            vec![mean(&mut probabilities.iter().copied())]
        }
        (Predictions::Regression { predictions, .. }, _) => {
            vec![mean(&mut predictions.iter().copied())]
        }
        (
            Predictions::Multiclass {
                classes,
                probabilities,
                ..
            },
            Outcome::Multiclass(known),
        ) => {
            let places = known
                .iter()
                .filter_map(|class| classes.binary_search(class).ok());
            let of = |place: usize| {
                mean(
                    &mut probabilities
                        .iter()
                        .skip(place)
                        .step_by(classes.len())
                        .copied(),
                )
            };
            places.map(of).collect()
        }
        (Predictions::Multiclass { .. }, _) => Vec::new(),
    }
}
