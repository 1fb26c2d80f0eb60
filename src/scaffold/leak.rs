//! Columns that say what the label says.

use std::collections::BTreeMap;

use super::label::{Answers, Label};
use super::sheet::Sheet;
use super::survey::Survey;

/// Columns with more different values than this tell rows apart by accident.
const FEW_VALUES: usize = 20;
/// Both answers must occur this often before a coincidence counts as more.
const ENOUGH: usize = 5;

/// Leaves out every column that answers the label's question one to one.
pub fn leave_out(surveys: &mut [Survey<'_>], label: &Label) {
    for survey in surveys {
        let Some(sheet) = survey.on(label.as_of) else {
            continue;
        };
        for column in survey
            .columns
            .iter_mut()
            .filter(|column| column.left_out.is_none())
        {
            if column.name == survey.key {
                continue;
            }
            let is_null = |word: &str| word.is_empty() || survey.dialect.nulls.contains(word);
            let value = |word: &str| {
                if is_null(word) {
                    String::new()
                } else {
                    word.to_string()
                }
            };
            let filled = |word: &str| is_null(word).to_string();
            let names = (survey.key, column.name);
            if tells(sheet, names, label, value) {
                column.left_out = Some(format!(
                    "each of its values goes with one `{}`",
                    label.column
                ));
            } else if tells(sheet, names, label, filled) {
                column.left_out = Some(format!("it is empty exactly by `{}`", label.column));
            }
        }
    }
}

/// Whether the classes of a column's cells tell the label of every row.
fn tells(
    sheet: &Sheet,
    (key, column): (&str, &str),
    label: &Label,
    class: impl Fn(&str) -> String,
) -> bool {
    let Answers::Classes { of, classes } = &label.answers else {
        return false;
    };
    let mut counts: BTreeMap<String, Vec<usize>> = BTreeMap::new();
    for (key, word) in sheet.cells(key).zip(sheet.cells(column)) {
        if let Some(answer) = of.get(key) {
            let count = counts.entry(class(word));
            count.or_insert_with(|| vec![0; *classes])[*answer] += 1;
            if counts.len() > FEW_VALUES {
                return false;
            }
        }
    }
    let total = |answer: usize| counts.values().map(|count| count[answer]).sum::<usize>();
    let one_answer = |count: &Vec<usize>| count.iter().filter(|rows| **rows > 0).count() == 1;
    counts.values().all(one_answer) && (0..*classes).all(|answer| total(answer) >= ENOUGH)
}
