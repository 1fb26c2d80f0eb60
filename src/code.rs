//! The git side: which commit holds the definitions, and what stood in it.
//!
//! Nothing is ever written to the repository. Without one, or with one that belongs to somebody
//! else, everything works and says that there is no commit.

use std::collections::BTreeMap;
use std::fmt;
use std::path::Path;

use git2::{ErrorCode, ObjectType, Oid, Repository, Revwalk, Tree};
use serde::{Deserialize, Serialize};

use crate::definition::DefinitionFiles;
use crate::error::{Error, Kind, Result};
use crate::workspace::PROJECT_FILE;

/// A commit by its full id, or the lack of one.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(transparent)]
pub struct CommitId(String);

impl CommitId {
    /// No commit holds the definitions: `none`.
    pub fn none() -> Self {
        Self("none".to_string())
    }

    pub fn is_none(&self) -> bool {
        self.0 == "none"
    }

    /// The first 12 digits, or `none`.
    pub fn short(&self) -> &str {
        &self.0[..self.0.len().min(12)]
    }
}

impl From<String> for CommitId {
    fn from(text: String) -> Self {
        Self(text)
    }
}

impl fmt::Display for CommitId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.0)
    }
}

/// Where definition files stand in history.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct CodeState {
    /// The commit reachable from HEAD that last changed one of the files, while all of them are
    /// as committed there; else none.
    pub commit: CommitId,
    /// Whether a file is not as committed at HEAD.
    pub dirty: bool,
}

/// A commit in a list, the newest first.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Commit {
    pub id: CommitId,
    pub subject: String,
}

/// The repository around a project, if there is one.
pub struct Code {
    repository: Option<Repository>,
    /// The project's folder inside the repository: empty, or ending in `/`.
    prefix: String,
}

impl Code {
    /// Looks for a repository from the project's root upwards.
    pub fn discover(root: &Path) -> Result<Self> {
        let repository = match Repository::discover(root) {
            Ok(repository) => repository,
            Err(error) if matches!(error.code(), ErrorCode::NotFound | ErrorCode::Owner) => {
                return Ok(Self {
                    repository: None,
                    prefix: String::new(),
                });
            }
            Err(error) => return Err(unreadable(error)),
        };
        let prefix = prefix_of(&repository, root);
        Ok(Self {
            repository: prefix.is_some().then_some(repository),
            prefix: prefix.unwrap_or_default(),
        })
    }

    /// Whether there is a repository.
    pub fn exists(&self) -> bool {
        self.repository.is_some()
    }

    /// Where the files of these texts stand in history. Paths are relative to the project root.
    pub fn state(&self, files: &BTreeMap<String, String>) -> Result<CodeState> {
        let dirty = CodeState {
            commit: CommitId::none(),
            dirty: true,
        };
        let Some(repository) = &self.repository else {
            return Ok(dirty);
        };
        let Some(mut commit) = head(repository)? else {
            return Ok(dirty);
        };
        let wanted = blob_ids(files).map_err(unreadable)?;
        let holds = |commit: &git2::Commit| Ok(self.entries(&commit.tree()?, files) == wanted);
        if !holds(&commit).map_err(unreadable)? {
            return Ok(dirty);
        }
        // Towards the past as long as some parent already held all the files.
        loop {
            let mut parent = None;
            for candidate in commit.parents() {
                if holds(&candidate).map_err(unreadable)? {
                    parent = Some(candidate);
                    break;
                }
            }
            match parent {
                Some(earlier) => commit = earlier,
                None => {
                    return Ok(CodeState {
                        commit: CommitId(commit.id().to_string()),
                        dirty: false,
                    });
                }
            }
        }
    }

    fn entries(&self, tree: &Tree, files: &BTreeMap<String, String>) -> Vec<Option<Oid>> {
        files
            .keys()
            .map(|path| {
                let path = format!("{}{path}", self.prefix);
                tree.get_path(Path::new(&path)).ok().map(|entry| entry.id())
            })
            .collect()
    }

    /// The commits reachable from HEAD in which one of the paths (files or folders, relative to the
    /// project root) is not as in any parent, the newest first.
    pub fn history(&self, paths: &[&str]) -> Result<Vec<Commit>> {
        let Some(repository) = &self.repository else {
            return Ok(Vec::new());
        };
        if head(repository)?.is_none() {
            return Ok(Vec::new());
        }
        let from_head = |walk: &mut Revwalk| walk.push_head();
        self.walk(repository, paths, from_head).map_err(unreadable)
    }

    /// The commits reachable from `b` and not from `a` that touch definitions, the newest first; none
    /// where one of the two is not in this repository.
    pub fn between(&self, a: &CommitId, b: &CommitId) -> Result<Vec<Commit>> {
        let oid = |commit: &CommitId| Oid::from_str(&commit.0).ok();
        let (Some(repository), Some(a), Some(b)) = (&self.repository, oid(a), oid(b)) else {
            return Ok(Vec::new());
        };
        if repository.find_commit(a).is_err() || repository.find_commit(b).is_err() {
            return Ok(Vec::new());
        }
        let from_b = |walk: &mut Revwalk| walk.push(b).and_then(|()| walk.hide(a));
        let paths = ["features", "experiments", PROJECT_FILE];
        self.walk(repository, &paths, from_b).map_err(unreadable)
    }

