//! Two axes, and what is drawn between them.

use super::letters::{fitted, width};
use super::scale::Scale;
use super::{Anchor, Caption, Drawing, LINE, Look, WIDTH, place, polyline};

/// An axis: its scale and what is measured on it.
#[derive(Debug, Clone)]
pub struct Axis {
    pub title: String,
    pub scale: Scale,
}

impl Axis {
    pub fn new(title: impl Into<String>, scale: Scale) -> Self {
        Self {
            title: title.into(),
            scale,
        }
    }
}

/// What a key shows beside its words.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Shape {
    Curve(Look),
    Area(Look),
    Bar(Look),
    /// A curve through marks.
    Marks(Look),
    /// One mark.
    Mark(Look),
    Dots(Look),
    /// What would be the case if nothing were known, or all were.
    Guide,
}

/// A line of the legend.
#[derive(Debug, Clone)]
pub struct Key {
    pub shape: Shape,
    pub words: String,
}

impl Key {
    pub fn new(shape: Shape, words: impl Into<String>) -> Self {
        Self {
            shape,
            words: words.into(),
        }
    }
}

/// Width of the sample of a key, and the gap to its words.
const SAMPLE: f64 = 26.0;
const GAP: f64 = 6.0;

/// A picture with two axes. What is drawn last lies on top.
#[derive(Debug)]
pub struct Plot {
    caption: Caption,
    drawing: Drawing,
    x: Axis,
    y: Axis,
    left: f64,
    right: f64,
    top: f64,
    bottom: f64,
}

impl Plot {
    /// Legend, axes and grid. Without a `height` the area between the axes is a square.
    pub fn new(caption: Caption, x: Axis, y: Axis, keys: &[Key], height: Option<f64>) -> Self {
        let mut drawing = Drawing::default();
        let legend = legend(&mut drawing, keys);
        let labels = y.scale.ticks.iter().map(|tick| width(&tick.words));
        let left = labels.fold(0.0, f64::max) + 8.0;
        // Half of the last label stands beyond the end.
        let last = x.scale.ticks.last().map_or(0.0, |tick| width(&tick.words));
        let right = WIDTH - (last / 2.0 + 2.0).max(8.0);
        let top = legend + LINE + 5.0;
        let bottom = top + height.unwrap_or(right - left);
        let mut plot = Self {
            caption,
            drawing,
            x,
            y,
            left,
            right,
            top,
            bottom,
        };
        plot.axes(legend + 12.0);
        plot
    }

    fn axes(&mut self, title_line: f64) {
        let Self {
            left,
            right,
            top,
            bottom,
            ..
        } = *self;
        let (x, y) = (self.x.clone(), self.y.clone());
        for tick in &y.scale.ticks {
            let at = self.down(tick.at);
            self.drawing.line([left, at], [right, at], "grid");
            let place = [left - 6.0, at + 4.0];
            self.drawing.text(place, Anchor::End, "quiet", &tick.words);
        }
        let shown = self.every_so_many();
        for (number, tick) in x.scale.ticks.iter().enumerate() {
            let at = self.across(tick.at);
            self.drawing.line([at, top], [at, bottom], "grid");
            if shown(number) {
                let place = [at, bottom + 16.0];
                self.drawing
                    .text(place, Anchor::Middle, "quiet", &tick.words);
            }
        }
        self.drawing.line([left, bottom], [right, bottom], "axis");
        self.drawing.line([left, top], [left, bottom], "axis");
        let title = fitted(&y.title, WIDTH);
        self.drawing
            .text([0.0, title_line], Anchor::Start, "", &title);
        let title = fitted(&x.title, WIDTH);
        self.drawing
            .text([right, bottom + 33.0], Anchor::End, "", &title);
    }

    /// Which ticks across the picture have room for their words: all, or each second, or each third,
    /// that of 0 among them.
    fn every_so_many(&self) -> impl Fn(usize) -> bool + use<> {
        let ticks = &self.x.scale.ticks;
        let zero = ticks.iter().position(|tick| tick.at == 0.0).unwrap_or(0);
        let fits = |stride: &usize| {
            let shown = ticks.iter().skip(zero % stride).step_by(*stride);
            let ends = shown.map(|tick| {
                let half = width(&tick.words) / 2.0;
                (self.across(tick.at) - half, self.across(tick.at) + half)
            });
            let ends: Vec<(f64, f64)> = ends.collect();
            ends.windows(2).all(|pair| pair[1].0 > pair[0].1 + 4.0)
        };
        let stride = (1..ticks.len()).find(fits).unwrap_or(ticks.len());
        move |number| number % stride == zero % stride
    }

    fn across(&self, value: f64) -> f64 {
        self.left + self.x.scale.share(value) * (self.right - self.left)
    }

    fn down(&self, value: f64) -> f64 {
        self.bottom - self.y.scale.share(value) * (self.bottom - self.top)
    }

    fn at(&self, [x, y]: [f64; 2]) -> [f64; 2] {
        [self.across(x), self.down(y)]
    }

    /// The largest number up the picture.
    pub fn top_of_scale(&self) -> f64 {
        self.y.scale.high
    }

    /// The least and the largest number across it.
    pub fn ends_of_scale(&self) -> [f64; 2] {
        [self.x.scale.low, self.x.scale.high]
    }

