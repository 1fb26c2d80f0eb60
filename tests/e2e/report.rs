//! Pages with pictures: of one run and of two, for every task, and from nothing but the store.

use std::collections::BTreeSet;

use insta::assert_snapshot;
use serde_json::Value;

use crate::common::World;
use crate::tasks::shop;

const FOREST: &str = "kind = \"random_forest\"\ntrees = 20";

fn json(world: &World, arguments: &[&str]) -> Value {
    let all = [arguments, &["--format", "json"]].concat();
    world.run(&all).assert_code(0).json()
}

/// The page of one run or two, and its document.
fn page(world: &World, runs: &[&str]) -> (String, Value) {
    let arguments = [&["report"], runs, &["-o", "page.html"]].concat();
    let document = json(world, &arguments);
    let page = world.read("page.html");
    assert_eq!(document["bytes"], page.len());
    assert_sound(&page);
    (page, document)
}

/// Tags are closed in order, names are unique, references lead somewhere, and nothing is asked of
/// the network.
#[track_caller]
fn assert_sound(page: &str) {
    const ALONE: [&str; 4] = ["!doctype", "meta", "br", "wbr"];
    for outside in [
        "http:", "https:", "src=", "href=", "url(", "@import", "<script",
    ] {
        assert!(!page.contains(outside), "{outside}");
    }
    let (mut open, mut ids) = (Vec::new(), BTreeSet::new());
    let mut rest = page;
    while let Some(at) = rest.find('<') {
        let inside = &rest[at + 1..];
        let end = inside.find('>').expect("a tag ends");
        let tag = &inside[..end];
        rest = &inside[end + 1..];
        let name = tag.trim_matches('/').split_whitespace().next().unwrap();
        if let Some(closed) = tag.strip_prefix('/') {
            assert_eq!(open.pop(), Some(closed), "{tag}");
        } else if !tag.ends_with('/') && !ALONE.contains(&name) {
            open.push(name);
        }
        for part in tag.split("id=\"").skip(1) {
            let id = part.split('"').next().unwrap();
            assert!(ids.insert(id), "{id} twice");
        }
        for value in tag.split('"').skip(1).step_by(2) {
            assert!(!value.contains("NaN") && !value.contains("inf"), "{tag}");
        }
    }
    assert_eq!(open, [""; 0]);
    for part in page.split("aria-labelledby=\"").skip(1) {
        for id in part.split('"').next().unwrap().split(' ') {
            assert!(ids.contains(id), "{id}");
        }
    }
}

