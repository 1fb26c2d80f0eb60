//! `[search]`: values that are tried, and how the best of them are found.

use std::collections::BTreeMap;

use super::InvalidName;
use super::experiment::words;
use super::{Value, ValuePath};

/// Which values of an experiment are left open, and what decides between them.
#[derive(Debug, Clone, PartialEq)]
pub struct Search {
    pub method: SearchMethod,
    /// A mean over folds, a name in [`super::METRICS`]: the test rows choose nothing.
    pub metric: &'static str,
    /// None: every combination is tried.
    pub draw: Option<Draw>,
    /// Exactly with [`SearchMethod::Halving`].
    pub halving: Option<Halving>,
    /// By the key path of the value, below `model` or `preprocess`; at least one.
    pub space: BTreeMap<ValuePath, Choice>,
}

words! {
    /// How candidates come to be, and which of them are tried to the end.
    SearchMethod {
        /// Every combination of the values.
        Grid = "grid",
        /// Drawn by a seed.
        Random = "random",
        /// All with little of a resource, the better part of them with more of it, and so on.
        Halving = "halving",
    }
}

/// How many candidates are drawn, and where the pseudo-random numbers start.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Draw {
    pub candidates: usize,
    pub seed: i64,
}

/// Successive halving, after Jamieson & Talwalkar (2016): round after round one candidate in `factor`
/// stays, and has `factor` times as much of the resource.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Halving {
    /// The key path of an integer of the model: what more of costs more and is expected to help.
    pub resource: ValuePath,
    /// What the first round has; below `to`.
    pub from: i64,
    /// What the last round has.
    pub to: i64,
    /// 2 to 10.
    pub factor: i64,
}

/// What is tried for one value.
#[derive(Debug, Clone, PartialEq)]
pub enum Choice {
    /// At least one, without repetition, in the order they are written.
    Values(Vec<Value>),
    /// Inclusive; `from` is below `to`.
    Integers { from: i64, to: i64, scale: Scale },
    /// Inclusive; `from` is below `to`.
    Floats { from: f64, to: f64, scale: Scale },
}

words! {
    /// How values of a range are spread.
    Scale {
        /// Each as likely as any other.
        Linear = "linear",
        /// Each order of magnitude as likely as any other; `from` is above 0.
        Log = "log",
    }
}

impl Search {
    pub const DEFAULT_SEED: i64 = 42;
    pub const DEFAULT_FACTOR: i64 = 3;
    pub const MAX_FACTOR: i64 = 10;
    pub const MAX_CANDIDATES: usize = 10_000;

    /// How many combinations there are; none where a range of floats has no end of them.
    pub fn combinations(&self) -> Option<usize> {
        combinations(&self.space)
    }

    /// Everything the section says, defaults written out, by key path below `search`.
    pub fn declare(&self) -> BTreeMap<ValuePath, Value> {
        // Taken apart in full, so that a field that is added cannot be forgotten here.
        let Self {
            method,
            metric,
            draw,
            halving,
            space,
        } = self;
        let mut declared = BTreeMap::new();
        let mut insert = |path: String, value| declared.insert(ValuePath::new(path), value);
        insert("method".into(), word(method.as_str()));
        insert("metric".into(), word(metric));
        if let Some(Draw { candidates, seed }) = draw {
            let candidates = i64::try_from(*candidates).unwrap_or(i64::MAX);
            insert("candidates".into(), Value::Integer(candidates));
            insert("seed".into(), Value::Integer(*seed));
        }
        if let Some(Halving {
            resource,
            from,
            to,
            factor,
        }) = halving
        {
            insert("factor".into(), Value::Integer(*factor));
            insert("resource.key".into(), word(resource.as_str()));
            insert("resource.from".into(), Value::Integer(*from));
            insert("resource.to".into(), Value::Integer(*to));
        }
        for (path, choice) in space {
            let mut range = |from, to, scale: Scale| {
                insert(format!("{path}.from"), from);
                insert(format!("{path}.to"), to);
                insert(format!("{path}.scale"), word(scale.as_str()));
            };
            match choice {
                Choice::Values(values) => {
                    insert(path.to_string(), Value::List(values.clone()));
                }
                Choice::Integers { from, to, scale } => {
                    range(Value::Integer(*from), Value::Integer(*to), *scale);
                }
                Choice::Floats { from, to, scale } => {
                    range(Value::Float(*from), Value::Float(*to), *scale);
                }
            }
        }
        declared
    }

    /// Every key path whose value the search says, the resource's too.
    pub fn paths(&self) -> impl Iterator<Item = &ValuePath> {
        let resource = self.halving.as_ref().map(|halving| &halving.resource);
        self.space.keys().chain(resource)
    }

    /// Whether a candidate may have this value.
    pub fn allows(&self, path: &ValuePath, value: &Value) -> bool {
        match (&self.halving, value) {
            (Some(halving), Value::Integer(value)) if halving.resource == *path => {
                (halving.from..=halving.to).contains(value)
            }
            _ => self
                .space
                .get(path)
                .is_some_and(|choice| choice.allows(value)),
        }
    }
}

/// How many combinations a space has; none where there is no end of them. Saturating.
pub fn combinations(space: &BTreeMap<ValuePath, Choice>) -> Option<usize> {
    let mut sizes = space.values().map(Choice::size);
    sizes.try_fold(1_usize, |product, size| Some(product.saturating_mul(size?)))
}

impl Choice {
    fn size(&self) -> Option<usize> {
        match self {
            Self::Values(values) => Some(values.len()),
            Self::Integers { from, to, .. } => {
                let others = usize::try_from(to.abs_diff(*from)).unwrap_or(usize::MAX);
                Some(others.saturating_add(1))
            }
            Self::Floats { .. } => None,
        }
    }

    fn allows(&self, value: &Value) -> bool {
        match (self, value) {
            (Self::Values(values), value) => values.contains(value),
            (Self::Integers { from, to, .. }, Value::Integer(value)) => {
                (from..=to).contains(&value)
            }
            (Self::Floats { from, to, .. }, Value::Float(value)) => (from..=to).contains(&value),
            _ => false,
        }
    }
}

fn word(text: &str) -> Value {
    Value::Text(text.to_string())
}
