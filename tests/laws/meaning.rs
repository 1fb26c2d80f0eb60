//! What an experiment means, said a second time. Every struct is taken apart in full, so that a field
//! that is added must be given a place here, or be named as one that does not count.

use std::collections::{BTreeMap, BTreeSet};

use streamflow::definition::{
    Age, AsOf, Calibrate, CategoricalPreprocess, Column, ColumnName, CrossValidation, Definitions,
    Dtype, Experiment, Expression, FeatureName, FeaturePreprocess, Features, FoldMethod, Label,
    NumericPreprocess, Preprocess, Source, Split, SplitMethod, Table, TableName, Value,
};

#[derive(Debug, PartialEq)]
pub struct Meaning {
    as_of: Vec<AsOf>,
    label: Label,
    split: Split,
    preprocess: Preprocess,
    kind: &'static str,
    parameters: BTreeMap<String, Value>,
    threshold: f64,
    cross_validation: Option<CrossValidation>,
    calibrate: Option<Calibrate>,
    features: BTreeMap<FeatureName, String>,
    /// What derived features read of windowed ones.
    windowed: BTreeMap<FeatureName, String>,
    tables: BTreeMap<TableName, TableMeaning>,
}

/// What counts of a table that is used.
#[derive(Debug, PartialEq)]
struct TableMeaning {
    key: ColumnName,
    /// Of the columns that are read.
    dtypes: BTreeMap<ColumnName, Dtype>,
    /// Where features come from it.
    options: Option<(Option<Age>, Option<ColumnName>, Option<ColumnName>)>,
    /// What the features that are used need of a request.
    request: BTreeMap<ColumnName, Dtype>,
}

impl Meaning {
    pub fn of(definitions: &Definitions, experiment: &Experiment) -> Self {
        let Definitions {
            project: _,
            tables,
            experiments: _,
        } = definitions;
        let Experiment {
            name: _,
            description: _,
            registers: _,
            as_of,
            label,
            features,
            split,
            preprocess,
            model,
            threshold,
            cross_validation,
            calibrate,
            search: _,
            allow: _,
            gates: _,
            approvals: _,
            origin: _,
        } = experiment;
        let used: BTreeSet<&TableName> = features
            .iter()
            .map(|feature| &feature.table)
            .chain([&label.table])
            .collect();
        let table = |name: &TableName| table_meaning(&tables[name], label, features);
        Self {
            as_of: as_of.clone(),
            label: label.clone(),
            split: split_meaning(split),
            preprocess: preprocess_meaning(preprocess, features),
            kind: model.kind,
            parameters: model.parameters.clone(),
            threshold: match calibrate.and_then(|calibrate| calibrate.threshold) {
                // A rule picks another.
                Some(_) => 0.0,
                None => *threshold,
            },
            cross_validation: cross_validation.map(folds_meaning),
            calibrate: *calibrate,
            features: features
                .iter()
                .map(|name| (name.clone(), text_of(&tables[&name.table], name)))
                .collect(),
            windowed: features
                .iter()
                .flat_map(|name| windowed_of(&tables[&name.table], name))
                .collect(),
            tables: used
                .into_iter()
                .map(|name| (name.clone(), table(name)))
                .collect(),
        }
    }
}

impl Meaning {
    /// What is left of it when the data is the same whatever is read.
    pub fn without_data(mut self) -> Self {
        for table in self.tables.values_mut() {
            table.dtypes.clear();
        }
        self
    }
}

/// Dates are taken in their order: nothing is drawn.
fn folds_meaning(folds: CrossValidation) -> CrossValidation {
    let CrossValidation {
        method,
        folds,
        seed,
    } = folds;
    let drawn = method != FoldMethod::Time;
    CrossValidation {
        method,
        folds,
        seed: if drawn { seed } else { 0 },
    }
}

/// What a method does not look at means nothing.
fn split_meaning(split: &Split) -> Split {
    let Split {
        method,
        test,
        seed,
        stratify,
    } = split;
    Split {
        method: *method,
        test: *test,
        seed: if *method == SplitMethod::Time {
            0
        } else {
            *seed
        },
        stratify: *method == SplitMethod::Shuffle && *stratify,
    }
}

