//! One categorical feature → a matrix column for each category, its place among them, or what the labels
//! of its category say.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::numeric::all_null;
use super::target::{Supervision, TargetMeans};
use crate::definition::{CategoricalEncoding, CategoricalRule, MissingCategorical};
use crate::error::{Error, Kind, Result};
use crate::learn::Warning;

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CategoricalEncoder {
    null: NullRule,
    /// Of the train rows, or all there may be; in bytewise order. Null, if a category of its own, comes
    /// after them.
    pub(super) categories: Vec<String>,
    /// Whether one more category, the last, stands for those that are rare; what was never seen is rare too.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub(super) rare: bool,
    #[serde(default, skip_serializing_if = "Code::is_one_hot")]
    pub(super) code: Code,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum NullRule {
    Refuse,
    /// `column`: whether train rows had nulls, so that null has a matrix column.
    Category {
        column: bool,
    },
    Fill(String),
}

/// What a category becomes.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Code {
    /// A column for each; what is unknown is all zeros.
    #[default]
    OneHot,
    /// A number; what is unknown is −1.
    Ordinal {
        /// The place of each category, where it is not that of bytewise order.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        places: Option<Vec<u32>>,
    },
    /// What the labels of the category say; what is unknown, those of all rows.
    Target(TargetMeans),
}

impl Code {
    fn is_one_hot(&self) -> bool {
        *self == Self::OneHot
    }
}

/// How an unknown category is told from all others by a number.
const UNKNOWN: f64 = -1.0;
/// So many names of categories are listed in a message.
const LISTED: usize = 5;

