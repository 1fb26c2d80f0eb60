//! `[preprocess]`, and under `[preprocess.columns]` what is said of single features.

use std::collections::BTreeMap;

use super::dataset;
use super::derived::{self, Derived, Known};
use crate::definition::item::Item;
use crate::definition::section::Section;
use crate::definition::wording::suggestion;
use crate::definition::{
    CategoricalEncoding, CategoricalPreprocess, DerivedFeature, DerivedName, Dtype, FeatureName,
    FeaturePreprocess, InputName, MissingCategorical, MissingNumeric, NumericEncoding,
    NumericPreprocess, Preprocess,
};
use crate::error::did_you_mean;

const MISSING_NUMERIC: &[(&str, MissingNumeric)] = &[
    ("error", MissingNumeric::Error),
    ("median", MissingNumeric::Median),
    ("mean", MissingNumeric::Mean),
];

pub(super) fn read(section: &Section<'_>, known: &Known<'_>) -> Preprocess {
    let numeric = section
        .optional("numeric")
        .and_then(|item| item.word(NumericEncoding::WORDS));
    let categorical = section
        .optional("categorical")
        .and_then(|item| item.word(CategoricalEncoding::WORDS));
    let missing_numeric = section.optional("missing_numeric");
    let missing_categorical = section.optional("missing_categorical");
    let rare = section.optional("rare").and_then(|item| rare(&item));
    let derived = section
        .section("derived")
        .map(|section| derived::read(&section, known))
        .unwrap_or_default();
    let columns = section
        .section("columns")
        .map(|section| columns(&section, &derived, known));
    section.finish();
    let default = Preprocess::default();
    Preprocess {
        numeric: numeric.unwrap_or(default.numeric),
        categorical: categorical.unwrap_or(default.categorical),
        missing_numeric: missing_numeric
            .and_then(|item| read_missing_numeric(&item))
            .unwrap_or(default.missing_numeric),
        missing_categorical: missing_categorical
            .and_then(|item| read_missing_categorical(&item))
            .unwrap_or(default.missing_categorical),
        rare,
        derived: derived
            .into_iter()
            .filter_map(|(name, derived)| Some((name, derived?.expression.as_str().to_string())))
            .collect(),
        columns: columns.unwrap_or_default(),
    }
}

/// `TABLE.FEATURE = { … }`, which TOML reads as a section for each table, and `DERIVED = { … }`.
fn columns(
    section: &Section<'_>,
    derived: &Derived,
    known: &Known<'_>,
) -> BTreeMap<InputName, FeaturePreprocess> {
    let mut found = BTreeMap::new();
    for (table, item) in section.entries() {
        if let Some((name, derived)) = derived.get_key_value(table) {
            if let (Some(own), Some(derived)) = (item.section(), derived) {
                let name = InputName::from(name.clone());
                let own = of_dtype(&own, derived.expression.dtype(), &name);
                found.extend(own.map(|own| (name, own)));
            }
            continue;
        }
        if let Some((table, feature)) = table.split_once('.') {
            let label = format!("write `{table}.{feature}` without quotation marks");
            section.refuse_key(
                &format!("{table}.{feature}"),
                "a table and a feature in one key",
                label,
            );
            continue;
        }
        let is_table = known.tables.names().any(|name| name == table);
        let names = derived.keys().map(DerivedName::as_str);
        if let Some(meant) = did_you_mean(table, names).filter(|_| !is_table) {
            let label = format!("did you mean `{meant}`?");
            section.refuse_key(table, format!("unknown feature `{table}`"), label);
            continue;
        }
        let Some(features) = item.section() else {
            continue;
        };
        for (feature, item) in features.entries() {
            let Some(own) = item.section() else {
                continue;
            };
            if feature == "*" {
                item.refuse(
                    "`*` is no feature",
                    "what all have in common stands in [preprocess]",
                );
                continue;
            }
            let full = format!("{table}.{feature}");
            for (table, name) in dataset::named(&full, &item, known.label, known.tables) {
                let drop = own.optional("drop");
                if let Some(item) = drop.filter(|item| item.boolean() == Some(true)) {
                    refuse_unread(&item, &own, &name, derived);
                    found.insert(name.into(), FeaturePreprocess::Dropped);
                    continue;
                }
                let dtype = dataset::dtype(table, &name.feature);
                let name = InputName::from(name);
                let own = match dtype.and_then(|dtype| of_dtype(&own, dtype, &name)) {
                    Some(own) => own,
                    None => {
                        item.refuse(format!("feature `{name}` is a date"), "no model takes one");
                        continue;
                    }
                };
                found.insert(name, own);
            }
        }
    }
    found
}

/// What is said of a feature of a type; none of dates.
fn of_dtype(section: &Section<'_>, dtype: Dtype, name: &InputName) -> Option<FeaturePreprocess> {
    match dtype {
        Dtype::I64 | Dtype::F64 => Some(FeaturePreprocess::Numeric(numeric(section, name))),
        Dtype::String | Dtype::Bool => {
            Some(FeaturePreprocess::Categorical(categorical(section, name)))
        }
        Dtype::Date | Dtype::Datetime => None,
    }
}

