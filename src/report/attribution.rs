//! Which change moved a metric, as bars.

use serde_json::{Value, json};

use super::style::{Table, bar, dim, dim_lines, plural, signed, wrap, yellow};
use crate::run::{Attribution, Share};

/// The longest bar, in characters.
const LONGEST: usize = 32;

/// `    Executing mixture 3`.
pub fn hybrid_text(number: usize) -> String {
    format!("    Executing mixture {number}")
}

/// The bars of one metric.
pub fn attribution_text(found: &Attribution, metric: &str) -> String {
    let mut text = format!("\nwhy {metric} moved\n");
    match found.metrics.get(metric).map(Vec::as_slice) {
        None => {
            let words =
                format!("some mixture of the two runs has no {metric}, so it cannot be split");
            text.push_str(&wrap("  ", &words));
        }
        Some([]) => text.push_str("  nothing differs that could have moved it\n"),
        Some(shares) => text.push_str(&bars(shares)),
    }
    text.push_str(&method_text(found));
    for merged in &found.merged {
        let words = format!("{} count as one: {}", merged.cause, merged.reason);
        text.push_str(&wrap(&format!("  {} ", yellow("notice")), &words));
    }
    text
}

fn bars(shares: &[Share]) -> String {
    let largest = shares
        .iter()
        .map(|share| share.delta.abs())
        .fold(0.0, f64::max);
    let mut table = Table::default();
    for share in shares {
        table.row().left(&share.cause).right(signed(share.delta));
        if let Some(error) = share.error {
            table.left(dim(format!("± {error:.4}")));
        }
        table.left(bar(
            share.delta.abs() / largest.max(f64::MIN_POSITIVE),
            LONGEST,
        ));
    }
    table.render(2)
}

fn method_text(found: &Attribution) -> String {
    let hybrids = plural(found.hybrids as u64, "mixture");
    let words = match found.permutations {
        None if found.hybrids == 0 => "the only cause, so all of it".to_string(),
        None => format!("Shapley values, exact: the two runs and {hybrids} of them"),
        Some(permutations) => format!(
            "Shapley values ± standard error over {permutations} permutations: the two runs and \
             {hybrids} of them"
        ),
    };
    dim_lines(&wrap("  ", &words))
}

/// `attribution` by metric, and how it was found.
pub fn attribution_document(found: &Attribution) -> Value {
    json!({
        "attribution": found.metrics,
        "attributed": {
            "method": found.method,
            "permutations": found.permutations,
            "hybrids": found.hybrids,
            "merged": found.merged,
        },
    })
}
