//! `[preprocess]`: how the values of features become numbers.

use std::collections::BTreeMap;

use super::experiment::words;
use super::{DerivedName, FeatureName, InputName, InvalidName};

/// What is said of all features, and of single ones.
#[derive(Debug, Clone, PartialEq)]
pub struct Preprocess {
    pub numeric: NumericEncoding,
    pub categorical: CategoricalEncoding,
    pub missing_numeric: MissingNumeric,
    pub missing_categorical: MissingCategorical,
    /// Categories that fewer than this share of the train rows have become one; above 0 and below 1.
    pub rare: Option<f64>,
    /// Further features, each with the canonical text of its expression over features of the run.
    pub derived: BTreeMap<DerivedName, String>,
    /// What is said of single features.
    pub columns: BTreeMap<InputName, FeaturePreprocess>,
}

words! {
    /// What becomes of numbers.
    NumericEncoding {
        Passthrough = "passthrough",
        /// To mean 0 and standard deviation 1 over the train rows.
        Standardize = "standardize",
    }
}

words! {
    /// What becomes of strings and bools.
    CategoricalEncoding {
        /// A column of 0 and 1 for each category of the train rows.
        OneHot = "one_hot",
        /// Its place among the categories, from 0.
        Ordinal = "ordinal",
        /// The mean label of its category, drawn to that of all.
        Target = "target",
    }
}

#[derive(Debug, Clone, Copy, PartialEq)]
pub enum MissingNumeric {
    Error,
    Median,
    Mean,
    Constant(f64),
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub enum MissingCategorical {
    Error,
    /// Null is a category of its own.
    Category,
    MostFrequent,
    /// Any other text: what a null becomes.
    Constant(String),
}

/// What is said of one feature. What is absent is as for all features.
#[derive(Debug, Clone, PartialEq)]
pub enum FeaturePreprocess {
    Numeric(NumericPreprocess),
    Categorical(CategoricalPreprocess),
    /// It is there for expressions of `derived` alone.
    Dropped,
}

/// In this order: a null is filled, the value clipped, its logarithm taken, the result encoded.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct NumericPreprocess {
    pub missing: Option<MissingNumeric>,
    /// Quantiles of the train rows, 0 to 1 and ascending, beyond which values are moved onto them.
    pub clip: Option<[f64; 2]>,
    /// sign(x) · ln(1 + |x|).
    pub log: bool,
    /// So many intervals with as many train rows each; a column of 0 and 1 for each. 2 to 256.
    pub bins: Option<u32>,
    pub numeric: Option<NumericEncoding>,
}

#[derive(Debug, Clone, Default, PartialEq)]
pub struct CategoricalPreprocess {
    pub missing: Option<MissingCategorical>,
    pub rare: Option<f64>,
    /// Of `ordinal`: every category there may be, the lowest first; none: bytewise order.
    pub order: Option<Vec<String>>,
    pub categorical: Option<CategoricalEncoding>,
}

/// What becomes of one number.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct NumericRule {
    pub missing: MissingNumeric,
    pub clip: Option<[f64; 2]>,
    pub log: bool,
    pub bins: Option<u32>,
    pub encoding: NumericEncoding,
}

/// What becomes of one category.
#[derive(Debug, Clone, PartialEq)]
pub struct CategoricalRule<'a> {
    pub missing: &'a MissingCategorical,
    pub rare: Option<f64>,
    pub order: Option<&'a [String]>,
    pub encoding: CategoricalEncoding,
}

impl Default for Preprocess {
    /// Of an experiment that says nothing.
    fn default() -> Self {
        Self {
            numeric: NumericEncoding::Passthrough,
            categorical: CategoricalEncoding::OneHot,
            missing_numeric: MissingNumeric::Error,
            missing_categorical: MissingCategorical::Error,
            rare: None,
            derived: BTreeMap::new(),
            columns: BTreeMap::new(),
        }
    }
}

impl Preprocess {
    /// The most intervals a number is divided into.
    pub const MAX_BINS: u32 = 256;

    /// What becomes of the numbers of a feature, by its full name.
    pub fn numeric_rule(&self, feature: &str) -> NumericRule {
        let own = match self.of(feature) {
            Some(FeaturePreprocess::Numeric(own)) => own,
            _ => &NumericPreprocess::default(),
        };
        NumericRule {
            missing: own.missing.unwrap_or(self.missing_numeric),
            clip: own.clip,
            log: own.log,
            bins: own.bins,
            encoding: own.numeric.unwrap_or(self.numeric),
        }
    }

    /// What becomes of the strings and bools of a feature, by its full name.
    pub fn categorical_rule(&self, feature: &str) -> CategoricalRule<'_> {
        let own = match self.of(feature) {
            Some(FeaturePreprocess::Categorical(own)) => Some(own),
            _ => None,
        };
        CategoricalRule {
            missing: own
                .and_then(|own| own.missing.as_ref())
                .unwrap_or(&self.missing_categorical),
            rare: own.and_then(|own| own.rare).or(self.rare),
            order: own.and_then(|own| own.order.as_deref()),
            encoding: own
                .and_then(|own| own.categorical)
                .unwrap_or(self.categorical),
        }
    }

    fn of(&self, feature: &str) -> Option<&FeaturePreprocess> {
        self.columns.get(&feature.parse::<InputName>().ok()?)
    }

    /// Whether a feature is none of the model's inputs, but of its expressions.
    pub fn drops(&self, feature: &FeatureName) -> bool {
        let own = self.columns.get(&InputName::from(feature.clone()));
        own == Some(&FeaturePreprocess::Dropped)
    }

    /// The same for some features alone, and without what is said of one as it is of all.
    #[must_use]
    pub fn within(&self, is_used: impl Fn(&FeatureName) -> bool) -> Self {
        let is_used = |name: &InputName| name.as_feature().is_none_or(&is_used);
        let used = self.columns.iter().filter(|(name, _)| is_used(name));
        let different = used.filter_map(|(name, own)| {
            let own = match own.clone() {
                FeaturePreprocess::Dropped => Some(FeaturePreprocess::Dropped),
                FeaturePreprocess::Numeric(own) => {
                    let missing = own.missing.filter(|rule| *rule != self.missing_numeric);
                    let numeric = own.numeric.filter(|encoding| *encoding != self.numeric);
                    let own = NumericPreprocess {
                        missing,
                        numeric,
                        ..own
                    };
                    (own != NumericPreprocess::default()).then_some(FeaturePreprocess::Numeric(own))
                }
                FeaturePreprocess::Categorical(own) => {
                    let missing = own.missing.filter(|rule| *rule != self.missing_categorical);
                    let rare = own.rare.filter(|share| Some(*share) != self.rare);
                    let encoding = own.categorical;
                    let categorical = encoding.filter(|encoding| *encoding != self.categorical);
                    let own = CategoricalPreprocess {
                        missing,
                        rare,
                        categorical,
                        ..own
                    };
                    (own != CategoricalPreprocess::default())
                        .then_some(FeaturePreprocess::Categorical(own))
                }
            };
            Some((name.clone(), own?))
        });
        Self {
            columns: different.collect(),
            ..self.clone()
        }
    }
}
