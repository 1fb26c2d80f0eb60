//! The names people give: of tables, columns, features, experiments, models.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// Why a text is no name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct InvalidName(pub String);

impl fmt::Display for InvalidName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for InvalidName {}

/// Names that are also file names: a letter or digit, then letters, digits, `_` and `-`.
fn check_plain(text: &str) -> Result<(), InvalidName> {
    let first = text
        .chars()
        .next()
        .is_some_and(|c| c.is_ascii_alphanumeric());
    let rest = text
        .chars()
        .all(|c| c.is_ascii_alphanumeric() || c == '_' || c == '-');
    if first && rest && text.len() <= 100 {
        return Ok(());
    }
    Err(InvalidName(format!(
        "`{text}` is not a name: use up to 100 letters, digits, `_` and `-`, a letter or digit first"
    )))
}

/// Column names come from files: anything but nothing, control characters, and our own prefix.
fn check_column(text: &str) -> Result<(), InvalidName> {
    if text.is_empty() || text.chars().any(char::is_control) {
        return Err(InvalidName(
            "a column's name is a text without control characters".into(),
        ));
    }
    if text.starts_with("__") {
        return Err(InvalidName(format!(
            "`{text}` begins with `__`, which streamflow keeps for its own columns"
        )));
    }
    Ok(())
}

/// Words that name a run already: `NAME@latest`, a stage, git's own names.
const RESERVED: [&str; 12] = [
    "latest",
    "locked",
    "production",
    "staging",
    "archived",
    "none",
    "head",
    "fetch_head",
    "orig_head",
    "merge_head",
    "main",
    "master",
];

/// Aliases stand behind `@`, where git revisions and stages stand too: none of them can be taken for
/// one.
fn check_alias(text: &str) -> Result<(), InvalidName> {
    let invalid = |why: &str| Err(InvalidName(format!("`{text}` is not an alias: {why}")));
    let first = text.chars().next().is_some_and(|c| c.is_ascii_lowercase());
    let part = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_' || c == '-';
    if !first || !text.chars().all(part) || text.len() > 64 {
        return invalid("use up to 64 of a-z, 0-9, `_` and `-`, a letter first");
    }
    if RESERVED.contains(&text) {
        return invalid("the word means something else behind `@`");
    }
    if text.len() >= 4 && text.chars().all(|c| c.is_ascii_hexdigit()) {
        return invalid("it reads like the beginning of a hash");
    }
    Ok(())
}

/// Columns of the store: those of files, and our own.
fn check_stored_column(text: &str) -> Result<(), InvalidName> {
    match text {
        ROW_DATE | LINE | RULES => Ok(()),
        _ => check_column(text),
    }
}

const ROW_DATE: &str = "__row_date";
const LINE: &str = "__line";
const RULES: &str = "__rules";

macro_rules! define_names {
    ($($(#[$doc:meta])* $name:ident by $check:ident, stored by $stored:ident;)*) => {$(
        $(#[$doc])*
        #[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub struct $name(String);

        impl $name {
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl FromStr for $name {
            type Err = InvalidName;

            fn from_str(text: &str) -> Result<Self, InvalidName> {
                $check(text)?;
                Ok(Self(text.to_string()))
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.pad(&self.0)
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, "{:?}", self.0)
            }
        }

        impl std::borrow::Borrow<str> for $name {
            fn borrow(&self) -> &str {
                &self.0
            }
        }

        impl Serialize for $name {
            fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.serialize_str(&self.0)
            }
        }

        impl<'de> Deserialize<'de> for $name {
            fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                let text = String::deserialize(deserializer)?;
                $stored(&text).map_err(serde::de::Error::custom)?;
                Ok(Self(text))
            }
        }
    )*};
}

define_names! {
    /// A source table: the stem of `features/TABLE.toml`.
    TableName by check_plain, stored by check_plain;
    /// A column of a source table.
    ColumnName by check_column, stored by check_stored_column;
    /// What rows are about: `user` in `[entities.user]`.
    EntityName by check_plain, stored by check_plain;
    /// The stem of `experiments/NAME.toml`.
    ExperimentName by check_plain, stored by check_plain;
    /// A registered model, which runs compete for.
    ModelName by check_plain, stored by check_plain;
    /// A feature that an experiment derives from others: a key of `[preprocess.derived]`.
    DerivedName by check_plain, stored by check_plain;
    /// What is done for a date, in order: `monthly` in `[flow.monthly]`.
    FlowName by check_plain, stored by check_plain;
    /// A free pointer to a run of a model: `champion` in `MODEL@champion`.
    AliasName by check_alias, stored by check_alias;
}

impl ColumnName {
    /// The column streamflow adds to every snapshot: the date of the file a row last came from.
    pub fn row_date() -> Self {
        Self(ROW_DATE.to_string())
    }

    /// The column of quarantined rows with the line of each in its file.
    pub fn line() -> Self {
        Self(LINE.to_string())
    }

    /// The column of quarantined rows with the rules that each broke.
    pub fn rules() -> Self {
        Self(RULES.to_string())
    }

    /// A column of the store: one of a file, or our own.
    pub fn stored(text: &str) -> Result<Self, InvalidName> {
        check_stored_column(text)?;
        Ok(Self(text.to_string()))
    }
}

