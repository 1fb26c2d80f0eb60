//! Two runs side by side: every kind of cause is named, with its place and its effect.

use serde_json::Value;

use crate::common::{FEBRUARY, JANUARY, World};

/// The document of `diff`, and its screen.
fn diff(world: &World, a: &str, b: &str) -> (Value, String) {
    let document = world.run(&["diff", a, b, "--format", "json"]);
    let screen = world.run(&["diff", a, b]).assert_code(0).screen();
    (document.assert_code(0).json(), screen)
}

/// Runs the experiment, then again after an edit; gives what `diff` says of the two.
fn after(edit: impl Fn(&World)) -> (Value, String) {
    let world = World::small();
    let before = hash(&world.run_one("small"));
    edit(&world);
    let after = hash(&world.run_one("small"));
    diff(&world, &before, &after)
}

fn hash(run: &Value) -> String {
    run["run"].as_str().unwrap().to_string()
}

fn names(document: &Value) -> Vec<(&str, &str)> {
    let inputs = document["inputs"].as_array().unwrap();
    inputs
        .iter()
        .map(|input| {
            (
                input["kind"].as_str().unwrap(),
                input["name"].as_str().unwrap(),
            )
        })
        .collect()
}

#[test]
fn overwritten_labels_come_first_row_by_row() {
    let (document, screen) = after(|world| {
        for key in ["U004", "U005", "U006"] {
            let path = format!("data/{JANUARY}/labels.csv");
            let line = world.read(&path);
            let line = line.lines().find(|line| line.starts_with(key)).unwrap();
            let flipped = if line.ends_with("true") {
                "false"
            } else {
                "true"
            };
            world.edit_cell(&path, key, "left", flipped);
        }
        let usage = format!("data/{JANUARY}/usage.csv");
        for key in ["U001", "U002", "U003", "U004", "U007"] {
            world.edit_cell(&usage, key, "hours", "33.25");
        }
        world.edit_cell(&usage, "U009", "plan", "family");
    });
    assert_eq!(names(&document), [("data", "labels"), ("data", "usage")]);
    let labels = &document["inputs"][0]["table"];
    assert_eq!(labels["changed"], 3);
    assert_eq!(
        (&labels["added"], &labels["removed"]),
        (&0.into(), &0.into())
    );
    assert_eq!(labels["columns"][0]["column"], "left");
    let usage = &document["inputs"][1]["table"];
    assert_eq!(usage["changed"], 6);
    assert_eq!(usage["columns"][0]["changed"], 5);
    assert_eq!(usage["columns"][1]["new_categories"][0], "family");
    assert_eq!(usage["examples"].as_array().unwrap().len(), 5);
    insta::assert_snapshot!(screen, @r##"
    exit 0
    --- stdout
    a  <short>  small  2024-01-31   auc 0.9545
    b  <short>  small  2024-01-31   auc 0.9091

    what changed
      labels  at 2024-01-31   3 of 60 rows changed
        data/2024-01-31/labels.csv
        left  5.0 % differ  true 35.0 % → 36.7 %
        U004  left false → true
        U005  left false → true
        U006  left true → false
      usage  at 2024-01-31   6 of 60 rows changed
        data/2024-01-31/usage.csv
        hours  8.3 % differ  median 20 → 22, mean 20 → 21.41
        plan   1.7 % differ  "basic" 66.7 % → 66.7 %, new "family"
        U001  hours 7.5 → 33.25
        U002  hours 14.5 → 33.25
        U003  hours 21.5 → 33.25
        U004  hours 28.5 → 33.25
        U007  hours 9.5 → 33.25
      features, label, split, preprocess, model, operations, code, environment: the
      same

    what it did
      auc                0.9545 → 0.9091   −0.0455
      average_precision  0.5000 → 0.5000  the same
      f1                 0.5000 → 0.5000  the same
      accuracy           0.8333 → 0.8333  the same
      precision          0.3333 → 0.3333  the same
      recall             1.0000 → 1.0000  the same
      log_loss           3.2629 → 3.2367   −0.0262
      brier              0.1597 → 0.1464   −0.0133
      training_set  <short> → <short>
      split         <short>   the same
      model         <short> → <short>
      predictions   <short> → <short>
      8 of 12 common test rows moved, 0 flipped
      with fewer than 30 of them nothing is said of noise
      the largest moves
        U030  0.9167 → 0.5833  −0.3333
        U012  1.0000 → 0.7500  −0.2500
        U015  0.0833 → 0.2500  +0.1667
        U025  0.0833 → 0.2500  +0.1667
        U039  0.1667 → 0.3333  +0.1667
        U055  0.0000 → 0.1667  +0.1667
        U022  0.1667 → 0.2500  +0.0833
        U060  0.0833 → 0.1667  +0.0833
    "##);
}

#[test]
fn rows_that_came_and_went_are_counted_and_named() {
    let (document, _) = after(|world| {
        let path = format!("data/{JANUARY}/usage.csv");
        let text = world.read(&path);
        let kept: Vec<&str> = text
            .lines()
            .filter(|line| !line.starts_with("U00"))
            .collect();
        world.write(
            &path,
            &(kept.join("\n") + "\nU900,basic,1.5,1,2023-01-15\n"),
        );
    });
    let usage = &document["inputs"][0]["table"];
    assert_eq!(usage["removed"], 9);
    assert_eq!(usage["added"], 1);
    assert_eq!(usage["added_examples"][0], "U900");
    assert_eq!(usage["removed_examples"].as_array().unwrap().len(), 5);
    assert_eq!(usage["changed"], 0);
}

#[test]
fn declared_values_stand_with_their_place_and_features_with_their_lines() {
    let (document, screen) = after(|world| {
        world.edit(
            "features/usage.toml",
            "hours / NULLIF(devices, 0)",
            "hours / (1 + devices)",
        );
        world.edit("experiments/small.toml", "trees = 12", "trees = 15");
        world.edit("experiments/small.toml", "seed   = 42", "seed   = 43");
        world.edit("experiments/small.toml", "\"median\"", "\"mean\"");
    });
    assert_eq!(
        names(&document),
        [
            ("features", "features.usage.per_device"),
            ("split", "split.seed"),
            ("preprocess", "preprocess.missing_numeric"),
            ("model", "model.trees"),
        ]
    );
    assert_eq!(document["inputs"][3]["at"], "experiments/small.toml:25:9");
    let lines = document["definitions"][0]["lines"].as_array().unwrap();
    assert_eq!(document["definitions"][0]["path"], "features/usage.toml");
    assert_eq!((&lines[0]["a"], &lines[1]["b"]), (&22.into(), &22.into()));
    insta::assert_snapshot!(screen, @r##"
    exit 0
    --- stdout
    a  <short>  small  2024-01-31   auc 0.9545
    b  <short>  small  2024-01-31   auc 0.9306

    what changed
      features    features.usage.per_device
          "hours / NULLIF(devices, 0)" → "hours / (1 + devices)"
          features/usage.toml:22:14
      split       split.seed  42 → 43  experiments/small.toml:15:10
      preprocess  preprocess.missing_numeric
          "median" → "mean"  experiments/small.toml:20:23
      model       model.trees  12 → 15  experiments/small.toml:25:9
      data, label, operations, code, environment: the same

    features/usage.toml
      −   22  per_device = "hours / NULLIF(devices, 0)"
      +   22  per_device = "hours / (1 + devices)"

    what it did
      auc                0.9545 → 0.9306   −0.0240
      average_precision  0.5000 → 0.9306   +0.4306
      f1                 0.5000 → 0.8000   +0.3000
      accuracy           0.8333 → 0.8333  the same
      precision          0.3333 → 1.0000   +0.6667
      recall             1.0000 → 0.6667   −0.3333
      log_loss           3.2629 → 0.4099   −2.8530
      brier              0.1597 → 0.1348   −0.0249
      training_set  <short> → <short>
      split         <short> → <short>
      model         <short> → <short>
      predictions   <short> → <short>
      3 of 3 common test rows moved, 0 flipped
      with fewer than 30 of them nothing is said of noise
      the largest moves
        U012  1.0000 → 0.8000  −0.2000
        U060  0.0833 → 0.1333  +0.0500
        U015  0.0833 → 0.0667  −0.0167
    "##);
}

/// Other columns of the same rows are another hash of the data, and no cause in it.
#[test]
fn a_dropped_feature_is_no_difference_of_data() {
    let (document, _) = after(|world| {
        world.edit("experiments/small.toml", "\"usage.plan\", ", "");
    });
    assert_eq!(names(&document), [("features", "features.usage.plan")]);
}

/// A text for null that is declared otherwise: no file differs, and the definition's line says why.
#[test]
fn the_same_file_read_otherwise_is_explained_by_its_definition() {
    let world = World::small();
    let path = format!("data/{JANUARY}/usage.csv");
    world.edit_cell(&path, "U004", "plan", "NA");
    let before = hash(&world.run_one("small"));
    let source = "path = \"data/{as_of}/usage.csv\"";
    world.edit(
        "features/usage.toml",
        source,
        &format!("{source}\nnull = [\"\", \"NA\"]"),
    );
    let now = hash(&world.run_one("small"));
    let (document, screen) = diff(&world, &before, &now);
    assert_eq!(names(&document), [("data", "usage")]);
    assert_eq!(
        document["inputs"][0]["table"]["files"],
        serde_json::json!([])
    );
    assert_eq!(
        document["definitions"][0]["lines"][0]["text"],
        "null = [\"\", \"NA\"]"
    );
    assert!(
        screen.contains("the same files, read otherwise"),
        "{screen}"
    );
    assert!(screen.contains("+    6  null = "), "{screen}");
}

#[test]
fn two_months_are_compared_by_entity_and_commits_are_named() {
    let world = World::small();
    world.run(&["run"]).assert_code(0);
    let january = world.read("experiments/small.toml");
    world.write(
        "experiments/february.toml",
        &january.replace(JANUARY, FEBRUARY),
    );
    world.run(&["run"]).assert_code(0);
    let (document, _) = diff(&world, "small@latest", "february@latest");
    assert_eq!(names(&document)[2], ("data", "as_of"));
    let usage = document["inputs"].as_array().unwrap();
    let usage = usage.iter().find(|input| input["name"] == "usage").unwrap();
    assert_eq!(usage["table"]["added"], 1);
    // The first customer is carried over by the upsert.
    assert_eq!(usage["table"]["removed"], 0);
    assert!(document["predictions"]["compared"].as_u64().unwrap() > 10);
}

#[test]
fn commits_between_two_runs_are_named_with_their_subjects() {
    let world = World::small();
    world.commit("The first forest");
    world.run(&["run"]).assert_code(0);
    world.commit("Its lock, which is no definition");
    world.edit("experiments/small.toml", "trees = 12", "trees = 14");
    world.commit("Two more trees");
    world.run(&["run"]).assert_code(0);
    world.commit("Its lock");
    let (document, screen) = diff(&world, "small@HEAD~2", "small@HEAD");
    let commits = document["commits"]["only_b"].as_array().unwrap();
    assert_eq!(commits.len(), 1);
    assert_eq!(commits[0]["subject"], "Two more trees");
    assert_eq!(document["commits"]["only_a"], serde_json::json!([]));
    assert!(screen.contains("+ <short>  Two more trees"), "{screen}");
    let (document, screen) = diff(&world, "small@HEAD", "small@HEAD~2");
    let subject = &document["commits"]["only_a"][0]["subject"];
    assert_eq!(subject, "Two more trees");
    assert!(screen.contains("− <short>  Two more trees"), "{screen}");
}

#[test]
fn a_run_is_the_same_as_itself() {
    let world = World::small();
    world.run(&["run"]).assert_code(0);
    let (document, screen) = diff(&world, "small@latest", "small@latest");
    assert!(names(&document).is_empty());
    assert_eq!(document["predictions"]["changed"], 0);
    assert!(screen.contains("Both are the same run."), "{screen}");
    for metric in document["metrics"].as_array().unwrap() {
        assert_eq!(metric["delta"], 0.0);
        assert_eq!(metric.get("noise"), None);
    }
}

/// In a clone that has executed nothing, hashes and files are compared, and the rest is said to be
/// missing.
#[test]
fn what_the_store_does_not_have_is_compared_by_hash() {
    let world = World::small();
    world.run(&["run"]).assert_code(0);
    world.commit("First");
    world.edit_cell(&format!("data/{JANUARY}/usage.csv"), "U004", "hours", "1.5");
    world.run(&["run"]).assert_code(0);
    world.commit("Second");
    let clone = world.cloned();
    let (document, screen) = diff(&clone, "small@HEAD~1", "small@HEAD");
    assert_eq!(names(&document), [("data", "usage")]);
    assert_eq!(document["inputs"][0].get("table"), None);
    assert_eq!(document["predictions"], Value::Null);
    assert!(screen.contains("data/2024-01-31/usage.csv"), "{screen}");
    assert!(
        screen.contains("predictions cannot be compared"),
        "{screen}"
    );
}

/// Both methods are named, and a forest of other seeds on the same data stays within noise.
#[test]
fn noise_says_which_method_judged() {
    let world = World::sample();
    let before = hash(&world.run_one("churn_random_forest"));
    world.edit(
        "experiments/churn_random_forest.toml",
        "seed             = 42",
        "seed             = 43",
    );
    let now = hash(&world.run_one("churn_random_forest"));
    let (document, screen) = diff(&world, &before, &now);
    for metric in document["metrics"].as_array().unwrap() {
        let expected = match metric["name"].as_str().unwrap() {
            "auc" => "delong",
            _ => "bootstrap",
        };
        let Some(noise) = metric.get("noise") else {
            continue;
        };
        assert_eq!(noise["method"], expected, "{metric}");
        assert_eq!(noise["beyond"], false, "{metric}");
        assert!(noise["low"].as_f64().unwrap() <= noise["high"].as_f64().unwrap());
    }
    assert!(
        document["metrics"][1]["noise"]["p"].as_f64().unwrap() > 0.05,
        "{screen}"
    );
    assert!(screen.contains("DeLong (auc, p = 0."), "{screen}");
    let again = world
        .run(&["diff", &before, &now, "--format", "json"])
        .json();
    assert_eq!(again, document);
    let one_thread = world.with_threads(1);
    let again = one_thread
        .run(&["diff", &before, &now, "--format", "json"])
        .json();
    assert_eq!(again, document);
}

/// Rows of an event table belong together by key and instant, and two of one instant stay two.
#[test]
fn events_are_compared_by_key_and_instant() {
    let world = World::small();
    world.write(
        "features/visits.toml",
        "entity = \"user\"\n[source]\npath = \"data/{as_of}/visits.csv\"\ntimestamp = \"at\"\n\
         [columns]\nuser_id = \"string\"\nat = \"datetime\"\namount = \"f64\"\n\
         [features]\ncolumns = [\"amount\"]\n",
    );
    let path = format!("data/{JANUARY}/visits.csv");
    let visits = "user_id,at,amount\nU001,2024-01-02T10:00:00Z,1.5\nU001,2024-01-02T10:00:00Z,2.5\n\
                  U002,2024-01-03T10:00:00Z,3.5\nU003,2024-01-04T10:00:00Z,4.5\n";
    world.write(&path, visits);
    world.edit(
        "experiments/small.toml",
        "\"usage.plan\",",
        "\"usage.plan\", \"visits.amount\",",
    );
    let before = hash(&world.run_one("small"));
    let after = visits
        .replace("2.5\n", "2.5\nU001,2024-01-02T10:00:00Z,2.0\n")
        .replace("3.5", "3.75")
        .replace("U003,2024-01-04T10", "U003,2024-01-04T11");
    world.write(&path, &after);
    let now = hash(&world.run_one("small"));
    let (document, _) = diff(&world, &before, &now);
    assert_eq!(names(&document), [("data", "visits")]);
    let table = &document["inputs"][0]["table"];
    let counts = ["added", "removed", "changed"].map(|count| table[count].as_u64().unwrap());
    assert_eq!(counts, [2, 1, 1]);
    assert_eq!(table["examples"][0]["entity"], "U002");
    assert_eq!(
        table["examples"][0]["columns"]["amount"],
        serde_json::json!([3.5, 3.75])
    );
}
