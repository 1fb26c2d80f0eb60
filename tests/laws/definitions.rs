//! Definitions: what decides a result names the run, and nothing else does.

use std::cell::Cell;
use std::collections::BTreeMap;

use proptest::prelude::*;
use proptest::strategy::{Union, ValueTree};
use proptest::test_runner::TestRunner;
use streamflow::definition::{ColumnName, DefinitionFiles, Definitions, Dtype, ExperimentName};
use streamflow::hash::{ColumnHash, Digest, ReadingHash, RunId};
use streamflow::plan::{RunIdentity, TableAt};
use streamflow::run::operations;
use streamflow::snapshot::TableSnapshot;
use streamflow::table::{ColumnDigest, table_hash};

use crate::hold;
use crate::keys::{COUNTS, Edit, all};
use crate::meaning::Meaning;
use crate::project::{EXPERIMENT, Project, bases};
use crate::values::{edit, edit_of};
use crate::written::Hand;

/// A table as if its columns had been read: the same values wherever name and type are the same.
fn table_at(definitions: &Definitions, (name, as_of): &TableAt) -> TableSnapshot {
    let digest = |column: &ColumnName, dtype: Dtype| ColumnDigest {
        dtype,
        hash: ColumnHash::of(&format!("{name} {as_of} {column} {dtype:?}")),
    };
    let row_date = ColumnName::row_date();
    let mut columns: BTreeMap<ColumnName, ColumnDigest> = definitions.tables[name]
        .columns
        .iter()
        .map(|(name, column)| (name.clone(), digest(name, column.dtype)))
        .collect();
    columns.insert(row_date.clone(), digest(&row_date, Dtype::Date));
    TableSnapshot {
        hash: table_hash(&columns),
        rows: 60,
        columns,
        reading: ReadingHash::from_bytes([0; 32]),
        sources: Vec::new(),
        checks: Vec::new(),
        quarantine: None,
        references: Vec::new(),
        quarantined: 0,
    }
}

fn run_of(definitions: &Definitions) -> RunId {
    crate::run(definitions, EXPERIMENT, |at| table_at(definitions, at))
}

fn run_without_data(definitions: &Definitions) -> RunId {
    let spec = crate::spec(definitions, EXPERIMENT);
    let identity = RunIdentity {
        declared: spec.declare(),
        operations: operations(&spec),
        data: Vec::new(),
    };
    identity.id()
}

fn meaning_of(definitions: &Definitions) -> Meaning {
    let experiment = &definitions.experiments[&EXPERIMENT.parse::<ExperimentName>().unwrap()];
    Meaning::of(definitions, experiment)
}

/// The project after those edits that are not refused.
fn edited(project: &Project, edits: &[Edit]) -> Project {
    edits.iter().fold(project.clone(), |project, edit| {
        let after = edit.of(&project).filter(|after| after.parse().is_some());
        after.unwrap_or(project)
    })
}

fn project(edits: std::ops::Range<usize>) -> impl Strategy<Value = Project> {
    let base = prop::sample::select(bases());
    (base, prop::collection::vec(edit(), edits)).prop_map(|(base, edits)| edited(&base, &edits))
}

#[test]
fn the_projects_to_start_from_are_accepted() {
    for project in bases() {
        Definitions::parse(&project.files(Hand::plain())).unwrap();
    }
}

/// Both ways: what means the same is one run, what means something else is another.
#[test]
fn two_projects_are_one_run_exactly_when_they_mean_the_same() {
    let (same, other) = (Cell::new(0), Cell::new(0));
    let pairs = (project(0..4), prop::collection::vec(edit(), 1..3));
    hold(4000, &pairs, |(project, edits)| {
        let before = project.parse().unwrap();
        let after = edited(&project, &edits).parse().unwrap();
        let equal = meaning_of(&before) == meaning_of(&after);
        let count = if equal { &same } else { &other };
        count.set(count.get() + 1);
        prop_assert_eq!(run_of(&before) == run_of(&after), equal);
        // Much of it shows in the columns that are read, too; it must not be that alone.
        let [a, b] = [&before, &after].map(|each| meaning_of(each).without_data());
        prop_assert_eq!(
            run_without_data(&before) == run_without_data(&after),
            a == b
        );
        Ok(())
    });
    // Neither half of the law is held over nothing.
    assert!(same.get() > 800 && other.get() > 800, "{same:?} {other:?}");
}

