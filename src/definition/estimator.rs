//! The parameters of every estimator: names, ranges, defaults, and what they mean.
//!
//! Declared here, a floor below learning, because reading `[model]`, writing out defaults, the JSON
//! Schema and the reference all need them without an estimator at hand.

mod parameter;

use super::Task;
pub use parameter::{Default, Parameter, Range};

/// An estimator as `[model]` knows it.
#[derive(Debug, Clone, Copy)]
pub struct Estimator {
    /// The `kind` people write.
    pub name: &'static str,
    /// One sentence: what it is and whose definition it follows.
    pub about: &'static str,
    /// What it learns.
    pub tasks: &'static [Task],
    /// Whether rows may count more or less than others.
    pub weighted: bool,
    pub parameters: &'static [Parameter],
}

impl Estimator {
    /// The parameter of that name.
    pub fn parameter(&self, name: &str) -> Option<&'static Parameter> {
        self.parameters
            .iter()
            .find(|parameter| parameter.name == name)
    }
}

const SEED: Parameter = Parameter {
    name: "seed",
    about: "Where the pseudo-random numbers start.",
    range: Range::Integer {
        low: 0,
        high: i64::MAX,
    },
    default: Default::Integer(42),
};

/// Of every estimator that learns classes and takes weights.
pub const CLASS_WEIGHT: Parameter = Parameter {
    name: "class_weight",
    about: "Whether rows count the same, or balanced: each class as much as any other. A weight of the row \
            is multiplied.",
    range: Range::Word(&["none", "balanced"]),
    default: Default::OffWord("none"),
};

const MAX_DEPTH: Parameter = Parameter {
    name: "max_depth",
    about: "Levels below the root; 0 sets no limit.",
    range: Range::Integer {
        low: 0,
        high: 65_534,
    },
    default: Default::Integer(0),
};

const MAX_FEATURES: Parameter = Parameter {
    name: "max_features",
    about: "Columns drawn at random for each split: sqrt, log2, all, or a count. To learn numbers, \
            scikit-learn's forests take all by default.",
    range: Range::WordOrCount(&["sqrt", "log2", "all"]),
    default: Default::Text("sqrt"),
};

const MIN_SAMPLES_LEAF: Parameter = Parameter {
    name: "min_samples_leaf",
    about: "Rows a leaf holds at least, with their repetitions in the sample.",
    range: Range::Integer {
        low: 1,
        high: 1_000_000_000,
    },
    default: Default::Integer(1),
};

const MIN_SAMPLES_SPLIT: Parameter = Parameter {
    name: "min_samples_split",
    about: "Rows a node holds at least to be split.",
    range: Range::Integer {
        low: 2,
        high: 1_000_000_000,
    },
    default: Default::Integer(2),
};

const TREES: Parameter = Parameter {
    name: "trees",
    about: "How many trees.",
    range: Range::Integer {
        low: 1,
        high: 100_000,
    },
    default: Default::Integer(100),
};

const ALL_TASKS: &[Task] = &[Task::Binary, Task::Multiclass, Task::Regression];
const CLASSES: &[Task] = &[Task::Binary, Task::Multiclass];
const REGRESSION: &[Task] = &[Task::Regression];

