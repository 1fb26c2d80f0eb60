//! Leakage guards: what stops a run before anything is fitted, and how an experiment lets it pass.
//!
//! | guard | known | lets it pass under `[allow]` |
//! |---|---|---|
//! | a feature is computed from the label's column at the label's date | from definitions | `label_column = ["TABLE.FEATURE"]` |
//! | a feature is a one-to-one function of the label in the labelled rows | between split and fit | `label_function = ["TABLE.FEATURE"]` |
//! | `hash` or `shuffle` put an entity on both sides | between split and fit | `entity_overlap = true` |
//!
//! What is seen in the rows is a fact of training set and split, kept in the catalog under their
//! hashes, so that a cached run reads no object and yet is judged. What an experiment allows is no
//! part of a run: the same run is refused when the word is taken away, whatever the store holds.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};

use crate::definition::{
    Allow, Definitions, Experiment, FeatureName, InputName, Label, SplitMethod,
};
use crate::error::{Error, Finding, Kind, Result, Span};
use crate::feature::FeatureSpec;
use crate::hash::{ContentHash, ContentHasher, Digest, ObjectId};
use crate::learn::{FunctionForm, LEAKAGE_VERSION, LabelFunction, Leakage};
use crate::plan::Declared;
use crate::store::{ObjectName, Store};

/// The kind of facts that hold what training set and split show.
const LEAKAGE: &str = "leakage";

/// A guard by the key that turns it off.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum GuardName {
    LabelColumn,
    LabelFunction,
    EntityOverlap,
}

impl GuardName {
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::LabelColumn => "label_column",
            Self::LabelFunction => "label_function",
            Self::EntityOverlap => "entity_overlap",
        }
    }
}

/// Something a guard has seen.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Leak {
    pub guard: GuardName,
    /// None for the split.
    pub feature: Option<InputName>,
    /// A clause: what was seen, in how many rows.
    pub evidence: String,
}

impl Leak {
    pub fn is_allowed(&self, allow: &Allow) -> bool {
        let named = |features: &BTreeSet<InputName>| {
            let feature = self.feature.as_ref();
            feature.is_some_and(|feature| features.contains(feature))
        };
        match self.guard {
            GuardName::LabelColumn => named(&allow.label_column),
            GuardName::LabelFunction => named(&allow.label_function),
            GuardName::EntityOverlap => allow.entity_overlap,
        }
    }
}

/// Features that are computed from the label's own column at the label's own date. With a lead
/// today's label is a fact of the past.
pub fn declared_leaks(label: &Label, features: &[FeatureSpec]) -> Vec<Leak> {
    let reads = |feature: &&FeatureSpec| {
        feature.table == label.table && feature.columns().contains(&&label.column)
    };
    let readers = features
        .iter()
        .filter(|_| label.lead == 0)
        .filter(reads)
        .map(FeatureSpec::name);
    readers
        .map(|name| Leak {
            guard: GuardName::LabelColumn,
            evidence: format!(
                "{name} reads {}.{} of the date that is predicted",
                label.table, label.column
            ),
            feature: Some(name.into()),
        })
        .collect()
}

/// What a guard sees in the rows. Of a feature that reads the label's column it is known already.
pub fn found_leaks(
    label: &Label,
    method: SplitMethod,
    declared: &[Leak],
    leakage: &Leakage,
) -> Vec<Leak> {
    let mut leaks = Vec::new();
    for function in &leakage.label_functions {
        let feature: Option<InputName> = function.feature.parse().ok();
        if !declared.iter().any(|leak| leak.feature == feature) {
            leaks.push(Leak {
                guard: GuardName::LabelFunction,
                feature,
                evidence: function_words(label, function),
            });
        }
    }
    let both = leakage.entities_on_both_sides;
    if both > 0 && method != SplitMethod::Time {
        let entities = match both {
            1 => "1 entity has".to_string(),
            many => format!("{many} entities have"),
        };
        leaks.push(Leak {
            guard: GuardName::EntityOverlap,
            feature: None,
            evidence: format!("{entities} rows on both sides of the split"),
        });
    }
    leaks
}

