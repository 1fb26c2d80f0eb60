//! Snapshots and online values as tables of a database, for programs that speak SQL.
//!
//! | table | rows |
//! |---|---|
//! | `snapshot_TABLE` | the rows of a source table at each exported date: `as_of`, the declared columns, `row_date` |
//! | `online_TABLE` | the newest materialized values: the key, `as_of`, `row_instant`, one column for each feature |
//! | `metadata` | for each of them and each date: the revision and the hash of what is in it |
//!
//! Everything is written in one transaction: whoever reads sees all of the export before or all of
//! this one. Where a table has a column of the name `as_of`, `row_date` or `row_instant`, ours begins
//! with two underscores.

mod postgres;

pub use postgres::{Published, PublishedTable, publish};
