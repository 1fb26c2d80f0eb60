//! Protocols of others over the same calls: a client that speaks one of them needs no other code.
//!
//! | module | protocol | paths |
//! |---|---|---|
//! | `mlflow` | MLflow's scoring server | `/ping`, `/version`, `/invocations` |
//! | `open_inference` | Open Inference Protocol v2 over HTTP and JSON | `/v2…` |
//! | `feast` | Feast's feature server | `/get-online-features` |
//!
//! The first two bring **rows** of named columns (`rows`), and `score` answers for them. Rows with the
//! entity's key are looked up and answered for as `/predict` does, by [`super::question`]; what else such a
//! row has is its context. Rows without it must bring every input of the model by its full name, and are
//! scored from these values. Neither protocol has errors for single rows: one that cannot be answered
//! for fails the request and is named.

mod describe;
mod feast;
mod lenient;
mod mlflow;
mod open_inference;
mod rows;
mod score;

pub use describe::{Described, describe, errors_of};

use super::access::Caller;
use super::http::{Reply, Request};
use super::journal::Journal;
use super::problem::Problem;
use super::server::App;
use super::standing::{not_ready_for_strangers, pair_of};
use super::state::State;

/// A path of another protocol.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Door {
    Mlflow(mlflow::Place),
    OpenInference(open_inference::Place),
    /// `/get-online-features`.
    Feast,
}

/// A request at a door, with the one state that answers it.
pub struct Visit<'a> {
    pub app: &'a App,
    pub state: &'a State,
    pub request: &'a Request,
    pub journal: Journal<'a>,
    pub caller: Caller,
}

impl Door {
    /// Where a path without a slash at its end leads.
    pub fn at(path: &str) -> Option<Self> {
        if path == feast::PATH {
            return Some(Self::Feast);
        }
        let mlflow = mlflow::Place::at(path).map(Self::Mlflow);
        mlflow.or_else(|| open_inference::Place::at(path).map(Self::OpenInference))
    }

    /// The route as it is counted and documented.
    pub fn template(&self) -> &'static str {
        match self {
            Self::Mlflow(place) => place.template(),
            Self::OpenInference(place) => place.template(),
            Self::Feast => feast::PATH,
        }
    }

    pub fn allows(&self) -> &'static str {
        match self {
            Self::Mlflow(mlflow::Place::Invocations)
            | Self::OpenInference(open_inference::Place::Infer(_))
            | Self::Feast => "POST",
            _ => "GET, HEAD",
        }
    }

    /// Whether the server lives, and may be asked: told to whoever shows no token.
    pub fn is_open(&self) -> bool {
        use open_inference::Place::Ready;
        self.is_alive()
            || matches!(
                self,
                Self::Mlflow(mlflow::Place::Ping) | Self::OpenInference(Ready)
            )
    }

    /// Whether the server lives.
    pub fn is_alive(&self) -> bool {
        *self == Self::OpenInference(open_inference::Place::Live)
    }
}

/// Answers what is asked at a door.
pub fn respond(visit: &Visit<'_>, door: &Door) -> Result<Reply, Problem> {
    match door {
        Door::Mlflow(place) => mlflow::respond(visit, *place),
        Door::OpenInference(place) => open_inference::respond(visit, place),
        Door::Feast => feast::respond(visit),
    }
}

/// A problem in the words of the protocol that a path is of.
pub fn refusal(path: &str, problem: &Problem) -> Reply {
    if mlflow::owns(path) {
        mlflow::refusal(problem)
    } else if open_inference::owns(path) {
        open_inference::refusal(problem)
    } else {
        // Feast's clients read `detail`, which a problem has.
        problem.to_reply()
    }
}

/// Checks that a pair answers; whoever shows no token does not hear why it does not.
fn check_ready(visit: &Visit<'_>) -> Result<(), Problem> {
    let ready = pair_of(visit.app, visit.state).map(|_| ());
    ready.map_err(|problem| match visit.caller {
        Caller::Admitted => problem,
        Caller::Unknown => not_ready_for_strangers(),
    })
}
