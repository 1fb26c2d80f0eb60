//! A run executed again and again, each time under other circumstances that must not matter.
//!
//! Folder, time zone and language belong to a whole process, so each execution is a process of its
//! own: this program again, with the hidden command `again`. It executes uncached, compares, and
//! records what came out, so that a divergence is never forgotten.

use std::ffi::OsString;
use std::path::PathBuf;

use serde::Serialize;
use serde_json::Value;

use super::reference::KnownRun;
use crate::definition::ExperimentName;
use crate::error::{Error, Kind, Result};
use crate::hash::RunId;
use crate::host;
use crate::workspace::Workspace;

/// Something that must not decide a result.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Vary {
    Threads,
    Cwd,
    Timezone,
    Locale,
    RowOrder,
}

const TIMEZONES: [&str; 6] = [
    "Pacific/Auckland",
    "America/St_Johns",
    "Asia/Kathmandu",
    "Pacific/Kiritimati",
    "America/Sao_Paulo",
    "UTC",
];
/// With a decimal comma, with two letters i, right to left, and none at all.
const LOCALES: [&str; 6] = [
    "de_DE.UTF-8",
    "tr_TR.UTF-8",
    "ar_EG.UTF-8",
    "C",
    "fr_FR.ISO-8859-1",
    "ja_JP.EUC-JP",
];

impl Vary {
    pub const ALL: [Self; 5] = [
        Self::Threads,
        Self::Cwd,
        Self::Timezone,
        Self::Locale,
        Self::RowOrder,
    ];

    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Threads => "threads",
            Self::Cwd => "cwd",
            Self::Timezone => "timezone",
            Self::Locale => "locale",
            Self::RowOrder => "row-order",
        }
    }
}

/// What came of one execution.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Verdict {
    Identical,
    Diverged,
    /// It could not be tried; see `why`.
    Skipped,
}

/// One execution under one circumstance.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct VerifyExecution {
    pub vary: Vary,
    pub value: String,
    pub verdict: Verdict,
    pub seconds: Option<f64>,
    pub first_divergence: Option<String>,
    pub why: Option<String>,
}

/// A run that was verified.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Verified {
    pub experiment: ExperimentName,
    pub run: RunId,
    pub executions: Vec<VerifyExecution>,
    pub verdict: Verdict,
}

impl Verified {
    /// The error of a run that came out otherwise, or could not be tried at all.
    pub fn error(&self) -> Option<Error> {
        let of = |verdict| self.executions.iter().filter(move |e| e.verdict == verdict);
        let diverged: Vec<&VerifyExecution> = of(Verdict::Diverged).collect();
        match self.verdict {
            Verdict::Identical => None,
            Verdict::Diverged => Some(
                Error::new(
                    Kind::NotReproduced,
                    format!(
                        "{} was not reproduced in {} of {} executions",
                        self.experiment,
                        diverged.len(),
                        self.executions.len()
                    ),
                )
                .details(diverged.iter().map(|e| {
                    let first = e.first_divergence.as_deref().unwrap_or("data");
                    format!(
                        "{} {}: {first} is the first to give something else",
                        e.vary.as_str(),
                        e.value
                    )
                }))
                .help(format!(
                    "`streamflow show {}` lists its executions;",
                    self.run_prefix()
                ))
                .help(format!(
                    "`streamflow replay {}` tells what is another",
                    self.run_prefix()
                )),
            ),
            Verdict::Skipped => Some(
                Error::new(
                    Kind::MissingInput,
                    format!("nothing of {} could be varied", self.experiment),
                )
                .details(of(Verdict::Skipped).filter_map(|e| e.why.clone()).take(1)),
            ),
        }
    }

    fn run_prefix(&self) -> String {
        self.run.to_string()[..12].to_string()
    }
}

/// Executes a run `times` times for each circumstance. `told` hears of each before it begins.
///
/// # Errors
/// An execution failed for another reason than other outputs.
pub fn verify(
    workspace: &Workspace,
    known: &KnownRun,
    vary: &[Vary],
    times: usize,
    told: &dyn Fn(Vary, &str),
) -> Result<Verified> {
    let mut executions = Vec::new();
    for vary in vary {
        for turn in 0..times {
            let circumstance = Circumstance::new(workspace, *vary, turn);
            told(*vary, &circumstance.value);
            executions.push(circumstance.execute(workspace, known)?);
        }
    }
    let any = |verdict| {
        executions
            .iter()
            .any(|e: &VerifyExecution| e.verdict == verdict)
    };
    let verdict = match (any(Verdict::Diverged), any(Verdict::Identical)) {
        (true, _) => Verdict::Diverged,
        (false, true) => Verdict::Identical,
        (false, false) => Verdict::Skipped,
    };
    Ok(Verified {
        experiment: known.experiment.clone(),
        run: known.run,
        executions,
        verdict,
    })
}

