//! Colours, numbers and columns.

use std::fmt::{Display, Write};

use anstyle::{AnsiColor, Style};

fn painted(style: Style, text: impl Display) -> String {
    format!("{style}{text}{style:#}")
}

/// Proved, done.
pub fn green(text: impl Display) -> String {
    painted(
        Style::new().fg_color(Some(AnsiColor::Green.into())).bold(),
        text,
    )
}

/// To be known.
pub fn yellow(text: impl Display) -> String {
    painted(
        Style::new().fg_color(Some(AnsiColor::Yellow.into())).bold(),
        text,
    )
}

/// Stopped.
pub fn red(text: impl Display) -> String {
    painted(
        Style::new().fg_color(Some(AnsiColor::Red.into())).bold(),
        text,
    )
}

pub fn bold(text: impl Display) -> String {
    painted(Style::new().bold(), text)
}

/// Beside the point, on light and on dark.
pub fn dim(text: impl Display) -> String {
    painted(Style::new().dimmed(), text)
}

/// A count with thin groups of three: `7 043`.
pub fn count(value: u64) -> String {
    crate::table::grouped(usize::try_from(value).unwrap_or(usize::MAX))
}

/// `1 row`, `2 rows`.
pub fn plural(value: u64, noun: &str) -> String {
    let ending = if value == 1 { "" } else { "s" };
    format!("{} {noun}{ending}", count(value))
}

/// `0.6 s`, `2 min 5 s`.
pub fn seconds(value: f64) -> String {
    if value < 99.95 {
        return format!("{value:.1} s");
    }
    let whole = value.round() as u64;
    format!("{} min {} s", whole / 60, whole % 60)
}

/// Columns of a screen.
pub const WIDTH: usize = 80;

/// Words in rows of at most so many columns. What stands in backticks is typed, and not parted.
pub fn wrapped(line: &str, width: usize) -> Vec<String> {
    let mut units: Vec<String> = Vec::new();
    let mut typed = false;
    for word in line.split(' ') {
        match units.last_mut() {
            Some(unit) if typed => {
                unit.push(' ');
                unit.push_str(word);
            }
            _ => units.push(word.to_string()),
        }
        typed ^= word.matches('`').count() % 2 == 1;
    }
    let mut rows: Vec<String> = Vec::new();
    for unit in units {
        let length = unit.chars().count();
        match rows.last_mut() {
            Some(row) if row.chars().count() + 1 + length <= width => {
                row.push(' ');
                row.push_str(&unit);
            }
            _ => rows.push(unit),
        }
    }
    rows
}

/// A sentence in rows as wide as a screen: `first` stands before the first row, as many spaces
/// before the others. Text in columns (two spaces in a row) stays as it is.
pub fn wrap(first: &str, text: &str) -> String {
    if text.contains("  ") {
        return format!("{first}{text}\n");
    }
    let indent = width(first);
    let rows = wrapped(text, WIDTH.saturating_sub(indent));
    format!(
        "{first}{}\n",
        rows.join(&format!("\n{}", " ".repeat(indent)))
    )
}

/// Rows of cells in aligned columns, two spaces apart.
#[derive(Debug, Default)]
pub struct Table {
    rows: Vec<Vec<Cell>>,
}

#[derive(Debug)]
struct Cell {
    text: String,
    right: bool,
}

impl Table {
    /// Begins a row.
    pub fn row(&mut self) -> &mut Self {
        self.rows.push(Vec::new());
        self
    }

    /// A cell that begins at its column.
    pub fn left(&mut self, text: impl Into<String>) -> &mut Self {
        self.cell(text.into(), false)
    }

    /// A cell that ends at its column: numbers.
    pub fn right(&mut self, text: impl Into<String>) -> &mut Self {
        self.cell(text.into(), true)
    }

    fn cell(&mut self, text: String, right: bool) -> &mut Self {
        if let Some(row) = self.rows.last_mut() {
            row.push(Cell { text, right });
        }
        self
    }

    /// The rows, each indented and ended by a line feed.
    pub fn render(&self, indent: usize) -> String {
        let columns = self.rows.iter().map(Vec::len).max().unwrap_or(0);
        let width = |column: usize| {
            self.rows
                .iter()
                .filter_map(|row| row.get(column))
                .map(|cell| width(&cell.text))
                .max()
        };
        let widths: Vec<usize> = (0..columns)
            .map(|column| width(column).unwrap_or(0))
            .collect();
        let mut text = String::new();
        for row in &self.rows {
            let mut line = " ".repeat(indent);
            for (at, cell) in row.iter().enumerate() {
                let gap = if at == 0 { 0 } else { 2 };
                let padding = widths[at].saturating_sub(self::width(&cell.text));
                let (before, after) = if cell.right {
                    (padding, 0)
                } else {
                    (0, padding)
                };
                write!(
                    line,
                    "{}{}{}",
                    " ".repeat(gap + before),
                    cell.text,
                    " ".repeat(after)
                )
                .expect("writing to a string does not fail");
            }
            text.push_str(line.trim_end());
            text.push('\n');
        }
        text
    }
}

/// Characters a terminal shows, escape codes left out.
fn width(text: &str) -> usize {
    anstream::adapter::strip_str(text)
        .to_string()
        .chars()
        .count()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_line_up_whatever_the_colours() {
        let mut table = Table::default();
        table.row().left(green("a")).right("1");
        table.row().left("bbb").right("12");
        let plain = anstream::adapter::strip_str(&table.render(2)).to_string();
        assert_eq!(plain, "  a     1\n  bbb  12\n");
    }

    #[test]
    fn sentences_wrap_and_commands_do_not() {
        assert_eq!(wrapped("one two three", 8), ["one two", "three"]);
        assert_eq!(
            wrapped("say `run a b`, now", 8),
            ["say", "`run a b`,", "now"]
        );
        assert_eq!(wrapped("", 8), [""]);
    }

    #[test]
    fn durations_have_units() {
        assert_eq!(seconds(0.04), "0.0 s");
        assert_eq!(seconds(99.94), "99.9 s");
        assert_eq!(seconds(125.0), "2 min 5 s");
    }
}
