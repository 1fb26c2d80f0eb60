//! What becomes of single features, from the definition to the reply.

use insta::assert_snapshot;
use serde_json::Value;

use crate::common::{World, assert_sound};

const EXPERIMENT: &str = "experiments/small.toml";

/// The small project, with something said under `[preprocess.columns]`.
fn with_columns(text: &str) -> World {
    let world = World::small();
    let columns = format!("[preprocess.columns]\n{text}\n[model]");
    world.edit(EXPERIMENT, "[model]", &columns);
    world
}

const EVERY_WAY: &str = "usage.plan = { categorical = \"target\" }\n\
                         usage.hours = { clip = [0.05, 0.95], log = true, numeric = \"standardize\" }\n\
                         usage.devices = { bins = 3 }\n\
                         usage.per_device = { missing_numeric = -1 }\n";

fn json(world: &World, arguments: &[&str]) -> Value {
    let all = [arguments, &["--format", "json"]].concat();
    world.run(&all).assert_code(0).json()
}

/// The probability of each test row, by its key.
fn probabilities(world: &World) -> Vec<(String, f64)> {
    world
        .run(&["get", "small@latest", "predictions", "-o", "test.csv"])
        .assert_code(0);
    let text = world.read("test.csv");
    let row = |line: &str| {
        let cells: Vec<&str> = line.split(',').collect();
        (cells[0].to_string(), cells[3].parse().unwrap())
    };
    text.lines().skip(1).map(row).collect()
}

#[test]
fn what_is_fitted_is_what_is_served() {
    for kind in ["random_forest", "gradient_boosting", "logistic_regression"] {
        let world = with_columns(EVERY_WAY);
        world.edit(
            EXPERIMENT,
            "kind  = \"random_forest\"\ntrees = 12\nseed  = 42",
            &format!("kind = \"{kind}\""),
        );
        world.edit(
            EXPERIMENT,
            "production = [\"auc >= 0.60\", \"clean\"]",
            "production = []",
        );
        let run = world.run_one("small");
        world.commit("Encoded");
        world.forget();
        world.run(&["run", "--locked"]).assert_code(0);
        let replayed = json(&world, &["replay", "small@latest"]);
        assert_eq!(replayed["verdict"], "identical", "{kind}");
        assert_eq!(replayed["run"], run["run"]);
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
        let tested = probabilities(&world);
        assert!(tested.len() > 5);
        for (key, probability) in tested {
            let reply = json(&world, &["predict", &key]);
            assert_eq!(
                reply["probability"].as_f64(),
                Some(probability),
                "{kind} {key}"
            );
        }
        let explained = json(&world, &["predict", "U001", "--explain"]);
        assert!(
            explained.to_string().contains("usage.plan"),
            "{explained:#}"
        );
        assert_sound(&world);
    }
}

