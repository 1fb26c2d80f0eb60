//! `[preprocess]` as declared values.
//!
//! What came after the first version is declared only where it is used, so that every other run is
//! what it was.

use std::collections::BTreeMap;

use super::declared::{Declared, parse, unreadable};
use crate::definition::{
    CategoricalPreprocess, DerivedName, FeaturePreprocess, InputName, MissingCategorical,
    MissingNumeric, NumericPreprocess, Preprocess, Value,
};
use crate::error::Result;

const ALL: &str = "preprocess";
/// Before the name of a derived feature.
const DERIVED: &str = "preprocess.derived";
/// That a feature is for expressions alone.
const DROP: &str = "drop";
/// Before TABLE.FEATURE, or a derived one's name, and what is said of it.
const COLUMNS: &str = "preprocess.columns";

pub fn declare(preprocess: &Preprocess, declared: &mut Declared) {
    let Preprocess {
        numeric,
        categorical,
        missing_numeric,
        missing_categorical,
        rare,
        derived,
        columns,
    } = preprocess;
    let mut insert = |name: &str, value| declared.insert(format!("{ALL}.{name}"), value);
    insert("categorical", word(categorical.as_str()));
    insert("numeric", word(numeric.as_str()));
    insert("missing_numeric", of_missing_numeric(*missing_numeric));
    insert(
        "missing_categorical",
        of_missing_categorical(missing_categorical),
    );
    if let Some(share) = rare {
        insert("rare", Value::Float(*share));
    }
    for (name, text) in derived {
        declared.insert(format!("{DERIVED}.{name}"), word(text));
    }
    for (name, own) in columns {
        let mut insert =
            |key: &str, value| declared.insert(format!("{COLUMNS}.{name}.{key}"), value);
        match own {
            FeaturePreprocess::Numeric(own) => declare_numeric(own, insert),
            FeaturePreprocess::Categorical(own) => declare_categorical(own, insert),
            FeaturePreprocess::Dropped => insert(DROP, Value::Bool(true)),
        }
    }
}

fn declare_numeric(own: &NumericPreprocess, mut insert: impl FnMut(&str, Value)) {
    let NumericPreprocess {
        missing,
        clip,
        log,
        bins,
        numeric,
    } = own;
    if let Some(missing) = missing {
        insert("missing_numeric", of_missing_numeric(*missing));
    }
    if let Some(quantiles) = clip {
        insert("clip", Value::List(quantiles.map(Value::Float).to_vec()));
    }
    if *log {
        insert("log", Value::Bool(true));
    }
    if let Some(count) = bins {
        insert("bins", Value::Integer(i64::from(*count)));
    }
    if let Some(numeric) = numeric {
        insert("numeric", word(numeric.as_str()));
    }
}

fn declare_categorical(own: &CategoricalPreprocess, mut insert: impl FnMut(&str, Value)) {
    let CategoricalPreprocess {
        missing,
        rare,
        order,
        categorical,
    } = own;
    if let Some(missing) = missing {
        insert("missing_categorical", of_missing_categorical(missing));
    }
    if let Some(share) = rare {
        insert("rare", Value::Float(*share));
    }
    if let Some(order) = order {
        insert(
            "order",
            Value::List(order.iter().map(|text| word(text)).collect()),
        );
    }
    if let Some(categorical) = categorical {
        insert("categorical", word(categorical.as_str()));
    }
}

fn word(text: &str) -> Value {
    Value::Text(text.to_string())
}

fn of_missing_numeric(rule: MissingNumeric) -> Value {
    match rule {
        MissingNumeric::Error => word("error"),
        MissingNumeric::Median => word("median"),
        MissingNumeric::Mean => word("mean"),
        MissingNumeric::Constant(value) => Value::Float(value),
    }
}

fn of_missing_categorical(rule: &MissingCategorical) -> Value {
    word(match rule {
        MissingCategorical::Error => "error",
        MissingCategorical::Category => "category",
        MissingCategorical::MostFrequent => "most_frequent",
        MissingCategorical::Constant(text) => text,
    })
}

