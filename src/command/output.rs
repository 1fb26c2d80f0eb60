//! What a command says, and the only place that says it.

use std::ffi::OsString;
use std::io::{IsTerminal, Write};
use std::process::ExitCode;

use anstream::{AutoStream, ColorChoice};
use clap::error::{ContextKind, ContextValue, ErrorKind};
use clap::{CommandFactory, ValueEnum};
use serde::Serialize;
use serde_json::{Value, json};

use super::arguments::{Arguments, Color, Format};
use crate::error::{Error, did_you_mean};
use crate::host;
use crate::report;

/// The result of a command in both forms.
#[derive(Debug)]
pub struct Output {
    /// For standard output, with escape codes.
    pub text: String,
    /// The command's document.
    pub document: Value,
    /// What stopped it, after all that stands above.
    pub error: Option<Error>,
    /// What is said of several errors, in place of the one that decides the exit code.
    pub failures: Option<String>,
}

impl Output {
    pub fn new(text: String, document: &impl Serialize) -> Self {
        // Documents are made of names, numbers and lists; nothing in them fails to be JSON.
        let document = serde_json::to_value(document).unwrap_or(Value::Null);
        Self {
            text,
            document,
            error: None,
            failures: None,
        }
    }

    /// Adds the fields of another document.
    pub fn extend(&mut self, more: Value) {
        if let (Value::Object(fields), Value::Object(more)) = (&mut self.document, more) {
            fields.extend(more);
        }
    }

    pub fn of_error(error: Error) -> Self {
        Self {
            text: String::new(),
            document: json!({}),
            error: Some(error),
            failures: None,
        }
    }
}

/// Where and how things are printed.
#[derive(Debug, Clone, Copy)]
pub struct Printer {
    format: Format,
    color: Color,
}

impl Printer {
    pub fn new(format: Format, color: Color) -> Self {
        Self { format, color }
    }

    pub fn format(self) -> Format {
        self.format
    }

    fn choice(self) -> ColorChoice {
        match self.color {
            Color::Auto => ColorChoice::Auto,
            Color::Always => ColorChoice::Always,
            Color::Never => ColorChoice::Never,
        }
    }

    /// Whether a progress bar has a terminal to be drawn on.
    pub fn has_terminal(self) -> bool {
        self.format == Format::Text && std::io::stderr().is_terminal()
    }

    /// A line about what is going on, to standard error.
    pub fn log(self, line: &str) {
        let mut stream = AutoStream::new(std::io::stderr(), self.choice());
        // Nobody is left to tell when standard error is gone.
        let _ = writeln!(stream, "{line}");
    }

    /// Prints the result of a command and gives the exit code.
    pub fn print(self, output: &Output) -> ExitCode {
        let written = match self.format {
            Format::Json => self.print_document(output),
            _ => self.print_text(output),
        };
        match (written, &output.error) {
            (_, Some(error)) => ExitCode::from(error.kind().exit_code()),
            // The reader has gone: `streamflow runs | head`.
            (Err(error), None) if error.kind() == std::io::ErrorKind::BrokenPipe => {
                ExitCode::SUCCESS
            }
            (Err(_), None) => ExitCode::FAILURE,
            (Ok(()), None) => ExitCode::SUCCESS,
        }
    }

    fn print_text(self, output: &Output) -> std::io::Result<()> {
        let mut stdout = AutoStream::new(std::io::stdout(), self.choice());
        stdout.write_all(output.text.as_bytes())?;
        stdout.flush()?;
        if let Some(error) = &output.error {
            let mut stderr = AutoStream::new(std::io::stderr(), self.choice());
            let words = || report::error_text(error);
            stderr.write_all(output.failures.clone().unwrap_or_else(words).as_bytes())?;
        }
        Ok(())
    }

    fn print_document(self, output: &Output) -> std::io::Result<()> {
        let mut document = output.document.clone();
        if let (Some(error), Value::Object(fields)) = (&output.error, &mut document) {
            fields.insert("error".to_string(), report::error_json(error));
        }
        let mut stdout = std::io::stdout();
        writeln!(stdout, "{document:#}")
    }
}

/// Prints what clap says of wrong arguments: exit 2, or 0 for help and version.
pub fn print_usage(mut error: clap::Error) -> ExitCode {
    let typed = host::arguments();
    if is_about_formats(&error) && is_export(&typed) {
        name_all_formats(&mut error);
    }
    let error = &error;
    let wants_json = typed.iter().any(|argument| argument == "--format=json")
        || typed
            .windows(2)
            .any(|pair| pair[0] == "--format" && pair[1] == "json");
    if error.use_stderr() && wants_json {
        let output = Output::of_error(Error::usage(headline(error)).help("streamflow --help"));
        return Printer::new(Format::Json, Color::Never).print(&output);
    }
    // clap prints help to standard output and errors to standard error.
    let _ = error.print();
    ExitCode::from(u8::try_from(error.exit_code()).unwrap_or(2))
}

fn is_about_formats(error: &clap::Error) -> bool {
    let argument = error.get(ContextKind::InvalidArg);
    let is_format = |text: &str| text.split(' ').next() == Some("--format");
    error.kind() == ErrorKind::InvalidValue
        && matches!(argument, Some(ContextValue::String(text)) if is_format(text))
}

/// Whether the first of the words that is a command is `export`.
fn is_export(typed: &[OsString]) -> bool {
    let known = Arguments::command();
    let mut words = typed.iter().skip(1);
    let command = words.find_map(|word| known.find_subcommand(word));
    command.is_some_and(|command| command.get_name() == "export")
}

/// `export` has formats that no other command has, so that clap is told to keep quiet about them.
fn name_all_formats(error: &mut clap::Error) {
    let names = Format::value_variants()
        .iter()
        .map(|format| format.as_str());
    let found = match error.get(ContextKind::InvalidValue) {
        Some(ContextValue::String(found)) => found.clone(),
        _ => String::new(),
    };
    error.remove(ContextKind::SuggestedValue);
    if let Some(meant) = did_you_mean(&found, names.clone()) {
        let meant = ContextValue::String(meant.to_string());
        error.insert(ContextKind::SuggestedValue, meant);
    }
    let names = names.map(ToString::to_string).collect();
    error.insert(ContextKind::ValidValue, ContextValue::Strings(names));
}

/// What clap says up to its first empty line, on one line.
fn headline(error: &clap::Error) -> String {
    let message = error.to_string();
    let lines: Vec<&str> = message
        .lines()
        .map(str::trim)
        .take_while(|line| !line.is_empty())
        .collect();
    lines.join(" ").trim_start_matches("error: ").to_string()
}
