//! Pictures of several classes.

use super::super::page::{count, plural};
use super::super::svg::{CountTable, LOOKS, Look, counts};
use super::binary::{Group, Ranked, precision_recall, precision_title, roc, roc_title, scores};
use super::picture::{Picture, Side, Title};
use crate::learn::{Curves, MulticlassCurves};

/// Classes that get a curve or a row of their own: those with the most test rows.
const CLASSES: usize = LOOKS;

pub fn pictures(sides: &[Side]) -> Vec<Picture> {
    let mut pictures = match sides {
        [side] => curves_of_one(side),
        sides => curves_of_two(sides),
    };
    pictures.extend(sides.iter().map(confusion));
    match sides {
        [side] => pictures.push(scores_by_outcome(side)),
        sides => pictures.extend([0, 1].map(|group| scores_of_outcome(sides, group))),
    }
    pictures
}

fn curves<'a>(side: &Side<'a>) -> Option<&'a MulticlassCurves> {
    match side.curves {
        Curves::Multiclass(curves) => Some(curves),
        _ => None,
    }
}

/// The classes with the most test rows, in their order; how many others there are.
fn largest(rows: &[u64]) -> (Vec<usize>, usize) {
    let mut classes: Vec<usize> = (0..rows.len()).collect();
    // Stable: of equal ones the first.
    classes.sort_by_key(|class| std::cmp::Reverse(rows[*class]));
    classes.truncate(CLASSES);
    classes.sort_unstable();
    let others = rows.len() - classes.len();
    (classes, others)
}

/// What is said where not every class is drawn.
fn about_others(others: usize) -> String {
    match others {
        0 => String::new(),
        others => format!(
            " Drawn are the {CLASSES} classes with the most test rows; {} not.",
            match others {
                1 => "1 other is".to_string(),
                others => format!("{} others are", count(others as u64)),
            }
        ),
    }
}

/// Both curves of every class in two pictures.
fn curves_of_one(side: &Side) -> Vec<Picture> {
    let Some(curves) = curves(side) else {
        return Vec::new();
    };
    let rows: Vec<u64> = curves.classes.iter().map(|class| class.rows).collect();
    let (classes, others) = largest(&rows);
    let ranked = || -> Vec<Ranked> {
        let of_class = |(number, class): (usize, &usize)| {
            Some(Ranked {
                words: Some(side.classes.get(*class)?.clone()),
                look: Look(number),
                at: None,
                ranking: curves.classes[*class].ranking.clone()?,
            })
        };
        classes.iter().enumerate().filter_map(of_class).collect()
    };
    let with_others = |mut title: Title| {
        title.caption.push_str(&about_others(others));
        title
    };
    vec![
        roc(
            with_others(roc_title("roc", "ROC, each class against the rest")),
            &ranked(),
        ),
        precision_recall(
            with_others(precision_title(
                "precision-recall",
                "Precision and recall, each class against the rest",
            )),
            &ranked(),
        ),
    ]
}

/// For each class both runs over each other.
fn curves_of_two(sides: &[Side]) -> Vec<Picture> {
    let names: std::collections::BTreeSet<&String> =
        sides.iter().flat_map(|side| side.classes).collect();
    let names: Vec<&String> = names.into_iter().collect();
    let of_class = |side: &Side, name: &String| {
        let class = side.classes.iter().position(|class| class == name)?;
        curves(side)?.classes.get(class).cloned()
    };
    let rows: Vec<u64> = names
        .iter()
        .map(|name| {
            let of_sides = sides.iter().filter_map(|side| of_class(side, name));
            of_sides.map(|class| class.rows).sum()
        })
        .collect();
    let (classes, others) = largest(&rows);
    let mut pictures = Vec::new();
    for (number, class) in classes.into_iter().enumerate() {
        let name = names[class];
        let ranked: Vec<Ranked> = sides
            .iter()
            .filter_map(|side| {
                Some(Ranked {
                    words: side.letter.map(String::from),
                    look: side.look,
                    at: None,
                    ranking: of_class(side, name)?.ranking?,
                })
            })
            .collect();
        let mut title = roc_title(&format!("roc-{number}"), &format!("ROC of {name}"));
        title.caption.push_str(&about_others(others));
        pictures.push(roc(title, &ranked));
        let title = format!("Precision and recall of {name}");
        let title = precision_title(&format!("precision-recall-{number}"), &title);
        pictures.push(precision_recall(title, &ranked));
    }
    pictures
}

