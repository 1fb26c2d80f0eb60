//! How a CSV file is written: the keys of `[source]` that only CSV has.

use std::collections::BTreeSet;

use crate::definition::CsvDialect;
use crate::definition::item::Item;
use crate::definition::section::Section;

const KEYS: [&str; 6] = ["delimiter", "decimal", "encoding", "null", "true", "false"];

pub(in crate::definition) const DECIMALS: &[(&str, char)] = &[(".", '.'), (",", ',')];

/// Reports the keys that anything but CSV has no use for, and why.
pub(super) fn refuse(source: &Section<'_>, label: &str) {
    for key in KEYS {
        if let Some(item) = source.optional(key) {
            item.refuse(format!("`{key}` goes with CSV only"), label);
        }
    }
}

pub(super) fn read(source: &Section<'_>) -> CsvDialect {
    let delimiter = source
        .optional("delimiter")
        .map_or(Some(b','), |item| delimiter(&item));
    let decimal = source
        .optional("decimal")
        .map_or(Some('.'), |item| item.word(DECIMALS));
    if delimiter.map(char::from) == decimal && decimal.is_some() {
        let key = if source.has("decimal") {
            "decimal"
        } else {
            "delimiter"
        };
        let label = "set `delimiter` and `decimal` to different characters";
        source.refuse_key(key, "the delimiter is the decimal sign", label);
    }
    let encoding = source.optional("encoding").and_then(|item| encoding(&item));
    let dialect = CsvDialect {
        delimiter: delimiter.unwrap_or(b','),
        decimal: decimal.unwrap_or('.'),
        encoding: encoding.unwrap_or_else(|| "utf-8".to_string()),
        null: words(source, "null", &[]),
        r#true: words(source, "true", &["true", "True", "1"]),
        r#false: words(source, "false", &["false", "False", "0"]),
    };
    refuse_ambiguity(source, &dialect);
    dialect
}

fn delimiter(item: &Item<'_>) -> Option<u8> {
    let text = item.text()?;
    match text.as_bytes() {
        [byte] if !matches!(byte, b'"' | b'\n' | b'\r') => Some(*byte),
        _ => {
            item.refuse_value("expected one ASCII character such as \";\"");
            None
        }
    }
}

fn encoding(item: &Item<'_>) -> Option<String> {
    let label = item.text()?;
    if encoding_rs::Encoding::for_label_no_replacement(label.as_bytes()).is_none() {
        item.refuse_value(format!(
            "`{label}` is no encoding of the WHATWG standard, such as utf-8 or latin1"
        ));
        return None;
    }
    Some(label.trim().to_ascii_lowercase())
}

fn words(source: &Section<'_>, key: &'static str, default: &[&str]) -> Vec<String> {
    let written = source.optional(key).and_then(|item| item.texts());
    match written {
        Some(texts) => texts.iter().map(|(text, _)| (*text).to_string()).collect(),
        None => default.iter().map(ToString::to_string).collect(),
    }
}

/// Reports a text that would be two things at once.
fn refuse_ambiguity(source: &Section<'_>, dialect: &CsvDialect) {
    let lists = [
        ("null", &dialect.null),
        ("true", &dialect.r#true),
        ("false", &dialect.r#false),
    ];
    for (a, b) in [(0, 1), (0, 2), (1, 2)] {
        let ((one, ones), (other, others)) = (lists[a], lists[b]);
        let both: BTreeSet<_> = ones.iter().filter(|text| others.contains(text)).collect();
        for text in both {
            let key = if source.has(other) { other } else { one };
            let message = format!("`{text}` means both {one} and {other}");
            source.refuse_key(key, message, "take it out of one of the two lists");
        }
    }
}
