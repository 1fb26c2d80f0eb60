//! What can be typed.

mod data;
mod export;
mod registry;
mod show;

use std::path::PathBuf;

use clap::builder::PossibleValue;
use clap::{Args, Parser, Subcommand, ValueEnum};

use crate::keep;
use crate::run::{ArtefactName, Vary};
use crate::serve::LogFormat;

pub use self::data::{
    ChecksArguments, DriftArguments, DriftMethod, EvaluateArguments, FlowArguments,
    IngestArguments, SnapshotDiffArguments, SnapshotShowArguments, SnapshotsArguments,
    SnapshotsCommand,
};
pub use self::export::{Destination, ExportArguments};
pub use self::registry::{HistoryArguments, PromoteArguments, RollbackArguments, ShadowArguments};
pub use self::show::ShowArguments;

/// Reproducible tabular machine learning: declare, run, lock, replay, compare, pin, serve.
#[derive(Debug, Parser)]
#[command(
    name = "streamflow",
    version,
    arg_required_else_help = true,
    max_term_width = 80
)]
pub struct Arguments {
    /// Works in the project of this folder.
    #[arg(short = 'C', value_name = "DIR", global = true)]
    pub folder: Option<PathBuf>,

    /// text for people, json for programs: exactly one document on standard output.
    #[arg(
        long,
        value_name = "FORMAT",
        global = true,
        default_value = "text",
        hide_default_value = true
    )]
    pub format: Format,

    /// When to use colour.
    #[arg(
        long,
        value_name = "WHEN",
        global = true,
        default_value = "auto",
        hide_default_value = true
    )]
    pub color: Color,

    #[command(subcommand)]
    pub command: Command,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Format {
    Text,
    Json,
    /// A statement for others, of `export` alone.
    #[value(hide = true)]
    Slsa,
    #[value(hide = true)]
    ModelCard,
    /// The model for other programs, of `export` alone.
    #[value(hide = true)]
    Onnx,
}

impl Format {
    /// Whether it is for others, which only `export` writes.
    pub fn is_for_others(self) -> bool {
        matches!(self, Self::Slsa | Self::ModelCard | Self::Onnx)
    }