/// The names of the pictures that were drawn, and of those that had nothing to draw.
fn drawn<'a>(page: &'a str) -> (Vec<&'a str>, Vec<&'a str>) {
    let articles = page.split("<article id=\"").skip(1);
    let named = articles.map(|article| {
        let id = article.split('"').next().unwrap();
        (id, article.contains("<svg class=\"picture\""))
    });
    let (drawn, empty): (Vec<_>, Vec<_>) = named.partition(|(_, drawn)| *drawn);
    let names = |pictures: Vec<(&'a str, bool)>| pictures.into_iter().map(|(id, _)| id);
    (names(drawn).collect(), names(empty).collect())
}

fn number(value: &Value) -> f64 {
    value
        .as_f64()
        .unwrap_or_else(|| panic!("{value} is no number"))
}

fn sum(counts: &Value) -> u64 {
    let counts = counts.as_array().unwrap().iter();
    counts.map(|count| count.as_u64().unwrap()).sum()
}

#[test]
fn a_run_has_all_its_pictures_in_one_file() {
    let world = World::small();
    let run = world.run_one("small");
    let short = &run["run"].as_str().unwrap()[..12];
    let told = world.run(&["report", "small@latest"]).assert_code(0);
    let file = format!("report-{short}.html");
    let first = world.read(&file);
    assert!(
        told.stdout
            .starts_with(&format!("report of run {short} written to {file}"))
    );
    assert_sound(&first);
    let (found, empty) = drawn(&first);
    assert_eq!(
        found,
        [
            "roc",
            "precision-recall",
            "calibration",
            "confusion",
            "scores",
            "importances"
        ]
    );
    assert_eq!(empty, [""; 0]);
    for words in [
        run["run"].as_str().unwrap(),
        "labels.<wbr>left",
        "usage.per_device",
        &format!("<span>replay</span> <span>{short}</span>"),
        "data/<wbr>2024-01-31/<wbr>usage.<wbr>csv",
        "prefers-color-scheme: dark",
    ] {
        assert!(first.contains(words), "{words}");
    }
    // No clock, no order of a map: the same bytes again, in a file or not.
    let told = world.run(&["report", short, "-o", "-"]).assert_code(0);
    assert_eq!(told.stdout, first);
    assert_eq!(page(&world, &[short]).0, first);
}

#[test]
fn what_is_drawn_is_what_was_measured() {
    let world = World::sample();
    let run = world.run_one("churn_random_forest");
    let (_, document) = page(&world, &["churn_random_forest@latest"]);
    assert_eq!(document["metrics"], run["metrics"]);
    assert_eq!(document["confusion"], run["evaluation"]["confusion"]);
    assert_eq!(document["importances"], run["evaluation"]["importances"]);
    let curves = &document["curves"];
    let ranking = &curves["ranking"];
    assert_eq!(ranking["auc"], run["metrics"]["auc"]);
    assert_eq!(
        ranking["average_precision"],
        run["metrics"]["average_precision"]
    );
    // 505 rows of two classes lie too close together for every one to be drawn.
    let roc = ranking["roc"].as_array().unwrap();
    let area: f64 = roc
        .windows(2)
        .map(|pair| {
            let of = |at: usize, name: &str| number(&pair[at][name]);
            let width = of(1, "false_positive_rate") - of(0, "false_positive_rate");
            width * (of(0, "true_positive_rate") + of(1, "true_positive_rate")) / 2.0
        })
        .sum();
    assert!(
        (area - number(&run["metrics"]["auc"])).abs() < 0.002,
        "{area}"
    );
    let test = run["rows"]["test"].as_u64().unwrap();
    let counts = &curves["scores"]["counts"];
    assert_eq!(sum(&counts[0]) + sum(&counts[1]), test);
    let groups = curves["calibration"].as_array().unwrap();
    assert_eq!(
        groups
            .iter()
            .map(|group| group["rows"].as_u64().unwrap())
            .sum::<u64>(),
        test
    );
    assert!(groups.len() <= 10);
}

#[test]
fn several_classes_have_a_curve_each() {
    let world = shop("multiclass", "plan", FOREST);
    world.run_one("plan");
    let (text, document) = page(&world, &["plan@latest"]);
    assert_eq!(
        drawn(&text).0,
        [
            "roc",
            "precision-recall",
            "confusion",
            "scores",
            "importances"
        ]
    );
    assert!(text.contains("Prémium: area "), "{text}");
    assert_eq!(document["curves"]["classes"].as_array().unwrap().len(), 3);
}

#[test]
fn numbers_have_residuals() {
    let world = shop("regression", "spend", "kind = \"ridge\"");
    world.run_one("plan");
    let (text, document) = page(&world, &["plan@latest"]);
    let (found, empty) = drawn(&text);
    assert_eq!(found, ["predicted", "residuals", "errors", "importances"]);
    assert_eq!(empty, [""; 0]);
    let curves = &document["curves"];
    let rows = curves["truth"].as_array().unwrap().len();
    assert_eq!(rows as u64, sum(&curves["residuals"]["counts"][0]));
    assert_eq!(document["contributions"]["scale"], "number");
    let features = &document["contributions"]["features"];
    assert_eq!(features[0][0], "usage.hours", "{features}");
}

#[test]
fn two_runs_lie_over_each_other_with_the_causes_first() {
    let world = World::small();
    let a = world.run_one("small");
    let b = json(&world, &["run", "small", "--set", "model.trees=7"]);
    let runs = [&a, &b].map(|run| run["run"].as_str().unwrap().to_string());
    let (text, document) = page(&world, &[&runs[0], &runs[1]]);
    assert_eq!(
        drawn(&text).0,
        [
            "roc",
            "precision-recall",
            "calibration",
            "confusion-a",
            "confusion-b",
            "scores-true",
            "scores-false",
            "importances"
        ]
    );
    assert!(
        text.contains("A: area ") && text.contains("B: area "),
        "{text}"
    );
    let (cause, effect) = (text.find("model.<wbr>trees"), text.find("What it did"));
    assert!(cause.is_some() && cause < effect, "{text}");
    assert!(text.contains("Both have the same 12 test rows"), "{text}");
    assert_eq!(
        [&document["runs"][0]["run"], &document["runs"][1]["run"]],
        [&runs[0], &runs[1]]
    );
    assert_eq!(page(&world, &[&runs[0], &runs[1]]).0, text);
    let file = format!("report-{}-{}.html", &runs[0][..12], &runs[1][..12]);
    let told = world.run(&["report", &runs[0], &runs[1]]).assert_code(0);
    assert!(told.stdout.contains(&file));
    assert_eq!(world.read(&file), text);
    // A run beside itself has nothing to explain.
    assert!(
        page(&world, &[&runs[0], &runs[0]])
            .0
            .contains("Both are the same run.")
    );
}

#[test]
fn other_test_rows_are_said() {
    let world = World::small();
    let a = world.run_one("small");
    let b = json(&world, &["run", "small", "--set", "split.seed=7"]);
    let runs = [&a, &b].map(|run| run["run"].as_str().unwrap());
    let (text, _) = page(&world, &runs);
    assert!(text.contains("The test rows are not the same"), "{text}");
}

#[test]
fn two_runs_of_classes_and_of_numbers_share_their_axes() {
    let world = shop("multiclass", "plan", FOREST);
    world.run_one("plan");
    json(&world, &["run", "plan", "--set", "model.trees=3"]);
    let runs = json(&world, &["runs"]);
    let of = |at: usize| runs["runs"][at]["run"].as_str().unwrap();
    let (text, _) = page(&world, &[of(1), of(0)]);
    let ids = drawn(&text).0;
    for id in [
        "roc-0",
        "roc-2",
        "precision-recall-1",
        "confusion-b",
        "scores-wrong",
    ] {
        assert!(ids.contains(&id), "{ids:?}");
    }
    let world = shop("regression", "spend", "kind = \"ridge\"");
    world.run_one("plan");
    json(&world, &["run", "plan", "--set", "model.alpha=100.0"]);
    let runs = json(&world, &["runs"]);
    let of = |at: usize| runs["runs"][at]["run"].as_str().unwrap();
    let (_, document) = page(&world, &[of(1), of(0)]);
    let edges = |at: usize| &document["runs"][at]["curves"]["residuals"]["edges"];
    assert_eq!(edges(0), edges(1));
}

#[test]
fn one_class_of_test_rows_has_no_curve_and_says_so() {
    let world = World::small();
    world.run_one("small");
    world
        .run(&["get", "small@latest", "split", "-o", "split.csv"])
        .assert_code(0);
    let split = world.read("split.csv");
    let header = split.lines().next().unwrap();
    let side = header.split(',').position(|name| name == "side").unwrap();
    let is_train = |user: &str| {
        let line = split.lines().find(|line| line.contains(user)).unwrap();
        line.split(',').nth(side) == Some("train")
    };
    let labels: Vec<String> = world
        .read("data/2024-01-31/labels.csv")
        .lines()
        .map(|line| {
            let user = line.split(',').next().unwrap();
            match line.ends_with("true") && !is_train(user) {
                true => format!("{user},false"),
                false => line.to_string(),
            }
        })
        .collect();
    world.write("data/2024-01-31/labels.csv", &(labels.join("\n") + "\n"));
    world.run_one("small");
    let (text, document) = page(&world, &["small@latest"]);
    let (found, empty) = drawn(&text);
    assert_eq!(empty, ["roc", "precision-recall"]);
    assert!(found.contains(&"calibration") && found.contains(&"scores"));
    assert!(text.contains("The test rows hold one class"), "{text}");
    assert_eq!(document["curves"]["ranking"], Value::Null);
}

/// Trees are measured by their splits, sums by their terms: no axis is common to them.
#[test]
fn importances_of_two_kinds_stand_apart() {
    let world = World::sample();
    let runs = ["churn_random_forest", "churn_logistic", "churn_prior"];
    for name in runs {
        world.run_one(name);
    }
    let [forest, logistic, prior] = runs.map(|name| format!("{name}@latest"));
    let (text, _) = page(&world, &[&forest, &logistic]);
    let ids = drawn(&text).0;
    assert!(
        ids.ends_with(&["importances-a", "importances-b"]),
        "{ids:?}"
    );
    let (text, document) = page(&world, &[&logistic]);
    assert!(text.contains("log-odds"), "{text}");
    assert_eq!(document["contributions"]["scale"], "log_odds");
    // It says the same of every row.
    assert_eq!(drawn(&page(&world, &[&prior]).0).1, ["importances"]);
}

#[test]
fn names_stay_text_whatever_they_hold() {
    let world = shop("multiclass", "plan", FOREST);
    for date in ["2024-01-31", "2024-02-29"] {
        let path = format!("data/{date}/labels.csv");
        let labels = world.read(&path);
        let labels = labels.replace("Family plan", "<b>&\"\"'</b>");
        let labels = labels.replace("<b>&\"\"'</b>", "\"<b>&\"\"'</b>\"");
        world.write(&path, &labels);
    }
    world.run_one("plan");
    let (text, _) = page(&world, &["plan@latest"]);
    assert!(
        text.contains("&lt;b&gt;&amp;&quot;&#39;&lt;/b&gt;"),
        "{text}"
    );
}

#[test]
fn what_cannot_be_drawn_says_so() {
    let world = shop("multiclass", "plan", FOREST);
    world.write(
        "experiments/spend.toml",
        &world
            .read("experiments/plan.toml")
            .replace("registers = \"plan\"\n", "")
            .replace("\"plan\"", "\"spend\"")
            .replace("multiclass", "regression"),
    );
    world.run_one("plan");
    world.run_one("spend");
    let refused = |code: i32, arguments: &[&str]| {
        let all = [&["report"], arguments].concat();
        world.run(&all).assert_code(code).screen()
    };
    assert_snapshot!(refused(2, &["plan@latest", "spend@latest"]), @r"
    exit 2
    --- stderr
    error: the runs predict for different tasks, so their pictures cannot be laid
           over each other
      <short>  plan  multiclass
      <short>  spend  regression
    help: `streamflow diff <short> <short>` says in what they differ;
          `streamflow report RUN` draws each alone
    ");
    assert_snapshot!(refused(2, &["plan@latest", "-o", "report.pdf"]), @r"
    exit 2
    --- stderr
    error: the report is HTML, and report.pdf is not
    help: name it such as report.html; `--format json` prints all numbers
    ");
    let json = refused(2, &["plan@latest", "-o", "-", "--format", "json"]);
    assert!(json.contains("a page is no JSON document"), "{json}");
    assert!(refused(2, &["nobody@latest"]).contains("nobody"));
    assert!(refused(2, &[]).contains("RUN"));
    assert!(
        refused(1, &["plan@latest", "-o", "streamflow.toml/a.html"]).contains("streamflow.toml")
    );

    // Of a lock alone nothing can be drawn; the words are those of `get`.
    world.forget();
    let got = world.run(&["get", "plan@locked", "predictions", "-o", "p.csv"]);
    let got = got.assert_code(5).screen();
    assert_eq!(refused(5, &["plan@locked"]), got);
}
