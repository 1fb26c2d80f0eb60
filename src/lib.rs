//! streamflow: reproducible tabular machine learning.

pub mod error;
pub mod hash;
pub mod math;
pub mod sample;
pub mod scaffold;
