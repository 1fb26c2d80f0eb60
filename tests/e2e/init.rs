//! From nothing, or from raw exports, to a run.

use std::collections::BTreeMap;

use streamflow::definition::{DefinitionFiles, Definitions};

use crate::common::World;

const FROM: [&str; 7] = [
    "init",
    "--from",
    "exports/{as_of}/*.csv",
    "--key",
    "kunde",
    "--label",
    "kuendigung.gekuendigt",
];

#[test]
fn the_example_is_made_checked_and_run() {
    let world = World::empty();
    insta::assert_snapshot!(world.run(&["init", "shop"]).assert_code(0).screen(), @r"
    exit 0
    --- stdout
    Made a project in shop: 31 files
      .gitattributes  .gitignore  README.md  streamflow.toml
      data/         18 files
      experiments/  3 files
      features/     6 files

    It asks who will leave a streaming service; README.md tells the rest.
    next: cd shop && streamflow check && streamflow run
    ");
    let shop = world.project().join("shop");
    world.run_in(&shop, &["check"]).assert_code(0);
    world.run_in(&shop, &["run"]).assert_code(0);
    world.run_in(&shop, &["run", "--locked"]).assert_code(0);
    let here = World::empty();
    let document = here
        .run(&["init", "--format", "json"])
        .assert_code(0)
        .json();
    assert_eq!(
        document["files"].as_array().unwrap().len(),
        streamflow::sample::project().len()
    );
    for file in streamflow::sample::project() {
        assert!(here.has(&file.path), "{}", file.path);
    }
}

/// The definitions of the example are sound, asked of the library.
#[test]
fn the_example_is_accepted() {
    let files: BTreeMap<String, String> = streamflow::sample::project()
        .into_iter()
        .filter(|file| file.path.ends_with(".toml"))
        .map(|file| (file.path, String::from_utf8(file.contents).unwrap()))
        .collect();
    let definitions = Definitions::parse(&DefinitionFiles(files)).unwrap();
    assert_eq!(
        (definitions.tables.len(), definitions.experiments.len()),
        (6, 3)
    );
}

#[test]
fn init_overwrites_nothing() {
    let world = World::empty();
    world.write("streamflow.toml", "mine");
    world.write("features/users.toml", "mine");
    insta::assert_snapshot!(world.run(&["init"]).assert_code(2).screen(), @r"
    exit 2
    --- stderr
    error: init overwrites nothing, and files of it are there already
      streamflow.toml
      features/users.toml
    help: move them away, or name another folder
    ");
    assert_eq!(world.files().len(), 2);
    let exports = exports();
    exports.write("features/vertrag.toml", "mine");
    let before = exports.files();
    insta::assert_snapshot!(exports.run(&FROM).assert_code(2).screen(), @r"
    exit 2
    --- stderr
    error: init overwrites nothing, and a file of it is there already
      features/vertrag.toml
    help: move it away, or name another folder
    ");
    assert_eq!(exports.files(), before);
}

/// `;`, decimal commas, `NA`, words for true and false, a column that begins in month two, a
/// customer who departs.
fn exports() -> World {
    let world = World::empty();
    for (month, date) in ["2024-01-31", "2024-02-29"].into_iter().enumerate() {
        let new = if month == 1 { ";rabatt" } else { "" };
        let mut contracts = format!("kunde;tarif;gebuehr;monate;seit{new}\n");
        let mut notices = "kunde;gekuendigt\n".to_string();
        // The first hundred and one are there in January; in February the last has departed.
        for n in 1..=(301 - month) {
            let tariff = ["Basis", "Plus", "Groß, mit allem"][n % 3];
            let fee = if n % 41 == 0 {
                "NA".to_string()
            } else {
                format!("{},{}0", 9 + n % 23, n % 10)
            };
            let new = match (month, n % 4) {
                (0, _) => String::new(),
                (_, 0) => ";NA".to_string(),
                (_, part) => format!(";0,{part}5"),
            };
            let months = 1 + n % 37 + month;
            contracts.push_str(&format!(
                "K{n};{tariff};{fee};{months};2021-0{}-01{new}\n",
                n % 9 + 1
            ));
            let left = (n * 7 + month) % 37 < 9 && n % 3 != 1 || n % 29 == 0;
            notices.push_str(&format!("K{n};{}\n", if left { "ja" } else { "nein" }));
        }
        world.write(&format!("exports/{date}/vertrag.csv"), &contracts);
        world.write(&format!("exports/{date}/kuendigung.csv"), &notices);
    }
    world
}

/// The exercise of the README: from raw files to a lock that a clone proves.
#[test]
fn a_table_nobody_designed_goes_all_the_way() {
    let world = exports();
    insta::assert_snapshot!(world.run(&FROM).assert_code(0).screen(), @r#"
    exit 0
    --- stdout
    Made a project in this folder: 7 files
      streamflow.toml  .gitattributes  .gitignore  README.md
      experiments/  1 file
      features/     2 files

    features/kuendigung.toml
      - 2 columns of 2 files: 1 bool, 1 string
      - the delimiter is ';'
      - `ja` means true, `nein` false

    features/vertrag.toml
      - 6 columns of 2 files: 1 i64, 2 f64, 1 date, 2 string
      - the delimiter is ';'
      - the decimal mark is a comma
      - `NA` means null, as an empty cell does
      - 1 key of earlier files not in the newest, and kept with the last row;
        `mode = "replace"` would drop such keys
      - `rabatt` begins on 2024-02-29; it is null in earlier rows
      - `seit` is no feature: no model takes a date as it is

    experiments/gekuendigt.toml
      - as_of is 2024-02-29, the newest date with both answers: yes in 19.3 % of 300
        rows

    These are guesses. Each stands beside its line with the evidence; correct what
    is wrong.
    next: streamflow check && streamflow run
    "#);
    world.run(&["check"]).assert_code(0);
    let first = world.run_one("gekuendigt");
    assert_eq!(
        first["rows"]["total"], 300,
        "the departed customer has no label of February"
    );
    world.commit("First run");
    world.edit("experiments/gekuendigt.toml", "trees = 300", "trees = 50");
    let second = world.run_one("gekuendigt");
    assert_ne!(first["run"], second["run"]);
    assert_eq!(
        first["outputs"]["training_set"],
        second["outputs"]["training_set"]
    );
    world.commit("Fewer trees");
    let clone = world.cloned();
    let proved = clone.run(&["run", "--locked"]).assert_code(0);
    assert!(proved.stdout.contains("1 run proved"), "{}", proved.stdout);
    // January, without the column that began later, by the same definitions.
    let mut january = vec!["run", "gekuendigt", "--format", "json"];
    for value in ["as_of=2024-01-31", "preprocess.missing_numeric=0"] {
        january.extend(["--set", value]);
    }
    let document = world.run(&january).assert_code(0).json();
    assert_eq!(document["rows"]["total"], 301);
}

#[test]
fn the_document_lists_files_and_guesses() {
    let world = exports();
    let document = world
        .run(&[&FROM[..], &["--format", "json"]].concat())
        .assert_code(0)
        .json();
    let files: Vec<&str> = document["files"]
        .as_array()
        .unwrap()
        .iter()
        .map(|file| file.as_str().unwrap())
        .collect();
    assert!(
        files.contains(&"features/vertrag.toml") && files.contains(&"README.md"),
        "{files:?}"
    );
    for file in files {
        assert!(world.has(file), "{file}");
    }
    let guesses = document["guesses"].as_array().unwrap();
    assert!(
        guesses
            .iter()
            .all(|guess| guess["file"].is_string() && guess["guess"].is_string())
    );
    assert!(
        guesses
            .iter()
            .any(|guess| guess["guess"].as_str().unwrap().contains("decimal"))
    );
}

/// A repository that has its own README and .gitignore keeps them.
#[test]
fn what_stands_beside_is_kept() {
    let world = exports();
    world.write("README.md", "mine");
    world.write(".gitignore", "mine");
    let output = world.run(&FROM).assert_code(0);
    assert!(
        output.stdout.contains("README.md stays as it is"),
        "{}",
        output.stdout
    );
    assert_eq!(
        (world.read("README.md"), world.read(".gitignore")),
        ("mine".into(), "mine".into())
    );
    world.run(&["check"]).assert_code(0);
}

/// Exports of another layout, the project made from outside its folder.
#[test]
fn dates_may_stand_in_the_names_of_files() {
    let world = exports();
    for date in ["2024-01-31", "2024-02-29"] {
        for table in ["vertrag", "kuendigung"] {
            let text = world.read(&format!("exports/{date}/{table}.csv"));
            world.write(&format!("shop/raw/{table}_{date}.csv"), &text);
        }
    }
    let options = ["--key", "kunde", "--label", "kuendigung.gekuendigt"];
    let init = [
        &["init", "shop", "--from", "shop/raw/*_{as_of}.csv"],
        &options[..],
    ]
    .concat();
    let output = world.run(&init).assert_code(0);
    assert!(
        output.stdout.contains("next: cd shop && "),
        "{}",
        output.stdout
    );
    let table = world.read("shop/features/vertrag.toml");
    assert!(
        table.contains("path      = \"raw/vertrag_{as_of}.csv\""),
        "{table}"
    );
    world.run(&["-C", "shop", "run"]).assert_code(0);
    // The pattern may also be meant from the new project's folder.
    world.remove("shop/streamflow.toml");
    for folder in ["features", "experiments", "lockfiles"] {
        std::fs::remove_dir_all(world.project().join("shop").join(folder)).unwrap();
    }
    let init = [
        &["init", "shop", "--from", "raw/*_{as_of}.csv"],
        &options[..],
    ]
    .concat();
    world.run(&init).assert_code(0);
}

#[test]
fn a_pattern_that_finds_nothing_says_what_is_there() {
    let world = exports();
    let from = |pattern: &str, code: i32| {
        let options = ["--key", "kunde", "--label", "kuendigung.gekuendigt"];
        let arguments = [&["init", "--from", pattern], &options[..]].concat();
        world.run(&arguments).assert_code(code).screen()
    };
    insta::assert_snapshot!(from("export/{as_of}/*.csv", 5), @r"
    exit 5
    --- stderr
    error: no file fits `export/{as_of}/*.csv`
      in the folder: exports
    help: {as_of} stands for a date such as 2024-01-31, `*` for the name of a table
    ");
    insta::assert_snapshot!(from("exports/{as_of}.csv", 5), @r"
    exit 5
    --- stderr
    error: no file fits `exports/{as_of}.csv`
      in exports: 2024-01-31, 2024-02-29
    help: {as_of} stands for a date such as 2024-01-31, `*` for the name of a table
    ");
    insta::assert_snapshot!(from("exports/*.csv", 2), @r"
    exit 2
    --- stderr
    error: the pattern `exports/*.csv` has no {as_of}, so that no file has a date
    help: for exports/2024-01-31/users.csv it is 'exports/{as_of}/*.csv'
          for exports/users_2024-01-31.csv it is 'exports/*_{as_of}.csv'
    ");
    insta::assert_snapshot!(from("../elsewhere/{as_of}/*.csv", 2), @r"
    exit 2
    --- stderr
    error: `../elsewhere/{as_of}/*.csv` leads out of the folder of the new project
    help: sources are named by their path from the project's root, so that a clone
          has them too
          move or link the exports into that folder, or make the project where they
          are
    ");
    insta::assert_snapshot!(from("exports/*/{as_of}/*.csv", 2), @r"
    exit 2
    --- stderr
    error: the pattern `exports/*/{as_of}/*.csv` has more than one `*`, of which one
           is the name of the table
    help: for exports/2024-01-31/users.csv it is 'exports/{as_of}/*.csv'
          for exports/users_2024-01-31.csv it is 'exports/*_{as_of}.csv'
    ");
    assert!(!world.has("streamflow.toml"));
}

#[test]
fn a_key_or_label_that_is_not_there_is_told_from_those_that_are() {
    let world = exports();
    let with = |key: &str, label: &str| {
        let arguments = [
            "init",
            "--from",
            "exports/{as_of}/*.csv",
            "--key",
            key,
            "--label",
            label,
        ];
        world.run(&arguments).assert_code(2).screen()
    };
    insta::assert_snapshot!(with("kunden", "kuendigung.gekuendigt"), @r"
    exit 2
    --- stderr
    error: the key `kunden` is not a column of every table
      exports/2024-01-31/kuendigung.csv: kunde, gekuendigt
      exports/2024-02-29/kuendigung.csv: kunde, gekuendigt
      exports/2024-01-31/vertrag.csv: kunde, tarif, gebuehr, monate, seit
      exports/2024-02-29/vertrag.csv: kunde, tarif, gebuehr, monate, seit, rabatt
    help: did you mean `--key kunde`?
    ");
    insta::assert_snapshot!(with("kunde", "kuendigung.gekundigt"), @r"
    exit 2
    --- stderr
    error: the label names an unknown column: `gekundigt`
      known: kunde, gekuendigt
    help: did you mean `gekuendigt`?
    ");
    insta::assert_snapshot!(with("kunde", "gekuendigt"), @r"
    exit 2
    --- stderr
    error: `gekuendigt` names no label
    help: write it as `--label TABLE.COLUMN`
    ");
    let incomplete = world
        .run(&["init", "--from", "exports/{as_of}/*.csv"])
        .assert_code(2);
    insta::assert_snapshot!(incomplete.screen(), @r"
    exit 2
    --- stderr
    error: the following required arguments were not provided:
      --key <COLUMN>
      --label <TABLE.COLUMN>

    Usage: streamflow init --from <PATTERN> --key <COLUMN> --label <TABLE.COLUMN> [DIR]

    For more information, try '--help'.
    ");
}

/// A label of several words, of numbers with a decimal comma, and of few whole numbers: each becomes an
/// experiment that runs as it was written.
#[test]
fn a_label_may_be_a_class_or_a_number() {
    for (label, task, says) in [
        ("kunden.tarif", "multiclass", "3 classes in 79 rows"),
        ("kunden.umsatz", "regression", " in 79 rows"),
        ("kunden.stufe", "multiclass", "4 classes in 80 rows"),
    ] {
        let world = World::empty();
        let mut customers = "kunde;tarif;umsatz;stufe\n".to_string();
        let mut usage = "kunde;minuten;ort\n".to_string();
        for at in 0..80 {
            let (minutes, place) = (at * 37 % 80, ["Ulm", "Bonn", "NA"][at % 3]);
            let level = ["klein", "mittel", "groß"][minutes / 27];
            let (level, spent) = match at {
                79 => ("NA", "NA".to_string()),
                _ => (
                    level,
                    format!(
                        "{},{}",
                        4 + minutes * 3 / 2 + at * 13 % 7,
                        5 * (minutes % 2)
                    ),
                ),
            };
            customers.push_str(&format!("K{at};{level};{spent};{}\n", minutes / 20));
            usage.push_str(&format!("K{at};{minutes};{place}\n"));
        }
        world.write("exports/2024-01-31/kunden.csv", &customers);
        world.write("exports/2024-01-31/nutzung.csv", &usage);
        let from = "exports/{as_of}/*.csv";
        let init = ["init", "--from", from, "--key", "kunde", "--label", label];
        world.run(&init).assert_code(0);
        let column = label.split_once('.').unwrap().1;
        let experiment = world.read(&format!("experiments/{column}.toml"));
        assert!(
            experiment.contains(&format!("task     = \"{task}\"")),
            "{experiment}"
        );
        assert!(experiment.contains(says), "{experiment}");
        world.run(&["check"]).assert_code(0);
        let run = world.run_one(column);
        let main = if task == "regression" {
            "r2"
        } else {
            "auc_ovr"
        };
        assert!(run["metrics"][main].as_f64().unwrap() > 0.6, "{run:#}");
    }
}
