//! The JSON Schema of the files people write, for editors: completion, hints, and red lines before
//! `streamflow check` is run.
//!
//! A schema says what one file alone can be held to. What takes several files, such as whether a
//! feature exists, only the parser knows; that both know the same keys is a test.

mod check;
mod experiment;
mod feature;
mod preprocess;
mod project;

use serde_json::{Value, json};

/// A file people write, by the name `streamflow schema` has for it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SchemaKind {
    /// `streamflow.toml`
    Streamflow,
    /// `features/TABLE.toml`
    Feature,
    /// `experiments/NAME.toml`
    Experiment,
}

impl SchemaKind {
    pub const ALL: [Self; 3] = [Self::Streamflow, Self::Feature, Self::Experiment];

    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Streamflow => "streamflow",
            Self::Feature => "feature",
            Self::Experiment => "experiment",
        }
    }
}

/// The schema of a file, in draft 2020-12.
pub fn schema(kind: SchemaKind) -> Value {
    let (title, mut schema) = match kind {
        SchemaKind::Streamflow => ("streamflow.toml", project::schema()),
        SchemaKind::Feature => ("features/TABLE.toml", feature::schema()),
        SchemaKind::Experiment => ("experiments/NAME.toml", experiment::schema()),
    };
    schema["$schema"] = json!("https://json-schema.org/draft/2020-12/schema");
    schema["title"] = json!(title);
    schema
}

/// A section with these keys and no others.
fn section(description: &str, required: &[&str], properties: &Value) -> Value {
    json!({
        "type": "object",
        "description": description,
        "properties": properties,
        "required": required,
        "additionalProperties": false,
    })
}

/// A section whose keys are names people give.
fn named(description: &str, names: &Value, value: &Value) -> Value {
    json!({
        "type": "object",
        "description": description,
        "propertyNames": names,
        "additionalProperties": value,
    })
}

fn text(description: &str) -> Value {
    json!({ "type": "string", "description": description, "minLength": 1 })
}

fn texts(description: &str) -> Value {
    json!({ "type": "array", "description": description, "items": { "type": "string" } })
}

/// One of the words of a closed set; what they stand for does not matter here.
fn words<T>(description: &str, words: &[(&str, T)], default: &str) -> Value {
    let words: Vec<_> = words.iter().map(|(word, _)| *word).collect();
    json!({ "enum": words, "description": description, "default": default })
}

/// What is also a file name: of tables, experiments, entities, models.
fn name(description: &str) -> Value {
    json!({
        "type": "string",
        "description": description,
        "pattern": "^[A-Za-z0-9][A-Za-z0-9_-]{0,99}$",
    })
}

fn column_name(description: &str) -> Value {
    json!({
        "type": "string",
        "description": description,
        "minLength": 1,
        "not": { "pattern": "^__" },
    })
}

fn date(description: &str) -> Value {
    json!({ "type": "string", "format": "date", "description": description })
}

fn age(description: &str) -> Value {
    json!({ "type": "string", "pattern": "^[0-9]+[wdhms]$", "description": description })
}

fn with_default(mut schema: Value, default: impl Into<Value>) -> Value {
    schema["default"] = default.into();
    schema
}

#[cfg(test)]
mod tests;
