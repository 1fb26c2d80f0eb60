//! A plan, step by step, through the cache.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::artefact::{Artefact, OutputName, Report, StepNotes, TrainingRows};
use super::guard::{Looked, leakage_of, note_leakage};
use super::resolve::Resolved;
use super::steps;
use crate::definition::{Value, ValuePath};
use crate::error::{Error, Result};
use crate::feature::FeatureSpec;
use crate::hash::{ContentHash, ContentHasher, ContentKey, Digest, ObjectId, StepKey, TableHash};
use crate::host::{self, Stopwatch, Threads};
use crate::learn::{Leakage, Model};
use crate::lockfile::Outputs;
use crate::plan::{PlannedStep, RunSpec, Step, TableAt};
use crate::snapshot::Ingested;
use crate::store::{NewObject, ObjectName, Store};
use crate::table::{self, Frame};
use crate::table_store;

/// The kind of facts that give the output of a step by its key.
const BY_KEY: &str = "step";
/// Facts of these kinds only say where an output is: they go with it.
pub const CACHE_KINDS: [&str; 2] = [BY_KEY, BY_CONTENT];
/// The kind of facts that give it by function and outputs of the steps before.
const BY_CONTENT: &str = "step content";

/// What the catalog says of a step.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
struct StepFact {
    output: OutputName,
    /// How long it took where it was computed.
    seconds: f64,
    notes: StepNotes,
}

/// Whether results that are there may be taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CachePolicy {
    Use,
    /// Everything is computed; what comes out is written, but never over another result.
    Ignore,
    /// Everything is computed, and what comes out takes the place of another result.
    Replace,
}

/// One step of an execution.
#[derive(Debug, Clone, PartialEq)]
pub struct StepOutcome {
    pub step: Step,
    pub key: StepKey,
    pub output: OutputName,
    /// Taken from the store, not computed.
    pub cached: bool,
    /// Wall time of this execution; 0 for a cached step.
    pub seconds: f64,
}

/// What came of executing a run.
#[derive(Debug, Clone)]
pub struct Execution {
    pub steps: Vec<StepOutcome>,
    pub outputs: Outputs,
    pub report: Report,
    pub rows: TrainingRows,
    /// What training set and split show; looked at between split and fit.
    pub leakage: Leakage,
    /// Of all steps that computed.
    pub warnings: Vec<String>,
    /// Wall time.
    pub seconds: f64,
    /// How many threads the work was spread over.
    pub threads: usize,
}

impl Execution {
    /// Whether nothing was computed.
    pub fn is_cached(&self) -> bool {
        self.steps.iter().all(|step| step.cached)
    }

    /// Whether everything was computed: only that proves a result.
    pub fn is_proof(&self) -> bool {
        self.steps.iter().all(|step| !step.cached)
    }
}

/// Told of progress while a run is prepared and executed.
pub trait Events {
    fn ingested(&self, done: &Ingested);
    fn step_started(&self, step: Step);
    fn step_finished(&self, outcome: &StepOutcome);
    fn tried(&self, so_far: &SoFar);
}

