//! Each answer asked again of the other run, behind the back of whoever waits for it.
//!
//! A request that was answered leaves its keys, what came with them and what was said in a queue, and
//! goes on; where the queue is full it leaves nothing, and that is counted. One thread of low priority
//! takes from it, asks the other run of the same two, and compares. So a reply is neither changed nor
//! held up by a staged run, whatever that does.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc::{Receiver, RecvTimeoutError, SyncSender, sync_channel};
use std::thread::{self, JoinHandle};
use std::time::Duration;

use serde_json::{Map, Value};

use super::body::Contexts;
use super::comparison::Comparison;
use super::context::Computed;
use super::log::Log;
use super::predict::answer;
use super::server::App;
use super::state::Pair;
use crate::compared::{ComparedRow, Said, Side, Silence};
use crate::error::Result;
use crate::host::{self, Stopwatch};
use crate::live::{Counts, DailyLog};
use crate::online::Key;

/// What waiting requests may weigh together, in bytes as reckoned: some 2000 requests about one entity.
const BYTES: usize = 8 * 1024 * 1024;
/// What a request weighs, and each key.
const REQUEST: usize = 4096;
const KEY: usize = 128;
/// How often the thread looks whether the server stops.
const LOOK: Duration = Duration::from_millis(100);
/// Seconds that the last rows have to be written.
const LAST_SECONDS: f64 = 5.0;

/// Entities that one run answered for.
#[derive(Debug)]
pub struct Answered {
    /// The run that answered, and the one that is to be asked too, on the same values.
    pub told: Arc<Pair>,
    pub asked: Arc<Pair>,
    pub comparison: Arc<Comparison>,
    /// Who answered.
    pub by: Side,
    pub keys: Vec<Key>,
    pub contexts: Contexts,
    /// For each key; nothing where it was not answered for.
    pub said: Vec<Option<Said>>,
    /// What an entity took; none where more was done than answering.
    pub seconds: Option<f64>,
}

impl Answered {
    /// The keys that were answered for, what was said of each, and what came with it.
    fn rows(&self) -> Vec<(&Key, &Said, &Map<String, Value>)> {
        let objects = self.contexts.objects(self.keys.len());
        let all = self.said.iter().zip(&self.keys).zip(objects);
        all.filter_map(|((said, key), object)| Some((key, said.as_ref()?, object)))
            .collect()
    }

    /// The other run says nothing of all that were answered for.
    fn silence(&self, why: Silence) -> Vec<ComparedRow> {
        let rows = self.rows().into_iter();
        rows.map(|(key, said, _)| self.row(key, said, Err(why), 0.0))
            .collect()
    }

    /// Counts what the other run says of an entity in so many seconds, and gives it as a row.
    fn row(
        &self,
        key: &Key,
        said: &Said,
        found: std::result::Result<Said, Silence>,
        seconds: f64,
    ) -> ComparedRow {
        let (found, silence) = match found {
            Ok(found) => (Some(found), None),
            Err(why) => (None, Some(why)),
        };
        // Of an entity that only one answers for there is nothing to compare.
        let taken = found.as_ref().map(|_| seconds);
        let own = self.seconds.filter(|_| found.is_some());
        let (both, seconds) = match self.by {
            Side::Production => ([Some(said), found.as_ref()], [own, taken]),
            Side::Staged => ([found.as_ref(), Some(said)], [taken, own]),
        };
        if let [Some(production), Some(staged)] = both {
            self.comparison.count(production, staged);
        }
        if let Some(why) = silence {
            self.comparison.count_silence(self.by.other(), why);
        }
        for (side, seconds) in Side::ALL.into_iter().zip(seconds) {
            if let Some(seconds) = seconds {
                self.comparison.count_seconds(side, seconds);
            }
        }
        ComparedRow {
            time: host::now(),
            runs: Arc::clone(&self.comparison.runs),
            entity: key.to_string(),
            as_of: self.told.view.as_of(),
            answered_by: self.by,
            said: both.map(Option::<&Said>::cloned),
            silence,
            microseconds: seconds.map(|seconds| Some((seconds? * 1e9).round() / 1e3)),
        }
    }
}

/// Where requests leave what they answered.
#[derive(Debug)]
pub struct Queue {
    sender: SyncSender<Waiting>,
    /// What waits weighs.
    weight: AtomicUsize,
    /// What was compared, row by row.
    rows: DailyLog<ComparedRow>,
}

