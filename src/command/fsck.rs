//! `streamflow fsck`.

use super::Context;
use super::arguments::FsckArguments;
use super::output::Output;
use crate::error::{Error, Result};
use crate::keep::{self, Problem};
use crate::report;

/// Verifies the store; mends it where that is asked for.
pub fn fsck(context: &Context, arguments: &FsckArguments) -> Result<Output> {
    let found = keep::fsck(context.folder.as_deref(), arguments.repair)?;
    let mut output = Output::new(report::fsck_text(&found), &report::fsck_document(&found));
    let open = found.problems.iter().filter(|problem| problem.is_open());
    let count = open.clone().count() as u64;
    if count > 0 {
        let error = Error::failure(format!(
            "the store is not sound: {}",
            report::plural(count, "problem")
        ));
        output.error = Some(match arguments.repair {
            false => {
                error.help("`streamflow fsck --repair` moves what is damaged aside and rebuilds it")
            }
            true => match open
                .filter_map(|problem: &Problem| problem.rebuilt_by.as_ref())
                .next()
            {
                Some(command) => {
                    error.help(format!("bring back what is missing, then `{command}`"))
                }
                None => error,
            },
        });
    }
    Ok(output)
}
