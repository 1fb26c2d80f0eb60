//! What a lock says.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::code::CommitId;
use crate::definition::{AsOf, ExperimentName, TableName, Value, ValuePath};
use crate::hash::{ObjectId, RunId, SearchId, TableHash};
use crate::host::Environment;
use crate::plan::{DataInput, Declared, Operations, RunIdentity};
use crate::snapshot::SourceRecord;

/// The version of the lock format.
///
/// 1: the first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(transparent)]
pub struct LockVersion(pub u32);

impl LockVersion {
    pub const CURRENT: Self = Self(1);
}

#[derive(Debug, Clone, PartialEq)]
pub struct Lock {
    pub experiment: ExperimentName,
    /// As it stands in the file; [`Lock::identity`] says what it must be.
    pub run: RunId,
    pub declared: Declared,
    pub operations: Operations,
    /// The search that chose some of the declared values; none where all of them are written.
    pub search: Option<LockedSearch>,
    /// In order of table and date.
    pub data: Vec<LockedData>,
    pub code: LockedCode,
    pub environment: Environment,
    /// None until the run has been executed.
    pub results: Option<LockedResults>,
}

/// The columns used of one table at one date, and the files they were made of.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LockedData {
    pub table: TableName,
    pub as_of: AsOf,
    /// Rows of the snapshot.
    pub rows: u64,
    pub hash: TableHash,
    #[serde(rename = "source", default)]
    pub sources: Vec<SourceRecord>,
}

impl LockedData {
    /// The paths of its files that `other` was not made of.
    pub fn files_unlike(&self, other: &Self) -> Vec<String> {
        let has = |hash| other.sources.iter().any(|source| source.hash == hash);
        let new = self.sources.iter().filter(|source| !has(source.hash));
        new.map(|source| source.path.clone()).collect()
    }
}

/// Which search chose what.
#[derive(Debug, Clone, PartialEq)]
pub struct LockedSearch {
    pub id: SearchId,
    /// The values it chose, by key path as in `[declared]`.
    pub chosen: BTreeMap<ValuePath, Value>,
    /// What `[search]` of the experiment says, by key path below it.
    pub declared: BTreeMap<ValuePath, Value>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LockedCode {
    pub commit: CommitId,
    /// Each definition file used, by path, with the hash of its bytes.
    pub files: BTreeMap<String, ObjectId>,
}

/// What came out.
#[derive(Debug, Clone, PartialEq)]
pub struct LockedResults {
    pub outputs: Outputs,
    pub metrics: BTreeMap<String, f64>,
}

/// The hashes of a run's four outputs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Outputs {
    pub training_set: TableHash,
    pub split: TableHash,
    pub model: ObjectId,
    pub predictions: TableHash,
}

impl Outputs {
    /// Each output by name, in the order they come to be.
    pub fn named(&self) -> [(&'static str, String); 4] {
        [
            ("training_set", self.training_set.to_string()),
            ("split", self.split.to_string()),
            ("model", self.model.to_string()),
            ("predictions", self.predictions.to_string()),
        ]
    }
}

impl Lock {
    /// What the run is, by the lock's own inputs.
    pub fn identity(&self) -> RunIdentity {
        RunIdentity {
            declared: self.declared.clone(),
            operations: self.operations.clone(),
            data: self.data.iter().map(DataInput::from).collect(),
        }
    }
}

impl From<&LockedData> for DataInput {
    fn from(data: &LockedData) -> Self {
        Self {
            table: data.table.clone(),
            as_of: data.as_of,
            hash: data.hash,
        }
    }
}
