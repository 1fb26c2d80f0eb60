//! What `[preprocess]` may say.

#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum NumericEncoding {
    #[default]
    Passthrough,
    Standardize,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum CategoricalEncoding {
    #[default]
    OneHot,
}

/// What becomes of a null number.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub enum MissingNumeric {
    #[default]
    Error,
    /// Of the train rows; of two middle values their mean.
    Median,
    Mean,
    Constant(f64),
}

/// What becomes of a null category.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub enum MissingCategorical {
    #[default]
    Error,
    /// Null is a category of its own, if the train rows have it.
    Category,
    /// Of the train rows; of several the bytewise first.
    MostFrequent,
    Constant(String),
}

#[derive(Debug, Clone, PartialEq, Default)]
pub struct PreprocessParameters {
    pub numeric: NumericEncoding,
    pub categorical: CategoricalEncoding,
    pub missing_numeric: MissingNumeric,
    pub missing_categorical: MissingCategorical,
}
