//! Looking for a new pin or a new materialization, and moving the pointer.

use std::sync::Arc;
use std::time::Duration;

use super::server::App;
use super::staged::{Absence, Duty, Staged, Why};
use super::state::{Pair, State};
use super::trust::Trust;
use crate::definition::{ModelName, Stage};
use crate::error::{Error, Kind, Result};
use crate::fsio;
use crate::hash::Digest;
use crate::lockfile::{Pin, pin_path};
use crate::online::{
    OnlineView, PinnedRun, load_run, newest, newest_sequence, pins_of, served_model,
};
use crate::run::GoldenRows;
use crate::workspace::Workspace;

const POLL: Duration = Duration::from_millis(200);
/// A load that failed is tried again after so many polls: the run may be rebuilt meanwhile.
const RETRY: u32 = 10;

/// What is compared to see whether anything is new.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Marks {
    /// The bytes of the pin file.
    pin: Option<Vec<u8>>,
    /// The number of the newest materialization.
    sequence: i64,
}

impl Marks {
    fn read(workspace: &Workspace) -> Result<Self> {
        let pin = match served_model(workspace) {
            Ok(model) => fsio::read_optional(&workspace.root().join(pin_path(&model)))?,
            Err(error) if error.kind() == Kind::NotReady => None,
            Err(error) => return Err(error),
        };
        Ok(Self {
            pin,
            sequence: newest_sequence(workspace.store().catalog())?,
        })
    }
}

/// The watcher's own view of the project. What did not change is not loaded again.
pub struct Watcher {
    workspace: Workspace,
    trust: Trust,
    seen: Option<Marks>,
    pinned: Option<Loaded>,
    staged: Option<Loaded>,
    view: Option<(i64, Arc<OnlineView>)>,
    /// What was last logged, so that it is said once; and of the staged run.
    said: String,
    said_of_staged: String,
}

/// A run with the rows it is tried with.
struct Loaded {
    model: ModelName,
    pin: Pin,
    run: Arc<PinnedRun>,
    golden: Arc<GoldenRows>,
}

impl Watcher {
    pub fn new(workspace: Workspace, trust: Trust) -> Self {
        Self {
            workspace,
            trust,
            seen: None,
            pinned: None,
            staged: None,
            view: None,
            said: String::new(),
            said_of_staged: String::new(),
        }
    }

    /// What serves first.
    pub fn first(&mut self) -> State {
        // What cannot be read now is looked at again by the first poll.
        self.seen = Marks::read(&self.workspace).ok();
        let state = self.load();
        self.said_of_staged = state.staged.as_ref().map_or(String::new(), Staged::words);
        state
    }

    /// Watches until the server stops.
    pub fn watch(mut self, app: &App) {
        let mut polls_to_retry = is_to_be_retried(&app.state()).then_some(RETRY);
        while !app.is_stopping() {
            std::thread::sleep(POLL);
            let marks = match Marks::read(&self.workspace) {
                Ok(marks) => marks,
                Err(error) => {
                    self.say(app, &format!("cannot look for what is new: {error}"));
                    continue;
                }
            };
            polls_to_retry = polls_to_retry.map(|left| left.saturating_sub(1));
            if self.seen.as_ref() != Some(&marks) || polls_to_retry == Some(0) {
                self.seen = Some(marks);
                let done = self.follow(app);
                polls_to_retry = (!done).then_some(RETRY);
            }
        }
    }

    /// Loads what is pinned and materialized now, and serves it. False when the load failed.
    fn follow(&mut self, app: &App) -> bool {
        let mut next = self.load();
        let before = app.state();
        let failing = next.staged.as_ref().is_some_and(Staged::is_failing);
        if failing {
            app.telemetry.count_failed_staged_load();
        }
        match (&next.pair, &before.pair) {
            (Ok(pair), Ok(old)) if pair.is_same(old) => {
                let others = match (&next.staged, &before.staged) {
                    (Some(next), Some(before)) => !next.is_same(before),
                    (None, None) => false,
                    _ => true,
                };
                if before.failed.is_some() {
                    self.say(app, &format!("still serving {}", words(pair)));
                }
                if before.failed.is_some() || others {
                    // What was made ready in the pair for explanations stays.
                    next.pair = Ok(Arc::clone(old));
                    self.replace(app, next);
                }
                !failing
            }
            (Ok(pair), _) => {
                let line = format!("now serving {}", words(pair));
                app.telemetry.count_swap();
                self.say(app, &line);
                self.replace(app, next);
                !failing
            }
            (Err(error), Ok(_)) => {
                app.telemetry.count_failed_load();
                self.say(
                    app,
                    &format!("the pair as before goes on serving: {}", full(error)),
                );
                app.replace(before.failing(error));
                false
            }
            (Err(error), Err(_)) => {
                self.say(app, &format!("not ready: {}", full(error)));
                app.replace(next);
                false
            }
        }
    }

    /// Moves the pointer, and says what is new about the staged run.
    fn replace(&mut self, app: &App, mut next: State) {
        if let (Some(next), Some(before)) = (&mut next.staged, &app.state().staged) {
            next.keep_since(before);
        }
        let words = next.staged.as_ref().map(Staged::words);
        app.replace(next);
        if let Some(words) = words.filter(|words| *words != self.said_of_staged) {
            app.log(&words);
            self.said_of_staged = words;
        }
    }

