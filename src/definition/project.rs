//! `streamflow.toml`: the project, its entities, its store and its server.

use std::collections::BTreeMap;

use super::{Age, ColumnName, EntityName, ModelName};

#[derive(Debug, Clone, PartialEq)]
pub struct Project {
    pub name: String,
    /// `store.path`, relative to the project root; default `.streamflow`.
    pub store: String,
    pub entities: BTreeMap<EntityName, Entity>,
    pub serve: Serve,
}

/// What rows are about.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entity {
    /// The column that identifies one, in every table of the entity; a string or an i64.
    pub key: ColumnName,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Serve {
    /// `HOST:PORT`; default `127.0.0.1:8000`.
    pub address: String,
    /// The registered model that `/predict` answers with; optional while there is one.
    pub model: Option<ModelName>,
    /// Values older than this by the clock make the server not ready; not checked by default.
    pub max_age: Option<Age>,
}
