//! From an experiment, or from what a run was, to a plan with the snapshots it reads.

use std::collections::{BTreeMap, BTreeSet};

use crate::definition::{AsOf, Definitions, Experiment, Query, TableName, Windowed};
use crate::error::{Error, Kind, Result};
use crate::feature::FeatureSpec;
use crate::hash::{ObjectId, TableHash};
use crate::learn;
use crate::lockfile::LockedData;
use crate::plan::{
    DataInput, FeatureDates, Operations, Plan, Purpose, RunIdentity, RunSpec, TableAt,
};
use crate::snapshot::{Ingested, KnownDates, Snapshots, TableSnapshot, find_locked};

/// A run that can be executed: its plan, and the tables it reads.
#[derive(Debug, Clone)]
pub struct Resolved {
    pub plan: Plan,
    /// Of each table's features.
    pub dates: FeatureDates,
    pub tables: BTreeMap<TableAt, TableSnapshot>,
}

/// The operations a run uses, at the versions of this program.
pub fn operations(spec: &RunSpec) -> Operations {
    let mut operations = BTreeMap::from([
        (
            "training_set".to_string(),
            super::steps::TRAINING_SET_VERSION,
        ),
        ("split".to_string(), learn::SPLIT_VERSION),
        ("encode".to_string(), learn::ENCODE_VERSION),
        ("predict".to_string(), super::steps::PREDICT_VERSION),
        ("evaluate".to_string(), learn::EVALUATE_VERSION),
    ]);
    if spec.cross_validation.is_some() {
        let version = super::steps::CROSS_VALIDATE_VERSION;
        operations.insert("cross_validate".to_string(), version);
    }
    if spec.calibrate.is_some() {
        operations.insert("calibrate".to_string(), learn::CALIBRATE_VERSION);
    }
    if spec.has_expressions() || !spec.preprocess.derived.is_empty() {
        operations.insert("expression".to_string(), super::steps::EXPRESSION_VERSION);
    }
    let texts = spec.features.values().chain(spec.windowed.values());
    if texts
        .into_iter()
        .any(|text| Windowed::split(text).is_some())
    {
        operations.insert("window".to_string(), super::steps::WINDOW_VERSION);
    }
    let estimator = learn::estimator_version(spec.model.kind);
    operations.extend(estimator.map(|version| (spec.model.kind.to_string(), version)));
    Operations(operations)
}

/// What an experiment declares, with the dates its labels come from.
///
/// With a lead these are the next dates for which the label's table has a file.
pub fn spec_of(snapshots: &Snapshots, experiment: &Experiment) -> Result<RunSpec> {
    let label = &experiment.label;
    let label_as_of = match label.lead {
        0 => experiment.as_of.clone(),
        lead => {
            let table = snapshots.table(&label.table)?;
            let dates = snapshots.dates_on_file(table)?;
            let later = |as_of: &AsOf| {
                let index = lead as usize - 1;
                let found = dates
                    .iter()
                    .filter(|date| *date > as_of)
                    .nth(index)
                    .copied();
                let missing = || no_later_label(experiment, *as_of, &dates);
                found.ok_or_else(|| match table.source.query {
                    // Which dates a database has only an ingest finds out.
                    Some(_) => missing().help("`streamflow ingest --as-of DATE` asks the database for the labels of a later date"),
                    None => missing(),
                })
            };
            experiment.as_of.iter().map(later).collect::<Result<_>>()?
        }
    };
    Ok(RunSpec::of(snapshots.definitions, experiment, label_as_of))
}

fn no_later_label(experiment: &Experiment, as_of: AsOf, dates: &[AsOf]) -> Error {
    let label = &experiment.label;
    let newest = dates.last().map_or("none".to_string(), ToString::to_string);
    Error::new(
        Kind::MissingInput,
        format!(
            "{} has no labels {} dates after {as_of}",
            label.table, label.lead
        ),
    )
    .detail(format!("newest on file  {newest}"))
    .help("wait for the next month's labels, or lower `lead` or `as_of` in the experiment")
}

