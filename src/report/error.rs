//! Errors as a person reads them, and as a program does.

use std::collections::BTreeSet;

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
    let mut lines = vec![error.to_string()];
    lines.extend_from_slice(error.all_details());
    let lines = shortened(&lines);
    text.push_str(&wrap(&word, &lines[0]));
    for line in &lines[1..] {
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

/// Lines with every hash cut to 12 digits, or whole where two of them begin alike.
fn shortened(lines: &[String]) -> Vec<String> {
    let hashes: BTreeSet<&str> = lines.iter().flat_map(|line| hashes_in(line)).collect();
    let short: BTreeSet<&str> = hashes.iter().map(|hash| &hash[..12]).collect();
    if short.len() < hashes.len() {
        return lines.to_vec();
    }
    let cut = |line: &String| {
        hashes
            .iter()
            .fold(line.clone(), |line, hash| line.replace(hash, &hash[..12]))
    };
    lines.iter().map(cut).collect()
}

/// The words that are 64 hexadecimal digits.
fn hashes_in(line: &str) -> impl Iterator<Item = &str> {
    let is_digit = |c: char| c.is_ascii_digit() || ('a'..='f').contains(&c);
    line.split(|c: char| !c.is_ascii_alphanumeric())
        .filter(move |word| word.len() == 64 && word.chars().all(is_digit))
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hashes_are_cut_unless_they_begin_alike() {
        let (a, b) = ("ab".repeat(32), "cd".repeat(32));
        let lines = [format!("object {a}"), format!("{a} → {b}.")];
        let short = ["object abababababab", "abababababab → cdcdcdcdcdcd."];
        assert_eq!(shortened(&lines), short);
        let alike = [format!("{a} → {}ff", &a[..62])];
        assert_eq!(shortened(&alike), alike);
    }
}
