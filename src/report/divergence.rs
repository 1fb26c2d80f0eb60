//! What the first diverging step gave otherwise, in words.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

use super::style::{Table, WIDTH, bold, count, dim, plural, wrap};
use crate::learn::ModelDifference;
use crate::run::{CellChange, Divergence, Found, RowChanges, ScoreChanges, SideChanges, short};

/// The step, the difference with examples, and what else is not as it was.
pub fn divergence_text(divergence: &Divergence) -> String {
    let mut text = format!(
        "  first to give something else: {}\n",
        bold(divergence.step)
    );
    text.push_str(&match &divergence.found {
        Found::Gone { why } => wrap(
            "    ",
            &format!("the two outputs cannot be compared: {why}"),
        ),
        Found::Rows(rows) => rows_text(rows),
        Found::Sides(sides) => sides_text(sides),
        Found::Model { model } => model_text(model),
        Found::Scores(scores) => scores_text(scores),
        Found::Metrics { metrics } => {
            let mut table = Table::default();
            for pair in metrics {
                let sides = format!("{} → {}", pair.before, pair.now);
                table.row().left(pair.name.clone()).left(sides);
            }
            table.render(4)
        }
    });
    text.push_str("  what else is not as it was\n");
    text.push_str(&circumstances_text(divergence));
    text
}

fn circumstances_text(divergence: &Divergence) -> String {
    let mut table = Table::default();
    for pair in &divergence.environment {
        let sides = format!("{} → {}", short(&pair.before), short(&pair.now));
        table.row().left(pair.name.clone()).left(sides);
    }
    if divergence.environment.is_empty() {
        table.row().left("environment").left(dim("the same"));
    }
    let threads = divergence.threads;
    let sides = match threads.before {
        Some(before) => format!("{before} → {}", threads.now),
        None => threads.now.to_string(),
    };
    table.row().left("threads").left(sides);
    table.render(4)
}

fn rows_text(rows: &RowChanges) -> String {
    let mut text = format!(
        "    of {}: {} changed, {} added, {} removed\n",
        plural(rows.rows as u64, "row"),
        count(rows.changed as u64),
        count(rows.added as u64),
        count(rows.removed as u64),
    );
    let mut table = Table::default();
    for (column, rows) in rows.columns.iter().take(10) {
        table
            .row()
            .left(column.to_string())
            .left(plural(*rows, "row"));
    }
    text.push_str(&table.render(4));
    text + &examples_text(&rows.examples)
}

fn sides_text(sides: &SideChanges) -> String {
    let text = format!(
        "    of {}: {} moved to test, {} to train, {} added, {} removed\n",
        plural(sides.rows as u64, "row"),
        count(sides.to_test as u64),
        count(sides.to_train as u64),
        count(sides.added as u64),
        count(sides.removed as u64),
    );
    text + &examples_text(&sides.examples)
}

fn scores_text(scores: &ScoreChanges) -> String {
    let text = format!(
        "    {} of {} test rows moved, at most by {}, by {} in the mean\n",
        count(scores.moved as u64),
        count(scores.compared as u64),
        number(scores.largest),
        number(scores.mean),
    );
    text + &examples_text(&scores.examples)
}

fn examples_text(examples: &[CellChange]) -> String {
    let mut table = Table::default();
    for example in examples {
        let (what, sides) = match &example.column {
            Some(column) => (
                column.to_string(),
                format!("{} → {}", words(&example.before), words(&example.now)),
            ),
            None if example.now.is_null() => ("the row".to_string(), "removed".to_string()),
            None => ("the row".to_string(), "added".to_string()),
        };
        table
            .row()
            .left(words(&example.entity))
            .left(words(&example.as_of))
            .left(what)
            .left(sides);
    }
    table.render(6)
}

