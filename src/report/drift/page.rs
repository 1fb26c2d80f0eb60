//! The HTML report: one file that asks nothing of the network.

use std::fmt::Write;

use super::super::page::{escaped, page};
use super::{counted, mark, number, percent, rule_in_words, screen};
use crate::drift::{Form, Histogram, Pair, Reason, shown};
use crate::hash::Digest;
use crate::online::{Drift, DriftedColumn, Rows};

const STYLE: &str = include_str!("drift.css");
const SCRIPT: &str = include_str!("drift.js");

/// Width and height of a histogram of numbers, in units of its drawing.
const WIDTH: f64 = 300.0;
const HEIGHT: f64 = 64.0;
/// Values that get a line of their own; the others share one.
const VALUES: usize = 8;

/// The whole page.
pub fn drift_page(drift: &Drift) -> String {
    let Pair { reference, current } = drift.dates;
    let mut cards = String::new();
    if let Some(target) = &drift.target {
        cards.push_str(&card(target, "target"));
    }
    for column in &drift.columns {
        cards.push_str(&card(column, ""));
    }
    let notices: String = drift
        .notices
        .iter()
        .map(|notice| format!("<p class=\"notice\">{}</p>\n", escaped(notice)))
        .collect();
    let body = format!(
        "{}{notices}{CONTROLS}<main id=\"cards\">\n{cards}</main>\n\
         <p id=\"none\" hidden>No column has that name.</p>\n<script>\n{SCRIPT}</script>\n",
        header(drift)
    );
    page(&format!("Drift {reference} → {current}"), STYLE, &body)
}

const CONTROLS: &str = r#"<form id="controls">
<label>Find <input type="search" id="find" autocomplete="off" placeholder="column"></label>
<label>Sort <select id="sort"><option value="">most severe first</option><option value="psi">PSI</option><option value="effect">effect</option><option value="missing">missing</option><option value="name">name</option></select></label>
<label><input type="checkbox" id="only"> drifted only</label>
<span class="key"><i class="reference"></i> reference <i class="current"></i> current</span>
</form>
"#;

fn header(drift: &Drift) -> String {
    let Pair { reference, current } = drift.dates;
    let (word, class) = match drift.drifted() {
        true => ("Drift", "drift"),
        false => ("No drift", "still"),
    };
    let of = match (&drift.experiment, drift.rows) {
        (Some(name), Rows::Labelled) => format!("features and label of {name}, labelled entities"),
        (Some(name), Rows::Entities) => format!("features of {name}, all entities"),
        (None, _) => "all features, all entities".to_string(),
    };
    let (by_evidently, scored) = drift.by_evidently();
    format!(
        "<header>\n<h1>{reference} <span>→</span> {current}</h1>\n\
         <p class=\"verdict {class}\"><b>{word}</b> {}</p>\n\
         <p>{}. {} By Evidently's defaults {by_evidently} of {scored} columns drift.</p>\n\
         <p class=\"hashes\">snapshots {} → {}</p>\n</header>\n",
        escaped(&counted(drift)),
        escaped(&of),
        escaped(&rule_in_words(drift.rule)),
        drift.snapshots.reference.short(),
        drift.snapshots.current.short(),
    )
}

fn card(column: &DriftedColumn, role: &str) -> String {
    let drift = &column.drift;
    let name = escaped(&column.name.to_string());
    let drifted = !column.reasons.is_empty();
    let of = |value: Option<f64>| value.map_or(-1.0, |value| value);
    let psi = of(drift.change.map(|change| change.psi));
    let effect = of(drift.change.map(|change| change.effect));
    let missing = (drift.missing.share.current - drift.missing.share.reference).abs();
    let class = if drifted { " class=\"drift\"" } else { "" };
    let role = match role {
        "" => String::new(),
        role => format!("<em>{role}</em> "),
    };
    let dtype = drift.dtype.as_str();
    let mut text = format!(
        "<article{class} data-name=\"{name}\" data-psi=\"{psi}\" data-effect=\"{effect}\" \
         data-missing=\"{missing}\">\n<h2>{role}{name} <small>{dtype}</small>{}</h2>\n",
        chips(&column.reasons)
    );
    text.push_str(&picture(column));
    text.push_str(&numbers(column));
    text.push_str("</article>\n");
    text
}

fn chips(reasons: &[Reason]) -> String {
    let chip = |reason: &Reason| match reason {
        Reason::Values => "<mark>drifted</mark>",
        Reason::Missing => "<mark>missing values</mark>",
    };
    reasons.iter().map(chip).collect()
}

fn numbers(column: &DriftedColumn) -> String {
    let drift = &column.drift;
    let (effect, test) = match drift.form {
        Form::Categorical => ("Total variation", "p, chi-square"),
        _ => ("Kolmogorov-Smirnov D", "p, Kolmogorov-Smirnov"),
    };
    let mut facts: Vec<(&str, String)> = Vec::new();
    match drift.change {
        Some(change) => facts.extend([
            ("PSI", number(change.psi)),
            (effect, number(change.effect)),
            (test, number(change.p)),
        ]),
        None => facts.push(("Values", "none at one of the dates".to_string())),
    }
    if let Some(score) = drift.evidently {
        let verdict = if score.drifted { "drift" } else { "no drift" };
        facts.push((
            mark::long(score.method),
            format!("{}, {verdict}", number(score.score)),
        ));
    }
    let Pair { reference, current } = drift.missing.share;
    facts.push((
        "Missing",
        format!("{} → {}", percent(reference), percent(current)),
    ));
    if let Some(mean) = drift.mean {
        facts.push((
            "Mean",
            format!("{} → {}", short(mean.reference), short(mean.current)),
        ));
    }
    facts.push(("Distinct", screen::rows(drift.distinct)));
    facts.push(("Rows", screen::rows(drift.rows)));
    let row =
        |(name, value): &(&str, String)| format!("<dt>{name}</dt><dd>{}</dd>", escaped(value));
    format!("<dl>{}</dl>\n", facts.iter().map(row).collect::<String>())
}