/// Reads back what [`declare`] wrote. What is left over is found by whoever declares the result again.
pub fn read(declared: &Declared) -> Result<Preprocess> {
    let missing = |name: &str| declared.get(name).ok_or_else(|| unreadable(name));
    let of_numbers = "preprocess.missing_numeric";
    let of_categories = "preprocess.missing_categorical";
    let mut columns = BTreeMap::new();
    for (path, value) in declared.below(COLUMNS) {
        read_column(path, value, &mut columns)?;
    }
    Ok(Preprocess {
        numeric: declared.parsed("preprocess.numeric")?,
        categorical: declared.parsed("preprocess.categorical")?,
        missing_numeric: missing_numeric(of_numbers, missing(of_numbers)?)?,
        missing_categorical: missing_categorical(of_categories, missing(of_categories)?)?,
        rare: match declared.get("preprocess.rare") {
            Some(_) => Some(declared.float("preprocess.rare")?),
            None => None,
        },
        derived: read_derived(declared)?,
        columns,
    })
}

fn read_derived(declared: &Declared) -> Result<BTreeMap<DerivedName, String>> {
    let all = declared.below(DERIVED);
    all.map(|(name, value)| match value {
        Value::Text(text) => Ok((parse(name, name)?, text.clone())),
        _ => Err(unreadable(name)),
    })
    .collect()
}

/// One value of one feature. Which kind the feature is shows in the key.
fn read_column(
    path: &str,
    value: &Value,
    columns: &mut BTreeMap<InputName, FeaturePreprocess>,
) -> Result<()> {
    let (name, key) = path.rsplit_once('.').ok_or_else(|| unreadable(path))?;
    let name: InputName = parse(path, name)?;
    let own = columns.entry(name).or_insert_with(|| match key {
        "missing_numeric" | "clip" | "log" | "bins" | "numeric" => {
            FeaturePreprocess::Numeric(NumericPreprocess::default())
        }
        DROP => FeaturePreprocess::Dropped,
        _ => FeaturePreprocess::Categorical(CategoricalPreprocess::default()),
    });
    match (own, key, value) {
        (FeaturePreprocess::Dropped, DROP, Value::Bool(true)) => {}
        (FeaturePreprocess::Numeric(own), "missing_numeric", value) => {
            own.missing = Some(missing_numeric(path, value)?);
        }
        (FeaturePreprocess::Numeric(own), "clip", Value::List(quantiles)) => {
            let [Value::Float(low), Value::Float(high)] = quantiles[..] else {
                return Err(unreadable(path));
            };
            own.clip = Some([low, high]);
        }
        (FeaturePreprocess::Numeric(own), "log", Value::Bool(log)) => own.log = *log,
        (FeaturePreprocess::Numeric(own), "bins", Value::Integer(count)) => {
            own.bins = Some(u32::try_from(*count).map_err(|_| unreadable(path))?);
        }
        (FeaturePreprocess::Numeric(own), "numeric", Value::Text(text)) => {
            own.numeric = Some(parse(path, text)?);
        }
        (FeaturePreprocess::Categorical(own), "missing_categorical", value) => {
            own.missing = Some(missing_categorical(path, value)?);
        }
        (FeaturePreprocess::Categorical(own), "rare", Value::Float(share)) => {
            own.rare = Some(*share);
        }
        (FeaturePreprocess::Categorical(own), "order", Value::List(order)) => {
            let texts = order.iter().map(|value| match value {
                Value::Text(text) => Ok(text.clone()),
                _ => Err(unreadable(path)),
            });
            own.order = Some(texts.collect::<Result<_>>()?);
        }
        (FeaturePreprocess::Categorical(own), "categorical", Value::Text(text)) => {
            own.categorical = Some(parse(path, text)?);
        }
        _ => return Err(unreadable(path)),
    }
    Ok(())
}

fn missing_numeric(path: &str, value: &Value) -> Result<MissingNumeric> {
    match value {
        Value::Float(value) => Ok(MissingNumeric::Constant(*value)),
        Value::Text(word) => match word.as_str() {
            "error" => Ok(MissingNumeric::Error),
            "median" => Ok(MissingNumeric::Median),
            "mean" => Ok(MissingNumeric::Mean),
            _ => Err(unreadable(path)),
        },
        _ => Err(unreadable(path)),
    }
}

fn missing_categorical(path: &str, value: &Value) -> Result<MissingCategorical> {
    match value {
        Value::Text(word) => Ok(match word.as_str() {
            "error" => MissingCategorical::Error,
            "category" => MissingCategorical::Category,
            "most_frequent" => MissingCategorical::MostFrequent,
            constant => MissingCategorical::Constant(constant.to_string()),
        }),
        _ => Err(unreadable(path)),
    }
}
