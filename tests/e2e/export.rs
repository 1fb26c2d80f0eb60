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
