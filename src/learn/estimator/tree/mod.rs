//! Decision trees for two classes: columns as ranks, the best split of a node, growing.

mod grow;
mod ranks;
mod split;
mod tally;

pub use grow::{Grower, LEAF, Limits, Tree, normalize};
