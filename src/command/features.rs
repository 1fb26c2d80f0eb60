//! `streamflow features`.

use super::Context;
use super::arguments::FeaturesArguments;
use super::ingest::date;
use super::output::Output;
use super::retrieve;
use crate::definition::{AsOf, ColumnName, Dtype};
use crate::error::Result;
use crate::online::{self, Key, OnlineView};
use crate::report::{self, EntityView};
use crate::serve::{FeatureAnswer, State};
use crate::snapshot::Snapshots;
use crate::workspace::Workspace;

/// Shows one entity's values, or finds those of every row of a spine.
pub fn features(context: &Context, arguments: &FeaturesArguments) -> Result<Output> {
    match (&arguments.id, &arguments.spine, &arguments.output) {
        (_, Some(spine), Some(output)) => retrieve::retrieve(context, arguments, spine, output),
        (id, ..) => features_of(context, arguments, id.as_deref().unwrap_or_default()),
    }
}

/// Those that serve, or those of a date.
fn features_of(context: &Context, arguments: &FeaturesArguments, id: &str) -> Result<Output> {
    let workspace = context.workspace()?;
    let as_of = arguments.as_of.as_deref().map(date).transpose()?;
    let state = State::load(&workspace);
    let column = state.key().clone();
    let key = key_of(&workspace, &column, id);
    let computed;
    let view = match (&as_of, &state.view) {
        (None, Some(view)) => view.as_ref(),
        _ => {
            computed = compute(&workspace, as_of, &key)?;
            &computed
        }
    };
    let found = FeatureAnswer::of(view, &column, &key)?;
    let shown = EntityView {
        key: &key,
        as_of: found.as_of,
        values: &found.values,
    };
    Ok(Output::new(
        report::features_text(&shown),
        &report::features_document(&shown),
    ))
}

fn compute(workspace: &Workspace, as_of: Option<AsOf>, key: &Key) -> Result<OnlineView> {
    let as_of = match as_of {
        Some(as_of) => as_of,
        None => online::default_date(&Snapshots {
            workspace,
            definitions: workspace.definitions(),
        })?,
    };
    OnlineView::compute(workspace, as_of, Some(&key.to_values()), None)
}

/// An id of the command line, of the type the key is declared with.
pub fn key_of(workspace: &Workspace, column: &ColumnName, id: &str) -> Key {
    let mut tables = workspace.definitions().tables.values();
    let declared = tables.find(|table| table.key == *column);
    let dtype = declared
        .and_then(|table| table.columns.get(column))
        .map_or(Dtype::String, |column| column.dtype);
    // A text that is no integer is the key of nobody.
    Key::parse(id, dtype).unwrap_or_else(|| Key::Text(id.to_string()))
}
