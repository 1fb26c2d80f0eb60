//! Rows that come with all values the model takes, and are about nobody: nothing is looked up, so nothing
//! has expired. From the values on they go where those of an entity go.

use super::predict::{check_nulls, imputed, judge};
use super::state::Pair;
use super::tally::Tally;
use super::verdict::Verdict;
use crate::error::Result;
use crate::online::ValueAt;

/// What the pinned run says of one row.
#[derive(Debug)]
pub struct Given<'a> {
    pub verdict: Verdict<'a>,
    /// The features that were null, and went through the run's preprocessing.
    pub imputed: Vec<&'a str>,
}

const LACKING: &str = "the row lacks";

/// Answers for rows of the model's inputs, each in the order of the model, as
/// [`super::predict::answer`] does for keys.
pub fn answer_given<'a>(
    pair: &'a Pair,
    rows: Vec<Vec<ValueAt<'a>>>,
    tally: Option<&Tally>,
) -> Result<Vec<Result<Given<'a>>>> {
    if let Some(tally) = tally {
        for values in &rows {
            tally.count_values(values.iter().map(|value| value.status));
        }
    }
    let checked = rows.into_iter();
    let checked = checked.map(|values| check_nulls(pair, values, || LACKING.to_string()));
    judge(
        pair,
        checked.collect(),
        |_| LACKING.to_string(),
        None,
        |_, values, derived, (verdict, _)| Given {
            verdict,
            imputed: imputed(pair, values, &derived),
        },
    )
}
