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

pub use model::{Lock, LockVersion, LockedCode, LockedData, LockedResults, Outputs};
pub use pin::{Pin, PinFile};
pub use read::parse_lock;
pub use write::render_lock;

use crate::definition::{ExperimentName, ModelName};

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
