//! Values below which a share of all lies.

/// The values in order.
pub fn sorted(values: &[f64]) -> Vec<f64> {
    let mut sorted = values.to_vec();
    sorted.sort_unstable_by(f64::total_cmp);
    sorted
}

/// Between the two values around the place (n − 1) · share in proportion: type 7 of Hyndman and Fan 1996, the
/// default of numpy. `sorted` is not empty.
pub fn quantile(sorted: &[f64], share: f64) -> f64 {
    let place = (sorted.len() - 1) as f64 * share;
    let below = place.floor() as usize;
    let above = (below + 1).min(sorted.len() - 1);
    let part = place - below as f64;
    between(sorted[below], sorted[above], part)
}

/// So far on the way from `low` to `high`. Weights in place of a difference, which could overflow; held
/// between the two, which rounding could leave.
pub fn between(low: f64, high: f64, part: f64) -> f64 {
    (low * (1.0 - part) + high * part).clamp(low, high)
}
