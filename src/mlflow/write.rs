//! A run is written, or brought to what it should be: by steps that may each be repeated.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::content::{Export, Metric, RUN_TAG};
use super::limits;
use super::server::{Experiment, Fault, Server};
use super::versions::{WrittenVersion, write_version};
use crate::error::{Error, Kind, Result};
use crate::hash::Digest;
use crate::http_client::{segment, shown};

/// What became of an export.
#[derive(Debug)]
pub struct Written {
    /// The experiment there.
    pub experiment: String,
    pub experiment_id: String,
    /// The run there.
    pub run_id: String,
    pub outcome: WriteOutcome,
    pub versions: Vec<WrittenVersion>,
    /// Where the pages of MLflow show it.
    pub url: String,
    pub notices: Vec<String>,
}

/// What was there before.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum WriteOutcome {
    Created,
    /// An export that had not come to its end.
    Continued,
    Updated,
}

impl WriteOutcome {
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Created => "created",
            Self::Continued => "continued",
            Self::Updated => "updated",
        }
    }
}

/// A run that is there.
struct Found {
    id: String,
    experiment: String,
    experiment_id: String,
    artifacts: String,
    outcome: WriteOutcome,
}

/// Writes a run. Writing it again finds it by its tag, completes it and moves what has moved.
///
/// # Errors
/// [`Kind::MissingInput`] when the server does not answer, lets nobody in, or does not take artifacts;
/// [`Kind::Failure`] when it refuses something, or when a run there has other results than this one.
pub fn write(server: &Server, export: &Export) -> Result<Written> {
    let mut notices = export.notices.clone();
    let found = match find(server, export, &mut notices)? {
        Some(found) => found,
        None => create(server, export)?,
    };
    let folder = artifact_folder(server, &found.experiment, &found.artifacts)?;
    log_values(server, export, &found)?;
    if !export.datasets.is_empty() {
        let inputs = json!({ "run_id": found.id, "datasets": export.datasets });
        done(
            server,
            "the inputs were not written",
            server.post("runs/log-inputs", &inputs),
        )?;
    }
    let model = export.model.iter().flat_map(|model| &model.files);
    for file in export.files.iter().chain(model) {
        let segments: Vec<String> = file.path.split('/').map(segment).collect();
        let path = format!("{folder}/{}", segments.join("/"));
        let undone = format!("{} was not written", file.path);
        done(
            server,
            &undone,
            server.put_file(&path, media_type(&file.path), &file.bytes),
        )?;
    }
    let mut versions = Vec::new();
    for version in &export.versions {
        let source = format!("{}/{}", found.artifacts, super::model::FOLDER);
        versions.push(write_version(
            server,
            version,
            &found.id,
            &source,
            export.run,
            &mut notices,
        )?);
    }
    // Only a run that has been read back is said to be finished.
    verify(server, export, &found)?;
    let end = json!({
        "run_id": found.id,
        "status": "FINISHED",
        "end_time": export.end,
        "run_name": export.name,
    });
    done(
        server,
        "the run was not ended",
        server.post("runs/update", &end),
    )?;
    Ok(Written {
        url: format!(
            "{}/#/experiments/{}/runs/{}",
            server.address(),
            found.experiment_id,
            found.id
        ),
        experiment: found.experiment,
        experiment_id: found.experiment_id,
        run_id: found.id,
        outcome: found.outcome,
        versions,
        notices,
    })
}

/// What was answered, or the error of what was not done.
pub fn done<T>(server: &Server, undone: &str, answer: Result<T, Fault>) -> Result<T> {
    answer.map_err(|fault| server.error(fault, undone))
}

/// The run, where it is there already: in the experiment of its name, or in one of the others that executed it.
fn find(server: &Server, export: &Export, notices: &mut Vec<String>) -> Result<Option<Found>> {
    for name in std::iter::once(&export.experiment).chain(&export.also) {
        let experiment = done(
            server,
            "nothing was written",
            server.experiment(name.as_str()),
        )?;
        let Some(experiment) = experiment.filter(|experiment| !experiment.is_deleted) else {
            continue;
        };
        let wanted = json!({
            "experiment_ids": [experiment.id],
            "filter": format!("tags.\"{RUN_TAG}\" = '{}'", export.run),
            "order_by": ["attributes.start_time ASC"],
            "max_results": 10,
        });
        let answer = done(
            server,
            "nothing was written",
            server.post("runs/search", &wanted),
        )?;
        let runs = answer["runs"].as_array().map_or(&[][..], Vec::as_slice);
        let Some(found) = runs
            .first()
            .and_then(|run| read_run(run, name.as_str(), &experiment))
        else {
            continue;
        };
        if runs.len() > 1 {
            notices.push(format!(
                "{} runs there are this one; the first is written, {}",
                runs.len(),
                found.id
            ));
        }
        return Ok(Some(found));
    }
    Ok(None)
}

