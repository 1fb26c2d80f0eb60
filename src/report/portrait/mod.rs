//! The page of a run, or of two held side by side: what it was, how good it is, and pictures.
//!
//! 1. `picture`: what a picture shows, for one run or for two. `binary`, `multiclass`, `regression`
//!    draw a task's; `importance` what the model looks at.
//! 2. `single` and `pair`: the two pages; `parts` has what both are made of.
//! 3. `document`: the same as JSON, with every number that is drawn.
//!
//! Everything is computed from what the store holds of the runs: the same runs give the same bytes.

mod binary;
mod document;
mod importance;
mod multiclass;
mod pair;
mod parts;
mod picture;
mod regression;
mod single;

pub use document::{pair_document, portrait_document};
pub use pair::pair_page;
pub use single::portrait_page;

use super::show::RunView;
use crate::definition::Task;
use crate::error::{Error, Result};
use crate::hash::Digest;
use crate::learn::{Curves, curves, residual_range};
use crate::plan::RunSpec;
use crate::run::{KnownRun, MeanContributions, Report, RunDiff, RunScores};

/// A run as its page shows it.
#[derive(Debug)]
pub struct Portrait<'a> {
    pub view: RunView<'a>,
    pub spec: RunSpec,
    pub report: Report,
    /// What was said of its test rows.
    pub scores: RunScores,
    /// Where the evaluation has no importances and the model can be taken apart.
    pub contributions: Option<MeanContributions>,
}

/// Two runs of one task.
#[derive(Debug)]
pub struct Pair<'a> {
    pub a: Portrait<'a>,
    pub b: Portrait<'a>,
    pub diff: RunDiff,
}

impl Portrait<'_> {
    fn known(&self) -> &KnownRun {
        self.view.known
    }

    fn task(&self) -> Task {
        self.spec.label.task
    }

    fn curves(&self) -> Curves {
        curves(&self.scores.scored(), None)
    }
}

impl<'a> Pair<'a> {
    /// # Errors
    /// [`Kind::Usage`](crate::error::Kind::Usage) for runs of two tasks: nothing that can be drawn
    /// is common to them.
    pub fn new(a: Portrait<'a>, b: Portrait<'a>, diff: RunDiff) -> Result<Self> {
        let words = |portrait: &Portrait| {
            let (run, task) = (portrait.known().run.short(), portrait.task());
            format!("{run}  {}  {}", portrait.known().experiment, task.as_str())
        };
        match a.task() == b.task() {
            true => Ok(Self { a, b, diff }),
            false => Err(Error::usage(
                "the runs predict for different tasks, so their pictures cannot be laid over each other",
            )
            .detail(words(&a))
            .detail(words(&b))
            .help(format!(
                "`streamflow diff {} {}` says in what they differ; `streamflow report RUN` draws each alone",
                a.known().run.short(),
                b.known().run.short()
            ))),
        }
    }

    /// Over common ranges, so that one can be laid over the other.
    fn curves(&self) -> [Curves; 2] {
        let both = [&self.a, &self.b].map(|portrait| portrait.scores.scored());
        let ranges = both.each_ref().map(residual_range);
        let range = match ranges {
            [Some(a), Some(b)] => a.union(b),
            [a, b] => a.or(b),
        };
        both.map(|scored| curves(&scored, range))
    }
}
