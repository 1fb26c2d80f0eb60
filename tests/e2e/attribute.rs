//! Which change moved a metric: shares of hybrid runs that add up to the metric's delta.

use std::collections::BTreeSet;

use serde_json::Value;

use crate::common::{FEBRUARY, JANUARY, World};

fn hash(run: &Value) -> String {
    run["run"].as_str().unwrap().to_string()
}

fn attribution(world: &World, a: &str, b: &str) -> Value {
    let output = world.run(&["diff", a, b, "--attribute", "--format", "json"]);
    output.assert_code(0).json()
}

/// Every metric's shares add up to its delta. Gives the causes.
#[track_caller]
fn assert_adds_up(document: &Value) -> BTreeSet<String> {
    let mut causes = BTreeSet::new();
    let metrics = document["metrics"].as_array().unwrap();
    assert_eq!(metrics.len(), 8);
    for metric in metrics {
        let name = metric["name"].as_str().unwrap();
        let shares = document["attribution"][name].as_array().unwrap();
        let sum: f64 = shares
            .iter()
            .map(|share| share["delta"].as_f64().unwrap())
            .sum();
        let delta = metric["delta"].as_f64().unwrap();
        assert!((sum - delta).abs() < 1e-12, "{name}: {sum}, not {delta}");
        causes.extend(
            shares
                .iter()
                .map(|share| share["cause"].as_str().unwrap().to_string()),
        );
    }
    causes
}

/// Turns the label of these customers round.
fn overwrite_labels(world: &World, date: &str, keys: &[&str]) {
    let path = format!("data/{date}/labels.csv");
    for key in keys {
        let text = world.read(&path);
        let line = text.lines().find(|line| line.starts_with(key)).unwrap();
        let other = if line.ends_with("true") {
            "false"
        } else {
            "true"
        };
        world.edit_cell(&path, key, "left", other);
    }
}

const MANY: [&str; 12] = [
    "U004", "U007", "U010", "U012", "U015", "U017", "U022", "U025", "U030", "U035", "U044", "U051",
];

