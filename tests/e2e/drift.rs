//! Two dates compared: no drift is exit 0, drift is 6, and nothing else is either of them.

use serde_json::Value;

use crate::common::{FEBRUARY, JANUARY, World};

const DATES: [&str; 5] = ["drift", "--reference", JANUARY, "--current", FEBRUARY];

fn json(world: &World, code: i32, more: &[&str]) -> Value {
    let mut arguments = DATES.to_vec();
    arguments.extend(more);
    arguments.extend(["--format", "json"]);
    world.run(&arguments).assert_code(code).json()
}

fn column<'a>(document: &'a Value, name: &str) -> &'a Value {
    let columns = document["columns"].as_array().unwrap();
    let found = columns.iter().find(|column| column["name"] == name);
    found.unwrap_or_else(|| panic!("no {name} in {document:#}"))
}

/// February as January, but one plan is gone and everybody watches more.
fn moved() -> World {
    let world = World::small();
    let january = world.read("data/2024-01-31/usage.csv");
    let mut text = String::new();
    for (at, line) in january.lines().enumerate() {
        let cells: Vec<&str> = line.split(',').collect();
        text.push_str(&match at {
            0 => format!("{line}\n"),
            _ => {
                let hours: f64 = cells[2].parse().unwrap();
                format!(
                    "{},basic,{},{},{}\n",
                    cells[0],
                    hours + 30.0,
                    cells[3],
                    cells[4]
                )
            }
        });
    }
    world.write("data/2024-02-29/usage.csv", &text);
    world
}

#[test]
fn a_date_has_not_drifted_from_itself() {
    let world = World::small();
    for method in ["psi", "effect", "evidently"] {
        let arguments = [
            "drift",
            "--reference",
            JANUARY,
            "--current",
            JANUARY,
            "--method",
            method,
        ];
        let found = world
            .run(&[&arguments[..], &["--format", "json"]].concat())
            .assert_code(0)
            .json();
        assert_eq!(
            (&found["drifted"], &found["columns_drifted"]),
            (&false.into(), &0.into())
        );
        for column in found["columns"].as_array().unwrap() {
            assert_eq!(
                (&column["psi"], &column["effect"]["value"]),
                (&0.0.into(), &0.0.into()),
                "{column:#}"
            );
            assert!(
                column["p"]["value"].as_f64().unwrap() > 0.999_999,
                "{column:#}"
            );
        }
    }
}

