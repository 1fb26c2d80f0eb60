//! Counters as Prometheus reads them.

use std::collections::{BTreeMap, VecDeque};
use std::fmt::Write;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use super::comparison::{self, Comparison};
use super::freshness;
use super::histogram::Histogram;
use super::route::TEMPLATES;
use super::staged::Staged;
use super::state::{Pair, State};
use super::tally::{self, Tally};
use crate::compared::Runs;
use crate::live::Counts;

/// Upper bounds of the latency histogram, in seconds. Most replies are made in less than 100 µs, so it
/// is there that they lie close.
pub(super) const LATENCIES: [f64; 21] = [
    0.000_005, 0.000_01, 0.000_02, 0.000_03, 0.000_04, 0.000_05, 0.000_075, 0.0001, 0.000_15,
    0.000_25, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 1.0, 5.0,
];

/// Runs that are counted at a time: the one that answers, and those before it, so that a rollback goes
/// on with the counts it had.
const RUNS: usize = 8;

/// Route, method, status.
type Series = (&'static str, &'static str, u16);

/// Labels with their braces, and the number.
pub(super) type Sample = (String, f64);

/// What the server counts.
#[derive(Debug)]
pub struct Telemetry {
    totals: Mutex<BTreeMap<Series, u64>>,
    /// One for each route.
    latencies: [(&'static str, Histogram); TEMPLATES.len()],
    /// The newest last. Whoever answers holds its own.
    tallies: Mutex<VecDeque<Arc<Tally>>>,
    /// As many, of runs that are compared.
    comparisons: Mutex<VecDeque<Arc<Comparison>>>,
    refused_connections: AtomicU64,
    swaps: AtomicU64,
    failed_loads: AtomicU64,
    failed_staged_loads: AtomicU64,
}

impl Default for Telemetry {
    fn default() -> Self {
        Self {
            totals: Mutex::default(),
            latencies: TEMPLATES.map(|route| (route, Histogram::new(&LATENCIES))),
            tallies: Mutex::default(),
            comparisons: Mutex::default(),
            refused_connections: AtomicU64::default(),
            swaps: AtomicU64::default(),
            failed_loads: AtomicU64::default(),
            failed_staged_loads: AtomicU64::default(),
        }
    }
}

impl Telemetry {
    /// Counts a request that was answered.
    pub fn count(&self, route: &'static str, method: &str, status: u16, seconds: f64) {
        let method = known_method(method);
        *self.totals().entry((route, method, status)).or_default() += 1;
        let mut latencies = self.latencies.iter();
        if let Some((_, latency)) = latencies.find(|(known, _)| *known == route) {
            latency.observe(seconds);
        }
    }

    fn totals(&self) -> MutexGuard<'_, BTreeMap<Series, u64>> {
        self.totals.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn tallies(&self) -> MutexGuard<'_, VecDeque<Arc<Tally>>> {
        self.tallies.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The counts of a pair's run, which go on where they were; those of a run that has not answered
    /// for long are forgotten.
    pub fn tally_of(&self, pair: &Pair) -> Arc<Tally> {
        let is_own = |tally: &Tally| tally.run == pair.run();
        remembered(&mut self.tallies(), is_own, || Tally::of(pair))
    }

    fn comparisons(&self) -> MutexGuard<'_, VecDeque<Arc<Comparison>>> {
        let comparisons = self.comparisons.lock();
        comparisons.unwrap_or_else(PoisonError::into_inner)
    }

    /// By what a run in production and a staged one are compared, in the same way.
    pub fn comparison_of(&self, runs: &Runs) -> Arc<Comparison> {
        let is_own = |known: &Comparison| *known.runs == *runs;
        let new = || Comparison::new(runs.clone());
        remembered(&mut self.comparisons(), is_own, new)
    }

    /// Counts a connection that there was no room for.
    pub fn count_refused_connection(&self) {
        self.refused_connections.fetch_add(1, Ordering::Relaxed);
    }

    pub fn count_swap(&self) {
        self.swaps.fetch_add(1, Ordering::Relaxed);
    }

    pub fn count_failed_load(&self) {
        self.failed_loads.fetch_add(1, Ordering::Relaxed);
    }

    /// Counts a staged run that could not be loaded.
    pub fn count_failed_staged_load(&self) {
        self.failed_staged_loads.fetch_add(1, Ordering::Relaxed);
    }

    /// Requests answered so far.
    pub fn answered(&self) -> u64 {
        self.totals().values().sum()
    }

    /// The text of `/metrics`.
    pub fn render(&self, state: &State, connections: usize) -> String {
        let mut text = String::new();
        render_totals(&mut text, &self.totals());
        self.render_latencies(&mut text);
        let read = |count: &AtomicU64| count.load(Ordering::Relaxed) as f64;
        let failing = f64::from(u8::from(state.failed.is_some()));
        for (name, kind, help, number) in [
            (
                "api_connections",
                "gauge",
                "Open connections.",
                connections as f64,
            ),
            (
                "api_connections_refused_total",
                "counter",
                "Connections that were told there are too many.",
                read(&self.refused_connections),
            ),
            (
                "model_swaps_total",
                "counter",
                "Times another pair of pin and values came to serve.",
                read(&self.swaps),
            ),
            (
                "model_load_failures_total",
                "counter",
                "Times a new pair could not be loaded.",
                read(&self.failed_loads),
            ),
            (
                "model_load_failing",
                "gauge",
                "1 while the pair that is pinned and materialized now cannot be loaded, and an earlier one answers.",
                failing,
            ),
        ] {
            metric(&mut text, name, kind, help, &[(String::new(), number)]);
        }
        render_model(&mut text, state);
        if let Some(staged) = &state.staged {
            render_staged(&mut text, staged, read(&self.failed_staged_loads));
        }
        tally::render(&mut text, &self.tallies());
        comparison::render(&mut text, &self.comparisons());
        if let Some(view) = &state.view {
            freshness::render(&mut text, view);
        }
        text
    }

    fn render_latencies(&self, text: &mut String) {
        const NAME: &str = "api_request_latency_seconds";
        let help = "From a request read to its reply made.";
        metric(text, NAME, "histogram", help, &[]);
        for (route, latency) in &self.latencies {
            latency.render(text, NAME, &format!("route=\"{route}\""));
        }
    }
}

fn known_method(method: &str) -> &'static str {
    ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"]
        .into_iter()
        .find(|known| *known == method)
        .unwrap_or("other")
}

