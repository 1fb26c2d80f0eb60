//! A search executed: candidates in parallel, round by round, the best of each round going on; then the
//! run that was chosen.

use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::mpsc;
use std::thread;

use super::execute::{CachePolicy, Events, Execution, Silent, SoFar};
use super::guard::Guards;
use super::perform::{Chosen, Performed, RunOptions, RunResult, lock_before, perform};
use super::record::ExecutionRecord;
use super::search::{
    Contest, SearchRecord, Tried, Values, goes_before, note_search, ranked, rounds, values_in,
    words_of,
};
use crate::definition::{CrossValidation, Definitions, Experiment, Search};
use crate::error::{Error, Result};
use crate::hash::Digest;
use crate::host;
use crate::lockfile::LockedSearch;
use crate::snapshot::Snapshots;
use crate::workspace::Workspace;

/// Runs an experiment as it is declared, and writes its lock. Where values are left open, candidates are
/// tried first, and the best of them is the run.
pub fn run(
    workspace: &Workspace,
    definitions: &Definitions,
    experiment: &Experiment,
    options: &RunOptions,
    events: &dyn Events,
) -> Result<Performed> {
    match &experiment.search {
        None => {
            let chosen = Chosen::default();
            perform(workspace, definitions, experiment, &chosen, options, events)
        }
        Some(search) => search_and_run(
            &Snapshots {
                workspace,
                definitions,
            },
            experiment,
            search,
            options,
            events,
        ),
    }
}

fn search_and_run(
    snapshots: &Snapshots,
    experiment: &Experiment,
    search: &Search,
    options: &RunOptions,
    events: &dyn Events,
) -> Result<Performed> {
    let Snapshots {
        workspace,
        definitions,
    } = *snapshots;
    Guards::of(definitions, experiment).before_data()?;
    let lock = lock_before(workspace, experiment, options)?;
    let locked = lock.as_ref().map_or(&[][..], |lock| &lock.data);
    let contest = Contest::of(snapshots, experiment, search, locked, |done| {
        events.ingested(&done);
    })?;
    let known = contest
        .locked_choice(lock.as_ref())
        .filter(|_| options.cache == CachePolicy::Use);
    let (values, found) = match known {
        Some(values) => (values.clone(), None),
        None => {
            let trial = Trial {
                definitions,
                experiment,
                contest: &contest,
                options: options.clone(),
            };
            let found = trial.run(workspace, events)?;
            (found.tried[found.best].values.clone(), Some(found))
        }
    };
    let chosen = Chosen {
        search: Some(LockedSearch {
            id: contest.id,
            chosen: values.clone(),
            declared: search.declare(),
        }),
        values,
    };
    // What was computed anew a moment ago need not be computed once more.
    let options = RunOptions {
        cache: CachePolicy::Use,
        ..options.clone()
    };
    let (mut result, error) = perform(
        workspace,
        definitions,
        experiment,
        &chosen,
        &options,
        events,
    )?;
    if let Some(found) = found {
        let record = SearchRecord {
            id: contest.id,
            method: search.method.as_str().to_string(),
            metric: search.metric.to_string(),
            tried: found.tried,
            chosen: found.best,
        };
        note_search(workspace.store().catalog(), &experiment.name, &record)?;
        // How the chosen run came about is told, not that it was found in the store afterwards.
        result.execution = found.execution;
        result.record = found.record;
        result.searched = Some(record);
    }
    Ok((result, error))
}

/// What came of trying all candidates.
struct Found {
    /// Round by round, each in the order of the candidates.
    tried: Vec<Tried>,
    /// The place of the best of the last round in `tried`.
    best: usize,
    execution: Execution,
    record: ExecutionRecord,
}

/// Whose candidates are tried, and how.
struct Trial<'a> {
    definitions: &'a Definitions,
    experiment: &'a Experiment,
    contest: &'a Contest<'a>,
    options: RunOptions,
}

/// A candidate of the present round: its number and its values.
type Entrant = (usize, Values);

