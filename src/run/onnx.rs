//! The model of a run for other programs.

use super::reference::KnownRun;
use super::stored::{ArtefactName, artefact_bytes};
use crate::error::Result;
use crate::learn::{Model, OnnxForm, OnnxModel};
use crate::plan::RunSpec;
use crate::workspace::Workspace;

/// Draws the model of a run as ONNX. The same run gives the same bytes, whatever it is called by.
///
/// # Errors
/// Those of [`Model::to_onnx`]; [`Kind::MissingInput`](crate::error::Kind::MissingInput) when this store lacks
/// the model, and [`Kind::Lock`](crate::error::Kind::Lock) for declared values of another version.
pub fn onnx_of(workspace: &Workspace, known: &KnownRun, form: OnnxForm) -> Result<OnnxModel> {
    let spec = RunSpec::from_declared(&known.record.declared)?;
    let bytes = artefact_bytes(workspace.store(), known, ArtefactName::Model)?;
    let model = Model::from_bytes(&bytes)?;
    model.to_onnx(form, spec.threshold, &[("run", known.run.to_string())])
}
