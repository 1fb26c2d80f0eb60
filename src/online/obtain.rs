//! The values of one table: those that are kept, and those that are computed.

use super::kept::{self, Inputs, KeptSheet};
use super::sheet::{INSTANT, KEY, column_of, compute};
use crate::definition::{AsOf, ColumnName, FeatureName, Table};
use crate::error::{Error, Kind, Result};
use crate::feature::{FeatureSpec, History};
use crate::hash::{Digest, TableHash};
use crate::snapshot::Snapshot;
use crate::store::NewObject;
use crate::table::{self, Frame, Values, column_hash};
use crate::workspace::Workspace;

/// How much is computed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Recompute {
    /// What is not kept.
    Missing,
    /// Everything, and what is kept is compared with it.
    All,
}

/// One table's values in the store.
pub(super) struct Obtained {
    pub frame: Frame,
    pub object: TableHash,
    /// Features that were computed; the others were kept.
    pub computed: usize,
    /// Of those computed: kept before with the same values.
    pub confirmed: usize,
    pub notice: Option<String>,
    /// Features whose kept values are not those computed from the same inputs.
    pub differing: Vec<FeatureName>,
}

/// Finds or computes the values of a table's features, and keeps them.
pub(super) fn obtain(
    workspace: &Workspace,
    snapshot: &Snapshot,
    table: &Table,
    specs: &[FeatureSpec],
    recompute: Recompute,
) -> Result<Obtained> {
    let inputs = Inputs {
        table,
        hash: table_in(snapshot, table)?,
        as_of: snapshot.as_of,
    };
    let base = Base::find(workspace, &inputs, specs)?;
    let mut notice = None;
    let base = match base {
        Some((_, Err(error))) => {
            let name = &table.name;
            notice = Some(format!(
                "the kept values of {name} were computed again: {error}"
            ));
            None
        }
        Some((kept, Ok(frame))) => Some(Base { kept, frame }),
        None => None,
    };
    let mut done = match recompute {
        Recompute::Missing => with_base(workspace, &inputs, specs, base)?,
        Recompute::All => afresh(workspace, &inputs, specs, base)?,
    };
    done.notice = notice;
    Ok(done)
}

/// Kept values of the table's rows.
struct Base {
    kept: KeptSheet,
    frame: Frame,
}

impl Base {
    /// The best kept sheet, with its frame or why that cannot be had.
    fn find(
        workspace: &Workspace,
        inputs: &Inputs<'_>,
        specs: &[FeatureSpec],
    ) -> Result<Option<(KeptSheet, Result<Frame>)>> {
        let store = workspace.store();
        let Some(kept) = kept::best(store.catalog(), inputs, specs)? else {
            return Ok(None);
        };
        let needed_by = format!("kept values of {}", inputs.table.name);
        let bytes = store.get(kept.object.into(), &needed_by);
        let frame = bytes.and_then(|bytes| table::from_parquet_object(&bytes));
        Ok(Some((kept, frame)))
    }

    /// The values of a definition.
    fn values(&self, spec: &FeatureSpec) -> Option<&Values> {
        let had = self.kept.has(spec.hash());
        let column = had.then(|| column_of(spec.hash()))?;
        self.frame.column(column.as_str())
    }
}

/// What the base has is taken; the rest is computed.
fn with_base(
    workspace: &Workspace,
    inputs: &Inputs<'_>,
    specs: &[FeatureSpec],
    base: Option<Base>,
) -> Result<Obtained> {
    let Some(base) = base else {
        return afresh(workspace, inputs, specs, None);
    };
    let had = |spec: &&FeatureSpec| base.values(spec).is_some();
    let lacking: Vec<FeatureSpec> = specs.iter().filter(|spec| !had(spec)).cloned().collect();
    if lacking.is_empty() && base.kept.is_of(specs) {
        let object = base.kept.object;
        workspace.store().refresh(object.into());
        return Ok(obtained(base.frame, object, 0));
    }
    let mut frame = base.frame.select(&[own(INSTANT), own(KEY)]);
    if !lacking.is_empty() {
        let rows = rows_of(workspace, inputs)?;
        let history = History::of(inputs.table, &rows)?;
        let computed = compute(&history, None, &inputs.table.key, inputs.as_of, &lacking)?;
        for spec in &lacking {
            frame = with_values(frame, spec, &computed)?;
        }
    }
    for spec in specs.iter().filter(had) {
        frame = with_values(frame, spec, &base.frame)?;
    }
    let object = keep(workspace, inputs, specs, &frame)?;
    Ok(obtained(frame, object, lacking.len()))
}

