//! `[preprocess.derived]`: features that read two tables, from the definition to the lock, and what is refused.

use insta::assert_snapshot;

use crate::common::World;

const EXPERIMENT: &str = "experiments/small.toml";

const BILLS: &str = r#"entity = "user"
[source]
path = "data/{as_of}/bills.csv"
[columns]
user_id = "string"
paid    = "f64"
late    = "bool"
since   = "date"
note    = "string"
[features]
columns = ["paid", "late", "since", "note"]
"#;

/// The small project with a second table.
fn world() -> World {
    let world = World::small();
    world.write("features/bills.toml", BILLS);
    for (month, date) in ["2024-01-31", "2024-02-29"].iter().enumerate() {
        let mut text = "user_id,paid,late,since,note\n".to_string();
        for n in 1 + month..61 + month {
            // One of nine has no bill at all.
            if n % 9 > 0 {
                let (paid, late) = (n * 11 % 50, n % 4 == 1);
                text.push_str(&format!("U{n:03},{paid}.25,{late},2023-01-01,n{}\n", n % 2));
            }
        }
        world.write(&format!("data/{date}/bills.csv"), &text);
    }
    world.edit(
        EXPERIMENT,
        "\"usage.per_device\"]",
        "\"usage.per_device\", \"bills.paid\", \"bills.late\"]",
    );
    world
}

fn derived(text: &str) -> World {
    let world = world();
    world.edit(
        EXPERIMENT,
        "[model]",
        &format!("[preprocess.derived]\n{text}\n[model]"),
    );
    world
}

