//! What is pinned where: now, by the pin files; at a time, by the log.

use std::collections::{BTreeMap, BTreeSet};

use super::log;
use super::signature::SignatureKey;
use super::transition::{Head, Transition, TransitionKind};
use crate::definition::{AliasName, ModelName, Stage, Standing};
use crate::error::{Error, Result};
use crate::fsio::FileLock;
use crate::hash::{Digest as _, PersonHash, RunId};
use crate::host::{self, Instant};
use crate::lockfile::{Outputs, PinFile, PinnedApproval, pin_path, read_pins, write_pins};
use crate::run;
use crate::workspace::Workspace;

/// The pin file of a model in the working tree; an empty one where there is none.
pub fn pin_file(workspace: &Workspace, model: &ModelName) -> Result<PinFile> {
    Ok(read_pins(workspace, model)?.unwrap_or_else(|| PinFile::empty(model.clone())))
}

/// What the registry says of one run.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Places {
    /// Stages that pin it, and models that archived it; production first.
    pub stages: Vec<(ModelName, Standing)>,
    pub aliases: Vec<(ModelName, AliasName)>,
}

impl Places {
    /// The one that says most of it.
    pub fn standing(&self) -> Standing {
        let stages = self.stages.iter().map(|(_, standing)| *standing);
        stages.min().unwrap_or(Standing::None)
    }
}

/// Every run that stands or stood in a stage, or has an alias.
///
/// What is archived is told by the log of this store; one that cannot be read tells nothing here.
pub fn places(workspace: &Workspace) -> Result<BTreeMap<RunId, Places>> {
    let mut places: BTreeMap<RunId, Places> = BTreeMap::new();
    for model in run::models(workspace)? {
        let file = pin_file(workspace, &model)?;
        for (stage, pin) in &file.pins {
            let place = places.entry(pin.run).or_default();
            place.stages.push((model.clone(), (*stage).into()));
        }
        for (alias, pin) in &file.aliases {
            let place = places.entry(pin.run).or_default();
            place.aliases.push((model.clone(), alias.clone()));
        }
        let log = log::transitions(workspace.store().catalog(), &model).unwrap_or_default();
        let pinned: BTreeSet<RunId> = file.pins.values().map(|pin| pin.run).collect();
        for run in archived(&log).difference(&pinned) {
            let place = places.entry(*run).or_default();
            place.stages.push((model.clone(), Standing::Archived));
        }
    }
    for place in places.values_mut() {
        place.stages.sort_by_key(|(_, standing)| *standing);
    }
    Ok(places)
}

/// The runs that left the stages, or were set aside.
fn archived(log: &[Transition]) -> BTreeSet<RunId> {
    let mut archived = BTreeSet::new();
    for entry in log {
        match entry.kind {
            TransitionKind::Promotion | TransitionKind::Rollback => {
                archived.remove(&entry.run);
                // Entries of the first version say only what was replaced.
                archived.extend(
                    entry
                        .archived
                        .or(entry.replaced)
                        .filter(|run| *run != entry.run),
                );
            }
            TransitionKind::Demotion if entry.to == Some(Standing::Archived) => {
                archived.insert(entry.run);
            }
            TransitionKind::Demotion => {
                archived.remove(&entry.run);
            }
            TransitionKind::Alias | TransitionKind::Unalias | TransitionKind::Approval => {}
        }
    }
    archived
}

/// What was pinned at a time, by the log.
pub fn file_at(model: &ModelName, log: &[Transition], at: Instant) -> PinFile {
    let mut file = PinFile::empty(model.clone());
    for entry in log.iter().filter(|entry| entry.at <= at) {
        enter(&mut file, entry);
    }
    file
}

/// What a transition makes of the pin file.
pub(super) fn enter(file: &mut PinFile, entry: &Transition) {
    match entry.kind {
        TransitionKind::Promotion | TransitionKind::Rollback => {
            if let Some(stage) = entry.stage() {
                file.pins.insert(stage, entry.pin());
            }
            if entry.stage() == Some(Stage::Production) {
                // An approval is good for one promotion.
                file.approvals.retain(|approval| approval.run != entry.run);
            }
        }
        TransitionKind::Demotion => {
            file.pins.retain(|_, pin| pin.run != entry.run);
            file.approvals.retain(|approval| approval.run != entry.run);
        }
        TransitionKind::Alias => {
            let alias = entry.alias.clone();
            file.aliases.extend(alias.map(|alias| (alias, entry.pin())));
        }
        TransitionKind::Unalias => {
            file.aliases
                .retain(|alias, _| Some(alias) != entry.alias.as_ref());
        }
        TransitionKind::Approval => {
            file.approvals.push(PinnedApproval {
                run: entry.run,
                sequence: entry.sequence,
                hash: entry.hash,
                person: PersonHash::of(&entry.by),
            });
            file.approvals.sort();
        }
    }
    file.log = Some(entry.end());
}

