//! What was found in all files together, and the one error it becomes.

use std::collections::BTreeSet;
use std::sync::Arc;

use crate::definition::document::{Document, Misfit, Place};
use crate::definition::wording::count;
use crate::error::{Error, Finding, Kind, Result, Span};

#[derive(Default)]
pub(super) struct Report {
    files: usize,
    findings: Vec<Finding>,
    misfits: Vec<Misfit>,
}

impl Report {
    /// Reads one file with `set` over its values. `None` if anything was reported.
    pub fn read<T>(
        &mut self,
        path: &str,
        text: &str,
        set: &[(String, String)],
        read: impl FnOnce(&Document) -> Option<T>,
    ) -> Option<T> {
        let mut document = Document::parse(path, text);
        for (key, value) in set {
            document.set(key, value);
        }
        let definition = document.is_sound().then(|| read(&document)).flatten();
        let is_sound = document.is_sound();
        self.take(document);
        definition.filter(|_| is_sound)
    }

    /// Reports that the name of a file is none.
    pub fn refuse_file(&mut self, path: &str, text: &str, why: String) {
        let document = Document::parse(path, text);
        document.report(
            &Place::File(0..0),
            "the file's name is its definition's name",
            why,
        );
        self.take(document);
    }

    /// Reports at a place of a file that was read before.
    pub fn refuse_at(&mut self, span: Option<Span>, message: String, label: impl Into<String>) {
        self.findings.push(Finding {
            message,
            span,
            label: label.into(),
        });
    }

    fn take(&mut self, document: Document) {
        let (findings, misfits) = document.into_reports();
        self.files += 1;
        self.findings.extend(findings);
        for misfit in misfits {
            if !self.misfits.contains(&misfit) {
                self.misfits.push(misfit);
            }
        }
    }

    /// An error if anything was reported: of the command line if `--set` is at fault.
    pub fn finish(mut self) -> Result<()> {
        self.findings.sort_by(|a, b| file(a).cmp(&file(b)));
        if let Some(first) = self.misfits.first() {
            let error = Error::usage(first.to_string()).help(first.label.clone());
            let others = self.misfits[1..].iter();
            let others = others.map(|misfit| format!("{misfit}: {}", misfit.label));
            return Err(error.details(others).findings(self.findings));
        }
        if self.findings.is_empty() {
            return Ok(());
        }
        let faulty: BTreeSet<_> = self.findings.iter().map(file).collect();
        let errors = count(self.findings.len(), "error");
        let message = format!(
            "{errors} in {} of {}",
            faulty.len(),
            count(self.files, "file")
        );
        Err(Error::new(Kind::Definition, message).findings(self.findings))
    }
}

fn file(finding: &Finding) -> Option<&str> {
    finding.span.as_ref().map(|span| span.source.path.as_str())
}

impl std::fmt::Display for Misfit {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Self {
            option, message, ..
        } = self;
        let option: &Arc<str> = option;
        write!(f, "`--set {option}`: {message}")
    }
}
