//! Raw feature values → a matrix of numbers, the same way in training and in serving.
//!
//! An [`Encoder`] is learnt from the train rows only and then applied to every row. It is data: for
//! each feature its kind, fill value, mean and scale, or its categories. Features stand in
//! bytewise name order; categories too, so that a matrix column has one meaning.
//!
//! | | null | encoding |
//! |---|---|---|
//! | numeric | refused, or filled with the median, the mean or a constant | clipped and its logarithm taken where that is said; then as it is, or `(x − mean) / scale` over the filled train rows, population scale as in scikit-learn's `StandardScaler`, or a column of 0 and 1 for each interval |
//! | categorical | refused, a category of its own, or filled with the most frequent category or a constant | rare ones become one where that is said; then one column per category of the train rows, 0 or 1, and any other value is all zeros; or its place among them; or what its labels say |

mod categorical;
mod columns;
mod draw;
mod imputed;
mod numeric;
mod target;

use std::collections::BTreeMap;
use std::ops::Range;

use serde::{Deserialize, Serialize};

use super::blocks::for_each_block;
use super::{FeatureColumn, FeatureKind, FeatureValues, Matrix, Warning};
use crate::definition::Preprocess;
use crate::error::{Error, Kind, Result};
use categorical::CategoricalEncoder;
use columns::{nulls, refuse_nulls, same_length, sort_by_name};
use numeric::NumericEncoder;

pub(in crate::learn) use draw::element_of;
pub use imputed::{Encoded, Imputed};
pub use target::Supervision;

/// Raised when the same rows and parameters encode otherwise than before.
pub const ENCODE_VERSION: u32 = 1;

/// The widest matrix an encoder makes. The matrix is dense: past this, memory and time explode, and
/// a feature with thousands of categories is nearly always an identifier.
pub const MAX_COLUMNS: usize = 4096;

/// Rows one thread encodes at a time.
const ROWS_PER_BLOCK: usize = 1024;

