//! The version of a registered model that a run is: its description, its stage, its aliases.

use std::collections::BTreeSet;

use serde::Serialize;
use serde_json::{Value, json};

use super::content::{ALIASES_TAG, RUN_TAG, Version, stage_word};
use super::server::{EXISTS, Fault, Server};
use super::write::done;
use crate::definition::Standing;
use crate::error::{Error, Result};
use crate::hash::RunId;
use crate::http_client::Method;

/// A version as it is there now.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct WrittenVersion {
    pub name: String,
    pub version: String,
    /// None where the server has no stages.
    pub stage: Option<&'static str>,
    pub aliases: BTreeSet<String>,
}

/// A version as the server tells it.
struct Found {
    version: String,
    run_id: String,
    stage: String,
    aliases: BTreeSet<String>,
    /// Those that were set from here.
    ours: BTreeSet<String>,
}

impl Found {
    fn read(value: &Value) -> Option<Self> {
        let text = |name: &str| value[name].as_str().unwrap_or_default().to_string();
        let tags = value["tags"].as_array().into_iter().flatten();
        let ours = tags
            .filter(|tag| tag["key"] == ALIASES_TAG)
            .filter_map(|tag| tag["value"].as_str())
            .flat_map(|value| value.split(','))
            .filter(|alias| !alias.is_empty());
        let aliases = value["aliases"].as_array().into_iter().flatten();
        Some(Self {
            version: value["version"].as_str()?.to_string(),
            run_id: text("run_id"),
            stage: text("current_stage"),
            aliases: aliases
                .filter_map(|alias| alias.as_str().map(str::to_string))
                .collect(),
            ours: ours.map(str::to_string).collect(),
        })
    }

    fn number(&self) -> u64 {
        self.version.parse().unwrap_or_default()
    }
}

/// Makes the version of a run, or brings that which is there to what it should be.
pub fn write_version(
    server: &Server,
    wanted: &Version,
    run_id: &str,
    source: &str,
    run: RunId,
    notices: &mut Vec<String>,
) -> Result<WrittenVersion> {
    let name = wanted.model.as_str();
    let undone = format!("no version of {name} was written");
    match server.post("registered-models/create", &json!({ "name": name })) {
        Err(fault) if !fault.is(EXISTS) => return done(server, &undone, Err(fault)),
        _ => {}
    }
    let versions = done(server, &undone, all(server, name))?;
    let own = versions.iter().filter(|version| version.run_id == run_id);
    let found = match own.max_by_key(|version| version.number()) {
        Some(found) => &whole(server, name, &found.version)?,
        None => &created(server, wanted, run_id, source, run)?,
    };
    let named = json!({ "name": name, "version": found.version });
    let described = with(&named, "description", json!(wanted.description));
    let answer = server.send(Method::Patch, "model-versions/update", &described);
    done(
        server,
        &format!("{name} {} was not described", found.version),
        answer,
    )?;
    let stage = write_stage(server, wanted, found, &versions, notices)?;
    let aliases = write_aliases(server, wanted, found, notices)?;
    Ok(WrittenVersion {
        name: name.to_string(),
        version: found.version.clone(),
        stage,
        aliases,
    })
}

fn with(object: &Value, key: &str, value: Value) -> Value {
    let mut object = object.clone();
    object[key] = value;
    object
}

/// One version with its aliases, which a search does not tell.
fn whole(server: &Server, name: &str, version: &str) -> Result<Found> {
    let answer = server.get(
        "model-versions/get",
        &[("name", name), ("version", version)],
    );
    let answer = done(server, &format!("{name} {version} was not read"), answer)?;
    Found::read(&answer["model_version"]).ok_or_else(|| undescribed(server, name))
}

fn undescribed(server: &Server, name: &str) -> Error {
    let address = server.address();
    Error::failure(format!(
        "the MLflow server at {address} has a version of {name} that it does not describe"
    ))
}

