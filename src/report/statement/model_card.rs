//! A model card: Mitchell et al., Model Cards for Model Reporting, 2019. Markdown, with the metadata
//! block that the Hugging Face hub reads (`model-index`).
//!
//! What only people can say (what the model is meant for, whom it may harm) stands as sections that
//! are visibly empty: a card that was generated must not look finished.

use std::fmt::Write;

use serde_json::json;

use crate::definition::{METRICS, Task};
use crate::hash::Digest;
use crate::report::style::count;
use crate::run::{Report, Statement, short};

/// The card as Markdown.
pub fn model_card(statement: &Statement) -> String {
    let mut text = metadata(statement);
    write(&mut text, &format!("# {}\n", inline(&name(statement))));
    if !statement.description.is_empty() {
        write(&mut text, &format!("{}\n", inline(&statement.description)));
    }
    write(&mut text, &run(statement));
    for (title, question) in TO_BE_FILLED[..2].iter() {
        write(&mut text, &empty(title, question));
    }
    write(&mut text, &metrics(statement));
    write(&mut text, &data(statement));
    write(&mut text, &features(statement));
    write(&mut text, &training(statement));
    for (title, question) in TO_BE_FILLED[2..].iter() {
        write(&mut text, &empty(title, question));
    }
    write(&mut text, &reproducibility(statement));
    text
}

/// Sections that a program cannot write.
const TO_BE_FILLED: [(&str, &str); 4] = [
    (
        "Intended use",
        "What decisions is it meant to support, and whose?",
    ),
    ("Out-of-scope use", "What must it not be used for?"),
    (
        "Ethical considerations",
        "Whom can a wrong prediction harm, and what was done about it?",
    ),
    (
        "Caveats and recommendations",
        "What should somebody know who did not build it?",
    ),
];

fn write(text: &mut String, section: &str) {
    text.push_str(section);
    text.push('\n');
}

fn empty(title: &str, question: &str) -> String {
    format!("## {title}\n\n> **Not filled in.** {question}\n")
}

fn name(statement: &Statement) -> String {
    let model = statement.registers.as_ref().map(ToString::to_string);
    model.unwrap_or_else(|| statement.known.experiment.to_string())
}

/// YAML between two lines of dashes; its values are JSON, which YAML contains.
fn metadata(statement: &Statement) -> String {
    let metrics: Vec<_> = METRICS
        .iter()
        .filter_map(|name| {
            let value = statement.known.metrics().get(*name)?;
            Some(json!({ "type": name, "value": value }))
        })
        .collect();
    let label = &statement.spec.label;
    let dates: Vec<String> = statement
        .spec
        .as_of
        .iter()
        .map(ToString::to_string)
        .collect();
    let index = json!([{
        "name": name(statement),
        "results": [{
            "task": { "type": task_type(statement) },
            "dataset": {
                "type": label.table,
                "name": format!("{}.{} at {}", label.table, label.column, dates.join(", ")),
            },
            "metrics": metrics,
        }],
    }]);
    format!(
        "---\nlibrary_name: streamflow\ntags:\n- {}\nmodel-index: {index}\n---\n",
        task_type(statement)
    )
}

/// The hub's word for the task.
fn task_type(statement: &Statement) -> &'static str {
    match statement.spec.label.task {
        Task::Binary | Task::Multiclass => "tabular-classification",
        Task::Regression => "tabular-regression",
    }
}

fn run(statement: &Statement) -> String {
    let known = statement.known;
    let mut rows = vec![
        ["run".to_string(), code(&known.run.to_string())],
        ["experiment".to_string(), code(known.experiment.as_str())],
        ["estimator".to_string(), code(statement.spec.model.kind)],
    ];
    for artefact in &statement.artefacts {
        rows.push([
            artefact.name.as_str().to_string(),
            format!(
                "{} bytes, SHA-256 {}",
                count(artefact.size),
                code(&artefact.sha256.to_string())
            ),
        ]);
    }
    format!("## Model\n\n{}", table(["", ""], &rows))
}

/// Beside the prior: what knowing nothing but the share of true labels scores on the same rows.
fn metrics(statement: &Statement) -> String {
    let report = &statement.report;
    let value = |values: &std::collections::BTreeMap<String, f64>, name: &str| {
        values
            .get(name)
            .map_or("–".to_string(), |value| format!("{value:.4}"))
    };
    let rows: Vec<[String; 3]> = statement
        .spec
        .label
        .task
        .metrics()
        .iter()
        .map(|name| {
            [
                (*name).to_string(),
                value(&report.metrics, name),
                value(&report.prior_metrics, name),
            ]
        })
        .collect();
    format!(
        "## Metrics\n\nOn {} test rows{}\n\n{}{}",
        count(report.test),
        about_rows(report),
        table(["metric", "this model", "prior"], &rows),
        counts(report),
    )
}

/// `, of which 26.5 % are true; positive from a probability of 0.5 on.`
fn about_rows(report: &Report) -> String {
    match (report.prevalence, report.threshold) {
        (Some(prevalence), Some(threshold)) => format!(
            ", of which {:.1} % are true; positive from a probability of {threshold} on.",
            prevalence * 100.0,
        ),
        _ => ".".to_string(),
    }
}

