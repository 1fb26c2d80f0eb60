//! The files behind a pattern such as `exports/{as_of}/*.csv`.
//!
//! `{as_of}` stands for a date and `*`, at most once, for the name of a table, both within one part
//! of the path. The shell is not asked: dates and names must be told apart.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Component, Path, PathBuf};

use jiff::civil::Date;

use super::Export;
use crate::error::{Error, Kind, Result};
use crate::fsio;

const AS_OF: &str = "{as_of}";
const ENDING: &str = ".csv";
/// Names that are shown of a folder in which nothing fits.
const SHOWN: usize = 5;

/// Reads every file that fits the pattern, as tables with a file for each date.
///
/// The pattern is looked for from `base`, then from `root`; source paths are relative to `root`.
///
/// # Errors
/// [`Kind::Usage`] for a pattern that says too little or leads out of the root,
/// [`Kind::MissingInput`] where nothing fits it.
pub fn find(pattern: &str, base: &Path, root: &Path) -> Result<Vec<Export>> {
    require_sound(pattern)?;
    let from_base = below(pattern, base, root);
    let mut searches: Vec<String> = from_base.iter().cloned().collect();
    searches.extend(below(pattern, root, root));
    for relative in searches {
        let found = search(root, &relative)?;
        if !found.is_empty() {
            return read(root, &relative, found);
        }
    }
    match from_base {
        Some(relative) => Err(nothing_fits(pattern, root, &relative)),
        None => Err(outside(pattern)),
    }
}

/// A file that fits.
struct Found {
    table: String,
    date: Date,
    /// From the root, with `/`.
    path: String,
}

fn require_sound(pattern: &str) -> Result<()> {
    let fault = if !pattern.contains(AS_OF) {
        "has no {as_of}, so that no file has a date"
    } else if pattern.matches('*').count() > 1 {
        "has more than one `*`, of which one is the name of the table"
    } else if !pattern.ends_with(ENDING) {
        "does not end in .csv"
    } else {
        return Ok(());
    };
    Err(Error::usage(format!("the pattern `{pattern}` {fault}"))
        .help("for exports/2024-01-31/users.csv it is 'exports/{as_of}/*.csv'")
        .help("for exports/users_2024-01-31.csv it is 'exports/*_{as_of}.csv'"))
}

/// A pattern typed in `base` as a path from the root; none when it leads elsewhere.
fn below(pattern: &str, base: &Path, root: &Path) -> Option<String> {
    let mut whole = PathBuf::new();
    for part in base.join(pattern).components() {
        match part {
            Component::CurDir => {}
            Component::ParentDir => {
                whole.pop();
            }
            part => whole.push(part),
        }
    }
    let inside = whole.strip_prefix(root).ok()?;
    let parts: Option<Vec<&str>> = inside.iter().map(|part| part.to_str()).collect();
    Some(parts?.join("/"))
}

/// Walks down the parts of the pattern.
fn search(root: &Path, pattern: &str) -> Result<Vec<Found>> {
    let mut reached = vec![(String::new(), Capture::default())];
    for part in pattern.split('/') {
        let tokens = tokens(part);
        let mut next = Vec::new();
        for (path, capture) in &reached {
            for name in candidates(root, path, &tokens, part)? {
                if let Some(capture) = fit(&tokens, &name, capture) {
                    next.push((join(path, &name), capture));
                }
            }
        }
        reached = next;
    }
    let mut found: Vec<Found> = reached
        .into_iter()
        .filter(|(path, _)| root.join(path).is_file())
        .filter_map(|(path, capture)| {
            let date = capture.date?;
            let table = capture.name.unwrap_or_else(|| stem(pattern));
            Some(Found { table, date, path })
        })
        .collect();
    found.sort_by(|a, b| (&a.table, a.date).cmp(&(&b.table, b.date)));
    Ok(found)
}

