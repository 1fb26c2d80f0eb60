//! `[columns]`: what every file of a table has.

use std::collections::BTreeMap;

use crate::definition::item::Item;
use crate::definition::section::Section;
use crate::definition::wording::{owned, suggestion};
use crate::definition::{Column, ColumnName, Dtype};

/// The columns of a table while the rest of its file is read.
pub(super) struct Columns<'d> {
    table: String,
    section: Section<'d>,
    declared: BTreeMap<ColumnName, Declared<'d>>,
}

struct Declared<'d> {
    item: Item<'d>,
    /// None for one that was reported: it is there, and nothing is said of it.
    column: Option<Column>,
}

impl<'d> Columns<'d> {
    pub fn read(section: Section<'d>, table: &str) -> Self {
        let mut declared = BTreeMap::new();
        for (name, item) in section.entries() {
            match name.parse() {
                Ok(name) => {
                    let column = column(&item);
                    declared.insert(name, Declared { item, column });
                }
                Err(why) => {
                    let why: crate::definition::InvalidName = why;
                    section.refuse_key(name, "invalid name of a column", why.0);
                }
            }
        }
        Self {
            table: table.to_string(),
            section,
            declared,
        }
    }

    /// The declared column that `item` names; reported if there is none. The dtype is unknown for
    /// a column whose declaration was reported.
    pub fn find(&self, item: &Item<'_>) -> Option<(ColumnName, Option<Dtype>)> {
        let name = item.text()?;
        let Some((column, declared)) = self.declared.get_key_value(name) else {
            let owner = format!("table `{}`", self.table);
            let known = self.declared.keys().map(ColumnName::as_str);
            item.refuse(
                format!("unknown column `{name}`"),
                owned(name, &owner, known),
            );
            return None;
        };
        let dtype = declared.column.as_ref().map(|column| column.dtype);
        Some((column.clone(), dtype))
    }

    /// A column that orders rows in time.
    pub fn find_time(&self, item: &Item<'_>) -> Option<ColumnName> {
        let (name, dtype) = self.find(item)?;
        if !dtype.is_none_or(|dtype| matches!(dtype, Dtype::Date | Dtype::Datetime)) {
            let label = "it has to be a date or a datetime";
            item.refuse(format!("column `{name}` holds no time"), label);
        }
        self.refuse_since(&name, "it places every row in time");
        Some(name)
    }

    /// Checks that the entity's key is a column rows can be told apart by.
    pub fn check_key(&self, key: &ColumnName, entity: &str) {
        let Some(declared) = self.declared.get(key) else {
            let label = format!("the key of `{entity}`: declare it");
            return self
                .section
                .refuse(format!("missing column `{key}`"), label);
        };
        let dtype = declared.column.as_ref().map(|column| column.dtype);
        if !dtype.is_none_or(|dtype| matches!(dtype, Dtype::String | Dtype::I64)) {
            let label = format!("it is the key of `{entity}`: string or i64");
            declared
                .item
                .refuse(format!("column `{key}` cannot be a key"), label);
        }
        self.refuse_since(key, "it identifies every row");
    }

    fn refuse_since(&self, name: &ColumnName, why: &str) {
        let declared = self.declared.get(name);
        if let Some(Declared {
            item,
            column: Some(Column { since: Some(_), .. }),
        }) = declared
        {
            item.refuse(
                format!("column `{name}` cannot be absent from older files"),
                why,
            );
        }
    }

    /// Every column's dtype; none if a declaration was reported.
    pub fn dtypes(&self) -> Option<BTreeMap<ColumnName, Dtype>> {
        let each = self.declared.iter();
        each.map(|(name, declared)| Some((name.clone(), declared.column.as_ref()?.dtype)))
            .collect()
    }

    /// The columns that no file may lack.
    pub fn always_there(&self) -> impl Iterator<Item = &ColumnName> {
        let undated = |declared: &Declared<'_>| {
            let column = declared.column.as_ref();
            column.is_some_and(|column| column.since.is_none())
        };
        self.declared
            .iter()
            .filter(move |(_, declared)| undated(declared))
            .map(|(name, _)| name)
    }

    pub fn names(&self) -> impl Iterator<Item = &ColumnName> {
        self.declared.keys()
    }

    pub fn finish(self) -> Option<BTreeMap<ColumnName, Column>> {
        let each = self.declared.into_iter();
        each.map(|(name, declared)| Some((name, declared.column?)))
            .collect()
    }
}

fn dtype(item: &Item<'_>) -> Option<Dtype> {
    item.word(&Dtype::ALL.map(|dtype| (dtype.as_str(), dtype)))
}

/// `"f64"`, or `{ type = "f64", since = 2024-02-29 }`.
fn column(item: &Item<'_>) -> Option<Column> {
    if !item.is_table() {
        let dtype = dtype(item)?;
        return Some(Column { dtype, since: None });
    }
    let section = item.section()?;
    let dtype = section
        .required("type", "such as \"f64\"")
        .and_then(|item| dtype(&item));
    let since = section.optional("since").and_then(|item| item.date());
    section.finish_as(|key, known| suggestion(key, known.iter().copied(), "a column takes"));
    Some(Column {
        dtype: dtype?,
        since,
    })
}
