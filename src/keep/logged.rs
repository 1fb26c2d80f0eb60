//! What servers logged: whether it can be read.
//!
//! Nothing needs these files but questions that people ask of them, and no run can make them again. So
//! `gc` never removes one, and what is damaged can only be moved aside.

use std::path::Path;

use super::fsck::{Problem, Remedy, aside_name};
use crate::error::Result;
use crate::fsio;
use crate::live::{Unreadable, unreadable};

/// Reads every file that servers logged into below a store; gives how many there are, and those that
/// cannot be read. With `aside`, these are moved into that folder.
pub fn logged(store: &Path, aside: Option<&Path>) -> Result<(u64, Vec<Problem>)> {
    let (files, found) = unreadable(store)?;
    let problems = found.iter().map(|file| problem(store, file, aside));
    Ok((files as u64, problems.collect::<Result<_>>()?))
}

fn problem(store: &Path, file: &Unreadable, aside: Option<&Path>) -> Result<Problem> {
    let path = &file.path;
    let name = path.strip_prefix(store).unwrap_or(path);
    let why = file.why.to_string();
    let mut problem = Problem::of("unreadable", name.display().to_string(), why);
    problem.needed_by = vec!["whoever asks what was served on that day".to_string()];
    if let Some(aside) = aside {
        let moved = fsio::move_aside(path, aside)?;
        problem.remedy = moved.map(|place| Remedy {
            repaired: true,
            words: format!(
                "moved to {}; its rows are lost, the others of the day are not",
                aside_name(&place)
            ),
        });
    }
    Ok(problem)
}
