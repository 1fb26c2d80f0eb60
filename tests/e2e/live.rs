//! What was served, judged by what became of it, and compared with what was learnt from. The log is
//! written as the server writes it; tests/serve has the server.

use std::collections::BTreeMap;
use std::sync::Arc;

use serde_json::Value;
use streamflow::hash::{Digest, RunId, ValuesHash};
use streamflow::host::Instant;
use streamflow::live::{Asked, DailyLog, Prediction, Role, Said};
use streamflow::math::ln;
use streamflow::table::{Cell, EntityKey};

use crate::common::{FEBRUARY, JANUARY, World, assert_sound};

const MARCH: &str = "2024-03-31";

/// Customer, date of the values, hour of the prediction, probability.
type Row<'a> = (&'a str, &'a str, u8, f64);

fn log_of(world: &World, run: &str, rows: &[Row<'_>]) {
    let said = rows.iter().map(|(key, as_of, hour, probability)| {
        let said = Said::Binary {
            probability: *probability,
            positive: *probability >= 0.5,
        };
        (*key, *as_of, *hour, said)
    });
    log(world, run, &[], said.collect());
}

/// Writes predictions as a server does.
fn log(world: &World, run: &str, classes: &[&str], rows: Vec<(&str, &str, u8, Said)>) {
    let run: RunId = run.parse().unwrap();
    let nothing: BTreeMap<&str, Cell> = BTreeMap::new();
    let rows = rows.into_iter().map(|(key, as_of, hour, said)| Prediction {
        asked: Arc::new(Asked {
            time: Instant::parse(&format!("2024-04-02T{hour:02}:00:00Z")).unwrap(),
            request: "a-request".into(),
            model: "leaving".parse().unwrap(),
            run,
            role: Role::Production,
            as_of: as_of.parse().unwrap(),
            threshold: Some(0.5),
            classes: classes.iter().map(ToString::to_string).collect(),
        }),
        entity: EntityKey::Text(key.to_string()),
        said,
        values: ValuesHash::of(&nothing),
    });
    let log = DailyLog::start(&world.project().join(".streamflow"), |words| {
        panic!("{words}")
    });
    let log = log.unwrap();
    log.put(rows.collect());
    assert!(log.close(60.0));
}

fn run(world: &World) -> String {
    world.run_one("small")["run"].as_str().unwrap().to_string()
}

fn evaluate(world: &World, labels: &str) -> Value {
    world
        .run(&["evaluate", "--live", "--labels", labels, "--format", "json"])
        .assert_code(0)
        .json()
}

fn assert_close(found: &Value, wanted: f64) {
    let found = found.as_f64().unwrap();
    assert!((found - wanted).abs() < 1e-12, "{found} {wanted}");
}

fn judged() -> World {
    let world = World::small();
    know_labels(&world);
    world
}

/// Labels of February: five known, one null, one of somebody who is never asked for.
fn know_labels(world: &World) {
    let labels =
        "user_id,left\nU001,true\nU002,false\nU003,true\nU004,false\nU005,true\nU006,\nU007,true\n";
    world.write("data/2024-02-29/labels.csv", labels);
}

const SAID: [Row<'_>; 6] = [
    ("U001", FEBRUARY, 10, 0.9),
    ("U002", FEBRUARY, 10, 0.8),
    ("U003", FEBRUARY, 10, 0.7),
    ("U004", FEBRUARY, 10, 0.2),
    ("U005", FEBRUARY, 10, 0.4),
    ("U006", FEBRUARY, 10, 0.5),
];

#[test]
fn metrics_are_those_that_a_hand_computes() {
    let world = judged();
    let run = run(&world);
    log_of(&world, &run, &SAID);
    // An earlier answer, one from values of another month, one that could know the label.
    log_of(
        &world,
        &run,
        &[
            ("U001", FEBRUARY, 9, 0.1),
            ("U002", JANUARY, 11, 0.1),
            ("U003", MARCH, 11, 0.1),
        ],
    );
    let found = evaluate(&world, FEBRUARY);
    assert_eq!(found["labels"], FEBRUARY);
    let [judged] = &found["runs"].as_array().unwrap()[..] else {
        panic!("{found:#}")
    };
    for (name, wanted) in [
        ("predictions", 9),
        ("judged", 5),
        ("repeated", 1),
        ("too_late", 1),
        ("of_other_labels", 1),
        ("without_label", 1),
        ("without_prediction", 1),
    ] {
        assert_eq!(judged[name], wanted, "{name} {judged:#}");
    }
    // Of five that are judged, all but the test rows of January.
    let split = world.run(&["get", &run, "split", "-o", "split.csv"]);
    let _ = split.assert_code(0);
    let split = world.read("split.csv");
    let trained = (1..=5).filter(|n| {
        let mut lines = split.lines();
        lines.any(|line| line.starts_with(&format!("U00{n},")) && line.contains("train"))
    });
    assert_eq!(judged["trained_on"], trained.count());
    assert_eq!(judged["run"], run.as_str());
    assert_eq!(judged["as_of"], serde_json::json!([FEBRUARY]));
    // Of six pairs of a positive and a negative four are in order.
    let metrics = &judged["metrics"];
    assert_close(&metrics["auc"], 4.0 / 6.0);
    assert_close(&metrics["accuracy"], 3.0 / 5.0);
    for name in ["precision", "recall", "f1"] {
        assert_close(&metrics[name], 2.0 / 3.0);
    }
    assert_close(
        &metrics["log_loss"],
        -(ln(0.9) + ln(0.2) + ln(0.7) + ln(0.8) + ln(0.4)) / 5.0,
    );
    assert_close(&metrics["brier"], (0.01 + 0.64 + 0.09 + 0.04 + 0.36) / 5.0);
    // Five rows have no interval worth the name; the test rows have none for the same reason, or one.
    assert_eq!(judged["intervals"], serde_json::json!({}));
    let shown = world
        .run(&["show", &run, "--format", "json"])
        .assert_code(0);
    assert_eq!(judged["test"]["metrics"], shown.json()["metrics"]);
    assert_sound(&world);
}

#[test]
fn with_a_lead_values_of_the_date_before_count_and_no_later_ones() {
    let world = World::small();
    world.edit(
        "experiments/small.toml",
        "column = \"left\"",
        "column = \"left\"\nlead = 1",
    );
    let run = run(&world);
    know_labels(&world);
    let at = |as_of: &'static str| SAID.map(|(key, _, hour, score)| (key, as_of, hour, score));
    log_of(&world, &run, &at(JANUARY));
    log_of(&world, &run, &[("U001", FEBRUARY, 11, 0.1)]);
    let found = evaluate(&world, FEBRUARY);
    let judged = &found["runs"][0];
    assert_eq!(
        (&judged["judged"], &judged["too_late"]),
        (&5.into(), &1.into())
    );
    assert_close(&judged["metrics"]["auc"], 4.0 / 6.0);
    // The labels of January are of no date before it.
    let refused = world.run(&["evaluate", "--live", "--labels", JANUARY]);
    let refused = refused.assert_code(5).screen();
    assert!(refused.contains("lead = 1"), "{refused}");
}

/// Another label, of another task, and its run.
fn of_task(task: &str, dtype: &str, label: impl Fn(usize) -> String) -> (World, String) {
    let world = World::small();
    let labels = world.read("features/labels.toml");
    world.write(
        "features/labels.toml",
        &labels.replace("\"bool\"", &format!("\"{dtype}\"")),
    );
    world.edit(
        "experiments/small.toml",
        "column = \"left\"",
        &format!("column = \"left\"\ntask = \"{task}\""),
    );
    let small = world.read("experiments/small.toml");
    let without = small.split("[evaluate]").next().unwrap();
    world.write("experiments/small.toml", without);
    let rows = (1..61).map(|n| format!("U{n:03},{}\n", label(n)));
    let january = format!("user_id,left\n{}", rows.collect::<String>());
    world.write("data/2024-01-31/labels.csv", &january);
    let run = run(&world);
    (world, run)
}

#[test]
fn classes_and_numbers_are_judged_too() {
    let (world, run) = of_task("multiclass", "string", |n| {
        ["a", "b", "c"][(n * n + n / 7) % 3].to_string()
    });
    let labels = "user_id,left\nU001,a\nU002,b\nU003,c\nU004,a\n";
    world.write("data/2024-02-29/labels.csv", labels);
    let said = |class, probabilities: [f64; 3]| Said::Class {
        class,
        probabilities: probabilities.to_vec(),
    };
    let rows = vec![
        ("U001", FEBRUARY, 9, said(0, [0.6, 0.3, 0.1])),
        ("U002", FEBRUARY, 9, said(1, [0.4, 0.5, 0.1])),
        ("U003", FEBRUARY, 9, said(0, [0.7, 0.1, 0.2])),
        ("U004", FEBRUARY, 9, said(1, [0.3, 0.6, 0.1])),
    ];
    log(&world, &run, &["a", "b", "c"], rows);
    let found = evaluate(&world, FEBRUARY);
    let judged = &found["runs"][0];
    assert_eq!(
        (&judged["judged"], &judged["threshold"]),
        (&4.into(), &Value::Null)
    );
    assert_close(&judged["metrics"]["accuracy"], 0.5);
    let told = ln(0.6) + ln(0.5) + ln(0.2) + ln(0.3);
    assert_close(&judged["metrics"]["log_loss"], -told / 4.0);
    let drift = world.run(&["drift", "--live", "--format", "json"]);
    let drift: Value = serde_json::from_str(&drift.stdout).unwrap();
    assert_eq!(drift["runs"][0]["scores"]["name"], "prediction");
    assert_eq!(drift["runs"][0]["scores"]["form"], "categorical");

    let (world, run) = of_task("regression", "f64", |n| format!("{}.5", n * 13 % 40));
    let labels = "user_id,left\nU001,1.0\nU002,2.0\nU003,4.0\n";
    world.write("data/2024-02-29/labels.csv", labels);
    let rows = vec![
        ("U001", FEBRUARY, 9, Said::Number(1.5)),
        ("U002", FEBRUARY, 9, Said::Number(2.0)),
        ("U003", FEBRUARY, 9, Said::Number(3.0)),
    ];
    log(&world, &run, &[], rows);
    let found = evaluate(&world, FEBRUARY);
    let metrics = &found["runs"][0]["metrics"];
    assert_close(&metrics["mae"], 0.5);
    assert_close(&metrics["rmse"], (1.25_f64 / 3.0).sqrt());
}

#[test]
fn the_screen_says_what_was_counted_and_by_which_rule() {
    let world = judged();
    let run = run(&world);
    log_of(&world, &run, &SAID);
    log_of(&world, &run, &[("U001", FEBRUARY, 9, 0.1)]);
    let screen = world.run(&["evaluate", "--live", "--labels", FEBRUARY]);
    insta::assert_snapshot!(screen.screen(), @"
    exit 0
    --- stdout
    leaving   run <short>   labels.left of 2024-02-29, from values of 2024-02-29
                           live  test rows
      auc                0.6667     0.9545
      average_precision  0.8056     0.5000
      f1                 0.6667     0.5000
      accuracy           0.6000     0.8333
      precision          0.6667     0.3333
      recall             0.6667     1.0000
      log_loss           0.6422     3.2629
      brier              0.2280     0.1597
      rows                    5         12
      judged         5  entities with a prediction and a label
      trained on     5  of these, of whom the model has seen a label in training
      no label       1  entities that were predicted, and have none at the date
      no prediction  1  entities that have a label, and were not predicted
      repeated       1  predictions that a later one of the same entity replaces

    Of several predictions of one entity the last made counts; of those from values
    that could know the label none does.
    ");
}

#[test]
fn what_cannot_be_judged_is_exit_5_with_the_way_out() {
    let world = judged();
    let run = run(&world);
    let refused = |labels: &str| {
        let output = world.run(&["evaluate", "--live", "--labels", labels]);
        output.assert_code(5).screen()
    };
    insta::assert_snapshot!(refused(FEBRUARY), @"
    exit 5
    --- stderr
    error: no predictions are logged in this store
    help: `log_predictions = true` under [serve] lets `streamflow serve` log them
    ");
    log_of(
        &world,
        &run,
        &[("U007", MARCH, 9, 0.1), ("U099", FEBRUARY, 9, 0.1)],
    );
    insta::assert_snapshot!(refused(FEBRUARY), @"
    exit 5
    --- stderr
    error: no logged prediction can be judged by labels of 2024-02-29
      logged, from values of  2024-02-29, 2024-03-31
      run <short>: none of the entities that were predicted (1) has a label at
      2024-02-29
    help: name the date whose labels tell what became of them: that of the values,
          or with a `lead` the date so many files later
    ");
    insta::assert_snapshot!(refused(JANUARY), @"
    exit 5
    --- stderr
    error: no logged prediction can be judged by labels of 2024-01-31
      logged, from values of  2024-02-29, 2024-03-31
      run <short>: its predictions are judged by labels of other dates
    help: name the date whose labels tell what became of them: that of the values,
          or with a `lead` the date so many files later
    ");
    // No file of that date.
    insta::assert_snapshot!(refused("2024-06-30"), @"
    exit 5
    --- stderr
    error: labels has no file for 2024-06-30
      expected  data/2024-06-30/labels.csv
      on file   2024-01-31, 2024-02-29
    help: put the file there, or read it from elsewhere:
          `streamflow ingest --as-of 2024-06-30 --from DIR`
    ");
    world.write("data/2024-03-31/labels.csv", "user_id,left\nU007,\n");
    insta::assert_snapshot!(refused(MARCH), @"
    exit 5
    --- stderr
    error: labels has no label at 2024-03-31
      1 rows of the date's own file, in all of them left is null
    help: judge by the labels of another date: `--labels DATE`
    ");
}

#[test]
fn what_is_typed_wrong_is_exit_2() {
    let world = judged();
    let _ = run(&world);
    let mut text = String::new();
    for arguments in [
        &["evaluate", "--labels", FEBRUARY][..],
        &["evaluate", "--live"],
        &["evaluate", "--live", "--labels", "yesterday"],
        &[
            "evaluate", "--live", "--labels", FEBRUARY, "--model", "staying",
        ],
        &["drift", "--live", "--reference", JANUARY],
        &["drift", "--live", "--since", "tomorrow"],
        &["drift", "--live", "--since", FEBRUARY, "--until", JANUARY],
        &["drift", "--live", "--experiment", "small"],
        &["drift", "--since", FEBRUARY],
        &["drift", "--live", "--model", "staying"],
        &["drift"],
    ] {
        text += &world.run(arguments).assert_code(2).screen();
        text += "\n";
    }
    insta::assert_snapshot!(text, @"
    exit 2
    --- stderr
    error: `evaluate` judges what was served: it needs `--live`
    help: `streamflow evaluate --live --labels DATE`
          `streamflow show RUN` has the metrics of a run's test rows

    exit 2
    --- stderr
    error: the following required arguments were not provided:
      --labels <DATE>

    Usage: streamflow evaluate --labels <DATE> --live

    For more information, try '--help'.

    exit 2
    --- stderr
    error: `yesterday` is not a date of the form YYYY-MM-DD

    exit 2
    --- stderr
    error: there is no model `staying`
      models: leaving

    exit 2
    --- stderr
    error: the argument '--live' cannot be used with '--reference <DATE>'

    Usage: streamflow drift --live

    For more information, try '--help'.

    exit 2
    --- stderr
    error: `tomorrow` is not a date of the form YYYY-MM-DD

    exit 2
    --- stderr
    error: there is no day from 2024-02-29 until 2024-01-31
    help: `--since` names the first day, `--until` the last

    exit 2
    --- stderr
    error: the argument '--live' cannot be used with '--experiment <NAME>'

    Usage: streamflow drift --live

    For more information, try '--help'.

    exit 2
    --- stderr
    error: the following required arguments were not provided:
      --live
      --reference <DATE>
      --current <DATE>

    Usage: streamflow drift --live --since <DATE> --reference <DATE> --current <DATE>

    For more information, try '--help'.

    exit 2
    --- stderr
    error: there is no model `staying`
      models: leaving

    exit 2
    --- stderr
    error: the following required arguments were not provided:
      --reference <DATE>
      --current <DATE>

    Usage: streamflow drift --reference <DATE> --current <DATE>

    For more information, try '--help'.
    ");
}

/// The first customers of a date, all with one score.
fn everybody(date: &'static str, score: f64) -> Vec<(String, &'static str, u8, f64)> {
    (2..=60)
        .map(|n| (format!("U{n:03}"), date, 10, score))
        .collect()
}

fn log_everybody(world: &World, run: &str, date: &'static str, score: f64) {
    let rows = everybody(date, score);
    let rows: Vec<Row<'_>> = rows
        .iter()
        .map(|(key, date, hour, score)| (key.as_str(), *date, *hour, *score))
        .collect();
    log_of(world, run, &rows);
}

#[test]
fn scores_that_moved_are_drift_and_the_same_customers_are_none() {
    let world = World::small();
    let run = run(&world);
    log_everybody(&world, &run, JANUARY, 0.99);
    // Who asks twice is one customer.
    log_everybody(&world, &run, JANUARY, 0.99);
    let output = world.run(&["drift", "--live", "--format", "json"]);
    let found = output.assert_code(6).json();
    let drift = &found["runs"][0];
    assert_eq!(
        (&drift["predictions"], &drift["rows"]),
        (&118.into(), &59.into())
    );
    assert_eq!(drift["scores"]["name"], "probability");
    assert_eq!(drift["scores"]["reasons"], serde_json::json!(["values"]));
    assert_eq!(drift["columns_compared"], 4);
    assert_eq!(drift["columns_drifted"], 0);
    assert_eq!(found["error"]["code"], "drift");
    let screen = world.run(&["drift", "--live"]).assert_code(6).screen();
    insta::assert_snapshot!(screen, @"
    exit 6
    --- stdout
    2024-04-02   predictions logged, beside what their runs learnt from
    A column drifts at PSI ≥ 0.1 with p < 0.05.

    leaving   run <short>   118 predictions of 59 entities, from values of 2024-01-31
      test rows → entities: 12 → 59
    not drifted           PSI  effect      p  missing  Evidently
      usage.hours       0.039   0.056  1.000      0 %  KS 1.000
      usage.per_device  0.036   0.050  1.000  23→25 %  KS 1.000
      usage.devices     0.016   0.029  1.000      0 %  χ² 0.819
      usage.plan        0.003   0.026  0.772      0 %  Z 0.772
    scores
      probability        16.9   0.833   6e-8      0 %  KS 6e-8 drift

    --- stderr
    error: what is served has drifted: run <short>: 0 of 4 columns (0 %, limit
           50 %), and the scores
    help: `streamflow evaluate --live --labels DATE` says what it does to the
          metrics, once labels are known
    ");
}

#[test]
fn values_that_the_store_lacks_are_said_and_not_guessed() {
    let world = World::small();
    let run = run(&world);
    log_everybody(&world, &run, JANUARY, 0.99);
    log_everybody(&world, &run, "2023-06-30", 0.99);
    let output = world.run(&["drift", "--live", "--format", "json"]);
    let found = output.assert_code(6).json();
    let notices = found["runs"][0]["notices"].as_array().unwrap();
    let told = "features of 59 entities answered from values of 2023-06-30 are not compared";
    assert!(
        notices
            .iter()
            .any(|notice| notice.as_str().unwrap().starts_with(told)),
        "{found:#}"
    );
    // Rows of January are compared all the same.
    assert_eq!(found["runs"][0]["columns"][0]["rows"]["current"], 59);
}

#[test]
fn days_without_predictions_are_exit_5() {
    let world = World::small();
    let run = run(&world);
    let nothing = world.run(&["drift", "--live"]).assert_code(5).screen();
    insta::assert_snapshot!(nothing, @"
    exit 5
    --- stderr
    error: no predictions are logged in this store
    help: `log_predictions = true` under [serve] lets `streamflow serve` log them
    ");
    log_everybody(&world, &run, JANUARY, 0.5);
    let later = world.run(&["drift", "--live", "--since", "2024-04-03"]);
    insta::assert_snapshot!(later.assert_code(5).screen(), @"
    exit 5
    --- stderr
    error: no predictions are logged in this store from 2024-04-03 on
      logged from 2024-04-02 until 2024-04-02
    ");
    let earlier = world.run(&[
        "drift",
        "--live",
        "--until",
        "2024-04-01",
        "--model",
        "leaving",
    ]);
    insta::assert_snapshot!(earlier.assert_code(5).screen(), @"
    exit 5
    --- stderr
    error: no predictions of leaving are logged in this store until 2024-04-01
      logged from 2024-04-02 until 2024-04-02
    ");
    let that_day = [
        "drift",
        "--live",
        "--since",
        "2024-04-02",
        "--until",
        "2024-04-02",
    ];
    let _ = world.run(&that_day).assert_code(6);
}

#[test]
fn a_damaged_file_is_named_by_whoever_needs_it_and_fsck_moves_it_aside() {
    let world = World::small();
    let run = run(&world);
    log_of(&world, &run, &SAID);
    let folder = world
        .project()
        .join(".streamflow/live/predictions/2024-04-02");
    let file = std::fs::read_dir(&folder)
        .unwrap()
        .next()
        .unwrap()
        .unwrap()
        .path();
    let whole = std::fs::read(&file).unwrap();
    std::fs::write(&file, &whole[..whole.len() / 2]).unwrap();
    let refused = world.run(&["drift", "--live"]).assert_code(1).screen();
    assert!(
        refused.contains("remove the file to go on without its rows"),
        "{refused}"
    );
    let found = world
        .run(&["fsck", "--format", "json"])
        .assert_code(1)
        .json();
    assert_eq!(
        (&found["logged"], &found["problems"][0]["kind"]),
        (&1.into(), &"unreadable".into())
    );
    let _ = world.run(&["fsck", "--repair"]).assert_code(0);
    assert!(!file.exists());
    // Nothing that needs it not takes it away.
    log_of(&world, &run, &SAID);
    let _ = world.run(&["gc", "--yes", "--grace", "0s"]);
    let found = world
        .run(&["fsck", "--format", "json"])
        .assert_code(0)
        .json();
    assert_eq!(found["logged"], 1);
}
