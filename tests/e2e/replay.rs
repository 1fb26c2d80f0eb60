//! A run again: on other threads, from definitions that are nearly lost, by another engine, with
//! another result.

use serde_json::{Value, json};
use streamflow::hash::ContentHasher;

use crate::common::{JANUARY, World, object_files};

const SMALL: &str = "experiments/small.toml";
const USAGE: &str = "data/2024-01-31/usage.csv";

/// Rewrites the oldest fact of a kind under a key, checksum and all: what another machine might
/// have recorded.
fn rewrite(world: &World, kind: &str, key: &str, edit: impl FnOnce(&mut Value)) {
    let catalog = world.project().join(".streamflow/catalog.sqlite");
    let connection = rusqlite::Connection::open(catalog).unwrap();
    let sql =
        "SELECT sequence, value FROM facts WHERE kind = ?1 AND key = ?2 ORDER BY sequence LIMIT 1";
    let row = |row: &rusqlite::Row| Ok((row.get(0)?, row.get(1)?));
    let (sequence, text): (i64, String) = connection.query_row(sql, [kind, key], row).unwrap();
    let mut value = serde_json::from_str(&text).unwrap();
    edit(&mut value);
    let text = value.to_string();
    let mut hasher = ContentHasher::new("streamflow catalog fact 1");
    hasher.integer(sequence);
    for part in [kind, key, text.as_str()] {
        hasher.text(part);
    }
    let sql = "UPDATE facts SET value = ?2, checksum = ?3 WHERE sequence = ?1";
    let changed = connection.execute(sql, rusqlite::params![sequence, text, hasher.finish()]);
    assert_eq!(changed.unwrap(), 1);
}

/// The small project with its run, whose record then holds outputs of another run.
fn with_other(output: &str, set: &str) -> (World, String) {
    let world = World::small();
    let run = world.run_one("small");
    let other = world.run(&["run", "small", "--set", set, "--format", "json"]);
    let other = other.assert_code(0).json();
    assert_ne!(run["outputs"][output], other["outputs"][output]);
    let hash = run["run"].as_str().unwrap().to_string();
    let found = other["outputs"][output].clone();
    rewrite(&world, "execution", &hash, |fact| {
        fact["outputs"][output] = found;
    });
    (world, hash)
}

/// Replays a run whose record is not what this machine gives. Its lock, which is, would be held
/// against it instead as soon as an execution agrees with it.
#[track_caller]
fn diverged(world: &World, run: &str, step: &str) -> Value {
    if world.has("lockfiles") {
        std::fs::remove_dir_all(world.project().join("lockfiles")).unwrap();
    }
    let document = world
        .run(&["replay", run, "--format", "json"])
        .assert_code(4)
        .json();
    assert_eq!(document["verdict"], "diverged");
    assert_eq!(document["first_divergence"], step);
    assert_eq!(document["divergence"]["step"], step);
    let screen = world.run(&["replay", run]).assert_code(4).stdout;
    let wide = screen.lines().find(|line| line.chars().count() > 80);
    assert_eq!(wide, None, "{screen}");
    document["divergence"].clone()
}

#[test]
fn a_replay_takes_another_number_of_threads_and_says_so() {
    let world = World::small().with_threads(2);
    world.run(&["run", "small"]).assert_code(0);
    let document = world
        .run(&["replay", "small@latest", "--format", "json"])
        .assert_code(0)
        .json();
    assert_eq!(document["threads"], json!({ "before": 2, "now": 3 }));
    assert_eq!(document["divergence"], Value::Null);
    let show = world
        .run(&["show", "small@latest", "--format", "json"])
        .assert_code(0)
        .json();
    let threads: Vec<_> = show["executions"]
        .as_array()
        .unwrap()
        .iter()
        .map(|e| e["threads"].clone())
        .collect();
    assert_eq!(threads, [json!(2), json!(3)]);
    let screen = world.run(&["replay", "small@latest"]).assert_code(0).stdout;
    assert!(screen.contains("on 2 threads, before on 3\n"), "{screen}");
}

