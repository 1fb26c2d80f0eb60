//! Pictures of two classes.

use super::super::page::{count, plural};
use super::super::style::{self, fixed};
use super::super::svg::{Axis, CountTable, Key, Look, Plot, Scale, Shape, counts};
use super::picture::{Picture, Side, Title, sentences, shares};
use crate::learn::{BinaryCurves, Confusion, Curves, Quantile, Ranking};

/// Where there is nothing to rank.
pub const ONE_CLASS: &str = "The test rows hold one class, so there is no curve.";

/// Height between the axes of a picture that is no square.
const LOW: Option<f64> = Some(190.0);

pub fn pictures(sides: &[Side]) -> Vec<Picture> {
    let ranked = |side: &Side| {
        let ranking = curves(side)?.ranking.clone()?;
        Some(Ranked {
            words: side.letter.map(String::from),
            look: side.look,
            at: side.report.confusion.zip(side.report.threshold),
            ranking,
        })
    };
    let ranked: Vec<Ranked> = sides.iter().filter_map(ranked).collect();
    let mut pictures = vec![
        roc(roc_title("roc", "ROC"), &ranked),
        precision_recall(
            precision_title("precision-recall", "Precision and recall"),
            &ranked,
        ),
        calibration(sides),
    ];
    pictures.extend(sides.iter().map(confusion));
    match sides {
        [side] => pictures.push(scores_by_label(side)),
        sides => pictures.extend([true, false].map(|label| scores_of_label(sides, label))),
    }
    pictures
}

fn curves<'a>(side: &Side<'a>) -> Option<&'a BinaryCurves> {
    match side.curves {
        Curves::Binary(curves) => Some(curves),
        _ => None,
    }
}

fn groups<'a>(side: &Side<'a>) -> &'a [Quantile] {
    curves(side).map_or(&[], |curves| &curves.calibration)
}

/// A ranking as it is drawn.
#[derive(Debug)]
pub struct Ranked {
    /// Of which run or class; none where there is one.
    pub words: Option<String>,
    pub look: Look,
    /// What comes of the run's threshold.
    pub at: Option<(Confusion, f64)>,
    pub ranking: Ranking,
}

impl Ranked {
    fn words(&self, words: &str) -> String {
        match &self.words {
            None => words.to_string(),
            Some(of) => format!("{of}: {words}"),
        }
    }
}

pub fn roc_title(id: &str, title: &str) -> Title {
    Title::new(
        id,
        title,
        "For every threshold, the share of positive rows that are predicted so, over the share of negative \
         rows that are too. Up and left is better; the dotted line is what chance gives.",
    )
}

pub fn precision_title(id: &str, title: &str) -> Title {
    Title::new(
        id,
        title,
        "For every threshold, how many of the rows predicted positive are, over how many of the positive \
         rows are found. Up and right is better; the dotted line is the share of positive rows. The area \
         under the steps is the average precision.",
    )
}

/// A curve and the mark of its threshold, side by side; then what nobody needs a model for.
fn keys(ranked: &[Ranked], guide: &str, area: impl Fn(&Ranking) -> String) -> Vec<Key> {
    let of_one = |ranked: &Ranked| {
        let words = ranked.words(&area(&ranked.ranking));
        let curve = Key::new(Shape::Curve(ranked.look), words);
        let mark = ranked.at.map(|(_, threshold)| {
            let words = ranked.words(&format!("threshold {}", style::threshold(threshold)));
            Key::new(Shape::Mark(ranked.look), words)
        });
        [Some(curve), mark]
    };
    let keys = ranked.iter().flat_map(of_one).flatten();
    keys.chain([Key::new(Shape::Guide, guide)]).collect()
}

/// All that a legend says.
fn said(keys: &[Key]) -> String {
    let words: Vec<&str> = keys.iter().map(|key| key.words.as_str()).collect();
    words.join(", ")
}

