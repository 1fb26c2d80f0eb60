//! One column at two dates: all numbers, and the verdict.

use serde::Serialize;

use super::bins::{Histogram, category_bars, number_bars, stability_counts};
use super::distance::{
    homogeneity, kolmogorov_smirnov, means, shares, stability_index, total_variation,
};
use super::distribution::{chi_square_tail, two_sample_chance};
use super::evidently::{Score, score_categories, score_numbers};
use super::tally::{Pair, Tally};
use crate::definition::Dtype;
use crate::table::{Cell, Values};

/// A difference that chance alone makes more often than this is no drift.
pub const SIGNIFICANCE: f64 = 0.05;

/// The least index or effect that counts, unless another is named.
pub const DEFAULT_THRESHOLD: f64 = 0.1;

/// The share of drifted columns from which the data has drifted, unless another is named.
pub const DEFAULT_SHARE: f64 = 0.5;

/// How the values of a column are compared.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Form {
    /// `i64` and `f64`: by their order.
    Numeric,
    /// `string` and `bool`: each value by itself.
    Categorical,
    /// `date` and `datetime`: by their order, and without a verdict on the values: a date moves with
    /// the calendar.
    Calendar,
}

/// By what a column is judged.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Method {
    /// The population stability index.
    Psi,
    /// Kolmogorov and Smirnov's D, or total variation.
    Effect,
    /// Evidently's verdict.
    Evidently,
}

/// When a column has drifted.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Rule {
    pub method: Method,
    /// The least stability index or effect that counts, and the least difference between the shares
    /// of missing values; not used by Evidently's verdict.
    pub threshold: f64,
}

/// What has drifted in a column.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Reason {
    Values,
    Missing,
}

/// The three numbers that every column has.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Change {
    /// 0: the same; 1: nothing in common.
    pub effect: f64,
    /// The chance of such an effect between two samples of one distribution.
    pub p: f64,
    /// Population stability index.
    pub psi: f64,
}

/// Missing values, compared as a column of "there" and "not there".
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Missing {
    /// Of the rows of each date.
    pub share: Pair<f64>,
    /// None when one of the dates has no row.
    pub change: Option<Change>,
}

/// A column at two dates.
#[derive(Debug, Clone, PartialEq)]
pub struct ColumnDrift {
    pub dtype: Dtype,
    pub form: Form,
    /// Rows of each date, those without a value included.
    pub rows: Pair<u64>,
    pub missing: Missing,
    /// Distinct values of each date.
    pub distinct: Pair<u64>,
    /// Of numbers.
    pub mean: Option<Pair<f64>>,
    /// None when one of the dates has no value.
    pub change: Option<Change>,
    /// None when one of the dates has no value, and for dates, which Evidently does not compare.
    pub evidently: Option<Score>,
    pub histogram: Histogram,
}

impl Method {
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Psi => "psi",
            Self::Effect => "effect",
            Self::Evidently => "evidently",
        }
    }
}

impl ColumnDrift {
    /// What has drifted under a rule; nothing: the column has not.
    pub fn reasons(&self, rule: Rule) -> Vec<Reason> {
        let values = match (rule.method, self.form) {
            (_, Form::Calendar) => false,
            (Method::Evidently, _) => self.evidently.is_some_and(|score| score.drifted),
            (method, _) => self
                .change
                .is_some_and(|change| change.counts(method, rule.threshold)),
        };
        let missing = match rule.method {
            // Evidently drops missing values, and stops where nothing else is there.
            Method::Evidently => self.change.is_none() && self.differs_in_missing(),
            // An index is infinite where nothing was missing: the share itself counts.
            _ => {
                let change = self.missing.change;
                change.is_some_and(|change| change.counts(Method::Effect, rule.threshold))
            }
        };
        let found = [(values, Reason::Values), (missing, Reason::Missing)];
        let found = found.into_iter().filter(|(holds, _)| *holds);
        found.map(|(_, reason)| reason).collect()
    }

    fn differs_in_missing(&self) -> bool {
        let share = self.missing.share;
        share.reference != share.current
    }

    /// What columns with these reasons are sorted by: the number that gave the first of them, or
    /// that of the values where there is none.
    pub fn severity(&self, rule: Rule, reasons: &[Reason]) -> f64 {
        let (change, method) = match reasons.first() {
            Some(Reason::Missing) => (self.missing.change, Method::Effect),
            _ => (self.change, rule.method),
        };
        change.map_or(0.0, |change| change.size(method))
    }
}

impl Change {
    fn counts(self, method: Method, threshold: f64) -> bool {
        self.size(method) >= threshold && self.p < SIGNIFICANCE
    }

    fn size(self, method: Method) -> f64 {
        match method {
            Method::Effect => self.effect,
            Method::Psi | Method::Evidently => self.psi,
        }
    }

