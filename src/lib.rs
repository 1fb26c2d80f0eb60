//! streamflow: reproducible tabular machine learning.

pub mod check;
pub mod code;
pub mod command;
pub mod definition;
pub mod error;
pub mod feature;
pub mod fsio;
pub mod hash;
pub mod host;
pub mod learn;
pub mod lockfile;
pub mod math;
pub mod online;
pub mod plan;
pub mod registry;
pub mod report;
pub mod run;
pub mod sample;
pub mod scaffold;
pub mod serve;
pub mod snapshot;
pub mod store;
pub mod table;
pub mod workspace;
