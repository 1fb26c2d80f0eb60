//! An MLflow server, asked through its REST API, and what it says no with.

use serde_json::{Value, json};

use crate::error::{Error, Kind, Result};
use crate::http_client::{Address, Client, Method, Reply, Request, Trouble, segment};

/// A tracking server.
#[derive(Debug)]
pub struct Server(Client);

/// Why something was not done there.
#[derive(Debug)]
pub enum Fault {
    /// There is no reply.
    Silent(Trouble),
    /// The server refuses; `code` is MLflow's own, such as `RESOURCE_DOES_NOT_EXIST`.
    Refused {
        status: u16,
        code: Option<String>,
        message: String,
    },
    /// The reply is none of MLflow's.
    Strange { status: u16, began: String },
}

pub const MISSING: &str = "RESOURCE_DOES_NOT_EXIST";
pub const EXISTS: &str = "RESOURCE_ALREADY_EXISTS";

impl Fault {
    /// Whether MLflow gave this code.
    pub fn is(&self, wanted: &str) -> bool {
        matches!(self, Self::Refused { code: Some(code), .. } if code == wanted)
    }

    /// Whether the server does not know the route: it is of a version that has it not yet, or no more.
    pub fn is_unknown_route(&self) -> bool {
        match self {
            Self::Silent(_) => false,
            Self::Refused { status, code, .. } => {
                matches!(status, 404 | 405) && code.as_deref() != Some(MISSING)
            }
            Self::Strange { status, .. } => matches!(status, 404 | 405),
        }
    }
}

impl Server {
    pub fn new(client: Client) -> Self {
        Self(client)
    }

    pub fn address(&self) -> &Address {
        self.0.address()
    }

    /// Asks with values in the query.
    pub fn get(&self, route: &str, query: &[(&str, &str)]) -> Result<Value, Fault> {
        let query = query
            .iter()
            .map(|(name, value)| format!("{name}={}", segment(value)));
        let query: Vec<String> = query.collect();
        let path = format!("{API}/{route}?{}", query.join("&"));
        let request = Request {
            method: Method::Get,
            path: &path,
            body: None,
        };
        self.answered(&request)
    }

    /// Asks with an object.
    pub fn send(&self, method: Method, route: &str, body: &Value) -> Result<Value, Fault> {
        let bytes = body.to_string().into_bytes();
        self.send_bytes(method, route, &bytes)
    }

    pub fn post(&self, route: &str, body: &Value) -> Result<Value, Fault> {
        self.send(Method::Post, route, body)
    }

    fn send_bytes(&self, method: Method, route: &str, bytes: &[u8]) -> Result<Value, Fault> {
        let request = Request {
            method,
            path: &format!("{API}/{route}"),
            body: Some(("application/json", bytes)),
        };
        self.answered(&request)
    }

    /// Writes a file to a path that the server keeps artifacts under.
    pub fn put_file(&self, path: &str, kind: &'static str, bytes: &[u8]) -> Result<(), Fault> {
        let request = Request {
            method: Method::Put,
            path: &format!("{ARTIFACTS}/{path}"),
            body: Some((kind, bytes)),
        };
        self.answered(&request).map(|_| ())
    }

    fn answered(&self, request: &Request) -> Result<Value, Fault> {
        let reply = self.0.send(request).map_err(Fault::Silent)?;
        let parsed: Option<Value> = serde_json::from_slice(&reply.body).ok();
        match (reply.status, parsed) {
            (200..=299, Some(value @ Value::Object(_))) => Ok(value),
            // What has nothing to tell is answered so.
            (200..=299, _) if reply.body.is_empty() => Ok(Value::Null),
            (200..=299, _) => Err(strange(&reply)),
            (_, Some(value)) if value["error_code"].is_string() => Err(Fault::Refused {
                status: reply.status,
                code: value["error_code"].as_str().map(str::to_string),
                message: value["message"].as_str().unwrap_or_default().to_string(),
            }),
            (401 | 403 | 429 | 500..=599, _) => Err(Fault::Refused {
                status: reply.status,
                code: None,
                message: beginning(&reply),
            }),
            _ => Err(strange(&reply)),
        }
    }
}

const API: &str = "/api/2.0/mlflow";
const ARTIFACTS: &str = "/api/2.0/mlflow-artifacts/artifacts";

fn strange(reply: &Reply) -> Fault {
    Fault::Strange {
        status: reply.status,
        began: beginning(reply),
    }
}

/// The first words of a reply that is meant for people; nothing of a page.
fn beginning(reply: &Reply) -> String {
    if reply.kind.contains("html") {
        return "a page of HTML".to_string();
    }
    let text = String::from_utf8_lossy(&reply.body);
    cut(text
        .lines()
        .find(|line| !line.trim().is_empty())
        .unwrap_or_default())
}

/// A text of a server as it may stand in a line.
fn cut(text: &str) -> String {
    const LONGEST: usize = 400;
    let text = text.trim().replace(char::is_control, " ");
    match text.char_indices().nth(LONGEST) {
        None => text,
        Some((at, _)) => format!("{}…", &text[..at]),
    }
}

