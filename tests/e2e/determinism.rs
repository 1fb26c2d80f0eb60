//! What decides a run, and what does not.

use std::collections::BTreeMap;

use serde_json::Value;
use streamflow::definition::{DefinitionFiles, Definitions};

use crate::common::{World, small_files};

const DEFINITION: &str = "experiments/small.toml";
const TABLE: &str = "features/usage.toml";
const USAGE: &str = "data/2024-01-31/usage.csv";
const LABELS: &str = "data/2024-01-31/labels.csv";

/// Run, outputs and metrics: what must be the same.
fn result(run: &Value) -> (Value, Value, Value) {
    (
        run["run"].clone(),
        run["outputs"].clone(),
        run["metrics"].clone(),
    )
}

/// The result of the small project after a change, in a fresh store.
fn small_after(change: impl FnOnce(&World)) -> Value {
    let world = World::small();
    change(&world);
    let run = world.run_one("small");
    assert_eq!(run["status"], "executed");
    run
}

#[track_caller]
fn assert_same(change: impl FnOnce(&World)) {
    assert_eq!(result(&small_after(change)), result(&small_after(|_| {})));
}

#[track_caller]
fn assert_other(change: impl FnOnce(&World)) {
    assert_ne!(small_after(change)["run"], small_after(|_| {})["run"]);
}

/// The rows of a CSV file backwards, its columns too.
fn turned(text: &str) -> String {
    let mut rows: Vec<String> = text
        .lines()
        .map(|line| line.split(',').rev().collect::<Vec<_>>().join(","))
        .collect();
    rows[1..].reverse();
    rows.join("\n") + "\n"
}

#[test]
fn the_order_of_rows_and_columns_in_a_file_does_not_matter() {
    assert_same(|world| {
        for path in [USAGE, LABELS] {
            let text = turned(&world.read(path));
            assert_ne!(text, world.read(path));
            world.write(path, &text);
        }
    });
}

#[test]
fn line_ends_and_a_byte_order_mark_do_not_matter() {
    assert_same(|world| {
        let text = world.read(USAGE).replace('\n', "\r\n");
        world.write(USAGE, &format!("\u{feff}{text}"));
    });
}

#[test]
fn the_way_a_value_is_written_does_not_matter() {
    assert_same(|world| {
        let text = world
            .read(USAGE)
            .replace(".5,", ".50,")
            .replace(",basic,", ",\"basic\",");
        world.write(USAGE, &text);
        let labels = world
            .read(LABELS)
            .replace("true", "True")
            .replace("false", "0");
        world.write(LABELS, &labels);
    });
}

#[test]
fn parquet_instead_of_csv_does_not_matter() {
    let definitions = Definitions::parse(&DefinitionFiles(
        small_files()
            .into_iter()
            .filter(|(path, _)| path.ends_with(".toml"))
            .collect::<BTreeMap<_, _>>(),
    ))
    .unwrap();
    assert_same(|world| {
        for name in ["usage", "labels"] {
            let table = &definitions.tables[name];
            let path = format!("data/2024-01-31/{name}.csv");
            let bytes = world.read(&path).into_bytes();
            let file = streamflow::table::read(&bytes, &path, "2024-01-31".parse().unwrap(), table);
            let parquet = streamflow::table::to_parquet(&file.unwrap().frame).unwrap();
            world.write_bytes(&path.replace(".csv", ".parquet"), &parquet);
            world.remove(&path);
            world.edit(&format!("features/{name}.toml"), ".csv", ".parquet");
        }
    });
}

