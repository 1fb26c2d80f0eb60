//! Entities, each at a point in time.

use std::collections::BTreeMap;

use crate::definition::{AsOf, ColumnName};
use crate::table::Values;

/// Entities at points in time: one row of features is found for each row.
#[derive(Debug, Clone)]
pub struct Spine {
    /// One key per row, of the key column's type; repetitions are kept, null is nobody.
    pub keys: Values,
    times: Times,
    /// The newest file each row sees; none: every file of the history.
    files: Option<Vec<AsOf>>,
    /// What comes with each row, for features on demand.
    pub request: BTreeMap<ColumnName, Values>,
}

/// What one spine row sees: everything up to an instant, of files up to one.
#[derive(Debug, Clone, Copy)]
pub struct Moment {
    /// Microseconds since 1970-01-01T00:00Z.
    pub instant: i64,
    pub file: Option<AsOf>,
}

/// The last instant each row sees, in microseconds since 1970-01-01T00:00Z.
#[derive(Debug, Clone)]
enum Times {
    One(i64),
    Each(Vec<i64>),
}

impl Spine {
    /// All entities at the last instant of one date.
    pub fn at(keys: Values, as_of: AsOf) -> Self {
        Self {
            keys,
            times: Times::One(as_of.end() - 1),
            files: None,
            request: BTreeMap::new(),
        }
    }

    /// Each entity at an instant of its own, in microseconds; what happens at that instant is seen.
    ///
    /// # Panics
    /// When there are not as many instants as keys.
    pub fn each(keys: Values, instants: Vec<i64>) -> Self {
        assert_eq!(keys.len(), instants.len(), "an instant for each key");
        Self {
            keys,
            times: Times::Each(instants),
            files: None,
            request: BTreeMap::new(),
        }
    }

    /// The same, with each row blind to rows that came with a later file than its own.
    ///
    /// # Panics
    /// When there are not as many files as keys.
    #[must_use]
    pub fn with_files(self, files: Vec<AsOf>) -> Self {
        assert_eq!(self.keys.len(), files.len(), "a file for each key");
        Self {
            files: Some(files),
            ..self
        }
    }

    /// The same, with what comes with each row: one value for each key.
    #[must_use]
    pub fn with_request(self, request: BTreeMap<ColumnName, Values>) -> Self {
        Self { request, ..self }
    }

    pub fn rows(&self) -> usize {
        self.keys.len()
    }

    /// What a row sees.
    pub fn moment(&self, row: usize) -> Moment {
        Moment {
            instant: match &self.times {
                Times::One(instant) => *instant,
                Times::Each(instants) => instants[row],
            },
            file: self.files.as_ref().map(|files| files[row]),
        }
    }

    /// Whether rows may be blind to files of the history.
    pub fn has_files(&self) -> bool {
        self.files.is_some()
    }
}
