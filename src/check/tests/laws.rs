//! What holds for any rows and any checks.

use std::collections::{BTreeMap, BTreeSet};

use proptest::prelude::*;

use crate::check::view::BLOCK;
use crate::check::{Against, check, run};
use crate::definition::{
    Bounds, Check, Dtype, Expression, Rule, Severity, Statistic, Threshold, Value,
};
use crate::table::testing::{as_of, name, read_text, table};
use crate::table::{Cell, ReadFile};

const COLUMNS: [(&str, Dtype); 3] = [("i", Dtype::I64), ("f", Dtype::F64), ("s", Dtype::String)];

type Row = (Option<String>, Option<i64>, Option<f64>, Option<String>);

fn rows() -> impl Strategy<Value = Vec<Row>> {
    let text = || proptest::option::weighted(0.8, "[abé]{1,2}");
    let float = (-20_i32..20).prop_map(|tenths| f64::from(tenths) / 10.0);
    let row = (
        text(),
        proptest::option::weighted(0.8, -5_i64..5),
        proptest::option::weighted(0.8, float),
        text(),
    );
    prop::collection::vec(row, 1..60)
}

fn file(rows: &[Row]) -> ReadFile {
    let mut text = "user_id,i,f,s\n".to_string();
    for (key, i, f, s) in rows {
        let shown = |value: Option<String>| value.unwrap_or_default();
        text.push_str(&format!(
            "{},{},{},{}\n",
            shown(key.clone()),
            shown(i.map(|i| i.to_string())),
            shown(f.map(|f| f.to_string())),
            shown(s.clone()),
        ));
    }
    // A row of nothing but nulls is a line of commas, which is a row.
    read_text(text, &table(&COLUMNS)).unwrap()
}

fn bounds(low: i64, high: i64) -> Bounds {
    Bounds {
        low: Some(Value::Integer(low)),
        high: Some(Value::Integer(high)),
    }
}

fn rule() -> impl Strategy<Value = (Vec<&'static str>, Rule)> {
    let columns = prop::sample::select(vec!["user_id", "i", "f", "s"]);
    let texts = prop::collection::vec("[abé]{1,2}", 1..3);
    let texts = texts.prop_map(|texts| texts.into_iter().map(Value::Text).collect::<Vec<_>>());
    prop_oneof![
        columns
            .clone()
            .prop_map(|column| (vec![column], Rule::NotNull)),
        columns.prop_map(|column| (vec![column], Rule::Unique)),
        Just((vec!["i", "s"], Rule::Unique)),
        (-5_i64..5, 0_i64..5)
            .prop_map(|(low, more)| { (vec!["i"], Rule::Between(bounds(low, low + more))) }),
        texts.clone().prop_map(|set| (vec!["s"], Rule::InSet(set))),
        texts.prop_map(|set| (vec!["s"], Rule::NotInSet(set))),
        Just((vec!["s"], Rule::Regex("^a".into()))),
        Just((vec!["s"], Rule::Length(bounds(2, 2)))),
        Just((vec!["f"], Rule::Dtype(Dtype::I64))),
        Just((vec!["f"], Rule::GreaterThan(name("i")))),
        Just((vec!["f", "i"], Rule::RowSum(bounds(-1, 2)))),
        Just((vec!["i"], Rule::Increasing)),
    ]
}

fn checks() -> impl Strategy<Value = Vec<Check>> {
    let severity = prop::sample::select(vec![Severity::Quarantine, Severity::Warn]);
    let mostly = prop::sample::select(vec![1.0, 0.9, 0.5]);
    let filter = proptest::option::of(prop::sample::select(vec![
        "i > 0",
        "s = 'a'",
        "f < 1 OR i IS NULL",
    ]));
    let fail = proptest::option::of((1_u64..9).prop_map(Threshold::Count));
    let one = (rule(), severity, mostly, filter, fail);
    let one = one.prop_map(|((columns, rule), severity, mostly, filter, fail)| {
        let dtypes = COLUMNS
            .iter()
            .map(|(text, dtype)| (name(text), *dtype))
            .collect();
        Check {
            columns: columns.into_iter().map(name).collect(),
            filter: filter.map(|text| Expression::parse(text, &dtypes).unwrap()),
            // Rules about order set nothing aside.
            severity: if rule.minds_order() {
                Severity::Warn
            } else {
                severity
            },
            rule,
            mostly,
            warn: None,
            fail,
        }
    });
    prop::collection::vec(one, 0..6)
}

