//! What holds for all cells of a table: words for null, true and false, and the decimal mark.

use std::collections::{BTreeMap, BTreeSet};

use super::word;

/// The different cells of a column, each with how often it stands there.
pub type Words<'a> = BTreeMap<&'a str, usize>;

/// A table's way of writing, as the `[source]` section declares it.
pub struct Dialect<'a> {
    pub decimal: char,
    /// Words that mean null and occur; the empty cell is always one.
    pub nulls: BTreeSet<&'a str>,
    /// Pairs of [`word::truth`] of which some column shows both words.
    pairs: BTreeSet<usize>,
}

impl<'a> Dialect<'a> {
    pub fn of(columns: &[Words<'a>], delimiter: char) -> Self {
        let pairs = columns
            .iter()
            .filter_map(|words| full_pair(&values_beyond_null(words)));
        Self {
            decimal: decimal(columns, delimiter),
            nulls: columns.iter().flat_map(null_words).collect(),
            pairs: pairs.collect(),
        }
    }

    /// The words of a column that are not null, each with its count.
    pub fn values<'w>(
        &'w self,
        words: &'w Words<'a>,
    ) -> impl Iterator<Item = (&'a str, usize)> + 'w {
        words
            .iter()
            .filter(|(word, _)| !word.is_empty() && !self.nulls.contains(*word))
            .map(|(word, count)| (*word, *count))
    }

    /// The pair all values of a column belong to.
    ///
    /// One word alone (`No` in every row) counts only where another column shows the whole pair.
    pub fn pair(&self, values: &[&str]) -> Option<usize> {
        word::pairs().find(|&pair| {
            let known = pair == 0 || self.pairs.contains(&pair);
            known
                && values
                    .iter()
                    .all(|value| word::truth(value, pair).is_some())
        })
    }
}

fn values_beyond_null<'a>(words: &Words<'a>) -> Vec<&'a str> {
    words
        .keys()
        .copied()
        .filter(|word| !word::may_be_null(word))
        .collect()
}

/// The words of one column that mean null, with the white space around them and without.
///
/// Among typed values everything that may mean null does; among texts only what always does.
fn null_words<'a>(words: &Words<'a>) -> Vec<&'a str> {
    let typed = is_typed(&values_beyond_null(words));
    let is_null = if typed {
        word::may_be_null
    } else {
        word::is_surely_null
    };
    let nulls = words.keys().copied().filter(|word| is_null(word));
    nulls
        .flat_map(|word| [word, word.trim_ascii()])
        .filter(|word| !word.is_empty())
        .collect()
}

fn is_typed(values: &[&str]) -> bool {
    let all = |is: &dyn Fn(&str) -> bool| values.iter().all(|value| is(value));
    !values.is_empty()
        && (all(&|value| word::number(value, '.').is_some())
            || all(&|value| word::number(value, ',').is_some())
            || all(&|value| word::date(value).is_some() || word::is_datetime(value))
            || full_pair(values).is_some())
}

/// The pair of which these values are the two words, in whatever case.
fn full_pair(values: &[&str]) -> Option<usize> {
    word::pairs().find(|&pair| {
        let truths: Option<BTreeSet<bool>> = values
            .iter()
            .map(|value| word::truth(value, pair))
            .collect();
        truths.is_some_and(|truths| truths.len() == 2)
    })
}

/// The mark that makes numbers of more cells. Where both make as many, the comma: who splits cells
/// by another mark does it for the sake of decimal commas.
fn decimal(columns: &[Words<'_>], delimiter: char) -> char {
    let cells = |mark: char| -> usize {
        let numbers = columns.iter().filter(|words| needs_mark(words, mark));
        numbers.flat_map(BTreeMap::values).sum()
    };
    let (commas, points) = (cells(','), cells('.'));
    if delimiter != ',' && commas > 0 && commas >= points {
        ','
    } else {
        '.'
    }
}

/// Whether the column is one of numbers with this decimal mark, and not without it.
fn needs_mark(words: &Words<'_>, mark: char) -> bool {
    let values = values_beyond_null(words);
    let all_numbers = values
        .iter()
        .all(|value| word::number(value, mark).is_some());
    all_numbers && values.iter().any(|value| value.contains(mark))
}
