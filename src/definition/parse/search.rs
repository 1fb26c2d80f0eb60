//! `[search]`: what is tried for values of `[model]` and `[preprocess]`.

use std::collections::BTreeMap;

use crate::definition::document::{Document, Plant};
use crate::definition::estimator::{self, Estimator, Range};
use crate::definition::item::Item;
use crate::definition::search::combinations;
use crate::definition::section::Section;
use crate::definition::wording::{quoted, suggestion};
use crate::definition::{
    Choice, CrossValidation, Draw, Experiment, Halving, METRICS, Scale, Search, SearchMethod, Task,
    Value, ValuePath,
};

/// Sections whose values can be tried.
const SECTIONS: [&str; 2] = ["model", "preprocess"];

/// Reads the section against the experiment it stands in, none where that is in error. `trial` reads the
/// experiment of a document with values planted into it.
pub(super) fn read(
    section: &Section<'_>,
    document: &Document,
    experiment: Option<&Experiment>,
    trial: &dyn Fn(&Document),
) -> Option<Search> {
    let method = section
        .optional("method")
        .map_or(Some(SearchMethod::Grid), |item| {
            item.word(SearchMethod::WORDS)
        });
    let metric = metric(section, experiment);
    let reader = Reader {
        estimator: experiment.and_then(|experiment| estimator::find(experiment.model.kind)),
        grid: method == Some(SearchMethod::Grid),
    };
    let mut space = BTreeMap::new();
    let mut plants = Vec::new();
    for name in SECTIONS {
        if let Some(values) = section.section(name) {
            for (key, item) in values.entries() {
                let path = format!("{name}.{key}");
                let Some((choice, tried)) = reader.choice(&values, &path, key, &item) else {
                    continue;
                };
                space.insert(ValuePath::new(path.as_str()), choice);
                plants.push(tried);
            }
        }
    }
    let size = combinations(&space);
    let candidates = candidates(section, method, size);
    // Where it is missing, that is said, and not that nothing is drawn.
    let draws = section.has("candidates")
        || method == Some(SearchMethod::Random)
        || (method == Some(SearchMethod::Halving) && size.is_none());
    let seed = seed(section, method, draws);
    let halving = halving(section, method, &reader, &space, &mut plants);
    section.finish();
    if space.is_empty() && document.is_sound() {
        section.refuse(
            "`[search]` tries nothing",
            "expected values under [search.model] or [search.preprocess], such as `trees = [100, 300]`",
        );
    }
    if experiment.is_some_and(|experiment| experiment.cross_validation.is_none()) {
        section.refuse(
            "`[search]` compares candidates on train rows that were held out",
            "expected a section `[cross_validation]` beside it",
        );
    }
    let search = Search {
        method: method?,
        metric: metric?,
        draw: candidates.map(|candidates| Draw { candidates, seed }),
        halving,
        space,
    };
    if experiment.is_some() && document.is_sound() {
        try_out(document, &plants, trial);
    }
    Some(search)
}

/// What is read of one value: its choice, and the nodes that stand for it in trials, the first of them
/// beside every other value.
type Tried<'d> = Vec<Plant<'d>>;

