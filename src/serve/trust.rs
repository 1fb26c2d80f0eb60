//! Which promotions are served: all, or those that somebody trusted vouches for.

use crate::definition::Stage;
use crate::error::{Kind, Result};
use crate::online::{PinnedRun, load_pinned, served_model};
use crate::registry::{PublicKey, require_signature};
use crate::workspace::Workspace;

/// Whose signatures are asked for; nobody's where it is empty.
#[derive(Debug, Clone, Default)]
pub struct Trust(Vec<PublicKey>);

impl Trust {
    pub fn of(keys: Vec<PublicKey>) -> Self {
        Self(keys)
    }

    /// Refuses to begin with a run that is pinned and may not be served. What is not there yet is
    /// refused when it comes.
    pub fn refuse_pinned(&self, workspace: &Workspace) -> Result<()> {
        if self.0.is_empty() {
            return Ok(());
        }
        let pinned = served_model(workspace).and_then(|model| load_pinned(workspace, &model));
        let refuse = |pinned: PinnedRun| self.refuse(&pinned, Stage::Production);
        let verdict = pinned.map_or(Ok(()), refuse);
        // Waiting for a signature helps whoever starts a server less than being told at once.
        verdict.map_err(|error| error.with_kind(Kind::Failure))
    }

    /// Refuses a run that none of these people vouches for, at this stage.
    pub fn refuse(&self, pinned: &PinnedRun, stage: Stage) -> Result<()> {
        if self.0.is_empty() {
            return Ok(());
        }
        let outputs = &pinned.execution.outputs;
        require_signature(&pinned.model_name, stage, &pinned.pin, outputs, &self.0)
    }
}
