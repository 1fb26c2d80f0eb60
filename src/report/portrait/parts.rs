//! What the page of one run and that of two are made of.

use super::super::leakage::counted;
use super::super::page::{count, escaped};
use super::super::show::pinned_words;
use super::super::style::fixed;
use super::super::svg;
use super::Portrait;
use super::picture::Picture;
use crate::hash::Digest;
use crate::learn::Interval;

/// What these pages have beside all others.
pub fn style() -> String {
    format!("{}{}", include_str!("portrait.css"), svg::STYLE)
}

/// A heading with what stands below it.
pub fn section(title: &str, body: &str) -> String {
    format!("<section>\n<h2>{}</h2>\n{body}</section>\n", escaped(title))
}

/// The same, closed until somebody wants to see it.
pub fn folded(title: &str, body: &str) -> String {
    let title = escaped(title);
    format!("<details>\n<summary><h2>{title}</h2></summary>\n{body}</details>\n")
}

/// A table that may be wider than a telephone scrolls by itself. Cells are HTML; of each column
/// whether it holds numbers.
pub fn table(header: &[(&str, bool)], rows: &[Vec<String>]) -> String {
    let class = |column: usize| match header.get(column) {
        Some((_, true)) => " class=\"number\"",
        _ => "",
    };
    let mut text = "<div class=\"wide\"><table>\n".to_string();
    if header.iter().any(|(name, _)| !name.is_empty()) {
        let cells = header.iter().enumerate().map(|(column, (name, _))| {
            format!("<th scope=\"col\"{}>{}</th>", class(column), escaped(name))
        });
        text.push_str(&format!("<tr>{}</tr>\n", cells.collect::<String>()));
    }
    for row in rows {
        let cells = row.iter().enumerate().map(|(column, cell)| match column {
            0 => format!("<th scope=\"row\">{cell}</th>"),
            _ => format!("<td{}>{cell}</td>", class(column)),
        });
        text.push_str(&format!("<tr>{}</tr>\n", cells.collect::<String>()));
    }
    text + "</table></div>\n"
}

/// Text as code, which may go on below after each of its parts.
pub fn code(text: &str) -> String {
    format!("<code>{}</code>", breakable(text))
}

/// A name or a path that a narrow column may break after `_`, `.` and `/`.
pub fn breakable(text: &str) -> String {
    let mut broken = escaped(text);
    for end in ["_", ".", "/"] {
        broken = broken.replace(end, &format!("{end}<wbr>"));
    }
    broken
}

/// A hash as screens show it, whole where a pointer rests.
pub fn hash(text: &str) -> String {
    let short: String = text.chars().take(12).collect();
    format!(
        "<code title=\"{}\">{}</code>",
        escaped(text),
        escaped(&short)
    )
}

/// All pictures, as many beside each other as there is room for.
pub fn pictures(pictures: &[Picture]) -> String {
    let figure = |picture: &Picture| {
        let drawn = match &picture.drawn {
            Ok(svg) => svg.clone(),
            Err(reason) => format!("<p class=\"empty\">{}</p>\n", escaped(reason)),
        };
        format!(
            "<article id=\"{}\">\n<h2>{}</h2>\n<figure>\n{drawn}<figcaption>{}</figcaption>\n</figure>\n\
             </article>\n",
            picture.id,
            escaped(&picture.title),
            escaped(&picture.caption)
        )
    };
    let figures: String = pictures.iter().map(figure).collect();
    format!("<main>\n{figures}</main>\n")
}

/// What is worth a look, as sentences.
pub fn notices(sentences: &[String]) -> String {
    let notice = |sentence: &String| format!("<p class=\"notice\">{}</p>\n", escaped(sentence));
    sentences.iter().map(notice).collect()
}

/// `0.7243 to 0.8136`.
pub fn interval(interval: Option<&Interval>) -> String {
    interval.map_or("–".to_string(), |Interval { low, high, .. }| {
        format!("{} to {}", fixed(*low), fixed(*high))
    })
}

/// `14`, `14, and 2 derived`.
fn features(portrait: &Portrait) -> String {
    let spec = &portrait.spec;
    let of_tables = count(spec.features.len() as u64);
    match spec.preprocess.derived.len() as u64 {
        0 => of_tables,
        derived => format!("{of_tables}, and {} derived", count(derived)),
    }
}

