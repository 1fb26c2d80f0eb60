//! Views as words and as JSON: pure functions of what was found.
//!
//! Text carries its colours as escape codes; where they go, and whether they stay in, is decided by
//! the one place that prints (`command`). Colour means something or is not there: green is proved,
//! yellow is a notice, red stops.

mod answers;
mod attribution;
mod bundle;
mod checks;
mod data;
mod diff;
mod divergence;
mod drift;
mod error;
mod expectation;
mod explanation;
mod family;
mod flow;
mod hindsight;
mod history;
mod init;
mod inspect;
mod keep;
mod leakage;
mod mlflow;
mod online;
mod onnx;
mod page;
mod performed;
mod portrait;
mod publish;
mod registry;
mod retrieval;
mod run;
mod runs;
mod search;
mod shadow;
mod show;
mod snapshots;
mod statement;
mod style;
mod svg;
mod verify;
mod why;

pub use attribution::{attribution_document, attribution_text, hybrid_text};
pub use bundle::{bundled_document, bundled_text, unbundled_document, unbundled_text};
pub use checks::{checks_document, checks_text, suggestions_document, suggestions_text};
pub use data::{ingest_document, ingest_text, snapshots_document, snapshots_text};
pub use diff::diff_text;
pub use drift::{
    drift_document, drift_error, drift_page, drift_text, live_drift_document, live_drift_error,
    live_drift_text,
};
pub use error::{error_json, error_text};
pub use explanation::{Part, explanation_text};
pub use family::{band_text, family_document};
pub use flow::{
    flow_document, flow_done_text, flow_headline, flow_history_document, flow_history_text,
    flow_record_text, flow_step_line, flows_text,
};
pub use hindsight::{hindsight_document, hindsight_text};
pub use history::{
    HistoryView, audit_document, audit_error, audit_text, history_document, history_text,
};
pub use init::{NewProject, from_exports_text, new_project_document, sample_text};
pub use inspect::{
    dependence_document, dependence_text, importances_document, importances_text,
    segments_document, segments_text,
};
pub use keep::{fsck_document, fsck_text, gc_document, gc_text};
pub use mlflow::{mlflow_document, mlflow_plan_document, mlflow_plan_text, mlflow_text};
pub use online::{
    EntityView, features_document, features_text, materialized_document, materialized_text,
};
pub use onnx::onnx_text;
pub use page::{escaped, page as html_page};
pub use performed::{
    ingested_text, locked_text, performed_document, performed_text, proved_text, replayed_document,
    replayed_text,
};
pub use portrait::{Pair, Portrait, pair_document, pair_page, portrait_document, portrait_page};
pub use publish::{published_document, published_text};
pub use registry::{
    alias_document, alias_text, approval_document, approval_text, demotion_document, demotion_text,
    promotion_document, promotion_text, rollback_document, rollback_text,
};
pub use retrieval::{retrieved_document, retrieved_text};
pub use run::{RunDocument, RunScreen, run_text};
pub use runs::{AllPlaces, runs_document, runs_text};
pub use search::{search_document, search_text, tried_words};
pub use shadow::{shadow_document, shadow_text};
pub use show::{RunView, show_document, show_text};
pub use snapshots::{
    SnapshotDiffView, SnapshotView, snapshot_diff_document, snapshot_diff_text,
    snapshot_view_document, snapshot_view_text,
};
pub use statement::{model_card, provenance};
pub use style::{Table, bold, count, dim, fixed, green, plural, red, seconds, size, wrap, yellow};
pub use verify::verified_text;
pub use why::{why_document, why_text};
