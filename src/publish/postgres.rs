//! Tables of PostgreSQL.

use std::collections::BTreeMap;

use serde::Serialize;

use crate::definition::{AsOf, ColumnName, TableName};
use crate::error::{Error, Kind, Result};
use crate::online::{self, Materialization, SheetFact, served};
use crate::postgres::{Column, Kept, WriteSession};
use crate::snapshot::{Snapshot, Snapshots, TableSnapshot};
use crate::store::Store;
use crate::table::{Frame, Values};
use crate::table_store;
use crate::workspace::Workspace;

/// What an export wrote.
#[derive(Debug)]
pub struct Published {
    pub schema: String,
    pub as_of: AsOf,
    pub tables: Vec<PublishedTable>,
    /// The date of the online values; none where nothing is materialized.
    pub online: Option<AsOf>,
}

/// One table with rows of this export.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct PublishedTable {
    /// `snapshot` or `online`.
    pub kind: &'static str,
    /// The table it is about.
    pub source: TableName,
    /// Its name in the schema.
    pub name: String,
    pub as_of: AsOf,
    /// The revision of the snapshot; none for online values.
    pub revision: Option<u32>,
    pub rows: usize,
    /// The table hash of the rows, or of the sheet of values.
    pub hash: String,
}

/// Writes the newest snapshot, or that of a date, and the newest online values of that date or of
/// any.
///
/// # Errors
/// [`Kind::MissingInput`] when there is no such snapshot, or the database is not to be had.
pub fn publish(
    workspace: &Workspace,
    variable: &str,
    schema: &str,
    as_of: Option<AsOf>,
) -> Result<Published> {
    let snapshot = find_snapshot(workspace, as_of)?;
    let online = online::all(workspace.store().catalog())?
        .into_iter()
        .rev()
        .map(|fact| fact.value)
        .find(|made| as_of.is_none_or(|as_of| made.as_of == as_of));
    let mut session = WriteSession::begin(variable, schema)?;
    let mut tables = Vec::new();
    for (name, table) in &snapshot.tables {
        tables.push(write_snapshot(
            &mut session,
            workspace,
            &snapshot,
            name,
            table,
        )?);
    }
    if let Some(made) = &online {
        for (name, sheet) in &made.tables {
            tables.push(write_online(
                &mut session,
                workspace.store(),
                made,
                name,
                sheet,
            )?);
        }
    }
    write_metadata(&mut session, &tables)?;
    session.commit()?;
    Ok(Published {
        schema: schema.to_string(),
        as_of: snapshot.as_of,
        tables,
        online: online.map(|made| made.as_of),
    })
}

fn find_snapshot(workspace: &Workspace, as_of: Option<AsOf>) -> Result<Snapshot> {
    let snapshots = Snapshots {
        workspace,
        definitions: workspace.definitions(),
    };
    let mut all = snapshots.all()?;
    let newest = all.pop();
    let found = match as_of {
        None => newest,
        Some(as_of) => newest
            .into_iter()
            .chain(all)
            .find(|snapshot| snapshot.as_of == as_of),
    };
    found.ok_or_else(|| match as_of {
        None => Error::new(Kind::MissingInput, "there is no snapshot to export")
            .help("`streamflow ingest --as-of DATE` stamps one"),
        Some(as_of) => Error::new(
            Kind::MissingInput,
            format!("there is no snapshot of {as_of} to export"),
        )
        .help("`streamflow snapshots` lists those there are")
        .help(format!("`streamflow ingest --as-of {as_of}` stamps it")),
    })
}

fn write_snapshot(
    session: &mut WriteSession,
    workspace: &Workspace,
    snapshot: &Snapshot,
    name: &TableName,
    table: &TableSnapshot,
) -> Result<PublishedTable> {
    let as_of = snapshot.as_of;
    let needed_by = format!("the snapshot of {name} at {as_of}");
    let frame = table_store::read(workspace.store(), table.hash, &needed_by)?;
    let key = workspace.definitions().tables.get(name);
    let key = key.map(|table| table.key.clone());
    let columns = snapshot_columns(&frame, as_of, key.as_ref());
    let kept = Kept {
        name: format!("snapshot_{name}"),
        about: format!("snapshots of {name}, by date"),
        key: Vec::new(),
    };
    let condition = format!("{} = DATE '{as_of}'", own_name(&frame, "as_of"));
    session.replace(&kept, &columns, &condition)?;
    Ok(PublishedTable {
        kind: "snapshot",
        source: name.clone(),
        name: kept.name,
        as_of,
        revision: Some(snapshot.revision),
        rows: frame.rows(),
        hash: table.hash.to_string(),
    })
}

