//! `[[checks]]`: rules over an incoming file, one a block.

mod options;
mod reference;
mod rule;
mod value;

use super::column::Columns;
use crate::definition::item::Item;
use crate::definition::section::Section;
use crate::definition::wording::quoted;
use crate::definition::{Check, ColumnName, Dtype, Severity};

pub(super) use reference::hold_references;

pub(in crate::definition) const SEVERITIES: &[(&str, Severity)] = &[
    ("warn", Severity::Warn),
    ("quarantine", Severity::Quarantine),
    ("fail", Severity::Fail),
];

/// What a rule looks at.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Subject {
    /// `column`
    Column,
    /// `columns`, two or more
    Columns,
    /// `column` or `columns`
    Either,
    /// The file as a whole, or what the rule itself names.
    File,
}

/// Every rule by its key.
const RULES: &[(&str, Subject)] = &[
    ("not_null", Subject::Column),
    ("unique", Subject::Either),
    ("between", Subject::Column),
    ("in_set", Subject::Column),
    ("not_in_set", Subject::Column),
    ("regex", Subject::Column),
    ("length", Subject::Column),
    ("date_format", Subject::Column),
    ("dtype", Subject::Column),
    ("increasing", Subject::Column),
    ("strictly_increasing", Subject::Column),
    ("greater_than", Subject::Column),
    ("at_least", Subject::Column),
    ("row_sum", Subject::Columns),
    ("sql", Subject::File),
    ("exists_in", Subject::Column),
    ("min", Subject::Column),
    ("max", Subject::Column),
    ("mean", Subject::Column),
    ("median", Subject::Column),
    ("stdev", Subject::Column),
    ("sum", Subject::Column),
    ("quantile", Subject::Column),
    ("distinct_count", Subject::Column),
    ("distinct_in_set", Subject::Column),
    ("distinct_contains", Subject::Column),
    ("distinct_equals", Subject::Column),
    ("null_share", Subject::Column),
    ("row_count", Subject::File),
    ("row_count_equals", Subject::File),
    ("column_set", Subject::File),
    ("column_order", Subject::File),
    ("freshness", Subject::Column),
];

/// The checks of all blocks, in the order of the file.
pub(super) fn read(list: &Item<'_>, columns: &Columns<'_>) -> Vec<Check> {
    let blocks = list.list().unwrap_or_default();
    let block = |item: Item<'_>| Some(read_block(&item.section()?, columns));
    blocks.into_iter().filter_map(block).flatten().collect()
}

/// A rule of a block: its key, what it looks at, and what stands there.
type Written<'d> = (&'static str, Subject, Item<'d>);

/// One check; two where `not_null` stands beside another rule. None where something was reported.
fn read_block(block: &Section<'_>, columns: &Columns<'_>) -> Vec<Check> {
    let written = |(key, subject): &(&'static str, Subject)| {
        let item = block.optional(key)?;
        Some((*key, *subject, item))
    };
    let rules: Vec<Written<'_>> = RULES.iter().filter_map(written).collect();
    for key in ["column", "columns"] {
        block.optional(key);
    }
    let options = options::read(block, columns);
    let (not_null, rule) = alone(block, &rules);
    let mut found = Vec::new();
    if let Some((key, subject, item)) = rule
        && let Some(looked_at) = looked_at(block, key, *subject, columns)
    {
        let not_null = not_null.map(|(key, _, item)| rule::read(key, item, &looked_at, columns));
        let rule = rule::read(key, item, &looked_at, columns);
        for rule in not_null.into_iter().chain([rule]).flatten() {
            options.hold_against(block, &rule);
            let names = looked_at.iter().map(|(name, _)| name.clone());
            found.push(options.clone().into_check(names.collect(), rule));
        }
    }
    block.finish();
    found
}

/// The one rule of a block, and `not_null` where it stands beside it: of one column, both can be
/// meant in one breath. Reports blocks with no rule, and with others together.
fn alone<'r, 'd>(
    block: &Section<'_>,
    rules: &'r [Written<'d>],
) -> (Option<&'r Written<'d>>, Option<&'r Written<'d>>) {
    match rules {
        [] => {
            let label = "add `not_null`, `unique`, `between` or `in_set`";
            block.refuse("a check without a rule", label);
            (None, None)
        }
        [rule] => (None, Some(rule)),
        [
            not_null @ ("not_null", ..),
            rule @ (_, Subject::Column | Subject::Either, _),
        ] if !block.has("columns") => (Some(not_null), Some(rule)),
        [first, others @ ..] => {
            for (key, ..) in others {
                let label = format!("a block has one rule, here `{}`: add a block", first.0);
                block.refuse_key(key, "two rules in one block", label);
            }
            (None, None)
        }
    }
}

/// Columns with their dtypes; a dtype is unknown where its declaration was reported.
type LookedAt = Vec<(ColumnName, Option<Dtype>)>;

/// The columns of a block, as its rule needs them. None where something was reported.
fn looked_at(
    block: &Section<'_>,
    rule: &str,
    subject: Subject,
    columns: &Columns<'_>,
) -> Option<LookedAt> {
    let unfit = |key: &str, looks: &str, label: &str| {
        if block.has(key) {
            block.refuse_key(key, format!("`{rule}` {looks}"), label);
        }
    };
    match subject {
        Subject::File => {
            let looks = match rule {
                "sql" => "names its columns itself",
                _ => "looks at the whole file",
            };
            unfit("column", looks, "remove it");
            unfit("columns", looks, "remove it");
            Some(Vec::new())
        }
        Subject::Columns if block.has("column") => {
            unfit(
                "column",
                "looks at several columns",
                "write `columns = […]`",
            );
            None
        }
        Subject::Columns => {
            let item = block.required("columns", "the columns it looks at, two or more")?;
            several(&item, columns)
        }
        Subject::Either if block.has("columns") => {
            let label = "keep one of the two keys";
            unfit("column", "looks at one or at several columns", label);
            several(&block.optional("columns")?, columns)
        }
        Subject::Column if block.has("columns") => {
            unfit("columns", "looks at one column", "write `column = \"…\"`");
            None
        }
        Subject::Column | Subject::Either => {
            let item = block.required("column", "the column it looks at")?;
            Some(vec![columns.find(&item)?])
        }
    }
}

/// Two or more different columns.
fn several(item: &Item<'_>, columns: &Columns<'_>) -> Option<LookedAt> {
    let texts = item.texts()?;
    let mut found = LookedAt::new();
    for (text, item) in &texts {
        let Some(column) = columns.find(item) else {
            continue;
        };
        if found.iter().any(|(name, _)| *name == column.0) {
            item.refuse(
                format!("column {} stands twice", quoted([*text])),
                "remove it",
            );
        } else {
            found.push(column);
        }
    }
    if texts.len() < 2 {
        item.refuse_value("two columns or more; one alone is `column = \"…\"`");
    }
    (found.len() == texts.len() && found.len() > 1).then_some(found)
}
