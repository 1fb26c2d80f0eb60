//! streamflow: reproducible tabular machine learning.

pub mod code;
pub mod definition;
pub mod error;
pub mod fsio;
pub mod hash;
pub mod host;
pub mod lockfile;
pub mod math;
pub mod plan;
pub mod store;
pub mod table;
pub mod workspace;
