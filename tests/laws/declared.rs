//! The map of declared values, whatever its keys are called.

use std::collections::BTreeMap;

use proptest::prelude::*;
use streamflow::definition::{Value, ValuePath};
use streamflow::hash::{Digest, RunId, TableHash};
use streamflow::plan::{DataInput, Declared, Operations, RunIdentity};

use crate::{date, hold};

/// Names that a format might keep for itself, pieces of each other, and any others.
fn path() -> impl Strategy<Value = String> {
    let names = [
        "model.size",
        "model.nfiles",
        "model.md5",
        "model.hash",
        "model.version",
        "model.isexec",
        "size",
        "nfiles",
        "model",
        "model.a",
        "model.a.b",
        "",
        ".",
    ];
    prop_oneof![
        3 => prop::sample::select(names.to_vec()).prop_map(ToString::to_string),
        1 => any::<String>(),
    ]
}

fn value() -> impl Strategy<Value = Value> {
    let scalar = prop_oneof![
        any::<bool>().prop_map(Value::Bool),
        (0..3_i64).prop_map(Value::Integer),
        any::<i64>().prop_map(Value::Integer),
        prop::sample::select(vec![0.0, 1.0, 2.0, 0.1]).prop_map(Value::Float),
        prop::num::f64::NORMAL.prop_map(Value::Float),
        "[a.1]{0,2}".prop_map(Value::Text),
        any::<String>().prop_map(Value::Text),
    ];
    scalar.prop_recursive(2, 8, 3, |inner| {
        prop::collection::vec(inner, 0..3).prop_map(Value::List)
    })
}

type Map = BTreeMap<String, Value>;

fn run(map: &Map) -> RunId {
    let values = map.iter().map(|(k, v)| (ValuePath::new(k), v.clone()));
    let identity = RunIdentity {
        declared: values.collect::<Declared>(),
        operations: Operations(BTreeMap::from([("split".to_string(), 1)])),
        data: vec![DataInput {
            table: "size".parse().unwrap(),
            as_of: date(0),
            hash: TableHash::from_bytes([7; 32]),
        }],
    };
    identity.id()
}

#[test]
fn two_maps_are_one_run_exactly_when_they_are_equal() {
    let map = || prop::collection::btree_map(path(), value(), 0..6);
    hold(4000, &(map(), map()), |(a, b)| {
        prop_assert_eq!(run(&a) == run(&b), a == b);
        Ok(())
    });
}

/// DVC loses parameters called `size` and `nfiles` (dvc#10296).
#[test]
fn one_value_that_changes_changes_the_run_whatever_its_key_is_called() {
    let map = prop::collection::btree_map(path(), value(), 1..6);
    let law = (map, any::<prop::sample::Index>(), path(), value());
    hold(4000, &law, |(map, at, other, value)| {
        let key = map.keys().nth(at.index(map.len())).unwrap().clone();
        let mut changed = map.clone();
        let old = changed.insert(key.clone(), value.clone());
        prop_assert_eq!(run(&changed) == run(&map), old.as_ref() == Some(&value));
        // So does the value under another name, and one value less.
        changed.remove(&key);
        prop_assert_ne!(run(&changed), run(&map));
        if !map.contains_key(&other) {
            changed.insert(other, old.unwrap());
            prop_assert_ne!(run(&changed), run(&map));
        }
        Ok(())
    });
}

#[test]
fn the_names_that_dvc_forgets_are_remembered() {
    let with = |key: &str, value: i64| {
        run(&Map::from([
            (key.to_string(), Value::Integer(value)),
            ("model.kind".to_string(), Value::Text("any".into())),
        ]))
    };
    for key in ["model.size", "model.nfiles", "size", "nfiles"] {
        assert_ne!(with(key, 1), with(key, 2), "{key}");
    }
}
