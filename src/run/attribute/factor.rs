//! The causes: what differs between two runs, grouped so that each group can go alone from one to
//! the other.

use std::collections::{BTreeMap, BTreeSet};

use crate::definition::{AsOf, Calibrate, ColumnName, CrossValidation, TableName};
use crate::error::Result;
use crate::hash::TableHash;
use crate::plan::{Purpose, RunSpec, TableAt};
use crate::snapshot::TableSnapshot;

/// One of the two runs: what it is, and the tables it reads.
pub struct Side {
    pub spec: RunSpec,
    pub tables: BTreeMap<TableAt, TableSnapshot>,
}

/// A group of inputs that goes from one run to the other together.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Factor {
    /// The rows of one table, as features read them.
    Table(TableName),
    /// Which rows there are and what their labels say; the name is that of the label's table while
    /// both runs declare the same label.
    Label(String),
    /// Everything that is read, where the runs have other numbers of dates.
    Data,
    Features,
    Split,
    Preprocess,
    /// With the threshold, and what calibrates it.
    Model,
    /// Runs of different entities have nothing to be mixed.
    Everything,
}

impl Factor {
    pub fn name(&self) -> &str {
        match self {
            Self::Table(table) => table.as_str(),
            Self::Label(name) => name,
            Self::Data => "data",
            Self::Features => "features",
            Self::Split => "split",
            Self::Preprocess => "preprocess",
            Self::Model => "model",
            Self::Everything => "everything",
        }
    }
}

/// What a model is calibrated by, and with.
fn calibrated(spec: &RunSpec) -> Option<(Calibrate, Option<CrossValidation>)> {
    Some((spec.calibrate?, spec.cross_validation))
}

/// What differs between two runs, data first.
pub fn factors(a: &Side, b: &Side) -> Result<Vec<Factor>> {
    let (of_a, of_b) = (&a.spec, &b.spec);
    if of_a.key != of_b.key {
        return Ok(vec![Factor::Everything]);
    }
    let mut found = data_factors(a, b)?;
    let differs = [
        (
            Factor::Features,
            (&of_a.features, &of_a.windowed, &of_a.tables)
                != (&of_b.features, &of_b.windowed, &of_b.tables),
        ),
        (Factor::Split, of_a.split != of_b.split),
        (Factor::Preprocess, of_a.preprocess != of_b.preprocess),
        (
            Factor::Model,
            (&of_a.model, of_a.threshold, calibrated(of_a))
                != (&of_b.model, of_b.threshold, calibrated(of_b)),
        ),
    ];
    found.extend(
        differs
            .into_iter()
            .filter(|(_, differs)| *differs)
            .map(|(factor, _)| factor),
    );
    Ok(found)
}

fn data_factors(a: &Side, b: &Side) -> Result<Vec<Factor>> {
    let (of_a, of_b) = (&a.spec, &b.spec);
    if of_a.as_of.len() != of_b.as_of.len() {
        return Ok(vec![Factor::Data]);
    }
    let mut found = Vec::new();
    let same_label = of_a.label == of_b.label;
    if !same_label || label_data(a)? != label_data(b)? {
        found.push(Factor::Label(match same_label {
            true => of_a.label.table.to_string(),
            false => "label".to_string(),
        }));
    }
    for table in of_a.tables.keys() {
        // The label's table goes with the label: one snapshot gives both.
        let is_label = [of_a, of_b].iter().any(|spec| spec.label.table == *table);
        if of_b.tables.contains_key(table) && !is_label && feature_data(a, b, table)? {
            found.push(Factor::Table(table.clone()));
        }
    }
    Ok(found)
}

/// The label's rows at each of its dates, and those of its features.
fn label_data(side: &Side) -> Result<Vec<(AsOf, TableHash)>> {
    let spec = &side.spec;
    let table = &spec.label.table;
    let features = spec.tables.contains_key(table);
    let dates: BTreeSet<AsOf> = match features {
        true => spec
            .as_of
            .iter()
            .chain(&spec.label_as_of)
            .copied()
            .collect(),
        false => spec.label_as_of.iter().copied().collect(),
    };
    let purpose = Purpose {
        features,
        label: true,
    };
    dates
        .into_iter()
        .map(|as_of| {
            let snapshot = &side.tables[&(table.clone(), as_of)];
            let columns = spec.columns_read(table, purpose, &snapshot.dtypes())?;
            Ok((as_of, snapshot.projection(&columns)))
        })
        .collect()
}

/// Whether the rows of a table differ in what the features of either run read.
fn feature_data(a: &Side, b: &Side, table: &TableName) -> Result<bool> {
    let purpose = Purpose {
        features: true,
        label: false,
    };
    let dated = [a, b].iter().any(|side| {
        let options = &side.spec.tables[table];
        options.ttl.is_some() || options.timestamp.is_some()
    });
    for (as_of_a, as_of_b) in a.spec.as_of.iter().zip(&b.spec.as_of) {
        let of_a = &a.tables[&(table.clone(), *as_of_a)];
        let of_b = &b.tables[&(table.clone(), *as_of_b)];
        let mut columns = a.spec.columns_read(table, purpose, &of_a.dtypes())?;
        columns.extend(b.spec.columns_read(table, purpose, &of_b.dtypes())?);
        // A row's date counts where values expire or happen at an instant, and nowhere else.
        if !dated {
            columns.remove(&ColumnName::row_date());
        }
        if of_a.projection(&columns) != of_b.projection(&columns) || dated && as_of_a != as_of_b {
            return Ok(true);
        }
    }
    Ok(false)
}
