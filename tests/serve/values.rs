//! What `materialize` computes, keeps and takes up again; how fresh it says that is.

use std::collections::BTreeMap;
use std::fs;
use std::process::{Command, Stdio};
use std::time::Duration;

use proptest::prelude::*;
use serde_json::{Value, json};
use streamflow::online::SHEET_KIND;
use streamflow::store::Store;

use super::world::{self, World, template};

const JANUARY: &str = "2024-01-31";
const MARCH: &str = "2024-03-31";

/// Features computed and kept, by table.
type Work = BTreeMap<String, (u64, u64)>;

fn work(document: &Value) -> Work {
    let tables = document["tables"].as_array().unwrap().iter();
    tables
        .map(|table| {
            let number = |name: &str| table[name].as_u64().unwrap();
            let name = table["table"].as_str().unwrap().to_string();
            assert_eq!(number("computed") + number("kept"), number("features"));
            (name, (number("computed"), number("kept")))
        })
        .collect()
}

fn materialized(world: &World, arguments: &[&str]) -> Value {
    let (code, document) = world.run(&[&["materialize"], arguments].concat());
    assert_eq!(code, 0, "{document:#}");
    document
}

fn edit(world: &World, path: &str, from: &str, to: &str) {
    let path = world.root.join(path);
    let text = fs::read_to_string(&path).unwrap();
    assert!(text.contains(from), "{text}");
    fs::write(&path, text.replacen(from, to, 1)).unwrap();
}

#[test]
fn only_what_is_new_is_computed() {
    let world = World::new();
    let first = materialized(&world, &["--as-of", JANUARY]);
    assert!(work(&first).values().all(|(_, kept)| *kept == 0));
    assert_eq!(
        first["tables"][0]["newest_row"],
        "2024-01-31T23:59:59.999999Z"
    );
    let again = materialized(&world, &["--as-of", JANUARY]);
    assert!(work(&again).values().all(|(computed, _)| *computed == 0));
    assert_eq!(again["new"], false);

    // A feature more is computed alone; a feature less costs nothing.
    let definition = "features/subscriptions.toml";
    edit(
        &world,
        definition,
        "fee_change = ",
        "fee_twice = \"2 * monthly_fee\"\nfee_change = ",
    );
    let more = materialized(&world, &["--as-of", JANUARY]);
    let before = work(&first)["subscriptions"].0;
    assert_eq!(work(&more)["subscriptions"], (1, before));
    assert_eq!(
        work(&more)
            .values()
            .map(|(computed, _)| computed)
            .sum::<u64>(),
        1
    );
    edit(&world, definition, "fee_twice = \"2 * monthly_fee\"\n", "");
    let less = materialized(&world, &["--as-of", JANUARY]);
    assert_eq!(work(&less)["subscriptions"], (0, before));
    assert_eq!(less["materialization"], first["materialization"]);

    // A corrected file is the only one that is looked at again.
    let path = world.root.join("data/2024-01-31/users.csv");
    let text = fs::read_to_string(&path).unwrap();
    fs::write(&path, text.replacen("Male,False", "Male,True", 1)).unwrap();
    let corrected = materialized(&world, &["--as-of", JANUARY]);
    for (table, (computed, _)) in work(&corrected) {
        assert_eq!(computed > 0, table == "users", "{table}");
    }
    assert_ne!(corrected["materialization"], first["materialization"]);
    assert_same_as_afresh(&world, &corrected, JANUARY);
}

/// In a store that keeps nothing the same comes out.
fn assert_same_as_afresh(world: &World, made: &Value, date: &str) {
    let other = World::new();
    for folder in ["features", "data"] {
        world::copy(&world.root.join(folder), &other.root.join(folder));
    }
    let afresh = materialized(&other, &["--as-of", date]);
    assert!(work(&afresh).values().all(|(_, kept)| *kept == 0));
    assert_eq!(made["materialization"], afresh["materialization"]);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(6))]

    /// Whatever was materialized before: the values are those of a store that keeps nothing.
    #[test]
    fn values_do_not_depend_on_what_is_kept(
        steps in prop::collection::vec((any::<bool>(), 0..3usize, 0..3usize), 1..6),
    ) {
        let world = World::new();
        let path = world.root.join("features/subscriptions.toml");
        let text = fs::read_to_string(&path).unwrap();
        let mut last = None;
        for (january, expression, ttl) in steps {
            let date = if january { JANUARY } else { MARCH };
            let more = ["", "more = \"2 * monthly_fee\"\n", "more = \"3 * monthly_fee\"\n"][expression];
            let ttl = ["", "ttl = \"20d\"\n", "ttl = \"45d\"\n"][ttl];
            let edited = text
                .replacen("fee_change = ", &format!("{more}fee_change = "), 1)
                .replacen("[features]\n", &format!("[features]\n{ttl}"), 1);
            fs::write(&path, edited).unwrap();
            last = Some((materialized(&world, &["--as-of", date]), date));
            let full = materialized(&world, &["--as-of", date, "--full"]);
            prop_assert_eq!(&full["new"], &json!(false));
        }
        let (made, date) = last.unwrap();
        assert_same_as_afresh(&world, &made, date);
    }
}

