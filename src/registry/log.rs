//! The log of a model in this store: reading it, and whether its entries are what they were.
//!
//! Each entry is held fast by the next, which names its hash, and the last by the pin file, which
//! people commit. So that somebody who edits the catalog, and computes every checksum and every
//! hash again, still has another last hash than the file ([`verify_log`]).

use serde::Serialize;

use super::signature::is_vouched_for;
use super::transition::{EntryVersion, Transition, TransitionKind};
use crate::definition::{ModelName, Standing};
use crate::error::{Error, Result};
use crate::hash::{Digest, PersonHash, TransitionHash};
use crate::lockfile::{LogEnd, PinFile, pin_path};
use crate::store::{Catalog, Chained};

const TRANSITION: &str = "transition";

/// What is wrong with a log.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum ProblemKind {
    /// An entry is not what its hash says, or cannot be read.
    Edited,
    /// Entries are not there.
    Missing,
    /// An entry does not stand where its number belongs.
    OutOfOrder,
    /// An entry does not name the hash of the one before.
    Unchained,
    /// The pin file names another entry of this number.
    NotPinned,
    /// The pin file does not know of the entry.
    NotInPinFile,
    /// The signature of an entry is not of this entry.
    Signature,
}

/// One thing that is wrong.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct LogProblem {
    pub kind: ProblemKind,
    /// The number of the entry, or of the first of those that are missing.
    pub sequence: u64,
    /// A sentence without its full stop.
    pub what: String,
    /// Hashes that differ, one a line.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub details: Vec<String>,
}

impl LogProblem {
    fn new(kind: ProblemKind, sequence: u64, what: String) -> Self {
        Self {
            kind,
            sequence,
            what,
            details: Vec::new(),
        }
    }

    fn detail(mut self, line: String) -> Self {
        self.details.push(line);
        self
    }
}

/// The log of a model in this store, the oldest first, with its chain verified.
///
/// # Errors
/// An entry is not what its hash says, or does not follow on the one before.
pub fn transitions(catalog: &Catalog, model: &ModelName) -> Result<Vec<Transition>> {
    Ok(read(catalog, model)?.0)
}

/// The log, and the number of its last fact: what an append must have seen.
pub fn read(catalog: &Catalog, model: &ModelName) -> Result<(Vec<Transition>, i64)> {
    let rows = catalog.chained::<Transition>(TRANSITION, model.as_str())?;
    let seen = rows.last().map_or(0, |row| row.sequence);
    // Entries tell themselves whether they were changed; a checksum adds nothing to that.
    let rows = rows.into_iter().map(|row| Chained { sound: true, ..row });
    let (log, problems) = chain(model, rows.collect());
    match problems.into_iter().next() {
        None => Ok((log, seen)),
        Some(problem) => Err(broken(model, problem)),
    }
}

fn broken(model: &ModelName, problem: LogProblem) -> Error {
    Error::failure(format!(
        "the log of {model} is broken at transition {}",
        problem.sequence
    ))
    .detail(problem.what)
    .details(problem.details)
    .help(format!(
        "`streamflow history {model} --verify` names everything that is wrong"
    ))
    .help("the store's catalog was changed by something else than streamflow;")
    .help(format!(
        "what is pinned still stands in {} and its git history",
        pin_path(model)
    ))
}

/// What a log is, held against itself and the pin file.
#[derive(Debug, Clone)]
pub struct LogAudit {
    /// Entries that can be read.
    pub log: Vec<Transition>,
    pub problems: Vec<LogProblem>,
    /// Entries that were made in another store, by the chain itself.
    pub elsewhere: Vec<(u64, u64)>,
}

/// Looks at every entry of a log, and at what the pin file says of it.
pub fn verify_log(catalog: &Catalog, model: &ModelName, file: &PinFile) -> Result<LogAudit> {
    let rows = catalog.chained::<Transition>(TRANSITION, model.as_str())?;
    Ok(audit(model, rows, file))
}

/// The same of rows at hand.
pub(super) fn audit(model: &ModelName, rows: Vec<Chained<Transition>>, file: &PinFile) -> LogAudit {
    let (log, mut problems) = chain(model, rows);
    against_end(model, &log, file.end(), &mut problems);
    against_pins(model, &log, file, &mut problems);
    against_approvals(&log, file, &mut problems);
    let mut elsewhere = Vec::new();
    let mut before = 0;
    for entry in &log {
        if entry.adopted && entry.sequence.saturating_sub(1) > before {
            elsewhere.push((before + 1, entry.sequence - 1));
        }
        before = entry.sequence;
    }
    LogAudit {
        log,
        problems,
        elsewhere,
    }
}

/// The entries that can be read, and what is wrong with the chain they make.
fn chain(model: &ModelName, rows: Vec<Chained<Transition>>) -> (Vec<Transition>, Vec<LogProblem>) {
    let readable = rows.iter().filter_map(|row| row.value.as_ref().ok());
    let mut walk = Walk {
        present: readable.map(|entry| entry.sequence).collect(),
        expected: 1,
        before: Some(None),
        problems: Vec::new(),
    };
    let mut log = Vec::new();
    for row in rows {
        match row.value {
            Err(error) => walk.unreadable(&error),
            Ok(entry) => {
                walk.alone(model, &entry, row.sound);
                walk.follows(&entry);
                log.push(entry);
            }
        }
    }
    (log, walk.problems)
}

