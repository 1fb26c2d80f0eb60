//! What two runs said of the same entities: a row of each, and what comes of many.
//!
//! A server that shadows writes a [`ComparedRow`] for each entity it answered for and asked the other
//! run about, by day below the store, through [`crate::live`]. [`evidence`] reads them back and gives,
//! for each pair of runs, how often they agree, how far their scores lie apart, and what they took.
//!
//! | module | |
//! |---|---|
//! | `said` | what one run said, whether another agrees, why one says nothing |
//! | `row` | both of one entity, as columns |
//! | `evidence` | rows to agreement, shift and latency |

mod evidence;
mod row;
mod said;
#[cfg(test)]
mod tests;

pub use evidence::{
    Apart, Both, Difference, Evidence, Latency, Quantiles, Wanted, evidence, recorded_until,
};
pub use row::{ComparedRow, Runs};
pub use said::{Said, Side, Silence};
