//! The registry: which run stands where, since when, by whom and why.
//!
//! Two records say it, and each has its part:
//!
//! - **`lockfiles/MODEL.pin`** is the truth of what is pinned: a small file that people review and
//!   commit, so that a clone knows it too. It names for each stage the run and the sequence number
//!   and chain hash of the transition that set it.
//! - **The log** is the memory: facts in the store, one for each transition, never rewritten. Each
//!   is hashed over its content and the hash before it, so that a changed entry shows ([`log`]).
//!
//! The log lives in the store where promotions were made; the store is not committed. In a clone it
//! is empty, and the next transition continues the chain from the file: sequence and hash are those
//! of whichever is ahead. Where the file was ahead, the entry says so (`adopted`), which is how a
//! chain that was continued elsewhere is told from a broken one.
//!
//! A transition is logged first and then written to the file, both under one lock, so that of two
//! promotions at once the second sees the first. A crash between the two leaves a log that is ahead
//! of the file. So does `git checkout` of an older file. Both are read alike: the file decides,
//! `promote`, `rollback` and `history` say that the log is ahead, and the same command once more
//! writes what was cut short, as a transition of its own.
//!
//! `rollback` needs to know what stood in Production before. Promotions push, rollbacks pop
//! ([`stack`]); what the log does not know is read from the file's git history.

mod gate;
mod log;
mod promote;
mod rollback;
mod stack;
mod stage;

pub use gate::{GateFacts, GateResult, Reproduction, WayOut, evaluate};
pub use log::{Transition, TransitionKind, logged_models, transitions};
pub use promote::{Outcome, Promotion, promote};
pub use rollback::{Rollback, returnable, rollback};
pub use stack::{Pinning, stack_of};
pub use stage::{ahead_of_file, pinned_at, pins, stages};
