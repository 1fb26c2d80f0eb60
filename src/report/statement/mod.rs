//! Statements about a run in the words of others.

mod model_card;
mod slsa;

pub use model_card::model_card;
pub use slsa::provenance;
