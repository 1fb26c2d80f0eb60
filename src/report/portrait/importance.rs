//! What a model looks at.

use std::collections::BTreeSet;

use super::super::svg::{Key, Look, Shape, bars};
use super::picture::{Picture, Side, Title};
use crate::learn::Scale;

/// Features that get a bar.
const FEATURES: usize = 15;

/// How it was measured how much a feature counts. Permutations are not drawn: what they cost depends on estimator,
/// rows and features, and a page should be there at once.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Measure {
    Splits,
    Contributions(Scale),
}

impl Measure {
    fn caption(self) -> &'static str {
        match self {
            Self::Splits => {
                "How much of what the splits of the trees gained on the train rows came from each feature; all \
                 features together are 1. A feature with many values gains by chance too, and of two that say the \
                 same either may gain: `streamflow show RUN --importances` says what is lost on the test rows \
                 without each."
            }
            Self::Contributions(Scale::LogOdds) => {
                "How much each feature moves what is said of a test row, up or down, on average: the size of its \
                 contribution to the log-odds."
            }
            Self::Contributions(Scale::Probability) => {
                "How much each feature moves what is said of a test row, up or down, on average: the size of its \
                 contribution to the probability."
            }
            Self::Contributions(Scale::Number) => {
                "How much each feature moves what is said of a test row, up or down, on average: the size of its \
                 contribution to the number, in its unit."
            }
        }
    }
}

/// How much each feature counts, and by which measure.
fn measured<'a>(side: &Side<'a>) -> Option<(Measure, &'a [(String, f64)])> {
    let moves = |features: &[(String, f64)]| features.iter().any(|(_, share)| *share != 0.0);
    let splits = (Measure::Splits, side.report.importances.as_slice());
    let contributions = side.contributions.map(|found| {
        let measure = Measure::Contributions(found.scale);
        (measure, found.features.as_slice())
    });
    let mut all = [Some(splits), contributions].into_iter().flatten();
    all.find(|(_, features)| moves(features))
}

/// One picture, or one a side where two estimators are measured each in its own way.
pub fn pictures(sides: &[Side]) -> Vec<Picture> {
    let measures: Vec<Option<Measure>> = sides
        .iter()
        .map(|side| measured(side).map(|(measure, _)| measure))
        .collect();
    let mut known = measures.iter().flatten();
    let first = known.next().copied();
    match known.all(|measure| Some(*measure) == first) {
        true => vec![picture("importances", "Importances", sides, first)],
        false => sides
            .iter()
            .zip(measures)
            .map(|(side, measure)| {
                let letter = side.letter.unwrap_or('A');
                let id = format!("importances-{}", letter.to_ascii_lowercase());
                let title = format!("Importances of {letter}");
                picture(&id, &title, &[*side], measure)
            })
            .collect(),
    }
}

/// A bar a feature and run; those that count most in one of the runs first.
fn picture(id: &str, title: &str, sides: &[Side], measure: Option<Measure>) -> Picture {
    let Some(measure) = measure else {
        let caption = "How much each feature counts.";
        return Title::new(id, title, caption).empty(
            "Nothing is known: the estimator has neither splits nor exact contributions, or it says the same of \
             every row.",
        );
    };
    let mut title = Title::new(id, title, measure.caption());
    let of_side = |side: &Side<'_>, name: &String| {
        let (_, features) = measured(side)?;
        let found = features.iter().find(|(feature, _)| feature == name);
        found.map(|(_, share)| *share)
    };
    let names = sides.iter().filter_map(measured);
    let names: BTreeSet<&String> = names
        .flat_map(|(_, features)| features.iter().map(|(name, _)| name))
        .collect();
    let mut rows: Vec<(String, Vec<Option<f64>>)> = names
        .into_iter()
        .map(|name| {
            let values = sides.iter().map(|side| of_side(side, name));
            (name.clone(), values.collect())
        })
        .collect();
    let largest = |row: &(String, Vec<Option<f64>>)| {
        let values = row.1.iter().copied().flatten();
        values.fold(0.0, f64::max)
    };
    // Stable: of equal ones by name.
    rows.sort_by(|a, b| largest(b).total_cmp(&largest(a)));
    if rows.len() > FEATURES {
        let all = rows.len();
        let words = format!(" Drawn are the first {FEATURES} of {all}.");
        title.caption.push_str(&words);
        rows.truncate(FEATURES);
    }
    let looks: Vec<Look> = sides.iter().map(|side| side.look).collect();
    let about = rows.iter().take(3).map(|(name, _)| name.as_str());
    let about = format!("The first are {}.", about.collect::<Vec<_>>().join(", "));
    let keys: Vec<Key> = sides
        .iter()
        .filter(|_| sides.len() > 1)
        .map(|side| Key::new(Shape::Bar(side.look), side.words("")))
        .collect();
    let svg = bars(&title.caption(about), &keys, &rows, &looks, |share| {
        format!("{share:.3}")
    });
    title.drawn(svg)
}
