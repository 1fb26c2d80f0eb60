//! Spine rows with their label and the values of the features at their date.

use std::collections::BTreeMap;

use super::labels::Labels;
use super::{AS_OF, Decision, LABEL, WEIGHT, own, refuse_own_name};
use crate::definition::{AsOf, ColumnName, Label, Task};
use crate::error::{Error, Kind, Result};
use crate::feature::{self, History, Spine};
use crate::plan::{FeatureDates, RunSpec, TableAt};
use crate::run::artefact::{StepNotes, TrainingRows};
use crate::table::{self, Cell, Frame, Values, row_number};

/// Builds the training set: one row for each label of each date, in order of key and date.
///
/// `dates` are those of each table's features, as many as the run has; `load` gives the snapshot of a
/// table at a date.
pub fn training_set(
    spec: &RunSpec,
    dates: &FeatureDates,
    load: &mut dyn FnMut(&TableAt) -> Result<Frame>,
) -> Result<(Frame, StepNotes)> {
    refuse_own_name(spec)?;
    let mut all: Option<Frame> = None;
    let mut unlabelled = 0;
    for (at, label_as_of) in spec.label_as_of.iter().enumerate() {
        let labels = load(&(spec.label.table.clone(), *label_as_of))?;
        let spine = LabelledSpine::new(spec, &labels, *label_as_of)?;
        unlabelled += spine.unlabelled;
        let rows = with_features(spec, dates, at, spine, load)?;
        all = Some(match all.take() {
            Some(earlier) => earlier.concat(&rows),
            None => rows,
        });
    }
    let all =
        all.ok_or_else(|| Error::new(Kind::Definition, "an experiment has at least one date"))?;
    let all = table::sort(&all, &[spec.key.clone(), own(AS_OF)]);
    let labels = Labels::of(&all)?;
    let rows = TrainingRows {
        total: all.rows() as u64,
        positive: labels.positive() as u64,
        unlabelled,
        features: spec.features.len() as u64,
    };
    Ok((
        all,
        StepNotes {
            rows: Some(rows),
            ..StepNotes::default()
        },
    ))
}

/// The keys that have a label in the date's own file, and their labels.
///
/// # Errors
/// [`Kind::DataRefused`] where none has, or a value is no label.
pub fn labelled(spec: &RunSpec, labels: &Frame, as_of: AsOf) -> Result<(Values, Values)> {
    let spine = LabelledSpine::new(spec, labels, as_of)?;
    Ok((spine.keys, spine.labels))
}

/// The entities of one date that have a label, with it.
struct LabelledSpine {
    keys: Values,
    labels: Values,
    /// How much each row counts, where the experiment says so.
    weights: Option<Values>,
    /// What features need of a request, as the rows of the labels have it.
    request: BTreeMap<ColumnName, Values>,
    unlabelled: u64,
}

impl LabelledSpine {
    /// Takes the label rows that came with the date's own file: a label carried over from an
    /// earlier file is no label of this date.
    fn new(spec: &RunSpec, labels: &Frame, as_of: AsOf) -> Result<Self> {
        let dates = super::column(labels, ColumnName::row_date().as_str())?;
        let values = super::column(labels, spec.label.column.as_str())?;
        let mut rows = Vec::new();
        let mut found = Vec::new();
        let mut unlabelled = 0;
        for row in (0..labels.rows()).filter(|row| dates.cell(*row) == Cell::Date(as_of.days())) {
            let label = label_of(spec, values.cell(row))
                .map_err(|error| error.detail(place_of(spec, labels, row, as_of)))?;
            match label {
                Some(label) => {
                    rows.push(row);
                    found.push(label);
                }
                None => unlabelled += 1,
            }
        }
        if rows.is_empty() {
            return Err(no_labels(spec, as_of, unlabelled));
        }
        let weights = weights(spec, labels, &rows, as_of)?;
        let rows: Vec<_> = rows.into_iter().map(|row| Some(row_number(row))).collect();
        let keys = super::column(labels, spec.key.as_str())?.gather(&rows);
        Ok(Self {
            keys,
            labels: label_values(spec.label.task, found),
            weights,
            request: requested(spec, &labels.select(spec.requested().keys()).gather(&rows))?,
            unlabelled,
        })
    }
}

/// What stands for requests: columns of the rows of labels.
fn requested(spec: &RunSpec, rows: &Frame) -> Result<BTreeMap<ColumnName, Values>> {
    let names = spec.requested().into_keys();
    names
        .map(|name| Ok((name.clone(), super::column(rows, name.as_str())?.clone())))
        .collect()
}

