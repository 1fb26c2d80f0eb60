//! `experiments/NAME.toml`.

use super::{
    Tables, allow, calibrate, cross_validation, dataset, derived, gate, label, model, preprocess,
    search,
};
use crate::definition::document::Document;
use crate::definition::item::Item;
use crate::definition::section::Section;
use crate::definition::{
    AsOf, Experiment, ExperimentName, Origin, Split, SplitMethod, Task, ValuePath,
};

pub(super) fn read(
    document: &Document,
    name: &ExperimentName,
    tables: &Tables,
) -> Option<Experiment> {
    let experiment = as_written(document, name, tables);
    let experiment_so_far = experiment.as_ref().filter(|_| document.is_sound());
    let search = written(&document.root(), SEARCH).and_then(|section| {
        search::read(&section, document, experiment_so_far, &|trial| {
            as_written(trial, name, tables);
        })
    });
    Some(Experiment {
        search,
        ..experiment?
    })
}

const SEARCH: &str = "search";

/// The experiment with the values that are written, whatever is tried beside them.
fn as_written(document: &Document, name: &ExperimentName, tables: &Tables) -> Option<Experiment> {
    let root = document.root();
    let description = root.optional("description").and_then(|item| item.text());
    let registers = root.optional("registers").and_then(|item| item.parse());
    let as_of = root
        .required("as_of", "a date such as 2024-01-31, or a list of dates")
        .and_then(|item| as_of(&item));
    let label = root
        .required_section("label", "say what to predict: `table` and `column`")
        .and_then(|section| label::read(&section, tables));
    let task = label.as_ref().map(|label| label.task);
    let features = root
        .required_section("dataset", "say what to learn from: `features`")
        .and_then(|section| dataset::read(&section, label.as_ref(), tables));
    let split = root
        .section("split")
        .map(|section| split(&section, as_of.as_deref(), task));
    let known = derived::Known::new(features.as_ref(), label.as_ref(), tables);
    let preprocess = root
        .section("preprocess")
        .map(|section| preprocess::read(&section, &known));
    let model = root
        .required_section("model", "say what learns: `kind`")
        .and_then(|section| model::read(&section, label.as_ref()));
    let evaluate = root.section("evaluate");
    let declared_threshold = evaluate
        .as_ref()
        .and_then(|section| section.optional("threshold"));
    let threshold = evaluate.map(|section| threshold(&section, task));
    let cross_validation = written(&root, "cross_validation")
        .map(|section| cross_validation::read(&section, as_of.as_deref(), task));
    let beside = calibrate::Beside {
        task,
        folds: root.has("cross_validation"),
        threshold: declared_threshold.as_ref(),
    };
    let calibrate =
        written(&root, "calibrate").and_then(|section| calibrate::read(&section, &beside));
    let allow = root
        .section("allow")
        .map(|section| allow::read(&section, preprocess.as_ref(), label.as_ref(), tables));
    let promote = root
        .section("promote")
        .map(|section| gate::read(&section, task, beside.folds));
    // Read when all else is known.
    root.optional(SEARCH);
    root.finish();
    let features = features?;
    let promote = promote?;
    Some(Experiment {
        name: name.clone(),
        description: description.unwrap_or_default().to_string(),
        registers,
        as_of: as_of?,
        label: label?,
        origin: origin(document, &features),
        features: features.into_keys().collect(),
        split: split?,
        preprocess: preprocess?,
        model: model?,
        threshold: threshold?,
        cross_validation,
        calibrate,
        search: None,
        allow: allow?,
        gates: promote.gates,
        approvals: promote.approvals,
    })
}

/// A section that says something only by being there.
fn written<'d>(root: &Section<'d>, key: &'static str) -> Option<Section<'d>> {
    root.has(key).then(|| root.section(key)).flatten()
}

/// The places of the file, and of each feature under `dataset.features.TABLE.FEATURE`.
fn origin(document: &Document, features: &dataset::Places) -> Origin {
    let mut origin = document.origin();
    for (name, range) in features {
        if let Some(range) = range {
            let path = ValuePath::new(format!("dataset.features.{name}"));
            origin.places.insert(path, range.clone());
        }
    }
    origin
}

/// A date or several, ascending.
fn as_of(item: &Item<'_>) -> Option<Vec<AsOf>> {
    if !item.is_list() {
        return Some(vec![item.date()?]);
    }
    let items = item.list()?;
    if items.is_empty() {
        item.refuse_value("expected at least one date");
    }
    let mut dates = Vec::new();
    for (item, date) in items.iter().filter_map(|item| Some((item, item.date()?))) {
        if dates.contains(&date) {
            item.refuse(format!("{date} stands here twice"), "remove it");
        }
        dates.push(date);
    }
    dates.sort();
    Some(dates)
}

fn split(section: &Section<'_>, dates: Option<&[AsOf]>, task: Option<Task>) -> Split {
    let item = section.optional("method");
    let method = item.as_ref().map_or(Some(SplitMethod::Hash), |item| {
        item.word(SplitMethod::WORDS)
    });
    let test = section.optional("test").and_then(|item| test_share(&item));
    let seed = section.optional("seed").and_then(|item| seed(&item));
    let stratify = section.optional("stratify").and_then(|item| {
        let stratify = item.boolean()?;
        if stratify && method.is_some_and(|method| method != SplitMethod::Shuffle) {
            let label = "only `method = \"shuffle\"` can keep the label's share on both sides";
            item.refuse("`stratify` without a shuffle", label);
        } else if stratify && task == Some(Task::Regression) {
            let label = "a number has no classes whose shares could be kept";
            item.refuse("`stratify` has no meaning here", label);
        }
        Some(stratify)
    });
    section.finish();
    if let (Some(item), Some(SplitMethod::Time), Some([_])) = (item, method, dates) {
        let label = "`as_of` has one date: all rows would be test rows";
        item.refuse("a split by time needs two dates or more", label);
    }
    Split {
        method: method.unwrap_or(SplitMethod::Hash),
        test: test.unwrap_or(0.25),
        seed: seed.unwrap_or(Split::DEFAULT_SEED),
        stratify: stratify.unwrap_or(false),
    }
}

/// A number above 0 and below 1.
fn test_share(item: &Item<'_>) -> Option<f64> {
    let share = item.float()?;
    let is_share = share > 0.0 && share < 1.0;
    if !is_share {
        item.refuse_value("the share of test rows lies between 0 and 1, such as 0.25");
    }
    is_share.then_some(share)
}

pub(super) fn seed(item: &Item<'_>) -> Option<i64> {
    let seed = item.integer()?;
    if seed < 0 {
        item.refuse_value("expected an integer of at least 0");
    }
    (seed >= 0).then_some(seed)
}

fn threshold(section: &Section<'_>, task: Option<Task>) -> f64 {
    let threshold = section.optional("threshold").and_then(|item| {
        if let Some(task @ (Task::Multiclass | Task::Regression)) = task {
            let label = format!("`task = \"{}\"` decides without one", task.as_str());
            item.refuse("`threshold` has no meaning here", label);
            return None;
        }
        let threshold = item.float()?;
        if !(0.0..=1.0).contains(&threshold) {
            item.refuse_value("a score lies between 0 and 1");
        }
        Some(threshold)
    });
    section.finish();
    threshold.unwrap_or(Experiment::DEFAULT_THRESHOLD)
}