/// Writes a metric's head and its samples.
pub(super) fn metric(text: &mut String, name: &str, kind: &str, help: &str, series: &[Sample]) {
    let mut write = || {
        writeln!(text, "# HELP {name} {help}\n# TYPE {name} {kind}")?;
        for (labels, value) in series {
            writeln!(text, "{name}{labels} {value}")?;
        }
        Ok::<(), std::fmt::Error>(())
    };
    write().expect("writing to a string does not fail");
}

/// What is known of that kind, which becomes the newest; the oldest is forgotten for one that is new.
fn remembered<T>(
    all: &mut VecDeque<Arc<T>>,
    is_own: impl Fn(&T) -> bool,
    new: impl FnOnce() -> T,
) -> Arc<T> {
    let known = all.iter().position(|known| is_own(known));
    let found = known.and_then(|at| all.remove(at));
    let found = found.unwrap_or_else(|| Arc::new(new()));
    if all.len() == RUNS {
        all.pop_front();
    }
    all.push_back(Arc::clone(&found));
    found
}

fn render_totals(text: &mut String, totals: &BTreeMap<Series, u64>) {
    let series: Vec<(String, f64)> = totals
        .iter()
        .map(|((route, method, status), count)| {
            let labels = format!("{{route=\"{route}\",method=\"{method}\",status=\"{status}\"}}");
            (labels, *count as f64)
        })
        .collect();
    metric(
        text,
        "api_requests_total",
        "counter",
        "Requests by route, method and status.",
        &series,
    );
}

