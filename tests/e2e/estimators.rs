//! Every estimator from end to end: learnt, locked, proved, pinned, asked; and what it refuses.

use serde_json::Value;

use crate::common::{World, assert_sound};

const SMALL: &str = "experiments/small.toml";
const FOREST: &str = "kind  = \"random_forest\"\ntrees = 12\nseed  = 42";

/// Each kind as people write it, and a line of its lock that no other has.
const KINDS: [(&str, &str); 6] = [
    ("kind = \"extra_trees\"\ntrees = 12", "extra_trees = 2"),
    (
        "kind = \"decision_tree\"\nmax_depth = 4",
        "model.max_features = \"all\"",
    ),
    ("kind = \"gaussian_nb\"", "model.smoothing = 1e-9"),
    (
        "kind = \"knn\"\nneighbors = 7\nweights = \"distance\"",
        "model.neighbors = 7",
    ),
    ("kind = \"logistic_regression\"\nl1 = 0.5", "model.l1 = 0.5"),
    (
        "kind = \"gradient_boosting\"\ntrees = 5\nmin_samples_leaf = 3",
        "gradient_boosting = 2",
    ),
];

fn small(kind: &str) -> World {
    let world = World::small();
    world.edit(SMALL, FOREST, kind);
    world.edit(
        SMALL,
        "production = [\"auc >= 0.60\", \"clean\"]",
        "production = []",
    );
    world
}

#[test]
fn what_is_learnt_is_proved_and_answers() {
    for (kind, line) in KINDS {
        let world = small(kind).with_threads(2);
        let run = world.run_one("small");
        let auc = run["metrics"]["auc"].as_f64().unwrap();
        assert!((0.0..=1.0).contains(&auc), "{kind} {auc}");
        let lock = world.read("lockfiles/small.lock");
        assert!(lock.lines().any(|found| found == line), "{line}\n{lock}");

        world.commit("Learnt");
        let replayed = world.run(&["replay", "small@latest", "--format", "json"]);
        assert_eq!(
            replayed.assert_code(0).json()["verdict"],
            "identical",
            "{kind}"
        );
        let other = world.cloned().with_threads(1);
        assert_eq!(other.run_one("small")["outputs"], run["outputs"], "{kind}");

        let promote = [
            "promote",
            "small@latest",
            "--to",
            "production",
            "--reason",
            "x",
        ];
        world.run(&promote).assert_code(0);
        world
            .run(&["materialize", "--as-of", "2024-01-31"])
            .assert_code(0);
        let one = world.run(&["predict", "U003", "--format", "json"]);
        let one = one.assert_code(0).json();
        assert_eq!(one["run"], run["run"]);
        let get = [
            "get",
            "small@latest",
            "predictions",
            "-o",
            "-",
            "--format",
            "json",
        ];
        let scores: Value = world.run(&get).assert_code(0).json();
        for score in scores.as_array().unwrap() {
            let probability = score["probability"].as_f64().unwrap();
            assert!((0.0..=1.0).contains(&probability), "{kind} {score}");
        }
        assert_sound(&world);
    }
}

/// A parameter that came later is declared only where it is used.
#[test]
fn an_l1_of_zero_is_the_run_it_was() {
    let run = |kind: &str| small(kind).run_one("small")["run"].clone();
    let plain = run("kind = \"logistic_regression\"");
    assert_eq!(run("kind = \"logistic_regression\"\nl1 = 0.0"), plain);
    assert_ne!(run("kind = \"logistic_regression\"\nl1 = 0.1"), plain);
    let world = small("kind = \"logistic_regression\"\nl1 = 0.0");
    world.run_one("small");
    let lock = world.read("lockfiles/small.lock");
    assert!(!lock.contains("model.l1"), "{lock}");
    let world = small("kind = \"logistic_regression\"\nl1 = 0.1");
    world.run_one("small");
    world.edit(SMALL, "l1 = 0.1", "l1 = 0.2");
    let told = world
        .run(&["run", "small", "--locked"])
        .assert_code(3)
        .stderr;
    assert!(
        told.contains("model.l1") && told.contains("0.1 → 0.2"),
        "{told}"
    );
}

#[test]
fn wrong_parameters_are_named_with_their_place() {
    for (kind, expected) in [
        (
            "kind = \"knn\"\nneighbors = 0",
            "an integer from 1 to 100000",
        ),
        (
            "kind = \"knn\"\nweights = \"near\"",
            "one of `uniform`, `distance`",
        ),
        (
            "kind = \"knn\"\nneighbours = 3",
            "did you mean `neighbors`?",
        ),
        (
            "kind = \"gaussian_nb\"\nsmoothing = 0.0",
            "a number from 1e-15 to 1",
        ),
        (
            "kind = \"logistic_regression\"\nl1 = -1.0",
            "a number from 0 to",
        ),
        (
            "kind = \"decision_tree\"\ntrees = 3",
            "has no such parameter",
        ),
        (
            "kind = \"extra_trees\"\nmax_features = \"some\"",
            "`sqrt`, `log2`, `all`",
        ),
        ("kind = \"svm\"", "unknown kind of model `svm`"),
    ] {
        let told = small(kind).run(&["check"]).assert_code(2).stderr;
        assert!(told.contains(expected), "{kind}\n{told}");
        assert!(told.contains("experiments/small.toml:"), "{told}");
    }
    let world = small("kind = \"knn\"\nneighbors = 60");
    let told = world.run(&["run", "small"]).assert_code(6).stderr;
    assert!(told.contains("have no 60 neighbours"), "{told}");
}

#[test]
fn show_says_how_far_a_metric_may_be_off() {
    let world = World::small();
    world.edit(SMALL, "test   = 0.25", "test   = 0.6");
    world.run_one("small");
    let shown = world.run(&["show", "small@latest", "--format", "json"]);
    let shown = shown.assert_code(0).json();
    let intervals = shown["intervals"].as_object().unwrap();
    assert_eq!(intervals.len(), 8, "{intervals:#?}");
    for (name, interval) in intervals {
        let value = shown["metrics"][name].as_f64().unwrap();
        let (low, high) = (&interval["low"], &interval["high"]);
        let (low, high) = (low.as_f64().unwrap(), high.as_f64().unwrap());
        assert!(low <= value && value <= high, "{name} {interval}");
    }
    let screen = world.run(&["show", "small@latest"]).assert_code(0).stdout;
    assert!(screen.contains("95 of 100 draws"), "{screen}");
    // Looked at again, it is the same to the bit.
    let again = world
        .run(&["show", "small@latest", "--format", "json"])
        .json();
    assert_eq!(again["intervals"], shown["intervals"]);
    // Too few rows to say.
    world.edit(SMALL, "test   = 0.6", "test   = 0.2");
    world.run_one("small");
    let few = world
        .run(&["show", "small@latest", "--format", "json"])
        .json();
    assert_eq!(few["intervals"], serde_json::json!({}));
}
