//! Values that a search leaves open: what it tries, what it chooses, and what its lock says of that.

use std::collections::BTreeSet;
use std::io::{BufRead, BufReader};

use insta::assert_snapshot;
use serde_json::{Value, json};

use crate::common::{World, assert_sound};

const EXPERIMENT: &str = "experiments/small.toml";
const LOCK: &str = "lockfiles/small.lock";
/// No text has the folder of this world.
const NOWHERE: &str = "\0";
const GRID: &str = "[search.model]
max_depth = [1, 3, 5]
trees = [4, 12]
";

/// The small project with a search after its other sections.
fn with_search(text: &str) -> World {
    let world = World::small();
    let sections = "[cross_validation]\nfolds = 3\n\n[model]\n";
    world.edit(EXPERIMENT, "[model]\n", sections);
    let experiment = world.read(EXPERIMENT) + "\n" + text;
    world.write(EXPERIMENT, &experiment);
    world
}

fn json(world: &World, arguments: &[&str]) -> Value {
    let all = [arguments, &["--format", "json"]].concat();
    world.run(&all).assert_code(0).json()
}

/// Candidates that were computed, by what progress says.
fn computed(stderr: &str) -> usize {
    stderr
        .lines()
        .filter(|line| line.contains("Tried "))
        .count()
}

fn search_of_lock(world: &World) -> String {
    let lock = world.read(LOCK);
    let from = lock.find("[search]").unwrap();
    lock[from..lock.find("\n[[data]]").unwrap()].to_string()
}

