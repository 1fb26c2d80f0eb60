use std::collections::{BTreeMap, BTreeSet};

use super::*;

/// A CSV file as maps from column to cell, by key.
type Rows = BTreeMap<String, BTreeMap<String, String>>;

fn rows(files: &[SampleFile], date: &str, table: &str) -> Rows {
    let path = format!("data/{date}/{table}.csv");
    let file = files
        .iter()
        .find(|file| file.path == path)
        .expect("each date has each table");
    let mut reader = csv::Reader::from_reader(file.contents.as_slice());
    let header = reader.headers().expect("a header").clone();
    let mut rows = Rows::new();
    for record in reader.records() {
        let record = record.expect("every row has the columns of the header");
        let cells = header.iter().zip(record.iter());
        let row = cells
            .map(|(name, cell)| (name.to_string(), cell.to_string()))
            .collect();
        assert!(
            rows.insert(record[0].to_string(), row).is_none(),
            "{path}: {} twice",
            &record[0]
        );
    }
    rows
}

fn keys(rows: &Rows) -> BTreeSet<&String> {
    rows.keys().collect()
}

fn nulls(rows: &Rows, column: &str) -> usize {
    rows.values().filter(|row| row[column].is_empty()).count()
}

/// The proof of determinism: this machine makes what another one committed.
#[test]
fn committed_data_is_what_the_generator_makes() {
    let root = std::path::Path::new(env!("CARGO_MANIFEST_DIR"));
    for file in data(SEED) {
        let committed = std::fs::read(root.join(&file.path)).unwrap_or_default();
        assert!(
            committed == file.contents,
            "{} differs: `cargo run --release --example generate_sample` rewrites it",
            file.path
        );
    }
}

#[test]
fn another_seed_makes_other_data_of_the_same_shape() {
    let (ours, other) = (data(SEED), data(SEED + 1));
    assert_eq!(ours.len(), 18);
    for (a, b) in ours.iter().zip(&other) {
        assert_eq!(a.path, b.path);
        assert_ne!(a.contents, b.contents);
    }
}

#[test]
fn data_stays_small() {
    let bytes: usize = data(SEED).iter().map(|file| file.contents.len()).sum();
    assert!(bytes < 1_500_000, "{bytes}");
}

#[test]
fn streaming_plans_are_empty_exactly_without_internet() {
    let files = data(SEED);
    for date in world::DATES {
        for (id, row) in rows(&files, date, "subscriptions") {
            let without = row["net_service"] == "No";
            assert_eq!(row["plan_stream_tv"].is_empty(), without, "{date} {id}");
            assert_eq!(row["plan_stream_movies"].is_empty(), without, "{date} {id}");
        }
    }
}

#[test]
fn hours_are_empty_exactly_without_a_ticket() {
    let files = data(SEED);
    for date in world::DATES {
        for (id, row) in rows(&files, date, "support_agg_90d") {
            let without = row["support_tickets_90d"] == "0";
            assert_eq!(
                row["ticket_avg_resolution_hrs_90d"].is_empty(),
                without,
                "{date} {id}"
            );
        }
    }
}

#[test]
fn a_few_customers_lack_a_row_or_a_number() {
    let files = data(SEED);
    for date in world::DATES {
        let customers = rows(&files, date, "users").len();
        let missing = |table| customers - rows(&files, date, table).len();
        assert_eq!(
            (missing("labels"), missing("subscriptions")),
            (0, 0),
            "{date}"
        );
        assert!((3..=20).contains(&missing("usage_agg_30d")), "{date}");
        assert!((2..=15).contains(&missing("payments_agg_90d")), "{date}");
        let empty = nulls(&rows(&files, date, "usage_agg_30d"), "watch_hours_30d");
        assert!((5..=40).contains(&empty), "{date}: {empty}");
    }
}

#[test]
fn customers_come_and_go() {
    let files = data(SEED);
    for pair in world::DATES.windows(2) {
        let before = rows(&files, pair[0], "users");
        let after = rows(&files, pair[1], "users");
        let gone = keys(&before).difference(&keys(&after)).count();
        let come = keys(&after).difference(&keys(&before)).count();
        assert!((25..=60).contains(&gone), "{pair:?}: {gone} gone");
        assert!((40..=50).contains(&come), "{pair:?}: {come} come");
    }
}

#[test]
fn only_who_gave_notice_leaves() {
    let files = data(SEED);
    for pair in world::DATES.windows(2) {
        let after = rows(&files, pair[1], "labels");
        for (id, row) in rows(&files, pair[0], "labels") {
            assert!(
                after.contains_key(&id) || row["churn_label"] == "True",
                "{id}"
            );
        }
    }
}

#[test]
fn a_month_makes_everyone_a_month_older() {
    let files = data(SEED);
    for pair in world::DATES.windows(2) {
        let after = rows(&files, pair[1], "subscriptions");
        for (id, row) in rows(&files, pair[0], "subscriptions") {
            let Some(later) = after.get(&id) else {
                continue;
            };
            let months = |row: &BTreeMap<String, String>| row["months_active"].parse::<i64>();
            let paid = |row: &BTreeMap<String, String>| row["total_paid"].parse::<f64>();
            assert_eq!(months(later).unwrap(), months(&row).unwrap() + 1, "{id}");
            assert!(paid(later).unwrap() > paid(&row).unwrap(), "{id}");
        }
    }
}

#[test]
fn about_a_quarter_gave_notice() {
    let files = data(SEED);
    for date in world::DATES {
        let labels = rows(&files, date, "labels");
        let churned = labels
            .values()
            .filter(|row| row["churn_label"] == "True")
            .count();
        let share = churned as f64 / labels.len() as f64;
        assert!((0.20..0.29).contains(&share), "{date}: {share}");
    }
}

#[test]
fn the_project_is_whole() {
    let paths: BTreeSet<String> = project().into_iter().map(|file| file.path).collect();
    assert_eq!(paths.len(), 13 + 18);
    for table in [
        "labels",
        "payments_agg_90d",
        "subscriptions",
        "support_agg_90d",
    ] {
        assert!(paths.contains(&format!("features/{table}.toml")));
        assert!(paths.contains(&format!("data/2024-03-31/{table}.csv")));
    }
}