#[test]
fn another_model_is_told_by_its_first_tree_and_node() {
    let (world, run) = with_other("model", "model.seed=43");
    let found = diverged(&world, &run, "fit");
    assert_eq!(
        (&found["found"], &found["model"]["in"]),
        (&json!("model"), &json!("tree"))
    );
    assert_eq!(found["model"]["tree"], 1);
    assert!(found["model"]["node"].as_u64().unwrap() >= 1);
    assert_ne!(found["model"]["before"], found["model"]["now"]);
    assert_eq!(found["model"]["trees"]["now"], 12);
    assert_eq!(found["environment"], json!([]));
    // Both models are in the store.
    let stored = |name: &Value| {
        let hex = name.as_str().unwrap();
        world.has(&format!(".streamflow/objects/{}/{}", &hex[..2], &hex[2..]))
    };
    assert!(stored(&found["before"]) && stored(&found["now"]));
}

#[test]
fn fewer_trees_are_told_as_such() {
    let (world, run) = with_other("model", "model.trees=9");
    let found = diverged(&world, &run, "fit");
    let model = &found["model"];
    assert_eq!(
        (&model["in"], &model["tree"], &model["node"]),
        (&json!("tree"), &json!(10), &json!(1))
    );
    assert_eq!(model["before"], Value::Null);
    assert_eq!(
        model["trees"],
        json!({ "before": 9, "now": 12, "differ": 0 })
    );
}

#[test]
fn a_coefficient_is_told_with_its_move() {
    let world = World::small();
    let text = world.read(SMALL).replace(
        "kind  = \"random_forest\"\ntrees = 12\nseed  = 42",
        "kind = \"logistic_regression\"",
    );
    world.write("experiments/line.toml", &text);
    let run = world.run_one("line");
    let data = world.read(USAGE);
    world.edit_cell(USAGE, "U007", "plan", "plus");
    let other = world.run_one("line");
    world.write(USAGE, &data);
    let hash = run["run"].as_str().unwrap();
    let model = other["outputs"]["model"].clone();
    assert_ne!(run["outputs"]["model"], model);
    rewrite(&world, "execution", hash, |fact| {
        fact["outputs"]["model"] = model;
    });
    let found = diverged(&world, hash, "fit");
    assert_eq!(found["model"]["in"], "coefficient", "{found:#}");
    assert!(found["model"]["differ"].as_u64().unwrap() > 0);
    let (before, now, by) = (
        &found["model"]["before"],
        &found["model"]["now"],
        &found["model"]["by"],
    );
    let by = by.as_f64().unwrap();
    assert!((now.as_f64().unwrap() - before.as_f64().unwrap() - by).abs() < 1e-12 && by != 0.0);
}

#[test]
fn other_rows_are_told_by_key_date_column_and_value() {
    let world = World::small();
    let run = world.run_one("small");
    let data = world.read(USAGE);
    world.edit_cell(USAGE, "U007", "hours", "1.25");
    let other = world.run_one("small");
    world.write(USAGE, &data);
    let hash = run["run"].as_str().unwrap();
    let rows = other["outputs"]["training_set"].clone();
    rewrite(&world, "execution", hash, |fact| {
        fact["outputs"]["training_set"] = rows;
    });
    let found = diverged(&world, hash, "training_set");
    assert_eq!(
        (&found["changed"], &found["added"], &found["removed"]),
        (&json!(1), &json!(0), &json!(0))
    );
    assert_eq!(found["columns"]["usage.hours"], 1);
    assert_eq!(
        found["examples"][0],
        json!({ "entity": "U007", "as_of": "2024-01-31", "column": "usage.hours", "before": 1.25, "now": 9.5 })
    );
}

#[test]
fn other_sides_are_told_by_entity() {
    let (world, run) = with_other("split", "split.seed=43");
    let found = diverged(&world, &run, "split");
    assert_eq!(found["found"], "sides");
    let moved = found["to_test"].as_u64().unwrap() + found["to_train"].as_u64().unwrap();
    assert!(moved > 0);
    assert_eq!(
        found["examples"].as_array().unwrap().len() as u64,
        moved.min(5)
    );
    assert_ne!(found["examples"][0]["before"], found["examples"][0]["now"]);
}

