//! What a run is, before anything executes.
//!
//! A **run** is the hash of everything that decides its result and of nothing else: the declared
//! values of its experiment with defaults and expressions written out ([`Declared`]), the versions
//! of the operations it uses, and the hashes of the data it reads. The declared values are a flat
//! map from key path to value. That one map is what is hashed, what a lock lists line by line,
//! what a difference is a difference of, and what a run can be made again from: [`RunSpec`] turns
//! into it and back without loss. A parameter that is added to `RunSpec` is part of every key from
//! then on; there is no second list to forget it in.
//!
//! A run is a [`Plan`] of **steps**, each a pure function named by its [`StepKey`]: operation,
//! version, the declared values it reads, and the keys of the steps before it, down to the hashes
//! of tables. Every declared value belongs to exactly one step ([`Step::reads`]), so that a changed
//! threshold does not train a forest again. `cross_validate` is a step only of runs that declare it; what
//! `fit` reads decides it too. What `calibrate` says is learnt from its scores is a part of the model: then `fit`
//! takes its output.
//!
//! ```text
//! tables ─ training_set ─┬─ split ─┬─ fit ─ predict ─┬─ evaluate
//!                        └─────────┴─ cross_validate ┘
//! ```

mod calibrate;
mod data;
mod declared;
mod difference;
mod place;
mod preprocess;
mod spec;
mod step;

pub use data::{FeatureDates, Purpose, TableAt};
pub use declared::Declared;
pub use difference::{Difference, differences};
pub use place::place_of;
pub use spec::{FeatureOptions, RunSpec};
pub use step::{DataInput, Operations, Plan, PlannedStep, RunIdentity, Step, StepFunction};

#[cfg(test)]
mod tests;
