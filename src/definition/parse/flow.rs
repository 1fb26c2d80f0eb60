//! `[flow.NAME]` of `streamflow.toml`.

use std::collections::BTreeMap;

use crate::definition::item::Item;
use crate::definition::section::Section;
use crate::definition::wording::suggestion;
use crate::definition::{
    Age, DriftReference, ExperimentName, Flow, FlowAction, FlowCondition, FlowName, FlowOutcome,
    FlowStep, InvalidName, RunDate, Stage,
};

/// What a step can do, as it is written after `do`.
pub const ACTIONS: [&str; 6] = ["ingest", "drift", "run", "replay", "promote", "materialize"];
/// No flow may be called what stands in its place on the command line.
const HISTORY: &str = "history";
const MOST_RETRIES: i64 = 100;
const BACKOFF: &str = "1s";

pub(super) fn flows(section: &Section<'_>) -> BTreeMap<FlowName, Flow> {
    section
        .entries()
        .filter_map(|(name, item)| {
            let name = flow_name(section, name)?;
            let flow = flow(&name, &item.section()?)?;
            Some((name, flow))
        })
        .collect()
}

fn flow_name(section: &Section<'_>, name: &str) -> Option<FlowName> {
    if name == HISTORY {
        let label = "`streamflow flow history` shows what flows have done; choose another name";
        section.refuse_key(name, "invalid name of a flow", label);
        return None;
    }
    let refuse = |why: InvalidName| section.refuse_key(name, "invalid name of a flow", why.0);
    name.parse().map_err(refuse).ok()
}

fn flow(name: &FlowName, section: &Section<'_>) -> Option<Flow> {
    let description = section.optional("description").and_then(|item| item.text());
    let about = "what is done, in order: `steps = [{ do = \"ingest\" }]`";
    let items = section
        .required("steps", about)
        .and_then(|item| not_empty(&item));
    section.finish();
    let mut steps: Vec<FlowStep> = Vec::new();
    for item in items? {
        let read = item.section().and_then(|section| step(&section, &steps));
        steps.extend(read);
    }
    Some(Flow {
        name: name.clone(),
        description: description.unwrap_or_default().to_string(),
        steps,
    })
}

fn not_empty<'d>(item: &Item<'d>) -> Option<Vec<Item<'d>>> {
    let items = item.list()?;
    if items.is_empty() {
        item.refuse_value("a flow has at least one step, such as `{ do = \"ingest\" }`");
        return None;
    }
    Some(items)
}

