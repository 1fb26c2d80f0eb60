//! What chance does to the numbers of a run.

use serde_json::{Value, json};

use super::style::{Table, dim, fixed};
use crate::definition::METRICS;
use crate::hash::{Digest, RunId};
use crate::run::{Band, Family};

/// `"family"` of a run that was repeated.
pub fn family_document(family: &Family) -> Value {
    let band = family.band();
    json!({
        "base": band.base,
        "n": band.n,
        "varied": band.varied,
        "runs": family.runs,
        "metrics": band.metrics,
    })
}

/// `over 10 runs, model.seed and split.seed varied`, and mean, deviation and range of each metric.
///
/// `run` is the one it is shown for: a member is told whose family it is.
pub fn band_text(band: &Band, run: RunId) -> String {
    let varied = band.varied.join(" and ");
    let mut text = if run == band.base {
        format!("  over {} runs, {varied} varied\n", band.n)
    } else {
        let base = band.base.short();
        format!(
            "  one of {} runs of family {base}, {varied} varied\n",
            band.n
        )
    };
    let mut table = Table::default();
    table.row().left("");
    for header in ["mean", "±", "min", "max"] {
        table.right(dim(header));
    }
    for name in METRICS {
        if let Some(spread) = band.metrics.get(name) {
            table.row().left(name);
            for value in [spread.mean, spread.sd, spread.min, spread.max] {
                table.right(fixed(value));
            }
            if spread.n < band.n {
                table.left(dim(format!("in {} of them", spread.n)));
            }
        }
    }
    text.push_str(&table.render(2));
    text
}
