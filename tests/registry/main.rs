//! Runs by name, and the registry: the program driven from outside on the example project.

#![allow(clippy::unwrap_used)]

mod gates;
mod log;
mod signatures;
mod stages;
mod world;

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;
use std::process::Stdio;

use serde_json::Value;

use world::{FOREST, MODEL, PIN, Said, World, text};

#[test]
fn runs_are_found_by_every_name_they_have() {
    let world = World::sample();
    let first = world.prior_run("0.4");
    let second = world.prior_run("0.6");
    let shown = |name: &str| text(&world.json(&format!("show {name}"))["run"]).to_string();
    assert_eq!(shown(&second), second);
    assert_eq!(shown(&first[..10]), first);
    assert_eq!(shown(&first[..10].to_uppercase()), first);
    assert_eq!(shown("churn_prior@latest"), second);
    assert_eq!(shown("churn_prior@locked"), second);
    assert_eq!(shown("churn_prior@HEAD"), second);
    assert_eq!(shown("churn_prior@HEAD~1"), first);
    world.promote(&first, "production").exits(0);
    assert_eq!(shown("production"), first);
    assert_eq!(shown("streamflow_churn@Production"), first);
}

#[test]
fn what_names_no_run_is_refused_with_what_there_is() {
    let world = World::sample();
    let run = world.prior_run("0.4");
    for (name, words) in [
        ("churn_prio@latest", "did you mean `churn_prior`"),
        ("churn_prior@lates", "did you mean `churn_prior@latest`"),
        ("churn_prior", "`churn_prior@latest` is its last run"),
        ("churn_prior@HEAD~1", "holds no lock of churn_prior"),
        ("churn_logistic@latest", "never executed"),
        ("churn_logistic@locked", "no lock"),
        ("ffff", &run[..12]),
        ("abc", "at least 4 digits"),
        ("production", "no run of streamflow_churn is pinned"),
        ("other@production", "models: streamflow_churn"),
        ("churn_prior@production", "registers as streamflow_churn"),
        ("nonsense", "names no run"),
        ("../x@latest", "there is no experiment"),
    ] {
        let said = world.run(&format!("show {name}")).exits(2);
        said.says(words);
    }
}

#[test]
fn a_fresh_clone_knows_runs_through_locks_pins_and_history() {
    let world = World::sample();
    let first = world.prior_run("0.4");
    world.promote(&first, "production").exits(0);
    let second = world.prior_run("0.6");

    let clone = world.cloned();
    let shown = |name: &str| clone.json(&format!("show {name}"));
    assert_eq!(text(&shown("churn_prior@latest")["run"]), second);
    assert_eq!(text(&shown("churn_prior@HEAD~1")["run"]), first);
    assert_eq!(text(&shown("production")["run"]), first);
    let old = shown(&first[..8]);
    assert_eq!(
        text(&old["run"]),
        first,
        "only a commit before has its lock"
    );
    assert!(old["status"].is_null(), "it was not executed here");
    assert_eq!(old["metrics"]["auc"], 0.5);
    assert_eq!(text(&old["stages"][0]["stage"]), "production");
    clone
        .run("show production")
        .exits(0)
        .says("not executed here");
    clone
        .run("get production model -o m")
        .exits(5)
        .says("streamflow replay");
    assert_eq!(
        text(&clone.json("replay production")["verdict"]),
        "identical"
    );
    clone.run("get production model -o m").exits(0);
}

#[test]
fn a_lock_that_does_not_fit_together_is_named() {
    let world = World::sample();
    world.prior_run("0.4");
    let lock = world.read("lockfiles/churn_prior.lock");
    let edited = lock.replace("evaluate.threshold = 0.4", "evaluate.threshold = 0.5");
    fs::write(world.path("lockfiles/churn_prior.lock"), edited).unwrap();
    world
        .run("show churn_prior@locked")
        .exits(3)
        .says("does not fit together");
}

