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

/// `+0.0031`, `−0.1850`; what four decimals do not show as `+3.1e-6`.
pub fn signed(value: f64) -> String {
    let sign = if value < 0.0 { '−' } else { '+' };
    match value.abs() {
        size if size > 0.0 && size < 0.00005 => format!("{sign}{size:.1e}"),
        size => format!("{sign}{size:.4}"),
    }
}

/// `0.7606`, `−0.0192`: four decimals, with the minus of [`signed`].
pub fn fixed(value: f64) -> String {
    format!("{value:.4}").replace('-', "−")
}

/// A threshold as it was written, and one that a rule picked in four digits: `0.5`, `0.2222`.
pub fn threshold(value: f64) -> String {
    let written = value.to_string();
    if written.len() <= 6 {
        written
    } else {
        fixed(value)
    }
}

/// `812 bytes`, `24.1 kB`, `1.3 GB`: powers of a thousand.
pub fn size(bytes: u64) -> String {
    if bytes < 1000 {
        return plural(bytes, "byte");
    }
    let mut value = bytes as f64;
    let mut unit = "";
    for name in ["kB", "MB", "GB", "TB"] {
        if value < 999.95 {
            break;
        }
        value /= 1000.0;
        unit = name;
    }
    format!("{value:.1} {unit}")
}

/// `0.6 s`, `2 min 5 s`.
pub fn seconds(value: f64) -> String {
    if value < 99.95 {
        return format!("{value:.1} s");
    }
    let whole = value.round() as u64;
    format!("{} min {} s", whole / 60, whole % 60)
}

/// A bar of eighths of a character: full ones, then the rest.
pub(super) fn bar(share: f64, longest: usize) -> String {
    const PARTS: [&str; 8] = ["", "▏", "▎", "▍", "▌", "▋", "▊", "▉"];
    let eighths = (share.clamp(0.0, 1.0) * longest as f64 * 8.0).round() as usize;
    format!("{}{}", "█".repeat(eighths / 8), PARTS[eighths % 8])
}

/// Each line of a text beside the point.
pub fn dim_lines(text: &str) -> String {
    text.lines().map(|line| dim(line) + "\n").collect()
}

/// Columns of the screens.
pub(super) const WIDTH: usize = 80;

/// Breaks a text at spaces so that no line is wider than a screen; words that are wider stay whole,
/// and so does what stands in backticks, which is there to be typed.
///
/// `first` stands before the first line, as many spaces before the others. A text that is already
/// in columns (two spaces in a row) is left as it is: its alignment says more than its width.
pub fn wrap(first: &str, text: &str) -> String {
    let indent = width(first);
    if text.contains("  ") {
        return format!("{first}{text}\n");
    }
    let mut lines = vec![first.to_string()];
    let mut used = indent;
    for word in words(text) {
        let length = width(&word);
        let line = lines.last_mut().expect("there is a first line");
        if used > indent && used + 1 + length > WIDTH {
            lines.push(format!("{}{word}", " ".repeat(indent)));
            used = indent + length;
        } else {
            let gap = usize::from(used > indent);
            line.push_str(&" ".repeat(gap));
            line.push_str(&word);
            used += gap + length;
        }
    }
    lines.join("\n") + "\n"
}

/// The words of a text; what stands between two backticks is one.
fn words(text: &str) -> Vec<String> {
    let mut words: Vec<String> = Vec::new();
    let mut typed = false;
    for word in text.split(' ') {
        match words.last_mut() {
            Some(last) if typed => {
                last.push(' ');
                last.push_str(word);
            }
            _ => words.push(word.to_string()),
        }
        typed ^= word.matches('`').count() % 2 == 1;
    }
    words
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
pub(super) fn width(text: &str) -> usize {
    anstream::adapter::strip_str(text)
        .to_string()
        .chars()
        .count()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_threshold_is_as_it_was_written_or_short() {
        let words = [0.5, 0.25, 1.0, 2.0 / 9.0, 1e-7].map(threshold);
        assert_eq!(words, ["0.5", "0.25", "1", "0.2222", "0.0000"]);
    }

    #[test]
    fn columns_line_up_whatever_the_colours() {
        let mut table = Table::default();
        table.row().left(green("a")).right("1");
        table.row().left("bbb").right("12");
        let plain = anstream::adapter::strip_str(&table.render(2)).to_string();
        assert_eq!(plain, "  a     1\n  bbb  12\n");
    }

    #[test]
    fn long_sentences_are_broken_and_columns_are_not() {
        let words = ["word"; 20].join(" ");
        let wrapped = wrap("help: ", &words);
        assert!(
            wrapped.lines().all(|line| line.chars().count() <= 80),
            "{wrapped}"
        );
        assert!(
            wrapped
                .lines()
                .nth(1)
                .is_some_and(|line| line.starts_with("      word"))
        );
        let typed = format!("{words} `{}`", &words[..70]);
        assert!(
            wrap("", &typed)
                .lines()
                .any(|line| line == format!("`{}`", &words[..70]))
        );
        let columns = format!("a  {words}");
        assert_eq!(wrap("  ", &columns), format!("  {columns}\n"));
    }

    #[test]
    fn differences_have_signs_and_are_never_rounded_to_nothing() {
        let found = [0.00312, -0.185, 0.0000031, -0.00004, 0.0].map(signed);
        assert_eq!(
            found,
            ["+0.0031", "−0.1850", "+3.1e-6", "−4.0e-5", "+0.0000"]
        );
    }

    #[test]
    fn sizes_have_units() {
        assert_eq!(size(1), "1 byte");
        assert_eq!(size(999), "999 bytes");
        assert_eq!(size(24_059), "24.1 kB");
        assert_eq!(size(999_999), "1.0 MB");
        assert_eq!(size(1_300_000_000), "1.3 GB");
    }

    #[test]
    fn durations_have_units() {
        assert_eq!(seconds(0.04), "0.0 s");
        assert_eq!(seconds(99.94), "99.9 s");
        assert_eq!(seconds(125.0), "2 min 5 s");
    }
}
