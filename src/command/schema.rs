//! `streamflow schema`.

use super::arguments::{SchemaArguments, SchemaKind};
use super::output::Output;
use crate::definition;
use crate::error::Result;

/// Prints the JSON Schema of a TOML file.
pub fn schema(arguments: &SchemaArguments) -> Result<Output> {
    let kind = match arguments.kind {
        SchemaKind::Streamflow => definition::SchemaKind::Streamflow,
        SchemaKind::Feature => definition::SchemaKind::Feature,
        SchemaKind::Experiment => definition::SchemaKind::Experiment,
    };
    let document = definition::schema(kind);
    Ok(Output::new(format!("{document:#}\n"), &document))
}
