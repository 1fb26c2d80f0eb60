use proptest::prelude::*;

use super::*;
use crate::definition::{AsOf, Dtype};

const DAY: i64 = 86_400_000_000;

fn name(text: &str) -> ColumnName {
    text.parse().unwrap()
}

fn date(text: &str) -> AsOf {
    text.parse().unwrap()
}

fn frame<const N: usize>(rows: usize, columns: [(&str, Values); N]) -> Frame {
    let own = |text: &str| {
        if text == "__row_date" {
            ColumnName::row_date()
        } else {
            name(text)
        }
    };
    let columns = columns
        .into_iter()
        .map(|(text, values)| (own(text), values));
    Frame::new(rows, columns.collect())
}

/// A table of three users: of the date itself, of 45 days before, of 46 days before.
fn plain() -> Frame {
    let days = date("2024-03-31").days();
    frame(
        3,
        [
            (
                "user_id",
                Values::strings(&[Some("a"), Some("b"), Some("c")]),
            ),
            (
                "__row_date",
                Values::dates(&[Some(days), Some(days - 45), Some(days - 46)]),
            ),
            ("hours", Values::floats(&[Some(1.5), None, Some(2.5)])),
        ],
    )
}

fn spec(feature: &str, derived: Option<&str>, ttl: Option<&str>) -> FeatureSpec {
    let inputs = BTreeMap::from([(name("hours"), Dtype::F64)]);
    FeatureSpec {
        table: "usage".parse().unwrap(),
        feature: name(feature),
        source: derived.map_or(FeatureSource::Column, |text| {
            FeatureSource::Derived(Expression::parse(text, &inputs).unwrap())
        }),
        key: name("user_id"),
        timestamp: None,
        created: None,
        ttl: ttl.map(|ttl| ttl.parse().unwrap()),
        dtype: Dtype::F64,
    }
}

fn spine(keys: &[Option<&str>]) -> Spine {
    Spine::at(Values::strings(keys), date("2024-03-31"))
}

fn floats(values: &Values) -> Vec<Option<f64>> {
    let cell = |row| match values.cell(row) {
        Cell::F64(value) => Some(value),
        _ => None,
    };
    (0..values.len()).map(cell).collect()
}

#[test]
fn rows_out_are_rows_in() {
    let frame = plain();
    let history = History::new(&frame, &name("user_id"), None, None).unwrap();
    let spine = spine(&[Some("c"), Some("a"), Some("zz"), None, Some("a"), Some("")]);
    let specs = [spec("hours", None, None)];
    let found = values_at(&history, &spine, &specs).unwrap();
    let hours = &found[&specs[0].name()];
    let expected = [Some(2.5), Some(1.5), None, None, Some(1.5), None];
    assert_eq!(floats(&hours.values), expected);
    use Status::{NotFound, Present};
    let status = [Present, Present, NotFound, NotFound, Present, NotFound];
    assert_eq!(hours.status, status);
}

#[test]
fn an_absent_row_is_null_in_derived_features_too() {
    let frame = plain();
    let history = History::new(&frame, &name("user_id"), None, None).unwrap();
    let specs = [
        spec("hours", None, Some("45d")),
        spec("filled", Some("COALESCE(hours, 0.0)"), Some("45d")),
    ];
    let spine = spine(&[Some("a"), Some("b"), Some("c"), Some("d")]);
    let found = values_at(&history, &spine, &specs).unwrap();
    use Status::{Expired, NotFound, Null, Present};
    let hours = &found[&specs[0].name()];
    assert_eq!(hours.status, [Present, Null, Expired, NotFound]);
    assert_eq!(floats(&hours.values), [Some(1.5), None, None, None]);
    let filled = &found[&specs[1].name()];
    assert_eq!(filled.status, [Present, Present, Expired, NotFound]);
    assert_eq!(floats(&filled.values), [Some(1.5), Some(0.0), None, None]);
}

