//! Rows to what they show of each pair of runs.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::str::FromStr;

use serde::Serialize;

use super::row::{COLUMNS, ComparedRow, Runs};
use super::said::Side;
use crate::definition::{AsOf, ColumnName, ModelName};
use crate::drift;
use crate::error::{Error, Result};
use crate::host::Instant;
use crate::live::Days;
use crate::table::{Cell, Frame, Values};

/// Entities that are shown of those that differ.
const MOST: usize = 10;

/// Which rows are wanted.
#[derive(Debug, Clone, Default)]
pub struct Wanted {
    pub model: Option<ModelName>,
    /// The first day.
    pub since: Option<AsOf>,
}

/// A number of production's run, and of the staged one.
#[derive(Debug, Clone, Copy, PartialEq, Default, Serialize)]
pub struct Both<T> {
    pub production: T,
    pub staged: T,
}

/// What rows show of two runs.
#[derive(Debug, Clone, PartialEq)]
pub struct Evidence {
    pub runs: Runs,
    /// Of the first row and of the last.
    pub from: Instant,
    pub to: Instant,
    /// Entities that both said something of, each time it was asked for.
    pub compared: u64,
    /// Of those, the ones for which they predict the same.
    pub agreed: u64,
    /// How often each pair of predictions was made, production's first; empty for numbers.
    pub predictions: BTreeMap<(String, String), u64>,
    /// Who answered the requests.
    pub answered_by: Both<u64>,
    /// How often one of them said nothing, and why.
    pub silent: BTreeMap<(Side, String), u64>,
    /// None where nothing was compared.
    pub difference: Option<Difference>,
    pub latency: Latency,
    /// Those that differ most, each once at its widest, the widest first.
    pub most: Vec<Apart>,
}

/// How far scores lie apart: the staged run's less production's.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Difference {
    pub mean: f64,
    pub mean_absolute: f64,
    pub quantiles: Quantiles,
    /// The mean of either's scores.
    pub scores: Both<f64>,
    /// The distributions of both, as `drift` compares them.
    pub psi: f64,
    pub effect: f64,
}

/// Each the smallest difference up to which at least that share of all lies.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Quantiles {
    pub p1: f64,
    pub p5: f64,
    pub p50: f64,
    pub p95: f64,
    pub p99: f64,
}

/// Microseconds for an entity: half are faster, and all but one in a hundred.
#[derive(Debug, Clone, Copy, PartialEq, Default, Serialize)]
pub struct Latency {
    pub p50: Both<Option<f64>>,
    pub p99: Both<Option<f64>>,
}

/// One entity of which the runs said different things.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Apart {
    pub entity: String,
    /// Of the values.
    pub as_of: String,
    pub prediction: Both<Option<String>>,
    pub score: Both<f64>,
    pub difference: f64,
}

impl Evidence {
    /// The share of those compared for which both predict the same; none of none.
    pub fn agreement(&self) -> Option<f64> {
        (self.compared > 0).then(|| self.agreed as f64 / self.compared as f64)
    }
}

/// What the recorded rows of a store show of each pair of runs, the one that was compared last first.
///
/// # Errors
/// A file of rows cannot be read, or is none of ours.
pub fn evidence(store: &Path, wanted: &Wanted) -> Result<Vec<Evidence>> {
    let mut pairs: BTreeMap<Runs, Gathered> = BTreeMap::new();
    for day in recorded_days(store)? {
        if wanted.since.is_none_or(|since| since <= day) {
            for frame in Days::of::<ComparedRow>(store).read(day, &columns())? {
                gather(&frame, wanted, &mut pairs)?;
            }
        }
    }
    let mut all: Vec<Evidence> = pairs
        .into_iter()
        .filter_map(|(runs, gathered)| gathered.conclude(runs))
        .collect();
    all.sort_by(|a, b| b.to.cmp(&a.to).then_with(|| a.runs.cmp(&b.runs)));
    Ok(all)
}

/// The last day there are rows of.
pub fn recorded_until(store: &Path) -> Result<Option<AsOf>> {
    Ok(recorded_days(store)?.pop())
}

fn recorded_days(store: &Path) -> Result<Vec<AsOf>> {
    let days = Days::of::<ComparedRow>(store);
    match days.exists() {
        true => days.list(),
        false => Ok(Vec::new()),
    }
}

