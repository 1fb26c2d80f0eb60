//! Parquet: the reader both for people's files and for our own objects, and the writer.

mod object;
mod pages;
mod quiet;
mod reader;
mod writer;

pub use object::{
    columns_of_parquet_object, columns_to_parquet, digest_parquet_object, from_parquet_object,
    hash_parquet_object, head_of_parquet_object, to_parquet,
};
pub use reader::{Damaged, File, Stored};
