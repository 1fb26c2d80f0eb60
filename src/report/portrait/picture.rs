//! What a picture shows, for one run or for two.

use super::super::svg::{Caption, Look};
use super::{Portrait, binary, importance, multiclass, regression};
use crate::learn::Curves;
use crate::run::{MeanContributions, Report};

/// A picture with what is said of it.
#[derive(Debug)]
pub struct Picture {
    pub id: String,
    pub title: String,
    /// How to read it and how it was computed.
    pub caption: String,
    /// SVG; a sentence where there is nothing to draw.
    pub drawn: Result<String, String>,
}

/// A run in a picture.
#[derive(Debug, Clone, Copy)]
pub struct Side<'a> {
    /// A or B; none where there is one run.
    pub letter: Option<char>,
    pub look: Look,
    pub report: &'a Report,
    pub curves: &'a Curves,
    pub contributions: Option<&'a MeanContributions>,
    /// What the label is called.
    pub label: &'a str,
    pub classes: &'a [String],
}

impl<'a> Side<'a> {
    pub fn alone(portrait: &'a Portrait, curves: &'a Curves) -> Self {
        Self {
            letter: None,
            look: Look(0),
            report: &portrait.report,
            curves,
            contributions: portrait.contributions.as_ref(),
            label: &portrait.view.label,
            classes: portrait.scores.classes(),
        }
    }

    /// One of two runs; `label` is what both call the label.
    pub fn lettered(self, letter: char, look: Look, label: &'a str) -> Self {
        Self {
            letter: Some(letter),
            look,
            label,
            ..self
        }
    }

    /// `A: 177 rows`, or `177 rows` of one run.
    pub fn words(&self, words: &str) -> String {
        match (self.letter, words) {
            (None, words) => words.to_string(),
            (Some(letter), "") => letter.to_string(),
            (Some(letter), words) => format!("{letter}: {words}"),
        }
    }
}

/// A picture's beginning: what it is called, and what is said of it.
#[derive(Debug, Clone)]
pub struct Title {
    pub id: String,
    pub title: String,
    pub caption: String,
}

impl Title {
    pub fn new(
        id: impl Into<String>,
        title: impl Into<String>,
        caption: impl Into<String>,
    ) -> Self {
        Self {
            id: id.into(),
            title: title.into(),
            caption: caption.into(),
        }
    }

    /// For a reader who does not see it; `numbers` are what it comes to.
    pub fn caption(&self, numbers: impl Into<String>) -> Caption {
        Caption {
            id: self.id.clone(),
            title: self.title.clone(),
            description: numbers.into(),
        }
    }

    pub fn drawn(self, svg: String) -> Picture {
        Picture {
            id: self.id,
            title: self.title,
            caption: self.caption,
            drawn: Ok(svg),
        }
    }

    pub fn empty(self, reason: impl Into<String>) -> Picture {
        Picture {
            id: self.id,
            title: self.title,
            caption: self.caption,
            drawn: Err(reason.into()),
        }
    }
}

/// All pictures of a run, or of two runs of one task.
pub fn pictures(sides: &[Side]) -> Vec<Picture> {
    let mut pictures = match sides.first().map(|side| side.curves) {
        None => Vec::new(),
        Some(Curves::Binary(_)) => binary::pictures(sides),
        Some(Curves::Multiclass(_)) => multiclass::pictures(sides),
        Some(Curves::Regression(_)) => regression::pictures(sides),
    };
    pictures.extend(importance::pictures(sides));
    pictures
}

/// What is said of several sides, one after the other.
pub fn sentences(sides: &[Side], of: impl Fn(&Side) -> Option<String>) -> String {
    let words: Vec<String> = sides
        .iter()
        .filter_map(|side| Some(side.words(&of(side)?)))
        .collect();
    match words.is_empty() {
        true => String::new(),
        false => words.join("; ") + ".",
    }
}

/// The share of each count of all counts, and the largest of them.
pub fn shares(counts: &[u64]) -> Vec<f64> {
    let all: u64 = counts.iter().sum();
    let share = |count: &u64| *count as f64 / all.max(1) as f64;
    counts.iter().map(share).collect()
}