/// `usage.status is "gone" in all 21 rows where labels.left is true, and "here" in all 39 others`.
fn function_words(label: &Label, function: &LabelFunction) -> String {
    let feature = &function.feature;
    let of = format!("{}.{}", label.table, label.column);
    let value = |value: &Option<String>| match value {
        None => "null".to_string(),
        Some(value) => format!("\"{value}\""),
    };
    match &function.form {
        FunctionForm::TwoValues {
            when_true,
            when_false,
            positive,
            negative,
        } => {
            let truth = match &label.positive {
                None => "true".to_string(),
                Some(positive) => format!("\"{positive}\""),
            };
            format!(
                "{feature} is {} in all {positive} rows where {of} is {truth}, and {} in all \
                 {negative} others",
                value(when_true),
                value(when_false),
            )
        }
        FunctionForm::Values { classes } => {
            format!("{feature} has one value for each of the {classes} classes of {of}")
        }
        FunctionForm::Monotone { rises } => {
            let moves = if *rises { "rises" } else { "falls" };
            format!("{feature} {moves} wherever {of} rises, in all rows")
        }
    }
}

/// The guards of one experiment.
pub struct Guards<'a> {
    experiment: &'a Experiment,
    declared: Vec<Leak>,
}

impl<'a> Guards<'a> {
    pub fn of(definitions: &Definitions, experiment: &'a Experiment) -> Self {
        let spec = |name: &FeatureName| {
            let table = definitions.tables.get(&name.table)?;
            FeatureSpec::of(table, &name.feature)
        };
        let features: Vec<FeatureSpec> = experiment.features.iter().filter_map(spec).collect();
        Self {
            declared: declared_leaks(&experiment.label, &features),
            experiment,
        }
    }

    /// Judges what definitions alone tell, before any data is read.
    ///
    /// # Errors
    /// [`Kind::Leakage`] with every leak the experiment does not allow.
    pub fn before_data(&self) -> Result<()> {
        self.judge(&self.declared)
    }

    /// Judges what the rows tell, before anything is fitted.
    ///
    /// # Errors
    /// As [`Self::before_data`].
    pub fn before_fit(&self, leakage: &Leakage) -> Result<()> {
        self.judge(&self.all(leakage))
    }

    /// The leaks that are there and that the experiment allows.
    pub fn overrides(&self, leakage: &Leakage) -> Vec<Leak> {
        let mut leaks = self.all(leakage);
        leaks.retain(|leak| leak.is_allowed(&self.experiment.allow));
        leaks
    }

    fn all(&self, leakage: &Leakage) -> Vec<Leak> {
        let Experiment { label, split, .. } = self.experiment;
        let found = found_leaks(label, split.method, &self.declared, leakage);
        self.declared.iter().cloned().chain(found).collect()
    }

    fn judge(&self, leaks: &[Leak]) -> Result<()> {
        let allow = &self.experiment.allow;
        let refused: Vec<&Leak> = leaks
            .iter()
            .filter(|leak| !leak.is_allowed(allow))
            .collect();
        if refused.is_empty() {
            return Ok(());
        }
        let error = Error::new(Kind::Leakage, self.headline(&refused))
            .findings(refused.iter().map(|leak| self.finding(leak)))
            .details(refused.iter().map(|leak| leak.evidence.clone()));
        Err(self.ways_out(&refused).into_iter().fold(error, Error::help))
    }

    /// `usage.status gives labels.left away`, `the split leaks`.
    fn headline(&self, refused: &[&Leak]) -> String {
        let Experiment { name, label, .. } = self.experiment;
        let features: Vec<String> = refused
            .iter()
            .filter_map(|leak| leak.feature.as_ref())
            .map(ToString::to_string)
            .collect();
        let give = if features.len() == 1 { "gives" } else { "give" };
        let what = match features.as_slice() {
            [] => "its split puts entities on both sides".to_string(),
            names => format!(
                "{} {give} {}.{} away",
                names.join(", "),
                label.table,
                label.column
            ),
        };
        format!("{name} is not trained: {what}")
    }