fn columns() -> BTreeSet<ColumnName> {
    let names = COLUMNS.into_iter();
    let names = names.map(|name| ColumnName::stored(name).expect("our own names are names"));
    names.collect()
}

/// What rows add up to.
#[derive(Debug, Default)]
struct Gathered {
    /// Of the first row and the last.
    times: Option<(Instant, Instant)>,
    agreed: u64,
    predictions: BTreeMap<(String, String), u64>,
    answered_by: Both<u64>,
    silent: BTreeMap<(Side, String), u64>,
    scores: Both<Vec<f64>>,
    microseconds: Both<Vec<f64>>,
    apart: BTreeMap<String, Apart>,
}

/// Adds the rows of a file.
fn gather(frame: &Frame, wanted: &Wanted, pairs: &mut BTreeMap<Runs, Gathered>) -> Result<()> {
    let file = File::of(frame)?;
    for row in 0..frame.rows() {
        let runs = Runs {
            model: parsed(file.text("model", row), "model")?,
            run: parsed(file.text("run", row), "run")?,
            staged: parsed(file.text("staged_run", row), "staged_run")?,
        };
        let is_wanted = |model: &ModelName| *model == runs.model;
        if wanted.model.as_ref().is_none_or(is_wanted) {
            pairs.entry(runs).or_default().add(&file, row)?;
        }
    }
    Ok(())
}

fn parsed<T: FromStr>(text: Option<&str>, column: &str) -> Result<T> {
    let parsed = text.and_then(|text| text.parse().ok());
    parsed.ok_or_else(|| foreign(&format!("`{column}` holds something else")))
}

fn foreign(why: &str) -> Error {
    Error::failure(format!(
        "a file of compared entities is none of this program's: {why}"
    ))
    .help("remove it from live/shadow in the store")
}

/// The columns of a file, all of them there.
struct File<'f>(BTreeMap<&'f str, &'f Values>);

impl<'f> File<'f> {
    fn of(frame: &'f Frame) -> Result<Self> {
        let columns = frame.columns().iter();
        let found: BTreeMap<_, _> = columns
            .map(|(name, values)| (name.as_str(), values))
            .collect();
        match COLUMNS.iter().find(|name| !found.contains_key(*name)) {
            None => Ok(Self(found)),
            Some(name) => Err(foreign(&format!("there is no column `{name}`"))),
        }
    }

    fn cell(&self, name: &str, row: usize) -> Cell<'f> {
        self.0
            .get(name)
            .map_or(Cell::Null, |values| values.cell(row))
    }

    fn text(&self, name: &str, row: usize) -> Option<&'f str> {
        match self.cell(name, row) {
            Cell::String(text) => Some(text),
            _ => None,
        }
    }

    fn number(&self, name: &str, row: usize) -> Option<f64> {
        match self.cell(name, row) {
            Cell::F64(number) => Some(number),
            _ => None,
        }
    }

    /// A text of either run.
    fn texts(&self, names: [&str; 2], row: usize) -> Both<Option<&'f str>> {
        let [production, staged] = names.map(|name| self.text(name, row));
        Both { production, staged }
    }
}

impl Gathered {
    fn add(&mut self, file: &File<'_>, row: usize) -> Result<()> {
        let time = match file.cell("time", row) {
            Cell::Datetime(time) => Instant::from_microseconds(time),
            _ => None,
        };
        let time = time.ok_or_else(|| foreign("`time` holds something else"))?;
        let (first, last) = self.times.unwrap_or((time, time));
        self.times = Some((first.min(time), last.max(time)));
        match file.text("answered_by", row) {
            Some("staged") => self.answered_by.staged += 1,
            _ => self.answered_by.production += 1,
        }
        let scores = ["score", "staged_score"].map(|name| file.number(name, row));
        let [Some(production), Some(staged)] = scores else {
            self.add_silence(file, row, scores[1].is_none());
            return Ok(());
        };
        let taken = |name| file.number(name, row);
        self.microseconds.production.extend(taken("microseconds"));
        self.microseconds
            .staged
            .extend(taken("staged_microseconds"));
        self.scores.production.push(production);
        self.scores.staged.push(staged);
        let agree = file.cell("agree", row) == Cell::Bool(true);
        self.agreed += u64::from(agree);
        let prediction = file.texts(["prediction", "staged_prediction"], row);
        if let (Some(one), Some(other)) = (prediction.production, prediction.staged) {
            let both = (one.to_string(), other.to_string());
            *self.predictions.entry(both).or_default() += 1;
        }
        self.add_apart(file, row, Both { production, staged }, prediction);
        Ok(())
    }