/// What a search has come to, for whoever waits for it.
#[derive(Debug)]
pub struct SoFar<'a> {
    /// Candidates that are done, of all rounds.
    pub done: usize,
    pub of: usize,
    pub metric: &'static str,
    /// The values of the last one, and its score.
    pub last: (&'a BTreeMap<ValuePath, Value>, f64),
    /// The same for the best of the present round.
    pub best: (&'a BTreeMap<ValuePath, Value>, f64),
    /// Whether nothing of the last one was computed.
    pub cached: bool,
    /// How long the last one took.
    pub seconds: f64,
}

/// Listens to nothing.
pub struct Silent;

impl Events for Silent {
    fn ingested(&self, _: &Ingested) {}
    fn step_started(&self, _: Step) {}
    fn step_finished(&self, _: &StepOutcome) {}
    fn tried(&self, _: &SoFar) {}
}

/// Executes a run. `guard` is shown what training set and split show of leakage, also where both
/// are cached; when it refuses, nothing is fitted.
pub fn execute(
    store: &Store,
    resolved: &Resolved,
    policy: CachePolicy,
    guard: &dyn Fn(&Leakage) -> Result<()>,
    events: &dyn Events,
) -> Result<Execution> {
    execute_on(None, store, resolved, policy, guard, events)
}

/// Executes a run on threads of its own; none: on those of the whole process.
pub fn execute_on(
    threads: Option<&Threads>,
    store: &Store,
    resolved: &Resolved,
    policy: CachePolicy,
    guard: &dyn Fn(&Leakage) -> Result<()>,
    events: &dyn Events,
) -> Result<Execution> {
    let watch = Stopwatch::start();
    let mut executor = Executor {
        store,
        resolved,
        features: resolved.feature_specs()?,
        policy,
        threads,
        outputs: BTreeMap::new(),
        artefacts: BTreeMap::new(),
    };
    let mut steps = Vec::new();
    let mut notes = StepNotes::default();
    let mut leakage = Leakage::default();
    for planned in &resolved.plan.steps {
        events.step_started(planned.step);
        let (outcome, fact) = executor.take(planned)?;
        events.step_finished(&outcome);
        notes.rows = fact.notes.rows.or(notes.rows);
        notes.report = fact.notes.report.or(notes.report);
        notes.warnings.extend(fact.notes.warnings);
        steps.push(outcome);
        if planned.step == Step::Split {
            leakage = executor.leakage()?;
            guard(&leakage)?;
        }
    }
    let missing = || Error::failure("the catalog lacks what a step noted; run with --no-cache");
    let report = notes.report.ok_or_else(missing)?;
    notes.warnings.extend(report.warnings.iter().cloned());
    Ok(Execution {
        outputs: executor.four_outputs()?,
        rows: notes.rows.ok_or_else(missing)?,
        report,
        leakage,
        warnings: notes.warnings,
        steps,
        seconds: watch.seconds(),
        threads: executor.spread(host::threads),
    })
}

/// Whether the output of a step is in the store under its key.
pub fn is_known(store: &Store, planned: &PlannedStep) -> Result<bool> {
    let fact = store
        .catalog()
        .latest::<StepFact>(BY_KEY, &planned.key.to_string())?;
    Ok(fact.is_some())
}

struct Executor<'a> {
    store: &'a Store,
    resolved: &'a Resolved,
    features: Vec<FeatureSpec>,
    policy: CachePolicy,
    threads: Option<&'a Threads>,
    outputs: BTreeMap<Step, OutputName>,
    /// Outputs in memory: computed here, or loaded because a later step needed them.
    artefacts: BTreeMap<Step, Artefact>,
}