/// Order of keys, sections and lists, quotes, white space, line ends, comments, spellings of numbers.
#[test]
fn the_way_definitions_are_written_does_not_count() {
    hold(2000, &(project(0..6), any::<u64>()), |(project, seed)| {
        let plain = project.parse().unwrap();
        let files = project.files(Hand::new(seed));
        prop_assert_ne!(&files, &project.files(Hand::plain()));
        let other = Definitions::parse(&files);
        prop_assert!(other.is_ok(), "{:?}\n{files:?}", other.unwrap_err());
        prop_assert_eq!(run_of(&other.unwrap()), run_of(&plain));
        Ok(())
    });
}

/// Each key alone: over many values and projects, its value names the run, or never does.
#[test]
fn every_key_counts_or_does_not_as_it_is_said() {
    let mut keys: BTreeMap<String, Vec<_>> = BTreeMap::new();
    for key in all() {
        let edit = edit_of(key.clone()).boxed();
        keys.entry(key.name()).or_default().push(edit);
    }
    for (name, edits) in keys {
        let counts = COUNTS.contains(&name.as_str());
        let edit = Union::new(edits);
        let pairs = (project(0..2), edit.clone(), edit);
        let mut runner = TestRunner::deterministic();
        let (mut accepted, mut other) = (0, 0);
        // One difference is enough where a key counts; where it does not, each try is one more.
        // An edit without a place in its project is none.
        let enough = if counts { 1000 } else { 200 };
        let mut tries = 0;
        for _ in 0..4000 {
            if tries == enough {
                break;
            }
            let (project, a, b) = pairs.new_tree(&mut runner).unwrap().current();
            // A parameter of several estimators is compared within one.
            if a.key.kind != b.key.kind && name != "experiment model.kind" {
                continue;
            }
            // Two values at one place.
            let b = Edit {
                choice: a.choice,
                ..b
            };
            let Some(projects) = a.of(&project).zip(b.of(&project)) else {
                continue;
            };
            tries += 1;
            let Some((before, after)) = projects.0.parse().zip(projects.1.parse()) else {
                continue;
            };
            accepted += usize::from(a.value != b.value);
            other += usize::from(run_of(&before) != run_of(&after));
            if other > 0 && counts {
                break;
            }
        }
        // So far it has one value.
        let sole = name == "experiment preprocess.categorical";
        assert!(accepted > 0 || sole, "no two values of `{name}` were tried");
        match counts {
            true => assert!(other > 0, "`{name}` counts, but changes no run"),
            false => assert_eq!(other, 0, "`{name}` does not count, but changes a run"),
        }
    }
}

/// DVC loses parameters called `size` and `nfiles` (dvc#10296): to it they are words of its own.
/// Here a table, columns, derived features and the experiment itself have these names.
#[test]
fn what_is_called_size_or_nfiles_counts_as_everything_else() {
    let run = |change: &dyn Fn(&mut Project)| {
        let mut project = bases()[0].clone();
        project.tables.get_mut("size").unwrap()["features"]["derived"] =
            serde_json::json!({ "ratio": "size / nfiles" });
        project.experiment["dataset"]["features"] =
            serde_json::json!(["size.size", "size.nfiles", "size.ratio", "usage.nfiles"]);
        change(&mut project);
        let files: DefinitionFiles = project.files(Hand::plain());
        run_of(&Definitions::parse(&files).unwrap())
    };
    let table = |change: &'static str, value: serde_json::Value| {
        run(&move |project: &mut Project| {
            let size = project.tables.get_mut("size").unwrap();
            *size.pointer_mut(change).unwrap() = value.clone();
        })
    };
    let features = |names: serde_json::Value| {
        run(&move |project: &mut Project| {
            project.experiment["dataset"]["features"] = names.clone();
        })
    };
    let runs = [
        run(&|_| {}),
        table("/features/derived/ratio", "nfiles / size".into()),
        table("/columns/size", "i64".into()),
        table("/columns/nfiles", "f64".into()),
        run(&|project| {
            project.tables.get_mut("size").unwrap()["features"]["ttl"] = "1d".into();
        }),
        run(&|project| {
            let usage = project.tables.get_mut("usage").unwrap();
            usage["features"]["derived"]["nfiles"] = "devices + 2".into();
        }),
        features(serde_json::json!([
            "size.nfiles",
            "size.ratio",
            "usage.nfiles"
        ])),
        features(serde_json::json!([
            "size.size",
            "size.ratio",
            "usage.nfiles"
        ])),
        features(serde_json::json!([
            "size.size",
            "size.nfiles",
            "size.ratio"
        ])),
    ];
    let distinct: std::collections::BTreeSet<_> = runs.iter().collect();
    assert_eq!(distinct.len(), runs.len(), "{runs:?}");
}