/// What a run is, in short: each fact with its words, as HTML.
pub fn facts(portrait: &Portrait) -> Vec<(&'static str, String)> {
    let (known, view, spec) = (portrait.known(), &portrait.view, &portrait.spec);
    let dates: Vec<String> = known.as_of().iter().map(ToString::to_string).collect();
    let report = &portrait.report;
    let mut facts = vec![
        ("experiment", breakable(known.experiment.as_str())),
        ("run", hash(&known.run.to_string())),
        ("as of", escaped(&dates.join(", "))),
        ("label", label(portrait)),
        ("model", breakable(spec.model.kind)),
        ("features", features(portrait)),
        (
            "rows",
            format!("train {}, test {}", count(report.train), count(report.test)),
        ),
    ];
    if let Some(execution) = known.shown_execution() {
        facts.push(("executed", format!("{} UTC", execution.at.to_minute())));
    }
    facts.push((
        "code",
        view.commit.as_ref().map_or_else(
            || "no commit holds definitions that give this run".to_string(),
            |commit| format!("commit {}", hash(&commit.to_string())),
        ),
    ));
    if let Some(environment) = known.environment() {
        let words = format!(
            "streamflow {}, {}",
            environment.streamflow, environment.target
        );
        facts.push(("machine", escaped(&words)));
    }
    let pinned = pinned_words(&view.places);
    if !pinned.is_empty() {
        facts.push(("pinned", breakable(&pinned.join(", "))));
    }
    let proof = match (known.has_two_results(), view.reproduced()) {
        (true, _) => "executions gave different outputs",
        (false, true) => "yes, by an execution of its own",
        (false, false) => "not yet",
    };
    facts.push(("reproduced", proof.to_string()));
    if let Some(leakage) = &view.leakage {
        facts.push((
            "leakage",
            escaped(&counted(leakage, report.test).join("; ")),
        ));
    }
    facts
}

/// `labels.churn_label, 26.5 % of the test rows`.
fn label(portrait: &Portrait) -> String {
    let label = &portrait.spec.label;
    let mut words = code(&format!("{}.{}", label.table, label.column));
    if let Some(positive) = &label.positive {
        words.push_str(&format!(" = {}", escaped(positive)));
    }
    if label.lead > 0 {
        words.push_str(&format!(", {} dates ahead", label.lead));
    }
    if let Some(share) = portrait.report.prevalence {
        words.push_str(&format!(", {:.1} % of the test rows", share * 100.0));
    }
    if let Some(classes) = &portrait.report.classes {
        words.push_str(&format!(", {} classes", classes.names.len()));
    }
    words
}

/// The tables a run read, with their files.
pub fn data(portrait: &Portrait) -> String {
    let rows: Vec<Vec<String>> = portrait
        .known()
        .record
        .data
        .iter()
        .map(|data| {
            let files = data.sources.iter().map(|source| {
                format!(
                    "<br>{} {}",
                    code(&source.path),
                    hash(&source.hash.to_string())
                )
            });
            let used = hash(&data.hash.to_string());
            vec![
                format!("{}<br>{}", breakable(data.table.as_str()), data.as_of),
                count(data.rows),
                format!("{used}{}", files.collect::<String>()),
            ]
        })
        .collect();
    let header = [
        ("table", false),
        ("rows", true),
        ("hash of the columns used, then the files", false),
    ];
    table(&header, &rows)
}

/// The commands that make a run again.
pub fn again(portrait: &Portrait) -> String {
    let known = portrait.known();
    let again = commands(&[
        format!("streamflow replay {}", known.run.short()),
        format!("streamflow run --locked {}", known.experiment),
    ]);
    format!(
        "{again}<p class=\"quiet\">The first executes this run again and compares every output; the second proves \
         what the lock holds, if it is this run.</p>\n"
    )
}

/// Lines to be typed, which go on below at spaces alone.
pub fn commands(lines: &[String]) -> String {
    let word = |word: &str| format!("<span>{}</span>", escaped(word));
    let line = |line: &String| line.split(' ').map(word).collect::<Vec<_>>().join(" ");
    let lines: Vec<String> = lines.iter().map(line).collect();
    format!("<pre>{}</pre>\n", lines.join("\n"))
}
