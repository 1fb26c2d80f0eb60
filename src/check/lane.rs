//! Values as they are looked up, read by row.

pub use crate::table::lane::{days, flags, floats, integers, is_null, texts};

use super::distinct::Key;

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