/// The names that a part of the pattern may stand for: itself, or what is in the folder.
fn candidates(root: &Path, path: &str, tokens: &[Token<'_>], part: &str) -> Result<Vec<String>> {
    if let [Token::Text(_)] = tokens {
        return Ok(vec![part.to_string()]);
    }
    names(&root.join(path))
}

/// What a folder holds, hidden names left out; nothing where there is no folder.
fn names(folder: &Path) -> Result<Vec<String>> {
    use std::io::ErrorKind::{NotADirectory, NotFound};
    let entries = match fs::read_dir(folder) {
        Ok(entries) => entries,
        Err(error) if matches!(error.kind(), NotFound | NotADirectory) => return Ok(Vec::new()),
        Err(error) => return Err(fsio::cannot("read", folder, error)),
    };
    let mut names = Vec::new();
    for entry in entries {
        let entry = entry.map_err(|error| fsio::cannot("read", folder, error))?;
        if let Ok(name) = entry.file_name().into_string()
            && !name.starts_with('.')
        {
            names.push(name);
        }
    }
    names.sort();
    Ok(names)
}

fn join(path: &str, name: &str) -> String {
    match path {
        "" => name.to_string(),
        path => format!("{path}/{name}"),
    }
}

/// A piece of one part of a pattern.
#[derive(Debug, Clone, Copy, PartialEq)]
enum Token<'a> {
    Text(&'a str),
    AsOf,
    Star,
}

fn tokens(part: &str) -> Vec<Token<'_>> {
    let mut tokens = Vec::new();
    let mut rest = part;
    while !rest.is_empty() {
        if let Some(after) = rest.strip_prefix(AS_OF) {
            tokens.push(Token::AsOf);
            rest = after;
        } else if let Some(after) = rest.strip_prefix('*') {
            tokens.push(Token::Star);
            rest = after;
        } else {
            let end = [rest.find(AS_OF), rest.find('*')]
                .into_iter()
                .flatten()
                .min()
                .unwrap_or(rest.len());
            tokens.push(Token::Text(&rest[..end]));
            rest = &rest[end..];
        }
    }
    tokens
}

/// What `{as_of}` and `*` have stood for so far.
#[derive(Debug, Clone, Default)]
struct Capture {
    date: Option<Date>,
    name: Option<String>,
}