impl Executor<'_> {
    /// Has a step's output: from the catalog, or by computing it.
    fn take(&mut self, planned: &PlannedStep) -> Result<(StepOutcome, StepFact)> {
        let content = self.content_key(planned);
        if self.policy == CachePolicy::Use
            && let Some(fact) = self.recall(planned.key, content)?
        {
            self.outputs.insert(planned.step, fact.output);
            return Ok((outcome(planned, &fact, true), fact));
        }
        let watch = Stopwatch::start();
        let (artefact, notes) = self.compute(planned)?;
        let output = self.keep(&artefact)?;
        let fact = StepFact {
            output,
            seconds: watch.seconds(),
            notes,
        };
        self.note(planned.key, content, &fact)?;
        self.outputs.insert(planned.step, output);
        self.artefacts.insert(planned.step, artefact);
        Ok((outcome(planned, &fact, false), fact))
    }

    /// What training set and split show: noted, or looked at and noted.
    fn leakage(&mut self) -> Result<Leakage> {
        let [rows, sides] = [Step::TrainingSet, Step::Split].map(|step| self.outputs[&step]);
        let plan = &self.resolved.plan;
        let looked = Looked {
            training_set: rows.into(),
            split: sides.into(),
            declared: &plan.identity.declared,
        };
        if self.policy == CachePolicy::Use
            && let Some(known) = leakage_of(self.store, looked)?
        {
            return Ok(known);
        }
        self.load(Step::TrainingSet)?;
        self.load(Step::Split)?;
        let table = |step: Step| self.artefacts[&step].table();
        let found = steps::leakage(&plan.spec, table(Step::TrainingSet)?, table(Step::Split)?)?;
        note_leakage(self.store, looked, &found)?;
        Ok(found)
    }

    /// The second index: the same function of the same outputs.
    fn content_key(&self, planned: &PlannedStep) -> ContentKey {
        let mut hasher = ContentHasher::new(ContentKey::DOMAIN);
        planned.function.feed(&mut hasher);
        let inputs: Vec<ObjectName> = planned
            .inputs
            .iter()
            .map(|step| self.outputs[step].into())
            .collect();
        inputs.feed(&mut hasher);
        // The first step takes tables, whose hashes stand for their content.
        if inputs.is_empty() {
            self.resolved.plan.identity.data.feed(&mut hasher);
        }
        ContentKey::from_bytes(hasher.finish())
    }

    fn recall(&self, key: StepKey, content: ContentKey) -> Result<Option<StepFact>> {
        let catalog = self.store.catalog();
        if let Some(fact) = catalog.latest::<StepFact>(BY_KEY, &key.to_string())? {
            self.store.refresh(fact.value.output.into());
            return Ok(Some(fact.value));
        }
        let Some(fact) = catalog.latest::<StepFact>(BY_CONTENT, &content.to_string())? else {
            return Ok(None);
        };
        self.store.refresh(fact.value.output.into());
        catalog.append(
            BY_KEY,
            &key.to_string(),
            &fact.value,
            &[fact.value.output.into()],
        )?;
        Ok(Some(fact.value))
    }

    /// Writes what was found, unless another result stands there already.
    fn note(&self, key: StepKey, content: ContentKey, fact: &StepFact) -> Result<()> {
        let catalog = self.store.catalog();
        for (kind, key) in [(BY_KEY, key.to_string()), (BY_CONTENT, content.to_string())] {
            let before = catalog.latest::<StepFact>(kind, &key)?;
            let is_new = match (&before, self.policy) {
                (None, _) => true,
                (Some(before), CachePolicy::Replace) => before.value.output != fact.output,
                (Some(_), _) => false,
            };
            if is_new {
                catalog.append(kind, &key, fact, &[fact.output.into()])?;
            }
        }
        Ok(())
    }

    /// Does work on the threads of this execution.
    fn spread<R: Send>(&self, work: impl FnOnce() -> R + Send) -> R {
        match self.threads {
            Some(threads) => threads.install(work),
            None => work(),
        }
    }

    fn compute(&mut self, planned: &PlannedStep) -> Result<(Artefact, StepNotes)> {
        for input in &planned.inputs {
            self.load(*input)?;
        }
        let step = planned.step;
        let spec = &self.resolved.plan.spec;
        if step == Step::TrainingSet {
            let mut loader = TableLoader::new(self.store, self.resolved);
            for at in spec.reads_at(&self.resolved.dates).keys() {
                loader.load(at)?;
            }
            let tables = loader.tables();
            let dates = &self.resolved.dates;
            let (frame, notes) =
                self.spread(|| steps::training_set(spec, dates, &mut |at| loaded(&tables, at)))?;
            return Ok((Artefact::Table(frame), notes));
        }
        let (features, artefacts) = (&self.features, &self.artefacts);
        self.spread(|| computed(step, spec, features, artefacts))
    }

    /// Writes an output into the store under its hash.
    fn keep(&self, artefact: &Artefact) -> Result<OutputName> {
        let bytes = match artefact {
            Artefact::Table(frame) => {
                let (hash, bytes) = self.spread(|| {
                    let hash = table::table_hash(&table::column_hashes(frame));
                    (hash, table::to_parquet(frame))
                });
                self.store.put(&NewObject {
                    name: hash.into(),
                    bytes: &bytes?,
                })?;
                return Ok(OutputName::Table(hash));
            }
            Artefact::Model(model) => model.to_bytes(),
            Artefact::Report(report) => report.to_bytes()?,
        };
        self.store.put(&NewObject::of_bytes(&bytes))?;
        Ok(OutputName::Bytes(ObjectId::of_bytes(&bytes)))
    }

    /// Brings the output of an earlier step into memory.
    fn load(&mut self, step: Step) -> Result<()> {
        if self.artefacts.contains_key(&step) {
            return Ok(());
        }
        let output = self.outputs[&step];
        let needed_by = format!("step {step}");
        let bytes = || self.store.get(output.into(), &needed_by);
        let artefact = match (step, output) {
            (Step::Fit, _) => Artefact::Model(Box::new(Model::from_bytes(&bytes()?)?)),
            (Step::Evaluate, _) => Artefact::Report(Box::new(Report::from_bytes(&bytes()?)?)),
            (_, OutputName::Table(hash)) => {
                Artefact::Table(table_store::read(self.store, hash, &needed_by)?)
            }
            (_, OutputName::Bytes(_)) => return Err(no_table(step)),
        };
        self.artefacts.insert(step, artefact);
        Ok(())
    }

    fn four_outputs(&self) -> Result<Outputs> {
        let table = |step: Step| match self.outputs.get(&step) {
            Some(OutputName::Table(hash)) => Ok(*hash),
            _ => Err(no_table(step)),
        };
        let Some(OutputName::Bytes(model)) = self.outputs.get(&Step::Fit) else {
            return Err(Error::failure("step fit has no model"));
        };
        Ok(Outputs {
            training_set: table(Step::TrainingSet)?,
            split: table(Step::Split)?,
            model: *model,
            predictions: table(Step::Predict)?,
        })
    }
}

