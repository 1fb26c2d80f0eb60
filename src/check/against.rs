//! What a file is held against besides its own rows.

use std::collections::BTreeMap;

use crate::definition::{AsOf, TableName};
use crate::table::Frame;

/// The date of a file, and the tables that its checks refer to.
#[derive(Debug, Clone)]
pub struct Against {
    pub as_of: AsOf,
    /// As of that date, after their own checks.
    pub tables: BTreeMap<TableName, OtherTable>,
}

/// Another table at the date of the file.
#[derive(Debug, Clone)]
pub struct OtherTable {
    /// Its live rows.
    pub frame: Frame,
    /// Rows of its own file of the date, as they were read.
    pub rows_in_file: u64,
}

impl Against {
    /// No other table.
    pub fn nothing(as_of: AsOf) -> Self {
        Self {
            as_of,
            tables: BTreeMap::new(),
        }
    }
}