    fn load(&mut self) -> State {
        let view = self.newest_view();
        let pins = served_model(&self.workspace)
            .and_then(|model| Ok((pins_of(&self.workspace, &model)?, model)));
        let (pinned, golden, staged) = match pins {
            Ok(((production, staged), model)) => match self.loaded(&model, production) {
                Ok((run, golden)) => (Ok(run), Some(golden), staged),
                Err(error) => (Err(error), None, None),
            },
            Err(error) => (Err(error), None, None),
        };
        let mut state = State::put_together(&self.workspace, pinned, view, golden.as_deref());
        let duty = Duty::of(&self.workspace.definitions().project.serve);
        if let (Some(duty), Ok(pair)) = (duty, &state.pair) {
            let staged = self.staged_pair(pair, staged).map_err(Absence::now);
            state.staged = Some(Staged::new(duty, staged));
        }
        state
    }

    /// The run in production, with the rows it is tried with.
    fn loaded(&mut self, model: &ModelName, pin: Pin) -> Result<(Arc<PinnedRun>, Arc<GoldenRows>)> {
        let known = self.pinned.take_if(|known| known.is_of(model, &pin));
        let loaded = match known {
            Some(known) => known,
            None => Loaded::of(&self.workspace, &self.trust, model, Stage::Production, pin)?,
        };
        let loaded = self.pinned.insert(loaded);
        Ok((Arc::clone(&loaded.run), Arc::clone(&loaded.golden)))
    }

    /// The staged run on the values that production answers from, tried as that is.
    fn staged_pair(&mut self, production: &Pair, pin: Option<Pin>) -> Result<Arc<Pair>, Why> {
        let model = &production.pinned.model_name;
        let Some(pin) = pin else {
            let path = pin_path(model);
            let words = format!("nothing is staged: {path} names no run in staging");
            return Err(Why::Nothing(words));
        };
        if pin.run == production.run() {
            let words = "the staged run is the one in production";
            return Err(Why::Nothing(words.to_string()));
        }
        self.load_staged(production, pin)
            .map_err(|error| Why::Failed(Arc::new(error)))
    }

    fn load_staged(&mut self, production: &Pair, pin: Pin) -> Result<Arc<Pair>> {
        let model = &production.pinned.model_name;
        let known = self.staged.take_if(|known| known.is_of(model, &pin));
        let loaded = match known {
            Some(known) => known,
            None => Loaded::of(&self.workspace, &self.trust, model, Stage::Staging, pin)?,
        };
        let loaded = self.staged.insert(loaded);
        let pair = Pair::new(Arc::clone(&loaded.run), Arc::clone(&production.view))?;
        pair.try_golden(&loaded.golden)?;
        if pair.key() != production.key() {
            let (own, other) = (pair.key(), production.key());
            let message =
                format!("the staged run is about {own}, that in production about {other}");
            return Err(Error::failure(message)
                .help("two runs that answer the same requests are about the same entity"));
        }
        Ok(pair)
    }

    fn newest_view(&mut self) -> Result<Option<Arc<OnlineView>>> {
        let store = self.workspace.store();
        let sequence = newest_sequence(store.catalog())?;
        if let Some((known, view)) = &self.view
            && *known == sequence
        {
            return Ok(Some(Arc::clone(view)));
        }
        let Some(fact) = newest(store.catalog())? else {
            return Ok(None);
        };
        let view = Arc::new(OnlineView::load(store, &fact.value)?);
        self.view = Some((fact.sequence, Arc::clone(&view)));
        Ok(Some(view))
    }

    fn say(&mut self, app: &App, line: &str) {
        if self.said != line {
            app.log(line);
            self.said = line.to_string();
        }
    }
}

impl Loaded {
    fn is_of(&self, model: &ModelName, pin: &Pin) -> bool {
        self.model == *model && self.pin == *pin
    }

    fn of(
        workspace: &Workspace,
        trust: &Trust,
        model: &ModelName,
        stage: Stage,
        pin: Pin,
    ) -> Result<Self> {
        let run = load_run(workspace, model, pin.clone())?;
        trust.refuse(&run, stage)?;
        let outputs = &run.execution.outputs;
        let golden = GoldenRows::of(workspace.store(), pin.run, outputs, &run.spec)?;
        Ok(Self {
            model: model.clone(),
            pin,
            run: Arc::new(run),
            golden: Arc::new(golden),
        })
    }
}

/// Whether something that failed to load may be there later, without a new pin.
fn is_to_be_retried(state: &State) -> bool {
    state.pair.is_err() || state.staged.as_ref().is_some_and(Staged::is_failing)
}

fn words(pair: &Pair) -> String {
    let (model, run) = (&pair.pinned.model_name, pair.run().short());
    format!("{model} run {run} at {}", pair.view.as_of())
}

/// An error with its way out, on one line.
fn full(error: &Error) -> String {
    let help = error.all_help().iter().map(|help| format!("; {help}"));
    format!("{error}{}", help.collect::<String>())
}