#[test]
fn a_run_knows_what_is_said_of_its_features_and_of_no_others() {
    let world = World::small();
    let plain = world.run_one("small")["run"].clone();
    // Said of a feature that is not used, and said of all anyway.
    world.edit(
        EXPERIMENT,
        "features = [\"usage.plan\", \"usage.hours\", \"usage.devices\", \"usage.per_device\"]",
        "features = [\"usage.plan\", \"usage.hours\", \"usage.devices\"]",
    );
    let fewer = world.run_one("small")["run"].clone();
    assert_ne!(plain, fewer);
    world.edit(
        EXPERIMENT,
        "[model]",
        "[preprocess.columns]\nusage.per_device = { log = true }\n\
         usage.hours = { numeric = \"passthrough\", missing_numeric = \"median\" }\n[model]",
    );
    assert_eq!(world.run_one("small")["run"], fewer);
    let mut seen = vec![fewer];
    for (old, new) in [
        (
            "usage.hours = { numeric = \"passthrough\", missing_numeric = \"median\" }",
            "usage.hours = { log = true }",
        ),
        ("{ log = true }\n[model]", "{ clip = [0.1, 0.9] }\n[model]"),
        ("clip = [0.1, 0.9]", "clip = [0.1, 0.8]"),
        ("clip = [0.1, 0.8]", "bins = 4"),
        ("bins = 4", "bins = 5"),
        (
            "missing_categorical = \"category\"",
            "missing_categorical = \"category\"\nrare = 0.4",
        ),
        ("rare = 0.4", "rare = 0.2"),
        (
            "categorical         = \"one_hot\"",
            "categorical = \"ordinal\"",
        ),
        ("categorical = \"ordinal\"", "categorical = \"target\""),
    ] {
        world.edit(EXPERIMENT, old, new);
        let run = world.run_one("small")["run"].clone();
        assert!(!seen.contains(&run), "{new}");
        seen.push(run);
    }
    assert_snapshot!(
        world
            .run(&["diff", "small@latest", &seen[2].as_str().unwrap()[..12]])
            .assert_code(0)
            .screen(), @r##"
    exit 0
    --- stdout
    a  <short>  small  2024-01-31   auc 0.7273
    b  <short>  small  2024-01-31   auc 0.8636

    what changed
      preprocess  preprocess.categorical
          "target" → "one_hot"  experiments/small.toml:19:23
      preprocess  preprocess.columns.usage.hours.bins
          − 5  experiments/small.toml:17:1
      preprocess  preprocess.columns.usage.hours.clip
          + [0.1, 0.9]  experiments/small.toml:25:24
      preprocess  preprocess.rare  − 0.2  experiments/small.toml:17:1
      data, features, label, split, model, operations, code, environment: the same

    what it did
      auc                0.7273 → 0.8636   +0.1364
      average_precision  0.2500 → 0.3333   +0.0833
      f1                 0.3333 → 0.5000   +0.1667
      accuracy           0.6667 → 0.8333   +0.1667
      precision          0.2000 → 0.3333   +0.1333
      recall             1.0000 → 1.0000  the same
      log_loss           6.2672 → 3.3157   −2.9515
      brier              0.2613 → 0.1759   −0.0853
      training_set  <short>   the same
      split         <short>   the same
      model         <short> → <short>
      predictions   <short> → <short>
      8 of 12 common test rows moved, 2 flipped
      with fewer than 30 of them nothing is said of noise
      the largest moves
        U022  0.6667 → 0.1667  −0.5000  flipped
        U039  0.7500 → 0.4167  −0.3333  flipped
        U012  0.6944 → 0.9167  +0.2222
        U025  0.0000 → 0.1667  +0.1667
        U055  0.1667 → 0.0000  −0.1667
        U030  1.0000 → 0.9167  −0.0833
        U015  0.0833 → 0.1667  +0.0833
        U060  0.0000 → 0.0833  +0.0833
    "##);
}

#[test]
fn a_lock_holds_what_is_said_of_a_feature() {
    let world =
        with_columns("usage.plan = { categorical = \"ordinal\", order = [\"basic\", \"plus\"] }\n");
    world.run_one("small");
    let lock = world.read("lockfiles/small.lock");
    let said = lock.lines().filter(|line| line.contains("preprocess"));
    assert_snapshot!(said.collect::<Vec<_>>().join("\n"), @r##"
    preprocess.categorical = "one_hot"
    preprocess.columns.usage.plan.categorical = "ordinal"
    preprocess.columns.usage.plan.order = ["basic", "plus"]
    preprocess.missing_categorical = "category"
    preprocess.missing_numeric = "median"
    preprocess.numeric = "passthrough"
    "##);
    world.edit(EXPERIMENT, "[\"basic\", \"plus\"]", "[\"plus\", \"basic\"]");
    assert_snapshot!(world.run(&["run", "--locked"]).assert_code(3).error(), @r##"
    error: the lock of small is out of date, and --locked forbids changing it
      preprocess.columns.usage.plan.order   ["basic", "plus"] → ["plus", "basic"]   experiments/small.toml:24:49
    help: accept with `streamflow run small`,
          or run what is locked with `streamflow replay small@locked`
    "##);
    assert_snapshot!(world.run(&["why", "small"]).assert_code(0).screen(), @r##"
    exit 0
    --- stdout
    small   fit and what follows would execute, as run <short>
      compared with run <short>:
      preprocess.columns.usage.plan.order  ["basic", "plus"] → ["plus", "basic"]
          experiments/small.toml:24:49
      training_set and split are as before.
    "##);
}

#[test]
fn a_category_without_a_place_is_refused() {
    let world =
        with_columns("usage.plan = { categorical = \"ordinal\", order = [\"free\", \"basic\"] }\n");
    assert_snapshot!(world.run(&["run", "small"]).assert_code(6).error(), @r##"
    error: `order` of `usage.plan` lacks categories of the train rows
      `plus`
    help: add them to `order` under [preprocess.columns], or leave `order` out
    "##);
}

/// The label reaches what the model is fitted on through the categories, and must not give itself away.
#[test]
fn a_category_for_each_row_says_nothing_of_the_test_rows() {
    let world = World::small();
    for date in ["2024-01-31", "2024-02-29"] {
        let path = format!("data/{date}/usage.csv");
        let text = world.read(&path);
        let renamed = text.lines().enumerate().map(|(at, line)| match at {
            0 => line.to_string(),
            _ => line
                .replace(",plus,", ",basic,")
                .replace(",basic,", &format!(",own {at},")),
        });
        world.write(&path, &(renamed.collect::<Vec<_>>().join("\n") + "\n"));
    }
    world.edit(
        EXPERIMENT,
        "categorical         = \"one_hot\"",
        "categorical = \"target\"",
    );
    world.edit(
        EXPERIMENT,
        "features = [\"usage.plan\", \"usage.hours\", \"usage.devices\", \"usage.per_device\"]",
        "features = [\"usage.plan\"]",
    );
    let run = world.run_one("small");
    let auc = run["metrics"]["auc"].as_f64().unwrap();
    assert!((auc - 0.5).abs() < 0.15, "{auc}");
}