/// Reads the experiment with the first of each value, and with every other value in its place, so that
/// what a candidate could not have is refused where it stands.
fn try_out(document: &Document, plants: &[Tried<'_>], trial: &dyn Fn(&Document)) {
    let first: Vec<&Plant> = plants.iter().filter_map(|tried| tried.first()).collect();
    let read = |planted: &[&Plant]| {
        let document_of_trial = document.with(planted);
        trial(&document_of_trial);
        document.take_findings(document_of_trial);
    };
    read(&first);
    for (at, tried) in plants.iter().enumerate() {
        for other in tried.iter().skip(1) {
            let mut planted = first.clone();
            planted[at] = other;
            read(&planted);
        }
    }
}

fn metric(section: &Section<'_>, experiment: Option<&Experiment>) -> Option<&'static str> {
    let task = experiment.map(|experiment| experiment.label.task);
    let is_there = |name: &&str| {
        CrossValidation::metric_of(name)
            .is_some_and(|metric| task.is_none_or(|task| task.metrics().contains(&metric)))
    };
    let known: Vec<&'static str> = METRICS.into_iter().filter(is_there).collect();
    let Some(item) = section.optional("metric") else {
        let main = task.unwrap_or(Task::Binary).main_metric();
        return METRICS
            .into_iter()
            .find(|name| CrossValidation::metric_of(name) == Some(main));
    };
    let text = item.text()?;
    let found = known.iter().copied().find(|name| *name == text);
    if found.is_none() {
        let of_folds = |name: &&&str| CrossValidation::metric_of(name) == Some(text);
        let label = match known.iter().find(of_folds) {
            Some(name) => {
                format!("test rows choose nothing; its mean over the folds is `{name}`")
            }
            None => suggestion(text, known.iter().copied(), "expected one of"),
        };
        item.refuse(format!("no search goes by `{text}`"), label);
    }
    found
}

fn candidates(
    section: &Section<'_>,
    method: Option<SearchMethod>,
    size: Option<usize>,
) -> Option<usize> {
    let most = Search::MAX_CANDIDATES;
    let Some(item) = section.optional("candidates") else {
        match (method, size) {
            (Some(SearchMethod::Random), _) => {
                section.refuse(
                    "missing key `candidates`",
                    "say how many candidates are drawn",
                );
            }
            (Some(SearchMethod::Halving), None) => section.refuse(
                "missing key `candidates`",
                "a range has no end of values: say how many candidates are drawn",
            ),
            (_, Some(size)) if size > most => section.refuse(
                format!("{size} combinations are too many"),
                format!("at most {most}: take `method = \"random\"` and draw some of them"),
            ),
            _ => {}
        }
        return None;
    };
    if method == Some(SearchMethod::Grid) {
        let label = "a grid is every combination; `method = \"random\"` draws some";
        item.refuse("`candidates` has no meaning here", label);
        return None;
    }
    let number = item.integer()?;
    let found = usize::try_from(number)
        .ok()
        .filter(|number| (2..=most).contains(number));
    match (found, size) {
        (None, _) => item.refuse_value(format!("expected an integer from 2 to {most}")),
        (Some(found), Some(size)) if found > size => item.refuse(
            format!("there are no {found} candidates"),
            format!("the values have {size} combinations: draw fewer, or take all of lists by `method = \"grid\"`"),
        ),
        _ => {}
    }
    found
}

fn seed(section: &Section<'_>, method: Option<SearchMethod>, draws: bool) -> i64 {
    let seed = section.optional("seed").and_then(|item| {
        if method.is_some() && !draws {
            let label = "every combination is tried: nothing is drawn";
            item.refuse("`seed` has no meaning here", label);
            return None;
        }
        super::experiment::seed(&item)
    });
    seed.unwrap_or(Search::DEFAULT_SEED)
}

/// `resource = { key = "model.trees", from = 20, to = 300 }`, and `factor`.
fn halving<'d>(
    section: &Section<'d>,
    method: Option<SearchMethod>,
    reader: &Reader,
    space: &BTreeMap<ValuePath, Choice>,
    plants: &mut Vec<Tried<'d>>,
) -> Option<Halving> {
    let (resource, factor) = (section.optional("resource"), section.optional("factor"));
    if method != Some(SearchMethod::Halving) {
        for (key, item) in [("resource", resource), ("factor", factor)] {
            if let (Some(item), Some(_)) = (item, method) {
                let message = format!("`{key}` has no meaning here");
                item.refuse(
                    message,
                    "only `method = \"halving\"` gives candidates more, round by round",
                );
            }
        }
        return None;
    }
    let Some(resource) = resource else {
        section.refuse(
            "missing key `resource`",
            "say what grows from round to round, such as { key = \"model.trees\", from = 20, to = 300 }",
        );
        return None;
    };
    let factor = factor.map_or(Some(Search::DEFAULT_FACTOR), |item| {
        let most = Search::MAX_FACTOR;
        let factor = item.integer()?;
        let fits = (2..=most).contains(&factor);
        if !fits {
            item.refuse_value(format!("expected an integer from 2 to {most}"));
        }
        fits.then_some(factor)
    });
    let range = resource.section()?;
    let key = range.required("key", "the value that grows, such as \"model.trees\"");
    let from = range.required("from", "what the first round has");
    let to = range.required("to", "what the last round has");
    range.finish();
    let key = key.and_then(|item| {
        let path = reader.resource(&item)?;
        if space.contains_key(&path) {
            item.refuse(
                format!("`{path}` is tried and grows"),
                "the search gives it a value of its own in each round: leave one out",
            );
        }
        Some(path)
    });
    let (from, to) = (from?, to?);
    let (low, high) = (from.integer()?, to.integer()?);
    if low >= high || low < 1 {
        resource.refuse_value("expected `from` of at least 1, below `to`");
    }
    let resource = key?;
    plants.push(vec![
        from.plant(resource.as_str()),
        to.plant(resource.as_str()),
    ]);
    Some(Halving {
        resource,
        from: low,
        to: high,
        factor: factor?,
    })
}

struct Reader {
    /// None where the model is in error.
    estimator: Option<&'static Estimator>,
    /// Whether every combination is tried, so that there must be an end of them.
    grid: bool,
}

impl Reader {
    /// What is tried for one value, and what stands for it in trials.
    fn choice<'d>(
        &self,
        section: &Section<'d>,
        path: &str,
        key: &str,
        item: &Item<'d>,
    ) -> Option<(Choice, Tried<'d>)> {
        match path {
            "model.kind" => {
                let label = "estimators have parameters of their own: make an experiment of each, and compare \
                             them with `streamflow runs --sort`";
                section.refuse_key(key, "a search stays with one kind of model", label);
                return None;
            }
            "model.seed" => {
                let label =
                    "the best of several seeds is luck; `streamflow run --repeat` tells how much";
                section.refuse_key(key, "a search does not try seeds", label);
                return None;
            }
            "preprocess.columns" | "preprocess.derived" => {
                let label = format!(
                    "write it under [{path}]: a search tries what all columns have in common"
                );
                section.refuse_key(key, "a search does not try values of single columns", label);
                return None;
            }
            _ => {}
        }
        if item.is_table() {
            return self.range(path, item);
        }
        if !item.is_list() {
            return item.wrong_type("a list of values, or a range such as { from = 2, to = 12 }");
        }
        let items = item.list()?;
        if items.is_empty() {
            item.refuse_value("expected at least one value");
            return None;
        }
        let (mut values, mut tried) = (Vec::new(), Vec::new());
        for item in items {
            let value = self.canonical(path, item.scalar()?);
            if values.contains(&value) {
                item.refuse(format!("{value} stands here twice"), "remove it");
            }
            values.push(value);
            tried.push(item.plant(path));
        }
        Some((Choice::Values(values), tried))
    }

    fn range<'d>(&self, path: &str, item: &Item<'d>) -> Option<(Choice, Tried<'d>)> {
        if self.grid {
            let label =
                "expected a list of values; a range takes `method = \"random\"` or \"halving\"";
            item.refuse("a grid takes no range", label);
        }
        let range = item.section()?;
        let from = range.required("from", "the least value");
        let to = range.required("to", "the greatest value");
        let scale = range
            .optional("scale")
            .map_or(Some(Scale::Linear), |item| item.word(Scale::WORDS));
        range.finish();
        let (from, to, scale) = (from?, to?, scale?);
        let tried = vec![from.plant(path), to.plant(path)];
        let (low, high) = (from.float()?, to.float()?);
        if low >= high {
            item.refuse_value("expected `from` below `to`");
        }
        if scale == Scale::Log && low <= 0.0 {
            from.refuse_value("expected a number above 0: orders of magnitude have no zero");
        }
        let choice = match self.parameter(path) {
            Some(Range::Integer { .. } | Range::WordOrCount(_)) => Choice::Integers {
                from: from.integer()?,
                to: to.integer()?,
                scale,
            },
            Some(Range::Word(_)) => {
                return item.wrong_type("a list of words");
            }
            Some(Range::Float { .. }) | None => Choice::Floats {
                from: low,
                to: high,
                scale,
            },
        };
        Some((choice, tried))
    }

    fn parameter(&self, path: &str) -> Option<Range> {
        let name = path.strip_prefix("model.")?;
        Some(self.estimator?.parameter(name)?.range)
    }

    /// A value as it is declared: where a number with a fraction may stand, `1` is 1.0.
    fn canonical(&self, path: &str, value: Value) -> Value {
        let takes_floats = match self.parameter(path) {
            Some(range) => matches!(range, Range::Float { .. }),
            None => path.starts_with("preprocess."),
        };
        match value {
            #[allow(clippy::cast_precision_loss)]
            Value::Integer(value) if takes_floats => Value::Float(value as f64),
            value => value,
        }
    }

    /// The path of an integer of the model.
    fn resource(&self, item: &Item<'_>) -> Option<ValuePath> {
        let text = item.text()?;
        let parameters = self.estimator?.parameters.iter();
        let growing = parameters
            .filter(|each| matches!(each.range, Range::Integer { .. }) && each.name != "seed");
        let known: Vec<String> = growing.map(|each| format!("model.{}", each.name)).collect();
        if known.iter().any(|known| known == text) {
            return Some(ValuePath::new(text));
        }
        let known = known.iter().map(String::as_str);
        let label = match known.clone().count() {
            0 => {
                "this kind of model has no integer that could grow: take another method".to_string()
            }
            _ => format!("expected one of {}", quoted(known)),
        };
        item.refuse(format!("`{text}` cannot grow"), label);
        None
    }
}
