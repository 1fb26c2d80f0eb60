//! Rows that were predicted alike, put together.
//!
//! As many rows in each group as the values allow, so that no group says more by chance than the
//! others: the edges are the tenths of the predictions, with linear interpolation, and equal
//! predictions stay together. `calibration_curve(…, n_bins=10, strategy="quantile")` of
//! scikit-learn.

use serde::Serialize;

/// Groups at most.
const GROUPS: usize = 10;

/// Rows between two tenths of the predictions.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Quantile {
    pub rows: u64,
    /// The mean of what was predicted.
    pub predicted: f64,
    /// The mean of what happened; of labels, the share that is true.
    pub observed: f64,
    /// Of labels, where that share lies with 95 %, the rows being drawn from all there could be:
    /// Wilson, JASA 22 (1927).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub interval: Option<[f64; 2]>,
}

pub fn of_labels(labels: &[bool], probabilities: &[f64]) -> Vec<Quantile> {
    let truth: Vec<f64> = labels
        .iter()
        .map(|label| f64::from(u8::from(*label)))
        .collect();
    let mut groups = of_numbers(&truth, probabilities);
    for group in &mut groups {
        group.interval = Some(wilson(group.observed, group.rows as f64));
    }
    groups
}

/// Groups without rows are left out. Sums run in the order of the rows.
pub fn of_numbers(truth: &[f64], predictions: &[f64]) -> Vec<Quantile> {
    let mut sorted = predictions.to_vec();
    sorted.sort_unstable_by(f64::total_cmp);
    let edges: Vec<f64> = (1..GROUPS).map(|tenth| quantile(&sorted, tenth)).collect();
    let mut sums = [(0_u64, 0.0, 0.0); GROUPS];
    for (truth, prediction) in truth.iter().zip(predictions) {
        let (rows, predicted, observed) =
            &mut sums[edges.partition_point(|edge| edge < prediction)];
        *rows += 1;
        *predicted += prediction;
        *observed += truth;
    }
    let filled = sums.into_iter().filter(|(rows, _, _)| *rows > 0);
    filled
        .map(|(rows, predicted, observed)| Quantile {
            rows,
            predicted: predicted / rows as f64,
            observed: observed / rows as f64,
            interval: None,
        })
        .collect()
}

/// So many tenths of sorted values lie below; 0 without values. NumPy's arithmetic, to the bit.
fn quantile(sorted: &[f64], tenths: usize) -> f64 {
    let Some(last) = sorted.len().checked_sub(1) else {
        return 0.0;
    };
    let (below, rest) = (tenths * last / GROUPS, tenths * last % GROUPS);
    let (low, high) = (sorted[below], sorted[(below + 1).min(last)]);
    let share = rest as f64 / GROUPS as f64;
    match share < 0.5 {
        true => low + (high - low) * share,
        false => high - (high - low) * (1.0 - share),
    }
}

/// The 95 % interval of a share of rows.
fn wilson(share: f64, rows: f64) -> [f64; 2] {
    const Z: f64 = 1.959_963_984_540_054;
    let wider = 1.0 + Z * Z / rows;
    let center = (share + Z * Z / (2.0 * rows)) / wider;
    let spread = Z * (share * (1.0 - share) / rows + Z * Z / (4.0 * rows * rows)).sqrt() / wider;
    // Of none and of all, rounding alone would leave the shares.
    [(center - spread).max(0.0), (center + spread).min(1.0)]
}
