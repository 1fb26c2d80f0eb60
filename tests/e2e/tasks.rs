//! Labels of several classes and numbers, from the definition to the reply.

use std::fmt::Write;

use insta::assert_snapshot;
use serde_json::{Value, json};

use crate::common::{World, assert_sound};

const SHOP: &str = "experiments/plan.toml";

/// Customers whose plan and spending follow from what they do, at two dates.
pub fn shop(task: &str, column: &str, model: &str) -> World {
    let world = World::empty();
    world.write(
        "streamflow.toml",
        "[project]\nname = \"shop\"\n[entities.user]\nkey = \"user_id\"\n",
    );
    let table = |name: &str, columns: &str| {
        format!(
            "entity = \"user\"\n[source]\npath = \"data/{{as_of}}/{name}.csv\"\n[columns]\n\
             user_id = \"string\"\n{columns}"
        )
    };
    world.write(
        "features/usage.toml",
        &table(
            "usage",
            "hours = \"f64\"\ndevices = \"i64\"\nregion = \"string\"\n[features]\ncolumns = [\"*\"]\n",
        ),
    );
    world.write(
        "features/labels.toml",
        &table(
            "labels",
            "plan = \"string\"\nspend = \"f64\"\nlevel = \"i64\"\nweight = \"f64\"\n[features]\n\
             columns = [\"spend\"]\n",
        ),
    );
    for (month, date) in ["2024-01-31", "2024-02-29"].into_iter().enumerate() {
        let (usage, labels) = files(month as u64);
        world.write(&format!("data/{date}/usage.csv"), &usage);
        world.write(&format!("data/{date}/labels.csv"), &labels);
    }
    world.write(
        SHOP,
        &format!(
            "registers = \"plan\"\nas_of = 2024-01-31\n[label]\ntable = \"labels\"\n\
             column = \"{column}\"\ntask = \"{task}\"\n[dataset]\nfeatures = [\"usage.*\"]\n[model]\n\
             {model}\n"
        ),
    );
    world
}

/// Usage and labels of 240 customers.
fn files(month: u64) -> (String, String) {
    let mut usage = "user_id,hours,devices,region\n".to_string();
    let mut labels = "user_id,plan,spend,level,weight\n".to_string();
    for at in 0..240_u64 {
        let mix = (at * 7919 + month * 104_729) % 1009;
        let (hours, devices, north) = (mix % 100, 1 + mix % 6, mix.is_multiple_of(3));
        let noise = (at * 31 + month) % 13;
        let spend = hours as f64 * 0.3 + devices as f64 * 4.0 + noise as f64 / 4.0;
        let (plan, level) = match spend {
            ..20.0 => ("Basic", 0),
            ..35.0 => ("Family plan", 1),
            _ => ("Prémium", 2),
        };
        let region = if north { "north" } else { "south" };
        writeln!(usage, "U{at:03},{hours}.5,{devices},{region}").unwrap();
        // The last has no plan yet.
        let plan = if at == 239 { "" } else { plan };
        writeln!(labels, "U{at:03},{plan},{spend},{level},{}.5", at % 3).unwrap();
    }
    (usage, labels)
}

fn json(world: &World, arguments: &[&str]) -> Value {
    let all = [arguments, &["--format", "json"]].concat();
    world.run(&all).assert_code(0).json()
}

fn metrics(run: &Value) -> Vec<&str> {
    run["metrics"]
        .as_object()
        .unwrap()
        .keys()
        .map(String::as_str)
        .collect()
}