fn render_model(text: &mut String, state: &State) {
    let (info, as_of) = match &state.pair {
        Ok(pair) => {
            // Names and hashes hold nothing that would need escaping.
            let labels = format!(
                "{{model=\"{}\",run=\"{}\"}}",
                pair.pinned.model_name,
                pair.run()
            );
            let end = pair.view.as_of().end() as f64 / 1e6;
            (vec![(labels, 1.0)], vec![(String::new(), end)])
        }
        Err(_) => (Vec::new(), Vec::new()),
    };
    let help = "The run that answers.";
    metric(text, "model_info", "gauge", help, &info);
    let help = "The end of the day the values are of, in seconds since 1970.";
    metric(
        text,
        "model_values_timestamp_seconds",
        "gauge",
        help,
        &as_of,
    );
}

fn render_rows(text: &mut String, counts: Counts) {
    let dropped = counts.dropped_full + counts.dropped_unwritten;
    for (name, help, count) in [
        (
            "shadow_rows_written_total",
            "Rows of compared entities in files.",
            counts.written,
        ),
        (
            "shadow_rows_dropped_total",
            "Rows that came too fast, or could not be written.",
            dropped,
        ),
    ] {
        metric(
            text,
            name,
            "counter",
            help,
            &[(String::new(), count as f64)],
        );
    }
}

fn render_staged(text: &mut String, staged: &Staged, failures: f64) {
    let info = staged.pair.iter().map(|pair| {
        let (model, run) = (&pair.pinned.model_name, pair.run());
        (format!("{{model=\"{model}\",run=\"{run}\"}}"), 1.0)
    });
    let help = "The staged run beside the run that answers.";
    metric(
        text,
        "staged_info",
        "gauge",
        help,
        &info.collect::<Vec<_>>(),
    );
    let failing = f64::from(u8::from(staged.is_failing()));
    if let Some(shadow) = &staged.shadow {
        render_rows(text, shadow.queue.counts());
    }
    for (name, kind, help, number) in [
        (
            "staged_load_failures_total",
            "counter",
            "Times a staged run could not be loaded.",
            failures,
        ),
        (
            "staged_load_failing",
            "gauge",
            "1 while the staged run cannot be loaded, and production answers alone.",
            failing,
        ),
        (
            "canary_share",
            "gauge",
            "The share of entities that the staged run is to answer for.",
            staged.duty.canary,
        ),
    ] {
        metric(text, name, kind, help, &[(String::new(), number)]);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn routes_have_buckets_and_methods_are_few() {
        let telemetry = Telemetry::default();
        for seconds in [0.00004, 0.00005, 0.0002, 9.0] {
            telemetry.count("/predict", "POST", 200, seconds);
        }
        telemetry.count("/predict", "BREW", 405, 0.1);
        let mut text = String::new();
        telemetry.render_latencies(&mut text);
        render_totals(&mut text, &telemetry.totals());
        for line in [
            "api_request_latency_seconds_bucket{route=\"/predict\",le=\"0.000005\"} 0",
            "api_request_latency_seconds_bucket{route=\"/predict\",le=\"0.00005\"} 2",
            "api_request_latency_seconds_bucket{route=\"/predict\",le=\"5\"} 4",
            "api_request_latency_seconds_bucket{route=\"/predict\",le=\"+Inf\"} 5",
            "api_request_latency_seconds_count{route=\"/predict\"} 5",
            "api_request_latency_seconds_count{route=\"none\"} 0",
            "api_requests_total{route=\"/predict\",method=\"POST\",status=\"200\"} 4",
            "api_requests_total{route=\"/predict\",method=\"other\",status=\"405\"} 1",
        ] {
            assert!(text.lines().any(|found| found == line), "{line}\n{text}");
        }
    }
}