#[test]
fn the_screen_sorts_by_severity_and_ends_with_what_to_do() {
    let world = moved();
    let found = world
        .run(&[&DATES[..], &["--experiment", "small"]].concat())
        .assert_code(6);
    insta::assert_snapshot!(found.screen(), @r##"
    exit 6
    --- stdout
    2024-01-31 → 2024-02-29   small, labelled rows: 60
    A column drifts at PSI ≥ 0.1 with p < 0.05.

    drifted               PSI  effect      p  missing  Evidently
      usage.hours        10.3   0.766  3e-18    0→2 %  KS 3e-18 drift
      usage.per_device  5.877   0.621   7e-9  25→27 %  KS 7e-9 drift
      usage.plan        2.838   0.333   1e-6    0→2 %  Z 1e-6 drift
    not drifted
      usage.devices     0.001   0.008  1.000    0→2 %  χ² 0.997
    target
      labels.left       0.033   0.083  0.323      0 %  Z 0.323

    --- stderr
    error: the data has drifted: 3 of 4 columns (75 %, limit 50 %)
    help: histograms:
          `streamflow drift --reference 2024-01-31 --current 2024-02-29 --experiment small -o drift.html`
          train on the new date: `streamflow run small --set as_of=2024-02-29`
    "##);
    let found = world
        .run(&["drift", "--reference", JANUARY, "--current", JANUARY])
        .assert_code(0);
    insta::assert_snapshot!(found.screen(), @r##"
    exit 0
    --- stdout
    2024-01-31 → 2024-01-31   all features, all entities: 60
    A column drifts at PSI ≥ 0.1 with p < 0.05.

    not drifted         PSI  effect      p  missing  Evidently
      usage.devices       0       0  1.000      0 %  χ² 1.000
      usage.hours         0       0  1.000      0 %  KS 1.000
      usage.per_device    0       0  1.000     25 %  KS 1.000
      usage.plan          0       0  1.000      0 %  Z 1.000

    No drift: 0 of 4 columns (0 %, limit 50 %)
    next: `streamflow drift --reference 2024-01-31 --current 2024-01-31 -o drift.html`
    "##);
}

#[test]
fn every_column_has_effect_chance_index_and_evidentlys_score() {
    let found = json(&moved(), 6, &[]);
    assert_eq!(
        (&found["columns_compared"], &found["columns_drifted"]),
        (&4.into(), &3.into())
    );
    assert_eq!(found["error"]["code"], "drift");
    let hours = column(&found, "usage.hours");
    assert_eq!(hours["evidently"]["method"], "ks");
    assert_eq!(hours["evidently"]["score"], hours["p"]["value"]);
    assert_eq!(hours["effect"]["name"], "kolmogorov_smirnov");
    let plan = column(&found, "usage.plan");
    assert_eq!(plan["evidently"]["method"], "z");
    // 20 of the 60 have gone from `plus` to `basic`.
    let effect = plan["effect"]["value"].as_f64().unwrap();
    assert!((effect - 20.0 / 60.0).abs() < 1e-12, "{plan:#}");
    assert_eq!(found["evidently"]["columns_compared"], 4);
}

#[test]
fn an_experiment_brings_its_features_and_its_label() {
    let world = moved();
    let found = json(&world, 6, &["--experiment", "small"]);
    assert_eq!(
        (&found["rows"], &found["experiment"]),
        (&"labelled".into(), &"small".into())
    );
    assert_eq!(found["target"]["name"], "labels.left");
    // Nobody leaves in February: the target alone is enough to retrain.
    let labels = world
        .read("data/2024-02-29/labels.csv")
        .replace("true", "false");
    world.write("data/2024-02-29/labels.csv", &labels);
    world.write(
        "data/2024-02-29/usage.csv",
        &world.read("data/2024-01-31/usage.csv"),
    );
    let found = json(&world, 6, &["--experiment", "small"]);
    assert_eq!(
        (&found["columns_drifted"], &found["target"]["drifted"]),
        (&0.into(), &true.into())
    );
}

/// Labels come months after what predicts them.
#[test]
fn without_labels_the_features_are_compared_over_all_entities() {
    let world = moved();
    world.remove("data/2024-02-29/labels.csv");
    let found = json(&world, 6, &["--experiment", "small"]);
    assert_eq!(
        (&found["rows"], &found["target"]),
        (&"entities".into(), &Value::Null)
    );
    let notice = found["notices"][0].as_str().unwrap();
    assert!(
        notice.contains("labels has no file for 2024-02-29"),
        "{notice}"
    );
    assert_eq!(found["columns_compared"], 4);
}

#[test]
fn thresholds_decide_the_exit_code() {
    let world = moved();
    json(&world, 6, &["--share", "0.75"]);
    json(&world, 0, &["--share", "0.76"]);
    json(&world, 0, &["--threshold", "100"]);
    json(&world, 6, &["--method", "effect", "--threshold", "0.3"]);
    json(&world, 0, &["--method", "effect", "--threshold", "1"]);
    json(&world, 6, &["--method", "evidently"]);
}

#[test]
fn what_cannot_be_compared_says_so() {
    let world = World::small();
    let refused = |code: i32, arguments: &[&str]| {
        let mut all = vec!["drift"];
        all.extend(arguments);
        world.run(&all).assert_code(code).stderr
    };
    let dates = ["--reference", JANUARY, "--current", FEBRUARY];
    let with = |more: &[&'static str]| [&dates[..], more].concat();
    assert!(
        refused(5, &["--reference", JANUARY, "--current", "2024-05-31"])
            .contains("usage has no file for 2024-05-31")
    );
    assert!(refused(2, &["--reference", "January", "--current", FEBRUARY]).contains("January"));
    assert!(refused(2, &["--reference", JANUARY]).contains("--current"));
    assert!(refused(2, &with(&["--experiment", "smal"])).contains("did you mean `small`?"));
    assert!(refused(2, &with(&["--share", "0"])).contains("--share 0"));
    assert!(refused(2, &with(&["--share", "1.5"])).contains("--share 1.5"));
    assert!(refused(2, &with(&["--threshold", "-1"])).contains("-1"));
    assert!(refused(2, &with(&["--threshold", "0"])).contains("above 0"));
    assert!(refused(2, &with(&["--threshold", "NaN"])).contains("NaN"));
    assert!(
        refused(2, &with(&["--method", "effect", "--threshold", "2"])).contains("never reached")
    );
    assert!(
        refused(2, &with(&["--method", "evidently", "--threshold", "0.1"]))
            .contains("--method evidently")
    );
    assert!(refused(2, &with(&["-o", "drift.json"])).contains("the report is HTML"));
    world.remove("data/2024-02-29/usage.csv");
    let missing = refused(5, &dates);
    assert!(
        missing.contains("streamflow ingest --as-of 2024-02-29"),
        "{missing}"
    );
}

/// Constants, a column without values at one date or at both, and one that begins later.
#[test]
fn columns_with_nothing_to_compare_have_no_numbers_and_no_crash() {
    let world = World::small();
    let usage = r#"entity = "user"
[source]
path = "data/{as_of}/usage.csv"
mode = "replace"
[columns]
user_id = "string"
same    = "f64"
other   = "i64"
gone    = "f64"
never   = "string"
late    = { type = "f64", since = 2024-02-29 }
seen    = "date"
[features]
columns = ["*"]
"#;
    world.write("features/usage.toml", usage);
    world.remove("experiments/small.toml");
    let rows = |header: &str, row: &dyn Fn(usize) -> String| {
        let lines: Vec<String> = (1..=40).map(|n| format!("U{n:03},{}", row(n))).collect();
        format!("user_id,{header}\n{}\n", lines.join("\n"))
    };
    world.write(
        "data/2024-01-31/usage.csv",
        &rows("same,other,gone,never,seen", &|n| {
            format!("1.5,1,{n},,2024-01-{:02}", n % 30 + 1)
        }),
    );
    world.write(
        "data/2024-02-29/usage.csv",
        &rows("same,other,gone,never,late,seen", &|n| {
            format!("1.5,2,,,{n},2024-02-{:02}", n % 28 + 1)
        }),
    );
    let found = json(&world, 6, &[]);
    let of = |name: &str| column(&found, &format!("usage.{name}")).clone();
    assert_eq!(
        (&of("same")["psi"], &of("same")["drifted"]),
        (&0.0.into(), &false.into())
    );
    assert_eq!(
        (&of("other")["effect"]["value"], &of("other")["drifted"]),
        (&1.0.into(), &true.into())
    );
    for name in ["gone", "late"] {
        let column = of(name);
        assert_eq!(
            (&column["psi"], &column["evidently"]),
            (&Value::Null, &Value::Null),
            "{column:#}"
        );
        assert_eq!(column["reasons"], serde_json::json!(["missing"]));
        assert_eq!(column["missing"]["effect"], 1.0);
    }
    assert_eq!(
        (&of("never")["drifted"], &of("never")["missing"]["effect"]),
        (&false.into(), &0.0.into())
    );
    // January lies before February, which is no news.
    assert_eq!(
        (&of("seen")["effect"]["value"], &of("seen")["drifted"]),
        (&1.0.into(), &false.into())
    );
    assert_eq!(of("seen")["form"], "calendar");
    let text = world
        .run(&[&DATES[..], &["-o", "drift.html"]].concat())
        .assert_code(6);
    assert!(
        text.stdout.contains("dates move with the calendar"),
        "{}",
        text.stdout
    );
    assert!(
        world
            .read("drift.html")
            .contains("none at one of the dates")
    );
}

#[test]
fn the_report_is_one_file_that_asks_for_nothing_and_quotes_values() {
    let world = World::small();
    let usage = world
        .read("data/2024-02-29/usage.csv")
        .replace("plus", "<b>&'plus");
    world.write("data/2024-02-29/usage.csv", &usage);
    let found = json(&world, 0, &["-o", "drift.html"]);
    assert_eq!(found["report"], "drift.html");
    let page = world.read("drift.html");
    assert!(page.contains("&lt;b&gt;&amp;&#39;plus") && !page.contains("<b>&'plus"));
    for asks in ["http:", "https:", "src=", "href=", "@import", "url("] {
        assert!(!page.contains(asks), "{asks}");
    }
    assert_eq!(page.matches("<article").count(), 4);
}

/// The same bytes whatever the number of threads.
#[test]
fn threads_change_no_digit() {
    let documents: Vec<Value> = [1, 4]
        .map(|threads| {
            json(
                &moved().with_threads(threads),
                6,
                &["--experiment", "small"],
            )
        })
        .to_vec();
    assert_eq!(documents[0], documents[1]);
}
