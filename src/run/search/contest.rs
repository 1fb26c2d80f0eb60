//! Who takes part in a search: its candidates as runs, known before any of them is executed.

use super::draw::{Values, candidates};
use super::round::{rounds, values_in};
use crate::definition::{Experiment, Search};
use crate::error::Result;
use crate::hash::{ContentHash, ContentHasher, Digest, RunId, SearchId};
use crate::lockfile::LockedData;
use crate::plan::RunSpec;
use crate::run::resolve::{Resolved, operations, resolve, resolve_with, spec_of};
use crate::snapshot::{Ingested, Snapshots};

/// The candidates of a search over the data there is.
pub struct Contest<'a> {
    pub search: &'a Search,
    /// What all candidates have in common, with the values that are written.
    pub spec: RunSpec,
    pub candidates: Vec<Values>,
    /// What each is in the first round.
    pub runs: Vec<RunId>,
    /// Of the first candidate in the first round.
    pub first: Resolved,
    pub id: SearchId,
}

impl<'a> Contest<'a> {
    /// Draws the candidates and resolves them, ingesting what is missing.
    pub fn of(
        snapshots: &Snapshots,
        experiment: &Experiment,
        search: &'a Search,
        locked: &[LockedData],
        seen: impl FnMut(Ingested),
    ) -> Result<Self> {
        let candidates = candidates(search)?;
        let spec = spec_of(snapshots, experiment)?;
        let round = rounds(search, candidates.len())[0];
        let values = |candidate: &Values| values_in(search, candidate, round);
        let first = resolve(
            snapshots,
            &spec.with(&values(&candidates[0]))?,
            locked,
            seen,
        )?;
        let run = |candidate: &Values| {
            let spec = spec.with(&values(candidate))?;
            let resolved = resolve_with(&spec, operations(&spec), first.tables.clone())?;
            Ok(resolved.plan.run)
        };
        let runs: Vec<RunId> = candidates.iter().map(run).collect::<Result<_>>()?;
        Ok(Self {
            id: id_of(search, &runs),
            search,
            spec,
            candidates,
            runs,
            first,
        })
    }
}

/// The name of a search: what it declares, then its candidates in their order. What a candidate becomes
/// in later rounds follows from these.
fn id_of(search: &Search, runs: &[RunId]) -> SearchId {
    let mut hasher = ContentHasher::new(SearchId::DOMAIN);
    search.declare().feed(&mut hasher);
    runs.feed(&mut hasher);
    SearchId::from_bytes(hasher.finish())
}
