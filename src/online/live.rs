//! What is asked and said now beside what a run learnt from.
//!
//! The scores that were logged are compared with those of the run's test rows, and the values of the
//! entities that were asked for with those of its train rows. An entity counts once for each date of
//! values it was answered from, with the last of its predictions: who asks a thousand times is one
//! customer, and the tests take rows for independent.

use std::collections::{BTreeMap, BTreeSet};

use super::drift::{DriftedColumn, judged, most_severe_first};
use super::shift::values_at;
use crate::definition::{AsOf, FeatureName, InputName, ModelName};
use crate::drift::Rule;
use crate::error::{Error, Kind, Result};
use crate::hash::{Digest, RunId};
use crate::learn::{Scored, most_probable};
use crate::live::{self, Logged, Scores};
use crate::plan::RunSpec;
use crate::run::{self, KnownRun, RunScores};
use crate::snapshot::{Snapshot, Snapshots};
use crate::table::{EntityKey, Values, grouped};
use crate::workspace::Workspace;

/// What is compared, and when it counts.
#[derive(Debug, Clone, Copy)]
pub struct LiveOptions<'a> {
    /// Of all models without one.
    pub model: Option<&'a ModelName>,
    /// The first and the last day (UTC) of the log; all without one.
    pub since: Option<AsOf>,
    pub until: Option<AsOf>,
    pub rule: Rule,
    /// The share of drifted feature columns from which the data has drifted.
    pub share: f64,
}

/// Every run that answered, compared with what it learnt from.
#[derive(Debug)]
pub struct LiveDrift {
    /// The first and the last day that something was logged on.
    pub days: (AsOf, AsOf),
    pub rule: Rule,
    pub share: f64,
    /// By model and run.
    pub runs: Vec<RunDrift>,
    pub notices: Vec<String>,
}

/// One run that answered.
#[derive(Debug)]
pub struct RunDrift {
    pub model: ModelName,
    pub known: KnownRun,
    /// Logged predictions.
    pub predictions: u64,
    /// Entities by date of values: the rows that are compared.
    pub rows: u64,
    /// Of values.
    pub as_of: BTreeSet<AsOf>,
    /// None where this store does not have the run's test rows.
    pub scores: Option<DriftedColumn>,
    /// The features, the most severe first.
    pub columns: Vec<DriftedColumn>,
    /// What could not be compared, and why.
    pub notices: Vec<String>,
}

impl LiveDrift {
    /// Whether enough features of a run have drifted, or its scores have.
    pub fn drifted(&self) -> bool {
        self.runs.iter().any(|run| run.drifted(self.share))
    }
}

impl RunDrift {
    /// Feature columns that have drifted.
    pub fn drifted_columns(&self) -> usize {
        let drifted = |column: &&DriftedColumn| !column.reasons.is_empty();
        self.columns.iter().filter(drifted).count()
    }

    pub fn scores_drifted(&self) -> bool {
        let scores = self.scores.as_ref();
        scores.is_some_and(|scores| !scores.reasons.is_empty())
    }

    pub fn drifted(&self, share: f64) -> bool {
        let columns = self.columns.len();
        let drifted = columns > 0 && self.drifted_columns() as f64 / columns as f64 >= share;
        drifted || self.scores_drifted()
    }
}

/// What was logged of one run: the last prediction of each entity from values of each date.
#[derive(Debug, Default)]
struct Answered {
    predictions: u64,
    last: BTreeMap<(AsOf, EntityKey), Logged>,
}

/// Compares what is logged with what its runs learnt from.
///
/// # Errors
/// [`Kind::MissingInput`] where nothing is logged, of that model and on those days.
pub fn live_drift(workspace: &Workspace, options: &LiveOptions) -> Result<LiveDrift> {
    let within = |day: AsOf| {
        options.since.is_none_or(|since| since <= day)
            && options.until.is_none_or(|until| day <= until)
    };
    let mut runs: BTreeMap<(ModelName, RunId), Answered> = BTreeMap::new();
    let mut days: Option<(AsOf, AsOf)> = None;
    live::predictions(workspace.store().path(), within, |row| {
        if options.model.is_some_and(|model| *model != row.model) {
            return;
        }
        let day = live::day_of(row.time);
        let (first, last) = days.unwrap_or((day, day));
        days = Some((first.min(day), last.max(day)));
        let run = (row.model.clone(), row.run);
        runs.entry(run).or_default().add(row);
    })?;
    let Some(days) = days else {
        return Err(nothing_logged(workspace, options)?);
    };
    let mut found = LiveDrift {
        days,
        rule: options.rule,
        share: options.share,
        runs: Vec::new(),
        notices: Vec::new(),
    };
    for ((model, run), answered) in runs {
        match run::find_known(workspace, run)? {
            Some(known) => {
                let of_run = RunDrift::of(workspace, model, known, &answered, options.rule)?;
                found.runs.push(of_run);
            }
            None => found.notices.push(format!(
                "run {} of {model} is logged, and neither in this store nor in a lock",
                run.short()
            )),
        }
    }
    Ok(found)
}