#[test]
fn a_snapshot_that_does_not_fit_is_an_error() {
    let frame = plain();
    assert!(History::new(&frame, &name("id"), None, None).is_err());
    assert!(History::new(&frame, &name("hours"), None, None).is_err());
    assert!(History::new(&frame, &name("user_id"), Some(&name("hours")), None).is_err());
    let history = History::new(&frame, &name("user_id"), None, None).unwrap();
    let mistyped = FeatureSpec {
        dtype: Dtype::I64,
        ..spec("hours", None, None)
    };
    for spec in [spec("minutes", None, None), mistyped] {
        assert!(values_at(&history, &spine(&[Some("a")]), &[spec]).is_err());
    }
    let integers = Values::integers(&[Some(1)]);
    assert_eq!(
        history.match_rows(&integers, date("2024-03-31")),
        [Match::NotFound]
    );
}

/// One entity's events, as (timestamp, created) in microseconds after the date's beginning.
fn newest(events: &[(Option<i64>, Option<i64>)]) -> Match {
    let start = date("2024-03-31").end() - DAY;
    let at = |instant: Option<i64>| instant.map(|instant| start + instant);
    let timestamps: Vec<_> = events.iter().map(|event| at(event.0)).collect();
    let created: Vec<_> = events.iter().map(|event| at(event.1)).collect();
    let frame = frame(
        events.len(),
        [
            ("id", Values::integers(&vec![Some(5); events.len()])),
            ("at", Values::datetimes(&timestamps)),
            ("created", Values::datetimes(&created)),
        ],
    );
    let (id, at, created) = (name("id"), name("at"), name("created"));
    let history = History::new(&frame, &id, Some(&at), Some(&created)).unwrap();
    history.match_rows(&Values::integers(&[Some(5)]), date("2024-03-31"))[0]
}

#[test]
fn the_last_microsecond_of_the_date_is_seen_and_the_next_is_not() {
    let events = [
        (Some(0), Some(0)),
        (Some(DAY - 1), Some(0)),
        (Some(DAY), Some(0)),
    ];
    assert_eq!(newest(&events), Match::Row { row: 1, age: 0 });
}

#[test]
fn what_became_known_later_does_not_leak() {
    let events = [(Some(1), Some(1)), (Some(2), Some(DAY)), (Some(3), None)];
    let age = DAY - 2;
    assert_eq!(newest(&events), Match::Row { row: 0, age });
}

#[test]
fn among_equal_instants_the_last_known_counts_then_the_last_row() {
    let known = [(Some(1), Some(1)), (Some(1), Some(2)), (Some(1), Some(DAY))];
    assert_eq!(
        newest(&known),
        Match::Row {
            row: 1,
            age: DAY - 2
        }
    );
    let equal = [(Some(1), Some(1)), (Some(1), Some(1))];
    assert_eq!(
        newest(&equal),
        Match::Row {
            row: 1,
            age: DAY - 2
        }
    );
}

#[test]
fn an_event_without_an_instant_is_never_seen() {
    assert_eq!(newest(&[(None, Some(1))]), Match::NotFound);
    let known = Match::Row {
        row: 1,
        age: DAY - 1,
    };
    assert_eq!(newest(&[(None, Some(1)), (Some(0), Some(1))]), known);
}

#[test]
fn the_time_to_live_is_inclusive() {
    let ttl = Some("1d".parse().unwrap());
    let status = |age| Match::Row { row: 0, age }.status(ttl);
    assert_eq!(status(DAY), Status::Present);
    assert_eq!(status(DAY + 1), Status::Expired);
    assert_eq!(
        Match::Row {
            row: 0,
            age: i64::MAX
        }
        .status(None),
        Status::Present
    );
}