    fn finding(&self, leak: &Leak) -> Finding {
        let (message, label) = match (&leak.feature, leak.guard) {
            (Some(name), GuardName::LabelColumn) => (
                format!("feature `{name}` gives the label away"),
                "computed from the label's column",
            ),
            (Some(name), _) => (
                format!("feature `{name}` says what the label says"),
                "one-to-one with the label",
            ),
            (None, _) => (
                "entities stand on both sides of the split".to_string(),
                "divides rows, not entities",
            ),
        };
        Finding {
            message,
            span: self.place(leak),
            label: label.to_string(),
        }
    }

    fn place(&self, leak: &Leak) -> Option<Span> {
        let origin = &self.experiment.origin;
        match &leak.feature {
            Some(InputName::Feature(name)) => origin.span(&format!("dataset.features.{name}")),
            Some(InputName::Derived(name)) => origin.span(&format!("preprocess.derived.{name}")),
            None => origin.span("split.method").or_else(|| origin.span("split")),
        }
    }

    /// What to do, and what to write where it is meant.
    fn ways_out(&self, refused: &[&Leak]) -> Vec<String> {
        let mut lines = Vec::new();
        if refused.iter().any(|leak| leak.feature.is_some()) {
            lines.push(
                "leave the feature out, or predict a later label with `lead = 1`".to_string(),
            );
        }
        let guards: BTreeSet<GuardName> = refused.iter().map(|leak| leak.guard).collect();
        if guards.contains(&GuardName::EntityOverlap) {
            lines.push("`method = \"hash\"` keeps each entity on one side".to_string());
        }
        let path = &self.experiment.origin.source.path;
        lines.push(format!("or, if it is meant, write in {path}:"));
        lines.push("  [allow]".to_string());
        lines.extend(guards.iter().map(|guard| self.word(*guard, refused)));
        lines
    }

    /// The line that lets pass what is refused and what was allowed before.
    fn word(&self, guard: GuardName, refused: &[&Leak]) -> String {
        let allow = &self.experiment.allow;
        let before = match guard {
            GuardName::LabelColumn => &allow.label_column,
            GuardName::LabelFunction => &allow.label_function,
            GuardName::EntityOverlap => return "  entity_overlap = true".to_string(),
        };
        let now = refused.iter().filter(|leak| leak.guard == guard);
        let now = now.filter_map(|leak| leak.feature.as_ref());
        let names: BTreeSet<&InputName> = before.iter().chain(now).collect();
        let names: Vec<String> = names.iter().map(|name| format!("\"{name}\"")).collect();
        format!("  {} = [{}]", guard.as_str(), names.join(", "))
    }
}

/// The rows that are looked at, and what of them.
#[derive(Debug, Clone, Copy)]
pub struct Looked<'a> {
    pub training_set: ObjectName,
    pub split: ObjectName,
    /// Those of the run, of which the derived features count.
    pub declared: &'a Declared,
}

/// What this store has seen of the rows of a run; none where it never looked.
pub fn leakage_of(store: &Store, looked: Looked<'_>) -> Result<Option<Leakage>> {
    let fact = store.catalog().latest(LEAKAGE, &looked.key())?;
    Ok(fact.map(|fact| fact.value))
}

/// Notes what was seen, unless that is noted already.
pub(super) fn note_leakage(store: &Store, looked: Looked<'_>, leakage: &Leakage) -> Result<()> {
    let key = looked.key();
    let before = store.catalog().latest::<Leakage>(LEAKAGE, &key)?;
    if before.is_none_or(|before| before.value != *leakage) {
        store.catalog().append(LEAKAGE, &key, leakage, &[])?;
    }
    Ok(())
}

impl Looked<'_> {
    /// What was seen is a function of the two tables, of what is derived of them, and of how it is looked for.
    fn key(self) -> String {
        let Self {
            training_set,
            split,
            declared,
        } = self;
        let key = format!("{training_set} {split} {LEAKAGE_VERSION}");
        let derived = declared.within(&["preprocess.derived"]);
        if derived.iter().next().is_none() {
            return key;
        }
        let mut hasher = ContentHasher::new("streamflow leakage 1");
        derived.feed(&mut hasher);
        format!("{key} {}", ObjectId::from_bytes(hasher.finish()))
    }
}