    pub fn as_str(self) -> &'static str {
        match self {
            Self::Text => "text",
            Self::Json => "json",
            Self::Slsa => "slsa",
            Self::ModelCard => "model-card",
            Self::Onnx => "onnx",
        }
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Color {
    Auto,
    Always,
    Never,
}

#[derive(Debug, Subcommand)]
pub enum Command {
    /// Makes a complete small project with data, or one of your own exports.
    Init(InitArguments),
    /// Parses and cross-checks all definitions; reads no data.
    Check,
    /// Reads and checks the tables of a date and stamps its snapshot.
    Ingest(IngestArguments),
    /// Shows what the checks of a date found, or proposes checks for a table.
    Checks(ChecksArguments),
    /// Lists snapshots; `show` and `diff` look into them.
    Snapshots(SnapshotsArguments),
    /// Executes experiments, writes their locks, shows the results.
    Run(RunArguments),
    /// Refreshes locks without executing.
    Lock(NamesArguments),
    /// Executes a run again from what it was, and compares every output.
    Replay(ReferenceArgument),
    /// Executes a run again under other circumstances that must not matter.
    Verify(VerifyArguments),
    /// One execution of `verify`, in a process of its own.
    #[command(hide = true)]
    Again(AgainArguments),
    /// Compares two runs: inputs that differ first, then what they did.
    Diff(DiffArguments),
    /// Compares the columns of two dates, or what is served with what it learnt from: exit 0, or 6 when
    /// they drifted apart.
    Drift(DriftArguments),
    /// Judges the predictions that were served by the labels that have become known.
    Evaluate(EvaluateArguments),
    /// Says what would execute now, or why two runs differ, and the first cause of each step.
    Why(WhyArguments),
    /// Computes the newest feature values, which `features`, `predict` and `serve` answer from.
    Materialize(MaterializeArguments),
    /// Shows the feature values of one entity.
    Features(FeaturesArguments),
    /// Predicts with the run that is pinned to production.
    Predict(PredictArguments),
    /// Answers over HTTP until it is told to stop.
    Serve(ServeArguments),
    /// Shows how the staged run compares with the one in production, on requests that were served.
    Shadow(ShadowArguments),
    /// Lists the runs of this store, the newest first.
    Runs(RunsArguments),
    /// Shows one run: results, data, code, stages, executions; or what its model looks at.
    Show(ShowArguments),
    /// Writes an artefact of a run into a file.
    Get(GetArguments),
    /// Writes a page with pictures of a run, or of two runs over each other.
    Report(ReportArguments),
    /// Writes a run for others, with --format onnx, slsa or model-card; or with --to into MLflow, or tables into a database.
    Export(ExportArguments),
    /// Pins a run to a stage, if its gates hold.
    Promote(PromoteArguments),
    /// Puts the run of the previous promotion back into production.
    Rollback(RollbackArguments),
    /// Shows who pinned what, when and why.
    History(HistoryArguments),
    /// Does what [flow.NAME] says for a date, or shows what flows have done.
    Flow(FlowArguments),
    /// Verifies every file of the store, and names what needs the damaged ones.
    Fsck(FsckArguments),
    /// Lists what no run, lock or pin of any git branch needs; removes it with --yes.
    Gc(GcArguments),
    /// Puts a run with its lock, definitions and data into one file.
    Bundle(BundleArguments),
    /// Brings a bundled run into a project, or makes a project of it.
    Unbundle(UnbundleArguments),
    /// Prints the JSON Schema of a TOML file, for editors.
    Schema(SchemaArguments),
}

#[derive(Debug, Args)]
pub struct InitArguments {
    /// The folder of the new project; the present one when none is named.
    #[arg(value_name = "DIR")]
    pub directory: Option<PathBuf>,
    /// Your own CSV files: {as_of} stands for a date, `*` for the name of a table.
    #[arg(long, value_name = "PATTERN", requires = "key", requires = "label")]
    pub from: Option<String>,
    /// The column that identifies a row in every table, such as user_id.
    #[arg(long, value_name = "COLUMN", requires = "from")]
    pub key: Option<String>,
    /// What is to be predicted, such as labels.churn_label.
    #[arg(long, value_name = "TABLE.COLUMN", requires = "from")]
    pub label: Option<String>,
}

#[derive(Debug, Args)]
pub struct RunArguments {
    /// Experiments; all of them when none is named.
    pub names: Vec<String>,
    /// Proves what is locked: writes nothing outside the store, and stops on any difference.
    #[arg(long)]
    pub locked: bool,
    /// Sets a declared value for this run, such as model.trees=500. Writes no lock.
    #[arg(long, value_name = "KEY=VALUE")]
    pub set: Vec<String>,
    /// Executes every step, whatever the store holds.
    #[arg(long)]
    pub no_cache: bool,
    /// Takes other outputs of the same run, and locks them.
    #[arg(long, conflicts_with = "locked")]
    pub accept: bool,
    /// Executes N runs that differ in their seeds alone, the declared one included: how far the
    /// numbers move by chance.
    #[arg(long, value_name = "N", conflicts_with = "locked",
          value_parser = clap::value_parser!(u16).range(2..=1000))]
    pub repeat: Option<u16>,
    /// Which seeds --repeat varies; all the experiment declares without it.
    #[arg(long, value_name = "SEED", requires = "repeat")]
    pub vary: Option<VariedSeed>,
}

/// Seeds to vary.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum VariedSeed {
    Model,
    Split,
}

#[derive(Debug, Args)]
pub struct NamesArguments {
    /// Experiments; all of them when none is named.
    pub names: Vec<String>,
}

#[derive(Debug, Args)]
pub struct WhyArguments {
    /// An experiment, against what it last was; or a run, against what its experiment would be now.
    #[arg(value_name = "NAME|RUN")]
    pub a: String,
    /// A second run: why it is another than the first.
    #[arg(value_name = "RUN-B")]
    pub b: Option<String>,
}

#[derive(Debug, Args)]
pub struct ReferenceArgument {
    /// A hash or its first digits, NAME@latest, NAME@locked, NAME@GITREV, MODEL@production.
    pub run: String,
}

#[derive(Debug, Args)]
pub struct VerifyArguments {
    /// An experiment, whose last run is meant, or a run; every experiment when none is named.
    #[arg(value_name = "NAME")]
    pub run: Option<String>,
    /// How often each circumstance is varied.
    #[arg(long, value_name = "N", default_value_t = 2, value_parser = clap::value_parser!(u16).range(1..=1000))]
    pub times: u16,
    /// What is varied.
    #[arg(
        long,
        value_name = "LIST",
        value_delimiter = ',',
        default_value = "threads,cwd,timezone,locale,row-order"
    )]
    pub vary: Vec<Vary>,
}

