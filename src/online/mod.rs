//! The newest values of every feature at a date, computed once and looked up by entity.
//!
//! **A materialization** holds, for each table, the values of the working tree's features and of
//! those of every pinned run, for every entity the table knows at the date. A value column is named
//! by the hash of its feature's definition, so that several definitions of one name live side by
//! side: the run in Production keeps finding what it was trained on while the tree moves on. The
//! values come from [`values_at`](crate::feature::values_at), as those of a training set do.
//!
//! Each table's values are one immutable Parquet object; the fact that lists them all is appended
//! last. So a materialization is there whole or not at all, and the newest one is what serves.
//!
//! | module | |
//! |---|---|
//! | `wanted` | which features: of the tree, and of the runs that pins name |
//! | `sheet` | the values of one table |
//! | `kept` | sheets that were computed, by what they were computed from |
//! | `obtain` | the values of one table: kept or computed |
//! | `materialize` | all tables, into the store |
//! | `fact` | what the catalog keeps of it |
//! | `keys`, `entities` | keys in order; those of all tables, sought once |
//! | `view` | values in memory, found by key |
//! | `served` | whole tables of values, for other programs |
//! | `pinned` | the model of a run, out of the store |
//! | `drift` | all columns of two dates compared |
//! | `live` | what is asked and said now, beside what a run learnt from |
//! | `shift` | what a run was trained on against the newest snapshot |
//!
//! What a pinned run needs and today's tables cannot give (a column that is gone, a key that is
//! another) is left out with a notice: it must not keep a new run from being materialized.

mod drift;
mod entities;
mod fact;
mod kept;
mod keys;
mod live;
mod materialize;
mod obtain;
mod pinned;
mod served;
mod sheet;
mod shift;
#[cfg(test)]
mod tests;
mod view;
mod wanted;

pub use drift::{Drift, DriftOptions, DriftedColumn, Rows, drift};
pub use fact::{Materialization, SheetFact, all, newest, newest_sequence};
pub use kept::SHEET_KIND;
pub use keys::Key;
pub use live::{LiveDrift, LiveOptions, RunDrift, live_drift};
pub use materialize::{Materialized, MaterializedTable, materialize};
pub use obtain::Recompute;
pub use pinned::{PinnedRun, lacks_features, load_pinned, load_run, pins_of, served_model};
pub use served::{Served, served};
pub use shift::{Shift, largest_shift};
pub use view::{EntityRows, OfferedAs, OnlineSheet, OnlineView, TableFreshness, ValueAt};
pub use wanted::{Wanted, default_date};
