//! What logged predictions were worth, now that their labels are known.
//!
//! A prediction is judged by the labels of one date if a training row with values of its date would
//! have had those labels: with `lead = 0` values of that date itself, with a lead those of the dates
//! so many files before. Values of a later date could know the label, and are not counted; those of
//! an earlier one are predictions of another label. Of several predictions of one entity for one
//! label the last made counts.

use std::collections::btree_map::Entry;
use std::collections::{BTreeMap, BTreeSet};

use super::diff::{FEWEST_ROWS, threshold};
use super::reference::{KnownRun, find_known};
use super::steps::{self, LABEL, Predictions, own, score_columns};
use super::stored::{ArtefactName, artefact_bytes};
use super::uncertainty::intervals_of;
use crate::definition::{AsOf, FeatureName, Label, ModelName};
use crate::error::{Error, Kind, Result};
use crate::hash::{Digest, RunId};
use crate::learn::{self, Interval, Outcome};
use crate::live::{self, Logged, Scores};
use crate::plan::RunSpec;
use crate::snapshot::Snapshots;
use crate::store::Store;
use crate::table::{EntityKey, Frame, Values, grouped, row_number};
use crate::table_store;
use crate::workspace::Workspace;

/// Logged predictions held against the labels of a date.
#[derive(Debug)]
pub struct Hindsight {
    pub labels: AsOf,
    /// The runs with judged predictions, by model and run.
    pub runs: Vec<JudgedRun>,
    /// What could not be judged, and why.
    pub notices: Vec<String>,
}

/// One run, as it was asked and as it was tested.
#[derive(Debug)]
pub struct JudgedRun {
    pub model: ModelName,
    pub known: KnownRun,
    /// The label's table and column.
    pub label: FeatureName,
    pub lead: u32,
    /// Of the values that judged predictions were made from.
    pub as_of: BTreeSet<AsOf>,
    pub counted: Counted,
    /// What decides between two classes.
    pub threshold: Option<f64>,
    /// Of all judged entities.
    pub all: Judgement,
    /// Of those that the run was not trained on, where there are both.
    pub unseen: Option<Judgement>,
    /// Of the test rows; empty where this store does not have the run's predictions.
    pub test_intervals: BTreeMap<&'static str, Interval>,
}

/// How good predictions of some entities were.
#[derive(Debug)]
pub struct Judgement {
    pub rows: u64,
    pub metrics: BTreeMap<String, f64>,
    /// Empty for few rows.
    pub intervals: BTreeMap<&'static str, Interval>,
    pub warnings: Vec<String>,
}

impl Judgement {
    fn of(predictions: &Predictions, threshold: f64) -> Self {
        let scored = predictions.scored(threshold);
        let evaluation = learn::evaluate(&scored);
        let entities: Vec<usize> = (0..predictions.rows()).collect();
        let warnings = evaluation.warnings.iter().map(ToString::to_string);
        Self {
            rows: entities.len() as u64,
            metrics: evaluation.metrics,
            intervals: match entities.len() >= FEWEST_ROWS {
                true => learn::intervals(&scored, &entities),
                false => BTreeMap::new(),
            },
            warnings: warnings.collect(),
        }
    }
}

/// What became of a run's logged predictions, and of the labels.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Counted {
    /// All that are logged of the run.
    pub predictions: u64,
    /// Entities with a prediction and a label.
    pub judged: u64,
    /// Predictions that a later one of the same entity replaces.
    pub repeated: u64,
    /// Made from values that could know the label.
    pub too_late: u64,
    /// Made from values of earlier dates, which have other labels.
    pub of_other_labels: u64,
    /// Entities that were predicted and have no label at the date.
    pub without_label: u64,
    /// Entities that have a label and were not predicted.
    pub without_prediction: u64,
    /// Of the judged entities those that are among the run's train rows, at whatever date; none where this
    /// store does not have them.
    pub trained_on: Option<u64>,
}