#[test]
fn events_stamped_with_a_date_count_at_its_last_instant() {
    let day = date("2024-03-31").days();
    let frame = frame(
        3,
        [
            ("id", Values::integers(&[Some(5); 3])),
            (
                "on",
                Values::dates(&[Some(day - 1), Some(day), Some(day + 1)]),
            ),
        ],
    );
    let history = History::new(&frame, &name("id"), Some(&name("on")), None).unwrap();
    let found = history.match_rows(&Values::integers(&[Some(5)]), date("2024-03-31"));
    assert_eq!(found, [Match::Row { row: 1, age: 0 }]);
    let before = history.match_rows(&Values::integers(&[Some(5)]), date("2024-03-29"));
    assert_eq!(before, [Match::NotFound]);
}

#[test]
fn whatever_decides_a_value_is_in_the_hash() {
    let base = spec("hours", Some("hours / 2"), Some("45d"));
    let others = [
        spec("hours2", Some("hours / 2"), Some("45d")),
        spec("hours", Some("hours / 3"), Some("45d")),
        spec("hours", None, Some("45d")),
        spec("hours", Some("hours / 2"), Some("46d")),
        spec("hours", Some("hours / 2"), None),
        FeatureSpec {
            table: "users".parse().unwrap(),
            ..base.clone()
        },
        FeatureSpec {
            key: name("id"),
            ..base.clone()
        },
        FeatureSpec {
            timestamp: Some(name("at")),
            ..base.clone()
        },
        FeatureSpec {
            created: Some(name("at")),
            ..base.clone()
        },
        FeatureSpec {
            dtype: Dtype::I64,
            ..base.clone()
        },
    ];
    let hashes: std::collections::BTreeSet<_> = others.iter().map(FeatureSpec::hash).collect();
    assert_eq!(hashes.len(), others.len());
    assert!(!hashes.contains(&base.hash()));
    assert_eq!(
        base.hash(),
        spec("hours", Some("(hours)/2"), Some("45d")).hash()
    );
    let json = serde_json::to_string(&base).unwrap();
    assert_eq!(serde_json::from_str::<FeatureSpec>(&json).unwrap(), base);
}

/// A change here makes every stored feature another one.
#[test]
fn golden_hash_of_a_feature() {
    let feature = spec("ratio", Some("hours / 2"), Some("45d"));
    let expected = "3b97d915942519d3241a3fe16e83d3635ab67a5c9160ad0e192d37afe0b5964d";
    assert_eq!(feature.hash().to_string(), expected);
}

/// An event: key, timestamp and created in days.
type Event = (i64, Option<i32>, Option<i32>);

/// The definition of the join, in plain loops: the row of the key with the largest
/// (timestamp, created, position) among those seen at `day`.
fn reference(events: &[Event], key: Option<i64>, day: i32) -> Option<usize> {
    let mut best: Option<usize> = None;
    for (row, (of, instant, created)) in events.iter().enumerate() {
        let seen = |day_of: Option<i32>| day_of.is_some_and(|day_of| day_of <= day);
        if Some(*of) == key && seen(*instant) && seen(*created) {
            let better = |other: usize| (events[other].1, events[other].2) <= (*instant, *created);
            if best.is_none_or(better) {
                best = Some(row);
            }
        }
    }
    best
}

fn event_frame(events: &[Event]) -> Frame {
    let keys: Vec<_> = events.iter().map(|event| Some(event.0)).collect();
    let text: Vec<_> = events
        .iter()
        .map(|event| Some(format!("k{}", event.0)))
        .collect();
    let instants: Vec<_> = events.iter().map(|event| event.1).collect();
    let created: Vec<_> = events.iter().map(|event| event.2).collect();
    frame(
        events.len(),
        [
            ("id", Values::integers(&keys)),
            ("text", Values::strings(&text)),
            ("at", Values::dates(&instants)),
            ("created", Values::dates(&created)),
        ],
    )
}

