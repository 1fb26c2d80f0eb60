//! Keeping and moving: what the store holds, who needs it, what may go, and how a run travels.
//!
//! - [`fsck`] verifies every file of the store and names for each that is damaged what needs it;
//!   with repair it moves damaged files aside and makes them again: from the same bytes elsewhere,
//!   from the source files, or by executing a run again.
//! - [`gc`] takes out what nothing needs. [`roots`] says what needs something: every lock and pin
//!   of the working tree and of the tip of every local branch, what rollbacks could go back to, the
//!   last executions, the newest revision of each date, kept files, the values that serve.
//! - [`bundle()`] puts everything of one run into one archive, and [`unbundle`] brings it in.
//!
//! Records are never removed: an execution whose objects are gone can still be shown and compared
//! by hash, and `replay` makes its outputs again.
//!
//! [`roles`] reads from the facts what each object is, in words. It is the one place that knows of
//! all kinds of facts.

mod bundle;
mod fsck;
mod gc;
mod logged;
mod repair;
mod roles;
mod roots;

pub use bundle::{
    Bundled, FileOutcome, Target, Unbundled, WrittenFile, bundle, find_bundled, find_target,
    lock_of, unbundle,
};
pub use fsck::{Examined, Problem, Remedy, fsck};
pub use gc::{DEFAULT_GRACE, DEFAULT_KEEP, GcOptions, GcReport, Removable, gc};
pub use roots::{ExecutionRoot, FileRoot, Roots};