#[test]
fn a_feature_of_two_tables_is_declared_locked_and_learnt_from() {
    let world = derived(
        "cost  = \"bills.paid/nullif ( usage.hours,0)\"\nangry = \"bills.late and usage.hours < 10\"",
    );
    let run = world.run_one("small");
    let lock = world.read("lockfiles/small.lock");
    let lines: Vec<&str> = lock
        .lines()
        .filter(|line| line.contains("derived"))
        .collect();
    assert_snapshot!(lines.join("\n"), @r#"
    preprocess.derived.angry = "bills.late AND usage.hours < 10"
    preprocess.derived.cost = "bills.paid / NULLIF(usage.hours, 0)"
    "#);
    assert!(lock.contains("expression = "), "{lock}");
    let replay = world.run(&["replay", "small@latest", "--format", "json"]);
    assert_eq!(replay.assert_code(0).json()["verdict"], "identical");
    // Where nothing is derived the rows are the same, and the model another.
    let plain = world.run(&[
        "run",
        "small",
        "--set",
        "preprocess.derived={}",
        "--format",
        "json",
    ]);
    let plain = plain.assert_code(0).json();
    assert_eq!(
        plain["outputs"]["training_set"],
        run["outputs"]["training_set"]
    );
    assert_ne!(plain["outputs"]["model"], run["outputs"]["model"]);
    // Layout is no other feature; another number is.
    world.edit(
        EXPERIMENT,
        "bills.paid/nullif ( usage.hours,0)",
        "\\\"bills\\\".paid / NULLIF(usage.hours, 0)",
    );
    assert_eq!(world.run_one("small")["run"], run["run"]);
    world.edit(EXPERIMENT, "usage.hours < 10", "usage.hours < 11");
    assert_ne!(world.run_one("small")["run"], run["run"]);
    world.edit(EXPERIMENT, "usage.hours < 11", "usage.hours < 10");
    let again = world.run(&["run", "small", "--no-cache", "--format", "json"]);
    assert_eq!(again.assert_code(0).json()["outputs"], run["outputs"]);
    assert_snapshot!(world.run(&["diff", run["run"].as_str().unwrap(), plain["run"].as_str().unwrap()]).assert_code(0).screen(), @r#"
    exit 0
    --- stdout
    a  <short>  small  2024-01-31   auc 0.8636
    b  <short>  small  2024-01-31   auc 0.9091

    what changed
      preprocess  preprocess.derived.angry
          − "bills.late AND usage.hours < 10"  experiments/small.toml:25:9
      preprocess  preprocess.derived.cost
          − "bills.paid / NULLIF(usage.hours, 0)"  experiments/small.toml:24:9
      data, features, label, split, model, operations, code, environment: the same

    what it did
      auc                0.8636 → 0.9091   +0.0455
      average_precision  0.3333 → 0.5000   +0.1667
      f1                 0.5000 → 0.5000  the same
      accuracy           0.8333 → 0.8333  the same
      precision          0.3333 → 0.3333  the same
      recall             1.0000 → 1.0000  the same
      log_loss           3.2886 → 0.4895   −2.7991
      brier              0.1696 → 0.1534   −0.0162
      training_set  <short>   the same
      split         <short>   the same
      model         <short> → <short>
      predictions   <short> → <short>
      7 of 12 common test rows moved, 0 flipped
      with fewer than 30 of them nothing is said of noise
      the largest moves
        U030  0.8333 → 0.5833  −0.2500
        U012  0.8333 → 0.6667  −0.1667
        U022  0.0833 → 0.2500  +0.1667
        U060  0.1667 → 0.3333  +0.1667
        U025  0.3333 → 0.4167  +0.0833
        U035  1.0000 → 0.9167  −0.0833
        U039  0.1667 → 0.2500  +0.0833
    "#);
}

#[test]
fn what_no_expression_may_be() {
    let world = derived("cost = \"EXPRESSION\"");
    let mut before = "cost = \"EXPRESSION\"".to_string();
    let mut said = String::new();
    for line in [
        "cost = \"bills.payd / 2\"",
        "cost = \"paid / 2\"",
        "cost = \"bills.note\"",
        "cost = \"labels.left\"",
        "cost = \"usage.joined\"",
        "cost = \"nothing.paid\"",
        "cost = \"bills.paid + bills.late\"",
        "cost = \"SUM(bills.paid)\"",
        "cost = \"bills.paid\"\nmore = \"cost + 1\"",
        "cost = \"1 + 1\"",
        "cost = \"CAST(usage.plan AS date)\"",
        "cost = \"bills.paid >\"",
        "cost = 7",
        "\"co.st\" = \"bills.paid\"",
        "usage = \"bills.paid\"",
        "cost = \"bills.paid\"\n[preprocess.columns]\nbills.paid = { drop = true, log = true }",
        "cost = \"bills.paid\"\n[preprocess.columns]\nusage.hours = { drop = true }",
        "cost = \"bills.paid\"\n[preprocess.columns]\ncots = { log = true }",
        "cost = \"bills.paid\"\n[preprocess.columns]\ncost = { rare = 0.1 }",
        "cost = \"bills.paid\"\n[preprocess.columns]\ncost = { drop = true }",
    ] {
        world.edit(EXPERIMENT, &before, line);
        before = line.to_string();
        let output = world.run(&["check"]).assert_code(2).screen();
        let told = output
            .lines()
            .filter(|line| !line.starts_with("exit") && !line.starts_with("---"));
        said.push_str(&format!(
            "{line}\n{}\n",
            told.collect::<Vec<_>>().join("\n")
        ));
    }
    assert_snapshot!(said, @r#"
    cost = "bills.payd / 2"
    error: unknown feature `bills.payd`
       ╭▸ experiments/small.toml:24:9
       │
    24 │ cost = "bills.payd / 2"
       ╰╴        ━━━━━━━━━━ the dataset has `bills.paid`

    1 error in 1 of 5 files
    cost = "paid / 2"
    error: unknown feature `paid`
       ╭▸ experiments/small.toml:24:9
       │
    24 │ cost = "paid / 2"
       ╰╴        ━━━━ the dataset has `bills.paid`

    1 error in 1 of 5 files
    cost = "bills.note"
    error: unknown feature `bills.note`
       ╭▸ experiments/small.toml:24:9
       │
    24 │ cost = "bills.note"
       ╰╴        ━━━━━━━━━━ `bills` offers it: take it in `features` under [dataset]

    1 error in 1 of 5 files
    cost = "labels.left"
    error: unknown feature `labels.left`
       ╭▸ experiments/small.toml:24:9
       │
    24 │ cost = "labels.left"
       ╰╴        ━━━━━━━━━━━ that is what is predicted

    1 error in 1 of 5 files
    cost = "usage.joined"
    error: unknown feature `usage.joined`
       ╭▸ experiments/small.toml:24:9
       │
    24 │ cost = "usage.joined"
       ╰╴        ━━━━━━━━━━━━ take the column in `columns` of [features] in features/usage.toml, then in `features` under [dataset]

    1 error in 1 of 5 files
    cost = "nothing.paid"
    error: unknown feature `nothing.paid`
       ╭▸ experiments/small.toml:24:9
       │
    24 │ cost = "nothing.paid"
       ╰╴        ━━━━━━━━━━━━ no feature of the dataset has this name; write TABLE.FEATURE

    1 error in 1 of 5 files
    cost = "bills.paid + bills.late"
    error: `bills.late` is a bool and cannot be added
       ╭▸ experiments/small.toml:24:22
       │
    24 │ cost = "bills.paid + bills.late"
       ╰╴                     ━━━━━━━━━━ a number is needed here, such as CAST(bills.late AS i64)

    1 error in 1 of 5 files
    cost = "SUM(bills.paid)"
    error: SUM gathers many rows, and an expression sees one
       ╭▸ experiments/small.toml:24:9
       │
    24 │ cost = "SUM(bills.paid)"
       ╰╴        ━━━ an aggregate belongs in [features.windowed], with its window

    1 error in 1 of 5 files
    cost = "bills.paid"
    more = "cost + 1"
    error: unknown feature `cost`
       ╭▸ experiments/small.toml:25:9
       │
    25 │ more = "cost + 1"
       ╰╴        ━━━━ one derived feature does not read another: write its expression here

    1 error in 1 of 5 files
    cost = "1 + 1"
    error: this expression reads no feature
       ╭▸ experiments/small.toml:24:9
       │
    24 │ cost = "1 + 1"
       ╰╴        ━━━━━ it has one value in all rows, from which nothing can be learned

    1 error in 1 of 5 files
    cost = "CAST(usage.plan AS date)"
    error: this expression gives a date
       ╭▸ experiments/small.toml:24:9
       │
    24 │ cost = "CAST(usage.plan AS date)"
       ╰╴        ━━━━━━━━━━━━━━━━━━━━━━━━ a model takes numbers, strings and bools: take a part of it, such as EXTRACT(MONTH FROM …)

    1 error in 1 of 5 files
    cost = "bills.paid >"
    error: expected an expression, but the expression ends
       ╭▸ experiments/small.toml:24:20
       │
    24 │ cost = "bills.paid >"
       ╰╴                   ━ this does not read as a SQL expression

    1 error in 1 of 5 files
    cost = 7
    error: wrong type for `cost`
       ╭▸ experiments/small.toml:24:8
       │
    24 │ cost = 7
       ╰╴       ━ expected a string, found an integer

    1 error in 1 of 5 files
    "co.st" = "bills.paid"
    error: invalid name of a feature
       ╭▸ experiments/small.toml:24:1
       │
    24 │ "co.st" = "bills.paid"
       ╰╴━━━━━━━ `co.st` is not a name: use up to 100 letters, digits, `_` and `-`, a letter or digit first

    1 error in 1 of 5 files
    usage = "bills.paid"
    error: `usage` is a table
       ╭▸ experiments/small.toml:24:1
       │
    24 │ usage = "bills.paid"
       ╰╴━━━━━ a derived feature has a name of its own, beside those of tables

    1 error in 1 of 5 files
    cost = "bills.paid"
    [preprocess.columns]
    bills.paid = { drop = true, log = true }
    error: unknown key `log`
       ╭▸ experiments/small.toml:26:29
       │
    26 │ bills.paid = { drop = true, log = true }
       ╰╴                            ━━━ a feature that is dropped is not encoded: leave this out

    1 error in 1 of 5 files
    cost = "bills.paid"
    [preprocess.columns]
    usage.hours = { drop = true }
    error: `usage.hours` is dropped, and used for nothing
       ╭▸ experiments/small.toml:26:24
       │
    26 │ usage.hours = { drop = true }
       ╰╴                       ━━━━ no expression of [preprocess.derived] reads it: leave it out of `features` under [dataset]

    1 error in 1 of 5 files
    cost = "bills.paid"
    [preprocess.columns]
    cots = { log = true }
    error: unknown feature `cots`
       ╭▸ experiments/small.toml:26:1
       │
    26 │ cots = { log = true }
       ╰╴━━━━ did you mean `cost`?

    1 error in 1 of 5 files
    cost = "bills.paid"
    [preprocess.columns]
    cost = { rare = 0.1 }
    error: unknown key `rare`
       ╭▸ experiments/small.toml:26:10
       │
    26 │ cost = { rare = 0.1 }
       ╰╴         ━━━━ `cost` is a number and takes `bins`, `clip`, `log`, `missing_numeric`, `numeric`

    1 error in 1 of 5 files
    cost = "bills.paid"
    [preprocess.columns]
    cost = { drop = true }
    error: unknown key `drop`
       ╭▸ experiments/small.toml:26:10
       │
    26 │ cost = { drop = true }
       ╰╴         ━━━━ `cost` is a number and takes `bins`, `clip`, `log`, `missing_numeric`, `numeric`

    1 error in 1 of 5 files
    "#);
}

#[test]
fn what_is_derived_can_be_asked_about() {
    let world = derived(
        "cost  = \"bills.paid / NULLIF(usage.hours, 0)\"\nangry = \"bills.late AND usage.hours < 10\"",
    );
    world.edit(
        EXPERIMENT,
        "[model]",
        "[preprocess.columns]\nbills.paid = { drop = true }\n[model]",
    );
    world.run_one("small");
    let asked = |question: &[&str]| world.run(&[&["show", "small@latest"], question].concat());
    assert_snapshot!(asked(&["--by", "angry"]).assert_code(0).screen(), @"
    exit 0
    --- stdout
    small   run <short>   by angry

             test rows   left     auc
      false         12  8.3 %  0.8636

                 ap      f1    acc.   prec.  recall   logl.   brier
      false  0.3333  0.5000  0.8333  0.3333  1.0000  3.2814  0.1690
    ");
    assert_snapshot!(asked(&["--dependence", "angry"]).assert_code(0).screen(), @"
    exit 0
    --- stdout
    small   run <short>   as angry moves
      The mean probability over 12 test rows when all of them have the value, and
      the share of rows near it:

                      rows    mean
      as they are           0.3194
      false        100.0 %  0.3194  ████████████▊
      true           0.0 %  0.6042  ████████████████████████
    ");
    assert_snapshot!(asked(&["--dependence", "bills.paid"]).assert_code(2).screen(), @"
    exit 2
    --- stderr
    error: the model of run <short> does not take bills.paid: the run drops it
    help: ask for what is derived: angry, cost
    ");
    assert_snapshot!(asked(&["--by", "angri"]).assert_code(2).screen(), @"
    exit 2
    --- stderr
    error: run <short> has no feature `angri`
    help: did you mean `angry`?
          `--by` takes any column of these tables too: bills, usage
    ");
    let drift = [
        "drift",
        "--reference",
        "2024-01-31",
        "--current",
        "2024-02-29",
        "--experiment",
        "small",
        "--format",
        "json",
    ];
    let drift = world.run(&drift).json();
    let names: Vec<&str> = drift["columns"]
        .as_array()
        .unwrap()
        .iter()
        .map(|c| c["name"].as_str().unwrap())
        .collect();
    assert!(
        names.contains(&"cost") && names.contains(&"angry"),
        "{drift:#}"
    );
}

/// One that says what the label says stops the run, and has a word that lets it pass.
#[test]
fn what_is_derived_is_looked_at_for_leakage() {
    let world = derived("tell = \"usage.hours < 14 AND COALESCE(bills.paid, 0) >= 0\"");
    let labels: String = world
        .read("data/2024-01-31/labels.csv")
        .lines()
        .map(|line| line.split(',').next().unwrap().to_string())
        .enumerate()
        .map(|(at, user)| match at {
            0 => "user_id,left\n".to_string(),
            _ => format!("{user},{}\n", at * 7 % 40 < 14),
        })
        .collect();
    world.write("data/2024-01-31/labels.csv", &labels);
    assert_snapshot!(world.run(&["run", "small"]).assert_code(1).screen(), @r#"
    exit 1
    --- stderr
        Ingested 2024-01-31   3 tables   174 rows   1 check passed
        Executed training_set of small                                   <time> s
        Executed split of small                                          <time> s
    error: feature `tell` says what the label says
       ╭▸ experiments/small.toml:24:8
       │
    24 │ tell = "usage.hours < 14 AND COALESCE(bills.paid, 0) >= 0"
       ╰╴       ━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━ one-to-one with the label

    small is not trained: tell gives labels.left away
      tell is "true" in all 21 rows where labels.left is true, and "false" in all 39
      others
    help: leave the feature out, or predict a later label with `lead = 1`
          or, if it is meant, write in experiments/small.toml:
            [allow]
            label_function = ["tell"]
    "#);
    world.edit(
        EXPERIMENT,
        "[model]",
        "[allow]\nlabel_function = [\"tell\"]\n[model]",
    );
    world.run_one("small");
}

#[test]
fn what_is_derived_goes_out_as_onnx_or_is_refused() {
    let world = derived("cost = \"bills.paid / NULLIF(usage.hours, 0)\"");
    world.run_one("small");
    let export = [
        "export",
        "small@latest",
        "-o",
        "model.onnx",
        "--format",
        "json",
    ];
    let document = world.run(&export).assert_code(0).json();
    let inputs: Vec<&str> = document["inputs"]
        .as_array()
        .unwrap()
        .iter()
        .map(|i| i["name"].as_str().unwrap())
        .collect();
    assert_eq!(
        inputs,
        [
            "bills.late",
            "bills.paid",
            "usage.devices",
            "usage.hours",
            "usage.per_device",
            "usage.plan"
        ]
    );
    world.edit(
        EXPERIMENT,
        "bills.paid / NULLIF(usage.hours, 0)",
        "ROUND(bills.paid / NULLIF(usage.hours, 0), 1)",
    );
    world.run_one("small");
    assert_snapshot!(world.run(&["export", "small@latest", "-o", "model.onnx"]).assert_code(2).screen(), @"
    exit 2
    --- stderr
    error: `cost` cannot be written as ONNX: it has no operator for ROUND to digits
    help: leave the feature out of [preprocess.derived], or derive it in a table's
          file
    ");
}