impl Server {
    /// The error of what was being done: `the run was not created`.
    pub fn error(&self, fault: Fault, undone: &str) -> Error {
        let address = self.address();
        match fault {
            Fault::Silent(trouble) => {
                let error = silent(&trouble, undone, address);
                match self.0.proxy() {
                    None => error,
                    Some(variable) => error.detail(format!(
                        "it was asked through the proxy that {variable} names"
                    )),
                }
            }
            Fault::Strange { status, began } => Error::new(
                Kind::MissingInput,
                format!("what answers at {address} is no MLflow server"),
            )
            .detail(
                format!("it replied  {status} {began}")
                    .trim_end()
                    .to_string(),
            )
            .help(
                "the URI is that which a browser opens MLflow's pages at, \
                         with the path before `/#/` where there is one",
            ),
            Fault::Refused {
                status,
                code,
                message,
            } => refused(undone, address, status, code.as_deref(), &message),
        }
    }
}

fn silent(trouble: &Trouble, undone: &str, address: &Address) -> Error {
    let missing = |words: String| Error::new(Kind::MissingInput, words);
    let again = "run the same command again when it answers: it goes on where it stopped";
    match trouble {
        Trouble::UnknownHost | Trouble::Unreachable(_) => {
            missing(format!("the MLflow server at {address} cannot be reached"))
                .detail(trouble.to_string())
                .help(again)
        }
        Trouble::Late => missing(format!(
            "{undone}: the MLflow server at {address} does not answer in time"
        ))
        .help(again)
        .help("MLFLOW_HTTP_REQUEST_TIMEOUT=600 waits ten minutes for each reply"),
        Trouble::Untrusted(_) => missing(format!(
            "the MLflow server at {address} is not trusted, or speaks no TLS"
        ))
        .detail(trouble.to_string())
        .help(
            "MLFLOW_TRACKING_SERVER_CERT_PATH names a file with the certificate of \
                 your own authority",
        )
        .help("a server without TLS is at http://"),
        Trouble::Elsewhere(_) | Trouble::Circles => {
            missing(format!("the MLflow server at {address} is elsewhere"))
                .detail(trouble.to_string())
                .help("give the URI it is really at: credentials are sent to no other")
        }
        Trouble::TooLong | Trouble::Broken(_) => missing(format!(
            "{undone}: the MLflow server at {address} cannot be understood"
        ))
        .detail(trouble.to_string())
        .help(again),
    }
}

fn refused(
    undone: &str,
    address: &Address,
    status: u16,
    code: Option<&str>,
    message: &str,
) -> Error {
    let said = match code {
        None => format!("{status} {}", cut(message)),
        Some(code) => format!("{status} {code}: {}", cut(message)),
    };
    let is_away = matches!(status, 401 | 403 | 408 | 429 | 500..=599);
    let kind = if is_away {
        Kind::MissingInput
    } else {
        Kind::Failure
    };
    let error = Error::new(
        kind,
        format!("{undone}: the MLflow server at {address} refuses"),
    )
    .detail(format!("it said  {}", said.trim_end()));
    match status {
        401 => error.help(WHO),
        403 if message.contains("Host header") => {
            error.help("the server knows itself by other names: `mlflow server --allowed-hosts …`")
        }
        403 => error
            .help("ask whoever runs the server for the permission")
            .help(WHO),
        429 | 500..=599 => error.help("run the same command again: it goes on where it stopped"),
        _ => error,
    }
}

const WHO: &str = "MLFLOW_TRACKING_USERNAME and MLFLOW_TRACKING_PASSWORD, or MLFLOW_TRACKING_TOKEN, \
                   say who you are";

/// An experiment as it is there.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Experiment {
    pub id: String,
    pub is_deleted: bool,
    /// Where the artifacts of its runs are.
    pub artifacts: String,
}

impl Experiment {
    fn read(value: &Value) -> Option<Self> {
        let text = |name: &str| value[name].as_str().map(str::to_string);
        Some(Self {
            id: text("experiment_id")?,
            is_deleted: value["lifecycle_stage"] == "deleted",
            artifacts: text("artifact_location").unwrap_or_default(),
        })
    }
}

impl Server {
    /// The experiment of a name; none where there is none.
    pub fn experiment(&self, name: &str) -> Result<Option<Experiment>, Fault> {
        match self.get("experiments/get-by-name", &[("experiment_name", name)]) {
            Err(fault) if fault.is(MISSING) => Ok(None),
            Err(fault) => Err(fault),
            Ok(value) => Experiment::read(&value["experiment"])
                .map(Some)
                .ok_or(Fault::Strange {
                    status: 200,
                    began: cut(&value.to_string()),
                }),
        }
    }

    pub fn create_experiment(&self, name: &str) -> Result<(), Fault> {
        // What it is about, where the pages of MLflow 3 would guess or ask.
        let kind = json!({ "key": "mlflow.experimentKind", "value": "custom_model_development" });
        match self.post(
            "experiments/create",
            &json!({ "name": name, "tags": [kind] }),
        ) {
            // Someone else was quicker.
            Err(fault) if !fault.is(EXISTS) => Err(fault),
            _ => Ok(()),
        }
    }
}