/// Reports a feature that is left to expressions alone, where none reads it or more is said of it.
fn refuse_unread(drop: &Item<'_>, own: &Section<'_>, name: &FeatureName, derived: &Derived) {
    let full = name.to_string();
    let reads = |derived: &Option<DerivedFeature>| match derived {
        Some(derived) => derived
            .expression
            .columns()
            .iter()
            .any(|read| read.as_str() == full),
        // One in error may read anything.
        None => true,
    };
    if !derived.values().any(reads) {
        let label = "no expression of [preprocess.derived] reads it: leave it out of `features` under [dataset]";
        drop.refuse(format!("`{name}` is dropped, and used for nothing"), label);
    }
    own.finish_as(|_, _| "a feature that is dropped is not encoded: leave this out".to_string());
}

fn numeric(section: &Section<'_>, name: &InputName) -> NumericPreprocess {
    let encoding = section.optional("numeric");
    let numeric = encoding.and_then(|item| item.word(NumericEncoding::WORDS));
    let missing = section.optional("missing_numeric");
    let missing = missing.and_then(|item| read_missing_numeric(&item));
    let clip = section.optional("clip").and_then(|item| clip(&item));
    let log = section.optional("log").and_then(|item| item.boolean());
    let bins = section.optional("bins").and_then(|item| {
        if section.has("numeric") {
            let label = "bins are columns of 0 and 1: leave `numeric` out";
            item.refuse("`bins` and `numeric` for one feature", label);
        }
        bins(&item)
    });
    finish(section, name, "a number");
    NumericPreprocess {
        missing,
        clip,
        log: log.unwrap_or(false),
        bins,
        numeric,
    }
}

fn categorical(section: &Section<'_>, name: &InputName) -> CategoricalPreprocess {
    let encoding = section.optional("categorical");
    let encoding = encoding.and_then(|item| item.word(CategoricalEncoding::WORDS));
    let missing = section.optional("missing_categorical");
    let missing = missing.and_then(|item| read_missing_categorical(&item));
    let share = section.optional("rare").and_then(|item| rare(&item));
    let order = section.optional("order").and_then(|item| {
        if encoding != Some(CategoricalEncoding::Ordinal) {
            let label = "only `categorical = \"ordinal\"` has one: say so beside it";
            item.refuse("`order` without an ordinal encoding", label);
        } else if share.is_some() {
            let label = "every category has its place here: leave one of the two out";
            item.refuse("`order` and `rare` for one feature", label);
        }
        order(&item)
    });
    finish(section, name, "no number");
    CategoricalPreprocess {
        missing,
        rare: share,
        order,
        categorical: encoding,
    }
}

fn finish(section: &Section<'_>, name: &InputName, what: &str) {
    section.finish_as(|key, known| {
        let taker = format!("`{name}` is {what} and takes");
        suggestion(key, known.iter().copied(), &taker)
    });
}

/// One of the words, or a number.
fn read_missing_numeric(item: &Item<'_>) -> Option<MissingNumeric> {
    match item.as_text() {
        Some(_) => item.word(MISSING_NUMERIC),
        None if item.is_number() => item.float().map(MissingNumeric::Constant),
        None => item.wrong_type("`error`, `median`, `mean` or a number"),
    }
}

/// One of the words; any other text is a constant.
fn read_missing_categorical(item: &Item<'_>) -> Option<MissingCategorical> {
    Some(match item.text()? {
        "error" => MissingCategorical::Error,
        "category" => MissingCategorical::Category,
        "most_frequent" => MissingCategorical::MostFrequent,
        "" => {
            item.refuse_value("the empty text is null itself");
            return None;
        }
        constant => MissingCategorical::Constant(constant.to_string()),
    })
}

fn rare(item: &Item<'_>) -> Option<f64> {
    let share = item.float()?;
    let is_share = share > 0.0 && share < 1.0;
    if !is_share {
        item.refuse_value("a share of the train rows lies between 0 and 1, such as 0.01");
    }
    is_share.then_some(share)
}

/// Two quantiles, ascending.
fn clip(item: &Item<'_>) -> Option<[f64; 2]> {
    let items = item.list()?;
    let [low, high] = &items[..] else {
        item.refuse_value("expected two quantiles of the train rows, such as [0.01, 0.99]");
        return None;
    };
    let (low, high) = (low.float()?, high.float()?);
    let sound = (0.0..=1.0).contains(&low) && (0.0..=1.0).contains(&high) && low < high;
    if !sound {
        item.refuse_value("quantiles lie between 0 and 1, the lower one first");
    }
    sound.then_some([low, high])
}

fn bins(item: &Item<'_>) -> Option<u32> {
    let count = item.integer()?;
    let sound = (2..=i64::from(Preprocess::MAX_BINS)).contains(&count);
    if !sound {
        item.refuse_value(format!("expected 2 to {} intervals", Preprocess::MAX_BINS));
    }
    sound.then_some(count as u32)
}

/// At least two texts, each once.
fn order(item: &Item<'_>) -> Option<Vec<String>> {
    let mut order = Vec::new();
    for (text, item) in item.texts()? {
        if text.is_empty() {
            item.refuse_value("the empty text is null itself");
        } else if order.iter().any(|known| known == text) {
            item.refuse(format!("`{text}` stands here twice"), "remove it");
        }
        order.push(text.to_string());
    }
    if order.len() < 2 {
        item.refuse_value("expected every category there may be, the lowest first");
    }
    Some(order)
}
