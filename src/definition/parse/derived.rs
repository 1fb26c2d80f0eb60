//! `[preprocess.derived]`: features that an experiment derives from those of its dataset.

use std::collections::BTreeMap;

use super::{Tables, dataset};
use crate::definition::item::Item;
use crate::definition::section::Section;
use crate::definition::{
    ColumnName, DerivedFeature, DerivedName, Dtype, ExpressionError, FeatureName, InvalidName,
    Label,
};

/// What expressions may read, and what is known besides.
pub(super) struct Known<'a> {
    /// Those of the dataset; none while it is in error.
    pub features: Option<&'a dataset::Places>,
    pub label: Option<&'a Label>,
    pub tables: &'a Tables,
}

/// Every name that is written; none for an expression that was refused, or that cannot be judged.
pub(super) type Derived = BTreeMap<DerivedName, Option<DerivedFeature>>;

pub(super) fn read(section: &Section<'_>, known: &Known<'_>) -> Derived {
    let features = known.dtypes();
    let one = |(text, item): (&str, Item<'_>)| {
        let refuse = |why: InvalidName| {
            section.refuse_key(text, "invalid name of a feature", why.0);
        };
        let name: DerivedName = text.parse().map_err(refuse).ok()?;
        if known.tables.names().any(|table| table == text) {
            let label = "a derived feature has a name of its own, beside those of tables";
            section.refuse_key(text, format!("`{text}` is a table"), label);
        }
        let is_other = |other: &str| other != text && section.has(other);
        let read = |features| known.read(&name, &item, features, &is_other);
        let derived = features.as_ref().and_then(read);
        Some((name, derived))
    };
    section.entries().filter_map(one).collect()
}

impl<'a> Known<'a> {
    pub fn new(
        features: Option<&'a dataset::Places>,
        label: Option<&'a Label>,
        tables: &'a Tables,
    ) -> Self {
        Self {
            features,
            label,
            tables,
        }
    }
}

impl Known<'_> {
    /// The features of the dataset by full name; none while a table is in error, which may offer what is
    /// asked for.
    fn dtypes(&self) -> Option<BTreeMap<ColumnName, Dtype>> {
        let dtype = |name: &FeatureName| {
            let table = self.tables.0.get(&name.table)?.as_ref()?;
            let full: ColumnName = name.to_string().parse().ok()?;
            Some((full, dataset::dtype(table, &name.feature)?))
        };
        let all_readable = self.tables.0.values().all(Option::is_some);
        let features = self.features.filter(|_| all_readable)?;
        Some(features.keys().filter_map(dtype).collect())
    }

    fn read(
        &self,
        name: &DerivedName,
        item: &Item<'_>,
        features: &BTreeMap<ColumnName, Dtype>,
        is_other: &dyn Fn(&str) -> bool,
    ) -> Option<DerivedFeature> {
        let text = item.text()?;
        let unknown = |found: &str| match is_other(found) {
            true => {
                Some("one derived feature does not read another: write its expression here".into())
            }
            false => self.missing(found),
        };
        let refuse = |error: ExpressionError| {
            item.refuse_part(&error.range, error.message, error.label);
        };
        let read = DerivedFeature::parse(name.clone(), text, features, &unknown);
        read.map_err(refuse).ok()
    }

    /// What to do about a feature that is not of the dataset.
    fn missing(&self, found: &str) -> Option<String> {
        let name: FeatureName = found.parse().ok()?;
        let FeatureName { table, feature } = &name;
        if self
            .label
            .is_some_and(|label| (&label.table, &label.column) == (table, feature))
        {
            return Some("that is what is predicted".into());
        }
        let table = self.tables.0.get(table)?.as_ref()?;
        if table.features.names().contains(&feature) {
            return Some(format!(
                "`{}` offers it: take it in `features` under [dataset]",
                table.name
            ));
        }
        let is_column = table.columns.contains_key(feature) && table.key != *feature;
        is_column.then(|| {
            format!(
                "take the column in `columns` of [features] in features/{}.toml, then in `features` under [dataset]",
                table.name
            )
        })
    }
}
