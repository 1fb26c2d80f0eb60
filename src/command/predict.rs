//! `streamflow predict`.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;

use serde_json::{Map, Value, json};

use super::Context;
use super::arguments::PredictArguments;
use super::features::key_of;
use super::ingest::date;
use super::output::Output;
use crate::definition::{AsOf, ColumnName, Dtype};
use crate::error::{Error, Result};
use crate::fsio;
use crate::hash::Digest;
use crate::host::Stopwatch;
use crate::online::{self, OnlineView};
use crate::report;
use crate::serve::{
    Answer, Computed, Explained, Pair, Requested, ScoreColumns, State, Verdict, answer, score_all,
};
use crate::table::{FileForm, Frame, Values};
use crate::workspace::Workspace;

/// Predicts for some entities, or scores all of them into a file.
pub fn predict(context: &Context, arguments: &PredictArguments) -> Result<Output> {
    let workspace = context.workspace()?;
    match (&arguments.output, arguments.all) {
        (Some(path), true) => {
            let as_of = arguments.as_of.as_deref().map(date).transpose()?;
            score(&workspace, as_of, path, arguments.explain)
        }
        _ => predict_some(&workspace, arguments),
    }
}

fn predict_some(workspace: &Workspace, arguments: &PredictArguments) -> Result<Output> {
    let max_age = workspace.definitions().project.serve.max_age;
    let pair = State::load(workspace).into_pair(max_age)?;
    let explainer = arguments.explain.then(|| pair.explainer()).transpose()?;
    let column = pair.key().clone();
    let keys: Vec<_> = arguments
        .ids
        .iter()
        .map(|id| key_of(workspace, &column, id))
        .collect();
    let context = context_of(&pair.requested, &arguments.context)?;
    let context = pair.requested.read(&vec![&context; keys.len()]);
    let context = context.map_err(|unfit| {
        unfit
            .to_error()
            .help("`--context NAME=VALUE` for each, `--context NAME=` for null")
    })?;
    let computed = Computed::of(&pair, &keys, &context)?;
    let answers = answer(&pair, &keys, &computed, explainer, None)?;
    if let [_] = answers[..] {
        let only = answers.into_iter().next().expect("there is one");
        let found = only?;
        return Ok(Output::new(told(&found), &found));
    }
    let mut text = String::new();
    let mut documents: Vec<Value> = Vec::new();
    let mut first_error = None;
    for (key, found) in keys.iter().zip(answers) {
        match found {
            Ok(found) => {
                text.push_str(&told(&found));
                documents.push(serde_json::to_value(&found).unwrap_or(Value::Null));
            }
            Err(error) => {
                text.push_str(&format!(
                    "{}   {}\n",
                    report::bold(key),
                    report::red(&error)
                ));
                let error_document = report::error_json(&error);
                documents.push(json!({ column.as_str(): key, "error": error_document }));
                first_error.get_or_insert(error);
            }
        }
    }
    let mut output = Output::new(text, &json!({ "predictions": documents }));
    output.error = first_error;
    Ok(output)
}

/// What the command line says of a request, as JSON of the declared types. A text that is of another
/// type stays a text, and is refused as such.
fn context_of(requested: &Requested, given: &[String]) -> Result<Map<String, Value>> {
    let mut context = Map::new();
    for text in given {
        let (name, value) = text.split_once('=').ok_or_else(|| {
            Error::usage(format!("`--context {text}` has no `=`"))
                .help("write `--context NAME=VALUE`")
        })?;
        let dtype = requested.dtypes().find(|(known, _)| known.as_str() == name);
        let typed = match dtype.map(|(_, dtype)| dtype) {
            _ if value.is_empty() => Some(Value::Null),
            Some(Dtype::Bool) => value.parse().ok().map(Value::Bool),
            Some(Dtype::I64) => value.parse::<i64>().ok().map(Value::from),
            Some(Dtype::F64) => value.parse::<f64>().ok().map(Value::from),
            _ => None,
        };
        let typed = typed.filter(|typed| value.is_empty() || !typed.is_null());
        let typed = typed.unwrap_or_else(|| Value::String(value.to_string()));
        if context.insert(name.to_string(), typed).is_some() {
            return Err(Error::usage(format!(
                "`--context {name}=` stands there twice"
            )));
        }
    }
    Ok(context)
}

/// One entity's answer in words.
fn told(found: &Answer) -> String {
    let mut text = format!(
        "{}   {}   {} run {} at {}\n",
        report::bold(&found.key),
        verdict_words(&found.verdict),
        found.model,
        found.run.short(),
        found.as_of,
    );
    if !found.imputed.is_empty() {
        let first = format!("  {} ", report::dim("imputed"));
        text.push_str(&report::wrap(&first, &found.imputed.join(", ")));
    }
    if let Some(explained) = &found.explanation {
        text.push_str(&explanation_of(found, explained));
    }
    text
}

