//! Runs that take some inputs from one run and the others from another.

use std::collections::BTreeMap;

use super::factor::{Factor, Side, factors};
use super::shapley::{Coalition, MOST_PLAYERS};
use crate::definition::{AsOf, TableName};
use crate::error::{Error, Kind, Result};
use crate::learn::Leakage;
use crate::plan::{FeatureDates, RunSpec, TableAt};
use crate::run::engine::refuse_other_operations;
use crate::run::execute::{CachePolicy, Silent, execute};
use crate::run::history::definitions_of;
use crate::run::reference::KnownRun;
use crate::run::replay::tables;
use crate::run::resolve::{Resolved, operations, resolve_at};
use crate::snapshot::TableSnapshot;
use crate::workspace::Workspace;

/// What came of a hybrid.
#[derive(Debug, Clone)]
pub enum Mixed {
    Metrics(BTreeMap<String, f64>),
    /// Its parts do not fit together, and why.
    Not(String),
}

/// The hybrids of two runs, each executed once.
pub struct Hybrids<'a> {
    workspace: &'a Workspace,
    a: Side,
    b: Side,
    /// What can be taken from either run, in the order of causes.
    pub factors: Vec<Factor>,
    /// By the factors that are taken from b, a bit each.
    known: BTreeMap<Coalition, Mixed>,
    seen: &'a mut dyn FnMut(usize),
}

impl<'a> Hybrids<'a> {
    pub fn new(
        workspace: &'a Workspace,
        a: &KnownRun,
        b: &KnownRun,
        seen: &'a mut dyn FnMut(usize),
    ) -> Result<Self> {
        let (of_a, of_b) = (side(workspace, a)?, side(workspace, b)?);
        let factors = factors(&of_a, &of_b)?;
        if factors.len() > MOST_PLAYERS {
            let many = format!("{} causes are more than can be told apart", factors.len());
            return Err(Error::failure(many).help("compare runs that lie closer together"));
        }
        let all = (1 << factors.len()) - 1;
        // The ends are the runs themselves.
        let known = [(0, a), (all, b)]
            .map(|(factors, known)| (factors, Mixed::Metrics(known.metrics().clone())));
        Ok(Self {
            workspace,
            a: of_a,
            b: of_b,
            factors,
            known: known.into(),
            seen,
        })
    }

    /// Each factor in a group of its own.
    pub fn groups(&self) -> Vec<Vec<usize>> {
        (0..self.factors.len()).map(|at| vec![at]).collect()
    }

    /// How many were executed.
    pub fn executed(&self) -> usize {
        self.known.len().saturating_sub(2)
    }

    /// The metrics of the hybrid that takes these factors from b.
    pub fn metrics(&mut self, from_b: Coalition) -> Result<Mixed> {
        if let Some(known) = self.known.get(&from_b) {
            return Ok(known.clone());
        }
        let number = self.executed() + 1;
        (self.seen)(number);
        let executed = self.resolve(from_b).and_then(|resolved| {
            // Nothing is trained here that anybody could promote; guards judge the two runs.
            let pass = |_: &Leakage| Ok(());
            let store = self.workspace.store();
            execute(store, &resolved, CachePolicy::Use, &pass, &Silent)
        });
        let mixed = match executed {
            Ok(execution) => Mixed::Metrics(execution.report.metrics),
            // Parts that do not fit: an expression over a column that is not there, a null that one
            // run's preprocessing forbids. Anything else is no property of the mixture.
            Err(error) if matches!(error.kind(), Kind::Definition | Kind::DataRefused) => {
                Mixed::Not(error.to_string())
            }
            Err(error) => return Err(error),
        };
        self.known.insert(from_b, mixed.clone());
        Ok(mixed)
    }

    /// The run that a factor is taken from.
    fn side_of(&self, from_b: Coalition, wanted: impl Fn(&Factor) -> bool) -> &Side {
        let at = self.factors.iter().position(wanted);
        match at {
            Some(at) if from_b & (1 << at) != 0 => &self.b,
            // What does not differ is the same in both.
            _ => &self.a,
        }
    }

    fn resolve(&self, from_b: Coalition) -> Result<Resolved> {
        let side = |wanted: Factor| self.side_of(from_b, |factor| *factor == wanted);
        let labels = self.side_of(from_b, |factor| {
            matches!(factor, Factor::Label(_) | Factor::Data)
        });
        let features = side(Factor::Features);
        let spec = RunSpec {
            as_of: labels.spec.as_of.clone(),
            key: labels.spec.key.clone(),
            label: labels.spec.label.clone(),
            label_as_of: labels.spec.label_as_of.clone(),
            features: features.spec.features.clone(),
            windowed: features.spec.windowed.clone(),
            tables: features.spec.tables.clone(),
            split: side(Factor::Split).spec.split.clone(),
            preprocess: side(Factor::Preprocess).spec.preprocess.clone(),
            model: side(Factor::Model).spec.model.clone(),
            threshold: side(Factor::Model).spec.threshold,
            // Means over folds are not taken apart: a mixture has folds only where its model is calibrated by them.
            cross_validation: side(Factor::Model)
                .spec
                .calibrate
                .and(side(Factor::Model).spec.cross_validation),
            calibrate: side(Factor::Model).spec.calibrate,
        };
        let mut dates = FeatureDates::new();
        let mut tables: BTreeMap<TableAt, TableSnapshot> = BTreeMap::new();
        let mut take = |table: &TableName, side: &Side, as_of: &[AsOf]| {
            for as_of in as_of {
                let at = (table.clone(), *as_of);
                let found = side.tables.get(&at).cloned().ok_or_else(|| lacking(&at))?;
                tables.insert(at, found);
            }
            Ok::<(), Error>(())
        };
        for table in spec.tables.keys() {
            let owner = self.owner(from_b, table, labels, features);
            take(table, owner, &owner.spec.as_of)?;
            dates.insert(table.clone(), owner.spec.as_of.clone());
        }
        take(&spec.label.table, labels, &spec.label_as_of)?;
        resolve_at(&spec, operations(&spec), dates, tables)
    }

    /// The run whose rows of a table are taken: its own factor's; with the label for the label's
    /// table; with the definitions where only one run reads it.
    fn owner<'s>(
        &'s self,
        from_b: Coalition,
        table: &TableName,
        labels: &'s Side,
        features: &'s Side,
    ) -> &'s Side {
        let has = |side: &Side| side.spec.tables.contains_key(table);
        let whole = self.factors.contains(&Factor::Data);
        if whole || labels.spec.label.table == *table {
            return labels;
        }
        match has(&self.a) && has(&self.b) {
            true => self.side_of(from_b, |factor| *factor == Factor::Table(table.clone())),
            false => features,
        }
    }
}

/// The error of a table that only the other run reads at these dates.
fn lacking((table, as_of): &TableAt) -> Error {
    Error::new(
        Kind::Definition,
        format!("one of the runs does not read {table} at {as_of}"),
    )
}

fn side(workspace: &Workspace, known: &KnownRun) -> Result<Side> {
    let spec = RunSpec::from_declared(&known.record.declared)?;
    refuse_other_operations(known, &spec)?;
    let found = definitions_of(workspace, known)?;
    let definitions = found
        .as_ref()
        .map_or(workspace.definitions(), |found| &found.definitions);
    // A newer revision of a snapshot says nothing here: both runs have the rows they were made of.
    let tables = tables(workspace, definitions, known, &spec, &mut Vec::new())?;
    Ok(Side { spec, tables })
}
