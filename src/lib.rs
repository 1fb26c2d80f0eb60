//! streamflow: reproducible tabular machine learning.

pub mod definition;
pub mod error;
pub mod feature;
pub mod hash;
pub mod math;
pub mod table;
