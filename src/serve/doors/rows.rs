//! Rows of named columns, as protocols bring them.

use serde_json::{Map, Value};

use crate::serve::legible::legible;
use crate::serve::problem::Problem;

/// Values by column and row. Columns have different names and one length.
#[derive(Debug, PartialEq)]
pub struct Rows {
    pub count: usize,
    columns: Vec<Column>,
}

#[derive(Debug, PartialEq)]
pub struct Column {
    pub name: String,
    pub values: Vec<Value>,
}

impl Rows {
    /// # Errors
    /// A name stands twice, or columns differ in length.
    pub fn of(columns: Vec<Column>) -> Result<Self, Problem> {
        let count = columns.first().map_or(0, |first| first.values.len());
        let mut names: Vec<&str> = columns.iter().map(|column| column.name.as_str()).collect();
        names.sort_unstable();
        if let Some(pair) = names.windows(2).find(|pair| pair[0] == pair[1]) {
            let why = format!("The column {} stands there twice.", shown(pair[0]));
            return Err(wrong(why));
        }
        let other = columns.iter().find(|column| column.values.len() != count);
        match (other, columns.first()) {
            (Some(other), Some(first)) => Err(wrong(format!(
                "The column {} has {count} values, and {} has {}.",
                shown(&first.name),
                shown(&other.name),
                other.values.len()
            ))),
            _ => Ok(Self { count, columns }),
        }
    }

    /// Of lists of values, each in the order of the names.
    pub fn of_lists(names: Vec<String>, lists: Vec<Value>) -> Result<Self, Problem> {
        let (count, width) = (lists.len(), names.len());
        if width == 0 {
            return Err(without_columns());
        }
        let mut columns: Vec<Column> = names
            .into_iter()
            .map(|name| Column {
                name,
                values: Vec::with_capacity(count),
            })
            .collect();
        for (row, list) in lists.into_iter().enumerate() {
            let values = match list {
                Value::Array(values) if values.len() == width => values,
                Value::Array(values) => {
                    let found = values.len();
                    let why = format!(
                        "The row has {found} values, and the names of columns are {width}."
                    );
                    return Err(wrong(why).in_row(row, count));
                }
                _ => return Err(wrong("A row is a list of values.").in_row(row, count)),
            };
            for (column, value) in columns.iter_mut().zip(values) {
                column.values.push(value);
            }
        }
        Self::of(columns)
    }

    /// Of objects with the same names.
    pub fn of_objects(objects: Vec<Value>) -> Result<Self, Problem> {
        let count = objects.len();
        let mut columns: Vec<Column> = Vec::new();
        for (row, object) in objects.into_iter().enumerate() {
            let Value::Object(mut object) = object else {
                return Err(wrong("A row is an object with names of columns.").in_row(row, count));
            };
            if row == 0 {
                columns.extend(object.keys().map(|name| Column {
                    name: name.clone(),
                    values: Vec::with_capacity(count),
                }));
            }
            for column in &mut columns {
                let lacks = || {
                    let name = shown(&column.name);
                    wrong(format!("The row lacks {name}, which the first row has."))
                        .in_row(row, count)
                };
                let value = object.remove(&column.name).ok_or_else(lacks)?;
                column.values.push(value);
            }
            if let Some(name) = object.keys().next() {
                let why = format!("The row has {}, which the first row lacks.", shown(name));
                return Err(wrong(why).in_row(row, count));
            }
        }
        if columns.is_empty() && count > 0 {
            return Err(without_columns());
        }
        Self::of(columns)
    }

    /// Of lists of values by the name of the column, or of one value by each name.
    pub fn of_lists_by_name(object: Map<String, Value>) -> Result<Self, Problem> {
        if object.is_empty() {
            return Err(without_columns());
        }
        let lists = object.values().filter(|value| value.is_array()).count();
        if lists > 0 && lists < object.len() {
            return Err(wrong(
                "Each column is a list of values, or each is one value.",
            ));
        }
        let columns = object.into_iter().map(|(name, value)| Column {
            name,
            values: match value {
                Value::Array(values) => values,
                one => vec![one],
            },
        });
        Self::of(columns.collect())
    }

    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.columns.iter().map(|column| column.name.as_str())
    }

    /// The values of a column.
    pub fn column(&self, name: &str) -> Option<&[Value]> {
        let found = self.columns.iter().find(|column| column.name == name);
        found.map(|column| column.values.as_slice())
    }
}

fn without_columns() -> Problem {
    wrong("The rows have no columns.")
}

/// The body is understood and is not what is taken.
pub fn wrong(why: impl Into<String>) -> Problem {
    Problem::new(422, why)
}

/// A name that a client wrote, in a message.
pub fn shown(name: &str) -> String {
    let start: String = name.chars().take(60).collect();
    format!("`{}`", legible(&start))
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn array(value: &Value) -> Vec<Value> {
        value.as_array().unwrap().clone()
    }

    fn said(refused: Result<Rows, Problem>) -> String {
        let problem = refused.unwrap_err();
        assert_eq!(problem.status, 422);
        problem.detail.to_string()
    }

    #[test]
    fn the_same_rows_come_in_several_shapes() {
        let names = || vec!["a".to_string(), "b".to_string()];
        let split = Rows::of_lists(names(), array(&json!([[1, "x"], [null, "y"]]))).unwrap();
        let records = json!([{ "a": 1, "b": "x" }, { "b": "y", "a": null }]);
        assert_eq!(Rows::of_objects(array(&records)).unwrap(), split);
        let columns = json!({ "a": [1, null], "b": ["x", "y"] });
        let columns = Rows::of_lists_by_name(columns.as_object().unwrap().clone()).unwrap();
        assert_eq!(columns, split);
        let one = json!({ "a": 1, "b": "x" }).as_object().unwrap().clone();
        let one = Rows::of_lists_by_name(one).unwrap();
        assert_eq!((one.count, one.column("b")), (1, Some(&[json!("x")][..])));
        assert_eq!(Rows::of_objects(Vec::new()).unwrap().count, 0);
    }

    #[test]
    fn what_are_no_rows_is_named() {
        let names = |names: &[&str]| names.iter().map(ToString::to_string).collect();
        let lists = |list: &[&str], rows: Value| said(Rows::of_lists(names(list), array(&rows)));
        let objects = |rows: Value| said(Rows::of_objects(array(&rows)));
        let by_name =
            |value: Value| said(Rows::of_lists_by_name(value.as_object().unwrap().clone()));
        let found = [
            lists(&["a", "a"], json!([])),
            lists(&["a"], json!([[1, 2]])),
            lists(&["a"], json!([[1], 2])),
            lists(&[], json!([])),
            by_name(json!({})),
            objects(json!([1])),
            objects(json!([{}])),
            objects(json!([{ "a": 1 }, { "b": 1 }])),
            objects(json!([{ "a": 1 }, { "a": 1, "b\n": 1 }])),
            by_name(json!({ "a": [1], "b": [1, 2] })),
            by_name(json!({ "a": [1], "b": 1 })),
        ];
        insta::assert_snapshot!(found.join("\n"), @r#"
        The column `a` stands there twice.
        The row has 2 values, and the names of columns are 1.
        Row 2 of 2: A row is a list of values.
        The rows have no columns.
        The rows have no columns.
        A row is an object with names of columns.
        The rows have no columns.
        Row 2 of 2: The row lacks `a`, which the first row has.
        Row 2 of 2: The row has `b\n`, which the first row lacks.
        The column `a` has 1 values, and `b` has 2.
        Each column is a list of values, or each is one value.
        "#);
    }
}