/// The date, the key, the other declared columns, and the date of the file a row came from.
fn snapshot_columns(frame: &Frame, as_of: AsOf, key: Option<&ColumnName>) -> Vec<Column> {
    let row_date = ColumnName::row_date();
    let column = |(name, values): (&ColumnName, &Values)| Column {
        name: name.to_string(),
        values: values.clone(),
    };
    let mut columns = vec![Column {
        name: own_name(frame, "as_of"),
        values: Values::repeated_date(as_of.days(), frame.rows()),
    }];
    let all = || {
        frame
            .columns()
            .iter()
            .filter(|(name, _)| **name != row_date)
    };
    columns.extend(all().filter(|(name, _)| Some(*name) == key).map(column));
    columns.extend(all().filter(|(name, _)| Some(*name) != key).map(column));
    columns.extend(frame.column(row_date.as_str()).map(|values| Column {
        name: own_name(frame, "row_date"),
        values: values.clone(),
    }));
    columns
}

/// The name of a column of ours in a table with these columns.
fn own_name(frame: &Frame, name: &str) -> String {
    match frame.column(name) {
        None => name.to_string(),
        Some(_) => format!("__{name}"),
    }
}

fn write_online(
    session: &mut WriteSession,
    store: &Store,
    made: &Materialization,
    name: &TableName,
    sheet: &SheetFact,
) -> Result<PublishedTable> {
    let found = served(store, made, name, sheet)?;
    let rows = found.keys.len();
    let taken: BTreeMap<&str, &Values> = found
        .features
        .iter()
        .map(|(name, values)| (name.as_str(), values))
        .collect();
    let own = |own: &str| match taken.contains_key(own) || sheet.key.as_str() == own {
        true => format!("__{own}"),
        false => own.to_string(),
    };
    let mut columns = vec![
        Column {
            name: sheet.key.to_string(),
            values: found.keys.clone(),
        },
        Column {
            name: own("as_of"),
            values: Values::repeated_date(made.as_of.days(), rows),
        },
        Column {
            name: own("row_instant"),
            values: found.instants.clone(),
        },
    ];
    let features = taken
        .into_iter()
        .filter(|(name, _)| *name != sheet.key.as_str());
    columns.extend(features.map(|(name, values)| Column {
        name: name.to_string(),
        values: values.clone(),
    }));
    let kept = Kept {
        name: format!("online_{name}"),
        about: format!("the newest materialized values of {name}"),
        key: vec![sheet.key.to_string()],
    };
    session.replace(&kept, &columns, "true")?;
    Ok(PublishedTable {
        kind: "online",
        source: name.clone(),
        name: kept.name,
        as_of: made.as_of,
        revision: None,
        rows,
        hash: sheet.object.to_string(),
    })
}

/// One row for each table and date; of online values, which have one date, one for each table.
fn write_metadata(session: &mut WriteSession, tables: &[PublishedTable]) -> Result<()> {
    let text = |of: &dyn Fn(&PublishedTable) -> String| {
        Values::strings(
            &tables
                .iter()
                .map(|table| Some(of(table)))
                .collect::<Vec<_>>(),
        )
    };
    let integers = |of: &dyn Fn(&PublishedTable) -> Option<i64>| {
        Values::integers(&tables.iter().map(of).collect::<Vec<_>>())
    };
    let dates: Vec<Option<i32>> = tables
        .iter()
        .map(|table| Some(table.as_of.days()))
        .collect();
    let columns: Vec<Column> = [
        ("table_name", text(&|table| table.name.clone())),
        ("kind", text(&|table| table.kind.to_string())),
        ("source_table", text(&|table| table.source.to_string())),
        ("as_of", Values::dates(&dates)),
        ("revision", integers(&|table| table.revision.map(i64::from))),
        ("rows", integers(&|table| i64::try_from(table.rows).ok())),
        ("hash", text(&|table| table.hash.clone())),
    ]
    .into_iter()
    .map(|(name, values)| Column {
        name: name.to_string(),
        values,
    })
    .collect();
    let kept = Kept {
        name: "metadata".to_string(),
        about: "what stands in the other tables".to_string(),
        key: vec!["table_name".to_string(), "as_of".to_string()],
    };
    // A name of a table is of letters, digits, `_` and `-`.
    let replaced = tables.iter().map(|table| match table.kind {
        "online" => format!("table_name = '{}'", table.name),
        _ => format!(
            "(table_name = '{}' AND as_of = DATE '{}')",
            table.name, table.as_of
        ),
    });
    let condition = std::iter::once("false".to_string()).chain(replaced);
    let condition = condition.collect::<Vec<_>>().join(" OR ");
    session.replace(&kept, &columns, &condition)
}
