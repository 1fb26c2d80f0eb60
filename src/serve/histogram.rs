//! Observations in buckets, counted without a lock.

use std::fmt::Write;
use std::sync::atomic::{AtomicU64, Ordering};

/// How often numbers fell between bounds, and their sum.
///
/// What is read while others count is no single instant's: a count may be one ahead of the sum.
/// Counts never go back.
#[derive(Debug)]
pub struct Histogram {
    /// Upper bounds, ascending; a number that equals one is below it.
    bounds: &'static [f64],
    /// Not cumulative; the last counts what is above every bound.
    counts: Box<[AtomicU64]>,
    sum: Sum,
}

impl Histogram {
    pub fn new(bounds: &'static [f64]) -> Self {
        let counts = (0..=bounds.len()).map(|_| AtomicU64::new(0));
        Self {
            bounds,
            counts: counts.collect(),
            sum: Sum::default(),
        }
    }

    pub fn observe(&self, number: f64) {
        let bucket = self.bounds.partition_point(|bound| *bound < number);
        self.counts[bucket].fetch_add(1, Ordering::Relaxed);
        self.sum.add(number);
    }

    /// Its lines as Prometheus reads them. `labels` are inside braces, such as `route="/model"`; there
    /// is at least one.
    pub fn render(&self, text: &mut String, name: &str, labels: &str) {
        let bounds = self.bounds.iter().map(ToString::to_string);
        let bounds = bounds.chain(["+Inf".to_string()]);
        let mut below = 0;
        let write = || {
            for (bound, count) in bounds.zip(&self.counts) {
                below += count.load(Ordering::Relaxed);
                writeln!(text, "{name}_bucket{{{labels},le=\"{bound}\"}} {below}")?;
            }
            writeln!(text, "{name}_sum{{{labels}}} {}", self.sum.get())?;
            writeln!(text, "{name}_count{{{labels}}} {below}")
        };
        write().expect("writing to a string does not fail");
    }
}

/// A sum of numbers that threads add to.
#[derive(Debug, Default)]
pub struct Sum(AtomicU64);

impl Sum {
    pub fn add(&self, number: f64) {
        let add = |bits| Some((f64::from_bits(bits) + number).to_bits());
        let added = self
            .0
            .fetch_update(Ordering::Relaxed, Ordering::Relaxed, add);
        debug_assert!(added.is_ok(), "there always is a next value");
    }

    pub fn get(&self) -> f64 {
        f64::from_bits(self.0.load(Ordering::Relaxed))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_histogram_is_cumulative_and_ends_with_everything() {
        let histogram = Histogram::new(&[0.000_005, 0.5, 1.0]);
        for number in [0.000_005, 0.25, 0.5, 0.75, 9.0] {
            histogram.observe(number);
        }
        let mut text = String::new();
        histogram.render(&mut text, "n", "a=\"b\"");
        let wanted = "n_bucket{a=\"b\",le=\"0.000005\"} 1
n_bucket{a=\"b\",le=\"0.5\"} 3
n_bucket{a=\"b\",le=\"1\"} 4
n_bucket{a=\"b\",le=\"+Inf\"} 5
n_sum{a=\"b\"} 10.500005
n_count{a=\"b\"} 5
";
        assert_eq!(text, wanted);
    }

    #[test]
    fn threads_that_add_lose_nothing() {
        let histogram = Histogram::new(&[1.0]);
        std::thread::scope(|scope| {
            for _ in 0..4 {
                scope.spawn(|| (0..1000).for_each(|_| histogram.observe(0.5)));
            }
        });
        let mut text = String::new();
        histogram.render(&mut text, "n", "a=\"b\"");
        assert!(
            text.ends_with("n_sum{a=\"b\"} 2000\nn_count{a=\"b\"} 4000\n"),
            "{text}"
        );
    }
}