/// Every version of a model, on pages.
fn all(server: &Server, name: &str) -> Result<Vec<Found>, Fault> {
    let filter = format!("name='{name}'");
    let mut versions = Vec::new();
    let mut page = String::new();
    loop {
        let query = [
            ("filter", filter.as_str()),
            ("max_results", "1000"),
            ("page_token", &page),
        ];
        let asked = if page.is_empty() {
            &query[..2]
        } else {
            &query[..]
        };
        let answer = server.get("model-versions/search", asked)?;
        let found = answer["model_versions"].as_array().into_iter().flatten();
        versions.extend(found.filter_map(Found::read));
        match answer["next_page_token"].as_str() {
            Some(next) if !next.is_empty() && next != page => page = next.to_string(),
            _ => return Ok(versions),
        }
    }
}

fn created(
    server: &Server,
    wanted: &Version,
    run_id: &str,
    source: &str,
    run: RunId,
) -> Result<Found> {
    let name = wanted.model.as_str();
    let body = json!({
        "name": name,
        "source": source,
        "run_id": run_id,
        "description": wanted.description,
        "tags": [{ "key": RUN_TAG, "value": run }],
    });
    let undone = format!("no version of {name} was created");
    let answer = done(server, &undone, server.post("model-versions/create", &body))?;
    Found::read(&answer["model_version"]).ok_or_else(|| undescribed(server, name))
}

/// Moves the version to its stage. As here, one version stands in Production and one in Staging: others there are archived.
fn write_stage(
    server: &Server,
    wanted: &Version,
    found: &Found,
    versions: &[Found],
    notices: &mut Vec<String>,
) -> Result<Option<&'static str>> {
    let stage = stage_word(wanted.standing);
    if found.stage == stage {
        return Ok(Some(stage));
    }
    let name = wanted.model.as_str();
    let archives = matches!(wanted.standing, Standing::Pinned(_));
    let body = json!({
        "name": name,
        "version": found.version,
        "stage": stage,
        "archive_existing_versions": archives,
    });
    match server.post("model-versions/transition-stage", &body) {
        Err(fault) if fault.is_unknown_route() => {
            notices.push("this server has no stages: aliases say where a run stands".to_string());
            return Ok(None);
        }
        answer => done(
            server,
            &format!("{name} {} was not moved to {stage}", found.version),
            answer,
        )?,
    };
    let others = versions
        .iter()
        .filter(|other| other.stage == stage && archives);
    for other in others {
        notices.push(format!(
            "{name} {} left {stage} and is archived there",
            other.version
        ));
    }
    Ok(Some(stage))
}

/// Points aliases at the version, and takes those away that came from here and hold no more.
fn write_aliases(
    server: &Server,
    wanted: &Version,
    found: &Found,
    notices: &mut Vec<String>,
) -> Result<BTreeSet<String>> {
    let name = wanted.model.as_str();
    let version = &found.version;
    for alias in wanted.aliases.difference(&found.aliases) {
        let body = json!({ "name": name, "alias": alias, "version": version });
        match server.post("registered-models/alias", &body) {
            Err(fault) if fault.is_unknown_route() => {
                notices.push("this server has no aliases of model versions".to_string());
                return Ok(BTreeSet::new());
            }
            answer => done(server, &format!("{name}@{alias} was not set"), answer)?,
        };
    }
    let left = found.ours.intersection(&found.aliases);
    for alias in left.filter(|alias| !wanted.aliases.contains(*alias)) {
        let body = json!({ "name": name, "alias": alias });
        let answer = server.send(Method::Delete, "registered-models/alias", &body);
        done(server, &format!("{name}@{alias} was not removed"), answer)?;
    }
    if found.ours != wanted.aliases {
        let listed: Vec<&str> = wanted.aliases.iter().map(String::as_str).collect();
        let body = json!({
            "name": name,
            "version": version,
            "key": ALIASES_TAG,
            "value": listed.join(","),
        });
        let answer = server.post("model-versions/set-tag", &body);
        done(server, &format!("{name} {version} was not tagged"), answer)?;
    }
    let kept = found.aliases.difference(&found.ours).cloned();
    Ok(wanted.aliases.iter().cloned().chain(kept).collect())
}
