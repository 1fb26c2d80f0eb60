//! What answers: a pinned run and materialized values that fit each other.

use std::collections::BTreeMap;
use std::sync::{Arc, OnceLock};

use super::context::{Computed, Requested};
use super::derived::DerivedValues;
use super::predict::answer;
use super::shadow::Queue;
use super::staged::Staged;
use super::tally::Tally;
use super::telemetry::Telemetry;
use crate::definition::{Age, AsOf, ColumnName, Dtype, ModelName, Project, Stage};
use crate::error::{Error, Kind, Result};
use crate::feature::FeatureSpec;
use crate::hash::{Digest, FeatureHash, RunId};
use crate::host;
use crate::host::Instant;
use crate::learn::{Explainer, FeatureColumn, FeatureKind, ModelFeature};
use crate::online::{Key, OnlineView, PinnedRun, load_pinned, newest, served_model};
use crate::registry::{self, Transition};
use crate::run::{GoldenRows, feature_column};
use crate::workspace::Workspace;

/// A run and the values it answers from. Cannot be made unless they fit.
#[derive(Debug)]
pub struct Pair {
    pub pinned: Arc<PinnedRun>,
    pub view: Arc<OnlineView>,
    /// In the order of the model.
    pub(super) inputs: Vec<Input>,
    /// Whether each derived feature of the model may not be null.
    pub(super) derived_refuse_null: Vec<bool>,
    /// What the run needs of a request.
    pub requested: Requested,
    /// Made when the first explanation is asked for.
    pub(super) explainer: OnceLock<Explainer>,
}

/// One input of the model.
#[derive(Debug)]
pub(super) struct Input {
    /// `TABLE.FEATURE`.
    pub name: String,
    pub source: Source,
    pub dtype: Dtype,
    pub refuses_null: bool,
}

/// Where an input's values come from.
#[derive(Debug)]
pub(super) enum Source {
    Stored(FeatureHash),
    /// Computed when a request comes.
    OnDemand(Box<FeatureSpec>),
}

impl Input {
    pub fn on_demand(&self) -> Option<&FeatureSpec> {
        match &self.source {
            Source::Stored(_) => None,
            Source::OnDemand(spec) => Some(spec),
        }
    }
}

/// Entities a new pair answers for before it serves.
const TRIED: usize = 8;

impl Pair {
    /// # Errors
    /// The values lack a feature of the run, or the model fails on a few entities it is tried with.
    pub fn new(pinned: Arc<PinnedRun>, view: Arc<OnlineView>) -> Result<Arc<Self>> {
        let refusing = pinned.model.encoder.forbidden_nulls(&[], 0);
        let derived = &pinned.model.derived;
        let derived_refuse_null = derived
            .iter()
            .map(|derived| refusing.contains(&derived.name.as_str()))
            .collect();
        let read: BTreeMap<ColumnName, Dtype> = derived
            .iter()
            .flat_map(|derived| derived.expression.inputs())
            .collect();
        let fits = |feature: &ModelFeature, dtype: Dtype| {
            let read_as = read.get(feature.name.as_str());
            FeatureKind::of(dtype) == feature.kind && read_as.is_none_or(|read| *read == dtype)
        };
        let mut inputs = Vec::new();
        let mut absent = Vec::new();
        for feature in &pinned.model.features {
            match source_of(&view, feature.definition) {
                Some((source, dtype)) if fits(feature, dtype) => inputs.push(Input {
                    name: feature.name.clone(),
                    source,
                    dtype,
                    refuses_null: refusing.contains(&feature.name.as_str()),
                }),
                _ => absent.push(feature.name.clone()),
            }
        }
        if !absent.is_empty() {
            return Err(lacking(&pinned, &view, absent));
        }
        let pair = Arc::new(Self {
            pinned,
            view,
            requested: Requested::of(&inputs),
            inputs,
            derived_refuse_null,
            explainer: OnceLock::new(),
        });
        let keys: Vec<Key> = pair.view.keys(pair.key()).take(TRIED).collect();
        let context = pair.requested.nulls(keys.len());
        answer(
            &pair,
            &keys,
            &Computed::of(&pair, &keys, &context)?,
            None,
            None,
        )?;
        Ok(pair)
    }

    /// Answers for rows that the run has answered for, as a request would be.
    ///
    /// # Errors
    /// An answer has other bits than that of the run, or a value is of another type now.
    pub fn try_golden(&self, golden: &GoldenRows) -> Result<()> {
        if golden.rows() == 0 {
            return Ok(());
        }
        let columns = self.inputs.iter().map(|input| golden_column(input, golden));
        let mut columns = columns.collect::<Result<Vec<FeatureColumn>>>()?;
        columns.extend(DerivedValues::over(self, golden.frame()).columns(self));
        let model = &self.pinned.model;
        let scores = model.predict(&columns)?.scores;
        match golden.other_answers(&model.outcome, &scores)? {
            None => Ok(()),
            Some(other) => Err(Error::failure(other.to_string())
                .help("`streamflow fsck` says what is damaged, `streamflow replay RUN` whether it can be had again")),
        }
    }