#[test]
fn gates_are_all_asked_and_all_shown() {
    let world = World::sample();
    world.run(&format!("run {FOREST}")).exits(0);
    let name = format!("{FOREST}@latest");
    world.edit(
        FOREST,
        "production = [",
        "production = [\"auc >= 0.99\", \"reproduced\", \"clean\", \"auc >= production.auc\",",
    );
    let said = world.promote(&name, "production").exits(7);
    said.says("auc >= 0.99")
        .says("streamflow replay")
        .says("nothing is pinned to production");
    let refused = world.run(&format!(
        "promote {name} --to production --reason because --format json"
    ));
    let document = refused.exits(7).json();
    assert_eq!(document["status"], "refused");
    assert_eq!(document["error"]["code"], "gate_refused");
    let held: BTreeMap<&str, bool> = document["gates"]
        .as_array()
        .unwrap()
        .iter()
        .map(|gate| (text(&gate["gate"]), gate["held"].as_bool().unwrap()))
        .collect();
    assert!(!held["auc >= 0.99"] && !held["reproduced"]);
    assert!(held["clean"] && held["auc >= production.auc"]);
    assert!(!world.path(PIN).exists(), "nothing was pinned");
    assert!(world.transitions().is_empty());
}

#[test]
fn a_run_is_clean_once_its_definitions_are_committed() {
    let world = World::sample();
    world.edit(
        "churn_prior",
        "threshold = ",
        "threshold = 0.3\n[promote]\nproduction = [\"clean\"]",
    );
    world.run("run churn_prior").exits(0);
    world
        .promote("churn_prior@latest", "production")
        .exits(7)
        .says("commit the definitions");
    let commit = world.commit("threshold");
    // Later commits do not take it away.
    world.edit("churn_prior", "threshold = ", "threshold = 0.7");
    world.commit("another threshold");
    world
        .promote("churn_prior@latest", "production")
        .exits(0)
        .says(&commit[..12]);
    let runs = world.json("runs");
    assert_eq!(text(&runs["runs"][0]["code"]["commit"]), commit);
    assert_eq!(text(&runs["runs"][0]["stage"]), "production");
}

#[test]
fn a_reproduced_run_is_promoted_once() {
    let world = World::sample();
    world.run(&format!("run {FOREST}")).exits(0);
    let name = format!("{FOREST}@latest");
    world.edit(FOREST, "production = [", "production = [\"reproduced\",");
    world
        .promote(&name, "production")
        .exits(7)
        .says("reproduced");
    world.run(&format!("replay {name}")).exits(0);
    world
        .promote(&name, "PRODUCTION")
        .exits(0)
        .says("pin written");
    world.promote(&name, "production").exits(0).says("already");
    let log = world.transitions();
    assert_eq!(log.len(), 1);
    assert_eq!(log[0]["sequence"], 1);
    assert_eq!(text(&log[0]["by"]), "ann");
    assert_eq!(text(&log[0]["reason"]), "because");
    assert!(log[0]["from"].is_null() && log[0]["previous_hash"].is_null());
    assert!(world.read(PIN).contains(text(&log[0]["hash"])));
}

#[test]
fn a_lock_proved_in_a_clone_counts_as_reproduced() {
    let world = World::sample();
    world.run("run").exits(0);
    world.commit("locks");
    let reproduced =
        |world: &World| world.json(&format!("show {FOREST}@latest"))["reproduced"].as_bool();
    world.run("run --locked").exits(0);
    assert_eq!(reproduced(&world), Some(false), "nothing was computed anew");
    let clone = world.cloned();
    // The experiments share their training set, which the clone computes once for all of them.
    clone.run("run --locked").exits(0);
    assert_eq!(reproduced(&clone), Some(true));
}

#[test]
fn wrong_usage_is_told_apart() {
    let world = World::sample();
    let run = world.prior_run("0.4");
    let promote = |rest: &[&str]| -> Said {
        let mut command = world.command(env!("CARGO_BIN_EXE_streamflow"));
        command
            .args(["promote", &run])
            .args(rest)
            .output()
            .unwrap()
            .into()
    };
    promote(&["--to", "production", "--reason", "  "])
        .exits(2)
        .says("reason");
    promote(&["--to", "live", "--reason", "x"])
        .exits(2)
        .says("production or staging");
    promote(&["--to", "production"]).exits(2);
    world
        .run("rollback other --reason x")
        .exits(2)
        .says("streamflow_churn");
    world.run("history other").exits(2).says("streamflow_churn");
    world
        .run("history --at yesterday")
        .exits(2)
        .says("RFC 3339");
    world
        .run("runs --sort aux")
        .exits(2)
        .says("did you mean `auc`");
    world.edit("churn_prior", "registers = ", "");
    promote(&["--to", "staging", "--reason", "x"])
        .exits(2)
        .says("registers");
    world
        .run("promote churn_logistic@latest --to staging --reason x")
        .exits(2);
}