#[test]
fn an_older_date_serves_with_a_notice() {
    let world = World::ready(template().lenient, MARCH);
    let newest = materialized(&world, &[]);
    assert_eq!(
        (&newest["as_of"], &newest["notices"]),
        (&json!(MARCH), &json!([]))
    );
    let older = materialized(&world, &["--as-of", JANUARY]);
    let notice = older["notices"][0].as_str().unwrap();
    assert!(
        notice.contains("2024-03-31 before, 2024-01-31 now"),
        "{notice}"
    );
    let server = world.serve();
    assert_eq!(server.get("/ready").json()["as_of"], JANUARY);
    // Back again: nothing of it is computed twice.
    let back = materialized(&world, &["--as-of", MARCH]);
    assert!(work(&back).values().all(|(computed, _)| *computed == 0));
    server.wait_for("/ready", |answer| answer["as_of"] == MARCH);
}

/// Puts a table of other values in the place of what is kept of one.
fn falsify(world: &World, table: &str) {
    let store = Store::open(&world.root.join(".streamflow")).unwrap();
    let catalog = store.catalog();
    let made = catalog
        .all::<Value>("materialization")
        .unwrap()
        .pop()
        .unwrap();
    let object = made.value["tables"][table]["object"].clone();
    let kept = catalog.all::<Value>(SHEET_KIND).unwrap();
    let mut fact = kept
        .into_iter()
        .find(|fact| fact.value["object"] == object)
        .unwrap();
    let other = catalog
        .all::<Value>("materialization")
        .unwrap()
        .remove(0)
        .value["tables"][table]["object"]
        .clone();
    assert_ne!(object, other);
    fact.value["object"] = other.clone();
    let needs: streamflow::hash::TableHash = other.as_str().unwrap().parse().unwrap();
    catalog
        .append(SHEET_KIND, &fact.key, &fact.value, &[needs.into()])
        .unwrap();
}

#[test]
fn full_compares_with_what_is_kept_and_tells_a_difference() {
    let world = World::ready(template().lenient, JANUARY);
    materialized(&world, &["--as-of", MARCH]);
    let full = materialized(&world, &["--as-of", MARCH, "--full"]);
    for table in full["tables"].as_array().unwrap() {
        assert_eq!(table["confirmed"], table["features"]);
        assert_eq!(table["computed"], table["features"]);
    }
    let server = world.serve();
    falsify(&world, "users");
    let (code, document) = world.run(&["materialize", "--as-of", MARCH, "--full"]);
    assert_eq!(code, 4, "{document:#}");
    let error = &document["error"];
    assert_eq!(error["code"], "not_reproduced");
    let details = error["details"].to_string();
    assert!(details.contains("users.has_family"), "{details}");
    assert!(!details.contains("subscriptions."), "{details}");
    // What served goes on.
    assert_eq!(server.get("/ready").json()["as_of"], MARCH);
    let after = materialized(&world, &["--as-of", MARCH]);
    assert_eq!(after["materialization"], full["materialization"]);
    materialized(&world, &["--as-of", MARCH, "--full"]);
}

#[test]
fn damaged_values_are_computed_again() {
    let world = World::ready(template().lenient, JANUARY);
    let store = Store::open(&world.root.join(".streamflow")).unwrap();
    let kept = store.catalog().all::<Value>(SHEET_KIND).unwrap();
    let hash: streamflow::hash::TableHash =
        kept[1].value["object"].as_str().unwrap().parse().unwrap();
    let path = store.objects().path(hash.into());
    let mut bytes = fs::read(&path).unwrap();
    let middle = bytes.len() / 2;
    bytes[middle] ^= 1;
    fs::write(&path, bytes).unwrap();
    let again = materialized(&world, &["--as-of", JANUARY]);
    let notice = again["notices"][0].as_str().unwrap();
    assert!(
        notice.contains("were computed again") && notice.contains("corrupt"),
        "{notice}"
    );
    let computed = work(&again)
        .into_values()
        .filter(|(computed, _)| *computed > 0);
    assert_eq!(computed.count(), 1);
    let whole = materialized(&world, &["--as-of", JANUARY]);
    assert_eq!(
        (&whole["notices"], &whole["new"]),
        (&json!([]), &json!(false))
    );
    // Once gone, with all that knew of it, they are computed without a word.
    materialized(&world, &["--as-of", MARCH]);
    let (code, _) = world.run(&["gc", "--yes", "--keep", "0", "--grace", "0d"]);
    assert_eq!(code, 0);
    let anew = materialized(&world, &["--as-of", JANUARY]);
    assert!(work(&anew).values().all(|(_, kept)| *kept == 0));
    assert_eq!(anew["materialization"], whole["materialization"]);
    assert_eq!(world.run(&["fsck"]).0, 0);
}

