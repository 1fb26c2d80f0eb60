//! The page of two runs: causes first, then what they did, both in every picture.

use super::super::diff::{column_words, dates_words, rows_words};
use super::super::page::{count, escaped, page, plural};
use super::super::style::{fixed, signed};
use super::super::svg::Look;
use super::parts::{
    breakable, code, commands, data, facts, folded, interval, notices, pictures, section, style,
    table,
};
use super::picture::{self, Side};
use super::{Pair, Portrait};
use crate::definition::{METRICS, Task};
use crate::hash::Digest;
use crate::run::{InputDifference, InputKind, MetricPair, TableChange};

/// The mark of a run, as legends and tables have it.
const A: &str = "<span class=\"a\">A</span>";
const B: &str = "<span class=\"b\">B</span>";

/// The whole page.
pub fn pair_page(pair: &Pair) -> String {
    let (a, b) = (pair.a.known(), pair.b.known());
    let curves = pair.curves();
    let label = match [&pair.a, &pair.b].map(|portrait| &portrait.view.label) {
        [a, b] if a == b => a.clone(),
        [a, b] => format!("{a} (B: {b})"),
    };
    let sides = [
        Side::alone(&pair.a, &curves[0]).lettered('A', Look(0), &label),
        Side::alone(&pair.b, &curves[1]).lettered('B', Look(1), &label),
    ];
    let name = |known: &crate::run::KnownRun| {
        let (name, run) = (escaped(known.experiment.as_str()), known.run.short());
        format!("{name} <span>{run}</span>")
    };
    let body = format!(
        "<header>\n<h1>{A} {} → {B} {}</h1>\n<p class=\"lead\">{}</p>\n</header>\n{}{}\
         <div class=\"top\">\n{}{}</div>\n{}{}{}{}",
        name(a),
        name(b),
        escaped(&rows_of_both(pair)),
        notices(&warnings(pair)),
        section("What changed", &causes(pair)),
        section("What it did", &metrics(pair)),
        section("What they are", &facts_of_both(pair)),
        pictures(&picture::pictures(&sides)),
        section("Made again", &again(pair)),
        folded("Data of A", &data(&pair.a)),
        folded("Data of B", &data(&pair.b)),
    );
    let title = format!(
        "{} {} → {} {}",
        a.experiment,
        a.run.short(),
        b.experiment,
        b.run.short()
    );
    page(&title, &style(), &body)
}

/// Whether both were judged by the same rows.
fn rows_of_both(pair: &Pair) -> String {
    let (a, b) = (pair.a.report.test, pair.b.report.test);
    let Some(changes) = &pair.diff.predictions else {
        return format!("A has {}, B {}.", plural(a, "test row"), count(b));
    };
    let common = changes.compared;
    let rows = match (common == a, common == b) {
        (true, true) => format!("Both have the same {}", plural(a, "test row")),
        _ => format!(
            "The test rows are not the same: A has {}, B {}, of which {} are common",
            count(a),
            count(b),
            count(common)
        ),
    };
    let relabelled = match changes.relabelled {
        0 => String::new(),
        some => format!(", {} with another label", count(some)),
    };
    // Another number is predicted for most rows; only classes flip.
    let flipped = match pair.a.task() {
        Task::Regression => String::new(),
        _ => format!(", {} flipped", count(changes.flipped)),
    };
    format!(
        "{rows}{relabelled}. {} of them moved{flipped}.",
        count(changes.changed)
    )
}

fn warnings(pair: &Pair) -> Vec<String> {
    let of = |letter: &str, portrait: &Portrait| -> Vec<String> {
        let warnings = portrait.report.warnings.iter();
        warnings
            .map(|warning| format!("{letter}: {warning}"))
            .collect()
    };
    [of("A", &pair.a), of("B", &pair.b)].concat()
}

/// What `diff` found, the causes before what only explains.
fn causes(pair: &Pair) -> String {
    if pair.diff.a == pair.diff.b {
        return "<p>Both are the same run.</p>\n".to_string();
    }
    let rows: Vec<Vec<String>> = pair.diff.inputs.iter().map(cause).collect();
    let same: Vec<&str> = InputKind::ALL
        .into_iter()
        .filter(|kind| pair.diff.inputs.iter().all(|input| input.kind != *kind))
        .map(InputKind::as_str)
        .collect();
    let same = match same.is_empty() {
        true => String::new(),
        false => format!("<p class=\"quiet\">{}: the same.</p>\n", same.join(", ")),
    };
    table(&[("", false), ("A → B", false)], &rows) + &same
}