fn confusion(side: &Side) -> Picture {
    let (id, title) = match side.letter {
        None => ("confusion".to_string(), "Confusion".to_string()),
        Some(letter) => (
            format!("confusion-{}", letter.to_ascii_lowercase()),
            format!("Confusion of {letter}"),
        ),
    };
    let mut title = Title::new(
        id,
        title,
        "Test rows by the class they are of and the one that is predicted: the most probable. Cells are the \
         darker the larger their share of the row of the table.",
    );
    let Some(classes) = &side.report.classes else {
        return title.empty("There are no test rows.");
    };
    let of = |class: &Vec<u64>| class.iter().sum::<u64>();
    let rows: Vec<u64> = classes.confusion.iter().map(of).collect();
    let (shown, others) = largest(&rows);
    if others > 0 {
        title.caption.push_str(&format!(
            " The {CLASSES} classes with the most test rows have a row of their own."
        ));
    }
    let mut names: Vec<String> = shown
        .iter()
        .map(|class| classes.names[*class].clone())
        .collect();
    let place = |class: usize| shown.binary_search(&class).unwrap_or(shown.len());
    let width = shown.len() + usize::from(others > 0);
    let mut folded = vec![vec![0; width]; width];
    for (class, predicted) in classes.confusion.iter().enumerate() {
        for (other, rows) in predicted.iter().enumerate() {
            folded[place(class)][place(other)] += rows;
        }
    }
    if others > 0 {
        names.push(format!("{others} others"));
    }
    let right: u64 = (0..classes.names.len())
        .map(|class| classes.confusion[class][class])
        .sum();
    let about = format!(
        "{} of {} predicted right.",
        count(right),
        plural(rows.iter().sum(), "row")
    );
    let table = CountTable {
        rows: names.clone(),
        columns: names,
        row_title: "is".to_string(),
        column_title: "predicted".to_string(),
        counts: folded,
    };
    let caption = title.caption(about);
    title.drawn(counts(&caption, &table))
}

/// What both pictures of scores say of themselves.
const TWENTIETHS: &str = "The probability of the class that is predicted, in twentieths; each group of rows adds up to 100 %.";

const OUTCOMES: [&str; 2] = ["predicted right", "predicted wrong"];

fn scores_by_outcome(side: &Side) -> Picture {
    let title = Title::new(
        "scores",
        "Probability of the predicted class",
        format!("{TWENTIETHS} A model that knows when it is wrong has wrong rows further left."),
    );
    let Some(curves) = curves(side) else {
        return title.empty("There are no test rows.");
    };
    let groups = [0, 1].map(|group| {
        let counts = &curves.scores.counts[group];
        Group {
            words: format!(
                "{} ({})",
                OUTCOMES[group],
                plural(counts.iter().sum(), "row")
            ),
            counts,
            look: Look(group),
        }
    });
    scores(title, &curves.scores.edges, &groups, &[])
}

/// Two runs: rows that are predicted right, or wrong.
fn scores_of_outcome(sides: &[Side], group: usize) -> Picture {
    let title = Title::new(
        ["scores-right", "scores-wrong"][group],
        format!(
            "Probability of the predicted class, rows {}",
            OUTCOMES[group]
        ),
        TWENTIETHS,
    );
    let groups: Vec<Group> = sides
        .iter()
        .filter_map(|side| {
            let counts = &curves(side)?.scores.counts[group];
            Some(Group {
                words: side.words(&plural(counts.iter().sum(), "row")),
                counts,
                look: side.look,
            })
        })
        .collect();
    let edges = curves(&sides[0]).map_or(&[] as &[f64], |curves| &curves.scores.edges);
    scores(title, edges, &groups, &[])
}