fn nothing_logged(workspace: &Workspace, options: &LiveOptions) -> Result<Error> {
    let mut words = "no predictions".to_string();
    if let Some(model) = options.model {
        words.push_str(&format!(" of {model}"));
    }
    words.push_str(" are logged in this store");
    if let Some(since) = options.since {
        words.push_str(&format!(" from {since} on"));
    }
    if let Some(until) = options.until {
        words.push_str(&format!(" until {until}"));
    }
    let error = Error::new(Kind::MissingInput, words);
    let days = live::logged_days(workspace.store().path())?;
    Ok(match (days.first(), days.last()) {
        (Some(first), Some(last)) => error.detail(format!("logged from {first} until {last}")),
        _ => error.help("`log_predictions = true` under [serve] lets `streamflow serve` log them"),
    })
}

impl Answered {
    fn add(&mut self, row: Logged) {
        self.predictions += 1;
        let place = (row.as_of, row.entity.clone());
        let earlier = self.last.get(&place);
        if earlier.is_none_or(|earlier| earlier.time <= row.time) {
            self.last.insert(place, row);
        }
    }

    /// The keys that were answered from values of a date, ascending.
    fn keys(&self, as_of: AsOf) -> Values {
        let of_date = self.last.keys().filter(|(date, _)| *date == as_of);
        let keys: Vec<&EntityKey> = of_date.map(|(_, key)| key).collect();
        let integers: Option<Vec<Option<i64>>> = keys
            .iter()
            .map(|key| match key {
                EntityKey::Integer(key) => Some(Some(*key)),
                EntityKey::Text(_) => None,
            })
            .collect();
        integers.map_or_else(
            || {
                let text = |key: &&EntityKey| match key {
                    EntityKey::Text(key) => Some(key.clone()),
                    EntityKey::Integer(_) => None,
                };
                Values::strings(&keys.iter().map(text).collect::<Vec<_>>())
            },
            |keys| Values::integers(&keys),
        )
    }
}

impl RunDrift {
    fn of(
        workspace: &Workspace,
        model: ModelName,
        known: KnownRun,
        answered: &Answered,
        rule: Rule,
    ) -> Result<Self> {
        let mut notices = Vec::new();
        let scores = match run::test_scores(workspace.store(), &known) {
            Ok(tested) => Some(scores_of(&tested, answered, rule)),
            Err(error) if error.kind() == Kind::MissingInput => {
                notices.push(format!("scores are not compared: {error}"));
                None
            }
            Err(error) => return Err(error),
        };
        let as_of: BTreeSet<AsOf> = answered.last.keys().map(|(date, _)| *date).collect();
        let mut columns = match run::trained_on(workspace.store(), &known) {
            Ok(trained) => {
                let asked = values_asked(workspace, &known, answered, &as_of, &mut notices)?;
                compared(&trained, &asked, rule)
            }
            Err(error) if error.kind() == Kind::MissingInput => {
                notices.push(format!("features are not compared: {error}"));
                Vec::new()
            }
            Err(error) => return Err(error),
        };
        most_severe_first(&mut columns, rule);
        Ok(Self {
            model,
            known,
            predictions: answered.predictions,
            rows: answered.last.len() as u64,
            as_of,
            scores,
            columns,
            notices,
        })
    }
}

