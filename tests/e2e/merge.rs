//! Two branches, and what git makes of both: locks are files that merge, and are never believed.

use crate::common::World;

const TABLE: &str = "features/usage.toml";
const SMALL: &str = "experiments/small.toml";
const SMALL_LOCK: &str = "lockfiles/small.lock";

/// The small project on `main`, with its lock.
fn committed() -> World {
    let world = World::small();
    world.run(&["run"]).assert_code(0);
    world.commit("The small experiment");
    world
}

/// On a branch from `main`: a change, what is run of it, and a commit.
fn on_branch(world: &World, branch: &str, change: impl FnOnce(&World)) {
    world.git(&["checkout", "--quiet", "-b", branch, "main"]);
    change(world);
    world.commit(branch);
}

/// Merges both branches into `main`. Git must do so without being helped.
fn merge(world: &World, branches: [&str; 2]) {
    world.git(&["checkout", "--quiet", "main"]);
    for branch in branches {
        world.git(&["merge", "--quiet", "--no-edit", branch]);
    }
    assert_eq!(world.git(&["status", "--porcelain"]), "");
}

/// A further experiment like the small one, and its run.
fn add(world: &World, name: &str, trees: &str) {
    let text = world.read(SMALL).replace("trees = 12", trees);
    world.write(&format!("experiments/{name}.toml"), &text);
    world.run(&["run", name]).assert_code(0);
}

/// What a colleague proves of `main`: nothing is in the store, and nothing is written.
fn prove_in_a_clone(world: &World, runs: usize) {
    let clone = world.cloned();
    let before = clone.files();
    let output = clone.run(&["run", "--locked", "--format", "json"]);
    let document = output.assert_code(0).json();
    let proved = document["runs"].as_array().unwrap();
    assert_eq!(proved.len(), runs);
    assert!(proved.iter().all(|run| run["status"] == "executed"));
    assert_eq!(clone.files(), before);
}

#[test]
fn two_branches_that_each_add_an_experiment_merge() {
    let world = committed();
    on_branch(&world, "one", |world| add(world, "deep", "trees = 20"));
    on_branch(&world, "two", |world| add(world, "flat", "trees = 8"));
    merge(&world, ["one", "two"]);
    prove_in_a_clone(&world, 3);
}

#[test]
fn two_branches_that_each_edit_an_experiment_merge() {
    let world = committed();
    add(&world, "other", "trees = 20");
    world.commit("Another experiment");
    on_branch(&world, "one", |world| {
        world.edit(SMALL, "trees = 12", "trees = 14");
        world.run(&["run", "small"]).assert_code(0);
    });
    on_branch(&world, "two", |world| {
        world.edit("experiments/other.toml", "0.25", "0.4");
        world.run(&["run", "other"]).assert_code(0);
    });
    merge(&world, ["one", "two"]);
    prove_in_a_clone(&world, 2);
}

