//! What `--locked` promises: nothing else passes, and nothing outside the store is touched.

use streamflow::lockfile::{Lock, parse_lock, render_lock};

use crate::common::{FEBRUARY, Output, World, assert_sound};

const LOCK: &str = "lockfiles/small.lock";
const DEFINITION: &str = "experiments/small.toml";
const USAGE: &str = "data/2024-01-31/usage.csv";

/// The small project with its lock, and an empty store.
fn locked() -> World {
    let world = World::small();
    world.run(&["run"]).assert_code(0);
    world.forget();
    world
}

/// `run --locked`, which leaves the project as it is.
#[track_caller]
fn prove(world: &World, code: i32) -> Output {
    let before = world.files();
    let output = world.run(&["run", "--locked"]).assert_code(code);
    assert_eq!(
        world.files(),
        before,
        "something outside the store was written"
    );
    if code != 0 {
        for word in ["proved", "identical"] {
            assert!(!output.stdout.contains(word), "{}", output.stdout);
        }
    }
    output
}

/// Changes the last hexadecimal digit of a hash in a line of a file.
fn flip_digit(world: &World, path: &str, line_start: &str) {
    let text = world.read(path);
    let line = text
        .lines()
        .find(|line| line.starts_with(line_start))
        .unwrap();
    let digit = line.as_bytes()[line.len() - 2];
    let other = if digit == b'0' { '1' } else { '0' };
    let changed = format!("{}{other}\"", &line[..line.len() - 2]);
    world.edit(path, line, &changed);
}

/// Rewrites the lock by a change of its parsed content.
fn rewrite(world: &World, change: impl FnOnce(&mut Lock)) {
    let mut lock = parse_lock(LOCK, &world.read(LOCK)).unwrap();
    change(&mut lock);
    world.write(LOCK, &render_lock(&lock));
}