fn step(section: &Section<'_>, earlier: &[FlowStep]) -> Option<FlowStep> {
    let words = ACTIONS.map(|word| (word, word));
    let word = section
        .required("do", "what the step does, such as `do = \"ingest\"`")
        .map(|item| item.word(&words));
    let Some(Some(word)) = word else {
        section.finish_unread();
        return None;
    };
    let action = action(word, section, earlier);
    let takes_experiment = !matches!(word, "ingest" | "materialize");
    let experiment_at = takes_experiment
        .then(|| section.optional("experiment"))
        .and_then(|item| item?.span());
    let name = name(word, section, earlier);
    let when = section
        .optional("when")
        .map(|item| condition(&item, earlier));
    let retries = section.optional("retries").map(|item| retries(&item));
    let age = |key| section.optional(key).map(|item: Item<'_>| item.parse());
    let (backoff, timeout) = (age("backoff"), age("timeout"));
    section.finish();
    Some(FlowStep {
        name: name?,
        action: action?,
        when: given(when)?,
        retries: given(retries)?.unwrap_or(0),
        backoff: given(backoff)?.unwrap_or_else(default_backoff),
        timeout: given(timeout)?,
        experiment_at,
    })
}

/// None where a value is there and was refused.
fn given<T>(value: Option<Option<T>>) -> Option<Option<T>> {
    match value {
        Some(None) => None,
        other => Some(other.flatten()),
    }
}

fn default_backoff() -> Age {
    BACKOFF.parse().expect("one second is a length of time")
}

fn name(word: &str, section: &Section<'_>, earlier: &[FlowStep]) -> Option<String> {
    let item = section.optional("name");
    let name = match &item {
        None => word.to_string(),
        Some(item) => item.parse::<FlowName>()?.to_string(),
    };
    if earlier.iter().all(|step| step.name != name) {
        return Some(name);
    }
    let message = format!("a second step `{name}`");
    match item {
        Some(item) => item.refuse(message, "steps of a flow have different names"),
        None => section.refuse_key("do", message, "give it a name of its own: `name = \"…\"`"),
    }
    None
}

fn retries(item: &Item<'_>) -> Option<u32> {
    let count = item.integer()?;
    if !(0..=MOST_RETRIES).contains(&count) {
        item.refuse_value(format!("expected 0 to {MOST_RETRIES} further tries"));
    }
    u32::try_from(count).ok()
}

fn condition(item: &Item<'_>, earlier: &[FlowStep]) -> Option<FlowCondition> {
    let section = item.section()?;
    let step = section.required("step", "the name of an earlier step");
    let step = step.and_then(|item| Some((item.text()?, item)));
    let is = section.required("is", "what that step must have come to");
    section.finish();
    let ((name, named), is) = (step?, is?);
    let Some(found) = earlier.iter().find(|step| step.name == name) else {
        let known = earlier.iter().map(|step| step.name.as_str());
        named.refuse(
            format!("no earlier step `{name}`"),
            suggestion(name, known, "steps before this one:"),
        );
        return None;
    };
    let outcomes: Vec<(&'static str, FlowOutcome)> = found
        .action
        .outcomes()
        .iter()
        .map(|outcome| (outcome.as_str(), *outcome))
        .collect();
    Some(FlowCondition {
        step: name.to_string(),
        is: is.word(&outcomes)?,
    })
}

fn action(word: &str, section: &Section<'_>, earlier: &[FlowStep]) -> Option<FlowAction> {
    let which = || {
        let item = section.required("experiment", "the experiment, by the name of its file");
        item.and_then(|item| item.parse::<ExperimentName>())
    };
    let run_before = || {
        let name = which()?;
        is_run(section, &name, earlier).then_some(name)
    };
    Some(match word {
        "ingest" => FlowAction::Ingest,
        "materialize" => FlowAction::Materialize,
        "drift" => {
            let named = section.optional("experiment");
            let reference = section.optional("reference").map(|item| reference(&item));
            FlowAction::Drift {
                experiment: given(named.map(|item| item.parse()))?,
                reference: given(reference)?.unwrap_or(DriftReference::Previous),
            }
        }
        "run" => {
            let dates = [("flow", RunDate::Flow), ("previous", RunDate::Previous)];
            let date = section.optional("date").map(|item| item.word(&dates));
            FlowAction::Run {
                experiment: which()?,
                date: given(date)?.unwrap_or(RunDate::Flow),
            }
        }
        "replay" => FlowAction::Replay {
            experiment: run_before()?,
        },
        _ => {
            let to = section.optional("to").map(|item| item.parse());
            let reason = section.optional("reason").map(|item| reason(&item));
            FlowAction::Promote {
                experiment: run_before()?,
                to: given(to)?.unwrap_or(Stage::Production),
                reason: given(reason)?,
            }
        }
    })
}

/// Whether an earlier step runs the experiment.
fn is_run(section: &Section<'_>, name: &ExperimentName, earlier: &[FlowStep]) -> bool {
    let runs = earlier.iter().any(
        |step| matches!(&step.action, FlowAction::Run { experiment, .. } if experiment == name),
    );
    if !runs {
        section.refuse_key(
            "experiment",
            format!("no earlier step runs `{name}`"),
            format!("add `{{ do = \"run\", experiment = \"{name}\" }}` before this step"),
        );
    }
    runs
}

fn reference(item: &Item<'_>) -> Option<DriftReference> {
    match item.as_text() {
        Some("previous") => Some(DriftReference::Previous),
        Some("production") => Some(DriftReference::Production),
        Some(_) => {
            item.refuse_value("expected `previous`, `production` or a date such as 2024-01-31");
            None
        }
        None => item.date().map(DriftReference::Date),
    }
}

fn reason(item: &Item<'_>) -> Option<String> {
    let text = item.text()?;
    if text.trim().is_empty() {
        item.refuse_value("expected a sentence that tells those who come later why");
        return None;
    }
    Some(text.to_string())
}
