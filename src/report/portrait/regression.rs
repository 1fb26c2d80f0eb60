//! Pictures of predicted numbers.

use super::super::page::plural;
use super::super::svg::{Axis, Key, Look, Plot, Scale, Shape, Words};
use super::picture::{Picture, Side, Title, sentences, shares};
use crate::learn::{Curves, Dot, Quantile, Range, RegressionCurves};

/// Where numbers leave the range of an f64, or there are none.
const NOTHING: &str = "There are no test rows whose numbers can be drawn.";

/// Height between the axes of a picture that is no square.
const LOW: Option<f64> = Some(190.0);

pub fn pictures(sides: &[Side]) -> Vec<Picture> {
    vec![predicted(sides), residuals(sides), errors(sides)]
}

fn curves<'a>(side: &Side<'a>) -> Option<&'a RegressionCurves> {
    match side.curves {
        Curves::Regression(curves) => Some(curves),
        _ => None,
    }
}

fn groups<'a>(side: &Side<'a>) -> &'a [Quantile] {
    curves(side).map_or(&[], |curves| &curves.calibration)
}

/// Of one run every row; of two, their tenths alone, which can be laid over each other.
const ONE: &str = "A dot is a row, or as many rows of a place as its size says;";
const TENTHS: &str = "the line goes through ten groups of as many rows as equal predictions allow, by their prediction.";

fn words_of_dots(sides: &[Side], before: &str, after: &str) -> String {
    match sides {
        [_] => format!("{before} {ONE} {TENTHS} {after}"),
        _ => format!("{before} Of each run {TENTHS} {after}"),
    }
}

/// What a picture of dots is drawn of.
struct Cloud<'a> {
    dots: &'a [Dot],
    /// The tenths.
    line: Vec<[f64; 2]>,
}

/// The dots of each side, and how high its tenths stand.
fn clouds<'a>(
    sides: &[Side<'a>],
    dots: impl Fn(&'a RegressionCurves) -> &'a [Dot],
    height: impl Fn(&Quantile) -> f64,
) -> Vec<Cloud<'a>> {
    let of_one = |side: &Side<'a>| Cloud {
        dots: curves(side).map_or(&[], &dots),
        line: groups(side)
            .iter()
            .map(|group| [group.predicted, height(group)])
            .collect(),
    };
    sides.iter().map(of_one).collect()
}

fn keys(sides: &[Side], guide: &str) -> Vec<Key> {
    let mut keys = Vec::new();
    if let [side] = sides {
        keys.push(Key::new(Shape::Dots(side.look), "test rows"));
    }
    for side in sides {
        let look = look_of_line(sides, side);
        keys.push(Key::new(Shape::Marks(look), side.words("mean of a tenth")));
    }
    keys.push(Key::new(Shape::Guide, guide));
    keys
}

/// On dots of its own a line has another hue than they.
fn look_of_line(sides: &[Side], side: &Side) -> Look {
    match sides {
        [_] => Look(1),
        _ => side.look,
    }
}

/// Holds all numbers; none where there are none, and outside the range of an f64.
fn scale(numbers: impl Iterator<Item = f64>) -> Option<Scale> {
    let Range { low, high } = Range::of(&numbers.collect::<Vec<_>>())?;
    Some(Scale::covering(low, high, 5, Words::Number))
}

fn draw(plot: &mut Plot, sides: &[Side], clouds: &[Cloud]) {
    if let ([side], [cloud]) = (sides, clouds) {
        let most = cloud.dots.iter().map(|dot| dot.rows).max().unwrap_or(1);
        for dot in cloud.dots {
            plot.dot([dot.x, dot.y], dot.rows as f64 / most as f64, side.look);
        }
    }
    for (side, cloud) in sides.iter().zip(clouds) {
        let look = look_of_line(sides, side);
        plot.curve(&cloud.line, look);
        for point in &cloud.line {
            plot.mark(*point, look);
        }
    }
}

/// Every place of a picture: of one run its dots too.
fn places<'a>(clouds: &'a [Cloud]) -> impl Iterator<Item = [f64; 2]> + 'a {
    let alone = clouds.len() == 1;
    clouds.iter().flat_map(move |cloud| {
        let dots = cloud.dots.iter().filter(move |_| alone);
        dots.map(|dot| [dot.x, dot.y])
            .chain(cloud.line.iter().copied())
    })
}