/// What one execution is put under.
struct Circumstance {
    vary: Vary,
    value: String,
    folder: Option<PathBuf>,
    variables: Vec<(&'static str, String)>,
    arguments: Vec<String>,
}

impl Circumstance {
    fn new(workspace: &Workspace, vary: Vary, turn: usize) -> Self {
        let number = (turn + 1).to_string();
        let mut this = Self {
            vary,
            value: number.clone(),
            folder: None,
            variables: Vec::new(),
            arguments: Vec::new(),
        };
        match vary {
            Vary::Threads => {
                // The tables library has threads of its own, which it counts by another variable.
                this.variables = vec![
                    ("RAYON_NUM_THREADS", number.clone()),
                    ("POLARS_MAX_THREADS", number.clone()),
                ];
                this.arguments = vec!["--threads".to_string(), number];
            }
            Vary::Cwd => {
                let (value, folder) =
                    folders(workspace).swap_remove(turn % folders(workspace).len());
                this.value = value;
                this.folder = Some(folder);
            }
            Vary::Timezone => {
                this.value = TIMEZONES[turn % TIMEZONES.len()].to_string();
                this.variables = vec![("TZ", this.value.clone())];
            }
            Vary::Locale => {
                this.value = LOCALES[turn % LOCALES.len()].to_string();
                this.variables = ["LC_ALL", "LANG", "LANGUAGE"]
                    .map(|name| (name, this.value.clone()))
                    .into();
            }
            Vary::RowOrder => {
                this.value = format!("seed {number}");
                this.arguments = vec!["--row-order".to_string(), number];
            }
        }
        this
    }

    fn execute(&self, workspace: &Workspace, known: &KnownRun) -> Result<VerifyExecution> {
        let mut arguments: Vec<OsString> = vec!["-C".into(), workspace.root().into()];
        let words = [
            "--format",
            "json",
            "again",
            &known.run.to_string(),
            "--varied",
        ]
        .map(ToString::to_string);
        arguments.extend(words.into_iter().map(Into::into));
        arguments.push(format!("{} {}", self.vary.as_str(), self.value).into());
        arguments.extend(self.arguments.iter().map(Into::into));
        let ended = host::run_this_program(&arguments, self.folder.as_deref(), &self.variables)?;
        let document: Value = serde_json::from_slice(&ended.stdout).map_err(|error| {
            let said = String::from_utf8_lossy(&ended.stderr).trim().to_string();
            Error::failure("an execution ended without an answer")
                .detail(said)
                .caused_by(error)
        })?;
        let text = |value: &Value| value.as_str().map(ToString::to_string);
        let why = text(&document["error"]["message"]);
        let verdict = match ended.code {
            Some(0) => Verdict::Identical,
            Some(4) => Verdict::Diverged,
            Some(5) if self.vary == Vary::RowOrder => Verdict::Skipped,
            code => return Err(failed(code, &document)),
        };
        Ok(VerifyExecution {
            vary: self.vary,
            value: self.value.clone(),
            verdict,
            seconds: document["seconds"].as_f64(),
            first_divergence: text(&document["first_divergence"]),
            why,
        })
    }
}

/// Folders to start the program in, with what they are called.
fn folders(workspace: &Workspace) -> Vec<(String, PathBuf)> {
    let root = workspace.root();
    let all = [
        ("/", PathBuf::from("/")),
        ("the store", workspace.store().path().to_path_buf()),
        ("experiments", root.join("experiments")),
        ("..", root.join("..")),
        (".", root.to_path_buf()),
    ];
    let there = all.into_iter().filter(|(_, folder)| folder.is_dir());
    there
        .map(|(name, folder)| (name.to_string(), folder))
        .collect()
}

/// The error of an execution, as the other process told it.
fn failed(code: Option<i32>, document: &Value) -> Error {
    let kind = match code {
        Some(2) => Kind::Usage,
        Some(3) => Kind::Lock,
        Some(5) => Kind::MissingInput,
        Some(6) => Kind::DataRefused,
        _ => Kind::Failure,
    };
    let error = &document["error"];
    let message = error["message"]
        .as_str()
        .unwrap_or("an execution was ended");
    let details = error["details"].as_array().into_iter().flatten();
    let details = details.filter_map(Value::as_str).map(ToString::to_string);
    let help = error["help"].as_str().unwrap_or_default().lines();
    help.fold(Error::new(kind, message).details(details), |error, line| {
        error.help(line)
    })
}
