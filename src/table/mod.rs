//! Tables in memory: typed columns, how they are read, put in canonical order, and hashed.

mod frame;

pub use frame::{Cell, Frame, Values, row_number};
