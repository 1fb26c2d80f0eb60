//! A run in one file.
//!
//! A bundle is a plain tar archive, so that anybody can look into it:
//!
//! | member | what |
//! |---|---|
//! | `manifest.json` | format, run, and every other member with its size and BLAKE3; stands first |
//! | `lockfiles/EXPERIMENT.lock` | what the run is and gave |
//! | `streamflow.toml`, `features/…`, `experiments/…` | the definitions that give it |
//! | `objects/ab/cdef…` | the snapshots it reads, and its training set, split, model, predictions and report |
//!
//! It holds no time, user or machine beside what stands in the lock, and its members are in order
//! of their paths: the same run is the same bytes. Whole snapshots travel, all columns of them.
//!
//! [`unbundle`] believes nothing. Before anything is written, every member is held against the
//! manifest, every object against its name, every snapshot against the hashes of columns that the lock
//! names, the lock against its own run, the definitions against the lock. What is entered is a
//! record like any other, marked as having come with a bundle: it proves nothing until `replay` or
//! `run --locked` has executed the run here.

mod archive;
mod enter;
mod manifest;
mod pack;
mod verify;

pub use enter::{FileOutcome, Target, Unbundled, WrittenFile, find_target, unbundle};
pub use pack::{Bundled, bundle, find_bundled, lock_of};