/// Probabilities, predicted classes or numbers: of the test rows and as logged.
fn scores_of(tested: &RunScores, answered: &Answered, rule: Rule) -> DriftedColumn {
    let floats =
        |numbers: &[f64]| Values::floats(&numbers.iter().copied().map(Some).collect::<Vec<_>>());
    let logged = || answered.last.values().map(|row| &row.scores);
    let numbers = || {
        let number = logged().map(|scores| match scores {
            Scores::Binary(number) | Scores::Number(number) => Some(*number),
            Scores::Classes(_) => None,
        });
        Values::floats(&number.collect::<Vec<_>>())
    };
    let (name, reference, current) = match tested.scored() {
        Scored::Binary { probabilities, .. } => ("probability", floats(probabilities), numbers()),
        Scored::Regression { predictions, .. } => ("prediction", floats(predictions), numbers()),
        Scored::Multiclass {
            classes,
            probabilities,
            ..
        } => {
            let names = tested.classes();
            let predicted = probabilities
                .chunks_exact(classes)
                .map(|row| Some(names[most_probable(row)].as_str()));
            let now = logged().map(|scores| match scores {
                Scores::Classes(classes) => most_probable_name(classes),
                Scores::Binary(_) | Scores::Number(_) => None,
            });
            (
                "prediction",
                Values::strings(&predicted.collect::<Vec<_>>()),
                Values::strings(&now.collect::<Vec<_>>()),
            )
        }
    };
    judged(&own(name), &reference, &current, rule)
}

fn most_probable_name(classes: &BTreeMap<String, f64>) -> Option<&str> {
    let shares: Vec<f64> = classes.values().copied().collect();
    classes
        .keys()
        .nth(most_probable(&shares))
        .map(String::as_str)
}

fn own(name: &str) -> InputName {
    name.parse().expect("our own names are names")
}

/// The features of the entities that were asked for, of all dates together.
fn values_asked(
    workspace: &Workspace,
    known: &KnownRun,
    answered: &Answered,
    as_of: &BTreeSet<AsOf>,
    notices: &mut Vec<String>,
) -> Result<BTreeMap<FeatureName, Values>> {
    let spec = RunSpec::from_declared(&known.record.declared)?;
    let mut all: BTreeMap<FeatureName, Values> = BTreeMap::new();
    for date in as_of {
        let keys = answered.keys(*date);
        let mut not_had = |why: String| {
            let entities = match keys.len() {
                1 => "1 entity".to_string(),
                count => format!("{} entities", grouped(count)),
            };
            notices.push(format!(
                "features of {entities} answered from values of {date} are not compared: {why}"
            ));
        };
        let Some(snapshot) = snapshot_of(workspace, &spec, *date)? else {
            not_had("this store has no snapshot of that date with the run's tables".to_string());
            continue;
        };
        let found = match values_at(workspace, &snapshot, known, &spec, Some(&keys)) {
            Ok(Ok(found)) => found,
            Ok(Err(words)) => {
                not_had(words);
                continue;
            }
            Err(error) => {
                not_had(error.to_string());
                continue;
            }
        };
        for (name, values) in found {
            let together = match all.remove(&name) {
                Some(earlier) if earlier.dtype() == values.dtype() => earlier.concat(&values),
                _ => values,
            };
            all.insert(name, together);
        }
    }
    if !spec.preprocess.derived.is_empty() {
        let names: Vec<String> = spec
            .preprocess
            .derived
            .keys()
            .map(ToString::to_string)
            .collect();
        notices.push(format!(
            "{} of [preprocess.derived] follow from other features: they are not compared",
            names.join(", ")
        ));
    }
    let absent: Vec<String> = spec
        .features
        .keys()
        .filter(|name| !all.contains_key(*name))
        .map(ToString::to_string)
        .collect();
    if !all.is_empty() && !absent.is_empty() {
        notices.push(format!(
            "{} need a request, which is not logged: they are not compared",
            absent.join(", ")
        ));
    }
    Ok(all)
}

/// The newest revision of a date that has all tables of a run.
fn snapshot_of(workspace: &Workspace, spec: &RunSpec, as_of: AsOf) -> Result<Option<Snapshot>> {
    let snapshots = Snapshots {
        workspace,
        definitions: workspace.definitions(),
    };
    let has_all = |snapshot: &Snapshot| {
        let mut tables = spec.tables.keys();
        tables.all(|name| snapshot.tables.contains_key(name))
    };
    let all = snapshots.all()?.into_iter().rev();
    Ok(all.filter(|snapshot| snapshot.as_of == as_of).find(has_all))
}

fn compared(
    trained: &BTreeMap<FeatureName, Values>,
    asked: &BTreeMap<FeatureName, Values>,
    rule: Rule,
) -> Vec<DriftedColumn> {
    let pairs = trained.iter();
    pairs
        .filter_map(|(name, values)| Some((name, values, asked.get(name)?)))
        .map(|(name, before, now)| judged(&name.clone().into(), before, now, rule))
        .collect()
}