#[test]
fn shares_add_up_and_hybrids_come_from_the_cache() {
    let world = World::small();
    let before = hash(&world.run_one("small"));
    overwrite_labels(&world, JANUARY, &MANY);
    world.edit_cell(
        &format!("data/{JANUARY}/usage.csv"),
        "U008",
        "hours",
        "1.25",
    );
    world.edit("experiments/small.toml", "trees = 12", "trees = 9");
    let after = hash(&world.run_one("small"));
    let document = attribution(&world, &before, &after);
    let causes: Vec<String> = assert_adds_up(&document).into_iter().collect();
    assert_eq!(causes, ["labels", "model", "usage"]);
    assert_eq!(document["attributed"]["method"], "exact");
    assert_eq!(document["attributed"]["hybrids"], 6);
    let objects = crate::common::object_files(&world).len();
    assert_eq!(attribution(&world, &before, &after), document);
    assert_eq!(crate::common::object_files(&world).len(), objects);
    // The other way round everything has the other sign.
    let back = attribution(&world, &after, &before);
    let share = |document: &Value| {
        document["attribution"]["brier"][0]["delta"]
            .as_f64()
            .unwrap()
    };
    assert!((share(&back) + share(&document)).abs() < 1e-12);
    let screen = world
        .run(&["diff", &before, &after, "--attribute=brier"])
        .assert_code(0);
    let at = screen.stdout.find("why brier moved").unwrap();
    insta::assert_snapshot!(&screen.stdout[at..], @r##"
    why brier moved
      labels  +0.2367  ████████████████████████████████
      usage   −0.0104  █▍
      model   −0.0054  ▊
      Shapley values, exact: the two runs and 6 mixtures of them
    "##);
}

#[test]
fn a_single_cause_takes_all_and_nothing_is_executed() {
    let world = World::small();
    let before = hash(&world.run_one("small"));
    overwrite_labels(&world, JANUARY, &MANY);
    let after = hash(&world.run_one("small"));
    let document = attribution(&world, &before, &after);
    assert_eq!(
        assert_adds_up(&document),
        BTreeSet::from(["labels".to_string()])
    );
    assert_eq!(document["attributed"]["hybrids"], 0);
    let same = attribution(&world, &before, &before);
    assert_eq!(same["attribution"]["auc"], serde_json::json!([]));
}

/// Two months: each table goes from one date to the other alone.
#[test]
fn two_months_are_mixed_table_by_table() {
    let world = World::small();
    overwrite_labels(&world, FEBRUARY, &MANY);
    let january = world.read("experiments/small.toml");
    world.write(
        "experiments/february.toml",
        &january.replace(JANUARY, FEBRUARY),
    );
    world.run(&["run"]).assert_code(0);
    let document = attribution(&world, "small@latest", "february@latest");
    let causes: Vec<String> = assert_adds_up(&document).into_iter().collect();
    assert_eq!(causes, ["labels", "usage"]);
    let two = january.replace(JANUARY, &format!("[{JANUARY}, {FEBRUARY}]"));
    world.write("experiments/both.toml", &two);
    world.run(&["run", "both"]).assert_code(0);
    // Another number of dates cannot be paired: everything read is one cause.
    let document = attribution(&world, "small@latest", "both@latest");
    assert_eq!(
        assert_adds_up(&document),
        BTreeSet::from(["data".to_string()])
    );
}

/// A definition that reads a column the earlier table lacks goes with its table.
#[test]
fn causes_that_cannot_be_mixed_count_as_one() {
    let world = World::small();
    let before = hash(&world.run_one("small"));
    let path = format!("data/{JANUARY}/usage.csv");
    let text: String = world
        .read(&path)
        .lines()
        .enumerate()
        .map(|(at, line)| match at {
            0 => format!("{line},skips\n"),
            _ => format!("{line},{}\n", at * 3 % 11),
        })
        .collect();
    world.write(&path, &text);
    world.edit(
        "features/usage.toml",
        "joined  = \"date\"",
        "joined  = \"date\"\nskips = \"i64\"",
    );
    world.edit(
        "features/usage.toml",
        "\"devices\"]",
        "\"devices\", \"skips\"]",
    );
    world.edit_cell(&path, "U008", "hours", "1.25");
    world.edit(
        "experiments/small.toml",
        "\"usage.plan\",",
        "\"usage.plan\", \"usage.skips\",",
    );
    world.edit("experiments/small.toml", "trees = 12", "trees = 9");
    overwrite_labels(&world, JANUARY, &MANY);
    let after = hash(&world.run_one("small"));
    let document = attribution(&world, &before, &after);
    let causes: Vec<String> = assert_adds_up(&document).into_iter().collect();
    assert_eq!(causes, ["labels", "model", "usage + features"]);
    let merged = &document["attributed"]["merged"][0];
    assert_eq!(merged["cause"], "usage + features");
    let screen = world
        .run(&["diff", &before, &after, "--attribute"])
        .assert_code(0);
    assert!(
        screen.stdout.contains("usage + features count as one"),
        "{}",
        screen.stdout
    );
}

/// Six causes: shares are sampled, add up all the same, and have standard errors.
#[test]
fn more_than_five_causes_are_sampled_with_their_errors() {
    let world = World::small();
    let before = hash(&world.run_one("small"));
    overwrite_labels(&world, JANUARY, &MANY);
    world.edit_cell(
        &format!("data/{JANUARY}/usage.csv"),
        "U008",
        "hours",
        "1.25",
    );
    world.edit(
        "features/usage.toml",
        "hours / NULLIF(devices, 0)",
        "hours / (1 + devices)",
    );
    world.edit("experiments/small.toml", "test   = 0.25", "test   = 0.4");
    world.edit("experiments/small.toml", "\"median\"", "\"mean\"");
    world.edit("experiments/small.toml", "trees = 12", "trees = 9");
    let after = hash(&world.run_one("small"));
    let document = attribution(&world, &before, &after);
    let causes: Vec<String> = assert_adds_up(&document).into_iter().collect();
    assert_eq!(
        causes,
        [
            "features",
            "labels",
            "model",
            "preprocess",
            "split",
            "usage"
        ]
    );
    assert_eq!(document["attributed"]["method"], "sampled");
    let shares = document["attribution"]["brier"].as_array().unwrap();
    assert!(
        shares
            .iter()
            .all(|share| share["error"].as_f64().unwrap() >= 0.0)
    );
    assert!(
        shares
            .iter()
            .any(|share| share["error"].as_f64().unwrap() > 0.0)
    );
    let one_thread = world.with_threads(1);
    assert_eq!(attribution(&one_thread, &before, &after), document);
}

#[test]
fn what_cannot_be_attributed_says_why() {
    let world = World::small();
    world.run(&["run"]).assert_code(0);
    world.commit("First");
    overwrite_labels(&world, JANUARY, &MANY);
    world.edit("experiments/small.toml", "trees = 12", "trees = 9");
    world.run(&["run"]).assert_code(0);
    world.commit("Second");
    let wrong = world.run(&["diff", "small@HEAD~1", "small@HEAD", "--attribute=auk"]);
    insta::assert_snapshot!(wrong.assert_code(2).screen(), @r#"
    exit 2
    --- stderr
    error: there is no metric `auk`
      metrics: auc, auc_ovr, average_precision, f1, f1_macro, accuracy, precision,
      precision_macro, recall, recall_macro, log_loss, brier, r2, rmse, mae,
      median_absolute_error
      and of each its mean over the folds of [cross_validation], such as cv_auc
    help: did you mean `auc`?
    "#);
    // A clone has the second month's files and not those of the first run.
    let clone = world.cloned();
    let arguments = ["diff", "small@HEAD~1", "small@HEAD", "--attribute"];
    let output = clone.run(&arguments).assert_code(5);
    assert!(output.stdout.contains("what changed"), "{}", output.stdout);
    assert!(
        output
            .stderr
            .contains("the locked data of labels at 2024-01-31 cannot be had"),
        "{}",
        output.stderr
    );
    let document = clone.run(&[&arguments[..], &["--format", "json"]].concat());
    let document = document.assert_code(5).json();
    assert_eq!(document["inputs"][0]["name"], "labels");
    assert_eq!(document["error"]["code"], "missing_input");
}

/// A run of operations that this program does not have can be compared, and not mixed.
#[test]
fn runs_of_other_operations_are_not_mixed() {
    let world = World::small();
    world.run(&["run"]).assert_code(0);
    let path = world.project().join("lockfiles/small.lock");
    let text = std::fs::read_to_string(&path).unwrap();
    let mut lock = streamflow::lockfile::parse_lock("lockfiles/small.lock", &text).unwrap();
    lock.operations.0.insert("random_forest".to_string(), 99);
    lock.run = lock.identity().id();
    world.write(
        "lockfiles/small.lock",
        &streamflow::lockfile::render_lock(&lock),
    );
    let output = world.run(&["diff", "small@latest", "small@locked", "--attribute"]);
    let output = output.assert_code(3);
    assert!(
        output
            .stdout
            .contains("operations  random_forest  v3 → v99"),
        "{}",
        output.stdout
    );
    assert!(output.stderr.contains("random_forest"), "{}", output.stderr);
}
