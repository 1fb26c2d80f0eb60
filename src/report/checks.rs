//! What checks found, and rules that are proposed.

use std::collections::BTreeMap;

use serde_json::{Map, Value as Json, json};

use super::expectation::expectation;
use super::style::{Table, WIDTH, bold, count, dim, plural, red, width, wrap, yellow};
use crate::check::{CheckResult, Suggestion};
use crate::definition::{self, Severity, TableName, Value};
use crate::snapshot::{Outcome, Refused, TableSnapshot};

/// So many broken rows of each check are told.
const TOLD: usize = 3;

/// One file with what its checks found.
struct Checked<'a> {
    table: &'a TableName,
    path: &'a str,
    rows: u64,
    checks: &'a [CheckResult],
    quarantined: u64,
    stamped: Option<&'a TableSnapshot>,
}

impl<'a> Checked<'a> {
    /// Files of an outcome: those of one table, or of all.
    fn all(outcome: &'a Outcome, only: Option<&'a TableName>) -> Vec<Self> {
        let names = outcome.tables().into_iter();
        let names = names.filter(|name| only.is_none_or(|only| only == *name));
        names.filter_map(|name| Self::of(outcome, name)).collect()
    }

    /// A refusal that came after the last stamp is the newest there is to say.
    fn of(outcome: &'a Outcome, table: &'a TableName) -> Option<Self> {
        if let Some(refused) = outcome.refused.get(table) {
            let Refused {
                path, rows, checks, ..
            } = refused;
            return Some(Self {
                table,
                path,
                rows: *rows,
                checks,
                quarantined: 0,
                stamped: None,
            });
        }
        let found = outcome.snapshot.as_ref()?.tables.get(table)?;
        let source = found.sources.last()?;
        Some(Self {
            table,
            path: &source.path,
            rows: source.rows,
            checks: &found.checks,
            quarantined: found.quarantined,
            stamped: Some(found),
        })
    }
}

/// Each file with a line for each check, then the rows that broke one.
pub fn checks_text(outcome: &Outcome, only: Option<&TableName>) -> String {
    let files = Checked::all(outcome, only);
    let all = || files.iter().flat_map(|file| file.checks);
    let passed = all().filter(|check| check.passed).count() as u64;
    let revision = match &outcome.snapshot {
        Some(snapshot) => format!(", revision {}", snapshot.revision),
        None => String::new(),
    };
    let verdict = match all().count() as u64 {
        0 => "no checks".to_string(),
        all => format!("{} of {} passed", count(passed), plural(all, "check")),
    };
    let mut text = format!("{}{revision}: {verdict}\n", bold(outcome.as_of));
    for file in &files {
        text.push_str(&file_text(file));
    }
    let as_of = outcome.as_of;
    let aside = files.iter().find(|file| file.quarantined > 0);
    match aside {
        _ if !outcome.refused.is_empty() => text.push_str(&format!(
            "\nnext: mend the file, then `streamflow ingest --as-of {as_of}`\n"
        )),
        Some(file) => text.push_str(&format!(
            "\nnext: `streamflow checks --as-of {as_of} --table {} --quarantined -o FILE`\n",
            file.table
        )),
        None => {}
    }
    text
}

fn file_text(file: &Checked<'_>) -> String {
    let mut facts = vec![plural(file.rows, "row")];
    if file.quarantined > 0 {
        facts.push(yellow(format!("{} quarantined", count(file.quarantined))));
    }
    if file.stamped.is_none() {
        facts.push(red("refused, nothing was stamped"));
    }
    let mut text = format!(
        "\n{}   {}   {}\n",
        bold(file.table),
        file.path,
        facts.join("   ")
    );
    if file.checks.is_empty() {
        return text + &format!("  {}\n", dim("no checks"));
    }
    text.push_str(&table_of(file.checks));
    let broken = file
        .checks
        .iter()
        .filter(|check| !check.examples.is_empty());
    for check in broken {
        text.push_str(&examples_text(check));
    }
    text
}

/// A line for each check: what it looks at, its rule, what was found, and what came of it.
fn table_of(checks: &[CheckResult]) -> String {
    const SUBJECT: usize = 24;
    let cells: Vec<(String, String, String)> = checks
        .iter()
        .map(|check| {
            let subject = shortened(&check.subject(), SUBJECT);
            (subject, found(check), outcome_word(check))
        })
        .collect();
    let widest = |cell: fn(&(String, String, String)) -> &String| {
        cells
            .iter()
            .map(|cells| width(cell(cells)))
            .max()
            .unwrap_or(0)
    };
    let used = 2 + widest(|c| &c.0) + 2 + 2 + widest(|c| &c.1) + 2 + widest(|c| &c.2);
    let left = WIDTH.saturating_sub(used).max(12);
    let mut table = Table::default();
    for (check, (subject, found, word)) in checks.iter().zip(cells) {
        table
            .row()
            .left(subject)
            .left(shortened(&check.rule, left))
            .right(found)
            .left(word);
    }
    table.render(2)
}

