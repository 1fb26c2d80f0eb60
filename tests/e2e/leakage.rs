//! Guards against leakage: each stops a run before it is trained, each can be told to let it pass,
//! and nobody overlooks that it was.

use crate::common::{FEBRUARY, JANUARY, World, corrupt_objects};

/// The small project whose usage has a column `status` that says what the label says.
fn told() -> World {
    let world = World::small();
    for month in [JANUARY, FEBRUARY] {
        let labels = world.read(&format!("data/{month}/labels.csv"));
        let usage = world.read(&format!("data/{month}/usage.csv"));
        let mut text = String::new();
        for (row, label) in usage.lines().zip(labels.lines()) {
            let status = match label.split_once(',') {
                Some((_, "left")) => "status",
                Some((_, "true")) => "gone",
                _ => "here",
            };
            text.push_str(&format!("{row},{status}\n"));
        }
        world.write(&format!("data/{month}/usage.csv"), &text);
    }
    let columns = "joined  = \"date\"";
    let with_status = format!("{columns}\nstatus  = \"string\"");
    world.edit("features/usage.toml", columns, &with_status);
    world.edit(
        "features/usage.toml",
        "\"devices\"]",
        "\"devices\", \"status\"]",
    );
    world.edit(
        "experiments/small.toml",
        "\"usage.per_device\"]",
        "\"usage.per_device\", \"usage.status\"]",
    );
    world
}

/// The small project that takes the label itself as a feature, under two names.
fn label_taken() -> World {
    let world = World::small();
    let features =
        "\n[features]\ncolumns = [\"left\"]\n[features.derived]\nstayed = \"NOT left\"\n";
    let labels = world.read("features/labels.toml") + features;
    world.write("features/labels.toml", &labels);
    world.edit(
        "experiments/small.toml",
        "\"usage.per_device\"]",
        "\"labels.stayed\", \"labels.left\"]",
    );
    world
}

/// The small project over two months, its rows shuffled.
fn shuffled() -> World {
    let world = World::small();
    let dates = "as_of       = [2024-01-31, 2024-02-29]";
    world.edit("experiments/small.toml", "as_of       = 2024-01-31", dates);
    world.edit("experiments/small.toml", "\"hash\"", "\"shuffle\"");
    world
}

fn allow(world: &World, words: &str) {
    let text = world.read("experiments/small.toml");
    world.write(
        "experiments/small.toml",
        &format!("{text}\n[allow]\n{words}\n"),
    );
}