/// Sections and keys in another order, other spaces, comments, quotes and line ends.
#[test]
fn order_layout_and_comments_of_toml_do_not_matter() {
    assert_same(|world| {
        for path in [DEFINITION, TABLE] {
            let text = world.read(path);
            let mut sections: Vec<String> = Vec::new();
            for line in text.lines().filter(|line| !line.trim().is_empty()) {
                match sections.last_mut() {
                    Some(section) if !line.starts_with('[') => section.push_str(line),
                    _ => sections.push(line.to_string()),
                }
                sections.last_mut().unwrap().push_str("  # why\r\n");
            }
            // What stands above the first header must stay there.
            let head = sections
                .iter()
                .position(|text| text.starts_with('['))
                .unwrap();
            sections[head..].reverse();
            world.write(path, &sections.concat().replace(" = ", "="));
        }
        world.edit(
            DEFINITION,
            "[\"usage.plan\", \"usage.hours\", \"usage.devices\", \"usage.per_device\"]",
            "['usage.per_device', 'usage.devices', 'usage.plan', 'usage.hours']",
        );
    });
}

#[test]
fn what_explains_and_what_judges_is_no_part_of_a_run() {
    assert_same(|world| {
        world.edit(DEFINITION, "The smallest one", "Something else");
        world.edit(TABLE, "What a customer watches.", "Watching.");
        world.edit(DEFINITION, "\"auc >= 0.60\", \"clean\"", "\"auc >= 0.99\"");
        world.edit(
            DEFINITION,
            "registers   = \"leaving\"",
            "registers   = \"other\"",
        );
    });
}

#[test]
fn what_a_run_does_not_use_is_no_part_of_it() {
    assert_same(|world| {
        world.edit_cell(USAGE, "U007", "joined", "1999-01-01");
        world.edit(TABLE, "joined  = \"date\"\n", "joined  = \"string\"\n");
        world.edit(
            TABLE,
            "per_device = ",
            "unused = \"hours + 1\"\nper_device = ",
        );
        let other = world
            .read("features/labels.toml")
            .replace("labels.csv", "other.csv");
        world.write("features/other.toml", &other);
        world.write("data/2024-01-31/other.csv", "user_id,left\nU001,true\n");
    });
}

#[test]
fn a_check_that_takes_nothing_out_is_no_part_of_a_run() {
    assert_same(|world| {
        let check = "[[checks]]\ncolumn = \"plan\"\nin_set = [\"basic\", \"plus\"]\n\n[features]";
        world.edit(TABLE, "[features]", check);
        world.edit(
            TABLE,
            "between = [0.0, 744.0]",
            "between = [-1.0, 745.0]\nseverity = \"warn\"",
        );
    });
}

/// All defaults written out, and all left out, are one run.
#[test]
fn defaults_written_out_do_not_matter() {
    assert_same(|world| {
        world.edit(DEFINITION, "[evaluate]\nthreshold = 0.5\n", "");
        world.edit(DEFINITION, "method = \"hash\"\n", "");
        world.edit(
            DEFINITION,
            "column = \"left\"",
            "column = \"left\"\nlead = 0",
        );
        world.edit(TABLE, "[columns]", "mode = \"upsert\"\n[columns]");
        world.edit(
            DEFINITION,
            "as_of       = 2024-01-31",
            "as_of = [2024-01-31]",
        );
    });
}

/// Two experiments that declare the same are one run, executed once.
#[test]
fn the_name_of_an_experiment_is_no_part_of_a_run() {
    let world = World::small();
    let text = world.read(DEFINITION);
    world.write("experiments/twin.toml", &text);
    let run = world.run_one("small");
    let twin = world.run_one("twin");
    assert_eq!(result(&run), result(&twin));
    assert_eq!(
        (&run["status"], &twin["status"]),
        (&"executed".into(), &"cached".into())
    );
    assert_eq!(twin["experiment"], "twin");
}

