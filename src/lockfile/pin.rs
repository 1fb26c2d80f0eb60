//! `MODEL.pin`: which run stands where, so that a clone knows without a store.

use std::collections::BTreeMap;
use std::fmt::Write;

use serde::Deserialize;

use super::model::LockVersion;
use super::read::{damaged, refuse_conflict_markers, refuse_newer_version, unreadable};
use crate::definition::{ModelName, Stage, Value};
use crate::error::Result;
use crate::hash::{RunId, TransitionHash};

/// One stage's pointer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Pin {
    pub run: RunId,
    /// The number of the transition that set it, from 1.
    pub sequence: u64,
    /// The chain hash of that transition.
    pub hash: TransitionHash,
}

/// The pins of one model.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PinFile {
    pub model: ModelName,
    pub pins: BTreeMap<Stage, Pin>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RawPinFile {
    #[serde(rename = "version")]
    _version: LockVersion,
    model: ModelName,
    production: Option<Pin>,
    staging: Option<Pin>,
}

impl PinFile {
    pub fn parse(path: &str, text: &str) -> Result<Self> {
        refuse_conflict_markers(path, text)?;
        let table: toml::Table = toml::from_str(text).map_err(|error| unreadable(path, &error))?;
        refuse_newer_version(path, &table)?;
        let raw: RawPinFile = table.try_into().map_err(|error| unreadable(path, &error))?;
        let pins = [
            (Stage::Production, raw.production),
            (Stage::Staging, raw.staging),
        ];
        let pins: BTreeMap<Stage, Pin> = pins
            .into_iter()
            .filter_map(|(stage, pin)| Some((stage, pin?)))
            .collect();
        if pins.is_empty() {
            return Err(damaged(path).detail("it pins nothing"));
        }
        Ok(Self {
            model: raw.model,
            pins,
        })
    }

    pub fn render(&self) -> String {
        let mut text =
            String::from("# Written by `streamflow promote` and `rollback`; commit it.\n");
        let version = LockVersion::CURRENT.0;
        let model = Value::Text(self.model.to_string());
        writeln!(text, "version = {version}\nmodel = {model}")
            .expect("writing to a string does not fail");
        for (stage, pin) in &self.pins {
            let Pin {
                run,
                sequence,
                hash,
            } = pin;
            writeln!(
                text,
                "\n[{stage}]\nrun = \"{run}\"\nsequence = {sequence}\nhash = \"{hash}\""
            )
            .expect("writing to a string does not fail");
        }
        text
    }
}