/// Judges what is logged by the labels of a date; of one model, or of all.
///
/// # Errors
/// [`Kind::MissingInput`] where nothing is logged, nothing of what is logged is judged by labels of
/// that date, or there are no such labels.
pub fn hindsight(
    workspace: &Workspace,
    model: Option<&ModelName>,
    labels: AsOf,
) -> Result<Hindsight> {
    let mut found = Hindsight {
        labels,
        runs: Vec::new(),
        notices: Vec::new(),
    };
    let logged = logged_runs(workspace, model)?;
    if logged.is_empty() {
        return Err(nothing_logged(model));
    }
    let mut dates = BTreeSet::new();
    for ((model, run), as_of) in logged {
        dates.extend(as_of);
        let Some(known) = find_known(workspace, run)? else {
            let run = run.short();
            found.notices.push(format!(
                "run {run} of {model} is logged, and neither in this store nor in a lock"
            ));
            continue;
        };
        let judged = JudgedRun::of(workspace, model, known, labels, &mut found.notices)?;
        found.runs.extend(judged);
    }
    match found.runs.is_empty() {
        true => Err(nothing_judged(labels, &dates, &found.notices)),
        false => Ok(found),
    }
}

/// The runs that are logged, with the dates of their values.
fn logged_runs(
    workspace: &Workspace,
    model: Option<&ModelName>,
) -> Result<BTreeMap<(ModelName, RunId), BTreeSet<AsOf>>> {
    let mut runs: BTreeMap<_, BTreeSet<AsOf>> = BTreeMap::new();
    live::predictions(
        workspace.store().path(),
        |_| true,
        |row| {
            if model.is_none_or(|model| *model == row.model) {
                let of_run: &mut BTreeSet<AsOf> = runs.entry((row.model, row.run)).or_default();
                of_run.insert(row.as_of);
            }
        },
    )?;
    Ok(runs)
}

fn nothing_logged(model: Option<&ModelName>) -> Error {
    let of = model.map_or(String::new(), |model| format!(" of {model}"));
    Error::new(
        Kind::MissingInput,
        format!("no predictions{of} are logged in this store"),
    )
    .help("`log_predictions = true` under [serve] lets `streamflow serve` log them")
}

fn nothing_judged(labels: AsOf, dates: &BTreeSet<AsOf>, notices: &[String]) -> Error {
    let dates: Vec<String> = dates.iter().map(ToString::to_string).collect();
    Error::new(
        Kind::MissingInput,
        format!("no logged prediction can be judged by labels of {labels}"),
    )
    .detail(format!("logged, from values of  {}", dates.join(", ")))
    .details(notices.iter().cloned())
    .help("name the date whose labels tell what became of them: that of the values, or with a `lead` the date so many files later")
}

/// The last prediction of each entity, and the others counted.
#[derive(Debug, Default)]
struct Gathered {
    last: BTreeMap<EntityKey, Logged>,
    counted: Counted,
}

impl Gathered {
    fn add(&mut self, row: Logged) {
        match self.last.entry(row.entity.clone()) {
            Entry::Vacant(free) => {
                free.insert(row);
            }
            Entry::Occupied(mut other) => {
                self.counted.repeated += 1;
                if row.time >= other.get().time {
                    other.insert(row);
                }
            }
        }
    }
}

/// Which dates of values are judged by the labels of a date.
struct Judging {
    /// The first that is, and the first that could know the label.
    from: AsOf,
    until: AsOf,
}

impl Judging {
    /// None where the label's table has no file of the date, or too few before it.
    fn of(label: &Label, labels: AsOf, on_file: &[AsOf]) -> Option<Self> {
        let lead = label.lead as usize;
        let next = |day: AsOf| AsOf::from_days(day.days() + 1);
        if lead == 0 {
            return Some(Self {
                from: labels,
                until: next(labels)?,
            });
        }
        let place = on_file.iter().position(|date| *date == labels)?;
        Some(Self {
            from: on_file[place.checked_sub(lead)?],
            until: on_file[place + 1 - lead],
        })
    }
}

