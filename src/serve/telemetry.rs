//! Counters as Prometheus reads them.

use std::collections::BTreeMap;
use std::fmt::Write;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, PoisonError};

use super::freshness;
use super::state::State;

/// Upper bounds of the latency histogram, in seconds.
const BUCKETS: [f64; 14] = [
    0.00005, 0.0001, 0.00025, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 1.0, 5.0,
];

/// Route, method, status.
type Series = (&'static str, &'static str, u16);

#[derive(Debug, Clone, Copy, Default)]
struct Latency {
    /// Not cumulative; the last counts what is above every bound.
    counts: [u64; BUCKETS.len() + 1],
    sum: f64,
}

#[derive(Debug, Default)]
struct Requests {
    totals: BTreeMap<Series, u64>,
    latencies: BTreeMap<&'static str, Latency>,
}

/// What the server counts.
#[derive(Debug, Default)]
pub struct Telemetry {
    requests: Mutex<Requests>,
    swaps: AtomicU64,
    failed_loads: AtomicU64,
}

impl Telemetry {
    /// Counts a request that was answered.
    pub fn count(&self, route: &'static str, method: &str, status: u16, seconds: f64) {
        let method = known_method(method);
        let mut requests = self.requests.lock().unwrap_or_else(PoisonError::into_inner);
        *requests.totals.entry((route, method, status)).or_default() += 1;
        let latency = requests.latencies.entry(route).or_default();
        let bucket = BUCKETS.partition_point(|bound| *bound < seconds);
        latency.counts[bucket] += 1;
        latency.sum += seconds;
    }

    pub fn count_swap(&self) {
        self.swaps.fetch_add(1, Ordering::Relaxed);
    }

    pub fn count_failed_load(&self) {
        self.failed_loads.fetch_add(1, Ordering::Relaxed);
    }

    /// Requests answered so far.
    pub fn answered(&self) -> u64 {
        let requests = self.requests.lock().unwrap_or_else(PoisonError::into_inner);
        requests.totals.values().sum()
    }

    /// The text of `/metrics`.
    pub fn render(&self, state: &State, connections: usize) -> String {
        let mut text = String::new();
        {
            let requests = self.requests.lock().unwrap_or_else(PoisonError::into_inner);
            render_totals(&mut text, &requests.totals);
            render_latencies(&mut text, &requests.latencies);
        }
        metric(
            &mut text,
            "api_connections",
            "gauge",
            "Open connections.",
            &[(String::new(), connections as f64)],
        );
        metric(
            &mut text,
            "model_swaps_total",
            "counter",
            "Times another pair of pin and values came to serve.",
            &[(String::new(), self.swaps.load(Ordering::Relaxed) as f64)],
        );
        metric(
            &mut text,
            "model_load_failures_total",
            "counter",
            "Times a new pair could not be loaded.",
            &[(
                String::new(),
                self.failed_loads.load(Ordering::Relaxed) as f64,
            )],
        );
        metric(
            &mut text,
            "model_load_failing",
            "gauge",
            "1 while the pair that is pinned and materialized now cannot be loaded, and an earlier one answers.",
            &[(String::new(), f64::from(u8::from(state.failed.is_some())))],
        );
        render_model(&mut text, state);
        if let Some(view) = &state.view {
            freshness::render(&mut text, view);
        }
        text
    }
}

fn known_method(method: &str) -> &'static str {
    ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"]
        .into_iter()
        .find(|known| *known == method)
        .unwrap_or("other")
}

pub(super) fn metric(
    text: &mut String,
    name: &str,
    kind: &str,
    help: &str,
    series: &[(String, f64)],
) {
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

fn render_latencies(text: &mut String, latencies: &BTreeMap<&'static str, Latency>) {
    const NAME: &str = "api_request_latency_seconds";
    metric(
        text,
        NAME,
        "histogram",
        "From a request read to its reply made.",
        &[],
    );
    for (route, latency) in latencies {
        let mut below = 0;
        let bounds = BUCKETS.iter().map(ToString::to_string);
        let bounds = bounds.chain(["+Inf".to_string()]);
        let write = || {
            for (bound, count) in bounds.zip(latency.counts) {
                below += count;
                writeln!(
                    text,
                    "{NAME}_bucket{{route=\"{route}\",le=\"{bound}\"}} {below}"
                )?;
            }
            writeln!(text, "{NAME}_sum{{route=\"{route}\"}} {}", latency.sum)?;
            writeln!(text, "{NAME}_count{{route=\"{route}\"}} {below}")
        };
        write().expect("writing to a string does not fail");
    }
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
    fn a_histogram_is_cumulative_and_ends_with_everything() {
        let telemetry = Telemetry::default();
        for seconds in [0.00004, 0.00005, 0.0002, 9.0] {
            telemetry.count("/predict", "POST", 200, seconds);
        }
        telemetry.count("/predict", "BREW", 405, 0.1);
        let requests = telemetry.requests.lock().unwrap();
        let mut text = String::new();
        render_latencies(&mut text, &requests.latencies);
        render_totals(&mut text, &requests.totals);
        for line in [
            "api_request_latency_seconds_bucket{route=\"/predict\",le=\"0.00005\"} 2",
            "api_request_latency_seconds_bucket{route=\"/predict\",le=\"5\"} 4",
            "api_request_latency_seconds_bucket{route=\"/predict\",le=\"+Inf\"} 5",
            "api_request_latency_seconds_count{route=\"/predict\"} 5",
            "api_requests_total{route=\"/predict\",method=\"POST\",status=\"200\"} 4",
            "api_requests_total{route=\"/predict\",method=\"other\",status=\"405\"} 1",
        ] {
            assert!(text.lines().any(|found| found == line), "{line}\n{text}");
        }
    }
}
