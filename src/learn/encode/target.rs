//! Categories as what their labels say, drawn to what all labels say.
//!
//! Of a category with n rows, mean m and variance v of its labels, where all labels have mean M and variance V:
//!
//! λ = V·n / (V·n + v),  value = λ·m + (1 − λ)·M
//!
//! (Micci-Barreca 2001, equations 5 and 6; scikit-learn's `TargetEncoder` with `smooth = "auto"`). A category of
//! few or of scattered labels says little of itself. With weights of rows, counts, means and variances are
//! weighted.
//!
//! A model that is fitted on values which hold each row's own label trusts them too much. So the train rows
//! get values of the other folds, and only what comes later those of all train rows. A row's fold is that of
//! its entity: the first eight bytes, big-endian, of BLAKE3 over the domain `streamflow target fold 1` and the
//! key, modulo 5. It does not change when other rows come or go.

use serde::{Deserialize, Serialize};

use crate::hash::ContentHasher;
use crate::learn::{Target, exact};

/// What the train rows say, and which of them are taken together. One entry a train row.
#[derive(Debug, Clone, Copy)]
pub struct Supervision<'a> {
    pub target: Target<'a>,
    /// How much each row counts; none: 1.
    pub weights: Option<&'a [f64]>,
    /// Below [`Self::FOLDS`]; see [`Self::fold_of`].
    pub folds: &'a [u8],
}

impl Supervision<'_> {
    /// So many parts: each gets the values of the others.
    pub const FOLDS: u8 = 5;

    /// The fold of an entity, by its key as text.
    pub fn fold_of(key: &str) -> u8 {
        let mut hasher = ContentHasher::new("streamflow target fold 1");
        hasher.text(key);
        let [a, b, c, d, e, f, g, h, ..] = hasher.finish();
        (u64::from_be_bytes([a, b, c, d, e, f, g, h]) % u64::from(Self::FOLDS)) as u8
    }

    /// How many numbers stand for a category: one, or one for each class.
    fn width(&self) -> usize {
        self.target.output().width()
    }

    /// What a row adds to number `at`.
    fn label(&self, row: usize, at: usize) -> f64 {
        match self.target {
            Target::Binary(rows) => f64::from(u8::from(rows[row])),
            Target::Multiclass { rows, .. } => f64::from(u8::from(rows[row] as usize == at)),
            Target::Regression(rows) => rows[row],
        }
    }

    fn weight(&self, row: usize) -> f64 {
        self.weights.map_or(1.0, |weights| weights[row])
    }
}

/// The value of each category.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TargetMeans {
    /// Category after category, as many numbers each as `all` has.
    #[serde(with = "exact::list")]
    values: Vec<f64>,
    /// Of all rows: the value of an unknown category.
    #[serde(with = "exact::list")]
    all: Vec<f64>,
}

impl TargetMeans {
    /// Learns the values of `known` categories from the rows' `places` among them. `without` leaves the rows of
    /// a fold out, unless nothing would be left.
    pub fn fit(
        places: &[Option<usize>],
        known: usize,
        labels: &Supervision,
        without: Option<u8>,
    ) -> Self {
        let is_other = |row: &usize| Some(labels.folds[*row]) != without;
        let mut rows: Vec<usize> = (0..places.len()).filter(is_other).collect();
        if rows.is_empty() {
            rows = (0..places.len()).collect();
        }
        let width = labels.width();
        let mut means = Self {
            values: vec![0.0; known * width],
            all: Vec::with_capacity(width),
        };
        for at in 0..width {
            let of_all = Moments::of(rows.iter().map(|&row| (0, row)), 1, labels, at);
            let in_place = rows.iter().filter_map(|&row| Some((places[row]?, row)));
            let of_each = Moments::of(in_place, known, labels, at);
            for (place, own) in of_each.iter().enumerate() {
                means.values[place * width + at] = own.drawn_to(&of_all[0]);
            }
            means.all.push(of_all[0].mean);
        }
        means
    }

    /// How many numbers stand for a category.
    pub fn width(&self) -> usize {
        self.all.len()
    }

    pub fn of(&self, place: Option<usize>) -> &[f64] {
        let width = self.all.len();
        match place {
            Some(place) => &self.values[place * width..][..width],
            None => &self.all,
        }
    }

    pub fn check(&self, known: usize) -> Result<(), &'static str> {
        let fits =
            !self.all.is_empty() && Some(self.values.len()) == known.checked_mul(self.all.len());
        fits.then_some(())
            .ok_or("the means of categories are not as many as these")
    }
}

/// Of the labels of some rows.
#[derive(Debug, Clone, Copy, Default)]
struct Moments {
    weight: f64,
    mean: f64,
    variance: f64,
}

impl Moments {
    /// Two passes in row order, for each of `groups` groups.
    fn of(
        rows: impl Iterator<Item = (usize, usize)> + Clone,
        groups: usize,
        labels: &Supervision,
        at: usize,
    ) -> Vec<Self> {
        let mut moments = vec![Self::default(); groups];
        for (group, row) in rows.clone() {
            let weight = labels.weight(row);
            moments[group].weight += weight;
            moments[group].mean += weight * labels.label(row, at);
        }
        for found in moments.iter_mut().filter(|found| found.weight > 0.0) {
            found.mean /= found.weight;
        }
        for (group, row) in rows {
            let off = labels.label(row, at) - moments[group].mean;
            moments[group].variance += labels.weight(row) * off * off;
        }
        for found in moments.iter_mut().filter(|found| found.weight > 0.0) {
            found.variance /= found.weight;
        }
        moments
    }

    /// The mean, drawn to that of all.
    fn drawn_to(&self, all: &Self) -> f64 {
        let known = all.variance * self.weight;
        let share = known / (known + self.variance);
        match share.is_finite() {
            true => share * self.mean + (1.0 - share) * all.mean,
            // No rows, or no label differs from another.
            false => all.mean,
        }
    }
}
