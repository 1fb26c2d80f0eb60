//! The values of one table's features for a spine.

use std::collections::{BTreeMap, BTreeSet};

use super::Stamped;
use super::files::{Group, Plan};
use crate::definition::{ColumnName, FeatureName, Table};
use crate::error::Result;
use crate::feature::{FeatureSpec, FeatureValues, History, Spine, Status, values_at};
use crate::table::{Frame, Values, row_number};
use crate::table_store;
use crate::workspace::Workspace;

/// A table that is joined to a spine.
pub struct Join<'a> {
    pub workspace: &'a Workspace,
    pub table: &'a Table,
    pub specs: &'a [FeatureSpec],
    /// One for each row of the spine.
    pub keys: &'a Values,
    /// The last instant each row sees.
    pub instants: &'a [i64],
    /// What comes with each row for features on demand.
    pub context: &'a BTreeMap<ColumnName, Values>,
}

impl Join<'_> {
    /// The features of every row, in the order of the spine.
    pub fn values(
        &self,
        plan: &Plan,
        stamped: &Stamped,
    ) -> Result<BTreeMap<FeatureName, FeatureValues>> {
        let mut found = Vec::new();
        for group in &plan.groups {
            let frame = self.load(group, stamped)?;
            found.push(self.group_values(group, &frame)?);
        }
        let names = self.specs.iter().map(FeatureSpec::name);
        let positions = positions(plan, self.instants.len());
        let values = self.specs.iter().zip(names).map(|(spec, name)| {
            let parts = found.iter_mut().filter_map(|values| values.remove(&name));
            let all = parts.reduce(|all, part| all.concat(&part));
            let all = all.unwrap_or_else(|| FeatureValues {
                values: Values::nulls(spec.dtype, 0),
                status: Vec::new(),
            });
            (name, in_order(all, positions.as_deref()))
        });
        Ok(values.collect())
    }

    /// The columns that are read of the snapshot of a group.
    fn load(&self, group: &Group, stamped: &Stamped) -> Result<Frame> {
        let Table { name, source, .. } = self.table;
        let places = [
            Some(&self.table.key),
            source.timestamp.as_ref(),
            source.created.as_ref(),
        ];
        let read = self.specs.iter().flat_map(FeatureSpec::columns);
        let mut columns: BTreeSet<ColumnName> =
            places.into_iter().flatten().chain(read).cloned().collect();
        columns.insert(ColumnName::row_date());
        let snapshot = &stamped[&(name.clone(), group.as_of)];
        let needed_by = format!("the snapshot of {name} at {}", group.as_of);
        table_store::read_columns(self.workspace.store(), snapshot.hash, &columns, &needed_by)
    }

    fn group_values(
        &self,
        group: &Group,
        frame: &Frame,
    ) -> Result<BTreeMap<FeatureName, FeatureValues>> {
        let rows = group.rows.iter().map(|row| Some(row_number(*row)));
        let rows: Vec<_> = rows.collect();
        let of_group = |values: &Values| match rows.len() == values.len() {
            true => values.clone(),
            false => values.gather(&rows),
        };
        let instants = group.rows.iter().map(|row| self.instants[*row]);
        let spine = Spine::each(of_group(self.keys), instants.collect());
        let context = self.context.iter();
        let context = context.map(|(name, values)| (name.clone(), of_group(values)));
        let spine = spine.with_request(context.collect());
        let spine = match &group.files {
            Some(files) => spine.with_files(files.clone()),
            None => spine,
        };
        values_at(&History::of(self.table, frame)?, &spine, self.specs)
    }
}

/// Where each row of the spine stands among the rows of all groups, one after the other; none where
/// they stand in the order of the spine.
fn positions(plan: &Plan, rows: usize) -> Option<Vec<Option<usize>>> {
    let mut positions = vec![None; rows];
    let grouped = plan.groups.iter().flat_map(|group| &group.rows);
    for (at, row) in grouped.enumerate() {
        positions[*row] = Some(at);
    }
    let in_place = |(row, at): (usize, &Option<usize>)| *at == Some(row);
    let in_order = positions.iter().enumerate().all(in_place);
    (!in_order).then_some(positions)
}

fn in_order(found: FeatureValues, positions: Option<&[Option<usize>]>) -> FeatureValues {
    let Some(positions) = positions else {
        return found;
    };
    let rows: Vec<_> = positions.iter().map(|at| at.map(row_number)).collect();
    let status = positions
        .iter()
        .map(|at| at.map_or(Status::NotFound, |at| found.status[at]));
    FeatureValues {
        values: found.values.gather(&rows),
        status: status.collect(),
    }
}