/// Resolves a spec against the files as they are now, ingesting what is missing.
///
/// `locked` is the data of the lock there is: a database is asked for its dates, too. `seen` is told
/// of each ingest.
pub fn resolve(
    snapshots: &Snapshots,
    spec: &RunSpec,
    locked: &[LockedData],
    mut seen: impl FnMut(Ingested),
) -> Result<Resolved> {
    let reads = spec.reads();
    let mut needed: BTreeMap<AsOf, BTreeSet<TableName>> = BTreeMap::new();
    for (table, as_of) in reads.keys() {
        needed.entry(*as_of).or_default().insert(table.clone());
    }
    let mut tables = BTreeMap::new();
    for (as_of, names) in needed {
        let known = dates_of(locked.iter().filter(|data| data.as_of == as_of));
        let ingested = snapshots.ensure_with(as_of, &names, &known)?;
        for name in names {
            let table = ingested.snapshot.tables[&name].clone();
            tables.insert((name, as_of), table);
        }
        seen(ingested);
    }
    resolve_with(spec, operations(spec), tables)
}

/// Makes the plan of a spec over given tables.
pub fn resolve_with(
    spec: &RunSpec,
    operations: Operations,
    tables: BTreeMap<TableAt, TableSnapshot>,
) -> Result<Resolved> {
    resolve_at(spec, operations, spec.feature_dates(), tables)
}

/// The same, with the features of each table as of dates of its own.
pub fn resolve_at(
    spec: &RunSpec,
    operations: Operations,
    dates: FeatureDates,
    tables: BTreeMap<TableAt, TableSnapshot>,
) -> Result<Resolved> {
    let mut data = Vec::new();
    for (at, purpose) in spec.reads_at(&dates) {
        let table = tables.get(&at).ok_or_else(|| {
            Error::new(
                Kind::MissingInput,
                format!("no snapshot of {} at {}", at.0, at.1),
            )
        })?;
        data.push(spec.data_input(&at, purpose, table)?);
    }
    let plan = Plan::new(RunIdentity {
        declared: spec.declare(),
        operations,
        data,
    })?;
    Ok(Resolved {
        plan,
        dates,
        tables,
    })
}

/// Finds the tables of a run by their locked hashes: in the store, else rebuilt from the sources.
///
/// `notice` is told of tables whose newest revision is another one.
///
/// # Errors
/// [`Kind::MissingInput`] with both hashes when neither place has the locked data.
pub fn locked_tables(
    snapshots: &Snapshots,
    spec: &RunSpec,
    locked: &[DataInput],
    recorded: &[LockedData],
    mut notice: impl FnMut(String),
) -> Result<BTreeMap<TableAt, TableSnapshot>> {
    let store = snapshots.workspace.store();
    let mut tables = BTreeMap::new();
    for (at, purpose) in spec.reads() {
        let wanted = locked
            .iter()
            .find(|input| (&input.table, input.as_of) == (&at.0, at.1))
            .ok_or_else(|| {
                Error::new(
                    Kind::Lock,
                    format!("the lock names no data of {} at {}", at.0, at.1),
                )
            })?;
        let matches = |snapshot: &TableSnapshot| {
            let columns = spec.columns_read(&at.0, purpose, &snapshot.dtypes());
            columns.is_ok_and(|columns| snapshot.projection(&columns) == wanted.hash)
        };
        if let Some((found, newest)) = find_locked(store, &at.0, at.1, matches)? {
            if !newest {
                notice(format!(
                    "{} at {} has a newer revision; the locked one was used",
                    at.0, at.1
                ));
            }
            tables.insert(at, found);
            continue;
        }
        let recorded = recorded
            .iter()
            .find(|data| data.table == at.0 && data.as_of == at.1);
        let rebuilt = match rebuild(snapshots, &at, recorded) {
            Ok(rebuilt) if matches(&rebuilt) => rebuilt,
            other => {
                let wanted = Wanted {
                    at: &at,
                    purpose,
                    hash: wanted.hash,
                    recorded,
                };
                return Err(not_to_be_had(snapshots, spec, &wanted, other));
            }
        };
        tables.insert(at, rebuilt);
    }
    Ok(tables)
}

/// The dates that tables of a lock are made of.
fn dates_of<'a>(locked: impl Iterator<Item = &'a LockedData>) -> KnownDates {
    let dates = |data: &LockedData| data.sources.iter().map(|source| source.date).collect();
    locked
        .map(|data| (data.table.clone(), dates(data)))
        .collect()
}

fn rebuild(
    snapshots: &Snapshots,
    (table, as_of): &TableAt,
    recorded: Option<&LockedData>,
) -> Result<TableSnapshot> {
    let known = dates_of(recorded.into_iter());
    let ingested = snapshots.ensure_with(*as_of, &BTreeSet::from([table.clone()]), &known)?;
    Ok(ingested.snapshot.tables[table].clone())
}

