//! Questions that are asked of a run: what it looks at, how it does by segment, how it moves.

use insta::assert_snapshot;
use serde_json::Value;

use crate::common::World;
use crate::tasks::shop;

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

fn refused(world: &World, arguments: &[&str]) -> String {
    let all = [&["show", "small@latest"], arguments].concat();
    world.run(&all).assert_code(2).screen()
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

/// The rows of all segments together, and their metrics where they hold all rows.
fn assert_adds_up(document: &Value) {
    let segments = document["segments"].as_array().unwrap();
    let rows = segments.iter().map(|of| of["rows"].as_u64().unwrap());
    assert_eq!(
        rows.sum::<u64>(),
        document["rows"]["test"].as_u64().unwrap()
    );
    if let [only] = segments.as_slice() {
        assert_eq!(only["metrics"], document["metrics"]);
    }
}

#[test]
fn a_run_is_judged_by_the_values_of_a_feature() {
    let world = executed(FOREST);
    assert_snapshot!(screen(&world, &["--by", "usage.plan"]), @r#"
    exit 0
    --- stdout
    small   run <short>   by usage.plan

               test rows    left     auc
      "basic"          7   0.0 %       –
      "plus"           5  20.0 %  1.0000

                   ap      f1    acc.   prec.  recall   logl.   brier
      "basic"       –  0.0000  0.8571  0.0000  0.0000  5.1876  0.1478
      "plus"   1.0000  0.6667  0.8000  0.5000  1.0000  0.5683  0.1764

      The test rows hold one label class, so `auc` and `average_precision` are
      undefined.
      in "basic"
    "#);
    assert_snapshot!(screen(&world, &["--by", "usage.devices"]), @r#"
    exit 0
    --- stdout
    small   run <short>   by usage.devices

         test rows    left     auc
      0          4  25.0 %  1.0000
      1          1   0.0 %       –
      2          3   0.0 %       –
      3          4   0.0 %       –

             ap      f1    acc.   prec.  recall   logl.   brier
      0  1.0000  1.0000  1.0000  1.0000  1.0000  0.0218  0.0017
      1       –  0.0000  1.0000  0.0000  0.0000  0.0870  0.0069
      2       –  0.0000  0.6667  0.0000  0.0000  0.8891  0.2894
      3       –  0.0000  0.7500  0.0000  0.0000  9.0782  0.2587

      The test rows hold one label class, so `auc` and `average_precision` are
      undefined.
      in 1, 2, 3
    "#);
    let plain = asked(&world, &[]);
    for feature in ["plan", "hours", "devices", "per_device"] {
        let document = asked(&world, &["--by", &format!("usage.{feature}")]);
        assert_adds_up(&document);
        let mut rest = document;
        let fields = rest.as_object_mut().unwrap();
        fields.remove("segments").unwrap();
        assert_eq!(
            fields.remove("segmented_by").unwrap(),
            format!("usage.{feature}")
        );
        assert_eq!(rest, plain);
    }
    let document = asked(&world, &["--by", "usage.plan"]);
    let first = &document["segments"][0];
    assert_eq!(
        (&first["segment"], &first["value"]),
        (&"basic".into(), &"basic".into())
    );
}

/// A column that the run does not use is found at the dates of its rows as features are.
#[test]
fn a_run_is_judged_by_a_column_it_does_not_use() {
    let world = executed(FOREST);
    let by = |column: &str| asked(&world, &["--by", column])["segments"].clone();
    assert_snapshot!(screen(&world, &["--by", "usage.joined"]), @r#"
    exit 0
    --- stdout
    small   run <short>   by usage.joined

                  test rows    left     auc
      2023-02-15          2   0.0 %       –
      2023-04-15          3  33.3 %  1.0000
      2023-05-15          1   0.0 %       –
      2023-06-15          1   0.0 %       –
      2023-07-15          2   0.0 %       –
      2023-08-15          1   0.0 %       –
      2023-09-15          2   0.0 %       –

                      ap      f1    acc.   prec.  recall    logl.   brier
      2023-02-15       –  0.0000  1.0000  0.0000  0.0000   0.0000  0.0000
      2023-04-15  1.0000  0.6667  0.6667  0.5000  1.0000   0.8891  0.2894
      2023-05-15       –  0.0000  1.0000  0.0000  0.0000   0.1823  0.0278
      2023-06-15       –  0.0000  1.0000  0.0000  0.0000   0.0000  0.0000
      2023-07-15       –  0.0000  1.0000  0.0000  0.0000   0.0870  0.0069
      2023-08-15       –  0.0000  1.0000  0.0000  0.0000   0.0870  0.0069
      2023-09-15       –  0.0000  0.5000  0.0000  0.0000  18.0218  0.5000

      The test rows hold one label class, so `auc` and `average_precision` are
      undefined.
      in 2023-02-15, 2023-05-15, 2023-06-15, 2023-07-15, 2023-08-15, 2023-09-15
    "#);
    let (used, plan) = (by("usage.plan"), "\"usage.plan\", ");
    world.edit(SMALL, plan, "");
    world.run_one("small");
    let unused = by("usage.plan");
    let rows = |segments: &Value| {
        let segments = segments.as_array().unwrap().iter();
        let of = |of: &Value| {
            (
                of["segment"].clone(),
                of["rows"].clone(),
                of["positive"].clone(),
            )
        };
        segments.map(of).collect::<Vec<_>>()
    };
    assert_eq!(rows(&used), rows(&unused));
    assert_adds_up(&asked(&world, &["--by", "usage.joined"]));
}

#[test]
fn a_curve_is_drawn_of_a_number_and_of_a_text() {
    let world = executed(FOREST);
    assert_snapshot!(screen(&world, &["--dependence", "usage.hours", "--grid", "6"]), @r#"
    exit 0
    --- stdout
    small   run <short>   as usage.hours moves
      The mean probability over 12 test rows when all of them have the value, and
      the share of rows near it:

                     rows    mean
      as they are          0.2917
      5.05         16.7 %  0.8750  ████████████████████████
      10.83         8.3 %  0.8681  ███████████████████████▊
      16.61         8.3 %  0.0833  ██▎
      22.39        16.7 %  0.0694  █▉
      28.17        33.3 %  0.0972  ██▋
      33.95        16.7 %  0.1111  ███
    "#);
    assert_snapshot!(screen(&world, &["--dependence", "usage.plan"]), @r#"
    exit 0
    --- stdout
    small   run <short>   as usage.plan moves
      The mean probability over 12 test rows when all of them have the value, and
      the share of rows near it:

                     rows    mean
      as they are          0.2917
      "basic"      58.3 %  0.2639  ████████████████████▎
      "plus"       41.7 %  0.3125  ████████████████████████
    "#);
    let document = asked(&world, &["--dependence", "usage.per_device"]);
    let curve = &document["dependence"];
    assert_eq!(curve["feature"], "usage.per_device");
    let points = curve["points"].as_array().unwrap();
    let shares = points.iter().map(|of| of["share"].as_f64().unwrap());
    let sum: f64 = shares.sum();
    // Each of few values is a point, null is one.
    assert!((sum - 1.0).abs() < 1e-9, "{curve:#}");
    assert!(points.iter().any(|of| of["value"].is_null()), "{curve:#}");
    assert!(curve["mean"].is_f64());
}

#[test]
fn what_cannot_be_divided_or_drawn_is_said() {
    let world = executed(FOREST);
    let refused = |arguments: &[&str]| refused(&world, arguments);
    assert_snapshot!(refused(&["--by", "usage.hour"]), @r#"
    exit 2
    --- stderr
    error: run <short> has no feature `usage.hour`
    help: did you mean `usage.hours`?
          `--by` takes any column of these tables too: usage
    "#);
    assert_snapshot!(refused(&["--by", "labels.left"]), @r#"
    exit 2
    --- stderr
    error: labels.left is what run <short> predicts, and no feature of it
      features of the run: usage.devices, usage.hours, usage.per_device, usage.plan
    help: `--by` takes any column of these tables too: usage
    "#);
    assert_snapshot!(refused(&["--dependence", "labels.left"]), @r#"
    exit 2
    --- stderr
    error: labels.left is what run <short> predicts, and no feature of it
      features of the run: usage.devices, usage.hours, usage.per_device, usage.plan
    "#);
    assert_snapshot!(refused(&["--dependence", "usage.joined"]), @r#"
    exit 2
    --- stderr
    error: run <short> has no feature `usage.joined`
    help: did you mean `usage.devices`?
    "#);
    assert_snapshot!(refused(&["--dependence", "usage.plan", "--grid", "1"]), @r#"
    exit 2
    --- stderr
    error: invalid value '1' for '--grid <N>': 1 is not in 2..=1000

    For more information, try '--help'.
    "#);
    assert_snapshot!(refused(&["--by", "usage.plan", "--importances"]), @r#"
    exit 2
    --- stderr
    error: the argument '--by <TABLE.FEATURE>' cannot be used with '--importances'

    Usage: streamflow show --by <TABLE.FEATURE> <RUN>

    For more information, try '--help'.
    "#);
}

/// All test rows stay: there is no area under a curve, and no reason to stop.
#[test]
fn test_rows_of_one_class_are_judged_by_what_is_defined() {
    let world = executed(FOREST);
    let rows = asked(&world, &[])["rows"]["test"].clone();
    world
        .run(&["get", "small@latest", "split", "-o", "split.csv"])
        .assert_code(0);
    let split = world.read("split.csv");
    let keys = split.lines().filter(|line| line.ends_with(",test"));
    let labels = "data/2024-01-31/labels.csv";
    let text = world.read(labels);
    for key in keys.filter_map(|line| line.split(',').next()) {
        let stays = format!("{key},false");
        if !text.contains(&stays) {
            world.edit_cell(labels, key, "left", "false");
        }
    }
    let run = world
        .run(&["run", "small", "--format", "json"])
        .assert_code(0)
        .json();
    assert_eq!(run["rows"]["test"], rows);
    assert_snapshot!(world.run(&["show", "small@latest", "--importances"]).screen(), @r#"
    exit 2
    --- stderr
    error: `auc` is not defined on the test rows of run <short>
      The test rows hold one label class, so `auc` and `average_precision` are
      undefined.
    help: `--metric f1` can be asked for
    "#);
    assert_snapshot!(
        screen(&world, &["--importances", "--metric", "accuracy", "--repeats", "2"]), @r#"
    exit 0
    --- stdout
    small   run <short>   what it looks at
      accuracy is 0.7500 on 12 test rows. How much worse it gets when a feature's
      values change rows, over 2 permutations of each:

                           mean      sd  impurity
      usage.devices     +0.0000  0.0000    0.0856
      usage.hours       +0.0000  0.0000    0.6436
      usage.per_device  +0.0000  0.0000    0.2175
      usage.plan        +0.0000  0.0000    0.0532
    "#);
    assert_snapshot!(screen(&world, &["--by", "usage.plan"]), @r#"
    exit 0
    --- stdout
    small   run <short>   by usage.plan

               test rows   left  auc
      "basic"          7  0.0 %    –
      "plus"           5  0.0 %    –

                   f1    acc.   prec.  recall   logl.   brier
      "basic"  0.0000  0.8571  0.0000  0.0000  5.1876  0.1478
      "plus"   0.0000  0.6000  0.0000  0.0000  7.7770  0.3764

      The test rows hold one label class, so `auc` and `average_precision` are
      undefined.
      in "basic", "plus"
    "#);
}

#[test]
fn what_cannot_be_asked_is_said() {
    let world = executed(FOREST);
    let refused = |arguments: &[&str]| refused(&world, arguments);
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

#[test]
fn classes_and_numbers_can_be_asked_too() {
    for (task, column, metric) in [
        ("multiclass", "plan", "auc_ovr"),
        ("regression", "spend", "r2"),
    ] {
        let world = shop(task, column, "kind = \"random_forest\"\ntrees = 10");
        world.run_one("plan");
        let asked = |arguments: &[&str]| {
            let all = [&["show", "plan@latest"], arguments, &["--format", "json"]].concat();
            world.run(&all).assert_code(0).json()
        };
        let found = asked(&["--importances"]);
        assert_eq!(found["permuted"]["metric"], metric);
        assert_eq!(found["permuted"]["score"], found["metrics"][metric]);
        assert_eq!(found["importances"][0]["feature"], "usage.hours");
        let found = asked(&["--by", "usage.region"]);
        assert_adds_up(&found);
        assert!(
            found["segments"][0]["intervals"][metric]["low"].is_f64(),
            "{found:#}"
        );
        let found = asked(&["--dependence", "usage.hours", "--grid", "5"]);
        assert_eq!(found["dependence"]["points"].as_array().unwrap().len(), 5);
        let screen = |arguments: &[&str]| {
            let all = [&["show", "plan@latest"], arguments].concat();
            world.run(&all).screen()
        };
        let screens = [
            screen(&["--by", "usage.hours"]),
            screen(&["--dependence", "usage.devices"]),
        ];
        match task {
            "multiclass" => assert_snapshot!(screens.join("\n"), @r#"
            exit 0
            --- stdout
            plan   run <short>   by usage.hours

                                     test rows  auc_ovr
              up to 32.75                   14   0.9896
              over 32.75 up to 54.5         13   1.0000
              over 54.5 up to 79.25         13   0.8889
              over 79.25                    14   1.0000

                                      f1 m.    acc.  prec. m.  recall m.   logl.
              up to 32.75            0.8571  0.8571    0.8750     0.8750  0.2225
              over 32.75 up to 54.5  0.5880  0.8462    0.6000     0.5926  0.1377
              over 54.5 up to 79.25  0.7451  0.7692    0.7375     0.7639  0.4701
              over 79.25             1.0000  1.0000    1.0000     1.0000  0.0581

            exit 0
            --- stdout
            plan   run <short>   as usage.devices moves
              The mean probability of each class over 54 test rows when all of them have the
              value, and the share of rows near it:

                             rows   Basic  Family plan  Prémium
              as they are          0.1480       0.4279   0.4241
              1             9.3 %  0.3944       0.5000   0.1056
              2            16.7 %  0.3611       0.4728   0.1660
              3            20.4 %  0.1776       0.5208   0.3015
              4            22.2 %  0.0980       0.5020   0.4000
              5            20.4 %  0.0110       0.4379   0.5511
              6            11.1 %  0.0110       0.2724   0.7167
            "#),
            _ => assert_snapshot!(screens.join("\n"), @r#"
            exit 0
            --- stdout
            plan   run <short>   by usage.hours

                                     test rows      r2
              up to 32.75                   14  0.9392
              over 32.75 up to 54.5         13  0.9317
              over 54.5 up to 79.25         13  0.9509
              over 79.25                    14  0.9302

                                       rmse     mae    med.
              up to 32.75            1.7569  1.4870  1.1800
              over 32.75 up to 54.5  1.3686  1.0317  0.7650
              over 54.5 up to 79.25  1.3610  1.1300  1.1850
              over 79.25             1.6121  1.3704  1.1725

            exit 0
            --- stdout
            plan   run <short>   as usage.devices moves
              The mean prediction over 54 test rows when all of them have the value, and the
              share of rows near it:

                             rows     mean
              as they are          32.0488
              1             9.3 %  24.1224  ██████████████▊
              2            16.7 %  25.3064  ███████████████▌
              3            20.4 %  28.9207  █████████████████▊
              4            22.2 %  33.1771  ████████████████████▎
              5            20.4 %  36.4644  ██████████████████████▍
              6            11.1 %  39.2111  ████████████████████████
            "#),
        }
    }
}
