//! Turns of phrase that many findings share.

use crate::error::did_you_mean;

/// Names that are listed at most; more would bury the message.
const LISTED: usize = 12;

/// `` `a`, `b`, `c` ``.
pub(super) fn quoted<'a>(names: impl IntoIterator<Item = &'a str>) -> String {
    let names: Vec<_> = names.into_iter().collect();
    let mut text = names
        .iter()
        .take(LISTED)
        .map(|name| format!("`{name}`"))
        .collect::<Vec<_>>()
        .join(", ");
    if names.len() > LISTED {
        text += &format!(" and {} more", names.len() - LISTED);
    }
    text
}

/// ``did you mean `trees`?``, or `otherwise` and all that is known.
pub(super) fn suggestion<'a>(
    found: &str,
    known: impl IntoIterator<Item = &'a str>,
    otherwise: &str,
) -> String {
    let known: Vec<_> = known.into_iter().collect();
    match did_you_mean(found, known.iter().copied()) {
        Some(name) => format!("did you mean `{name}`?"),
        None => format!("{otherwise} {}", quoted(known)),
    }
}

/// ``table `a` has `x` `` for the one that was probably meant, or all that `owner` has.
pub(super) fn owned<'a>(
    found: &str,
    owner: &str,
    names: impl IntoIterator<Item = &'a str>,
) -> String {
    let names: Vec<_> = names.into_iter().collect();
    if names.is_empty() {
        return format!("{owner} has none");
    }
    let meant = did_you_mean(found, names.iter().copied());
    format!(
        "{owner} has {}",
        quoted(meant.map_or(names, |name| vec![name]))
    )
}

/// `1 error`, `2 errors`.
pub(super) fn count(number: usize, noun: &str) -> String {
    let plural = if number == 1 { "" } else { "s" };
    format!("{number} {noun}{plural}")
}
