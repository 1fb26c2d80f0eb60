//! `[source] postgres`: the question whose answer is a table.

use std::ops::Range;

use super::{AsOf, Source};
use crate::hash::{Digest, ObjectId};

/// A query and where it is asked. What it gives is kept in the store, and from then on is a file as
/// any other.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Query {
    /// The environment variable that holds the URL of the database.
    pub url_env: String,
    /// SQL, without the semicolon at its end.
    text: String,
    /// Where `{as_of}` stands in `text`.
    places: Vec<Range<usize>>,
}

/// What is wrong with a query, and where.
#[derive(Debug, PartialEq, Eq)]
pub struct QueryFault {
    /// Bytes of the text.
    pub range: Range<usize>,
    pub why: &'static str,
}

/// How names of queries begin, where others have a path.
const PREFIX: &str = "postgres:";

impl Query {
    /// Understands where the placeholder stands. Whether the rest is SQL only the server knows.
    pub fn new(url_env: &str, written: &str) -> Result<Self, QueryFault> {
        let text = written.trim_end_matches(|c: char| c == ';' || c.is_ascii_whitespace());
        if text.trim_ascii().is_empty() {
            let range = 0..written.len();
            let why = "write a query, such as SELECT user_id, hours FROM usage WHERE day = {as_of}";
            return Err(QueryFault { range, why });
        }
        Ok(Self {
            url_env: url_env.to_string(),
            text: text.to_string(),
            places: places(text)?,
        })
    }

    /// Whether a date can be asked for again.
    pub fn is_dated(&self) -> bool {
        !self.places.is_empty()
    }

    /// The text as it is written.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// The query of a date: `{as_of}` is the literal `(DATE '2024-01-31')`.
    pub fn at(&self, as_of: AsOf) -> String {
        let mut text = String::with_capacity(self.text.len() + 20 * self.places.len());
        let mut from = 0;
        for place in &self.places {
            text.push_str(&self.text[from..place.start]);
            text.push_str(&format!("(DATE '{as_of}')"));
            from = place.end;
        }
        text.push_str(&self.text[from..]);
        text
    }

    /// What stands where files have their path: `postgres:TABLE#HASH`, with the first 12 digits of
    /// the BLAKE3 of the text. Nothing of the database is in it.
    pub fn name(&self, table: &str) -> String {
        format!(
            "{PREFIX}{table}#{}",
            ObjectId::of_bytes(self.text.as_bytes()).short()
        )
    }

    /// Whether a path is such a name.
    pub fn is_name(path: &str) -> bool {
        path.starts_with(PREFIX) && path.contains('#')
    }
}

/// The places of `{as_of}` in the code of a query.
///
/// # Errors
/// One between quotation marks, and any other pair of braces in the code.
fn places(text: &str) -> Result<Vec<Range<usize>>, QueryFault> {
    let mut places = Vec::new();
    let mut at = 0;
    while at < text.len() {
        let rest = &text[at..];
        let (length, part) = next_part(rest);
        let range = at..at + length;
        at += length;
        match part {
            Part::Quoted if rest[..length].contains(Source::AS_OF) => {
                let why = "`{as_of}` is a DATE already: no quotation marks";
                return Err(QueryFault { range, why });
            }
            Part::Code if rest.starts_with(Source::AS_OF) => {
                let end = range.start + Source::AS_OF.len();
                places.push(range.start..end);
                at = end;
            }
            Part::Code if rest.starts_with(['{', '}']) => {
                let why = "the one placeholder is `{as_of}`, the snapshot's date";
                return Err(QueryFault { range, why });
            }
            _ => {}
        }
    }
    Ok(places)
}

#[derive(Clone, Copy)]
enum Part {
    /// One character.
    Code,
    /// A constant, or a name in quotation marks.
    Quoted,
    Comment,
}

/// The length of what a text begins with, by the lexical rules of PostgreSQL.
fn next_part(text: &str) -> (usize, Part) {
    let bytes = text.as_bytes();
    let until = |mark: &str| text.find(mark).map_or(text.len(), |at| at + mark.len());
    match bytes {
        [b'\'', ..] => (quoted(bytes, 0, b'\'', false), Part::Quoted),
        [b'e' | b'E', b'\'', ..] => (quoted(bytes, 1, b'\'', true), Part::Quoted),
        [b'"', ..] => (quoted(bytes, 0, b'"', false), Part::Quoted),
        [b'-', b'-', ..] => (until("\n"), Part::Comment),
        [b'/', b'*', ..] => (block_comment(bytes), Part::Comment),
        [b'$', ..] => match dollar_quoted(text) {
            Some(length) => (length, Part::Quoted),
            None => (1, Part::Code),
        },
        // A word is passed as a whole: an `e` or `$` at its end begins no constant.
        [first, ..] if first.is_ascii_alphabetic() || *first == b'_' => {
            let word = |byte: &u8| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'$');
            let length = bytes.iter().take_while(|byte| word(byte)).count();
            (length, Part::Code)
        }
        _ => (text.chars().next().map_or(1, char::len_utf8), Part::Code),
    }
}