    fn of_categories(counts: &[Pair<u64>]) -> Self {
        let shares = shares(counts);
        let degrees = (counts.len() as u64).saturating_sub(1);
        Self {
            effect: total_variation(&shares),
            p: chi_square_tail(homogeneity(counts), degrees),
            psi: stability_index(&shares),
        }
    }

    fn of_numbers(tally: &Tally<f64>, whole: bool) -> Self {
        let totals = tally.totals();
        let effect = kolmogorov_smirnov(tally);
        Self {
            effect,
            p: two_sample_chance(totals.reference, totals.current, effect),
            psi: stability_index(&shares(&stability_counts(tally, whole))),
        }
    }
}

/// Compares one column at two dates. Both have one dtype.
pub fn compare(reference: &Values, current: &Values) -> ColumnDrift {
    match reference.dtype() {
        Dtype::I64 | Dtype::F64 => ordered(reference, current, Form::Numeric),
        Dtype::Date | Dtype::Datetime => ordered(reference, current, Form::Calendar),
        Dtype::String | Dtype::Bool => unordered(reference, current),
    }
}

fn ordered(reference: &Values, current: &Values, form: Form) -> ColumnDrift {
    let dtype = reference.dtype();
    let tally = Tally::of_numbers(numbers(reference), numbers(current));
    let both = has_both(&tally);
    let judged = both && form == Form::Numeric;
    ColumnDrift {
        dtype,
        form,
        rows: rows(reference, current),
        missing: missing(reference, current),
        distinct: tally.distinct_each(),
        mean: judged.then(|| means(&tally)),
        change: both.then(|| Change::of_numbers(&tally, dtype != Dtype::F64)),
        evidently: judged.then(|| score_numbers(&tally)),
        histogram: number_bars(&tally, |value| shown(dtype, value)),
    }
}

fn unordered(reference: &Values, current: &Values) -> ColumnDrift {
    let tally = Tally::of_texts(texts(reference), texts(current));
    let both = has_both(&tally);
    let counts = tally.counts();
    ColumnDrift {
        dtype: reference.dtype(),
        form: Form::Categorical,
        rows: rows(reference, current),
        missing: missing(reference, current),
        distinct: tally.distinct_each(),
        mean: None,
        change: both.then(|| Change::of_categories(&counts)),
        evidently: both.then(|| score_categories(&counts)),
        histogram: category_bars(&tally),
    }
}

fn has_both<T>(tally: &Tally<T>) -> bool {
    tally.totals().reference > 0 && tally.totals().current > 0
}

fn rows(reference: &Values, current: &Values) -> Pair<u64> {
    Pair::new(reference.len() as u64, current.len() as u64)
}

fn missing(reference: &Values, current: &Values) -> Missing {
    let rows = rows(reference, current);
    let nulls = Pair::new(reference.null_count() as u64, current.null_count() as u64);
    let share = |nulls: u64, rows: u64| match rows {
        0 => 0.0,
        rows => nulls as f64 / rows as f64,
    };
    let there = Pair::new(
        rows.reference - nulls.reference,
        rows.current - nulls.current,
    );
    // A value that neither sample has is none: a complete column has one, "there".
    let counts: Vec<_> = [there, nulls]
        .into_iter()
        .filter(|pair| pair.sum() > 0)
        .collect();
    let both = rows.reference > 0 && rows.current > 0;
    Missing {
        share: Pair::new(
            share(nulls.reference, rows.reference),
            share(nulls.current, rows.current),
        ),
        change: both.then(|| Change::of_categories(&counts)),
    }
}

/// The values that are there, as numbers; dates as days, datetimes as microseconds.
fn numbers(values: &Values) -> Vec<f64> {
    let number = |row| match values.cell(row) {
        Cell::I64(value) | Cell::Datetime(value) => Some(value as f64),
        Cell::F64(value) => Some(value),
        Cell::Date(days) => Some(f64::from(days)),
        Cell::Null | Cell::Bool(_) | Cell::String(_) => None,
    };
    (0..values.len()).filter_map(number).collect()
}

/// The values that are there, as texts.
fn texts(values: &Values) -> impl Iterator<Item = &str> {
    (0..values.len()).filter_map(|row| match values.cell(row) {
        Cell::String(text) => Some(text),
        Cell::Bool(value) => Some(if value { "true" } else { "false" }),
        _ => None,
    })
}

/// A number of a column as people write it.
pub fn shown(dtype: Dtype, value: f64) -> String {
    match dtype {
        Dtype::Date => Cell::Date(value as i32).to_string(),
        Dtype::Datetime => Cell::Datetime(value as i64).to_string(),
        _ => value.to_string(),
    }
}
