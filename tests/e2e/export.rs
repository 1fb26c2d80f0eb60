//! The real export: not part of the repository, looked at where it is.

use std::fs;
use std::path::{Path, PathBuf};

use crate::common::{World, assert_sound};

const VARIABLE: &str = "STREAMFLOW_CHURN_EXPORT";

/// Its folder; none, said aloud, where nobody has it.
fn export() -> Option<PathBuf> {
    let folder = std::env::var_os(VARIABLE).map(PathBuf::from);
    if folder.is_none() {
        eprintln!("skipped: {VARIABLE} is not set, so the real export was not tried");
    }
    folder
}

fn copy(from: &Path, world: &World, below: &str) {
    for entry in fs::read_dir(from).unwrap() {
        let entry = entry.unwrap();
        let path = format!("{below}{}", entry.file_name().to_str().unwrap());
        if entry.path().is_dir() {
            copy(&entry.path(), world, &format!("{path}/"));
        } else {
            world.write_bytes(&path, &fs::read(entry.path()).unwrap());
        }
    }
}

fn between(value: &serde_json::Value, low: f64, high: f64) {
    let value = value.as_f64().unwrap();
    assert!((low..=high).contains(&value), "{value}");
}

#[test]
fn the_real_export_runs_and_is_proved() {
    let Some(folder) = export() else { return };
    let world = World::empty();
    copy(&folder, &world, "");
    world.run(&["check"]).assert_code(0);
    let run = world.run_one("churn_random_forest");
    assert_eq!(run["rows"]["total"], 7043);
    between(&run["metrics"]["auc"], 0.79, 0.86);
    between(&run["metrics"]["accuracy"], 0.75, 0.82);
    world.commit("Definitions and lock");
    world.forget();
    world.run(&["run", "--locked"]).assert_code(0);
    assert_sound(&world);
}

#[test]
fn a_project_is_inferred_from_the_real_export() {
    let Some(folder) = export() else { return };
    let world = World::empty();
    copy(&folder.join("data"), &world, "exports/");
    let arguments = ["--key", "user_id", "--label", "labels.churn_label"];
    let init = [&["init", "--from", "exports/{as_of}/*.csv"], &arguments[..]].concat();
    world.run(&init).assert_code(0);
    world.run(&["check"]).assert_code(0);
    let document = world
        .run(&["run", "--format", "json"])
        .assert_code(0)
        .json();
    let run = &document["runs"][0];
    assert_eq!(run["rows"]["total"], 7043);
    between(&run["metrics"]["auc"], 0.79, 0.86);
}

/// The story this project exists for: a second month is loaded over the labels of the first. `diff`
/// names the labels first, and they account for the fall of the AUC.
#[test]
fn overwritten_labels_of_the_real_export_are_named_and_blamed() {
    let Some(folder) = export() else { return };
    let world = World::empty();
    copy(&folder, &world, "");
    let before = world.run_one("churn_random_forest");
    // February: everybody watches a little less, every second customer got another's label.
    let february = "data/2024-02-29";
    for table in [
        "labels",
        "payments_agg_90d",
        "subscriptions",
        "support_agg_90d",
        "users",
    ] {
        let text = world.read(&format!("data/2024-01-31/{table}.csv"));
        world.write(&format!("{february}/{table}.csv"), &text);
    }
    let usage = world.read("data/2024-01-31/usage_agg_30d.csv");
    world.write(
        &format!("{february}/usage_agg_30d.csv"),
        &less_watched(&usage),
    );
    world.write(
        &format!("{february}/labels.csv"),
        &rotated(&world.read(&format!("{february}/labels.csv"))),
    );
    let experiment = world.read("experiments/churn_random_forest.toml");
    world.write(
        "experiments/february.toml",
        &experiment.replace("2024-01-31", "2024-02-29"),
    );
    let after = world.run_one("february");
    let (before, after) = (
        before["run"].as_str().unwrap(),
        after["run"].as_str().unwrap(),
    );
    let output = world.run(&["diff", before, after, "--attribute", "--format", "json"]);
    let document = output.assert_code(0).json();
    assert_eq!(document["inputs"][0]["name"], "labels");
    let auc = document["metrics"]
        .as_array()
        .unwrap()
        .iter()
        .find(|metric| metric["name"] == "auc")
        .unwrap();
    let fall = auc["delta"].as_f64().unwrap();
    assert!(fall < -0.05, "{fall}");
    assert_eq!(auc["noise"]["beyond"], true);
    let shares = document["attribution"]["auc"].as_array().unwrap();
    assert_eq!(shares[0]["cause"], "labels");
    let share = shares[0]["delta"].as_f64().unwrap() / fall;
    assert!(share > 0.9, "the labels are blamed for {share} of the fall");
}

/// `watch_hours_30d`, the second column, times 0.97.
fn less_watched(usage: &str) -> String {
    let mut lines = usage.lines();
    let mut text = format!("{}\n", lines.next().unwrap());
    for line in lines {
        let mut cells: Vec<String> = line.split(',').map(ToString::to_string).collect();
        if let Ok(hours) = cells[1].parse::<f64>() {
            cells[1] = format!("{:.3}", hours * 0.97);
        }
        text.push_str(&(cells.join(",") + "\n"));
    }
    text
}

/// Every second customer has the label of the one two rows before.
fn rotated(labels: &str) -> String {
    let rows: Vec<(&str, &str)> = labels
        .lines()
        .filter_map(|line| line.split_once(','))
        .collect();
    let mut text = format!("{},{}\n", rows[0].0, rows[0].1);
    for at in 1..rows.len() {
        let label = match at % 2 == 0 && at > 2 {
            true => rows[at - 2].1,
            false => rows[at].1,
        };
        text.push_str(&format!("{},{label}\n", rows[at].0));
    }
    text
}
