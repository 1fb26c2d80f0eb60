//! Statements about a run for others: provenance and a model card.

use serde_json::Value;
use sha2::Digest;

use crate::common::World;

fn run(world: &World) -> String {
    let run = world.run_one("small");
    run["run"].as_str().unwrap().to_string()
}

fn exported(world: &World, run: &str, format: &str) -> String {
    let output = world.run(&["export", run, "--format", format]);
    output.assert_code(0).stdout
}

fn sha256(bytes: &[u8]) -> String {
    let digest = sha2::Sha256::digest(bytes);
    digest.iter().map(|byte| format!("{byte:02x}")).collect()
}

#[test]
fn provenance_names_every_artefact_by_its_bytes() {
    let world = World::small();
    let run = run(&world);
    let commit = world.commit("Everything");
    let text = exported(&world, &run, "slsa");
    assert_eq!(
        exported(&world, &run, "slsa"),
        text,
        "the same run, the same statement"
    );
    let statement: Value = serde_json::from_str(&text).unwrap();
    assert_eq!(statement["_type"], "https://in-toto.io/Statement/v1");
    assert_eq!(statement["predicateType"], "https://slsa.dev/provenance/v1");
    let subjects = statement["subject"].as_array().unwrap();
    assert_eq!(subjects.len(), 5);
    for subject in subjects {
        let file = subject["name"].as_str().unwrap();
        let name = file.split('.').next().unwrap();
        world.run(&["get", &run, name, "-o", file]).assert_code(0);
        let bytes = std::fs::read(world.project().join(file)).unwrap();
        assert_eq!(subject["digest"]["sha256"], sha256(&bytes), "{file}");
        assert_eq!(
            subject["digest"]["blake3"],
            blake3::hash(&bytes).to_hex().as_str()
        );
    }
    let build = &statement["predicate"]["buildDefinition"];
    assert_eq!(build["externalParameters"]["run"], run.as_str());
    assert_eq!(build["externalParameters"]["declared"]["model.trees"], 12);
    let dependencies = build["resolvedDependencies"].as_array().unwrap();
    let named = |name: &str| {
        let found = dependencies
            .iter()
            .find(|dependency| dependency["name"] == name);
        &found.unwrap_or_else(|| panic!("{name} is no dependency"))["digest"]
    };
    let labels = std::fs::read(world.project().join("data/2024-01-31/labels.csv")).unwrap();
    assert_eq!(
        named("data/2024-01-31/labels.csv")["sha256"],
        sha256(&labels)
    );
    let usage = world.read("features/usage.toml");
    assert_eq!(
        named("features/usage.toml")["sha256"],
        sha256(usage.as_bytes())
    );
    assert_eq!(named("definitions")["gitCommit"], commit.as_str());
    // A source that is another by now has the recorded BLAKE3 and no SHA-256.
    world.edit_cell("data/2024-01-31/labels.csv", "U004", "left", "true");
    let later: Value = serde_json::from_str(&exported(&world, &run, "slsa")).unwrap();
    let later = later["predicate"]["buildDefinition"]["resolvedDependencies"][0]["digest"].clone();
    assert_eq!(later.get("sha256"), None);
    assert_eq!(
        later["blake3"],
        named("data/2024-01-31/labels.csv")["blake3"]
    );
}

#[test]
fn a_model_card_has_what_is_known_and_leaves_the_rest_visibly_empty() {
    let world = World::small();
    world.edit(
        "experiments/small.toml",
        "\"The smallest one\"",
        "\"The *smallest* | <b>one</b>\"",
    );
    let run = run(&world);
    world.commit("Everything");
    let card = exported(&world, &run, "model-card");
    assert!(
        card.starts_with("---\nlibrary_name: streamflow\n"),
        "{card}"
    );
    assert!(
        card.contains("\nThe \\*smallest\\* \\| \\<b\\>one\\</b\\>\n"),
        "{card}"
    );
    for section in [
        "Intended use",
        "Out-of-scope use",
        "Ethical considerations",
        "Caveats and recommendations",
    ] {
        let filled = format!("## {section}\n\n> **Not filled in.**");
        assert!(card.contains(&filled), "{section} in:\n{card}");
    }
    let shown = world.run(&["show", &run, "--format", "json"]).json();
    let auc = shown["metrics"]["auc"].as_f64().unwrap();
    assert!(
        card.contains(&format!("| auc | {auc:.4} | 0.5000 |")),
        "{card}"
    );
    assert!(
        card.contains("| `usage.per_device` | `hours / NULLIF(devices, 0)` |"),
        "{card}"
    );
    assert!(card.contains("| `model.trees` | `12` |"), "{card}");
    assert!(card.contains("| reproduced | not yet |"), "{card}");
    world.run(&["replay", &run]).assert_code(0);
    let card = exported(&world, &run, "model-card");
    assert!(card.contains("| reproduced | yes"), "{card}");
    let written = world.run(&["export", &run, "--format", "model-card", "-o", "CARD.md"]);
    assert!(written.assert_code(0).stdout.contains("written to CARD.md"));
    assert_eq!(world.read("CARD.md"), card);
}

#[test]
fn wrong_formats_and_missing_artefacts_say_what_to_do() {
    let world = World::small();
    world.run(&["run"]).assert_code(0);
    world.commit("Everything");
    insta::assert_snapshot!(
        world
            .run(&["export", "small@latest"])
            .assert_code(2)
            .screen(), @r##"
    exit 2
    --- stderr
    error: export needs a format for others
    help: `--format slsa` is provenance, `--format model-card` a card in Markdown,
          `--format onnx` or `-o FILE.onnx` the model for other programs
    "##);
    let json = world.run(&["export", "small@latest", "--format", "json"]);
    assert_eq!(json.assert_code(2).json()["error"]["code"], "usage");
    insta::assert_snapshot!(
        world
            .run(&["runs", "--format", "slsa"])
            .assert_code(2)
            .screen(), @r##"
    exit 2
    --- stderr
    error: `--format slsa` is a statement about a run
    help: `streamflow export RUN --format slsa` writes it
    "##);
    world
        .run(&["export", "small@latest", "--format", "pmml"])
        .assert_code(2);
    let clone = world.cloned();
    let output = clone.run(&["export", "small@locked", "--format", "slsa"]);
    insta::assert_snapshot!(output.assert_code(5).screen(), @r##"
    exit 5
    --- stderr
    error: this store does not have the training_set of run <short>
    help: `streamflow replay <short>` makes it again
          `streamflow run --locked small` does too, if it is what is locked
    "##);
}