pub fn roc(title: Title, ranked: &[Ranked]) -> Picture {
    if ranked.is_empty() {
        return title.empty(ONE_CLASS);
    }
    let keys = keys(ranked, "chance", |ranking| {
        format!("area {}", fixed(ranking.auc))
    });
    let mut plot = Plot::new(
        title.caption(said(&keys)),
        Axis::new("false positive rate", Scale::shares()),
        Axis::new("true positive rate", Scale::shares()),
        &keys,
        None,
    );
    plot.guide([0.0, 0.0], [1.0, 1.0]);
    for ranked in ranked {
        let points = ranked.ranking.roc.iter();
        let points = points.map(|point| [point.false_positive_rate, point.true_positive_rate]);
        plot.curve(&points.collect::<Vec<_>>(), ranked.look);
    }
    for ranked in ranked {
        if let Some((confusion, _)) = ranked.at {
            let negative = confusion.false_positives + confusion.true_negatives;
            let wrong = confusion.false_positives as f64 / negative.max(1) as f64;
            plot.mark([wrong, confusion.recall()], ranked.look);
        }
    }
    title.drawn(plot.finish())
}

pub fn precision_recall(title: Title, ranked: &[Ranked]) -> Picture {
    if ranked.is_empty() {
        return title.empty(ONE_CLASS);
    }
    let keys = keys(ranked, "share of positive rows", |ranking| {
        format!("average {}", fixed(ranking.average_precision))
    });
    let mut plot = Plot::new(
        title.caption(said(&keys)),
        Axis::new("recall", Scale::shares()),
        Axis::new("precision", Scale::shares()),
        &keys,
        None,
    );
    for ranked in ranked {
        let share = ranked.ranking.prevalence;
        plot.guide([0.0, share], [1.0, share]);
    }
    for ranked in ranked {
        let points = ranked.ranking.precision_recall.iter();
        let points = points.map(|point| [point.recall, point.precision]);
        plot.steps(&points.collect::<Vec<_>>(), ranked.look);
    }
    for ranked in ranked {
        // A precision of no rows at all has no place.
        let taken = |confusion: &Confusion| confusion.true_positives + confusion.false_positives;
        if let Some((confusion, _)) = ranked.at.filter(|(confusion, _)| taken(confusion) > 0) {
            plot.mark([confusion.recall(), confusion.precision()], ranked.look);
        }
    }
    title.drawn(plot.finish())
}

fn calibration(sides: &[Side]) -> Picture {
    let title = Title::new(
        "calibration",
        "Calibration",
        "The test rows in ten groups of as many rows as equal probabilities allow, by their probability: what \
         was said on average, and how often it was so, with the 95 % interval of that share (Wilson). On the \
         dotted line, what is said is what happens.",
    );
    if sides.iter().all(|side| groups(side).is_empty()) {
        return title.empty("There are no test rows.");
    }
    let mut keys: Vec<Key> = sides
        .iter()
        .map(|side| Key::new(Shape::Marks(side.look), side.words("tenths of the rows")))
        .collect();
    keys.push(Key::new(Shape::Guide, "as said"));
    let about = sentences(sides, |side| {
        let points = groups(side).iter();
        let points =
            points.map(|group| format!("{:.2} said, {:.2} seen", group.predicted, group.observed));
        Some(points.collect::<Vec<_>>().join(", "))
    });
    let mut plot = Plot::new(
        title.caption(about),
        Axis::new("mean probability", Scale::shares()),
        Axis::new(
            format!("share of rows that are {}", sides[0].label),
            Scale::shares(),
        ),
        &keys,
        None,
    );
    plot.guide([0.0, 0.0], [1.0, 1.0]);
    for side in sides {
        let points: Vec<[f64; 2]> = groups(side)
            .iter()
            .map(|group| [group.predicted, group.observed])
            .collect();
        for group in groups(side) {
            if let Some(interval) = group.interval {
                plot.whisker(group.predicted, interval, side.look);
            }
        }
        plot.curve(&points, side.look);
        for point in points {
            plot.mark(point, side.look);
        }
    }
    title.drawn(plot.finish())
}

fn confusion(side: &Side) -> Picture {
    let threshold = style::threshold(side.report.threshold.unwrap_or_default());
    let id = match side.letter {
        None => "confusion".to_string(),
        Some(letter) => format!("confusion-{}", letter.to_ascii_lowercase()),
    };
    let title = Title::new(
        id,
        match side.letter {
            None => "Confusion".to_string(),
            Some(letter) => format!("Confusion of {letter}"),
        },
        format!(
            "Test rows by what they are and what is predicted from a probability of {threshold} on; the share \
             is that of the row of the table."
        ),
    );
    let Some(confusion) = side.report.confusion else {
        return title.empty("There are no test rows.");
    };
    let Confusion {
        true_negatives,
        false_positives,
        false_negatives,
        true_positives,
    } = confusion;
    let names = vec![format!("not {}", side.label), side.label.to_string()];
    let table = CountTable {
        rows: names.clone(),
        columns: names,
        row_title: "is".to_string(),
        column_title: "predicted".to_string(),
        counts: vec![
            vec![true_negatives, false_positives],
            vec![false_negatives, true_positives],
        ],
    };
    let about = format!(
        "{} found, {} missed; {} rightly left, {} wrongly taken.",
        plural(true_positives, "positive row"),
        count(false_negatives),
        plural(true_negatives, "negative row"),
        count(false_positives)
    );
    let caption = title.caption(about);
    title.drawn(counts(&caption, &table))
}