/// Whether a row breaks a rule, told one row at a time; none where it is not looked at.
fn breaks(check: &Check, rows: &[Row], at: usize) -> Option<bool> {
    let (key, i, f, s) = &rows[at];
    let lets = |i: Option<i64>, f: Option<f64>, s: &Option<String>| match check
        .filter
        .as_ref()
        .map(Expression::as_str)
    {
        None => true,
        Some("i > 0") => i.is_some_and(|i| i > 0),
        Some("s = 'a'") => s.as_deref() == Some("a"),
        Some(_) => f.is_some_and(|f| f < 1.0) || i.is_none(),
    };
    if !lets(*i, *f, s) {
        return None;
    }
    let shown = |column: &str, (key, i, f, s): &Row| match column {
        "user_id" => key.clone(),
        "i" => i.map(|i| i.to_string()),
        "f" => f.map(|f| f.to_string()),
        _ => s.clone(),
    };
    let values = |row: &Row| {
        let columns = check.columns.iter();
        columns
            .map(|column| shown(column.as_str(), row))
            .collect::<Option<Vec<_>>>()
    };
    if check.rule == Rule::NotNull {
        return Some(values(&rows[at]).is_none());
    }
    let own = values(&rows[at])?;
    let number = |value: &Value| match value {
        Value::Integer(value) => *value,
        other => panic!("{other:?}"),
    };
    let within = |x: f64, bounds: &Bounds| {
        let (low, high) = (
            bounds.low.as_ref().map(number),
            bounds.high.as_ref().map(number),
        );
        low.unwrap() as f64 <= x && x <= high.unwrap() as f64
    };
    let member = |set: &[Value]| set.contains(&Value::Text(s.clone().unwrap()));
    Some(match &check.rule {
        Rule::Unique => {
            let same = |row: &Row| lets(row.1, row.2, &row.3) && values(row) == Some(own.clone());
            rows.iter().filter(|row| same(row)).count() > 1
        }
        Rule::Between(bounds) => !within(i.unwrap() as f64, bounds),
        Rule::InSet(set) => !member(set),
        Rule::NotInSet(set) => member(set),
        Rule::Regex(_) => !s.as_ref()?.starts_with('a'),
        Rule::Length(bounds) => !within(s.as_ref()?.chars().count() as f64, bounds),
        Rule::Dtype(_) => f.unwrap().fract() != 0.0,
        Rule::GreaterThan(_) => f.unwrap() <= (*i)? as f64,
        Rule::RowSum(bounds) => !within(f.unwrap() + i.unwrap() as f64, bounds),
        Rule::Increasing => {
            let before = rows[..at]
                .iter()
                .rev()
                .filter(|row| lets(row.1, row.2, &row.3));
            before
                .filter_map(|row| row.1)
                .next()
                .is_some_and(|before| i.unwrap() < before)
        }
        other => panic!("{other:?} {key:?}"),
    })
}

