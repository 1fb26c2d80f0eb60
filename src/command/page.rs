//! Files that hold a page.

use std::path::Path;

use crate::error::{Error, Result};

/// Refuses a file whose ending promises something else than HTML. `such_as` is a name that does not.
pub fn page_name(path: &Path, such_as: &str) -> Result<()> {
    let ending = path.extension().map(std::ffi::OsStr::to_ascii_lowercase);
    match ending {
        Some(ending) if ending == "html" || ending == "htm" => Ok(()),
        _ => Err(
            Error::usage(format!("the report is HTML, and {} is not", path.display())).help(
                format!("name it such as {such_as}; `--format json` prints all numbers"),
            ),
        ),
    }
}