    pub fn run(&self) -> RunId {
        self.pinned.pin.run
    }

    /// Whether two pairs are of the same load.
    pub fn is_same(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.pinned, &other.pinned) && Arc::ptr_eq(&self.view, &other.view)
    }

    /// The key column of the entity the run is about.
    pub fn key(&self) -> &ColumnName {
        &self.pinned.spec.key
    }
}

fn golden_column(input: &Input, golden: &GoldenRows) -> Result<FeatureColumn> {
    let name = &input.name;
    let values = golden
        .values(name)
        .ok_or_else(|| Error::failure(format!("the run's training set lacks `{name}`")))?;
    if values.dtype() != input.dtype {
        let (now, then) = (input.dtype.as_str(), values.dtype().as_str());
        let message = format!("`{name}` is {now}, and was {then} when the run learnt from it");
        return Err(Error::failure(message));
    }
    Ok(feature_column(name, values))
}

/// Where a definition's values come from, and their type; none when they cannot be had. What a
/// definition on demand reads of rows must be there too.
fn source_of(view: &OnlineView, feature: FeatureHash) -> Option<(Source, Dtype)> {
    if let Some(dtype) = view.dtype(feature) {
        return Some((Source::Stored(feature), dtype));
    }
    let spec = view.on_demand(feature)?;
    let columns = spec.known_before();
    let is_there = |column: &FeatureSpec| view.dtype(column.hash()) == Some(column.dtype);
    let all = columns.iter().all(is_there);
    all.then(|| (Source::OnDemand(Box::new(spec.clone())), spec.dtype))
}

fn lacking(pinned: &PinnedRun, view: &OnlineView, absent: Vec<String>) -> Error {
    Error::new(
        Kind::NotReady,
        format!(
            "the values of {} lack features of run {}: {}",
            view.as_of(),
            pinned.pin.run.short(),
            absent.join(", ")
        ),
    )
    .details(absent)
    .help("`streamflow materialize` computes them for every pinned run")
}

/// Everything a request may look at.
#[derive(Debug, Clone)]
pub struct State {
    /// The pair, or why there is none.
    pub pair: Result<Arc<Pair>, Arc<Error>>,
    /// What the pair's run is counted by, where a server counts.
    pub tally: Option<Arc<Tally>>,
    /// The staged run beside the pair, where a server is to have one.
    pub staged: Option<Staged>,
    /// The values that `/features` answers from: those of the pair where there is one.
    pub view: Option<Arc<OnlineView>>,
    /// When, by whom and why the run was promoted, as far as the registry's log says.
    pub transition: Option<Transition>,
    /// Why what is pinned and materialized now does not answer, where an earlier pair goes on to.
    pub failed: Option<FailedLoad>,
    key: ColumnName,
    /// What rows are about, in messages: `user`.
    entity: String,
}

/// A pair that could not be loaded.
#[derive(Debug, Clone)]
pub struct FailedLoad {
    pub error: Arc<Error>,
    /// Of the first failure since a pair was loaded.
    pub since: Instant,
}

impl State {
    /// What a project's store and pins give now.
    pub fn load(workspace: &Workspace) -> Self {
        let pinned = served_model(workspace)
            .and_then(|model| load_pinned(workspace, &model))
            .map(Arc::new);
        let view = load_view(workspace).map(|view| view.map(Arc::new));
        Self::put_together(workspace, pinned, view, None)
    }

    /// Makes a state of what was found, or of why it was not. With golden rows, which are the run's,
    /// the pair is tried with them.
    pub fn put_together(
        workspace: &Workspace,
        pinned: Result<Arc<PinnedRun>>,
        view: Result<Option<Arc<OnlineView>>>,
        golden: Option<&GoldenRows>,
    ) -> Self {
        let (view, broken) = match view {
            Ok(view) => (view, None),
            Err(error) => (None, Some(error)),
        };
        let pair = match (pinned, &view, broken) {
            (Err(error), _, _) | (_, _, Some(error)) => Err(Arc::new(error)),
            (Ok(_), None, None) => Err(Arc::new(nothing_materialized())),
            (Ok(pinned), Some(view), None) => Pair::new(pinned, Arc::clone(view))
                .and_then(|pair| {
                    golden.map_or(Ok(()), |golden| pair.try_golden(golden))?;
                    Ok(pair)
                })
                .map_err(Arc::new),
        };
        let key = match &pair {
            Ok(pair) => pair.key().clone(),
            Err(_) => default_key(&workspace.definitions().project, view.as_deref()),
        };
        let transition = pair
            .as_ref()
            .ok()
            .and_then(|pair| transition_of(workspace, &pair.pinned.model_name, pair.run()));
        let entities = &workspace.definitions().project.entities;
        let entity = entities.iter().find(|(_, entity)| entity.key == key);
        Self {
            pair,
            tally: None,
            staged: None,
            view,
            transition,
            failed: None,
            entity: entity.map_or("entity".into(), |(name, _)| name.to_string()),
            key,
        }
    }

