//! Rules on small files, on random ones, and what they say.

mod every_rule;
mod laws;

use crate::definition::Dtype::{self, Date, Datetime, F64, I64, String as Text};
use crate::definition::{Bounds, Check, Rule, Severity, Value};
use crate::table::testing::{name, read_text, table, told};
use crate::table::{ReadFile, arrange};

use super::{Against, check, refusal, run};

fn alone() -> Against {
    Against::nothing(crate::table::testing::as_of())
}

const COLUMNS: [(&str, Dtype); 5] = [
    ("d", Date),
    ("f", F64),
    ("i", I64),
    ("s", Text),
    ("t", Datetime),
];

fn file() -> ReadFile {
    let text = "user_id,d,f,i,s,t\n\
                a,2024-01-01,1.5,1,x,2024-01-01T00:00Z\n\
                b,2024-01-31,744.0,,y,2024-01-31T12:00Z\n\
                b,,-3.5,3,x,\n\
                c,2023-12-31,,4,,2025-01-01T00:00Z\n";
    read_text(text, &table(&COLUMNS)).unwrap()
}

fn on(column: &str, rule: Rule, severity: Severity, mostly: f64) -> Check {
    Check {
        columns: vec![name(column)],
        rule,
        filter: None,
        mostly,
        severity,
        warn: None,
        fail: None,
    }
}

fn between(low: Value, high: Value) -> Rule {
    Rule::Between(Bounds {
        low: Some(low),
        high: Some(high),
    })
}

fn text(text: &str) -> Value {
    Value::Text(text.into())
}

#[test]
fn rules_break_where_they_should_and_nulls_pass() {
    let cases = [
        ("i", Rule::NotNull, "not null", 4, vec![1]),
        ("user_id", Rule::Unique, "unique", 4, vec![1, 2]),
        ("s", Rule::Unique, "unique", 3, vec![0, 2]),
        (
            "f",
            between(Value::Float(0.0), Value::Float(744.0)),
            "between 0 and 744",
            3,
            vec![2],
        ),
        (
            "i",
            between(Value::Integer(2), Value::Integer(3)),
            "between 2 and 3",
            3,
            vec![0, 3],
        ),
        (
            "d",
            between(text("2024-01-01"), text("2024-01-31")),
            "between 2024-01-01 and 2024-01-31",
            3,
            vec![3],
        ),
        (
            "t",
            between(text("2024-01-01"), text("2024-12-31")),
            "between 2024-01-01 and 2024-12-31",
            3,
            vec![3],
        ),
        (
            "s",
            Rule::InSet(vec![text("z"), text("x")]),
            r#"in ["z", "x"]"#,
            3,
            vec![1],
        ),
        (
            "i",
            Rule::InSet(vec![Value::Integer(4), Value::Integer(1)]),
            "in [4, 1]",
            3,
            vec![2],
        ),
    ];
    for (column, rule, words, checked, rows) in cases {
        let result = &run(&[on(column, rule, Severity::Warn, 1.0)], &file(), &alone())[0];
        assert_eq!(
            (result.rule.as_str(), result.checked, &result.rows),
            (words, checked, &rows),
            "{column}"
        );
        assert_eq!(result.failed, rows.len());
        assert!(!result.passed);
    }
}

#[test]
fn bounds_that_are_no_numbers_let_nothing_through() {
    let nan = || Value::Float(f64::NAN);
    let rules = [
        between(nan(), Value::Float(1.0)),
        Rule::InSet(vec![nan(), Value::Float(1.5), nan()]),
    ];
    let failed: Vec<_> = rules
        .map(|rule| run(&[on("f", rule, Severity::Warn, 1.0)], &file(), &alone())[0].failed)
        .into();
    assert_eq!(failed, [3, 2]);
}

#[test]
fn examples_have_the_line_and_the_value() {
    let result = &run(
        &[on("user_id", Rule::Unique, Severity::Warn, 1.0)],
        &file(),
        &alone(),
    )[0];
    let json = serde_json::to_string(result).unwrap();
    assert_eq!(
        json,
        r#"{"column":"user_id","rule":"unique","severity":"warn","mostly":1.0,"checked":4,"failed":2,"passed":false,"examples":[{"line":3,"value":"\"b\""},{"line":4,"value":"\"b\""}],"missing":0,"block":{"column":"user_id","severity":"warn","unique":true}}"#
    );
}

#[test]
fn a_check_that_mostly_passes_takes_nothing_away() {
    let rule = || between(Value::Float(0.0), Value::Float(744.0));
    let lenient = check(
        file(),
        &[on("f", rule(), Severity::Quarantine, 0.66)],
        &alone(),
    );
    assert_eq!(
        (lenient.frame().rows(), lenient.quarantined().len()),
        (4, 0)
    );
    let strict = check(
        file(),
        &[on("f", rule(), Severity::Quarantine, 0.67)],
        &alone(),
    );
    assert_eq!((strict.frame().rows(), strict.quarantined().len()), (3, 1));
}

#[test]
fn rows_in_are_clean_and_quarantined_rows() {
    let checks = [
        on("user_id", Rule::Unique, Severity::Quarantine, 1.0),
        on("f", Rule::NotNull, Severity::Warn, 1.0),
        on(
            "f",
            between(Value::Float(0.0), Value::Float(1.0)),
            Severity::Quarantine,
            1.0,
        ),
    ];
    let checked = check(file(), &checks, &alone());
    let broken: Vec<_> = checked
        .quarantined()
        .iter()
        .map(|q| (q.row, q.checks.clone()))
        .collect();
    assert_eq!(broken, [(0, vec![2]), (1, vec![0, 2]), (2, vec![0, 2])]);
    assert_eq!(
        checked.frame().rows() + checked.quarantined().len(),
        checked.file().frame.rows()
    );
    assert_eq!(checked.places().place(0), "usage.csv:5");
    assert!(!checked.is_refused());
    let table = table(&COLUMNS);
    assert!(refusal(&checked, &table).is_none());
    assert!(
        arrange(checked.frame(), checked.places(), &table).is_ok(),
        "the repeated key is gone"
    );
}

#[test]
fn a_refusal_names_place_value_rule_and_counts() {
    let checks = [
        on(
            "f",
            between(Value::Float(0.0), Value::Float(744.0)),
            Severity::Fail,
            0.99,
        ),
        on("i", Rule::NotNull, Severity::Fail, 1.0),
        on("s", Rule::NotNull, Severity::Warn, 1.0),
    ];
    let checked = check(file(), &checks, &alone());
    assert!(checked.is_refused());
    assert_eq!(
        told(&refusal(&checked, &table(&COLUMNS)).unwrap()),
        "usage refused: 2 checks failed\n  \
           usage.csv:4   f   -3.5   must be between 0 and 744\n  \
           usage.csv:3   i   null   must be not null\n  \
           f   between 0 and 744   broken by 1 of 3 rows\n  \
           i   not null            broken by 1 of 4 rows\n\
         help: mend the file; or accept it by `mostly = 0.666` or `severity = \"quarantine\"` in the check on f in features/usage.toml"
    );
}