impl CategoricalEncoder {
    pub fn fit<'a>(
        name: &str,
        train: impl Iterator<Item = Option<&'a str>> + Clone,
        rule: &CategoricalRule,
        labels: Option<&Supervision>,
        warnings: &mut Vec<Warning>,
    ) -> Result<Self> {
        let mut counts: BTreeMap<&str, usize> = BTreeMap::new();
        let (mut nulls, mut rows) = (0_usize, 0_usize);
        for value in train.clone() {
            rows += 1;
            match value {
                Some(category) => *counts.entry(category).or_default() += 1,
                None => nulls += 1,
            }
        }
        let null = null_rule(name, &counts, nulls, rule.missing)?;
        if let NullRule::Fill(category) = &null
            && nulls > 0
        {
            *counts.entry(category).or_default() += nulls;
        }
        let before = counts.len();
        if let Some(share) = rule.rare {
            counts.retain(|_, count| *count as f64 >= share * rows as f64);
        }
        let mut encoder = Self {
            rare: counts.len() < before,
            categories: counts.keys().map(ToString::to_string).collect(),
            null,
            code: Code::OneHot,
        };
        if encoder.known() == 1 {
            let only = encoder.output_names(name).remove(0);
            warnings.push(Warning::new(format!(
                "`{only}` holds in every train row: a model can learn nothing from it."
            )));
        }
        match (rule.encoding, rule.order) {
            (CategoricalEncoding::OneHot, _) => {}
            (CategoricalEncoding::Ordinal, None) => encoder.code = Code::Ordinal { places: None },
            (CategoricalEncoding::Ordinal, Some(order)) => encoder.put_in_order(name, order)?,
            (CategoricalEncoding::Target, _) => {
                let labels = labels.ok_or_else(|| {
                    Error::failure(format!("`{name}` is encoded by labels, and there are none"))
                })?;
                let places: Vec<_> = train.map(|value| encoder.place(value)).collect();
                encoder.code =
                    Code::Target(TargetMeans::fit(&places, encoder.known(), labels, None));
            }
        }
        Ok(encoder)
    }

    /// Takes the places of a declared order, which must know every category of the train rows.
    fn put_in_order(&mut self, name: &str, order: &[String]) -> Result<()> {
        let strange = self
            .categories
            .iter()
            .filter(|known| !order.contains(known));
        let strange: Vec<&String> = strange.collect();
        if !strange.is_empty() {
            let mut listed: Vec<String> = strange
                .iter()
                .take(LISTED)
                .map(|name| format!("`{name}`"))
                .collect();
            if strange.len() > LISTED {
                listed.push(format!("and {} more", strange.len() - LISTED));
            }
            return Err(Error::new(
                Kind::DataRefused,
                format!("`order` of `{name}` lacks categories of the train rows"),
            )
            .detail(listed.join(", "))
            .help("add them to `order` under [preprocess.columns], or leave `order` out"));
        }
        let mut places: Vec<(&String, u32)> = order.iter().zip(0..).collect();
        places.sort_unstable();
        self.code = Code::Ordinal {
            places: Some(places.iter().map(|(_, place)| *place).collect()),
        };
        self.categories = places
            .into_iter()
            .map(|(category, _)| category.clone())
            .collect();
        Ok(())
    }

    /// How many categories have a place, null and the rare ones among them.
    pub(super) fn known(&self) -> usize {
        self.categories.len()
            + usize::from(self.null == NullRule::Category { column: true })
            + usize::from(self.rare)
    }

    /// Those that have a place of their own, in bytewise order.
    pub fn categories(&self) -> &[String] {
        &self.categories
    }

    pub fn width(&self) -> usize {
        match &self.code {
            Code::OneHot => self.known(),
            Code::Ordinal { .. } => 1,
            Code::Target(means) => means.width(),
        }
    }

    /// Writes a value into the cells of its feature, which are 0 so far.
    pub fn encode(&self, value: Option<&str>, cells: &mut [f64]) {
        self.write(self.place(value), cells);
    }

    /// The same for a category by its place.
    pub(super) fn write(&self, place: Option<usize>, cells: &mut [f64]) {
        match (&self.code, place) {
            (Code::OneHot, Some(place)) => cells[place] = 1.0,
            (Code::OneHot, None) => {}
            (
                Code::Ordinal {
                    places: Some(places),
                },
                Some(place),
            ) if place < places.len() => {
                cells[0] = f64::from(places[place]);
            }
            (Code::Ordinal { .. }, Some(place)) => cells[0] = place as f64,
            (Code::Ordinal { .. }, None) => cells[0] = UNKNOWN,
            (Code::Target(means), place) => cells.copy_from_slice(means.of(place)),
        }
    }

    /// Writes what the train rows of a feature that is encoded by labels are fitted on: the means of the
    /// other folds. `cells` are those of the first row's feature and all behind; a row has `stride`.
    pub fn encode_out_of_fold<'a>(
        &self,
        train: impl Iterator<Item = Option<&'a str>>,
        labels: &Supervision,
        cells: &mut [f64],
        stride: usize,
    ) {
        let Code::Target(means) = &self.code else {
            return;
        };
        let places: Vec<_> = train.map(|value| self.place(value)).collect();
        for fold in 0..Supervision::FOLDS {
            let others = TargetMeans::fit(&places, self.known(), labels, Some(fold));
            for (row, place) in places.iter().enumerate() {
                if labels.folds[row] == fold {
                    cells[row * stride..][..means.width()].copy_from_slice(others.of(*place));
                }
            }
        }
    }

    /// The place of a category, if it has one: in bytewise order, then null, then what is rare.
    pub(super) fn place(&self, value: Option<&str>) -> Option<usize> {
        let category = match (value, &self.null) {
            (Some(category), _) => category,
            (None, NullRule::Fill(category)) => category,
            (None, NullRule::Category { column: true }) => return Some(self.categories.len()),
            (None, _) => return None,
        };
        let found = self
            .categories
            .binary_search_by(|known| known.as_str().cmp(category));
        found.ok().or_else(|| self.rare.then(|| self.known() - 1))
    }

    pub fn refuses_null(&self) -> bool {
        self.null == NullRule::Refuse
    }

    pub fn output_names(&self, name: &str) -> Vec<String> {
        match &self.code {
            Code::OneHot => {
                let null = self.null == NullRule::Category { column: true };
                let null = null.then(|| format!("{name}=<null>"));
                let rare = self.rare.then(|| format!("{name}=<rare>"));
                let categories = self.categories.iter();
                let categories = categories.map(|category| format!("{name}={category}"));
                categories.chain(null).chain(rare).collect()
            }
            Code::Ordinal { .. } => vec![name.to_string()],
            Code::Target(means) if means.width() == 1 => vec![name.to_string()],
            Code::Target(means) => (0..means.width())
                .map(|class| format!("{name}, class {class}"))
                .collect(),
        }
    }

    /// Whether the parts fit together; a file may claim anything.
    pub fn check(&self) -> Result<(), &'static str> {
        if !self.categories.is_sorted_by(|a, b| a < b) {
            return Err("categories are not in bytewise order");
        }
        match &self.code {
            Code::Ordinal {
                places: Some(places),
            } => {
                let mut sorted = places.clone();
                sorted.sort_unstable();
                let all = sorted.iter().copied().eq(0..self.categories.len() as u32);
                all.then_some(())
                    .ok_or("the places of categories are not theirs")
            }
            Code::Target(means) => means.check(self.known()),
            Code::OneHot | Code::Ordinal { places: None } => Ok(()),
        }
    }
}

fn null_rule(
    name: &str,
    counts: &BTreeMap<&str, usize>,
    nulls: usize,
    rule: &MissingCategorical,
) -> Result<NullRule> {
    Ok(match rule {
        MissingCategorical::Error => NullRule::Refuse,
        MissingCategorical::Category => NullRule::Category { column: nulls > 0 },
        MissingCategorical::Constant(category) => NullRule::Fill(category.clone()),
        MissingCategorical::MostFrequent => {
            // The map is in bytewise order and `max_by_key` keeps the last: so from the end.
            let most = counts.iter().rev().max_by_key(|(_, count)| **count);
            let (category, _) = most.ok_or_else(|| all_null(name))?;
            NullRule::Fill((*category).to_string())
        }
    })
}
