//! Who takes part in a search: its candidates as runs, known before any of them is executed.

use super::draw::{Values, candidates};
use super::round::{rounds, values_in};
use crate::definition::{Experiment, Search};
use crate::error::Result;
use crate::hash::{ContentHash, ContentHasher, Digest, RunId, SearchId};
use crate::lockfile::LockedData;
use crate::plan::{DataInput, RunIdentity, RunSpec};
use crate::run::resolve::{Resolved, operations, resolve, spec_of};
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
        let values = values_in(search, &candidates[0], round);
        let first = resolve(snapshots, &spec.with(&values)?, locked, seen)?;
        let runs = runs_of(search, &candidates, &spec, &first.plan.identity.data)?;
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

/// The name of a search over given data; `spec` has the values that are not tried.
pub fn id_over(search: &Search, spec: &RunSpec, data: &[DataInput]) -> Result<SearchId> {
    let candidates = candidates(search)?;
    Ok(id_of(search, &runs_of(search, &candidates, spec, data)?))
}

/// What each candidate is in the first round. All of them read the same data.
fn runs_of(
    search: &Search,
    candidates: &[Values],
    spec: &RunSpec,
    data: &[DataInput],
) -> Result<Vec<RunId>> {
    let round = rounds(search, candidates.len())[0];
    let run = |candidate: &Values| {
        let spec = spec.with(&values_in(search, candidate, round))?;
        let identity = RunIdentity {
            declared: spec.declare(),
            operations: operations(&spec),
            data: data.to_vec(),
        };
        Ok(identity.id())
    };
    candidates.iter().map(run).collect()
}

/// The name of a search: what it declares, then its candidates in their order. What a candidate becomes
/// in later rounds follows from these.
fn id_of(search: &Search, runs: &[RunId]) -> SearchId {
    let mut hasher = ContentHasher::new(SearchId::DOMAIN);
    search.declare().feed(&mut hasher);
    runs.feed(&mut hasher);
    SearchId::from_bytes(hasher.finish())
}