#[test]
fn one_digit_of_an_output_is_not_reproduced() {
    for output in ["model", "training_set", "split", "predictions"] {
        let world = locked();
        flip_digit(&world, LOCK, &format!("{output} = \""));
        let first = prove(&world, 4);
        let executed = first.error();
        assert!(
            executed.contains(&format!("outputs.{output}")),
            "{executed}"
        );
        // From the cache the finding is the same.
        assert_eq!(prove(&world, 4).error(), executed);
        assert_sound(&world);
    }
    let world = locked();
    flip_digit(&world, LOCK, "model = ");
    let screen = prove(&world, 4).screen();
    assert_eq!(
        screen.matches("<hash>").count(),
        2,
        "cut to 12 digits they would be one"
    );
    insta::assert_snapshot!(screen, @r"
    exit 4
    --- stdout
    small                    run <short>   executed   not what its lock says
    --- stderr
        Executed training_set of small                                   <time> s
        Executed split of small                                          <time> s
        Executed fit of small                                            <time> s
        Executed predict of small                                        <time> s
        Executed evaluate of small                                       <time> s
    error: small was not reproduced: step fit is the first to give something else
      outputs.model          <hash> → <hash>
      environment: the same
    help: the lock was not touched; compare the machines, or accept with
          `streamflow run small --accept`
    ");
}

#[test]
fn one_digit_of_a_metric_is_not_reproduced() {
    let world = locked();
    let text = world.read(LOCK);
    let line = text
        .lines()
        .find(|line| line.starts_with("log_loss"))
        .unwrap();
    let digit = line.chars().nth_back(1).unwrap();
    let changed = format!(
        "{}{}",
        &line[..line.len() - 2],
        if digit == '1' { "23" } else { "11" }
    );
    world.edit(LOCK, line, &changed);
    let output = prove(&world, 4);
    assert!(
        output.stderr.contains("metrics.log_loss"),
        "{}",
        output.stderr
    );
    let document = world.run(&["run", "small", "--locked", "--format", "json"]);
    let document = document.assert_code(4).json();
    assert_eq!(document["error"]["code"], "not_reproduced");
    assert!(
        document["metrics"]["log_loss"].is_f64(),
        "the result is shown beside the error"
    );
}

/// Without `--locked` too: a finding is not an update.
#[test]
fn another_result_is_written_only_when_it_is_accepted() {
    let world = locked();
    let good = world.read(LOCK);
    flip_digit(&world, LOCK, "model = ");
    let bad = world.read(LOCK);
    insta::assert_snapshot!(world.run(&["run", "small"]).assert_code(4).screen(), @r"
    exit 4
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
      log_loss             3.2629  0.5670     the same
      brier                0.1597  0.1875     the same

                    predicted not left  predicted left
      was not left                   9               2
      was left                       0               1

      what it looks at   hours 0.64 · per_device 0.22 · devices 0.09 · plan 0.05

    --- stderr
        Ingested 2024-01-31   2 tables   120 rows   1 check passed
        Executed training_set of small                                   <time> s
        Executed split of small                                          <time> s
        Executed fit of small                                            <time> s
        Executed predict of small                                        <time> s
        Executed evaluate of small                                       <time> s
    error: small was not reproduced: step fit is the first to give something else
      outputs.model          <hash> → <hash>
      environment: the same
    help: `streamflow run small --accept` takes the new outputs
    ");
    assert_eq!(world.read(LOCK), bad);
    world.run(&["run", "small", "--accept"]).assert_code(0);
    assert_eq!(world.read(LOCK), good);
    prove(&world, 0);
}

#[test]
fn one_cell_that_a_run_uses_is_missing_input() {
    let world = locked();
    world.edit_cell(USAGE, "U007", "hours", "9.25");
    insta::assert_snapshot!(prove(&world, 5).screen(), @r"
    exit 5
    --- stderr
    error: the locked data of usage at 2024-01-31 cannot be had
      locked   <short>
      rebuilt  <short>
      differs  data/2024-01-31/usage.csv  BLAKE3 <short> → <short>
    help: `git checkout -- data/2024-01-31/usage.csv` restores a committed file,
          `streamflow run` accepts what is there
    ");
    // So is a label.
    let world = locked();
    world.edit_cell("data/2024-01-31/labels.csv", "U007", "left", "false");
    let output = prove(&world, 5);
    assert!(
        output.stderr.contains("data/2024-01-31/labels.csv"),
        "{}",
        output.stderr
    );
}

/// A file that is refused now is no better than one that differs: 5, not 6.
#[test]
fn a_locked_file_that_is_refused_is_missing_input() {
    let world = locked();
    world.edit_cell(USAGE, "U007", "hours", "745");
    insta::assert_snapshot!(prove(&world, 5).screen(), @r"
    exit 5
    --- stderr
    error: the locked data of usage at 2024-01-31 cannot be had
      locked   <short>
      rebuilt  usage refused: 1 check failed
      data/2024-01-31/usage.csv:8   hours   745   must be between 0 and 744
      hours   between 0 and 744   broken by 1 of 60 rows
      differs  data/2024-01-31/usage.csv  BLAKE3 <short> → <short>
    help: `git checkout -- data/2024-01-31/usage.csv` restores a committed file,
          `streamflow run` accepts what is there
    ");
    let world = locked();
    world.edit_cell(USAGE, "U007", "hours", "much");
    insta::assert_snapshot!(prove(&world, 5).screen(), @r#"
    exit 5
    --- stderr
    error: the locked data of usage at 2024-01-31 cannot be had
      locked   <short>
      rebuilt  usage refused: 1 value cannot be read
      data/2024-01-31/usage.csv:8   hours   "much"   is not an f64
      differs  data/2024-01-31/usage.csv  BLAKE3 <short> → <short>
    help: `git checkout -- data/2024-01-31/usage.csv` restores a committed file,
          `streamflow run` accepts what is there
    "#);
}

#[test]
fn one_cell_that_no_run_uses_changes_nothing() {
    let world = locked();
    world.edit_cell(USAGE, "U007", "joined", "1999-01-01");
    prove(&world, 0);
}

#[test]
fn a_file_that_is_gone_is_missing_input() {
    let world = locked();
    world.remove(USAGE);
    insta::assert_snapshot!(prove(&world, 5).screen(), @r"
    exit 5
    --- stderr
    error: the locked data of usage at 2024-01-31 cannot be had
      locked   <short>
      rebuilt  usage has no file for 2024-01-31
      expected  data/2024-01-31/usage.csv
      on file   2024-02-29
      differs  data/2024-01-31/usage.csv  is missing
    help: `git checkout -- data/2024-01-31/usage.csv` restores a committed file,
          `streamflow run` accepts what is there
    ");
}

/// The store has what was locked, whatever happened to the files since.
#[test]
fn locked_data_comes_from_the_store() {
    let world = World::small();
    world.run(&["run"]).assert_code(0);
    world.edit_cell(USAGE, "U007", "hours", "9.25");
    prove(&world, 0);
    world
        .run(&["ingest", "--as-of", "2024-01-31"])
        .assert_code(0);
    insta::assert_snapshot!(prove(&world, 0).screen(), @r"
    exit 0
    --- stdout
    small                    run <short>   cached     identical to its lock
      notice usage at 2024-01-31 has a newer revision; the locked one was used
    1 run from the cache in <time> s; `streamflow run --locked --no-cache` proves again
    ");
    let proved = world.run(&["run", "--locked", "--no-cache", "small", "--format", "json"]);
    assert_eq!(proved.assert_code(0).json()["status"], "executed");
}

/// A check that refuses rows of the locked file changes the table, and is named as the cause.
#[test]
fn a_check_that_takes_rows_out_is_the_cause_when_no_file_differs() {
    let world = locked();
    let table = "features/usage.toml";
    world.edit(
        table,
        "between = [0.0, 744.0]",
        "between = [0.0, 30.0]\nseverity = \"quarantine\"",
    );
    insta::assert_snapshot!(prove(&world, 5).screen(), @r"
    exit 5
    --- stderr
    error: the locked data of usage at 2024-01-31 cannot be had
      locked   <short>
      rebuilt  <short>
      every source file is as locked: columns or checks read it otherwise
    help: undo the change in features/usage.toml, or accept it with `streamflow run`
    ");
}

#[test]
fn every_difference_of_a_lock_out_of_date_is_named_with_its_place() {
    let world = locked();
    world.edit(DEFINITION, "trees = 12", "trees = 300");
    world.edit(DEFINITION, "test   = 0.25", "test   = 0.5");
    world.edit(DEFINITION, "\"usage.plan\", ", "");
    world.edit(
        "features/usage.toml",
        "hours / NULLIF(devices, 0)",
        "hours / (devices + 1)",
    );
    insta::assert_snapshot!(prove(&world, 3).screen(), @r#"
    exit 3
    --- stderr
    error: the lock of small is out of date, and --locked forbids changing it
      features.usage.per_device   "hours / NULLIF(devices, 0)" → "hours / (devices + 1)"   features/usage.toml:22:14
      features.usage.plan         − "plan"                                                 experiments/small.toml
      split.test                  0.25 → 0.5                                               experiments/small.toml:14:10
      model.trees                 12 → 300                                                 experiments/small.toml:25:9
    help: accept with `streamflow run small`,
          or run what is locked with `streamflow replay small@locked`
    "#);
}

#[test]
fn an_operation_of_another_version_is_a_difference() {
    let world = locked();
    rewrite(&world, |lock| {
        lock.operations.0.insert("random_forest".to_string(), 99);
        lock.environment.streamflow = "0.0.9".to_string();
        lock.run = lock.identity().id();
    });
    insta::assert_snapshot!(prove(&world, 3).screen(), @r"
    exit 3
    --- stderr
    error: the lock of small is out of date, and --locked forbids changing it
      random_forest   v99 → v3   locked by streamflow 0.0.9
    help: accept with `streamflow run small`,
          or run what is locked with `streamflow replay small@locked`
    ");
}

#[test]
fn another_environment_with_the_same_outputs_is_a_success_and_says_so() {
    let world = locked();
    rewrite(&world, |lock| {
        lock.environment.c_library = "glibc 2.17".to_string();
    });
    let output = prove(&world, 0);
    assert!(output.stdout.contains("glibc 2.17"), "{}", output.stdout);
}

/// With other outputs, the differences between the environments are part of the finding.
#[test]
fn another_environment_explains_other_outputs() {
    let world = locked();
    rewrite(&world, |lock| {
        lock.environment.c_library = "glibc 2.17".to_string();
    });
    flip_digit(&world, LOCK, "predictions = ");
    let output = prove(&world, 4);
    assert!(
        output.stderr.contains("environment.c_library"),
        "{}",
        output.stderr
    );
}

#[test]
fn a_lock_that_cannot_be_held_to_is_refused() {
    let world = locked();
    let lock = world.read(LOCK);
    let refused = |text: &str| {
        world.write(LOCK, text);
        prove(&world, 3).screen()
    };
    let markers = lock.replacen("[operations]", "<<<<<<< HEAD\n[operations]", 1);
    insta::assert_snapshot!(refused(&markers), @r"
    exit 3
    --- stderr
    error: lockfiles/small.lock:34 holds merge-conflict markers
    help: take either side with `git checkout --ours` or `--theirs`, then
          `streamflow run`
    ");
    insta::assert_snapshot!(refused(&lock.replacen("version = 1", "version = 2", 1)), @r"
    exit 3
    --- stderr
    error: lockfiles/small.lock was written by a newer streamflow
      its version is 2, this program reads up to 1
    help: install the newer streamflow
    ");
    insta::assert_snapshot!(refused(&lock[..lock.find("\nhash").unwrap()]), @r"
    exit 3
    --- stderr
    error: lockfiles/small.lock cannot be read
      missing field `hash`
      in `data`
    help: restore it with `git checkout -- lockfiles/small.lock`, or write it anew
          with `streamflow run`
    ");
    insta::assert_snapshot!(refused(&lock.replacen("trees = 12", "trees = 13", 1)), @r"
    exit 3
    --- stderr
    error: lockfiles/small.lock does not fit together
      run       <short>
      computed  <short> from its own declared values and data
    help: a merge may have joined two locks: write it anew with
          `streamflow run small`
    ");
    insta::assert_snapshot!(refused(""), @r"
    exit 3
    --- stderr
    error: lockfiles/small.lock cannot be read
      it has no `version` that this program knows
    help: restore it with `git checkout -- lockfiles/small.lock`, or write it anew
          with `streamflow run`
    ");
    world.remove(LOCK);
    insta::assert_snapshot!(prove(&world, 3).screen(), @r"
    exit 3
    --- stderr
    error: small has no lock: lockfiles/small.lock is missing
    help: `streamflow run small` writes it; commit it together with the definition
    ");
}

/// A lock with conflict markers is not written over by a plain `run` either, without being asked.
#[test]
fn a_damaged_lock_is_replaced_only_when_that_is_accepted() {
    let world = locked();
    let lock = world.read(LOCK);
    world.edit(LOCK, "[operations]", "=======\n[operations]");
    insta::assert_snapshot!(world.run(&["run", "small"]).assert_code(3).screen(), @r"
    exit 3
    --- stderr
    error: lockfiles/small.lock:34 holds merge-conflict markers
    help: take either side with `git checkout --ours` or `--theirs`, then
          `streamflow run`
          `streamflow run small --accept` writes it anew
    ");
    world.run(&["run", "small", "--accept"]).assert_code(0);
    assert_eq!(world.read(LOCK), lock);
}

/// A corrected file makes another run; the lock follows when it is run, and only then.
#[test]
fn a_corrected_file_is_another_run() {
    let world = locked();
    let before = world.run_one("small");
    world.edit_cell(USAGE, "U007", "hours", "9.25");
    let after = world.run_one("small");
    assert_ne!(before["run"], after["run"]);
    let snapshots = world
        .run(&["snapshots", "--format", "json"])
        .assert_code(0)
        .json();
    assert_eq!(snapshots["snapshots"][0]["revision"], 2);
    prove(&world, 0);
    assert!(!world.read(LOCK).contains(FEBRUARY));
}
