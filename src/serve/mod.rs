//! The HTTP server, over the same calls as the commands.
//!
//! **One pointer.** What answers is a [`State`]: the pinned run and the materialized values, as a
//! pair that was checked together. A request reads the pointer to it once. A watcher thread looks
//! for a new pin or a new materialization, loads the new pair whole, tries it, and only then moves
//! the pointer; whoever still holds the old pair ends with it. A pair that cannot be loaded leaves
//! the old one serving and is logged.
//!
//! **Requests touch memory only.** The store is opened by the watcher and by nobody else.
//!
//! **One thread a connection**, and a bound on everything a client can grow: connections, the head
//! and the body of a request, the time either may take, the ids of a batch, and the memory of all
//! large requests together.
//!
//! | module | |
//! |---|---|
//! | `http/` | bytes to requests, replies to bytes: the standard library alone |
//! | `server` | accepts, bounds and ends connections |
//! | `access` | who may ask: whoever reaches a loopback address, or holds a token |
//! | `route` | request → reply |
//! | `state`, `watch` | what answers; how it is replaced |
//! | `trust` | whose signatures a pin needs |
//! | `staged`, `canary` | the staged run beside production's; whom it answers for |
//! | `shadow`, `comparison` | each answer asked again of the other run; what both said, counted |
//! | `predict` | keys → answers, for the routes and the commands alike |
//! | `question`, `part` | the one place where what clients are told is made and counted, by one run or two |
//! | `given` | rows that bring their values and are about nobody |
//! | `standing` | the pair that answers, or why a client hears that there is none |
//! | `doors/` | protocols of others: MLflow scoring, Open Inference, Feast |
//! | `context` | what comes with a request, and features of it |
//! | `explained` | what each feature contributes to a prediction |
//! | `batch` | every entity into one table |
//! | `budget` | memory that large requests may take together |
//! | `problem` | errors as `application/problem+json` |
//! | `request_id` | what a request is called, in its reply and in the log |
//! | `log`, `legible` | events and requests on standard error; what clients wrote, escaped |
//! | `telemetry`, `tally`, `histogram` | `/metrics`: requests, what each run said, numbers in buckets |
//! | `journal` | what clients are told, for the log of predictions |
//! | `freshness`, `openapi`, `docs` | how fresh each table is, `/openapi.json`, and that as a page |

mod access;
mod batch;
mod body;
mod budget;
mod canary;
mod comparison;
mod context;
mod derived;
mod docs;
mod doors;
mod explained;
mod freshness;
mod given;
mod histogram;
mod http;
mod journal;
mod legible;
mod log;
mod lookup;
mod openapi;
mod part;
mod percent;
mod predict;
mod problem;
mod query;
mod question;
mod request_id;
mod route;
mod server;
mod shadow;
mod staged;
mod standing;
mod state;
mod tally;
mod telemetry;
mod trust;
mod verdict;
mod watch;

pub use access::{Access, Token};
pub use batch::{ScoreColumns, score_all};
pub use context::{Computed, Requested, Unfit};
pub use explained::Explained;
pub use log::{Log, LogFormat};
pub use lookup::FeatureAnswer;
pub use predict::{Answer, answer};
pub use problem::Problem;
pub use server::{bind, run};
pub use state::{Pair, State};
pub use trust::Trust;
pub use verdict::Verdict;
