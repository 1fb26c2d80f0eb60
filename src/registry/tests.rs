//! Logs as they are kept, and everything somebody might do to one.

use proptest::prelude::*;

use super::log::{ProblemKind, append, audit, read, verify_log};
use super::stage::enter;
use super::transition::{EntryVersion, Head, Transition, TransitionKind};
use crate::definition::{ModelName, Stage};
use crate::hash::{Digest, RunId, TransitionHash};
use crate::host::Instant;
use crate::lockfile::{LogEnd, PinFile};
use crate::store::{Chained, Store};

fn model() -> ModelName {
    "m".parse().unwrap()
}

fn decision(run: &str) -> Transition {
    let mut decision = Transition::unplaced(
        &model(),
        TransitionKind::Promotion,
        RunId::of(run),
        "ann".into(),
        Instant::parse("2024-02-01T10:00:00Z").unwrap(),
        "because".into(),
    );
    decision.to = Some(Stage::Production.into());
    decision
}

fn old(mut entry: Transition) -> Transition {
    entry.version = EntryVersion::FIRST;
    entry.model = None;
    entry.beside = None;
    entry
}

fn chain(runs: &[&str]) -> Vec<Transition> {
    let mut log: Vec<Transition> = Vec::new();
    for run in runs {
        let head = Head::of(&log, None);
        log.push(decision(run).placed(head).sealed());
    }
    log
}

fn file_of(log: &[Transition]) -> PinFile {
    let mut file = PinFile::empty(model());
    log.iter().for_each(|entry| enter(&mut file, entry));
    file
}

/// What is found in a log, kept in a store, beside a pin file.
fn found(log: &[Transition], file: &PinFile) -> Vec<(ProblemKind, u64)> {
    let folder = tempfile::tempdir().unwrap();
    let store = Store::open(&folder.path().join("store")).unwrap();
    let catalog = store.catalog();
    let mut seen = 0;
    for entry in log {
        assert!(append(catalog, &model(), seen, entry).unwrap());
        let rows = catalog.chained::<Transition>("transition", "m").unwrap();
        seen = rows.last().unwrap().sequence;
    }
    let audit = verify_log(catalog, &model(), file).unwrap();
    // What is wrong with the chain alone stops every command.
    let of_chain =
        |kind: &ProblemKind| !matches!(kind, ProblemKind::NotPinned | ProblemKind::NotInPinFile);
    let ahead = file.end().map_or(0, |end| end.sequence) > log.last().map_or(0, |e| e.sequence);
    if !ahead {
        let stopped = audit.problems.iter().any(|problem| of_chain(&problem.kind));
        assert_eq!(
            read(catalog, &model()).is_err(),
            stopped,
            "{:?}",
            audit.problems
        );
    }
    let problems = audit.problems.iter();
    problems
        .map(|problem| (problem.kind, problem.sequence))
        .collect()
}

#[test]
fn a_log_that_nobody_touched_is_sound() {
    assert_eq!(found(&[], &PinFile::empty(model())), []);
    let log = chain(&["a", "b", "c"]);
    assert_eq!(log[2].previous_hash, Some(log[1].hash));
    assert_eq!(found(&log, &file_of(&log)), []);
}

#[test]
fn an_old_log_goes_on_with_new_entries() {
    let mut log: Vec<Transition> = Vec::new();
    for (run, is_old) in [("a", true), ("b", true), ("c", false), ("d", false)] {
        let entry = decision(run).placed(Head::of(&log, None));
        let entry = if is_old { old(entry) } else { entry };
        log.push(entry.sealed());
    }
    let mut file = file_of(&log);
    assert_eq!(found(&log, &file), []);
    // Its pin file named stages alone.
    let file_then = PinFile {
        log: None,
        ..file_of(&log[..2])
    };
    assert_eq!(found(&log[..2], &file_then), []);
    file.log = None;
    assert_eq!(found(&log, &file), []);
}

