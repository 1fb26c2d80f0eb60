//! The store verified, mended and swept; a run carried from one machine to another.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use serde_json::Value;

use crate::common::{JANUARY, World, assert_sound, corrupt_objects, object_files};

/// The document of a command that must end with this code.
fn json(world: &World, code: i32, arguments: &[&str]) -> Value {
    let mut all = arguments.to_vec();
    all.extend(["--format", "json"]);
    world.run(&all).assert_code(code).json()
}

fn text(value: &Value) -> &str {
    value.as_str().unwrap()
}

fn fsck(world: &World, code: i32) -> Value {
    let found = json(world, code, &["fsck"]);
    assert_eq!(found["sound"], code == 0, "{found:#}");
    found
}

/// A project with a run, kept sources and values that serve.
fn lived_in() -> World {
    let world = World::small();
    world.run(&["run"]).assert_code(0);
    world
        .run(&["materialize", "--as-of", JANUARY])
        .assert_code(0);
    let outside = world.project().parent().unwrap().join("outside");
    fs::create_dir_all(&outside).unwrap();
    for name in ["usage.csv", "labels.csv"] {
        let from = world.project().join("data/2024-02-29").join(name);
        fs::copy(from, outside.join(name)).unwrap();
    }
    let outside = outside.to_str().unwrap();
    let ingest = ["ingest", "--as-of", "2024-03-31", "--from", outside];
    world.run(&ingest).assert_code(0);
    fsck(&world, 0);
    world
}

/// Every fact and every object, as they read.
type Contents = (
    Vec<(i64, String, String, String)>,
    BTreeMap<PathBuf, Vec<u8>>,
);

fn contents(world: &World) -> Contents {
    let catalog = world.project().join(".streamflow/catalog.sqlite");
    let connection = rusqlite::Connection::open(catalog).unwrap();
    let mut statement = connection
        .prepare("SELECT sequence, kind, key, value FROM facts ORDER BY sequence")
        .unwrap();
    let facts = statement
        .query_map([], |row| {
            Ok((row.get(0)?, row.get(1)?, row.get(2)?, row.get(3)?))
        })
        .unwrap();
    let facts = facts.collect::<Result<_, _>>().unwrap();
    let objects = object_files(world)
        .into_iter()
        .map(|path| (path.clone(), fs::read(path).unwrap()));
    (facts, objects.collect())
}

/// Positions that are spread over a file and are others for each file.
fn positions(length: usize, count: usize, seed: usize) -> Vec<usize> {
    let mut state = seed as u64 | 1;
    let mut next = || {
        state = state
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        (state >> 33) as usize % length
    };
    (0..count).map(|_| next()).collect()
}

#[test]
fn a_flipped_byte_of_any_object_is_found_and_named() {
    let world = lived_in();
    for (at, path) in object_files(&world).into_iter().enumerate() {
        let sound = fs::read(&path).unwrap();
        for position in positions(sound.len(), 3, at) {
            let mut bytes = sound.clone();
            bytes[position] ^= 1 << (position % 8);
            fs::write(&path, bytes).unwrap();
            let found = fsck(&world, 1);
            let problems = found["problems"].as_array().unwrap();
            assert_eq!(problems.len(), 1, "{found:#}");
            let folder = path
                .parent()
                .unwrap()
                .file_name()
                .unwrap()
                .to_str()
                .unwrap();
            let name = format!("{folder}{}", path.file_name().unwrap().to_str().unwrap());
            assert_eq!(problems[0]["object"], name.as_str());
            assert!(
                !problems[0]["needed_by"].as_array().unwrap().is_empty(),
                "{found:#}"
            );
        }
        fs::write(&path, sound).unwrap();
    }
    fsck(&world, 0);
}

/// Found by `fsck`, or in a place that says nothing: then everything reads as before.
#[test]
fn a_flipped_byte_of_the_catalog_is_found_or_says_nothing() {
    let world = lived_in();
    let catalog = world.project().join(".streamflow/catalog.sqlite");
    let before = contents(&world);
    let sound = fs::read(&catalog).unwrap();
    let mut found = 0;
    // The header and the schema byte by byte, the rest at random.
    let mut places: Vec<usize> = (0..100).step_by(3).collect();
    places.extend(positions(sound.len(), 110, 7));
    for position in &places {
        let mut bytes = sound.clone();
        bytes[*position] ^= 1 << (position % 8);
        fs::write(&catalog, &bytes).unwrap();
        let output = world.run(&["fsck"]);
        match output.code {
            0 => assert_eq!(contents(&world), before, "byte {position}"),
            _ => {
                let output = output.assert_code(1);
                assert!(!output.stderr.is_empty());
                found += 1;
            }
        }
        for ending in ["-wal", "-shm"] {
            let _ = fs::remove_file(format!("{}{ending}", catalog.display()));
        }
    }
    fs::write(&catalog, &sound).unwrap();
    fsck(&world, 0);
    assert!(
        found > places.len() / 3,
        "only {found} of {} were found",
        places.len()
    );
}

