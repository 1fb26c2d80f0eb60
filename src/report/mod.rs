//! Views as words and as JSON: pure functions of what was found.
//!
//! Text carries its colours as escape codes; where they go, and whether they stay in, is decided by
//! the one place that prints (`command`). Colour means something or is not there: green is proved,
//! yellow is a notice, red stops.

mod data;
mod error;
mod export;
mod online;
mod performed;
mod run;
mod style;

pub use data::{ingest_document, ingest_text, snapshots_document, snapshots_text};
pub use error::{error_json, error_text};
pub use export::table_file;
pub use online::{
    EntityView, features_document, features_text, materialized_document, materialized_text,
};
pub use performed::{locked_text, performed_document, performed_text, proved_text};
pub use run::{RunDocument, RunScreen, run_text};
pub use style::{Table, bold, count, dim, green, plural, red, seconds, yellow};
