//! streamflow: reproducible tabular machine learning.

pub mod error;
pub mod hash;
pub mod learn;
pub mod math;
