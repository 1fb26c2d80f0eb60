//! Decision trees for whatever a criterion counts: columns as ranks, the best split of a node or one at
//! random, growing.

mod classes;
mod criterion;
mod cut;
mod fixed;
mod grow;
mod labels;
mod numbers;
mod ranks;
mod split;
mod sweep;
mod tally;

pub use classes::Classes;
pub use criterion::Criterion;
pub use fixed::check_range;
pub use grow::{Cuts, Grower, LEAF, Limits, Method, Sample, Tree, normalize};
pub use labels::Labels;
pub use numbers::Numbers;
