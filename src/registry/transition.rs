//! One entry of a model's log, and how it is hashed.
//!
//! An entry is hashed over everything it says and over the hash of the one before. Fields that came
//! later are hashed only in entries that were written with them ([`EntryVersion`]), so that an old
//! chain verifies for ever; docs/registry.md draws what is fed.

use serde::{Deserialize, Serialize};

use super::gate::GateResult;
use crate::definition::{AliasName, ModelName, Stage, Standing};
use crate::hash::{ContentHash, ContentHasher, Digest, RunId, TransitionHash};
use crate::host::Instant;
use crate::lockfile::{LogEnd, Outputs, Pin, PinSignature};

/// What sort of decision it was.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum TransitionKind {
    /// A run was pinned to a stage.
    Promotion,
    /// Production went back to an earlier run.
    Rollback,
    /// A run was taken out of the stages.
    Demotion,
    /// An alias was set or moved.
    Alias,
    /// An alias was removed.
    Unalias,
    /// Somebody approved a run for production.
    Approval,
}

impl TransitionKind {
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Promotion => "promotion",
            Self::Rollback => "rollback",
            Self::Demotion => "demotion",
            Self::Alias => "alias",
            Self::Unalias => "unalias",
            Self::Approval => "approval",
        }
    }
}

/// Which fields an entry has and hashes.
///
/// 1: the first; promotions and rollbacks.
/// 2: also the model, gates, what was archived, aliases, approvals, signatures, and the end of the
///    own log where the entry goes on from another one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(transparent)]
pub struct EntryVersion(pub u32);

impl EntryVersion {
    pub const FIRST: Self = Self(1);
    pub const CURRENT: Self = Self(2);

    const fn first() -> Self {
        Self::FIRST
    }

    fn is_first(&self) -> bool {
        *self == Self::FIRST
    }
}

/// A promotion that somebody vouched for.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Signed {
    /// The Ed25519 public key, 64 hex digits.
    pub key: String,
    /// 128 hex digits.
    pub signature: String,
    /// What the run had given, which is signed too.
    pub outputs: Outputs,
}

/// One entry.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Transition {
    /// From 1, over all stages of the model.
    pub sequence: u64,
    pub run: RunId,
    /// The other stage the run stood in, if it did; of a demotion the stage it left.
    pub from: Option<Stage>,
    /// None of what moves no run between stages: aliases, approvals.
    pub to: Option<Standing>,
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
    #[serde(
        default = "EntryVersion::first",
        skip_serializing_if = "EntryVersion::is_first"
    )]
    pub version: EntryVersion,
    /// So that the log of one model is none of another.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub model: Option<ModelName>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub alias: Option<AliasName>,
    /// The run that left the stages by this.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub archived: Option<RunId>,
    /// What was asked, and how it was answered.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub gates: Vec<GateResult>,
    /// Some of the gates did not hold, and somebody pinned the run all the same.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub overridden: bool,
    /// Who had approved the run, in order of their approvals; a hash where only the pin file told.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub approved_by: Vec<String>,
    /// Where `adopted`: the last entry of this store's own log, which the chain so holds fast too.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub beside: Option<TransitionHash>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub signed: Option<Signed>,
}

/// Where the next transition goes on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Head {
    pub sequence: u64,
    pub hash: Option<TransitionHash>,
    /// The pin file is ahead of the log, or holds another entry of the same number; then the last
    /// entry of the log, if it has one.
    pub adopted: Option<Option<TransitionHash>>,
}

impl Head {
    /// The greater of log and pin file; the file where both have one number and two hashes.
    pub fn of(log: &[Transition], end: Option<LogEnd>) -> Self {
        let last = log.last();
        let logged = Self {
            sequence: last.map_or(0, |last| last.sequence),
            hash: last.map(|last| last.hash),
            adopted: None,
        };
        match end {
            Some(end) if end.sequence >= logged.sequence && Some(end.hash) != logged.hash => Self {
                sequence: end.sequence,
                hash: Some(end.hash),
                adopted: Some(logged.hash),
            },
            _ => logged,
        }
    }
}

impl Transition {
    /// A decision that has no place in the chain yet.
    pub fn unplaced(
        model: &ModelName,
        kind: TransitionKind,
        run: RunId,
        by: String,
        at: Instant,
        reason: String,
    ) -> Self {
        Self {
            sequence: 0,
            run,
            from: None,
            to: None,
            by,
            at,
            reason,
            hash: TransitionHash::from_bytes([0; 32]),
            previous_hash: None,
            kind,
            replaced: None,
            adopted: false,
            version: EntryVersion::CURRENT,
            model: Some(model.clone()),
            alias: None,
            archived: None,
            gates: Vec::new(),
            overridden: false,
            approved_by: Vec::new(),
            beside: None,
            signed: None,
        }
    }