fn model_text(model: &ModelDifference) -> String {
    let mut table = Table::default();
    match model {
        ModelDifference::Tree { .. } => return tree_text(model),
        ModelDifference::Coefficient {
            name,
            before,
            now,
            by,
            differ,
            of,
        } => {
            table
                .row()
                .left(name.clone())
                .left(format!("{before:?} → {now:?}"));
            return table.render(4)
                + &format!(
                    "    by {}; {differ} of {of} coefficients differ\n",
                    number(*by)
                );
        }
        ModelDifference::Rate { before, now, by } => {
            return format!("    class rate {before:?} → {now:?}, by {}\n", number(*by));
        }
        ModelDifference::Encoder {
            feature,
            before,
            now,
        } => {
            let text = format!("    the encoding of {feature}\n");
            return text + &leaves_text(before, now);
        }
        ModelDifference::Importance {
            column,
            before,
            now,
        } => {
            table
                .row()
                .left(format!("importance of {column}"))
                .left(format!("{before:?} → {now:?}"));
        }
        ModelDifference::Parameters { before, now } => {
            return "    parameters\n".to_string() + &leaves_text(before, now);
        }
        ModelDifference::Features { before, now } => {
            for feature in before.iter().filter(|feature| !now.contains(feature)) {
                table.row().left("only before").left(feature.clone());
            }
            for feature in now.iter().filter(|feature| !before.contains(feature)) {
                table.row().left("only now").left(feature.clone());
            }
        }
        ModelDifference::File => {
            return "    the files differ, what they say does not\n".to_string();
        }
    }
    table.render(4)
}

/// The first node that is another, and how many trees are.
fn tree_text(model: &ModelDifference) -> String {
    let ModelDifference::Tree {
        tree,
        node,
        before,
        now,
        trees,
    } = model
    else {
        return String::new();
    };
    let mut table = Table::default();

    let mut text = format!(
        "    tree {tree} of {}, node {node} in preorder\n",
        trees.now
    );
    table.row().left("before").left(node_words(before));
    table.row().left("now").left(node_words(now));
    text.push_str(&table.render(6));
    let fewer = match trees.before == trees.now {
        true => String::new(),
        false => format!(
            "; before there were {}",
            plural(trees.before as u64, "tree")
        ),
    };
    text + &format!(
        "    {} differ{fewer}\n",
        plural(trees.differ as u64, "tree")
    )
}

/// The parts in which two JSON values differ, a few at most, each on a line of a screen.
fn leaves_text(before: &Value, now: &Value) -> String {
    let (mut old, mut new) = (BTreeMap::new(), BTreeMap::new());
    leaves("", before, &mut old);
    leaves("", now, &mut new);
    let paths: BTreeSet<&String> = old.keys().chain(new.keys()).collect();
    let side = |leaves: &BTreeMap<String, String>, path: &str| {
        leaves.get(path).cloned().unwrap_or("nothing".to_string())
    };
    let mut table = Table::default();
    for path in paths
        .into_iter()
        .filter(|path| old.get(*path) != new.get(*path))
        .take(5)
    {
        let sides = format!("{} → {}", side(&old, path), side(&new, path));
        table.row().left(path.trim_start_matches('.')).left(sides);
    }
    let clipped = |line: &str| match line.chars().count() > WIDTH {
        true => line.chars().take(WIDTH - 1).chain(['…']).collect(),
        false => line.to_string(),
    };
    let text = table.render(6);
    text.lines().map(|line| clipped(line) + "\n").collect()
}

fn leaves(path: &str, value: &Value, found: &mut BTreeMap<String, String>) {
    match value {
        Value::Object(fields) => {
            for (name, value) in fields {
                leaves(&format!("{path}.{name}"), value, found);
            }
        }
        Value::Array(items) => {
            for (at, value) in items.iter().enumerate() {
                leaves(&format!("{path}.{at}"), value, found);
            }
        }
        other => {
            found.insert(path.to_string(), words(other));
        }
    }
}

/// `usage.hours ≤ 10.5`, `leaf 0.25`, `no such node`.
fn node_words(node: &Value) -> String {
    match (node.get("column"), node.get("threshold"), node.get("leaf")) {
        (Some(column), Some(threshold), _) => format!("{} ≤ {threshold}", words(column)),
        (_, _, Some(leaf)) => format!("leaf {leaf}"),
        _ => "no such node".to_string(),
    }
}

/// Texts as they are, everything else as JSON writes it.
fn words(value: &Value) -> String {
    value
        .as_str()
        .map_or_else(|| value.to_string(), ToString::to_string)
}

/// Three digits that count: a last bit is as visible as half a percent.
fn number(value: f64) -> String {
    match value.abs() {
        0.0 => "0".to_string(),
        size if size < 0.0005 => format!("{value:.2e}"),
        _ => format!("{value:.4}"),
    }
}