/// What a label says; none for null.
fn label_of(spec: &RunSpec, cell: Cell) -> Result<Option<Decision>> {
    let Label { task, positive, .. } = &spec.label;
    Ok(match (task, cell, positive) {
        (_, Cell::Null, _) => None,
        (Task::Binary, Cell::Bool(label), _) => Some(Decision::Truth(label)),
        (Task::Binary, Cell::I64(label @ (0 | 1)), _) => Some(Decision::Truth(label == 1)),
        (Task::Binary, Cell::String(text), Some(positive)) => {
            Some(Decision::Truth(text == positive))
        }
        (Task::Multiclass, Cell::String(text), _) => Some(Decision::Class(text.to_string())),
        (Task::Multiclass, Cell::I64(class), _) => Some(Decision::Class(class.to_string())),
        (Task::Regression, Cell::F64(number), _) => Some(Decision::Number(number)),
        (Task::Regression, Cell::I64(number), _) => Some(Decision::Number(number as f64)),
        (_, other, _) => {
            let label = &spec.label;
            return Err(Error::new(
                Kind::DataRefused,
                format!(
                    "{}.{} is {other}, which is no label",
                    label.table, label.column
                ),
            )
            .help(
                "a label is a bool, an i64 of 0 and 1, or a string with `positive` under [label]",
            ));
        }
    })
}

/// Labels of one task as a column.
fn label_values(task: Task, labels: Vec<Decision>) -> Values {
    let (mut truths, mut classes, mut numbers) = (Vec::new(), Vec::new(), Vec::new());
    for label in labels {
        match label {
            Decision::Truth(truth) => truths.push(Some(truth)),
            Decision::Class(class) => classes.push(Some(class)),
            Decision::Number(number) => numbers.push(Some(number)),
        }
    }
    match task {
        Task::Binary => Values::bools(&truths),
        Task::Multiclass => Values::strings(&classes),
        Task::Regression => Values::floats(&numbers),
    }
}

/// How much each labelled row counts.
fn weights(spec: &RunSpec, labels: &Frame, rows: &[usize], as_of: AsOf) -> Result<Option<Values>> {
    let Some(name) = &spec.label.weight else {
        return Ok(None);
    };
    let values = super::column(labels, name.as_str())?;
    let weight_of = |row: usize| match values.cell(row) {
        Cell::F64(weight) if weight > 0.0 => Ok(Some(weight)),
        Cell::I64(weight) if weight > 0 => Ok(Some(weight as f64)),
        other => Err(Error::new(
            Kind::DataRefused,
            format!("{}.{name} is {other}, which is no weight", spec.label.table),
        )
        .detail(place_of(spec, labels, row, as_of))
        .help("a weight is a number above 0; a row that must not count has no label")),
    };
    let weights = rows.iter().map(|row| weight_of(*row));
    let weights: Vec<Option<f64>> = weights.collect::<Result<_>>()?;
    Ok(Some(Values::floats(&weights)))
}

/// `2024-01-31, user_id "U002"`: where a label stands.
fn place_of(spec: &RunSpec, labels: &Frame, row: usize, as_of: AsOf) -> String {
    let key = labels.column(spec.key.as_str());
    let key = key.map_or(Cell::Null, |keys| keys.cell(row));
    format!("{as_of}, {} {key}", spec.key)
}

fn no_labels(spec: &RunSpec, as_of: AsOf, unlabelled: u64) -> Error {
    let label = &spec.label;
    Error::new(
        Kind::DataRefused,
        format!("{} has no label at {as_of}", label.table),
    )
    .detail(format!(
        "{unlabelled} rows of the date's own file, in all of them {} is null",
        label.column
    ))
    .help("train on an earlier `as_of`; or with `lead = 1` under [label], where the file of the next date brings the labels")
}

/// The rows of the run's date number `at`.
fn with_features(
    spec: &RunSpec,
    dates: &FeatureDates,
    at: usize,
    labelled: LabelledSpine,
    load: &mut dyn FnMut(&TableAt) -> Result<Frame>,
) -> Result<Frame> {
    let rows = labelled.labels.len();
    let as_of = Values::repeated_date(spec.as_of[at].days(), rows);
    let mut columns: BTreeMap<ColumnName, Values> =
        BTreeMap::from([(own(AS_OF), as_of), (own(LABEL), labelled.labels)]);
    columns.extend(labelled.weights.map(|weights| (own(WEIGHT), weights)));
    for table in spec.tables.keys() {
        let as_of = dates[table][at];
        let spine = Spine::at(labelled.keys.clone(), as_of).with_request(labelled.request.clone());
        columns.extend(features_of(spec, &(table.clone(), as_of), &spine, load)?);
    }
    columns.insert(spec.key.clone(), labelled.keys);
    Ok(Frame::new(rows, columns))
}

/// The features of one table under their full names.
fn features_of(
    spec: &RunSpec,
    at: &TableAt,
    spine: &Spine,
    load: &mut dyn FnMut(&TableAt) -> Result<Frame>,
) -> Result<Vec<(ColumnName, Values)>> {
    let frame = load(at)?;
    let (table, _) = at;
    let dtypes = frame
        .columns()
        .iter()
        .map(|(name, values)| (name.clone(), values.dtype()));
    let specs = spec.feature_specs(table, &dtypes.collect())?;
    let options = &spec.tables[table];
    let history = History::new(
        &frame,
        &spec.key,
        options.timestamp.as_ref(),
        options.created.as_ref(),
    )?;
    let values = feature::values_at(&history, spine, &specs)?;
    values
        .into_iter()
        .map(|(name, found)| {
            let full =
                name.to_string()
                    .parse()
                    .map_err(|error: crate::definition::InvalidName| {
                        Error::new(Kind::Definition, error.to_string())
                    })?;
            Ok((full, found.values))
        })
        .collect()
}
