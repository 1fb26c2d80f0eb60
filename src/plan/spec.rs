//! Everything about an experiment that decides its result, with defaults written out.

use std::collections::BTreeMap;

use super::declared::{Declared, parse, unreadable};
use super::{calibrate, preprocess};
use crate::definition::{
    Age, AsOf, Calibrate, ColumnName, CrossValidation, Definitions, DerivedFeature, Dtype,
    Experiment, Expression, FeatureName, FoldMethod, Label, Model, Preprocess, Split, SplitMethod,
    Table, TableName, Task, Value, ValuePath, estimator,
};
use crate::error::{Error, Kind, Result};
use crate::feature::FeatureSpec;

/// What decides how the values of a table's features are found at a date.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FeatureOptions {
    pub ttl: Option<Age>,
    pub timestamp: Option<ColumnName>,
    pub created: Option<ColumnName>,
    /// What the features that are used need of a request.
    pub request: BTreeMap<ColumnName, Dtype>,
}

/// An experiment as the engine sees it.
#[derive(Debug, Clone, PartialEq)]
pub struct RunSpec {
    /// Ascending.
    pub as_of: Vec<AsOf>,
    /// The entity's key column.
    pub key: ColumnName,
    pub label: Label,
    /// The date of the labels for each date of `as_of`: the same without a lead, later with one.
    pub label_as_of: Vec<AsOf>,
    /// Each feature with the canonical text of its expression, or of its aggregate and window; a
    /// column alone is an expression.
    pub features: BTreeMap<FeatureName, String>,
    /// The windowed features that derived ones read and that are no features of the run.
    pub windowed: BTreeMap<FeatureName, String>,
    /// One entry for each table the features come from.
    pub tables: BTreeMap<TableName, FeatureOptions>,
    pub split: Split,
    pub preprocess: Preprocess,
    pub model: Model,
    /// From which score on a row is positive, unless `calibrate` has a rule.
    pub threshold: f64,
    pub cross_validation: Option<CrossValidation>,
    pub calibrate: Option<Calibrate>,
}

impl RunSpec {
    /// Takes what counts from checked definitions. `label_as_of` are the dates that the labels are
    /// taken from, one for each of `as_of`.
    pub fn of(definitions: &Definitions, experiment: &Experiment, label_as_of: Vec<AsOf>) -> Self {
        let mut features = BTreeMap::new();
        let mut windowed = BTreeMap::new();
        let mut tables = BTreeMap::new();
        for name in &experiment.features {
            let table = &definitions.tables[&name.table];
            features.insert(name.clone(), text_of(table, &name.feature));
            let read = windowed_read(table, &name.feature);
            windowed.extend(
                read.into_iter()
                    .filter(|(name, _)| !experiment.features.contains(name)),
            );
            let options = tables
                .entry(name.table.clone())
                .or_insert_with(|| FeatureOptions::without_ttl(table));
            let spec = FeatureSpec::of(table, &name.feature);
            options.ttl = options.ttl.or(spec.and_then(|spec| spec.ttl));
            let requested = table.features.requested(&name.feature);
            options.request.extend(requested);
        }
        Self {
            as_of: experiment.as_of.clone(),
            key: definitions.tables[&experiment.label.table].key.clone(),
            label: experiment.label.clone(),
            label_as_of,
            features,
            windowed,
            tables,
            split: experiment.split.clone(),
            preprocess: experiment
                .preprocess
                .within(|name| experiment.features.contains(name)),
            model: experiment.model.clone(),
            threshold: experiment.threshold,
            cross_validation: experiment.cross_validation,
            calibrate: experiment.calibrate,
        }
    }

    /// Whether a feature of a table is more than a column.
    pub fn has_expressions(&self) -> bool {
        let mut features = self.features.iter();
        features.any(|(name, text)| *text != Expression::of_column(&name.feature))
    }

    /// The features that preprocessing derives, given the types of the run's features by full name.
    ///
    /// # Errors
    /// One does not fit: a feature it reads is not there, or is of another type than it takes.
    pub fn derived(&self, features: &BTreeMap<ColumnName, Dtype>) -> Result<Vec<DerivedFeature>> {
        let derived = self.preprocess.derived.iter();
        derived
            .map(|(name, text)| {
                let read = DerivedFeature::parse(name.clone(), text, features, &|_| None);
                read.map_err(|error| {
                    let message = format!("derived feature {name} does not fit the run's features");
                    Error::new(Kind::Definition, message)
                        .detail(text.clone())
                        .caused_by(error)
                })
            })
            .collect()
    }