/// In bytewise order of their names.
pub const ESTIMATORS: &[Estimator] = &[
    Estimator {
        name: "decision_tree",
        about: "One tree grown on all train rows, by Gini impurity or by squared error, as \
                scikit-learn's DecisionTreeClassifier and DecisionTreeRegressor.",
        tasks: ALL_TASKS,
        weighted: true,
        parameters: &[
            CLASS_WEIGHT,
            MAX_DEPTH,
            Parameter {
                default: Default::Text("all"),
                ..MAX_FEATURES
            },
            MIN_SAMPLES_LEAF,
            MIN_SAMPLES_SPLIT,
            SEED,
        ],
    },
    Estimator {
        name: "extra_trees",
        about: "Geurts, Ernst and Wehenkel's forest: trees grown on all train rows, each drawn column \
                split at one random place, as scikit-learn's ExtraTreesClassifier and \
                ExtraTreesRegressor.",
        tasks: ALL_TASKS,
        weighted: true,
        parameters: &[
            CLASS_WEIGHT,
            MAX_DEPTH,
            MAX_FEATURES,
            MIN_SAMPLES_LEAF,
            MIN_SAMPLES_SPLIT,
            SEED,
            TREES,
        ],
    },
    Estimator {
        name: "gaussian_nb",
        about: "Naive Bayes with a normal distribution for each column and class, as scikit-learn's \
                GaussianNB.",
        tasks: CLASSES,
        weighted: true,
        parameters: &[
            CLASS_WEIGHT,
            Parameter {
                name: "smoothing",
                about: "Share of the largest variance of a column that is added to every variance.",
                range: Range::Float {
                    low: 1e-15,
                    high: 1.0,
                },
                default: Default::Float(1e-9),
            },
        ],
    },
    Estimator {
        name: "gradient_boosting",
        about: "Trees grown one after the other on histograms, each a Newton step of the log loss or of \
                the squared error, as LightGBM and scikit-learn's HistGradientBoostingClassifier and \
                HistGradientBoostingRegressor grow them.",
        tasks: ALL_TASKS,
        weighted: true,
        parameters: &[
            CLASS_WEIGHT,
            Parameter {
                name: "column_share",
                about: "Share of the columns drawn at random for each tree; 1.0 takes all.",
                range: Range::Float {
                    low: 0.001,
                    high: 1.0,
                },
                default: Default::Float(1.0),
            },
            Parameter {
                name: "l2",
                about: "Penalty on the squared value of a leaf.",
                range: Range::Float {
                    low: 0.0,
                    high: 1e9,
                },
                default: Default::Float(0.0),
            },
            Parameter {
                name: "learning_rate",
                about: "What a tree's step is multiplied by; the smaller, the more trees it takes.",
                range: Range::Float {
                    low: 1e-6,
                    high: 1.0,
                },
                default: Default::Float(0.1),
            },
            Parameter {
                name: "max_bins",
                about: "Bins a column is cut into at most; trees see a number's bin only.",
                range: Range::Integer { low: 2, high: 255 },
                default: Default::Integer(255),
            },
            Parameter {
                name: "max_depth",
                about: "Levels below the root; 0 sets no limit.",
                range: Range::Integer {
                    low: 0,
                    high: 65_534,
                },
                default: Default::Integer(0),
            },
            Parameter {
                name: "max_leaves",
                about: "Leaves of a tree at most; the leaf whose split gains most is split next.",
                range: Range::Integer {
                    low: 2,
                    high: 100_000,
                },
                default: Default::Integer(31),
            },
            Parameter {
                name: "min_gain",
                about: "What a split has to gain.",
                range: Range::Float {
                    low: 0.0,
                    high: 1e9,
                },
                default: Default::Float(0.0),
            },
            Parameter {
                name: "min_hessian",
                about: "Sum over the rows of a leaf, at least: of p(1 − p), or of 1 where numbers are \
                        learnt, each times the weight of its row.",
                range: Range::Float {
                    low: 0.0,
                    high: 1e9,
                },
                default: Default::Float(1e-3),
            },
            Parameter {
                name: "min_samples_leaf",
                about: "Rows a leaf holds at least.",
                range: Range::Integer {
                    low: 1,
                    high: 1_000_000_000,
                },
                default: Default::Integer(20),
            },
            Parameter {
                name: "patience",
                about: "Training stops after so many trees (of several classes so many of each) that did not \
                        lower the log loss or squared error of rows held out, and keeps the trees up to \
                        the lowest; 0 holds out none and grows all trees.",
                range: Range::Integer {
                    low: 0,
                    high: 100_000,
                },
                default: Default::Integer(0),
            },
            Parameter {
                name: "row_share",
                about: "Chance of each row to be drawn for a tree; 1.0 takes all.",
                range: Range::Float {
                    low: 0.001,
                    high: 1.0,
                },
                default: Default::Float(1.0),
            },
            SEED,
            Parameter {
                name: "trees",
                about: "How many trees, of several classes for each; fewer if none can be split any more, or \
                        by `patience`.",
                range: Range::Integer {
                    low: 1,
                    high: 100_000,
                },
                default: Default::Integer(100),
            },
            Parameter {
                name: "validation_share",
                about: "Chance of each train row to be held out. Of use with `patience` only.",
                range: Range::Float {
                    low: 0.01,
                    high: 0.5,
                },
                default: Default::Float(0.1),
            },
        ],
    },
    Estimator {
        name: "knn",
        about: "What the nearest train rows by Euclidean distance say: the share of true labels or of each \
                class, or the mean, as scikit-learn's KNeighborsClassifier and KNeighborsRegressor; of rows \
                equally near, the earlier in canonical order.",
        tasks: ALL_TASKS,
        weighted: false,
        parameters: &[
            Parameter {
                name: "neighbors",
                about: "How many rows are asked. Distances depend on the features' units: see \
                        `preprocess.numeric`.",
                range: Range::Integer {
                    low: 1,
                    high: 100_000,
                },
                default: Default::Integer(5),
            },
            Parameter {
                name: "weights",
                about: "Whether each counts the same, or by 1/distance; rows at distance 0 then count \
                        alone.",
                range: Range::Word(&["uniform", "distance"]),
                default: Default::Text("uniform"),
            },
        ],
    },
    Estimator {
        name: "lasso",
        about: "Linear regression with an L1 penalty, or L1 and L2 (elastic net), as scikit-learn's Lasso and \
                ElasticNet.",
        tasks: REGRESSION,
        weighted: true,
        parameters: &[
            Parameter {
                name: "alpha",
                about: "Strength of the penalty on the absolute coefficients: it makes those that help \
                        little exactly 0. The intercept is free.",
                range: Range::Float {
                    low: 1e-9,
                    high: 1e9,
                },
                default: Default::Float(1.0),
            },
            Parameter {
                name: "l1_ratio",
                about: "Share of the penalty that is on the absolute coefficients; the rest is on half their \
                        squares.",
                range: Range::Float {
                    low: 0.01,
                    high: 1.0,
                },
                default: Default::Float(1.0),
            },
            Parameter {
                name: "max_iterations",
                about: "Rounds over the coefficients at most; a warning says when they were too few.",
                range: Range::Integer {
                    low: 1,
                    high: 1_000_000,
                },
                default: Default::Integer(1000),
            },
            Parameter {
                name: "tolerance",
                about: "Fitting ends when the duality gap is at most this share of the label's sum of squares.",
                range: Range::Float {
                    low: 1e-15,
                    high: 1.0,
                },
                default: Default::Float(1e-4),
            },
        ],
    },
    Estimator {
        name: "linear_regression",
        about: "Ordinary least squares, as scikit-learn's LinearRegression; where columns explain each other, \
                the coefficients with the smallest sum of squares.",
        tasks: REGRESSION,
        weighted: true,
        parameters: &[],
    },
    Estimator {
        name: "logistic_regression",
        about: "Logistic regression with an L2 penalty, an L1 penalty, or both (elastic net), as \
                scikit-learn's with C = 1/(l1 + l2) and l1_ratio = l1/(l1 + l2); multinomial for several \
                classes.",
        tasks: CLASSES,
        weighted: true,
        parameters: &[
            CLASS_WEIGHT,
            Parameter {
                name: "l1",
                about: "Strength of the penalty on the absolute coefficients: it makes those that help \
                        little exactly 0. The intercept is free.",
                range: Range::Float {
                    low: 0.0,
                    high: 1e9,
                },
                default: Default::Off,
            },
            Parameter {
                name: "l2",
                about: "Strength of the penalty on the squared coefficients; the intercept is free. \
                        Its effect depends on the features' units: see `preprocess.numeric`.",
                range: Range::Float {
                    low: 1e-9,
                    high: 1e9,
                },
                default: Default::Float(1.0),
            },
            Parameter {
                name: "max_iterations",
                about: "Newton steps at most; a warning says when they were too few.",
                range: Range::Integer {
                    low: 1,
                    high: 100_000,
                },
                default: Default::Integer(100),
            },
            Parameter {
                name: "tolerance",
                about: "Fitting ends when no coefficient moves by more than this per standard \
                        deviation of its column.",
                range: Range::Float {
                    low: 1e-12,
                    high: 1.0,
                },
                default: Default::Float(1e-8),
            },
        ],
    },
    Estimator {
        name: "prior",
        about: "What the train rows say on average, for every row: the share of true labels or of each class, or \
                the mean. What others are read against.",
        tasks: ALL_TASKS,
        weighted: true,
        parameters: &[],
    },
    Estimator {
        name: "random_forest",
        about: "Breiman's forest of trees grown by Gini impurity, or by squared error, on bootstrap \
                samples; the score is the mean share of true labels or of each class in the leaves, or \
                the mean number, as scikit-learn's.",
        tasks: ALL_TASKS,
        weighted: true,
        parameters: &[
            CLASS_WEIGHT,
            MAX_DEPTH,
            MAX_FEATURES,
            MIN_SAMPLES_LEAF,
            MIN_SAMPLES_SPLIT,
            SEED,
            TREES,
        ],
    },
    Estimator {
        name: "ridge",
        about: "Linear regression with an L2 penalty, as scikit-learn's Ridge.",
        tasks: REGRESSION,
        weighted: true,
        parameters: &[Parameter {
            name: "alpha",
            about: "Strength of the penalty on the squared coefficients; the intercept is free. Its \
                    effect depends on the features' units: see `preprocess.numeric`.",
            range: Range::Float {
                low: 0.0,
                high: 1e9,
            },
            default: Default::Float(1.0),
        }],
    },
    Estimator {
        name: "svm",
        about: "A support vector machine, as scikit-learn's SVC, of several classes one for each pair; \
                probabilities by Platt scaling on decision values of rows it was not learnt from, of several \
                classes coupled as libsvm does.",
        tasks: CLASSES,
        weighted: true,
        parameters: &[
            Parameter {
                name: "c",
                about: "What a row on the wrong side of its margin costs; the smaller, the wider the margin.",
                range: Range::Float {
                    low: 1e-6,
                    high: 1e6,
                },
                default: Default::Float(1.0),
            },
            CLASS_WEIGHT,
            Parameter {
                name: "gamma",
                about: "How fast likeness falls with the square of the distance; 0.0 takes 1/(columns · \
                        variance). Of use with the rbf kernel only.",
                range: Range::Float {
                    low: 0.0,
                    high: 1e9,
                },
                default: Default::Float(0.0),
            },
            Parameter {
                name: "kernel",
                about: "Whether the border is a plane, or bends: linear or rbf. Distances depend on the \
                        features' units: see `preprocess.numeric`.",
                range: Range::Word(&["linear", "rbf"]),
                default: Default::Text("rbf"),
            },
            Parameter {
                about: "Deals the rows into the folds that probabilities are fitted on.",
                ..SEED
            },
            Parameter {
                name: "tolerance",
                about: "Fitting ends when no two rows are further apart than this at the margin.",
                range: Range::Float {
                    low: 1e-12,
                    high: 1.0,
                },
                default: Default::Float(1e-3),
            },
        ],
    },
];

/// The estimator of that name.
pub fn find(name: &str) -> Option<&'static Estimator> {
    ESTIMATORS.iter().find(|estimator| estimator.name == name)
}
