//! Which server is written to, and as whom: as MLflow's own client is told.
//!
//! | variable | what |
//! |---|---|
//! | `MLFLOW_TRACKING_URI` | the server, where the command names none |
//! | `MLFLOW_TRACKING_USERNAME`, `MLFLOW_TRACKING_PASSWORD` | a name and a password, before a token |
//! | `MLFLOW_TRACKING_TOKEN` | a token |
//! | `MLFLOW_TRACKING_SERVER_CERT_PATH` | a file of certificates to believe, in place of Mozilla's list |
//! | `MLFLOW_HTTP_REQUEST_TIMEOUT` | seconds that a reply may take; 120 |

use std::path::Path;
use std::time::Duration;

use crate::error::{Error, Kind, Result};
use crate::fsio;
use crate::host;
use crate::http_client::{Address, Client, Credentials, Options, Roots};

const URI: &str = "MLFLOW_TRACKING_URI";
const USERNAME: &str = "MLFLOW_TRACKING_USERNAME";
const PASSWORD: &str = "MLFLOW_TRACKING_PASSWORD";
const TOKEN: &str = "MLFLOW_TRACKING_TOKEN";
const CERTIFICATES: &str = "MLFLOW_TRACKING_SERVER_CERT_PATH";
const TIMEOUT: &str = "MLFLOW_HTTP_REQUEST_TIMEOUT";
const DEFAULT_SECONDS: u64 = 120;

fn set(name: &str) -> Option<String> {
    host::variable(name).filter(|text| !text.trim().is_empty())
}

/// The address that a command names, else that of the environment.
///
/// # Errors
/// [`Kind::Usage`] for what is no address of a server, [`Kind::MissingInput`] where there is none.
pub fn address(uri: Option<&str>) -> Result<Address> {
    let (uri, place) = match uri {
        Some(uri) => (uri.to_string(), None),
        None => (set(URI).ok_or_else(no_server)?, Some(URI)),
    };
    let scheme = uri.split(':').next().unwrap_or_default();
    let error = match scheme {
        "databricks" | "uc" => Error::usage("Databricks is not written to: only a server of MLflow itself"),
        "sqlite" | "postgresql" | "mysql" | "mssql" | "file" => Error::usage(format!(
            "`{scheme}:` is a store of MLflow, which only MLflow itself writes"
        ))
        .help("`mlflow server --backend-store-uri …` serves it; name the server: http://127.0.0.1:5000"),
        _ => match Address::parse("an MLflow server", &uri) {
            Ok(address) => return Ok(address),
            Err(error) if uri.contains('@') => {
                error.help(format!("{USERNAME} and {PASSWORD}, or {TOKEN}, say who you are"))
            }
            Err(error) => error,
        },
    };
    Err(match place {
        None => error,
        Some(variable) => error.detail(format!("it stands in the environment variable {variable}")),
    })
}

fn no_server() -> Error {
    Error::usage("export to which MLflow server?")
        .help("`streamflow export RUN --to mlflow http://HOST:5000` names it")
        .help(format!(
            "or the environment variable {URI}, as for MLflow's own client"
        ))
}

/// A client for a server, with what the environment says of it.
///
/// # Errors
/// [`Kind::Usage`] for what does not fit, [`Kind::MissingInput`] for a file of certificates that is not there. Nothing secret
/// is quoted.
pub fn client(address: Address) -> Result<Client> {
    let credentials = credentials()?;
    let roots = set(CERTIFICATES)
        .map(|path| certificates(&path))
        .transpose()?;
    let options = Options {
        credentials,
        time: time()?,
        roots,
    };
    Client::new(address, &options)
}

/// A name goes before a token, as in MLflow's client.
fn credentials() -> Result<Option<Credentials>> {
    match (set(USERNAME), set(PASSWORD), set(TOKEN)) {
        (Some(user), Some(password), _) => Ok(Some(Credentials::Password { user, password })),
        (Some(_), None, None) => Err(Error::usage(format!(
            "{USERNAME} is set, and {PASSWORD} is not"
        ))),
        (None, Some(_), None) => Err(Error::usage(format!(
            "{PASSWORD} is set, and {USERNAME} is not"
        ))),
        (_, _, Some(token)) => Ok(Some(Credentials::Token(token.trim().to_string()))),
        (None, None, None) => Ok(None),
    }
}

fn certificates(path: &str) -> Result<Roots> {
    let named = |error: Error| {
        error.detail(format!(
            "the environment variable {CERTIFICATES} names {path}"
        ))
    };
    let found = fsio::read_optional(Path::new(path))?;
    let missing = || {
        named(Error::new(
            Kind::MissingInput,
            "a file of certificates is not there",
        ))
    };
    Roots::parse(&found.ok_or_else(missing)?).map_err(named)
}

fn time() -> Result<Duration> {
    let Some(text) = set(TIMEOUT) else {
        return Ok(Duration::from_secs(DEFAULT_SECONDS));
    };
    let seconds = text.trim().parse().ok().filter(|seconds| *seconds > 0);
    let seconds = seconds.ok_or_else(|| {
        Error::usage(format!(
            "the environment variable {TIMEOUT} is no number of seconds"
        ))
        .detail(format!("found     {}", text.escape_debug()))
        .help(format!("`{TIMEOUT}=300` waits five minutes for each reply"))
    })?;
    Ok(Duration::from_secs(seconds))
}
