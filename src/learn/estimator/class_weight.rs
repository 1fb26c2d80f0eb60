//! Whether the classes count by their rows, or all the same.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::parameters::unusable;
use crate::definition::estimator::CLASS_WEIGHT;
use crate::definition::{Model, Value};
use crate::error::Result;
use crate::learn::{Examples, Target};

#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ClassWeight {
    /// Each row as its weight says.
    #[default]
    None,
    /// Each class as much as any other: a row counts its weight, times the weight of all rows divided by
    /// that of its class and the number of classes. scikit-learn's `class_weight = "balanced"`.
    Balanced,
}

impl ClassWeight {
    pub(super) fn of(model: &Model) -> Result<Self> {
        match model.parameters.get(CLASS_WEIGHT.name) {
            Some(Value::Text(word)) if word == "none" => Ok(Self::None),
            Some(Value::Text(word)) if word == "balanced" => Ok(Self::Balanced),
            _ => Err(unusable(CLASS_WEIGHT.name)),
        }
    }

    /// The parameter's name and value.
    pub(super) fn value(self) -> (&'static str, Value) {
        let word = match self {
            Self::None => "none",
            Self::Balanced => "balanced",
        };
        (CLASS_WEIGHT.name, Value::Text(word.to_string()))
    }

    /// serde gives the field by reference.
    #[allow(clippy::trivially_copy_pass_by_ref)]
    pub(super) fn is_none(&self) -> bool {
        *self == Self::None
    }

    /// How much each row counts; none where that is as it was.
    pub(super) fn weights(self, examples: &Examples<'_>) -> Option<Vec<f64>> {
        let classes: Vec<u32> = match (self, examples.target) {
            (Self::None, _) | (_, Target::Regression(_)) => return None,
            (Self::Balanced, Target::Binary(labels)) => {
                labels.iter().map(|label| u32::from(*label)).collect()
            }
            (Self::Balanced, Target::Multiclass { rows, .. }) => rows.to_vec(),
        };
        let rows = examples.row_weights();
        let mut of_class: BTreeMap<u32, f64> = BTreeMap::new();
        for (class, weight) in classes.iter().zip(rows.iter()) {
            *of_class.entry(*class).or_default() += weight;
        }
        let share = examples.total_weight() / of_class.len() as f64;
        let weighted = classes.iter().zip(rows.iter());
        Some(
            weighted
                .map(|(class, weight)| weight * (share / of_class[class]))
                .collect(),
        )
    }
}