/// Rows by label and prediction, or how far off numbers are.
fn counts(report: &Report) -> String {
    if let Some(confusion) = &report.confusion {
        let counts = [
            [
                "was false".to_string(),
                count(confusion.true_negatives),
                count(confusion.false_positives),
            ],
            [
                "was true".to_string(),
                count(confusion.false_negatives),
                count(confusion.true_positives),
            ],
        ];
        return format!(
            "\n{}",
            table(["", "predicted false", "predicted true"], &counts)
        );
    }
    if let Some(classes) = &report.classes {
        let row = |(class, name): (usize, &String)| {
            let row = &classes.confusion[class];
            let rows: u64 = row.iter().sum();
            [code(name), count(rows), count(row[class])]
        };
        let rows: Vec<_> = classes.names.iter().enumerate().map(row).collect();
        return format!("\n{}", table(["class", "rows", "predicted so"], &rows));
    }
    let Some(residuals) = &report.residuals else {
        return String::new();
    };
    let rows = [
        ("mean", residuals.mean),
        ("5 % below", residuals.p05),
        ("median", residuals.median),
        ("5 % above", residuals.p95),
    ];
    let rows = rows.map(|(name, value)| [name.to_string(), format!("{value:.4}")]);
    format!("\n{}", table(["label less prediction", ""], &rows))
}

fn data(statement: &Statement) -> String {
    let rows: Vec<[String; 5]> = statement
        .known
        .record
        .data
        .iter()
        .map(|data| {
            let files = data.sources.iter().map(|source| code(&source.path));
            [
                code(data.table.as_str()),
                data.as_of.to_string(),
                count(data.rows),
                code(&short(&data.hash.to_string())),
                files.collect::<Vec<_>>().join(", "),
            ]
        })
        .collect();
    let label = &statement.spec.label;
    format!(
        "## Data\n\nThe label is {}, {} dates ahead.\n\n{}",
        code(&format!("{}.{}", label.table, label.column)),
        label.lead,
        table(
            [
                "table",
                "as of",
                "rows",
                "hash of the columns used",
                "files"
            ],
            &rows
        )
    )
}

/// Each feature with its expression and its share of the importances.
fn features(statement: &Statement) -> String {
    let importances = &statement.report.importances;
    let share = |name: &str| {
        let found = importances.iter().find(|(feature, _)| feature == name);
        found.map_or("–".to_string(), |(_, share)| format!("{share:.4}"))
    };
    let of_tables = statement.spec.features.iter();
    let derived = statement.spec.preprocess.derived.iter();
    let rows: Vec<[String; 3]> = of_tables
        .map(|(name, expression)| (name.to_string(), expression))
        .chain(derived.map(|(name, expression)| (name.to_string(), expression)))
        .map(|(name, expression)| [code(&name), code(expression), share(&name)])
        .collect();
    format!(
        "## Features\n\n{}",
        table(["feature", "expression", "importance"], &rows)
    )
}

/// Every other declared value.
fn training(statement: &Statement) -> String {
    let report = &statement.report;
    let sections = ["split", "preprocess", "model", "evaluate"];
    let rows: Vec<[String; 2]> = statement
        .known
        .record
        .declared
        .within(&sections)
        .iter()
        .map(|(path, value)| [code(path.as_str()), code(&value.to_string())])
        .collect();
    format!(
        "## Training\n\n{} train rows, {} test rows.\n\n{}",
        count(report.train),
        count(report.test),
        table(["declared", "value"], &rows)
    )
}

fn reproducibility(statement: &Statement) -> String {
    let known = statement.known;
    let commit = statement
        .commit
        .as_ref()
        .map_or("none".to_string(), ToString::to_string);
    let mut rows = vec![
        [
            "definitions".to_string(),
            format!("commit {}", code(&commit)),
        ],
        [
            "reproduced".to_string(),
            match statement.is_reproduced() {
                true => "yes: an identical execution without a cache is recorded".to_string(),
                false => "not yet".to_string(),
            },
        ],
    ];
    if let Some(environment) = known.environment() {
        rows.push([
            "environment".to_string(),
            code(&format!(
                "streamflow {}, {}, {}",
                environment.streamflow, environment.target, environment.c_library
            )),
        ]);
    }
    format!(
        "## Reproducibility\n\n{}\n```text\nstreamflow replay {}\n```\n",
        table(["", ""], &rows),
        known.run.short()
    )
}

fn table<const N: usize>(header: [&str; N], rows: &[[String; N]]) -> String {
    let line = |cells: &[String]| format!("| {} |\n", cells.join(" | "));
    let mut text = line(&header.map(ToString::to_string));
    let _ = writeln!(text, "|{}", " --- |".repeat(N));
    for row in rows {
        text.push_str(&line(row));
    }
    text
}

/// A text as Markdown shows it, whatever it holds.
fn inline(text: &str) -> String {
    let mut escaped = String::new();
    for c in text.chars() {
        match c {
            '\n' | '\r' => escaped.push(' '),
            c if c.is_ascii_punctuation() && !",.:;()%/ -'".contains(c) => {
                escaped.push('\\');
                escaped.push(c);
            }
            c => escaped.push(c),
        }
    }
    escaped
}

/// A text as code, in more backticks than it holds; a pipe would end a table's cell all the same.
fn code(text: &str) -> String {
    let text = text.replace(['\n', '\r'], " ").replace('|', "\\|");
    let longest = text.split(|c| c != '`').map(str::len).max().unwrap_or(0);
    let fence = "`".repeat(longest + 1);
    let gap = if longest > 0 { " " } else { "" };
    format!("{fence}{gap}{text}{gap}{fence}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_in_a_name_breaks_the_page() {
        assert_eq!(code("a"), "`a`");
        assert_eq!(code("a`b"), "`` a`b ``");
        assert_eq!(code("a|b\nc"), "`a\\|b c`");
        assert_eq!(inline("<b>*x*_y_|\nz"), "\\<b\\>\\*x\\*\\_y\\_\\| z");
    }
}
