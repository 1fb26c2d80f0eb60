//! What can be typed of exports.

use std::path::PathBuf;

use clap::Args;

use crate::error::{Error, Result};

#[derive(Debug, Args)]
pub struct ExportArguments {
    /// A hash or its first digits, NAME@latest, NAME@locked, NAME@GITREV, MODEL@production.
    #[arg(required_unless_present = "to")]
    pub run: Option<String>,
    /// The file to write; standard output when none is named. FILE.onnx is the model as ONNX.
    #[arg(short, long, value_name = "FILE", conflicts_with = "to")]
    pub output: Option<PathBuf>,
    /// Where to, in place of a file: `mlflow URI` takes the run to an MLflow server (the URI may stand in
    /// MLFLOW_TRACKING_URI), `postgres` a snapshot and the online values, as tables, to a database.
    #[arg(long, value_names = ["DESTINATION", "URI"], num_args = 1..=2)]
    pub to: Vec<String>,
    /// Shows what would be written to MLflow, and asks no server.
    #[arg(long, requires = "to")]
    pub dry_run: bool,
    /// The snapshot's date, with --to postgres; the newest when none is named.
    #[arg(long, value_name = "DATE", requires = "to")]
    pub as_of: Option<String>,
    /// The schema the tables stand in, with --to postgres; streamflow when none is named.
    #[arg(long, value_name = "NAME", requires = "to")]
    pub schema: Option<String>,
    /// The environment variable that holds the database's URL, with --to postgres; STREAMFLOW_POSTGRES when none is
    /// named.
    #[arg(long, value_name = "NAME", requires = "to")]
    pub url_env: Option<String>,
}

/// Where an export goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Destination<'a> {
    /// Tables of a database.
    Postgres,
    /// A run, to a server that is named here or by the environment.
    Mlflow(Option<&'a str>),
}

impl ExportArguments {
    /// Where `--to` says; none without it.
    ///
    /// # Errors
    /// A destination that there is not, or one to which what else was typed does not fit.
    pub fn destination(&self) -> Result<Option<Destination<'_>>> {
        let mut words = self.to.iter().map(String::as_str);
        let uri = words.clone().nth(1);
        let of_postgres = [
            ("--as-of", self.as_of.is_some()),
            ("--schema", self.schema.is_some()),
            ("--url-env", self.url_env.is_some()),
        ];
        match words.next() {
            None => Ok(None),
            Some("mlflow") => match of_postgres.iter().find(|(_, is_set)| *is_set) {
                Some((option, _)) => Err(Error::usage(format!("`{option}` is of `--to postgres`"))
                    .help(
                        "`streamflow export RUN --to mlflow URI` writes a run, whatever its date",
                    )),
                None => Ok(Some(Destination::Mlflow(uri))),
            },
            Some("postgres") => {
                let help =
                    "`streamflow export --to postgres` writes a snapshot and the online values";
                match (&self.run, uri, self.dry_run) {
                    (Some(_), ..) => Err(Error::usage("`--to postgres` takes no run").help(help)),
                    (_, Some(_), _) => Err(Error::usage("`--to postgres` takes no URI")
                        .help("the URL of the database stands in an environment variable: `--url-env NAME`")),
                    (.., true) => Err(Error::usage("`--dry-run` is of `--to mlflow`").help(help)),
                    (None, None, false) => Ok(Some(Destination::Postgres)),
                }
            }
            Some(other) => Err(
                Error::usage(format!("`--to {other}` is no destination")).help(
                    "`--to mlflow URI` takes a run to an MLflow server, \
                     `--to postgres` tables to a database",
                ),
            ),
        }
    }
}
