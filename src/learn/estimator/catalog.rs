//! What estimators there are, and what each of their hyper-parameters means.

/// One kind of estimator: `kind = "name"` under `[model]`.
#[derive(Debug, PartialEq)]
pub struct EstimatorKind {
    pub name: &'static str,
    /// Raised when the same input and parameters give other outputs than before.
    pub version: u32,
    pub doc: &'static str,
    pub parameters: &'static [ParameterInfo],
}

/// One hyper-parameter.
#[derive(Debug, PartialEq)]
pub struct ParameterInfo {
    pub name: &'static str,
    pub kind: ParameterKind,
    /// As it would stand in TOML; none: the parameter is absent by default.
    pub default: Option<&'static str>,
    pub doc: &'static str,
}

/// The values a hyper-parameter takes. Bounds are inclusive.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum ParameterKind {
    Integer {
        minimum: i64,
        maximum: i64,
    },
    Real {
        minimum: f64,
        maximum: f64,
    },
    /// One of the words, or an integer in the range.
    WordOrInteger {
        words: &'static [&'static str],
        minimum: i64,
        maximum: i64,
    },
}

/// Every kind of estimator, in the order documentation lists them.
pub fn kinds() -> &'static [EstimatorKind] {
    static KINDS: [EstimatorKind; 3] = [RANDOM_FOREST, LOGISTIC_REGRESSION, PRIOR];
    &KINDS
}

/// More rows than this cannot be counted by the trees.
const MOST_ROWS: i64 = u32::MAX as i64;

pub(super) const MOST_TREES: u32 = 100_000;
/// A level more must fit in 16 bits.
pub(super) const DEEPEST: u16 = u16::MAX - 1;
pub(super) const L2_RANGE: (f64, f64) = (1e-9, 1e9);
pub(super) const MOST_ITERATIONS: u32 = 100_000;
pub(super) const TOLERANCE_RANGE: (f64, f64) = (1e-12, 1.0);

pub(super) const RANDOM_FOREST: EstimatorKind = EstimatorKind {
    name: "random_forest",
    version: 1,
    doc: "The mean of many decision trees, each grown on a bootstrap sample of the train rows.",
    parameters: &[
        ParameterInfo {
            name: "trees",
            kind: ParameterKind::Integer {
                minimum: 1,
                maximum: MOST_TREES as i64,
            },
            default: Some("100"),
            doc: "Number of trees.",
        },
        ParameterInfo {
            name: "max_depth",
            kind: ParameterKind::Integer {
                minimum: 1,
                maximum: DEEPEST as i64,
            },
            default: None,
            doc: "Most splits between root and leaf; absent: as deep as the rows allow.",
        },
        ParameterInfo {
            name: "min_samples_leaf",
            kind: ParameterKind::Integer {
                minimum: 1,
                maximum: MOST_ROWS,
            },
            default: Some("1"),
            doc: "Fewest rows in a leaf, counted with their bootstrap repetitions.",
        },
        ParameterInfo {
            name: "min_samples_split",
            kind: ParameterKind::Integer {
                minimum: 2,
                maximum: MOST_ROWS,
            },
            default: Some("2"),
            doc: "Fewest rows a node must have to be split.",
        },
        ParameterInfo {
            name: "max_features",
            kind: ParameterKind::WordOrInteger {
                words: &["sqrt", "log2", "all"],
                minimum: 1,
                maximum: MOST_ROWS,
            },
            default: Some("\"sqrt\""),
            doc: "How many encoded columns, drawn at random, are looked at for each split.",
        },
        ParameterInfo {
            name: "seed",
            kind: ParameterKind::Integer {
                minimum: 0,
                maximum: i64::MAX,
            },
            default: Some("42"),
            doc: "Where the random numbers start.",
        },
    ],
};

pub(super) const LOGISTIC_REGRESSION: EstimatorKind = EstimatorKind {
    name: "logistic_regression",
    version: 1,
    doc: "A linear model of the log-odds with an L2 penalty; the intercept is not penalized.",
    parameters: &[
        ParameterInfo {
            name: "l2",
            kind: ParameterKind::Real {
                minimum: L2_RANGE.0,
                maximum: L2_RANGE.1,
            },
            default: Some("1.0"),
            doc: "Strength of the penalty, 1 / C of scikit-learn. Its effect depends on the \
                  features' units: consider `numeric = \"standardize\"` under [preprocess].",
        },
        ParameterInfo {
            name: "max_iterations",
            kind: ParameterKind::Integer {
                minimum: 1,
                maximum: MOST_ITERATIONS as i64,
            },
            default: Some("100"),
            doc: "Most Newton steps; a handful is usual.",
        },
        ParameterInfo {
            name: "tolerance",
            kind: ParameterKind::Real {
                minimum: TOLERANCE_RANGE.0,
                maximum: TOLERANCE_RANGE.1,
            },
            default: Some("1e-8"),
            doc: "Stops when no log-odds coefficient moves by more than this per standard \
                  deviation of its feature.",
        },
    ],
};

pub(super) const PRIOR: EstimatorKind = EstimatorKind {
    name: "prior",
    version: 1,
    doc: "The share of positive train rows for everyone: what every model has to beat.",
    parameters: &[],
};
