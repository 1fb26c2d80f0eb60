//! Which rows of a table differ, and how its columns moved.

use super::super::style::{Table, WIDTH, count, dim, dim_lines, plural, width, wrap, yellow};
use crate::run::{ColumnChange, Distribution, EntityKey, InputDifference, RowChange, TableChange};

/// One table: how many rows, which columns and how they moved, a few rows.
pub(super) fn data_text(input: &InputDifference) -> String {
    match &input.table {
        None => {
            let name = yellow(&input.name);
            wrap("  ", &format!("{name}  {}", input.detail))
        }
        Some(change) => change_text(&input.name, change),
    }
}

/// The same of a table whose rows were compared.
pub(in crate::report) fn change_text(name: &str, change: &TableChange) -> String {
    let dates = dates_words(change);
    let mut text = match change.is_same() {
        true => format!("  {name}  {dates}   {}\n", dim("the same rows")),
        false => format!("  {}  {dates}   {}\n", yellow(name), rows_words(change)),
    };
    if !change.is_same() && change.as_of_a == change.as_of_b {
        let files = match change.files.as_slice() {
            [] => "the same files, read otherwise".to_string(),
            files => files.join(", "),
        };
        text.push_str(&dim_lines(&wrap("    ", &files)));
    }
    text.push_str(&columns_text(change));
    text.push_str(&examples_text(change));
    text
}

/// `at 2024-01-31`, `2024-01-31 → 2024-02-29`.
pub(in crate::report) fn dates_words(change: &TableChange) -> String {
    match change.as_of_a == change.as_of_b {
        true => format!("at {}", change.as_of_a),
        false => format!("{} → {}", change.as_of_a, change.as_of_b),
    }
}

/// `hours: 98 % differ, median 30.1 → 29.2`.
pub(in crate::report) fn column_words(column: &ColumnChange) -> String {
    let words = movement(column);
    let gap = if words.is_empty() { "" } else { ", " };
    format!(
        "{}: {} differ{gap}{words}",
        column.column,
        percent(column.share)
    )
}

/// `2 103 of 7 043 rows changed, 3 added, 2 removed`.
pub(in crate::report) fn rows_words(change: &TableChange) -> String {
    let mut words = Vec::new();
    if change.changed > 0 {
        let common = change.rows_a - change.removed;
        words.push(format!(
            "{} of {} changed",
            count(change.changed),
            plural(common, "row")
        ));
    }
    for (number, verb) in [
        (change.added, "added"),
        (change.removed, "removed"),
        (change.redated, "from a file of another date"),
    ] {
        if number > 0 && words.is_empty() {
            words.push(format!("{} {verb}", plural(number, "row")));
        } else if number > 0 {
            words.push(format!("{} {verb}", count(number)));
        }
    }
    words.join(", ")
}

/// So many columns of a table are shown.
const COLUMNS: usize = 10;

fn columns_text(change: &TableChange) -> String {
    let mut table = Table::default();
    for column in change.columns.iter().take(COLUMNS) {
        table
            .row()
            .left(column.column.to_string())
            .right(format!("{} differ", percent(column.share)))
            .left(movement(column));
    }
    let mut text: String = table.render(4).lines().map(fold).collect();
    if change.columns.len() > COLUMNS {
        let more = (change.columns.len() - COLUMNS) as u64;
        text.push_str(&format!(
            "    {}\n",
            dim(format!("and {}", plural(more, "more column")))
        ));
    }
    text
}

/// A line that is wider than a screen goes on below after its last comma that is not.
fn fold(line: &str) -> String {
    let is_room = |at: &usize| width(&line[..*at]) < WIDTH;
    let comma = line
        .match_indices(", ")
        .map(|(at, _)| at)
        .filter(is_room)
        .last();
    match comma.filter(|_| width(line) > WIDTH) {
        Some(at) => format!("{}\n        {}\n", &line[..=at], &line[at + 2..]),
        None => format!("{line}\n"),
    }
}

