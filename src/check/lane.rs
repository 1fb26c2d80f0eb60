//! Columns read by row at the speed of memory.
//!
//! A chunked array looks for the chunk of each row anew. After [`Frame::contiguous`] there is one,
//! which is asked directly.
//!
//! [`Frame::contiguous`]: crate::table::Frame::contiguous

use polars::prelude::{
    BooleanChunked, ChunkedArray, Float64Type, Int32Type, Int64Type, StringChunked,
};

use super::distinct::Key;

macro_rules! numbers {
    ($($name:ident: $type:ty => $value:ty;)*) => {$(
        /// The value in each row; none for null.
        pub fn $name(
            array: &ChunkedArray<$type>,
        ) -> impl Fn(usize) -> Option<$value> + Copy + Sync + '_ {
            let mut chunks = array.downcast_iter();
            let whole = chunks.next().filter(|_| array.chunks().len() == 1);
            let parts = whole.map(|chunk| (&chunk.values()[..], chunk.validity()));
            move |row| match parts {
                Some((values, None)) => Some(values[row]),
                Some((values, Some(valid))) => valid.get_bit(row).then(|| values[row]),
                None => array.get(row),
            }
        }
    )*};
}

numbers! {
    integers: Int64Type => i64;
    days: Int32Type => i32;
    floats: Float64Type => f64;
}

/// The text in each row; none for null.
pub fn texts<'a>(array: &'a StringChunked) -> impl Fn(usize) -> Option<&'a str> + Copy + Sync + 'a {
    let mut chunks = array.downcast_iter();
    let whole = chunks.next().filter(|_| array.chunks().len() == 1);
    move |row| match whole {
        Some(chunk) => chunk.get(row),
        None => array.get(row),
    }
}

pub fn flags(array: &BooleanChunked) -> impl Fn(usize) -> Option<bool> + Copy + Sync + '_ {
    move |row| array.get(row)
}

/// A value as it is looked up. Each sort has one of these, so that no row asks for its sort.
pub fn key_of_integer(value: i64) -> Key<'static> {
    Key::Bits(value as u64)
}

pub fn key_of_float(value: f64) -> Key<'static> {
    Key::Bits((value + 0.0).to_bits())
}

/// Runs an expression with a function from rows to keys; none for null.
macro_rules! with_keys {
    ($values:expr, $key:ident => $body:expr) => {{
        use crate::check::lane;
        use crate::table::Values;
        match $values {
            Values::String(array) => {
                let read = lane::texts(array);
                let $key = move |row: usize| read(row).map(Key::Text);
                $body
            }
            Values::I64(array) | Values::Datetime(array) => {
                let read = lane::integers(array);
                let $key = move |row: usize| read(row).map(lane::key_of_integer);
                $body
            }
            Values::Date(array) => {
                let read = lane::days(array);
                let $key = move |row: usize| read(row).map(|d| lane::key_of_integer(d.into()));
                $body
            }
            Values::F64(array) => {
                let read = lane::floats(array);
                let $key = move |row: usize| read(row).map(lane::key_of_float);
                $body
            }
            Values::Bool(array) => {
                let read = lane::flags(array);
                let $key = move |row: usize| read(row).map(|b| lane::key_of_integer(b.into()));
                $body
            }
        }
    }};
}
pub(super) use with_keys;
