//! SLSA provenance v1 in an in-toto statement v1.
//!
//! Fields and their meaning: <https://slsa.dev/spec/v1.0/provenance> and
//! <https://github.com/in-toto/attestation/tree/main/spec/v1>. The statement is not signed.
//! docs/reference/statements.md says what each field holds here.

use serde_json::{Map, Value, json};

use crate::run::{ArtefactName, Statement};

/// What kind of build a run is; docs/reference/statements.md documents it.
const BUILD_TYPE: &str = "urn:streamflow:run:1";

/// The statement: every artefact of the run is a subject.
pub fn provenance(statement: &Statement) -> Value {
    json!({
        "_type": "https://in-toto.io/Statement/v1",
        "subject": subjects(statement),
        "predicateType": "https://slsa.dev/provenance/v1",
        "predicate": {
            "buildDefinition": {
                "buildType": BUILD_TYPE,
                "externalParameters": {
                    "run": statement.known.run,
                    "experiment": statement.known.experiment,
                    "declared": statement.known.record.declared,
                },
                "internalParameters": { "operations": statement.known.record.operations },
                "resolvedDependencies": dependencies(statement),
            },
            "runDetails": details(statement),
        },
    })
}

fn subjects(statement: &Statement) -> Vec<Value> {
    let artefacts = statement.artefacts.iter();
    artefacts
        .map(|artefact| {
            json!({
                "name": file_name(artefact.name),
                "digest": { "sha256": artefact.sha256, "blake3": artefact.blake3 },
            })
        })
        .collect()
}

fn file_name(name: ArtefactName) -> String {
    let ending = match name {
        ArtefactName::Model => "sfmodel",
        ArtefactName::Report => "json",
        _ => "parquet",
    };
    format!("{}.{ending}", name.as_str())
}

/// Source files, definition files, and the commit that holds these.
fn dependencies(statement: &Statement) -> Vec<Value> {
    let sources = statement.sources.iter().map(|source| {
        let mut digest = Map::from_iter([("blake3".to_string(), json!(source.record.hash))]);
        if let Some(sha256) = source.sha256 {
            digest.insert("sha256".to_string(), json!(sha256));
        }
        json!({
            "name": source.record.path,
            "digest": digest,
            "annotations": {
                "table": source.table,
                "as_of": source.record.date,
                "rows": source.record.rows,
            },
        })
    });
    let files = statement
        .files
        .iter()
        .map(|(path, sha256)| json!({ "name": path, "digest": { "sha256": sha256 } }));
    let commit = statement
        .commit
        .iter()
        .map(|commit| json!({ "name": "definitions", "digest": { "gitCommit": commit } }));
    sources.chain(files).chain(commit).collect()
}

fn details(statement: &Statement) -> Value {
    let environment = statement.known.environment();
    let version = environment.map_or("", |environment| environment.streamflow.as_str());
    let mut details = json!({
        "builder": {
            "id": format!("urn:streamflow:engine:{version}"),
            "version": { "streamflow": version },
        },
    });
    if let Some(environment) = environment {
        details["builder"]["version"]["rustc"] = json!(environment.rustc);
    }
    if let Some(execution) = statement.execution() {
        details["metadata"] = json!({
            "invocationId": format!("{}@{}", statement.known.run, execution.at),
            "startedOn": execution.at.before(execution.seconds),
            "finishedOn": execution.at,
        });
    }
    details
}
