//! `MODEL.pin`: which run stands where, so that a clone knows without a store.
//!
//! | section | says |
//! |---|---|
//! | `[production]`, `[staging]` | the run that is pinned there, and the entry of the log that put it there |
//! | `[aliases.NAME]` | the same of a free pointer |
//! | `[[approvals]]` | who approved which run for production, by the hash of a name |
//! | `[log]` | the last entry of the log |
//!
//! A file of version 1 has stages alone, whose greatest sequence is the last entry of the log.

use std::collections::BTreeMap;
use std::fmt::Write;

use serde::Deserialize;

use super::read::{damaged, refuse_conflict_markers, refuse_unknown_version, unreadable};
use crate::definition::{AliasName, ModelName, Stage, Value};
use crate::error::Result;
use crate::hash::{PersonHash, RunId, TransitionHash};

/// The version of the pin file.
///
/// 1: stages.
/// 2: also the last entry of the log, aliases, approvals; of a stage a reason, a signature.
const VERSION: u32 = 2;

/// One pointer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Pin {
    pub run: RunId,
    /// The number of the transition that set it, from 1.
    pub sequence: u64,
    /// The chain hash of that transition.
    pub hash: TransitionHash,
    /// Gates that did not hold were overridden.
    pub overridden: bool,
    /// Why, where gates were overridden or the promotion is signed.
    pub reason: Option<String>,
    pub signature: Option<PinSignature>,
}

impl Pin {
    /// A pointer of which nothing more is to be said.
    pub const fn plain(run: RunId, sequence: u64, hash: TransitionHash) -> Self {
        Self {
            run,
            sequence,
            hash,
            overridden: false,
            reason: None,
            signature: None,
        }
    }
}

/// Who vouches for a promotion.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PinSignature {
    /// The Ed25519 public key, 64 hex digits.
    pub key: String,
    /// 128 hex digits.
    pub signature: String,
    /// The entry of the log before it, to which the signature is bound; none for the first.
    pub previous: Option<TransitionHash>,
}

/// The last entry of a log.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LogEnd {
    pub sequence: u64,
    pub hash: TransitionHash,
}

/// An approval that no promotion has used yet.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PinnedApproval {
    pub run: RunId,
    pub sequence: u64,
    pub hash: TransitionHash,
    /// Whose it is. A pin file holds no names.
    pub person: PersonHash,
}

