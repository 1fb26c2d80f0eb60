//! `streamflow schema`.

use super::arguments::{SchemaArguments, SchemaKind};
use super::output::Output;
use crate::definition::schema as schemas;
use crate::error::Result;

/// Prints the JSON Schema of a TOML file.
pub fn schema(arguments: &SchemaArguments) -> Result<Output> {
    let kind = match arguments.kind {
        SchemaKind::Streamflow => schemas::SchemaKind::Streamflow,
        SchemaKind::Feature => schemas::SchemaKind::Feature,
        SchemaKind::Experiment => schemas::SchemaKind::Experiment,
    };
    let document = schemas::schema(kind);
    Ok(Output::new(format!("{document:#}\n"), &document))
}
