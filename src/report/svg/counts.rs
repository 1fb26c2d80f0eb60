//! A table of counts whose cells are the darker the larger their share of the row.

use super::letters::{fitted, width};
use super::{Anchor, Caption, Drawing, FULLEST, LINE, WIDTH, place};
use crate::report::style::count;

/// Counts by row and column.
#[derive(Debug, Clone)]
pub struct CountTable {
    pub rows: Vec<String>,
    pub columns: Vec<String>,
    /// What rows and columns are.
    pub row_title: String,
    pub column_title: String,
    pub counts: Vec<Vec<u64>>,
}

/// The most room for names of rows, beside few columns and many, and for names of columns that stand
/// upright.
const NAMES: f64 = 136.0;
const NARROW: f64 = 96.0;
const UPRIGHT: f64 = 84.0;

/// The table as a picture. Columns of four names and less are written across, of more upright.
pub fn counts(caption: &Caption, table: &CountTable) -> String {
    let columns = table.columns.len().max(1) as f64;
    let is_wide = table.columns.len() <= 4;
    let longest = table
        .rows
        .iter()
        .map(|name| width(name))
        .fold(0.0, f64::max);
    let names = (longest + 10.0).clamp(40.0, if is_wide { NAMES } else { NARROW });
    let cell = (WIDTH - names) / columns;
    let height = if is_wide { 52.0 } else { 30.0 };
    let mut drawing = Drawing::default();
    let title = fitted(&table.column_title, WIDTH - names);
    drawing.text([names, 12.0], Anchor::Start, "quiet", &title);
    let title = fitted(&table.row_title, names - 6.0);
    let top = LINE + if is_wide { LINE + 3.0 } else { UPRIGHT + 6.0 };
    drawing.text([0.0, top - 6.0], Anchor::Start, "quiet", &title);
    for (number, name) in table.columns.iter().enumerate() {
        let x = names + cell * (number as f64 + 0.5);
        match is_wide {
            true => {
                let name = fitted(name, cell - 4.0);
                drawing.text([x, top - 6.0], Anchor::Middle, "", &name);
            }
            false => upright(&mut drawing, [x + 4.0, top - 6.0], &fitted(name, UPRIGHT)),
        }
    }
    for (number, (name, counts)) in table.rows.iter().zip(&table.counts).enumerate() {
        let y = top + height * number as f64;
        let name = fitted(name, names - 8.0);
        drawing.text([0.0, y + height / 2.0 + 4.0], Anchor::Start, "", &name);
        row(&mut drawing, [names, y], [cell, height], counts, is_wide);
    }
    drawing.finish(caption, top + height * table.rows.len() as f64 + 1.0)
}

fn upright(drawing: &mut Drawing, [x, y]: [f64; 2], text: &str) {
    let (x, y) = (place(x), place(y));
    drawing.add(format_args!(
        "<text x=\"{x}\" y=\"{y}\" transform=\"rotate(-90 {x} {y})\">{}</text>",
        super::escaped(text)
    ));
}

fn row(
    drawing: &mut Drawing,
    [x, y]: [f64; 2],
    [cell, height]: [f64; 2],
    counts: &[u64],
    is_wide: bool,
) {
    let all: u64 = counts.iter().sum();
    for (number, rows) in counts.iter().enumerate() {
        let left = x + cell * number as f64;
        let share = match all {
            0 => 0.0,
            all => *rows as f64 / all as f64,
        };
        let (at_x, at_y) = (place(left), place(y));
        let (wide, high) = (place(cell), place(height));
        drawing.add(format_args!(
            "<rect class=\"cell\" x=\"{at_x}\" y=\"{at_y}\" width=\"{wide}\" height=\"{high}\" \
             fill-opacity=\"{}\"/>",
            place(share * FULLEST)
        ));
        drawing.rectangle([left, y], [cell, height], "cell-edge");
        let middle = left + cell / 2.0;
        let words = shortened(*rows, cell);
        if is_wide {
            let percent = format!("{:.0} %", share * 100.0);
            drawing.text(
                [middle, y + height / 2.0 - 1.0],
                Anchor::Middle,
                "strong",
                &words,
            );
            let below = [middle, y + height / 2.0 + 15.0];
            drawing.text(below, Anchor::Middle, "small", &percent);
        } else if *rows > 0 {
            drawing.text(
                [middle, y + height / 2.0 + 4.0],
                Anchor::Middle,
                "small",
                &words,
            );
        }
    }
}

/// A count, in thousands or millions where all digits are wider than the cell.
fn shortened(rows: u64, room: f64) -> String {
    // Small letters, in the room that the edges leave.
    let fits = |text: &String| width(text) * 11.0 / 12.0 <= room - 2.0;
    let whole = [count(rows), rows.to_string()].into_iter().find(fits);
    whole.unwrap_or_else(|| match rows {
        ..1_000_000 => format!("{}k", (rows + 500) / 1000),
        _ => format!("{}M", (rows + 500_000) / 1_000_000),
    })
}
