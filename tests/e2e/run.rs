//! The main line: run, lock, commit, clone, prove.

use std::collections::BTreeSet;

use serde_json::Value;

use crate::common::{World, assert_sound};

fn statuses(document: &Value) -> Vec<&str> {
    let runs = document["runs"].as_array().expect("several runs");
    runs.iter()
        .map(|run| run["status"].as_str().unwrap_or_default())
        .collect()
}

/// What the README promises: one command in a fresh clone proves every number of the locks.
#[test]
fn a_fresh_clone_proves_every_lock() {
    let author = World::sample();
    author.run(&["run"]).assert_code(0);
    author.commit("Definitions, data and locks");
    let clone = author.cloned().with_threads(1);
    let before = clone.files();
    let elsewhere = clone.outside().to_path_buf();
    let arguments = ["-C", "project", "run", "--locked", "--format", "json"];
    let first = clone.run_in(&elsewhere, &arguments).assert_code(0).json();
    assert_eq!(statuses(&first), ["executed"; 3]);
    for run in first["runs"].as_array().unwrap() {
        assert_eq!(run.get("error"), None);
        let name = run["experiment"].as_str().unwrap();
        let lock: toml::Table = clone
            .read(&format!("lockfiles/{name}.lock"))
            .parse()
            .unwrap();
        assert_eq!(run["run"], lock["run"].as_str().unwrap());
        for output in ["training_set", "split", "model", "predictions"] {
            assert_eq!(
                run["outputs"][output],
                lock["outputs"][output].as_str().unwrap()
            );
        }
        assert_eq!(
            run["metrics"]["auc"],
            lock["metrics"]["auc"].as_float().unwrap()
        );
    }
    let again = clone.run_in(&elsewhere, &arguments).assert_code(0).json();
    assert_eq!(statuses(&again), ["cached"; 3]);
    let proved = clone.run(&["run", "--locked", "--no-cache"]).assert_code(0);
    insta::assert_snapshot!(proved.screen(), @r"
    exit 0
    --- stdout
    churn_logistic           run <short>   executed   identical to its lock
    churn_prior              run <short>   executed   identical to its lock
    churn_random_forest      run <short>   executed   identical to its lock
    3 runs proved on this machine in <time> s.
    --- stderr
        Executed training_set of churn_logistic                          <time> s
        Executed split of churn_logistic                                 <time> s
        Executed fit of churn_logistic                                   <time> s
        Executed predict of churn_logistic                               <time> s
        Executed evaluate of churn_logistic                              <time> s
        Executed training_set of churn_prior                             <time> s
        Executed split of churn_prior                                    <time> s
        Executed fit of churn_prior                                      <time> s
        Executed predict of churn_prior                                  <time> s
        Executed evaluate of churn_prior                                 <time> s
        Executed training_set of churn_random_forest                     <time> s
        Executed split of churn_random_forest                            <time> s
        Executed fit of churn_random_forest                              <time> s
        Executed predict of churn_random_forest                          <time> s
        Executed evaluate of churn_random_forest                         <time> s
    ");
    assert_eq!(
        clone.files(),
        before,
        "--locked writes nothing outside the store"
    );
    assert_eq!(clone.git(&["status", "--porcelain"]), "");
    assert_sound(&clone);
}

#[test]
fn the_screens_of_a_run() {
    let world = World::small();
    let first = world.run(&["run"]).assert_code(0);
    insta::assert_snapshot!(first.screen(), @r"
    exit 0
    --- stdout
    small   run <short>   executed in <time> s
      rows       60   train 48   test 12   left 35.0 %
      as of      2024-01-31

                         this run   prior
      auc                  0.9545  0.5000
      average_precision    0.5000  0.0833
      f1                   0.5000  0.0000
      accuracy             0.8333  0.9167
      precision            0.3333  0.0000
      recall               1.0000  0.0000
      log_loss             3.2629  0.5670
      brier                0.1597  0.1875

                    predicted not left  predicted left
      was not left                   9               2
      was left                       0               1

      what it looks at   hours 0.64 · per_device 0.22 · devices 0.09 · plan 0.05

      lock written: lockfiles/small.lock   (the first)
      next: git add lockfiles/small.lock && git commit
    --- stderr
        Ingested 2024-01-31   2 tables   120 rows   1 check passed
        Executed training_set of small                                   <time> s
        Executed split of small                                          <time> s
        Executed fit of small                                            <time> s
        Executed predict of small                                        <time> s
        Executed evaluate of small                                       <time> s
    ");
    world.commit("Everything");
    world.edit("experiments/small.toml", "trees = 12", "trees = 13");
    let second = world.run(&["run", "small"]).assert_code(0);
    insta::assert_snapshot!(second.screen(), @r"
    exit 0
    --- stdout
    small   run <short>   executed in <time> s
      rows       60   train 48   test 12   left 35.0 %
      as of      2024-01-31

                         this run   prior  lock before
      auc                  0.9545  0.5000     the same
      average_precision    0.5000  0.0833     the same
      f1                   0.5000  0.0000     the same
      accuracy             0.8333  0.9167     the same
      precision            0.3333  0.0000     the same
      recall               1.0000  0.0000     the same
      log_loss             3.2652  0.5670      +0.0024
      brier                0.1598  0.1875      +4.1e-5

                    predicted not left  predicted left
      was not left                   9               2
      was left                       0               1

      what it looks at   hours 0.64 · per_device 0.23 · devices 0.08 · plan 0.05

      lock written: lockfiles/small.lock   (model.trees 12 → 13)
      next: git add lockfiles/small.lock && git commit
    --- stderr
        Executed fit of small                                            <time> s
        Executed predict of small                                        <time> s
        Executed evaluate of small                                       <time> s
    ");
    insta::assert_snapshot!(world.run(&["run", "--locked"]).assert_code(0).screen(), @r"
    exit 0
    --- stdout
    small                    run <short>   cached     identical to its lock
    1 run from the cache in <time> s; `streamflow run --locked --no-cache` proves again
    ");
    for output in [first, second] {
        let longest = output.stdout.lines().map(|line| line.chars().count()).max();
        assert!(longest <= Some(80), "{}", output.stdout);
    }
}

#[test]
fn the_document_of_a_run_has_what_the_contract_says() {
    let world = World::small();
    let run = world.run_one("small");
    assert_eq!(run["experiment"], "small");
    assert_eq!(run["status"], "executed");
    assert_eq!(run["run"].as_str().unwrap().len(), 64);
    for output in ["training_set", "split", "model", "predictions"] {
        assert_eq!(run["outputs"][output].as_str().unwrap().len(), 64);
    }
    for metric in ["auc", "f1", "accuracy", "precision", "recall", "log_loss"] {
        assert!(run["metrics"][metric].is_f64(), "{metric}");
    }
    let rows = &run["rows"];
    assert_eq!(rows["total"], 60);
    assert_eq!(rows["unlabelled"], 0);
    assert_eq!(
        rows["train"].as_u64().unwrap() + rows["test"].as_u64().unwrap(),
        60
    );
    let steps = run["steps"].as_array().unwrap();
    let names: Vec<_> = steps
        .iter()
        .map(|step| step["name"].as_str().unwrap())
        .collect();
    assert_eq!(
        names,
        ["training_set", "split", "fit", "predict", "evaluate"]
    );
    for step in steps {
        assert_eq!(step["key"].as_str().unwrap().len(), 64);
        assert_eq!(step["output"].as_str().unwrap().len(), 64);
        assert_eq!(step["cached"], false);
        assert!(step["seconds"].is_f64());
    }
    assert_eq!(run["code"]["commit"], "none");
    assert_eq!(run["code"]["dirty"], true);
    assert!(run["environment"]["hash"].is_string());
    assert!(run["seconds"].is_f64());
    let all = world
        .run(&["run", "--format", "json"])
        .assert_code(0)
        .json();
    assert_eq!(all["runs"][0]["status"], "cached");
}

#[test]
fn locks_do_not_churn() {
    let world = World::small();
    world.run(&["run"]).assert_code(0);
    let lock = world.read("lockfiles/small.lock");
    assert!(lock.contains("commit = \"none\""));
    let commit = world.commit("Definition and lock together");
    world.run(&["run"]).assert_code(0);
    world.forget();
    world.run(&["run"]).assert_code(0);
    assert_eq!(
        world.read("lockfiles/small.lock"),
        lock,
        "run and data are as before"
    );
    // Asked for, the commit is filled in.
    world.run(&["lock"]).assert_code(0);
    let refreshed = world.read("lockfiles/small.lock");
    assert_eq!(
        refreshed,
        lock.replace("commit = \"none\"", &format!("commit = {commit:?}"))
    );
    // The next commit changes neither definition nor data: the lock stays what it is.
    world.commit("The lock with its commit");
    world.run(&["lock"]).assert_code(0);
    assert_eq!(world.read("lockfiles/small.lock"), refreshed);
    let clone = world.cloned();
    clone.run(&["run", "--locked"]).assert_code(0);
}

#[test]
fn locks_hold_nothing_of_the_machine_or_the_moment() {
    let (here, there) = (
        World::small(),
        World::small().with("STREAMFLOW_USER", "other"),
    );
    here.run(&["run"]).assert_code(0);
    there.commit("Before");
    there.run(&["run", "small"]).assert_code(0);
    let line = |world: &World| -> BTreeSet<String> {
        let text = world.read("lockfiles/small.lock");
        assert!(!text.contains("tester") && !text.contains("/tmp") && !text.contains('\r'));
        text.lines().map(ToString::to_string).collect()
    };
    let (here, there) = (line(&here), line(&there));
    let differing: Vec<_> = here.symmetric_difference(&there).collect();
    assert!(
        differing.iter().all(|line| line.starts_with("commit = ")),
        "{differing:?}"
    );
}

#[test]
fn a_lock_without_execution_holds_no_results() {
    let world = World::small();
    world.run(&["lock", "small"]).assert_code(0);
    let lock = world.read("lockfiles/small.lock");
    assert!(!lock.contains("[outputs]") && !lock.contains("[metrics]"));
    insta::assert_snapshot!(world.run(&["run", "--locked"]).assert_code(3).screen(), @r"
    exit 3
    --- stderr
    error: lockfiles/small.lock holds no results yet
    help: `streamflow run small` executes the run and fills them in
    ");
    world.run(&["run"]).assert_code(0);
    assert!(world.read("lockfiles/small.lock").contains("[outputs]"));
    world.run(&["run", "--locked"]).assert_code(0);
}

#[test]
fn values_set_on_the_command_line_write_no_lock() {
    let world = World::small();
    world.run(&["run"]).assert_code(0);
    let files = world.files();
    let declared = world.run_one("small");
    let set = [
        "run",
        "small",
        "--set",
        "model.trees=13",
        "--format",
        "json",
    ];
    let other = world.run(&set).assert_code(0).json();
    assert_ne!(other["run"], declared["run"]);
    assert_eq!(world.files(), files);
    // The same value written into the file is the same run.
    world.edit("experiments/small.toml", "trees = 12", "trees = 13");
    let written = world.run_one("small");
    assert_eq!(written["run"], other["run"]);
    assert_eq!(written["status"], "cached");
    // A value that is set to what it is changes nothing.
    let same = [
        "run",
        "small",
        "--set",
        "model.trees=13",
        "--format",
        "json",
    ];
    assert_eq!(world.run(&same).assert_code(0).json()["run"], other["run"]);
}

#[test]
fn wrong_values_on_the_command_line_are_refused() {
    let world = World::small();
    let set = |value: &str| world.run(&["run", "small", "--set", value]).assert_code(2);
    insta::assert_snapshot!(set("model.tree=13").screen(), @r"
    exit 2
    --- stderr
    error: `--set model.tree=13`: unknown key `tree`
    help: `random_forest` has no such parameter; did you mean `trees`?
    ");
    insta::assert_snapshot!(set("model.trees=many").screen(), @r"
    exit 2
    --- stderr
    error: `--set model.trees=many`: wrong type for `trees`
    help: expected an integer, found a string
    ");
    insta::assert_snapshot!(set("model.trees").screen(), @r"
    exit 2
    --- stderr
    error: `--set model.trees` has no `=`
    help: write it as `--set model.trees=300`
    ");
    let both = world.run(&["run", "--locked", "--set", "model.trees=13"]);
    insta::assert_snapshot!(both.assert_code(2).screen(), @r"
    exit 2
    --- stderr
    error: --set changes a run, and --locked forbids changing it
    help: leave one of the two out
    ");
}

#[test]
fn an_unknown_experiment_is_named_with_those_there_are() {
    let world = World::sample();
    let output = world.run(&["run", "churn_pior"]).assert_code(2);
    insta::assert_snapshot!(output.screen(), @r"
    exit 2
    --- stderr
    error: there is no experiment `churn_pior`
      experiments: churn_logistic, churn_prior, churn_random_forest
    help: did you mean `churn_prior`?
    ");
    let document = world
        .run(&["run", "nothing", "--format", "json"])
        .assert_code(2)
        .json();
    assert_eq!(document["error"]["code"], "usage");
}

#[test]
fn one_experiment_that_fails_does_not_keep_the_others_from_being_tried() {
    let world = World::small();
    let text = world.read("experiments/small.toml");
    world.write(
        "experiments/a_later.toml",
        &text.replace("2024-01-31", "2024-03-31"),
    );
    world.write(
        "experiments/z_other.toml",
        &text.replace("seed   = 42", "seed   = 43"),
    );
    let output = world.run(&["run", "--format", "json"]).assert_code(5);
    let document = output.json();
    let runs = document["runs"].as_array().unwrap();
    assert_eq!(runs.len(), 3);
    assert_eq!(runs[0]["error"]["code"], "missing_input");
    assert_eq!(runs[0]["experiment"], "a_later");
    assert_eq!(
        (&runs[1]["status"], &runs[2]["status"]),
        (&"executed".into(), &"executed".into())
    );
    assert!(world.has("lockfiles/z_other.lock") && !world.has("lockfiles/a_later.lock"));
    insta::assert_snapshot!(world.run(&["run", "a_later"]).assert_code(5).screen(), @r"
    exit 5
    --- stderr
    error: labels has no file for 2024-03-31
      expected  data/2024-03-31/labels.csv
      on file   2024-01-31, 2024-02-29
    help: put the file there, or read it from elsewhere:
          `streamflow ingest --as-of 2024-03-31 --from DIR`
    ");
}

#[test]
fn outside_a_project_the_way_in_is_shown() {
    let world = World::empty();
    insta::assert_snapshot!(world.run(&["run"]).assert_code(2).screen(), @r"
    exit 2
    --- stderr
    error: no streamflow.toml in <world>/project or any folder above it
    help: `streamflow init DIR` makes a complete small project
          `streamflow init --from 'exports/{as_of}/*.csv' --key KEY --label TABLE.COLUMN`
          makes one of your own files
    ");
    let nowhere = world.run(&["-C", "nowhere", "run"]).assert_code(2);
    insta::assert_snapshot!(nowhere.screen(), @r"
    exit 2
    --- stderr
    error: there is no folder nowhere: No such file or directory (os error 2)
    ");
    let below = World::small();
    let folder = below.project().join("data").join("2024-01-31");
    let output = below.run_in(&folder, &["check"]).assert_code(0);
    assert!(output.stdout.contains("2 tables"), "{}", output.stdout);
}

/// Whatever stops a command, a program that asked for JSON finds exactly one document.
#[test]
fn json_is_one_document_also_on_failure() {
    let world = World::small();
    world.run(&["run"]).assert_code(0);
    world.edit("lockfiles/small.lock", "[outputs]", "<<<<<<< HEAD");
    let broken = World::small();
    broken.edit("experiments/small.toml", "trees", "tree");
    let refused = World::small();
    refused.edit_cell("data/2024-01-31/usage.csv", "U007", "hours", "much");
    let cases: [(&World, &[&str], i32, &str); 8] = [
        (&world, &["run", "--locked"], 3, "lock"),
        (&world, &["run", "--locked", "small"], 3, "lock"),
        (&world, &["run", "--frobnicate"], 2, "usage"),
        (&world, &["ingest", "--as-of", "soon"], 2, "usage"),
        (
            &world,
            &["ingest", "--as-of", "2031-01-31"],
            5,
            "missing_input",
        ),
        (&broken, &["check"], 2, "definition"),
        (&broken, &["run"], 2, "definition"),
        (&refused, &["run", "small"], 6, "data_refused"),
    ];
    for (world, arguments, code, word) in cases {
        let arguments = [arguments, &["--format", "json"]].concat();
        let document = world.run(&arguments).assert_code(code).json();
        let error = &document["error"];
        assert_eq!(error["code"], word, "{arguments:?}: {document:#}");
        assert!(
            error["message"].is_string() && error["help"].is_string(),
            "{error}"
        );
    }
}