#[test]
fn each_rollback_goes_one_promotion_further_back() {
    let world = World::sample();
    let runs = ["0.2", "0.3", "0.4"].map(|threshold| world.prior_run(threshold));
    for run in &runs {
        world.promote(run, "production").exits(0);
    }
    world.rollback().exits(0).says(&runs[1][..12]);
    assert_eq!(world.production(), runs[1]);
    world.rollback().exits(0);
    assert_eq!(world.production(), runs[0]);
    world.rollback().exits(1).says("nothing to go back to");
    assert_eq!(world.production(), runs[0]);
    world.promote(&runs[2], "staging").exits(0);
    world.promote(&runs[2], "production").exits(0);
    world.rollback().exits(0);
    assert_eq!(world.production(), runs[0]);

    let log = world.transitions();
    let sequences: Vec<u64> = log
        .iter()
        .map(|t| t["sequence"].as_u64().unwrap())
        .collect();
    assert_eq!(sequences, (1..=8).collect::<Vec<_>>());
    for (before, after) in log.iter().zip(&log[1..]) {
        assert_eq!(before["hash"], after["previous_hash"]);
    }
    assert_eq!(text(&log[6]["from"]), "staging");
    let then = text(&log[1]["at"]);
    let at = world.json(&format!("history {MODEL} --at {then}"));
    assert_eq!(text(&at["pinned"]["production"]), runs[1]);
    assert_eq!(at["transitions"].as_array().unwrap().len(), 2);
    let before = world.json("history --at 2001-01-01");
    assert_eq!(before["pinned"], serde_json::json!({}));
}

#[test]
fn a_clone_continues_the_chain_and_rolls_back_by_git_history() {
    let world = World::sample();
    let first = world.prior_run("0.2");
    world.promote(&first, "production").exits(0);
    let second = world.prior_run("0.3");
    world.promote(&second, "production").exits(0);
    world.commit("second in production");
    let third = world.prior_run("0.4");

    let clone = world.cloned();
    assert!(clone.transitions().is_empty());
    clone.run("history").exits(0).says("made in another store");
    clone.rollback().exits(0);
    assert_eq!(clone.production(), first);
    let log = clone.transitions();
    assert_eq!(log[0]["sequence"], 3);
    assert_eq!(log[0]["previous_hash"], world.transitions()[1]["hash"]);
    clone.rollback().exits(1);

    let other = world.cloned();
    other.run("run --locked churn_prior").exits(0);
    other.promote(&third, "production").exits(0);
    other.rollback().exits(0);
    assert_eq!(other.production(), second);
    other.rollback().exits(0);
    assert_eq!(other.production(), first);
}

#[test]
fn a_pin_file_that_was_put_back_decides() {
    let world = World::sample();
    let runs = ["0.2", "0.3", "0.4"].map(|threshold| world.prior_run(threshold));
    world.promote(&runs[0], "production").exits(0);
    let file = world.read(PIN);
    world.promote(&runs[1], "production").exits(0);
    fs::write(world.path(PIN), file).unwrap();
    world
        .run("history")
        .exits(0)
        .says("transition 2 is in the log and not in");
    assert_eq!(text(&world.json("show production")["run"]), runs[0]);
    world.rollback().exits(1);
    world
        .promote(&runs[2], "production")
        .exits(0)
        .says("the file decides");
    assert_eq!(world.transitions()[2]["sequence"], 3);
    world.rollback().exits(0);
    assert_eq!(world.production(), runs[0], "what the promotion replaced");
}

#[test]
fn of_promotions_at_once_none_is_lost() {
    let world = World::sample();
    let runs = ["0.2", "0.3", "0.4", "0.6"].map(|threshold| world.prior_run(threshold));
    let stages = ["production", "staging", "production", "staging"];
    let started: Vec<_> = runs
        .iter()
        .zip(stages)
        .map(|(run, stage)| {
            let mut command = world.command(env!("CARGO_BIN_EXE_streamflow"));
            command.args(["promote", run, "--to", stage, "--reason", "at once"]);
            command.stdout(Stdio::null()).spawn().unwrap()
        })
        .collect();
    for mut child in started {
        assert!(child.wait().unwrap().success());
    }
    let log = world.transitions();
    let history = world.json("history");
    assert_eq!(log.len(), 4);
    for stage in ["production", "staging"] {
        let last = log
            .iter()
            .rfind(|transition| transition["to"] == stage)
            .unwrap();
        assert_eq!(history["pinned"][stage], last["run"]);
    }
    assert_eq!(history["notices"], serde_json::json!([]));
}

