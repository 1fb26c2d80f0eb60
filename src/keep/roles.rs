//! What each object of the store is, by the facts that name it.

use std::collections::{BTreeMap, BTreeSet};

use crate::definition::{AsOf, ExperimentName, TableName};
use crate::error::Result;
use crate::hash::{Digest, ObjectId, RunId};
use crate::online;
use crate::run::{self, ExecutionRecord};
use crate::snapshot;
use crate::store::{ObjectName, Store};

/// One thing that an object is.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum Role {
    /// A file that only the store has.
    KeptFile {
        table: String,
        date: AsOf,
        path: String,
        object: ObjectId,
    },
    Snapshot {
        table: TableName,
        as_of: AsOf,
        /// None for one that came with a bundle.
        revision: Option<u32>,
    },
    /// Rows of a file that were set aside.
    Quarantined { table: TableName, as_of: AsOf },
    Output {
        run: RunId,
        experiment: ExperimentName,
        /// `training_set`, `split`, `model`, `predictions` or `report`.
        name: &'static str,
    },
    /// A definition file as a run used it.
    Definition {
        run: RunId,
        path: String,
        commit: String,
    },
    /// Of a materialization.
    Values {
        table: TableName,
        as_of: AsOf,
        /// They are those that serve.
        serving: bool,
    },
    /// A snapshot that a run read.
    Data { run: RunId },
    /// Tables are kept as changes to it: what the first and the last of them are, in words.
    Base {
        tables: usize,
        first: String,
        last: String,
    },
    /// The output of a step, for runs to come.
    Cached,
    /// Values that no materialization names, for materializations to come.
    CachedValues,
}

/// Facts that say nothing without the object they name: they go with it.
pub const HOLLOW_KINDS: [&str; 3] = [run::CACHE_KINDS[0], run::CACHE_KINDS[1], online::SHEET_KIND];

impl Role {
    /// What it is, in words that go on after "needed by".
    pub fn words(&self) -> String {
        match self {
            Self::KeptFile { table, path, .. } => format!("{path}, kept for {table}"),
            Self::Snapshot {
                table,
                as_of,
                revision,
            } => match revision {
                Some(1) => format!("the snapshot of {table} at {as_of}"),
                Some(revision) => {
                    format!("the snapshot of {table} at {as_of}, revision {revision}")
                }
                None => format!("the snapshot of {table} at {as_of}, from a bundle"),
            },
            Self::Quarantined { table, as_of } => {
                format!("the quarantined rows of {table} at {as_of}")
            }
            Self::Output {
                run,
                experiment,
                name,
            } => format!(
                "the {} of run {} ({experiment})",
                name.replace('_', " "),
                run.short()
            ),
            Self::Definition { run, path, .. } => format!("{path} as run {} used it", run.short()),
            Self::Values {
                table,
                as_of,
                serving,
            } => match serving {
                true => format!("the values of {table} at {as_of}, which serve"),
                false => format!("the values of {table} at {as_of}, which served once"),
            },
            Self::Data { run } => format!("the data of run {}", run.short()),
            Self::Base {
                tables: 1, first, ..
            } => format!("{first}, which is kept as changes to it"),
            Self::Base {
                tables,
                first,
                last,
            } => format!("{tables} tables kept as changes to it, from {first} to {last}"),
            Self::Cached => "the cache of steps".to_string(),
            Self::CachedValues => "the cache of feature values".to_string(),
        }
    }

    /// The command that makes it again.
    pub fn rebuilt_by(&self) -> Option<String> {
        match self {
            Self::KeptFile { date, .. } => {
                Some(format!("streamflow ingest --as-of {date} --from DIR"))
            }
            Self::Snapshot {
                as_of,
                revision: Some(_),
                ..
            }
            | Self::Quarantined { as_of, .. } => Some(format!("streamflow ingest --as-of {as_of}")),
            Self::Snapshot { .. } => Some("streamflow unbundle FILE".to_string()),
            Self::Output { run, .. } | Self::Definition { run, .. } => {
                Some(format!("streamflow replay {}", run.short()))
            }
            Self::Values {
                as_of,
                serving: true,
                ..
            } => Some(format!("streamflow materialize --as-of {as_of}")),
            Self::Values { .. }
            | Self::Data { .. }
            | Self::Base { .. }
            | Self::Cached
            | Self::CachedValues => None,
        }
    }

    /// What such objects are called in a list of sorts.
    pub fn sort(&self) -> &'static str {
        match self {
            Self::KeptFile { .. } => "kept files",
            Self::Snapshot { .. } | Self::Data { .. } | Self::Base { .. } => "snapshots",
            Self::Quarantined { .. } => "quarantined rows",
            Self::Output { name, .. } => match *name {
                "training_set" => "training sets",
                "split" => "splits",
                "model" => "models",
                "predictions" => "predictions",
                _ => "reports",
            },
            Self::Definition { .. } => "definitions",
            Self::Values { .. } => "served values",
            Self::Cached => "cached steps",
            Self::CachedValues => "cached feature values",
        }
    }
}

/// What is kept as changes to what, by names in hex.
pub struct BuiltOn(BTreeMap<String, Vec<String>>);