fn predicted(sides: &[Side]) -> Picture {
    let title = Title::new(
        "predicted",
        "Predicted and true",
        words_of_dots(
            sides,
            "What happened over what was predicted.",
            "On the dotted line, what is said is what happens.",
        ),
    );
    let clouds = clouds(sides, |curves| &curves.truth, |group| group.observed);
    let Some(both) = scale(places(&clouds).flatten()) else {
        return title.empty(NOTHING);
    };
    let about = sentences(sides, |side| {
        let (first, last) = (groups(side).first()?, groups(side).last()?);
        Some(format!(
            "the lowest tenth is predicted {:.4} and is {:.4}, the highest {:.4} and {:.4}",
            first.predicted, first.observed, last.predicted, last.observed
        ))
    });
    let mut plot = Plot::new(
        title.caption(about),
        Axis::new("predicted", both.clone()),
        Axis::new(sides[0].label, both),
        &keys(sides, "as said"),
        None,
    );
    let diagonal = plot.ends_of_scale();
    plot.guide([diagonal[0]; 2], [diagonal[1]; 2]);
    draw(&mut plot, sides, &clouds);
    title.drawn(plot.finish())
}

fn errors(sides: &[Side]) -> Picture {
    let title = Title::new(
        "errors",
        "Residuals over predictions",
        words_of_dots(
            sides,
            "What happened less what was predicted, over what was predicted.",
            "A line that leaves 0 is an error that could be learnt; dots that fan out are errors that grow.",
        ),
    );
    let errors = |group: &Quantile| group.observed - group.predicted;
    let clouds = clouds(sides, |curves| &curves.errors, errors);
    let across = scale(places(&clouds).map(|[x, _]| x));
    let up = scale(places(&clouds).map(|[_, y]| y).chain([0.0]));
    let (Some(across), Some(up)) = (across, up) else {
        return title.empty(NOTHING);
    };
    let about = sentences(sides, |side| {
        let residuals = side.report.residuals?;
        let (low, high) = (residuals.p05, residuals.p95);
        Some(format!(
            "nine of ten residuals lie between {low:.4} and {high:.4}"
        ))
    });
    let mut plot = Plot::new(
        title.caption(about),
        Axis::new("predicted", across),
        Axis::new(format!("{} less predicted", sides[0].label), up),
        &keys(sides, "no error"),
        LOW,
    );
    let [first, last] = plot.ends_of_scale();
    plot.guide([first, 0.0], [last, 0.0]);
    draw(&mut plot, sides, &clouds);
    title.drawn(plot.finish())
}

fn residuals(sides: &[Side]) -> Picture {
    let title = Title::new(
        "residuals",
        "Residuals",
        "What happened less what was predicted, in 20 intervals of the same width: the share of the test rows \
         in each. Narrow and around 0 is better.",
    );
    let counted: Vec<_> = sides
        .iter()
        .filter_map(|side| Some((side, curves(side)?.residuals.as_ref()?)))
        .collect();
    let Some((_, first)) = counted.first() else {
        return title.empty(NOTHING);
    };
    let keys: Vec<Key> = counted
        .iter()
        .enumerate()
        .map(|(number, (side, histogram))| {
            let words = side.words(&plural(histogram.counts[0].iter().sum(), "test row"));
            match number {
                0 => Key::new(Shape::Area(side.look), words),
                _ => Key::new(Shape::Curve(side.look), words),
            }
        })
        .chain([Key::new(Shape::Guide, "no error")])
        .collect();
    let heights = counted
        .iter()
        .flat_map(|(_, histogram)| shares(&histogram.counts[0]));
    let largest = heights.fold(0.0, f64::max);
    let about = sentences(sides, |side| {
        let residuals = side.report.residuals?;
        Some(format!(
            "mean {:.4}, median {:.4}",
            residuals.mean, residuals.median
        ))
    });
    let Some(across) = scale(first.edges.iter().copied().chain([0.0])) else {
        return title.empty(NOTHING);
    };
    let mut plot = Plot::new(
        title.caption(about),
        Axis::new(format!("{} less predicted", sides[0].label), across),
        Axis::new("share of the test rows", Scale::share_up_to(largest)),
        &keys,
        LOW,
    );
    for (number, (side, histogram)) in counted.iter().enumerate() {
        let heights = shares(&histogram.counts[0]);
        plot.outline(&histogram.edges, &heights, side.look, number == 0);
    }
    let top = plot.top_of_scale();
    plot.guide([0.0, 0.0], [0.0, top]);
    title.drawn(plot.finish())
}