#[derive(Debug, Args)]
pub struct AgainArguments {
    pub run: String,
    #[arg(long)]
    pub threads: Option<usize>,
    #[arg(long)]
    pub row_order: Option<u64>,
    #[arg(long)]
    pub varied: Option<String>,
}

#[derive(Debug, Args)]
pub struct DiffArguments {
    /// The run to compare from; see `show` for how runs are named.
    #[arg(value_name = "RUN-A")]
    pub a: String,
    /// The run to compare with.
    #[arg(value_name = "RUN-B")]
    pub b: String,
    /// Splits what each metric moved by cause, and draws one of them: auc, auc_ovr or r2 when none is
    /// named.
    /// Executes runs that take some inputs from A and the others from B.
    #[arg(
        long,
        value_name = "METRIC",
        num_args = 0..=1,
        require_equals = true,
        default_missing_value = ""
    )]
    pub attribute: Option<String>,
}

#[derive(Debug, Args)]
pub struct RunsArguments {
    /// Sorts by a metric, the best first, such as auc or log_loss.
    #[arg(long, value_name = "METRIC")]
    pub sort: Option<String>,
    /// The candidates of an experiment's last search, the best first.
    #[arg(long, value_name = "NAME", conflicts_with = "sort")]
    pub search: Option<String>,
}

#[derive(Debug, Args)]
pub struct GetArguments {
    /// A hash or its first digits, NAME@latest, NAME@locked, NAME@GITREV, MODEL@production.
    pub run: String,
    /// What to write.
    pub artefact: ArtefactName,
    /// The file; its ending decides the format: .parquet, .csv or .json. `-` is standard output.
    #[arg(short, long, value_name = "FILE")]
    pub output: PathBuf,
}

#[derive(Debug, Args)]
pub struct ReportArguments {
    /// A hash or its first digits, NAME@latest, NAME@locked, NAME@GITREV, MODEL@production.
    #[arg(value_name = "RUN")]
    pub a: String,
    /// A second run: both in every picture, what changed between them first.
    #[arg(value_name = "RUN-B")]
    pub b: Option<String>,
    /// The HTML file; report-RUN.html in the working directory when none is named, `-` is standard
    /// output.
    #[arg(short, long, value_name = "FILE")]
    pub output: Option<PathBuf>,
}

impl ValueEnum for LogFormat {
    fn value_variants<'a>() -> &'a [Self] {
        &[Self::Text, Self::Json]
    }

    fn to_possible_value(&self) -> Option<PossibleValue> {
        Some(match self {
            Self::Text => "text".into(),
            Self::Json => "json".into(),
        })
    }
}

impl ValueEnum for ArtefactName {
    fn value_variants<'a>() -> &'a [Self] {
        &Self::ALL
    }

    fn to_possible_value(&self) -> Option<PossibleValue> {
        Some(PossibleValue::new(self.as_str()))
    }
}

#[derive(Debug, Args)]
pub struct SchemaArguments {
    /// Which file.
    pub kind: SchemaKind,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum SchemaKind {
    Streamflow,
    Feature,
    Experiment,
}

#[derive(Debug, Args)]
pub struct MaterializeArguments {
    /// The date of the values, YYYY-MM-DD; the newest that all tables have a file for.
    #[arg(long, value_name = "DATE")]
    pub as_of: Option<String>,
    /// Computes everything again, and compares it with what is kept.
    #[arg(long)]
    pub full: bool,
}

#[derive(Debug, Args)]
pub struct FeaturesArguments {
    /// The key of the entity.
    #[arg(required_unless_present = "spine")]
    pub id: Option<String>,
    /// Computes the values as they were known at the end of this date.
    #[arg(long, value_name = "DATE")]
    pub as_of: Option<String>,
    /// Finds the features of every row of a .csv or .parquet file of keys and times.
    #[arg(long, value_name = "FILE", requires = "output", conflicts_with = "id")]
    pub spine: Option<PathBuf>,
    /// The table to write: .csv, .parquet or .json; `-` for standard output.
    #[arg(short, long, value_name = "FILE", requires = "spine")]
    pub output: Option<PathBuf>,
    /// TABLE.FEATURE or TABLE.*, with commas between; all of the key's by default.
    #[arg(long, value_name = "NAME,…", value_delimiter = ',', requires = "spine")]
    pub features: Vec<String>,
    /// The features of an experiment.
    #[arg(
        long,
        value_name = "NAME",
        requires = "spine",
        conflicts_with = "features"
    )]
    pub experiment: Option<String>,
    /// The spine's column of dates, each its last instant; `as_of` by default.
    #[arg(
        long,
        value_name = "NAME",
        requires = "spine",
        conflicts_with = "as_of"
    )]
    pub date_column: Option<String>,
    /// The spine's column of instants; `event_timestamp` by default.
    #[arg(
        long,
        value_name = "NAME",
        requires = "spine",
        conflicts_with_all = ["as_of", "date_column"]
    )]
    pub timestamp_column: Option<String>,
    /// Writes what became of each value beside it, as TABLE.FEATURE.status.
    #[arg(long, requires = "spine")]
    pub status: bool,
}

