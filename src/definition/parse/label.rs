//! `[label]`: what is to be predicted.

use super::Tables;
use crate::definition::item::Item;
use crate::definition::section::Section;
use crate::definition::wording::{owned, suggestion};
use crate::definition::{Column, ColumnName, Dtype, Label, Table, TableName, Task};

/// What a label of each task can be.
const BINARY: &str = "a label is a bool, an i64 of 0 and 1, or a string with `positive`; with \
                      `task = \"regression\"` a number";
const MULTICLASS: &str = "classes are texts or whole numbers: a string or an i64";
const REGRESSION: &str = "`task = \"regression\"` predicts a number: an f64 or an i64";

pub(super) fn read(section: &Section<'_>, tables: &Tables) -> Option<Label> {
    let table = section.required("table", "the table that has the label");
    let table = table.and_then(|item| Some((item.parse::<TableName>()?, tables.find(&item)?)));
    let known = table.as_ref().and_then(|(_, table)| table.as_ref());
    let task = section.optional("task").map(|item| item.word(Task::WORDS));
    // One that is in error may be any.
    let is_known = !matches!(task, Some(None));
    let task = task.flatten().unwrap_or(Task::Binary);
    let column = section
        .required("column", "the column of that table to predict")
        .and_then(|item| column(&item, known.copied()?, task));
    let weight = section.optional("weight");
    let weight = weight.and_then(|item| weight_column(&item, known.copied()?, column.as_ref()));
    let lead = section.optional("lead").and_then(|item| lead(&item));
    let positive = section.optional("positive");
    let dtype = column.as_ref().map(|(_, dtype)| *dtype);
    let positive = positive_text(section, positive, dtype.filter(|_| is_known), task);
    section.finish();
    Some(Label {
        table: table?.0,
        column: column?.0,
        lead: lead.unwrap_or(0),
        task,
        positive,
        weight,
    })
}

/// A column of the label's table, by the name that stands there.
fn known_column(item: &Item<'_>, table: &Table) -> Option<(ColumnName, Dtype)> {
    let text = item.text()?;
    let Some((name, Column { dtype, .. })) = table.columns.get_key_value(text) else {
        let owner = format!("table `{}`", table.name);
        let known = table.columns.keys().map(ColumnName::as_str);
        item.refuse(
            format!("unknown column `{text}`"),
            owned(text, &owner, known),
        );
        return None;
    };
    Some((name.clone(), *dtype))
}

/// The label's column, of a type that the task can predict.
fn column(item: &Item<'_>, table: &Table, task: Task) -> Option<(ColumnName, Dtype)> {
    let (name, dtype) = known_column(item, table)?;
    if name == table.key {
        let label = format!("it is the key of `{}`", table.entity);
        item.refuse(format!("column `{name}` cannot be a label"), label);
        return None;
    }
    let (fits, expected) = match task {
        Task::Binary => (
            matches!(dtype, Dtype::Bool | Dtype::I64 | Dtype::String),
            BINARY,
        ),
        Task::Multiclass => (matches!(dtype, Dtype::I64 | Dtype::String), MULTICLASS),
        Task::Regression => (matches!(dtype, Dtype::F64 | Dtype::I64), REGRESSION),
    };
    if !fits {
        let message = format!("column `{name}` cannot be a label");
        item.refuse(message, format!("it is {}: {expected}", dtype.as_str()));
        return None;
    }
    Some((name, dtype))
}

/// The column that says how much a row counts.
fn weight_column(
    item: &Item<'_>,
    table: &Table,
    label: Option<&(ColumnName, Dtype)>,
) -> Option<ColumnName> {
    let (name, dtype) = known_column(item, table)?;
    let why = if name == table.key {
        format!("it is the key of `{}`", table.entity)
    } else if label.is_some_and(|(label, _)| *label == name) {
        "it is the label".to_string()
    } else if !matches!(dtype, Dtype::F64 | Dtype::I64) {
        format!("it is {}, and a weight is a number", dtype.as_str())
    } else {
        return Some(name);
    };
    item.refuse(format!("column `{name}` cannot be a weight"), why);
    None
}

fn lead(item: &Item<'_>) -> Option<u32> {
    let lead = u32::try_from(item.integer()?);
    if lead.is_err() {
        item.refuse_value("0: the label of the same date; 1: of the next date on file");
    }
    lead.ok()
}

/// Which text counts as true: needed where two classes are made of a string, and nothing otherwise.
fn positive_text(
    section: &Section<'_>,
    item: Option<Item<'_>>,
    dtype: Option<Dtype>,
    task: Task,
) -> Option<String> {
    if task != Task::Binary {
        if let Some(item) = item {
            let label = format!("`task = \"{}\"` has no positive class", task.as_str());
            item.refuse("`positive` has no meaning here", label);
        }
        return None;
    }
    match (item, dtype) {
        (None, Some(Dtype::String)) => {
            let label = "the label is a string: say which text counts as true, or \
                         `task = \"multiclass\"`";
            section.refuse("missing key `positive`", label);
            None
        }
        (Some(item), Some(Dtype::String) | None) => {
            let text = item.text()?;
            if text.is_empty() {
                item.refuse_value("the empty text is null, and null is no label");
            }
            Some(text.to_string())
        }
        (Some(item), Some(_)) => {
            let label = "it goes with a label that is a string";
            item.refuse("`positive` has no meaning here", label);
            None
        }
        (None, _) => None,
    }
}

impl Tables {
    /// The table that `item` names, reported if there is none; inside, nothing for one whose own
    /// file is in error.
    pub(super) fn find(&self, item: &Item<'_>) -> Option<Option<&Table>> {
        self.find_named(item, item.text()?)
    }

    pub(super) fn find_named(&self, item: &Item<'_>, name: &str) -> Option<Option<&Table>> {
        let found = self.0.get(name);
        if found.is_none() {
            let label = suggestion(name, self.names(), "features/ declares");
            item.refuse(format!("unknown table `{name}`"), label);
        }
        found.map(Option::as_ref)
    }
}