fn read_run(run: &Value, name: &str, experiment: &Experiment) -> Option<Found> {
    let info = &run["info"];
    Some(Found {
        id: info["run_id"].as_str()?.to_string(),
        experiment: name.to_string(),
        experiment_id: experiment.id.clone(),
        artifacts: info["artifact_uri"].as_str()?.to_string(),
        outcome: match info["status"].as_str() {
            Some("FINISHED") => WriteOutcome::Updated,
            _ => WriteOutcome::Continued,
        },
    })
}

/// Makes the run, and its experiment where there is none.
fn create(server: &Server, export: &Export) -> Result<Found> {
    let name = export.experiment.as_str();
    let undone = "nothing was written";
    let mut experiment = done(server, undone, server.experiment(name))?;
    if experiment.is_none() {
        let undone = format!("the experiment {name} was not created");
        done(server, &undone, server.create_experiment(name))?;
        experiment = done(server, &undone, server.experiment(name))?;
    }
    let experiment = experiment.ok_or_else(|| {
        Error::failure(format!(
            "the MLflow server at {} has made the experiment {name}, and does not find it",
            server.address()
        ))
    })?;
    if experiment.is_deleted {
        let id = &experiment.id;
        return Err(Error::failure(format!(
            "the experiment {name} is deleted at {}",
            server.address()
        ))
        .detail("a deleted experiment keeps its name until it is removed for good")
        .help(format!(
            "`mlflow experiments restore --experiment-id {id}` brings it back; \
                 `mlflow gc` removes it"
        )));
    }
    // Before the run is made: without artifacts it would be half of one.
    artifact_folder(server, name, &experiment.artifacts)?;
    let tags = [RUN_TAG, "mlflow.source.name", "mlflow.source.type"];
    let tags = tags
        .iter()
        .filter_map(|key| Some(json!({ "key": key, "value": export.tags.get(*key)? })));
    let wanted = json!({
        "experiment_id": experiment.id,
        "run_name": export.name,
        "start_time": export.start,
        "tags": tags.collect::<Vec<_>>(),
    });
    let answer = done(
        server,
        "the run was not created",
        server.post("runs/create", &wanted),
    )?;
    let mut found = read_run(&answer["run"], name, &experiment).ok_or_else(|| {
        Error::failure(format!(
            "the MLflow server at {} made a run that it does not describe",
            server.address()
        ))
    })?;
    found.outcome = WriteOutcome::Created;
    Ok(found)
}

/// Where the server takes artifacts that it says are at a place, below its own address.
///
/// # Errors
/// [`Kind::MissingInput`] when they are where only whoever has that place can write.
fn artifact_folder(server: &Server, experiment: &str, place: &str) -> Result<String> {
    const SERVED: &str = "/api/2.0/mlflow-artifacts/artifacts";
    let own = server.address();
    if let Some(rest) = place.strip_prefix("mlflow-artifacts:") {
        let path = match rest.strip_prefix("//") {
            None => Some(rest),
            // The host of a server may stand there: it must be this one.
            Some(rest) => {
                let (host, path) = rest.split_at(rest.find('/').unwrap_or(rest.len()));
                let origin = own.origin();
                let is_own = host.is_empty() || origin.ends_with(&format!("//{host}"));
                is_own.then_some(path)
            }
        };
        if let Some(path) = path {
            return Ok(encoded(path));
        }
    } else if let Some(path) = place
        .strip_prefix(own.to_string().as_str())
        .and_then(|rest| rest.strip_prefix(SERVED))
    {
        return Ok(encoded(path));
    }
    let place = shown(place);
    Err(Error::new(
        Kind::MissingInput,
        format!(
            "the MLflow server at {own} does not take artifacts of the experiment {experiment}"
        ),
    )
    .detail(format!("they are kept at  {place}"))
    .detail(
        "that is a place which clients of the server write to themselves; \
         this program writes through the server",
    )
    .help(
        "start it with `mlflow server --artifacts-destination …` and without \
         `--no-serve-artifacts` or `--default-artifact-root`",
    )
    .help(
        "an experiment keeps the place it was made with: where that is an old one, \
         rename the experiment there",
    ))
}

/// A path of a URI, without its slash in front. It is percent-encoded or has nothing to encode.
fn encoded(path: &str) -> String {
    path.trim_matches('/').to_string()
}

fn media_type(path: &str) -> &'static str {
    match path.rsplit_once('.').map_or("", |(_, ending)| ending) {
        "html" => "text/html",
        "json" => "application/json",
        "yaml" | "txt" | "lock" => "text/plain",
        _ => "application/octet-stream",
    }
}

