//! Runs: inputs resolved, steps executed through the cache, results recorded and compared.
//!
//! 1. [`resolve`] finds the snapshots a run reads and makes its plan, from the working tree, from a
//!    lock, or from what was recorded.
//! 2. [`execute`] takes each step in turn. Its key in the catalog: done, nothing is read. The same
//!    function of the same outputs under another key: that output is its output. Else it is
//!    computed; the object is written, then the fact that names it.
//!    Between split and fit the [`Guards`] look for leakage, and may stop it.
//! 3. [`record`] keeps the execution: where, when, how long, what came out. Executions of one run
//!    are compared; two outputs for one run is a finding and never overwritten.

mod artefact;
mod attribute;
mod contributions;
mod dated;
mod diff;
mod disagreement;
mod divergence;
mod engine;
mod evidence;
mod execute;
mod family;
mod golden;
mod guard;
mod hindsight;
mod history;
mod inspect;
mod list;
mod lock;
mod locks;
mod model_names;
mod onnx;
mod perform;
mod record;
mod reference;
mod replay;
mod resolve;
mod row_order;
mod search;
mod spread;
mod statement;
mod steps;
mod stored;
mod trial;
mod uncertainty;
mod verify;
mod why;

pub use artefact::{ClassTable, CrossValidated, FoldMetric, OutputName, Report, TrainingRows};
pub use attribute::{Attribution, Merged, Share, attribute};
pub use contributions::{MeanContributions, mean_contributions};
pub use dated::{DatedRows, labelled_rows};
pub use diff::{
    ChangedLine, ColumnChange, CommitsBetween, Distribution, EntityKey, FEWEST_ROWS, FileDiff,
    InputDifference, InputKind, MetricPair, Noise, NoiseMethod, OutputPair, PredictionChanges,
    PredictionMove, RowChange, RunDiff, RunScores, TableChange, diff,
};
pub use disagreement::{Answer, Disagreement, Source, proofs};
pub use divergence::{
    CellChange, Divergence, FactPair, Found, RowChanges, ScoreChanges, SideChanges, ThreadPair,
};
pub use evidence::{leaks_of, trained_on};
pub use execute::{
    CACHE_KINDS, CachePolicy, Events, Execution, Silent, SoFar, StepOutcome, execute,
};
pub use family::{
    Band, BandVerdict, Family, Member, Repeat, Seeds, band_of, derived_seed, judge, repeat,
};
pub use golden::{GoldenRows, OtherAnswers};
pub use guard::{GuardName, Guards, Leak, Looked, declared_leaks, found_leaks, leakage_of};
pub use hindsight::{Counted, Hindsight, JudgedRun, Judgement, hindsight};
pub use history::{FoundDefinitions, definitions_of, find_commit, gives};
pub use inspect::{
    DEFAULT_GRID, DEFAULT_REPEATS, Dependence, FeatureImportance, Importances, JudgedSegment,
    Segments, dependence, importances, segments,
};
pub use list::{RunSummary, summaries};
pub use lock::{environment_lines, lock_of, out_of_date, usable};
pub use model_names::{find_model, models, only_model};
pub use onnx::onnx_of;
pub use perform::{
    Chosen, LockOutcome, Performed, RunOptions, RunResult, circumstances, code_state,
    find_experiment, keep, not_reproduced, relock, run_locked, used_texts, used_texts_of,
};
pub use record::{
    ExecutionContext, ExecutionKind, ExecutionRecord, Finding, FinishedRun, RecordedStep, Rows,
    RunRecord, all_executions, enter, executions_of, find_run, finished, keep_files, latest_of,
    record, run_ids, short,
};
pub use reference::{KnownRun, find_known, find_reference};
pub use replay::{ReplayOptions, Replayed, replay};
pub use resolve::{
    Resolved, locked_tables, operations, resolve, resolve_with, spec_of, used_files,
};
pub use search::{SearchRecord, Tried, last_search, ranked};
pub use spread::Spread;
pub use statement::{StatedArtefact, StatedSource, Statement, statement};
pub use steps::{feature_cells, feature_column};
pub use stored::{ArtefactName, artefact_bytes, evaluation, stored_report, test_scores};
pub use trial::run;
pub use uncertainty::intervals_of;
pub use verify::{Vary, Verdict, Verified, VerifyExecution, verify};
pub use why::{Cause, Reason, StepWhy, Why, why, why_runs};