#[test]
fn a_search_runs_candidates_and_locks_the_best() {
    let world = with_search(GRID).with_threads(1);
    assert_snapshot!(world.run(&["run", "small"]).assert_code(0).screen(), @"
    exit 0
    --- stdout
    small   run <short>   executed in <time> s
      rows       60   train 48   test 12   left 35.0 %
      as of      2024-01-31

                         this run   prior
      auc                  0.9091  0.5000
      average_precision    0.3333  0.0833
      f1                   0.5000  0.0000
      accuracy             0.8333  0.9167
      precision            0.3333  0.0000
      recall               1.0000  0.0000
      log_loss             6.1271  0.5670
      brier                0.1927  0.1875

      3 folds              mean      sd   least    most
      auc                0.9043  0.1159  0.7755  1.0000
      average_precision  0.8789  0.1133  0.7755  1.0000
      f1                 0.7937  0.1803  0.6667  1.0000
      accuracy           0.8492  0.1435  0.7143  1.0000
      precision          0.7714  0.2060  0.6000  1.0000
      recall             0.8214  0.1557  0.7143  1.0000
      log_loss           1.9322  2.9752  0.2110  5.3677
      brier              0.1165  0.0888  0.0580  0.2188

                    predicted not left  predicted left
      was not left                   9               2
      was left                       0               1

      what it looks at   hours 0.60 · per_device 0.21 · devices 0.11 · plan 0.07

      search             grid, 6 candidates by cv_auc
        0.9043 ± 0.1159  max_depth 5, trees 4
        0.8963 ± 0.0927  max_depth 3, trees 12
        0.8937 ± 0.0983  max_depth 5, trees 12
        `streamflow runs --search small` lists all of them
      lock written: lockfiles/small.lock   (the first)
      next: git add lockfiles/small.lock && git commit
    --- stderr
        Ingested 2024-01-31   2 tables   120 rows   1 check passed
           Tried 1 of 6 of small, cv_auc 0.7925, the best so far         <time> s
                 max_depth 1, trees 4
           Tried 2 of 6 of small, cv_auc 0.8435, the best so far         <time> s
                 max_depth 1, trees 12
           Tried 3 of 6 of small, cv_auc 0.8588, the best so far         <time> s
                 max_depth 3, trees 4
           Tried 4 of 6 of small, cv_auc 0.8963, the best so far         <time> s
                 max_depth 3, trees 12
           Tried 5 of 6 of small, cv_auc 0.9043, the best so far         <time> s
                 max_depth 5, trees 4
           Tried 6 of 6 of small, cv_auc 0.8937, best 0.9043             <time> s
    ");
    assert_snapshot!(crate::common::redact(&search_of_lock(&world), NOWHERE), @r#"
    [search]
    id = "<hash>"

    [search.chosen]
    model.max_depth = 5
    model.trees = 4

    [search.declared]
    method = "grid"
    metric = "cv_auc"
    model.max_depth = [1, 3, 5]
    model.trees = [4, 12]
    "#);
    assert_snapshot!(world.run(&["runs", "--search", "small"]).assert_code(0).screen(), @"
    exit 0
    --- stdout
    small   grid, 6 candidates by cv_auc
       run           cv_auc  ± folds  max_depth  trees
    ●  <short>  0.9043   0.1159          5      4
       <short>  0.8963   0.0927          3     12
       <short>  0.8937   0.0983          5     12
       <short>  0.8588   0.1267          3      4
       <short>  0.8435   0.1370          1     12
       <short>  0.7925   0.2042          1      4

    ● chosen
    ");
    // As it stands in the lock, it is not done again; with its values it is a run like any other.
    assert_snapshot!(world.run(&["run", "small"]).assert_code(0).screen(), @"
    exit 0
    --- stdout
    small   run <short>   from the cache
      rows       60   train 48   test 12   left 35.0 %
      as of      2024-01-31

                         this run   prior  lock before
      auc                  0.9091  0.5000     the same
      average_precision    0.3333  0.0833     the same
      f1                   0.5000  0.0000     the same
      accuracy             0.8333  0.9167     the same
      precision            0.3333  0.0000     the same
      recall               1.0000  0.0000     the same
      log_loss             6.1271  0.5670     the same
      brier                0.1927  0.1875     the same

      3 folds              mean      sd   least    most
      auc                0.9043  0.1159  0.7755  1.0000
      average_precision  0.8789  0.1133  0.7755  1.0000
      f1                 0.7937  0.1803  0.6667  1.0000
      accuracy           0.8492  0.1435  0.7143  1.0000
      precision          0.7714  0.2060  0.6000  1.0000
      recall             0.8214  0.1557  0.7143  1.0000
      log_loss           1.9322  2.9752  0.2110  5.3677
      brier              0.1165  0.0888  0.0580  0.2188

                    predicted not left  predicted left
      was not left                   9               2
      was left                       0               1

      what it looks at   hours 0.60 · per_device 0.21 · devices 0.11 · plan 0.07

      search             max_depth 5, trees 4, as locked
      lock matched: lockfiles/small.lock
      next: commit the definition and its lock together
    ");
    let searched = json(&world, &["runs", "--search", "small"]);
    let all = json(&world, &["runs"]);
    let runs = |document: &Value| -> BTreeSet<String> {
        let runs = document["runs"].as_array().unwrap();
        runs.iter()
            .map(|run| run["run"].as_str().unwrap().to_string())
            .collect()
    };
    assert_eq!((runs(&searched).len(), runs(&searched)), (6, runs(&all)));
    let chosen = json(&world, &["show", "small@latest"]);
    assert_eq!(searched["search"]["chosen"], chosen["run"]);
    assert_eq!(
        json(&world, &["show", "small@locked"])["run"],
        chosen["run"]
    );
}

/// The best by the folds, of equal ones the first; whatever the test rows say, and however many
/// candidates are tried at a time.
#[test]
fn the_folds_choose_and_nothing_else() {
    let mut chosen = BTreeSet::new();
    for threads in [1, 4] {
        let world = with_search(GRID).with_threads(threads);
        let run = json(&world, &["run", "small"]);
        let found = json(&world, &["runs", "--search", "small"]);
        let all = json(&world, &["runs"]);
        let mut best: Option<(f64, u64, Value)> = None;
        for tried in found["runs"].as_array().unwrap() {
            let is_it = |run: &&Value| run["run"] == tried["run"];
            let metrics = &all["runs"].as_array().unwrap().iter().find(is_it).unwrap()["metrics"];
            assert_eq!(metrics["cv_auc"], tried["score"]);
            let (score, number) = (
                tried["score"].as_f64().unwrap(),
                tried["candidate"].as_u64().unwrap(),
            );
            let goes_before = |(top, first, _): &(f64, u64, Value)| {
                score > *top || score == *top && number < *first
            };
            if best.as_ref().is_none_or(goes_before) {
                best = Some((score, number, tried["run"].clone()));
            }
        }
        assert_eq!(best.unwrap().2, run["run"]);
        assert_eq!(run["search"]["searched"], true);
        assert_eq!(run["search"]["candidates"], 6);
        chosen.insert((run["run"].to_string(), search_of_lock(&world)));
    }
    assert_eq!(chosen.len(), 1, "{chosen:?}");
    // Less of a loss is better, and another metric is another search.
    let world = with_search(&format!("[search]\nmetric = \"cv_log_loss\"\n{GRID}"));
    json(&world, &["run", "small"]);
    let found = json(&world, &["runs", "--search", "small"]);
    let scores: Vec<f64> = found["runs"]
        .as_array()
        .unwrap()
        .iter()
        .map(|run| run["score"].as_f64().unwrap())
        .collect();
    assert!(scores.is_sorted(), "{scores:?}");
    assert_eq!(found["runs"][0]["chosen"], true);
}

/// Whoever has the lock proves the run that was chosen, and tries no other.
#[test]
fn a_clone_executes_the_chosen_run_alone() {
    let world = with_search(GRID);
    let run = json(&world, &["run", "small"]);
    world.commit("searched");
    let clone = world.cloned();
    let proved = json(&clone, &["run", "--locked", "small"]);
    assert_eq!(
        (&proved["run"], &proved["status"]),
        (&run["run"], &json!("executed"))
    );
    assert_eq!(json(&clone, &["runs"])["runs"].as_array().unwrap().len(), 1);
    let again = world.cloned();
    let run_again = json(&again, &["run", "small"]);
    assert_eq!(run_again["run"], run["run"]);
    assert_eq!(
        run_again["search"],
        json!({
            "id": run["search"]["id"],
            "method": "grid",
            "metric": "cv_auc",
            "chosen": run["search"]["chosen"],
            "candidates": null,
            "searched": false,
        })
    );
    assert_eq!(json(&again, &["runs"])["runs"].as_array().unwrap().len(), 1);
    assert_snapshot!(again.run(&["runs", "--search", "small"]).assert_code(2).error(), @"
    error: no search of small was done in this store
    help: `streamflow run small` searches, unless its lock says what was chosen;
          `streamflow run small --no-cache` tries all candidates anew
    ");
    // Definitions that leave the values open give the run, and candidates that were not chosen too.
    assert_eq!(
        json(&clone, &["replay", "small@locked"])["verdict"],
        "identical"
    );
    let head = world.git(&["rev-parse", "HEAD"]);
    let commits = json(&world, &["runs"]);
    for run in commits["runs"].as_array().unwrap() {
        assert_eq!(run["code"]["commit"], head.trim());
    }
    world.run(&["materialize"]).assert_code(0);
    world
        .run(&[
            "promote",
            "small@latest",
            "--to",
            "production",
            "--reason",
            "the best",
        ])
        .assert_code(0);
}

#[test]
fn another_search_is_told_of_and_done_again_with_what_is_known() {
    let world = with_search(GRID);
    json(&world, &["run", "small"]);
    world.edit(
        EXPERIMENT,
        "max_depth = [1, 3, 5]",
        "max_depth = [1, 3, 4, 5]",
    );
    assert_snapshot!(world.run(&["run", "--locked", "small"]).assert_code(3).screen(), @"
    exit 3
    --- stderr
    error: the lock of small is out of date, and --locked forbids changing it
      search.model.max_depth   [1, 3, 5] → [1, 3, 4, 5]   experiments/small.toml:38:13
    help: accept with `streamflow run small`,
          or run what is locked with `streamflow replay small@locked`
    ");
    assert_snapshot!(world.run(&["why", "small"]).assert_code(0).screen(), @"
    exit 0
    --- stdout
    small   its search would try 8 candidates
      compared with run <short>:
      search.model.max_depth  [1, 3, 5] → [1, 3, 4, 5]  experiments/small.toml:38:13
    ");
    assert_snapshot!(world.run(&["lock", "small"]).assert_code(3).screen(), @"
    exit 3
    --- stderr
    error: which run small is, only its search can tell
      candidates  8
    help: `streamflow run small` tries them
    ");
    let again = world.run(&["run", "small"]).assert_code(0);
    // The two with the new depth, and the last one, which ends the count.
    assert!(
        (2..=3).contains(&computed(&again.stderr)),
        "{}",
        again.stderr
    );
    assert_eq!(
        json(&world, &["runs", "--search", "small"])["search"]["candidates"],
        8
    );
    // Without a search the written values are the run again.
    let text = world.read(EXPERIMENT);
    world.write(EXPERIMENT, &text[..text.find("[search.model]").unwrap()]);
    assert_snapshot!(world.run(&["run", "--locked", "small"]).assert_code(3).screen(), @r#"
    exit 3
    --- stderr
    error: the lock of small is out of date, and --locked forbids changing it
      model.max_depth          5 → 0            experiments/small.toml:26:1
      model.trees              4 → 12           experiments/small.toml:28:9
      search.method            − "grid"         experiments/small.toml
      search.metric            − "cv_auc"       experiments/small.toml
      search.model.max_depth   − [1, 3, 4, 5]   experiments/small.toml
      search.model.trees       − [4, 12]        experiments/small.toml
    help: accept with `streamflow run small`,
          or run what is locked with `streamflow replay small@locked`
    "#);
    let plain = json(&world, &["run", "small"]);
    assert!(plain.get("search").is_none() && !world.read(LOCK).contains("search"));
}

/// Other data are another search: last month's best need not be this month's.
#[test]
fn other_data_are_searched_anew() {
    let world = with_search(GRID);
    let before = json(&world, &["run", "small"]);
    world.edit_cell("data/2024-01-31/usage.csv", "U007", "hours", "77.5");
    assert_snapshot!(world.run(&["why", "small"]).assert_code(0).screen(), @"
    exit 0
    --- stdout
    small   its search would try 6 candidates
      compared with run <short>:
      usage at 2024-01-31  <short> → <short>  data/2024-01-31/usage.csv
    ");
    let after = world.run(&["run", "small"]).assert_code(0);
    assert_eq!(computed(&after.stderr), 6, "{}", after.stderr);
    let after = json(&world, &["run", "small"]);
    assert_ne!(before["search"]["id"], after["search"]["id"]);
}

/// A killed search goes on with the candidates that are not there yet.
#[test]
fn a_killed_search_goes_on_where_it_was() {
    let text = "[search.model]\nmax_depth = [1, 2, 3, 4, 5, 6, 7, 8]\n";
    // Forests so large that there is time to be killed in.
    let undisturbed = with_search(text);
    undisturbed.edit(EXPERIMENT, "trees = 12", "trees = 300");
    let wanted = json(&undisturbed, &["run", "small"]);
    let world = with_search(text).with_threads(2);
    world.edit(EXPERIMENT, "trees = 12", "trees = 300");
    let mut child = world.start(&["run", "small"]);
    let mut lines = BufReader::new(child.stderr.take().unwrap()).lines();
    let mut seen = 0;
    while seen < 3 {
        seen += usize::from(lines.next().unwrap().unwrap().contains("Tried "));
    }
    child.kill().unwrap();
    child.wait().unwrap();
    assert!(!world.has(LOCK));
    let done = json(&world, &["runs"])["runs"].as_array().unwrap().len();
    assert!((3..8).contains(&done), "{done} of 8 were done");
    let again = world.run(&["run", "small"]).assert_code(0);
    let computed = computed(&again.stderr);
    assert!(
        computed <= 8 - done + 1,
        "{done} were done, {computed} computed:\n{}",
        again.stderr
    );
    let found = json(&world, &["run", "small"]);
    assert_eq!(
        (&found["run"], &found["search"]["id"]),
        (&wanted["run"], &wanted["search"]["id"])
    );
    assert_eq!(world.read(LOCK), undisturbed.read(LOCK));
    assert_sound(&world);
}

#[test]
fn halving_gives_the_better_part_more() {
    let world = with_search(
        "[search]
method = \"halving\"
candidates = 9
resource = { key = \"model.trees\", from = 2, to = 18 }

[search.model]
max_depth = { from = 1, to = 9 }
min_samples_leaf = { from = 1, to = 20, scale = \"log\" }
",
    )
    .with_threads(1);
    let run = world.run(&["run", "small"]).assert_code(0);
    assert_snapshot!(crate::common::redact(&run.stderr, NOWHERE), @"
    Ingested 2024-01-31   2 tables   120 rows   1 check passed
       Tried 1 of 13 of small, cv_auc 0.6462, the best so far        <time> s
             max_depth 1, min_samples_leaf 1, trees 2
       Tried 2 of 13 of small, cv_auc 0.5873, best 0.6462            <time> s
       Tried 3 of 13 of small, cv_auc 0.6341, best 0.6462            <time> s
       Tried 4 of 13 of small, cv_auc 0.7934, the best so far        <time> s
             max_depth 7, min_samples_leaf 4, trees 2
       Tried 5 of 13 of small, cv_auc 0.7469, best 0.7934            <time> s
       Tried 6 of 13 of small, cv_auc 0.7934, best 0.7934            <time> s
       Tried 7 of 13 of small, cv_auc 0.6288, best 0.7934            <time> s
       Tried 8 of 13 of small, cv_auc 0.5218, best 0.7934            <time> s
       Tried 9 of 13 of small, cv_auc 0.8707, the best so far        <time> s
             max_depth 5, min_samples_leaf 1, trees 2
       Tried 10 of 13 of small, cv_auc 0.8262, the best so far       <time> s
             max_depth 7, min_samples_leaf 4, trees 6
       Tried 11 of 13 of small, cv_auc 0.8262, best 0.8262           <time> s
       Tried 12 of 13 of small, cv_auc 0.8891, the best so far       <time> s
             max_depth 5, min_samples_leaf 1, trees 6
       Tried 13 of 13 of small, cv_auc 0.9014, the best so far       <time> s
             max_depth 5, min_samples_leaf 1, trees 18
    ");
    let found = json(&world, &["runs", "--search", "small"]);
    assert_eq!(
        (&found["search"]["candidates"], &found["search"]["rounds"]),
        (&json!(9), &json!(3))
    );
    let in_round = |round: u64| {
        let runs = found["runs"].as_array().unwrap().iter();
        runs.filter(|run| run["round"] == round).count()
    };
    assert_eq!([in_round(1), in_round(2), in_round(3)], [6, 2, 1]);
    let chosen = json(&world, &["show", "small@latest"]);
    assert_eq!(found["search"]["chosen"], chosen["run"]);
    assert!(world.read(LOCK).contains("model.trees = 18"));
    assert_eq!(
        json(&world, &["runs"])["runs"].as_array().unwrap().len(),
        9 + 3 + 1
    );
    world
        .run(&["run", "--locked", "--no-cache", "small"])
        .assert_code(0);
    assert_snapshot!(world.run(&["runs", "--search", "small"]).assert_code(0).screen(), @"
    exit 0
    --- stdout
    small   halving, 9 candidates in 3 rounds by cv_auc
       run           round  cv_auc  ± folds  max_depth  min_samples_leaf  trees
    ●  <short>      3  0.9014   0.0856          5                 1     18
       <short>      2  0.8262   0.1268          7                 4      6
       <short>      2  0.8262   0.1268          6                 4      6
       <short>      1  0.7469   0.2167          2                 6      2
       <short>      1  0.6462   0.2506          1                 1      2
       <short>      1  0.6341   0.1625          9                10      2
       <short>      1  0.6288   0.1635          3                11      2
       <short>      1  0.5873   0.1512          5                15      2
       <short>      1  0.5218   0.2452          1                10      2

    ● chosen
    ");
}

#[test]
fn what_cannot_be_asked_of_a_search() {
    let world = with_search(GRID);
    let screen = |arguments: &[&str], code| world.run(arguments).assert_code(code).screen();
    assert_snapshot!(screen(&["run", "small", "--set", "model.trees=7"], 2), @"
    exit 2
    --- stderr
    error: --set model.trees=7: [search] of small tries values for it
    help: `--set 'search.model.trees=[7]'` tries this one alone
    ");
    assert_snapshot!(screen(&["lock", "small"], 3), @"
    exit 3
    --- stderr
    error: which run small is, only its search can tell
      candidates  6
    help: `streamflow run small` tries them
    ");
    assert_snapshot!(screen(&["why", "small"], 0), @"
    exit 0
    --- stdout
    small   its search would try 6 candidates
      it was never executed here, and has no lock
    ");
    assert_snapshot!(screen(&["run", "--locked", "small"], 3), @"
    exit 3
    --- stderr
    error: small has no lock: lockfiles/small.lock is missing
    help: `streamflow run small` writes it; commit it together with the definition
    ");
    assert_snapshot!(screen(&["runs", "--search", "small"], 2), @"
    exit 2
    --- stderr
    error: no search of small was done in this store
    help: `streamflow run small` searches, unless its lock says what was chosen;
          `streamflow run small --no-cache` tries all candidates anew
    ");
    assert_snapshot!(screen(&["runs", "--search", "smal"], 2), @"
    exit 2
    --- stderr
    error: there is no experiment `smal`
      experiments: small
    help: did you mean `small`?
    ");
    // One value alone is tried, and no lock is written.
    let set = json(&world, &["run", "small", "--set", "search.model.trees=[7]"]);
    assert_eq!(
        (&set["search"]["candidates"], &set["lock"]),
        (&json!(3), &json!("none"))
    );
    assert!(!world.has(LOCK));
}

/// A candidate that cannot be run stops the search: a table of the others would hide it.
#[test]
fn a_candidate_that_fails_is_named() {
    let world = with_search("[search.preprocess]\nmissing_numeric = [\"median\", \"error\"]\n")
        .with_threads(1);
    assert_snapshot!(world.run(&["run", "small"]).assert_code(6).screen(), @r#"
    exit 6
    --- stderr
        Ingested 2024-01-31   2 tables   120 rows   1 check passed
           Tried 1 of 2 of small, cv_auc 0.8937, the best so far         <time> s
                 missing_numeric median
    error: the training set holds nulls, and [preprocess] says `error` for them
      usage.per_device: 15 of 60 rows are null (numeric)
      in fold 1 of 3
      candidate 2 of 2: preprocess.missing_numeric = "error"
    help: set `missing_numeric = "median"` under [preprocess]
    "#);
    assert!(!world.has(LOCK));
    assert_eq!(json(&world, &["runs"])["runs"].as_array().unwrap().len(), 1);
}

#[test]
fn a_lock_whose_choice_was_edited_is_refused() {
    let world = with_search(GRID);
    let run = json(&world, &["run", "small"]);
    let lock = world.read(LOCK);
    let chosen = lock[lock.find("[search.chosen]").unwrap()..]
        .lines()
        .nth(1)
        .unwrap();
    for (wrong, _) in [("model.max_depth = 2", "not tried"), ("", "not there")] {
        let from = lock.find("[search.chosen]").unwrap();
        let edited = lock[from..].replacen(chosen, wrong, 1);
        world.write(LOCK, &(lock[..from].to_string() + &edited));
        let refused = world.run(&["run", "--locked", "small"]).assert_code(3);
        assert!(
            refused.stderr.contains("cannot have chosen"),
            "{}",
            refused.stderr
        );
    }
    // A search over other data, or another one, has another name.
    let id = run["search"]["id"].as_str().unwrap();
    world.write(LOCK, &lock.replacen(id, &"0".repeat(64), 1));
    assert_snapshot!(world.run(&["run", "--locked", "small"]).assert_code(3).screen(), @"
    exit 3
    --- stderr
    error: lockfiles/small.lock does not fit together
      search    <short>
      computed  <short> from what it declares and the runs it compares
    help: restore it with `git checkout -- lockfiles/small.lock`, or write it anew
          with `streamflow run`
    ");
    // Another candidate is not the run that is locked.
    let trees = if lock.contains("model.trees = 4") {
        ("= 4", "= 12")
    } else {
        ("= 12", "= 4")
    };
    let from = lock.find("[search.chosen]").unwrap();
    let line = format!("model.trees {}", trees.0);
    let edited = lock[from..].replacen(&line, &format!("model.trees {}", trees.1), 1);
    world.write(LOCK, &(lock[..from].to_string() + &edited));
    assert_snapshot!(world.run(&["run", "--locked", "small"]).assert_code(3).screen(), @"
    exit 3
    --- stderr
    error: the lock of small is out of date, and --locked forbids changing it
      model.trees   4 → 12   experiments/small.toml:28:9
    help: accept with `streamflow run small`,
          or run what is locked with `streamflow replay small@locked`
    ");
}

/// What chance does to the run that was chosen.
#[test]
fn a_chosen_run_is_repeated_with_other_seeds() {
    let world = with_search(GRID);
    let run = json(
        &world,
        &["run", "small", "--repeat", "3", "--vary", "model"],
    );
    let family = &run["family"];
    assert_eq!((&family["n"], &family["base"]), (&json!(3), &run["run"]));
    for member in family["runs"].as_array().unwrap() {
        let b = member["run"].as_str().unwrap();
        let diff = json(&world, &["diff", run["run"].as_str().unwrap(), b]);
        for input in diff["inputs"].as_array().unwrap() {
            assert_eq!(input["name"], "model.seed");
        }
    }
}