/// What waits, and what it weighs.
#[derive(Debug)]
pub struct Waiting(Answered, usize);

/// A place in the queue that was found free.
pub struct Place<'a> {
    queue: &'a Queue,
    weight: usize,
}

impl Queue {
    /// What became of the rows.
    pub fn counts(&self) -> Counts {
        self.rows.counts()
    }

    /// A place for so many keys and what came with them; none where too much waits.
    pub fn place(&self, keys: usize, contexts: &Contexts) -> Option<Place<'_>> {
        let weight = REQUEST + keys * KEY + contexts.weight();
        let more = |waiting: usize| Some(waiting + weight).filter(|sum| *sum <= BYTES);
        let order = Ordering::Relaxed;
        self.weight.fetch_update(order, order, more).ok()?;
        Some(Place {
            queue: self,
            weight,
        })
    }
}

impl Place<'_> {
    /// Leaves it there, without waiting.
    pub fn take(self, answered: Answered) {
        // There is room for as many as weigh the least, and the thread ends after the last request.
        let _ = self.queue.sender.try_send(Waiting(answered, self.weight));
    }
}

/// What a server that shadows has: a queue, and who takes from it.
pub struct Shadowing {
    pub queue: Arc<Queue>,
    receiver: Receiver<Waiting>,
}

impl Shadowing {
    /// Rows are written below a store, and what goes wrong there is logged.
    pub fn new(store: &Path, log: Log) -> Result<Self> {
        let (sender, receiver) = sync_channel(BYTES / REQUEST);
        let queue = Arc::new(Queue {
            sender,
            weight: AtomicUsize::new(0),
            rows: DailyLog::start(store, move |words| log.event(words))?,
        });
        Ok(Self { queue, receiver })
    }

    /// Begins to compare. The thread ends after the server, when everything is compared and written.
    pub fn start(self, app: &Arc<App>) -> std::io::Result<JoinHandle<()>> {
        let app = Arc::clone(app);
        let builder = thread::Builder::new().name("shadow".into());
        builder.spawn(move || {
            host::stand_back();
            compare_all(&self.queue, &self.receiver, &app);
            self.queue.rows.close(LAST_SECONDS);
        })
    }
}

/// Compares until the server stops and nobody is connected any more.
///
/// What both said goes into `/metrics`, and row by row to whoever writes.
fn compare_all(queue: &Queue, receiver: &Receiver<Waiting>, app: &App) {
    loop {
        match receiver.recv_timeout(LOOK) {
            Ok(Waiting(answered, weight)) => {
                // A bug in a staged run is one of its failures.
                let done = catch_unwind(AssertUnwindSafe(|| compare(&answered)));
                queue
                    .rows
                    .put(done.unwrap_or_else(|_| answered.silence(Silence::Failure)));
                queue.weight.fetch_sub(weight, Ordering::Relaxed);
            }
            Err(RecvTimeoutError::Timeout) if app.is_stopping() && app.connections() == 0 => return,
            Err(RecvTimeoutError::Timeout) => {}
            Err(RecvTimeoutError::Disconnected) => return,
        }
    }
}

/// Asks the run that did not answer, counts what both said, and gives a row for each entity.
fn compare(answered: &Answered) -> Vec<ComparedRow> {
    let (asked, told) = (&answered.asked, &answered.told);
    let rows = answered.rows();
    if rows.is_empty() {
        return Vec::new();
    }
    let keys: Vec<Key> = rows.iter().map(|(key, _, _)| (*key).clone()).collect();
    let objects: Vec<_> = rows.iter().map(|(_, _, object)| *object).collect();
    let Ok(context) = asked.requested.read_beside(Some(&told.requested), &objects) else {
        return answered.silence(Silence::Context);
    };
    let watch = Stopwatch::start();
    let Ok(computed) = Computed::of(asked, &keys, &context) else {
        return answered.silence(Silence::Failure);
    };
    let Ok(answers) = answer(asked, &keys, &computed, None, None) else {
        return answered.silence(Silence::Failure);
    };
    let seconds = watch.seconds() / keys.len() as f64;
    let found = answers.into_iter().map(|answer| match answer {
        Ok(answer) => Ok(answer.verdict.said()),
        Err(error) => Err(Silence::of(&error)),
    });
    let both = rows.into_iter().zip(found);
    both.map(|((key, said, _), found)| answered.row(key, said, found, seconds))
        .collect()
}