    /// Gives a decision its place after `head`. The hash is that of [`Self::sealed`].
    pub fn placed(mut self, head: Head) -> Self {
        self.sequence = head.sequence + 1;
        self.previous_hash = head.hash;
        self.adopted = head.adopted.is_some();
        self.beside = head.adopted.flatten();
        self
    }

    /// Takes the hash of everything it says.
    pub fn sealed(mut self) -> Self {
        self.hash = TransitionHash::of(&self);
        self
    }

    /// The stage it put its run into.
    pub fn stage(&self) -> Option<Stage> {
        self.to.and_then(Standing::stage)
    }

    pub fn end(&self) -> LogEnd {
        LogEnd {
            sequence: self.sequence,
            hash: self.hash,
        }
    }

    /// The pointer that it sets.
    pub fn pin(&self) -> Pin {
        let signature = self.signed.as_ref().map(|signed| PinSignature {
            key: signed.key.clone(),
            signature: signed.signature.clone(),
            previous: self.previous_hash,
        });
        let remarkable = self.overridden || signature.is_some();
        Pin {
            run: self.run,
            sequence: self.sequence,
            hash: self.hash,
            overridden: self.overridden,
            reason: remarkable.then(|| self.reason.clone()),
            signature,
        }
    }

    /// Whether it says only what its version can say: nothing that is not hashed.
    pub fn fits_its_version(&self) -> bool {
        let Self {
            to,
            kind,
            model,
            alias,
            archived,
            gates,
            overridden,
            approved_by,
            beside,
            signed,
            ..
        } = self;
        match self.version {
            EntryVersion::FIRST => {
                let pinned = to.is_some_and(|to| to.stage().is_some());
                let moved = matches!(kind, TransitionKind::Promotion | TransitionKind::Rollback);
                let later = model.is_some()
                    || alias.is_some()
                    || archived.is_some()
                    || !gates.is_empty()
                    || *overridden
                    || !approved_by.is_empty()
                    || beside.is_some()
                    || signed.is_some();
                pinned && moved && !later
            }
            EntryVersion::CURRENT => model.is_some(),
            EntryVersion(_) => false,
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
            version,
            model,
            alias,
            archived,
            gates,
            overridden,
            approved_by,
            beside,
            signed,
        } = self;
        let first = *version == EntryVersion::FIRST;
        // An entry of version 1 begins with its sequence, which is never below 0.
        if !first {
            hasher.integer(-i64::from(version.0));
        }
        hasher.integer(sequence.cast_signed());
        run.feed(hasher);
        from.map(Stage::as_str).feed(hasher);
        to.map_or("", Standing::as_str).feed(hasher);
        by.feed(hasher);
        at.to_string().feed(hasher);
        reason.feed(hasher);
        previous_hash.feed(hasher);
        kind.as_str().feed(hasher);
        replaced.feed(hasher);
        adopted.feed(hasher);
        if first {
            return;
        }
        model.as_ref().map(ModelName::as_str).feed(hasher);
        alias.as_ref().map(AliasName::as_str).feed(hasher);
        archived.feed(hasher);
        gates.feed(hasher);
        overridden.feed(hasher);
        approved_by.feed(hasher);
        beside.feed(hasher);
        signed.feed(hasher);
    }
}

impl ContentHash for GateResult {
    fn feed(&self, hasher: &mut ContentHasher) {
        let Self {
            gate,
            held,
            detail,
            value,
            limit,
            way_out: _,
        } = self;
        gate.feed(hasher);
        held.feed(hasher);
        detail.feed(hasher);
        value.feed(hasher);
        limit.feed(hasher);
    }
}