proptest! {
    #[test]
    fn the_join_is_the_reference(
        mut events in proptest::collection::vec(
            (0..9_i64, proptest::option::weighted(0.9, 0..12), proptest::option::weighted(0.9, 0..12)), 0..60),
        keys in proptest::collection::vec(proptest::option::weighted(0.9, 0..10_i64), 0..40),
        sorted in any::<bool>(),
        day in 0..12_i32,
    ) {
        events.sort();
        let mut keys = keys;
        if sorted {
            keys.sort();
        }
        let frame = event_frame(&events);
        let as_of = AsOf::from_days(day).unwrap();
        let expected: Vec<_> = keys
            .iter()
            .map(|key| reference(&events, *key, day).map_or(Match::NotFound, |row| Match::Row {
                row,
                age: i64::from(day - events[row].1.unwrap()) * DAY,
            }))
            .collect();
        let texts: Vec<_> = keys.iter().map(|key| key.map(|key| format!("k{key}"))).collect();
        for (key, sought) in [("id", Values::integers(&keys)), ("text", Values::strings(&texts))] {
            let (at, created) = (name("at"), name("created"));
            let history = History::new(&frame, &name(key), Some(&at), Some(&created)).unwrap();
            prop_assert_eq!(&history.match_rows(&sought, as_of), &expected);
        }
    }

    #[test]
    fn every_spine_row_is_found_at_its_own_instant(
        mut events in proptest::collection::vec(
            (0..9_i64, proptest::option::weighted(0.9, 0..12), proptest::option::weighted(0.9, 0..12)), 0..60),
        rows in proptest::collection::vec((proptest::option::weighted(0.9, 0..10_i64), -1..13_i32, -1..=1_i64), 0..40),
    ) {
        events.sort();
        let frame = event_frame(&events);
        let (at, created) = (name("at"), name("created"));
        let history = History::new(&frame, &name("id"), Some(&at), Some(&created)).unwrap();
        let keys: Vec<_> = rows.iter().map(|row| row.0).collect();
        // The last instant of a day, the microsecond before, and the one after.
        let instants: Vec<_> = rows.iter().map(|row| (i64::from(row.1) + 1) * DAY - 1 + row.2).collect();
        let spine = Spine::each(Values::integers(&keys), instants.clone());
        let found = history.find(&spine);
        for (at, (key, day, nudge)) in rows.iter().enumerate() {
            let seen_day = if *nudge < 0 { day - 1 } else { *day };
            let expected = reference(&events, *key, seen_day).map_or(Match::NotFound, |row| Match::Row {
                row,
                age: instants[at] - ((i64::from(events[row].1.unwrap()) + 1) * DAY - 1),
            });
            prop_assert_eq!(found[at].newest, expected);
        }
    }

    #[test]
    fn one_entity_alone_has_the_values_it_has_among_many(
        days in proptest::collection::vec(0..60_i32, 20),
        hours in proptest::collection::vec(proptest::option::of(-5.0..5.0_f64), 20),
        keys in proptest::collection::vec(0..25_usize, 1..30),
    ) {
        let end = date("2024-03-31").days();
        let ids: Vec<_> = (0..20).map(|id| Some(format!("u{id:02}"))).collect();
        let dates: Vec<_> = days.iter().map(|day| Some(end - day)).collect();
        let frame = frame(20, [
            ("user_id", Values::strings(&ids)),
            ("__row_date", Values::dates(&dates)),
            ("hours", Values::floats(&hours)),
        ]);
        let history = History::new(&frame, &name("user_id"), None, None).unwrap();
        let specs = [
            spec("hours", None, Some("30d")),
            spec("ratio", Some("COALESCE(1 / NULLIF(hours, 0), LN(hours), 7.0)"), Some("30d")),
        ];
        let keys: Vec<_> = keys.iter().map(|key| Some(format!("u{key:02}"))).collect();
        let all = Spine::at(Values::strings(&keys), date("2024-03-31"));
        let together = values_at(&history, &all, &specs).unwrap();
        for (row, key) in keys.iter().enumerate() {
            let one = Spine::at(Values::strings(std::slice::from_ref(key)), date("2024-03-31"));
            let alone = values_at(&history, &one, &specs).unwrap();
            for (feature, values) in &together {
                prop_assert_eq!(values.values.cell(row), alone[feature].values.cell(0));
                prop_assert_eq!(values.status[row], alone[feature].status[0]);
            }
        }
    }
}

