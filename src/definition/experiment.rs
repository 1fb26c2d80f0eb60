//! `experiments/NAME.toml`: what to learn from what, and when the result may be promoted.

use std::collections::{BTreeMap, BTreeSet};

use super::{
    AsOf, Calibrate, ColumnName, CrossValidation, ExperimentName, FeatureName, InputName,
    InvalidName, ModelName, Origin, Preprocess, Search, Stage, TableName, Value,
};

#[derive(Debug, Clone, PartialEq)]
pub struct Experiment {
    pub name: ExperimentName,
    pub description: String,
    /// The registered model its runs compete for.
    pub registers: Option<ModelName>,
    /// One date or several, ascending, without repetition.
    pub as_of: Vec<AsOf>,
    pub label: Label,
    /// In bytewise order, `TABLE.*` already expanded, without repetition; at least one.
    pub features: Vec<FeatureName>,
    pub split: Split,
    pub preprocess: Preprocess,
    pub model: Model,
    /// A score of at least this is predicted true, unless a rule of `calibrate` says from which on; 0 to 1,
    /// default 0.5.
    pub threshold: f64,
    /// None: the test rows alone judge.
    pub cross_validation: Option<CrossValidation>,
    /// Only with folds.
    pub calibrate: Option<Calibrate>,
    /// Values that are not those written here but the best of several; only with folds.
    pub search: Option<Search>,
    pub allow: Allow,
    pub gates: BTreeMap<Stage, Vec<Gate>>,
    /// How many people must approve a run before it is pinned to production; 0: nobody is asked.
    pub approvals: u32,
    pub origin: Origin,
}

impl Experiment {
    /// The threshold of an experiment that declares none.
    pub const DEFAULT_THRESHOLD: f64 = 0.5;
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Label {
    pub table: TableName,
    pub column: ColumnName,
    /// 0: the label of the same date; n: of the n-th next date on file.
    pub lead: u32,
    pub task: Task,
    /// Which text of a string column counts as true.
    pub positive: Option<String>,
    /// The number of the same row that says how much it counts in training; none: 1.
    pub weight: Option<ColumnName>,
}

#[derive(Debug, Clone, PartialEq)]
pub struct Split {
    pub method: SplitMethod,
    /// Share of test rows, above 0 and below 1; default 0.25.
    pub test: f64,
    /// Default 42.
    pub seed: i64,
    /// `shuffle` only: keep the label's share on both sides.
    pub stratify: bool,
}

impl Split {
    /// The seed of an experiment that declares none.
    pub const DEFAULT_SEED: i64 = 42;
}

/// A closed set of words that stand for variants, in TOML as in locks.
macro_rules! words {
    ($(#[$doc:meta])* $name:ident { $($(#[$variant_doc:meta])* $variant:ident = $word:literal,)* }) => {
        $(#[$doc])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq)]
        pub enum $name {
            $($(#[$variant_doc])* $variant,)*
        }

        impl $name {
            /// Every word with what it stands for, in the order of the documentation.
            pub const WORDS: &'static [(&'static str, Self)] = &[$(($word, Self::$variant)),*];

            pub const fn as_str(self) -> &'static str {
                match self {
                    $(Self::$variant => $word,)*
                }
            }
        }

        impl std::str::FromStr for $name {
            type Err = InvalidName;

            fn from_str(text: &str) -> Result<Self, InvalidName> {
                let known = Self::WORDS.iter().find(|(word, _)| *word == text);
                known.map(|(_, value)| *value).ok_or_else(|| {
                    let words: Vec<_> = Self::WORDS.iter().map(|(word, _)| *word).collect();
                    InvalidName(format!("`{text}` is none of {}", words.join(", ")))
                })
            }
        }
    };
}

pub(super) use words;

words! {
    /// What kind of thing is predicted.
    Task {
        /// Yes or no.
        Binary = "binary",
        /// One of several classes.
        Multiclass = "multiclass",
        /// A number.
        Regression = "regression",
    }
}

words! {
    /// How rows are divided into train and test.
    SplitMethod {
        /// By the entity's key alone: it never changes side when other rows come or go.
        Hash = "hash",
        /// By a seeded order of the rows.
        Shuffle = "shuffle",
        /// The newest whole dates are the test.
        Time = "time",
    }
}

/// The estimator and its parameters, every default written out.
#[derive(Debug, Clone, PartialEq)]
pub struct Model {
    /// A name in [`super::estimator::ESTIMATORS`].
    pub kind: &'static str,
    /// Exactly the parameters the estimator has, each in the range it documents.
    pub parameters: BTreeMap<String, Value>,
}

/// What the leakage guards let pass, in the experiment's own words. It decides no value, so it is no
/// part of a run.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Allow {
    /// Features that may be computed from the label's column at the label's date.
    pub label_column: BTreeSet<InputName>,
    /// Features that may be a one-to-one function of the label.
    pub label_function: BTreeSet<InputName>,
    /// A shuffle may put an entity on both sides.
    pub entity_overlap: bool,
}

/// What runs are measured by, and gates may name, in the order of screens: what ranks, what decides,
/// what calibrates; then what a number is off by; last the means over folds, each after
/// [`CrossValidation::PREFIX`]. [`Task::metrics`] says which of them a task has, folds apart.
pub const METRICS: [&str; 32] = [
    "auc",
    "auc_ovr",
    "average_precision",
    "f1",
    "f1_macro",
    "accuracy",
    "precision",
    "precision_macro",
    "recall",
    "recall_macro",
    "log_loss",
    "brier",
    "r2",
    "rmse",
    "mae",
    "median_absolute_error",
    "cv_auc",
    "cv_auc_ovr",
    "cv_average_precision",
    "cv_f1",
    "cv_f1_macro",
    "cv_accuracy",
    "cv_precision",
    "cv_precision_macro",
    "cv_recall",
    "cv_recall_macro",
    "cv_log_loss",
    "cv_brier",
    "cv_r2",
    "cv_rmse",
    "cv_mae",
    "cv_median_absolute_error",
];

/// Those of which less is better.
pub const LOSSES: [&str; 10] = [
    "log_loss",
    "brier",
    "rmse",
    "mae",
    "median_absolute_error",
    "cv_log_loss",
    "cv_brier",
    "cv_rmse",
    "cv_mae",
    "cv_median_absolute_error",
];

impl Task {
    /// The metric that says most in one number.
    pub fn main_metric(self) -> &'static str {
        match self {
            Self::Binary => "auc",
            Self::Multiclass => "auc_ovr",
            Self::Regression => "r2",
        }
    }

