//! One categorical feature → one matrix column per category.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::numeric::all_null;
use crate::definition::{MissingCategorical, Preprocess};
use crate::error::Result;
use crate::learn::Warning;

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CategoricalEncoder {
    null: NullRule,
    /// Of the train rows, in bytewise order. Null, if a category of its own, comes after them.
    categories: Vec<String>,
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

impl CategoricalEncoder {
    pub fn fit<'a>(
        name: &str,
        train: impl Iterator<Item = Option<&'a str>>,
        preprocess: &Preprocess,
        warnings: &mut Vec<Warning>,
    ) -> Result<Self> {
        let mut counts: BTreeMap<&str, usize> = BTreeMap::new();
        let mut nulls = 0_usize;
        for value in train {
            match value {
                Some(category) => *counts.entry(category).or_default() += 1,
                None => nulls += 1,
            }
        }
        let null = null_rule(name, &counts, nulls, &preprocess.missing_categorical)?;
        if let NullRule::Fill(category) = &null
            && nulls > 0
        {
            counts.entry(category).or_default();
        }
        let categories = counts.into_keys().map(str::to_string).collect();
        let encoder = Self { null, categories };
        if encoder.width() == 1 {
            let only = encoder.output_names(name).remove(0);
            warnings.push(Warning::new(format!(
                "`{only}` holds in every train row: a model can learn nothing from it."
            )));
        }
        Ok(encoder)
    }

    pub fn width(&self) -> usize {
        self.categories.len() + usize::from(self.null == NullRule::Category { column: true })
    }

    /// Which of the feature's columns is 1, if any.
    pub fn encode(&self, value: Option<&str>) -> Option<usize> {
        let category = match (value, &self.null) {
            (Some(category), _) => category,
            (None, NullRule::Fill(category)) => category,
            (None, NullRule::Category { column: true }) => return Some(self.categories.len()),
            (None, _) => return None,
        };
        self.categories
            .binary_search_by(|known| known.as_str().cmp(category))
            .ok()
    }

    pub fn refuses_null(&self) -> bool {
        self.null == NullRule::Refuse
    }

    pub fn output_names(&self, name: &str) -> Vec<String> {
        let null = (self.width() > self.categories.len()).then(|| format!("{name}=<null>"));
        let named = self
            .categories
            .iter()
            .map(|category| format!("{name}={category}"));
        named.chain(null).collect()
    }

    pub fn check(&self) -> Result<(), &'static str> {
        if self.categories.is_sorted_by(|a, b| a < b) {
            Ok(())
        } else {
            Err("categories are not in bytewise order")
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