/// Fits a name to the tokens; a date that occurs twice is the same twice.
fn fit(tokens: &[Token<'_>], name: &str, before: &Capture) -> Option<Capture> {
    match tokens {
        [] => name.is_empty().then(|| before.clone()),
        [Token::Text(text), rest @ ..] => fit(rest, name.strip_prefix(text)?, before),
        [Token::AsOf, rest @ ..] => {
            let date: Date = name.get(..10)?.parse().ok()?;
            if before.date.is_some_and(|known| known != date) {
                return None;
            }
            let date = Some(date);
            let name_so_far = before.name.clone();
            let capture = Capture {
                date,
                name: name_so_far,
            };
            fit(rest, &name[10..], &capture)
        }
        [Token::Star, rest @ ..] => {
            let ends = name.char_indices().map(|(at, c)| at + c.len_utf8());
            ends.into_iter().find_map(|end| {
                let capture = Capture {
                    date: before.date,
                    name: Some(name[..end].to_string()),
                };
                fit(rest, &name[end..], &capture)
            })
        }
    }
}

/// The name of a table whose pattern has no `*`: the file's, or the folder's where the file is
/// named by the date alone.
fn stem(pattern: &str) -> String {
    let text = pattern.strip_suffix(ENDING).unwrap_or(pattern);
    text.rsplit('/')
        .map(|part| part.replace(AS_OF, ""))
        .map(|part| part.trim_matches(['_', '-', '.', ' ']).to_string())
        .find(|part| !part.is_empty())
        .unwrap_or_else(|| "table".to_string())
}

/// Groups files by table and reads them.
fn read(root: &Path, pattern: &str, found: Vec<Found>) -> Result<Vec<Export>> {
    let mut exports: BTreeMap<String, Export> = BTreeMap::new();
    for file in found {
        let place = root.join(&file.path);
        let bytes = fs::read(&place).map_err(|error| fsio::cannot("read", &place, error))?;
        exports
            .entry(file.table.clone())
            .or_insert_with(|| Export {
                pattern: pattern.replace('*', &file.table),
                table: file.table,
                files: Vec::new(),
            })
            .files
            .push((file.date, bytes));
    }
    Ok(exports.into_values().collect())
}

fn nothing_fits(pattern: &str, root: &Path, relative: &str) -> Error {
    let error = Error::new(Kind::MissingInput, format!("no file fits `{pattern}`"));
    let (folder, there) = nearest(root, relative);
    let found = match there.len() {
        0 => "nothing".to_string(),
        1..=SHOWN => there.join(", "),
        more => format!("{} and {} more", there[..SHOWN].join(", "), more - SHOWN),
    };
    error
        .detail(format!("in {folder}: {found}"))
        .help("{as_of} stands for a date such as 2024-01-31, `*` for the name of a table")
}

/// The deepest folder on the way of the pattern before its first date or `*`, and what it holds.
fn nearest(root: &Path, pattern: &str) -> (String, Vec<String>) {
    let mut path = String::new();
    for part in pattern.split('/') {
        let next = join(&path, part);
        if part.contains(AS_OF) || part.contains('*') || !root.join(&next).is_dir() {
            break;
        }
        path = next;
    }
    let there = names(&root.join(&path)).unwrap_or_default();
    match path.as_str() {
        "" => ("the folder".to_string(), there),
        _ => (path, there),
    }
}

fn outside(pattern: &str) -> Error {
    Error::usage(format!(
        "`{pattern}` leads out of the folder of the new project"
    ))
    .help("sources are named by their path from the project's root, so that a clone has them too")
    .help("move or link the exports into that folder, or make the project where they are")
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Finds by pattern in a folder with these files: table, date and source path.
    fn found(files: &[&str], pattern: &str) -> Vec<(String, usize, String)> {
        let folder = tempfile::tempdir().unwrap();
        let root = folder.path().canonicalize().unwrap();
        for file in files {
            fsio::write_atomic(&root.join(file), b"id\n1\n").unwrap();
        }
        let exports = find(pattern, &root, &root).unwrap();
        exports
            .into_iter()
            .map(|export| (export.table, export.files.len(), export.pattern))
            .collect()
    }

    fn one(table: &str, files: usize, pattern: &str) -> (String, usize, String) {
        (table.to_string(), files, pattern.to_string())
    }

    #[test]
    fn dates_are_folders_or_parts_of_names() {
        let folders = ["x/2024-01-31/a.csv", "x/2024-02-29/a.csv", "x/old/a.csv"];
        assert_eq!(
            found(&folders, "x/{as_of}/*.csv"),
            [one("a", 2, "x/{as_of}/a.csv")]
        );
        let names = ["x/2024-01-31_a_b.csv", "x/2024-01-31_c.csv", "x/c.csv"];
        assert_eq!(
            found(&names, "x/{as_of}_*.csv"),
            [
                one("a_b", 1, "x/{as_of}_a_b.csv"),
                one("c", 1, "x/{as_of}_c.csv")
            ]
        );
        assert_eq!(
            found(&["a_2024-01-31.csv", "b_2024-13-31.csv"], "*_{as_of}.csv"),
            [one("a", 1, "a_{as_of}.csv")]
        );
        assert_eq!(
            found(&["users/2024-01-31.csv"], "*/{as_of}.csv"),
            [one("users", 1, "users/{as_of}.csv")]
        );
    }

    #[test]
    fn a_pattern_without_a_star_is_one_table() {
        let name = |pattern| stem(pattern);
        assert_eq!(name("x/{as_of}/users.csv"), "users");
        assert_eq!(name("x/users_{as_of}.csv"), "users");
        assert_eq!(name("x/users/{as_of}.csv"), "users");
        assert_eq!(name("{as_of}.csv"), "table");
    }

    #[test]
    fn a_date_that_occurs_twice_is_the_same_twice() {
        let files = ["2024-01-31/a_2024-01-31.csv", "2024-01-31/a_2024-02-29.csv"];
        assert_eq!(
            found(&files, "{as_of}/*_{as_of}.csv"),
            [one("a", 1, "{as_of}/a_{as_of}.csv")]
        );
    }

    #[test]
    fn a_pattern_may_be_typed_from_another_folder() {
        let root = Path::new("/w/shop");
        let below = |pattern, base| below(pattern, Path::new(base), root);
        assert_eq!(below("x/*.csv", "/w/shop").as_deref(), Some("x/*.csv"));
        assert_eq!(below("shop/x/*.csv", "/w").as_deref(), Some("x/*.csv"));
        assert_eq!(
            below("../shop/./x/*.csv", "/w/shop").as_deref(),
            Some("x/*.csv")
        );
        assert_eq!(below("/w/shop/x/*.csv", "/").as_deref(), Some("x/*.csv"));
        assert_eq!(below("x/*.csv", "/w"), None);
    }
}
