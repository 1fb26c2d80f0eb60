//! Columns read by row at the speed of memory.
//!
//! A chunked array looks for the chunk of each row anew. After [`Frame::contiguous`] there is one,
//! which is asked directly.
//!
//! [`Frame::contiguous`]: super::Frame::contiguous

use polars::prelude::{
    BooleanChunked, ChunkedArray, Float64Type, Int32Type, Int64Type, StringChunked,
};

use super::{Cell, Values};

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

/// Whether the value in each row is null.
pub fn is_null(values: &Values) -> impl Fn(usize) -> bool + Copy + Sync + '_ {
    let valid = match values.chunks() {
        [whole] => whole.validity(),
        _ => None,
    };
    move |row| match valid {
        Some(valid) => !valid.get_bit(row),
        None => values.cell(row) == Cell::Null,
    }
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