/// The output of a step behind the first, from the outputs of the steps before it.
fn computed(
    step: Step,
    spec: &RunSpec,
    features: &[FeatureSpec],
    artefacts: &BTreeMap<Step, Artefact>,
) -> Result<(Artefact, StepNotes)> {
    let table = |step: Step| artefacts[&step].table();
    let (rows, sides) = (
        table(Step::TrainingSet)?,
        artefacts.get(&Step::Split).map(Artefact::table),
    );
    let sides = || sides.unwrap_or_else(|| Err(Error::failure("there is no split")));
    let model = || artefacts[&Step::Fit].model();
    let of_folds = artefacts.get(&Step::CrossValidate).map(Artefact::table);
    let of_folds = of_folds.transpose()?;
    Ok(match step {
        Step::TrainingSet | Step::Split => {
            let sides = steps::split(spec, rows)?;
            (Artefact::Table(sides), StepNotes::default())
        }
        Step::CrossValidate => {
            let rule = spec.cross_validation;
            let rule = rule.ok_or_else(|| Error::failure("this run has no folds"))?;
            let (scores, notes) = steps::cross_validate(spec, rule, features, rows, sides()?)?;
            (Artefact::Table(scores), notes)
        }
        Step::Fit => {
            let (model, notes) = steps::fit(spec, features, rows, sides()?, of_folds)?;
            (Artefact::Model(Box::new(model)), notes)
        }
        Step::Predict => {
            let scores = steps::predict(spec, rows, sides()?, model()?)?;
            (Artefact::Table(scores), StepNotes::default())
        }
        Step::Evaluate => {
            let judged = steps::Judged {
                training_set: rows,
                split: sides()?,
                model: model()?,
                predictions: table(Step::Predict)?,
                of_folds,
            };
            let report = steps::evaluate(spec, &judged)?;
            let notes = StepNotes {
                report: Some(report.clone()),
                ..StepNotes::default()
            };
            (Artefact::Report(Box::new(report)), notes)
        }
    })
}

fn outcome(planned: &PlannedStep, fact: &StepFact, cached: bool) -> StepOutcome {
    StepOutcome {
        step: planned.step,
        key: planned.key,
        output: fact.output,
        cached,
        seconds: if cached { 0.0 } else { fact.seconds },
    }
}

fn no_table(step: Step) -> Error {
    Error::failure(format!("step {step} has no table"))
}

/// Loads snapshots, each once: a table may give features and the label.
struct TableLoader<'a> {
    store: &'a Store,
    resolved: &'a Resolved,
    loaded: BTreeMap<TableHash, Frame>,
    tables: BTreeMap<TableAt, Frame>,
}

impl<'a> TableLoader<'a> {
    fn new(store: &'a Store, resolved: &'a Resolved) -> Self {
        Self {
            store,
            resolved,
            loaded: BTreeMap::new(),
            tables: BTreeMap::new(),
        }
    }

    fn load(&mut self, at: &TableAt) -> Result<()> {
        let snapshot = self.resolved.tables.get(at).ok_or_else(|| unresolved(at))?;
        let name = snapshot.hash;
        let frame = match self.loaded.get(&name) {
            Some(frame) => frame.clone(),
            None => {
                let needed_by = format!("the snapshot of {} at {}", at.0, at.1);
                table_store::read(self.store, snapshot.hash, &needed_by)?
            }
        };
        self.loaded.insert(name, frame.clone());
        self.tables.insert(at.clone(), frame);
        Ok(())
    }

    fn tables(self) -> BTreeMap<TableAt, Frame> {
        self.tables
    }
}

fn loaded(tables: &BTreeMap<TableAt, Frame>, at: &TableAt) -> Result<Frame> {
    tables.get(at).cloned().ok_or_else(|| unresolved(at))
}

fn unresolved(at: &TableAt) -> Error {
    Error::failure(format!("the run was resolved without {} at {}", at.0, at.1))
}
