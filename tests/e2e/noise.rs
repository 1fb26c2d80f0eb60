//! A run and its repetitions with other seeds: what chance does to the numbers.

use std::collections::BTreeSet;

use serde_json::Value;

use crate::common::{World, assert_sound};

fn repeated(world: &World, arguments: &[&str]) -> Value {
    let mut all = vec!["run", "small", "--format", "json"];
    all.extend(arguments);
    world.run(&all).assert_code(0).json()
}

fn texts<'a>(runs: &'a Value, key: &str) -> Vec<&'a str> {
    let runs = runs.as_array().unwrap();
    runs.iter().map(|run| run[key].as_str().unwrap()).collect()
}

#[test]
fn a_family_is_the_run_and_its_derived_seeds() {
    let world = World::small();
    let document = repeated(&world, &["--repeat", "4", "--vary", "model"]);
    let family = &document["family"];
    assert_eq!(family["n"], 4);
    assert_eq!(family["varied"], serde_json::json!(["model.seed"]));
    let runs = texts(&family["runs"], "run");
    assert_eq!(
        runs[0], document["run"],
        "the declared run is the first member"
    );
    assert_eq!(runs.iter().collect::<BTreeSet<_>>().len(), 4);
    assert_eq!(family["runs"][0]["seeds"]["model.seed"], 42);
    let auc = |run: &Value| run["metrics"]["auc"].as_f64().unwrap();
    let values: Vec<f64> = family["runs"].as_array().unwrap().iter().map(auc).collect();
    let mean = values.iter().sum::<f64>() / 4.0;
    let squares = values
        .iter()
        .map(|value| (value - mean) * (value - mean))
        .sum::<f64>();
    let spread = &family["metrics"]["auc"];
    let close = |value: &Value, wanted: f64| (value.as_f64().unwrap() - wanted).abs() < 1e-12;
    assert!(close(&spread["mean"], mean), "{spread}");
    assert!(close(&spread["sd"], (squares / 3.0).sqrt()), "{spread}");
    assert_eq!(spread["n"], 4);
    // Members are runs like any other: one can be had by setting its seed.
    let seed = format!("model.seed={}", family["runs"][2]["seeds"]["model.seed"]);
    let one = repeated(&world, &["--set", &seed]);
    assert_eq!(
        (&one["run"], &one["status"]),
        (&family["runs"][2]["run"], &"cached".into())
    );
    assert_sound(&world);
}

#[test]
fn the_lock_is_that_of_the_declared_run() {
    let (plain, world) = (World::small(), World::small());
    plain.run(&["run"]).assert_code(0);
    let document = repeated(&world, &["--repeat", "3"]);
    assert_eq!(world.files(), plain.files(), "members write nothing");
    let latest = world
        .run(&["show", "small@latest", "--format", "json"])
        .json();
    assert_eq!(latest["run"], document["run"]);
    world.run(&["run", "--locked"]).assert_code(0);
}

