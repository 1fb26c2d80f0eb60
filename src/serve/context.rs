//! What comes with a request: read, and features computed of it.

use std::collections::BTreeMap;

use serde_json::{Map, Value};

use super::problem::Problem;
use super::state::{Input, Pair, Source};
use crate::definition::{ColumnName, Dtype};
use crate::error::{Error, Kind, Result, did_you_mean};
use crate::feature::{FeatureSpec, FeatureValues, Status, on_demand};
use crate::online::{EntityRows, Key};
use crate::table::{Cell, Values, parse_date, parse_datetime};

/// What a run needs of a request.
#[derive(Debug, Default)]
pub struct Requested(BTreeMap<ColumnName, Wanted>);

#[derive(Debug)]
struct Wanted {
    dtype: Dtype,
    /// `TABLE.NAME` of each table that declares it.
    full: Vec<String>,
}

/// One column for each name, one value for each key.
#[derive(Debug, Default)]
pub struct Context(BTreeMap<ColumnName, Values>);

/// Why a context is none.
#[derive(Debug)]
pub enum Unfit {
    /// What it lacks: the features, and a sentence.
    Missing(Vec<String>, String),
    /// What is wrong with it.
    Wrong(String),
}

impl Requested {
    pub(super) fn of(inputs: &[Input]) -> Self {
        let mut all: BTreeMap<ColumnName, Wanted> = BTreeMap::new();
        for spec in inputs.iter().filter_map(Input::on_demand) {
            for (name, dtype) in spec.source.request() {
                let wanted = all.entry(name.clone()).or_insert(Wanted {
                    dtype: *dtype,
                    full: Vec::new(),
                });
                let full = format!("{}.{name}", spec.table);
                if !wanted.full.contains(&full) {
                    wanted.full.push(full);
                }
            }
        }
        Self(all)
    }

    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Names with their types, in order.
    pub fn dtypes(&self) -> impl Iterator<Item = (&ColumnName, Dtype)> {
        self.0.iter().map(|(name, wanted)| (name, wanted.dtype))
    }

    /// A context of nulls for some keys.
    pub fn nulls(&self, keys: usize) -> Context {
        let nulls =
            |(name, dtype): (&ColumnName, Dtype)| (name.clone(), Values::nulls(dtype, keys));
        Context(self.dtypes().map(nulls).collect())
    }

    /// Reads one object for each key.
    ///
    /// # Errors
    /// A name is unknown or missing, or its value is of another type; null is of any.
    pub fn read(&self, objects: &[&Map<String, Value>]) -> Result<Context, Unfit> {
        self.read_beside(None, objects)
    }

    /// Reads one object for each key, which may also have what another run needs.
    ///
    /// # Errors
    /// As [`Self::read`].
    pub fn read_beside(
        &self,
        other: Option<&Self>,
        objects: &[&Map<String, Value>],
    ) -> Result<Context, Unfit> {
        for object in objects {
            self.check_names(other, object)?;
        }
        let mut columns = BTreeMap::new();
        for (name, wanted) in &self.0 {
            let cells = objects.iter().map(|object| {
                let value = object.get(name.as_str()).unwrap_or(&Value::Null);
                cell(value, wanted.dtype).ok_or_else(|| {
                    let expected = expected(wanted.dtype);
                    let found = found(value);
                    Unfit::Wrong(format!(
                        "`context.{name}` must be {expected} or null, and is {found}"
                    ))
                })
            });
            let cells = cells.collect::<Result<Vec<Cell>, Unfit>>()?;
            columns.insert(name.clone(), Values::of_cells(wanted.dtype, &cells));
        }
        Ok(Context(columns))
    }

    fn check_names(&self, other: Option<&Self>, object: &Map<String, Value>) -> Result<(), Unfit> {
        let is_known = |name: &str| {
            let of_other = || other.is_some_and(|other| other.0.contains_key(name));
            self.0.contains_key(name) || of_other()
        };
        if let Some(name) = object.keys().find(|name| !is_known(name)) {
            let names: Vec<_> = self.0.keys().map(ToString::to_string).collect();
            let takes = match did_you_mean(name, names.iter().map(String::as_str)) {
                Some(near) => format!("did you mean `{near}`?"),
                None if names.is_empty() => "this run takes none".to_string(),
                None => format!("this run takes {}", names.join(", ")),
            };
            let name: String = name.chars().filter(|letter| !letter.is_control()).collect();
            return Err(Unfit::Wrong(format!("`context` has `{name:.60}`; {takes}")));
        }
        let absent = self
            .0
            .iter()
            .filter(|(name, _)| !object.contains_key(name.as_str()));
        let absent: Vec<_> = absent.collect();
        if absent.is_empty() {
            return Ok(());
        }
        let names: Vec<_> = absent
            .iter()
            .map(|(name, wanted)| format!("{name} ({})", wanted.dtype.as_str()))
            .collect();
        let features = absent.iter().flat_map(|(_, wanted)| wanted.full.clone());
        Err(Unfit::Missing(
            features.collect(),
            format!(
                "the run needs of the request what `context` lacks: {}",
                names.join(", ")
            ),
        ))
    }
}