#[test]
fn several_classes_from_the_label_to_the_reply() {
    let world = shop("multiclass", "plan", "kind = \"random_forest\"\ntrees = 20");
    let run = world.run_one("plan");
    let names = [
        "accuracy",
        "auc_ovr",
        "f1_macro",
        "log_loss",
        "precision_macro",
        "recall_macro",
    ];
    assert_eq!(metrics(&run), names);
    assert!(
        run["metrics"]["accuracy"].as_f64().unwrap() > 0.8,
        "{run:#}"
    );
    assert_eq!(run["rows"]["unlabelled"], 1);
    let classes = &run["evaluation"]["classes"];
    assert_eq!(classes["names"], json!(["Basic", "Family plan", "Prémium"]));
    let rows = classes["confusion"].as_array().unwrap().iter();
    let rows: u64 = rows
        .flat_map(|row| row.as_array().unwrap())
        .map(|n| n.as_u64().unwrap())
        .sum();
    assert_eq!(rows, run["rows"]["test"].as_u64().unwrap());
    assert!(run["evaluation"].get("threshold").is_none());

    world.commit("Plans");
    world.forget();
    world.run(&["run", "--locked"]).assert_code(0);
    let replayed = json(&world, &["replay", "plan@latest"]);
    assert_eq!(replayed["verdict"], "identical");

    world
        .run(&[
            "promote",
            "plan@latest",
            "--to",
            "production",
            "--reason",
            "first",
        ])
        .assert_code(0);
    world.run(&["materialize"]).assert_code(0);
    let reply = json(&world, &["predict", "U001"]);
    let probabilities = reply["probabilities"].as_object().unwrap();
    let sum: f64 = probabilities
        .values()
        .map(|share| share.as_f64().unwrap())
        .sum();
    assert!((sum - 1.0).abs() < 1e-12, "{reply:#}");
    let predicted = reply["prediction"].as_str().unwrap();
    assert_eq!(reply["probability"], probabilities[predicted]);
    world
        .run(&["predict", "--all", "-o", "all.csv"])
        .assert_code(0);
    let header = "user_id,as_of,prediction,probability.Basic,probability.Family plan,probability.Prémium,\
                  model,run,error\n";
    assert!(world.read("all.csv").starts_with(header));
    assert_sound(&world);
}

/// A machine for each pair: coupled shares, and the most probable class in the table as in the reply.
#[test]
fn support_vectors_of_several_classes() {
    let standardize =
        "kind = \"svm\"\nclass_weight = \"balanced\"\n[preprocess]\nnumeric = \"standardize\"";
    let world = shop("multiclass", "plan", standardize);
    world.edit(
        SHOP,
        "task = \"multiclass\"",
        "task = \"multiclass\"\nweight = \"weight\"",
    );
    let run = world.run_one("plan");
    assert!(run["metrics"]["auc_ovr"].as_f64().unwrap() > 0.9, "{run:#}");
    assert!(
        run["metrics"]["accuracy"].as_f64().unwrap() > 0.7,
        "{run:#}"
    );
    let replayed = json(&world, &["replay", "plan@latest"]);
    assert_eq!(replayed["verdict"], "identical");
    let get = |artefact: &str, file: &str| {
        let arguments = ["get", "plan@latest", artefact, "-o", file];
        world.run(&arguments).assert_code(0);
    };
    get("model", "model.bin");
    get("predictions", "test.csv");
    let table = world.read("test.csv");
    let mut lines = table.lines();
    let header: Vec<&str> = lines.next().unwrap().split(',').collect();
    let classes = ["Basic", "Family plan", "Prémium"];
    let places = classes.map(|class| {
        let name = format!("probability.{class}");
        header.iter().position(|found| *found == name).unwrap()
    });
    let prediction = header
        .iter()
        .position(|name| *name == "prediction")
        .unwrap();
    for line in lines {
        let cells: Vec<&str> = line.split(',').collect();
        let shares = places.map(|place| cells[place].parse::<f64>().unwrap());
        assert!((shares.iter().sum::<f64>() - 1.0).abs() < 1e-12, "{line}");
        let most = shares.iter().copied().fold(0.0, f64::max);
        let most = shares.iter().position(|share| *share == most).unwrap();
        assert_eq!(cells[prediction], classes[most], "{line}");
    }

    let softer = world.run(&["run", "--set", "model.c=0.1", "--format", "json"]);
    let softer = &softer.assert_code(0).json()["runs"][0]["run"];
    let diff = json(
        &world,
        &[
            "diff",
            run["run"].as_str().unwrap(),
            softer.as_str().unwrap(),
        ],
    );
    assert!(
        diff["predictions"]["changed"].as_u64().unwrap() > 20,
        "{diff:#}"
    );
    let promote = [
        "promote",
        "plan@latest",
        "--to",
        "production",
        "--reason",
        "first",
    ];
    world.run(&promote).assert_code(0);
    world.run(&["materialize"]).assert_code(0);
    let reply = json(&world, &["predict", "U001"]);
    let predicted = reply["prediction"].as_str().unwrap();
    assert_eq!(reply["probability"], reply["probabilities"][predicted]);
    assert_sound(&world);
}