    /// The same, counted, and compared by way of a queue where there is one.
    #[must_use]
    pub fn counted_by(mut self, telemetry: &Telemetry, queue: Option<&Arc<Queue>>) -> Self {
        let Ok(pair) = &self.pair else { return self };
        if let Some(staged) = &mut self.staged {
            staged.counted_by(telemetry, queue, pair);
        }
        // Last, so that it is not the first to be forgotten.
        self.tally = Some(telemetry.tally_of(pair));
        self
    }

    /// The same, with why what came after it cannot be loaded.
    #[must_use]
    pub fn failing(&self, error: &Arc<Error>) -> Self {
        let since = self.failed.as_ref().map(|failed| failed.since);
        Self {
            failed: Some(FailedLoad {
                error: Arc::clone(error),
                since: since.unwrap_or_else(host::now),
            }),
            ..self.clone()
        }
    }

    /// Whether all that may answer predict the same things: a number, or one of the same classes.
    pub fn is_of_one_outcome(&self) -> bool {
        let staged = self.staged.as_ref();
        let staged = staged.and_then(|staged| staged.pair.as_ref().ok());
        let is_own = |staged: &Arc<Pair>| {
            let own = self.pair.as_ref().ok();
            own.is_some_and(|own| own.pinned.model.outcome == staged.pinned.model.outcome)
        };
        staged.is_none_or(is_own)
    }

    /// The name of the entity that is asked for.
    pub fn entity(&self) -> &str {
        &self.entity
    }

    /// The key column of the entities that are asked for.
    pub fn key(&self) -> &ColumnName {
        &self.key
    }

    /// The pair, if there is one and its values are young enough by the clock.
    pub fn ready(&self, max_age: Option<Age>) -> Result<&Arc<Pair>, Arc<Error>> {
        let pair = self.pair.as_ref().map_err(Arc::clone)?;
        refuse_stale(pair.view.as_of(), max_age)?;
        Ok(pair)
    }

    /// The pair for a command, which may say why there is none.
    pub fn into_pair(self, max_age: Option<Age>) -> Result<Arc<Pair>> {
        let pair = self.pair.and_then(|pair| {
            refuse_stale(pair.view.as_of(), max_age)?;
            Ok(pair)
        });
        pair.map_err(|error| {
            Arc::into_inner(error).unwrap_or_else(|| Error::failure("no pair is loaded"))
        })
    }
}

fn load_view(workspace: &Workspace) -> Result<Option<OnlineView>> {
    let store = workspace.store();
    newest(store.catalog())?
        .map(|fact| OnlineView::load(store, &fact.value))
        .transpose()
}

/// The error while there are no values.
pub fn nothing_materialized() -> Error {
    Error::new(Kind::NotReady, "nothing is materialized")
        .help("`streamflow materialize` computes the newest feature values")
}

fn refuse_stale(as_of: AsOf, max_age: Option<Age>) -> Result<(), Arc<Error>> {
    let Some(max_age) = max_age else {
        return Ok(());
    };
    if host::now().microseconds() - as_of.end() <= max_age.microseconds() {
        return Ok(());
    }
    let message = format!("the values are of {as_of}, older than max_age = {max_age}");
    Err(Arc::new(
        Error::new(Kind::NotReady, message).help("`streamflow materialize` when newer data is in"),
    ))
}

/// Without a run to say what rows are about: the key of materialized values, or of the first entity.
fn default_key(project: &Project, view: Option<&OnlineView>) -> ColumnName {
    let of_view = view.and_then(|view| view.key_columns().next());
    let of_project = project.entities.values().next().map(|entity| &entity.key);
    of_view
        .or(of_project)
        .cloned()
        .unwrap_or_else(|| "entity".parse().expect("a plain word is a name"))
}

/// The newest entry of the registry's log that moved a run to production. A clone has the pin and
/// not the log.
fn transition_of(workspace: &Workspace, model: &ModelName, run: RunId) -> Option<Transition> {
    let log = registry::transitions(workspace.store().catalog(), model).ok()?;
    log.into_iter()
        .rev()
        .find(|entry| entry.run == run && entry.stage() == Some(Stage::Production))
}
