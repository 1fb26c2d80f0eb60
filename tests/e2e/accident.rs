//! Two at once, death at any moment, damaged objects.

use std::thread::sleep;
use std::time::Duration;

use crate::common::{World, assert_sound, corrupt_objects, object_files};

/// Two processes that start together on one empty store both succeed, and the store is whole.
#[test]
fn two_runs_at_once_on_one_store() {
    for _ in 0..4 {
        let world = World::small();
        let both = [0, 1].map(|_| world.start(&["run", "--format", "json"]));
        for child in both {
            let document = world.wait(child).assert_code(0).json();
            assert_eq!(document["runs"][0].get("error"), None, "{document:#}");
        }
        assert_sound(&world);
        world.run(&["run", "--locked"]).assert_code(0);
    }
}

#[test]
fn a_run_and_two_ingests_at_once_on_one_store() {
    let world = World::sample();
    let commands: [&[&str]; 3] = [
        &["run", "churn_logistic"],
        &["ingest", "--as-of", "2024-01-31"],
        &["ingest", "--as-of", "2024-03-31"],
    ];
    let children = commands.map(|arguments| world.start(arguments));
    for child in children {
        world.wait(child).assert_code(0);
    }
    assert_sound(&world);
    let snapshots = world
        .run(&["snapshots", "--format", "json"])
        .assert_code(0)
        .json();
    let dates: Vec<_> = snapshots["snapshots"]
        .as_array()
        .unwrap()
        .iter()
        .map(|snapshot| {
            (
                snapshot["as_of"].as_str().unwrap(),
                snapshot["revision"].as_u64().unwrap(),
            )
        })
        .collect();
    assert_eq!(dates, [("2024-01-31", 1), ("2024-03-31", 1)]);
}

/// A sweep beside a run takes nothing from it; without a grace period it may stop the run with words,
/// and the store stays sound.
#[test]
fn a_run_beside_a_sweep_loses_nothing() {
    let world = World::small();
    for at in 0..12 {
        let setting = format!("model.trees={}", 3 + at % 4);
        let grace = if at < 6 { "1h" } else { "0d" };
        let run = world.start(&["run", "small", "--no-cache", "--set", &setting]);
        let sweep = world.start(&["gc", "--yes", "--keep", "0", "--grace", grace]);
        world.wait(sweep).assert_code(0);
        let run = world.wait(run);
        if run.code != 0 {
            let run = run.assert_code(1);
            assert_eq!(grace, "0d", "{}", run.stderr);
            let words = ["was removed while it was used", "is missing from the store"];
            assert!(
                words.iter().any(|word| run.stderr.contains(word)),
                "{}",
                run.stderr
            );
        }
        world.run(&["fsck"]).assert_code(0);
        assert_sound(&world);
    }
}

/// Killed after a while, again and again in the same store; then it works as if nothing had been.
#[test]
fn killed_at_any_moment_the_store_stays_sound() {
    let commands: [&[&str]; 2] = [&["run", "--no-cache"], &["ingest", "--as-of", "2024-03-31"]];
    let world = World::sample();
    let mut died = 0;
    for at in 0..24_u64 {
        if at % 6 == 0 && world.has(".streamflow") {
            world.forget();
        }
        let mut child = world.start(commands[usize::from(at % 3 == 2)]);
        // Spread over the time that such a command takes.
        sleep(Duration::from_millis(at * 37 % 211 + at % 4));
        child.kill().unwrap();
        died += i32::from(world.wait(child).code == -1);
        if world.has(".streamflow/catalog.sqlite") {
            assert_sound(&world);
        }
        for path in world.files().keys() {
            assert!(
                !path.contains(".tmp-") || path.starts_with("lockfiles/"),
                "{path}"
            );
        }
    }
    assert!(died >= 6, "only {died} of 24 were killed before they ended");
    world.run(&["run"]).assert_code(0);
    let proved = world.run(&["run", "--locked", "--no-cache"]).assert_code(0);
    assert!(proved.stdout.contains("3 runs proved"), "{}", proved.stdout);
    assert_sound(&world);
    let untouched = World::sample();
    untouched.run(&["run"]).assert_code(0);
    let lock = "lockfiles/churn_random_forest.lock";
    assert_eq!(world.read(lock), untouched.read(lock));
}

