//! What a client hears of the state: the pair that answers, or why there is none.

use std::sync::Arc;

use super::http::Reply;
use super::problem::Problem;
use super::server::App;
use super::state::{Pair, State};
use crate::definition::Dtype;
use crate::error::Error;
use crate::hash::RunId;

/// The pair that answers, or a 503.
pub fn pair_of<'a>(app: &App, state: &'a State) -> Result<&'a Arc<Pair>, Problem> {
    state
        .ready(app.settings.max_age)
        .map_err(|error| not_ready(state, &error))
}

/// An error as a problem.
pub fn problem_of(state: &State, error: &Error) -> Problem {
    Problem::of(error, state.entity())
}

/// Whatever keeps the pair from being there, a client hears that the server is not ready.
pub fn not_ready(state: &State, error: &Error) -> Problem {
    let problem = problem_of(state, error);
    match problem.status {
        500 => Problem {
            cause: problem.cause,
            ..Problem::new(
                503,
                "The pinned run or its values cannot be loaded; see the log.",
            )
        },
        _ => problem,
    }
}

/// What whoever shows no token hears in place of the reason.
pub fn not_ready_for_strangers() -> Problem {
    Problem::new(503, "Not ready; ask with the token for the reason.")
}

/// The memory for large requests is taken.
pub fn busy() -> Problem {
    Problem::busy("Other large requests are being answered; try again.")
}

/// A reply that a run had part in.
pub fn with_run(run: RunId, reply: Reply) -> Reply {
    reply.with_header("X-Streamflow-Run", run.to_string())
}

/// The type of the keys that are asked for, as far as it is known.
pub fn key_dtype(state: &State) -> Option<Dtype> {
    state.view.as_ref()?.key_dtype(state.key())
}
