//! The values of one table at a date, for the entities it knows.

use std::collections::{BTreeMap, BTreeSet};

use crate::definition::{AsOf, ColumnName, FeatureName};
use crate::error::Result;
use crate::feature::{FeatureSpec, History, Match, Spine, values_at};
use crate::hash::FeatureHash;
use crate::table::{Frame, Values, row_number};

/// The column of keys, ascending, each once.
pub const KEY: &str = "key";
/// The column with the instant of the row that counts: time to live is counted from it.
pub const INSTANT: &str = "instant";

/// Computes the values of `specs`, each under its hash, for `keys` or for every entity of the
/// history. Entities the table does not know at the date are left out.
///
/// Keys must be in their order, without repetition.
pub fn compute(
    history: &History<'_>,
    keys: Option<&Values>,
    key: &ColumnName,
    as_of: AsOf,
    specs: &[FeatureSpec],
) -> Result<Frame> {
    let all = keys
        .cloned()
        .unwrap_or_else(|| distinct_keys(history.frame(), key));
    let last_instant = as_of.end() - 1;
    let mut rows = Vec::new();
    let mut instants = Vec::new();
    for (at, found) in history.match_rows(&all, as_of).into_iter().enumerate() {
        if let Match::Row { age, .. } = found {
            rows.push(Some(row_number(at)));
            instants.push(Some(last_instant - age));
        }
    }
    let spine = Spine::at(all.gather(&rows), as_of);
    let mut columns: BTreeMap<ColumnName, Values> = BTreeMap::new();
    for group in with_distinct_names(specs) {
        let mut values = values_at(history, &spine, &group)?;
        for spec in &group {
            if let Some(found) = values.remove(&spec.name()) {
                columns.insert(column_of(spec.hash()), found.values);
            }
        }
    }
    columns.insert(own(INSTANT), Values::datetimes(&instants));
    columns.insert(own(KEY), spine.keys);
    Ok(Frame::new(rows.len(), columns))
}

/// The column in which the values of a definition stand.
pub fn column_of(feature: FeatureHash) -> ColumnName {
    feature
        .to_string()
        .parse()
        .expect("64 hex digits are a name")
}

fn own(name: &'static str) -> ColumnName {
    name.parse().expect("our own names are names")
}

/// The keys of a snapshot, whose rows stand in their order.
fn distinct_keys(frame: &Frame, key: &ColumnName) -> Values {
    let Some(keys) = frame.column(key.as_str()) else {
        return Values::strings::<&str>(&[]);
    };
    let first = |row: &usize| *row == 0 || keys.cell(*row) != keys.cell(row - 1);
    let rows: Vec<_> = (0..frame.rows())
        .filter(first)
        .map(|row| Some(row_number(row)))
        .collect();
    keys.gather(&rows)
}

/// Several definitions may have one name; [`values_at`] answers by name.
fn with_distinct_names(specs: &[FeatureSpec]) -> Vec<Vec<FeatureSpec>> {
    let mut groups: Vec<(BTreeSet<FeatureName>, Vec<FeatureSpec>)> = Vec::new();
    for spec in specs {
        let name = spec.name();
        match groups.iter_mut().find(|(names, _)| !names.contains(&name)) {
            Some((names, group)) => {
                names.insert(name);
                group.push(spec.clone());
            }
            None => groups.push((BTreeSet::from([name]), vec![spec.clone()])),
        }
    }
    groups.into_iter().map(|(_, group)| group).collect()
}