/// To the end of what begins with the mark at `start`. A doubled mark stands for one.
fn quoted(bytes: &[u8], start: usize, mark: u8, escapes: bool) -> usize {
    let mut at = start + 1;
    while at < bytes.len() {
        if escapes && bytes[at] == b'\\' {
            at += 2;
        } else if bytes[at] == mark {
            if bytes.get(at + 1) != Some(&mark) {
                return at + 1;
            }
            at += 2;
        } else {
            at += 1;
        }
    }
    bytes.len()
}

/// Comments of this kind nest.
fn block_comment(bytes: &[u8]) -> usize {
    let (mut at, mut depth) = (0, 0_u32);
    while at + 1 < bytes.len() {
        match &bytes[at..at + 2] {
            b"/*" => (at, depth) = (at + 2, depth + 1),
            b"*/" => (at, depth) = (at + 2, depth - 1),
            _ => at += 1,
        }
        if depth == 0 {
            return at;
        }
    }
    bytes.len()
}

/// `$tag$ … $tag$`; none for a parameter such as `$1` or a lone sign.
fn dollar_quoted(text: &str) -> Option<usize> {
    let end = text[1..].find('$')? + 2;
    let tag = &text[..end];
    let name = &tag[1..tag.len() - 1];
    let is_name = !name.starts_with(|c: char| c.is_ascii_digit())
        && name.chars().all(|c| c.is_alphanumeric() || c == '_');
    is_name.then(|| {
        let rest = text[end..].find(tag);
        rest.map_or(text.len(), |at| end + at + tag.len())
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(text: &str) -> String {
        let query = Query::new("URL", text).unwrap();
        query.at("2024-01-31".parse().unwrap())
    }

    #[test]
    fn the_placeholder_is_a_date_wherever_code_stands() {
        assert_eq!(at("SELECT {as_of}"), "SELECT (DATE '2024-01-31')");
        assert_eq!(
            at("a={as_of}::text||'x' AND b<{as_of}-1 ; \n"),
            "a=(DATE '2024-01-31')::text||'x' AND b<(DATE '2024-01-31')-1"
        );
        assert_eq!(at("type'x'={as_of}"), "type'x'=(DATE '2024-01-31')");
    }

    #[test]
    fn braces_in_constants_and_comments_are_left_alone() {
        for text in [
            "SELECT '{1,2}'::int[]",
            "SELECT $${x}$$, $a_1$ $$ {y} $a_1$",
            "SELECT 1 -- {as_of}\n",
            "SELECT 1 /* {as_of} /* {z} */ {x} */",
            r"SELECT E'\'{x}', 'it''s {x}'",
            "SELECT \"{x}\"",
        ] {
            assert_eq!(at(text), text.trim_end());
            assert!(!Query::new("URL", text).unwrap().is_dated());
        }
    }

    #[test]
    fn a_quoted_placeholder_and_others_are_refused_at_their_place() {
        let fault = |text: &str| Query::new("URL", text).unwrap_err();
        assert_eq!(fault("day = '{as_of}'").range, 6..15);
        assert!(fault("day = '{as_of}'").why.contains("quotation marks"));
        assert!(fault("\"{as_of}\"").why.contains("quotation marks"));
        assert!(fault("$${as_of}$$").why.contains("quotation marks"));
        assert_eq!(fault("day = {date}").range, 6..7);
        assert_eq!(fault("day = {as_of }").range, 6..7);
        assert!(fault(" ;; ").why.starts_with("write a query"));
        assert!(Query::new("URL", "SELECT $1, a$b, 'x").is_ok());
    }

    #[test]
    fn the_name_follows_the_text_alone() {
        let name = |url: &str, text: &str| Query::new(url, text).unwrap().name("usage");
        assert_eq!(name("A", "SELECT 1"), name("B", "SELECT 1;"));
        assert_ne!(name("A", "SELECT 1"), name("A", "SELECT 2"));
        assert!(Query::is_name(&name("A", "SELECT 1")));
        assert!(!Query::is_name("data/usage.csv"));
    }
}
