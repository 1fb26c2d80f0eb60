//! `streamflow rollback`.

use super::Context;
use super::arguments::RollbackArguments;
use super::output::Output;
use crate::error::Result;
use crate::registry::{self, SignatureKey};
use crate::report;
use crate::run;

/// Puts the run of the previous promotion back into Production.
pub fn rollback(context: &Context, arguments: &RollbackArguments) -> Result<Output> {
    let workspace = context.workspace()?;
    let model = run::find_model(&workspace, &arguments.model)?;
    let key = arguments
        .sign
        .as_deref()
        .map(SignatureKey::read)
        .transpose()?;
    let rollback = registry::rollback(&workspace, &model, &arguments.reason, key.as_ref())?;
    Ok(Output::new(
        report::rollback_text(&rollback),
        &report::rollback_document(&rollback),
    ))
}
