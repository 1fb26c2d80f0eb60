//! Everything that a statement about a run for others is made of.

use std::collections::BTreeMap;

use super::artefact::Report;
use super::history::definitions_of;
use super::record::ExecutionRecord;
use super::reference::KnownRun;
use super::stored::{ArtefactName, artefact_bytes};
use super::used_texts_of;
use crate::code::CommitId;
use crate::definition::{ModelName, TableName};
use crate::error::Result;
use crate::fsio;
use crate::hash::{ObjectId, Sha256};
use crate::plan::RunSpec;
use crate::snapshot::SourceRecord;
use crate::workspace::Workspace;

/// An artefact as `get` hands it out without a conversion: Parquet, the model file, JSON.
#[derive(Debug, Clone)]
pub struct StatedArtefact {
    pub name: ArtefactName,
    /// In bytes.
    pub size: u64,
    pub blake3: ObjectId,
    pub sha256: Sha256,
}

/// A file that a table of the run was made of.
#[derive(Debug, Clone)]
pub struct StatedSource {
    pub table: TableName,
    pub record: SourceRecord,
    /// While the file is still there with the recorded bytes.
    pub sha256: Option<Sha256>,
}

/// A run as others are told of it.
#[derive(Debug)]
pub struct Statement<'a> {
    pub known: &'a KnownRun,
    pub spec: RunSpec,
    pub report: Report,
    pub artefacts: Vec<StatedArtefact>,
    pub sources: Vec<StatedSource>,
    /// The definition files it uses, by path; empty when nobody has them any more.
    pub files: BTreeMap<String, Sha256>,
    pub commit: Option<CommitId>,
    pub description: String,
    /// The registered model its experiment competes for.
    pub registers: Option<ModelName>,
}

impl Statement<'_> {
    /// The execution that gave the results; none when the run is known from a lock alone.
    pub fn execution(&self) -> Option<&ExecutionRecord> {
        self.known.shown_execution()
    }

    /// Whether an identical uncached execution is recorded.
    pub fn is_reproduced(&self) -> bool {
        self.known.executions.iter().any(|e| e.reproduced) && !self.known.has_two_results()
    }
}

/// Gathers what is known of a run.
///
/// # Errors
/// [`Kind::MissingInput`](crate::error::Kind::MissingInput) when this store lacks an artefact, and
/// [`Kind::Lock`](crate::error::Kind::Lock) for declared values of another version.
pub fn statement<'a>(workspace: &Workspace, known: &'a KnownRun) -> Result<Statement<'a>> {
    let spec = RunSpec::from_declared(&known.record.declared)?;
    let mut artefacts = Vec::new();
    let mut report = None;
    for name in ArtefactName::OF_EVERY_RUN {
        let bytes = artefact_bytes(workspace.store(), known, name)?;
        if name == ArtefactName::Report {
            report = Some(Report::from_bytes(&bytes)?);
        }
        artefacts.push(StatedArtefact {
            name,
            size: bytes.len() as u64,
            blake3: ObjectId::of_bytes(&bytes),
            sha256: Sha256::of_bytes(&bytes),
        });
    }
    let found = definitions_of(workspace, known)?;
    let texts = found
        .as_ref()
        .map(|found| used_texts_of(&found.files, &found.definitions, &found.experiment));
    let experiment = found
        .as_ref()
        .and_then(|found| found.definitions.experiments.get(&found.experiment));
    Ok(Statement {
        spec,
        report: report.expect("the report is one of the artefacts"),
        artefacts,
        sources: sources(workspace, known)?,
        files: texts
            .unwrap_or_default()
            .into_iter()
            .map(|(path, text)| (path, Sha256::of_bytes(text.as_bytes())))
            .collect(),
        description: experiment.map_or(String::new(), |e| e.description.clone()),
        registers: experiment.and_then(|experiment| experiment.registers.clone()),
        commit: found.and_then(|found| found.commit),
        known,
    })
}

fn sources(workspace: &Workspace, known: &KnownRun) -> Result<Vec<StatedSource>> {
    let mut sources = Vec::new();
    for data in &known.record.data {
        for record in &data.sources {
            let bytes = fsio::read_optional(&workspace.root().join(&record.path))?;
            let as_recorded = |bytes: &Vec<u8>| ObjectId::of_bytes(bytes) == record.hash;
            sources.push(StatedSource {
                table: data.table.clone(),
                record: record.clone(),
                sha256: bytes.filter(as_recorded).map(|b| Sha256::of_bytes(&b)),
            });
        }
    }
    Ok(sources)
}
