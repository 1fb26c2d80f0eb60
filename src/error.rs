//! What went wrong, on what, and what to do about it.
//!
//! Every failure of the program is an [`Error`]: a [`Kind`], which alone decides the exit code and
//! the HTTP status; a message of one sentence; findings, each at its place in a file a person
//! wrote; details, one fact a line; and help, the command or edit that leads out. Errors are
//! values: they are built where the facts are known and rendered in one place, `report::text`.

use std::fmt;
use std::ops::Range;
use std::sync::Arc;

pub type Result<T, E = Error> = std::result::Result<T, E>;

/// What sort of failure it is. The sort decides the exit code (contract §4) and the HTTP status.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Kind {
    /// Anything without a better name: a corrupt object, a port in use, a full disk.
    Failure,
    /// A guard against leakage stands before training.
    Leakage,
    /// The command line asks for something that does not exist or does not fit.
    Usage,
    /// A TOML definition is wrong.
    Definition,
    /// The lock is missing, unreadable, newer than this program, or out of date.
    Lock,
    /// The same run gave other outputs.
    NotReproduced,
    /// An input that is needed is not there.
    MissingInput,
    /// Data was read and refused.
    DataRefused,
    /// The data of two dates differs by more than was allowed.
    Drift,
    /// A promotion gate does not hold.
    GateRefused,
    /// No table has a row for the entity.
    UnknownEntity,
    /// A value the model needs is null, absent or expired, and the run forbids imputing it.
    MissingFeatures,
    /// Nothing is pinned, or nothing is materialized.
    NotReady,
}

impl Kind {
    /// The code of this kind in `{"error":{"code":…}}`, its exit code, and its HTTP status.
    const fn facts(self) -> (&'static str, u8, u16) {
        match self {
            Self::Failure => ("failure", 1, 500),
            Self::Leakage => ("leakage", 1, 500),
            Self::Usage => ("usage", 2, 400),
            Self::Definition => ("definition", 2, 500),
            Self::Lock => ("lock", 3, 500),
            Self::NotReproduced => ("not_reproduced", 4, 500),
            Self::MissingInput => ("missing_input", 5, 503),
            Self::DataRefused => ("data_refused", 6, 422),
            Self::Drift => ("drift", 6, 422),
            Self::GateRefused => ("gate_refused", 7, 409),
            Self::UnknownEntity => ("unknown_entity", 5, 404),
            Self::MissingFeatures => ("missing_features", 5, 422),
            Self::NotReady => ("not_ready", 5, 503),
        }
    }

    /// The name machines read, in snake case.
    pub const fn code(self) -> &'static str {
        self.facts().0
    }

    /// The exit code of the process, contract §4.
    pub const fn exit_code(self) -> u8 {
        self.facts().1
    }

    /// The HTTP status of a reply, contract §6.
    pub const fn http_status(self) -> u16 {
        self.facts().2
    }
}

/// The text of a file a person wrote, kept so that errors can quote it.
#[derive(Debug, PartialEq, Eq)]
pub struct SourceText {
    /// Path as it should be printed: relative to the project root, with `/`.
    pub path: String,
    pub text: String,
}

/// A place in a file a person wrote.
#[derive(Clone, PartialEq, Eq)]
pub struct Span {
    pub source: Arc<SourceText>,
    /// Bytes of `source.text`.
    pub range: Range<usize>,
}

impl Span {
    /// Line and column of the first character, both counted from 1; the column in characters.
    pub fn line_column(&self) -> (usize, usize) {
        let start = self.range.start.min(self.source.text.len());
        let before = &self.source.text.as_bytes()[..start];
        let line = 1 + before.iter().filter(|byte| **byte == b'\n').count();
        let line_start = before
            .iter()
            .rposition(|byte| *byte == b'\n')
            .map_or(0, |at| at + 1);
        let column = 1 + String::from_utf8_lossy(&before[line_start..])
            .chars()
            .count();
        (line, column)
    }
}

/// `file:line:column`.
impl fmt::Display for Span {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (line, column) = self.line_column();
        write!(f, "{}:{line}:{column}", self.source.path)
    }
}

impl fmt::Debug for Span {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Span({self})")
    }
}