#[test]
fn other_scores_are_told_by_the_largest_move() {
    let (world, run) = with_other("predictions", "model.seed=43");
    let found = diverged(&world, &run, "predict");
    assert_eq!(found["found"], "scores");
    assert!(found["moved"].as_u64().unwrap() > 0);
    let example = &found["examples"][0];
    let by = (example["now"].as_f64().unwrap() - example["before"].as_f64().unwrap()).abs();
    assert_eq!(found["largest"].as_f64().unwrap(), by);
    assert!(found["mean"].as_f64().unwrap() <= by);
}

#[test]
fn other_metrics_and_another_machine_are_told() {
    let world = World::small();
    let run = world.run_one("small");
    let hash = run["run"].as_str().unwrap();
    rewrite(&world, "execution", hash, |fact| {
        fact["metrics"]["auc"] = json!(0.125);
        fact["environment"]["c_library"] = json!("glibc 1.0");
    });
    let found = diverged(&world, hash, "evaluate");
    assert_eq!(found["metrics"][0]["name"], "auc");
    assert_eq!(found["metrics"][0]["before"], "0.125");
    assert_eq!(found["environment"][0]["name"], "c_library");
    assert_eq!(found["environment"][0]["before"], "glibc 1.0");
}

#[test]
fn an_earlier_output_that_is_gone_is_said_to_be() {
    let world = World::small();
    let run = world.run_one("small");
    let hash = run["run"].as_str().unwrap();
    rewrite(&world, "execution", hash, |fact| {
        fact["outputs"]["model"] = json!("ab".repeat(32));
    });
    let found = diverged(&world, hash, "fit");
    assert_eq!(found["found"], "gone");
    assert!(
        found["why"]
            .as_str()
            .unwrap()
            .contains("missing from the store")
    );
}

#[test]
fn two_results_are_marked_everywhere_until_and_after_one_is_accepted() {
    let (world, run) = with_other("model", "model.seed=43");
    world.edit(SMALL, "\"auc >= 0.60\", \"clean\"", "\"reproduced\"");
    diverged(&world, &run, "fit");
    let say = |arguments: &[&str], code: i32| {
        let output = world.run(arguments).assert_code(code);
        let all = format!("{}{}", output.stdout, output.stderr);
        assert!(
            output.stdout.lines().all(|line| line.chars().count() <= 80),
            "{}",
            output.stdout
        );
        all.split_whitespace().collect::<Vec<_>>().join(" ")
    };
    assert!(say(&["runs"], 0).contains('≠'));
    let shown = say(&["show", &run], 0);
    assert!(
        shown.contains("gave 2 results") && shown.contains("differs in model"),
        "{shown}"
    );
    let promote = [
        "promote",
        run.as_str(),
        "--to",
        "production",
        "--reason",
        "x",
    ];
    let refused = say(&promote, 7);
    assert!(
        refused.contains("gave 2 results") && refused.contains("--accept"),
        "{refused}"
    );
    assert!(say(&["diff", &run, "small@latest"], 0).contains("gave 2 results"));
    // Settled on, but not yet proved.
    say(&["run", "small", "--no-cache", "--accept"], 0);
    assert!(say(&promote, 7).contains("replay"));
    say(&["replay", &run], 0);
    let promoted = say(&promote, 0);
    assert!(
        promoted.contains("gave 2 results") && promoted.contains("one was accepted"),
        "{promoted}"
    );
    let document = world
        .run(&["show", &run, "--format", "json"])
        .assert_code(0)
        .json();
    assert_eq!(
        (
            &document["two_results"],
            &document["disagreement"]["settled"]
        ),
        (&json!(true), &json!(true))
    );
    assert_eq!(
        document["disagreement"]["answers"]
            .as_array()
            .unwrap()
            .len(),
        2
    );
    assert!(say(&["runs"], 0).contains("≠P"));
}