impl ContentHash for Signed {
    fn feed(&self, hasher: &mut ContentHasher) {
        let Self {
            key,
            signature,
            outputs,
        } = self;
        key.feed(hasher);
        signature.feed(hasher);
        for (name, hash) in outputs.named() {
            name.feed(hasher);
            hash.feed(hasher);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::hash::ObjectId;
    use crate::hash::TableHash;

    fn entry() -> Transition {
        let at = Instant::parse("2024-02-01T10:00:00Z").unwrap();
        let mut entry = Transition::unplaced(
            &"m".parse().unwrap(),
            TransitionKind::Promotion,
            RunId::of("a"),
            "ann".into(),
            at,
            "because".into(),
        );
        entry.to = Some(Stage::Production.into());
        let head = Head::of(&[], None);
        entry.placed(head).sealed()
    }

    fn first(mut entry: Transition) -> Transition {
        entry.version = EntryVersion::FIRST;
        entry.model = None;
        entry.sealed()
    }

    fn gate() -> GateResult {
        GateResult {
            gate: "auc >= 0.7".into(),
            held: true,
            detail: "0.8000".into(),
            value: Some(0.8),
            limit: Some(0.7),
            way_out: None,
        }
    }

    /// Every field changed, one at a time.
    fn changed(entry: &Transition) -> Vec<Transition> {
        let changes: [fn(&mut Transition); 20] = [
            |e| e.sequence = 2,
            |e| e.run = RunId::of("b"),
            |e| e.from = Some(Stage::Staging),
            |e| e.to = Some(Stage::Staging.into()),
            |e| e.to = None,
            |e| e.by = "bob".into(),
            |e| e.at = Instant::parse("2024-02-02").unwrap(),
            |e| e.reason = "another".into(),
            |e| e.previous_hash = Some(TransitionHash::of("x")),
            |e| e.kind = TransitionKind::Rollback,
            |e| e.replaced = Some(RunId::of("c")),
            |e| e.adopted = true,
            |e| e.model = Some("n".parse().unwrap()),
            |e| e.alias = Some("champion".parse().unwrap()),
            |e| e.archived = Some(RunId::of("c")),
            |e| e.gates = vec![gate()],
            |e| e.overridden = true,
            |e| e.approved_by = vec!["bob".into()],
            |e| e.beside = Some(TransitionHash::of("x")),
            |e| {
                e.signed = Some(Signed {
                    key: String::new(),
                    signature: String::new(),
                    outputs: Outputs {
                        training_set: TableHash::of("x"),
                        split: TableHash::of("x"),
                        model: ObjectId::of_bytes(b"x"),
                        predictions: TableHash::of("x"),
                    },
                });
            },
        ];
        changes
            .iter()
            .map(|change| {
                let mut other = entry.clone();
                change(&mut other);
                other
            })
            .collect()
    }

    #[test]
    fn every_field_is_hashed_or_refused() {
        let later = entry();
        for other in changed(&later) {
            assert_ne!(TransitionHash::of(&other), later.hash, "{other:?}");
        }
        let old = first(later.clone());
        assert_ne!(old.hash, later.hash);
        for other in changed(&old) {
            let seen = TransitionHash::of(&other) != old.hash || !other.fits_its_version();
            assert!(seen, "{other:?}");
        }
        let mut gated = later;
        gated.gates = vec![gate()];
        let gated = gated.sealed();
        let changes: [fn(&mut GateResult); 5] = [
            |g| g.gate = "auc >= 0.6".into(),
            |g| g.held = false,
            |g| g.detail = "0.9".into(),
            |g| g.value = None,
            |g| g.limit = Some(0.6),
        ];
        for change in changes {
            let mut other = gated.clone();
            change(&mut other.gates[0]);
            assert_ne!(TransitionHash::of(&other), gated.hash, "{other:?}");
        }
    }

    /// Written before there was a second version.
    const OLD: &str = r#"{"sequence":2,"run":"d925fa0f2cfa1c7353006bf699a167bf51caf8e091412a3b31ef1ca4b0b50be8","from":"staging","to":"production","by":"ada","at":"2026-11-30T18:48:20.307053Z","reason":"first model","hash":"7bdd1d6cfce21b98d37325c940c6807ee46eeabcff733bbc55c7ad0147cd6fd0","previous_hash":"a88bc5aea39557971e77c140c8fb4181cd687584d95c420048d6daebb746d77f","kind":"promotion","replaced":null,"adopted":false}"#;

    #[test]
    fn an_entry_of_the_first_version_keeps_its_text_and_its_hash() {
        let old: Transition = serde_json::from_str(OLD).unwrap();
        assert_eq!(TransitionHash::of(&old), old.hash);
        let text = serde_json::to_string(&old).unwrap();
        assert_eq!(text, OLD);
        assert!(old.fits_its_version());
        let more = text.replace("\"adopted\"", "\"note\":1,\"adopted\"");
        assert!(serde_json::from_str::<Transition>(&more).is_err());
    }

    #[test]
    fn only_what_is_remarkable_stands_in_the_pin() {
        let mut entry = entry();
        assert_eq!(entry.pin().reason, None);
        entry.overridden = true;
        assert_eq!(entry.pin().reason.as_deref(), Some("because"));
    }
}
