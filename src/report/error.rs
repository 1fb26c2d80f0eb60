//! Errors as a person reads them, and as a program does.

use annotate_snippets::renderer::DecorStyle;
use annotate_snippets::{AnnotationKind, Group, Level, Renderer, Snippet};
use serde_json::{Value, json};

use super::style::{bold, red, wrap};
use crate::error::{Error, Finding};

/// The error on the terminal: what, where with the quoted text, and what to do about it.
pub fn error_text(error: &Error) -> String {
    let mut text = String::new();
    for finding in error.all_findings() {
        text.push_str(&finding_text(finding));
        text.push('\n');
    }
    let word = match error.all_findings() {
        [] => format!("{} ", red("error:")),
        _ => String::new(),
    };
    text.push_str(&wrap(&word, &error.to_string()));
    for line in error.all_details() {
        text.push_str(&wrap("  ", line));
    }
    for (at, line) in error.all_help().iter().enumerate() {
        let word = if at == 0 {
            format!("{} ", bold("help:"))
        } else {
            "      ".to_string()
        };
        text.push_str(&wrap(&word, line));
    }
    text
}

fn finding_text(finding: &Finding) -> String {
    let Some(span) = &finding.span else {
        return format!(
            "{} {}\n  {}\n",
            red("error:"),
            finding.message,
            finding.label
        );
    };
    let label = finding.label.as_str();
    let snippet = Snippet::source(span.source.text.as_str())
        .path(span.source.path.as_str())
        .annotation(
            AnnotationKind::Primary
                .span(span.range.clone())
                .label(label),
        );
    let group: Group = Level::ERROR
        .primary_title(finding.message.as_str())
        .element(snippet);
    let renderer = Renderer::styled()
        .decor_style(DecorStyle::Unicode)
        .term_width(80);
    format!("{}\n", renderer.render(&[group]))
}

/// `{"code","message","help"}` with everything else the error knows.
pub fn error_json(error: &Error) -> Value {
    let findings: Vec<Value> = error
        .all_findings()
        .iter()
        .map(|finding| {
            let place = finding.span.as_ref().map(|span| {
                let (line, column) = span.line_column();
                json!({ "file": span.source.path, "line": line, "column": column })
            });
            json!({ "message": finding.message, "label": finding.label, "at": place })
        })
        .collect();
    json!({
        "code": error.kind().code(),
        "message": error.to_string(),
        "help": error.all_help().join("\n"),
        "details": error.all_details(),
        "findings": findings,
    })
}
