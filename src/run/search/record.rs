//! Searches as facts: what was tried, and what was chosen.

use serde::{Deserialize, Serialize};

use super::round::Tried;
use crate::definition::ExperimentName;
use crate::error::Result;
use crate::hash::{RunId, SearchId};
use crate::store::Catalog;

const SEARCH: &str = "search";

/// A search that came to its end; a fact under the experiment's name.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct SearchRecord {
    pub id: SearchId,
    pub method: String,
    pub metric: String,
    /// Round by round, each in the order of the candidates.
    pub tried: Vec<Tried>,
    /// The place of the chosen one in `tried`.
    pub chosen: usize,
}

impl SearchRecord {
    pub fn chosen(&self) -> Option<&Tried> {
        self.tried.get(self.chosen)
    }

    /// The run that was chosen.
    pub fn chosen_run(&self) -> Option<RunId> {
        self.chosen().map(|tried| tried.run)
    }

    /// How many candidates there were.
    pub fn candidates(&self) -> usize {
        self.tried.iter().filter(|tried| tried.round == 0).count()
    }

    /// How many rounds.
    pub fn rounds(&self) -> usize {
        self.tried.last().map_or(0, |tried| tried.round + 1)
    }
}

/// Keeps a search, unless it is the last one that was kept.
pub fn note_search(
    catalog: &Catalog,
    experiment: &ExperimentName,
    new: &SearchRecord,
) -> Result<()> {
    let before = catalog.latest::<SearchRecord>(SEARCH, experiment.as_str())?;
    if before.is_none_or(|before| before.value != *new) {
        catalog.append(SEARCH, experiment.as_str(), new, &[])?;
    }
    Ok(())
}

/// The search that an experiment finished last; none where this store has seen none.
pub fn last_search(catalog: &Catalog, experiment: &ExperimentName) -> Result<Option<SearchRecord>> {
    let last = catalog.latest::<SearchRecord>(SEARCH, experiment.as_str())?;
    Ok(last.map(|fact| fact.value))
}
