//! What is pinned where: now, by the pin files; at a time, by the log.

use std::collections::BTreeMap;

use super::log::{self, Decision, Head, Transition};
use crate::definition::{ModelName, Stage};
use crate::error::{Error, Result};
use crate::fsio::FileLock;
use crate::hash::RunId;
use crate::host::Instant;
use crate::lockfile::{Pin, PinFile, read_pins, write_pins};
use crate::run;
use crate::workspace::Workspace;

/// The pins of a model in the working tree.
pub fn pins(workspace: &Workspace, model: &ModelName) -> Result<BTreeMap<Stage, Pin>> {
    Ok(read_pins(workspace, model)?.map_or(BTreeMap::new(), |file| file.pins))
}

/// Every pinned run with the stages it stands in.
pub fn stages(workspace: &Workspace) -> Result<BTreeMap<RunId, Vec<(ModelName, Stage)>>> {
    let mut stages: BTreeMap<RunId, Vec<(ModelName, Stage)>> = BTreeMap::new();
    for model in run::models(workspace)? {
        for (stage, pin) in pins(workspace, &model)? {
            let places = stages.entry(pin.run).or_default();
            places.push((model.clone(), stage));
        }
    }
    Ok(stages)
}

/// What was pinned at a time, by the log.
pub fn pinned_at(log: &[Transition], at: Instant) -> BTreeMap<Stage, RunId> {
    log.iter()
        .filter(|transition| transition.at <= at)
        .map(|transition| (transition.to, transition.run))
        .collect()
}

/// Log and pin file of a model, held so that no other process changes them meanwhile.
pub(super) struct Registry<'a> {
    workspace: &'a Workspace,
    model: &'a ModelName,
    pub log: Vec<Transition>,
    pub pins: BTreeMap<Stage, Pin>,
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
            pins: pins(workspace, model)?,
            _lock: lock,
        })
    }

    /// The stage other than `to` that a run stands in.
    pub fn other_stage(&self, run: RunId, to: Stage) -> Option<Stage> {
        let found = self
            .pins
            .iter()
            .find(|(stage, pin)| **stage != to && pin.run == run);
        found.map(|(stage, _)| *stage)
    }

    /// Logs a decision, then writes the pin file.
    pub fn record(&mut self, decision: Decision) -> Result<Transition> {
        let file = PinFile {
            model: self.model.clone(),
            pins: self.pins.clone(),
        };
        let head = Head::of(&self.log, Some(&file));
        let transition = Transition::after(head, decision);
        let catalog = self.workspace.store().catalog();
        if !log::append(catalog, self.model, self.seen, &transition)? {
            return Err(Error::failure(format!(
                "another process changed the pins of {}",
                self.model
            ))
            .help("look at `streamflow history`, then try again"));
        }
        self.pins.insert(transition.to, transition.pin());
        write_pins(
            self.workspace,
            &PinFile {
                model: self.model.clone(),
                pins: self.pins.clone(),
            },
        )?;
        Ok(transition)
    }

    /// Says that the file does not show what was logged last: a write was cut short, or git put an
    /// older file back.
    pub fn notice(&self) -> Option<String> {
        ahead_of_file(self.model, &self.log, &self.pins)
    }
}

/// The notice of a log that is ahead of the pin file.
pub fn ahead_of_file(
    model: &ModelName,
    log: &[Transition],
    pins: &BTreeMap<Stage, Pin>,
) -> Option<String> {
    let last = log.last()?;
    let newest = pins.values().map(|pin| pin.sequence).max().unwrap_or(0);
    (last.sequence > newest).then(|| {
        format!(
            "transition {} is in the log and not in lockfiles/{model}.pin: its writing was cut \
             short, or an older file was put back; the file decides",
            last.sequence
        )
    })
}