/// How each feature becomes matrix columns. Learnt from train rows.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Encoder {
    /// In bytewise order of the names, each name once.
    features: Vec<FeatureEncoder>,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct FeatureEncoder {
    name: String,
    encoding: Encoding,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Encoding {
    Numeric(NumericEncoder),
    Categorical(CategoricalEncoder),
}

impl Encoder {
    /// Learns how to encode `columns` from their rows `train`. `labels` are those of the train rows; only
    /// `target` encoding looks at them.
    ///
    /// Where `preprocess` forbids nulls, a null in *any* row is refused here, test rows too: the
    /// same run would meet it a step later.
    pub fn fit(
        columns: &[FeatureColumn],
        train: &[usize],
        preprocess: &Preprocess,
        labels: Option<&Supervision>,
    ) -> Result<(Self, Vec<Warning>)> {
        let sorted = sort_by_name(columns)?;
        refuse_nulls(&sorted, preprocess)?;
        let mut warnings = Vec::new();
        let mut features = Vec::with_capacity(sorted.len());
        for column in sorted {
            let encoding = match &column.values {
                FeatureValues::Numeric(values) => {
                    let values = train.iter().map(|&row| values[row]);
                    let rule = preprocess.numeric_rule(&column.name);
                    NumericEncoder::fit(&column.name, values, &rule, &mut warnings)
                        .map(Encoding::Numeric)?
                }
                FeatureValues::Categorical(values) => {
                    let values = train.iter().map(|&row| values[row].as_deref());
                    let rule = preprocess.categorical_rule(&column.name);
                    CategoricalEncoder::fit(&column.name, values, &rule, labels, &mut warnings)
                        .map(Encoding::Categorical)?
                }
            };
            features.push(FeatureEncoder {
                name: column.name.clone(),
                encoding,
            });
        }
        let encoder = Self { features };
        encoder.refuse_width()?;
        Ok((encoder, warnings))
    }

    /// Encodes rows. `columns` hold the encoder's features in any order; others are ignored.
    ///
    /// A null that the run forbids is [`Kind::MissingFeatures`]; its details are the names of the
    /// features at fault and nothing else.
    pub fn transform(&self, columns: &[FeatureColumn]) -> Result<Encoded> {
        let columns = self.align(columns)?;
        let rows = columns.first().map_or(0, |column| column.rows());
        self.refuse_forbidden_nulls(&columns)?;
        let width = self.width();
        let mut values = vec![0.0; rows * width];
        if width > 0 {
            for_each_block(&mut values, ROWS_PER_BLOCK * width, |block, cells| {
                self.encode_block(&columns, block * ROWS_PER_BLOCK, cells);
            });
        }
        Ok(Encoded {
            matrix: Matrix::new(rows, width, values),
            imputed: Imputed::of(&columns, rows),
        })
    }

    /// The train rows as an estimator learns from them: encoded, but where a feature is encoded by labels, by
    /// those of the other folds. `columns` hold the rows that `labels` are of.
    ///
    /// # Errors
    /// Those of [`Self::transform`].
    pub fn transform_train(
        &self,
        columns: &[FeatureColumn],
        labels: &Supervision,
    ) -> Result<Matrix> {
        let encoded = self.transform(columns)?.matrix;
        let (columns, rows, stride) = (self.align(columns)?, encoded.rows(), encoded.columns());
        let mut values = encoded.into_values();
        let mut first = 0;
        for (feature, column) in self.features.iter().zip(columns) {
            if let (Encoding::Categorical(encoder), FeatureValues::Categorical(texts)) =
                (&feature.encoding, &column.values)
            {
                let texts = texts.iter().map(Option::as_deref);
                let cells = values.get_mut(first..).unwrap_or_default();
                encoder.encode_out_of_fold(texts, labels, cells, stride);
            }
            first += feature.encoding.width();
        }
        Ok(Matrix::new(rows, stride, values))
    }

    /// The features whose null in `row` this encoder refuses, in name order.
    ///
    /// Lets a batch answer for each of its rows alone. Columns that are not there count as null.
    pub fn forbidden_nulls(&self, columns: &[FeatureColumn], row: usize) -> Vec<&str> {
        self.features
            .iter()
            .filter(|feature| feature.encoding.refuses_null())
            .filter(|feature| {
                let column = columns.iter().find(|column| column.name == feature.name);
                column.is_none_or(|column| column.is_null(row))
            })
            .map(|feature| feature.name.as_str())
            .collect()
    }

    /// The names of the features, in the order of the matrix.
    pub fn feature_names(&self) -> impl ExactSizeIterator<Item = &str> {
        self.features.iter().map(|feature| feature.name.as_str())
    }

    pub fn feature_kinds(&self) -> impl ExactSizeIterator<Item = FeatureKind> {
        self.features.iter().map(|feature| match feature.encoding {
            Encoding::Numeric(_) => FeatureKind::Numeric,
            Encoding::Categorical(_) => FeatureKind::Categorical,
        })
    }

    /// The names of the matrix columns: `table.feature`, `table.feature=category` or
    /// `table.feature=<null>`.
    pub fn output_names(&self) -> Vec<String> {
        self.features
            .iter()
            .flat_map(|feature| feature.encoding.output_names(&feature.name))
            .collect()
    }

    /// How many columns the matrix has.
    pub fn width(&self) -> usize {
        self.features
            .iter()
            .map(|feature| feature.encoding.width())
            .sum()
    }

    /// Where the matrix columns of each feature stand.
    pub fn places(&self) -> Vec<Range<usize>> {
        let mut first = 0;
        let place = |feature: &FeatureEncoder| {
            let place = first..first + feature.encoding.width();
            first = place.end;
            place
        };
        self.features.iter().map(place).collect()
    }

    /// Values of the feature at a place, encoded: as many numbers a value as the feature has columns. Nulls that
    /// the encoder refuses must not be among them, as with [`Self::transform`] they are not.
    pub fn encode_feature(&self, at: usize, values: &FeatureValues) -> Vec<f64> {
        let encoding = &self.features[at].encoding;
        let width = encoding.width();
        let rows = match values {
            FeatureValues::Numeric(values) => values.len(),
            FeatureValues::Categorical(values) => values.len(),
        };
        let mut cells = vec![0.0; rows * width];
        if width > 0 {
            for (row, cells) in cells.chunks_exact_mut(width).enumerate() {
                encoding.encode(values, row, cells);
            }
        }
        cells
    }

    /// The categories that were learnt of the feature at a place, in bytewise order; none of a number.
    pub fn categories(&self, at: usize) -> Option<&[String]> {
        match &self.features[at].encoding {
            Encoding::Numeric(_) => None,
            Encoding::Categorical(categorical) => Some(categorical.categories()),
        }
    }

    /// Sums numbers that belong to matrix columns over the columns of each feature.
    pub fn by_feature(&self, by_column: &[f64]) -> Vec<(String, f64)> {
        let names = self.feature_names().map(ToString::to_string);
        names.zip(self.sums_by_feature(by_column)).collect()
    }

    /// The same without the names.
    pub fn sums_by_feature(&self, by_column: &[f64]) -> Vec<f64> {
        let mut rest = by_column;
        let sum = |feature: &FeatureEncoder| {
            let (own, after) = rest.split_at(feature.encoding.width().min(rest.len()));
            rest = after;
            own.iter().fold(0.0, |sum, value| sum + value)
        };
        self.features.iter().map(sum).collect()
    }

    /// Whether the parts fit together; a file may claim anything.
    pub(super) fn check(&self) -> Result<(), &'static str> {
        if !self.features.is_sorted_by(|a, b| a.name < b.name) {
            return Err("its features are not in name order");
        }
        if self.width() > MAX_COLUMNS {
            return Err("it has too many columns");
        }
        self.features
            .iter()
            .try_for_each(|feature| match &feature.encoding {
                Encoding::Numeric(numeric) => numeric.check(),
                Encoding::Categorical(categorical) => categorical.check(),
            })
    }

    fn encode_block(&self, columns: &[&FeatureColumn], first_row: usize, cells: &mut [f64]) {
        for (offset, cells) in cells.chunks_exact_mut(self.width()).enumerate() {
            let mut rest = cells;
            for (feature, column) in self.features.iter().zip(columns) {
                let (own, after) = rest.split_at_mut(feature.encoding.width());
                feature
                    .encoding
                    .encode(&column.values, first_row + offset, own);
                rest = after;
            }
        }
    }

    /// The given columns in the encoder's order, checked for kind and length.
    fn align<'a>(&self, columns: &'a [FeatureColumn]) -> Result<Vec<&'a FeatureColumn>> {
        let by_name: BTreeMap<&str, &FeatureColumn> = columns
            .iter()
            .map(|column| (column.name.as_str(), column))
            .collect();
        let mut aligned: Vec<&FeatureColumn> = Vec::with_capacity(self.features.len());
        for (feature, kind) in self.features.iter().zip(self.feature_kinds()) {
            let name = &feature.name;
            let column = *by_name.get(name.as_str()).ok_or_else(|| {
                Error::failure(format!("the model needs `{name}`, which was not looked up"))
            })?;
            if column.kind() != kind {
                let message = format!(
                    "`{name}` is {}, but the model learnt it as {kind}",
                    column.kind()
                );
                return Err(Error::failure(message));
            }
            aligned.push(column);
        }
        same_length(&aligned)?;
        Ok(aligned)
    }

    fn refuse_forbidden_nulls(&self, columns: &[&FeatureColumn]) -> Result<()> {
        let names: Vec<String> = self
            .features
            .iter()
            .zip(columns)
            .filter(|(feature, column)| feature.encoding.refuses_null() && nulls(column) > 0)
            .map(|(feature, _)| feature.name.clone())
            .collect();
        if names.is_empty() {
            return Ok(());
        }
        Err(Error::new(
            Kind::MissingFeatures,
            "features are null, and the run forbids filling them in",
        )
        .details(names)
        .help(
            "to train a model that accepts nulls, set `missing_numeric` or \
               `missing_categorical` under [preprocess]",
        ))
    }

    fn refuse_width(&self) -> Result<()> {
        let width = self.width();
        if width <= MAX_COLUMNS {
            return Ok(());
        }
        let mut widest: Vec<&FeatureEncoder> = self.features.iter().collect();
        widest.sort_by_key(|feature| std::cmp::Reverse(feature.encoding.width()));
        let lines = widest
            .iter()
            .take(3)
            .map(|feature| format!("{}: {} columns", feature.name, feature.encoding.width()));
        Err(Error::new(
            Kind::DataRefused,
            format!("encoding makes {width} columns; at most {MAX_COLUMNS} can be handled"),
        )
        .details(lines)
        .help(
            "leave a feature that identifies rows out of `dataset.features`; of a category with many values, \
               fold the rare ones with `rare = 0.01` or say `categorical = \"target\"` under \
               [preprocess.columns]",
        ))
    }
}

impl Encoding {
    fn width(&self) -> usize {
        match self {
            Self::Numeric(numeric) => numeric.width(),
            Self::Categorical(categorical) => categorical.width(),
        }
    }

    fn refuses_null(&self) -> bool {
        match self {
            Self::Numeric(numeric) => numeric.refuses_null(),
            Self::Categorical(categorical) => categorical.refuses_null(),
        }
    }

    fn output_names(&self, name: &str) -> Vec<String> {
        match self {
            Self::Numeric(numeric) => numeric.output_names(name),
            Self::Categorical(categorical) => categorical.output_names(name),
        }
    }

    /// Writes one value into the cells of its feature, which are 0 so far.
    fn encode(&self, values: &FeatureValues, row: usize, cells: &mut [f64]) {
        match (self, values) {
            (Self::Numeric(numeric), FeatureValues::Numeric(values)) => {
                numeric.encode(values[row], cells);
            }
            (Self::Categorical(categorical), FeatureValues::Categorical(values)) => {
                categorical.encode(values[row].as_deref(), cells);
            }
            _ => unreachable!("align() compared the kinds"),
        }
    }
}

#[cfg(test)]
mod tests;
