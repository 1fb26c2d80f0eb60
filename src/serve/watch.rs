//! Looking for a new pin or a new materialization, and moving the pointer.

use std::sync::Arc;
use std::time::Duration;

use super::server::App;
use super::state::{Pair, State};
use super::trust::Trust;
use crate::definition::ModelName;
use crate::error::{Error, Kind, Result};
use crate::fsio;
use crate::hash::Digest;
use crate::lockfile::{Pin, pin_path};
use crate::online::{
    OnlineView, PinnedRun, load_run, newest, newest_sequence, production_pin, served_model,
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
    view: Option<(i64, Arc<OnlineView>)>,
    /// What was last logged, so that it is said once.
    said: String,
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
            view: None,
            said: String::new(),
        }
    }

    /// What serves first.
    pub fn first(&mut self) -> State {
        // What cannot be read now is looked at again by the first poll.
        self.seen = Marks::read(&self.workspace).ok();
        self.load()
    }

    /// Watches until the server stops.
    pub fn watch(mut self, app: &App) {
        let mut polls_to_retry = app.state().pair.is_err().then_some(RETRY);
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
        let next = self.load();
        let before = app.state();
        match (&next.pair, &before.pair) {
            (Ok(pair), Ok(old)) if is_same(pair, old) => {
                if before.failed.is_some() {
                    self.say(app, &format!("still serving {}", words(pair)));
                    app.replace(next);
                }
                true
            }
            (Ok(pair), _) => {
                let line = format!("now serving {}", words(pair));
                app.replace(next);
                app.telemetry.count_swap();
                self.say(app, &line);
                true
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

    fn load(&mut self) -> State {
        let view = self.newest_view();
        let (pinned, golden) = match self.pinned_run() {
            Ok(loaded) => (
                Ok(Arc::clone(&loaded.run)),
                Some(Arc::clone(&loaded.golden)),
            ),
            Err(error) => (Err(error), None),
        };
        State::put_together(&self.workspace, pinned, view, golden.as_deref())
    }

    fn pinned_run(&mut self) -> Result<&Loaded> {
        let model = served_model(&self.workspace)?;
        let pin = production_pin(&self.workspace, &model)?;
        let known = self
            .pinned
            .take_if(|known| known.model == model && known.pin == pin);
        let loaded = match known {
            Some(known) => known,
            None => Loaded::of(&self.workspace, &self.trust, model, pin)?,
        };
        Ok(self.pinned.insert(loaded))
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
    fn of(workspace: &Workspace, trust: &Trust, model: ModelName, pin: Pin) -> Result<Self> {
        let run = load_run(workspace, &model, pin.clone())?;
        trust.refuse(&run)?;
        let outputs = &run.execution.outputs;
        let golden = GoldenRows::of(workspace.store(), pin.run, outputs, &run.spec)?;
        Ok(Self {
            model,
            pin,
            run: Arc::new(run),
            golden: Arc::new(golden),
        })
    }
}

/// Whether two pairs are of the same load.
fn is_same(a: &Pair, b: &Pair) -> bool {
    Arc::ptr_eq(&a.pinned, &b.pinned) && Arc::ptr_eq(&a.view, &b.view)
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
