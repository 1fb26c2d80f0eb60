//! What can be typed about data: ingesting, checking, comparing it.

use std::path::PathBuf;

use clap::{Args, Subcommand, ValueEnum};

use crate::drift::DEFAULT_SHARE;

#[derive(Debug, Args)]
pub struct IngestArguments {
    /// The date of the snapshot, YYYY-MM-DD.
    #[arg(long, value_name = "DATE")]
    pub as_of: String,
    /// Reads the files of that date from this folder, and keeps them in the store.
    #[arg(long, value_name = "DIR")]
    pub from: Option<PathBuf>,
}

#[derive(Debug, Args)]
pub struct ChecksArguments {
    /// The date of the files that were checked, YYYY-MM-DD; the newest when none is named.
    #[arg(long, value_name = "DATE")]
    pub as_of: Option<String>,
    /// One table; all when none is named.
    #[arg(long, value_name = "TABLE")]
    pub table: Option<String>,
    /// Writes the rows of --table that were quarantined.
    #[arg(long, requires = "table", requires = "output")]
    pub quarantined: bool,
    /// The file for --quarantined: .csv, .parquet or .json.
    #[arg(short, long, value_name = "FILE", requires = "quarantined")]
    pub output: Option<PathBuf>,
    /// Proposes rules that the newest file of this table keeps, as TOML.
    #[arg(long, value_name = "TABLE", conflicts_with_all = ["as_of", "table", "quarantined"])]
    pub suggest: Option<String>,
}

#[derive(Debug, Args)]
pub struct SnapshotsArguments {
    #[command(subcommand)]
    pub command: Option<SnapshotsCommand>,
}

#[derive(Debug, Subcommand)]
pub enum SnapshotsCommand {
    /// Shows one snapshot: its tables, their files and checks, the revisions of its date.
    Show(SnapshotShowArguments),
    /// Compares two snapshots: rows added, removed and changed, columns, files.
    Diff(SnapshotDiffArguments),
}

#[derive(Debug, Args)]
pub struct SnapshotShowArguments {
    /// A date, DATE@REVISION, or the first digits of its hash.
    #[arg(value_name = "SNAPSHOT")]
    pub snapshot: String,
    /// Only this table.
    #[arg(long, value_name = "TABLE")]
    pub table: Option<String>,
    /// Writes the table into a file: .parquet, .csv or .json. `-` is standard output.
    #[arg(short, long, value_name = "FILE", requires = "table")]
    pub output: Option<PathBuf>,
}

#[derive(Debug, Args)]
pub struct SnapshotDiffArguments {
    /// The snapshot to compare from: a date, DATE@REVISION, or the first digits of its hash.
    #[arg(value_name = "A")]
    pub a: String,
    /// The snapshot to compare with.
    #[arg(value_name = "B")]
    pub b: String,
    /// Only this table.
    #[arg(long, value_name = "TABLE")]
    pub table: Option<String>,
}

#[derive(Debug, Args)]
pub struct DriftArguments {
    /// The date to compare from, YYYY-MM-DD: what a model was trained on.
    #[arg(long, value_name = "DATE", required_unless_present = "live")]
    pub reference: Option<String>,
    /// The date to compare with, YYYY-MM-DD.
    #[arg(long, value_name = "DATE", required_unless_present = "live")]
    pub current: Option<String>,
    /// Compares the features and the label of this experiment; all features without it.
    #[arg(long, value_name = "NAME")]
    pub experiment: Option<String>,
    /// What decides whether a column has drifted.
    #[arg(long, value_name = "METHOD", default_value = "psi")]
    pub method: DriftMethod,
    /// The least index or effect that is drift; 0.1 without it.
    #[arg(long, value_name = "X")]
    pub threshold: Option<f64>,
    /// The share of drifted columns from which the data has drifted.
    #[arg(long, value_name = "X", default_value_t = DEFAULT_SHARE)]
    pub share: f64,
    /// Writes a report with histograms: one .html file that needs nothing else.
    #[arg(short, long, value_name = "FILE")]
    pub output: Option<PathBuf>,
    /// Compares logged predictions, and the entities they are of, with what their run learnt from.
    #[arg(long, conflicts_with_all = ["reference", "current", "experiment", "output"])]
    pub live: bool,
    /// The registered model, with --live; all that are logged without it.
    #[arg(long, value_name = "MODEL", requires = "live")]
    pub model: Option<String>,
    /// The first day of the log, in UTC, with --live.
    #[arg(long, value_name = "DATE", requires = "live")]
    pub since: Option<String>,
    /// The last day of the log, in UTC, with --live.
    #[arg(long, value_name = "DATE", requires = "live")]
    pub until: Option<String>,
}

#[derive(Debug, Args)]
pub struct EvaluateArguments {
    /// Judges the predictions that `serve` logged.
    #[arg(long)]
    pub live: bool,
    /// The date of the labels, YYYY-MM-DD.
    #[arg(long, value_name = "DATE")]
    pub labels: String,
    /// The registered model; all that are logged without it.
    #[arg(long, value_name = "MODEL")]
    pub model: Option<String>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum DriftMethod {
    /// The population stability index.
    Psi,
    /// Kolmogorov-Smirnov's D of numbers, total variation of categories.
    Effect,
    /// Evidently's choice of test, with its thresholds.
    Evidently,
}

#[derive(Debug, Args)]
pub struct FlowArguments {
    /// The flow, or `history`; without it the flows that are declared.
    pub name: Option<String>,
    /// Whose history; of all flows without it.
    #[arg(value_name = "FLOW", hide = true)]
    pub of: Option<String>,
    /// The date it is done for; goes on where it stopped.
    #[arg(long, value_name = "DATE", conflicts_with_all = ["from", "to"])]
    pub as_of: Option<String>,
    /// Every date on file from this one.
    #[arg(long, value_name = "DATE", requires = "to")]
    pub from: Option<String>,
    /// To this one.
    #[arg(long, value_name = "DATE", requires = "from")]
    pub to: Option<String>,
    /// Does it anew, whatever was done before.
    #[arg(long)]
    pub restart: bool,
}
