//! How a table is read, as a hash: when it changes, the files must be read again.

use crate::definition::{
    Bounds, Check, ColumnName, CsvDialect, Format, Mode, Rule, Severity, Source, Table, Value,
};
use crate::hash::{ContentHash, ContentHasher, Digest, ReadingHash};

/// Everything of a definition that decides which rows and values its files give.
///
/// Checks are part of it: they take rows out, or refuse a file. None of it is part of a run, which
/// knows only the data that came out.
pub fn reading_hash(table: &Table) -> ReadingHash {
    let mut hasher = ContentHasher::new(ReadingHash::DOMAIN);
    hasher.text(table.key.as_str());
    feed_source(&table.source, &mut hasher);
    hasher.count(table.columns.len());
    for (name, column) in &table.columns {
        hasher.text(name.as_str());
        hasher.text(column.dtype.as_str());
        column
            .since
            .map(|since| since.to_string())
            .feed(&mut hasher);
    }
    hasher.count(table.checks.len());
    for check in &table.checks {
        feed_check(check, &mut hasher);
    }
    ReadingHash::from_bytes(hasher.finish())
}

fn feed_source(source: &Source, hasher: &mut ContentHasher) {
    let Source {
        path: _,
        format,
        // It decides what is read, and what was read has a hash.
        query: _,
        mode,
        timestamp,
        created,
    } = source;
    match format {
        Format::Parquet => hasher.byte(0),
        Format::Csv(dialect) => {
            hasher.byte(1);
            feed_dialect(dialect, hasher);
        }
    }
    hasher.byte(u8::from(*mode == Mode::Replace));
    for column in [timestamp, created] {
        column
            .as_ref()
            .map(|name| name.as_str().to_string())
            .feed(hasher);
    }
}

fn feed_dialect(dialect: &CsvDialect, hasher: &mut ContentHasher) {
    let CsvDialect {
        delimiter,
        decimal,
        encoding,
        null,
        r#true,
        r#false,
    } = dialect;
    hasher.byte(*delimiter);
    hasher.text(&decimal.to_string());
    hasher.text(encoding);
    for words in [null, r#true, r#false] {
        words.feed(hasher);
    }
}

/// A check with one of the first four rules, whole and without conditions, is fed as it always was:
/// a table is not read again for the sake of a new version.
fn feed_check(check: &Check, hasher: &mut ContentHasher) {
    let Some((column, rule)) = plain(check) else {
        // No column has an empty name.
        hasher.text("");
        let block = check.block();
        hasher.count(block.len());
        for (key, value) in block {
            hasher.text(&key);
            value.feed(hasher);
        }
        return;
    };
    hasher.text(column.as_str());
    hasher.byte(rule);
    match &check.rule {
        Rule::Between(Bounds { low, high }) => {
            let bounds: Vec<&Value> = low.iter().chain(high).collect();
            bounds.feed(hasher);
        }
        Rule::InSet(values) => values.feed(hasher),
        _ => {}
    }
    hasher.float(check.mostly);
    hasher.byte(match check.severity {
        Severity::Warn => 0,
        Severity::Quarantine => 1,
        Severity::Fail => 2,
    });
}

/// The column and the number of the rule of a check that the first version had too.
fn plain(check: &Check) -> Option<(&ColumnName, u8)> {
    let rule = match &check.rule {
        Rule::NotNull => 0,
        Rule::Unique => 1,
        Rule::Between(Bounds {
            low: Some(_),
            high: Some(_),
        }) => 2,
        Rule::InSet(_) => 3,
        _ => return None,
    };
    let column = check.column()?;
    let is_plain = check.filter.is_none() && !check.has_thresholds();
    is_plain.then_some((column, rule))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::definition::{Dtype, Expression, Threshold};
    use crate::table::testing::{name, table};

    /// What the first version, which had four rules, called these tables.
    #[test]
    fn tables_of_the_first_version_are_read_as_they_were() {
        let mut usage = table(&[("hours", Dtype::F64), ("plan", Dtype::String)]);
        let check = |column: &str, rule, mostly, severity| Check {
            columns: vec![name(column)],
            rule,
            filter: None,
            mostly,
            severity,
            warn: None,
            fail: None,
        };
        let bounds = Bounds {
            low: Some(Value::Float(0.0)),
            high: Some(Value::Float(744.0)),
        };
        let set = vec![Value::Text("a".into()), Value::Text("b".into())];
        usage.checks = vec![
            check("hours", Rule::Between(bounds), 0.99, Severity::Quarantine),
            check("plan", Rule::InSet(set), 1.0, Severity::Warn),
            check("user_id", Rule::NotNull, 1.0, Severity::Fail),
            check("user_id", Rule::Unique, 1.0, Severity::Fail),
        ];
        assert_eq!(
            reading_hash(&usage).to_string(),
            "97727eacb3787c5eac8425f60b13054984ec61c14cb5da1244f2ac0671715031"
        );
    }

    #[test]
    fn every_part_of_a_check_counts() {
        let mut usage = table(&[("hours", Dtype::F64)]);
        let plain = Check {
            columns: vec![name("hours")],
            rule: Rule::NotNull,
            filter: None,
            mostly: 1.0,
            severity: Severity::Fail,
            warn: None,
            fail: None,
        };
        let columns = [(name("hours"), Dtype::F64)].into();
        let filter = |text: &str| Some(Expression::parse(text, &columns).unwrap());
        let checks = [
            plain.clone(),
            Check {
                filter: filter("hours > 1"),
                ..plain.clone()
            },
            Check {
                filter: filter("hours > 2"),
                ..plain.clone()
            },
            Check {
                fail: Some(Threshold::Count(2)),
                ..plain.clone()
            },
            Check {
                fail: Some(Threshold::Count(3)),
                ..plain.clone()
            },
            Check {
                fail: Some(Threshold::Share(0.5)),
                ..plain.clone()
            },
            Check {
                warn: Some(Threshold::Count(2)),
                ..plain.clone()
            },
            Check {
                columns: vec![name("hours"), name("user_id")],
                ..plain.clone()
            },
            Check {
                rule: Rule::Increasing,
                ..plain.clone()
            },
            Check {
                rule: Rule::StrictlyIncreasing,
                ..plain
            },
        ];
        let mut seen = std::collections::BTreeSet::new();
        for check in checks {
            usage.checks = vec![check.clone()];
            assert!(seen.insert(reading_hash(&usage)), "{check:?}");
        }
    }
}
