//! Counters as Prometheus reads them.

use std::collections::{BTreeMap, VecDeque};
use std::fmt::Write;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use super::freshness;
use super::histogram::Histogram;
use super::route::TEMPLATES;
use super::state::{Pair, State};
use super::tally::{self, Tally};

/// Upper bounds of the latency histogram, in seconds. Most replies are made in less than 100 µs, so it
/// is there that they lie close.
const LATENCIES: [f64; 21] = [
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
    refused_connections: AtomicU64,
    swaps: AtomicU64,
    failed_loads: AtomicU64,
}

impl Default for Telemetry {
    fn default() -> Self {
        Self {
            totals: Mutex::default(),
            latencies: TEMPLATES.map(|route| (route, Histogram::new(&LATENCIES))),
            tallies: Mutex::default(),
            refused_connections: AtomicU64::default(),
            swaps: AtomicU64::default(),
            failed_loads: AtomicU64::default(),
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
        let mut tallies = self.tallies();
        let known = tallies.iter().position(|tally| tally.run == pair.run());
        let tally = known.and_then(|at| tallies.remove(at));
        let tally = tally.unwrap_or_else(|| Arc::new(Tally::of(pair)));
        if tallies.len() == RUNS {
            tallies.pop_front();
        }
        tallies.push_back(Arc::clone(&tally));
        tally
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
        tally::render(&mut text, &self.tallies());
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
