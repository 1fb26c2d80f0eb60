//! Two dates compared: a screen, a document, a page.

mod document;
mod live;
mod mark;
mod page;
mod screen;

use std::path::Path;

pub use document::drift_document;
pub use live::{live_drift_document, live_drift_error, live_drift_text};
pub use page::drift_page;
pub use screen::drift_text;

use crate::drift::{DEFAULT_SHARE, DEFAULT_THRESHOLD, Method, Pair, Rule};
use crate::error::{Error, Kind};
use crate::online::Drift;

/// What stops a scheduler: the data has drifted.
pub fn drift_error(drift: &Drift, page: Option<&Path>) -> Option<Error> {
    if !drift.drifted() {
        return None;
    }
    let error = Error::new(
        Kind::Drift,
        format!("the data has drifted: {}", counted(drift)),
    );
    let error = match page {
        Some(_) => error,
        None => error.help(format!("histograms: {}", page_command(drift))),
    };
    let current = drift.dates.current;
    Some(match &drift.experiment {
        Some(name) => error.help(format!(
            "train on the new date: `streamflow run {name} --set as_of={current}`"
        )),
        None => error,
    })
}

/// `4 of 11 columns (36 %, limit 50 %)`.
fn counted(drift: &Drift) -> String {
    let target = match drift.target_drifted() {
        true => ", and the target",
        false => "",
    };
    format!(
        "{} of {} columns ({}, limit {}){target}",
        drift.drifted_columns(),
        drift.columns.len(),
        percent(drift.drifted_share()),
        percent(drift.share)
    )
}

/// When a column has drifted, in words.
fn rule_in_words(rule: Rule) -> String {
    let threshold = rule.threshold;
    let significance = crate::drift::SIGNIFICANCE;
    match rule.method {
        Method::Psi => format!("A column drifts at PSI ≥ {threshold} with p < {significance}."),
        Method::Effect => {
            format!("A column drifts at an effect ≥ {threshold} with p < {significance}.")
        }
        Method::Evidently => "A column drifts where Evidently's test says so.".to_string(),
    }
}

/// The command that writes the report, with what was asked for.
fn page_command(drift: &Drift) -> String {
    let Pair { reference, current } = drift.dates;
    let mut command = format!("streamflow drift --reference {reference} --current {current}");
    if let Some(name) = &drift.experiment {
        command.push_str(&format!(" --experiment {name}"));
    }
    let Rule { method, threshold } = drift.rule;
    if method != Method::Psi {
        command.push_str(&format!(" --method {}", method.as_str()));
    }
    if threshold != DEFAULT_THRESHOLD {
        command.push_str(&format!(" --threshold {threshold}"));
    }
    if drift.share != DEFAULT_SHARE {
        command.push_str(&format!(" --share {}", drift.share));
    }
    format!("`{command} -o drift.html`")
}

/// `36 %`; what that would round to 0 or to 100 with a digit more, or as less than the least.
fn percent(share: f64) -> String {
    let percent = share * 100.0;
    let whole = percent.round();
    if percent > 0.0 && percent < 0.05 {
        return "<0.1 %".to_string();
    }
    match (percent - whole).abs() < 1e-9 || (1.0..99.0).contains(&percent) {
        true => format!("{whole:.0} %"),
        false => format!("{percent:.1} %"),
    }
}

/// `0.0421`, `12.3`, `3e-9`, `< 1e-99`: four digits after the point while they show something.
fn number(value: f64) -> String {
    match value {
        0.0 => "0".to_string(),
        value if value < 1e-99 => "< 1e-99".to_string(),
        value if value < 0.00005 => format!("{value:.0e}"),
        value if value < 10.0 => format!("{value:.4}"),
        value => format!("{value:.1}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_never_rounded_to_nothing() {
        let shown = [0.0, 1e-300, 3.4e-9, 0.00005, 0.04214, 9.99999, 12.34].map(number);
        let wanted = [
            "0", "< 1e-99", "3e-9", "0.0001", "0.0421", "10.0000", "12.3",
        ];
        assert_eq!(shown, wanted);
        let shown = [0.0, 0.0002, 0.004, 0.364, 0.996, 1.0].map(percent);
        assert_eq!(shown, ["0 %", "<0.1 %", "0.4 %", "36 %", "99.6 %", "100 %"]);
    }
}