    /// Writes every value out, by key path.
    pub fn declare(&self) -> Declared {
        // Taken apart in full, so that a field that is added cannot be forgotten here.
        let Self {
            as_of,
            key,
            label,
            label_as_of,
            features,
            windowed,
            tables,
            split,
            preprocess,
            model,
            threshold,
            cross_validation,
            calibrate,
        } = self;
        let mut declared = Declared::default();
        declared.insert("as_of", date_list(as_of));
        declared.insert("entity.key", Value::Text(key.to_string()));
        declare_label(label, &mut declared);
        // Without a lead the dates are those of the features and say nothing more.
        if label.lead > 0 {
            declared.insert("label.as_of", date_list(label_as_of));
        }
        for (name, expression) in features {
            declared.insert(format!("features.{name}"), Value::Text(expression.clone()));
        }
        for (name, aggregate) in windowed {
            declared.insert(format!("windowed.{name}"), Value::Text(aggregate.clone()));
        }
        for (table, options) in tables {
            options.declare(table, &mut declared);
        }
        declare_split(split, &mut declared);
        preprocess::declare(preprocess, &mut declared);
        declare_model(model, &mut declared);
        // A class or a number is decided without one.
        if label.task == Task::Binary && !has_rule(*calibrate) {
            declared.insert("evaluate.threshold", Value::Float(*threshold));
        }
        if let Some(folds) = cross_validation {
            declare_cross_validation(*folds, &mut declared);
        }
        if let Some(calibrate) = calibrate {
            calibrate::declare(*calibrate, &mut declared);
        }
        declared
    }

    /// The value at a key path below `model` or `preprocess`, off or not; none where there is no such.
    pub fn value(&self, path: &ValuePath) -> Option<Value> {
        match path.as_str().strip_prefix("model.") {
            Some(name) => self.model.parameters.get(name).cloned(),
            None => self.declare().get(path.as_str()).cloned(),
        }
    }

    /// The same with other values at key paths below `model` or `preprocess`.
    ///
    /// # Errors
    /// A path that is none of these, or a value of another type.
    pub fn with(&self, values: &BTreeMap<ValuePath, Value>) -> Result<Self> {
        let mut spec = self.clone();
        let mut declared = self.declare();
        for (path, value) in values {
            match path.as_str().split_once('.') {
                Some(("model", name)) => {
                    let parameter = spec.model.parameters.get_mut(name);
                    *parameter.ok_or_else(|| unreadable(path.as_str()))? = value.clone();
                }
                Some(("preprocess", _)) => declared.insert(path.as_str(), value.clone()),
                _ => return Err(unreadable(path.as_str())),
            }
        }
        spec.preprocess = preprocess::read(&declared)?;
        Ok(spec)
    }

    /// Reads back what [`Self::declare`] wrote.
    ///
    /// # Errors
    /// A value is missing, superfluous or of another type: the map comes from a damaged lock or
    /// from another version.
    pub fn from_declared(declared: &Declared) -> Result<Self> {
        let as_of = read_dates(declared, "as_of")?;
        let label = read_label(declared)?;
        let label_as_of = match label.lead {
            0 => as_of.clone(),
            _ => read_dates(declared, "label.as_of")?,
        };
        let calibrate = calibrate::read(declared)?;
        let threshold = match label.task {
            Task::Binary if !has_rule(calibrate) => declared.float("evaluate.threshold")?,
            _ => Experiment::DEFAULT_THRESHOLD,
        };
        if label_as_of.len() != as_of.len() {
            return Err(unreadable("label.as_of"));
        }
        let spec = Self {
            as_of,
            key: declared.parsed("entity.key")?,
            label,
            label_as_of,
            features: read_texts(declared, "features")?,
            windowed: read_texts(declared, "windowed")?,
            tables: read_tables(declared)?,
            split: read_split(declared)?,
            preprocess: preprocess::read(declared)?,
            model: read_model(declared)?,
            threshold,
            cross_validation: read_cross_validation(declared)?,
            calibrate,
        };
        let again = spec.declare();
        match declared
            .iter()
            .find(|(path, value)| again.get(path.as_str()) != Some(value))
        {
            Some((path, _)) => Err(unreadable(path.as_str())),
            None => Ok(spec),
        }
    }
}

/// Whether a rule says from which score on a row is positive.
fn has_rule(calibrate: Option<Calibrate>) -> bool {
    calibrate.is_some_and(|calibrate| calibrate.threshold.is_some())
}