fn with_values(frame: Frame, spec: &FeatureSpec, from: &Frame) -> Result<Frame> {
    let column = column_of(spec.hash());
    let values = from
        .column(column.as_str())
        .filter(|values| values.len() == frame.rows());
    let values = values.ok_or_else(|| {
        Error::failure(format!(
            "the values of {} do not fit those kept",
            spec.name()
        ))
        .help("`streamflow materialize --full` computes all of them again")
    })?;
    Ok(frame.with_column(column, values.clone()))
}

/// Everything is computed, and held against the base.
fn afresh(
    workspace: &Workspace,
    inputs: &Inputs<'_>,
    specs: &[FeatureSpec],
    base: Option<Base>,
) -> Result<Obtained> {
    let rows = rows_of(workspace, inputs)?;
    let history = History::of(inputs.table, &rows)?;
    let frame = compute(&history, None, &inputs.table.key, inputs.as_of, specs)?;
    let object = keep(workspace, inputs, specs, &frame)?;
    let mut done = obtained(frame, object, specs.len());
    if let Some(base) = base {
        compare(&base, specs, &mut done);
    }
    Ok(done)
}

/// Holds computed values against kept ones of the same inputs.
fn compare(base: &Base, specs: &[FeatureSpec], done: &mut Obtained) {
    let same = |column: &ColumnName| {
        let hash = |frame: &Frame| frame.column(column.as_str()).map(column_hash);
        hash(&base.frame) == hash(&done.frame)
    };
    let same_rows = same(&own(KEY)) && same(&own(INSTANT));
    let (mut confirmed, mut differing) = (0, Vec::new());
    for spec in specs {
        if base.values(spec).is_none() {
            continue;
        }
        match same_rows && same(&column_of(spec.hash())) {
            true => confirmed += 1,
            false => differing.push(spec.name()),
        }
    }
    done.confirmed = confirmed;
    done.differing = differing;
}

fn keep(
    workspace: &Workspace,
    inputs: &Inputs<'_>,
    specs: &[FeatureSpec],
    frame: &Frame,
) -> Result<TableHash> {
    let object = table::table_hash(&table::column_hashes(frame));
    workspace.store().put(&NewObject {
        name: object.into(),
        bytes: &table::to_parquet(frame)?,
    })?;
    let sheet = KeptSheet::new(inputs, specs, object);
    kept::keep(workspace.store().catalog(), inputs, &sheet)?;
    Ok(object)
}

fn obtained(frame: Frame, object: TableHash, computed: usize) -> Obtained {
    Obtained {
        frame,
        object,
        computed,
        confirmed: 0,
        notice: None,
        differing: Vec::new(),
    }
}

fn own(name: &'static str) -> ColumnName {
    name.parse().expect("our own names are names")
}

/// What the snapshot's table of that name is called.
fn table_in(snapshot: &Snapshot, table: &Table) -> Result<TableHash> {
    let found = snapshot.tables.get(&table.name);
    let found =
        found.ok_or_else(|| Error::failure(format!("the snapshot lacks {}", table.name)))?;
    Ok(found.hash)
}

/// The rows of a snapshot's table.
fn rows_of(workspace: &Workspace, inputs: &Inputs<'_>) -> Result<Frame> {
    let needed_by = format!("the snapshot of {} at {}", inputs.table.name, inputs.as_of);
    let bytes = workspace.store().get(inputs.hash.into(), &needed_by)?;
    table::from_parquet_object(&bytes)
}

/// The values of a table for one key or for every entity, without keeping them.
pub(super) fn compute_only(
    workspace: &Workspace,
    snapshot: &Snapshot,
    table: &Table,
    keys: Option<&Values>,
    specs: &[FeatureSpec],
) -> Result<Frame> {
    let inputs = Inputs {
        table,
        hash: table_in(snapshot, table)?,
        as_of: snapshot.as_of,
    };
    let rows = rows_of(workspace, &inputs)?;
    let history = History::of(table, &rows)?;
    compute(&history, keys, &table.key, snapshot.as_of, specs)
}

/// The finding of `--full`: the same inputs gave other values.
pub(super) fn other_values(as_of: AsOf, differing: &[FeatureName], objects: &[TableHash]) -> Error {
    let names: Vec<String> = differing.iter().map(ToString::to_string).collect();
    let objects: Vec<String> = objects.iter().map(TableHash::short).collect();
    Error::new(
        Kind::NotReproduced,
        format!("values kept for {as_of} are not what the same data and definitions give now"),
    )
    .details(names)
    .detail(format!(
        "what was computed now is kept too, and does not serve: {}",
        objects.join(", ")
    ))
    .help(
        "`streamflow materialize` serves what was computed now; `streamflow fsck` looks for damage",
    )
}
