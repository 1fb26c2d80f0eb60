//! The columns of two dates side by side.
//!
//! Without an experiment these are all features the working tree offers, each over the entities its
//! table knows at the date, as `materialize` takes them. With one they are its features and its
//! label over the labelled entities, as training takes them. Labels come months after what predicts
//! them: where one of the dates has none, the features of both dates are compared over all entities,
//! and a notice says why.

use std::collections::{BTreeMap, BTreeSet};

use rayon::prelude::*;

use super::sheet::{column_of, compute};
use crate::definition::{
    AsOf, Experiment, ExperimentName, FeatureName, InputName, Table, TableName,
};
use crate::drift::{self, ColumnDrift, Pair, Reason, Rule};
use crate::error::{Error, Kind, Result};
use crate::feature::{FeatureSpec, History};
use crate::hash::SnapshotHash;
use crate::run;
use crate::snapshot::{Snapshot, Snapshots};
use crate::table::Values;
use crate::table_store;
use crate::workspace::Workspace;

/// What is compared, and when it counts.
#[derive(Debug, Clone, Copy)]
pub struct DriftOptions<'a> {
    pub dates: Pair<AsOf>,
    pub experiment: Option<&'a Experiment>,
    pub rule: Rule,
    /// The share of drifted feature columns from which the data has drifted.
    pub share: f64,
}

/// Which rows were compared.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Rows {
    /// Of every entity that a feature's table knows.
    Entities,
    /// Of the entities that have a label.
    Labelled,
}

/// A column with what was found.
#[derive(Debug, Clone)]
pub struct DriftedColumn {
    pub name: InputName,
    pub drift: ColumnDrift,
    /// Empty: it has not drifted.
    pub reasons: Vec<Reason>,
}

/// Two dates compared.
#[derive(Debug)]
pub struct Drift {
    pub dates: Pair<AsOf>,
    pub snapshots: Pair<SnapshotHash>,
    pub experiment: Option<ExperimentName>,
    pub rows: Rows,
    pub rule: Rule,
    pub share: f64,
    /// The features: those whose values drifted, those whose missing values did, the others; in each
    /// group the most severe first.
    pub columns: Vec<DriftedColumn>,
    /// The label, where both dates have it.
    pub target: Option<DriftedColumn>,
    pub notices: Vec<String>,
}

impl Drift {
    /// Feature columns that have drifted.
    pub fn drifted_columns(&self) -> usize {
        let drifted = |column: &&DriftedColumn| !column.reasons.is_empty();
        self.columns.iter().filter(drifted).count()
    }

    /// Their share of all feature columns; 0 where there is none.
    pub fn drifted_share(&self) -> f64 {
        match self.columns.len() {
            0 => 0.0,
            all => self.drifted_columns() as f64 / all as f64,
        }
    }

    pub fn target_drifted(&self) -> bool {
        let target = self.target.as_ref();
        target.is_some_and(|target| !target.reasons.is_empty())
    }

    /// Whether enough features have drifted, or the target has.
    pub fn drifted(&self) -> bool {
        self.drifted_share() >= self.share || self.target_drifted()
    }

    /// Evidently's count of the feature columns it has a score for: drifted, and all.
    pub fn by_evidently(&self) -> (usize, usize) {
        let scores = self
            .columns
            .iter()
            .filter_map(|column| column.drift.evidently);
        let (drifted, rest): (Vec<_>, Vec<_>) = scores.partition(|score| score.drifted);
        (drifted.len(), drifted.len() + rest.len())
    }
}

/// Compares the columns of two dates.
///
/// # Errors
/// [`Kind::MissingInput`] when a table with features cannot be had at one of the dates.
pub fn drift(workspace: &Workspace, options: &DriftOptions) -> Result<Drift> {
    let snapshots = Snapshots {
        workspace,
        definitions: workspace.definitions(),
    };
    let features = features_of(&snapshots, options.experiment);
    let tables: BTreeSet<TableName> = features.keys().cloned().collect();
    if tables.is_empty() {
        return Err(Error::new(Kind::Definition, "no table offers a feature")
            .help("list columns under [features] in features/TABLE.toml"));
    }
    let ensure = |as_of| Ok::<_, Error>(snapshots.ensure(as_of, &tables)?.snapshot);
    let found = Pair::new(
        ensure(options.dates.reference)?,
        ensure(options.dates.current)?,
    );
    let mut notices = Vec::new();
    let labelled = options.experiment.and_then(|experiment| {
        Compared::labelled(&snapshots, experiment, options.dates)
            .map_err(|why| notices.push(why))
            .ok()
    });
    let compared = match labelled {
        Some(labelled) => labelled,
        None => {
            let (features, on_demand) = stored(features);
            notices.extend(on_demand);
            notices.extend(options.experiment.and_then(without_derived));
            Compared::entities(workspace, &found, &features)?
        }
    };
    let rule = options.rule;
    let mut columns = compare(&compared.columns, rule);
    most_severe_first(&mut columns, rule);
    let target = compared.target;
    Ok(Drift {
        dates: options.dates,
        snapshots: Pair::new(found.reference.hash, found.current.hash),
        experiment: options.experiment.map(|experiment| experiment.name.clone()),
        rows: compared.rows,
        rule,
        share: options.share,
        columns,
        target: target
            .map(|(name, labels)| judged(&name, &labels.reference, &labels.current, rule)),
        notices,
    })
}

type Columns = BTreeMap<InputName, Values>;