/// Params, metrics and tags, in requests of the size that the server takes.
fn log_values(server: &Server, export: &Export, found: &Found) -> Result<()> {
    let pair = |(key, value): (&String, &String)| json!({ "key": key, "value": value });
    let metric = |metric: &Metric| {
        json!({
            "key": metric.name,
            "value": metric.value,
            "timestamp": export.end,
            "step": metric.step,
        })
    };
    let kinds = [
        ("tags", export.tags.iter().map(pair).collect::<Vec<_>>()),
        ("params", export.params.iter().map(pair).collect()),
        ("metrics", export.metrics.iter().map(metric).collect()),
    ];
    for (kind, values) in kinds {
        for batch in batches(values) {
            let body = json!({ "run_id": found.id, kind: batch });
            let undone = format!("the {kind} were not written");
            done(server, &undone, server.post("runs/log-batch", &body))?;
        }
    }
    Ok(())
}

/// Divides values into requests of so many, and of so many bytes.
fn batches(values: Vec<Value>) -> Vec<Vec<Value>> {
    let mut batches: Vec<Vec<Value>> = Vec::new();
    let mut size = 0;
    for value in values {
        let bytes = value.to_string().len() + 1;
        match batches.last_mut() {
            Some(batch)
                if batch.len() < limits::MOST_IN_BATCH && size + bytes <= limits::LARGEST_BATCH =>
            {
                size += bytes;
                batch.push(value);
            }
            _ => {
                size = bytes;
                batches.push(vec![value]);
            }
        }
    }
    batches
}

/// Reads the run back: what MLflow shows of it are its values, to the bit.
fn verify(server: &Server, export: &Export, found: &Found) -> Result<()> {
    let answer = server.get("runs/get", &[("run_id", &found.id)]);
    let answer = done(server, "the run was not read back", answer)?;
    let there: BTreeMap<&str, f64> = answer["run"]["data"]["metrics"]
        .as_array()
        .into_iter()
        .flatten()
        .filter_map(|metric| Some((metric["key"].as_str()?, metric["value"].as_f64()?)))
        .collect();
    // Of the steps of a metric MLflow shows the last.
    let last = export
        .metrics
        .iter()
        .map(|metric| (metric.name.as_str(), metric.value));
    let last: BTreeMap<&str, f64> = last.collect();
    let differ = last.iter().filter(|(name, value)| {
        there
            .get(**name)
            .is_none_or(|there| there.to_bits() != value.to_bits())
    });
    let differences: Vec<String> = differ
        .map(|(name, value)| {
            let shown = there
                .get(*name)
                .map_or("nothing".to_string(), |value| format!("{value:?}"));
            format!("{name}  here {value:?}, there {shown}")
        })
        .collect();
    if differences.is_empty() {
        return Ok(());
    }
    Err(Error::failure(format!(
        "the run {} at {} has other metrics than run {}",
        found.id,
        server.address(),
        export.run.short()
    ))
    .details(differences)
    .detail("what was logged there once cannot be changed, and the newest of it is shown")
    .help("delete the run there, and export again"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::http_client::{Address, Client, Options};

    #[test]
    fn batches_are_of_so_many_and_of_so_many_bytes() {
        let of =
            |values: Vec<Value>| -> Vec<usize> { batches(values).iter().map(Vec::len).collect() };
        assert_eq!(of(vec![json!(1); 250]), [100, 100, 50]);
        let large = json!("x".repeat(limits::LARGEST_BATCH / 3));
        assert_eq!(of(vec![large; 5]), [2, 2, 1]);
        assert!(of(Vec::new()).is_empty());
    }

    #[test]
    fn artifacts_go_through_the_server_or_nowhere() {
        let address = Address::parse("a server", "http://a:5000/ml").unwrap();
        let server = Server::new(Client::new(address, &Options::default()).unwrap());
        let folder = |place: &str| artifact_folder(&server, "x", place).ok();
        assert_eq!(
            folder("mlflow-artifacts:/7/abc/artifacts").as_deref(),
            Some("7/abc/artifacts")
        );
        assert_eq!(folder("mlflow-artifacts://a:5000/7").as_deref(), Some("7"));
        let whole = "http://a:5000/ml/api/2.0/mlflow-artifacts/artifacts/7/abc";
        assert_eq!(folder(whole).as_deref(), Some("7/abc"));
        for place in [
            "/srv/mlruns/7",
            "file:///srv/mlruns/7",
            "s3://bucket/7",
            "mlflow-artifacts://b:5000/7",
            "mlflow-artifacts://5000/7",
            "http://a:5000/api/2.0/mlflow-artifacts/artifacts/7",
            "http://a:50001/ml/api/2.0/mlflow-artifacts/artifacts/7",
            "",
        ] {
            assert_eq!(folder(place), None, "{place}");
        }
    }
}
