use insta::assert_snapshot;

use super::{ACCOUNTS, FOREST, PROJECT, USAGE, edited, said_of, small, whole_error};
use crate::definition::estimator::find;
use crate::definition::{
    Bounds, DefinitionFiles, Definitions, Format, MissingCategorical, MissingNumeric, Mode, Rule,
    Severity, SplitMethod, Value,
};
use crate::error::{Kind, Result};

fn parse(files: &[(&str, &str)]) -> Result<Definitions> {
    let files = files
        .iter()
        .map(|(path, text)| ((*path).into(), (*text).into()));
    Definitions::parse(&DefinitionFiles(files.collect()))
}

#[test]
fn a_project_without_an_error_is_read() {
    let definitions = Definitions::parse(&small()).unwrap();
    let usage = &definitions.tables["usage"];
    let Format::Csv(dialect) = &usage.source.format else {
        panic!("usage is a CSV file");
    };
    assert_eq!((dialect.delimiter, dialect.decimal), (b';', ','));
    assert_eq!(
        (dialect.encoding.as_str(), dialect.null.len()),
        ("latin1", 1)
    );
    let bounds = Rule::Between(Bounds {
        low: Some(Value::Float(0.0)),
        high: Some(Value::Float(744.0)),
    });
    let rules: Vec<_> = usage
        .checks
        .iter()
        .map(|check| check.rule.clone())
        .collect();
    let set = ["basic", "full"].map(|text| Value::Text(text.into()));
    assert_eq!(rules, [bounds, Rule::InSet(set.into()), Rule::NotNull]);
    assert_eq!(usage.checks[0].severity, Severity::Warn);
    let accounts = &definitions.tables["accounts"].features;
    assert_eq!(format!("{:?}", accounts.columns), r#"["opened", "size"]"#);
    let forest = &definitions.experiments["forest"];
    let features: Vec<_> = forest.features.iter().map(ToString::to_string).collect();
    let expected = [
        "usage.devices",
        "usage.hours",
        "usage.hours_7d",
        "usage.hours_per_device",
        "usage.plan",
    ];
    assert_eq!(features, expected);
    assert_eq!(format!("{:?}", forest.as_of), "[2024-01-31, 2024-02-29]");
    assert_eq!(forest.gates.values().map(Vec::len).sum::<usize>(), 5);
    let constant = MissingCategorical::Constant("unknown".into());
    assert_eq!(forest.preprocess.missing_categorical, constant);
}

#[test]
fn times_of_a_row_are_no_features_unless_named() {
    let files = edited(USAGE, "[\"hours\", \"devices\", \"plan\"]", "[\"*\"]");
    let definitions = Definitions::parse(&edited_forest(files)).unwrap();
    let columns = &definitions.tables["usage"].features.columns;
    let names = r#"["active", "bitrate", "devices", "hours", "joined", "plan"]"#;
    assert_eq!(format!("{columns:?}"), names);
}

fn edited_forest(mut files: DefinitionFiles) -> DefinitionFiles {
    let forest = files.0.get_mut(FOREST).unwrap();
    *forest = forest.replace("\"usage.*\"", "\"usage.hours\"");
    files
}

const LEAST: [(&str, &str); 3] = [
    (
        PROJECT,
        "[project]\nname = \"p\"\n[entities.user]\nkey = \"id\"\n",
    ),
    (
        "features/t.toml",
        "entity = \"user\"\nsource.path = \"t.csv\"\n\
         checks = [{ column = \"x\", unique = true }]\n\
         columns = { id = \"i64\", x = \"f64\", y = \"bool\" }\nfeatures.columns = [\"x\"]\n",
    ),
    (
        "experiments/e.toml",
        "as_of = 2024-01-31\nlabel = { table = \"t\", column = \"y\" }\n\
         dataset.features = [\"t.x\"]\nmodel.kind = \"logistic_regression\"\n",
    ),
];

#[test]
fn defaults() {
    let definitions = parse(&LEAST).unwrap();
    let project = &definitions.project;
    assert_eq!(project.store, ".streamflow");
    assert_eq!(project.serve.address, "127.0.0.1:8000");
    let table = &definitions.tables["t"];
    assert_eq!(table.source.mode, Mode::Upsert);
    assert_eq!(table.checks[0].severity, Severity::Fail);
    assert_eq!(table.checks[0].mostly, 1.0);
    let experiment = &definitions.experiments["e"];
    assert_eq!(experiment.label.lead, 0);
    assert_eq!(experiment.threshold, 0.5);
    let split = &experiment.split;
    assert_eq!(
        (split.method, split.test, split.seed),
        (SplitMethod::Hash, 0.25, 42)
    );
    assert_eq!(experiment.preprocess.missing_numeric, MissingNumeric::Error);
    let parameters = find("logistic_regression").unwrap().parameters;
    let expected = parameters.iter();
    let expected = expected.map(|each| (each.name.to_string(), each.default.value()));
    assert_eq!(experiment.model.parameters, expected.collect());
}

#[test]
fn places_are_kept_by_key_path() {
    let definitions = Definitions::parse(&small()).unwrap();
    let forest = &definitions.experiments["forest"].origin;
    let place = |path: &str| forest.span(path).map(|span| span.to_string());
    assert_eq!(
        place("model.trees").unwrap(),
        "experiments/forest.toml:27:9"
    );
    assert_eq!(place("model").unwrap(), "experiments/forest.toml:25:1");
    assert_eq!(place("as_of.1").unwrap(), "experiments/forest.toml:3:22");
    let feature = place("dataset.features.usage.devices").unwrap();
    assert_eq!(feature, "experiments/forest.toml:11:27");
    assert_eq!(place("model.seed"), None);
    let usage = &definitions.tables["usage"].origin;
    let check = usage.span("checks.1.in_set").unwrap().to_string();
    assert_eq!(check, "features/usage.toml:35:10");
}

#[test]
fn every_error_of_every_file_is_found() {
    let mut files = edited(FOREST, "trees = 300", "tree = 300\nsed = 1");
    let usage = files.0.get_mut(USAGE).unwrap();
    *usage = usage.replace("\"devices\",", "\"devises\",");
    let error = Definitions::parse(&files).unwrap_err();
    assert_snapshot!(whole_error(&error), @"
    definition: 3 errors in 2 of 5 files
       experiments/forest.toml:27:1 unknown key `tree` / `random_forest` has no such parameter; did you mean `trees`?
       experiments/forest.toml:28:1 unknown key `sed` / `random_forest` has no such parameter; did you mean `seed`?
       features/usage.toml:41:21 unknown column `devises` / table `usage` has `devices`
    ");
}

#[test]
fn what_refers_to_a_broken_file_is_not_refused_for_it() {
    assert_snapshot!(said_of(PROJECT, &[("key = \"user_id\"", "")]), @r#"
    without key = "user_id"
       streamflow.toml:7:1 missing key `key` / the column that identifies one, such as `user_id`
    "#);
    assert_snapshot!(said_of(USAGE, &[("[columns]", "[colums]")]), @"
    [colums]
       features/usage.toml:16:2 unknown key `colums` / did you mean `columns`?
    ");
    assert_snapshot!(said_of(USAGE, &[("hours = \"f64\"", "hours = \"float\"")]), @r#"
    hours = "float"
       features/usage.toml:18:9 unknown value `float` for `hours` / expected one of `string`, `bool`, `i64`, `f64`, `date`, `datetime`
    "#);
}

#[test]
fn files_that_are_no_toml() {
    assert_snapshot!(said_of(ACCOUNTS, &[
        ("path = \"data/accounts.csv\"", "path = \"data/accounts.csv"),
        ("path = \"data/accounts.csv\"", "path = data/accounts.csv\nmode upsert"),
        ("size = \"i64\"", "size = \"i64\"\nsize = \"f64\""),
        ("[features]", "[columns]"),
        ("[features]", "[features"),
        ("[features]", "[source.path]"),
        ("columns = [\"*\"]", "columns = [\"*\""),
        ("size = \"i64\"", "size = 0x1FFFFFFFFFFFFFFFFF"),
        ("entity = \"account\"", "= \"account\""),
        ("entity = \"account\"", "entity = \"acc\\qount\""),
    ]), @r#"
    path = "data/accounts.csv
       features/accounts.toml:4:26 invalid TOML: invalid basic string / expected `"`
    path = data/accounts.csv | mode upsert
       features/accounts.toml:4:8 invalid TOML: string values must be quoted / expected literal string
       features/accounts.toml:5:6 invalid TOML: key with no value / expected `=`
    size = "i64" | size = "f64"
       features/accounts.toml:9:1 invalid TOML: duplicate key / it stands further up already
    [columns]
       features/accounts.toml:11:2 invalid TOML: duplicate key / it stands further up already
    [features
       features/accounts.toml:11:10 invalid TOML: unclosed table / expected `]`
       features/accounts.toml:12:1 invalid TOML: duplicate key / it stands further up already
    [source.path]
       features/accounts.toml:11:9 invalid TOML: duplicate key / it stands further up already
    columns = ["*"
       features/accounts.toml:12:15 invalid TOML: unclosed array / expected `]`
    size = 0x1FFFFFFFFFFFFFFFFF
       features/accounts.toml:8:8 number too large / an integer has 64 bits
    = "account"
       features/accounts.toml:1:1 invalid TOML: unquoted keys cannot be empty / expected letters, numbers, `-`, `_`
    entity = "acc\qount"
       features/accounts.toml:1:15 invalid TOML: missing escaped value / expected `b`, `e`, `f`, `n`, `r`, `\`, `"`, `x`, `u`, `U`
    "#);
}

#[test]
fn an_empty_file_is_told_what_it_lacks() {
    let mut files = small();
    files.0.insert(FOREST.into(), String::new());
    files.0.insert(ACCOUNTS.into(), "# nothing yet\n".into());
    let error = Definitions::parse(&files).unwrap_err();
    assert_snapshot!(whole_error(&error), @r#"
    definition: 7 errors in 2 of 5 files
       experiments/forest.toml:1:1 missing key `as_of` / a date such as 2024-01-31, or a list of dates
       experiments/forest.toml:1:1 missing section `[label]` / say what to predict: `table` and `column`
       experiments/forest.toml:1:1 missing section `[dataset]` / say what to learn from: `features`
       experiments/forest.toml:1:1 missing section `[model]` / say what learns: `kind`
       features/accounts.toml:1:1 missing key `entity` / what a row is about, such as "user"
       features/accounts.toml:1:1 missing section `[columns]` / name every column of the file, with its dtype
       features/accounts.toml:1:1 missing section `[source]` / say where the rows come from: `path`
    "#);
}

#[test]
fn a_file_has_a_name_and_other_files_are_ignored() {
    let mut files = small();
    let usage = files.0[USAGE].clone();
    files
        .0
        .insert("features/my table.toml".into(), usage.clone());
    files.0.insert("features/notes.md".into(), "hello".into());
    files
        .0
        .insert("features/old/usage.toml".into(), "hello".into());
    files.0.insert("Cargo.toml".into(), "[package]".into());
    let error = Definitions::parse(&files).unwrap_err();
    assert_snapshot!(whole_error(&error), @"
    definition: 1 error in 1 of 6 files
       features/my table.toml:1:1 the file's name is its definition's name / `my table` is not a name: use up to 100 letters, digits, `_` and `-`, a letter or digit first
    ");
}

#[test]
fn a_folder_without_a_project() {
    let error = parse(&[]).unwrap_err();
    assert_eq!(error.kind(), Kind::Definition);
    assert_snapshot!(whole_error(&error), @"
    definition: streamflow.toml is missing
    help: `streamflow init` writes one, with a small project around it
    ");
}

/// Every line of every file left out, doubled, or with another value; every file cut off anywhere.
fn damaged(text: &str) -> Vec<String> {
    let values = [
        "1",
        "-1.5",
        "nan",
        "\"\"",
        "\"x.y\"",
        "true",
        "2024-01-31",
        "[]",
        "[[1]]",
        "{}",
    ];
    let lines: Vec<_> = text.lines().collect();
    let with = |at: usize, line: &str| {
        let mut lines = lines.clone();
        lines[at] = line;
        lines.join("\n")
    };
    let mut texts = Vec::new();
    for (at, line) in lines.iter().enumerate() {
        texts.push(with(at, ""));
        texts.push(with(at, &format!("{line}\n{line}")));
        if let Some((key, _)) = line.split_once('=') {
            texts.extend(values.map(|value| with(at, &format!("{key}= {value}"))));
            texts.push(with(at, &format!("{key}x = 1")));
        }
    }
    let cuts = (0..text.len()).filter(|at| text.is_char_boundary(*at));
    texts.extend(cuts.map(|at| text[..at].to_string()));
    texts
}

#[test]
fn no_damage_makes_it_panic() {
    let small = small();
    for (path, text) in &small.0 {
        for damaged in damaged(text) {
            let mut files = small.clone();
            files.0.insert(path.clone(), damaged);
            let Err(error) = Definitions::parse(&files) else {
                continue;
            };
            for finding in error.all_findings() {
                let span = finding.span.as_ref().expect("a file is at fault");
                assert!(span.range.end <= span.source.text.len(), "{finding:?}");
            }
            assert!(!error.all_findings().is_empty());
        }
    }
}

/// Every definition file below a folder.
fn files_of(root: &std::path::Path) -> DefinitionFiles {
    let mut files = DefinitionFiles::default();
    for folder in ["", "features", "experiments"] {
        for entry in std::fs::read_dir(root.join(folder)).unwrap() {
            let path = entry.unwrap().path();
            if path
                .extension()
                .is_some_and(|extension| extension == "toml")
            {
                let name = path.strip_prefix(root).unwrap().to_str().unwrap();
                let text = std::fs::read_to_string(&path).unwrap();
                files.0.insert(name.to_string(), text);
            }
        }
    }
    files
}

fn read_or_say_why(root: &std::path::Path) -> Definitions {
    let definitions = Definitions::parse(&files_of(root));
    definitions.unwrap_or_else(|error| panic!("{}", whole_error(&error)))
}

#[test]
fn the_repository_itself_is_a_project() {
    let definitions = read_or_say_why(env!("CARGO_MANIFEST_DIR").as_ref());
    assert!(!definitions.experiments.is_empty());
}

/// The acceptance project lies outside the repository, with the data of a course.
#[test]
fn the_acceptance_project_is_read() {
    let Some(root) = std::env::var_os("STREAMFLOW_CHURN_EXPORT") else {
        return;
    };
    let definitions = read_or_say_why(root.as_ref());
    assert_eq!(definitions.tables.len(), 6);
    assert_eq!(
        definitions.experiments["churn_random_forest"]
            .features
            .len(),
        14
    );
}
