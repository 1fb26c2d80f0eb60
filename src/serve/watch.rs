//! Looking for a new pin or a new materialization, and moving the pointer.

use std::sync::Arc;
use std::time::Duration;

use super::server::App;
use super::state::State;
use crate::error::Result;
use crate::fsio;
use crate::hash::Digest;
use crate::lockfile::pin_path;
use crate::online::{OnlineView, PinnedRun, load_pinned, newest, newest_sequence, served_model};
use crate::workspace::Workspace;

const POLL: Duration = Duration::from_millis(200);
/// A load that failed is tried again after so many polls: the run may be rebuilt meanwhile.
const RETRY: u32 = 10;

/// What is compared to see whether anything is new.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Marks {
    /// The bytes of the pin file.
    pin: Option<Vec<u8>>,
    /// The number of the newest materialization.
    sequence: i64,
}

impl Marks {
    pub fn read(workspace: &Workspace) -> Result<Self> {
        let pin = match served_model(workspace) {
            Ok(model) => fsio::read_optional(&workspace.root().join(pin_path(&model)))?,
            Err(_) => None,
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
    seen: Option<Marks>,
    pinned: Option<(Vec<u8>, Arc<PinnedRun>)>,
    view: Option<(i64, Arc<OnlineView>)>,
    /// What was last logged, so that it is said once.
    said: String,
}

impl Watcher {
    pub fn new(workspace: Workspace, seen: Option<Marks>) -> Self {
        Self {
            workspace,
            seen,
            pinned: None,
            view: None,
            said: String::new(),
        }
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
                let done = self.follow(app, &marks);
                self.seen = Some(marks);
                polls_to_retry = (!done).then_some(RETRY);
            }
        }
    }

    /// Loads what the marks stand for, and serves it. False when the load failed.
    fn follow(&mut self, app: &App, marks: &Marks) -> bool {
        let pinned = self.pinned_of(marks);
        let view = self.view_of(marks);
        let next = State::put_together(&self.workspace, pinned, view);
        match &next.pair {
            Ok(pair) => {
                let line = format!(
                    "now serving {} run {} at {}",
                    pair.pinned.model_name,
                    pair.run().short(),
                    pair.view.as_of()
                );
                app.replace(next);
                app.telemetry.count_swap();
                self.say(app, &line);
                true
            }
            Err(error) if app.state().pair.is_ok() => {
                let line = format!("the pair as before goes on serving: {error}");
                app.telemetry.count_failed_load();
                self.say(app, &line);
                false
            }
            Err(error) => {
                let line = format!("not ready: {error}");
                app.replace(next);
                self.say(app, &line);
                false
            }
        }
    }

    fn pinned_of(&mut self, marks: &Marks) -> Result<Arc<PinnedRun>> {
        if let (Some((bytes, pinned)), Some(now)) = (&self.pinned, &marks.pin)
            && bytes == now
        {
            return Ok(Arc::clone(pinned));
        }
        let model = served_model(&self.workspace)?;
        let pinned = Arc::new(load_pinned(&self.workspace, &model)?);
        self.pinned = marks.pin.clone().map(|bytes| (bytes, Arc::clone(&pinned)));
        Ok(pinned)
    }

    fn view_of(&mut self, marks: &Marks) -> Result<Option<Arc<OnlineView>>> {
        if let Some((sequence, view)) = &self.view
            && *sequence == marks.sequence
        {
            return Ok(Some(Arc::clone(view)));
        }
        let store = self.workspace.store();
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
