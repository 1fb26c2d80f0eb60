//! What an export to MLflow writes, and wrote.

use serde_json::{Value, json};

use super::style::{Table, bold, dim, green, plural, seconds, size, wrap, yellow};
use crate::hash::Digest;
use crate::http_client::Address;
use crate::mlflow::{Export, Version, Written, WrittenVersion, stage_word};

/// The document of `export RUN --to mlflow`.
pub fn mlflow_document(
    export: &Export,
    written: &Written,
    address: &Address,
    duration: f64,
) -> Value {
    json!({
        "to": "mlflow",
        "uri": address.to_string(),
        "run": export.run,
        "status": written.outcome.as_str(),
        "experiment": written.experiment,
        "experiment_id": written.experiment_id,
        "run_id": written.run_id,
        "url": written.url,
        "written": counts(export),
        "model": export.model.is_some(),
        "model_versions": written.versions,
        "notices": written.notices,
        "seconds": duration,
    })
}

/// The document of `export RUN --to mlflow --dry-run`.
pub fn mlflow_plan_document(export: &Export, address: &Address) -> Value {
    let metrics = export
        .metrics
        .iter()
        .map(|metric| json!({ "name": metric.name, "value": metric.value, "step": metric.step }));
    let versions = export.versions.iter().map(|version| {
        json!({
            "name": version.model,
            "stage": stage_word(version.standing),
            "aliases": version.aliases,
        })
    });
    let files = files(export).map(|(path, bytes)| json!({ "path": path, "bytes": bytes }));
    json!({
        "to": "mlflow",
        "uri": address.to_string(),
        "run": export.run,
        "status": "planned",
        "experiment": export.experiment,
        "params": export.params,
        "metrics": metrics.collect::<Vec<_>>(),
        "tags": export.tags,
        "inputs": export.datasets,
        "files": files.collect::<Vec<_>>(),
        "model": export.model.is_some(),
        "model_versions": versions.collect::<Vec<_>>(),
        "notices": export.notices,
    })
}

fn files(export: &Export) -> impl Iterator<Item = (&str, u64)> {
    let model = export.model.iter().flat_map(|model| &model.files);
    let all = export.files.iter().chain(model);
    all.map(|file| (file.path.as_str(), file.bytes.len() as u64))
}

fn counts(export: &Export) -> Value {
    json!({
        "params": export.params.len(),
        "metrics": export.metrics.len(),
        "tags": export.tags.len(),
        "inputs": export.datasets.len(),
        "files": files(export).count(),
        "bytes": files(export).map(|(_, bytes)| bytes).sum::<u64>(),
    })
}

fn count_words(export: &Export) -> String {
    let bytes = files(export).map(|(_, bytes)| bytes).sum();
    format!(
        "{}, {}, {}, {}, {} of {}",
        plural(export.params.len() as u64, "param"),
        plural(export.metrics.len() as u64, "value") + " of metrics",
        plural(export.tags.len() as u64, "tag"),
        plural(export.datasets.len() as u64, "input"),
        plural(files(export).count() as u64, "file"),
        size(bytes),
    )
}

/// What became of a run there.
pub fn mlflow_text(export: &Export, written: &Written, address: &Address, duration: f64) -> String {
    let mut table = Table::default();
    let mut row = |name: &str, words: String| {
        table.row().left(dim(name)).left(words);
    };
    row("experiment", written.experiment.clone());
    row(
        "run",
        format!("{}   {}", written.run_id, written.outcome.as_str()),
    );
    row("written", count_words(export));
    for version in &written.versions {
        row("model", version_words(version));
    }
    format!(
        "{} to MLflow at {address} in {}.\n{}{}  {}\n",
        green(format!("Exported run {}", export.run.short())),
        seconds(duration),
        table.render(2),
        notices(&written.notices),
        written.url,
    )
}

/// `churn version 3   Production   @champion @production`.
fn version_words(version: &WrittenVersion) -> String {
    let mut words = format!("{} version {}", bold(&version.name), version.version);
    if let Some(stage) = version.stage {
        words.push_str(&format!("   {stage}"));
    }
    words + &alias_words(version.aliases.iter())
}

fn alias_words<'a>(aliases: impl Iterator<Item = &'a String>) -> String {
    let words: Vec<String> = aliases.map(|alias| format!("@{alias}")).collect();
    match words.is_empty() {
        true => String::new(),
        false => format!("   {}", words.join(" ")),
    }
}

fn notices(notices: &[String]) -> String {
    let first = format!("  {} ", yellow("notice"));
    notices.iter().map(|notice| wrap(&first, notice)).collect()
}

/// What would be written, everything by its name.
pub fn mlflow_plan_text(export: &Export, address: &Address) -> String {
    let mut text = format!(
        "Run {} would go to MLflow at {address}; nothing was sent.\n",
        bold(export.run.short())
    );
    let mut section = |name: &str, table: &Table| {
        text.push_str(&format!("\n  {}\n{}", dim(name), table.render(4)));
    };
    let mut head = Table::default();
    head.row()
        .left("experiment")
        .left(export.experiment.to_string());
    head.row().left("run").left(&export.name);
    for version in &export.versions {
        head.row().left("model").left(planned_words(version));
    }
    section("names", &head);
    let pairs = |pairs: &mut dyn Iterator<Item = (String, String)>| {
        let mut table = Table::default();
        for (name, value) in pairs {
            table.row().left(name).left(beginning(&value));
        }
        table
    };
    let own = |(name, value): (&String, &String)| (name.clone(), value.clone());
    section("params", &pairs(&mut export.params.iter().map(own)));
    let metrics = export.metrics.iter().map(|metric| {
        let step = match metric.name.ends_with("_fold") {
            true => format!(" at step {}", metric.step),
            false => String::new(),
        };
        (format!("{}{step}", metric.name), metric.value.to_string())
    });
    section("metrics", &pairs(&mut metrics.into_iter()));
    section("tags", &pairs(&mut export.tags.iter().map(own)));
    let inputs = export.datasets.iter().map(|input| {
        let text = |name: &str| {
            input["dataset"][name]
                .as_str()
                .unwrap_or_default()
                .to_string()
        };
        (text("name"), text("digest"))
    });
    section("inputs", &pairs(&mut inputs.into_iter()));
    let files = files(export).map(|(path, bytes)| (path.to_string(), size(bytes)));
    section("artifacts", &pairs(&mut files.into_iter()));
    if !export.notices.is_empty() {
        text.push('\n');
        text.push_str(&notices(&export.notices));
    }
    text
}

/// A value as it fits beside its name: the first line, and not all of a long one.
fn beginning(value: &str) -> String {
    const LONGEST: usize = 64;
    let line = value.lines().next().unwrap_or_default();
    match line.char_indices().nth(LONGEST) {
        None if line.len() == value.len() => line.to_string(),
        None => format!("{line} …"),
        Some((at, _)) => format!("{}…", &line[..at]),
    }
}

fn planned_words(version: &Version) -> String {
    let stage = stage_word(version.standing);
    format!(
        "{}   {stage}{}",
        version.model,
        alias_words(version.aliases.iter())
    )
}