/// The pins of one model.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PinFile {
    pub model: ModelName,
    pub pins: BTreeMap<Stage, Pin>,
    pub aliases: BTreeMap<AliasName, Pin>,
    /// In order of run and sequence.
    pub approvals: Vec<PinnedApproval>,
    /// None in a file of version 1.
    pub log: Option<LogEnd>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RawPin {
    run: RunId,
    sequence: u64,
    hash: TransitionHash,
    #[serde(default)]
    overridden: bool,
    reason: Option<String>,
    key: Option<String>,
    signature: Option<String>,
    previous: Option<TransitionHash>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RawPinFile {
    version: u32,
    model: ModelName,
    production: Option<RawPin>,
    staging: Option<RawPin>,
    #[serde(default)]
    aliases: BTreeMap<AliasName, RawPin>,
    #[serde(default)]
    approvals: Vec<PinnedApproval>,
    log: Option<LogEnd>,
}

impl PinFile {
    /// A model of which nothing is pinned.
    pub const fn empty(model: ModelName) -> Self {
        Self {
            model,
            pins: BTreeMap::new(),
            aliases: BTreeMap::new(),
            approvals: Vec::new(),
            log: None,
        }
    }

    pub fn parse(path: &str, text: &str) -> Result<Self> {
        refuse_conflict_markers(path, text)?;
        let table: toml::Table = toml::from_str(text).map_err(|error| unreadable(path, &error))?;
        refuse_unknown_version(path, &table, 1..=VERSION)?;
        let raw: RawPinFile = table.try_into().map_err(|error| unreadable(path, &error))?;
        let pins = [
            (Stage::Production, raw.production),
            (Stage::Staging, raw.staging),
        ];
        let pins: BTreeMap<Stage, RawPin> = pins
            .into_iter()
            .filter_map(|(stage, pin)| Some((stage, pin?)))
            .collect();
        if pins.is_empty() && (raw.version == 1 || raw.log.is_none()) {
            return Err(damaged(path).detail("it pins nothing"));
        }
        if raw.version > 1 && raw.log.is_none() {
            return Err(damaged(path).detail("it has no [log]"));
        }
        let mut approvals = raw.approvals;
        approvals.sort();
        Ok(Self {
            model: raw.model,
            pins: checked(path, pins)?,
            aliases: checked(path, raw.aliases)?,
            approvals,
            log: raw.log,
        })
    }

    /// The last entry of the log that the file knows of: where git merged two files, of whichever
    /// part is ahead.
    pub fn end(&self) -> Option<LogEnd> {
        let pins = self.pins.values().chain(self.aliases.values());
        let ends = pins.map(|pin| LogEnd {
            sequence: pin.sequence,
            hash: pin.hash,
        });
        let approvals = self.approvals.iter().map(|approval| LogEnd {
            sequence: approval.sequence,
            hash: approval.hash,
        });
        let ahead = ends
            .chain(approvals)
            .max_by_key(|end| end.sequence)
            .filter(|end| self.log.is_none_or(|log| end.sequence > log.sequence));
        ahead.or(self.log)
    }

    /// The numbers of all entries of the log that the file tells of.
    pub fn sequences(&self) -> impl Iterator<Item = u64> {
        let pins = self.pins.values().chain(self.aliases.values());
        let approvals = self.approvals.iter().map(|approval| approval.sequence);
        pins.map(|pin| pin.sequence)
            .chain(approvals)
            .chain(self.log.map(|end| end.sequence))
    }

    /// Every run the file tells of: pinned, aliased, or waiting for more approvals.
    pub fn runs(&self) -> impl Iterator<Item = RunId> {
        let pins = self.pins.values().chain(self.aliases.values());
        let approvals = self.approvals.iter().map(|approval| approval.run);
        pins.map(|pin| pin.run).chain(approvals)
    }

    pub fn render(&self) -> String {
        let mut text =
            String::from("# Written by `streamflow promote` and `rollback`; commit it.\n");
        let model = quoted(self.model.as_str());
        line(&mut text, &format!("version = {VERSION}\nmodel = {model}"));
        for (alias, pin) in &self.aliases {
            render_pin(&mut text, &format!("aliases.{alias}"), pin);
        }
        for approval in &self.approvals {
            let PinnedApproval {
                run,
                sequence,
                hash,
                person,
            } = approval;
            line(
                &mut text,
                &format!(
                    "\n[[approvals]]\nrun = \"{run}\"\nsequence = {sequence}\nhash = \"{hash}\"\nperson = \"{person}\""
                ),
            );
        }
        if let Some(LogEnd { sequence, hash }) = self.end() {
            line(
                &mut text,
                &format!("\n[log]\nsequence = {sequence}\nhash = \"{hash}\""),
            );
        }
        for (stage, pin) in &self.pins {
            render_pin(&mut text, stage.as_str(), pin);
        }
        text
    }
}

fn checked<K: Ord>(path: &str, pins: BTreeMap<K, RawPin>) -> Result<BTreeMap<K, Pin>> {
    let checked = |(name, raw): (K, RawPin)| {
        let signature = match (raw.key, raw.signature) {
            (Some(key), Some(signature)) => Some(PinSignature {
                key,
                signature,
                previous: raw.previous,
            }),
            (None, None) => None,
            _ => {
                return Err(
                    damaged(path).detail("`key` and `signature` come together or not at all")
                );
            }
        };
        let pin = Pin {
            run: raw.run,
            sequence: raw.sequence,
            hash: raw.hash,
            overridden: raw.overridden,
            reason: raw.reason,
            signature,
        };
        Ok((name, pin))
    };
    pins.into_iter().map(checked).collect()
}

fn render_pin(text: &mut String, section: &str, pin: &Pin) {
    let Pin {
        run,
        sequence,
        hash,
        overridden,
        reason,
        signature,
    } = pin;
    line(
        text,
        &format!("\n[{section}]\nrun = \"{run}\"\nsequence = {sequence}\nhash = \"{hash}\""),
    );
    if *overridden {
        line(text, "overridden = true");
    }
    if let Some(reason) = reason {
        line(text, &format!("reason = {}", quoted(reason)));
    }
    if let Some(PinSignature {
        key,
        signature,
        previous,
    }) = signature
    {
        line(
            text,
            &format!("key = {}\nsignature = {}", quoted(key), quoted(signature)),
        );
        if let Some(previous) = previous {
            line(text, &format!("previous = \"{previous}\""));
        }
    }
}

fn quoted(text: &str) -> Value {
    Value::Text(text.to_string())
}

fn line(text: &mut String, line: &str) {
    writeln!(text, "{line}").expect("writing to a string does not fail");
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::hash::Digest;

    fn pin(name: &str, sequence: u64) -> Pin {
        Pin::plain(RunId::of(name), sequence, TransitionHash::of(name))
    }

    fn full() -> PinFile {
        let mut signed = pin("signed", 3);
        signed.overridden = true;
        signed.reason = Some("it is \"urgent\"\nand late".into());
        signed.signature = Some(PinSignature {
            key: "ab".repeat(32),
            signature: "cd".repeat(64),
            previous: Some(TransitionHash::of("before")),
        });
        PinFile {
            model: "m".parse().unwrap(),
            pins: BTreeMap::from([(Stage::Production, signed), (Stage::Staging, pin("b", 2))]),
            aliases: BTreeMap::from([("champion".parse().unwrap(), pin("c", 4))]),
            approvals: vec![PinnedApproval {
                run: RunId::of("d"),
                sequence: 5,
                hash: TransitionHash::of("d"),
                person: PersonHash::of("ann"),
            }],
            log: Some(LogEnd {
                sequence: 6,
                hash: TransitionHash::of("last"),
            }),
        }
    }

    #[test]
    fn what_is_written_is_read_again() {
        let mut empty = PinFile::empty("m".parse().unwrap());
        empty.log = full().log;
        for file in [full(), empty] {
            let text = file.render();
            assert_eq!(PinFile::parse("m.pin", &text).unwrap(), file, "{text}");
        }
    }

    #[test]
    fn a_file_of_the_first_version_is_read() {
        let (run, hash) = (RunId::of("a"), TransitionHash::of("a"));
        let text = format!(
            "version = 1\nmodel = \"m\"\n[staging]\nrun = \"{run}\"\nsequence = 7\nhash = \"{hash}\"\n"
        );
        let file = PinFile::parse("m.pin", &text).unwrap();
        assert_eq!(file.pins[&Stage::Staging], Pin::plain(run, 7, hash));
        assert_eq!(file.end(), Some(LogEnd { sequence: 7, hash }));
    }

    #[test]
    fn what_does_not_fit_together_is_refused() {
        let text = full().render();
        for (old, new, words) in [
            ("version = 2", "version = 3", "newer"),
            ("version = 2", "version = 0", "cannot be read"),
            ("[log]", "[log_]", "cannot be read"),
            (
                "[aliases.champion]",
                "[aliases.production]",
                "cannot be read",
            ),
            ("overridden = true", "overriden = true", "cannot be read"),
            ("sequence = 3", "sequence = -3", "cannot be read"),
            ("[staging]", "=======\n[staging]", "merge-conflict"),
        ] {
            let changed = text.replace(old, new);
            assert_ne!(changed, text, "{old}");
            let error = PinFile::parse("m.pin", &changed).unwrap_err();
            assert!(error.to_string().contains(words), "{new}: {error}");
        }
    }

    #[test]
    fn of_merged_parts_the_one_that_is_ahead_is_the_end() {
        let mut file = full();
        file.log = Some(LogEnd {
            sequence: 2,
            hash: TransitionHash::of("old"),
        });
        assert_eq!(file.end().map(|end| end.sequence), Some(5));
    }
}
