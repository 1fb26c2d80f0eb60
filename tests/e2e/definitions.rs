//! Definitions that are refused: all errors of all files at once, each quoted at its place.

use crate::common::World;

#[test]
fn every_error_of_every_file_is_quoted_with_a_way_out() {
    let world = World::small();
    world.edit("experiments/small.toml", "trees = 12", "tree = 12");
    world.edit("experiments/small.toml", "usage.hours", "usage.huors");
    world.edit("features/labels.toml", "\"bool\"", "\"boolean\"");
    insta::assert_snapshot!(world.run(&["check"]).assert_code(2).screen(), @r#"
    exit 2
    --- stderr
    error: unknown feature `usage.huors`
       ╭▸ experiments/small.toml:10:27
       │
    10 │ features = ["usage.plan", "usage.huors", "usage.devices", "usage.per_devic…
       ╰╴                          ━━━━━━━━━━━━━ table `usage` has `hours`

    error: unknown key `tree`
       ╭▸ experiments/small.toml:25:1
       │
    25 │ tree = 12
       ╰╴━━━━ `random_forest` has no such parameter; did you mean `trees`?

    error: unknown value `boolean` for `left`
      ╭▸ features/labels.toml:8:11
      │
    8 │ left    = "boolean"
      ╰╴          ━━━━━━━━━ did you mean `bool`?

    3 errors in 2 of 4 files
    "#);
    let document = world
        .run(&["check", "--format", "json"])
        .assert_code(2)
        .json();
    let findings = document["error"]["findings"].as_array().unwrap();
    assert!(findings.len() >= 3, "{findings:?}");
    for finding in findings {
        assert!(
            finding["at"]["line"].is_u64() || finding["at"].is_null(),
            "{finding}"
        );
    }
}

#[test]
fn toml_that_is_none() {
    let world = World::small();
    world.edit("experiments/small.toml", "[model]", "[model");
    insta::assert_snapshot!(world.run(&["check"]).assert_code(2).screen(), @r"
    exit 2
    --- stderr
    error: invalid TOML: unclosed table
       ╭▸ experiments/small.toml:23:7
       │
    23 │ [model
       ╰╴      ━ expected `]`

    1 error in 1 of 4 files
    ");
    world.write_bytes("experiments/small.toml", b"as_of = \"\xff\"");
    insta::assert_snapshot!(world.run(&["check"]).assert_code(2).screen(), @r"
    exit 2
    --- stderr
    error: experiments/small.toml:1 is not UTF-8
    help: TOML files are UTF-8: save the file in that encoding
    ");
    world.write("experiments/small.toml", "");
    world.run(&["check"]).assert_code(2);
}

/// A gate that is not known is refused, never passed.
#[test]
fn a_gate_that_is_not_known() {
    let world = World::small();
    world.edit("experiments/small.toml", "\"clean\"", "\"cleen\"");
    insta::assert_snapshot!(world.run(&["check"]).assert_code(2).screen(), @r#"
    exit 2
    --- stderr
    error: unknown gate `cleen`
       ╭▸ experiments/small.toml:32:31
       │
    32 │ production = ["auc >= 0.60", "cleen"]
       ╰╴                              ━━━━━ did you mean `clean`?

    1 error in 1 of 4 files
    "#);
}

#[test]
fn check_reads_no_data_and_makes_no_store() {
    let world = World::small();
    std::fs::remove_dir_all(world.project().join("data")).unwrap();
    insta::assert_snapshot!(world.run(&["check"]).assert_code(0).screen(), @r"
    exit 0
    --- stdout
    All definitions are sound. 4 files in small: 2 tables, 1 check, 1 experiment.
    ");
    assert!(!world.has(".streamflow"));
}

#[test]
fn the_schemas_are_json_schemas() {
    let world = World::empty();
    for kind in ["streamflow", "feature", "experiment"] {
        let schema = world.run(&["schema", kind]).assert_code(0).json();
        assert!(schema["$schema"].is_string(), "{kind}");
        assert_eq!(schema["type"], "object", "{kind}");
        let json = world
            .run(&["schema", kind, "--format", "json"])
            .assert_code(0)
            .json();
        assert_eq!(json, schema);
    }
    world.run(&["schema", "table"]).assert_code(2);
}

#[test]
fn help_and_version_go_to_standard_output() {
    let world = World::empty();
    for argument in ["--help", "--version"] {
        let output = world.run(&[argument]).assert_code(0);
        assert!(output.stdout.contains("streamflow") && output.stderr.is_empty());
    }
    let longest = world.run(&["run", "--help"]).assert_code(0);
    assert!(
        longest
            .stdout
            .lines()
            .all(|line| line.chars().count() <= 80)
    );
}

/// Without a terminal there is no colour, unless it is asked for.
#[test]
fn colour_is_for_terminals() {
    let world = World::small();
    world.run(&["run"]).assert_code(0);
    let escapes = |arguments: &[&str]| {
        let output = world.run(arguments).assert_code(0);
        output.stdout.contains('\u{1b}') || output.stderr.contains('\u{1b}')
    };
    assert!(!escapes(&["run"]));
    assert!(!escapes(&["run", "--color", "never"]));
    assert!(escapes(&["run", "--color", "always"]));
}
