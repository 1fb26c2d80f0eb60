//! What goes wrong on the line, as errors.
//!
//! | what | kind |
//! |---|---|
//! | not reachable, not let in, cut off, cancelled, out of resources | missing input |
//! | the query is no SQL of this database, or would write | definition |
//! | an expression of the query fails on a row | data refused |
//! | what is not of the protocol | failure |

use std::io;

use fallible_iterator::FallibleIterator;
use postgres_protocol::message::backend::ErrorFields;

use super::address::Address;
use crate::error::{Error, Kind};

/// Why an exchange with a server ended.
#[derive(Debug)]
pub enum Trouble {
    /// The connection failed, or was closed.
    Lost(io::Error),
    Server(ServerError),
    /// An answer that the protocol does not allow here.
    Protocol(String),
    /// One of our own errors, met while rows were read.
    Ours(Error),
}

/// An error as the server tells it.
#[derive(Debug, Default)]
pub struct ServerError {
    /// SQLSTATE: five characters, the first two of which are a class.
    pub code: String,
    message: String,
    detail: Option<String>,
    hint: Option<String>,
    /// The character of the statement, counted from 1.
    position: Option<usize>,
}

impl From<io::Error> for Trouble {
    fn from(error: io::Error) -> Self {
        Self::Lost(error)
    }
}

impl From<Error> for Trouble {
    fn from(error: Error) -> Self {
        Self::Ours(error)
    }
}

impl ServerError {
    pub fn read(mut fields: ErrorFields<'_>) -> Self {
        let mut error = Self::default();
        while let Ok(Some(field)) = fields.next() {
            let value = String::from_utf8_lossy(field.value_bytes()).into_owned();
            match field.type_() {
                b'C' => error.code = value,
                b'M' => error.message = value,
                b'D' => error.detail = Some(value),
                b'H' => error.hint = Some(value),
                b'P' => error.position = value.parse().ok(),
                _ => {}
            }
        }
        error
    }

    fn kind(&self) -> Kind {
        match self.code.get(..2).unwrap_or_default() {
            // Who lacks a right cannot have the input, whatever is written.
            _ if self.code == "42501" => Kind::MissingInput,
            // In a transaction that reads only, or not a query at all.
            "42" | "25" | "0A" | "26" | "34" => Kind::Definition,
            "22" | "21" | "23" => Kind::DataRefused,
            "08" | "28" | "3D" | "53" | "54" | "55" | "57" | "58" | "40" => Kind::MissingInput,
            _ => Kind::Failure,
        }
    }
}

/// What was being done, in the words of an error.
pub struct Circumstance<'a> {
    pub address: &'a Address,
    /// Such as `usage was not read`.
    pub undone: String,
    /// The statement whose characters the server counts, where a person wrote it.
    pub query: Option<&'a str>,
    /// Characters that stand before it in what was sent.
    pub before: usize,
}

impl Trouble {
    /// The error of a session that did not come to be.
    pub fn while_connecting(self, address: &Address) -> Error {
        let variable = &address.variable;
        let missing = |why: &str| Error::new(Kind::MissingInput, format!("{why} ({variable})"));
        let try_psql = format!("`psql \"${variable}\" -c 'SELECT 1'` tries the same");
        match self {
            Self::Lost(error) => missing("the database cannot be reached")
                .detail(reason(&error))
                .help(try_psql),
            Self::Server(error) => match error.code.as_str() {
                "28P01" => missing("the database refuses the password")
                    .help(format!("mend user and password in {variable}")),
                "3D000" => missing("the server has no database of that name")
                    .help(format!("mend the name at the end of the URL in {variable}")),
                code if code.starts_with("28") => missing("the database does not let this user in")
                    .detail("by its pg_hba.conf: user, database, address, or a connection without TLS")
                    .help("this version speaks to PostgreSQL without TLS: where the server demands it, let a tunnel do it"),
                code => missing("the database accepts no connection now")
                    .detail(format!("{}   ({code})", address.redact(&error.message)))
                    .help(try_psql),
            },
            Self::Protocol(why) => missing("what answers is no PostgreSQL server that this program understands")
                .detail(why)
                .help(try_psql),
            Self::Ours(error) => error,
        }
    }

