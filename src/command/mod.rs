//! The commands: arguments → one library call → a view, printed here and nowhere else.

mod arguments;
mod bundle;
mod check;
mod checks;
mod diff;
mod drift;
mod evaluate;
mod export;
mod features;
mod flow;
mod fsck;
mod gc;
mod get;
mod history;
mod ingest;
mod init;
mod lock;
mod materialize;
mod mlflow;
mod output;
mod page;
mod predict;
mod progress;
mod promote;
mod publish;
mod replay;
mod report;
mod retrieve;
mod rollback;
mod run;
mod runs;
mod schema;
mod serve;
mod shadow;
mod show;
mod snapshots;
mod unbundle;
mod verify;
mod why;

use std::process::ExitCode;

use clap::Parser;

use self::arguments::{Arguments, Command};
use self::output::{Output, Printer};
use crate::error::{Error, Result};
use crate::workspace::Workspace;

/// What a command needs of the arguments that all commands take.
struct Context {
    folder: Option<std::path::PathBuf>,
    /// Whether progress may be shown: text on a terminal, or a log beside JSON.
    printer: Printer,
}

impl Context {
    fn workspace(&self) -> Result<Workspace> {
        Workspace::open(self.folder.as_deref())
    }
}

/// Runs the program on its arguments.
pub fn main() -> ExitCode {
    let arguments = match Arguments::try_parse() {
        Ok(arguments) => arguments,
        Err(error) => return output::print_usage(error),
    };
    let printer = Printer::new(arguments.format, arguments.color);
    let context = Context {
        folder: arguments.folder.clone(),
        printer,
    };
    let output = dispatch(&context, &arguments.command).unwrap_or_else(Output::of_error);
    context.printer.print(&output)
}

fn dispatch(context: &Context, command: &Command) -> Result<Output> {
    let format = context.printer.format();
    if format.is_for_others() && !matches!(command, Command::Export(_)) {
        let word = format.as_str();
        let what = match format {
            arguments::Format::Onnx => "the model of a run",
            _ => "a statement about a run",
        };
        return Err(Error::usage(format!("`--format {word}` is {what}"))
            .help(format!("`streamflow export RUN --format {word}` writes it")));
    }
    match command {
        Command::Init(arguments) => init::init(context, arguments),
        Command::Check => check::check(context),
        Command::Ingest(arguments) => ingest::ingest(context, arguments),
        Command::Checks(arguments) => checks::checks(context, arguments),
        Command::Snapshots(arguments) => snapshots::snapshots(context, arguments),
        Command::Run(arguments) => run::run(context, arguments),
        Command::Lock(arguments) => lock::lock(context, arguments),
        Command::Replay(arguments) => replay::replay(context, arguments),
        Command::Verify(arguments) => verify::verify(context, arguments),
        Command::Again(arguments) => verify::again(context, arguments),
        Command::Diff(arguments) => diff::diff(context, arguments),
        Command::Drift(arguments) => drift::drift(context, arguments),
        Command::Evaluate(arguments) => evaluate::evaluate(context, arguments),
        Command::Why(arguments) => why::why(context, arguments),
        Command::Materialize(arguments) => materialize::materialize(context, arguments),
        Command::Features(arguments) => features::features(context, arguments),
        Command::Predict(arguments) => predict::predict(context, arguments),
        Command::Serve(arguments) => serve::serve(context, arguments),
        Command::Runs(arguments) => runs::runs(context, arguments),
        Command::Show(arguments) => show::show(context, arguments),
        Command::Get(arguments) => get::get(context, arguments),
        Command::Report(arguments) => report::report(context, arguments),
        Command::Export(arguments) => export::export(context, arguments),
        Command::Promote(arguments) => promote::promote(context, arguments),
        Command::Rollback(arguments) => rollback::rollback(context, arguments),
        Command::Shadow(arguments) => shadow::shadow(context, arguments),
        Command::History(arguments) => history::history(context, arguments),
        Command::Flow(arguments) => flow::flow(context, arguments),
        Command::Fsck(arguments) => fsck::fsck(context, arguments),
        Command::Gc(arguments) => gc::gc(context, arguments),
        Command::Bundle(arguments) => bundle::bundle(context, arguments),
        Command::Unbundle(arguments) => unbundle::unbundle(context, arguments),
        Command::Schema(arguments) => schema::schema(arguments),
    }
}

/// `KEY=VALUE`, as `--set` takes it.
fn assignment(text: &str) -> Result<(String, String)> {
    text.split_once('=')
        .map(|(key, value)| (key.trim().to_string(), value.trim().to_string()))
        .ok_or_else(|| {
            Error::usage(format!("`--set {text}` has no `=`"))
                .help("write it as `--set model.trees=300`")
        })
}
