//! Names with horizontal bars.

use super::letters::{fitted, width};
use super::plot::{Key, legend};
use super::{Anchor, Caption, Drawing, LINE, Look, WIDTH};

/// Height of a bar.
const BAR: f64 = 8.0;

/// For each name one bar a look, in the order given, and the number it stands for. Bars begin at
/// one line; those of negative numbers go to its left.
pub fn bars(
    caption: &Caption,
    keys: &[Key],
    rows: &[(String, Vec<Option<f64>>)],
    looks: &[Look],
    words: impl Fn(f64) -> String,
) -> String {
    let values = || {
        rows.iter()
            .flat_map(|(_, values)| values.iter().copied().flatten())
    };
    let low = values().fold(0.0, f64::min);
    let high = values().fold(0.0, f64::max);
    let widest = values().map(|value| width(&words(value)));
    let numbers = widest.fold(0.0, f64::max) + 8.0;
    let span = if high > low { high - low } else { 1.0 };
    let across = |value: f64| (value - low) / span * (WIDTH - numbers);
    let mut drawing = Drawing::default();
    let top = legend(&mut drawing, keys);
    let mut y = top;
    for (name, values) in rows {
        drawing.text([0.0, y + 12.0], Anchor::Start, "", &fitted(name, WIDTH));
        y += LINE;
        for (value, look) in values.iter().zip(looks) {
            if let Some(value) = value {
                let (from, to) = (across(value.min(0.0)), across(value.max(0.0)));
                let class = format!("bar {}", look.class());
                drawing.rectangle([from, y + 1.0], [to - from, BAR], &class);
                let place = [to + 6.0, y + 9.5];
                drawing.text(place, Anchor::Start, "small quiet", &words(*value));
            }
            y += BAR + 4.0;
        }
        y += 6.0;
    }
    if low < 0.0 {
        drawing.line([across(0.0), top], [across(0.0), y], "axis");
    }
    drawing.finish(caption, y.max(LINE))
}