/// How far a chain has been followed.
struct Walk {
    /// The numbers of all entries that can be read.
    present: Vec<u64>,
    expected: u64,
    /// The hash of the entry before, none of the very first; none where it could not be read.
    before: Option<Option<TransitionHash>>,
    problems: Vec<LogProblem>,
}

impl Walk {
    fn problem(&mut self, kind: ProblemKind, sequence: u64, what: String) {
        self.problems.push(LogProblem::new(kind, sequence, what));
    }

    fn unreadable(&mut self, error: &Error) {
        let sequence = self.expected;
        let what = format!("transition {sequence} was edited: it cannot be read any more");
        let cause =
            std::error::Error::source(error).map_or_else(|| error.to_string(), ToString::to_string);
        self.problems
            .push(LogProblem::new(ProblemKind::Edited, sequence, what).detail(cause));
        self.expected += 1;
        self.before = None;
    }

    /// Holds an entry against its own hash.
    fn alone(&mut self, model: &ModelName, entry: &Transition, sound: bool) {
        let sequence = entry.sequence;
        let computed = TransitionHash::of(entry);
        let edited = |what: String| {
            LogProblem::new(
                ProblemKind::Edited,
                sequence,
                format!("transition {sequence} {what}"),
            )
        };
        let problem = if entry.version > EntryVersion::CURRENT {
            edited(format!(
                "is of version {}, which a newer streamflow writes",
                entry.version.0
            ))
        } else if computed != entry.hash {
            edited("was edited: its content has another hash".to_string())
                .detail(format!("recorded  {}", entry.hash))
                .detail(format!("computed  {computed}"))
        } else if !entry.fits_its_version() {
            edited("was edited: it says what its version does not say".to_string())
        } else if let Some(other) = entry.model.as_ref().filter(|other| *other != model) {
            edited(format!("is an entry of the model {other}"))
        } else if !sound {
            edited("was edited: its row has another checksum".to_string())
        } else if !is_vouched_for(entry) {
            let what = format!("the signature of transition {sequence} is not of this transition");
            LogProblem::new(ProblemKind::Signature, sequence, what)
        } else {
            return;
        };
        self.problems.push(problem);
    }

    /// Holds an entry against the one before.
    fn follows(&mut self, entry: &Transition) {
        let sequence = entry.sequence;
        if sequence < self.expected {
            let twice = self
                .present
                .iter()
                .filter(|other| **other == sequence)
                .count()
                > 1;
            let what = match twice {
                true => format!("transition {sequence} stands there twice"),
                false => format!(
                    "transition {sequence} stands after transition {}",
                    self.expected - 1
                ),
            };
            self.problem(ProblemKind::OutOfOrder, sequence, what);
            return;
        }
        let passed_over = self.expected..sequence;
        if !entry.adopted {
            let is_missing = |number: &u64| !self.present.contains(number);
            let first = passed_over.clone().find(is_missing);
            let last = passed_over.rev().find(is_missing);
            if let Some((first, last)) = first.zip(last) {
                self.problem(ProblemKind::Missing, first, missing_words(first, last));
            } else if sequence == self.expected {
                self.chained(entry, entry.previous_hash);
            }
        } else if entry.version > EntryVersion::FIRST {
            self.chained(entry, entry.beside);
        }
        self.expected = sequence.saturating_add(1);
        self.before = Some(Some(entry.hash));
    }

    /// Holds the hash that an entry names against the one that the entry before has.
    fn chained(&mut self, entry: &Transition, named: Option<TransitionHash>) {
        let Some(before) = self.before else {
            return;
        };
        if named == before {
            return;
        }
        let sequence = entry.sequence;
        let words = |hash: Option<TransitionHash>| {
            hash.map_or("nothing before it".to_string(), |hash| hash.to_string())
        };
        let what = format!(
            "transition {sequence} does not follow on the one before it: one of the two was edited"
        );
        self.problems.push(
            LogProblem::new(ProblemKind::Unchained, sequence, what)
                .detail(format!("it names    {}", words(named)))
                .detail(format!("there is    {}", words(before))),
        );
    }
}

fn missing_words(first: u64, last: u64) -> String {
    match first == last {
        true => format!("transition {first} is missing"),
        false => format!("transitions {first} to {last} are missing"),
    }
}