fn cause(input: &InputDifference) -> Vec<String> {
    let detail = match &input.table {
        None => escaped(&input.detail),
        Some(change) => change_words(change),
    };
    let place = input.at.as_deref();
    let place = place.map_or(String::new(), |at| format!("<br>{}", code(at)));
    let kind = input.kind.as_str();
    vec![
        format!(
            "<span class=\"quiet\">{kind}</span><br>{}",
            code(&input.name)
        ),
        detail + &place,
    ]
}

/// So many columns of a table are named.
const COLUMNS: usize = 10;

fn change_words(change: &TableChange) -> String {
    let mut lines = vec![match change.is_same() {
        true => format!("{}: the same rows", dates_words(change)),
        false => format!("{}: {}", dates_words(change), rows_words(change)),
    }];
    lines.extend(change.columns.iter().take(COLUMNS).map(column_words));
    if change.columns.len() > COLUMNS {
        let more = (change.columns.len() - COLUMNS) as u64;
        lines.push(format!("and {}", plural(more, "more column")));
    }
    let lines: Vec<String> = lines.iter().map(|line| escaped(line)).collect();
    lines.join("<br>")
}

fn metrics(pair: &Pair) -> String {
    let rank = |name: &str| METRICS.iter().position(|metric| *metric == name);
    let mut ordered: Vec<&MetricPair> = pair.diff.metrics.iter().collect();
    ordered.sort_by_key(|metric| rank(&metric.name).unwrap_or(usize::MAX));
    let rows: Vec<Vec<String>> = ordered
        .into_iter()
        .map(|metric| metric_row(pair, metric))
        .collect();
    let header = [("", false), ("A", true), ("B", true), ("B − A", true)];
    let method = match pair.a.task() {
        Task::Binary => "DeLong for auc, a paired bootstrap for the others",
        _ => "a paired bootstrap",
    };
    let about = format!(
        "<p class=\"quiet\">Below a difference, where it lies with 95 % on the test rows that both have: {method}. \
         Where a pointer rests on a value, the interval of that value.</p>\n"
    );
    table(&header, &rows) + &about
}

fn metric_row(pair: &Pair, metric: &MetricPair) -> Vec<String> {
    let side = |portrait: &Portrait, value: Option<f64>| {
        let intervals = &portrait.view.intervals;
        let interval = interval(intervals.get(metric.name.as_str()));
        let value = value.map_or("–".to_string(), fixed);
        format!("<span title=\"{interval}\">{value}</span>")
    };
    let delta = match metric.delta {
        Some(0.0) => "the same".to_string(),
        Some(delta) => signed(delta),
        None => "–".to_string(),
    };
    let noise = metric.noise.as_ref().map_or(String::new(), |noise| {
        let verdict = match noise.beyond {
            true => "<span class=\"beyond\">beyond noise</span>",
            false => "within noise",
        };
        let (low, high) = (signed(noise.low), signed(noise.high));
        format!(" {verdict}<br><span class=\"quiet\">{low} … {high}</span>")
    });
    vec![
        breakable(&metric.name),
        side(&pair.a, metric.a),
        side(&pair.b, metric.b),
        delta + &noise,
    ]
}

fn facts_of_both(pair: &Pair) -> String {
    let (a, b) = (facts(&pair.a), facts(&pair.b));
    let of_b = |name: &str| {
        let found = b.iter().find(|(other, _)| *other == name);
        found.map_or("–".to_string(), |(_, words)| words.clone())
    };
    let mut rows: Vec<Vec<String>> = a
        .iter()
        .map(|(name, words)| vec![(*name).to_string(), words.clone(), of_b(name)])
        .collect();
    let only_b = b
        .iter()
        .filter(|(name, _)| a.iter().all(|(other, _)| other != name));
    rows.extend(
        only_b.map(|(name, words)| vec![(*name).to_string(), "–".to_string(), words.clone()]),
    );
    table(&[("", false), ("A", false), ("B", false)], &rows)
}

fn again(pair: &Pair) -> String {
    let [a, b] = [&pair.a, &pair.b].map(|portrait| portrait.known().run.short());
    let again = commands(&[
        format!("streamflow replay {a}"),
        format!("streamflow replay {b}"),
        format!("streamflow diff {a} {b} --attribute"),
    ]);
    format!(
        "{again}<p class=\"quiet\">Each run executed again and compared with what it gave; then what moved the \
         metrics, split by cause.</p>\n"
    )
}
