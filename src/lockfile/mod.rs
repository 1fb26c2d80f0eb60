//! Locks and pins as text: `lockfiles/EXPERIMENT.lock` and `lockfiles/MODEL.pin`.
//!
//! A lock is TOML with one fact a line, sorted, LF at the ends: what git shows of a change is what
//! changed. It holds what a run is (`[declared]`, `[operations]`, `[[data]]`), from which the
//! run's hash can be computed again; what came out (`[outputs]`, `[metrics]`); and what explains
//! (`[code]`, `[environment]`). It holds no time, host, user or absolute path, so that two people
//! who run the same write the same bytes.
//!
//! Parsing comes first, then values are compared: layout decides nothing.

mod model;
mod pin;
mod read;
mod write;

pub use model::{Lock, LockVersion, LockedCode, LockedData, LockedResults, LockedSearch, Outputs};
pub use pin::{LogEnd, Pin, PinFile, PinSignature, PinnedApproval};
pub use read::parse_lock;
pub use write::render_lock;

use crate::definition::{ExperimentName, ModelName};

use crate::error::Result;
use crate::fsio;
use crate::workspace::Workspace;

/// The folder of locks and pins, from the project root.
pub const FOLDER: &str = "lockfiles";

/// The path of an experiment's lock, from the project root.
pub fn lock_path(experiment: &ExperimentName) -> String {
    format!("{FOLDER}/{experiment}.lock")
}

/// The path of a model's pins, from the project root.
pub fn pin_path(model: &ModelName) -> String {
    format!("{FOLDER}/{model}.pin")
}

/// The lock of an experiment in the working tree; none when there is no file.
pub fn read_lock(workspace: &Workspace, experiment: &ExperimentName) -> Result<Option<Lock>> {
    let path = lock_path(experiment);
    let Some(text) = read_text(workspace, &path)? else {
        return Ok(None);
    };
    parse_lock(&path, &text).map(Some)
}

/// Writes the lock of an experiment into the working tree.
pub fn write_lock(workspace: &Workspace, lock: &Lock) -> Result<()> {
    let path = workspace.root().join(lock_path(&lock.experiment));
    fsio::write_atomic(&path, render_lock(lock).as_bytes())
}

/// The pins of a model in the working tree; none when there is no file.
pub fn read_pins(workspace: &Workspace, model: &ModelName) -> Result<Option<PinFile>> {
    let path = pin_path(model);
    let Some(text) = read_text(workspace, &path)? else {
        return Ok(None);
    };
    PinFile::parse(&path, &text).map(Some)
}

/// Writes the pins of a model into the working tree.
pub fn write_pins(workspace: &Workspace, pins: &PinFile) -> Result<()> {
    fsio::write_atomic(
        &workspace.root().join(pin_path(&pins.model)),
        pins.render().as_bytes(),
    )
}

fn read_text(workspace: &Workspace, path: &str) -> Result<Option<String>> {
    let bytes = fsio::read_optional(&workspace.root().join(path))?;
    // Bytes that are no text are no TOML either; the parser says so.
    Ok(bytes.map(|bytes| String::from_utf8_lossy(&bytes).into_owned()))
}