impl Trial<'_> {
    /// Tries every candidate, and those that stay once more in each later round.
    ///
    /// # Errors
    /// What stopped a candidate, with its values. Those that were done stay in the store.
    fn run(&self, workspace: &Workspace, events: &dyn Events) -> Result<Found> {
        let search = self.contest.search;
        let rounds = rounds(search, self.contest.candidates.len());
        let of = rounds.iter().map(|round| round.candidates).sum();
        let mut all: Vec<Tried> = Vec::new();
        let mut staying: Vec<usize> = (0..self.contest.candidates.len()).collect();
        let mut winner = None;
        for (number, round) in rounds.iter().enumerate() {
            staying.truncate(round.candidates);
            // In their own order, whatever their ranks were.
            staying.sort_unstable();
            let values = |at: &usize| values_in(search, &self.contest.candidates[*at], *round);
            let entrants: Vec<Entrant> = staying.iter().map(|at| (*at, values(at))).collect();
            let before = all.len();
            let mut progress = |tried: &Tried, best: &Tried, done: usize, result: &RunResult| {
                events.tried(&SoFar {
                    done: before + done,
                    of,
                    last: (&tried.values, tried.score),
                    best: (&best.values, best.score),
                    metric: search.metric,
                    cached: result.execution.is_cached(),
                    seconds: result.execution.seconds,
                });
            };
            let (tried, best) = self.round(workspace, number, &entrants, &mut progress)?;
            let ranked = ranked(search.metric, tried.clone());
            staying = ranked.iter().map(|tried| tried.candidate).collect();
            all.extend(tried);
            winner = Some(best);
        }
        let (best, result) =
            winner.ok_or_else(|| Error::failure("a search has at least one candidate"))?;
        let is_best =
            |tried: &Tried| (tried.round, tried.candidate) == (best.round, best.candidate);
        let at = all.iter().position(is_best);
        if best.score.is_nan() {
            return Err(no_score(self.experiment, search.metric));
        }
        Ok(Found {
            best: at.unwrap_or_default(),
            tried: all,
            execution: result.execution,
            record: result.record,
        })
    }

    /// One round, in parallel; the first candidate alone, so that the steps all have in common are
    /// computed once.
    fn round(
        &self,
        workspace: &Workspace,
        number: usize,
        entrants: &[Entrant],
        told: &mut dyn FnMut(&Tried, &Tried, usize, &RunResult),
    ) -> Result<(Vec<Tried>, (Tried, RunResult))> {
        let metric = self.contest.search.metric;
        let (first, others) = entrants
            .split_first()
            .ok_or_else(|| Error::failure("a round has at least one candidate"))?;
        let mut tried = Vec::new();
        let (one, result) = self.one(workspace, number, first)?;
        told(&one, &one, 1, &result);
        tried.push(one.clone());
        let mut best = (one, result);
        let (next, stop) = (AtomicUsize::new(0), AtomicBool::new(false));
        let (sender, receiver) = mpsc::channel();
        let mut failed: Option<(usize, Error)> = None;
        thread::scope(|scope| -> Result<()> {
            for _ in 0..host::threads().min(others.len()) {
                let workspace = workspace.reopened()?;
                let (sender, next, stop) = (sender.clone(), &next, &stop);
                scope.spawn(move || {
                    while !stop.load(Ordering::Relaxed)
                        && let Some(entrant) = others.get(next.fetch_add(1, Ordering::Relaxed))
                    {
                        let done = self.one(&workspace, number, entrant);
                        if sender.send((entrant.0, done)).is_err() {
                            break;
                        }
                    }
                });
            }
            drop(sender);
            for (candidate, done) in receiver {
                match done {
                    Ok((one, result)) => {
                        let better = goes_before(metric, &one, &best.0);
                        tried.push(one.clone());
                        told(
                            &one,
                            if better { &one } else { &best.0 },
                            tried.len(),
                            &result,
                        );
                        if better {
                            best = (one, result);
                        }
                    }
                    Err(error) => {
                        stop.store(true, Ordering::Relaxed);
                        // Which of several is told does not hang on who was quicker.
                        if failed.as_ref().is_none_or(|(at, _)| candidate < *at) {
                            failed = Some((candidate, error));
                        }
                    }
                }
            }
            Ok(())
        })?;
        if let Some((_, error)) = failed {
            return Err(error);
        }
        tried.sort_by_key(|tried| tried.candidate);
        Ok((tried, best))
    }

    /// One candidate: a run like any other, without a lock.
    fn one(
        &self,
        workspace: &Workspace,
        round: usize,
        (candidate, values): &Entrant,
    ) -> Result<(Tried, RunResult)> {
        let words = words_of(values);
        let of = self.contest.candidates.len();
        let told =
            |error: Error| error.detail(format!("candidate {} of {of}: {words}", candidate + 1));
        let chosen = Chosen {
            values: values.clone(),
            search: None,
        };
        let options = RunOptions {
            set: true,
            ..self.options.clone()
        };
        let (result, error) = perform(
            workspace,
            self.definitions,
            self.experiment,
            &chosen,
            &options,
            &Silent,
        )
        .map_err(told)?;
        if let Some(error) = error {
            return Err(told(error));
        }
        let run = result.record.run;
        if round == 0 && self.contest.runs.get(*candidate) != Some(&run) {
            return Err(Error::failure(format!(
                "the data of {} changed while its search ran",
                self.experiment.name
            ))
            .help(format!(
                "`streamflow run {}` begins anew",
                self.experiment.name
            )));
        }
        let metric = self.contest.search.metric;
        let score = result.record.metrics.get(metric).copied();
        let score = score.ok_or_else(|| {
            told(Error::failure(format!(
                "run {} has no {metric}",
                run.short()
            )))
        })?;
        let tried = Tried {
            candidate: *candidate,
            round,
            values: values.clone(),
            run,
            score,
            sd: deviation(&result.execution, metric),
        };
        Ok((tried, result))
    }
}

/// Of a mean over folds.
fn deviation(execution: &Execution, metric: &str) -> Option<f64> {
    let folds = execution.report.cross_validation.as_ref()?;
    folds.metrics.get(CrossValidation::metric_of(metric)?)?.sd
}

fn no_score(experiment: &Experiment, metric: &str) -> Error {
    Error::failure(format!(
        "no candidate of {} has a number for {metric}",
        experiment.name
    ))
    .help("take another `metric` under [search], or fewer folds")
}