/// Log and pin file of a model, held so that no other process changes them meanwhile.
pub(super) struct Registry<'a> {
    workspace: &'a Workspace,
    pub model: &'a ModelName,
    pub log: Vec<Transition>,
    pub file: PinFile,
    seen: i64,
    _lock: FileLock,
}

impl<'a> Registry<'a> {
    pub fn open(workspace: &'a Workspace, model: &'a ModelName) -> Result<Self> {
        let store = workspace.store();
        let lock = FileLock::acquire(&store.path().join("registry.lock"))?;
        let (log, seen) = log::read(store.catalog(), model)?;
        Ok(Self {
            workspace,
            model,
            log,
            seen,
            file: pin_file(workspace, model)?,
            _lock: lock,
        })
    }

    /// The stages that a run stands in, production first.
    pub fn stages_of(&self, run: RunId) -> impl Iterator<Item = Stage> {
        let stands = self.file.pins.iter().filter(move |(_, pin)| pin.run == run);
        stands.map(|(stage, _)| *stage)
    }

    /// The stage other than `to` that a run stands in.
    pub fn other_stage(&self, run: RunId, to: Stage) -> Option<Stage> {
        self.stages_of(run).find(|stage| *stage != to)
    }

    /// Whether a run is archived, by the log.
    pub fn is_archived(&self, run: RunId) -> bool {
        self.stages_of(run).next().is_none() && archived(&self.log).contains(&run)
    }

    /// A decision by whoever sits here, now.
    pub fn decision(&self, kind: TransitionKind, run: RunId, reason: String) -> Transition {
        Transition::unplaced(self.model, kind, run, host::user(), host::now(), reason)
    }

    /// The decision that pins a run to a stage, and archives the one it replaces.
    pub fn pinning(
        &self,
        kind: TransitionKind,
        run: RunId,
        stage: Stage,
        reason: String,
    ) -> Transition {
        let replaced = self.file.pins.get(&stage).map(|pin| pin.run);
        let stays = |other: &RunId| *other == run || self.other_stage(*other, stage).is_some();
        Transition {
            from: self.other_stage(run, stage),
            to: Some(stage.into()),
            replaced,
            archived: replaced.filter(|other| !stays(other)),
            ..self.decision(kind, run, reason)
        }
    }

    /// Whether the log of this store has an entry of a number.
    pub fn log_holds(&self, sequence: u64) -> bool {
        self.log.iter().any(|entry| entry.sequence == sequence)
    }

    /// Logs a decision, then writes the pin file.
    pub fn record(&mut self, decision: Transition) -> Result<Transition> {
        self.record_signed(decision, None)
    }

    /// The same, where somebody vouches for a promotion of a run with these outputs.
    pub fn record_signed(
        &mut self,
        decision: Transition,
        signer: Option<(&SignatureKey, Outputs)>,
    ) -> Result<Transition> {
        let mut placed = decision.placed(Head::of(&self.log, self.file.end()));
        if let Some((key, outputs)) = signer {
            placed.signed = key.sign(&placed, outputs);
        }
        let transition = placed.sealed();
        let catalog = self.workspace.store().catalog();
        if !log::append(catalog, self.model, self.seen, &transition)? {
            return Err(Error::failure(format!(
                "another process changed the pins of {}",
                self.model
            ))
            .help("look at `streamflow history`, then try again"));
        }
        enter(&mut self.file, &transition);
        write_pins(self.workspace, &self.file)?;
        self.log.push(transition.clone());
        Ok(transition)
    }

    /// Says that the file does not show what was logged last: a write was cut short, or git put an
    /// older file back.
    pub fn notice(&self) -> Option<String> {
        ahead_of_file(&self.log, &self.file)
    }
}

/// The notice of a log that is ahead of the pin file.
pub fn ahead_of_file(log: &[Transition], file: &PinFile) -> Option<String> {
    let last = log.last()?;
    let newest = file.end().map_or(0, |end| end.sequence);
    (last.sequence > newest).then(|| {
        format!(
            "transition {} is in the log and not in {}: its writing was cut short, or an older \
             file was put back; the file decides",
            last.sequence,
            pin_path(&file.model)
        )
    })
}