/// `prediction 1   probability 0.8312`, `prediction 42.1870`.
fn verdict_words(verdict: &Verdict) -> String {
    let prediction = match verdict {
        Verdict::Binary { positive, .. } => u8::from(*positive).to_string(),
        Verdict::Class { class, .. } => class.escape_debug().to_string(),
        Verdict::Number(number) => format!("{number:.4}"),
    };
    let probability = verdict.probability();
    let probability = probability.map(|probability| format!("   probability {probability:.4}"));
    format!("prediction {prediction}{}", probability.unwrap_or_default())
}

fn explanation_of(found: &Answer, explained: &Explained) -> String {
    let parts = explained.contributions.iter();
    let parts = parts.map(|(name, contribution)| report::Part {
        feature: name,
        value: found.value(name),
        contribution: *contribution,
    });
    report::explanation_text(explained.scale, explained.base, parts.collect())
}

/// Every entity into a table: from what serves, or from the snapshot of a date.
fn score(
    workspace: &Workspace,
    as_of: Option<AsOf>,
    path: &Path,
    explains: bool,
) -> Result<Output> {
    let form = FileForm::of(path).ok_or_else(|| {
        Error::usage(format!(
            "{} does not say which format it has",
            path.display()
        ))
        .help("end its name in .csv, .parquet or .json")
    })?;
    let watch = Stopwatch::start();
    let pair = match as_of {
        None => State::load(workspace).into_pair(None)?,
        Some(as_of) => pair_at(workspace, as_of)?,
    };
    let explainer = explains.then(|| pair.explainer()).transpose()?;
    let scores = score_all(&pair, explainer)?;
    let rows = scores.keys.len();
    let scored = scores.scored;
    let verdicts: Vec<String> = scores
        .verdicts
        .iter()
        .map(|(name, _)| name.clone())
        .collect();
    let mut order = vec![pair.key().as_str(), "as_of"];
    order.extend(verdicts.iter().map(String::as_str));
    order.extend(["model", "run"]);
    let bytes = form.encode(&scored_table(&pair, scores)?, &order)?;
    fsio::write_atomic(path, &bytes)?;
    let refused = rows - scored;
    let document = json!({
        "path": path.display().to_string(),
        "as_of": pair.view.as_of(),
        "model": pair.pinned.model_name,
        "run": pair.run(),
        "rows": rows,
        "scored": scored,
        "refused": refused,
        "seconds": watch.seconds(),
    });
    let mut text = format!(
        "{} {} at {} by {} run {} in {}.\n",
        report::green("Scored"),
        report::plural(scored as u64, "row"),
        pair.view.as_of(),
        pair.pinned.model_name,
        pair.run().short(),
        report::seconds(watch.seconds()),
    );
    if refused > 0 {
        text.push_str(&format!(
            "  {} {} without a score; column `error` says why\n",
            report::yellow("notice"),
            report::plural(refused as u64, "row"),
        ));
    }
    text.push_str(&format!("  written to {}\n", path.display()));
    Ok(Output::new(text, &document))
}

fn pair_at(workspace: &Workspace, as_of: AsOf) -> Result<Arc<Pair>> {
    let model = online::served_model(workspace)?;
    let pinned = Arc::new(online::load_pinned(workspace, &model)?);
    let run = (pinned.pin.run, &pinned.spec);
    let view = OnlineView::compute(workspace, as_of, None, Some(run))?;
    Pair::new(Arc::clone(&pinned), Arc::new(view))
}

/// The scores with what they are of and whose they are.
fn scored_table(pair: &Pair, scores: ScoreColumns) -> Result<Frame> {
    let rows = scores.keys.len();
    let name = |text: &str| text.parse().expect("our own names are names");
    let all = |text: &str| Values::strings(&vec![Some(text); rows]);
    let as_of = Values::repeated_date(pair.view.as_of().days(), rows);
    let mut columns: BTreeMap<ColumnName, Values> = BTreeMap::from([
        (name("as_of"), as_of),
        (name("model"), all(pair.pinned.model_name.as_str())),
        (name("run"), all(&pair.run().to_string())),
        (name("error"), scores.error),
    ]);
    for (column, values) in scores.verdicts.into_iter().chain(scores.explanation) {
        columns.insert(name(&column), values);
    }
    let key = pair.key();
    if columns.contains_key(key) {
        return Err(Error::usage(format!(
            "the key is called `{key}`, as a column of the scored table is"
        ))
        .help("rename the key in the exports"));
    }
    Ok(Frame::new(rows, columns).with_column(key.clone(), scores.keys))
}
