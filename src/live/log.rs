//! Rows into files, in the background.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering};
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::thread::{self, JoinHandle};
use std::time::Duration;

use super::days::{Days, ROWS};
use super::merge::{MANY, merge};
use crate::definition::AsOf;
use crate::error::{Error, Result};
use crate::fsio;
use crate::host::{self, Instant, Stopwatch};
use crate::table::{FileForm, Values};

/// Rows that may wait to be taken out, and how often rows may have been handed over meanwhile.
const MOST_WAITING: usize = 65_536;
const MOST_HANDED: usize = 16_384;
/// Rows that are a file, and seconds after which fewer are.
const ROWS_A_FILE: usize = 16_384;
const SECONDS_A_FILE: f64 = 2.0;
/// How often rows are looked for.
const LOOK_AGAIN: Duration = Duration::from_millis(50);
/// Seconds for which the same trouble is not told again.
const QUIET_SECONDS: f64 = 600.0;
/// Microseconds of a day.
const DAY: i64 = 86_400_000_000;

/// What is written of one thing that happened.
pub trait Row: Send + 'static {
    /// The name of the folder of such rows, and what they are called in the log: `predictions`.
    const KIND: &'static str;

    /// Decides the day.
    fn time(&self) -> Instant;

    /// Rows of another shape go into another file: where a column has another type.
    fn shape(&self) -> u8 {
        0
    }

    /// Rows of one shape as columns, in the order of the file. The names are the same for any rows, none
    /// included.
    fn columns(rows: &[Self]) -> Vec<(&'static str, Values)>
    where
        Self: Sized;
}

/// What became of the rows that were handed over. Those that are neither wait.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
pub struct Counts {
    /// In files.
    pub written: u64,
    /// Dropped because too many were waiting.
    pub dropped_full: u64,
    /// Dropped because a file could not be written.
    pub dropped_unwritten: u64,
}

#[derive(Debug, Default)]
struct Shared {
    waiting: AtomicUsize,
    written: AtomicU64,
    dropped_full: AtomicU64,
    dropped_unwritten: AtomicU64,
    closing: AtomicBool,
}

/// Takes rows without ever waiting, and writes them by day.
#[derive(Debug)]
pub struct DailyLog<R> {
    sender: SyncSender<Vec<R>>,
    shared: Arc<Shared>,
    thread: JoinHandle<()>,
}

impl<R: Row> DailyLog<R> {
    /// Starts the thread that writes below a store. What goes wrong there is told to `tell`, once and
    /// not for each file.
    pub fn start(store: &Path, tell: impl Fn(&str) + Send + 'static) -> Result<Self> {
        let (sender, receiver) = sync_channel(MOST_HANDED);
        let shared = Arc::new(Shared::default());
        let writer = Writer {
            days: Days::of::<R>(store),
            shared: Arc::clone(&shared),
            buffer: Vec::new(),
            since: Stopwatch::start(),
            merging: None,
            files: MANY,
            day: None,
            dropped: 0,
            full: Trouble::default(),
            unwritten: Trouble::default(),
            unmerged: Trouble::default(),
            tell: Box::new(tell),
        };
        let thread = thread::Builder::new()
            .name(R::KIND.into())
            .spawn(move || writer.work(&receiver))
            .map_err(|error| {
                Error::failure(format!("no thread can be started to write {}", R::KIND))
                    .caused_by(error)
            })?;
        Ok(Self {
            sender,
            shared,
            thread,
        })
    }

    /// Hands rows over, all of them or none: what does not fit is dropped and counted. Never waits.
    pub fn put(&self, rows: Vec<R>) {
        let count = rows.len();
        // Whatever a request has fits into a queue that is not full.
        let before = self.shared.waiting.fetch_add(count, Ordering::Relaxed);
        if before >= MOST_WAITING || self.sender.try_send(rows).is_err() {
            self.shared.waiting.fetch_sub(count, Ordering::Relaxed);
            let dropped = &self.shared.dropped_full;
            dropped.fetch_add(count as u64, Ordering::Relaxed);
        }
    }

    pub fn counts(&self) -> Counts {
        let read = |count: &AtomicU64| count.load(Ordering::Relaxed);
        Counts {
            written: read(&self.shared.written),
            dropped_full: read(&self.shared.dropped_full),
            dropped_unwritten: read(&self.shared.dropped_unwritten),
        }
    }

    /// Writes what was handed over before, and ends. Gives false when the disk did not let it within
    /// so many seconds.
    pub fn close(&self, within: f64) -> bool {
        self.shared.closing.store(true, Ordering::SeqCst);
        let watch = Stopwatch::start();
        while !self.thread.is_finished() && watch.seconds() < within {
            host::wait(Duration::from_millis(5));
        }
        self.thread.is_finished()
    }
}

/// The thread that writes.
struct Writer<R> {
    days: Days,
    shared: Arc<Shared>,
    buffer: Vec<R>,
    /// Since the buffer was empty.
    since: Stopwatch,
    merging: Option<JoinHandle<Result<()>>>,
    /// Files written since the last merge.
    files: usize,
    /// Of the newest file.
    day: Option<AsOf>,
    /// Rows that were dropped when it was last looked at.
    dropped: u64,
    full: Trouble,
    unwritten: Trouble,
    unmerged: Trouble,
    tell: Box<dyn Fn(&str) + Send>,
}