#[test]
fn what_is_damaged_is_named_with_what_needs_it() {
    let world = World::small();
    world.run(&["run"]).assert_code(0);
    let model = json(&world, 0, &["show", "small@latest"])["outputs"]["model"].clone();
    let model = text(&model);
    let path = format!(".streamflow/objects/{}/{}", &model[..2], &model[2..]);
    world.write(&path, "no model");
    insta::assert_snapshot!(world.run(&["fsck"]).assert_code(1).screen(), @r"
    exit 1
    --- stdout
      size  object <short>
        found       8 bytes instead of 2028
        needed by   the model of run <short> (small)
                    the cache of steps
        rebuilt by  `streamflow replay <short>`
    1 problem found: 10 objects of 13.3 kB, 15 facts, in <time> s.
    --- stderr
    error: the store is not sound: 1 problem
    help: `streamflow fsck --repair` moves what is damaged aside and rebuilds it
    ");
    insta::assert_snapshot!(world.run(&["fsck", "--repair"]).assert_code(0).screen(), @r"
    exit 0
    --- stdout
      repaired  object <short>
        found       8 bytes instead of 2028
        needed by   the model of run <short> (small)
                    the cache of steps
        done        made again by executing run <short>; the damaged file is in
                    damaged/<short>…
      notice  1 file set aside by repairs in the store's damaged/; nothing needs
              them
    Sound, 1 problem repaired: 10 objects of 13.3 kB, 15 facts, in <time> s.
    ");
    fsck(&world, 0);
    assert_eq!(
        world.read(&format!(".streamflow/damaged/{model}")),
        "no model"
    );
}

#[test]
fn repair_makes_everything_again_that_can_be() {
    let world = lived_in();
    world.commit("all");
    corrupt_objects(&world);
    let found = json(&world, 1, &["fsck", "--repair"]);
    let open: Vec<&Value> = found["problems"]
        .as_array()
        .unwrap()
        .iter()
        .filter(|problem| problem["repaired"] != true)
        .collect();
    // The two files that only the store had.
    assert_eq!(open.len(), 2, "{open:#?}");
    for problem in &open {
        let needed_by = problem["needed_by"].to_string();
        assert!(needed_by.contains("2024-03-31"), "{needed_by}");
        assert!(
            text(&problem["rebuilt_by"]).contains("--as-of 2024-03-31"),
            "{problem}"
        );
    }
    // The way out that is named.
    let outside = world.project().parent().unwrap().join("outside");
    let outside = outside.to_str().unwrap();
    let ingest = ["ingest", "--as-of", "2024-03-31", "--from", outside];
    world.run(&ingest).assert_code(0);
    fsck(&world, 0);
    world.run(&["run", "--locked", "--no-cache"]).assert_code(0);
    world.run(&["features", "U003"]).assert_code(0);
    assert_sound(&world);
}

#[test]
fn a_damaged_catalog_is_salvaged_and_what_was_lost_is_said() {
    let world = lived_in();
    let catalog = world.project().join(".streamflow/catalog.sqlite");
    let connection = rusqlite::Connection::open(&catalog).unwrap();
    let sql = "UPDATE facts SET value = value || ' ' WHERE kind = 'finished'";
    assert_eq!(connection.execute(sql, []).unwrap(), 1);
    let sql = "UPDATE stamps SET size = size + 1";
    assert!(connection.execute(sql, []).unwrap() > 0);
    drop(connection);
    let output = world.run(&["show", "small@latest"]).assert_code(1);
    assert!(
        output
            .stderr
            .contains("a finished, of the catalog cannot be read"),
        "{}",
        output.stderr
    );
    let found = fsck(&world, 1);
    let first = &found["problems"][0];
    assert_eq!(first["kind"], "catalog", "{found:#}");
    assert!(
        text(&first["what"]).ends_with("a finished of small"),
        "{found:#}"
    );
    // A lost fact is said once; afterwards the store is sound.
    let mended = json(&world, 1, &["fsck", "--repair"]);
    assert!(
        mended
            .to_string()
            .contains("left behind in the damaged catalog"),
        "{mended:#}"
    );
    fsck(&world, 0);
    assert!(world.has(".streamflow/damaged/catalog-1.sqlite"));
    world.run(&["run", "--locked", "--no-cache"]).assert_code(0);
}

/// The first page of the database says where each table begins; that is known without it.
#[test]
fn a_catalog_without_its_first_page_loses_nothing() {
    let world = lived_in();
    let before = contents(&world);
    let catalog = world.project().join(".streamflow/catalog.sqlite");
    let sound = fs::read(&catalog).unwrap();
    for damaged in [0..100, 100..108, 2000..4096, 0..4096] {
        let mut bytes = sound.clone();
        bytes[damaged].fill(0x55);
        fs::write(&catalog, &bytes).unwrap();
        fsck(&world, 1);
        json(&world, 0, &["fsck", "--repair"]);
        assert_eq!(contents(&world), before);
        fsck(&world, 0);
    }
    fs::write(&catalog, "this is no database\n".repeat(1000)).unwrap();
    let tried = json(&world, 1, &["fsck", "--repair"]);
    assert_eq!(tried["problems"][0]["repaired"], false, "{tried:#}");
    assert!(fs::read(&catalog).unwrap().starts_with(b"this is no"));
}

#[test]
fn the_file_that_hides_the_store_from_git_is_verified_too() {
    let world = World::small();
    world.run(&["run"]).assert_code(0);
    world.write(".streamflow/.gitignore", "+\n");
    assert_eq!(fsck(&world, 1)["problems"][0]["kind"], "file");
    json(&world, 0, &["fsck", "--repair"]);
    assert_eq!(world.read(".streamflow/.gitignore"), "*\n");
    assert_eq!(world.read(".streamflow/damaged/.gitignore"), "+\n");
}

/// A store that was made before rows had checksums.
#[test]
fn an_old_store_opens_and_gets_its_checksums() {
    let world = lived_in();
    let before = contents(&world);
    let catalog = world.project().join(".streamflow/catalog.sqlite");
    let connection = rusqlite::Connection::open(&catalog).unwrap();
    for sql in [
        "DROP TABLE bases",
        "DROP INDEX needs_by_object",
        "ALTER TABLE facts DROP COLUMN checksum",
        "ALTER TABLE objects DROP COLUMN checksum",
        "ALTER TABLE needs DROP COLUMN checksum",
        "ALTER TABLE stamps DROP COLUMN checksum",
        "PRAGMA user_version = 1",
    ] {
        connection.execute_batch(sql).unwrap();
    }
    drop(connection);
    let cached = world.run_one("small");
    assert_eq!(cached["status"], "cached");
    assert_eq!(contents(&world), before);
    fsck(&world, 0);
}

#[test]
fn strays_are_told_and_are_no_harm() {
    let world = World::small();
    world.run(&["run"]).assert_code(0);
    let stray = format!(".streamflow/objects/ab/{}", "c".repeat(62));
    world.write(&stray, "left by a process that died");
    world.write(".streamflow/objects/ab/.tmp-1234", "half");
    let found = fsck(&world, 0);
    assert!(
        found["notices"]
            .to_string()
            .contains("2 files among the objects"),
        "{found:#}"
    );
    let listed = json(&world, 0, &["gc", "--grace", "0d"]);
    assert_eq!(listed["strays"].as_array().unwrap().len(), 2, "{listed:#}");
    assert!(world.has(&stray), "listing removes nothing");
    json(&world, 0, &["gc", "--grace", "0d", "--yes"]);
    assert!(!world.has(&stray));
    assert!(fsck(&world, 0)["notices"].as_array().unwrap().is_empty());
}

/// Every object of a run but its data, which other runs share.
fn outputs(world: &World, run: &str) -> Vec<String> {
    let shown = json(world, 0, &["show", run]);
    let outputs = shown["outputs"].as_object().unwrap();
    outputs
        .values()
        .map(|hash| text(hash).to_string())
        .collect()
}

fn has_object(world: &World, name: &str) -> bool {
    world.has(&format!(
        ".streamflow/objects/{}/{}",
        &name[..2],
        &name[2..]
    ))
}

const SWEEP: [&str; 6] = ["gc", "--yes", "--keep", "0", "--grace", "0d"];

#[test]
fn a_dropped_run_goes_and_its_record_stays() {
    let world = lived_in();
    let set = ["run", "small", "--set", "model.trees=5"];
    let dropped = json(&world, 0, &set);
    let run = text(&dropped["run"]);
    let model = text(&dropped["outputs"]["model"]).to_string();
    // Young, and among the last executions: nothing goes yet.
    assert_eq!(json(&world, 0, &["gc", "--yes"])["objects"], 0);
    assert_eq!(
        json(&world, 0, &["gc", "--yes", "--grace", "0d"])["objects"],
        0
    );
    assert_eq!(
        json(&world, 0, &["gc", "--yes", "--keep", "0"])["objects"],
        0
    );
    let listed = json(&world, 0, &["gc", "--keep", "0", "--grace", "0d"]);
    assert_eq!(listed["removed"], false);
    assert!(has_object(&world, &model), "listing removes nothing");
    let swept = json(&world, 0, &SWEEP);
    assert_eq!(swept["removed"], true);
    assert_eq!(swept["removable"], listed["removable"]);
    let removed = swept["removable"].to_string();
    assert!(removed.contains(&model), "{removed}");
    assert!(
        removed.contains(&format!("the model of run {}", &run[..12])),
        "{removed}"
    );
    assert!(!has_object(&world, &model));
    fsck(&world, 0);
    // The record is there, its files are not, and come back.
    assert_eq!(
        json(&world, 0, &["show", run])["metrics"],
        dropped["metrics"]
    );
    let output = world
        .run(&["get", run, "model", "-o", "m.bin"])
        .assert_code(5);
    assert!(
        output.stderr.contains("streamflow replay"),
        "{}",
        output.stderr
    );
    assert_eq!(json(&world, 0, &["replay", run])["verdict"], "identical");
    world
        .run(&["get", run, "model", "-o", "m.bin"])
        .assert_code(0);
    // What was locked, kept or serves was never in danger.
    world.run(&["run", "--locked", "--no-cache"]).assert_code(0);
    world.run(&["features", "U003"]).assert_code(0);
    world.run(&["replay", "small@locked"]).assert_code(0);
    world
        .run(&["ingest", "--as-of", "2024-03-31"])
        .assert_code(0);
    fsck(&world, 0);
}

#[test]
fn files_that_only_the_store_has_stay() {
    let world = lived_in();
    fs::remove_dir_all(world.project().parent().unwrap().join("outside")).unwrap();
    json(&world, 0, &SWEEP);
    fsck(&world, 0);
    // A later date is built on it again.
    let outside = world.project().parent().unwrap().join("later");
    fs::create_dir_all(&outside).unwrap();
    for name in ["usage.csv", "labels.csv"] {
        let from = world.project().join("data/2024-02-29").join(name);
        fs::copy(from, outside.join(name)).unwrap();
    }
    world.edit("features/usage.toml", "744.0", "743.0");
    let outside = outside.to_str().unwrap();
    let ingest = ["ingest", "--as-of", "2024-04-30", "--from", outside];
    world.run(&ingest).assert_code(0);
}

#[test]
fn a_lock_on_another_branch_protects() {
    let world = World::small();
    world.commit("begin");
    world.git(&["checkout", "--quiet", "-b", "other"]);
    world.edit("experiments/small.toml", "trees = 12", "trees = 5");
    let there = world.run_one("small");
    world.commit("fewer trees");
    world.git(&["checkout", "--quiet", "main"]);
    let here = world.run_one("small");
    world.commit("twelve trees");
    let objects: Vec<String> = [&there, &here]
        .iter()
        .flat_map(|run| outputs(&world, text(&run["run"])))
        .collect();
    let swept = json(&world, 0, &SWEEP);
    assert_eq!(
        swept["roots"]["locks"].as_array().unwrap().len(),
        2,
        "{swept:#}"
    );
    for object in &objects {
        assert!(has_object(&world, object), "{object}");
    }
    world.git(&["branch", "--quiet", "-D", "other"]);
    let swept = json(&world, 0, &SWEEP);
    assert!(swept["objects"].as_u64().unwrap() >= 2, "{swept:#}");
    assert!(!has_object(&world, text(&there["outputs"]["model"])));
    assert!(has_object(&world, text(&here["outputs"]["model"])));
    fsck(&world, 0);
    world.run(&["run", "--locked", "--no-cache"]).assert_code(0);
}

#[test]
fn a_pin_protects_and_so_does_what_a_rollback_goes_back_to() {
    let world = World::small();
    world.edit(
        "experiments/small.toml",
        "production = [\"auc >= 0.60\", \"clean\"]",
        "production = []",
    );
    let mut runs = Vec::new();
    for trees in ["5", "7", "9"] {
        let setting = format!("model.trees={trees}");
        let run = json(&world, 0, &["run", "small", "--set", &setting]);
        runs.push(run);
    }
    for run in &runs[..2] {
        let promote = [
            "promote",
            text(&run["run"]),
            "--to",
            "production",
            "--reason",
            "x",
        ];
        world.run(&promote).assert_code(0);
    }
    json(&world, 0, &SWEEP);
    for (run, stays) in runs.iter().zip([true, true, false]) {
        assert_eq!(
            has_object(&world, text(&run["outputs"]["model"])),
            stays,
            "{run:#}"
        );
    }
    world
        .run(&["materialize", "--as-of", JANUARY])
        .assert_code(0);
    json(&world, 0, &SWEEP);
    world.run(&["predict", "U003"]).assert_code(0);
    world
        .run(&["rollback", "leaving", "--reason", "y"])
        .assert_code(0);
    world
        .run(&["materialize", "--as-of", JANUARY])
        .assert_code(0);
    json(&world, 0, &SWEEP);
    world.run(&["predict", "U003"]).assert_code(0);
    world.run(&["replay", "production"]).assert_code(0);
    fsck(&world, 0);
}

#[test]
fn a_lock_that_cannot_be_read_stops_gc() {
    let world = World::small();
    world.run(&["run"]).assert_code(0);
    let lock = world.read("lockfiles/small.lock");
    world.write("lockfiles/small.lock", &format!("<<<<<<< ours\n{lock}"));
    let output = world.run(&SWEEP).assert_code(3);
    assert!(
        output.stderr.contains("nobody knows what it needs"),
        "{}",
        output.stderr
    );
    world.write("lockfiles/small.lock", &lock);
    for grace in ["", "x", "-1d", "1.5d", "14"] {
        world.run(&["gc", "--grace", grace]).assert_code(2);
    }
    world.run(&["gc", "--keep", "-1"]).assert_code(2);
    world.run(&["gc", "now"]).assert_code(2);
}

/// A bundle of the small project's run, with the world it was made in.
fn bundled() -> (World, PathBuf) {
    let world = World::small();
    world.run(&["run"]).assert_code(0);
    world
        .run(&["bundle", "small", "-o", "small.tar"])
        .assert_code(0);
    let file = world.project().join("small.tar");
    (world, file)
}

#[test]
fn a_run_travels_in_one_file() {
    let (world, file) = bundled();
    let run = world.run_one("small");
    let hash = text(&run["run"]);
    // The same run is the same bytes, with and without a lock beside it.
    world
        .run(&["bundle", hash, "-o", "again.tar"])
        .assert_code(0);
    world.run(&["replay", hash]).assert_code(0);
    world
        .run(&["bundle", "small@latest", "-o", "third.tar"])
        .assert_code(0);
    let bytes = fs::read(&file).unwrap();
    for other in ["again.tar", "third.tar"] {
        assert!(
            bytes == fs::read(world.project().join(other)).unwrap(),
            "{other}"
        );
    }
    let there = World::empty();
    let (bundle, project) = (file.to_str().unwrap(), there.project().to_path_buf());
    let brought = json(&there, 0, &["unbundle", bundle, project.to_str().unwrap()]);
    assert_eq!(brought["new_project"], true);
    assert_eq!(brought["run"], run["run"]);
    fsck(&there, 0);
    assert!(!there.has("data"), "no source file travels");
    // Known, and not proved yet.
    let shown = json(&there, 0, &["show", hash]);
    assert_eq!(shown["metrics"], run["metrics"]);
    assert_eq!(shown["outputs"], run["outputs"]);
    for what in [
        "training_set.csv",
        "split.csv",
        "model.bin",
        "predictions.csv",
        "report.json",
    ] {
        let artefact = what.split('.').next().unwrap();
        there
            .run(&["get", hash, artefact, "-o", what])
            .assert_code(0);
        world
            .run(&["get", hash, artefact, "-o", what])
            .assert_code(0);
        let bytes = |world: &World| fs::read(world.project().join(what)).unwrap();
        assert!(bytes(&there) == bytes(&world), "{what}");
    }
    there.run(&["diff", hash, "small@locked"]).assert_code(0);
    // Proved here, by executing.
    let locked = json(&there, 0, &["run", "small", "--locked"]);
    assert_eq!(locked["status"], "executed");
    assert_eq!(locked["outputs"], run["outputs"]);
    assert_eq!(json(&there, 0, &["replay", hash])["verdict"], "identical");
    there.commit("from a bundle");
    there
        .run(&["promote", hash, "--to", "production", "--reason", "x"])
        .assert_code(0);
    // It travels on, and comes back to where all of it is known.
    there.run(&["bundle", hash, "-o", "on.tar"]).assert_code(0);
    assert!(bytes == fs::read(there.project().join("on.tar")).unwrap());
    let back = json(&world, 0, &["unbundle", bundle]);
    assert_eq!(back["objects"]["added"], 0, "{back:#}");
    assert_eq!(back["recorded"], false);
    // And everything but the locked run may be swept.
    json(&there, 0, &SWEEP);
    fsck(&there, 0);
    there.run(&["run", "--locked", "--no-cache"]).assert_code(0);
}

#[test]
fn unbundling_says_what_it_did() {
    let (_world, file) = bundled();
    let there = World::empty();
    fs::copy(file, there.project().join("small.tar")).unwrap();
    let output = there.run(&["unbundle", "small.tar", "copy"]).assert_code(0);
    insta::assert_snapshot!(output.screen(), @r"
    exit 0
    --- stdout
    small   run <short>   made a project in copy
      7 objects added, 0 were there
      experiments/small.toml  written
      features/labels.toml    written
      features/usage.toml     written
      lockfiles/small.lock    written
      streamflow.toml         written
    next: cd copy && streamflow run --locked small
    ");
    let (world, _) = bundled();
    world.edit("experiments/small.toml", "trees = 12", "trees = 9");
    world.remove("lockfiles/small.lock");
    world.forget();
    let output = world.run(&["unbundle", "small.tar"]).assert_code(0);
    insta::assert_snapshot!(output.screen(), @r"
    exit 0
    --- stdout
    small   run <short>   brought in
      7 objects added, 0 were there
      experiments/small.toml  left alone
      features/labels.toml    the same
      features/usage.toml     the same
      lockfiles/small.lock    left alone
      streamflow.toml         the same
      left alone  the project has another one
      left alone  the definitions here are of another run
    next: streamflow replay <short>
    ");
    // Nothing was overwritten; the run is there all the same.
    assert!(world.read("experiments/small.toml").contains("trees = 9"));
    assert!(!world.has("lockfiles/small.lock"));
    let run = json(&world, 0, &["show", "small@latest"]);
    assert_eq!(
        json(&world, 0, &["replay", text(&run["run"])])["verdict"],
        "identical"
    );
}

#[test]
fn a_run_without_its_lock_is_bundled_from_what_is_recorded() {
    let world = World::small();
    let run = json(&world, 0, &["run", "small", "--set", "model.trees=5"]);
    world.edit("experiments/small.toml", "trees = 12", "trees = 5");
    world
        .run(&["bundle", text(&run["run"]), "-o", "five.tar"])
        .assert_code(0);
    world.run(&["unbundle", "five.tar", "there"]).assert_code(0);
    let there = world.run(&["-C", "there", "run", "--locked", "--format", "json"]);
    let there = there.assert_code(0).json();
    assert_eq!(there["runs"][0]["run"], run["run"]);
    // Definitions that nobody has cannot travel.
    world.edit("experiments/small.toml", "trees = 5", "trees = 6");
    let other = json(&world, 0, &["run", "small", "--set", "model.trees=7"]);
    let output = world
        .run(&["bundle", text(&other["run"]), "-o", "x.tar"])
        .assert_code(5);
    assert!(output.stderr.contains("definitions"), "{}", output.stderr);
    assert!(!world.has("x.tar"));
}

#[test]
fn what_cannot_be_bundled_is_said() {
    let (world, _) = bundled();
    world
        .run(&["bundle", "nobody", "-o", "x.tar"])
        .assert_code(2);
    world.run(&["bundle", "small"]).assert_code(2);
    world.run(&["bundle", "small", "-o", "-"]).assert_code(2);
    world.run(&["bundle", "small", "-o", "data"]).assert_code(2);
    world.commit("all");
    let clone = world.cloned();
    let output = clone
        .run(&["bundle", "small", "-o", "x.tar"])
        .assert_code(5);
    assert!(
        output.stderr.contains("streamflow run --locked small"),
        "{}",
        output.stderr
    );
    corrupt_objects(&world);
    let output = world
        .run(&["bundle", "small", "-o", "x.tar"])
        .assert_code(1);
    assert!(
        output.stderr.contains("is corrupt and was not used"),
        "{}",
        output.stderr
    );
    assert!(!world.has("x.tar"));
}

/// Rewrites members of a bundle by hand, headers and all.
struct Tar(Vec<(String, Vec<u8>)>);

impl Tar {
    fn read(path: &Path) -> Self {
        let bytes = fs::read(path).unwrap();
        let mut members = Vec::new();
        let mut at = 0;
        while bytes[at] != 0 {
            let field = |from: usize, to: usize| {
                let field = &bytes[at + from..at + to];
                let end = field
                    .iter()
                    .position(|byte| *byte == 0)
                    .unwrap_or(field.len());
                std::str::from_utf8(&field[..end]).unwrap().to_string()
            };
            let size = usize::from_str_radix(&field(124, 136), 8).unwrap();
            members.push((field(0, 100), bytes[at + 512..at + 512 + size].to_vec()));
            at += 512 + size.next_multiple_of(512);
        }
        Self(members)
    }

    fn member(&mut self, name: &str) -> &mut Vec<u8> {
        let found = self.0.iter_mut().find(|(found, _)| found == name);
        &mut found.unwrap().1
    }

    /// Replaces a text in a member and lists it anew, so that only its meaning is wrong.
    fn edit(&mut self, name: &str, old: &str, new: &str) {
        let text = String::from_utf8(self.member(name).clone()).unwrap();
        assert!(text.contains(old), "{name} lacks {old}");
        *self.member(name) = text.replace(old, new).into_bytes();
    }

    /// Lists every member as it is.
    fn relist(&mut self) {
        let mut manifest: Value = serde_json::from_slice(self.member("manifest.json")).unwrap();
        let members = self.0.iter().filter(|(name, _)| name != "manifest.json");
        manifest["members"] = members
            .map(|(name, bytes)| {
                let hash = blake3::hash(bytes).to_hex().to_string();
                (
                    name.clone(),
                    serde_json::json!({ "size": bytes.len(), "blake3": hash }),
                )
            })
            .collect::<serde_json::Map<_, _>>()
            .into();
        *self.member("manifest.json") = serde_json::to_vec(&manifest).unwrap();
    }

    fn bytes(&self) -> Vec<u8> {
        let mut bytes = Vec::new();
        for (name, contents) in &self.0 {
            let mut header = [0_u8; 512];
            header[..name.len()].copy_from_slice(name.as_bytes());
            header[124..136].copy_from_slice(format!("{:011o}\0", contents.len()).as_bytes());
            header[156] = b'0';
            header[257..265].copy_from_slice(b"ustar\x0000");
            header[148..156].fill(b' ');
            let sum: u32 = header.iter().map(|byte| u32::from(*byte)).sum();
            header[148..156].copy_from_slice(format!("{sum:06o}\0 ").as_bytes());
            bytes.extend(header);
            bytes.extend(contents);
            bytes.resize(bytes.len().next_multiple_of(512), 0);
        }
        bytes.extend([0; 1024]);
        bytes
    }
}

/// Refused with this code and these words, and nothing is written anywhere.
#[track_caller]
fn refused(bytes: &[u8], code: i32, words: &str) {
    let world = World::empty();
    fs::write(world.project().join("x.tar"), bytes).unwrap();
    let output = world.run(&["unbundle", "x.tar", "new"]).assert_code(code);
    let told: Vec<&str> = output.stderr.split_whitespace().collect();
    assert!(told.join(" ").contains(words), "{}", output.stderr);
    assert_eq!(world.files().len(), 1, "{:?}", world.files().keys());
    assert!(!world.has("new"));
}

#[test]
fn hostile_bundles_are_refused_and_nothing_is_written() {
    let (_world, file) = bundled();
    let sound = fs::read(&file).unwrap();
    let tar = || Tar::read(&file);
    let changed = |change: &dyn Fn(&mut Tar)| {
        let mut tar = tar();
        change(&mut tar);
        tar.relist();
        tar.bytes()
    };
    let own = World::empty();
    fs::write(own.project().join("x.tar"), changed(&|_| {})).unwrap();
    own.run(&["unbundle", "x.tar", "new"]).assert_code(0);
    let object = |tar: &Tar, start: &[u8]| {
        let found = tar
            .0
            .iter()
            .find(|(name, bytes)| name.starts_with("objects/") && bytes.starts_with(start));
        found.unwrap().0.clone()
    };
    refused(b"", 1, "ends before its end");
    refused(b"PK\x03\x04 a zip", 1, "ends before its end");
    refused(&sound[..sound.len() / 2], 1, "no sound bundle");
    refused(&sound[..sound.len() - 700], 1, "no sound bundle");
    // Bytes that are not those of the manifest.
    let mut damaged = sound.clone();
    let middle = damaged.len() / 2;
    damaged[middle] ^= 1;
    refused(&damaged, 1, "no sound bundle");
    // Paths that lead elsewhere, members that no bundle holds.
    for name in [
        "../evil.toml",
        "/etc/evil",
        "features/../../evil.toml",
        "features/.hidden.toml",
        "evil.sh",
        "lockfiles/other.lock",
        ".git/hooks/post-checkout",
    ] {
        let bytes = changed(&|tar| tar.0.push((name.to_string(), b"x = 1\n".to_vec())));
        refused(&bytes, 1, "no sound bundle");
    }
    // A size that no file has.
    let mut huge = sound.clone();
    huge[124..136].copy_from_slice(b"77777777777\0");
    huge[148..156].fill(b' ');
    let sum: u32 = huge[..512].iter().map(|byte| u32::from(*byte)).sum();
    huge[148..156].copy_from_slice(format!("{sum:06o}\0 ").as_bytes());
    refused(&huge, 1, "more than there are");
    // Objects that are not what their names say, though the manifest lists them so.
    refused(
        &changed(&|tar| {
            let name = object(tar, b"PAR1");
            let other = tar
                .0
                .iter()
                .rev()
                .find(|(n, b)| *n != name && b.starts_with(b"PAR1"))
                .unwrap()
                .1
                .clone();
            *tar.member(&name) = other;
        }),
        1,
        "no sound bundle",
    );
    refused(
        &changed(&|tar| {
            let name = object(tar, b"PAR1");
            *tar.member(&name) = b"no Parquet".to_vec();
        }),
        1,
        "no sound bundle",
    );
    refused(
        &changed(&|tar| {
            tar.0
                .retain(|(name, _)| *name != object(&Tar::read(&file), b"PAR1"));
        }),
        1,
        "it lacks",
    );
    refused(
        &changed(&|tar| {
            tar.0
                .push((format!("objects/ab/{}", "c".repeat(62)), b"x".to_vec()));
        }),
        1,
        "does not need",
    );
    // A lock that says something else than its run, its metrics or its definitions.
    refused(
        &changed(&|tar| tar.edit("lockfiles/small.lock", "trees = 12", "trees = 13")),
        3,
        "does not fit together",
    );
    refused(
        &changed(&|tar| tar.edit("lockfiles/small.lock", "auc = 0.", "auc = 1.")),
        1,
        "other metrics",
    );
    refused(
        &changed(&|tar| tar.edit("experiments/small.toml", "trees = 12", "trees = 13")),
        1,
        "do not give its run",
    );
    refused(
        &changed(&|tar| tar.edit("features/usage.toml", "[source]", "[sauce]")),
        2,
        "sauce",
    );
    // A store that would lie elsewhere.
    refused(
        &changed(&|tar| tar.edit("streamflow.toml", "\".streamflow\"", "\"../../elsewhere\"")),
        2,
        "outside its folder",
    );
    refused(
        &changed(&|tar| tar.edit("streamflow.toml", "\".streamflow\"", "\"/etc/elsewhere\"")),
        2,
        "outside its folder",
    );
    // What a newer program wrote.
    refused(
        &changed(&|tar| tar.edit("manifest.json", "\"format\": 1", "\"format\": 2")),
        3,
        "format 2",
    );
    refused(
        &changed(&|tar| *tar.member("manifest.json") = b"{\"format\": 1}".to_vec()),
        1,
        "cannot be read",
    );
}

/// A lock whose run follows from operations of another version.
#[test]
fn a_bundle_of_other_operations_is_refused() {
    let (_world, file) = bundled();
    let mut tar = Tar::read(&file);
    let text = String::from_utf8(tar.member("lockfiles/small.lock").clone()).unwrap();
    let lock = streamflow::lockfile::parse_lock("x", &text).unwrap();
    let mut other = lock.clone();
    *other.operations.0.get_mut("random_forest").unwrap() += 1;
    other.run = other.identity().id();
    *tar.member("lockfiles/small.lock") = streamflow::lockfile::render_lock(&other).into_bytes();
    tar.edit(
        "manifest.json",
        &lock.run.to_string(),
        &other.run.to_string(),
    );
    tar.relist();
    refused(
        &tar.bytes(),
        3,
        "operations that this streamflow does not have",
    );
}

#[test]
fn a_bundle_needs_somewhere_to_go() {
    let (world, file) = bundled();
    let file = file.to_str().unwrap();
    let empty = World::empty();
    let output = empty.run(&["unbundle", file]).assert_code(2);
    assert!(
        output.stderr.contains("unbundle FILE DIR"),
        "{}",
        output.stderr
    );
    empty.write("full/x", "1");
    empty.run(&["unbundle", file, "full"]).assert_code(2);
    empty.run(&["unbundle", file, "full/x"]).assert_code(2);
    empty
        .run(&["unbundle", "nothing.tar", "new"])
        .assert_code(5);
    assert!(!empty.has("new"));
    // Into a project whose definitions it does not fit.
    let other = World::small();
    for (old, new) in [
        ("devices = \"i64\"\n", ""),
        (", \"devices\"", ""),
        (
            "per_device = \"hours / NULLIF(devices, 0)\"",
            "half = \"hours / 2\"",
        ),
    ] {
        other.edit("features/usage.toml", old, new);
    }
    other.edit(
        "experiments/small.toml",
        ", \"usage.devices\", \"usage.per_device\"",
        "",
    );
    other.write(
        "experiments/mine.toml",
        &other.read("experiments/small.toml"),
    );
    other.remove("experiments/small.toml");
    let brought = json(&other, 0, &["unbundle", file]);
    let left = brought["files"]
        .as_array()
        .unwrap()
        .iter()
        .filter(|f| f["outcome"] == "left_alone");
    assert!(left.count() >= 3, "{brought:#}");
    other.run(&["check"]).assert_code(0);
    let run = world.run_one("small");
    other.run(&["show", text(&run["run"])]).assert_code(0);
    fsck(&other, 0);
}
