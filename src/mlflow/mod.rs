//! A run as MLflow keeps one: for whoever still looks, compares or deploys there.
//!
//! What is written is made whole first ([`export`]), of what the store holds, without asking anybody; then it is brought to
//! a server step by step ([`write()`]). Each step may be repeated, and says the same when it is:
//!
//! | here | there |
//! |---|---|
//! | experiment | experiment of the same name |
//! | run | one run, found again by the tag `streamflow.run` |
//! | declared values | params |
//! | metrics, intervals, folds | metrics; folds as steps |
//! | commit, versions, hashes of data and outputs | tags |
//! | snapshots of tables | dataset inputs |
//! | lock, report, predictions, declared values | artifacts |
//! | model | an MLflow model of the flavor `onnx`, below `model/` |
//! | registered model, stage, aliases | a model version, its stage and aliases |
//!
//! A run is created with its tag in one request, so an export that is cut short leaves a run that the next one finds; its
//! status stays RUNNING until everything is there. What MLflow shows is read back at the end.

mod content;
mod limits;
mod model;
mod server;
mod target;
mod versions;
mod write;

pub use content::{Export, Pieces, Version, export, stage_word};
pub use server::Server;
pub use target::{address, client};
pub use versions::WrittenVersion;
pub use write::{WriteOutcome, Written, write};