#[test]
fn the_screens_of_a_family() {
    let world = World::small();
    let output = world.run(&["run", "small", "--repeat", "3"]).assert_code(0);
    let at = output
        .stdout
        .find("  over 3 runs")
        .unwrap_or_else(|| panic!("{}", output.stdout));
    insta::assert_snapshot!(&output.stdout[at..], @r"
    over 3 runs, model.seed and split.seed varied
                         mean       ±     min     max
    auc                0.8664  0.0938  0.7679  0.9545
    average_precision  0.6526  0.1411  0.5000  0.7784
    f1                 0.6389  0.1273  0.5000  0.7500
    accuracy           0.8098  0.0287  0.7778  0.8333
    precision          0.5516  0.2090  0.3333  0.7500
    recall             0.8500  0.1323  0.7500  1.0000
    log_loss           2.4037  1.7377  0.4038  3.5446
    brier              0.1577  0.0126  0.1443  0.1692
    ");
    assert!(
        output.stderr.contains("Executed run 3 of 3 of small"),
        "{}",
        output.stderr
    );
    for line in output.stdout.lines() {
        assert!(line.chars().count() <= 80, "{line}");
    }
    let document = repeated(&world, &["--repeat", "3"]);
    let member = texts(&document["family"]["runs"], "run")[1].to_string();
    let shown = world.run(&["show", &member]).assert_code(0).stdout;
    let base = &document["run"].as_str().unwrap()[..12];
    let line = format!("  one of 3 runs of family {base}, model.seed and split.seed varied\n");
    assert!(shown.contains(&line), "{shown}");
    let shown = world.run(&["show", "small@latest"]).assert_code(0).stdout;
    assert!(
        shown.contains("  over 3 runs, model.seed and split.seed varied\n"),
        "{shown}"
    );
    let noise = world.run(&["show", &member, "--format", "json"]).json()["noise"].clone();
    assert_eq!(noise["metrics"], document["family"]["metrics"]);
    assert_eq!((&noise["n"], &noise["base"]), (&3.into(), &document["run"]));
}

/// A family is found again, and grows without doing anything twice.
#[test]
fn a_larger_family_extends_a_smaller_one() {
    let world = World::small();
    let small = repeated(&world, &["--repeat", "2"]);
    let again = world.run(&["run", "small", "--repeat", "2"]).assert_code(0);
    assert_eq!(again.stderr, "", "nothing is executed");
    let large = world.run(&["run", "small", "--repeat", "4"]).assert_code(0);
    assert_eq!(large.stderr.lines().count(), 2, "{}", large.stderr);
    let large = repeated(&world, &["--repeat", "4"]);
    assert_eq!(large["family"]["runs"][1], small["family"]["runs"][1]);
    // What is asked for is shown; what is known stays.
    assert_eq!(
        repeated(&world, &["--repeat", "2"])["family"],
        small["family"]
    );
    let shown = world
        .run(&["show", "small@latest", "--format", "json"])
        .json();
    assert_eq!(shown["noise"]["n"], 4);
    // Computed again, they are the same.
    let anew = repeated(&world, &["--repeat", "4", "--no-cache"]);
    assert_eq!(anew["family"], large["family"]);
}

/// The family is the last thing to be written: without it nothing is lost but the summary.
#[test]
fn members_that_were_executed_are_taken_from_the_store() {
    let world = World::small();
    let whole = repeated(&world, &["--repeat", "3"]);
    let store = world.project().join(".streamflow/catalog.sqlite");
    let catalog = rusqlite::Connection::open(store).unwrap();
    let gone = catalog.execute(
        "DELETE FROM facts WHERE kind IN ('family', 'family member')",
        [],
    );
    assert_eq!(gone.unwrap(), 3);
    drop(catalog);
    let shown = world
        .run(&["show", "small@latest", "--format", "json"])
        .json();
    assert_eq!(shown["noise"], Value::Null);
    let steps = |world: &World| {
        let runs = world.run(&["runs", "--format", "json"]).json();
        let runs = runs["runs"].as_array().unwrap().clone();
        runs.iter()
            .map(|run| run["executions"].as_u64().unwrap())
            .sum::<u64>()
    };
    let before = steps(&world);
    assert_eq!(
        repeated(&world, &["--repeat", "3"])["family"],
        whole["family"]
    );
    assert_eq!(steps(&world), before, "nothing was executed again");
}

#[test]
fn set_values_hold_for_every_member() {
    let world = World::small();
    let arguments = ["--repeat", "3", "--vary", "split", "--set", "model.trees=3"];
    let document = repeated(&world, &arguments);
    assert_eq!(document["lock"], "none");
    for member in texts(&document["family"]["runs"], "run") {
        let shown = world.run(&["show", member, "--format", "json"]).json();
        assert_eq!(shown["declared"]["model.trees"], 3);
        assert_eq!(
            shown["declared"]["model.seed"], 42,
            "only the split is varied"
        );
    }
}

#[test]
fn what_cannot_be_repeated_is_refused() {
    let world = World::small();
    for arguments in [
        &["run", "--repeat", "1"][..],
        &["run", "--repeat", "0"],
        &["run", "--repeat", "-3"],
        &["run", "--repeat", "many"],
        &["run", "--repeat", "1001"],
        &["run", "--repeat", "3", "--locked"],
        &["run", "--vary", "model"],
        &["run", "--repeat", "3", "--vary", "trees"],
    ] {
        world.run(arguments).assert_code(2);
    }
    let set = ["--set", "model={kind=\"prior\"}", "--vary", "model"];
    let mut arguments = vec!["run", "small", "--repeat", "3"];
    arguments.extend(set);
    let refused = world.run(&arguments).assert_code(2);
    insta::assert_snapshot!(refused.error(), @r"
    error: small declares no model.seed, so every repetition would be the same run
    help: of the estimators, random_forest and gradient_boosting have a seed
    ");
    arguments.truncate(6);
    arguments.extend(["--set", "as_of=[\"2024-01-31\", \"2024-02-29\"]"]);
    arguments.extend(["--set", "split={method=\"time\"}"]);
    let refused = world.run(&arguments).assert_code(2);
    assert!(
        refused.stderr.contains("small declares no seed, so"),
        "{}",
        refused.stderr
    );
    // A prior over another split is another number.
    arguments.truncate(6);
    world.run(&arguments).assert_code(0);
}

/// The same seeds for both, so that they are compared on the same splits.
#[test]
fn several_experiments_are_each_repeated() {
    let world = World::small();
    let text = world.read("experiments/small.toml");
    world.write(
        "experiments/other.toml",
        &text.replace("trees = 12", "trees = 5"),
    );
    let arguments = ["run", "small", "other", "--repeat", "2", "--format", "json"];
    let document = world.run(&arguments).assert_code(0).json();
    for run in document["runs"].as_array().unwrap() {
        assert_eq!(run["family"]["n"], 2);
    }
    let families = document["runs"].as_array().unwrap();
    assert_eq!(
        families[0]["family"]["runs"][1]["seeds"],
        families[1]["family"]["runs"][1]["seeds"]
    );
}

/// `diff` reads the band: a difference of two seeds is chance, a forest of one tree is not.
#[test]
fn diff_says_what_other_seeds_would_have_moved() {
    let world = World::sample();
    let name = "churn_random_forest";
    world
        .run(&[
            "run", name, "--repeat", "5", "--vary", "model", "--format", "json",
        ])
        .assert_code(0);
    let path = format!("experiments/{name}.toml");
    world.edit(&path, "trees            = 300", "trees            = 299");
    world.run(&["run", name]).assert_code(0);
    let one_tree = diff(&world, name);
    assert_eq!(band(&one_tree, "auc")["within"], true);
    world.edit(&path, "trees            = 299", "trees            = 1");
    world.run(&["run", name]).assert_code(0);
    let stump = diff(&world, name);
    assert_eq!(band(&stump, "auc")["within"], false);
    let locked = world.run(&["runs", "--format", "json"]).json();
    let base = locked["runs"].as_array().unwrap().last().unwrap()["run"].clone();
    let base = base.as_str().unwrap();
    let latest = format!("{name}@latest");
    let screen = world.run(&["diff", base, &latest]).assert_code(0).stdout;
    assert!(screen.contains("beyond run-to-run noise: auc"), "{screen}");
}

/// The declared run, the first in this store, against the last.
fn diff(world: &World, name: &str) -> Value {
    let runs = world.run(&["runs", "--format", "json"]).json();
    let first = runs["runs"].as_array().unwrap().last().unwrap()["run"].clone();
    let latest = format!("{name}@latest");
    let arguments = ["diff", first.as_str().unwrap(), &latest, "--format", "json"];
    world.run(&arguments).assert_code(0).json()
}

fn band(document: &Value, metric: &str) -> Value {
    let metrics = document["metrics"].as_array().unwrap();
    let found = metrics.iter().find(|found| found["name"] == metric);
    found.unwrap()["band"].clone()
}