/// The features of an experiment, or all there are, by table.
fn features_of(
    snapshots: &Snapshots,
    experiment: Option<&Experiment>,
) -> BTreeMap<TableName, Vec<FeatureSpec>> {
    let tables = &snapshots.definitions.tables;
    let all = || {
        let offered = |table: &Table| {
            let names = table.features.names().into_iter().cloned();
            let full = names.map(|name| FeatureName::new(table.name.clone(), name));
            full.collect::<Vec<_>>()
        };
        tables.values().flat_map(offered).collect()
    };
    let names: Vec<FeatureName> =
        experiment.map_or_else(all, |experiment| experiment.features.clone());
    let mut features: BTreeMap<TableName, Vec<FeatureSpec>> = BTreeMap::new();
    for name in names {
        let table = tables.get(&name.table);
        if let Some(spec) = table.and_then(|table| FeatureSpec::of(table, &name.feature)) {
            features.entry(name.table).or_default().push(spec);
        }
    }
    features
}

/// The features that entities have by themselves, and a word on those that need a request.
fn stored(
    mut features: BTreeMap<TableName, Vec<FeatureSpec>>,
) -> (BTreeMap<TableName, Vec<FeatureSpec>>, Option<String>) {
    let mut on_demand = Vec::new();
    for specs in features.values_mut() {
        let names = specs.iter().filter(|spec| spec.is_on_demand());
        on_demand.extend(names.map(|spec| spec.name().to_string()));
        specs.retain(|spec| !spec.is_on_demand());
    }
    let notice = (!on_demand.is_empty()).then(|| {
        format!(
            "{} need a request: only labelled rows have one, so they are not compared",
            on_demand.join(", ")
        )
    });
    (features, notice)
}

/// A word on features that read several tables, of which entities are not the same.
fn without_derived(experiment: &Experiment) -> Option<String> {
    let names = experiment.preprocess.derived.keys();
    let names: Vec<String> = names.map(ToString::to_string).collect();
    (!names.is_empty()).then(|| {
        format!(
            "{} of [preprocess.derived] may read several tables: only labelled rows have all of them, so they are not compared",
            names.join(", ")
        )
    })
}

/// The columns of both dates over the same sort of rows.
struct Compared {
    rows: Rows,
    columns: Pair<Columns>,
    /// The label, as true and false.
    target: Option<(InputName, Pair<Values>)>,
}

impl Compared {
    fn entities(
        workspace: &Workspace,
        found: &Pair<Snapshot>,
        features: &BTreeMap<TableName, Vec<FeatureSpec>>,
    ) -> Result<Self> {
        let values = |snapshot| values_of(workspace, snapshot, features);
        Ok(Self {
            rows: Rows::Entities,
            columns: Pair::new(values(&found.reference)?, values(&found.current)?),
            target: None,
        })
    }

    /// Over the labelled rows of both dates; else the words that say why not.
    fn labelled(
        snapshots: &Snapshots,
        experiment: &Experiment,
        dates: Pair<AsOf>,
    ) -> Result<Self, String> {
        let rows = |as_of: AsOf| {
            let found = run::labelled_rows(snapshots, experiment, as_of);
            found.map_err(|error| {
                format!(
                    "no labels at {as_of} ({error}): all entities are compared, the target is not"
                )
            })
        };
        let (reference, current) = (rows(dates.reference)?, rows(dates.current)?);
        let label = &experiment.label;
        let name = FeatureName::new(label.table.clone(), label.column.clone());
        Ok(Self {
            rows: Rows::Labelled,
            columns: Pair::new(reference.features, current.features),
            target: Some((name.into(), Pair::new(reference.labels, current.labels))),
        })
    }
}

/// The values of every feature for the entities its table knows at the date.
fn values_of(
    workspace: &Workspace,
    snapshot: &Snapshot,
    features: &BTreeMap<TableName, Vec<FeatureSpec>>,
) -> Result<Columns> {
    let mut columns = Columns::new();
    for (name, specs) in features {
        let table = &workspace.definitions().tables[name];
        let needed_by = format!("the snapshot of {name} at {}", snapshot.as_of);
        let hash = snapshot.tables[name].hash;
        let rows = table_store::read(workspace.store(), hash, &needed_by)?;
        let history = History::of(table, &rows)?;
        let frame = compute(&history, None, &table.key, snapshot.as_of, specs)?;
        for spec in specs {
            if let Some(values) = frame.column(column_of(spec.hash()).as_str()) {
                columns.insert(spec.name().into(), values.clone());
            }
        }
    }
    Ok(columns)
}

/// Every column that both dates have, in order of the names.
fn compare(columns: &Pair<Columns>, rule: Rule) -> Vec<DriftedColumn> {
    let pairs: Vec<_> = columns
        .reference
        .iter()
        .filter_map(|(name, values)| Some((name, values, columns.current.get(name)?)))
        .collect();
    pairs
        .into_par_iter()
        .map(|(name, reference, current)| judged(name, reference, current, rule))
        .collect()
}

/// Those whose values drifted, those whose missing values did, the others. Equal ones stay in the order
/// of their names.
pub(super) fn most_severe_first(columns: &mut [DriftedColumn], rule: Rule) {
    columns.sort_by(|a, b| {
        let severity = |column: &DriftedColumn| column.drift.severity(rule, &column.reasons);
        let group = |column: &DriftedColumn| column.reasons.first().map_or(2, |why| *why as u8);
        group(a)
            .cmp(&group(b))
            .then(severity(b).total_cmp(&severity(a)))
    });
}

pub(super) fn judged(
    name: &InputName,
    reference: &Values,
    current: &Values,
    rule: Rule,
) -> DriftedColumn {
    let drift = drift::compare(reference, current);
    DriftedColumn {
        name: name.clone(),
        reasons: drift.reasons(rule),
        drift,
    }
}
