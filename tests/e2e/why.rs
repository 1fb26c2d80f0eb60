//! Which changed input is the reason: for the working tree, for a run, for two runs.

use serde_json::{Value, json};

use crate::common::{JANUARY, World};

fn why(world: &World, arguments: &[&str]) -> (Value, String) {
    let screen = world.run(&[&["why"], arguments].concat()).assert_code(0);
    let document = world.run(&[&["why"], arguments, &["--format", "json"]].concat());
    (document.assert_code(0).json(), screen.stdout)
}

/// The cause of each step, `-` for one that is as it was.
fn causes(document: &Value) -> Vec<&str> {
    let steps = document["steps"].as_array().unwrap();
    steps
        .iter()
        .map(|step| match step["same"].as_bool().unwrap() {
            true => "-",
            false => step["cause"].as_str().unwrap_or("unknown"),
        })
        .collect()
}

#[test]
fn nothing_would_execute_when_everything_is_there() {
    let world = World::small();
    world.run(&["run"]).assert_code(0);
    let (document, screen) = why(&world, &["small"]);
    assert_eq!(document["would_execute"], json!([]));
    assert_eq!(causes(&document), ["-"; 5]);
    assert!(screen.contains("nothing would execute"), "{screen}");
}

#[test]
fn a_first_run_has_nothing_to_be_compared_with() {
    let world = World::small();
    let (document, screen) = why(&world, &["small"]);
    assert_eq!(document["previous"], Value::Null);
    assert_eq!(document["would_execute"].as_array().unwrap().len(), 5);
    assert_eq!(
        causes(&document),
        [
            "unknown",
            "training_set",
            "training_set",
            "training_set",
            "training_set"
        ]
    );
    assert!(
        screen.contains("it was never executed here, and has no lock"),
        "{screen}"
    );
}

#[test]
fn each_step_has_its_first_upstream_cause() {
    let world = World::small();
    world.run(&["run"]).assert_code(0);
    world.edit("experiments/small.toml", "trees = 12", "trees = 13");
    world.edit(
        "experiments/small.toml",
        "threshold = 0.5",
        "threshold = 0.4",
    );
    let (document, screen) = why(&world, &["small"]);
    assert_eq!(
        causes(&document),
        ["-", "-", "model.trees", "fit", "evaluate.threshold"]
    );
    assert_eq!(document["reasons"][0]["at"], "experiments/small.toml:25:9");
    insta::assert_snapshot!(crate::common::redact(&screen, "nowhere"), @r##"
    small   fit and what follows would execute, as run <short>
      compared with run <short>:
      model.trees         12 → 13    experiments/small.toml:25:9
      evaluate.threshold  0.5 → 0.4  experiments/small.toml:29:13
      training_set and split are as before.
    "##);
    world.edit_cell(
        &format!("data/{JANUARY}/labels.csv"),
        "U004",
        "left",
        "true",
    );
    let (document, screen) = why(&world, &["small"]);
    assert_eq!(
        causes(&document),
        [
            "labels at 2024-01-31",
            "training_set",
            "model.trees",
            "training_set",
            "evaluate.threshold"
        ]
    );
    assert_eq!(
        document["reasons"][0]["files"],
        json!(["data/2024-01-31/labels.csv"])
    );
    assert!(screen.contains("data/2024-01-31/labels.csv"), "{screen}");
    assert!(
        screen.lines().all(|line| line.chars().count() <= 80),
        "{screen}"
    );
}

/// Long after: two runs, from what their keys are made of; also when no definition holds the old
/// values any more.
#[test]
fn two_runs_are_explained_after_the_fact() {
    let world = World::small();
    let first = world.run_one("small")["run"].as_str().unwrap().to_string();
    world.edit(
        "features/usage.toml",
        "hours / NULLIF(devices, 0)",
        "hours / (1 + devices)",
    );
    world.edit(
        "features/usage.toml",
        "columns = [",
        "ttl = \"45d\"\ncolumns = [",
    );
    let second = world.run_one("small")["run"].as_str().unwrap().to_string();
    world.edit("features/usage.toml", "hours / (1 + devices)", "hours");
    world.commit("Neither of the two");
    let (document, screen) = why(&world, &[&first, &second]);
    assert_eq!(document["previous"], first.as_str());
    assert_eq!(document["run"], second.as_str());
    assert_eq!(document["would_execute"], json!([]));
    assert_eq!(causes(&document)[0], "features.usage.per_device");
    assert_eq!(causes(&document)[4], "training_set");
    insta::assert_snapshot!(crate::common::redact(&screen, "nowhere"), @r##"
    small   run <short>, compared with run <short>
      training_set and what follows differ:
      features.usage.per_device  "hours / NULLIF(devices, 0)" → "hours / (1 + devices)"
          features/usage.toml:23:14
      tables.usage.ttl           "none" → "45d"
          features/usage.toml:19:7
    "##);
    let (document, screen) = why(&world, &[&second, &second]);
    assert_eq!(document["reasons"], json!([]));
    assert!(screen.contains("are the same"), "{screen}");
}

#[test]
fn a_run_is_held_against_its_experiment_as_it_is_now() {
    let world = World::small();
    let first = world.run_one("small")["run"].as_str().unwrap().to_string();
    world.edit("experiments/small.toml", "trees = 12", "trees = 13");
    world.run(&["run"]).assert_code(0);
    let (document, screen) = why(&world, &[&first[..8]]);
    assert_eq!(document["previous"], first.as_str());
    assert_eq!(document["would_execute"], json!([]));
    assert_eq!(causes(&document)[2], "model.trees");
    assert!(screen.contains("12 → 13"), "{screen}");
    assert!(
        screen.contains("training_set and split are as before."),
        "{screen}"
    );
}

/// In a clone the lock is what a run is known by.
#[test]
fn a_clone_compares_with_the_lock() {
    let world = World::small();
    world.run(&["run"]).assert_code(0);
    world.edit("experiments/small.toml", "trees = 12", "trees = 13");
    world.commit("Edited after the run");
    let (document, _) = why(&world.cloned(), &["small"]);
    assert_eq!(causes(&document), ["-", "-", "model.trees", "fit", "fit"]);
    assert_eq!(document["would_execute"].as_array().unwrap().len(), 5);
}

#[test]
fn what_names_nothing_is_refused_with_a_way_out() {
    let world = World::small();
    let output = world.run(&["why", "smal"]).assert_code(2);
    assert!(
        output.stderr.contains("did you mean `small`?"),
        "{}",
        output.stderr
    );
    let output = world.run(&["why", "abcdef12"]).assert_code(2);
    assert!(
        output.stderr.contains("no run begins with"),
        "{}",
        output.stderr
    );
    world
        .run(&["why", "small@latest", "nobody@latest"])
        .assert_code(2);
}