/// A table that a lock names.
struct Wanted<'a> {
    at: &'a TableAt,
    purpose: Purpose,
    hash: TableHash,
    /// What it was made of, as the lock says.
    recorded: Option<&'a LockedData>,
}

/// The error of data that is not what the lock says, or that the sources no longer give at all.
fn not_to_be_had(
    snapshots: &Snapshots,
    spec: &RunSpec,
    wanted: &Wanted,
    found: Result<TableSnapshot>,
) -> Error {
    let (table, as_of) = wanted.at;
    let error = Error::new(
        Kind::MissingInput,
        format!("the locked data of {table} at {as_of} cannot be had"),
    )
    .detail(format!("locked   {}", wanted.hash));
    let error = match found {
        Ok(found) => match spec.columns_read(table, wanted.purpose, &found.dtypes()) {
            Ok(columns) => error.detail(format!("rebuilt  {}", found.projection(&columns))),
            Err(lacking) => error.detail(format!("rebuilt  {lacking}")),
        },
        Err(refused) if matches!(refused.kind(), Kind::MissingInput | Kind::DataRefused) => error
            .detail(format!("rebuilt  {refused}"))
            .details(refused.all_details().iter().cloned()),
        Err(other) => return other,
    };
    let sources = snapshots
        .table(table)
        .and_then(|table| snapshots.sources_at(table, *as_of))
        .unwrap_or_default();
    match first_difference(wanted.recorded, &sources) {
        Some((date, path, words)) => {
            let error = error.detail(format!("differs  {path}  {words}"));
            let way = match Query::is_name(&path) {
                true => format!("`streamflow ingest --as-of {date}` asks the database again,"),
                false => format!("`git checkout -- {path}` restores a committed file,"),
            };
            error
                .help(way)
                .help("`streamflow run` accepts what is there".to_string())
        }
        None => error
            .detail("every source file is as locked: columns or checks read it otherwise")
            .help(format!(
                "undo the change in features/{table}.toml, or accept it with `streamflow run`"
            )),
    }
}

/// The first source file that is not as locked: its date, its path, and in what it differs.
fn first_difference(
    recorded: Option<&LockedData>,
    found: &[(AsOf, String, ObjectId)],
) -> Option<(AsOf, String, String)> {
    let recorded = &recorded?.sources;
    let dates: BTreeSet<AsOf> = recorded
        .iter()
        .map(|source| source.date)
        .chain(found.iter().map(|(date, ..)| *date))
        .collect();
    dates.into_iter().find_map(|date| {
        let old = recorded.iter().find(|source| source.date == date);
        let new = found.iter().find(|(found, ..)| *found == date);
        match (old, new) {
            (Some(old), None) => Some((date, old.path.clone(), "is missing".to_string())),
            (None, Some((_, path, _))) => Some((date, path.clone(), "is new".to_string())),
            (Some(old), Some((_, path, hash))) if old.hash != *hash => {
                let words = format!("BLAKE3 {} → {hash}", old.hash);
                Some((date, path.clone(), words))
            }
            _ => None,
        }
    })
}

impl Resolved {
    /// The features of the run with all that decides their values, in order of table and name.
    pub fn feature_specs(&self) -> Result<Vec<FeatureSpec>> {
        let spec = &self.plan.spec;
        let mut specs = Vec::new();
        for table in spec.tables.keys() {
            let snapshot = self.tables.iter().find(|((name, _), _)| name == table);
            if let Some((_, snapshot)) = snapshot {
                specs.extend(spec.feature_specs(table, &snapshot.dtypes())?);
            }
        }
        Ok(specs)
    }

    /// The data of the run as a lock lists it.
    pub fn locked_data(&self) -> Vec<LockedData> {
        let inputs = self.plan.identity.data.iter();
        inputs
            .filter_map(|input| {
                let table = self.tables.get(&(input.table.clone(), input.as_of))?;
                Some(LockedData {
                    table: input.table.clone(),
                    as_of: input.as_of,
                    rows: table.rows,
                    hash: input.hash,
                    sources: table.sources.clone(),
                })
            })
            .collect()
    }
}

/// The definition files that an experiment uses, as paths from the project root.
pub fn used_files(definitions: &Definitions, experiment: &Experiment) -> BTreeSet<String> {
    let features = experiment.features.iter().map(|feature| &feature.table);
    let tables = features.chain(std::iter::once(&experiment.label.table));
    tables
        .filter_map(|name| definitions.tables.get(name))
        .map(|table| table.origin.source.path.clone())
        .chain(std::iter::once(experiment.origin.source.path.clone()))
        .collect()
}