impl<R: Row> Writer<R> {
    fn work(mut self, receiver: &Receiver<Vec<R>>) {
        loop {
            // Read first: whatever was handed over before it was set is taken out below.
            let closing = self.shared.closing.load(Ordering::SeqCst);
            self.take(receiver);
            if closing || self.since.seconds() >= SECONDS_A_FILE {
                self.write();
            }
            if closing {
                return;
            }
            self.tell_of_drops();
            self.merge();
            host::wait(LOOK_AGAIN);
        }
    }

    fn take(&mut self, receiver: &Receiver<Vec<R>>) {
        while let Ok(rows) = receiver.try_recv() {
            if self.buffer.is_empty() {
                self.since = Stopwatch::start();
            }
            let count = rows.len();
            self.buffer.extend(rows);
            self.shared.waiting.fetch_sub(count, Ordering::Relaxed);
            if self.buffer.len() >= ROWS_A_FILE {
                self.write();
            }
        }
    }

    /// Writes the buffer, a file for each day and shape. What cannot be written is dropped: memory has an end,
    /// and a full disk may stay full.
    fn write(&mut self) {
        let mut files: BTreeMap<(AsOf, u8), Vec<R>> = BTreeMap::new();
        for row in self.buffer.drain(..) {
            let file = (day_of(row.time()), row.shape());
            files.entry(file).or_default().push(row);
        }
        for ((day, _), rows) in files {
            let count = rows.len() as u64;
            match self.write_day(day, &rows) {
                Ok(()) => {
                    self.shared.written.fetch_add(count, Ordering::Relaxed);
                    if self.unwritten.ends() {
                        (self.tell)(&format!("{} are written again", R::KIND));
                    }
                    self.files += 1;
                    if self.day.replace(day).is_some_and(|before| before != day) {
                        self.files = self.files.max(MANY);
                    }
                }
                Err(error) => {
                    let dropped = &self.shared.dropped_unwritten;
                    dropped.fetch_add(count, Ordering::Relaxed);
                    if self.unwritten.is_news() {
                        (self.tell)(&format!(
                            "error: {} are dropped, and counted in /metrics: {error}",
                            R::KIND
                        ));
                    }
                }
            }
        }
    }

    fn write_day(&self, day: AsOf, rows: &[R]) -> Result<()> {
        let columns = R::columns(rows);
        let columns: Vec<(&str, &Values)> = columns
            .iter()
            .map(|(name, values)| (*name, values))
            .collect();
        let bytes = FileForm::Parquet.encode_columns(rows.len(), &columns)?;
        let path = self.days.folder(day).join(file_name(host::now()));
        fsio::write_atomic(&path, &bytes)
    }

    fn tell_of_drops(&mut self) {
        let dropped = self.shared.dropped_full.load(Ordering::Relaxed);
        let before = std::mem::replace(&mut self.dropped, dropped);
        if dropped > before && self.full.is_news() {
            (self.tell)(&format!(
                "error: {} are dropped, and counted in /metrics: they come faster than they are written",
                R::KIND
            ));
        }
    }

    /// Merges files at start, when there are many new ones and when a day is over, beside the thread
    /// that writes. The end of the process may interrupt it anywhere.
    fn merge(&mut self) {
        if let Some(done) = self.merging.take_if(|merging| merging.is_finished())
            && let Ok(Err(error)) = done.join()
            && self.unmerged.is_news()
        {
            (self.tell)(&format!(
                "error: files of {} cannot be merged: {error}",
                R::KIND
            ));
        }
        if self.files < MANY || self.merging.is_some() {
            return;
        }
        self.files = 0;
        let (days, today) = (self.days.clone(), day_of(host::now()));
        let builder = thread::Builder::new().name("merge".into());
        // Without a thread the files stay until the next time.
        self.merging = builder.spawn(move || merge::<R>(&days, today)).ok();
    }
}

/// The same trouble is told once, and again when it has not ended after long.
#[derive(Debug, Default)]
struct Trouble {
    told: Option<Stopwatch>,
    /// Told, and not ended since.
    lasts: bool,
}

impl Trouble {
    fn is_news(&mut self) -> bool {
        let quiet = self.told.is_some_and(|told| told.seconds() < QUIET_SECONDS);
        if !quiet {
            self.told = Some(Stopwatch::start());
            self.lasts = true;
        }
        !quiet
    }

    /// Whether it was there until now.
    fn ends(&mut self) -> bool {
        std::mem::take(&mut self.lasts)
    }
}

/// The day of an instant, in UTC.
pub fn day_of(time: Instant) -> AsOf {
    let days = i32::try_from(time.microseconds().div_euclid(DAY)).ok();
    days.and_then(AsOf::from_days)
        .expect("an instant that can be written has a date that can be")
}

/// A name that no other process gives; names of later files come later.
pub(super) fn file_name(now: Instant) -> String {
    format!("{:016}-{:016x}.{ROWS}", now.microseconds(), host::random())
}
