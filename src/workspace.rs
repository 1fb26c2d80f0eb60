//! The one context that is handed down: where the project is, what it declares, and its store.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use crate::definition::{DefinitionFiles, Definitions};
use crate::error::{Error, Kind, Result};
use crate::fsio;
use crate::host::{self, Environment};
use crate::store::Store;

/// The file that marks a project's root.
pub const PROJECT_FILE: &str = "streamflow.toml";

/// A project that was found, with its definitions checked and its store open.
pub struct Workspace {
    root: PathBuf,
    files: DefinitionFiles,
    definitions: Definitions,
    store: Store,
    environment: Environment,
}

impl Workspace {
    /// Finds the project of a folder, checks its definitions and opens its store.
    pub fn open(folder: Option<&Path>) -> Result<Self> {
        let root = find_root(folder)?;
        let (files, definitions) = read_definitions(&root)?;
        let store = Store::open(&root.join(&definitions.project.store))?;
        Ok(Self {
            root,
            files,
            definitions,
            store,
            environment: Environment::here(),
        })
    }

    /// Where the store of a folder's project lies, without opening it.
    pub fn find_store(folder: Option<&Path>) -> Result<PathBuf> {
        let root = find_root(folder)?;
        let (_, definitions) = read_definitions(&root)?;
        Ok(root.join(&definitions.project.store))
    }

    /// The same project with a connection to the store of its own, for another thread.
    pub fn reopened(&self) -> Result<Self> {
        Ok(Self {
            root: self.root.clone(),
            files: self.files.clone(),
            definitions: self.definitions.clone(),
            store: Store::open(&self.root.join(&self.definitions.project.store))?,
            environment: self.environment.clone(),
        })
    }

    /// The folder of `streamflow.toml`.
    pub fn root(&self) -> &Path {
        &self.root
    }

    pub fn files(&self) -> &DefinitionFiles {
        &self.files
    }

    pub fn definitions(&self) -> &Definitions {
        &self.definitions
    }

    pub fn store(&self) -> &Store {
        &self.store
    }

    pub fn environment(&self) -> &Environment {
        &self.environment
    }
}

/// The nearest folder, from `folder` or the working directory upwards, that holds a project.
pub fn find_root(folder: Option<&Path>) -> Result<PathBuf> {
    let start = match folder {
        Some(folder) => folder.to_path_buf(),
        None => host::current_dir().map_err(|error| fsio::cannot("read", Path::new("."), error))?,
    };
    let start = start.canonicalize().map_err(|error| {
        Error::new(
            Kind::Usage,
            format!("there is no folder {}", start.display()),
        )
        .caused_by(error)
    })?;
    start
        .ancestors()
        .find(|folder| folder.join(PROJECT_FILE).is_file())
        .map(Path::to_path_buf)
        .ok_or_else(|| {
            Error::new(
                Kind::Usage,
                format!("no {PROJECT_FILE} in {} or any folder above it", start.display()),
            )
            .help("`streamflow init DIR` makes a complete small project")
            .help("`streamflow init --from 'exports/{as_of}/*.csv' --key KEY --label TABLE.COLUMN` makes one of your own files")
        })
}

fn read_definitions(root: &Path) -> Result<(DefinitionFiles, Definitions)> {
    let files = read_definition_files(root)?;
    let definitions = Definitions::parse(&files)?;
    Ok((files, definitions))
}

/// Reads `streamflow.toml`, `features/*.toml` and `experiments/*.toml`.
pub fn read_definition_files(root: &Path) -> Result<DefinitionFiles> {
    let mut files = BTreeMap::new();
    insert_text(&mut files, root, PROJECT_FILE.to_string())?;
    for folder in ["features", "experiments"] {
        for name in toml_names(&root.join(folder))? {
            insert_text(&mut files, root, format!("{folder}/{name}"))?;
        }
    }
    Ok(DefinitionFiles(files))
}

fn insert_text(files: &mut BTreeMap<String, String>, root: &Path, path: String) -> Result<()> {
    let bytes = fs::read(root.join(&path))
        .map_err(|error| fsio::cannot("read", &root.join(&path), error))?;
    let text = String::from_utf8(bytes).map_err(|error| {
        let at = error.utf8_error().valid_up_to();
        let line = 1 + error.as_bytes()[..at]
            .iter()
            .filter(|byte| **byte == b'\n')
            .count();
        Error::new(Kind::Definition, format!("{path}:{line} is not UTF-8"))
            .help("TOML files are UTF-8: save the file in that encoding")
    })?;
    files.insert(path, text);
    Ok(())
}

/// The names of the TOML files in a folder; none where there is no folder.
fn toml_names(folder: &Path) -> Result<Vec<String>> {
    let entries = match fs::read_dir(folder) {
        Ok(entries) => entries,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(Vec::new()),
        Err(error) => return Err(fsio::cannot("read", folder, error)),
    };
    let mut names = Vec::new();
    for entry in entries {
        let entry = entry.map_err(|error| fsio::cannot("read", folder, error))?;
        if let Ok(name) = entry.file_name().into_string()
            && name.ends_with(".toml")
            && !name.starts_with('.')
        {
            names.push(name);
        }
    }
    names.sort();
    Ok(names)
}
