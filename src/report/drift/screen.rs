//! The screen of `drift`.

use std::path::Path;

use super::super::style::{Table, bold, count, dim, green, wrap, yellow};
use super::{counted, mark, number, page_command, percent, rule_in_words};
use crate::definition::{FeatureName, InputName};
use crate::drift::{Form, Pair, Reason};
use crate::online::{Drift, DriftedColumn, Rows};

/// Columns that get a line: those that have drifted come first.
const LINES: usize = 30;
/// What is left of 80 columns for a name.
const NAME: usize = 26;

/// One column a line, the most severe first; then the verdict, unless it is an error.
pub fn drift_text(drift: &Drift, page: Option<&Path>) -> String {
    let mut text = head(drift);
    text.push('\n');
    let target = drift.target.as_ref().map(|target| ("target", target));
    let elsewhere = "in `--format json` and in the report of `-o drift.html`";
    text.push_str(&columns_text(&drift.columns, target, elsewhere));
    text.push('\n');
    for notice in &drift.notices {
        text.push_str(&wrap(&format!("{} ", yellow("notice")), notice));
    }
    if let Some(page) = page {
        text.push_str(&format!("report written: {}\n", page.display()));
    }
    if !drift.drifted() {
        text.push_str(&format!("{}: {}\n", green("No drift"), counted(drift)));
        if page.is_none() {
            text.push_str(&wrap("next: ", &page_command(drift)));
        }
    }
    text
}

fn head(drift: &Drift) -> String {
    let Pair { reference, current } = drift.dates;
    let of = match (&drift.experiment, drift.rows) {
        (Some(name), Rows::Labelled) => format!("{name}, labelled rows"),
        (Some(name), Rows::Entities) => format!("{name}, all entities"),
        (None, _) => "all features, all entities".to_string(),
    };
    let mut counts = drift.columns.iter().map(|column| column.drift.rows);
    let first = counts.next();
    // Tables may know different numbers of entities.
    let count = match first.filter(|first| counts.all(|other| other == *first)) {
        Some(count) => format!(": {}", rows(count)),
        None => String::new(),
    };
    let dates = bold(format!("{reference} → {current}"));
    format!("{dates}   {of}{count}\n{}\n", rule_in_words(drift.rule))
}

/// The columns by what drifted in them, and one beside them under its title. `elsewhere` says where those
/// are that have no line.
pub(super) fn columns_text(
    columns: &[DriftedColumn],
    beside: Option<(&str, &DriftedColumn)>,
    elsewhere: &str,
) -> String {
    let mut text = lines(columns, beside);
    let more = columns.len().saturating_sub(LINES);
    if more > 0 {
        text.push_str(&format!("  {}\n", dim(format!("{more} more {elsewhere}"))));
    }
    let calendar = |column: &DriftedColumn| column.drift.form == Form::Calendar;
    if columns.iter().any(calendar) {
        let words = "dates move with the calendar and are not judged by their values";
        text.push_str(&format!("  {}\n", dim(words)));
    }
    text
}

fn lines(columns: &[DriftedColumn], beside: Option<(&str, &DriftedColumn)>) -> String {
    let mut table = Table::default();
    let mut titles = true;
    let mut last = None;
    for column in columns.iter().take(LINES) {
        let title = title(column);
        if last.replace(title) != Some(title) {
            heading(&mut table, title, &mut titles);
        }
        line(&mut table, column);
    }
    if let Some((title, column)) = beside {
        heading(&mut table, title, &mut titles);
        line(&mut table, column);
    }
    table.render(0)
}

fn title(column: &DriftedColumn) -> &'static str {
    match column.reasons.first() {
        Some(Reason::Values) => "drifted",
        Some(Reason::Missing) => "missing values drifted",
        None => "not drifted",
    }
}

/// The first heading also names the columns.
fn heading(table: &mut Table, title: &str, first: &mut bool) {
    let row = table.row().left(dim(title));
    if std::mem::take(first) {
        for name in ["PSI", "effect", "p", "missing"] {
            row.right(dim(name));
        }
        row.left(dim("Evidently"));
    }
}

fn line(table: &mut Table, column: &DriftedColumn) {
    let drift = &column.drift;
    let name = shortened(&column.name);
    let name = match column.reasons.is_empty() {
        true => name,
        false => yellow(name),
    };
    let row = table.row().left(format!("  {name}"));
    match drift.change {
        Some(change) => {
            for value in [change.psi, change.effect, change.p] {
                row.right(digits(value));
            }
        }
        None => {
            row.right("–").right("–").right("–");
        }
    }
    row.right(missing(drift.missing.share));
    row.left(match drift.evidently {
        Some(score) => {
            let sign = if score.drifted { " drift" } else { "" };
            format!(
                "{} {}{sign}",
                mark::short(score.method),
                digits(score.score)
            )
        }
        None => "–".to_string(),
    });
}

/// `0.042`, `12.3`, `3e-9`: three digits after the point while they show something.
fn digits(value: f64) -> String {
    match value {
        value if (0.0005..10.0).contains(&value) => format!("{value:.3}"),
        value => number(value),
    }
}

/// `0 %`, `2→14 %`.
fn missing(share: Pair<f64>) -> String {
    let Pair { reference, current } = share;
    let (before, after) = (percent(reference), percent(current));
    match before == after {
        true => after,
        false => format!("{}→{after}", before.trim_end_matches(" %")),
    }
}

/// `TABLE.FEATURE` in the room there is: the table's name is cut first.
fn shortened(name: &InputName) -> String {
    let whole = name.to_string();
    if whole.chars().count() <= NAME {
        return whole;
    }
    let Some(FeatureName { table, feature }) = name.as_feature() else {
        return cut(&whole, NAME - 1);
    };
    match NAME.saturating_sub(feature.as_str().chars().count() + 2) {
        0..3 => cut(&whole, NAME - 1),
        room => format!("{}.{feature}", cut(table.as_str(), room)),
    }
}

/// The first letters, and a sign that there are more.
fn cut(name: &str, letters: usize) -> String {
    name.chars().take(letters).chain(['…']).collect()
}

/// `7 043 → 7 112`.
pub(super) fn rows(rows: Pair<u64>) -> String {
    match rows.reference == rows.current {
        true => count(rows.current),
        false => format!("{} → {}", count(rows.reference), count(rows.current)),
    }
}