proptest! {
    #[test]
    fn each_row_is_judged_as_if_it_stood_alone(rows in rows(), checks in checks()) {
        for (check, found) in checks.iter().zip(run(&checks, &file(&rows), &Against::nothing(as_of()))) {
            let verdicts: Vec<_> = (0..rows.len()).map(|at| breaks(check, &rows, at)).collect();
            let broken: Vec<u32> = (0..).zip(&verdicts).filter(|(_, v)| **v == Some(true)).map(|(at, _)| at).collect();
            prop_assert_eq!(&found.rows, &broken, "{:?}", check);
            prop_assert_eq!(found.checked, verdicts.iter().flatten().count(), "{:?}", check);
        }
    }

    #[test]
    fn rows_in_are_clean_and_quarantined(rows in rows(), checks in checks()) {
        let file = file(&rows);
        let checked = check(file.clone(), &checks, &Against::nothing(as_of()));
        let clean = checked.frame().rows();
        prop_assert_eq!(clean + checked.quarantined().len(), rows.len());
        // Clean and quarantined together are the lines of the file, each once.
        let quarantine = checked.quarantine();
        let aside = quarantine.iter().flat_map(|frame| {
            let lines = frame.column("__line").unwrap();
            (0..lines.len()).map(|row| lines.cell(row).to_string()).collect::<Vec<_>>()
        });
        let clean = (0..clean).map(|row| checked.places().line(row).to_string());
        let all: Vec<String> = clean.chain(aside).collect();
        let lines: BTreeSet<String> = (0..rows.len()).map(|row| file.places.line(row).to_string()).collect();
        prop_assert_eq!(all.len(), rows.len());
        prop_assert_eq!(all.into_iter().collect::<BTreeSet<_>>(), lines);
        // A row is set aside exactly when a check that quarantines says so.
        let mut expected: BTreeMap<u32, Vec<usize>> = BTreeMap::new();
        for (at, found) in checked.results().iter().enumerate() {
            if !found.passed && found.severity == Severity::Quarantine {
                for row in &found.rows {
                    expected.entry(*row).or_default().push(at);
                }
            }
        }
        let aside: BTreeMap<u32, Vec<usize>> = checked.quarantined().iter().map(|q| (q.row, q.checks.clone())).collect();
        prop_assert_eq!(aside, expected);
    }

    #[test]
    fn statistics_do_not_depend_on_the_order_of_rows(mut rows in rows(), at in 0_f64..1.0) {
        let statistics = [
            Statistic::Min, Statistic::Max, Statistic::Mean, Statistic::Median, Statistic::Stdev,
            Statistic::Sum, Statistic::Quantile(at), Statistic::DistinctCount, Statistic::NullShare,
        ];
        let checks: Vec<Check> = statistics.into_iter().map(|statistic| Check {
            columns: vec![name("f")],
            rule: Rule::Statistic(statistic, bounds(0, 1)),
            filter: None,
            mostly: 1.0,
            severity: Severity::Warn,
            warn: None,
            fail: None,
        }).collect();
        let observed = |rows: &[Row]| {
            let found = run(&checks, &file(rows), &Against::nothing(as_of()));
            found.into_iter().map(|found| format!("{:?}", found.observed)).collect::<Vec<_>>()
        };
        let first = observed(&rows);
        rows.reverse();
        prop_assert_eq!(&observed(&rows), &first);
        rows.sort_by_key(|row| row.2.map(f64::to_bits));
        prop_assert_eq!(&observed(&rows), &first);
        let pool = rayon::ThreadPoolBuilder::new().num_threads(3).build().unwrap();
        prop_assert_eq!(&pool.install(|| observed(&rows)), &first);
        // The quantile lies between neighbours, the median is the quantile in the middle.
        let mut values: Vec<f64> = rows.iter().filter_map(|row| row.2).collect();
        values.sort_by(f64::total_cmp);
        if let (Some(low), Some(high)) = (values.first(), values.last()) {
            prop_assert_eq!(&first[0], &format!("{:?}", Some(Value::Float(*low))));
            prop_assert_eq!(&first[1], &format!("{:?}", Some(Value::Float(*high))));
        }
    }
}

/// More rows than one block has, with values that repeat across blocks.
#[test]
fn blocks_of_rows_are_one_table() {
    let count = 3 * BLOCK + 17;
    let rows: Vec<Row> = (0..count)
        .map(|at| {
            let key = format!("u{}", at % (count - 2));
            (
                Some(key),
                Some((at % 1000) as i64),
                Some(at as f64),
                Some("a".into()),
            )
        })
        .collect();
    let on = |column: &str, rule| Check {
        columns: vec![name(column)],
        rule,
        filter: None,
        mostly: 1.0,
        severity: Severity::Warn,
        warn: None,
        fail: None,
    };
    let checks = [
        on("user_id", Rule::Unique),
        on("f", Rule::Unique),
        on(
            "i",
            Rule::Statistic(Statistic::DistinctCount, bounds(1000, 1000)),
        ),
        on("f", Rule::Statistic(Statistic::DistinctCount, bounds(0, 1))),
        on("f", Rule::Statistic(Statistic::Sum, bounds(0, 1))),
        on("i", Rule::Between(bounds(0, 998))),
    ];
    let found = run(&checks, &file(&rows), &Against::nothing(as_of()));
    let last = u32::try_from(count).unwrap();
    assert_eq!(found[0].rows, [0, 1, last - 2, last - 1]);
    assert!(found[1].passed && found[2].passed);
    let integer = |value: usize| Some(Value::Integer(value as i64));
    assert_eq!(found[3].observed, integer(count));
    let sum = (count * (count - 1) / 2) as f64;
    assert_eq!(found[4].observed, Some(Value::Float(sum)));
    assert_eq!(found[5].failed, count / 1000);
    assert_eq!(Cell::I64(999).to_string(), found[5].examples[0].value);
}
