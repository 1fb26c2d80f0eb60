//! What a bundle says of itself.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::definition::{AsOf, ExperimentName, TableName};
use crate::error::{Error, Kind, Result};
use crate::hash::{ObjectId, RunId};
use crate::run::Rows;
use crate::snapshot::TableSnapshot;

/// The first member.
pub const MANIFEST: &str = "manifest.json";

/// The version of the format of bundles.
///
/// 1: the first.
pub const FORMAT: u64 = 1;

/// Longest manifest that is read, in bytes.
pub const LONGEST: u64 = 64 << 20;

/// The list of everything in a bundle, and what no other member says.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Manifest {
    pub format: u64,
    /// The version of the program that wrote it.
    pub streamflow: String,
    pub run: RunId,
    pub experiment: ExperimentName,
    pub rows: Rows,
    /// The object of the evaluation.
    pub report: ObjectId,
    pub snapshots: Vec<BundledTable>,
    /// Every other member by its path.
    pub members: BTreeMap<String, Member>,
}

/// A table that the run reads.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct BundledTable {
    pub table: TableName,
    pub as_of: AsOf,
    pub snapshot: TableSnapshot,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Member {
    /// In bytes.
    pub size: u64,
    pub blake3: ObjectId,
}

impl Manifest {
    /// JSON in a fixed layout: the same manifest, the same bytes.
    pub fn to_bytes(&self) -> Result<Vec<u8>> {
        let mut bytes = serde_json::to_vec_pretty(self)
            .map_err(|error| Error::failure("a manifest cannot be written").caused_by(error))?;
        bytes.push(b'\n');
        Ok(bytes)
    }

    /// # Errors
    /// [`Kind::Lock`] for a format that this program does not know; the words of anything else.
    pub fn from_bytes(bytes: &[u8]) -> Result<std::result::Result<Self, String>> {
        let value: serde_json::Value = match serde_json::from_slice(bytes) {
            Ok(value) => value,
            Err(error) => return Ok(Err(format!("its {MANIFEST} is no JSON: {error}"))),
        };
        if let Some(format) = value["format"].as_u64().filter(|format| *format > FORMAT) {
            let by = value["streamflow"].as_str().unwrap_or("of a later version");
            return Err(Error::new(
                Kind::Lock,
                format!("the bundle is of format {format}; this streamflow reads {FORMAT}"),
            )
            .detail("nothing was written")
            .help(format!("unbundle it with streamflow {by}")));
        }
        Ok(serde_json::from_value(value)
            .map_err(|error| format!("its {MANIFEST} cannot be read: {error}")))
    }
}
