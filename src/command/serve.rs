//! `streamflow serve`.

use serde_json::json;

use super::Context;
use super::arguments::ServeArguments;
use super::output::Output;
use crate::error::Result;
use crate::hash::Digest;
use crate::registry::PublicKey;
use crate::report;
use crate::serve::{self, Access, Log, LogFormat, State, Token, Trust};
use crate::workspace::Workspace;

/// Answers over HTTP until SIGINT or SIGTERM.
pub fn serve(context: &Context, arguments: &ServeArguments) -> Result<Output> {
    let keys = arguments.require_signature.iter();
    let keys = keys
        .map(|path| PublicKey::read(path))
        .collect::<Result<_>>()?;
    let trust = Trust::of(keys);
    let workspace = context.workspace()?;
    let declared = &workspace.definitions().project.serve.address;
    let address = arguments.address.as_ref().unwrap_or(declared).clone();
    let access = access(&workspace, arguments)?;
    let listener = serve::bind(&address, &access)?;
    let told = listener
        .local_addr()
        .map_or(address, |taken| taken.to_string());
    let asked = match &access {
        Access::Local => "",
        Access::Everyone => "\n  everyone who reaches this address is answered (--insecure)",
        Access::Holders(_) => "\n  whoever asks must send the token",
    };
    let log = Log {
        format: arguments.log,
        write,
    };
    let answered = serve::run(listener, workspace, access, trust, log, |state| {
        let words = opening(state, &told) + asked;
        match log.format {
            LogFormat::Text => context.printer.log(&words),
            LogFormat::Json => log.event(&words.replace("\n  ", "; ")),
        }
    })?;
    let text = format!("Stopped after {}.\n", report::plural(answered, "request"));
    Ok(Output::new(
        text,
        &json!({ "address": told, "requests": answered }),
    ))
}

/// Whom to answer: what the command line says, else what the project declares.
fn access(workspace: &Workspace, arguments: &ServeArguments) -> Result<Access> {
    let declared = &workspace.definitions().project.serve.token_file;
    let file = match (&arguments.token_file, declared) {
        _ if arguments.insecure => return Ok(Access::Everyone),
        (Some(file), _) => file.clone(),
        (None, Some(file)) => workspace.root().join(file),
        (None, None) => return Ok(Access::Local),
    };
    Ok(Access::Holders(Token::read(&file)?))
}

/// The line that says the server is up, and with what.
fn opening(state: &State, address: &str) -> String {
    match &state.pair {
        Ok(pair) => {
            let (model, run) = (&pair.pinned.model_name, pair.run().short());
            let as_of = pair.view.as_of();
            let staged = state.staged.as_ref();
            let staged = staged.map_or(String::new(), |staged| format!("\n  {}", staged.words()));
            format!("serving {model} run {run} at {as_of} on http://{address}{staged}")
        }
        Err(error) => {
            let help = error.all_help().join("; ");
            format!("serving without a model on http://{address}\n  not ready: {error}\n  {help}")
        }
    }
}

/// In one piece, so that lines of several threads and programs do not mix.
fn write(line: &str) {
    let line = format!("{line}\n");
    // Nobody is left to tell when standard error is gone.
    let _ = std::io::Write::write_all(&mut std::io::stderr(), line.as_bytes());
}
