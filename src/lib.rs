//! streamflow: reproducible tabular machine learning.
//!
//! People declare tables, checks, features and experiments in TOML. A declaration becomes a plan of
//! pure steps; every input and output is named by the hash of its content; only what was never
//! executed is executed; what came out stands in a lockfile that a colleague can replay.
//! ARCHITECTURE.md is the map of the house with its floors: a module imports only modules of a lower
//! one. From the ground up:
//!
//! - [`error`], [`hash`], [`math`], [`onnx`], [`fsio`], [`host`]: failures, names, exact numbers, graphs
//!   for other programs, whole files, and the one reader of the machine;
//! - [`definition`], [`store`], [`table`]: what is declared, what is kept, what is read;
//! - [`table_store`]: tables as the store keeps them, whole or as changes to earlier ones;
//! - [`live`]: rows of what is served, by day, written aside;
//! - [`check`], [`drift`], [`feature`], [`learn`], [`postgres`], [`http_client`]: rules, two samples
//!   compared, values at a point in time, models: pure functions; and the doors to a database and to servers;
//! - [`compared`]: what two runs said of the same entities;
//! - [`workspace`], [`snapshot`], [`code`]: a project, its data as of a date, its commits;
//! - [`plan`], [`lockfile`], [`run`]: what a run is, as text, and as it happens;
//! - [`retrieval`]: features for the rows of anyone's spine;
//! - [`registry`], [`online`], [`serve`]: which run is pinned, the values it answers from, and HTTP;
//! - [`keep`], [`publish`], [`mlflow`]: what the store holds and who needs it, how a run travels, and tables and runs
//!   for other programs;
//! - [`report`], [`sample`], [`scaffold`], [`command`]: words, projects, and the command line.

pub mod check;
pub mod code;
pub mod command;
pub mod compared;
pub mod definition;
pub mod drift;
pub mod error;
pub mod feature;
pub mod flow;
pub mod fsio;
pub mod hash;
pub mod host;
pub mod http_client;
pub mod keep;
pub mod learn;
pub mod live;
pub mod lockfile;
pub mod math;
pub mod mlflow;
pub mod online;
pub mod onnx;
pub mod plan;
pub mod postgres;
pub mod publish;
pub mod registry;
pub mod report;
pub mod retrieval;
pub mod run;
pub mod sample;
pub mod scaffold;
pub mod serve;
pub mod snapshot;
pub mod store;
pub mod table;
pub mod table_store;
pub mod workspace;
