//! What is written of a run: made whole before a server is asked anything.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Value, json};

use super::limits;
use super::model::{self, ModelFiles};
use crate::definition::{AliasName, ExperimentName, ModelName, Standing, Value as Declared};
use crate::error::{Error, Kind, Result};
use crate::hash::{Digest, ObjectId, RunId};
use crate::learn::{Interval, OnnxForm};
use crate::lockfile::{LockedData, Outputs};
use crate::registry::{self, Places};
use crate::run::{self, ExecutionRecord, KnownRun, Report, Statement};
use crate::workspace::Workspace;

/// The tag by which a run is found again.
pub const RUN_TAG: &str = "streamflow.run";
/// The tag of a model version that names the aliases that came from here.
pub const ALIASES_TAG: &str = "streamflow.aliases";

/// A run in the terms of MLflow.
#[derive(Debug)]
pub struct Export {
    pub run: RunId,
    pub experiment: ExperimentName,
    /// Experiments that executed the same run: it may be there under one of their names.
    pub also: Vec<ExperimentName>,
    /// What the run is called there.
    pub name: String,
    /// When it was executed, in milliseconds since 1970.
    pub start: i64,
    pub end: i64,
    pub params: BTreeMap<String, String>,
    pub metrics: Vec<Metric>,
    pub tags: BTreeMap<String, String>,
    pub datasets: Vec<Value>,
    pub files: Vec<File>,
    /// None where the model has a part that ONNX has no operator for.
    pub model: Option<ModelFiles>,
    pub versions: Vec<Version>,
    /// What is not as one might expect, a sentence each.
    pub notices: Vec<String>,
}

/// One value of a metric.
#[derive(Debug, Clone, PartialEq)]
pub struct Metric {
    pub name: String,
    pub value: f64,
    /// The number of the fold, for what has one; else 0.
    pub step: i64,
}

/// A file below the artifacts of a run.
#[derive(Debug, Clone)]
pub struct File {
    pub path: String,
    pub bytes: Vec<u8>,
}

/// What a registered model is told of the run.
#[derive(Debug, Clone)]
pub struct Version {
    pub model: ModelName,
    pub standing: Standing,
    /// Aliases to set: those of the registry, and the names of the stages it stands in.
    pub aliases: BTreeSet<String>,
    pub description: String,
}

/// What others have made of the run.
#[derive(Debug)]
pub struct Pieces {
    /// The page of `report RUN`.
    pub page: String,
    pub lock: String,
}

/// Puts together what is written of a run.
///
/// # Errors
/// [`Kind::MissingInput`] when this store lacks an artefact of the run, or has never executed it.
pub fn export(workspace: &Workspace, known: &KnownRun, pieces: Pieces) -> Result<Export> {
    let statement = run::statement(workspace, known)?;
    let execution = statement.execution().ok_or_else(|| never_executed(known))?;
    let intervals = run::intervals_of(workspace.store(), known)?;
    let mut notices = Vec::new();
    let end = execution.at.microseconds() / 1000;
    let start = execution.at.before(execution.seconds).microseconds() / 1000;
    let model = match run::onnx_of(workspace, known, OnnxForm::Frame) {
        Ok(onnx) => Some(model::model_files(known.run, execution.at, onnx)),
        // What ONNX cannot say is no reason to keep the rest from MLflow.
        Err(error) if matches!(error.kind(), Kind::Usage | Kind::DataRefused) => {
            notices.push(format!("no model: {}", error.message()));
            None
        }
        Err(error) => return Err(error),
    };
    let declared: BTreeMap<&str, &Declared> = known
        .record
        .declared
        .iter()
        .map(|(path, value)| (path.as_str(), value))
        .collect();
    let params = params(&declared, &mut notices);
    let mut tags = tags(&statement, execution);
    tags.extend(model.as_ref().map(|model| {
        let history = json!([model.summary]).to_string();
        ("mlflow.log-model.history".to_string(), history)
    }));
    let tags = fitting(tags, &mut notices);
    let versions = versions(workspace, &statement, &mut notices)?;
    if model.is_some() && versions.is_empty() {
        notices.push(format!(
            "no model version: experiments/{}.toml has no `registers`",
            known.experiment
        ));
    }
    let executed = known
        .executions
        .iter()
        .map(|execution| &execution.experiment);
    let also: BTreeSet<&ExperimentName> =
        executed.filter(|name| **name != known.experiment).collect();
    Ok(Export {
        run: known.run,
        experiment: known.experiment.clone(),
        also: also.into_iter().cloned().collect(),
        name: format!("{} {}", known.experiment, known.run.short()),
        start,
        end,
        params,
        metrics: metrics(known, &statement.report, &intervals, execution),
        tags,
        datasets: datasets(known),
        files: files(workspace, known, &declared, pieces)?,
        versions: if model.is_some() {
            versions
        } else {
            Vec::new()
        },
        model,
        notices,
    })
}