fn movement(column: &ColumnChange) -> String {
    let mut words = match (&column.a, &column.b) {
        (
            Distribution::Numbers { mean, median, .. },
            Distribution::Numbers {
                mean: mean_b,
                median: median_b,
                ..
            },
        ) => format!(
            "median {} → {}, mean {} → {}",
            number(*median),
            number(*median_b),
            number(*mean),
            number(*mean_b)
        ),
        (Distribution::Flags { share, .. }, Distribution::Flags { share: share_b, .. }) => {
            format!("true {} → {}", percent(*share), percent(*share_b))
        }
        (Distribution::Times { last, .. }, Distribution::Times { last: last_b, .. }) => {
            format!("last {last} → {last_b}")
        }
        (
            Distribution::Texts { largest, .. },
            Distribution::Texts {
                largest: largest_b, ..
            },
        ) => texts_words(largest, largest_b),
        _ => String::new(),
    };
    for (label, categories) in [
        ("new", &column.new_categories),
        ("gone", &column.lost_categories),
    ] {
        if !categories.is_empty() {
            let gap = if words.is_empty() { "" } else { ", " };
            words.push_str(&format!("{gap}{label} {}", some_of(categories)));
        }
    }
    let (nulls, nulls_b) = (nulls(&column.a), nulls(&column.b));
    if nulls != nulls_b {
        let gap = if words.is_empty() { "" } else { ", " };
        words.push_str(&format!("{gap}null {} → {}", count(nulls), count(nulls_b)));
    }
    words
}

/// The most frequent text of a, before and after.
fn texts_words(a: &[(String, f64)], b: &[(String, f64)]) -> String {
    let Some((text, share)) = a.first() else {
        return String::new();
    };
    match b.iter().find(|(other, _)| other == text) {
        Some((_, share_b)) => format!("{text:?} {} → {}", percent(*share), percent(*share_b)),
        None => String::new(),
    }
}

fn some_of(categories: &[String]) -> String {
    const SHOWN: usize = 3;
    let shown: Vec<String> = categories
        .iter()
        .take(SHOWN)
        .map(|c| format!("{c:?}"))
        .collect();
    match categories.len() {
        0..=SHOWN => shown.join(", "),
        all => format!("{}, … ({all})", shown.join(", ")),
    }
}

fn nulls(distribution: &Distribution) -> u64 {
    match distribution {
        Distribution::Empty { nulls }
        | Distribution::Numbers { nulls, .. }
        | Distribution::Flags { nulls, .. }
        | Distribution::Texts { nulls, .. }
        | Distribution::Times { nulls, .. } => *nulls,
    }
}

fn examples_text(change: &TableChange) -> String {
    let mut table = Table::default();
    for row in &change.examples {
        let (columns, more) = first_columns(row);
        table
            .row()
            .left(row.entity.to_string())
            .left(format!("{columns}{more}"));
    }
    for (verb, entities) in [
        ("added", &change.added_examples),
        ("removed", &change.removed_examples),
    ] {
        if !entities.is_empty() {
            let keys: Vec<String> = entities.iter().map(EntityKey::to_string).collect();
            let all = match verb {
                "added" => change.added,
                _ => change.removed,
            };
            let more = if all > keys.len() as u64 { ", …" } else { "" };
            table.row().left(verb).left(keys.join(", ") + more);
        }
    }
    dim_lines(&table.render(4))
}

/// A value as JSON writes it, long texts cut off.
fn cut(value: &serde_json::Value) -> String {
    const LONGEST: usize = 24;
    let text = value.to_string();
    match text.char_indices().nth(LONGEST) {
        Some((at, _)) => format!("{}…", &text[..at]),
        None => text,
    }
}

/// What stands in a row before and after, as far as a line goes.
fn first_columns(row: &RowChange) -> (String, String) {
    const SHOWN: usize = 2;
    let columns: Vec<String> = row
        .columns
        .iter()
        .take(SHOWN)
        .map(|(column, [a, b])| format!("{column} {} → {}", cut(a), cut(b)))
        .collect();
    let more = match row.columns.len().saturating_sub(SHOWN) {
        0 => String::new(),
        more => format!(", {more} more"),
    };
    (columns.join(", "), more)
}

fn percent(share: f64) -> String {
    format!("{:.1} %", share * 100.0)
}

/// Four significant digits, no trailing zeros; whole numbers in full.
fn number(value: f64) -> String {
    let decimals = match value.abs() {
        size if size >= 1000.0 => 0,
        size if size >= 100.0 => 1,
        size if size >= 10.0 => 2,
        size if size >= 1.0 => 3,
        _ => 4,
    };
    let text = format!("{value:.decimals$}");
    let text = match text.contains('.') {
        true => text.trim_end_matches('0').trim_end_matches('.'),
        false => &text,
    };
    text.replacen('-', "−", 1)
}