impl JudgedRun {
    /// None where nothing of the run is judged by labels of the date, which a notice tells.
    fn of(
        workspace: &Workspace,
        model: ModelName,
        known: KnownRun,
        labels: AsOf,
        notices: &mut Vec<String>,
    ) -> Result<Option<Self>> {
        let spec = RunSpec::from_declared(&known.record.declared)?;
        let (keys, of_entities) = labels_at(workspace, &spec, labels)?;
        let snapshots = snapshots(workspace);
        let table = snapshots.table(&spec.label.table)?;
        let on_file = snapshots.dates_on_file(table)?;
        let run = known.run.short();
        let Some(judging) = Judging::of(&spec.label, labels, &on_file) else {
            let (table, lead) = (&spec.label.table, spec.label.lead);
            notices.push(format!(
                "run {run}: with `lead = {lead}`, no date of {table} has the labels of {labels}"
            ));
            return Ok(None);
        };
        let gathered = gather(workspace, &model, known.run, &judging)?;
        if gathered.last.is_empty() {
            notices.push(format!(
                "run {run}: its predictions are judged by labels of other dates"
            ));
            return Ok(None);
        }
        let Gathered { last, mut counted } = gathered;
        let (rows, of_labels) = joined(&last, &keys, &mut counted);
        if rows.is_empty() {
            notices.push(format!(
                "run {run}: none of the entities that were predicted ({}) has a label at {labels}",
                grouped(last.len())
            ));
            return Ok(None);
        }
        let unseen = match trained_keys(workspace.store(), &known, &spec)? {
            None => Vec::new(),
            Some(keys) => {
                let is_unseen = |row: &usize| !keys.contains(&rows[*row].entity);
                let unseen: Vec<usize> = (0..rows.len()).filter(is_unseen).collect();
                counted.trained_on = Some((rows.len() - unseen.len()) as u64);
                unseen
            }
        };
        let predictions = beside(&rows, of_entities.gather(&of_labels))?;
        let as_of = rows.iter().map(|row| row.as_of).collect();
        let store = workspace.store();
        let threshold = threshold(store, &known, &spec)?;
        let some = !unseen.is_empty() && unseen.len() < rows.len();
        let label = spec.label;
        Ok(Some(Self {
            model,
            label: FeatureName::new(label.table, label.column),
            lead: label.lead,
            as_of,
            counted,
            threshold: matches!(predictions, Predictions::Binary { .. }).then_some(threshold),
            all: Judgement::of(&predictions, threshold),
            unseen: some.then(|| Judgement::of(&predictions.gather(&unseen), threshold)),
            test_intervals: intervals_of(store, &known)?,
            known,
        }))
    }
}

/// The entities that a run was trained on; none where this store does not have its rows.
fn trained_keys(
    store: &Store,
    known: &KnownRun,
    spec: &RunSpec,
) -> Result<Option<BTreeSet<EntityKey>>> {
    let frame = |name| table_store::frame(&artefact_bytes(store, known, name)?);
    let found = frame(ArtefactName::TrainingSet)
        .and_then(|training_set| steps::train_rows(&training_set, &frame(ArtefactName::Split)?));
    let rows = match found {
        Ok(rows) => rows,
        Err(error) if error.kind() == Kind::MissingInput => return Ok(None),
        Err(error) => return Err(error),
    };
    let keys = steps::column(&rows, spec.key.as_str())?;
    let keys = (0..rows.rows()).filter_map(|row| EntityKey::of(keys.cell(row)));
    Ok(Some(keys.collect()))
}

/// The predictions whose entities have a label, and where it stands; the others counted.
fn joined<'a>(
    last: &'a BTreeMap<EntityKey, Logged>,
    keys: &Values,
    counted: &mut Counted,
) -> (Vec<&'a Logged>, Vec<Option<u32>>) {
    let (mut rows, mut of_labels) = (Vec::new(), Vec::new());
    for row in 0..keys.len() {
        let key = EntityKey::of(keys.cell(row));
        match key.and_then(|key| last.get(&key)) {
            Some(said) => {
                rows.push(said);
                of_labels.push(Some(row_number(row)));
            }
            None => counted.without_prediction += 1,
        }
    }
    counted.judged = rows.len() as u64;
    counted.without_label = (last.len() - rows.len()) as u64;
    (rows, of_labels)
}