/// `TABLE.FEATURE`, ordered bytewise by its full text.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct FeatureName {
    pub table: TableName,
    /// A column's name, or the name of a derived or windowed feature.
    pub feature: ColumnName,
}

impl FeatureName {
    pub fn new(table: TableName, feature: ColumnName) -> Self {
        Self { table, feature }
    }

    /// The bytes of its full text.
    fn bytes(&self) -> impl Iterator<Item = u8> {
        let table = self.table.as_str().bytes();
        table.chain([b'.']).chain(self.feature.as_str().bytes())
    }
}

impl fmt::Display for FeatureName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&format!("{}.{}", self.table, self.feature))
    }
}

impl Ord for FeatureName {
    fn cmp(&self, other: &Self) -> std::cmp::Ordering {
        self.bytes().cmp(other.bytes())
    }
}

impl PartialOrd for FeatureName {
    fn partial_cmp(&self, other: &Self) -> Option<std::cmp::Ordering> {
        Some(self.cmp(other))
    }
}

impl FromStr for FeatureName {
    type Err = InvalidName;

    fn from_str(text: &str) -> Result<Self, InvalidName> {
        let (table, feature) = text
            .split_once('.')
            .ok_or_else(|| InvalidName(format!("`{text}` is not of the form TABLE.FEATURE")))?;
        Ok(Self {
            table: table.parse()?,
            feature: feature.parse()?,
        })
    }
}

impl Serialize for FeatureName {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for FeatureName {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)?
            .parse()
            .map_err(serde::de::Error::custom)
    }
}

/// A stage a run of a model can be pinned to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Stage {
    Production,
    Staging,
}

impl Stage {
    pub const ALL: [Self; 2] = [Self::Production, Self::Staging];

    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Production => "production",
            Self::Staging => "staging",
        }
    }
}

impl fmt::Display for Stage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

impl FromStr for Stage {
    type Err = InvalidName;

    /// Case does not matter: people write `Production`.
    fn from_str(text: &str) -> Result<Self, InvalidName> {
        Self::ALL
            .into_iter()
            .find(|stage| stage.as_str().eq_ignore_ascii_case(text))
            .ok_or_else(|| InvalidName(format!("`{text}` is not a stage: production or staging")))
    }
}

/// What is said of a run of a model, as policy: a stage that pins it, or that it has left them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Standing {
    Pinned(Stage),
    /// It has stood in a stage, or was set aside.
    Archived,
    /// Nothing was decided about it.
    None,
}

impl Standing {
    pub const ALL: [Self; 4] = [
        Self::Pinned(Stage::Production),
        Self::Pinned(Stage::Staging),
        Self::Archived,
        Self::None,
    ];

    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Pinned(stage) => stage.as_str(),
            Self::Archived => "archived",
            Self::None => "none",
        }
    }

    /// The stage that pins it.
    pub const fn stage(self) -> Option<Stage> {
        match self {
            Self::Pinned(stage) => Some(stage),
            Self::Archived | Self::None => None,
        }
    }
}

impl From<Stage> for Standing {
    fn from(stage: Stage) -> Self {
        Self::Pinned(stage)
    }
}

impl fmt::Display for Standing {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

impl FromStr for Standing {
    type Err = InvalidName;

    /// Case does not matter.
    fn from_str(text: &str) -> Result<Self, InvalidName> {
        Self::ALL
            .into_iter()
            .find(|standing| standing.as_str().eq_ignore_ascii_case(text))
            .ok_or_else(|| {
                InvalidName(format!(
                    "`{text}` is not a stage: production or staging; archived or none take a run out"
                ))
            })
    }
}

impl Serialize for Standing {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.as_str())
    }
}

impl<'de> Deserialize<'de> for Standing {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        let known = Self::ALL
            .into_iter()
            .find(|standing| standing.as_str() == text);
        known.ok_or_else(|| serde::de::Error::custom(format!("`{text}` is not a stage")))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_alias_is_never_taken_for_something_else() {
        for text in [
            "",
            "latest",
            "locked",
            "production",
            "staging",
            "archived",
            "none",
            "head",
            "main",
            "Champion",
            "HEAD",
            "beef",
            "facade",
            "deadbeef",
            "1a2b",
            "v1.0",
            "a b",
            "a/b",
            "a@b",
            "-a",
            "_a",
            "HEAD~1",
            "é",
            "..",
            &"x".repeat(65),
        ] {
            assert!(text.parse::<AliasName>().is_err(), "{text:?}");
        }
        for text in ["champion", "challenger-2", "v2", "bee", "beefy", "eu_west"] {
            assert!(text.parse::<AliasName>().is_ok(), "{text:?}");
        }
    }

    #[test]
    fn names_that_would_leave_their_folder_are_refused() {
        for text in [
            "",
            "..",
            "a/b",
            ".hidden",
            "a b",
            "-flag",
            "é",
            &"x".repeat(101),
        ] {
            assert!(text.parse::<TableName>().is_err(), "{text:?}");
        }
    }

    #[test]
    fn features_are_ordered_by_their_full_text() {
        let name = |text: &str| text.parse::<FeatureName>().unwrap();
        assert!(
            name("a-b.x") < name("a.x"),
            "bytewise, `-` stands before `.`"
        );
    }
}
