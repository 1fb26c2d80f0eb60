use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::mpsc;

use super::days::{Days, REPLACES, own};
use super::log::{DailyLog, Row, day_of};
use super::merge::{MANY, merge};
use super::{FOLDER, unreadable};
use crate::definition::{AsOf, ColumnName};
use crate::host::{self, Instant};
use crate::table::{Cell, FileForm, Values};

struct Number {
    at: Instant,
    number: i64,
}

impl Row for Number {
    const KIND: &'static str = "numbers";

    fn time(&self) -> Instant {
        self.at
    }

    fn columns(rows: &[Self]) -> Vec<(&'static str, Values)> {
        let times: Vec<_> = rows.iter().map(|row| Some(row.at.microseconds())).collect();
        let numbers: Vec<_> = rows.iter().map(|row| Some(row.number)).collect();
        vec![
            ("time", Values::datetimes(&times)),
            ("number", Values::integers(&numbers)),
        ]
    }
}

fn day(text: &str) -> AsOf {
    text.parse().unwrap()
}

/// Rows with these numbers, in the middle of a day.
fn rows(date: &str, numbers: impl IntoIterator<Item = i64>) -> Vec<Number> {
    let at = Instant::parse(&format!("{date}T12:00:00Z")).unwrap();
    let numbers = numbers.into_iter();
    numbers.map(|number| Number { at, number }).collect()
}

/// A store and its log of numbers.
struct World {
    store: tempfile::TempDir,
    days: Days,
}

impl World {
    fn new() -> Self {
        let store = tempfile::tempdir().unwrap();
        let days = Days::of::<Number>(store.path());
        Self { store, days }
    }

    fn log(&self) -> DailyLog<Number> {
        DailyLog::start(self.store.path(), |_| {}).unwrap()
    }

    /// Writes a file as the log would.
    fn file(&self, date: &str, name: &str, numbers: impl IntoIterator<Item = i64>) -> PathBuf {
        let rows = rows(date, numbers);
        let columns = Number::columns(&rows);
        let columns: Vec<_> = columns
            .iter()
            .map(|(name, values)| (*name, values))
            .collect();
        let bytes = FileForm::Parquet
            .encode_columns(rows.len(), &columns)
            .unwrap();
        let path = self.days.folder(day(date)).join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(&path, bytes).unwrap();
        path
    }

    fn merge(&self) {
        merge::<Number>(&self.days, day("2026-03-02")).unwrap();
    }

    /// The numbers of a day, ascending.
    fn numbers(&self, date: &str) -> Vec<i64> {
        let wanted: BTreeSet<ColumnName> = [own("number")].into();
        let mut numbers = Vec::new();
        for frame in self.days.read(day(date), &wanted).unwrap() {
            let values = frame.column("number").unwrap();
            numbers.extend((0..frame.rows()).map(|row| match values.cell(row) {
                Cell::I64(number) => number,
                other => panic!("{other}"),
            }));
        }
        numbers.sort_unstable();
        numbers
    }

    /// The names in the folder of a day.
    fn names(&self, date: &str) -> Vec<String> {
        names(&self.days.folder(day(date)))
    }
}

fn names(folder: &Path) -> Vec<String> {
    let entries = fs::read_dir(folder).unwrap();
    let mut names: Vec<_> = entries
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    names.sort();
    names
}

#[test]
fn rows_are_written_by_their_day_and_none_is_lost_by_a_stop() {
    let world = World::new();
    let log = world.log();
    log.put(rows("2026-03-01", 0..5));
    log.put(rows("2026-03-02", 5..7));
    log.put(rows("2026-03-01", 7..8));
    assert!(log.close(60.0));
    assert_eq!(log.counts().written, 8);
    assert_eq!(
        world.days.list().unwrap(),
        [day("2026-03-01"), day("2026-03-02")]
    );
    assert_eq!(world.numbers("2026-03-01"), [0, 1, 2, 3, 4, 7]);
    assert_eq!(world.numbers("2026-03-02"), [5, 6]);
}

#[test]
fn rows_are_written_after_a_while_without_a_stop() {
    let world = World::new();
    let log = world.log();
    log.put(rows("2026-03-01", 0..5));
    let watch = host::Stopwatch::start();
    while log.counts().written < 5 && watch.seconds() < 60.0 {
        host::wait(std::time::Duration::from_millis(20));
    }
    assert_eq!(world.numbers("2026-03-01"), [0, 1, 2, 3, 4]);
}

#[test]
fn what_comes_faster_than_it_is_written_is_dropped_and_counted() {
    let world = World::new();
    let log = world.log();
    let mut handed = 0;
    while log.counts().dropped_full == 0 {
        log.put(rows("2026-03-01", handed..handed + 10_000));
        handed += 10_000;
    }
    assert!(log.close(60.0));
    let counts = log.counts();
    assert_eq!(counts.written + counts.dropped_full, handed as u64);
    assert_eq!(world.numbers("2026-03-01").len() as u64, counts.written);
}

