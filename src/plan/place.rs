//! Where a person wrote a declared value.

use crate::definition::{Definitions, Experiment, FeatureName, ValuePath};
use crate::error::Span;

/// The place of a declared value in the definition files; none for a default.
pub fn place_of(
    definitions: &Definitions,
    experiment: &Experiment,
    path: &ValuePath,
) -> Option<Span> {
    let path = path.as_str();
    let (section, rest) = path.split_once('.').unwrap_or((path, ""));
    match section {
        "features" => place_of_feature(definitions, experiment, &rest.parse().ok()?),
        "windowed" => place_of_computed(definitions, &rest.parse().ok()?),
        "tables" => {
            let (table, option) = rest.split_once('.')?;
            let section = if option == "ttl" {
                "features"
            } else {
                "source"
            };
            definitions
                .tables
                .get(table)?
                .origin
                .span(&format!("{section}.{option}"))
        }
        _ => experiment
            .origin
            .span(path)
            // Of a value that a search found: where it stands what was tried.
            .or_else(|| experiment.origin.span(&format!("search.{path}")))
            .or_else(|| experiment.origin.span(section)),
    }
}

/// A computed feature stands where its expression is; a column where the experiment takes it.
fn place_of_feature(
    definitions: &Definitions,
    experiment: &Experiment,
    name: &FeatureName,
) -> Option<Span> {
    let taken = experiment
        .origin
        .span(&format!("dataset.features.{name}"))?;
    place_of_computed(definitions, name).or(Some(taken))
}

fn place_of_computed(definitions: &Definitions, name: &FeatureName) -> Option<Span> {
    let table = definitions.tables.get(&name.table)?;
    let offered = &table.features;
    let section = match offered.windowed.contains_key(&name.feature) {
        true => "windowed",
        false if offered.derived.contains_key(&name.feature) => "derived",
        false => return None,
    };
    let path = format!("features.{section}.{}", name.feature);
    table.origin.span(&path)
}
