//! Checks that look into another table, held against the tables there are.

use std::collections::BTreeMap;

use super::super::report::Report;
use crate::definition::wording::{owned, suggestion};
use crate::definition::{Check, ColumnName, Table, TableName};
use crate::error::Span;

/// Tables by name; none for one that could not be read.
type Tables = BTreeMap<TableName, Option<Table>>;

/// Reports tables and columns that do not exist, and tables that wait for each other.
pub fn hold_references(tables: &Tables, report: &mut Report) {
    let known = tables.values().flatten();
    for table in known.clone() {
        for (at, check) in table.checks.iter().enumerate() {
            if let Some((message, label)) = refused(tables, table, check) {
                report.refuse_at(place(table, at), message, label);
            }
        }
    }
    for table in known {
        let Some(path) = way_back(tables, table) else {
            continue;
        };
        // One cycle is reported once, at the first of its tables.
        if path.iter().min() != Some(&&table.name) {
            continue;
        }
        let next = path.get(1).copied().unwrap_or(&table.name);
        let refers = |check: &Check| check.reference().is_some_and(|r| r.table == next);
        let at = table.checks.iter().position(refers).unwrap_or(0);
        let names: Vec<&str> = path.iter().map(|name| name.as_str()).collect();
        report.refuse_at(
            place(table, at),
            format!(
                "tables wait for each other: {} → {}",
                names.join(" → "),
                table.name
            ),
            "a table is checked after those it refers to: one of these checks has to go",
        );
    }
}

/// Where the rule of a check stands. A block may have made two checks, but only one of each rule.
fn place(table: &Table, at: usize) -> Option<Span> {
    let key = table.checks.get(at)?.rule.key();
    let same = |check: &&Check| check.rule.key() == key;
    let before = table.checks[..at].iter().filter(same).count();
    let blocks = 0..table.checks.len();
    let mut places = blocks.filter_map(|block| table.origin.span(&format!("checks.{block}.{key}")));
    places.nth(before)
}

/// What is wrong with the reference of a check, and what to write.
fn refused(tables: &Tables, table: &Table, check: &Check) -> Option<(String, String)> {
    let reference = check.reference()?;
    if *reference.table == table.name {
        let message = format!("`{}` refers to its own table", check.rule.key());
        return Some((message, "name another table".into()));
    }
    let Some(other) = tables.get(reference.table) else {
        let names = tables.keys().map(TableName::as_str);
        let label = suggestion(reference.table.as_str(), names, "there are");
        return Some((format!("unknown table `{}`", reference.table), label));
    };
    // One that could not be read is neither refused nor believed.
    let other = other.as_ref()?;
    let column = reference.column?;
    let Some(declared) = other.columns.get(column) else {
        let owner = format!("table `{}`", other.name);
        let names = other.columns.keys().map(ColumnName::as_str);
        let label = owned(column.as_str(), &owner, names);
        return Some((format!("unknown column `{column}`"), label));
    };
    let own = table.columns.get(check.column()?)?;
    (own.dtype != declared.dtype).then(|| {
        let message = format!(
            "`{}` is of dtype {}, `{}.{column}` of dtype {}",
            check.column().map_or("", |name| name.as_str()),
            own.dtype.as_str(),
            other.name,
            declared.dtype.as_str()
        );
        (message, "only values of one dtype are looked up".into())
    })
}

/// The shortest way from a table through references back to itself.
fn way_back<'a>(tables: &'a Tables, start: &'a Table) -> Option<Vec<&'a TableName>> {
    let mut ways: Vec<Vec<&TableName>> = vec![vec![&start.name]];
    let mut seen = std::collections::BTreeSet::new();
    while let Some(way) = (!ways.is_empty()).then(|| ways.remove(0)) {
        let last = way.last().and_then(|name| tables.get(*name)?.as_ref())?;
        for next in last.checks.iter().filter_map(Check::reference) {
            // A table that refers to itself has been told of it.
            if *next.table == last.name {
                continue;
            }
            if *next.table == start.name {
                return Some(way);
            }
            if tables.get(next.table).is_some_and(Option::is_some) && seen.insert(next.table) {
                ways.push(way.iter().copied().chain([next.table]).collect());
            }
        }
    }
    None
}
