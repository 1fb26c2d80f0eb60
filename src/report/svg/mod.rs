//! Pictures as SVG, drawn by hand: the same numbers give the same bytes.
//!
//! A picture is [`WIDTH`] units wide, and a unit is about a pixel on a telephone as on a desk: pages
//! put pictures side by side rather than make them larger, so that text stays as large as it is.
//! Colours, dashes and sizes of text are classes of the page's stylesheet (`svg.css`), so that a
//! picture follows the reader's theme. Series differ in hue and in dash or marker: nothing is told
//! by colour alone.
//!
//! 1. `scale`: numbers to places, and the ticks that people would choose.
//! 2. `plot`: two axes, and lines, steps, areas and marks between them.
//! 3. `bars`: names with horizontal bars. `counts`: a table of counts whose cells are the darker
//!    the larger their share.
//! 4. `letters`: how wide a text will be, as far as that can be known without a font.

mod bars;
mod counts;
mod letters;
mod plot;
mod scale;

use std::fmt::Write;

pub use bars::bars;
pub use counts::{CountTable, counts};
pub use plot::{Axis, Key, Plot, Shape};
pub use scale::{Scale, Words};

use super::page::escaped;

/// Classes that pictures use.
pub const STYLE: &str = include_str!("svg.css");

/// Of every picture, in its own units.
pub const WIDTH: f64 = 360.0;

/// Height of a line of text.
const LINE: f64 = 17.0;

/// How opaque the fullest cell of a table of counts is: text can be read on it.
pub const FULLEST: f64 = 0.4;

/// What a reader is told of a picture without seeing it.
#[derive(Debug, Clone)]
pub struct Caption {
    /// Distinguishes it from the others of the page.
    pub id: String,
    pub title: String,
    pub description: String,
}

/// How a series looks: the number of its hue, dash and marker.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Look(pub usize);

/// So many looks there are; more series than that repeat them.
pub const LOOKS: usize = 8;

impl Look {
    fn class(self) -> String {
        let number = self.0 % LOOKS;
        format!("h{number} d{number}")
    }
}

/// Where a text stands by its point.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Anchor {
    Start,
    Middle,
    End,
}

/// The elements of a picture.
#[derive(Debug, Default)]
struct Drawing {
    body: String,
}

impl Drawing {
    fn add(&mut self, element: std::fmt::Arguments<'_>) {
        self.body
            .write_fmt(element)
            .expect("writing to a string does not fail");
        self.body.push('\n');
    }

    fn text(&mut self, [x, y]: [f64; 2], anchor: Anchor, class: &str, text: &str) {
        let anchor = match anchor {
            Anchor::Start => "",
            Anchor::Middle => " text-anchor=\"middle\"",
            Anchor::End => " text-anchor=\"end\"",
        };
        let class = match class {
            "" => String::new(),
            class => format!(" class=\"{class}\""),
        };
        self.add(format_args!(
            "<text x=\"{}\" y=\"{}\"{anchor}{class}>{}</text>",
            place(x),
            place(y),
            escaped(text)
        ));
    }

    fn line(&mut self, [x1, y1]: [f64; 2], [x2, y2]: [f64; 2], class: &str) {
        self.add(format_args!(
            "<line class=\"{class}\" x1=\"{}\" y1=\"{}\" x2=\"{}\" y2=\"{}\"/>",
            place(x1),
            place(y1),
            place(x2),
            place(y2)
        ));
    }

    fn rectangle(&mut self, [x, y]: [f64; 2], [width, height]: [f64; 2], class: &str) {
        self.add(format_args!(
            "<rect class=\"{class}\" x=\"{}\" y=\"{}\" width=\"{}\" height=\"{}\"/>",
            place(x),
            place(y),
            place(width),
            place(height)
        ));
    }

    fn path(&mut self, data: &str, class: &str) {
        self.add(format_args!("<path class=\"{class}\" d=\"{data}\"/>"));
    }

    /// The marker of a look.
    fn mark(&mut self, at: [f64; 2], look: Look) {
        let class = format!("mark {}", look.class());
        let [x, y] = at;
        let corners: &[[f64; 2]] = match look.0 % 4 {
            0 => {
                let (x, y) = (place(x), place(y));
                return self.add(format_args!(
                    "<circle class=\"{class}\" cx=\"{x}\" cy=\"{y}\" r=\"4\"/>"
                ));
            }
            1 => &[[0.0, -5.0], [4.7, 3.5], [-4.7, 3.5]],
            2 => &[[-3.7, -3.7], [3.7, -3.7], [3.7, 3.7], [-3.7, 3.7]],
            _ => &[[0.0, -5.2], [5.2, 0.0], [0.0, 5.2], [-5.2, 0.0]],
        };
        let corners: Vec<[f64; 2]> = corners.iter().map(|[dx, dy]| [x + dx, y + dy]).collect();
        self.path(&format!("{}Z", polyline(&corners)), &class);
    }

    /// The picture, `height` units high.
    fn finish(self, caption: &Caption, height: f64) -> String {
        let Caption {
            id,
            title,
            description,
        } = caption;
        format!(
            "<svg class=\"picture\" viewBox=\"0 0 {WIDTH} {}\" role=\"img\" \
             aria-labelledby=\"{id}-title {id}-about\">\n\
             <title id=\"{id}-title\">{}</title>\n<desc id=\"{id}-about\">{}</desc>\n{}</svg>\n",
            place(height),
            escaped(title),
            escaped(description),
            self.body
        )
    }
}

/// A coordinate: two digits after the point at most, none where there is no need.
fn place(value: f64) -> String {
    let text = format!("{value:.2}");
    let text = text.trim_end_matches('0').trim_end_matches('.');
    match text {
        "-0" => "0".to_string(),
        text => text.to_string(),
    }
}

/// The data of a path through points.
fn polyline(points: &[[f64; 2]]) -> String {
    let mut data = String::new();
    for (at, [x, y]) in points.iter().enumerate() {
        let letter = if at == 0 { 'M' } else { 'L' };
        write!(data, "{letter}{} {}", place(*x), place(*y))
            .expect("writing to a string does not fail");
    }
    data
}

#[cfg(test)]
mod tests;
