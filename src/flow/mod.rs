//! Flows: what is done for a date, in order, each step once.
//!
//! A step is a command of this program, started again in a process of its own: it does exactly what
//! a person would type, it can be ended when it takes too long, and what it prints as JSON says what
//! it came to. Commands find what was done before, so that a step that was cut off is simply done
//! again.
//!
//! What happens is recorded as it happens (`record`): a flow that begins, a step that is started,
//! how it ended. Where that record stops is where a flow goes on after a crash. `command` says what
//! is typed for a step, `outcome` what its answer means, `perform` goes from step to step.

mod command;
mod outcome;
mod perform;
mod record;

pub use perform::{FlowEvents, Performed, dates_between, perform};
pub use record::{Attempt, Ending, FlowRecord, StepRecord, StepState, recorded, recorded_at};