/// The canonical text of a feature: its expression, its aggregate, or its column.
fn text_of(table: &Table, feature: &ColumnName) -> String {
    let offered = &table.features;
    match (offered.derived.get(feature), offered.windowed.get(feature)) {
        (Some(expression), _) => expression.as_str().to_string(),
        (None, Some(windowed)) => windowed.as_str().to_string(),
        (None, None) => Expression::of_column(feature),
    }
}

/// The windowed features that a derived one reads.
fn windowed_read(table: &Table, feature: &ColumnName) -> Vec<(FeatureName, String)> {
    let columns = table.features.derived.get(feature).map(Expression::columns);
    let read = columns.unwrap_or_default().iter();
    let read = read.filter_map(|name| table.features.windowed.get_key_value(name));
    read.map(|(name, windowed)| {
        let name = FeatureName::new(table.name.clone(), name.clone());
        (name, windowed.as_str().to_string())
    })
    .collect()
}

impl FeatureOptions {
    /// The time to live comes with the features that have one.
    fn without_ttl(table: &Table) -> Self {
        Self {
            ttl: None,
            timestamp: table.source.timestamp.clone(),
            created: table.source.created.clone(),
            request: BTreeMap::new(),
        }
    }

    fn declare(&self, table: &TableName, declared: &mut Declared) {
        let Self {
            ttl,
            timestamp,
            created,
            request,
        } = self;
        let mut optional = |name: &str, value: Option<String>| {
            if let Some(value) = value {
                declared.insert(format!("tables.{table}.{name}"), Value::Text(value));
            }
        };
        optional("created", created.as_ref().map(ToString::to_string));
        optional("timestamp", timestamp.as_ref().map(ToString::to_string));
        // Written always: a table without any other option must leave a line to be read back.
        optional(
            "ttl",
            Some(ttl.map_or(NO_TTL.to_string(), |ttl| ttl.to_string())),
        );
        for (name, dtype) in request {
            optional(
                &format!("{REQUEST}{name}"),
                Some(dtype.as_str().to_string()),
            );
        }
    }
}

/// How a table whose values never expire is declared.
const NO_TTL: &str = "none";
/// Before the names of what its features need of a request.
const REQUEST: &str = "request.";

fn declare_label(label: &Label, declared: &mut Declared) {
    let Label {
        table,
        column,
        lead,
        task,
        positive,
        weight,
    } = label;
    declared.insert("label.table", Value::Text(table.to_string()));
    declared.insert("label.column", Value::Text(column.to_string()));
    declared.insert("label.lead", Value::Integer(i64::from(*lead)));
    if let Some(positive) = positive {
        declared.insert("label.positive", Value::Text(positive.clone()));
    }
    // Both came later: what does not use them is what it was.
    if *task != Task::Binary {
        declared.insert("label.task", Value::Text(task.as_str().to_string()));
    }
    if let Some(weight) = weight {
        declared.insert("label.weight", Value::Text(weight.to_string()));
    }
}

fn declare_split(split: &Split, declared: &mut Declared) {
    let Split {
        method,
        test,
        seed,
        stratify,
    } = split;
    declared.insert("split.method", Value::Text(method.as_str().to_string()));
    declared.insert("split.test", Value::Float(*test));
    // What a method does not use decides nothing.
    if *method != SplitMethod::Time {
        declared.insert("split.seed", Value::Integer(*seed));
    }
    if *method == SplitMethod::Shuffle {
        declared.insert("split.stratify", Value::Bool(*stratify));
    }
}

fn declare_cross_validation(folds: CrossValidation, declared: &mut Declared) {
    let CrossValidation {
        method,
        folds,
        seed,
    } = folds;
    let mut insert = |name: &str, value| declared.insert(format!("{FOLDS}.{name}"), value);
    insert("method", Value::Text(method.as_str().to_string()));
    insert("folds", Value::Integer(i64::from(folds)));
    if method != FoldMethod::Time {
        insert("seed", Value::Integer(seed));
    }
}

const FOLDS: &str = "cross_validation";

fn declare_model(model: &Model, declared: &mut Declared) {
    let Model { kind, parameters } = model;
    declared.insert("model.kind", Value::Text((*kind).to_string()));
    let off = |name: &str, value: &Value| {
        let parameter = estimator::find(kind).and_then(|estimator| estimator.parameter(name));
        parameter.is_some_and(|parameter| parameter.is_off(value))
    };
    for (name, value) in parameters {
        if !off(name, value) {
            declared.insert(format!("model.{name}"), value.clone());
        }
    }
}

fn date_list(dates: &[AsOf]) -> Value {
    Value::List(
        dates
            .iter()
            .map(|date| Value::Text(date.to_string()))
            .collect(),
    )
}

