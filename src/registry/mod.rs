//! The registry: which run stands where, since when, by whom and why.
//!
//! Two records say it, and each has its part:
//!
//! - **`lockfiles/MODEL.pin`** is the truth of what is pinned: a small file that people review and
//!   commit, so that a clone knows it too. It names for each stage and alias the run, and the sequence
//!   number and chain hash of the transition that set it; approvals that wait; and the log's last entry.
//! - **The log** is the memory: facts in the store, one for each decision, never rewritten. Each
//!   is hashed over its content and the hash before it ([`transition`]). The file holds the last hash
//!   fast, so that a changed, removed or moved entry shows, whoever computes what again ([`log`]).
//!
//! The log lives in the store where decisions were made; the store is not committed. In a clone it
//! is empty, and the next transition continues the chain from the file: sequence and hash are those
//! of whichever is ahead. Where the file was ahead, the entry says so (`adopted`), which is how a
//! chain that was continued elsewhere is told from a broken one; and it names the last entry of the
//! own log (`beside`), which would be held fast by nothing else.
//!
//! A transition is logged first and then written to the file, both under one lock, so that of two
//! promotions at once the second sees the first. A crash between the two leaves a log that is ahead
//! of the file. So does `git checkout` of an older file. Both are read alike: the file decides,
//! `promote`, `rollback` and `history` say that the log is ahead, and the same command once more
//! writes what was cut short, as a transition of its own.
//!
//! `rollback` needs to know what stood in Production before. Promotions push, rollbacks pop
//! ([`stack`]); what the log does not know is read from the file's git history.
//!
//! A stage is policy, an alias is a name: only stages ask gates, archive and are served. An approval
//! is an entry like any other, and stands in the file until a promotion uses it. A signature binds a
//! promotion to its run, outputs, reason and place in the log ([`signature`]); who serves may demand
//! one.

mod alias;
mod approval;
mod demote;
mod gate;
mod log;
mod promote;
mod rollback;
mod signature;
mod stack;
mod stage;
#[cfg(test)]
mod tests;
mod transition;

pub use alias::{AliasChange, remove_alias, set_alias};
pub use approval::{Approval, approve};
pub use demote::{Demotion, demote};
pub use gate::{DriftFact, GateFacts, GateResult, Reproduction, ShadowFact, WayOut, evaluate};
pub use log::{LogAudit, LogProblem, ProblemKind, logged_models, transitions, verify_log};
pub use promote::{Outcome, Promote, Promotion, promote};
pub use rollback::{Rollback, returnable, rollback};
pub use signature::{PublicKey, SignatureKey, require_signature};
pub use stack::{Pinning, stack_of};
pub use stage::{Places, ahead_of_file, file_at, pin_file, places};
pub use transition::{EntryVersion, Signed, Transition, TransitionKind};