/// What is said of a feature that is not used means nothing, nor does what is said of all anyway.
fn preprocess_meaning(preprocess: &Preprocess, used: &[FeatureName]) -> Preprocess {
    let mut meaning = preprocess.clone();
    meaning.columns.retain(|name, own| {
        match own {
            FeaturePreprocess::Dropped => {}
            FeaturePreprocess::Numeric(own) => {
                if own.numeric == Some(preprocess.numeric) {
                    own.numeric = None;
                }
                if own.missing == Some(preprocess.missing_numeric) {
                    own.missing = None;
                }
            }
            FeaturePreprocess::Categorical(own) => {
                if own.categorical == Some(preprocess.categorical) {
                    own.categorical = None;
                }
                if own.missing.as_ref() == Some(&preprocess.missing_categorical) {
                    own.missing = None;
                }
                if own.rare == preprocess.rare {
                    own.rare = None;
                }
            }
        }
        let says_nothing = match own {
            FeaturePreprocess::Dropped => false,
            FeaturePreprocess::Numeric(own) => *own == NumericPreprocess::default(),
            FeaturePreprocess::Categorical(own) => *own == CategoricalPreprocess::default(),
        };
        let is_used = name.as_feature().is_none_or(|name| used.contains(name));
        is_used && !says_nothing
    });
    meaning
}

fn text_of(table: &Table, name: &FeatureName) -> String {
    if let Some(windowed) = table.features.windowed.get(&name.feature) {
        return windowed.as_str().to_string();
    }
    match table.features.derived.get(&name.feature) {
        Some(expression) => expression.as_str().to_string(),
        None => Expression::of_column(&name.feature),
    }
}

/// The windowed features that a derived one reads.
fn windowed_of(table: &Table, name: &FeatureName) -> Vec<(FeatureName, String)> {
    let Some(expression) = table.features.derived.get(&name.feature) else {
        return Vec::new();
    };
    let windowed = table.features.windowed.iter();
    windowed
        .filter(|(name, _)| expression.columns().contains(name))
        .map(|(feature, windowed)| {
            let name = FeatureName::new(table.name.clone(), feature.clone());
            (name, windowed.as_str().to_string())
        })
        .collect()
}

fn table_meaning(table: &Table, label: &Label, used: &[FeatureName]) -> TableMeaning {
    let Table {
        name,
        entity: _,
        key,
        description: _,
        source,
        columns,
        checks: _,
        features,
        origin: _,
    } = table;
    let Source {
        path: _,
        format: _,
        query: _,
        mode: _,
        timestamp,
        created,
    } = source;
    let Features {
        ttl,
        columns: _,
        derived,
        windowed,
        request,
    } = features;
    let mut read = BTreeSet::from([key]);
    if label.table == *name {
        read.insert(&label.column);
        read.extend(&label.weight);
    }
    let mine: Vec<_> = used
        .iter()
        .filter(|feature| feature.table == *name)
        .collect();
    // A window says by itself how old an event may be.
    let mut expires = false;
    let mut needed = BTreeMap::new();
    for feature in &mine {
        let columns: Vec<&ColumnName> = match derived.get(&feature.feature) {
            Some(expression) => expression.columns().iter().collect(),
            None => vec![&feature.feature],
        };
        for column in columns {
            match (windowed.get(column), request.get(column)) {
                (Some(windowed), _) => read.extend(windowed.columns()),
                (None, Some(dtype)) => {
                    needed.insert(column.clone(), *dtype);
                }
                (None, None) => {
                    expires = true;
                    read.insert(column);
                }
            }
        }
        read.extend(timestamp.iter().chain(created));
    }
    let dtype = |name: &ColumnName| {
        let Column { dtype, since: _ } = &columns[name];
        *dtype
    };
    TableMeaning {
        key: key.clone(),
        dtypes: read
            .into_iter()
            .map(|name| (name.clone(), dtype(name)))
            .collect(),
        request: needed,
        options: (!mine.is_empty()).then(|| {
            let ttl = ttl.filter(|_| expires);
            (ttl, timestamp.clone(), created.clone())
        }),
    }
}