fn read_dates(declared: &Declared, path: &str) -> Result<Vec<AsOf>> {
    let Some(Value::List(dates)) = declared.get(path) else {
        return Err(unreadable(path));
    };
    dates
        .iter()
        .map(|date| match date {
            Value::Text(text) => parse(path, text),
            _ => Err(unreadable(path)),
        })
        .collect()
}

fn read_label(declared: &Declared) -> Result<Label> {
    let lead = declared.integer("label.lead")?;
    let positive = declared
        .get("label.positive")
        .map(|_| declared.text("label.positive"));
    Ok(Label {
        table: declared.parsed("label.table")?,
        column: declared.parsed("label.column")?,
        lead: u32::try_from(lead).map_err(|_| unreadable("label.lead"))?,
        task: match declared.get("label.task") {
            Some(_) => declared.parsed("label.task")?,
            None => Task::Binary,
        },
        positive: positive.transpose()?.map(ToString::to_string),
        weight: match declared.get("label.weight") {
            Some(_) => Some(declared.parsed("label.weight")?),
            None => None,
        },
    })
}

fn read_texts(declared: &Declared, section: &str) -> Result<BTreeMap<FeatureName, String>> {
    declared
        .below(section)
        .map(|(name, value)| match value {
            Value::Text(expression) => Ok((parse(name, name)?, expression.clone())),
            _ => Err(unreadable(name)),
        })
        .collect()
}

fn read_tables(declared: &Declared) -> Result<BTreeMap<TableName, FeatureOptions>> {
    let mut tables = BTreeMap::new();
    for (path, value) in declared.below("tables") {
        let (Some((table, option)), Value::Text(text)) = (path.split_once('.'), value) else {
            return Err(unreadable(path));
        };
        let options = tables.entry(parse(path, table)?).or_insert(FeatureOptions {
            ttl: None,
            timestamp: None,
            created: None,
            request: BTreeMap::new(),
        });
        if let Some(name) = option.strip_prefix(REQUEST) {
            options
                .request
                .insert(parse(path, name)?, dtype_named(path, text)?);
            continue;
        }
        match option {
            "ttl" if text == NO_TTL => options.ttl = None,
            "ttl" => options.ttl = Some(parse(path, text)?),
            "timestamp" => options.timestamp = Some(parse(path, text)?),
            "created" => options.created = Some(parse(path, text)?),
            _ => return Err(unreadable(path)),
        }
    }
    Ok(tables)
}

fn dtype_named(path: &str, text: &str) -> Result<Dtype> {
    let found = Dtype::ALL.into_iter().find(|dtype| dtype.as_str() == text);
    found.ok_or_else(|| unreadable(path))
}

fn read_split(declared: &Declared) -> Result<Split> {
    let method: SplitMethod = declared.parsed("split.method")?;
    let test = declared.float("split.test")?;
    let seed = match method {
        SplitMethod::Time => Split::DEFAULT_SEED,
        _ => declared.integer("split.seed")?,
    };
    let stratify = match method {
        SplitMethod::Shuffle => declared.boolean("split.stratify")?,
        _ => false,
    };
    Ok(Split {
        method,
        test,
        seed,
        stratify,
    })
}

fn read_cross_validation(declared: &Declared) -> Result<Option<CrossValidation>> {
    if declared.below(FOLDS).next().is_none() {
        return Ok(None);
    }
    let at = |name: &str| format!("{FOLDS}.{name}");
    let method: FoldMethod = declared.parsed(&at("method"))?;
    let folds = declared.integer(&at("folds"))?;
    let seed = match method {
        FoldMethod::Time => Split::DEFAULT_SEED,
        _ => declared.integer(&at("seed"))?,
    };
    Ok(Some(CrossValidation {
        method,
        folds: u32::try_from(folds).map_err(|_| unreadable(&at("folds")))?,
        seed,
    }))
}

fn read_model(declared: &Declared) -> Result<Model> {
    let kind = declared.text("model.kind")?;
    let estimator = estimator::find(kind).ok_or_else(|| {
        unreadable("model.kind").detail(format!("this program knows no estimator `{kind}`"))
    })?;
    let off = estimator.parameters.iter();
    let off = off.filter(|parameter| parameter.default.is_off());
    let off = off.map(|parameter| (parameter.name.to_string(), parameter.default.value()));
    let declared = declared
        .below("model")
        .filter(|(name, _)| *name != "kind")
        .map(|(name, value)| (name.to_string(), value.clone()));
    let parameters = off.chain(declared).collect();
    Ok(Model {
        kind: estimator.name,
        parameters,
    })
}