impl BuiltOn {
    /// From what each object is built on.
    pub fn new(bases: &BTreeMap<String, String>) -> Self {
        let mut built: BTreeMap<String, Vec<String>> = BTreeMap::new();
        for (object, base) in bases {
            built.entry(base.clone()).or_default().push(object.clone());
        }
        Self(built)
    }

    /// Everything that is built on an object, nearest first.
    pub fn all(&self, base: &str) -> Vec<String> {
        let mut found: Vec<String> = Vec::new();
        let mut next = Some(base.to_string());
        let mut at = 0;
        while let Some(base) = next {
            let more = self.0.get(&base).into_iter().flatten();
            let more: Vec<String> = more.filter(|o| !found.contains(o)).cloned().collect();
            found.extend(more);
            next = found.get(at).cloned();
            at += 1;
        }
        found
    }
}

/// The roles of every object that a fact names.
#[derive(Debug, Default)]
pub struct Roles(BTreeMap<String, Vec<Role>>);

impl Roles {
    pub fn read(store: &Store) -> Result<Self> {
        let catalog = store.catalog();
        let mut roles = Self::default();
        for file in snapshot::kept_files(catalog)? {
            let role = Role::KeptFile {
                table: file.table,
                date: file.date,
                path: file.path,
                object: file.object,
            };
            roles.add(file.object, role);
        }
        let own = snapshot::revisions(catalog)?;
        let own = own.into_iter().map(|fact| (fact, true));
        let carried = snapshot::carried(catalog)?;
        for (fact, own) in own.chain(carried.into_iter().map(|fact| (fact, false))) {
            for (table, found) in fact.value.tables {
                let role = Role::Snapshot {
                    table,
                    as_of: fact.value.as_of,
                    revision: own.then_some(fact.value.revision),
                };
                roles.add(found.hash, role.clone());
                if let (Some(rows), Role::Snapshot { table, as_of, .. }) = (found.quarantine, role)
                {
                    roles.add(rows, Role::Quarantined { table, as_of });
                }
            }
        }
        for execution in run::all_executions(catalog)? {
            roles.add_execution(&execution);
        }
        roles.add_values(store)?;
        for need in catalog.needs()? {
            let role = match need.kind.as_str() {
                "run" => need.key.parse().ok().map(|run| Role::Data { run }),
                kind if run::CACHE_KINDS.contains(&kind) => Some(Role::Cached),
                online::SHEET_KIND if !roles.has_values(need.object) => Some(Role::CachedValues),
                _ => None,
            };
            if let Some(role) = role {
                roles.add(need.object, role);
            }
        }
        for all in roles.0.values_mut() {
            all.sort();
            all.dedup();
        }
        roles.add_bases(&catalog.bases()?);
        Ok(roles)
    }

    /// Of each table that others are kept as changes to, what these are.
    fn add_bases(&mut self, bases: &BTreeMap<String, String>) {
        let built_on = BuiltOn::new(bases);
        for base in bases.values().collect::<BTreeSet<_>>() {
            let built = built_on.all(base);
            let words = |hex: &String| match self.0.get(hex).and_then(|roles| roles.first()) {
                Some(role) => role.words(),
                None => format!("table {}", &hex[..hex.len().min(12)]),
            };
            if let (Some(first), Some(last)) = (built.first().map(words), built.last().map(words)) {
                let role = Role::Base {
                    tables: built.len(),
                    first,
                    last,
                };
                self.add(base, role);
            }
        }
    }

    fn add_execution(&mut self, execution: &ExecutionRecord) {
        let outputs = execution.outputs;
        let output = |name| Role::Output {
            run: execution.run,
            experiment: execution.experiment.clone(),
            name,
        };
        self.add(outputs.training_set, output("training_set"));
        self.add(outputs.split, output("split"));
        self.add(outputs.model, output("model"));
        self.add(outputs.predictions, output("predictions"));
        if let Some(report) = execution.report() {
            self.add(report, output("report"));
        }
        if let Some(folds) = execution.folds() {
            self.add(folds, output("folds"));
        }
        for (path, object) in &execution.files {
            let role = Role::Definition {
                run: execution.run,
                path: path.clone(),
                commit: execution.code.commit.to_string(),
            };
            self.add(*object, role);
        }
    }

    fn add_values(&mut self, store: &Store) -> Result<()> {
        let all = online::all(store.catalog())?;
        let newest = all.last().map_or(0, |fact| fact.sequence);
        for fact in all {
            for (table, sheet) in fact.value.tables {
                let role = Role::Values {
                    table,
                    as_of: fact.value.as_of,
                    serving: fact.sequence == newest,
                };
                self.add(sheet.object, role);
            }
        }
        Ok(())
    }

    /// Whether a materialization names the object.
    fn has_values(&self, object: ObjectName) -> bool {
        let roles = self.0.get(&object.to_string());
        roles.is_some_and(|all| all.iter().any(|role| matches!(role, Role::Values { .. })))
    }

    fn add(&mut self, object: impl std::fmt::Display, role: Role) {
        self.0.entry(object.to_string()).or_default().push(role);
    }

    /// What an object is; nothing for one that no fact names.
    pub fn of(&self, object: ObjectName) -> &[Role] {
        self.0.get(&object.to_string()).map_or(&[], Vec::as_slice)
    }
}
