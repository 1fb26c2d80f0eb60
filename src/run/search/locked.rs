//! What a lock says of a search, held against what the experiment says.

use std::collections::BTreeSet;

use super::contest::{Contest, id_over};
use super::draw::Values;
use crate::definition::{Experiment, Search, ValuePath};
use crate::error::{Error, Kind, Result};
use crate::lockfile::{Lock, LockedSearch, lock_path};
use crate::plan::{Difference, RunSpec};
use crate::run::resolve::spec_of;
use crate::snapshot::Snapshots;

/// In what a search differs from the locked one, by key paths that begin with `search`.
pub fn search_differences(
    locked: Option<&LockedSearch>,
    search: Option<&Search>,
) -> Vec<Difference> {
    differing(
        &declared(locked),
        &search.map_or_else(Values::new, Search::declare),
    )
}

/// The same for two locks.
pub fn locked_differences(
    old: Option<&LockedSearch>,
    new: Option<&LockedSearch>,
) -> Vec<Difference> {
    differing(&declared(old), &declared(new))
}

fn declared(locked: Option<&LockedSearch>) -> Values {
    locked.map_or_else(Values::new, |locked| locked.declared.clone())
}

fn differing(old: &Values, new: &Values) -> Vec<Difference> {
    let paths: BTreeSet<&ValuePath> = old.keys().chain(new.keys()).collect();
    paths
        .into_iter()
        .filter(|path| old.get(*path) != new.get(*path))
        .map(|path| Difference::Value {
            path: ValuePath::new(format!("search.{path}")),
            old: old.get(path).cloned(),
            new: new.get(path).cloned(),
        })
        .collect()
}

/// What an experiment is without executing anything: as it is written, or with what its locked search
/// chose, and that search.
///
/// # Errors
/// [`Kind::Lock`] where the search would be done, or done again.
pub fn chosen_spec(
    snapshots: &Snapshots,
    experiment: &Experiment,
    lock: Option<&Lock>,
) -> Result<(RunSpec, Option<LockedSearch>)> {
    let Some(search) = &experiment.search else {
        return Ok((spec_of(snapshots, experiment)?, None));
    };
    let data = lock.map_or(&[][..], |lock| &lock.data);
    let contest = Contest::of(snapshots, experiment, search, data, |_| {})?;
    match contest.locked_choice(lock) {
        Some(values) => Ok((
            contest.spec.with(values)?,
            lock.and_then(|lock| lock.search.clone()),
        )),
        None => Err(Error::new(
            Kind::Lock,
            format!("which run {} is, only its search can tell", experiment.name),
        )
        .detail(format!("candidates  {}", contest.candidates.len()))
        .help(format!("`streamflow run {}` tries them", experiment.name))),
    }
}

/// The values that a lock's search chose; none for an experiment that leaves none open.
///
/// # Errors
/// [`Kind::Lock`] for a value that the locked search could not have chosen.
pub fn choice_under_lock(experiment: &Experiment, lock: &Lock) -> Result<Values> {
    let (Some(search), Some(locked)) = (&experiment.search, &lock.search) else {
        return Ok(Values::new());
    };
    // Another search is told of as such.
    if locked.declared != search.declare() {
        let known = |path: &&ValuePath| search.paths().any(|own| own == *path);
        let still = locked.chosen.iter().filter(|(path, _)| known(path));
        return Ok(still
            .map(|(path, value)| (path.clone(), value.clone()))
            .collect());
    }
    let why = match could_choose(search, &locked.chosen) {
        Ok(()) => return Ok(locked.chosen.clone()),
        Err(why) => why,
    };
    let path = lock_path(&lock.experiment);
    let error = Error::new(
        Kind::Lock,
        format!("the search in {path} cannot have chosen what stands there"),
    );
    Err(restored(error.detail(why), &path))
}

/// Refuses a lock whose search is not the one over its own values and data. `spec` is what the lock declares.
pub fn refuse_other_search(experiment: &Experiment, lock: &Lock, spec: &RunSpec) -> Result<()> {
    let (Some(search), Some(locked)) = (&experiment.search, &lock.search) else {
        return Ok(());
    };
    let computed = id_over(search, spec, &lock.identity().data)?;
    if computed == locked.id {
        return Ok(());
    }
    let path = lock_path(&lock.experiment);
    let error = Error::new(Kind::Lock, format!("{path} does not fit together"))
        .detail(format!("search    {}", locked.id))
        .detail(format!(
            "computed  {computed} from what it declares and the runs it compares"
        ));
    Err(restored(error, &path))
}

fn restored(error: Error, path: &str) -> Error {
    error.help(format!(
        "restore it with `git checkout -- {path}`, or write it anew with `streamflow run`"
    ))
}

/// Whether these are values for all that a search tries, and none but such; else why not.
fn could_choose(search: &Search, chosen: &Values) -> std::result::Result<(), String> {
    let mut chosen_ones = chosen.iter();
    if let Some((path, value)) = chosen_ones.find(|(path, value)| !search.allows(path, value)) {
        return Err(format!("{path} = {value} is none of what it tries"));
    }
    let mut paths = search.paths();
    match paths.find(|path| !chosen.contains_key(*path)) {
        Some(path) => Err(format!("it does not say what it chose for {path}")),
        None => Ok(()),
    }
}

/// The values that a run has where an experiment leaves them open; none when the search could not have
/// chosen them.
pub fn choice_of(search: &Search, spec: &RunSpec) -> Option<Values> {
    let value = |path: &ValuePath| {
        let value = spec
            .value(path)
            .filter(|value| search.allows(path, value))?;
        Some((path.clone(), value))
    };
    search.paths().map(value).collect()
}

impl Contest<'_> {
    /// The values that a lock says this very search chose.
    pub fn locked_choice<'l>(&self, lock: Option<&'l Lock>) -> Option<&'l Values> {
        let locked = lock?.search.as_ref()?;
        let could = locked.id == self.id && could_choose(self.search, &locked.chosen).is_ok();
        could.then_some(&locked.chosen)
    }
}
