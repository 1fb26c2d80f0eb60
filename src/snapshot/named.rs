//! The words by which people name a snapshot.
//!
//! | word | snapshot |
//! |---|---|
//! | `DATE` | the newest revision of the date |
//! | `DATE@N` | revision N of it |
//! | 4 to 64 hex digits | the one whose hash begins so; of equal ones the newest |

use super::model::Snapshot;
use super::stored::revisions;
use crate::definition::AsOf;
use crate::error::{Error, Kind, Result, did_you_mean};
use crate::hash::{Digest, HashPrefix};
use crate::store::Catalog;

/// So many snapshots are named in an error.
const SHOWN: usize = 8;

/// The snapshot that a word means.
///
/// # Errors
/// [`Kind::Usage`] with candidates for a word that is no such name, or means several;
/// [`Kind::MissingInput`] for a date or revision that was never stamped.
pub fn find_snapshot(catalog: &Catalog, word: &str) -> Result<Snapshot> {
    let all: Vec<Snapshot> = revisions(catalog)?.into_iter().map(|f| f.value).collect();
    if let Some((date, revision)) = word.split_once('@') {
        let date: AsOf = date.parse().map_err(|_| no_name(&all, word))?;
        let revision: u32 = revision.parse().map_err(|_| no_revision(word, revision))?;
        return of_revision(&all, date, revision);
    }
    if let Ok(date) = word.parse::<AsOf>() {
        return of_date(&all, date);
    }
    match word.parse::<HashPrefix>() {
        Ok(prefix) => of_hash(&all, &prefix),
        Err(()) => Err(no_name(&all, word)),
    }
}

fn of_date(all: &[Snapshot], date: AsOf) -> Result<Snapshot> {
    let found = all.iter().rfind(|snapshot| snapshot.as_of == date);
    found.cloned().ok_or_else(|| never_stamped(all, date))
}

fn of_revision(all: &[Snapshot], date: AsOf, revision: u32) -> Result<Snapshot> {
    let of_date = || all.iter().filter(|snapshot| snapshot.as_of == date);
    let found = of_date().find(|snapshot| snapshot.revision == revision);
    found.cloned().ok_or_else(|| match of_date().next_back() {
        None => never_stamped(all, date),
        Some(newest) => Error::new(
            Kind::MissingInput,
            format!("the snapshot of {date} has no revision {revision}"),
        )
        .details(of_date().map(candidate))
        .help(format!(
            "`{date}@{}` is its newest, as is `{date}`",
            newest.revision
        )),
    })
}

fn of_hash(all: &[Snapshot], prefix: &HashPrefix) -> Result<Snapshot> {
    let mut found: Vec<&Snapshot> = Vec::new();
    for snapshot in all.iter().rev().filter(|s| prefix.matches(&s.hash)) {
        // What came back later is what it was: the same content of the same date is no second one.
        if !found.iter().any(|known| known.hash == snapshot.hash) {
            found.push(snapshot);
        }
    }
    match found.as_slice() {
        [only] => Ok((*only).clone()),
        [] => Err(Error::usage(format!("no snapshot begins with `{prefix}`"))
            .details(newest(all))
            .help("`streamflow snapshots` lists them with their hashes")),
        several => Err(
            Error::usage(format!("{} snapshots begin with `{prefix}`", several.len()))
                .details(several.iter().map(|snapshot| candidate(snapshot)))
                .help("type more of its digits, or DATE@REVISION"),
        ),
    }
}

fn no_revision(word: &str, revision: &str) -> Error {
    Error::usage(format!("`{revision}` is no number of a revision"))
        .detail(format!("found  `{word}`"))
        .help("a revision is named as in 2024-01-31@1")
}

fn no_name(all: &[Snapshot], word: &str) -> Error {
    let error = Error::usage(format!("`{word}` names no snapshot")).details(newest(all));
    let dates: Vec<String> = all.iter().map(|s| s.as_of.to_string()).collect();
    match did_you_mean(word, dates.iter().map(String::as_str)) {
        Some(close) => error.help(format!("did you mean `{close}`?")),
        None => error.help(
            "a snapshot is its date, DATE@REVISION, or the first digits of its hash (4 or more)",
        ),
    }
}

fn never_stamped(all: &[Snapshot], date: AsOf) -> Error {
    Error::new(
        Kind::MissingInput,
        format!("there is no snapshot of {date}"),
    )
    .details(newest(all))
    .help(format!("`streamflow ingest --as-of {date}` stamps it"))
}

/// The newest revision of the newest dates, the newest first.
fn newest(all: &[Snapshot]) -> Vec<String> {
    let mut dates: Vec<&Snapshot> = Vec::new();
    for snapshot in all.iter().rev() {
        if !dates.iter().any(|known| known.as_of == snapshot.as_of) {
            dates.push(snapshot);
        }
    }
    dates.sort_by_key(|snapshot| std::cmp::Reverse(snapshot.as_of));
    let more = dates.len().saturating_sub(SHOWN);
    let mut lines: Vec<String> = dates.into_iter().take(SHOWN).map(candidate).collect();
    if more > 0 {
        lines.push(format!("and {more} more"));
    }
    lines
}

fn candidate(snapshot: &Snapshot) -> String {
    let Snapshot {
        as_of, revision, ..
    } = snapshot;
    format!("{as_of}@{revision}  {}", snapshot.hash.short())
}