#[test]
fn a_log_that_was_changed_is_refused() {
    let world = World::sample();
    let run = world.prior_run("0.2");
    world.promote(&run, "staging").exits(0);
    world.promote(&run, "production").exits(0);
    let catalog = rusqlite::Connection::open(world.path(".streamflow/catalog.sqlite")).unwrap();
    let sql = "UPDATE facts SET value = replace(value, 'because', 'by decree')
               WHERE kind = 'transition' AND value LIKE '%\"sequence\":1,%'";
    assert_eq!(catalog.execute(sql, []).unwrap(), 1);
    world.run("history").exits(1).says("broken at transition 1");
    world.promote(&run, "staging").exits(1);
}

#[test]
fn artefacts_are_written_in_the_form_their_file_asks_for() {
    let world = World::sample();
    world.run(&format!("run {FOREST}")).exits(0);
    let get = |what: &str, file: &str| world.run(&format!("get {FOREST}@latest {what} -o {file}"));
    for what in ["training_set", "split", "predictions"] {
        for ending in ["parquet", "csv", "json"] {
            get(what, &format!("out/{what}.{ending}")).exits(0);
        }
    }
    get("model", "out/model.bin").exits(0);
    get("report", "out/report.json").exits(0);
    let csv = world.read("out/predictions.csv");
    let records: Value = serde_json::from_str(&world.read("out/predictions.json")).unwrap();
    let records = records.as_array().unwrap();
    assert_eq!(csv.lines().count(), records.len() + 1);
    let header: Vec<&str> = csv.lines().next().unwrap().split(',').collect();
    let row: Vec<&str> = csv.lines().nth(1).unwrap().split(',').collect();
    let at = header
        .iter()
        .position(|name| *name == "probability")
        .unwrap();
    let probability: f64 = row[at].parse().unwrap();
    assert_eq!(
        records[0]["probability"].as_f64().unwrap().to_bits(),
        probability.to_bits()
    );
    let report: Value = serde_json::from_str(&world.read("out/report.json")).unwrap();
    assert_eq!(report["test"], records.len());
    assert!(
        fs::read(world.path("out/split.parquet"))
            .unwrap()
            .starts_with(b"PAR1")
    );

    assert_eq!(get("predictions", "-").exits(0).stdout, csv);
    let printed = world.json(&format!("get {FOREST}@latest split -o -"));
    assert_eq!(printed.as_array().unwrap().len(), 2000);
    get("predictions", "out/p.xlsx")
        .exits(2)
        .says(".parquet, .csv or .json");
    get("predictions", "out/p").exits(2).says("no ending");
    get("report", "out/r.csv").exits(2).says(".json");
    get("weights", "out/w").exits(2);
    assert!(!world.path("out/p.xlsx").exists());
}

#[test]
fn runs_are_listed_by_time_or_by_a_metric() {
    let world = World::sample();
    world.run("runs").exits(0).says("streamflow run");
    assert_eq!(world.json("runs"), serde_json::json!({ "runs": [] }));
    let prior = world.prior_run("0.4");
    world.run("run churn_logistic").exits(0);
    world.run("replay churn_prior@latest").exits(0);
    let names = |line: &str| -> Vec<String> {
        let document = world.json(line);
        let runs = document["runs"].as_array().unwrap();
        runs.iter()
            .map(|run| text(&run["experiment"]).to_string())
            .collect()
    };
    let best = ["churn_logistic", "churn_prior"];
    assert_eq!(names("runs"), best);
    assert_eq!(names("runs --sort auc"), best);
    assert_eq!(names("runs --sort log_loss"), best, "less is better");
    let table = world.run("runs").exits(0);
    assert!(table.stdout.lines().all(|line| line.chars().count() <= 80));
    let shown = world.json(&format!("show {prior}"));
    assert_eq!(text(&shown["status"]), "executed");
    assert_eq!(shown["reproduced"], true);
    assert_eq!(shown["executions"].as_array().unwrap().len(), 2);
    let screen = world
        .run(&format!("show {prior}"))
        .exits(0)
        .says("reproduced");
    assert!(screen.stdout.lines().all(|line| line.chars().count() <= 80));
}

#[test]
fn without_a_repository_everything_but_clean_works() {
    let world = World::sample();
    fs::remove_dir_all(world.path(".git")).unwrap();
    world.run("run churn_prior").exits(0);
    world
        .run("show churn_prior@HEAD")
        .exits(2)
        .says("not in a git repository");
    world.promote("churn_prior@latest", "production").exits(0);
    world.rollback().exits(1);
    assert!(Path::new(&world.path(PIN)).exists());
}