#[test]
fn everything_that_is_used_is_part_of_a_run() {
    assert_other(|world| world.edit_cell(USAGE, "U007", "hours", "9.25"));
    assert_other(|world| world.edit_cell(USAGE, "U007", "plan", "plus"));
    assert_other(|world| world.edit_cell(USAGE, "U007", "hours", ""));
    assert_other(|world| world.edit_cell(LABELS, "U007", "left", "false"));
    assert_other(|world| world.edit(DEFINITION, "trees = 12", "trees = 13"));
    assert_other(|world| {
        world.edit(
            DEFINITION,
            "trees = 12\nseed  = 42",
            "trees = 12\nseed  = 43",
        );
    });
    assert_other(|world| world.edit(DEFINITION, "seed   = 42", "seed   = 43"));
    assert_other(|world| world.edit(DEFINITION, "test   = 0.25", "test   = 0.26"));
    assert_other(|world| world.edit(DEFINITION, "method = \"hash\"", "method = \"shuffle\""));
    assert_other(|world| world.edit(DEFINITION, "\"usage.plan\", ", ""));
    assert_other(|world| world.edit(DEFINITION, "threshold = 0.5", "threshold = 0.4"));
    assert_other(|world| world.edit(DEFINITION, "\"median\"", "\"mean\""));
    assert_other(|world| world.edit(DEFINITION, "\"passthrough\"", "\"standardize\""));
    assert_other(|world| world.edit(DEFINITION, "as_of       = 2024-01-31", "as_of = 2024-02-29"));
    assert_other(|world| world.edit(TABLE, "NULLIF(devices, 0)", "NULLIF(devices, 1)"));
    assert_other(|world| world.edit(TABLE, "[features]", "[features]\nttl = \"45d\""));
    assert_other(|world| {
        let text = world.read(USAGE);
        let rows: Vec<&str> = text
            .lines()
            .filter(|line| !line.starts_with("U007"))
            .collect();
        world.write(USAGE, &(rows.join("\n") + "\n"));
    });
}

/// Thread count, time zone, language and folder reach nothing.
#[test]
fn the_machine_is_no_part_of_a_run() {
    let results =
        |world: World| -> Vec<_> {
            let document = world
                .run(&["run", "--format", "json"])
                .assert_code(0)
                .json();
            let runs = document["runs"].as_array().unwrap();
            assert!(runs.iter().all(
                |run| run["status"] == "executed" || run["experiment"] != "churn_random_forest"
            ));
            runs.iter().map(result).collect()
        };
    let one = results(World::sample().with_threads(1));
    assert_eq!(results(World::sample().with_threads(2)), one);
    assert_eq!(results(World::sample().with_threads(8)), one);
    let abroad = World::sample()
        .with("TZ", "Pacific/Auckland")
        .with("LC_ALL", "de_DE.UTF-8")
        .with("LANG", "tr_TR.UTF-8")
        .with("STREAMFLOW_USER", "somebody");
    assert_eq!(results(abroad), one);
}

/// What comes later on file changes nothing that was.
#[test]
fn a_later_file_changes_no_earlier_run() {
    assert_same(|world| {
        world.write(
            "data/2024-03-31/usage.csv",
            &world.read("data/2024-02-29/usage.csv"),
        );
        world
            .run(&["ingest", "--as-of", "2024-02-29"])
            .assert_code(0);
    });
    assert_same(|world| world.remove("data/2024-02-29/usage.csv"));
}

/// Months ingested in any order, or all at once, are the same months.
#[test]
fn the_order_of_ingests_does_not_matter() {
    let hashes = |dates: &[&str]| {
        let world = World::sample();
        for date in dates {
            world.run(&["ingest", "--as-of", date]).assert_code(0);
        }
        let document = world
            .run(&["snapshots", "--format", "json"])
            .assert_code(0)
            .json();
        let last = document["snapshots"]
            .as_array()
            .unwrap()
            .last()
            .unwrap()
            .clone();
        assert_eq!(last["as_of"], "2024-03-31");
        last["hash"].clone()
    };
    let forwards = hashes(&["2024-01-31", "2024-02-29", "2024-03-31"]);
    assert_eq!(hashes(&["2024-03-31"]), forwards);
    assert_eq!(
        hashes(&["2024-03-31", "2024-01-31", "2024-03-31"]),
        forwards
    );
}
