//! A prediction taken apart, as bars.

use super::style::{Table, WIDTH, bar, dim, plural, signed, width};
use crate::learn::Scale;
use crate::table::Cell;

/// Features that have a line of their own; the document has all.
const SHOWN: usize = 16;

/// The longest bar, in characters; without so many a bar says nothing.
const LONGEST: usize = 24;
const SHORTEST: usize = 4;

/// The longest value, in characters.
const LONGEST_VALUE: usize = 14;

/// A number of so many characters is shown with all its digits.
const SHORT_NUMBER: usize = 7;

/// One feature of a prediction.
#[derive(Debug, Clone, Copy)]
pub struct Part<'a> {
    pub feature: &'a str,
    /// Before preprocessing.
    pub value: Cell<'a>,
    pub contribution: f64,
}

/// The features by what they contribute, the largest first, between what the train rows come to and
/// what they add up to.
pub fn explanation_text(scale: Scale, base: f64, mut parts: Vec<Part<'_>>) -> String {
    let contributions = parts.iter().map(|part| part.contribution);
    let sum = contributions.fold(base, |sum, contribution| sum + contribution);
    parts.sort_by(|a, b| b.contribution.abs().total_cmp(&a.contribution.abs()));
    let largest = parts.first().map_or(0.0, |part| part.contribution.abs());
    let (shown, rest) = parts.split_at(parts.len().min(SHOWN));
    let room = room_for_bars(shown);
    let mut table = Table::default();
    table
        .row()
        .left("train rows on average")
        .right("")
        .right(unsigned(base));
    for part in shown {
        let share = part.contribution.abs() / largest.max(f64::MIN_POSITIVE);
        table
            .row()
            .left(part.feature)
            .right(value_words(part.value, LONGEST_VALUE))
            .right(signed(part.contribution))
            .left(bar(share, room));
    }
    if !rest.is_empty() {
        let others = rest.iter().map(|part| part.contribution);
        table
            .row()
            .left(dim(format!(
                "{} together",
                plural(rest.len() as u64, "other")
            )))
            .right("")
            .right(signed(others.fold(0.0, |sum, other| sum + other)));
    }
    table
        .row()
        .left(words_of(scale))
        .right("")
        .right(unsigned(sum));
    table.render(2)
}

fn words_of(scale: Scale) -> &'static str {
    match scale {
        Scale::Probability => "this row, in probability",
        Scale::LogOdds => "this row, in log-odds",
        Scale::Number => "this row",
    }
}

/// With the minus of [`signed`], so that columns look alike.
fn unsigned(number: f64) -> String {
    let text = signed(number);
    text.strip_prefix('+')
        .map(ToString::to_string)
        .unwrap_or(text)
}

fn room_for_bars(parts: &[Part<'_>]) -> usize {
    let widest = |words: &dyn Fn(&Part<'_>) -> usize| parts.iter().map(words).max().unwrap_or(0);
    let used = widest(&|part| width(part.feature)).max(24)
        + widest(&|part| width(&value_words(part.value, LONGEST_VALUE)))
        + widest(&|part| width(&signed(part.contribution)));
    let gaps = 2 + 3 * 2;
    match WIDTH.saturating_sub(used + gaps).min(LONGEST) {
        room if room < SHORTEST => 0,
        room => room,
    }
}

/// A value in a few characters, of a text at most so many.
pub(super) fn value_words(value: Cell<'_>, longest: usize) -> String {
    let text = value.to_string();
    match value {
        Cell::Null => dim("null"),
        Cell::F64(_) if width(&text) <= SHORT_NUMBER => text,
        Cell::F64(number) if (1e-3..1e7).contains(&number.abs()) => {
            let text = format!("{number:.3}");
            text.trim_end_matches('0').trim_end_matches('.').to_string()
        }
        Cell::F64(number) => format!("{number:.3e}"),
        _ if width(&text) <= longest => text,
        _ => {
            let kept = text.chars().take(longest - 1);
            kept.chain(['…']).collect()
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn screen(scale: Scale, base: f64, parts: &[(&str, Cell<'_>, f64)]) -> String {
        let parts = parts.iter().map(|(feature, value, contribution)| Part {
            feature,
            value: *value,
            contribution: *contribution,
        });
        let text = explanation_text(scale, base, parts.collect());
        anstream::adapter::strip_str(&text).to_string()
    }

    #[test]
    fn the_largest_comes_first_and_the_sum_last() {
        let found = screen(
            Scale::LogOdds,
            -1.25,
            &[
                ("usage.plan", Cell::String("basic"), 0.125),
                ("usage.hours", Cell::F64(1.0 / 3.0), -0.5),
                ("usage.devices", Cell::Null, 0.0),
            ],
        );
        insta::assert_snapshot!(found, @r#"
          train rows on average           −1.2500
          usage.hours              0.333  −0.5000  ████████████████████████
          usage.plan             "basic"  +0.1250  ██████
          usage.devices             null  +0.0000
          this row, in log-odds           −1.6250
        "#);
    }

    #[test]
    fn a_screen_is_never_too_wide_or_too_long() {
        let name = |at: usize| format!("support_agg_90d.ticket_avg_resolution_hours_{at:02}");
        let names: Vec<String> = (0..40).map(name).collect();
        let long = "a value that does not fit";
        let parts: Vec<_> = names
            .iter()
            .map(|name| (name.as_str(), Cell::String(long), 0.25))
            .collect();
        let found = screen(Scale::Probability, 0.5, &parts);
        assert!(
            found.lines().all(|line| line.chars().count() <= 80),
            "{found}"
        );
        assert_eq!(found.lines().count(), SHOWN + 3);
        assert!(found.contains("24 others together"), "{found}");
        assert!(found.contains("+6.0000"), "{found}");
        assert!(found.ends_with("10.5000\n"), "{found}");
    }
}
