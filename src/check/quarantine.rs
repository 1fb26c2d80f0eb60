//! The rows that were set aside, as a table of their own.

use super::checked::Checked;
use super::result::lines;
use crate::definition::ColumnName;
use crate::table::{Frame, Values};

impl Checked {
    /// Every row that was set aside with all its columns as they were read, its line in the file
    /// (`__line`) and the rules it broke (`__rules`); none when none was. In the order of the lines.
    pub fn quarantine(&self) -> Option<Frame> {
        let quarantined = self.quarantined();
        if quarantined.is_empty() {
            return None;
        }
        let mut order: Vec<_> = quarantined.iter().collect();
        order.sort_by_key(|row| self.file().places.line(row.row as usize));
        let rows: Vec<u32> = order.iter().map(|quarantined| quarantined.row).collect();
        let rules: Vec<Option<String>> = order
            .iter()
            .map(|quarantined| Some(self.rules(&quarantined.checks)))
            .collect();
        let lines = Values::integers(&lines(&self.file().places, &rows));
        let frame = self.file().frame.take(rows);
        Some(
            frame
                .with_column(ColumnName::line(), lines)
                .with_column(ColumnName::rules(), Values::strings(&rules)),
        )
    }

    /// `hours between 0 and 744; user_id unique`, in the order of the checks.
    fn rules(&self, checks: &[usize]) -> String {
        let rule = |at: &usize| {
            let result = &self.results()[*at];
            match (&result.column, result.columns.is_empty()) {
                // A condition names its columns itself.
                (None, true) => result.rule.clone(),
                _ => format!("{} {}", result.subject(), result.rule),
            }
        };
        checks.iter().map(rule).collect::<Vec<_>>().join("; ")
    }
}
