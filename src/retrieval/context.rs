//! What a spine brings for features on demand: columns of the names that `[features.request]` has.

use std::collections::{BTreeMap, BTreeSet};

use super::spine::{converted, refused};
use crate::definition::{ColumnName, Dtype};
use crate::error::{Error, Kind, Result};
use crate::feature::FeatureSpec;
use crate::table::{Cell, LooseTable, Values, parse_cell};

/// The columns of the spine that the features need of a request.
///
/// # Errors
/// The spine lacks one, or has one with values that are not of the declared type; two tables declare
/// one name with different types.
pub fn context(spine: &LooseTable, specs: &[FeatureSpec]) -> Result<BTreeMap<ColumnName, Values>> {
    let mut context = BTreeMap::new();
    for spec in specs {
        for (name, dtype) in spec.source.request() {
            let values = spine.column(name.as_str());
            let values = values.ok_or_else(|| lacking(spine, spec, name, *dtype))?;
            let typed = typed(spine, name, values, *dtype)?;
            let earlier = context.insert(name.clone(), typed);
            if let Some(earlier) = earlier.filter(|earlier| earlier.dtype() != *dtype) {
                return Err(two_types(spec, name, earlier.dtype(), *dtype));
            }
        }
    }
    Ok(context)
}

/// Takes out the features that the spine brings too little for.
///
/// # Errors
/// Nothing is left.
pub fn without_lacking(
    spine: &LooseTable,
    specs: &mut Vec<FeatureSpec>,
    notices: &mut Vec<String>,
) -> Result<()> {
    let all = specs.clone();
    let mut left_out = Vec::new();
    let mut lacks = BTreeSet::new();
    specs.retain(|spec| {
        let request = spec.source.request().keys();
        let missing: Vec<_> = request
            .filter(|name| spine.column(name.as_str()).is_none())
            .map(|name| format!("`{name}`"))
            .collect();
        if !missing.is_empty() {
            left_out.push(spec.name().to_string());
            lacks.extend(missing.iter().cloned());
        }
        missing.is_empty()
    });
    if left_out.is_empty() {
        return Ok(());
    }
    if specs.is_empty() {
        return context(spine, &all).map(|_| ());
    }
    let lacks: Vec<_> = lacks.into_iter().collect();
    notices.push(format!(
        "{} left out: the spine has no column {}",
        left_out.join(", "),
        lacks.join(", ")
    ));
    Ok(())
}

fn two_types(spec: &FeatureSpec, name: &ColumnName, one: Dtype, other: Dtype) -> Error {
    Error::new(
        Kind::Definition,
        format!(
            "`{name}` of the request is {} in one table and {} in `{}`",
            one.as_str(),
            other.as_str(),
            spec.table
        ),
    )
    .help("give one of them another name under [features.request]")
    .help("or retrieve them one after the other: `--features TABLE.*`")
}

fn lacking(spine: &LooseTable, spec: &FeatureSpec, name: &ColumnName, dtype: Dtype) -> Error {
    let names: Vec<&str> = spine.names().collect();
    let message = format!(
        "the spine has no column `{name}`, which `{}` needs",
        spec.name()
    );
    Error::new(Kind::DataRefused, message)
        .detail(format!(
            "{}  has {}",
            spine.places().path(),
            names.join(", ")
        ))
        .help(format!(
            "bring `{name}` as {}: it is declared under [features.request] in features/{}.toml",
            dtype.as_str(),
            spec.table
        ))
}

fn typed(spine: &LooseTable, name: &ColumnName, values: &Values, dtype: Dtype) -> Result<Values> {
    let wanted = format!("is no {}", dtype.as_str());
    let comparable = |found: Dtype| {
        let pairs = [
            (Dtype::F64, Dtype::I64),
            (Dtype::I64, Dtype::F64),
            (Dtype::Datetime, Dtype::Date),
        ];
        found == dtype || found == Dtype::String || pairs.contains(&(dtype, found))
    };
    if !comparable(values.dtype()) {
        let found = values.dtype().as_str();
        let declared = dtype.as_str();
        let why = format!("`{name}` holds {found} values; {declared} is declared");
        return Err(refused(spine, &why).help("cast the column where the spine is made"));
    }
    let cells = converted(
        spine,
        name.as_str(),
        values,
        |cell| as_type(cell, dtype),
        &wanted,
    )?;
    let cells: Vec<Cell> = cells
        .into_iter()
        .map(|cell| cell.unwrap_or(Cell::Null))
        .collect();
    Ok(Values::of_cells(dtype, &cells))
}

/// The same value in the declared type; none where that would be another one.
fn as_type(cell: Cell<'_>, dtype: Dtype) -> Option<Cell<'_>> {
    Some(match (dtype, cell) {
        (Dtype::String, Cell::String("")) => Cell::Null,
        (Dtype::String, Cell::String(_)) => cell,
        (_, Cell::String(text)) => parse_cell(text.trim_ascii(), dtype)?,
        (Dtype::F64, Cell::F64(value)) if value.is_nan() => Cell::Null,
        // Adding 0 makes the zero that has no sign.
        (Dtype::F64, Cell::F64(value)) => Cell::F64(Some(value).filter(|x| x.is_finite())? + 0.0),
        (Dtype::F64, Cell::I64(value)) => Cell::F64(value as f64),
        (Dtype::I64, Cell::F64(value)) if value.fract() == 0.0 && value.abs() < 9.0e15 => {
            Cell::I64(value as i64)
        }
        (Dtype::Datetime, Cell::Date(days)) => Cell::Datetime(i64::from(days) * DAY),
        (Dtype::Bool, Cell::Bool(_))
        | (Dtype::I64, Cell::I64(_))
        | (Dtype::Date, Cell::Date(_))
        | (Dtype::Datetime, Cell::Datetime(_)) => cell,
        _ => return None,
    })
}

const DAY: i64 = 86_400_000_000;