fn never_executed(known: &KnownRun) -> Error {
    let run = known.run.short();
    Error::new(
        Kind::MissingInput,
        format!("run {run} was never executed here"),
    )
    .help(format!("`streamflow replay {run}` executes it"))
}

/// Every declared value. What MLflow does not take is said, and stands whole in `declared.json`.
fn params(
    declared: &BTreeMap<&str, &Declared>,
    notices: &mut Vec<String>,
) -> BTreeMap<String, String> {
    let mut params = BTreeMap::new();
    for (path, value) in declared {
        let text = match value {
            Declared::Text(text) => text.clone(),
            other => other.to_string(),
        };
        let length = text.chars().count();
        if !limits::is_name(path) {
            notices.push(format!(
                "`{path}` is no name of a param there: it stands in declared.json"
            ));
        } else if length > limits::LONGEST_PARAM {
            notices.push(format!(
                "{path} has {length} characters, and a param at most {}: it stands in declared.json",
                limits::LONGEST_PARAM
            ));
            let hash = ObjectId::of_bytes(text.as_bytes());
            let instead = format!("{length} characters, BLAKE3 {hash}: see declared.json");
            params.insert((*path).to_string(), instead);
        } else {
            params.insert((*path).to_string(), text);
        }
    }
    params
}

fn metrics(
    known: &KnownRun,
    report: &Report,
    intervals: &BTreeMap<&'static str, Interval>,
    execution: &ExecutionRecord,
) -> Vec<Metric> {
    let mut metrics = Vec::new();
    let mut enter = |name: String, value: f64, step: i64| {
        if value.is_finite() {
            metrics.push(Metric { name, value, step });
        }
    };
    for (name, value) in known.metrics() {
        enter(name.clone(), *value, 0);
    }
    for (name, value) in &report.prior_metrics {
        enter(format!("prior_{name}"), *value, 0);
    }
    for (name, interval) in intervals {
        enter(format!("{name}_low"), interval.low, 0);
        enter(format!("{name}_high"), interval.high, 0);
    }
    for (name, metric) in report.cross_validation.iter().flat_map(|cv| &cv.metrics) {
        if let Some(sd) = metric.sd {
            enter(format!("cv_{name}_sd"), sd, 0);
        }
        for (fold, value) in (0..).zip(&metric.folds) {
            if let Some(value) = value {
                enter(format!("cv_{name}_fold"), *value, fold);
            }
        }
    }
    if let Some(threshold) = report.threshold {
        enter("threshold".to_string(), threshold, 0);
    }
    let rows = execution.rows;
    let counts = [
        ("rows_total", rows.total),
        ("rows_train", rows.train),
        ("rows_test", rows.test),
        ("rows_unlabelled", rows.unlabelled),
    ];
    for (name, count) in counts {
        enter(name.to_string(), count as f64, 0);
    }
    metrics
}

