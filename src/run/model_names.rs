//! The models of a project, and which one a word means.

use std::collections::BTreeSet;
use std::fs;

use crate::definition::ModelName;
use crate::error::{Error, Result, did_you_mean};
use crate::lockfile::FOLDER;
use crate::workspace::Workspace;

/// The models that runs are registered for: those experiments compete for, and those with pins.
pub fn models(workspace: &Workspace) -> Result<BTreeSet<ModelName>> {
    let experiments = workspace.definitions().experiments.values();
    let mut models: BTreeSet<ModelName> = experiments
        .filter_map(|experiment| experiment.registers.clone())
        .collect();
    // A folder that cannot be read has no pins either; reading one of them would say why.
    if let Ok(entries) = fs::read_dir(workspace.root().join(FOLDER)) {
        for entry in entries.flatten() {
            let name = entry.file_name();
            let stem = name.to_str().and_then(|name| name.strip_suffix(".pin"));
            models.extend(stem.and_then(|stem| stem.parse().ok()));
        }
    }
    Ok(models)
}

/// The model of a name.
pub fn find_model(workspace: &Workspace, name: &str) -> Result<ModelName> {
    let models = models(workspace)?;
    if let Some(model) = models.get(name) {
        return Ok(model.clone());
    }
    let names = || models.iter().map(ModelName::as_str);
    let error = Error::usage(format!("there is no model `{name}`"));
    let error = match models.is_empty() {
        true => error
            .help("`registers = \"NAME\"` in an experiment names the model its runs compete for"),
        false => error.detail(format!(
            "models: {}",
            names().collect::<Vec<_>>().join(", ")
        )),
    };
    let registered = workspace
        .definitions()
        .experiments
        .get(name)
        .and_then(|experiment| experiment.registers.as_ref());
    Err(match (registered, did_you_mean(name, names())) {
        (Some(model), _) => error.help(format!("the experiment {name} registers as {model}")),
        (None, Some(close)) => error.help(format!("did you mean `{close}`?")),
        (None, None) => error,
    })
}

/// The model, while there is one.
pub fn only_model(workspace: &Workspace) -> Result<ModelName> {
    let models: Vec<ModelName> = models(workspace)?.into_iter().collect();
    match models.as_slice() {
        [only] => Ok(only.clone()),
        [] => Err(Error::usage("the project registers no model")
            .help("`registers = \"NAME\"` in an experiment names the model its runs compete for")),
        several => {
            let names: Vec<&str> = several.iter().map(ModelName::as_str).collect();
            Err(Error::usage(format!("there are {} models", several.len()))
                .detail(format!("models: {}", names.join(", ")))
                .help(format!("name one of them: `{}@production`", names[0])))
        }
    }
}
