//! Materialized values of one table, as they are looked up: for programs that read whole tables.

use super::fact::{Materialization, SheetFact};
use super::sheet::{INSTANT, KEY, column_of};
use crate::definition::{ColumnName, TableName};
use crate::error::{Error, Result};
use crate::feature::FeatureSpec;
use crate::store::Store;
use crate::table::{Cell, Values, row_number};
use crate::table_store;

/// The values of one table at the date of its materialization.
#[derive(Debug)]
pub struct Served {
    /// One for each entity the table knows, ascending.
    pub keys: Values,
    /// The instant of the row that counts.
    pub instants: Values,
    /// Those the working tree offered, by name; null where the value has expired.
    pub features: Vec<(ColumnName, Values)>,
}

/// Brings the values of a table out of the store.
pub fn served(
    store: &Store,
    made: &Materialization,
    name: &TableName,
    sheet: &SheetFact,
) -> Result<Served> {
    let needed_by = format!("the materialized values of {name} at {}", made.as_of);
    let frame = table_store::read(store, sheet.object, &needed_by)?;
    let column = |text: &str| {
        frame
            .column(text)
            .cloned()
            .ok_or_else(|| Error::failure(format!("materialized values of {name} lack {text}")))
    };
    let instants = column(INSTANT)?;
    let offered = sheet
        .features
        .iter()
        .filter(|spec| sheet.offered.contains(&spec.hash()));
    let mut features = Vec::new();
    for spec in offered {
        let values = column(column_of(spec.hash()).as_str())?;
        features.push((
            spec.feature.clone(),
            unexpired(made, spec, &instants, values),
        ));
    }
    Ok(Served {
        keys: column(KEY)?,
        instants,
        features,
    })
}

/// Null in place of values older than the time to live, as `value` of the view answers.
fn unexpired(
    made: &Materialization,
    spec: &FeatureSpec,
    instants: &Values,
    values: Values,
) -> Values {
    let Some(ttl) = spec.ttl else {
        return values;
    };
    let last = made.as_of.end() - 1;
    let fresh = |row: &usize| match instants.cell(*row) {
        Cell::Datetime(instant) => last.saturating_sub(instant) <= ttl.microseconds(),
        _ => false,
    };
    let rows: Vec<_> = (0..values.len())
        .map(|row| Some(row).filter(fresh).map(row_number))
        .collect();
    values.gather(&rows)
}
