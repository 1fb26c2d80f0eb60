//! Tables in memory: typed columns, how they are read, put in canonical order, and hashed.
//!
//! A file becomes a table in steps, each a pure function of what it is given:
//!
//! 1. [`read`] turns the bytes of a CSV or Parquet file into a [`Frame`] with exactly the declared
//!    columns. Values are made canonical here and nowhere else, so that what is hashed is what is
//!    computed with: no NaN, no −0.0, no infinity, no empty text, instants in UTC microseconds.
//! 2. [`arrange`] demands a key in every row, refuses repeated ones, and puts the rows in canonical
//!    order; [`upsert`] lets newer rows replace older ones.
//! 3. [`column_hashes`] and [`table_hash`] name the values.
//! 4. [`to_parquet`] and [`from_parquet_object`] keep them; [`hash_parquet_object`] tells what a
//!    kept one is called.
//! 5. [`Delta`] keeps of a table only what is other than in an earlier one; [`restore`] gives it
//!    back.
//!
//! A file whose columns nobody declared, such as a spine, is a [`LooseTable`].

mod canonical;
mod cell;
mod change;
mod delta;
mod diff;
mod digest;
mod frame;
pub mod lane;
mod loose;
mod parquet;
mod parse;
mod places;
mod read;
mod refusal;
#[cfg(test)]
pub(crate) mod testing;
#[cfg(test)]
mod tests;
mod upsert;
mod write;

pub use canonical::{arrange, row_order, sort, sorted_rows};
pub use cell::Cell;
pub use change::{ColumnChange, Distribution, EntityKey, RowChange, TableChange};
pub use delta::{Delta, base_of, restore};
pub use diff::{RowDiff, diff_rows};
pub use digest::{ColumnDigest, column_hash, column_hashes, table_hash};
pub use frame::{Frame, Values, row_number};
pub use loose::LooseTable;
pub use parquet::{
    columns_of_parquet_object, digest_parquet_object, from_parquet_object, hash_parquet_object,
    head_of_parquet_object, to_parquet,
};
pub use parse::{
    cell as parse_cell, date as parse_date, datetime as parse_datetime, integer as parse_integer,
    reads_as,
};
pub use places::Places;
pub use read::{Given, GivenColumn, Nature, ReadFile, RowReader, read, read_shuffled};
pub use refusal::{aligned, counted, grouped, quoted};
pub use upsert::upsert;
pub use write::FileForm;
