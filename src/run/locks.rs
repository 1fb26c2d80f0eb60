//! Every lock there is: in the working tree, and in git history.

use std::collections::BTreeSet;
use std::fs;

use crate::code::Code;
use crate::error::Result;
use crate::fsio;
use crate::hash::ObjectId;
use crate::lockfile::{FOLDER, Lock, parse_lock};
use crate::workspace::Workspace;

/// The locks of the working tree that can be read, in order of their paths.
pub fn of_tree(workspace: &Workspace) -> Result<Vec<(String, Lock)>> {
    let Ok(entries) = fs::read_dir(workspace.root().join(FOLDER)) else {
        return Ok(Vec::new());
    };
    let mut paths: Vec<String> = entries
        .flatten()
        .filter_map(|entry| entry.file_name().into_string().ok())
        .filter(|name| name.ends_with(".lock"))
        .map(|name| format!("{FOLDER}/{name}"))
        .collect();
    paths.sort();
    let mut locks = Vec::new();
    for path in paths {
        let bytes = fsio::read_optional(&workspace.root().join(&path))?.unwrap_or_default();
        if let Ok(lock) = parse_lock(&path, &String::from_utf8_lossy(&bytes)) {
            locks.push((path, lock));
        }
    }
    Ok(locks)
}

/// The locks of all commits reachable from HEAD whose text passes, the newest first, each text
/// once. Those that cannot be read are left out.
pub fn of_history(
    workspace: &Workspace,
    passes: impl Fn(&str) -> bool,
) -> Result<Vec<(String, Lock)>> {
    let code = Code::discover(workspace.root())?;
    let mut seen = BTreeSet::new();
    let mut locks = Vec::new();
    for commit in code.history(&[FOLDER])? {
        for (path, text) in code.texts_at(&commit.id.to_string(), &[FOLDER], "lock")? {
            if !passes(&text) || !seen.insert(ObjectId::of_bytes(text.as_bytes())) {
                continue;
            }
            let path = format!("{}:{path}", commit.id.short());
            if let Ok(lock) = parse_lock(&path, &text) {
                locks.push((path, lock));
            }
        }
    }
    Ok(locks)
}
