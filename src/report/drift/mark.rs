//! Short names of tests.

use crate::drift::Test;

/// As a column of the screen has room for.
pub fn short(test: Test) -> &'static str {
    match test {
        Test::Ks => "KS",
        Test::ChiSquare => "χ²",
        Test::Z => "Z",
        Test::Wasserstein => "W",
        Test::JensenShannon => "JS",
    }
}

/// As a reader of Evidently's reports knows them.
pub fn long(test: Test) -> &'static str {
    match test {
        Test::Ks => "K-S p-value",
        Test::ChiSquare => "chi-square p-value",
        Test::Z => "Z-test p-value",
        Test::Wasserstein => "Wasserstein distance (normed)",
        Test::JensenShannon => "Jensen-Shannon distance",
    }
}
