//! Predictions taken apart: what the parts add up to, how they are shown, what cannot be.

use serde_json::Value;

use crate::common::World;

const SMALL: &str = "experiments/small.toml";
const FOREST: &str = "kind  = \"random_forest\"\ntrees = 12\nseed  = 42";

/// The small project with another estimator, pinned and materialized.
fn serving(kind: &str) -> World {
    let world = World::small();
    world.edit(SMALL, FOREST, kind);
    world.edit(
        SMALL,
        "production = [\"auc >= 0.60\", \"clean\"]",
        "production = []",
    );
    world.run_one("small");
    world.commit("Learnt");
    let promote = [
        "promote",
        "small@latest",
        "--to",
        "production",
        "--reason",
        "to be asked",
    ];
    world.run(&promote).assert_code(0);
    world
        .run(&["materialize", "--as-of", "2024-01-31"])
        .assert_code(0);
    world
}

/// Base and contributions as one number, made a probability.
fn put_together(explanation: &Value) -> f64 {
    let contributions = explanation["contributions"].as_object().unwrap();
    let base = explanation["base"].as_f64().unwrap();
    let parts = contributions.values().map(|part| part.as_f64().unwrap());
    let sum = parts.fold(base, |sum, part| sum + part);
    match explanation["scale"].as_str().unwrap() {
        "probability" => sum,
        "log_odds" => streamflow::math::sigmoid(sum),
        other => panic!("{other}"),
    }
}

fn assert_adds_up(answer: &Value) {
    let (found, probability) = (
        put_together(&answer["explanation"]),
        answer["probability"].as_f64().unwrap(),
    );
    assert!((found - probability).abs() <= 1e-9, "{found}: {answer:#}");
    let names = |part: &Value| -> Vec<String> {
        let object = part.as_object().unwrap();
        object.keys().cloned().collect()
    };
    let explained = names(&answer["explanation"]["contributions"]);
    assert_eq!(explained, names(&answer["features_used"]));
}

#[test]
fn parts_add_up_to_the_prediction_whatever_the_estimator() {
    for (kind, scale) in [
        (FOREST, "probability"),
        ("kind = \"extra_trees\"\ntrees = 9", "probability"),
        ("kind = \"decision_tree\"\nmax_depth = 4", "probability"),
        (
            "kind = \"gradient_boosting\"\ntrees = 7\nmin_samples_leaf = 3",
            "log_odds",
        ),
        ("kind = \"logistic_regression\"", "log_odds"),
        ("kind = \"prior\"", "probability"),
    ] {
        let world = serving(kind);
        let asked = [
            "predict",
            "U003",
            "U004",
            "U005",
            "--explain",
            "--format",
            "json",
        ];
        let answers = world.run(&asked).assert_code(0).json();
        let plain = world.run(&["predict", "U003", "--format", "json"]);
        let plain = plain.assert_code(0).json();
        assert_eq!(plain["explanation"], Value::Null);
        let mut stripped = answers["predictions"][0].clone();
        let explanation = stripped.as_object_mut().unwrap().remove("explanation");
        assert_eq!(stripped, plain, "{kind}");
        assert_eq!(explanation.unwrap()["scale"], scale, "{kind}");
        for answer in answers["predictions"].as_array().unwrap() {
            assert_adds_up(answer);
        }
        let one = world.run(&["predict", "U003", "--explain", "--format", "json"]);
        assert_eq!(
            one.assert_code(0).json(),
            answers["predictions"][0],
            "{kind}"
        );
    }
}

/// The same features in parts of several columns or one: U004 has no devices to divide by.
#[test]
fn a_screen_says_what_each_feature_contributes() {
    let world = serving("kind = \"logistic_regression\"");
    let screen = world.run(&["predict", "U004", "--explain"]);
    insta::assert_snapshot!(screen.screen(), @r#"
    exit 0
    --- stdout
    U004   prediction 0   probability 0.0737   leaving run <short> at 2024-01-31
      imputed usage.per_device
      train rows on average           −0.5239
      usage.hours               28.5  −1.2659  ████████████████████████
      usage.devices                0  −0.6657  ████████████▋
      usage.per_device          null  −0.1423  ██▊
      usage.plan             "basic"  +0.0672  █▎
      this row, in log-odds           −2.5305
    "#);
}

#[test]
fn a_scored_table_has_a_column_for_each_feature() {
    let world = serving(FOREST);
    let asked = ["predict", "--all", "--explain", "-o", "scores.csv"];
    world.run(&asked).assert_code(0);
    let text = world.read("scores.csv");
    let mut lines = text.lines();
    let header: Vec<&str> = lines.next().unwrap().split(',').collect();
    assert_eq!(
        header,
        [
            "user_id",
            "as_of",
            "prediction",
            "probability",
            "model",
            "run",
            "base",
            "contribution.usage.devices",
            "contribution.usage.hours",
            "contribution.usage.per_device",
            "contribution.usage.plan",
            "error",
        ]
    );
    let mut rows = 0;
    for line in lines {
        let cells: Vec<&str> = line.split(',').collect();
        let number = |at: usize| cells[at].parse::<f64>().unwrap();
        let sum = (6..11).map(number).fold(0.0, |sum, part| sum + part);
        assert!((sum - number(3)).abs() <= 1e-9, "{line}");
        rows += 1;
    }
    assert_eq!(rows, 60);

    // Without it the table is what it was.
    world
        .run(&["predict", "--all", "-o", "plain.csv"])
        .assert_code(0);
    let plain = world.read("plain.csv");
    assert!(
        plain.starts_with("user_id,as_of,prediction,probability,model,run,error\n"),
        "{plain}"
    );
}

#[test]
fn estimators_without_exact_parts_say_so() {
    for kind in [
        "kind = \"gaussian_nb\"",
        "kind = \"knn\"\nneighbors = 7",
        "kind = \"svm\"",
    ] {
        let world = serving(kind);
        let screen = world.run(&["predict", "U003", "--explain"]).screen();
        assert!(screen.starts_with("exit 2\n"), "{screen}");
        assert!(screen.contains("cannot be taken apart exactly"), "{screen}");
        assert!(screen.contains("random_forest"), "{screen}");
        let asked = ["predict", "--all", "--explain", "-o", "scores.csv"];
        world.run(&asked).assert_code(2);
        assert!(!world.has("scores.csv"));
        world.run(&["predict", "U003"]).assert_code(0);
    }
}