#[test]
fn a_corrupt_object_is_named_and_never_used() {
    let world = World::small();
    world.run(&["run"]).assert_code(0);
    corrupt_objects(&world);
    // A run with nothing to do reads no object.
    world.run(&["run", "--locked"]).assert_code(0);
    let output = world.run(&["run", "--locked", "--no-cache"]).assert_code(1);
    insta::assert_snapshot!(output.screen(), @r"
    exit 1
    --- stderr
    error: object <short> is corrupt and was not used
      needed by  the snapshot of labels at 2024-01-31
      expected   BLAKE3 <short> of its bytes
      found      BLAKE3 <short>
    help: `streamflow run --no-cache` makes outputs again,
          `streamflow ingest --as-of DATE` tables
    ");
    // The way out that it names.
    world
        .run(&["ingest", "--as-of", "2024-01-31"])
        .assert_code(0);
    world.run(&["run", "--no-cache"]).assert_code(0);
    world.run(&["run", "--locked", "--no-cache"]).assert_code(0);
    assert_sound(&world);
}

#[test]
fn a_missing_object_is_named_too() {
    let world = World::small();
    world.run(&["run"]).assert_code(0);
    for path in object_files(&world) {
        std::fs::remove_file(path).unwrap();
    }
    let output = world.run(&["run", "--no-cache"]).assert_code(1);
    insta::assert_snapshot!(output.screen(), @r"
    exit 1
    --- stderr
    error: object <short> is missing from the store
      needed by the snapshot of labels at 2024-01-31
    help: `streamflow run --no-cache` makes outputs again,
          `streamflow ingest --as-of DATE` tables
    ");
    world
        .run(&["ingest", "--as-of", "2024-01-31"])
        .assert_code(0);
    world.run(&["run", "--no-cache"]).assert_code(0);
    assert_sound(&world);
}

/// What is no database at all is said to be none, and is not replaced.
#[test]
fn a_damaged_catalog_is_not_written_over() {
    let world = World::small();
    world.write(
        ".streamflow/catalog.sqlite",
        &"this is no database\n".repeat(100),
    );
    insta::assert_snapshot!(world.run(&["run"]).assert_code(1).screen(), @r"
    exit 1
    --- stderr
    error: the catalog <world>/project/.streamflow/catalog.sqlite cannot be
           used: file is not a database
    help: the store is always rebuildable: move its folder away and run again
    ");
    assert!(
        world
            .read(".streamflow/catalog.sqlite")
            .starts_with("this is no database")
    );
}

#[test]
fn a_catalog_of_a_newer_program_is_not_written() {
    let world = World::small();
    world.run(&["run"]).assert_code(0);
    let catalog = world.project().join(".streamflow/catalog.sqlite");
    let connection = rusqlite::Connection::open(catalog).unwrap();
    connection.pragma_update(None, "user_version", 999).unwrap();
    drop(connection);
    world.run(&["snapshots"]).assert_code(0);
    insta::assert_snapshot!(world.run(&["run", "--no-cache"]).assert_code(1).screen(), @r"
    exit 1
    --- stderr
    error: the store was written by a newer streamflow (catalog version 999)
    help: install that version, or point [store] path at another folder
    ");
}

/// A folder that cannot be written to: refused in words, nothing half-written.
#[test]
fn a_lock_that_cannot_be_written_leaves_nothing_behind() {
    let world = World::small();
    world.write("lockfiles/small.lock/in_the_way", "");
    let output = world.run(&["run", "small"]);
    assert!(output.code == 1 || output.code == 3, "{}", output.stderr);
    let output = output.assert_code(1);
    assert!(
        output.stderr.contains("lockfiles/small.lock"),
        "{}",
        output.stderr
    );
    let strays = world
        .files()
        .into_keys()
        .filter(|path| path.contains(".tmp"));
    assert_eq!(strays.count(), 0);
}