    /// The main metric of whichever task has it among some metrics.
    pub fn main_metric_among(has: impl Fn(&str) -> bool) -> Option<&'static str> {
        let of_tasks = Self::WORDS.iter().map(|(_, task)| task.main_metric());
        of_tasks.into_iter().find(|name| has(name))
    }

    /// What its runs are measured by, in the order of [`METRICS`].
    pub fn metrics(self) -> &'static [&'static str] {
        match self {
            Self::Binary => &[
                "auc",
                "average_precision",
                "f1",
                "accuracy",
                "precision",
                "recall",
                "log_loss",
                "brier",
            ],
            Self::Multiclass => &[
                "auc_ovr",
                "f1_macro",
                "accuracy",
                "precision_macro",
                "recall_macro",
                "log_loss",
            ],
            Self::Regression => &["r2", "rmse", "mae", "median_absolute_error"],
        }
    }
}

/// One condition of a promotion.
#[derive(Debug, Clone, PartialEq)]
pub enum Gate {
    /// `auc >= 0.75`, `auc >= production.auc - 0.01`.
    Metric {
        metric: String,
        comparison: Comparison,
        bound: Bound,
        text: String,
    },
    /// An identical uncached execution is recorded.
    Reproduced,
    /// The definitions are committed.
    Clean,
    /// The guards against leakage see nothing, also nothing that is allowed.
    NoLeakage,
    /// `drift < 0.3`: the largest population stability index of the run's features, between its
    /// train rows and the newest snapshot.
    Drift {
        comparison: Comparison,
        limit: f64,
        text: String,
    },
    /// `shadow_agreement >= 0.95`, `shadow_compared >= 1000`: what was recorded of the run beside the
    /// one in production.
    Shadow {
        what: ShadowMeasure,
        comparison: Comparison,
        limit: f64,
        text: String,
    },
}

/// What a gate asks of a shadow.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ShadowMeasure {
    /// The share of entities for which both runs predict the same.
    Agreement,
    /// How many were compared.
    Compared,
}

impl ShadowMeasure {
    pub const WORDS: [(&str, Self); 2] = [
        ("shadow_agreement", Self::Agreement),
        ("shadow_compared", Self::Compared),
    ];
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Comparison {
    AtLeast,
    MoreThan,
    AtMost,
    LessThan,
}

/// The right side of a metric's gate: a number, or what is pinned to a stage plus a number.
#[derive(Debug, Clone, PartialEq)]
pub struct Bound {
    /// `production.auc` is `(Production, "auc")`.
    pub pinned: Option<(Stage, String)>,
    /// Added to the pinned metric, or the bound itself.
    pub number: f64,
}
