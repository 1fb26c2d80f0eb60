//! Questions that are asked of a run: what it looks at, how it does by segment, how it moves.

use insta::assert_snapshot;
use serde_json::Value;

use crate::common::World;

const SMALL: &str = "experiments/small.toml";
const FOREST: &str = "kind  = \"random_forest\"\ntrees = 12\nseed  = 42";

fn executed(kind: &str) -> World {
    let world = World::small();
    if kind != FOREST {
        world.edit(SMALL, FOREST, kind);
    }
    world.run_one("small");
    world
}

/// `show small@latest` with more arguments, as a document.
fn asked(world: &World, arguments: &[&str]) -> Value {
    let all = [&["show", "small@latest"], arguments, &["--format", "json"]].concat();
    world.run(&all).assert_code(0).json()
}

fn screen(world: &World, arguments: &[&str]) -> String {
    let all = [&["show", "small@latest"], arguments].concat();
    world.run(&all).screen()
}

#[test]
fn what_a_forest_looks_at() {
    let world = executed(FOREST);
    assert_snapshot!(screen(&world, &["--importances"]), @r#"
    exit 0
    --- stdout
    small   run <short>   what it looks at
      auc is 0.9545 on 12 test rows. How much worse it gets when a feature's values
      change rows, over 10 permutations of each:

                           mean      sd  impurity
      usage.hours       +0.3045  0.2861    0.6436  ████████████████████████
      usage.plan        +0.0909  0.0733    0.0532  ███████▏
      usage.devices     +0.0364  0.0445    0.0856  ██▉
      usage.per_device  −0.0318  0.0291    0.2175
    "#);
    let document = asked(&world, &["--importances"]);
    let plain = asked(&world, &[]);
    // The document of `show`, and the answer.
    let mut rest = document.clone();
    let fields = rest.as_object_mut().unwrap();
    let importances = fields.remove("importances").unwrap();
    let permuted = fields.remove("permuted").unwrap();
    assert_eq!(rest, plain);
    assert_eq!(permuted["metric"], "auc");
    assert_eq!(permuted["score"], plain["metrics"]["auc"]);
    assert_eq!(permuted["rows"], plain["rows"]["test"]);
    assert_eq!(permuted["repeats"], 10);
    let importances = importances.as_array().unwrap();
    let means = importances
        .iter()
        .map(|of| of["permutation"]["mean"].as_f64().unwrap());
    assert!(means.collect::<Vec<_>>().is_sorted_by(|a, b| a >= b));
    // The shares of the evaluation, feature by feature.
    let shares = plain["evaluation"]["importances"].as_array().unwrap();
    assert_eq!(shares.len(), importances.len());
    for share in shares {
        let of = importances
            .iter()
            .find(|of| of["feature"] == share[0])
            .unwrap();
        assert_eq!(of["impurity"], share[1]);
    }
}

#[test]
fn losses_are_turned_so_that_more_is_more_important() {
    let world = executed("kind = \"logistic_regression\"");
    let by = |metric| asked(&world, &["--importances", "--metric", metric]);
    let (auc, loss) = (by("auc"), by("log_loss"));
    for found in [&auc, &loss] {
        assert_eq!(
            found["importances"][0]["feature"], "usage.hours",
            "{found:#}"
        );
        let first = &found["importances"][0]["permutation"];
        assert!(first["mean"].as_f64().unwrap() > 0.0);
        assert!(found["importances"][0].get("impurity").is_none());
    }
    assert_eq!(loss["permuted"]["score"], loss["metrics"]["log_loss"]);
    assert_snapshot!(screen(&world, &["--importances", "--metric", "log_loss", "--repeats", "3"]), @r#"
    exit 0
    --- stdout
    small   run <short>   what it looks at
      log_loss is 0.4610 on 12 test rows. How much worse it gets when a feature's
      values change rows, over 3 permutations of each:

                           mean      sd
      usage.hours       +0.3461  0.0621  ████████████████████████
      usage.per_device  +0.0338  0.0202  ██▍
      usage.devices     +0.0006  0.0140
      usage.plan        −0.0156  0.0023
    "#);
}

#[test]
fn neither_threads_nor_the_order_of_features_show() {
    let one = executed(FOREST).with_threads(1);
    let four = executed(FOREST).with_threads(4);
    four.edit(
        SMALL,
        "features = [\"usage.plan\", \"usage.hours\", \"usage.devices\", \"usage.per_device\"]",
        "features = [\"usage.per_device\", \"usage.devices\", \"usage.hours\", \"usage.plan\"]",
    );
    four.run_one("small");
    let importances = |world: &World| asked(world, &["--importances"])["importances"].clone();
    assert_eq!(importances(&one), importances(&four));
}

#[test]
fn what_cannot_be_asked_is_said() {
    let world = executed(FOREST);
    let refused = |arguments: &[&str]| {
        let all = [&["show", "small@latest"], arguments].concat();
        world.run(&all).assert_code(2).screen()
    };
    assert_snapshot!(refused(&["--importances", "--metric", "r2"]), @r#"
    exit 2
    --- stderr
    error: run <short> has no metric `r2`
      metrics of two classes: auc, average_precision, f1, accuracy, precision,
      recall, log_loss, brier
    "#);
    assert_snapshot!(refused(&["--importances", "--metric", "acuracy"]), @r#"
    exit 2
    --- stderr
    error: run <short> has no metric `acuracy`
      metrics of two classes: auc, average_precision, f1, accuracy, precision,
      recall, log_loss, brier
    help: did you mean `accuracy`?
    "#);
    assert_snapshot!(refused(&["--importances", "--repeats", "0"]), @r#"
    exit 2
    --- stderr
    error: invalid value '0' for '--repeats <N>': 0 is not in 1..=1000

    For more information, try '--help'.
    "#);
    assert_snapshot!(refused(&["--repeats", "3"]), @r#"
    exit 2
    --- stderr
    error: the following required arguments were not provided:
      --importances

    Usage: streamflow show --importances --repeats <N> <RUN>

    For more information, try '--help'.
    "#);
}

/// As `get` says it.
#[test]
fn a_run_whose_outputs_are_gone_cannot_be_asked() {
    let world = executed(FOREST);
    world.commit("Learnt");
    world.forget();
    let error = |arguments: &[&str]| {
        let output = world.run(arguments).assert_code(5);
        output.error().to_string()
    };
    let get = error(&["get", "small@locked", "training_set", "-o", "rows.csv"]);
    let show = error(&["show", "small@locked", "--importances"]);
    assert_eq!(show, get);
    assert!(show.contains("replay"), "{show}");
}