fn picture(column: &DriftedColumn) -> String {
    let drift = &column.drift;
    let end = |edge: Option<&f64>| {
        edge.map_or(String::new(), |edge| match drift.form {
            Form::Calendar => shown(drift.dtype, *edge),
            _ => short(*edge),
        })
    };
    match &drift.histogram {
        Histogram::Bins { edges, shares } => {
            outlines(shares, &end(edges.first()), &end(edges.last()))
        }
        Histogram::Values { values, shares, .. }
            if drift.form != Form::Categorical && values.len() > VALUES =>
        {
            let end = |value: Option<&String>| value.cloned().unwrap_or_default();
            outlines(shares, &end(values.first()), &end(values.last()))
        }
        Histogram::Values {
            values,
            shares,
            others,
        } => lines(values, shares, *others),
    }
}

/// The reference as a filled shape, the current date as a line over it. `first` and `last` stand
/// under the ends.
fn outlines(shares: &[Pair<f64>], first: &str, last: &str) -> String {
    let larger = |share: &Pair<f64>| share.reference.max(share.current);
    let top = shares.iter().map(larger).fold(0.0, f64::max);
    let outline = |one: fn(&Pair<f64>) -> f64| {
        let mut path = format!("M0 {HEIGHT}");
        for share in shares {
            let height = HEIGHT - one(share) / top.max(f64::MIN_POSITIVE) * (HEIGHT - 4.0);
            let width = WIDTH / shares.len() as f64;
            write!(path, "V{height:.1}h{width:.2}").expect("writing to a string does not fail");
        }
        path + &format!("V{HEIGHT}")
    };
    format!(
        "<figure><svg viewBox=\"0 0 {WIDTH} {HEIGHT}\" preserveAspectRatio=\"none\" role=\"img\" \
         aria-label=\"Histogram of both dates\"><path class=\"reference\" d=\"{}\"/>\
         <path class=\"current\" d=\"{}\"/></svg>\
         <figcaption><span>{}</span><span>{}</span></figcaption></figure>\n",
        outline(|share| share.reference),
        outline(|share| share.current),
        escaped(first),
        escaped(last),
    )
}

/// One line a value with a bar for each date.
fn lines(values: &[String], shares: &[Pair<f64>], others: Pair<f64>) -> String {
    let shown = values.len().min(VALUES);
    let rest = shares[shown..].iter().fold(others, |sum, share| Pair {
        reference: sum.reference + share.reference,
        current: sum.current + share.current,
    });
    let mut rows: Vec<(String, Pair<f64>)> = values[..shown]
        .iter()
        .zip(shares)
        .map(|(value, share)| (escaped(value), *share))
        .collect();
    if rest.reference > 0.0 || rest.current > 0.0 {
        rows.push(("<i>all others</i>".to_string(), rest));
    }
    let row = |(value, share): &(String, Pair<f64>)| {
        let bar = |class: &str, share: f64| {
            let width = share * 100.0;
            format!(
                "<rect class=\"{class}\" y=\"{}\" width=\"{width:.2}\" height=\"4\"/>",
                match class {
                    "reference" => 1,
                    _ => 6,
                }
            )
        };
        format!(
            "<tr><th>{value}</th><td><svg viewBox=\"0 0 100 11\" preserveAspectRatio=\"none\">{}{}</svg></td>\
             <td>{} → {}</td></tr>",
            bar("reference", share.reference),
            bar("current", share.current),
            percent(share.reference),
            percent(share.current)
        )
    };
    match rows.is_empty() {
        true => "<p class=\"empty\">No values.</p>\n".to_string(),
        false => format!(
            "<table>{}</table>\n",
            rows.iter().map(row).collect::<String>()
        ),
    }
}

/// A number as an axis has room for: four digits that count.
fn short(value: f64) -> String {
    match value.abs() {
        0.0 => "0".to_string(),
        size if !(0.001..1e6).contains(&size) => format!("{value:.2e}"),
        size if size >= 1000.0 => format!("{value:.0}"),
        size if size >= 100.0 => format!("{value:.1}"),
        size if size >= 10.0 => format!("{value:.2}"),
        _ => format!("{value:.3}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_stay_text_whatever_they_hold() {
        let text = "<script>alert(\"a\" & 'b')</script>";
        let wanted = "&lt;script&gt;alert(&quot;a&quot; &amp; &#39;b&#39;)&lt;/script&gt;";
        let page = lines(
            &[text.to_string()],
            &[Pair::new(0.5, 0.25)],
            Pair::default(),
        );
        assert!(page.contains(wanted) && !page.contains(text), "{page}");
    }

    #[test]
    fn axes_have_room_for_every_number() {
        let shown = [0.0, -1234.5, 99.999, 0.25, 1.5e-9, 2e12].map(short);
        assert_eq!(
            shown,
            ["0", "-1234", "100.00", "0.250", "1.50e-9", "2.00e12"]
        );
    }
}