#[test]
fn what_is_edited_is_found_however_much_is_computed_again() {
    use ProblemKind::{Edited, NotPinned, Unchained};
    let log = chain(&["a", "b", "c"]);
    let file = file_of(&log);
    for at in 0..3 {
        let mut edited = log.clone();
        edited[at].reason = "by decree".into();
        assert_eq!(found(&edited, &file), [(Edited, at as u64 + 1)]);
        // With a hash that is right again.
        edited[at] = edited[at].clone().sealed();
        let expected = match at {
            2 => vec![(NotPinned, 3)],
            _ => vec![(Unchained, at as u64 + 2)],
        };
        assert_eq!(found(&edited, &file), expected);
        // With everything after it computed again too.
        for later in at + 1..3 {
            edited[later].previous_hash = Some(edited[later - 1].hash);
            edited[later] = edited[later].clone().sealed();
        }
        assert_eq!(found(&edited, &file), [(NotPinned, 3)]);
    }
}

#[test]
fn what_is_removed_is_found() {
    use ProblemKind::{Missing, NotPinned, Unchained};
    let log = chain(&["a", "b", "c", "d"]);
    let file = file_of(&log);
    for at in 0..4 {
        let mut shortened = log.clone();
        shortened.remove(at);
        assert_eq!(found(&shortened, &file), [(Missing, at as u64 + 1)]);
    }
    assert_eq!(found(&log[..1], &file), [(Missing, 2)]);
    assert_eq!(found(&[], &file), [(Missing, 1)]);
    let renumbered: Vec<Transition> = [&log[..1], &log[2..]]
        .concat()
        .into_iter()
        .zip(1..)
        .map(|(entry, sequence)| Transition { sequence, ..entry }.sealed())
        .collect();
    assert_eq!(
        found(&renumbered, &file),
        [(Unchained, 2), (Unchained, 3), (Missing, 4)]
    );
    // Said to be made elsewhere: the entry after it has another hash then.
    let mut adopted = [&log[..1], &log[2..]].concat();
    adopted[1].adopted = true;
    adopted[1].beside = Some(log[0].hash);
    adopted[1] = adopted[1].clone().sealed();
    assert_eq!(found(&adopted, &file), [(Unchained, 4)]);
    adopted[2].previous_hash = Some(adopted[1].hash);
    adopted[2] = adopted[2].clone().sealed();
    assert_eq!(found(&adopted, &file), [(NotPinned, 4)]);
}

#[test]
fn what_is_moved_or_put_in_is_found() {
    use ProblemKind::{NotInPinFile, OutOfOrder};
    let log = chain(&["a", "b", "c", "d"]);
    let file = file_of(&log);
    for (one, other) in [(0, 1), (1, 2), (0, 3), (2, 3)] {
        let mut swapped = log.clone();
        swapped.swap(one, other);
        let problems = found(&swapped, &file);
        assert!(
            problems.contains(&(OutOfOrder, one as u64 + 1)),
            "{problems:?}"
        );
    }
    let mut twice = log.clone();
    twice.insert(2, log[1].clone());
    assert_eq!(found(&twice, &file), [(OutOfOrder, 2)]);
    let mut more = log.clone();
    more.push(decision("e").placed(Head::of(&log, None)).sealed());
    assert_eq!(found(&more, &file), [(NotInPinFile, 5)]);
    let mut between = log.clone();
    between.insert(1, decision("e").placed(Head::of(&log[..1], None)).sealed());
    assert_eq!(found(&between, &file)[0], (OutOfOrder, 2));
    let foreign = Transition {
        model: Some("n".parse().unwrap()),
        ..decision("a")
    };
    let foreign = [foreign.placed(Head::of(&[], None)).sealed()];
    assert_eq!(
        found(&foreign, &file_of(&foreign))[0],
        (ProblemKind::Edited, 1)
    );
}

#[test]
fn the_pin_file_is_held_against_the_log_too() {
    use ProblemKind::{NotInPinFile, NotPinned};
    let log = chain(&["a", "b"]);
    let file = file_of(&log);
    assert_eq!(found(&log, &PinFile::empty(model())), [(NotInPinFile, 1)]);
    assert_eq!(found(&log, &file_of(&log[..1])), [(NotInPinFile, 2)]);
    let mut another = file.clone();
    another.pins.get_mut(&Stage::Production).unwrap().run = RunId::of("z");
    assert_eq!(found(&log, &another), [(NotPinned, 2)]);
    let mut moved = file.clone();
    let pin = moved.pins.remove(&Stage::Production).unwrap();
    moved.pins.insert(Stage::Staging, pin.clone());
    assert_eq!(found(&log, &moved), [(NotPinned, 2)]);
    let mut named = file;
    named.aliases.insert("champion".parse().unwrap(), pin);
    assert_eq!(found(&log, &named), [(NotPinned, 2)]);
}

