//! The train rows in parts: what folds say of a model, and what they leave as it is.

use std::collections::BTreeSet;

use insta::assert_snapshot;
use serde_json::Value;

use crate::common::{World, assert_sound};

const EXPERIMENT: &str = "experiments/small.toml";

fn with_folds(text: &str) -> World {
    let world = World::small();
    let folds = format!("[cross_validation]\n{text}\n[model]");
    world.edit(EXPERIMENT, "[model]", &folds);
    world
}

fn json(world: &World, arguments: &[&str]) -> Value {
    let all = [arguments, &["--format", "json"]].concat();
    world.run(&all).assert_code(0).json()
}

#[test]
fn what_the_folds_say_stands_beside_the_test_rows() {
    let world = with_folds("folds = 3\nmethod = \"stratified\"");
    assert_snapshot!(world.run(&["run", "small"]).assert_code(0).screen(), @r#"
    exit 0
    --- stdout
    small   run <short>   executed in <time> s
      rows       60   train 48   test 12   left 35.0 %
      as of      2024-01-31

                         this run   prior
      auc                  0.9545  0.5000
      average_precision    0.5000  0.0833
      f1                   0.5000  0.0000
      accuracy             0.8333  0.9167
      precision            0.3333  0.0000
      recall               1.0000  0.0000
      log_loss             3.2629  0.5670
      brier                0.1597  0.1875

      3 folds              mean      sd   least    most
      auc                0.9520  0.0553  0.8889  0.9921
      average_precision  0.9415  0.0512  0.8839  0.9821
      f1                 0.8472  0.0241  0.8333  0.8750
      accuracy           0.8750  0.0000  0.8750  0.8750
      precision          0.8704  0.1156  0.7778  1.0000
      recall             0.8492  0.1435  0.7143  1.0000
      log_loss           0.9571  1.2647  0.1779  2.4164
      brier              0.0867  0.0295  0.0556  0.1141

                    predicted not left  predicted left
      was not left                   9               2
      was left                       0               1

      what it looks at   hours 0.64 · per_device 0.22 · devices 0.09 · plan 0.05

      lock written: lockfiles/small.lock   (the first)
      next: git add lockfiles/small.lock && git commit
    --- stderr
        Ingested 2024-01-31   2 tables   120 rows   1 check passed
        Executed training_set of small                                   <time> s
        Executed split of small                                          <time> s
        Executed cross_validate of small                                 <time> s
        Executed fit of small                                            <time> s
        Executed predict of small                                        <time> s
        Executed evaluate of small                                       <time> s
    "#);
    let run = json(&world, &["show", "small@latest"]);
    let folds = &run["evaluation"]["cross_validation"];
    let auc = &folds["metrics"]["auc"];
    let each: Vec<f64> = auc["folds"]
        .as_array()
        .unwrap()
        .iter()
        .map(|f| f.as_f64().unwrap())
        .collect();
    assert_eq!(each.len(), 3);
    assert_eq!(auc["mean"], run["metrics"]["cv_auc"]);
    let mean = each.iter().sum::<f64>() / 3.0;
    assert!((auc["mean"].as_f64().unwrap() - mean).abs() < 1e-15);
    let rows: u64 = folds["rows"]
        .as_array()
        .unwrap()
        .iter()
        .map(|r| r.as_u64().unwrap())
        .sum();
    assert_eq!(run["rows"]["train"], rows);
    let runs = world.run(&["runs", "--sort", "cv_auc"]).assert_code(0);
    assert!(runs.screen().contains("cv auc"), "{}", runs.screen());
    world
        .run(&["get", "small@latest", "folds", "-o", "folds.csv"])
        .assert_code(0);
    let written = world.read("folds.csv");
    let mut lines = written.lines();
    assert_eq!(lines.next(), Some("user_id,as_of,fold,label,probability"));
    assert_eq!(lines.count() as u64, rows);
    let lock = world.read("lockfiles/small.lock");
    for line in [
        "cross_validation.folds = 3",
        "cross_validate = 1",
        "cv_auc = ",
    ] {
        assert!(lock.contains(line), "{line}: {lock}");
    }
    world.commit("Folds");
    world.forget();
    world.run(&["run", "--locked"]).assert_code(0);
    assert_eq!(
        json(&world, &["replay", "small@latest"])["verdict"],
        "identical"
    );
    assert_sound(&world);
}

/// Model and predictions are those of the run without folds, and taken from it.
#[test]
fn folds_change_no_output() {
    let world = World::small();
    let without = world.run_one("small");
    let refused = world
        .run(&["get", "small@latest", "folds", "-o", "folds.csv"])
        .assert_code(2);
    assert!(
        refused.error().contains("has no folds"),
        "{}",
        refused.error()
    );
    world.edit(EXPERIMENT, "[model]", "[cross_validation]\n[model]");
    let with = world.run_one("small");
    assert_ne!(with["run"], without["run"]);
    assert_eq!(with["outputs"], without["outputs"]);
    let computed: Vec<&str> = with["steps"]
        .as_array()
        .unwrap()
        .iter()
        .filter(|step| step["cached"] == false)
        .map(|step| step["name"].as_str().unwrap())
        .collect();
    assert_eq!(computed, ["cross_validate", "evaluate"]);
    let diff = json(
        &world,
        &["diff", without["run"].as_str().unwrap(), "small@latest"],
    );
    let kinds: BTreeSet<&str> = diff["inputs"]
        .as_array()
        .unwrap()
        .iter()
        .filter_map(|input| input["kind"].as_str())
        .collect();
    assert_eq!(kinds, BTreeSet::from(["operations", "split"]));

    world.edit(
        EXPERIMENT,
        "[cross_validation]",
        "[cross_validation]\nseed = 7",
    );
    let other = world.run_one("small");
    assert_ne!(other["run"], with["run"]);
    assert_eq!(other["outputs"], with["outputs"]);
    // Another threshold scores no fold again.
    world.edit(EXPERIMENT, "threshold = 0.5", "threshold = 0.4");
    let decided = world.run_one("small");
    let cached = |step: &Value| step["cached"] == true;
    let steps = decided["steps"].as_array().unwrap();
    assert_eq!(steps.iter().filter(|step| cached(step)).count(), 5);
}

#[test]
fn threads_do_not_matter() {
    let metrics = |threads: usize| {
        let world = with_folds("folds = 4").with_threads(threads);
        world.run_one("small")["metrics"].clone()
    };
    assert_eq!(metrics(1), metrics(4));
}

#[test]
fn a_gate_may_name_a_mean_over_folds() {
    let world = with_folds("folds = 3");
    world.edit(
        EXPERIMENT,
        "production = [\"auc >= 0.60\", \"clean\"]",
        "production = [\"cv_auc >= 0.999\"]",
    );
    world.run_one("small");
    let refused = world
        .run(&[
            "promote",
            "small@latest",
            "--to",
            "production",
            "--reason",
            "first",
        ])
        .assert_code(7);
    assert!(refused.error().contains("cv_auc"), "{}", refused.error());
}

#[test]
fn more_folds_than_entities_is_refused() {
    let world = with_folds("folds = 100\nmethod = \"stratified\"");
    assert_snapshot!(world.run(&["run", "small"]).assert_code(6).screen(), @r#"
    exit 6
    --- stderr
        Ingested 2024-01-31   2 tables   120 rows   1 check passed
        Executed training_set of small                                   <time> s
        Executed split of small                                          <time> s
    error: fold 49 of 100 has no rows of 48 train entities
    help: take fewer `folds` under [cross_validation], or bring more rows
    "#);
    let world = with_folds("folds = 100");
    let said = world.run(&["run", "small"]).assert_code(6);
    assert!(said.error().contains("has no rows of"), "{}", said.error());
}

fn calibrated(text: &str) -> World {
    let world = with_folds("folds = 3\nmethod = \"stratified\"");
    let section = format!("[calibrate]\n{text}\n[model]");
    world.edit(EXPERIMENT, "[model]", &section);
    world
}

/// What is asked of a run is answered with calibrated probabilities too.
fn assert_questions_are_of_what_is_told(world: &World, run: &Value, predictions: &str) {
    let told: Vec<f64> = predictions
        .lines()
        .skip(1)
        .map(|line| line.split(',').nth(3).unwrap().parse().unwrap())
        .collect();
    let mean = told.iter().sum::<f64>() / told.len() as f64;
    let asked = ["show", "small@latest", "--dependence", "usage.hours"];
    let as_they_are = json(world, &asked)["dependence"]["mean"].as_f64().unwrap();
    assert!((as_they_are - mean).abs() < 1e-12, "{as_they_are} {mean}");
    let asked = [
        "show",
        "small@latest",
        "--importances",
        "--metric",
        "log_loss",
    ];
    let permuted = json(world, &asked);
    let none: Vec<&Value> = permuted["importances"]
        .as_array()
        .unwrap()
        .iter()
        .filter(|of| of["impurity"] == 0.0)
        .collect();
    assert!(
        none.iter().all(|of| of["permutation"]["mean"] == 0.0),
        "{none:?}"
    );
    let segments = json(world, &["show", "small@latest", "--by", "usage.plan"]);
    let rows = segments["segments"].as_array().unwrap().iter();
    let rows: u64 = rows.map(|segment| segment["rows"].as_u64().unwrap()).sum();
    assert_eq!(run["rows"]["test"], rows);
}

/// From the folds to the reply: what is served is what was tested.
#[test]
fn probabilities_and_threshold_come_from_the_folds() {
    for (method, threshold) in [("platt", "\"f1\""), ("isotonic", "{ recall = 0.9 }")] {
        let world = calibrated(&format!("method = \"{method}\"\nthreshold = {threshold}"));
        let two_thresholds = world.run(&["run", "small"]).assert_code(2);
        assert!(
            two_thresholds.error().contains("said twice"),
            "{}",
            two_thresholds.error()
        );
        world.edit(EXPERIMENT, "[evaluate]\nthreshold = 0.5\n", "");
        world.edit(
            EXPERIMENT,
            "production = [\"auc >= 0.60\", \"clean\"]",
            "production = []",
        );
        let run = world.run_one("small");
        let picked = run["evaluation"]["threshold"].as_f64().unwrap();
        assert!(picked != 0.5 && picked > 0.0, "{picked}");
        let screen = world.run(&["show", "small@latest"]).assert_code(0).screen();
        let words = format!("left from {picked:.4} on, picked by the folds");
        assert!(screen.contains(&words), "{screen}");
        world
            .run(&["report", "small@latest", "-o", "page.html"])
            .assert_code(0);
        assert!(world.read("page.html").contains("3 folds"));
        world.commit("Calibrated");
        world.forget();
        world.run(&["run", "--locked"]).assert_code(0);
        assert_eq!(
            json(&world, &["replay", "small@latest"])["verdict"],
            "identical"
        );
        world
            .run(&[
                "promote",
                "small@latest",
                "--to",
                "production",
                "--reason",
                "first",
            ])
            .assert_code(0);
        world
            .run(&["materialize", "--as-of", "2024-01-31"])
            .assert_code(0);
        world
            .run(&["get", "small@latest", "predictions", "-o", "test.csv"])
            .assert_code(0);
        let text = world.read("test.csv");
        assert_questions_are_of_what_is_told(&world, &run, &text);
        let mut positive = 0;
        for line in text.lines().skip(1) {
            let cells: Vec<&str> = line.split(',').collect();
            let probability: f64 = cells[3].parse().unwrap();
            let reply = json(&world, &["predict", cells[0]]);
            assert_eq!(reply["probability"].as_f64(), Some(probability));
            assert_eq!(reply["prediction"], u8::from(probability >= picked));
            positive += u64::from(probability >= picked);
        }
        let confusion = &run["evaluation"]["confusion"];
        let told = |name: &str| confusion[name].as_u64().unwrap();
        assert_eq!(told("tp") + told("fp"), positive);
        let refused = world.run(&["predict", "U001", "--explain"]).assert_code(2);
        assert!(
            refused.error().contains("calibrated"),
            "{}",
            refused.error()
        );
        assert_sound(&world);
    }
}

#[test]
fn a_rule_that_nothing_fulfils_is_refused_in_words() {
    let world = calibrated("threshold = { precision = 1.0 }");
    world.edit(EXPERIMENT, "[evaluate]\nthreshold = 0.5\n", "");
    // Labels that no feature tells apart.
    world.edit(
        EXPERIMENT,
        "kind  = \"random_forest\"\ntrees = 12\nseed  = 42",
        "kind = \"prior\"",
    );
    assert_snapshot!(world.run(&["run", "small"]).assert_code(6).screen(), @r#"
    exit 6
    --- stderr
        Ingested 2024-01-31   2 tables   120 rows   1 check passed
        Executed training_set of small                                   <time> s
        Executed split of small                                          <time> s
        Executed cross_validate of small                                 <time> s
    error: no threshold gives a precision of 1 on the rows that were held out
    help: ask less of `threshold` under [calibrate], or bring features that tell
          more
    "#);
}

/// Two runs of which one is calibrated: what moved, and why.
#[test]
fn a_calibration_is_a_cause_of_a_difference() {
    let world = with_folds("folds = 3");
    let before = world.run_one("small")["run"].as_str().unwrap().to_string();
    world.edit(
        EXPERIMENT,
        "[model]",
        "[calibrate]\nmethod = \"platt\"\n[model]",
    );
    world.run_one("small");
    let diff = json(&world, &["diff", &before, "small@latest", "--attribute"]);
    let inputs = diff["inputs"].as_array().unwrap();
    let method = inputs
        .iter()
        .find(|input| input["name"] == "calibrate.method")
        .unwrap();
    assert_eq!(method["kind"], "model");
    for (metric, causes) in diff["attribution"].as_object().unwrap() {
        let sum: f64 = causes
            .as_array()
            .unwrap()
            .iter()
            .map(|c| c["delta"].as_f64().unwrap())
            .sum();
        let metrics = diff["metrics"].as_array().unwrap();
        let delta = metrics.iter().find(|m| m["name"] == **metric).unwrap()["delta"]
            .as_f64()
            .unwrap();
        assert!((sum - delta).abs() < 1e-12, "{metric}: {sum} {delta}");
    }
    assert!(diff["attribution"].get("log_loss").is_some(), "{diff:#}");
}