#[derive(Debug, Args)]
pub struct PredictArguments {
    /// The keys of entities.
    #[arg(required_unless_present = "all", value_name = "ID")]
    pub ids: Vec<String>,
    /// What the run needs of the request, NAME=VALUE; without a value it is null. For all IDs alike.
    #[arg(long, value_name = "NAME=VALUE", conflicts_with = "all")]
    pub context: Vec<String>,
    /// Says what each feature contributes to each prediction.
    #[arg(long)]
    pub explain: bool,
    /// Scores every entity into a table.
    #[arg(long, requires = "output", conflicts_with = "ids")]
    pub all: bool,
    /// Scores from the values as they were known at the end of this date.
    #[arg(long, value_name = "DATE", requires = "all")]
    pub as_of: Option<String>,
    /// The table to write: .csv, .parquet or .json.
    #[arg(short, long, value_name = "FILE", requires = "all")]
    pub output: Option<PathBuf>,
}

#[derive(Debug, Args)]
pub struct ServeArguments {
    /// HOST:PORT; port 0 takes any that is free. Default: `address` under [serve].
    #[arg(long, value_name = "ADDRESS")]
    pub address: Option<String>,
    /// Answers only who sends the token in this file. Default: `token_file` under [serve].
    #[arg(long, value_name = "FILE", conflicts_with = "insecure")]
    pub token_file: Option<PathBuf>,
    /// Answers everyone who reaches the address, also one that is not loopback.
    #[arg(long)]
    pub insecure: bool,
    /// How standard error is written: events as text, or events and every request as lines of JSON.
    #[arg(long, value_name = "FORMAT", default_value = "text")]
    pub log: LogFormat,
    /// Serves only what this Ed25519 key signed (`promote --sign`); may be given several times.
    #[arg(long, value_name = "PUBLIC_KEY")]
    pub require_signature: Vec<PathBuf>,
}

#[derive(Debug, Args)]
pub struct FsckArguments {
    /// Moves damaged files aside and makes them again where that can be done.
    #[arg(long)]
    pub repair: bool,
}

#[derive(Debug, Args)]
pub struct GcArguments {
    /// Removes; without it nothing is changed.
    #[arg(long)]
    pub yes: bool,
    /// Keeps what the runs of the last N executions read and gave.
    #[arg(long, value_name = "N", default_value_t = keep::DEFAULT_KEEP)]
    pub keep: usize,
    /// Keeps files that were written or used within this time, such as 14d or 0d.
    #[arg(long, value_name = "AGE", default_value = keep::DEFAULT_GRACE)]
    pub grace: String,
}

#[derive(Debug, Args)]
pub struct BundleArguments {
    /// An experiment, for its locked run; or a run as `show` takes it.
    #[arg(value_name = "NAME|RUN")]
    pub run: String,
    /// The file to write, such as churn.tar.
    #[arg(short, long, value_name = "FILE")]
    pub output: PathBuf,
}

#[derive(Debug, Args)]
pub struct UnbundleArguments {
    /// What `bundle` wrote.
    pub file: PathBuf,
    /// A project, an empty folder, or a new one; the project one stands in when none is named.
    #[arg(value_name = "DIR")]
    pub directory: Option<PathBuf>,
}
