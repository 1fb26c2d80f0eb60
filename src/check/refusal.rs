//! The error of a file that failed its checks.

use crate::definition::Table;
use crate::error::{Error, Kind};
use crate::table::{aligned, counted, grouped};

use super::checked::Checked;
use super::result::CheckResult;

/// The error of a file that failed checks of severity `fail`; none when it failed none.
///
/// For each failed check a line with its count, and lines with its first rows: place, column, value,
/// rule.
pub fn refusal(checked: &Checked, table: &Table) -> Option<Error> {
    let failed: Vec<_> = checked.failed().collect();
    let worst = failed.first()?;
    let message = format!(
        "{} refused: {} failed",
        table.name,
        counted(failed.len(), "check")
    );
    let rows = failed.iter().flat_map(|result| {
        result.examples.iter().map(|example| {
            vec![
                checked.file().places.place_of_line(example.line),
                result.column.to_string(),
                example.value.clone(),
                format!("must be {}", result.rule),
            ]
        })
    });
    let counts = failed.iter().map(|result| {
        let count = format!(
            "broken by {} of {}",
            grouped(result.failed),
            counted(result.checked, "row")
        );
        vec![result.column.to_string(), result.rule.clone(), count]
    });
    let error = Error::new(Kind::DataRefused, message)
        .details(aligned(&rows.collect::<Vec<_>>()))
        .details(aligned(&counts.collect::<Vec<_>>()));
    Some(helped(error, worst, table))
}

fn helped(error: Error, result: &CheckResult, table: &Table) -> Error {
    let definition = &table.origin.source.path;
    let ways = match share_passing(result) {
        Some(share) => format!("`mostly = {share}` or `severity = \"quarantine\"`"),
        None => "`severity = \"quarantine\"`".into(),
    };
    error.help(format!(
        "mend the file; or accept it by {ways} in the check on {} in {definition}",
        result.column
    ))
}

/// The share that the file would have passed, to three digits, rounded down; none when there is not
/// much left of it.
fn share_passing(result: &CheckResult) -> Option<f64> {
    let passing = (result.checked - result.failed) as f64 / result.checked as f64;
    let rounded = (passing * 1000.0).floor() / 1000.0;
    (rounded >= 0.5).then_some(rounded)
}