/// `4 of 1 972`, or what was observed.
fn found(check: &CheckResult) -> String {
    match check.is_by_row() {
        true => format!(
            "{} of {}",
            count(check.failed as u64),
            count(check.checked as u64)
        ),
        false => shortened(&check.observed_words(), 24),
    }
}

/// What came of a check, in the colour of its severity.
pub(super) fn outcome_word(check: &CheckResult) -> String {
    match (check.passed, check.severity) {
        (true, _) => dim("passed"),
        (false, Severity::Warn) => yellow("warning"),
        (false, Severity::Quarantine) => yellow("quarantined"),
        (false, Severity::Fail) => red("failed"),
    }
}

fn shortened(text: &str, longest: usize) -> String {
    match text.char_indices().nth(longest) {
        None => text.to_string(),
        Some(_) => {
            let kept: String = text.chars().take(longest.saturating_sub(1)).collect();
            format!("{}…", kept.trim_end())
        }
    }
}

fn examples_text(check: &CheckResult) -> String {
    let told = check.examples.iter().take(TOLD);
    let told: Vec<String> = told
        .map(|example| format!("{} (line {})", example.value, example.line))
        .collect();
    let more = check.failed.saturating_sub(told.len());
    let more = match more {
        0 => String::new(),
        more => format!(", and {} more", count(more as u64)),
    };
    let words = format!("{}: {}{more}", check.subject(), told.join(", "));
    wrap("    ", &words)
}

/// What a check that did not find everything in order says in one sentence.
pub(super) fn check_text(table: &str, check: &CheckResult) -> String {
    let word = outcome_word(check);
    let subject = match check.subject().as_str() {
        "the file" => table.to_string(),
        subject => format!("{table}.{subject}"),
    };
    let words = match check.is_by_row() {
        false => format!("{subject} {}: found {}", check.rule, check.observed_words()),
        true => {
            let told = check.examples.iter().take(TOLD);
            let told = told.map(|example| format!("{} (line {})", example.value, example.line));
            format!(
                "{subject} {}: {} of {}, such as {}",
                check.rule,
                count(check.failed as u64),
                plural(check.checked as u64, "row"),
                told.collect::<Vec<_>>().join(", "),
            )
        }
    };
    wrap(&format!("  {word}  "), &words)
}

/// The results of a date, with the fields of a Great Expectations validation result.
pub fn checks_document(outcome: &Outcome, only: Option<&TableName>) -> Json {
    let files = Checked::all(outcome, only);
    let tables: Vec<Json> = files.iter().map(file_document).collect();
    let all: Vec<&CheckResult> = files.iter().flat_map(|file| file.checks).collect();
    json!({
        "as_of": outcome.as_of,
        "revision": outcome.snapshot.as_ref().map(|snapshot| snapshot.revision),
        "hash": outcome.snapshot.as_ref().map(|snapshot| snapshot.hash),
        "success": all.iter().all(|check| check.passed),
        "statistics": statistics(all.iter().copied()),
        "tables": tables,
    })
}

fn file_document(file: &Checked<'_>) -> Json {
    let checks = file.checks.iter();
    let results: Vec<Json> = checks
        .map(|check| check_document(file.table, check))
        .collect();
    json!({
        "table": file.table,
        "file": file.path,
        "rows": file.rows,
        "status": if file.stamped.is_some() { "stamped" } else { "refused" },
        "quarantined": file.quarantined,
        "quarantine": file.stamped.and_then(|found| found.quarantine),
        "success": file.checks.iter().all(|check| check.passed),
        "statistics": statistics(file.checks.iter()),
        "results": results,
    })
}

/// How many checks passed, as Great Expectations counts them.
pub(super) fn statistics<'a>(checks: impl Iterator<Item = &'a CheckResult>) -> Json {
    let (mut passed, mut all) = (0_u64, 0_u64);
    for check in checks {
        all += 1;
        passed += u64::from(check.passed);
    }
    json!({
        "evaluated_expectations": all,
        "successful_expectations": passed,
        "unsuccessful_expectations": all - passed,
        "success_percent": percent(passed as usize, all as usize),
    })
}

/// None of nothing.
fn percent(part: usize, whole: usize) -> Option<f64> {
    (whole > 0).then(|| part as f64 * 100.0 / whole as f64)
}

/// One result: our fields, then those of Great Expectations.
pub(super) fn check_document(table: &TableName, check: &CheckResult) -> Json {
    let mut document = json!({
        "table": table,
        "column": check.column,
        "rule": check.rule,
        "severity": check.severity,
        "mostly": check.mostly,
        "checked": check.checked,
        "failed": check.failed,
        "passed": check.passed,
        "success": check.passed,
        "expectation_config": expectation(check),
        "result": result_document(check),
    });
    if !check.columns.is_empty() {
        document["columns"] = json!(check.columns);
    }
    document
}

