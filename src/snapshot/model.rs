//! What a snapshot says of its tables.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

use super::reference::Referred;
use crate::check::CheckResult;
use crate::definition::{AsOf, ColumnName, Dtype, TableName};
use crate::hash::{
    ContentHash, ContentHasher, Digest, ObjectId, ReadingHash, SnapshotHash, TableHash,
};
use crate::store::ObjectName;
use crate::table::{ColumnDigest, table_hash};

/// All tables of one date as they were found together; a fact of kind `snapshot` under its date.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Snapshot {
    pub as_of: AsOf,
    /// 1 for the first, one more for each later finding of the same date.
    pub revision: u32,
    pub hash: SnapshotHash,
    pub tables: BTreeMap<TableName, TableSnapshot>,
}

/// One table at one date: a function of its files up to that date.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct TableSnapshot {
    /// The name of the Parquet object with all columns.
    pub hash: TableHash,
    pub rows: u64,
    pub columns: BTreeMap<ColumnName, ColumnDigest>,
    /// How its files were read.
    pub reading: ReadingHash,
    /// The files it was made of, in order of date; the last is that of the date itself.
    pub sources: Vec<SourceRecord>,
    /// What the checks said of the last file.
    pub checks: Vec<CheckResult>,
    /// Rows of the last file that were left out.
    pub quarantined: u64,
    /// The object with these rows.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub quarantine: Option<TableHash>,
    /// The tables that checks of its files looked into, in order of date and name.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub references: Vec<Referred>,
}

/// One file a table was made of.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SourceRecord {
    pub date: AsOf,
    /// From the project root.
    pub path: String,
    /// Rows of the file that were read.
    pub rows: u64,
    /// BLAKE3 of the file's bytes.
    pub hash: ObjectId,
}

/// A snapshot of the same content has the same hash, whatever its revision.
struct SnapshotContent<'a>(&'a BTreeMap<TableName, TableSnapshot>);

impl ContentHash for SnapshotContent<'_> {
    fn feed(&self, hasher: &mut ContentHasher) {
        hasher.count(self.0.len());
        for (name, table) in self.0 {
            hasher.text(name.as_str());
            table.hash.feed(hasher);
        }
    }
}

impl Snapshot {
    pub fn new(as_of: AsOf, revision: u32, tables: BTreeMap<TableName, TableSnapshot>) -> Self {
        let hash = SnapshotHash::of(&SnapshotContent(&tables));
        Self {
            as_of,
            revision,
            hash,
            tables,
        }
    }
}

impl TableSnapshot {
    /// The hash of some of its columns with the rows' key and date: what a run reads.
    pub fn projection(&self, columns: &BTreeSet<ColumnName>) -> TableHash {
        let used = self
            .columns
            .iter()
            .filter(|(name, _)| columns.contains(*name));
        table_hash(&used.map(|(name, digest)| (name.clone(), *digest)).collect())
    }

    /// The types of its columns.
    pub fn dtypes(&self) -> BTreeMap<ColumnName, Dtype> {
        self.columns
            .iter()
            .map(|(name, digest)| (name.clone(), digest.dtype))
            .collect()
    }

    /// Its objects: the rows, and those that were set aside.
    pub fn objects(&self) -> impl Iterator<Item = ObjectName> {
        let rows = [self.hash].into_iter().chain(self.quarantine);
        rows.map(ObjectName::from)
    }

    /// Checks of the last file: passed and failed.
    pub fn check_counts(&self) -> (usize, usize) {
        let passed = self.checks.iter().filter(|check| check.passed).count();
        (passed, self.checks.len() - passed)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A table as the first version entered it, before there was anything of quarantined rows and
    /// other tables.
    #[test]
    fn snapshots_of_the_first_version_are_read() {
        let (hash, reading) = ("ab".repeat(32), "cd".repeat(32));
        let check = r#"{"column":"hours","rule":"not null","severity":"warn","mostly":1.0,"checked":4,"failed":0,"passed":true,"examples":[]}"#;
        let text = format!(
            r#"{{"hash":"{hash}","rows":1,"columns":{{}},"reading":"{reading}","sources":[],"checks":[{check}],"quarantined":2}}"#
        );
        let found: TableSnapshot = serde_json::from_str(&text).unwrap();
        assert_eq!((found.quarantine, found.references.len()), (None, 0));
        assert_eq!(found.objects().count(), 1);
        assert_eq!(serde_json::to_string(&found).unwrap(), text);
    }
}