fn snapshots(workspace: &Workspace) -> Snapshots<'_> {
    Snapshots {
        workspace,
        definitions: workspace.definitions(),
    }
}

/// The entities that have a label at a date, ascending, with it.
fn labels_at(workspace: &Workspace, spec: &RunSpec, labels: AsOf) -> Result<(Values, Values)> {
    let name = &spec.label.table;
    let found = snapshots(workspace).ensure(labels, &BTreeSet::from([name.clone()]))?;
    let needed_by = format!("the labels of {labels}");
    let hash = found.snapshot.tables[name].hash;
    let frame = table_store::read(workspace.store(), hash, &needed_by)?;
    steps::labelled(spec, &frame, labels).map_err(|error| match error.kind() {
        // A file without a label is to a judge as no file.
        Kind::DataRefused => Error::new(Kind::MissingInput, error.message())
            .details(error.all_details().iter().cloned())
            .help("judge by the labels of another date: `--labels DATE`"),
        _ => error,
    })
}

fn gather(
    workspace: &Workspace,
    model: &ModelName,
    run: RunId,
    judging: &Judging,
) -> Result<Gathered> {
    let mut gathered = Gathered::default();
    live::predictions(
        workspace.store().path(),
        |_| true,
        |row| {
            if (&row.model, row.run) != (model, run) {
                return;
            }
            gathered.counted.predictions += 1;
            if row.as_of >= judging.until {
                gathered.counted.too_late += 1;
            } else if row.as_of < judging.from {
                gathered.counted.of_other_labels += 1;
            } else {
                gathered.add(row);
            }
        },
    )?;
    Ok(gathered)
}

/// What was said beside the labels of the same entities.
fn beside(rows: &[&Logged], labels: Values) -> Result<Predictions> {
    let outcome = match rows.first().map(|row| &row.scores) {
        Some(Scores::Classes(classes)) => Outcome::Multiclass(classes.keys().cloned().collect()),
        Some(Scores::Number(_)) => Outcome::Regression,
        _ => Outcome::Binary,
    };
    let mut scores = Vec::new();
    for row in rows {
        match (&outcome, &row.scores) {
            (Outcome::Multiclass(names), Scores::Classes(classes)) if classes.keys().eq(names) => {
                scores.extend(classes.values());
            }
            (Outcome::Binary, Scores::Binary(score))
            | (Outcome::Regression, Scores::Number(score)) => scores.push(*score),
            _ => {
                return Err(Error::failure(
                    "the logged predictions of one run are of several kinds",
                ));
            }
        }
    }
    let mut columns = score_columns(&outcome, &scores)?;
    columns.insert(own(LABEL), labels);
    Predictions::of(&Frame::new(rows.len(), columns))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::definition::Task;

    fn label(lead: u32) -> Label {
        Label {
            table: "labels".parse().unwrap(),
            column: "left".parse().unwrap(),
            lead,
            task: Task::Binary,
            positive: None,
            weight: None,
        }
    }

    #[test]
    fn a_lead_says_which_values_could_know_the_label() {
        let day = |text: &str| -> AsOf { text.parse().unwrap() };
        let on_file = ["2024-01-31", "2024-02-29", "2024-03-31"].map(day);
        let bounds = |lead, labels| {
            let judging = Judging::of(&label(lead), day(labels), &on_file)?;
            Some((judging.from.to_string(), judging.until.to_string()))
        };
        let of = |from: &str, until: &str| Some((from.to_string(), until.to_string()));
        assert_eq!(bounds(0, "2024-02-29"), of("2024-02-29", "2024-03-01"));
        assert_eq!(bounds(1, "2024-02-29"), of("2024-01-31", "2024-02-29"));
        assert_eq!(bounds(2, "2024-03-31"), of("2024-01-31", "2024-02-29"));
        assert_eq!(bounds(1, "2024-01-31"), None);
        assert_eq!(bounds(1, "2024-02-01"), None);
    }
}
