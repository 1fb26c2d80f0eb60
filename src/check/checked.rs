//! A file after its checks.

use crate::definition::{Check, Severity};
use crate::table::{Frame, Places, ReadFile};

use super::Against;
use super::result::{CheckResult, run};

/// A file whose checks have run, divided into clean and quarantined rows. Only [`check`] makes one.
#[derive(Debug, Clone)]
pub struct Checked {
    file: ReadFile,
    clean: Frame,
    places: Places,
    results: Vec<CheckResult>,
    quarantined: Vec<Quarantined>,
}

/// A row that was set aside.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Quarantined {
    /// Counted from 0 in the file as it was read.
    pub row: u32,
    /// The checks whose rules the row broke, by their place in the list of results, ascending.
    pub checks: Vec<usize>,
}

/// Runs the checks over a file and takes the rows away that are to be quarantined.
pub fn check(file: ReadFile, checks: &[Check], against: &Against) -> Checked {
    let results = run(checks, &file, against);
    let quarantined = quarantined(&results);
    let (clean, places) = if quarantined.is_empty() {
        (file.frame.clone(), file.places.clone())
    } else {
        let taken = taken(&quarantined, file.frame.rows());
        (
            file.frame.filter(|row| !taken[row]),
            file.places.filter(|row| !taken[row]),
        )
    };
    Checked {
        file,
        clean,
        places,
        results,
        quarantined,
    }
}

/// The rows to set aside, ascending.
fn quarantined(results: &[CheckResult]) -> Vec<Quarantined> {
    let mut pairs: Vec<(u32, usize)> = Vec::new();
    for (at, result) in results.iter().enumerate() {
        if result.severity == Severity::Quarantine && !result.passed {
            pairs.extend(result.rows.iter().map(|row| (*row, at)));
        }
    }
    pairs.sort_unstable();
    pairs
        .chunk_by(|a, b| a.0 == b.0)
        .map(|pairs| Quarantined {
            row: pairs[0].0,
            checks: pairs.iter().map(|(_, at)| *at).collect(),
        })
        .collect()
}

fn taken(quarantined: &[Quarantined], rows: usize) -> Vec<bool> {
    let mut taken = vec![false; rows];
    for row in quarantined {
        taken[row.row as usize] = true;
    }
    taken
}

impl Checked {
    /// The rows that stay.
    pub fn frame(&self) -> &Frame {
        &self.clean
    }

    /// Where the rows that stay stand in the file.
    pub fn places(&self) -> &Places {
        &self.places
    }

    /// The file as it was read, quarantined rows included.
    pub fn file(&self) -> &ReadFile {
        &self.file
    }

    /// One result for each check, in the order of the checks.
    pub fn results(&self) -> &[CheckResult] {
        &self.results
    }

    /// The rows that were set aside, in the order of the file.
    pub fn quarantined(&self) -> &[Quarantined] {
        &self.quarantined
    }

    /// Whether a check of severity `fail` did not pass.
    pub fn is_refused(&self) -> bool {
        self.failed().next().is_some()
    }

    pub(super) fn failed(&self) -> impl Iterator<Item = &CheckResult> {
        self.results
            .iter()
            .filter(|result| result.severity == Severity::Fail && !result.passed)
    }
}
