//! streamflow: reproducible tabular machine learning.

pub mod check;
pub mod definition;
pub mod error;
pub mod hash;
pub mod math;
pub mod table;
