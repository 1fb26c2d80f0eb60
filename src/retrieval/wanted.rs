//! Which features are retrieved.

use crate::definition::{ColumnName, Definitions, FeatureName, Table, TableName};
use crate::error::{Error, Kind, Result, did_you_mean};
use crate::feature::FeatureSpec;
use crate::table::LooseTable;

/// Which features.
#[derive(Debug)]
pub enum Choice {
    /// Those of every table whose key the spine has.
    All,
    /// `TABLE.FEATURE` or `TABLE.*`, in the order they are wanted.
    Named(Vec<String>),
    /// Those of an experiment.
    These(Vec<FeatureName>),
}

/// What the features are, each once, in their order.
pub fn specs(
    definitions: &Definitions,
    choice: &Choice,
    spine: &LooseTable,
) -> Result<Vec<FeatureSpec>> {
    let names = match choice {
        Choice::All => all(definitions, spine)?,
        Choice::Named(texts) => {
            let mut names = Vec::new();
            for text in texts {
                names.extend(named(definitions, text)?);
            }
            names
        }
        Choice::These(names) => names.clone(),
    };
    let mut specs: Vec<FeatureSpec> = Vec::new();
    for name in names {
        if specs.iter().any(|spec| spec.name() == name) {
            continue;
        }
        let table = definitions.tables.get(&name.table);
        let spec = table.and_then(|table| FeatureSpec::of(table, &name.feature));
        specs.push(spec.ok_or_else(|| unknown(definitions, &name.to_string()))?);
    }
    Ok(specs)
}

fn features_of(table: &Table) -> impl Iterator<Item = FeatureName> {
    let names = table.features.names().into_iter();
    names.map(|name| FeatureName::new(table.name.clone(), name.clone()))
}

fn all(definitions: &Definitions, spine: &LooseTable) -> Result<Vec<FeatureName>> {
    let offering = definitions.tables.values();
    let offering: Vec<_> = offering
        .filter(|table| !table.features.names().is_empty())
        .collect();
    let joined = offering
        .iter()
        .filter(|table| spine.column(table.key.as_str()).is_some());
    let names: Vec<_> = joined.flat_map(|table| features_of(table)).collect();
    if !names.is_empty() {
        return Ok(names);
    }
    if offering.is_empty() {
        return Err(Error::usage("no table offers a feature")
            .help("a table offers features under [features] in features/TABLE.toml"));
    }
    let mut keys: Vec<&str> = offering.iter().map(|table| table.key.as_str()).collect();
    keys.sort_unstable();
    keys.dedup();
    Err(no_key(spine, &keys))
}

fn named(definitions: &Definitions, text: &str) -> Result<Vec<FeatureName>> {
    let (table, feature) = text
        .split_once('.')
        .ok_or_else(|| unknown(definitions, text))?;
    let found = definitions.tables.get(table);
    let found = found.ok_or_else(|| unknown(definitions, text))?;
    let names: Vec<_> = features_of(found)
        .filter(|name| feature == "*" || name.feature.as_str() == feature)
        .collect();
    match names.is_empty() {
        true => Err(unknown(definitions, text)),
        false => Ok(names),
    }
}

fn unknown(definitions: &Definitions, text: &str) -> Error {
    let known: Vec<String> = definitions
        .tables
        .values()
        .flat_map(features_of)
        .map(|name| name.to_string())
        .collect();
    let error = Error::usage(format!("there is no feature `{text}`"));
    let known = || known.iter().map(String::as_str);
    if let Some(near) = did_you_mean(text, known()) {
        return error.help(format!("did you mean `{near}`?"));
    }
    let table = text.split_once('.').map_or(text, |(table, _)| table);
    match definitions.tables.get(table) {
        Some(table) => {
            let offered: Vec<_> = table.features.names();
            let offered: Vec<_> = offered.into_iter().map(ColumnName::as_str).collect();
            error.detail(format!("{} offers  {}", table.name, offered.join(", ")))
        }
        None => {
            let tables: Vec<_> = definitions.tables.keys().map(TableName::as_str).collect();
            error.detail(format!("tables  {}", tables.join(", ")))
        }
    }
    .help("a feature is TABLE.FEATURE; `TABLE.*` is all of a table's")
}

/// The spine has none of the keys that its rows could be found by.
pub fn no_key(spine: &LooseTable, keys: &[&str]) -> Error {
    let names: Vec<&str> = spine.names().collect();
    let wanted = keys.join("` or `");
    let error = Error::new(
        Kind::DataRefused,
        format!("the spine has no key column `{wanted}`"),
    )
    .detail(format!(
        "{}  has {}",
        spine.places().path(),
        names.join(", ")
    ));
    let near = keys
        .iter()
        .find_map(|key| did_you_mean(key, names.iter().copied()));
    error.help(match near {
        Some(near) => format!("rename `{near}`"),
        None => "the key of each entity is declared in streamflow.toml".to_string(),
    })
}
