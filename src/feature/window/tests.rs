use proptest::prelude::*;

use super::*;
use crate::definition::{ColumnName, Dtype};
use crate::feature::{FeatureSource, Status, values_at};
use crate::table::Cell;

/// An event: key, instant, the instant it became known, a number, a text.
type Event = (i64, i64, Option<i64>, Option<i64>, Option<&'static str>);

const SECOND: i64 = 1_000_000;

fn name(text: &str) -> ColumnName {
    text.parse().unwrap()
}

/// Numbers whose sum depends on the order in which they are added.
fn number(value: i64) -> f64 {
    value as f64 / 3.0 + crate::math::pow(10.0, (value % 17) as f64)
}

/// Events in canonical order as a snapshot holds them.
fn frame(events: &[Event]) -> Frame {
    fn all<T>(events: &[Event], of: impl Fn(&Event) -> T) -> Vec<T> {
        events.iter().map(of).collect()
    }
    let columns = [
        ("id", Values::integers(&all(events, |e| Some(e.0)))),
        (
            "at",
            Values::datetimes(&all(events, |e| Some(e.1 * SECOND))),
        ),
        (
            "created",
            Values::datetimes(&all(events, |e| e.2.map(|at| at * SECOND))),
        ),
        ("n", Values::integers(&all(events, |e| e.3))),
        ("x", Values::floats(&all(events, |e| e.3.map(number)))),
        ("text", Values::strings(&all(events, |e| e.4))),
    ];
    let columns = columns
        .into_iter()
        .map(|(text, values)| (name(text), values));
    Frame::new(events.len(), columns.collect())
}

fn spec(feature: &str, sql: &str, window: &str) -> FeatureSpec {
    let columns = [
        ("n", Dtype::I64),
        ("x", Dtype::F64),
        ("text", Dtype::String),
    ];
    let columns = columns.map(|(text, dtype)| (name(text), dtype)).into();
    let windowed = Windowed::parse(sql, window.parse().unwrap(), &columns).unwrap();
    FeatureSpec {
        table: "events".parse().unwrap(),
        feature: name(feature),
        dtype: windowed.dtype(),
        source: FeatureSource::Windowed(windowed),
        key: name("id"),
        timestamp: Some(name("at")),
        created: Some(name("created")),
        ttl: None,
    }
}

/// Every aggregate, over windows of 3 and 8 seconds.
const FEATURES: [(&str, &str); 13] = [
    ("all", "COUNT(*)"),
    ("count", "COUNT(n)"),
    ("some", "COUNT(*) FILTER (WHERE n > 4)"),
    ("texts", "COUNT(DISTINCT text)"),
    ("numbers", "COUNT(DISTINCT x)"),
    ("sum", "SUM(n)"),
    ("xsum", "SUM(x) FILTER (WHERE n <> 7)"),
    ("avg", "AVG(x)"),
    ("navg", "AVG(n)"),
    ("min", "MIN(text)"),
    ("max", "MAX(x)"),
    ("spread", "STDDEV(x)"),
    ("last", "LAST(text)"),
];

fn shown(cell: Cell) -> String {
    match cell {
        // Every bit counts.
        Cell::F64(value) => format!("{:016x}", value.to_bits()),
        other => other.to_string(),
    }
}

fn bits(value: Option<f64>) -> String {
    value.map_or("null".into(), |value| format!("{:016x}", value.to_bits()))
}

/// What a feature is, in plain loops.
fn reference(events: &[Event], key: Option<i64>, t: i64, window: i64, feature: &str) -> String {
    let of_key =
        |event: &&Event| Some(event.0) == key && event.1 <= t && event.2.is_some_and(|at| at <= t);
    if !events.iter().any(|event| of_key(&event)) {
        return "null".into();
    }
    let mut rows: Vec<&Event> = events
        .iter()
        .filter(of_key)
        .filter(|event| event.1 > t - window)
        .collect();
    match feature {
        "some" => rows.retain(|event| event.3.is_some_and(|n| n > 4)),
        "xsum" => rows.retain(|event| event.3.is_some_and(|n| n != 7)),
        _ => {}
    }
    let numbers: Vec<i64> = rows.iter().filter_map(|event| event.3).collect();
    let floats: Vec<f64> = numbers.iter().map(|n| number(*n)).collect();
    let texts: Vec<&str> = rows.iter().filter_map(|event| event.4).collect();
    let text = |text: Option<&str>| text.map_or("null".into(), |text| format!("\"{text}\""));
    let sum = |values: &[f64]| {
        let mut sum = 0.0;
        for value in values {
            sum += value;
        }
        (!values.is_empty()).then_some(sum)
    };
    let mean = sum(&floats).map(|sum| sum / floats.len() as f64);
    match feature {
        "all" | "some" => rows.len().to_string(),
        "count" => numbers.len().to_string(),
        "texts" => texts
            .iter()
            .collect::<std::collections::BTreeSet<_>>()
            .len()
            .to_string(),
        "numbers" => numbers
            .iter()
            .collect::<std::collections::BTreeSet<_>>()
            .len()
            .to_string(),
        "sum" if numbers.is_empty() => "null".into(),
        "sum" => numbers.iter().sum::<i64>().to_string(),
        "xsum" => bits(sum(&floats)),
        "avg" => bits(mean),
        "navg" => bits(
            (!numbers.is_empty())
                .then(|| numbers.iter().sum::<i64>() as f64 / numbers.len() as f64),
        ),
        "min" => text(texts.iter().min().copied()),
        "max" => bits(floats.iter().copied().reduce(f64::max)),
        "spread" if floats.len() < 2 => "null".into(),
        "spread" => {
            let squares: Vec<f64> = floats
                .iter()
                .map(|x| (x - mean.unwrap()) * (x - mean.unwrap()))
                .collect();
            bits(sum(&squares).map(|sum| (sum / (floats.len() - 1) as f64).sqrt()))
        }
        _ => text(rows.last().and_then(|event| event.4)),
    }
}

fn events() -> impl Strategy<Value = Vec<Event>> {
    let text = proptest::sample::select(vec![Some("a"), Some("b"), Some("é"), None]);
    let created = proptest::option::weighted(0.9, 0..14_i64);
    let number = proptest::option::weighted(0.8, -9..9_i64);
    let event = (0..4_i64, 0..12_i64, created, number, text);
    proptest::collection::vec(event, 0..60).prop_map(|mut events| {
        events.sort();
        events
    })
}

proptest! {
    #[test]
    fn windows_are_the_reference(
        events in events(),
        rows in proptest::collection::vec((proptest::option::weighted(0.9, 0..5_i64), -2..18_i64), 0..30),
    ) {
        let frame = frame(&events);
        let history = History::new(&frame, &name("id"), Some(&name("at")), Some(&name("created"))).unwrap();
        let keys: Vec<_> = rows.iter().map(|row| row.0).collect();
        let instants: Vec<_> = rows.iter().map(|row| row.1 * SECOND).collect();
        let spine = Spine::each(Values::integers(&keys), instants);
        for (window, seconds) in [("3s", 3), ("8s", 8)] {
            let specs: Vec<_> = FEATURES.iter().map(|(feature, sql)| spec(feature, sql, window)).collect();
            let found = values_at(&history, &spine, &specs).unwrap();
            for ((feature, sql), spec) in FEATURES.iter().zip(&specs) {
                let values = &found[&spec.name()];
                for (at, (key, t)) in rows.iter().enumerate() {
                    let expected = reference(&events, *key, *t, seconds, feature);
                    prop_assert_eq!(shown(values.values.cell(at)), expected, "{} of {:?} at {}", sql, key, t);
                }
            }
        }
    }

    /// Alone, and on many threads among thousands; in a history with rows around and without.
    #[test]
    fn a_window_has_the_same_bits_alone_and_among_many(events in events(), seed in 0..1000_i64) {
        let specs: Vec<_> = FEATURES.iter().map(|(feature, sql)| spec(feature, sql, "5s")).collect();
        let whole = frame(&events);
        let (at, created) = (name("at"), name("created"));
        let history = History::new(&whole, &name("id"), Some(&at), Some(&created)).unwrap();
        let rows: Vec<_> = (0..3000).map(|row| ((row * 7 + seed) % 5, (row * 11 + seed) % 16)).collect();
        let keys: Vec<_> = rows.iter().map(|row| Some(row.0)).collect();
        let instants = rows.iter().map(|row| row.1 * SECOND).collect();
        let together = values_at(&history, &Spine::each(Values::integers(&keys), instants), &specs).unwrap();
        for at_row in (0..3000).step_by(211) {
            let (key, t) = rows[at_row];
            let own: Vec<_> = events.iter().filter(|event| event.0 == key).copied().collect();
            let own = frame(&own);
            let alone = History::new(&own, &name("id"), Some(&at), Some(&created)).unwrap();
            let spine = Spine::each(Values::integers(&[Some(key)]), vec![t * SECOND]);
            let alone = values_at(&alone, &spine, &specs).unwrap();
            for (feature, values) in &together {
                prop_assert_eq!(shown(values.values.cell(at_row)), shown(alone[feature].values.cell(0)));
                prop_assert_eq!(values.status[at_row], alone[feature].status[0]);
            }
        }
    }
}

fn found(events: &[Event], key: i64, t: i64, sql: &str, window: &str) -> (String, Status) {
    let frame = frame(events);
    let (at, created) = (name("at"), name("created"));
    let history = History::new(&frame, &name("id"), Some(&at), Some(&created)).unwrap();
    let spine = Spine::each(Values::integers(&[Some(key)]), vec![t]);
    let spec = spec("f", sql, window);
    let found = values_at(&history, &spine, std::slice::from_ref(&spec)).unwrap();
    let values = &found[&spec.name()];
    (shown(values.values.cell(0)), values.status[0])
}

#[test]
fn an_event_at_the_beginning_of_a_window_is_out_and_one_at_its_end_is_in() {
    let events = [
        (1, 0, Some(0), Some(1), None),
        (1, 3, Some(3), Some(10), None),
        (1, 6, Some(6), Some(100), None),
    ];
    let sum = |t: i64| found(&events, 1, t, "SUM(n)", "3s").0;
    assert_eq!(sum(3 * SECOND), "10");
    assert_eq!(sum(3 * SECOND - 1), "1");
    assert_eq!(sum(6 * SECOND - 1), "10");
    assert_eq!(sum(6 * SECOND), "100");
    assert_eq!(sum(6 * SECOND + 1), "100");
}

#[test]
fn an_empty_window_counts_nothing_and_an_unknown_entity_is_not_found() {
    let events = [(1, 0, Some(0), Some(1), Some("a"))];
    let far = 400 * 86_400 * SECOND;
    let at = |key, t, sql| found(&events, key, t, sql, "7d");
    assert_eq!(at(1, far, "COUNT(*)"), ("0".into(), Status::Present));
    assert_eq!(
        at(1, far, "COUNT(DISTINCT text)"),
        ("0".into(), Status::Present)
    );
    for sql in [
        "SUM(n)",
        "AVG(n)",
        "MIN(text)",
        "MAX(x)",
        "STDDEV(x)",
        "LAST(text)",
    ] {
        assert_eq!(at(1, far, sql), ("null".into(), Status::Null), "{sql}");
    }
    assert_eq!(at(2, far, "COUNT(*)"), ("null".into(), Status::NotFound));
    assert_eq!(at(1, -1, "COUNT(*)"), ("null".into(), Status::NotFound));
}

#[test]
fn an_event_that_became_known_later_is_in_no_window_of_the_past() {
    let events = [
        (1, 0, Some(0), Some(1), None),
        (1, 1, Some(9), Some(10), None),
        (1, 2, None, Some(100), None),
    ];
    assert_eq!(found(&events, 1, 8 * SECOND, "SUM(n)", "60s").0, "1");
    assert_eq!(found(&events, 1, 9 * SECOND, "SUM(n)", "60s").0, "11");
}

#[test]
fn a_sum_that_leaves_the_integers_is_null_whatever_the_order() {
    let most = i64::MAX;
    let events = [
        (1, 0, Some(0), Some(most), None),
        (1, 1, Some(1), Some(most), None),
        (1, 2, Some(2), Some(-most), None),
    ];
    assert_eq!(found(&events, 1, SECOND, "SUM(n)", "60s").0, "null");
    assert_eq!(
        found(&events, 1, 2 * SECOND, "SUM(n)", "60s").0,
        most.to_string()
    );
    assert_eq!(
        found(&events, 1, 2 * SECOND, "AVG(n)", "60s").0,
        bits(Some(most as f64 / 3.0))
    );
}

/// An expression over windows, and over the row that counts with its time to live.
#[test]
fn derived_features_are_made_of_windows_and_rows() {
    let events = [
        (1, 0, Some(0), Some(6), Some("a")),
        (1, 9, Some(9), Some(3), Some("b")),
    ];
    let windows = ["COUNT(*)", "SUM(n)"].map(|sql| spec("w", sql, "5s").source);
    let [FeatureSource::Windowed(count), FeatureSource::Windowed(sum)] = windows else {
        panic!("both are windowed");
    };
    let windowed = BTreeMap::from([(name("count"), count), (name("sum"), sum)]);
    let columns = [
        ("count", Dtype::I64),
        ("sum", Dtype::I64),
        ("n", Dtype::I64),
    ];
    let columns = columns.map(|(text, dtype)| (name(text), dtype)).into();
    let derived = |sql: &str| {
        let expression = Expression::parse(sql, &columns).unwrap();
        let dtype = expression.dtype();
        let source = FeatureSource::derived(expression, &windowed, &BTreeMap::new());
        FeatureSpec {
            ttl: source.ttl(Some("4s".parse().unwrap())),
            source,
            dtype,
            ..spec("d", "COUNT(*)", "5s")
        }
    };
    let frame = frame(&events);
    let (at, created) = (name("at"), name("created"));
    let history = History::new(&frame, &name("id"), Some(&at), Some(&created)).unwrap();
    let at = |sql: &str, key: i64, t: i64| {
        let spine = Spine::each(Values::integers(&[Some(key)]), vec![t * SECOND]);
        let spec = derived(sql);
        let found = values_at(&history, &spine, std::slice::from_ref(&spec)).unwrap();
        let values = &found[&spec.name()];
        (shown(values.values.cell(0)), values.status[0])
    };
    assert_eq!(
        at("COALESCE(sum, 0) + count", 1, 4),
        ("7".into(), Status::Present)
    );
    assert_eq!(
        at("COALESCE(sum, 0) + count", 1, 8),
        ("0".into(), Status::Present)
    );
    assert_eq!(
        at("COALESCE(sum, 0) + count", 2, 8),
        ("null".into(), Status::NotFound)
    );
    assert_eq!(at("n + count", 1, 4), ("7".into(), Status::Present));
    assert_eq!(at("n + count", 1, 8), ("null".into(), Status::Expired));
    assert_eq!(at("n + count", 1, 10), ("4".into(), Status::Present));
    let columns: Vec<_> = derived("n + count")
        .columns()
        .into_iter()
        .cloned()
        .collect();
    assert_eq!(columns, [name("n")]);
}

/// A change here makes every stored feature another one.
#[test]
fn golden_hash_of_a_windowed_feature() {
    let feature = spec("week", "SUM(x) FILTER (WHERE n > 4)", "7d");
    let others = [
        spec("week", "SUM(x) FILTER (WHERE n > 5)", "7d"),
        spec("week", "SUM(x) FILTER (WHERE n > 4)", "8d"),
        spec("week", "AVG(x) FILTER (WHERE n > 4)", "7d"),
        spec("week", "SUM(x)", "7d"),
    ];
    assert!(others.iter().all(|other| other.hash() != feature.hash()));
    assert_eq!(
        feature.hash(),
        spec("week", "sum(x) filter(where n>4)", "1w").hash()
    );
    let json = serde_json::to_string(&feature).unwrap();
    assert_eq!(serde_json::from_str::<FeatureSpec>(&json).unwrap(), feature);
    insta::assert_snapshot!(feature.hash(), @"448378a91a908a36537606b1c0d08bb106ea6568c89853e25978c8da71bcdab5");
}
