//! How what a run says moves with one feature.

use serde_json::{Map, Value, json};

use super::values::{point_fields, point_words};
use super::{headline, merged, room_for_bars};
use crate::learn::{DependencePoint, Outcome};
use crate::report::run::shortened;
use crate::report::style::{Table, bar, dim, fixed, plural, width, wrap};
use crate::run::{Dependence, KnownRun};

/// Classes whose curves fit 80 columns.
const CLASSES_SHOWN: usize = 3;

/// What `show --dependence` adds to the document of `show`.
pub fn dependence_document(found: &Dependence) -> Value {
    let point = |of: &DependencePoint| {
        merged([
            point_fields(found.dtype, &of.value),
            means_document(found, &of.means),
            json!({ "share": of.share }),
        ])
    };
    let points: Vec<Value> = found.points.iter().map(point).collect();
    let about = json!({ "feature": found.feature, "rows": found.rows, "points": points });
    json!({ "dependence": merged([about, means_document(found, &found.means)]) })
}

/// One number, or one for each class.
fn means_document(found: &Dependence, means: &[f64]) -> Value {
    match &found.outcome {
        Outcome::Multiclass(classes) => {
            let of_classes = classes
                .iter()
                .cloned()
                .zip(means.iter().map(|mean| json!(mean)));
            json!({ "means": of_classes.collect::<Map<_, _>>() })
        }
        Outcome::Binary | Outcome::Regression => json!({ "mean": means.first() }),
    }
}

/// The screen of `show --dependence`.
pub fn dependence_text(known: &KnownRun, found: &Dependence) -> String {
    let mut text = headline(known, &format!("as {} moves", found.feature));
    let what = match found.outcome {
        Outcome::Binary => "probability",
        Outcome::Multiclass(_) => "probability of each class",
        Outcome::Regression => "prediction",
    };
    let words = format!(
        "The mean {what} over {} when all of them have the value, and the share of rows near it:",
        plural(found.rows, "test row"),
    );
    text.push_str(&wrap("  ", &words));
    text.push('\n');
    let shown = shown(found);
    text.push_str(&table(found, &shown).render(2));
    if shown.len() < found.means.len() {
        let words = format!(
            "The {} of {} classes that move most; `--format json` has all.",
            shown.len(),
            found.means.len()
        );
        text.push('\n');
        text.push_str(&wrap("  ", &words));
    }
    text
}

fn table(found: &Dependence, shown: &[usize]) -> Table {
    let mut table = Table::default();
    table.row().left("").right(dim("rows"));
    for output in shown {
        table.right(dim(match &found.outcome {
            Outcome::Multiclass(classes) => shortened(&classes[*output], 14),
            Outcome::Binary | Outcome::Regression => "mean".to_string(),
        }));
    }
    table.row().left(dim("as they are")).right("");
    for output in shown {
        table.right(fixed(found.means[*output]));
    }
    let lengths = Lengths::of(found);
    for of in &found.points {
        table
            .row()
            .left(point_words(found.dtype, &of.value))
            .right(format!("{:.1} %", 100.0 * of.share));
        for output in shown {
            table.right(fixed(of.means[*output]));
        }
        // One curve can be drawn beside its numbers.
        if let [mean] = of.means[..] {
            table.left(lengths.bar(mean));
        }
    }
    table
}

/// The outputs that are shown, in their order: of many classes those that move most.
fn shown(found: &Dependence) -> Vec<usize> {
    let moves = |output: &usize| {
        let means = found.points.iter().map(|of| of.means[*output]);
        let (low, high) = means.fold((f64::INFINITY, f64::NEG_INFINITY), |(low, high), mean| {
            (low.min(mean), high.max(mean))
        });
        high - low
    };
    let mut outputs: Vec<usize> = (0..found.means.len()).collect();
    outputs.sort_by(|a, b| moves(b).total_cmp(&moves(a)));
    outputs.truncate(CLASSES_SHOWN);
    outputs.sort_unstable();
    outputs
}

/// What bars stand for: from 0, or where a mean is below 0 from the smallest.
struct Lengths {
    from: f64,
    to: f64,
    room: usize,
}

impl Lengths {
    fn of(found: &Dependence) -> Self {
        let means = || found.points.iter().flat_map(|of| of.means.iter().copied());
        let widest = |words: &dyn Fn(&DependencePoint) -> usize| {
            found.points.iter().map(words).max().unwrap_or(0)
        };
        let used = widest(&|of| width(&point_words(found.dtype, &of.value))).max(11)
            + widest(&|of| of.means.iter().map(|mean| width(&fixed(*mean))).sum());
        Self {
            from: means().fold(0.0, f64::min),
            to: means().fold(f64::MIN_POSITIVE, f64::max),
            room: room_for_bars(2 + used + 8 + 3 * 2),
        }
    }

    fn bar(&self, mean: f64) -> String {
        // Halved, so that the way from end to end stays in the range of an f64.
        let whole = self.to / 2.0 - self.from / 2.0;
        bar((mean / 2.0 - self.from / 2.0) / whole, self.room)
    }
}