/// What both pictures of scores say of themselves.
const TWENTIETHS: &str =
    "The rows of a group by their probability, in twentieths; each group adds up to 100 %.";

fn scores_by_label(side: &Side) -> Picture {
    let threshold = side.report.threshold;
    let title = Title::new(
        "scores",
        "Probabilities by class",
        format!(
            "{TWENTIETHS} The less the two overlap, the better they are told apart; the dotted line is the threshold."
        ),
    );
    let Some(curves) = curves(side) else {
        return title.empty("There are no test rows.");
    };
    let names = [side.label.to_string(), format!("not {}", side.label)];
    // The positive class as a line over the filled negative one.
    let looks = [Look(1), Look(0)];
    let groups = [1, 0].map(|group| Group {
        words: format!("{} ({})", names[group], rows(&curves.scores.counts[group])),
        counts: &curves.scores.counts[group],
        look: looks[group],
    });
    scores(title, &curves.scores.edges, &groups, threshold.as_slice())
}

/// Two runs: the rows of one class.
fn scores_of_label(sides: &[Side], label: bool) -> Picture {
    let (id, group) = if label {
        ("scores-true", 0)
    } else {
        ("scores-false", 1)
    };
    let name = match label {
        true => sides[0].label.to_string(),
        false => format!("not {}", sides[0].label),
    };
    let better = if label { "right" } else { "left" };
    let title = Title::new(
        id,
        format!("Probabilities of rows that are {name}"),
        format!("{TWENTIETHS} Further {better} is better; dotted lines are thresholds."),
    );
    let groups: Vec<Group> = sides
        .iter()
        .filter_map(|side| {
            let counts = &curves(side)?.scores.counts[group];
            Some(Group {
                words: side.words(&rows(counts)),
                counts,
                look: side.look,
            })
        })
        .collect();
    let edges = curves(&sides[0]).map_or(&[] as &[f64], |curves| &curves.scores.edges);
    let mut thresholds: Vec<f64> = sides
        .iter()
        .filter_map(|side| side.report.threshold)
        .collect();
    thresholds.dedup();
    scores(title, edges, &groups, &thresholds)
}

fn rows(counts: &[u64]) -> String {
    plural(counts.iter().sum(), "row")
}

/// Rows of one kind, by interval.
#[derive(Debug)]
pub struct Group<'a> {
    pub words: String,
    pub counts: &'a [u64],
    pub look: Look,
}

/// Groups over each other, the first filled; what is drawn last lies on top.
pub fn scores(title: Title, edges: &[f64], groups: &[Group], thresholds: &[f64]) -> Picture {
    let largest = groups
        .iter()
        .flat_map(|group| shares(group.counts))
        .fold(0.0, f64::max);
    if largest == 0.0 {
        return title.empty("There are no such test rows.");
    }
    let shape = |number: usize, look: Look| match number {
        0 => Shape::Area(look),
        _ => Shape::Curve(look),
    };
    let mut keys: Vec<Key> = groups
        .iter()
        .enumerate()
        .map(|(number, group)| Key::new(shape(number, group.look), group.words.clone()))
        .collect();
    keys.extend(
        thresholds
            .iter()
            .map(|at| Key::new(Shape::Guide, format!("threshold {}", style::threshold(*at)))),
    );
    let mut plot = Plot::new(
        title.caption(said(&keys)),
        Axis::new("probability", Scale::shares()),
        Axis::new("share of the group", Scale::share_up_to(largest)),
        &keys,
        LOW,
    );
    for (number, group) in groups.iter().enumerate() {
        plot.outline(edges, &shares(group.counts), group.look, number == 0);
    }
    let top = plot.top_of_scale();
    for at in thresholds {
        plot.guide([*at, 0.0], [*at, top]);
    }
    title.drawn(plot.finish())
}