#[test]
fn a_number_from_the_label_to_the_reply() {
    let world = shop(
        "regression",
        "spend",
        "kind = \"random_forest\"\ntrees = 20",
    );
    let run = world.run_one("plan");
    assert_eq!(
        metrics(&run),
        ["mae", "median_absolute_error", "r2", "rmse"]
    );
    assert!(run["metrics"]["r2"].as_f64().unwrap() > 0.8, "{run:#}");
    world.commit("Spending");
    world.forget();
    world.run(&["run", "--locked"]).assert_code(0);
    world
        .run(&[
            "promote",
            "plan@latest",
            "--to",
            "production",
            "--reason",
            "first",
        ])
        .assert_code(0);
    world.run(&["materialize"]).assert_code(0);
    let reply = json(&world, &["predict", "U001"]);
    assert!(reply["prediction"].as_f64().unwrap() > 0.0);
    assert!(reply.get("probability").is_none(), "{reply:#}");
    world
        .run(&["get", "plan@latest", "predictions", "-o", "test.csv"])
        .assert_code(0);
    assert!(
        world
            .read("test.csv")
            .starts_with("user_id,as_of,label,prediction\n")
    );

    assert_sound(&world);
}

#[test]
fn screens_of_classes_and_numbers() {
    let world = shop("multiclass", "plan", "kind = \"prior\"");
    assert_snapshot!(world.run(&["run"]).screen(), @r##"
    exit 0
    --- stdout
    plan   run <short>   executed in <time> s
      rows       239   train 185   test 54   plan of 3 classes   without a label 1
      as of      2024-01-31

                       this run   prior
      auc_ovr            0.5000  0.5000
      f1_macro           0.2051  0.2051
      accuracy           0.4444  0.4444
      precision_macro    0.1481  0.1481
      recall_macro       0.3333  0.3333
      log_loss           1.0133  1.0133

      was  \  predicted  Basic  Family plan  Prémium
      Basic                  0            6        0
      Family plan            0           24        0
      Prémium                0           24        0

      lock written: lockfiles/plan.lock   (the first)
      next: git add lockfiles/plan.lock && git commit
    --- stderr
        Ingested 2024-01-31   2 tables   480 rows   0 checks passed
        Executed training_set of plan                                    <time> s
        Executed split of plan                                           <time> s
        Executed fit of plan                                             <time> s
        Executed predict of plan                                         <time> s
        Executed evaluate of plan                                        <time> s
    "##);
    let world = shop("regression", "spend", "kind = \"prior\"");
    assert_snapshot!(world.run(&["run"]).screen(), @r##"
    exit 0
    --- stdout
    plan   run <short>   executed in <time> s
      rows       240   train 186   test 54   spend
      as of      2024-01-31

                             this run    prior
      r2                      −0.0564  −0.0564
      rmse                     9.9534   9.9534
      mae                      8.2770   8.2770
      median_absolute_error    7.4828   7.4828

                              mean       5 %  median     95 %
      spend less predicted  2.2995  −16.4672  3.7328  16.4828

      lock written: lockfiles/plan.lock   (the first)
      next: git add lockfiles/plan.lock && git commit
    --- stderr
        Ingested 2024-01-31   2 tables   480 rows   0 checks passed
        Executed training_set of plan                                    <time> s
        Executed split of plan                                           <time> s
        Executed fit of plan                                             <time> s
        Executed predict of plan                                         <time> s
        Executed evaluate of plan                                        <time> s
    "##);
}

#[test]
fn whole_numbers_may_be_classes() {
    let world = shop("multiclass", "level", "kind = \"prior\"");
    let run = world.run_one("plan");
    assert_eq!(
        run["evaluation"]["classes"]["names"],
        json!(["0", "1", "2"])
    );
    assert_eq!(run["metrics"]["auc_ovr"], 0.5);
}

#[test]
fn two_runs_of_one_task_are_compared() {
    for (task, column) in [("multiclass", "plan"), ("regression", "spend")] {
        let world = shop(task, column, "kind = \"prior\"");
        let before = world.run_one("plan");
        world.edit(SHOP, "kind = \"prior\"", "kind = \"decision_tree\"");
        let now = world.run_one("plan");
        let (a, b) = (
            before["run"].as_str().unwrap(),
            now["run"].as_str().unwrap(),
        );
        let diff = json(&world, &["diff", a, b]);
        assert!(
            diff["predictions"]["changed"].as_u64().unwrap() > 20,
            "{diff:#}"
        );
        let flips = diff["predictions"]["flipped"].as_u64().unwrap();
        assert_eq!(flips > 0, task == "multiclass", "{diff:#}");
        let noise = diff["metrics"].as_array().unwrap().iter();
        assert!(
            noise
                .filter(|metric| metric["noise"]["beyond"] == true)
                .count()
                > 2,
            "{diff:#}"
        );
        let attributed = json(&world, &["diff", a, b, "--attribute"]);
        assert!(attributed["attribution"].is_object());
        world.run(&["diff", a, b]).assert_code(0);
        let shown = json(&world, &["show", b]);
        assert!(
            shown["intervals"].as_object().unwrap().len() >= 4,
            "{shown:#}"
        );
    }
}

#[test]
fn runs_of_two_tasks_say_why_predictions_are_not_compared() {
    let world = shop("regression", "spend", "kind = \"prior\"");
    let before = world.run_one("plan");
    world.edit(SHOP, "column = \"spend\"", "column = \"plan\"");
    world.edit(SHOP, "task = \"regression\"", "task = \"multiclass\"");
    let now = world.run_one("plan");
    let (a, b) = (
        before["run"].as_str().unwrap(),
        now["run"].as_str().unwrap(),
    );
    let screen = world.run(&["diff", a, b]).assert_code(0).stdout;
    assert!(
        screen.contains("the runs predict for different tasks"),
        "{screen}"
    );
    assert!(screen.contains("auc_ovr 0.5000"), "{screen}");
}

#[test]
fn gates_are_of_the_metrics_of_the_task() {
    let world = shop("regression", "spend", "kind = \"decision_tree\"");
    let text = world.read(SHOP);
    world.write(
        SHOP,
        &format!("{text}[promote]\nproduction = [\"rmse <= 0.1\", \"r2 >= 0.5\"]\n"),
    );
    world.run_one("plan");
    let promote = [
        "promote",
        "plan@latest",
        "--to",
        "production",
        "--reason",
        "x",
    ];
    let refused = world.run(&promote).assert_code(7).stderr;
    assert!(refused.contains("rmse <= 0.1"), "{refused}");
    world.edit(SHOP, "rmse <= 0.1", "rmse <= 9");
    world.run(&promote).assert_code(0);
    world.edit(SHOP, "rmse <= 9", "auc >= 0.5");
    let refused = world.run(&["check"]).assert_code(2).stderr;
    assert!(refused.contains("unknown gate `auc`"), "{refused}");
}

#[test]
fn rows_count_as_much_as_their_weight() {
    let world = shop("regression", "spend", "kind = \"prior\"");
    let plain = world.run_one("plan");
    world.edit(
        SHOP,
        "column = \"spend\"",
        "column = \"spend\"\nweight = \"weight\"",
    );
    let weighted = world.run_one("plan");
    assert_ne!(plain["run"], weighted["run"]);
    assert_ne!(plain["outputs"]["model"], weighted["outputs"]["model"]);
    assert_eq!(plain["outputs"]["split"], weighted["outputs"]["split"]);
    assert!(
        world
            .read("lockfiles/plan.lock")
            .contains("label.weight = \"weight\"")
    );
    for bad in ["0", "-1.5", ""] {
        world.edit_cell("data/2024-01-31/labels.csv", "U017", "weight", bad);
        let refused = world.run(&["run"]).assert_code(6).stderr;
        assert!(
            refused.contains("no weight") && refused.contains("U017"),
            "{refused}"
        );
    }
}

#[test]
fn a_feature_that_is_the_label_is_refused() {
    let world = shop("regression", "spend", "kind = \"prior\"");
    world.edit(
        "features/usage.toml",
        "[features]",
        "double = \"f64\"\n[features]",
    );
    for month in ["2024-01-31", "2024-02-29"] {
        let path = format!("data/{month}/usage.csv");
        let labels = world.read(&format!("data/{month}/labels.csv"));
        let mut spends = labels.lines().map(|line| line.split(',').nth(2).unwrap());
        let mut text = String::new();
        for line in world.read(&path).lines() {
            let spend = spends.next().unwrap();
            let double = spend
                .parse::<f64>()
                .map_or("double".into(), |s| (2.0 * s).to_string());
            writeln!(text, "{line},{double}").unwrap();
        }
        world.write(&path, &text);
    }
    let refused = world.run(&["run"]).assert_code(1).stderr;
    assert!(
        refused.contains("usage.double rises wherever labels.spend rises"),
        "{refused}"
    );
}

#[test]
fn labels_that_allow_no_model() {
    let world = shop("multiclass", "plan", "kind = \"prior\"");
    let mut text = "user_id,plan,spend,level,weight\n".to_string();
    for at in 0..240 {
        writeln!(text, "U{at:03},Basic,1.0,0,1.0").unwrap();
    }
    world.write("data/2024-01-31/labels.csv", &text);
    let refused = world.run(&["run"]).assert_code(6).stderr;
    assert!(
        refused.contains("one label class: all 240 rows are Basic"),
        "{refused}"
    );
    // Of a constant number the mean is right, and `r2` is not said.
    let world = shop("regression", "spend", "kind = \"prior\"");
    world.write("data/2024-01-31/labels.csv", &text);
    let run = world.run_one("plan");
    assert_eq!(metrics(&run), ["mae", "median_absolute_error", "rmse"]);
    assert!(
        run["evaluation"]["warnings"][0]
            .as_str()
            .unwrap()
            .contains("`r2` is undefined")
    );
}

#[test]
fn a_class_that_only_test_rows_have_counts_as_wrong() {
    let world = shop("multiclass", "plan", "kind = \"prior\"");
    let run = world.run_one("plan");
    world
        .run(&["get", "plan@latest", "predictions", "-o", "test.csv"])
        .assert_code(0);
    let test = world.read("test.csv");
    let tested = test.lines().nth(1).unwrap().split(',').next().unwrap();
    world.edit_cell("data/2024-01-31/labels.csv", tested, "plan", "Zebra");
    let now = world.run_one("plan");
    let names = now["evaluation"]["classes"]["names"].as_array().unwrap();
    assert_eq!(names.last().unwrap(), "Zebra");
    let warning = now["evaluation"]["warnings"][0].as_str().unwrap();
    assert!(
        warning.contains("No train row has the label \"Zebra\""),
        "{warning}"
    );
    let loss = |run: &Value| run["metrics"]["log_loss"].as_f64().unwrap();
    assert!(loss(&now) > loss(&run));
}

#[test]
fn several_classes_and_numbers_have_folds() {
    for (task, column, metric) in [
        ("multiclass", "plan", "auc_ovr"),
        ("regression", "spend", "r2"),
    ] {
        let world = shop(task, column, "kind = \"decision_tree\"\nmax_depth = 4");
        world.edit(SHOP, "[model]", "[cross_validation]\nfolds = 4\n[model]");
        let run = world.run_one("plan");
        let folds = &run["evaluation"]["cross_validation"]["metrics"];
        let names: Vec<String> = folds.as_object().unwrap().keys().cloned().collect();
        for name in &names {
            let mean = &run["metrics"][format!("cv_{name}")];
            assert_eq!(*mean, folds[name]["mean"], "{name}");
        }
        assert_eq!(metrics(&run).len(), 2 * names.len());
        assert!(
            run["metrics"][format!("cv_{metric}")].as_f64().unwrap() > 0.7,
            "{run:#}"
        );
    }
    // By time: two dates make one fold only.
    let world = shop("regression", "spend", "kind = \"prior\"");
    world.edit(
        SHOP,
        "as_of = 2024-01-31",
        "as_of = [2024-01-31, 2024-02-29]",
    );
    world.edit(
        SHOP,
        "[model]",
        "[cross_validation]\nmethod = \"time\"\nfolds = 2\n[model]",
    );
    let refused = world.run(&["run", "plan"]).assert_code(2);
    assert!(
        refused.error().contains("2 folds by time need 3 dates"),
        "{}",
        refused.error()
    );
}
