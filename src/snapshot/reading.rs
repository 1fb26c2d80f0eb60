//! How a table is read, as a hash: when it changes, the files must be read again.

use crate::definition::{Check, CsvDialect, Format, Mode, Rule, Severity, Source, Table, Value};
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

fn feed_check(check: &Check, hasher: &mut ContentHasher) {
    let Check {
        column,
        rule,
        mostly,
        severity,
    } = check;
    hasher.text(column.as_str());
    match rule {
        Rule::NotNull => hasher.byte(0),
        Rule::Unique => hasher.byte(1),
        Rule::Between { low, high } => {
            hasher.byte(2);
            let bounds: [&Value; 2] = [low, high];
            bounds.feed(hasher);
        }
        Rule::InSet(values) => {
            hasher.byte(3);
            values.feed(hasher);
        }
    }
    hasher.float(*mostly);
    hasher.byte(match severity {
        Severity::Warn => 0,
        Severity::Quarantine => 1,
        Severity::Fail => 2,
    });
}
