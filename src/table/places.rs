//! Where the rows of a table stood in the file they were read from.

/// The place of each row in its file: a line of a CSV file, a row of a Parquet file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Places {
    path: String,
    lines: Lines,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Lines {
    /// The line each row begins at, counted from 1; the header is a line too.
    Csv(Vec<u32>),
    /// The number of each row, counted from 1.
    Parquet(Vec<u32>),
}

impl Places {
    /// The rows of a CSV file, by the lines they begin at.
    pub(super) fn csv(path: &str, lines: Vec<u32>) -> Self {
        Self {
            path: path.to_string(),
            lines: Lines::Csv(lines),
        }
    }

    /// All rows of a Parquet file.
    pub(super) fn parquet(path: &str, rows: usize) -> Self {
        let numbers = (1..=rows)
            .map(|row| u32::try_from(row).unwrap_or(u32::MAX))
            .collect();
        Self {
            path: path.to_string(),
            lines: Lines::Parquet(numbers),
        }
    }

    /// The file, as it is printed.
    pub fn path(&self) -> &str {
        &self.path
    }

    fn numbers(&self) -> &[u32] {
        let (Lines::Csv(numbers) | Lines::Parquet(numbers)) = &self.lines;
        numbers
    }

    /// The line of a row, or its number in a Parquet file, counted from 1; 0 when there is no such
    /// row.
    pub fn line(&self, row: usize) -> u32 {
        self.numbers().get(row).copied().unwrap_or(0)
    }

    /// `data/2024-02-29/users.csv:12`, or `data/2024-02-29/users.parquet row 12`.
    pub fn place(&self, row: usize) -> String {
        self.place_of_line(self.line(row))
    }

    /// The place of a line of this file.
    pub fn place_of_line(&self, line: u32) -> String {
        match self.lines {
            Lines::Csv(_) => format!("{}:{line}", self.path),
            Lines::Parquet(_) => format!("{} row {line}", self.path),
        }
    }

    /// The places of the rows for which `keep` holds, in their order.
    #[must_use]
    pub fn filter(&self, keep: impl Fn(usize) -> bool) -> Self {
        let kept = |numbers: &[u32]| {
            let rows = numbers.iter().enumerate();
            rows.filter(|(row, _)| keep(*row))
                .map(|(_, number)| *number)
                .collect()
        };
        let lines = match &self.lines {
            Lines::Csv(numbers) => Lines::Csv(kept(numbers)),
            Lines::Parquet(numbers) => Lines::Parquet(kept(numbers)),
        };
        Self {
            path: self.path.clone(),
            lines,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_place_is_a_line_or_a_row() {
        let csv = Places::csv("a.csv", vec![2, 5]);
        assert_eq!(csv.place(1), "a.csv:5");
        assert_eq!(csv.filter(|row| row == 1).place(0), "a.csv:5");
        assert_eq!(Places::parquet("a.parquet", 3).place(2), "a.parquet row 3");
    }
}