#[test]
fn what_was_whole_when_it_failed_is_taken_up() {
    let world = World::new();
    let (code, _) = world.run(&["ingest", "--as-of", JANUARY]);
    assert_eq!(code, 0);
    let store = Store::open(&world.root.join(".streamflow")).unwrap();
    let snapshots = store.catalog().all::<Value>("snapshot").unwrap();
    let snapshot = snapshots
        .iter()
        .rev()
        .find(|fact| fact.key == JANUARY)
        .unwrap();
    let hash: streamflow::hash::TableHash = snapshot.value["tables"]["usage_agg_30d"]["hash"]
        .as_str()
        .unwrap()
        .parse()
        .unwrap();
    let path = store.objects().path(hash.into());
    let aside = world.root.join("aside");
    fs::rename(&path, &aside).unwrap();
    let (code, document) = world.run(&["materialize", "--as-of", JANUARY]);
    assert_eq!(code, 1, "{document:#}");
    assert!(
        document["error"].to_string().contains("usage_agg_30d"),
        "{document:#}"
    );
    let id = world.ids(JANUARY).remove(0);
    assert_eq!(
        world.run(&["predict", &id]).0,
        5,
        "nothing serves by halves"
    );
    fs::rename(&aside, &path).unwrap();
    let resumed = work(&materialized(&world, &["--as-of", JANUARY]));
    for (table, (computed, _)) in &resumed {
        let comes_later = table.as_str() >= "usage_agg_30d";
        assert_eq!(*computed > 0, comes_later, "{table}: {resumed:?}");
    }
}

#[test]
fn killed_at_any_instant_the_old_values_serve_whole_and_the_next_call_ends() {
    let expected = World::new();
    let expected = materialized(&expected, &["--as-of", MARCH])["materialization"].clone();
    let world = World::ready(template().lenient, JANUARY);
    let id = world.ids(JANUARY).remove(0);
    let before = world.run(&["features", &id]).1;
    for round in 0..12 {
        let mut child = Command::new(env!("CARGO_BIN_EXE_streamflow"))
            .args(["materialize", "--as-of", MARCH, "-C"])
            .arg(&world.root)
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        std::thread::sleep(Duration::from_millis(15 + 25 * round));
        let _ = child.kill();
        child.wait().unwrap();
        let (code, shown) = world.run(&["features", &id]);
        assert_eq!(code, 0);
        if shown["as_of"] == JANUARY {
            assert_eq!(shown, before);
        } else {
            assert_eq!(shown["as_of"], MARCH);
        }
    }
    let done = materialized(&world, &["--as-of", MARCH]);
    assert_eq!(done["materialization"], expected);
    assert_eq!(world.run(&["fsck"]).0, 0);
}

#[test]
fn two_at_once_both_end_and_one_of_them_serves() {
    let world = World::new();
    let both = |arguments: [&'static str; 2]| {
        std::thread::scope(|scope| {
            let calls = arguments.map(|date| {
                let world = &world;
                scope.spawn(move || materialized(world, &["--as-of", date]))
            });
            calls.map(|call| call.join().unwrap())
        })
    };
    let [a, b] = both([JANUARY, JANUARY]);
    assert_eq!(a["materialization"], b["materialization"]);
    assert!(a["new"] != b["new"], "one of them made it: {a:#} {b:#}");
    let [_, march] = both([JANUARY, MARCH]);
    let id = world.ids(JANUARY).remove(0);
    let served = world.run(&["features", &id]).1["as_of"].clone();
    assert!(served == JANUARY || served == MARCH);
    let again = materialized(&world, &["--as-of", MARCH]);
    assert_eq!(again["materialization"], march["materialization"]);
    assert!(work(&again).values().all(|(computed, _)| *computed == 0));
}

#[test]
fn each_table_says_how_fresh_it_is() {
    let world = World::ready(template().lenient, MARCH);
    let server = world.serve();
    let ready = server.get("/ready").json();
    let users = &ready["tables"]["users"];
    assert_eq!(users["newest_row"], "2024-03-31T23:59:59.999999Z");
    let age = users["age_seconds"].as_i64().unwrap();
    let since = std::time::UNIX_EPOCH.elapsed().unwrap().as_secs() as i64 - 1_711_929_600;
    assert!((age - since).abs() <= 1 + 20, "{age} {since}");
    let metrics = server.get("/metrics").body;
    let entities = users["entities"].as_u64().unwrap();
    for line in [
        format!("streamflow_table_entities{{table=\"users\"}} {entities}"),
        "streamflow_table_newest_row_timestamp_seconds{table=\"users\"} 1711929599.999999"
            .to_string(),
        "# TYPE streamflow_table_newest_row_timestamp_seconds gauge".to_string(),
    ] {
        assert!(
            metrics.lines().any(|found| found == line),
            "{line}\n{metrics}"
        );
    }
    let tables: Vec<_> = ready["tables"].as_object().unwrap().keys().collect();
    assert!(tables.len() == 5 && !tables.contains(&&"labels".to_string()));
}
