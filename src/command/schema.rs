//! `streamflow schema`.

use super::arguments::{SchemaArguments, SchemaKind};
use super::output::Output;
use crate::definition::schema;
use crate::error::Result;

/// Prints the JSON Schema of a TOML file.
pub fn schema(arguments: &SchemaArguments) -> Result<Output> {
    let kind = match arguments.kind {
        SchemaKind::Streamflow => schema::SchemaKind::Streamflow,
        SchemaKind::Feature => schema::SchemaKind::Feature,
        SchemaKind::Experiment => schema::SchemaKind::Experiment,
    };
    let document = schema::schema(kind);
    Ok(Output::new(format!("{document:#}\n"), &document))
}