fn result_document(check: &CheckResult) -> Json {
    let missing = check.missing.unwrap_or(0);
    let elements = check.checked + missing;
    let mut result = json!({
        "element_count": elements,
        "missing_count": check.missing,
        "missing_percent": check.missing.and_then(|missing| percent(missing, elements)),
    });
    let Json::Object(fields) = &mut result else {
        return result;
    };
    if !check.is_by_row() {
        fields.insert("observed_value".into(), json!(check.observed));
        return result;
    }
    let values = check.examples.iter().map(|example| native(&example.value));
    let lines: Vec<u32> = check.examples.iter().map(|example| example.line).collect();
    let part = percent(check.failed, check.checked);
    let more = [
        ("unexpected_count", json!(check.failed)),
        ("unexpected_percent", json!(part)),
        ("unexpected_percent_nonmissing", json!(part)),
        (
            "unexpected_percent_total",
            json!(percent(check.failed, elements)),
        ),
        ("partial_unexpected_list", values.collect()),
        ("partial_unexpected_lines", json!(lines)),
    ];
    for (key, value) in more {
        fields.insert(key.into(), value);
    }
    result
}

/// A value as messages show it, as JSON has it: numbers as numbers, texts without quotation marks.
fn native(shown: &str) -> Json {
    serde_json::from_str(shown).unwrap_or_else(|_| json!(shown))
}

/// Blocks to paste into the definition of a table, each with what was seen.
pub fn suggestions_text(
    table: &definition::Table,
    path: &str,
    suggestions: &[Suggestion],
) -> String {
    let own = &table.origin.source.path;
    let mut text = comment(&format!(
        "Rules that {path} keeps and {own} does not declare yet. What holds today need not hold \
         tomorrow: keep what is meant, and put it there."
    ));
    let news = news(table, suggestions);
    if news.is_empty() {
        text.push_str("# Nothing more to propose.\n");
    }
    for suggestion in news {
        text.push('\n');
        text.push_str(&comment(&suggestion.seen));
        text.push_str(&block_text(&suggestion.check.block()));
    }
    text
}

/// Those that are not declared yet.
fn news<'a>(table: &definition::Table, suggestions: &'a [Suggestion]) -> Vec<&'a Suggestion> {
    let known = |suggestion: &&Suggestion| {
        let check = &suggestion.check;
        let same = |other: &definition::Check| {
            other.columns == check.columns && other.rule.key() == check.rule.key()
        };
        !table.checks.iter().any(same)
    };
    suggestions.iter().filter(known).collect()
}

/// A sentence in lines of a comment.
fn comment(sentence: &str) -> String {
    let wrapped = wrap("  ", sentence);
    let lines = wrapped.lines().map(|line| format!("# {}\n", line.trim()));
    lines.collect()
}

/// A block of TOML, its values under one another.
fn block_text(block: &[(String, Value)]) -> String {
    let mut lines: Vec<(String, String)> = Vec::new();
    for (key, value) in block {
        match key.split_once('.') {
            None => lines.push((key.clone(), value.to_string())),
            Some((key, below)) => lines.push((key.to_string(), format!("{{ {below} = {value} }}"))),
        }
    }
    let widest = lines.iter().map(|(key, _)| key.len()).max().unwrap_or(0);
    let mut text = "[[checks]]\n".to_string();
    for (key, value) in lines {
        text.push_str(&format!("{key:widest$} = {value}\n"));
    }
    text
}

/// The same for programs: each block as JSON and as TOML.
pub fn suggestions_document(
    table: &definition::Table,
    path: &str,
    suggestions: &[Suggestion],
) -> Json {
    let each = |suggestion: &Suggestion| {
        let block = suggestion.check.block();
        json!({
            "seen": suggestion.seen,
            "check": nested(&block.iter().cloned().collect()),
            "toml": block_text(&block),
        })
    };
    let each: Vec<Json> = news(table, suggestions).into_iter().map(each).collect();
    json!({ "table": table.name, "file": path, "suggestions": each })
}

/// Keys joined by dots as objects in objects.
pub(super) fn nested(block: &BTreeMap<String, Value>) -> Json {
    let mut root = Map::new();
    for (path, value) in block {
        let mut keys = path.split('.').peekable();
        let mut at = &mut root;
        while let Some(key) = keys.next() {
            if keys.peek().is_none() {
                at.insert(key.to_string(), json!(value));
                break;
            }
            let below = at.entry(key).or_insert_with(|| json!({}));
            let Json::Object(below) = below else { break };
            at = below;
        }
    }
    Json::Object(root)
}