/// Holds the end of a log against the end that the pin file names.
fn against_end(
    model: &ModelName,
    log: &[Transition],
    end: Option<LogEnd>,
    problems: &mut Vec<LogProblem>,
) {
    let path = pin_path(model);
    let last = log.iter().map(|entry| entry.sequence).max().unwrap_or(0);
    let known = end.map_or(0, |end| end.sequence);
    if let Some(end) = end {
        if end.sequence > last {
            let words = missing_words(last + 1, end.sequence);
            let what = format!(
                "{words}: {path} names transition {}; they were removed, or made in another store",
                end.sequence
            );
            problems.push(LogProblem::new(ProblemKind::Missing, last + 1, what));
        } else if let Some(other) = unlike(log, end.sequence, end.hash) {
            let what = format!(
                "transition {} is not the one that {path} names: it was edited, one before it \
                 was, or the file is of another store",
                end.sequence
            );
            problems.push(
                LogProblem::new(ProblemKind::NotPinned, end.sequence, what)
                    .detail(format!("in the file  {}", end.hash))
                    .detail(format!("in the log   {}", other.hash)),
            );
        }
    }
    if last > known {
        let what = match last - known {
            1 => format!("transition {last} is in the log and not in {path}"),
            _ => format!(
                "transitions {} to {last} are in the log and not in {path}",
                known + 1
            ),
        };
        let what = format!(
            "{what}: somebody else wrote into the log, the writing of the file was cut short, or an \
             older file was put back"
        );
        problems.push(LogProblem::new(ProblemKind::NotInPinFile, known + 1, what));
    }
}

/// The entry of a number, where it has another hash than this.
fn unlike(log: &[Transition], sequence: u64, hash: TransitionHash) -> Option<&Transition> {
    let entry = log.iter().find(|entry| entry.sequence == sequence)?;
    (entry.hash != hash).then_some(entry)
}

/// Holds what the pin file says of each entry against the entry.
fn against_pins(
    model: &ModelName,
    log: &[Transition],
    file: &PinFile,
    problems: &mut Vec<LogProblem>,
) {
    let stages = file
        .pins
        .iter()
        .map(|(stage, pin)| (stage.to_string(), pin));
    let aliases = file
        .aliases
        .iter()
        .map(|(alias, pin)| (format!("@{alias}"), pin));
    for (place, pin) in stages.chain(aliases) {
        let Some(entry) = own_entry(log, pin.sequence, pin.hash) else {
            continue;
        };
        let told = problems.iter().any(|problem| {
            (problem.kind, problem.sequence) == (ProblemKind::NotPinned, pin.sequence)
        });
        if told {
            continue;
        }
        if place_of(entry).as_ref() != Some(&place) || entry.pin() != *pin {
            let what = format!(
                "{} pins {} to {place} by transition {}, which says something else",
                pin_path(model),
                pin.run.short(),
                pin.sequence
            );
            problems.push(
                LogProblem::new(ProblemKind::NotPinned, pin.sequence, what)
                    .detail(format!("the log says  {}", words_of(entry))),
            );
        }
    }
}

/// Holds the approvals of the pin file against the entries that gave them.
fn against_approvals(log: &[Transition], file: &PinFile, problems: &mut Vec<LogProblem>) {
    for approval in &file.approvals {
        let Some(entry) = own_entry(log, approval.sequence, approval.hash) else {
            continue;
        };
        let says = (entry.kind, entry.run, PersonHash::of(&entry.by), entry.hash);
        let expected = (
            TransitionKind::Approval,
            approval.run,
            approval.person,
            approval.hash,
        );
        if says != expected {
            let what = format!(
                "{} has an approval of {} by transition {}, which says something else",
                pin_path(&file.model),
                approval.run.short(),
                approval.sequence
            );
            problems.push(
                LogProblem::new(ProblemKind::NotPinned, approval.sequence, what)
                    .detail(format!("the log says  {}", words_of(entry))),
            );
        }
    }
}

/// The entry of a number, if it is the one that the pin file means. One of another hash may have
/// been made in another store whose chain this log went on from later; else that is to be told.
fn own_entry(log: &[Transition], sequence: u64, hash: TransitionHash) -> Option<&Transition> {
    let entry = log.iter().find(|entry| entry.sequence == sequence)?;
    let went_on = log
        .iter()
        .any(|later| later.adopted && later.sequence > sequence);
    (entry.hash == hash || !went_on).then_some(entry)
}

/// Where an entry put its run, as a pin file names it.
fn place_of(entry: &Transition) -> Option<String> {
    match (&entry.alias, entry.to) {
        (Some(alias), _) => Some(format!("@{alias}")),
        (None, Some(Standing::Pinned(stage))) => Some(stage.to_string()),
        (None, _) => None,
    }
}

fn words_of(entry: &Transition) -> String {
    let place = place_of(entry).unwrap_or_else(|| entry.kind.as_str().to_string());
    format!(
        "{} {place} by {}, hash {}",
        entry.run.short(),
        entry.by,
        entry.hash
    )
}

/// The names of the models that have a log in this store.
pub fn logged_models(catalog: &Catalog) -> Result<Vec<ModelName>> {
    let keys = catalog.keys(TRANSITION, "")?;
    Ok(keys.iter().filter_map(|key| key.parse().ok()).collect())
}

/// Adds an entry, unless another process was faster: then false.
pub fn append(
    catalog: &Catalog,
    model: &ModelName,
    seen: i64,
    transition: &Transition,
) -> Result<bool> {
    let added = catalog.append_after(TRANSITION, model.as_str(), Some(seen), transition, &[])?;
    Ok(added.is_some())
}
