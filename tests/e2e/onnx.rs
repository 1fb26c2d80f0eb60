//! Models as ONNX, as far as no other program is needed to see it; `tests/peers/run` computes them.

use insta::assert_snapshot;
use serde_json::{Value, json};

use crate::common::World;
use crate::tasks::shop;

const SMALL: &str = "experiments/small.toml";

fn file(world: &World, path: &str) -> Vec<u8> {
    std::fs::read(world.project().join(path)).unwrap()
}

fn holds(file: &[u8], text: &str) -> bool {
    file.windows(text.len())
        .any(|window| window == text.as_bytes())
}

fn exported(world: &World, run: &str) -> Value {
    let export = ["export", run, "-o", "model.onnx", "--format", "json"];
    world.run(&export).assert_code(0).json()
}

#[test]
fn a_model_goes_out_as_onnx() {
    let world = World::small();
    let run = world.run_one("small");
    let export =
        |to: &[&str]| world.run(&[&["export", "small@latest", "--format", "onnx"], to].concat());
    assert_snapshot!(export(&["-o", "first.onnx"]).screen(), @r##"
    exit 0
    --- stdout
    onnx of run <short> written to first.onnx   3 882 bytes
      inputs   4 features: 3 double, 1 string
      outputs  prediction int64, probability double
    "##);
    // By its name alone, and to standard output: the same bytes.
    let document = exported(&world, "small@latest");
    let first = file(&world, "first.onnx");
    assert_eq!(first, file(&world, "model.onnx"));
    assert_eq!(document["bytes"], first.len());
    assert_eq!(document["run"], run["run"]);
    assert_eq!(document["format"], "onnx");
    let input = |name, kind| json!({ "name": name, "type": kind, "columns": 1 });
    assert_eq!(
        document["inputs"],
        json!([
            input("usage.devices", "double"),
            input("usage.hours", "double"),
            input("usage.per_device", "double"),
            input("usage.plan", "string"),
        ])
    );
    assert_eq!(
        document["outputs"],
        json!([input("prediction", "int64"), input("probability", "double")])
    );
    for name in [
        "usage.per_device",
        "TreeEnsemble",
        "threshold",
        run["run"].as_str().unwrap(),
    ] {
        assert!(holds(&first, name), "{name}");
    }
    let written = world.start(&["export", "small@latest", "--format", "onnx"]);
    let written = written.wait_with_output().unwrap();
    assert!(written.status.success() && written.stdout == first);
}

#[test]
fn a_model_of_classes_or_numbers_goes_out_as_onnx() {
    let world = shop(
        "multiclass",
        "plan",
        "kind = \"gradient_boosting\"\ntrees = 3",
    );
    world.run_one("plan");
    let document = exported(&world, "plan@latest");
    let output = |name, kind, columns| json!({ "name": name, "type": kind, "columns": columns });
    assert_eq!(
        document["outputs"],
        json!([
            output("prediction", "string", 1),
            output("probability", "double", 1),
            output("probabilities", "double", 3),
        ])
    );
    let model = file(&world, "model.onnx");
    assert!(holds(&model, "[\"Basic\",\"Family plan\",\"Prémium\"]"));
    assert!(!holds(&model, "threshold"));
    let world = shop("regression", "spend", "kind = \"ridge\"");
    world.run_one("plan");
    let document = exported(&world, "plan@latest");
    assert_eq!(
        document["outputs"],
        json!([output("prediction", "double", 1)])
    );
}

#[test]
fn what_does_not_go_out_as_onnx() {
    let world = World::small();
    let usage = world.read("data/2024-01-31/usage.csv");
    let planless = usage.replace(",plus,", ",,").replace(",basic,", ",,");
    world.write("data/2024-01-31/usage.csv", &planless);
    let all =
        "features = [\"usage.plan\", \"usage.hours\", \"usage.devices\", \"usage.per_device\"]";
    world.edit(SMALL, all, "features = [\"usage.plan\"]");
    world.edit(
        SMALL,
        "kind  = \"random_forest\"\ntrees = 12\nseed  = 42",
        "kind = \"prior\"",
    );
    world.edit(
        SMALL,
        "missing_categorical = \"category\"",
        "missing_categorical = \"no plan\"",
    );
    world.run_one("small");
    // A column of one category has rows all the same.
    exported(&world, "small@latest");
    world.remove("model.onnx");
    world.edit(
        SMALL,
        "missing_categorical = \"no plan\"",
        "missing_categorical = \"category\"",
    );
    world.run_one("small");
    exported(&world, "small@latest");
    let stands = |arguments: &[&str], code, words: &str| {
        let output = world.run(arguments).assert_code(code);
        assert!(
            output.stderr.contains(words),
            "{arguments:?} {}",
            output.stderr
        );
    };
    stands(
        &["runs", "--format", "onnx"],
        2,
        "`--format onnx` is the model of a run",
    );
    stands(
        &["export", "--to", "postgres", "--format", "onnx"],
        2,
        "goes to a database",
    );
    stands(&["export", "nothing", "--format", "onnx"], 2, "nothing");
    stands(
        &["export", "small@latest", "-o", "model.bin"],
        2,
        "-o FILE.onnx",
    );
    stands(
        &[
            "export",
            "small@latest",
            "--format",
            "onnx",
            "-o",
            "experiments",
        ],
        1,
        "cannot write experiments",
    );
    world.commit("Everything");
    let clone = world.cloned();
    let output = clone.run(&["export", "small@locked", "--format", "onnx", "-o", "m.onnx"]);
    let said = output.assert_code(5).stderr;
    assert!(
        said.contains("this store does not have the model of run"),
        "{said}"
    );
}

/// Other commands have fewer formats, and name those.
#[test]
fn a_misspelt_format_is_told_all_that_there_are() {
    let world = World::small();
    let typed = |command: &str, format: &str| {
        let words = [command, "small@latest", "--format", format];
        world.run(&words).assert_code(2).screen()
    };
    assert_snapshot!(typed("export", "onnix"), @"
    exit 2
    --- stderr
    error: invalid value 'onnix' for '--format <FORMAT>'
      [possible values: text, json, slsa, model-card, onnx]

      tip: a similar value exists: 'onnx'

    For more information, try '--help'.
    ");
    assert_snapshot!(typed("export", "pdf"), @"
    exit 2
    --- stderr
    error: invalid value 'pdf' for '--format <FORMAT>'
      [possible values: text, json, slsa, model-card, onnx]

    For more information, try '--help'.
    ");
    assert_snapshot!(typed("show", "onnix"), @"
    exit 2
    --- stderr
    error: invalid value 'onnix' for '--format <FORMAT>'
      [possible values: text, json]

    For more information, try '--help'.
    ");
}
