//! Two runs side by side: what changed, causes first; then what it did.

mod data;

use self::data::data_text;
pub(super) use self::data::{change_text, column_words, dates_words, rows_words};
use super::answers::mark;
use super::style::{
    Table, WIDTH, bold, count, dim, dim_lines, fixed, plural, signed, width, wrap, yellow,
};
use crate::definition::{METRICS, Task};
use crate::hash::Digest;
use crate::run::{
    CommitsBetween, Disagreement, FEWEST_ROWS, FileDiff, InputDifference, InputKind, KnownRun,
    MetricPair, NoiseMethod, RunDiff, short,
};

/// The screen of `diff`.
pub fn diff_text(diff: &RunDiff, a: &KnownRun, b: &KnownRun) -> String {
    let mut text = headline("a", a);
    text.push_str(&headline("b", b));
    if diff.a == diff.b {
        text.push_str("\nBoth are the same run.\n");
    }
    text.push_str("\nwhat changed\n");
    for input in inputs_of(diff, |kind| kind == InputKind::Data) {
        text.push_str(&data_text(input));
    }
    text.push_str(&declared_text(diff));
    text.push_str(&commits_text(&diff.commits));
    text.push_str(&same_text(&diff.inputs));
    for file in &diff.definitions {
        text.push_str(&file_text(file));
    }
    text.push_str("\nwhat it did\n");
    text.push_str(&metrics_text(&diff.metrics));
    text.push_str(&outputs_text(diff));
    text.push_str(&predictions_text(diff));
    text
}

fn headline(side: &str, known: &KnownRun) -> String {
    let dates: Vec<String> = known.as_of().iter().map(ToString::to_string).collect();
    let metrics = known.metrics();
    let main = Task::main_metric_among(|name| metrics.contains_key(name));
    let main = main.map_or(String::new(), |name| {
        format!("   {name} {}", fixed(metrics[name]))
    });
    let two = Disagreement::of(known).map_or(String::new(), |disagreement| {
        format!("   {} (`streamflow show`)\n", mark(&disagreement))
    });
    format!(
        "{side}  {}  {}  {}{main}\n{two}",
        known.run.short(),
        bold(&known.experiment),
        dates.join(", ")
    )
}

fn inputs_of(
    diff: &RunDiff,
    wanted: impl Fn(InputKind) -> bool,
) -> impl Iterator<Item = &InputDifference> {
    diff.inputs.iter().filter(move |input| wanted(input.kind))
}

/// Declared values with the place they stand at, then what only explains.
fn declared_text(diff: &RunDiff) -> String {
    let inputs: Vec<&InputDifference> = inputs_of(diff, |kind| kind != InputKind::Data).collect();
    let mut text = String::new();
    for together in inputs.chunk_by(|a, b| is_narrow(a) && is_narrow(b)) {
        let table = one_line_each(together);
        match fits(&table) {
            true => text.push_str(&table),
            false => text.extend(together.iter().map(|input| alone(input))),
        }
    }
    text
}

/// Whether value and place leave room for the columns of others.
fn is_narrow(input: &InputDifference) -> bool {
    const ROOM: usize = 14;
    let place = input.at.as_deref().map_or(0, |at| 2 + width(at));
    width(&input.name) + width(&input.detail) + place + ROOM <= WIDTH
}

fn one_line_each(inputs: &[&InputDifference]) -> String {
    let mut table = Table::default();
    for input in inputs {
        table
            .row()
            .left(kind_word(input))
            .left(&input.name)
            .left(&input.detail)
            .left(place(input));
    }
    table.render(2)
}

/// One line, or the value and the place below the name where a line has no room for them.
fn alone(input: &InputDifference) -> String {
    let line = one_line_each(&[input]);
    if fits(&line) {
        return line;
    }
    let line = format!("      {}  {}\n", input.detail, place(input));
    let below = match fits(&line) {
        true => line,
        false => format!("      {}\n      {}\n", input.detail, place(input)),
    };
    format!("  {}  {}\n{below}", kind_word(input), input.name)
}

fn fits(text: &str) -> bool {
    text.lines().all(|line| width(line.trim_end()) <= WIDTH)
}

fn place(input: &InputDifference) -> String {
    input.at.as_ref().map_or(String::new(), dim)
}

/// Causes stand out; what only explains does not. As wide as most kinds, so that the names of
/// all lines begin at one column.
fn kind_word(input: &InputDifference) -> String {
    let word = format!("{:<10}", input.kind.as_str());
    match input.kind {
        InputKind::Code | InputKind::Environment => dim(word),
        _ => yellow(word),
    }
}

/// So many commits of each side are shown.
const COMMITS: usize = 5;

fn commits_text(commits: &CommitsBetween) -> String {
    let mut text = String::new();
    for (sign, list) in [('+', &commits.only_b), ('−', &commits.only_a)] {
        for commit in list.iter().take(COMMITS) {
            let line = format!("    {sign} {}  {}", commit.id.short(), commit.subject);
            text.push_str(&format!("{}\n", dim(line)));
        }
        if list.len() > COMMITS {
            let more = (list.len() - COMMITS) as u64;
            let line = format!("    {sign} {}", plural(more, "earlier commit"));
            text.push_str(&format!("{}\n", dim(line)));
        }
    }
    text
}

fn same_text(inputs: &[InputDifference]) -> String {
    let same: Vec<&str> = InputKind::ALL
        .into_iter()
        .filter(|kind| inputs.iter().all(|input| input.kind != *kind))
        .map(InputKind::as_str)
        .collect();
    match same.is_empty() {
        true => String::new(),
        false => dim_lines(&wrap("  ", &format!("{}: the same", same.join(", ")))),
    }
}

