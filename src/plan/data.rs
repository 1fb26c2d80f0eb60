//! Which columns of which tables a run reads, and at which dates.

use std::collections::{BTreeMap, BTreeSet};

use super::declared::unreadable;
use super::spec::RunSpec;
use super::step::DataInput;
use crate::definition::{
    AsOf, ColumnName, Dtype, Expression, ExpressionError, FeatureName, TableName, Windowed,
};
use crate::error::{Error, Kind, Result};
use crate::feature::{FeatureSource, FeatureSpec};
use crate::snapshot::TableSnapshot;

/// Why a run reads a table at a date; both may hold.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Purpose {
    pub features: bool,
    pub label: bool,
}

/// A table at a date.
pub type TableAt = (TableName, AsOf);

/// The dates of each table's features. In a run they are those of the run; a hybrid of two runs takes
/// some tables as of the dates of one and some as of those of the other.
pub type FeatureDates = BTreeMap<TableName, Vec<AsOf>>;

impl RunSpec {
    /// The dates of the run for each table with features.
    pub fn feature_dates(&self) -> FeatureDates {
        let dates = |table: &TableName| (table.clone(), self.as_of.clone());
        self.tables.keys().map(dates).collect()
    }

    /// Every table and date the run reads.
    pub fn reads(&self) -> BTreeMap<TableAt, Purpose> {
        self.reads_at(&self.feature_dates())
    }

    /// Every table and date that is read when the tables' features have these dates.
    pub fn reads_at(&self, dates: &FeatureDates) -> BTreeMap<TableAt, Purpose> {
        let mut reads: BTreeMap<TableAt, Purpose> = BTreeMap::new();
        for (table, dates) in dates {
            for as_of in dates {
                reads.entry((table.clone(), *as_of)).or_default().features = true;
            }
        }
        for as_of in &self.label_as_of {
            reads
                .entry((self.label.table.clone(), *as_of))
                .or_default()
                .label = true;
        }
        reads
    }

    /// What the features need of a request: in training, columns of the label's table.
    pub fn requested(&self) -> BTreeMap<ColumnName, Dtype> {
        let requests = self.tables.values().flat_map(|options| &options.request);
        requests
            .map(|(name, dtype)| (name.clone(), *dtype))
            .collect()
    }

    /// How the features of a table are computed, given the types of its columns.
    pub fn feature_specs(
        &self,
        table: &TableName,
        columns: &BTreeMap<ColumnName, Dtype>,
    ) -> Result<Vec<FeatureSpec>> {
        let windowed = self.windowed_of(table, columns)?;
        let features = self
            .features
            .iter()
            .filter(|(name, _)| name.table == *table);
        features
            .map(|(name, text)| self.feature_spec(name, text, columns, &windowed))
            .collect()
    }

    /// The windowed features that derived ones of a table may read.
    fn windowed_of(
        &self,
        table: &TableName,
        columns: &BTreeMap<ColumnName, Dtype>,
    ) -> Result<BTreeMap<ColumnName, Windowed>> {
        let taken = self.features.iter();
        let taken = taken.filter(|(_, text)| Windowed::split(text).is_some());
        let windowed = self.windowed.iter().chain(taken);
        let windowed = windowed.filter(|(name, _)| name.table == *table);
        windowed
            .map(|(name, text)| {
                let read = Windowed::parse_canonical(text, columns)
                    .ok_or_else(|| unreadable(&format!("windowed.{name}")))?;
                Ok((name.feature.clone(), read.map_err(unfit(name, text))?))
            })
            .collect()
    }

    fn feature_spec(
        &self,
        name: &FeatureName,
        text: &str,
        columns: &BTreeMap<ColumnName, Dtype>,
        windowed: &BTreeMap<ColumnName, Windowed>,
    ) -> Result<FeatureSpec> {
        let options = &self.tables[&name.table];
        let (source, dtype) = match Windowed::parse_canonical(text, columns) {
            Some(read) => {
                let windowed = read.map_err(unfit(name, text))?;
                let dtype = windowed.dtype();
                (FeatureSource::Windowed(windowed), dtype)
            }
            None => {
                let mut columns = columns.clone();
                columns.extend(windowed.iter().map(|(name, w)| (name.clone(), w.dtype())));
                columns.extend(options.request.clone());
                let expression = Expression::parse(text, &columns).map_err(unfit(name, text))?;
                let dtype = expression.dtype();
                let is_column = text == Expression::of_column(&name.feature)
                    && !options.request.contains_key(&name.feature);
                let source = match is_column {
                    true => FeatureSource::Column,
                    false => FeatureSource::derived(expression, windowed, &options.request),
                };
                (source, dtype)
            }
        };
        Ok(FeatureSpec {
            table: name.table.clone(),
            feature: name.feature.clone(),
            ttl: source.ttl(options.ttl),
            source,
            key: self.key.clone(),
            timestamp: options.timestamp.clone(),
            created: options.created.clone(),
            dtype,
        })
    }

    /// The columns of a table that the run reads for a purpose: what its data is hashed over.
    pub fn columns_read(
        &self,
        table: &TableName,
        purpose: Purpose,
        columns: &BTreeMap<ColumnName, Dtype>,
    ) -> Result<BTreeSet<ColumnName>> {
        let mut used = BTreeSet::from([self.key.clone(), ColumnName::row_date()]);
        if purpose.label {
            used.insert(self.label.column.clone());
            used.extend(self.label.weight.clone());
            used.extend(self.requested().into_keys());
        }
        if purpose.features {
            let options = &self.tables[table];
            used.extend(options.timestamp.iter().chain(&options.created).cloned());
            for spec in self.feature_specs(table, columns)? {
                used.extend(spec.columns().into_iter().cloned());
            }
        }
        Ok(used)
    }

    /// The data of one table at one date, as a run is named by it.
    pub fn data_input(
        &self,
        (table, as_of): &TableAt,
        purpose: Purpose,
        snapshot: &TableSnapshot,
    ) -> Result<DataInput> {
        let columns = self.columns_read(table, purpose, &snapshot.dtypes())?;
        let hash = snapshot.projection(&columns);
        Ok(DataInput {
            table: table.clone(),
            as_of: *as_of,
            hash,
        })
    }
}

/// The error of a text that does not fit the columns of its table.
fn unfit(name: &FeatureName, text: &str) -> impl FnOnce(ExpressionError) -> Error {
    let (message, text) = (
        format!("feature {name} does not fit its table"),
        text.to_string(),
    );
    move |error| {
        Error::new(Kind::Definition, message)
            .detail(text)
            .caused_by(error)
    }
}
