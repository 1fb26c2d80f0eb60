//! What a shadow showed: two runs on the same requests.

use serde_json::{Value, json};

use super::style::{Table, bold, count, dim, fixed, plural, signed, yellow};
use crate::compared::{Both, Difference, Evidence, Latency, Side};
use crate::hash::Digest;

/// Classes that have a row and a column of their own on a screen.
const CLASSES: usize = 8;

/// `{"pairs":[…]}`, the one that was compared last first.
pub fn shadow_document(pairs: &[Evidence]) -> Value {
    json!({ "pairs": pairs.iter().map(document).collect::<Vec<_>>() })
}

fn document(found: &Evidence) -> Value {
    let predictions = found.predictions.iter().map(|((production, staged), times)| {
        json!({ "production": production, "staged": staged, "entities": times })
    });
    let silent = found
        .silent
        .iter()
        .map(|((side, why), times)| json!({ "by": side, "reason": why, "entities": times }));
    json!({
        "model": found.runs.model,
        "run": found.runs.run,
        "staged": found.runs.staged,
        "from": found.from.to_string(),
        "to": found.to.to_string(),
        "compared": found.compared,
        "agreed": found.agreed,
        "agreement": found.agreement(),
        "predictions": predictions.collect::<Vec<_>>(),
        "answered_by": found.answered_by,
        "silent": silent.collect::<Vec<_>>(),
        "difference": found.difference,
        "latency_microseconds": found.latency,
        "most": found.most,
    })
}

/// A screen for each pair of runs.
pub fn shadow_text(pairs: &[Evidence]) -> String {
    let screens: Vec<String> = pairs.iter().map(screen).collect();
    screens.join("\n")
}

fn screen(found: &Evidence) -> String {
    let (run, staged) = (found.runs.run.short(), found.runs.staged.short());
    let model = bold(&found.runs.model);
    let mut text = format!("{model}   production {run}   staged {staged}\n");
    text.push_str(&facts(found));
    if let Some(table) = predictions(found) {
        text = text + "\n" + &table;
    }
    if let Some(difference) = &found.difference {
        text = text + "\n" + &scores(difference);
    }
    if found.latency.p50 != Both::default() {
        text = text + "\n" + &latency(&found.latency);
    }
    if !found.most.is_empty() {
        text = text + "\n" + &most(found);
    }
    text
}

fn facts(found: &Evidence) -> String {
    let mut table = Table::default();
    let (from, to) = (found.from.to_minute(), found.to.to_minute());
    let entities = match found.compared {
        1 => "1 entity".to_string(),
        many => format!("{} entities", count(many)),
    };
    table.row().left("compared");
    table.left(format!("{entities}, {from} to {to} UTC"));
    let Both { production, staged } = found.answered_by;
    table.row().left("answered by");
    table.left(format!(
        "production {}, staged {}",
        count(production),
        count(staged)
    ));
    if let Some(agreement) = found.agreement() {
        let others = found.compared - found.agreed;
        let words = format!("{:.2} %", agreement * 100.0);
        let others = match others {
            0 => "all predict the same".to_string(),
            others => format!("{} of {} do not", count(others), count(found.compared)),
        };
        table
            .row()
            .left("agree")
            .left(format!("{words}   {others}"));
    }
    for ((side, why), times) in &found.silent {
        let who = match side {
            Side::Production => "production",
            Side::Staged => "staged",
        };
        let why = why.replace('_', " ");
        table.row().left("no answer");
        table.left(yellow(format!("{who}: {}, {why}", plural(*times, "time"))));
    }
    table.render(2)
}

/// How often each pair of predictions was made; none for numbers, and for very many classes.
fn predictions(found: &Evidence) -> Option<String> {
    let mut classes: Vec<&String> = found
        .predictions
        .keys()
        .flat_map(|(production, staged)| [production, staged])
        .collect();
    classes.sort();
    classes.dedup();
    if classes.is_empty() || classes.len() > CLASSES {
        return None;
    }
    let mut table = Table::default();
    table.row().left("");
    for class in &classes {
        table.right(dim(format!("staged {class}")));
    }
    for production in &classes {
        table.row().left(format!("production {production}"));
        for staged in &classes {
            let both = ((*production).clone(), (*staged).clone());
            let times = found.predictions.get(&both).copied().unwrap_or_default();
            table.right(count(times));
        }
    }
    Some(table.render(2))
}

fn scores(found: &Difference) -> String {
    let mut table = Table::default();
    table
        .row()
        .left("")
        .right(dim("production"))
        .right(dim("staged"));
    table.right(dim("difference")).right(dim("absolute"));
    table.row().left("mean score");
    table.right(fixed(found.scores.production));
    table.right(fixed(found.scores.staged));
    table
        .right(signed(found.mean))
        .right(fixed(found.mean_absolute));
    let mut text = table.render(2);
    let at = &found.quantiles;
    let mut table = Table::default();
    table.row().left("");
    for share in ["1 %", "5 %", "50 %", "95 %", "99 %"] {
        table.right(dim(share));
    }
    table.row().left("differences up to");
    for value in [at.p1, at.p5, at.p50, at.p95, at.p99] {
        table.right(signed(value));
    }
    text.push_str(&table.render(2));
    let (psi, effect) = (fixed(found.psi), fixed(found.effect));
    text + &format!("  both distributions: PSI {psi}, effect {effect}\n")
}

fn latency(found: &Latency) -> String {
    let shown =
        |micros: Option<f64>| micros.map_or("-".to_string(), |micros| format!("{micros:.1} µs"));
    let mut table = Table::default();
    table
        .row()
        .left("")
        .right(dim("production"))
        .right(dim("staged"));
    for (name, both) in [("latency p50", found.p50), ("latency p99", found.p99)] {
        table.row().left(name);
        table
            .right(shown(both.production))
            .right(shown(both.staged));
    }
    table.render(2)
}

fn most(found: &Evidence) -> String {
    let mut table = Table::default();
    table.row().left(dim("most apart"));
    table
        .right(dim("production"))
        .right(dim("staged"))
        .right(dim("difference"));
    let said = |prediction: &Option<String>, score: f64| match prediction {
        Some(class) => format!("{class}  {}", fixed(score)),
        None => fixed(score),
    };
    for one in &found.most {
        table.row().left(escaped(&one.entity));
        table.right(said(&one.prediction.production, one.score.production));
        table.right(said(&one.prediction.staged, one.score.staged));
        table.right(signed(one.difference));
    }
    table.render(2)
}

/// What a client wrote, on one line.
fn escaped(entity: &str) -> String {
    entity.chars().flat_map(char::escape_debug).collect()
}