    /// The error of something that was begun in a session.
    pub fn into_error(self, at: &Circumstance<'_>) -> Error {
        let undone = &at.undone;
        match self {
            Self::Ours(error) => error,
            Self::Protocol(why) => Error::failure(format!(
                "{undone}: an answer of the database makes no sense"
            ))
            .detail(why),
            Self::Lost(error) => Error::new(
                Kind::MissingInput,
                format!("{undone}: the connection to the database broke off"),
            )
            .detail(reason(&error))
            .detail("nothing of it was kept")
            .help("run the same command again when the database answers"),
            Self::Server(error) => told(&error, at),
        }
    }
}

/// Words of the system, which never name the address.
fn reason(error: &io::Error) -> String {
    match error.kind() {
        io::ErrorKind::UnexpectedEof => "the server closed the connection".into(),
        io::ErrorKind::WouldBlock | io::ErrorKind::TimedOut => "it does not answer in time".into(),
        io::ErrorKind::NotFound => "there is no such socket on this machine".into(),
        _ => error.to_string(),
    }
}

/// An error of the server in its own words, with the place in the query.
fn told(error: &ServerError, at: &Circumstance<'_>) -> Error {
    let redact = |text: &str| at.address.redact(text);
    let mut told = Error::new(
        error.kind(),
        format!("{}: {}", at.undone, redact(&error.message)),
    );
    if let Some(query) = at.query {
        let place = error
            .position
            .and_then(|at_all| at_all.checked_sub(at.before));
        told = told.details(place.map_or(Vec::new(), |position| caret(query, position)));
    }
    for more in [&error.detail, &error.hint].into_iter().flatten() {
        told = told.detail(redact(more));
    }
    told = told.detail(format!("SQLSTATE {}", error.code));
    match error.code.as_str() {
        "57014" => told.help(
            "the server stopped it: a statement_timeout that is too short, or someone's cancel",
        ),
        "57P01" | "57P02" | "57P03" => {
            told.help("run the same command again when the database answers")
        }
        "25006" if at.query.is_some() => {
            told.help("queries are read in a transaction that writes nothing: a source is a SELECT")
        }
        "42501" if at.query.is_some() => {
            told.help("let the user of the URL read what the query names: GRANT SELECT ON …")
        }
        _ => told,
    }
}

/// The line of a query in which a character stands (counted from 1), and a mark under it.
fn caret(query: &str, position: usize) -> Vec<String> {
    const WIDTH: usize = 54;
    let Some(before) = position.checked_sub(1) else {
        return Vec::new();
    };
    let mut start = 0;
    for (number, line) in query.split('\n').enumerate() {
        let length = line.chars().count();
        if before <= start + length {
            let column = before - start;
            let from = column.saturating_sub(WIDTH * 2 / 3);
            let shown: String = line.chars().skip(from).take(WIDTH).collect();
            let shown = shown.replace(|c: char| c.is_control(), " ");
            let label = format!("line {} of the query   ", number + 1);
            let indent = label.chars().count() + column - from;
            return vec![
                format!("{label}{}", shown.trim_end()),
                format!("{:indent$}^", ""),
            ];
        }
        start += length + 1;
    }
    Vec::new()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_mark_stands_under_the_character() {
        assert_eq!(
            caret("SELECT a,\n  béé FROM t", 13),
            [
                "line 2 of the query     béé FROM t",
                "                        ^"
            ]
        );
        let long = format!("{}X{}", "a".repeat(100), "b".repeat(100));
        let lines = caret(&long, 101);
        let column = lines[1].find('^').unwrap();
        assert_eq!(lines[0].as_bytes()[column], b'X');
        assert!(lines[0].len() < 80);
        assert_eq!(caret("SELECT", 7).len(), 2);
        assert!(caret("SELECT", 99).is_empty());
    }
}