fn tags(statement: &Statement, execution: &ExecutionRecord) -> BTreeMap<String, String> {
    let known = statement.known;
    let run = known.run;
    let dates: Vec<String> = known.as_of().iter().map(ToString::to_string).collect();
    let mut note = statement.description.clone();
    if !note.is_empty() {
        note.push_str("\n\n");
    }
    note.push_str(&format!(
        "`streamflow replay {run}` executes this run again and compares every output."
    ));
    let label = &statement.spec.label;
    let mut tags: BTreeMap<String, String> = [
        (RUN_TAG, run.to_string()),
        ("streamflow.experiment", known.experiment.to_string()),
        (
            "streamflow.version",
            execution.environment.streamflow.clone(),
        ),
        ("streamflow.as_of", dates.join(", ")),
        (
            "streamflow.label",
            format!("{}.{}", label.table, label.column),
        ),
        (
            "streamflow.environment",
            execution.environment.hash().to_string(),
        ),
        (
            "streamflow.reproduced",
            statement.is_reproduced().to_string(),
        ),
        ("mlflow.note.content", note),
        (
            "mlflow.source.name",
            format!("experiments/{}.toml", known.experiment),
        ),
        ("mlflow.source.type", "LOCAL".to_string()),
    ]
    .into_iter()
    .map(|(name, value)| (name.to_string(), value))
    .collect();
    if let Some(commit) = statement.commit.as_ref().filter(|commit| !commit.is_none()) {
        tags.insert("mlflow.source.git.commit".to_string(), commit.to_string());
    }
    for (name, hash) in known.outputs().iter().flat_map(Outputs::named) {
        tags.insert(format!("streamflow.output.{name}"), hash);
    }
    for data in &known.record.data {
        let name = format!("streamflow.data.{}.{}", data.table, data.as_of);
        tags.insert(name, data.hash.to_string());
    }
    tags
}

/// The tags that MLflow takes. Of the others it is said that they are not there.
fn fitting(tags: BTreeMap<String, String>, notices: &mut Vec<String>) -> BTreeMap<String, String> {
    let mut fitting = BTreeMap::new();
    for (name, value) in tags {
        let length = value.chars().count();
        if limits::is_name(&name) && length <= limits::LONGEST_TAG {
            fitting.insert(name, value);
        } else {
            notices.push(format!("no tag `{name}`: MLflow has no room for it"));
        }
    }
    fitting
}

/// One for each table and date that the run reads.
fn datasets(known: &KnownRun) -> Vec<Value> {
    let dataset = |data: &LockedData| {
        let digest: String = data
            .hash
            .to_string()
            .chars()
            .take(limits::LONGEST_DIGEST)
            .collect();
        let paths: Vec<&str> = data
            .sources
            .iter()
            .map(|source| source.path.as_str())
            .collect();
        json!({
            "tags": [{ "key": "mlflow.data.context", "value": "training" }],
            "dataset": {
                "name": format!("{} {}", data.table, data.as_of),
                "digest": digest,
                "source_type": "local",
                "source": json!({ "uri": paths.last(), "files": paths }).to_string(),
                "profile": json!({ "num_rows": data.rows }).to_string(),
            },
        })
    };
    known.record.data.iter().map(dataset).collect()
}

fn files(
    workspace: &Workspace,
    known: &KnownRun,
    declared: &BTreeMap<&str, &Declared>,
    pieces: Pieces,
) -> Result<Vec<File>> {
    let store = workspace.store();
    let artefact = |name| run::artefact_bytes(store, known, name);
    let file = |path: &str, bytes: Vec<u8>| File {
        path: path.to_string(),
        bytes,
    };
    let declared = serde_json::to_string_pretty(declared)
        .map_err(|error| Error::failure("declared values are no JSON").caused_by(error))?;
    Ok(vec![
        file("declared.json", (declared + "\n").into_bytes()),
        file("metrics.json", artefact(run::ArtefactName::Report)?),
        file(
            "predictions.parquet",
            artefact(run::ArtefactName::Predictions)?,
        ),
        file("report.html", pieces.page.into_bytes()),
        file(
            &format!("{}.lock", known.experiment),
            pieces.lock.into_bytes(),
        ),
    ])
}