    fn add_silence(&mut self, file: &File<'_>, row: usize, staged: bool) {
        let side = if staged {
            Side::Staged
        } else {
            Side::Production
        };
        let why = file.text("silence", row).unwrap_or("failure").to_string();
        *self.silent.entry((side, why)).or_default() += 1;
    }

    /// Keeps what was said of an entity where it is the widest.
    fn add_apart(
        &mut self,
        file: &File<'_>,
        row: usize,
        score: Both<f64>,
        prediction: Both<Option<&str>>,
    ) {
        let entity = file.text("entity", row).unwrap_or_default();
        let difference = score.staged - score.production;
        let known = self.apart.get(entity);
        if known.is_none_or(|known| difference.abs() > known.difference.abs()) {
            let apart = Apart {
                entity: entity.to_string(),
                as_of: file.cell("as_of", row).to_string(),
                prediction: Both {
                    production: prediction.production.map(str::to_string),
                    staged: prediction.staged.map(str::to_string),
                },
                score,
                difference,
            };
            self.apart.insert(entity.to_string(), apart);
        }
    }

    /// None without a row.
    fn conclude(self, runs: Runs) -> Option<Evidence> {
        let (from, to) = self.times?;
        let Both { production, staged } = self.microseconds;
        let (production, staged) = (sorted(production), sorted(staged));
        let at = |share| Both {
            production: quantile(&production, share),
            staged: quantile(&staged, share),
        };
        let apart = self
            .apart
            .into_values()
            .filter(|apart| apart.difference != 0.0);
        let mut most: Vec<Apart> = apart.collect();
        most.sort_by(|a, b| {
            let wider = b.difference.abs().total_cmp(&a.difference.abs());
            wider.then_with(|| a.entity.cmp(&b.entity))
        });
        most.truncate(MOST);
        Some(Evidence {
            runs,
            from,
            to,
            compared: self.scores.production.len() as u64,
            agreed: self.agreed,
            predictions: self.predictions,
            answered_by: self.answered_by,
            silent: self.silent,
            difference: Difference::of(&self.scores),
            latency: Latency {
                p50: at(0.5),
                p99: at(0.99),
            },
            most,
        })
    }
}

impl Difference {
    fn of(scores: &Both<Vec<f64>>) -> Option<Self> {
        let rows = scores.production.len() as f64;
        let pairs = scores.staged.iter().zip(&scores.production);
        let apart = sorted(
            pairs
                .map(|(staged, production)| staged - production)
                .collect(),
        );
        let at = |share| quantile(&apart, share);
        let quantiles = Quantiles {
            p1: at(0.01)?,
            p5: at(0.05)?,
            p50: at(0.5)?,
            p95: at(0.95)?,
            p99: at(0.99)?,
        };
        let values = |scores: &[f64]| {
            let scores: Vec<_> = scores.iter().copied().map(Some).collect();
            Values::floats(&scores)
        };
        let drift = drift::compare(&values(&scores.production), &values(&scores.staged));
        let (change, mean) = (drift.change?, drift.mean?);
        Some(Self {
            mean: apart.iter().sum::<f64>() / rows,
            mean_absolute: apart.iter().map(|one| one.abs()).sum::<f64>() / rows,
            quantiles,
            scores: Both {
                production: mean.reference,
                staged: mean.current,
            },
            psi: change.psi,
            effect: change.effect,
        })
    }
}

fn sorted(mut numbers: Vec<f64>) -> Vec<f64> {
    numbers.sort_by(f64::total_cmp);
    numbers
}

/// The smallest number up to which at least this share of all lies; none of none.
fn quantile(ascending: &[f64], share: f64) -> Option<f64> {
    let rank = (share * ascending.len() as f64).ceil() as usize;
    ascending.get(rank.max(1) - 1).copied()
}