#[test]
fn a_feature_that_says_what_the_label_says_stops_a_run() {
    let world = told();
    let refused = world.run(&["run", "small"]).assert_code(1);
    insta::assert_snapshot!(refused.screen(), @r#"
    exit 1
    --- stderr
        Ingested 2024-01-31   2 tables   120 rows   1 check passed
        Executed training_set of small                                   <time> s
        Executed split of small                                          <time> s
    error: feature `usage.status` says what the label says
       ╭▸ experiments/small.toml:10:79
       │
    10 │ …ge.per_device", "usage.status"]
       ╰╴                 ━━━━━━━━━━━━━━ one-to-one with the label

    small is not trained: usage.status gives labels.left away
      usage.status is "gone" in all 21 rows where labels.left is true, and "here" in
      all 39 others
    help: leave the feature out, or predict a later label with `lead = 1`
          or, if it is meant, write in experiments/small.toml:
            [allow]
            label_function = ["usage.status"]
    "#);
    assert!(!world.has("lockfiles/small.lock"));
    let document = world.run(&["run", "small", "--format", "json"]).json();
    let error = &document["error"];
    assert_eq!(error["code"], "leakage");
    assert_eq!(error["findings"][0]["at"]["file"], "experiments/small.toml");
    let help = error["help"].as_str().unwrap();
    assert!(
        help.contains("label_function = [\"usage.status\"]"),
        "{help}"
    );
}

#[test]
fn an_override_lets_it_pass_and_is_shown() {
    let world = told();
    // What the error says is what to write.
    allow(&world, "label_function = [\"usage.status\"]");
    let passed = world.run(&["run", "small"]).assert_code(0);
    insta::assert_snapshot!(passed.screen(), @r#"
    exit 0
    --- stdout
    small   run <short>   executed in <time> s
      rows       60   train 48   test 12   left 35.0 %
      as of      2024-01-31
      leakage    usage.status alone ranks all rows with auc 1.0000

                         this run   prior
      auc                  1.0000  0.5000
      average_precision    1.0000  0.0833
      f1                   1.0000  0.0000
      accuracy             1.0000  0.9167
      precision            1.0000  0.0000
      recall               1.0000  0.0000
      log_loss             0.0479  0.5670
      brier                0.0104  0.1875

                    predicted not left  predicted left
      was not left                  11               0
      was left                       0               1

      what it looks at   status 0.72 · hours 0.20 · per_device 0.06 · devices 0.02
                         plan 0.01

      notice usage.status is "gone" in all 21 rows where labels.left is true, and
             "here" in all 39 others; `allow.label_function` lets it pass
      lock written: lockfiles/small.lock   (the first)
      next: git add lockfiles/small.lock && git commit
    --- stderr
        Ingested 2024-01-31   2 tables   120 rows   1 check passed
        Executed training_set of small                                   <time> s
        Executed split of small                                          <time> s
        Executed fit of small                                            <time> s
        Executed predict of small                                        <time> s
        Executed evaluate of small                                       <time> s
    "#);
    let document = world.run_one("small");
    assert_eq!(document["status"], "cached");
    let leakage = &document["leakage"];
    assert_eq!(leakage["overrides"][0]["guard"], "label_function");
    assert_eq!(leakage["overrides"][0]["feature"], "usage.status");
    assert_eq!(leakage["strong_features"][0]["feature"], "usage.status");
    assert_eq!(leakage["strong_features"][0]["auc"], 1.0);
    assert!(
        document["notices"][0]
            .as_str()
            .unwrap()
            .contains("allow.label_function")
    );
    let shown = world.run(&["show", "small@latest"]).assert_code(0).stdout;
    assert!(
        shown.contains("allowed       label_function usage.status"),
        "{shown}"
    );
    let shown = world
        .run(&["show", "small@latest", "--format", "json"])
        .json();
    assert_eq!(shown["leakage"], *leakage);
    // The override is no part of the run: neither lock nor hash know of it.
    assert!(!world.read("lockfiles/small.lock").contains("allow"));
}

#[test]
fn without_its_override_a_cached_run_is_refused() {
    let world = told();
    allow(&world, "label_function = [\"usage.status\"]");
    let run = world.run_one("small")["run"].clone();
    world.run(&["run", "--locked"]).assert_code(0);
    world.edit(
        "experiments/small.toml",
        "label_function = [\"usage.status\"]",
        "",
    );
    let before = world.files();
    for arguments in [
        &["run", "small"][..],
        &["run", "--no-cache"],
        &["run", "--accept"],
        &["run", "--locked"],
        &["run", "--set", "model.trees=3"],
    ] {
        let refused = world.run(arguments).assert_code(1);
        assert!(
            refused.stderr.contains("usage.status"),
            "{}",
            refused.stderr
        );
    }
    assert_eq!(world.files(), before);
    // For one run the command line can say it.
    let set = "allow.label_function=[\"usage.status\"]";
    let arguments = ["run", "small", "--set", set, "--format", "json"];
    let allowed = world.run(&arguments).assert_code(0).json();
    assert_eq!(allowed["run"], run);
    // A replay answers what it is asked, and says what would stop the run.
    let arguments = ["replay", "small@locked", "--format", "json"];
    let replayed = world.run(&arguments).assert_code(0).json();
    assert_eq!(replayed["verdict"], "identical");
    let notices = replayed["notices"].to_string();
    assert!(notices.contains("usage.status is "), "{notices}");
    assert!(replayed["leakage"]["strong_features"].is_array());
}

#[test]
fn the_labels_column_of_the_same_date_stops_a_run_before_data_is_read() {
    let world = label_taken();
    let refused = world.run(&["run", "small"]).assert_code(1);
    insta::assert_snapshot!(refused.screen(), @r#"
    exit 1
    --- stderr
    error: feature `labels.left` gives the label away
       ╭▸ experiments/small.toml:10:76
       │
    10 │ …els.stayed", "labels.left"]
       ╰╴              ━━━━━━━━━━━━━ computed from the label's column

    error: feature `labels.stayed` gives the label away
       ╭▸ experiments/small.toml:10:59
       │
    10 │ …e.devices", "labels.stayed", "labels.left"]
       ╰╴             ━━━━━━━━━━━━━━━ computed from the label's column

    small is not trained: labels.left, labels.stayed give labels.left away
      labels.left reads labels.left of the date that is predicted
      labels.stayed reads labels.left of the date that is predicted
    help: leave the feature out, or predict a later label with `lead = 1`
          or, if it is meant, write in experiments/small.toml:
            [allow]
            label_column = ["labels.left", "labels.stayed"]
    "#);
    for line in refused.stderr.lines() {
        assert!(line.chars().count() <= 80, "{line}");
    }
    let checked = world.run(&["check"]).assert_code(1);
    assert_eq!(checked.stderr, refused.stderr);
    world.remove(&format!("data/{JANUARY}/labels.csv"));
    world.run(&["run", "small"]).assert_code(1);
}

#[test]
fn the_labels_column_passes_when_it_is_allowed_or_of_the_past() {
    let world = label_taken();
    allow(
        &world,
        "label_column = [\"labels.left\", \"labels.stayed\"]",
    );
    world.run(&["check"]).assert_code(0);
    let document = world.run_one("small");
    let overrides = document["leakage"]["overrides"].as_array().unwrap();
    assert_eq!(
        overrides.len(),
        2,
        "one word is enough for each: {overrides:?}"
    );
    assert_eq!(overrides[0]["guard"], "label_column");

    let world = label_taken();
    world.edit(
        "experiments/small.toml",
        "column = \"left\"",
        "column = \"left\"\nlead = 1",
    );
    world.run(&["check"]).assert_code(0);
    let document = world.run_one("small");
    assert_eq!(
        document["leakage"]["overrides"].as_array().unwrap().len(),
        0
    );
}

#[test]
fn a_shuffle_of_two_dates_puts_entities_on_both_sides() {
    let world = shuffled();
    let refused = world.run(&["run", "small"]).assert_code(1);
    insta::assert_snapshot!(refused.error(), @r#"
    error: entities stand on both sides of the split
       ╭▸ experiments/small.toml:13:10
       │
    13 │ method = "shuffle"
       ╰╴         ━━━━━━━━━ divides rows, not entities

    small is not trained: its split puts entities on both sides
      26 entities have rows on both sides of the split
    help: `method = "hash"` keeps each entity on one side
          or, if it is meant, write in experiments/small.toml:
            [allow]
            entity_overlap = true
    "#);
    let set = [
        "run",
        "small",
        "--set",
        "split.method=hash",
        "--format",
        "json",
    ];
    let by_hash = world.run(&set).assert_code(0).json();
    assert_eq!(by_hash["leakage"]["entities_on_both_sides"], 0);
    let set = ["run", "small", "--set", "split.method=time"];
    let by_time = world.run(&set).assert_code(0);
    assert!(
        by_time.stdout.contains("entities stand on both sides"),
        "{}",
        by_time.stdout
    );
    allow(&world, "entity_overlap = true");
    let passed = world.run_one("small");
    assert!(passed["leakage"]["entities_on_both_sides"].as_u64() > Some(0));
    assert_eq!(passed["leakage"]["overrides"][0]["guard"], "entity_overlap");
    world.run(&["run", "--locked", "--no-cache"]).assert_code(0);
    // A shuffle of one date has each entity once.
    let world = World::small();
    let set = ["run", "small", "--set", "split.method=shuffle"];
    world.run(&set).assert_code(0);
}

#[test]
fn what_is_only_counted_is_in_show_and_in_the_document() {
    let world = World::small();
    world.edit(
        "experiments/small.toml",
        "features = [\"usage.plan\", \"usage.hours\", \"usage.devices\", \"usage.per_device\"]",
        "features = [\"usage.plan\", \"usage.devices\"]",
    );
    let screen = world.run(&["run", "small"]).assert_code(0);
    assert!(!screen.stdout.contains("leakage"), "{}", screen.stdout);
    // Two plans times four numbers of devices: each test row has a twin.
    let document = world.run_one("small");
    assert_eq!(
        document["leakage"]["duplicate_rows"],
        document["rows"]["test"]
    );
    let shown = world.run(&["show", "small@latest"]).assert_code(0);
    let line = "  leakage    12 of 12 test rows have a twin among the train rows\n";
    assert!(shown.stdout.contains(line), "{}", shown.stdout);
}

/// The guards look once at a training set and its split; later runs read what was seen.
#[test]
fn a_cached_run_is_judged_without_reading_an_object() {
    let world = told();
    allow(&world, "label_function = [\"usage.status\"]");
    world.run(&["run", "small"]).assert_code(0);
    corrupt_objects(&world);
    assert_eq!(world.run_one("small")["status"], "cached");
    world.edit("experiments/small.toml", "[\"usage.status\"]\n", "[]\n");
    let refused = world.run(&["run", "small"]).assert_code(1);
    assert!(
        refused.stderr.contains("usage.status"),
        "{}",
        refused.stderr
    );
}
