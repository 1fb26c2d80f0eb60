use std::sync::Arc;

use super::*;
use crate::hash::{Digest, RunId};
use crate::host::{self, Instant};
use crate::live::DailyLog;

fn runs(staged: u8) -> Arc<Runs> {
    Arc::new(Runs {
        model: "churn".parse().unwrap(),
        run: RunId::from_bytes([1; 32]),
        staged: RunId::from_bytes([staged; 32]),
    })
}

fn row(time: &str, staged: u8, entity: &str, said: [Option<Said>; 2]) -> ComparedRow {
    let silent = said.iter().any(Option::is_none);
    ComparedRow {
        time: Instant::parse(time).unwrap(),
        runs: runs(staged),
        entity: entity.to_string(),
        as_of: "2024-01-31".parse().unwrap(),
        answered_by: Side::Production,
        said,
        silence: silent.then_some(Silence::MissingFeatures),
        microseconds: [Some(10.0), Some(20.0)],
    }
}

fn binary(probability: f64) -> Option<Said> {
    Some(Said::Binary {
        probability,
        positive: probability >= 0.5,
    })
}

fn written(rows: Vec<ComparedRow>) -> tempfile::TempDir {
    let store = tempfile::tempdir().unwrap();
    let log = DailyLog::start(store.path(), |line| panic!("{line}")).unwrap();
    log.put(rows);
    assert!(log.close(20.0));
    store
}

#[test]
fn rows_of_two_runs_come_to_agreement_shift_and_the_widest() {
    let (day, next) = ("2026-11-30T10:00:00Z", "2026-12-01T10:00:00Z");
    let store = written(vec![
        row(day, 2, "a", [binary(0.25), binary(0.5)]),
        row(day, 2, "b", [binary(0.75), binary(0.625)]),
        row(next, 2, "a", [binary(0.25), binary(0.75)]),
        row(next, 2, "c", [binary(0.25), None]),
        row(next, 2, "d", [binary(0.125), binary(0.125)]),
        row(day, 3, "a", [binary(0.25), binary(0.25)]),
    ]);
    let all = evidence(store.path(), &Wanted::default()).unwrap();
    assert_eq!(all.len(), 2);
    let found = &all[0];
    assert_eq!(found.runs, *runs(2));
    assert_eq!((found.compared, found.agreed), (4, 2));
    assert_eq!(found.agreement(), Some(0.5));
    let times = |production: &str, staged: &str| {
        let both = (production.to_string(), staged.to_string());
        found.predictions.get(&both).copied()
    };
    assert_eq!(times("0", "1"), Some(2));
    assert_eq!(times("1", "1"), Some(1));
    assert_eq!(times("0", "0"), Some(1));
    let silent: Vec<_> = found.silent.iter().collect();
    assert_eq!(
        silent,
        [(&(Side::Staged, "missing_features".to_string()), &1)]
    );
    let difference = found.difference.as_ref().unwrap();
    assert_eq!(difference.mean, (0.25 - 0.125 + 0.5) / 4.0);
    assert_eq!(difference.mean_absolute, (0.25 + 0.125 + 0.5) / 4.0);
    let Quantiles { p1, p50, p99, .. } = difference.quantiles;
    assert_eq!((p1, p50, p99), (-0.125, 0.0, 0.5));
    assert_eq!(found.latency.p99.staged, Some(20.0));
    let most: Vec<_> = found
        .most
        .iter()
        .map(|one| (one.entity.as_str(), one.difference))
        .collect();
    assert_eq!(most, [("a", 0.5), ("b", -0.125)]);

    let since = Wanted {
        model: None,
        since: Some("2026-12-01".parse().unwrap()),
    };
    let all = evidence(store.path(), &since).unwrap();
    assert_eq!((all.len(), all[0].compared), (1, 2));
    let other = Wanted {
        model: Some("size".parse().unwrap()),
        since: None,
    };
    assert_eq!(evidence(store.path(), &other).unwrap(), []);
}

#[test]
fn numbers_and_classes_are_compared_too() {
    let class = |class: &str, probability| {
        let class = class.to_string();
        Some(Said::Class { class, probability })
    };
    let now = host::now().to_string();
    let store = written(vec![
        row(&now, 2, "a", [class("bad", 0.5), class("good", 0.75)]),
        row(&now, 2, "b", [class("good", 0.5), class("good", 0.5)]),
        row(
            &now,
            3,
            "a",
            [Some(Said::Number(2.0)), Some(Said::Number(2.5))],
        ),
        row(
            &now,
            3,
            "b",
            [Some(Said::Number(4.0)), Some(Said::Number(4.0))],
        ),
    ]);
    let all = evidence(store.path(), &Wanted::default()).unwrap();
    let of = |staged: u8| all.iter().find(|one| one.runs == *runs(staged)).unwrap();
    assert_eq!((of(2).agreed, of(2).predictions.len()), (1, 2));
    assert_eq!((of(3).agreed, of(3).predictions.len()), (1, 0));
    assert_eq!(of(3).difference.as_ref().unwrap().mean, 0.25);
}

#[test]
fn nothing_is_recorded_in_a_new_store() {
    let store = tempfile::tempdir().unwrap();
    assert_eq!(evidence(store.path(), &Wanted::default()).unwrap(), []);
    assert_eq!(recorded_until(store.path()).unwrap(), None);
}