#[test]
fn a_chain_that_went_on_elsewhere_holds_its_own_part_fast() {
    use ProblemKind::{Missing, Unchained};
    let theirs = chain(&["a", "b", "c"]);
    // A clone without a log.
    let head = Head::of(&[], file_of(&theirs).end());
    let mine = vec![decision("d").placed(head).sealed()];
    assert_eq!(
        (mine[0].sequence, mine[0].previous_hash),
        (4, Some(theirs[2].hash))
    );
    let everything = [&theirs[..], &mine].concat();
    assert_eq!(found(&mine, &file_of(&everything)), []);
    assert_eq!(found(&[], &file_of(&theirs)), [(Missing, 1)]);
    // A store whose own part stands before theirs.
    let mut log = theirs[..2].to_vec();
    log.push(
        decision("d")
            .placed(Head::of(&log, file_of(&theirs).end()))
            .sealed(),
    );
    assert!(log[2].adopted && log[2].sequence == 4);
    let everything = [&theirs[..], &log[2..]].concat();
    assert_eq!(found(&log, &file_of(&everything)), []);
    assert_eq!(found(&log[1..], &file_of(&everything))[0], (Missing, 1));
    assert_eq!(
        found(&[&log[..1], &log[2..]].concat(), &file_of(&everything)),
        [(Unchained, 4)]
    );
}

#[test]
fn of_two_entries_with_one_number_the_file_decides() {
    let (mine, theirs) = (chain(&["a", "b"]), chain(&["a", "c"]));
    let head = Head::of(&mine, file_of(&theirs).end());
    assert_eq!((head.sequence, head.adopted), (2, Some(Some(mine[1].hash))));
    let mut log = mine.clone();
    log.push(decision("d").placed(head).sealed());
    let file = file_of(&[&theirs[..], &log[2..]].concat());
    assert_eq!(found(&log, &file), []);
    let behind = Head::of(&mine, file_of(&mine[..1]).end());
    assert_eq!((behind.sequence, behind.adopted), (2, None));
    let end = LogEnd {
        sequence: 2,
        hash: TransitionHash::of("x"),
    };
    assert_eq!(Head::of(&mine, Some(end)).hash, Some(end.hash));
}

/// Something done to a log, at a place and another.
fn tamper(log: &mut Vec<Transition>, how: u8, one: usize, other: usize) {
    if log.is_empty() {
        return;
    }
    let (one, other) = (one % log.len(), other % log.len());
    match how {
        0 => {
            log.remove(one);
        }
        1 => log.swap(one, other),
        2 => log.insert(one, log[other].clone()),
        3 => log.truncate(one),
        4 => log[one].by = format!("mallory {other}"),
        _ => log[one].run = RunId::of(&format!("another {other}")),
    }
    // Computes hashes again: of the one entry, of all after it, or of the whole log with its numbers.
    match how {
        5 => log[one] = log[one].clone().sealed(),
        6 => reseal(log, one),
        7 => {
            for (entry, sequence) in log.iter_mut().zip(1..) {
                entry.sequence = sequence;
            }
            reseal(log, 0);
        }
        _ => {}
    }
}

fn reseal(log: &mut [Transition], from: usize) {
    for at in from..log.len() {
        log[at].previous_hash = at.checked_sub(1).map(|before| log[before].hash);
        log[at] = log[at].clone().sealed();
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(512))]

    /// Whatever is done to a log that was written beside a pin file, it shows.
    #[test]
    fn no_log_but_the_one_that_was_written_is_verified(
        length in 1..7_usize,
        done in prop::collection::vec((0..8_u8, 0..7_usize, 0..7_usize), 1..4),
    ) {
        let names = ["a", "b", "c", "d", "e", "f"];
        let log = chain(&names[..length.min(6)]);
        let file = file_of(&log);
        let mut tampered = log.clone();
        for (how, one, other) in done {
            tamper(&mut tampered, how, one, other);
        }
        let rows = tampered.iter().zip(1..).map(|(entry, sequence)| Chained {
            sequence,
            sound: true,
            value: Ok(entry.clone()),
        });
        let problems = audit(&model(), rows.collect(), &file).problems;
        prop_assert_eq!(problems.is_empty(), tampered == log, "{:?}", problems);
    }
}
