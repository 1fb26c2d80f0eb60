//! The error of a file that failed its checks.

use crate::definition::Table;
use crate::error::{Error, Kind};
use crate::table::{aligned, counted, grouped};

use super::checked::Checked;
use super::result::CheckResult;

/// So many rows are told of each check; more are counted.
const SHOWN: usize = 5;

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
        result.examples.iter().take(SHOWN).map(|example| {
            vec![
                checked.file().places.place_of_line(example.line),
                result.subject(),
                example.value.clone(),
                format!("must be {}", result.rule),
            ]
        })
    });
    let counts = failed.iter().map(|result| {
        let found = match result.failed {
            0 => format!("found {}", result.observed_words()),
            failed => format!(
                "broken by {} of {}",
                grouped(failed),
                counted(result.checked, "row")
            ),
        };
        vec![result.subject(), result.rule.clone(), found]
    });
    let error = Error::new(Kind::DataRefused, message)
        .details(aligned(&rows.collect::<Vec<_>>()))
        .details(aligned(&counts.collect::<Vec<_>>()));
    Some(helped(error, worst, table))
}

fn helped(error: Error, result: &CheckResult, table: &Table) -> Error {
    let definition = &table.origin.source.path;
    let by_row = result.failed > 0;
    let ways = match share_passing(result) {
        _ if !by_row && result.is_about_file() => "`severity = \"warn\"`".into(),
        _ if !by_row => "other bounds or `severity = \"warn\"`".into(),
        _ if result.block.keys().any(|key| key.starts_with("fail.")) => {
            "a higher `fail`".to_string()
        }
        _ if !result.may_quarantine() => "`severity = \"warn\"`".into(),
        Some(share) => format!("`mostly = {share}` or `severity = \"quarantine\"`"),
        None => "`severity = \"quarantine\"`".into(),
    };
    let subject = result.subject();
    error.help(format!(
        "mend the file; or accept it by {ways} in the check on {subject} in {definition}"
    ))
}

/// The share that the file would have passed, to three digits, rounded down; none when there is not
/// much left of it.
fn share_passing(result: &CheckResult) -> Option<f64> {
    let passing = (result.checked - result.failed) as f64 / result.checked as f64;
    let rounded = (passing * 1000.0).floor() / 1000.0;
    (rounded >= 0.5).then_some(rounded)
}
