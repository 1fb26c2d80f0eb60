//! Scores of the train rows, each by a model that has not learnt from it.

use std::collections::BTreeMap;

use super::fit::fitted_on;
use super::labels::Labels;
use super::predict::scores;
use super::split::{TRAIN, key_texts, split_rows};
use super::{AS_OF, FOLD, LABEL, WEIGHT, column, own, predictions, rows_of};
use crate::definition::CrossValidation;
use crate::error::{Error, Kind, Result};
use crate::feature::FeatureSpec;
use crate::learn::{self, Fold, Outcome};
use crate::plan::RunSpec;
use crate::run::artefact::StepNotes;
use crate::table::{Frame, Values, row_number};

/// Fits a model for each fold and scores the rows it has not seen: a table as that of predictions, with the
/// number of the fold from 1 and the weight of weighted rows, in the order of the training set. What `time` only learns from is not in it.
pub fn cross_validate(
    spec: &RunSpec,
    rule: CrossValidation,
    features: &[FeatureSpec],
    training_set: &Frame,
    split: &Frame,
) -> Result<(Frame, StepNotes)> {
    let train = rows_of(split, TRAIN)?;
    let train_set = gathered(training_set, &train);
    let keys = key_texts(spec, &train_set)?;
    let labels = Labels::of(&train_set)?;
    let folds = learn::folds(&split_rows(&keys, &labels, &train_set)?, rule)?;
    let outcome = labels.outcome();
    let width = outcome.output().width();
    let mut of_rows: Vec<Option<(i64, Vec<f64>)>> = vec![None; train.len()];
    for (number, fold) in (1..).zip(&folds) {
        let scores = of_fold(spec, features, training_set, &train, fold, &outcome)
            .map_err(|error| error.detail(format!("in fold {number} of {}", folds.len())))?;
        for (row, scores) in fold.held_out.iter().zip(scores.chunks_exact(width)) {
            of_rows[*row] = Some((number, scores.to_vec()));
        }
    }
    let scored: Vec<usize> = (0..train.len())
        .filter(|row| of_rows[*row].is_some())
        .collect();
    let held_out = gathered(&train_set, &scored);
    let (numbers, scores): (Vec<Option<i64>>, Vec<Vec<f64>>) = of_rows
        .into_iter()
        .flatten()
        .map(|(number, scores)| (Some(number), scores))
        .unzip();
    let mut columns = predictions::columns(&outcome, &scores.concat())?;
    columns.extend(BTreeMap::from([
        (
            spec.key.clone(),
            column(&held_out, spec.key.as_str())?.clone(),
        ),
        (own(AS_OF), column(&held_out, AS_OF)?.clone()),
        (own(FOLD), Values::integers(&numbers)),
        (own(LABEL), column(&held_out, LABEL)?.clone()),
    ]));
    if spec.label.weight.is_some() {
        columns.insert(own(WEIGHT), column(&held_out, WEIGHT)?.clone());
    }
    Ok((Frame::new(held_out.rows(), columns), StepNotes::default()))
}

/// The scores of the rows that are held out, as many a row as all train rows together have classes.
fn of_fold(
    spec: &RunSpec,
    features: &[FeatureSpec],
    training_set: &Frame,
    train: &[usize],
    fold: &Fold,
    outcome: &Outcome,
) -> Result<Vec<f64>> {
    let in_training_set = |rows: &[usize]| rows.iter().map(|row| train[*row]).collect::<Vec<_>>();
    let learnt_from = in_training_set(&fold.train);
    refuse_one_class(&gathered(training_set, &learnt_from))?;
    // What it warns of, the fit of all train rows warns of.
    let (model, _) = fitted_on(spec, features, training_set, &learnt_from)?;
    let held_out = gathered(training_set, &in_training_set(&fold.held_out));
    let scores = scores(spec, &held_out, &model)?;
    let (Outcome::Multiclass(all), Outcome::Multiclass(own)) = (outcome, &model.outcome) else {
        return Ok(scores);
    };
    // A class that this fold has not learnt is never expected.
    let place: Vec<Option<usize>> = all
        .iter()
        .map(|class| own.iter().position(|known| known == class))
        .collect();
    let row = |row: &[f64]| {
        let score = |place: &Option<usize>| place.map_or(0.0, |place| row[place]);
        place.iter().map(score).collect::<Vec<_>>()
    };
    Ok(scores.chunks_exact(own.len()).flat_map(row).collect())
}

fn refuse_one_class(learnt_from: &Frame) -> Result<()> {
    let labels = Labels::of(learnt_from)?;
    let class = (learnt_from.rows() > 0).then(|| labels.class(0)).flatten();
    let is_alone = class.is_some() && (0..learnt_from.rows()).all(|row| labels.class(row) == class);
    match (is_alone, class) {
        (true, Some(class)) => Err(Error::new(
            Kind::DataRefused,
            format!("its model would learn from one label class: all {} rows are {class}", learnt_from.rows()),
        )
        .help("take fewer `folds` or `method = \"stratified\"` under [cross_validation], or bring more rows")),
        _ => Ok(()),
    }
}

fn gathered(frame: &Frame, rows: &[usize]) -> Frame {
    let rows: Vec<_> = rows.iter().map(|row| Some(row_number(*row))).collect();
    frame.gather(&rows)
}