#[test]
fn an_engine_too_old_and_one_too_new_are_told_apart() {
    let world = World::small();
    let run = world.run_one("small")["run"].as_str().unwrap().to_string();
    let with_split = |version: u32| {
        rewrite(&world, "run", &run, |fact| {
            fact["operations"]["split"] = json!(version);
        });
        world.run(&["replay", &run]).assert_code(3).screen()
    };
    let old = with_split(9);
    assert!(
        old.contains("too old") && old.contains("split  v9 there, v1 here"),
        "{old}"
    );
    let new = with_split(0);
    assert!(
        new.contains("too new") && new.contains("streamflow run small"),
        "{new}"
    );
    rewrite(&world, "run", &run, |fact| {
        fact["operations"]["split"] = json!(1);
    });
    rewrite(&world, "run", &run, |fact| {
        fact["operations"]["boosting"] = json!(1);
    });
    let unknown = world.run(&["replay", &run]).assert_code(3).screen();
    assert!(
        unknown.contains("too old") && unknown.contains("unknown here"),
        "{unknown}"
    );
    rewrite(&world, "run", &run, |fact| {
        fact["operations"]
            .as_object_mut()
            .unwrap()
            .remove("boosting");
        fact["declared"]["model.kind"] = json!("neural_network");
    });
    for (version, words) in [
        ("9.0.0", "too old"),
        ("0.0.1", "too new"),
        ("0.1.0", "damaged"),
    ] {
        rewrite(&world, "execution", &run, |fact| {
            fact["environment"]["streamflow"] = json!(version);
        });
        let told = world.run(&["replay", &run]).assert_code(3).screen();
        assert!(
            told.contains(words) && told.contains("model.kind"),
            "{told}"
        );
        world.run(&["show", &run]).assert_code(0);
        world.run(&["runs"]).assert_code(0);
    }
}

/// The words about definitions of a replay that must succeed.
#[track_caller]
fn definitions(world: &World, run: &str) -> String {
    let document = world
        .run(&["replay", run, "--format", "json"])
        .assert_code(0)
        .json();
    assert_eq!(document["verdict"], "identical");
    document["definitions"].as_str().unwrap().to_string()
}

#[test]
fn definitions_come_from_a_commit_from_the_store_or_are_not_needed() {
    let world = World::small();
    let commit = world.commit("definitions");
    let run = world.run_one("small")["run"].as_str().unwrap().to_string();
    world.edit(SMALL, "trees = 12", "trees = 13");
    assert_eq!(
        definitions(&world, &run),
        format!("definitions from commit {}", &commit[..12])
    );
    // History was written anew.
    std::fs::remove_dir_all(world.project().join(".git")).unwrap();
    world.commit("definitions, otherwise");
    let told = definitions(&world, &run);
    assert!(
        told.starts_with("definitions as the store kept them at 20"),
        "{told}"
    );
    assert!(
        told.ends_with(&format!("; commit {} is gone", &commit[..12])),
        "{told}"
    );
    // And the copies are damaged: recorded values and stored data are enough.
    for path in object_files(&world) {
        let bytes = std::fs::read(&path).unwrap();
        if bytes.starts_with(b"description = ") || bytes.starts_with(b"entity = ") {
            let writable =
                <std::fs::Permissions as std::os::unix::fs::PermissionsExt>::from_mode(0o644);
            std::fs::set_permissions(&path, writable).unwrap();
            std::fs::write(&path, "").unwrap();
        }
    }
    let told = definitions(&world, &run);
    assert!(told.starts_with("no definitions of it are left"), "{told}");
    assert!(told.contains("experiments/small.toml"), "{told}");
}

#[test]
fn definitions_that_were_never_committed_come_from_the_store() {
    let world = World::small();
    world.commit("definitions");
    world.edit(SMALL, "trees = 12", "trees = 11");
    let run = world.run_one("small")["run"].as_str().unwrap().to_string();
    world.edit(SMALL, "trees = 11", "trees = 13");
    let told = definitions(&world, &run);
    assert!(
        told.starts_with("definitions as the store kept them"),
        "{told}"
    );
    assert!(told.ends_with("no commit holds them"), "{told}");
    world.edit(SMALL, "trees = 13", "trees = 11");
    let commit = world.commit("later");
    assert_eq!(
        definitions(&world, &run),
        format!("definitions from commit {}", &commit[..12])
    );
}

