//! Gradient boosting from end to end: locked, proved, compared, pinned, scored; and what it refuses.

use serde_json::{Value, json};

use crate::common::{World, assert_sound};

const SMALL: &str = "experiments/small.toml";
const FOREST: &str = "kind  = \"random_forest\"\ntrees = 12\nseed  = 42";
const BOOSTED: &str = "kind  = \"gradient_boosting\"\ntrees = 12\nmin_samples_leaf = 3\nseed  = 42";

/// The small project, its experiment boosted.
fn small() -> World {
    let world = World::small();
    world.edit(SMALL, FOREST, BOOSTED);
    world
}

fn text(value: &Value) -> &str {
    value.as_str().unwrap()
}

#[test]
fn a_boosted_run_is_locked_and_proved_on_other_threads() {
    let world = small();
    let run = world.run_one("small");
    assert!(run["metrics"]["auc"].as_f64().unwrap() > 0.6, "{run:#}");
    let importances = run["evaluation"]["importances"].as_array().unwrap();
    let shares = importances.iter().map(|each| each[1].as_f64());
    let sum: f64 = shares.map(Option::unwrap).sum();
    assert!((sum - 1.0).abs() < 1e-9, "{importances:#?}");

    let lock = world.read("lockfiles/small.lock");
    for line in [
        "gradient_boosting = 2",
        "model.kind = \"gradient_boosting\"",
        "model.column_share = 1.0",
        "model.l2 = 0.0",
        "model.learning_rate = 0.1",
        "model.max_bins = 255",
        "model.max_depth = 0",
        "model.max_leaves = 31",
        "model.min_gain = 0.0",
        "model.min_hessian = 0.001",
        "model.min_samples_leaf = 3",
        "model.patience = 0",
        "model.row_share = 1.0",
        "model.seed = 42",
        "model.trees = 12",
        "model.validation_share = 0.1",
    ] {
        assert!(lock.lines().any(|found| found == line), "{line}\n{lock}");
    }

    world.commit("Boosted");
    world.forget();
    world.run(&["run", "--locked"]).assert_code(0);
    for threads in [1, 3] {
        let world = world.cloned().with_threads(threads);
        let again = world.run_one("small");
        assert_eq!(again["outputs"], run["outputs"], "{threads} threads");
    }
    let replayed = world.run(&["replay", "small@latest", "--format", "json"]);
    assert_eq!(replayed.assert_code(0).json()["verdict"], "identical");
    world.run(&["verify", "small"]).assert_code(0);
    assert_sound(&world);
}

#[test]
fn two_boosted_runs_are_compared_and_the_cause_is_named() {
    let world = small();
    let before = world.run_one("small");
    world.edit(SMALL, "trees = 12", "trees = 40");
    let now = world.run_one("small");
    let arguments = ["diff", text(&before["run"]), text(&now["run"])];
    let screen = world.run(&arguments).assert_code(0).stdout;
    assert!(screen.contains("model.trees"), "{screen}");
    let attribute = [&arguments[..], &["--attribute", "--format", "json"]].concat();
    let document = world.run(&attribute).assert_code(0).json();
    assert!(document["attribution"].is_object(), "{document:#}");

    // Another estimator on the same rows.
    world.edit(SMALL, "gradient_boosting", "logistic_regression");
    world.edit(
        SMALL,
        "trees = 40\nmin_samples_leaf = 3\nseed  = 42",
        "l2 = 1.0",
    );
    let line = world.run_one("small");
    let arguments = ["diff", text(&now["run"]), text(&line["run"])];
    let screen = world.run(&arguments).assert_code(0).stdout;
    assert!(
        screen.contains("gradient_boosting") && screen.contains("logistic_regression"),
        "{screen}"
    );
}

#[test]
fn noise_has_a_seed_to_vary() {
    let world = small();
    world.edit(SMALL, "trees = 12", "trees = 12\nrow_share = 0.7");
    let arguments = ["run", "small", "--repeat", "3", "--vary", "model"];
    let json = [&arguments[..], &["--format", "json"]].concat();
    let document = world.run(&json).assert_code(0).json();
    assert_eq!(document["family"]["varied"], json!(["model.seed"]));
    assert_eq!(document["family"]["n"], 3);
}

#[test]
fn a_pinned_booster_scores() {
    let world = small();
    world.edit(
        SMALL,
        "production = [\"auc >= 0.60\", \"clean\"]",
        "production = []",
    );
    let run = world.run_one("small");
    world.commit("Boosted");
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
    let all = ["predict", "--all", "-o", "scores.csv"];
    world.run(&all).assert_code(0);
    let scores = world.read("scores.csv");
    let row = scores
        .lines()
        .find(|line| line.starts_with("U003,"))
        .unwrap();
    let probability = one["probability"].as_f64().unwrap();
    assert!(
        row.contains(&format!(",{probability}")),
        "{row} {probability}"
    );
    let card = ["export", "production", "--format", "model-card"];
    let card = world.run(&card).assert_code(0).stdout;
    assert!(card.contains("gradient_boosting"), "{card}");
}

#[test]
fn a_parameter_out_of_range_is_quoted() {
    let world = small();
    world.edit(
        SMALL,
        "trees = 12",
        "trees = 0\nlearning_rate = 1.5\nmax_bins = 256\nleaves = 3",
    );
    insta::assert_snapshot!(world.run(&["check"]).assert_code(2).screen(), @r"
    exit 2
    --- stderr
    error: invalid value for `trees`
       ╭▸ experiments/small.toml:25:9
       │
    25 │ trees = 0
       ╰╴        ━ expected an integer from 1 to 100000

    error: invalid value for `learning_rate`
       ╭▸ experiments/small.toml:26:17
       │
    26 │ learning_rate = 1.5
       ╰╴                ━━━ expected a number from 1e-6 to 1

    error: invalid value for `max_bins`
       ╭▸ experiments/small.toml:27:12
       │
    27 │ max_bins = 256
       ╰╴           ━━━ expected an integer from 2 to 255

    error: unknown key `leaves`
       ╭▸ experiments/small.toml:28:1
       │
    28 │ leaves = 3
       ╰╴━━━━━━ `gradient_boosting` has no such parameter; did you mean `max_leaves`?

    4 errors in 1 of 4 files
    ");
}

#[test]
fn data_that_cannot_be_boosted_is_refused_or_gives_the_class_rate() {
    let world = small();
    // Of 48 train rows no 31 can stand on each side.
    world.edit(SMALL, "min_samples_leaf = 3", "min_samples_leaf = 31");
    let run = world.run_one("small");
    assert_eq!(run["metrics"]["auc"], 0.5);
    // By this seed none of 48 rows is held out.
    world.edit(SMALL, "seed  = 42", "seed  = 43");
    world.edit(
        SMALL,
        "min_samples_leaf = 31",
        "min_samples_leaf = 1\npatience = 2\nvalidation_share = 0.01",
    );
    let refused = world.run(&["run", "small"]).assert_code(6);
    insta::assert_snapshot!(refused.error(), @r"
    error: no train row is held out
      `patience = 2` holds out 0 of 48 rows
    help: set another `validation_share` under [model], or `patience = 0`
    ");
    // Labels of one class.
    let labels = world
        .read("data/2024-01-31/labels.csv")
        .replace("true", "false");
    world.write("data/2024-01-31/labels.csv", &labels);
    world.run(&["run", "small"]).assert_code(6);
}