/// Each branch was in order; together they are not, and git has nothing to say of it.
#[test]
fn a_merge_that_makes_a_lock_stale_is_told_from_every_cause() {
    let world = committed();
    on_branch(&world, "one", |world| {
        world.edit(TABLE, "hours / NULLIF(devices, 0)", "hours / (devices + 1)");
        world.edit(TABLE, "[features]\n", "[features]\nttl = \"45d\"\n");
        world.run(&["run"]).assert_code(0);
    });
    on_branch(&world, "two", |world| add(world, "other", "trees = 20"));
    merge(&world, ["one", "two"]);
    // What the first branch ran is proved; the lock of the second was made before the table was changed.
    let clone = world.cloned();
    clone.run(&["run", "--locked", "small"]).assert_code(0);
    let output = clone.run(&["run", "--locked", "other"]).assert_code(3);
    insta::assert_snapshot!(output.screen(), @r#"
    exit 3
    --- stderr
    error: the lock of other is out of date, and --locked forbids changing it
      features.usage.per_device   "hours / NULLIF(devices, 0)" → "hours / (devices + 1)"   features/usage.toml:23:14
      tables.usage.ttl            "none" → "45d"                                           features/usage.toml:19:7
    help: accept with `streamflow run other`,
          or run what is locked with `streamflow replay other@locked`
    "#);
    let document = clone.run(&["run", "--locked", "--format", "json"]);
    let document = document.assert_code(3).json();
    assert_eq!(document["runs"][0]["error"]["code"], "lock");
    assert_eq!(document["runs"][1]["status"], "cached");
    // Run once more and committed, all of it is proved.
    world.run(&["run"]).assert_code(0);
    world.commit("Locks after the merge");
    prove_in_a_clone(&world, 2);
}

/// Corrected data on one branch, a lock of the data before on the other.
#[test]
fn a_merge_of_data_that_makes_a_lock_stale_names_the_file() {
    let world = committed();
    on_branch(&world, "one", |world| {
        world.edit_cell("data/2024-01-31/usage.csv", "U007", "hours", "9.25");
        world.run(&["run"]).assert_code(0);
    });
    on_branch(&world, "two", |world| add(world, "other", "trees = 20"));
    merge(&world, ["one", "two"]);
    let output = world.cloned().run(&["run", "--locked", "other"]);
    insta::assert_snapshot!(output.assert_code(5).screen(), @r"
    exit 5
    --- stderr
    error: the locked data of usage at 2024-01-31 cannot be had
      locked   <short>
      rebuilt  <short>
      differs  data/2024-01-31/usage.csv  BLAKE3 <short> → <short>
    help: `git checkout -- data/2024-01-31/usage.csv` restores a committed file,
          `streamflow run` accepts what is there
    ");
}

/// One experiment edited on both branches: its definition merges line by line, and so may its lock, but
/// its hash does not.
#[test]
fn two_edits_of_one_experiment_conflict_in_the_lock_and_are_run_again() {
    let world = committed();
    on_branch(&world, "one", |world| {
        world.edit(SMALL, "trees = 12", "trees = 14");
        world.run(&["run"]).assert_code(0);
    });
    on_branch(&world, "two", |world| {
        world.edit(SMALL, "test   = 0.25", "test   = 0.4");
        world.run(&["run"]).assert_code(0);
    });
    world.git(&["checkout", "--quiet", "main"]);
    world.git(&["merge", "--quiet", "--no-edit", "one"]);
    assert!(!world.try_git(&["merge", "--no-edit", "two"]));
    assert_eq!(
        world.git(&["diff", "--name-only", "--diff-filter=U"]),
        "lockfiles/small.lock\n"
    );
    insta::assert_snapshot!(world.run(&["run", "--locked"]).assert_code(3).screen(), @r"
    exit 3
    --- stderr
    error: lockfiles/small.lock:5 holds merge-conflict markers
    help: take either side with `git checkout --ours` or `--theirs`, then
          `streamflow run`
    ");
    // Either side, and a run of what was merged: the way the message names.
    world.git(&["checkout", "--quiet", "--ours", SMALL_LOCK]);
    insta::assert_snapshot!(world.run(&["run", "--locked"]).assert_code(3).screen(), @r"
    exit 3
    --- stderr
    error: the lock of small is out of date, and --locked forbids changing it
      split.test   0.25 → 0.4   experiments/small.toml:14:10
    help: accept with `streamflow run small`,
          or run what is locked with `streamflow replay small@locked`
    ");
    world.run(&["run"]).assert_code(0);
    world.commit("Both edits");
    prove_in_a_clone(&world, 1);
}

/// A lock that git put together of two halves would be a run that nobody has run.
#[test]
fn a_lock_joined_of_two_is_found_out_by_its_hash() {
    let world = committed();
    let lock = world.read(SMALL_LOCK);
    world.edit(SMALL, "trees = 12", "trees = 14");
    world.edit(SMALL, "test   = 0.25", "test   = 0.4");
    // As if both lines had been merged, and the other lines kept.
    let joined = lock
        .replace("model.trees = 12", "model.trees = 14")
        .replace("split.test = 0.25", "split.test = 0.4");
    assert_ne!(joined, lock);
    world.write(SMALL_LOCK, &joined);
    insta::assert_snapshot!(world.run(&["run", "--locked"]).assert_code(3).screen(), @r"
    exit 3
    --- stderr
    error: lockfiles/small.lock does not fit together
      run       <short>
      computed  <short> from its own declared values and data
    help: a merge may have joined two locks: write it anew with
          `streamflow run small`
    ");
}

/// Two people who pin meet in the pin: git stops, and so does everything that reads it.
#[test]
fn two_branches_that_promote_conflict_in_the_pin() {
    let world = committed();
    world.run(&["run", "--locked", "--no-cache"]).assert_code(0);
    add(&world, "other", "trees = 20");
    world.commit("Another experiment");
    let promote = |world: &World, run: &str, stage: &str| {
        let arguments = ["promote", run, "--to", stage, "--reason", "better"];
        world.run(&arguments).assert_code(0);
    };
    on_branch(&world, "one", |world| {
        promote(world, "small@locked", "production");
    });
    world.git(&["checkout", "--quiet", "main"]);
    let clone = world.cloned();
    clone.run(&["run", "--locked"]).assert_code(0);
    promote(&clone, "other@locked", "production");
    clone.commit("two");
    let from = clone.project().to_str().unwrap();
    world.git(&["pull", "--quiet", "--ff-only", from, "main"]);
    assert!(!world.try_git(&["merge", "--no-edit", "one"]));
    assert_eq!(
        world.git(&["diff", "--name-only", "--diff-filter=U"]),
        "lockfiles/leaving.pin\n"
    );
    insta::assert_snapshot!(world.run(&["show", "leaving@production"]).assert_code(3).screen(), @"
    exit 3
    --- stderr
    error: lockfiles/leaving.pin:7 holds merge-conflict markers
    help: keep the side whose runs are to stay pinned: `git checkout --ours` or
          `--theirs`
    ");
    let arguments = [
        "promote",
        "small@locked",
        "--to",
        "staging",
        "--reason",
        "why",
    ];
    insta::assert_snapshot!(world.run(&arguments).assert_code(3).screen(), @"
    exit 3
    --- stderr
    error: lockfiles/leaving.pin:7 holds merge-conflict markers
    help: keep the side whose runs are to stay pinned: `git checkout --ours` or
          `--theirs`
    ");
    // Locks are proved all the same.
    world.run(&["run", "--locked"]).assert_code(0);
    // A side is taken: that run is in production, and the log goes on from it.
    world.git(&["checkout", "--quiet", "--ours", "lockfiles/leaving.pin"]);
    world.commit("The second pin stands");
    let shown = world.run(&["show", "leaving@production", "--format", "json"]);
    let shown = shown.assert_code(0).json();
    let other = world.run(&["show", "other@locked", "--format", "json"]);
    assert_eq!(shown["run"], other.assert_code(0).json()["run"]);
}