/// So many lines of a file are shown.
const LINES: usize = 12;

fn file_text(file: &FileDiff) -> String {
    let mut text = format!("\n{}\n", file.path);
    for line in file.lines.iter().take(LINES) {
        let (sign, number) = match (line.a, line.b) {
            (Some(number), _) => ('−', number),
            (None, number) => ('+', number.unwrap_or(0)),
        };
        text.push_str(&format!("  {sign} {number:>4}  {}\n", line.text));
    }
    if file.lines.len() > LINES {
        let more = (file.lines.len() - LINES) as u64;
        text.push_str(&format!(
            "  {}\n",
            dim(format!("and {}", plural(more, "more line")))
        ));
    }
    text
}

fn metrics_text(metrics: &[MetricPair]) -> String {
    let mut table = Table::default();
    let value = |value: Option<f64>| value.map_or("–".to_string(), fixed);
    let rank = |name: &str| METRICS.iter().position(|metric| *metric == name);
    let mut ordered: Vec<&MetricPair> = metrics.iter().collect();
    ordered.sort_by_key(|metric| rank(&metric.name).unwrap_or(usize::MAX));
    for metric in &ordered {
        let delta = match metric.delta {
            Some(0.0) => dim("the same"),
            Some(delta) => signed(delta),
            None => "–".to_string(),
        };
        table
            .row()
            .left(metric.name.clone())
            .right(format!("{} → {}", value(metric.a), value(metric.b)))
            .right(delta);
        if let Some(noise) = &metric.noise {
            table
                .right(dim(format!(
                    "{} … {}",
                    signed(noise.low),
                    signed(noise.high)
                )))
                .left(match noise.beyond {
                    true => yellow("beyond noise"),
                    false => "within noise".to_string(),
                });
        }
    }
    table.render(2) + &noise_words(&ordered) + &band_words(&ordered)
}

/// What other seeds would have moved, of each metric that moved.
fn band_words(metrics: &[&MetricPair]) -> String {
    let names = |within: bool| -> Vec<&str> {
        let judged = metrics
            .iter()
            .filter(|metric| metric.band.is_some_and(|band| band.within == within));
        judged.map(|metric| metric.name.as_str()).collect()
    };
    let (within, beyond) = (names(true), names(false));
    let mut text = String::new();
    if !within.is_empty() {
        let words = format!("within run-to-run noise: {}", within.join(", "));
        text.push_str(&wrap("  ", &words));
    }
    if !beyond.is_empty() {
        let words = format!(
            "{}: {}",
            yellow("beyond run-to-run noise"),
            beyond.join(", ")
        );
        text.push_str(&wrap("  ", &words));
    }
    text
}

/// Which method said so.
fn noise_words(metrics: &[&MetricPair]) -> String {
    let judged = || metrics.iter().filter_map(|metric| metric.noise.as_ref());
    let Some(rows) = judged().map(|noise| noise.rows).next() else {
        return String::new();
    };
    let delong = judged().find_map(|noise| noise.p);
    let bootstrap = judged().any(|noise| noise.method == NoiseMethod::Bootstrap);
    let p = delong.map(|p| match p < 0.001 {
        true => "DeLong (auc, p < 0.001)".to_string(),
        false => format!("DeLong (auc, p = {p:.3})"),
    });
    let bootstrap = bootstrap.then(|| "paired bootstrap".to_string());
    let methods: Vec<String> = p.into_iter().chain(bootstrap).collect();
    let words = format!(
        "95 % intervals on {}: {}",
        plural(rows, "common test row"),
        methods.join(", ")
    );
    dim_lines(&wrap("  ", &words))
}

fn outputs_text(diff: &RunDiff) -> String {
    let mut table = Table::default();
    for output in &diff.outputs {
        let side = |hash: &Option<String>| hash.as_deref().map_or("–".to_string(), short);
        let sides = match output.same {
            true => format!("{}   {}", side(&output.a), dim("the same")),
            false => format!("{} → {}", side(&output.a), side(&output.b)),
        };
        table.row().left(output.name).left(sides);
    }
    table.render(2)
}

fn predictions_text(diff: &RunDiff) -> String {
    let Some(changes) = &diff.predictions else {
        let other_task = diff.inputs.iter().any(|input| input.name == "label.task");
        let words = match other_task {
            true => "predictions cannot be compared: the runs predict for different tasks",
            false => "predictions cannot be compared: those of one run are not in this store",
        };
        return format!("  {}\n", dim(words));
    };
    let mut text = format!(
        "  {} of {} moved, {} flipped",
        count(changes.changed),
        plural(changes.compared, "common test row"),
        count(changes.flipped)
    );
    if changes.relabelled > 0 {
        text.push_str(&format!(
            ", {} with another label",
            count(changes.relabelled)
        ));
    }
    text.push('\n');
    if changes.changed > 0 && changes.compared < FEWEST_ROWS as u64 {
        let words = format!("  with fewer than {FEWEST_ROWS} of them nothing is said of noise");
        text.push_str(&format!("{}\n", dim(words)));
    }
    if changes.largest.is_empty() {
        return text;
    }
    let mut table = Table::default();
    for moved in &changes.largest {
        let date = moved.as_of.map_or(String::new(), |date| format!(" {date}"));
        table
            .row()
            .left(format!("{}{date}", moved.entity))
            .right(format!("{} → {}", fixed(moved.a), fixed(moved.b)))
            .right(signed(moved.b - moved.a))
            .left(if moved.flipped { "flipped" } else { "" });
    }
    text + "  the largest moves\n" + &table.render(4)
}