/// What each registered model is told: that which the experiment competes for, and those whose registry names the run.
fn versions(
    workspace: &Workspace,
    statement: &Statement,
    notices: &mut Vec<String>,
) -> Result<Vec<Version>> {
    let known = statement.known;
    let places = registry::places(workspace)?
        .remove(&known.run)
        .unwrap_or_default();
    let Places { stages, aliases } = &places;
    let mut models: BTreeSet<&ModelName> = statement.registers.iter().collect();
    models.extend(stages.iter().map(|(model, _)| model));
    models.extend(aliases.iter().map(|(model, _)| model));
    let mut versions = Vec::new();
    for model in models {
        let standings = stages.iter().filter(|(of, _)| of == model);
        let standings: Vec<Standing> = standings.map(|(_, standing)| *standing).collect();
        let own = aliases.iter().filter(|(of, _)| of == model);
        let own = own.map(|(_, alias): &(ModelName, AliasName)| alias.to_string());
        let pinned = standings.iter().filter_map(|standing| standing.stage());
        let mut set: BTreeSet<String> = own.chain(pinned.map(|stage| stage.to_string())).collect();
        set.retain(|alias| {
            let taken = limits::is_alias(alias);
            if !taken {
                notices.push(format!(
                    "no alias `{alias}` of {model}: MLflow keeps that name for itself"
                ));
            }
            taken
        });
        versions.push(Version {
            model: model.clone(),
            standing: standings.into_iter().min().unwrap_or(Standing::None),
            aliases: set,
            description: description(statement),
        });
    }
    Ok(versions)
}

fn description(statement: &Statement) -> String {
    let known = statement.known;
    let mut words = format!("{}, run {}.", known.experiment, known.run);
    if !statement.description.is_empty() {
        words = format!("{}\n\n{words}", statement.description);
    }
    words
}

/// What is said of a standing there.
pub const fn stage_word(standing: Standing) -> &'static str {
    use crate::definition::Stage;
    match standing {
        Standing::Pinned(Stage::Production) => "Production",
        Standing::Pinned(Stage::Staging) => "Staging",
        Standing::Archived => "Archived",
        Standing::None => "None",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_mlflow_does_not_take_is_said_and_never_cut() {
        let long = Declared::Text("é".repeat(limits::LONGEST_PARAM + 1));
        let most = Declared::Text("é".repeat(limits::LONGEST_PARAM));
        let trees = Declared::Integer(12);
        let declared = BTreeMap::from([
            ("features.a.long", &long),
            ("features.a.most", &most),
            ("features.a.50 %", &most),
            ("model.trees", &trees),
        ]);
        let mut notices = Vec::new();
        let params = params(&declared, &mut notices);
        assert_eq!(params["model.trees"], "12");
        assert_eq!(
            params["features.a.most"].chars().count(),
            limits::LONGEST_PARAM
        );
        let instead = &params["features.a.long"];
        assert!(instead.starts_with("6001 characters, BLAKE3 "), "{instead}");
        assert!(!params.contains_key("features.a.50 %"));
        assert_eq!(notices.len(), 2, "{notices:?}");
        assert!(
            notices
                .iter()
                .all(|notice| notice.contains("declared.json"))
        );
        let tags = BTreeMap::from([
            ("a".to_string(), "x".repeat(limits::LONGEST_TAG)),
            ("b".to_string(), "x".repeat(limits::LONGEST_TAG + 1)),
            ("c@".to_string(), String::new()),
        ]);
        let kept = fitting(tags, &mut notices);
        assert_eq!(kept.keys().collect::<Vec<_>>(), ["a"]);
        assert_eq!(notices.len(), 4, "{notices:?}");
    }
}