    /// A straight line of reference.
    pub fn guide(&mut self, from: [f64; 2], to: [f64; 2]) {
        let (from, to) = (self.at(from), self.at(to));
        self.drawing.line(from, to, "guide");
    }

    /// Straight lines from point to point.
    pub fn curve(&mut self, points: &[[f64; 2]], look: Look) {
        let points: Vec<[f64; 2]> = points.iter().map(|point| self.at(*point)).collect();
        let class = format!("curve {}", look.class());
        self.drawing.path(&polyline(&points), &class);
    }

    /// Up or down first, then across: the height of a point holds from the point before on.
    pub fn steps(&mut self, points: &[[f64; 2]], look: Look) {
        let mut data = String::new();
        for (number, point) in points.iter().enumerate() {
            let [x, y] = self.at(*point).map(place);
            data.push_str(&match number {
                0 => format!("M{x} {y}"),
                _ => format!("V{y}H{x}"),
            });
        }
        self.drawing.path(&data, &format!("curve {}", look.class()));
    }

    /// The outline of columns of the same width between edges, filled where it is asked for.
    pub fn outline(&mut self, edges: &[f64], heights: &[f64], look: Look, filled: bool) {
        let (Some(first), Some(last)) = (edges.first(), edges.last()) else {
            return;
        };
        let floor = place(self.bottom);
        let mut data = format!("M{} {floor}", place(self.across(*first)));
        for (edge, height) in edges[1..].iter().zip(heights) {
            data.push_str(&format!(
                "V{}H{}",
                place(self.down(*height)),
                place(self.across(*edge))
            ));
        }
        debug_assert_eq!(
            edges.len(),
            heights.len() + 1,
            "one edge more, up to {last}"
        );
        data.push_str(&format!("V{floor}"));
        let class = look.class();
        if filled {
            self.drawing
                .path(&format!("{data}Z"), &format!("area {class}"));
        }
        self.drawing.path(&data, &format!("curve {class}"));
    }

    pub fn mark(&mut self, point: [f64; 2], look: Look) {
        let at = self.at(point);
        self.drawing.mark(at, look);
    }

    /// From one height to another.
    pub fn whisker(&mut self, x: f64, [low, high]: [f64; 2], look: Look) {
        let (x, low, high) = (self.across(x), self.down(low), self.down(high));
        let class = format!("whisker h{}", look.0 % super::LOOKS);
        self.drawing.line([x, low], [x, high], &class);
        for end in [low, high] {
            self.drawing.line([x - 3.0, end], [x + 3.0, end], &class);
        }
    }

    /// A filled circle; `share` is that of the largest.
    pub fn dot(&mut self, point: [f64; 2], share: f64, look: Look) {
        let [x, y] = self.at(point).map(place);
        let radius = place(1.2 + 2.6 * share.sqrt());
        let class = look.0 % super::LOOKS;
        self.drawing.add(format_args!(
            "<circle class=\"dot h{class}\" cx=\"{x}\" cy=\"{y}\" r=\"{radius}\"/>"
        ));
    }

    pub fn finish(self) -> String {
        self.drawing.finish(&self.caption, self.bottom + 38.0)
    }
}

/// Keys from left to right, as many a line as fit; the height they take.
pub(super) fn legend(drawing: &mut Drawing, keys: &[Key]) -> f64 {
    let (mut x, mut y) = (0.0, 0.0);
    for key in keys {
        let words = fitted(&key.words, WIDTH - SAMPLE - GAP);
        let used = SAMPLE + GAP + width(&words);
        if x > 0.0 && x + used > WIDTH {
            (x, y) = (0.0, y + LINE);
        }
        sample(drawing, [x, y + 8.0], key.shape);
        let place = [x + SAMPLE + GAP, y + 12.0];
        drawing.text(place, Anchor::Start, "", &words);
        x += used + 14.0;
    }
    match keys.is_empty() {
        true => 0.0,
        false => y + LINE + 3.0,
    }
}

fn sample(drawing: &mut Drawing, [x, y]: [f64; 2], shape: Shape) {
    let (end, middle) = ([x + SAMPLE, y], [x + SAMPLE / 2.0, y]);
    let curve = |look: Look| format!("curve {}", look.class());
    match shape {
        Shape::Guide => drawing.line([x, y], end, "guide"),
        Shape::Curve(look) => drawing.line([x, y], end, &curve(look)),
        Shape::Area(look) => {
            let class = look.class();
            drawing.rectangle([x, y - 5.0], [SAMPLE, 10.0], &format!("area {class}"));
            drawing.rectangle([x, y - 5.0], [SAMPLE, 10.0], &curve(look));
        }
        Shape::Bar(look) => {
            let class = format!("bar {}", look.class());
            drawing.rectangle([x, y - 4.0], [SAMPLE, 8.0], &class);
        }
        Shape::Marks(look) => {
            drawing.line([x, y], end, &curve(look));
            drawing.mark(middle, look);
        }
        Shape::Mark(look) => drawing.mark(middle, look),
        Shape::Dots(look) => {
            let class = look.0 % super::LOOKS;
            for (step, up) in [(5.0, 2.0), (13.0, -2.0), (21.0, 1.0)] {
                let (x, y) = (place(x + step), place(y + up));
                drawing.add(format_args!(
                    "<circle class=\"dot h{class}\" cx=\"{x}\" cy=\"{y}\" r=\"2.4\"/>"
                ));
            }
        }
    }
}