/// The value of a type; an empty text is null, as everywhere.
pub(super) fn cell(value: &Value, dtype: Dtype) -> Option<Cell<'_>> {
    Some(match (dtype, value) {
        (_, Value::Null) => Cell::Null,
        (Dtype::String, Value::String(text)) if text.is_empty() => Cell::Null,
        (Dtype::String, Value::String(text)) => Cell::String(text),
        (Dtype::Bool, Value::Bool(value)) => Cell::Bool(*value),
        (Dtype::I64, Value::Number(number)) => Cell::I64(number.as_i64()?),
        // Adding 0 makes the zero that has no sign.
        (Dtype::F64, Value::Number(number)) => Cell::F64(number.as_f64()? + 0.0),
        (Dtype::Date, Value::String(text)) => Cell::Date(parse_date(text).ok()?),
        (Dtype::Datetime, Value::String(text)) => Cell::Datetime(parse_datetime(text).ok()?),
        _ => return None,
    })
}

/// What stands there instead, in a few words.
pub(super) fn found(value: &Value) -> String {
    match value {
        Value::Array(_) => "a list".to_string(),
        Value::Object(_) => "an object".to_string(),
        other => match other.to_string() {
            text if text.chars().count() > 40 => {
                let start: String = text.chars().take(40).collect();
                format!("{start}…")
            }
            text => text,
        },
    }
}

pub(super) fn expected(dtype: Dtype) -> &'static str {
    match dtype {
        Dtype::String => "a string",
        Dtype::Bool => "true or false",
        Dtype::I64 => "an integer",
        Dtype::F64 => "a number",
        Dtype::Date => "a date such as \"2024-01-31\"",
        Dtype::Datetime => "an instant such as \"2024-01-31T10:00:00Z\"",
    }
}

impl Unfit {
    pub fn to_problem(&self) -> Problem {
        match self {
            Self::Missing(..) => Problem::of(&self.to_error(), ""),
            Self::Wrong(why) if why.ends_with('?') => Problem::new(422, why.clone()),
            Self::Wrong(why) => Problem::new(422, format!("{why}.")),
        }
    }

    /// The same for a command line, and for one of several entities.
    pub fn to_error(&self) -> Error {
        match self {
            Self::Missing(features, why) => {
                Error::new(Kind::MissingFeatures, why.clone()).details(features.iter().cloned())
            }
            Self::Wrong(why) => Error::usage(why.clone()),
        }
    }
}

/// The values of a pair's features that need a request, by the place of the input.
#[derive(Debug, Default)]
pub struct Computed(BTreeMap<usize, FeatureValues>);

impl Computed {
    /// Computes them for some keys and what comes with each.
    pub fn of(pair: &Pair, keys: &[Key], context: &Context) -> Result<Self> {
        let mut all = BTreeMap::new();
        let mut rows = None;
        for (at, input) in pair.inputs.iter().enumerate() {
            if let Source::OnDemand(spec) = &input.source {
                let find = || {
                    keys.iter()
                        .map(|key| pair.view.find(pair.key(), key))
                        .collect()
                };
                let rows: &Vec<_> = rows.get_or_insert_with(find);
                all.insert(at, computed(pair, spec, rows, context)?);
            }
        }
        Ok(Self(all))
    }

    /// The value of an input for the key of that number.
    pub(super) fn get(&self, input: usize, key: usize) -> Option<(Cell<'_>, Status)> {
        let found = self.0.get(&input)?;
        Some((found.values.cell(key), *found.status.get(key)?))
    }
}

fn computed(
    pair: &Pair,
    spec: &FeatureSpec,
    rows: &[Option<EntityRows>],
    context: &Context,
) -> Result<FeatureValues> {
    let mut status = vec![Status::Present; rows.len()];
    let mut columns = BTreeMap::new();
    for column in spec.known_before() {
        let hash = column.hash();
        let mut cells = Vec::with_capacity(rows.len());
        for (at, rows) in rows.iter().enumerate() {
            let value = rows.as_ref().and_then(|rows| pair.view.value(rows, hash));
            cells.push(value.map_or(Cell::Null, |value| value.cell));
            // A null in a row is the expression's to judge.
            match value.map_or(Status::NotFound, |value| value.status) {
                Status::Null | Status::Present => {}
                absent => status[at] = absent,
            }
        }
        columns.insert(column.feature, Values::of_cells(column.dtype, &cells));
    }
    on_demand::values(spec, columns, &status, &context.0)
}
