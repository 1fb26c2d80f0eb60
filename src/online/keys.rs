//! Keys of entities: one, and many in order.

use std::cmp::Ordering;
use std::fmt;

use serde::{Serialize, Serializer};

use crate::definition::Dtype;
use crate::table::{Cell, Values};

/// One entity.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum Key {
    Integer(i64),
    Text(String),
}

impl Key {
    /// A key of that type as it is written in a path or on a command line.
    pub fn parse(text: &str, dtype: Dtype) -> Option<Self> {
        match dtype {
            Dtype::I64 => text.parse().ok().map(Self::Integer),
            _ => Some(Self::Text(text.to_string())),
        }
    }

    /// The key as a column of one row.
    pub fn to_values(&self) -> Values {
        match self {
            Self::Integer(value) => Values::integers(&[Some(*value)]),
            Self::Text(text) => Values::strings(&[Some(text)]),
        }
    }

    pub fn cell(&self) -> Cell<'_> {
        match self {
            Self::Integer(value) => Cell::I64(*value),
            Self::Text(text) => Cell::String(text),
        }
    }
}

/// As people write it.
impl fmt::Display for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Integer(value) => write!(f, "{value}"),
            Self::Text(text) => f.write_str(text),
        }
    }
}

/// A JSON integer, or a text.
impl Serialize for Key {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.cell().serialize(serializer)
    }
}

/// Keys in ascending order, each once. Texts lie one behind the other in one piece of memory.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Keys {
    Integers(Vec<i64>),
    Texts {
        text: String,
        /// Where each key ends.
        ends: Vec<usize>,
    },
}

/// A key that lies elsewhere.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum KeyRef<'a> {
    Integer(i64),
    Text(&'a str),
}

impl KeyRef<'_> {
    pub fn to_key(self) -> Key {
        match self {
            Self::Integer(value) => Key::Integer(value),
            Self::Text(text) => Key::Text(text.to_string()),
        }
    }
}

impl<'a> From<&'a Key> for KeyRef<'a> {
    fn from(key: &'a Key) -> Self {
        match key {
            Key::Integer(value) => Self::Integer(*value),
            Key::Text(text) => Self::Text(text),
        }
    }
}

impl Keys {
    /// The keys of a column, which stand in their order; nulls are no keys.
    pub fn of(values: &Values) -> Self {
        let mut keys = Self::empty(values.dtype());
        for row in 0..values.len() {
            match values.cell(row) {
                Cell::I64(value) => keys.push(KeyRef::Integer(value)),
                Cell::String(text) => keys.push(KeyRef::Text(text)),
                _ => {}
            }
        }
        keys.shrink();
        keys
    }

    fn empty(dtype: Dtype) -> Self {
        match dtype {
            Dtype::I64 => Self::Integers(Vec::new()),
            _ => Self::Texts {
                text: String::new(),
                ends: Vec::new(),
            },
        }
    }

    pub fn dtype(&self) -> Dtype {
        match self {
            Self::Integers(_) => Dtype::I64,
            Self::Texts { .. } => Dtype::String,
        }
    }

    pub fn len(&self) -> usize {
        match self {
            Self::Integers(keys) => keys.len(),
            Self::Texts { ends, .. } => ends.len(),
        }
    }

    /// Adds a key behind the last. One of the other type is left out: it is nobody's.
    fn push(&mut self, key: KeyRef<'_>) {
        match (self, key) {
            (Self::Integers(keys), KeyRef::Integer(key)) => keys.push(key),
            (Self::Texts { text, ends }, KeyRef::Text(key)) => {
                text.push_str(key);
                ends.push(text.len());
            }
            _ => {}
        }
    }

    fn shrink(&mut self) {
        match self {
            Self::Integers(keys) => keys.shrink_to_fit(),
            Self::Texts { text, ends } => {
                text.shrink_to_fit();
                ends.shrink_to_fit();
            }
        }
    }

    /// # Panics
    /// When there are not so many keys.
    pub fn at(&self, at: usize) -> KeyRef<'_> {
        match self {
            Self::Integers(keys) => KeyRef::Integer(keys[at]),
            Self::Texts { text, ends } => {
                let start = at.checked_sub(1).map_or(0, |before| ends[before]);
                KeyRef::Text(&text[start..ends[at]])
            }
        }
    }

    pub fn iter(&self) -> impl Iterator<Item = KeyRef<'_>> {
        (0..self.len()).map(|at| self.at(at))
    }

    /// Where a key stands.
    pub fn find(&self, key: KeyRef<'_>) -> Option<usize> {
        let (mut low, mut high) = (0, self.len());
        while low < high {
            let middle = low + (high - low) / 2;
            match self.at(middle).cmp(&key) {
                Ordering::Less => low = middle + 1,
                Ordering::Greater => high = middle,
                Ordering::Equal => return Some(middle),
            }
        }
        None
    }

    /// The keys of both, in order, each once.
    pub fn union(&self, other: &Self) -> Self {
        let mut all = Self::empty(self.dtype());
        let (mut own, mut others) = (self.iter().peekable(), other.iter().peekable());
        loop {
            let next = match (own.peek(), others.peek()) {
                (Some(a), Some(b)) => *a.min(b),
                (Some(only), None) | (None, Some(only)) => *only,
                (None, None) => break,
            };
            own.next_if_eq(&next);
            others.next_if_eq(&next);
            all.push(next);
        }
        all.shrink();
        all
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;

    use proptest::prelude::*;

    fn keys_of(texts: &BTreeSet<String>) -> Keys {
        let texts: Vec<_> = texts.iter().map(Some).collect();
        Keys::of(&Values::strings(&texts))
    }

    fn texts() -> impl Strategy<Value = BTreeSet<String>> {
        prop::collection::btree_set("[a-cé]{1,3}", 0..40)
    }

    proptest! {
        #[test]
        fn keys_are_found_where_they_stand_and_nowhere_else(own in texts(), sought in texts()) {
            let keys = keys_of(&own);
            prop_assert_eq!(keys.len(), own.len());
            for text in own.iter().chain(&sought) {
                let place = own.iter().position(|known| known == text);
                prop_assert_eq!(keys.find(KeyRef::Text(text)), place);
            }
            prop_assert_eq!(keys.find(KeyRef::Integer(1)), None);
        }

        #[test]
        fn a_union_has_the_keys_of_both_once(a in texts(), b in texts()) {
            let both: BTreeSet<String> = a.union(&b).cloned().collect();
            prop_assert_eq!(keys_of(&a).union(&keys_of(&b)), keys_of(&both));
        }

        #[test]
        fn numbers_are_keys_in_their_own_order(
            numbers in prop::collection::btree_set(any::<i64>(), 0..40),
        ) {
            let column: Vec<_> = numbers.iter().copied().map(Some).collect();
            let keys = Keys::of(&Values::integers(&column));
            for (place, number) in numbers.iter().enumerate() {
                prop_assert_eq!(keys.find(KeyRef::Integer(*number)), Some(place));
            }
        }
    }
}