#[test]
fn what_cannot_be_written_is_dropped_counted_and_told_once() {
    let world = World::new();
    fs::create_dir_all(world.store.path().join(FOLDER)).unwrap();
    // Where the folder of these rows should be.
    fs::write(world.store.path().join(FOLDER).join(Number::KIND), "").unwrap();
    let (sender, told) = mpsc::channel();
    let tell = move |words: &str| sender.send(words.to_string()).unwrap();
    let log = DailyLog::start(world.store.path(), tell).unwrap();
    for _ in 0..3 {
        log.put(rows("2026-03-01", 0..20_000));
    }
    assert!(log.close(60.0));
    let counts = log.counts();
    assert_eq!((counts.written, counts.dropped_unwritten), (0, 60_000));
    let told: Vec<String> = told.iter().collect();
    assert_eq!(told.len(), 1, "{told:?}");
    assert!(
        told[0].starts_with("error: numbers are dropped, and counted in /metrics: cannot write "),
        "{told:?}"
    );
}

#[test]
fn two_logs_write_below_one_store() {
    let world = World::new();
    let logs = [world.log(), world.log()];
    for number in 0..100 {
        logs[usize::from(number % 2 == 0)].put(rows("2026-03-01", [number]));
    }
    assert!(logs.iter().all(|log| log.close(60.0)));
    assert_eq!(world.numbers("2026-03-01"), (0..100).collect::<Vec<_>>());
}

#[test]
fn a_finished_day_becomes_one_file_and_today_when_it_has_many() {
    let world = World::new();
    for date in ["2026-03-01", "2026-03-02"] {
        for number in 0..3 {
            world.file(date, &format!("{number}.parquet"), [number]);
        }
    }
    world.merge();
    assert_eq!(world.names("2026-03-01").len(), 1);
    assert_eq!(world.names("2026-03-02").len(), 3);
    let many = i64::try_from(MANY).unwrap();
    for number in 3..many {
        world.file("2026-03-02", &format!("{number}.parquet"), [number]);
    }
    world.merge();
    assert_eq!(world.names("2026-03-02").len(), 1);
    assert_eq!(world.numbers("2026-03-01"), [0, 1, 2]);
    assert_eq!(world.numbers("2026-03-02"), (0..many).collect::<Vec<_>>());
    world.merge();
    assert_eq!(world.names("2026-03-01").len(), 1);
}

#[test]
fn a_merge_that_was_interrupted_neither_loses_nor_doubles_a_row() {
    const DATE: &str = "2026-03-01";
    let expected: Vec<i64> = (0..4).collect();
    // What lies there after each step: the list, the merged file, one of the files gone, all.
    for step in 0_usize..5 {
        let world = World::new();
        let parts = [
            world.file(DATE, "a.parquet", [0, 1]),
            world.file(DATE, "b.parquet", [2]),
        ];
        world.file(DATE, "other.parquet", [3]);
        let list = parts[0].with_file_name(format!("m.{REPLACES}"));
        fs::write(list, "a.parquet\nb.parquet\n").unwrap();
        if step > 0 {
            world.file(DATE, "m.parquet", 0..3);
        }
        for part in parts.iter().take(step.saturating_sub(1)) {
            fs::remove_file(part).unwrap();
        }
        fs::write(world.days.folder(day(DATE)).join(".tmp-half"), "PAR1").unwrap();
        assert_eq!(world.numbers(DATE), expected, "step {step}");
        world.merge();
        assert_eq!(world.numbers(DATE), expected, "step {step}, ended");
        let names = world.names(DATE);
        assert_eq!(names.len(), 2, "{names:?}");
        assert_eq!(names[0], ".tmp-half");
    }
}

#[test]
fn a_reader_sees_every_row_once_while_files_are_merged() {
    let world = World::new();
    let stop = std::sync::atomic::AtomicBool::new(false);
    std::thread::scope(|scope| {
        scope.spawn(|| {
            while !stop.load(std::sync::atomic::Ordering::Relaxed) {
                world.merge();
            }
        });
        for number in 0..40 {
            world.file("2026-03-01", &format!("{number:03}.parquet"), [number]);
            assert_eq!(
                world.numbers("2026-03-01"),
                (0..=number).collect::<Vec<_>>()
            );
        }
        stop.store(true, std::sync::atomic::Ordering::Relaxed);
    });
}

#[test]
fn a_damaged_file_is_named_and_stays_as_it_is() {
    let world = World::new();
    world.file("2026-03-01", "a.parquet", [0]);
    world.file("2026-03-01", "b.parquet", [1]);
    let damaged = world.file("2026-03-01", "c.parquet", [2]);
    let whole = fs::read(&damaged).unwrap();
    fs::write(&damaged, &whole[..whole.len() / 2]).unwrap();
    world.merge();
    assert!(damaged.exists());
    let (files, found) = unreadable(world.store.path()).unwrap();
    assert_eq!((files, found.len()), (2, 1));
    assert_eq!(found[0].path, damaged);
    let error = world
        .days
        .read(day("2026-03-01"), &BTreeSet::new())
        .unwrap_err();
    assert!(error.message().contains("c.parquet"), "{error}");
    fs::remove_file(&damaged).unwrap();
    assert_eq!(world.numbers("2026-03-01"), [0, 1]);
}

#[test]
fn days_are_those_of_utc() {
    let at = |text: &str| day_of(Instant::parse(text).unwrap()).to_string();
    assert_eq!(at("2026-03-01T23:59:59.999999Z"), "2026-03-01");
    assert_eq!(at("2026-03-02T00:00:00Z"), "2026-03-02");
    assert_eq!(at("1969-12-31T23:00:00Z"), "1969-12-31");
}
