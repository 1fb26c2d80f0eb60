use std::collections::BTreeMap;

use super::fact::SheetFact;
use super::sheet::compute;
use super::*;
use crate::definition::{AsOf, ColumnName, Dtype, Expression};
use crate::feature::{FeatureSource, FeatureSpec, History, Status};
use crate::hash::{FeatureHash, TableHash};
use crate::table::{Cell, Frame, Values, column_hashes, table_hash};

fn name(text: &str) -> ColumnName {
    text.parse().unwrap()
}

fn date() -> AsOf {
    "2024-03-31".parse().unwrap()
}

fn spec(table: &str, expression: &str, ttl: Option<&str>) -> FeatureSpec {
    let inputs = BTreeMap::from([(name("hours"), Dtype::F64)]);
    FeatureSpec {
        table: table.parse().unwrap(),
        feature: name("hours"),
        source: match expression {
            "hours" => FeatureSource::Column,
            text => FeatureSource::Derived(Expression::parse(text, &inputs).unwrap()),
        },
        key: name("id"),
        timestamp: None,
        created: None,
        ttl: ttl.map(|ttl| ttl.parse().unwrap()),
        dtype: Dtype::F64,
    }
}

/// Rows of the date, of 50 days before, and of the day after.
fn rows(keys: Values) -> Frame {
    let days = date().days();
    let dates = [Some(days), Some(days - 50), Some(days), Some(days + 1)];
    let hours = [Some(1.5), Some(2.5), None, Some(4.5)];
    let columns = BTreeMap::from([
        (name("id"), keys),
        (ColumnName::row_date(), Values::dates(&dates)),
        (name("hours"), Values::floats(&hours)),
    ]);
    Frame::new(4, columns)
}

fn sheet(frame: &Frame, specs: &[FeatureSpec], offered: &[FeatureHash]) -> OnlineSheet {
    let key = name("id");
    let history = History::new(frame, &key, None, None).unwrap();
    let values = compute(&history, None, &key, date(), specs).unwrap();
    let fact = SheetFact {
        entity: "user".parse().unwrap(),
        key,
        rows: values.rows() as u64,
        object: object_of(&values),
        features: specs.to_vec(),
        on_demand: Vec::new(),
        offered: offered.to_vec(),
    };
    OnlineSheet::new(&specs[0].table, &fact, &values).unwrap()
}

fn object_of(frame: &Frame) -> TableHash {
    table_hash(&column_hashes(frame))
}

fn texts() -> Values {
    Values::strings(&[Some("a"), Some("b"), Some("c"), Some("d")])
}

fn text(key: &str) -> Key {
    Key::Text(key.to_string())
}

fn found<'a>(view: &'a OnlineView, key: &str, spec: &FeatureSpec) -> (Cell<'a>, Status) {
    let rows = view.find(&name("id"), &text(key)).unwrap();
    let value = view.value(&rows, spec.hash()).unwrap();
    (value.cell, value.status)
}

#[test]
fn a_value_says_what_became_of_it() {
    let specs = [spec("usage", "hours", Some("45d"))];
    let other = [spec("other", "hours", None)];
    let more = Values::strings(&[Some("a"), Some("b"), Some("c"), Some("e")]);
    let view = OnlineView::new(
        date(),
        vec![
            sheet(&rows(texts()), &specs, &[]),
            sheet(&rows(more), &other, &[]),
        ],
    );
    assert_eq!(
        found(&view, "a", &specs[0]),
        (Cell::F64(1.5), Status::Present)
    );
    assert_eq!(found(&view, "b", &specs[0]), (Cell::Null, Status::Expired));
    assert_eq!(found(&view, "c", &specs[0]), (Cell::Null, Status::Null));
    assert_eq!(
        found(&view, "b", &other[0]),
        (Cell::F64(2.5), Status::Present)
    );
}

#[test]
fn an_entity_of_tomorrow_is_unknown_today() {
    let specs = [spec("usage", "hours", None)];
    let view = OnlineView::new(date(), vec![sheet(&rows(texts()), &specs, &[])]);
    assert!(view.find(&name("id"), &text("d")).is_none());
    assert!(view.find(&name("id"), &text("zz")).is_none());
    assert!(view.find(&name("other_id"), &text("a")).is_none());
    assert!(view.find(&name("id"), &Key::Integer(1)).is_none());
    let keys = [text("a"), text("b"), text("c")];
    assert_eq!(view.keys(&name("id")).collect::<Vec<_>>(), keys);
}

#[test]
fn two_definitions_of_one_name_live_side_by_side() {
    let specs = [
        spec("usage", "hours", None),
        spec("usage", "hours * 2", None),
        spec("usage", "hours", Some("45d")),
    ];
    let offered = [specs[1].hash()];
    let view = OnlineView::new(date(), vec![sheet(&rows(texts()), &specs, &offered)]);
    assert_eq!(found(&view, "b", &specs[0]).0, Cell::F64(2.5));
    assert_eq!(found(&view, "b", &specs[1]).0, Cell::F64(5.0));
    assert_eq!(found(&view, "b", &specs[2]).1, Status::Expired);
    let rows = view.find(&name("id"), &text("a")).unwrap();
    let shown = view.offered(&name("id"), &rows);
    assert_eq!(shown.len(), 1);
    assert_eq!(shown[0].1.cell, Cell::F64(3.0));
}

#[test]
fn integers_are_keys_too() {
    let keys = Values::integers(&[Some(-7), Some(2), Some(10), Some(11)]);
    let specs = [spec("usage", "hours", None)];
    let view = OnlineView::new(date(), vec![sheet(&rows(keys), &specs, &[])]);
    assert_eq!(view.key_dtype(&name("id")), Some(Dtype::I64));
    let key = Key::parse("-7", Dtype::I64).unwrap();
    let rows = view.find(&name("id"), &key).unwrap();
    let value = view.value(&rows, specs[0].hash()).unwrap();
    assert_eq!(value.cell, Cell::F64(1.5));
    assert_eq!(Key::parse("seven", Dtype::I64), None);
    assert_eq!(serde_json::to_string(&key).unwrap(), "-7");
}
