//! Sources to checked tables to snapshots.
//!
//! **A snapshot of a date is a function of files, never of earlier ingests.** For each table these
//! are the files of its path with a date up to that date, in order, read under the present columns
//! and checks. In `upsert` mode a row replaces the live row of the same key; in `replace` mode the
//! newest file is the whole table; events of all files stand together. Each row carries the date of
//! the file it last came from.
//!
//! Because it is a function, it is computed only when its input changed. The catalog keeps what
//! each snapshot was made of; before anything relies on it, the files are compared with that (size,
//! time and inode first, then BLAKE3). A file that changed makes a new revision of its date, and of
//! later dates when these are next asked for; old revisions stay. A snapshot is built on the newest
//! earlier one whose files are the first of its own, so that a new month reads one file.
//!
//! A check may look into another table. Then that table as of the newest of its files up to the date
//! of the checked file is part of the input, by its hash, and the table is checked after it.
//!
//! `locked` looks for a table by the hash of the columns a run reads, in all revisions and in what
//! came with bundles. `stored` lists what the store keeps, and makes one of it again.

mod build;
mod database;
mod ingest;
mod locked;
mod model;
mod outcome;
mod reading;
mod reference;
mod sources;
mod stored;

pub use database::KnownDates;
pub use ingest::{Ingested, IngestedTable, Snapshots};
pub use locked::find_locked;
pub use model::{Snapshot, SourceRecord, TableSnapshot};
pub use outcome::{Outcome, Refused};
pub use reference::Referred;
pub use sources::SourceFile;
pub use stored::{KeptFile, carried, carry, kept_files, revisions};
