//! The log of a model's transitions, each chained to the one before.

use serde::{Deserialize, Serialize};

use crate::definition::{ModelName, Stage};
use crate::error::{Error, Result};
use crate::hash::{ContentHash, ContentHasher, Digest, RunId, TransitionHash};
use crate::host::Instant;
use crate::lockfile::{Pin, PinFile};
use crate::store::Catalog;

const TRANSITION: &str = "transition";

/// What sort of decision it was.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum TransitionKind {
    Promotion,
    Rollback,
}

impl TransitionKind {
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Promotion => "promotion",
            Self::Rollback => "rollback",
        }
    }
}

/// One entry: a run was pinned to a stage.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Transition {
    /// From 1, over all stages of the model.
    pub sequence: u64,
    pub run: RunId,
    /// The other stage the run stood in, if it did.
    pub from: Option<Stage>,
    pub to: Stage,
    pub by: String,
    pub at: Instant,
    pub reason: String,
    pub hash: TransitionHash,
    /// None for the very first.
    pub previous_hash: Option<TransitionHash>,
    pub kind: TransitionKind,
    /// The run that stood there before.
    pub replaced: Option<RunId>,
    /// The entry before it is in another store: sequence and hash continue the pin file.
    #[serde(default)]
    pub adopted: bool,
}

/// What is decided, before it has a place in the chain.
#[derive(Debug, Clone)]
pub struct Decision {
    pub run: RunId,
    pub from: Option<Stage>,
    pub to: Stage,
    pub by: String,
    pub at: Instant,
    pub reason: String,
    pub kind: TransitionKind,
    pub replaced: Option<RunId>,
}

/// Where the next transition goes on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Head {
    pub sequence: u64,
    pub hash: Option<TransitionHash>,
    /// The pin file is ahead of the log, or holds another entry of the same number.
    pub adopted: bool,
}

impl Head {
    /// The greater of log and pin file; the file where both have one number and two hashes.
    pub fn of(log: &[Transition], pins: Option<&PinFile>) -> Self {
        let logged = Self {
            sequence: log.last().map_or(0, |last| last.sequence),
            hash: log.last().map(|last| last.hash),
            adopted: false,
        };
        let newest: Option<&Pin> =
            pins.and_then(|file| file.pins.values().max_by_key(|pin| pin.sequence));
        match newest {
            Some(pin) if pin.sequence >= logged.sequence && Some(pin.hash) != logged.hash => Self {
                sequence: pin.sequence,
                hash: Some(pin.hash),
                adopted: true,
            },
            _ => logged,
        }
    }
}

impl Transition {
    /// Gives a decision its place after `head`.
    pub fn after(head: Head, decision: Decision) -> Self {
        let Decision {
            run,
            from,
            to,
            by,
            at,
            reason,
            kind,
            replaced,
        } = decision;
        let mut transition = Self {
            sequence: head.sequence + 1,
            run,
            from,
            to,
            by,
            at,
            reason,
            hash: TransitionHash::from_bytes([0; 32]),
            previous_hash: head.hash,
            kind,
            replaced,
            adopted: head.adopted,
        };
        transition.hash = TransitionHash::of(&transition);
        transition
    }

    pub fn pin(&self) -> Pin {
        Pin {
            run: self.run,
            sequence: self.sequence,
            hash: self.hash,
        }
    }

    /// Whether it follows on the entry before it in the log.
    fn follows(&self, before: Option<&Self>) -> bool {
        let (sequence, hash) = before.map_or((0, None), |b| (b.sequence, Some(b.hash)));
        match self.adopted {
            false => self.sequence == sequence + 1 && self.previous_hash == hash,
            true => self.sequence > sequence && self.previous_hash.is_some(),
        }
    }
}

/// Everything but the hash itself.
impl ContentHash for Transition {
    fn feed(&self, hasher: &mut ContentHasher) {
        let Self {
            sequence,
            run,
            from,
            to,
            by,
            at,
            reason,
            hash: _,
            previous_hash,
            kind,
            replaced,
            adopted,
        } = self;
        hasher.integer(sequence.cast_signed());
        run.feed(hasher);
        from.map(Stage::as_str).feed(hasher);
        to.as_str().feed(hasher);
        by.feed(hasher);
        at.to_string().feed(hasher);
        reason.feed(hasher);
        previous_hash.feed(hasher);
        kind.as_str().feed(hasher);
        replaced.feed(hasher);
        adopted.feed(hasher);
    }
}

/// The log of a model in this store, the oldest first, with its chain verified.
///
/// # Errors
/// An entry is not what its hash says, or does not follow on the one before.
pub fn transitions(catalog: &Catalog, model: &ModelName) -> Result<Vec<Transition>> {
    Ok(read(catalog, model)?.0)
}

/// The log, and the number of its last fact: what an append must have seen.
pub fn read(catalog: &Catalog, model: &ModelName) -> Result<(Vec<Transition>, i64)> {
    let facts = catalog.chained::<Transition>(TRANSITION, model.as_str())?;
    let seen = facts.last().map_or(0, |fact| fact.sequence);
    let log: Vec<Transition> = facts.into_iter().map(|fact| fact.value).collect();
    verify(model, &log)?;
    Ok((log, seen))
}

