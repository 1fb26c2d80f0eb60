//! `streamflow flow`.

use std::time::Duration;

use serde_json::{Value, json};

use super::Context;
use super::arguments::FlowArguments;
use super::ingest::date;
use super::output::{Output, Printer};
use crate::definition::{AsOf, FlowName};
use crate::error::{Error, Result};
use crate::flow::{self, Ending, FlowEvents, FlowRecord, Performed};
use crate::report;
use crate::workspace::Workspace;

/// The word that stands in the place of a flow's name.
const HISTORY: &str = "history";

/// Does a flow for a date or for several, or shows what flows have done.
pub fn flow(context: &Context, arguments: &FlowArguments) -> Result<Output> {
    let workspace = context.workspace()?;
    match arguments.name.as_deref() {
        None => list(&workspace),
        Some(HISTORY) => history(&workspace, arguments),
        Some(name) => {
            if let Some(other) = &arguments.of {
                return Err(Error::usage(format!(
                    "one flow at a time: {name} or {other}"
                )));
            }
            let dates = dates(&workspace, arguments)?;
            perform_all(context, &workspace, name, &dates, arguments)
        }
    }
}

fn list(workspace: &Workspace) -> Result<Output> {
    let flows = &workspace.definitions().project.flows;
    workspace.definitions().check_flows()?;
    if flows.is_empty() {
        return Err(Error::usage("streamflow.toml declares no flow")
            .help("`[flow.monthly]` with `steps = [{ do = \"ingest\" }]` declares one"));
    }
    let document = json!({ "flows": flows.values().collect::<Vec<_>>() });
    Ok(Output::new(report::flows_text(flows.values()), &document))
}

fn history(workspace: &Workspace, arguments: &FlowArguments) -> Result<Output> {
    let given = arguments.from.is_some() || arguments.to.is_some() || arguments.restart;
    if given {
        return Err(Error::usage("`flow history` takes a flow and `--as-of`"));
    }
    let name = arguments.of.as_deref().map(str::parse::<FlowName>);
    let name = name
        .transpose()
        .map_err(|error| Error::usage(error.to_string()))?;
    let catalog = workspace.store().catalog();
    let mut records = flow::recorded(catalog, name.as_ref())?;
    if let Some(text) = &arguments.as_of {
        let as_of = date(text)?;
        records.retain(|record| record.as_of == as_of);
    }
    let text = match arguments.as_of {
        Some(_) => records.iter().map(report::flow_record_text).collect(),
        None => report::flow_history_text(&records),
    };
    let text = if records.is_empty() {
        report::flow_history_text(&records)
    } else {
        text
    };
    Ok(Output::new(text, &report::flow_history_document(&records)))
}

/// The dates a flow is to be done for.
fn dates(workspace: &Workspace, arguments: &FlowArguments) -> Result<Vec<AsOf>> {
    match (&arguments.as_of, &arguments.from, &arguments.to) {
        (Some(text), None, None) => Ok(vec![date(text)?]),
        (None, Some(from), Some(to)) => flow::dates_between(workspace, date(from)?, date(to)?),
        _ => Err(Error::usage("a flow is done for a date").help(
            "`--as-of DATE`, or `--from DATE --to DATE` for every date on file between them",
        )),
    }
}

fn perform_all(
    context: &Context,
    workspace: &Workspace,
    name: &str,
    dates: &[AsOf],
    arguments: &FlowArguments,
) -> Result<Output> {
    let events = Told(context.printer);
    let (mut text, mut documents, mut error) = (String::new(), Vec::new(), None);
    for as_of in dates {
        let done = flow::perform(workspace, name, *as_of, arguments.restart, &events)?;
        documents.push(report::flow_document(&done.record, done.resumed));
        let Performed {
            record,
            done_before,
            error: stopped,
            ..
        } = done;
        match stopped {
            None => text.push_str(&report::flow_done_text(&record, done_before)),
            Some(stopped) => {
                error = Some(stopped);
                break;
            }
        }
    }
    let document = match arguments.as_of {
        Some(_) => documents.pop().unwrap_or(Value::Null),
        None => json!({ "flows": documents }),
    };
    let mut output = Output::new(text, &document);
    output.error = error;
    Ok(output)
}

/// Tells of a flow on standard error while it goes on.
struct Told(Printer);

impl FlowEvents for Told {
    fn flow_started(&self, record: &FlowRecord, resumed: bool) {
        self.0.log(&report::flow_headline(record, resumed));
    }

    fn step_ended(&self, record: &FlowRecord, step: usize) {
        self.0.log(report::flow_step_line(record, step).trim_end());
    }

    fn step_retried(&self, name: &str, ending: &Ending, wait: Duration) {
        let wait = report::seconds(wait.as_secs_f64());
        let word = report::dim(format!(
            "  {name} failed, again in {wait}: {}",
            ending.detail
        ));
        self.0.log(&word);
    }
}