/// Pieces of a long spine are sought by several threads, and a spine out of order by its order.
#[test]
fn a_long_spine_is_found_as_its_rows_alone_are() {
    let count = 50_000_i64;
    let keys: Vec<_> = (0..count).map(|row| Some(row / 3)).collect();
    let instants: Vec<_> = (0..count).map(|row| Some((row % 3) * DAY)).collect();
    let frame = frame(
        keys.len(),
        [
            ("id", Values::integers(&keys)),
            ("at", Values::datetimes(&instants)),
        ],
    );
    let history = History::new(&frame, &name("id"), Some(&name("at")), None).unwrap();
    let scrambled = |row: i64| row * 7_919 % 20_000;
    for sorted in [true, false] {
        let mut sought: Vec<_> = (0..30_000).map(scrambled).collect();
        if sorted {
            sought.sort_unstable();
        }
        let times: Vec<_> = (0..30_000_i64).map(|row| (row % 5 - 1) * DAY).collect();
        let keys: Vec<_> = sought.iter().copied().map(Some).collect();
        let found = history.find(&Spine::each(Values::integers(&keys), times.clone()));
        for (at, key) in sought.iter().enumerate() {
            let newest = times[at].div_euclid(DAY).min(2).min(count - 1 - key * 3);
            let expected = match newest >= 0 && *key <= (count - 1) / 3 {
                true => Match::Row {
                    row: usize::try_from(key * 3 + newest).unwrap(),
                    age: times[at] - newest * DAY,
                },
                false => Match::NotFound,
            };
            assert_eq!(found[at].newest, expected, "row {at}, key {key}");
        }
    }
}

/// `cargo test --release --lib spine_rows_onto -- --ignored --nocapture`
#[test]
#[ignore = "a measurement"]
fn a_million_spine_rows_onto_ten_million() {
    let ids: Vec<_> = (0..10_000_000)
        .map(|id| Some(format!("{:08}-USER", id / 4)))
        .collect();
    let instants: Vec<_> = (0..10_000_000).map(|id| Some((id % 4) * DAY)).collect();
    let hours: Vec<_> = (0..10_000_000).map(|id| Some(f64::from(id))).collect();
    let frame = frame(
        ids.len(),
        [
            ("user_id", Values::strings(&ids)),
            ("at", Values::datetimes(&instants)),
            ("hours", Values::floats(&hours)),
        ],
    );
    let at = name("at");
    let history = History::new(&frame, &name("user_id"), Some(&at), None).unwrap();
    let specs = [
        spec("hours", None, None),
        spec("half", Some("hours / 2"), Some("9d")),
    ];
    let mut keys: Vec<_> = (0..1_000_000_u64)
        .map(|row| row * 2_654_435_761 % 2_600_000)
        .collect();
    for _ in 0..2 {
        let texts: Vec<_> = keys
            .iter()
            .map(|key| Some(format!("{key:08}-USER")))
            .collect();
        let spine = Spine::at(Values::strings(&texts), AsOf::from_days(2).unwrap());
        let start = std::time::Instant::now();
        let matches = history.find(&spine);
        println!(
            "sorted {}: matched {} in {:?}",
            keys.is_sorted(),
            matches.len(),
            start.elapsed()
        );
        let start = std::time::Instant::now();
        values_at(&history, &spine, &specs).unwrap();
        println!("with the values of two features: {:?}", start.elapsed());
        keys.sort_unstable();
    }
    let one = Spine::at(
        Values::strings(&[Some("01234567-USER")]),
        AsOf::from_days(2).unwrap(),
    );
    let start = std::time::Instant::now();
    for _ in 0..1000 {
        values_at(&history, &one, &specs).unwrap();
    }
    println!("one entity, two features: {:?}", start.elapsed() / 1000);
}