#[test]
fn verify_varies_what_must_not_matter() {
    let world = World::small();
    // A row of two lines.
    let text = world.read(USAGE).replace("U007,basic", "U007,\"ba\nsic\"");
    world.write(USAGE, &text);
    world.run(&["run", "small"]).assert_code(0);
    let document = world
        .run(&["verify", "small", "--format", "json"])
        .assert_code(0)
        .json();
    assert_eq!(document["verdict"], "identical");
    let executions = document["executions"].as_array().unwrap();
    let vary: Vec<_> = executions
        .iter()
        .map(|e| e["vary"].as_str().unwrap())
        .collect();
    let all = ["threads", "cwd", "timezone", "locale", "row-order"];
    assert_eq!(
        vary,
        all.iter().flat_map(|name| [*name; 2]).collect::<Vec<_>>()
    );
    assert!(
        executions
            .iter()
            .all(|e| e["verdict"] == "identical" && e["seconds"].as_f64() > Some(0.0))
    );
    let show = world
        .run(&["show", "small@latest", "--format", "json"])
        .assert_code(0)
        .json();
    let recorded = show["executions"].as_array().unwrap();
    assert_eq!(recorded.len(), 11);
    assert_eq!(recorded[1]["threads"], 1);
    assert_eq!(recorded[5]["varied"], "timezone Pacific/Auckland");
    assert_eq!(
        (&show["reproduced"], &show["two_results"]),
        (&json!(true), &json!(false))
    );
}

#[test]
fn verify_says_what_it_was_not_able_to_vary() {
    let world = World::small();
    world.run(&["run", "small"]).assert_code(0);
    world.edit_cell(USAGE, "U007", "hours", "1.25");
    let arguments = [
        "verify",
        "small",
        "--times",
        "1",
        "--vary",
        "threads,row-order",
    ];
    let output = world.run(&arguments).assert_code(0);
    assert!(
        output.stdout.contains("skipped") && output.stdout.contains(USAGE),
        "{}",
        output.stdout
    );
    world
        .run(&["verify", "small", "--vary", "row-order"])
        .assert_code(5);
    world
        .run(&["verify", "small", "--vary", "moon"])
        .assert_code(2);
    world
        .run(&["verify", "small", "--times", "0"])
        .assert_code(2);
    world.run(&["verify", "smal"]).assert_code(2);
}

#[test]
fn verify_records_a_divergence() {
    let (world, run) = with_other("model", "model.seed=43");
    let arguments = [
        "verify",
        run.as_str(),
        "--times",
        "1",
        "--vary",
        "timezone",
        "--format",
        "json",
    ];
    let document = world.run(&arguments).assert_code(4).json();
    assert_eq!(document["verdict"], "diverged");
    assert_eq!(document["executions"][0]["first_divergence"], "fit");
    let show = world
        .run(&["show", &run, "--format", "json"])
        .assert_code(0)
        .json();
    assert_eq!(show["disagreement"]["answers"][1]["kind"], "verify");
}

/// Events of one key and instant, and a source in Parquet: their rows may come in any order too.
#[test]
fn verify_shuffles_events_and_parquet() {
    let world = World::small();
    let run = world.run_one("small")["run"].as_str().unwrap().to_string();
    let sides = format!("data/{JANUARY}/sides.parquet");
    world
        .run(&["get", &run, "split", "-o", &sides])
        .assert_code(0);
    world.write(
        "features/sides.toml",
        "entity = \"user\"\n[source]\npath = \"data/{as_of}/sides.parquet\"\n[columns]\n\
         user_id = \"string\"\nas_of = \"date\"\nside = \"string\"\n\
         [features]\ncolumns = [\"side\"]\n",
    );
    world.write(
        "features/visits.toml",
        "entity = \"user\"\n[source]\npath = \"data/{as_of}/visits.csv\"\ntimestamp = \"at\"\n\
         [columns]\nuser_id = \"string\"\nat = \"datetime\"\namount = \"f64\"\n\
         [features]\ncolumns = [\"amount\"]\n",
    );
    let mut visits = "user_id,at,amount\n".to_string();
    for n in 1..61 {
        for amount in 0..3 {
            let hour = 10 + amount / 2;
            visits.push_str(&format!("U{n:03},2024-01-02T{hour}:00:00Z,{amount}.5\n"));
        }
    }
    world.write(&format!("data/{JANUARY}/visits.csv"), &visits);
    let taken = "\"usage.plan\", \"sides.side\", \"visits.amount\",";
    world.edit("experiments/small.toml", "\"usage.plan\",", taken);
    world.run(&["run"]).assert_code(0);
    let output = world.run(&["verify", "small", "--vary", "row-order", "--times", "3"]);
    let output = output.assert_code(0);
    assert_eq!(
        output.stdout.matches("  identical\n").count(),
        3,
        "{}",
        output.stdout
    );
}
