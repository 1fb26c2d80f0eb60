//! Decision trees for two classes: columns as ranks, the best split of a node or one at random, growing.

mod cut;
mod grow;
mod ranks;
mod split;
mod tally;

pub use grow::{Cuts, Grower, LEAF, Limits, Method, Sample, Tree, normalize};
