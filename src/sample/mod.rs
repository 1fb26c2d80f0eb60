//! The example project: six tables of a streaming service, three months, three experiments.
//!
//! This repository is itself the example. Its definitions are embedded here as they stand in the
//! root, and its `data/` is what [`data`] generates from [`SEED`], byte for byte, on every machine:
//! numbers come from named streams (`draws`), transcendental functions from [`crate::math`], and
//! floats are written with fixed decimals. `init` writes all of it into an empty folder.
//!
//! How a month comes to be: `world` says who is there, `customer` who they are, `activity` what
//! they did, `churn` who gives notice, and `export` writes that down with the gaps of real exports.

mod activity;
mod churn;
mod customer;
mod draws;
mod export;
mod world;

/// The seed of the committed `data/`.
pub const SEED: u64 = 42;

/// A file of a project: path relative to its root, with `/`, and content.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SampleFile {
    pub path: String,
    pub contents: Vec<u8>,
}

impl SampleFile {
    pub fn new(path: impl Into<String>, contents: impl Into<Vec<u8>>) -> Self {
        Self {
            path: path.into(),
            contents: contents.into(),
        }
    }
}

/// The files of the project that a person edits.
const DEFINITIONS: [(&str, &str); 13] = [
    (".gitattributes", include_str!("../../.gitattributes")),
    (".gitignore", include_str!("template/gitignore")),
    ("README.md", include_str!("template/README.md")),
    ("streamflow.toml", include_str!("../../streamflow.toml")),
    (
        "features/labels.toml",
        include_str!("../../features/labels.toml"),
    ),
    (
        "features/payments_agg_90d.toml",
        include_str!("../../features/payments_agg_90d.toml"),
    ),
    (
        "features/subscriptions.toml",
        include_str!("../../features/subscriptions.toml"),
    ),
    (
        "features/support_agg_90d.toml",
        include_str!("../../features/support_agg_90d.toml"),
    ),
    (
        "features/usage_agg_30d.toml",
        include_str!("../../features/usage_agg_30d.toml"),
    ),
    (
        "features/users.toml",
        include_str!("../../features/users.toml"),
    ),
    (
        "experiments/churn_logistic.toml",
        include_str!("../../experiments/churn_logistic.toml"),
    ),
    (
        "experiments/churn_prior.toml",
        include_str!("../../experiments/churn_prior.toml"),
    ),
    (
        "experiments/churn_random_forest.toml",
        include_str!("../../experiments/churn_random_forest.toml"),
    ),
];

/// Every file of the example project: what `init` writes into an empty folder.
pub fn project() -> Vec<SampleFile> {
    let definitions = DEFINITIONS
        .iter()
        .map(|(path, text)| SampleFile::new(*path, *text));
    definitions.chain(data(SEED)).collect()
}

/// The monthly exports: `data/DATE/TABLE.csv` for three dates and six tables.
pub fn data(seed: u64) -> Vec<SampleFile> {
    world::months(seed)
        .iter()
        .enumerate()
        .flat_map(|(month, rows)| export::files(seed, month, rows).collect::<Vec<_>>())
        .collect()
}

#[cfg(test)]
mod tests;
