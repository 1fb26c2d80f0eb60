//! Chances under a hypothesis, from exact formulas where there are any.

mod binomial;
mod chi_square;
mod kolmogorov;
mod two_sample;

pub use chi_square::chi_square_tail;
pub use two_sample::two_sample_chance;

#[cfg(test)]
mod tests;