/// One thing that is wrong at one place.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Finding {
    /// What is wrong, without a full stop: a headline.
    pub message: String,
    /// Where; none when the trouble is an absence.
    pub span: Option<Span>,
    /// What to write at the place: stands under the quoted text.
    pub label: String,
}

/// A failure with everything a person needs to mend it.
#[derive(Debug)]
pub struct Error(Box<Inner>);

#[derive(Debug)]
struct Inner {
    kind: Kind,
    message: String,
    findings: Vec<Finding>,
    details: Vec<String>,
    help: Vec<String>,
    source: Option<Box<dyn std::error::Error + Send + Sync>>,
}

impl Error {
    pub fn new(kind: Kind, message: impl Into<String>) -> Self {
        Self(Box::new(Inner {
            kind,
            message: message.into(),
            findings: Vec::new(),
            details: Vec::new(),
            help: Vec::new(),
            source: None,
        }))
    }

    pub fn failure(message: impl Into<String>) -> Self {
        Self::new(Kind::Failure, message)
    }

    pub fn usage(message: impl Into<String>) -> Self {
        Self::new(Kind::Usage, message)
    }

    /// Adds a fact, printed on a line of its own below the message.
    #[must_use]
    pub fn detail(mut self, line: impl Into<String>) -> Self {
        self.0.details.push(line.into());
        self
    }

    #[must_use]
    pub fn details(mut self, lines: impl IntoIterator<Item = String>) -> Self {
        self.0.details.extend(lines);
        self
    }

    #[must_use]
    pub fn finding(mut self, finding: Finding) -> Self {
        self.0.findings.push(finding);
        self
    }

    #[must_use]
    pub fn findings(mut self, findings: impl IntoIterator<Item = Finding>) -> Self {
        self.0.findings.extend(findings);
        self
    }

    /// Adds a way out, printed after `help:`.
    #[must_use]
    pub fn help(mut self, line: impl Into<String>) -> Self {
        self.0.help.push(line.into());
        self
    }

    /// Keeps the error of a library or of the system that lies behind this one.
    #[must_use]
    pub fn caused_by(
        mut self,
        source: impl Into<Box<dyn std::error::Error + Send + Sync>>,
    ) -> Self {
        self.0.source = Some(source.into());
        self
    }

    /// The same, of another kind: where it means something else to whoever asked.
    #[must_use]
    pub fn with_kind(mut self, kind: Kind) -> Self {
        self.0.kind = kind;
        self
    }

    pub fn kind(&self) -> Kind {
        self.0.kind
    }

    pub fn message(&self) -> &str {
        &self.0.message
    }

    pub fn all_findings(&self) -> &[Finding] {
        &self.0.findings
    }

    pub fn all_details(&self) -> &[String] {
        &self.0.details
    }

    pub fn all_help(&self) -> &[String] {
        &self.0.help
    }
}

/// The message and what lies behind it, on one line.
impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0.message)?;
        match &self.0.source {
            Some(source) => write!(f, ": {source}"),
            None => Ok(()),
        }
    }
}

impl std::error::Error for Error {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        self.0
            .source
            .as_deref()
            .map(|source| source as &(dyn std::error::Error + 'static))
    }
}

/// The name in `known` that `found` was probably meant to be.
///
/// Jaro-Winkler similarity of at least 0.8, the bar clap uses for its own suggestions.
pub fn did_you_mean<'a>(found: &str, known: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    known
        .into_iter()
        .map(|name| (strsim::jaro_winkler(found, name), name))
        .filter(|(similarity, _)| *similarity >= 0.8)
        .max_by(|a, b| a.0.total_cmp(&b.0))
        .map(|(_, name)| name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_span_counts_lines_and_characters_from_one() {
        let source = Arc::new(SourceText {
            path: "a.toml".into(),
            text: "x = 1\né = 2\n".into(),
        });
        let at = source.text.find('2').expect("the text holds a 2");
        assert_eq!(
            Span {
                source,
                range: at..at + 1
            }
            .to_string(),
            "a.toml:2:5"
        );
    }

    #[test]
    fn suggestions_are_close_or_absent() {
        assert_eq!(did_you_mean("tree", ["trees", "seed"]), Some("trees"));
        assert_eq!(
            did_you_mean("montsh_active", ["months_active"]),
            Some("months_active")
        );
        assert_eq!(did_you_mean("zebra", ["trees", "seed"]), None);
    }
}