    fn walk(
        &self,
        repository: &Repository,
        paths: &[&str],
        start: impl FnOnce(&mut Revwalk) -> std::result::Result<(), git2::Error>,
    ) -> std::result::Result<Vec<Commit>, git2::Error> {
        let ids = |tree: &Tree| -> Vec<Option<Oid>> {
            let entry = |path| tree.get_path(Path::new(&format!("{}{path}", self.prefix)));
            paths
                .iter()
                .map(|path| entry(path).ok().map(|entry| entry.id()))
                .collect()
        };
        let mut walk = repository.revwalk()?;
        walk.set_sorting(git2::Sort::TOPOLOGICAL | git2::Sort::TIME)?;
        start(&mut walk)?;
        let mut commits = Vec::new();
        for id in walk {
            let commit = repository.find_commit(id?)?;
            let here = ids(&commit.tree()?);
            let present = here.iter().any(Option::is_some);
            let inherited = commit
                .parents()
                .any(|parent| parent.tree().is_ok_and(|tree| ids(&tree) == here));
            if present && !inherited {
                let subject = commit
                    .summary()
                    .ok()
                    .flatten()
                    .unwrap_or_default()
                    .to_string();
                commits.push(Commit {
                    id: CommitId(commit.id().to_string()),
                    subject,
                });
            }
        }
        Ok(commits)
    }

    /// The definition files of a revision: a commit, branch, tag or anything `git rev-parse` takes.
    pub fn definitions_at(&self, revision: &str) -> Result<DefinitionFiles> {
        let mut files = BTreeMap::new();
        for (path, text) in self.texts_at(revision, &["features", "experiments"], "toml")? {
            files.insert(path, text);
        }
        if let Some(text) = self.file_at(revision, PROJECT_FILE)? {
            files.insert(PROJECT_FILE.to_string(), text);
        }
        Ok(DefinitionFiles(files))
    }

    /// The text files with an ending in folders of a revision: path from the project root, text.
    pub fn texts_at(
        &self,
        revision: &str,
        folders: &[&str],
        ending: &str,
    ) -> Result<Vec<(String, String)>> {
        let (repository, tree) = self.tree_at(revision)?;
        let mut texts = Vec::new();
        for folder in folders {
            let Ok(entry) = tree.get_path(Path::new(&format!("{}{folder}", self.prefix))) else {
                continue;
            };
            let Ok(listing) = repository.find_tree(entry.id()) else {
                continue;
            };
            for entry in &listing {
                let Ok(name) = entry.name() else { continue };
                if Path::new(name)
                    .extension()
                    .is_some_and(|found| found == ending)
                    && let Ok(blob) = repository.find_blob(entry.id())
                    && let Ok(text) = std::str::from_utf8(blob.content())
                {
                    texts.push((format!("{folder}/{name}"), text.to_string()));
                }
            }
        }
        Ok(texts)
    }

    /// The text of one file at a revision; none when it was not there.
    pub fn file_at(&self, revision: &str, path: &str) -> Result<Option<String>> {
        let (repository, tree) = self.tree_at(revision)?;
        let path = format!("{}{path}", self.prefix);
        let Ok(entry) = tree.get_path(Path::new(&path)) else {
            return Ok(None);
        };
        let Ok(blob) = repository.find_blob(entry.id()) else {
            return Ok(None);
        };
        Ok(String::from_utf8(blob.content().to_vec()).ok())
    }

    /// Whether a revision of that name exists.
    pub fn has_revision(&self, revision: &str) -> bool {
        self.tree_at(revision).is_ok()
    }

    /// The tips of all local branches, HEAD among them, as full ids.
    pub fn branch_tips(&self) -> Result<Vec<CommitId>> {
        let Some(repository) = &self.repository else {
            return Ok(Vec::new());
        };
        let mut tips = Vec::new();
        if let Some(commit) = head(repository)? {
            tips.push(CommitId(commit.id().to_string()));
        }
        let branches = repository
            .branches(Some(git2::BranchType::Local))
            .map_err(unreadable)?;
        for branch in branches.flatten() {
            if let Ok(commit) = branch.0.get().peel_to_commit() {
                tips.push(CommitId(commit.id().to_string()));
            }
        }
        tips.dedup();
        Ok(tips)
    }

    fn tree_at(&self, revision: &str) -> Result<(&Repository, Tree<'_>)> {
        let unknown = || Error::new(Kind::Usage, format!("git knows no revision `{revision}`"));
        let repository = self
            .repository
            .as_ref()
            .ok_or_else(|| unknown().help("the project is not in a git repository"))?;
        let tree = repository
            .revparse_single(revision)
            .and_then(|object| object.peel_to_tree())
            .map_err(|error| unknown().caused_by(error))?;
        Ok((repository, tree))
    }
}

/// The project's folder inside the repository; none in a bare one or outside its work tree.
fn prefix_of(repository: &Repository, root: &Path) -> Option<String> {
    let top = repository.workdir()?.canonicalize().ok()?;
    let inside = root
        .canonicalize()
        .ok()?
        .strip_prefix(top)
        .ok()?
        .to_path_buf();
    let text = inside.to_str()?.replace('\\', "/");
    Some(if text.is_empty() {
        text
    } else {
        format!("{text}/")
    })
}

/// The commit of HEAD; none in a repository without one.
fn head(repository: &Repository) -> Result<Option<git2::Commit<'_>>> {
    match repository.head() {
        Ok(head) => head.peel_to_commit().map(Some).map_err(unreadable),
        Err(error) if matches!(error.code(), ErrorCode::UnbornBranch | ErrorCode::NotFound) => {
            Ok(None)
        }
        Err(error) => Err(unreadable(error)),
    }
}

fn blob_ids(
    files: &BTreeMap<String, String>,
) -> std::result::Result<Vec<Option<Oid>>, git2::Error> {
    files
        .values()
        .map(|text| Oid::hash_object(ObjectType::Blob, text.as_bytes()).map(Some))
        .collect()
}

fn unreadable(error: git2::Error) -> Error {
    Error::failure("the git repository cannot be read").caused_by(error)
}