fn verify(model: &ModelName, log: &[Transition]) -> Result<()> {
    let mut before = None;
    for transition in log {
        let computed = TransitionHash::of(transition);
        if computed != transition.hash || !transition.follows(before) {
            return Err(broken(model, transition, computed));
        }
        before = Some(transition);
    }
    Ok(())
}

fn broken(model: &ModelName, transition: &Transition, computed: TransitionHash) -> Error {
    let sequence = transition.sequence;
    let error = Error::failure(format!(
        "the log of {model} is broken at transition {sequence}"
    ));
    let error = if computed == transition.hash {
        error.detail("it does not follow on the entry before it")
    } else {
        error
            .detail(format!("recorded  {}", transition.hash))
            .detail(format!("computed  {computed} from its content"))
    };
    error
        .help("the store's catalog was changed by something else than streamflow;")
        .help(format!(
            "what is pinned still stands in lockfiles/{model}.pin and its git history"
        ))
}

/// The names of the models that have a log in this store.
pub fn logged_models(catalog: &Catalog) -> Result<Vec<ModelName>> {
    let keys = catalog.keys(TRANSITION, "")?;
    Ok(keys.iter().filter_map(|key| key.parse().ok()).collect())
}

/// Adds an entry, unless another process was faster: then false.
pub fn append(
    catalog: &Catalog,
    model: &ModelName,
    seen: i64,
    transition: &Transition,
) -> Result<bool> {
    let added = catalog.append_after(TRANSITION, model.as_str(), Some(seen), transition, &[])?;
    Ok(added.is_some())
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeMap;

    fn decision(run: &str) -> Decision {
        Decision {
            run: RunId::of(run),
            from: None,
            to: Stage::Production,
            by: "ann".into(),
            at: Instant::parse("2024-02-01T10:00:00Z").unwrap(),
            reason: "because".into(),
            kind: TransitionKind::Promotion,
            replaced: None,
        }
    }

    fn chain(runs: &[&str]) -> Vec<Transition> {
        let mut log: Vec<Transition> = Vec::new();
        for run in runs {
            log.push(Transition::after(Head::of(&log, None), decision(run)));
        }
        log
    }

    fn pins(transition: &Transition) -> PinFile {
        PinFile {
            model: "m".parse().unwrap(),
            pins: BTreeMap::from([(transition.to, transition.pin())]),
        }
    }

    fn sound(log: &[Transition]) -> bool {
        verify(&"m".parse().unwrap(), log).is_ok()
    }

    #[test]
    fn a_chain_is_sound_until_an_entry_is_changed_or_taken_out() {
        let log = chain(&["a", "b", "c"]);
        assert!(sound(&log));
        assert_eq!(log[2].sequence, 3);
        assert_eq!(log[2].previous_hash, Some(log[1].hash));

        let mut changed = log.clone();
        changed[1].reason = "another".into();
        assert!(!sound(&changed));
        changed[1].hash = TransitionHash::of(&changed[1]);
        assert!(!sound(&changed), "the next entry names the old hash");

        let mut shortened = log.clone();
        shortened.remove(1);
        assert!(!sound(&shortened));
        assert!(!sound(&log[1..]), "a chain begins at 1");
    }

    #[test]
    fn every_field_is_hashed() {
        let one = Transition::after(Head::of(&[], None), decision("a"));
        let mut others = vec![one.clone(); 9];
        others[0].sequence = 2;
        others[1].run = RunId::of("b");
        others[2].from = Some(Stage::Staging);
        others[3].to = Stage::Staging;
        others[4].by = "bob".into();
        others[5].at = Instant::parse("2024-02-02").unwrap();
        others[6].kind = TransitionKind::Rollback;
        others[7].replaced = Some(RunId::of("c"));
        others[8].adopted = true;
        for other in &others {
            assert_ne!(TransitionHash::of(other), one.hash, "{other:?}");
        }
    }

    #[test]
    fn a_clone_continues_from_the_pin_file() {
        let theirs = chain(&["a", "b", "c"]);
        let file = pins(&theirs[2]);
        let head = Head::of(&[], Some(&file));
        let mine = vec![Transition::after(head, decision("d"))];
        assert_eq!(mine[0].sequence, 4);
        assert_eq!(mine[0].previous_hash, Some(theirs[2].hash));
        assert!(sound(&mine));
    }

    #[test]
    fn of_two_entries_with_one_number_the_file_decides() {
        let (mine, theirs) = (chain(&["a", "b"]), chain(&["a", "c"]));
        let head = Head::of(&mine, Some(&pins(&theirs[1])));
        assert_eq!((head.sequence, head.adopted), (2, true));
        let mut log = mine.clone();
        log.push(Transition::after(head, decision("d")));
        assert!(sound(&log));
        let behind = Head::of(&mine, Some(&pins(&mine[0])));
        assert_eq!((behind.sequence, behind.adopted), (2, false));
    }
}
