//! What `/metrics` counts, read strictly.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::json;

use streamflow::hash::RunId;

use crate::world::{NO_PAYMENTS, Server, World, template};

/// Samples by name and labels as they stand, of a text that keeps to format 0.0.4.
struct Metrics {
    samples: BTreeMap<String, f64>,
    kinds: BTreeMap<String, String>,
}

impl Metrics {
    fn of(server: &Server) -> Self {
        let reply = server.get("/metrics");
        assert_eq!(reply.status, 200);
        let kind = reply.header("content-type").unwrap();
        assert_eq!(kind, "text/plain; version=0.0.4; charset=utf-8");
        Self::parse(&reply.body)
    }

    fn parse(text: &str) -> Self {
        assert!(text.ends_with('\n'));
        let (mut samples, mut kinds) = (BTreeMap::new(), BTreeMap::new());
        let mut family = String::new();
        let mut lines = text.lines();
        while let Some(line) = lines.next() {
            if let Some(rest) = line.strip_prefix("# HELP ") {
                let (name, help) = rest.split_once(' ').unwrap();
                assert!(help.ends_with('.') && !help.contains('\\'), "{line}");
                let kind = lines.next().unwrap();
                let kind = kind.strip_prefix(&format!("# TYPE {name} ")).unwrap();
                assert!(["counter", "gauge", "histogram", "summary"].contains(&kind));
                assert_eq!(kind == "counter", name.ends_with("_total"), "{name}");
                let twice = kinds.insert(name.to_string(), kind.to_string());
                assert_eq!(twice, None, "{name} has two heads");
                family = name.to_string();
                continue;
            }
            let (series, number) = line.rsplit_once(' ').unwrap();
            let (name, labels) = series.split_once('{').unwrap_or((series, "}"));
            let suffix = name.strip_prefix(&family).unwrap();
            let suffixes: &[&str] = match kinds[&family].as_str() {
                "histogram" => &["_bucket", "_sum", "_count"],
                "summary" => &["_sum", "_count"],
                _ => &[""],
            };
            assert!(suffixes.contains(&suffix), "{line}");
            assert_labels(labels.strip_suffix('}').unwrap());
            let number: f64 = number.parse().unwrap();
            let twice = samples.insert(series.to_string(), number);
            assert_eq!(twice, None, "{series} stands twice");
        }
        let metrics = Self { samples, kinds };
        metrics.assert_histograms(text);
        metrics
    }

    /// Buckets ascend to `+Inf`, which is the count.
    fn assert_histograms(&self, text: &str) {
        let histograms = self.kinds.iter().filter(|(_, kind)| *kind == "histogram");
        for (name, _) in histograms {
            let start = format!("{name}_bucket{{");
            let mut before: BTreeMap<&str, (f64, f64)> = BTreeMap::new();
            for line in text.lines().filter(|line| line.starts_with(&start)) {
                let (labels, rest) = line[start.len()..].split_once(",le=\"").unwrap();
                let (bound, count) = rest.split_once("\"} ").unwrap();
                let bound: f64 = bound.trim_start_matches('+').parse().unwrap();
                let count: f64 = count.parse().unwrap();
                if let Some((below, fewer)) = before.insert(labels, (bound, count)) {
                    assert!(bound > below && count >= fewer, "{line}");
                }
            }
            for (labels, (bound, count)) in before {
                assert_eq!(bound, f64::INFINITY);
                assert_eq!(self.get(&format!("{name}_count{{{labels}}}")), count);
                self.get(&format!("{name}_sum{{{labels}}}"));
            }
        }
    }

    fn get(&self, series: &str) -> f64 {
        let found = self.samples.get(series);
        *found.unwrap_or_else(|| panic!("no {series} in {:#?}", self.samples))
    }

    /// The values of one label.
    fn values(&self, label: &str) -> BTreeSet<&str> {
        let start = format!("{label}=\"");
        let found = self.samples.keys().filter_map(|series| {
            let at = series.find(&start)?;
            series[at + start.len()..].split('"').next()
        });
        found.collect()
    }
}

fn assert_labels(labels: &str) {
    for label in labels.split(',').filter(|label| !label.is_empty()) {
        let (name, value) = label.split_once("=\"").unwrap();
        assert!(
            name.bytes().all(|byte| byte.is_ascii_lowercase()),
            "{label}"
        );
        let value = value.strip_suffix('"').unwrap();
        assert!(!value.is_empty() && !value.contains(['"', '\\']), "{label}");
    }
}

#[test]
fn what_a_run_says_is_counted() {
    let (strict, lenient) = (template().strict, template().lenient);
    let world = World::ready(lenient, "2024-01-31");
    let server = world.serve();
    let zero = Metrics::of(&server);
    let count = format!("model_prediction_probability_count{{run=\"{lenient}\"}}");
    assert_eq!(zero.get(&count), 0.0);

    let mut ids = world.ids("2024-01-31");
    ids.truncate(20);
    ids.push("nobody".to_string());
    let answer = server.predict(&json!({ "user_ids": ids })).json();
    let answers = answer["predictions"].as_array().unwrap();
    let answers = &answers[..20];
    let metrics = Metrics::of(&server);
    assert_eq!(metrics.get(&count), 20.0);
    let probabilities = answers
        .iter()
        .map(|one| one["probability"].as_f64().unwrap());
    let below = probabilities.clone().filter(|one| *one <= 0.25).count();
    assert!(below > 0 && below < 20, "{below}");
    let bucket = format!("model_prediction_probability_bucket{{run=\"{lenient}\",le=\"0.25\"}}");
    assert_eq!(metrics.get(&bucket), below as f64);
    let sum = metrics.get(&count.replace("_count", "_sum"));
    assert!((sum - probabilities.sum::<f64>()).abs() < 1e-9);

    let refused = |metrics: &Metrics, run: RunId, why: &str| {
        metrics.get(&format!(
            "model_refusals_total{{run=\"{run}\",reason=\"{why}\"}}"
        ))
    };
    assert_eq!(refused(&metrics, lenient, "unknown_entity"), 1.0);
    assert_eq!(refused(&metrics, lenient, "missing_features"), 0.0);

    // Each feature was imputed as often as replies say, and each value had a status.
    let mut imputed: BTreeMap<&str, f64> = BTreeMap::new();
    for one in answers {
        for name in one["imputed"].as_array().unwrap() {
            *imputed.entry(name.as_str().unwrap()).or_default() += 1.0;
        }
    }
    assert!(!imputed.is_empty());
    let used = answers[0]["features_used"].as_object().unwrap();
    for name in used.keys() {
        let series = format!("model_imputed_values_total{{run=\"{lenient}\",feature=\"{name}\"}}");
        let said = imputed.get(name.as_str()).copied();
        assert_eq!(metrics.get(&series), said.unwrap_or(0.0), "{name}");
    }
    let statuses = |metrics: &Metrics, run: RunId| {
        ["present", "null", "expired", "not_found", "request"].map(|status| {
            metrics.get(&format!(
                "model_values_total{{run=\"{run}\",status=\"{status}\"}}"
            ))
        })
    };
    let [present, null, expired, not_found, request] = statuses(&metrics, lenient);
    assert_eq!((expired, request), (0.0, 0.0));
    assert_eq!(null + not_found, imputed.values().sum::<f64>());
    assert_eq!(present + null + not_found, 20.0 * used.len() as f64);

    // Another run has counts of its own, and what was refused tells why.
    world.pin(strict);
    server.wait_for("/ready", |answer| answer["run"] == strict.to_string());
    let refusal = server.predict(&json!({ "user_id": NO_PAYMENTS }));
    refusal.problem(422, "missing-features");
    let metrics = Metrics::of(&server);
    assert_eq!(refused(&metrics, strict, "missing_features"), 1.0);
    assert_eq!(statuses(&metrics, strict)[3], 2.0);
    assert_eq!(metrics.get(&count), 20.0);

    // Back to the first one, which goes on where it was.
    world.pin(lenient);
    server.wait_for("/ready", |answer| answer["run"] == lenient.to_string());
    assert_eq!(server.predict(&json!({ "user_id": ids[0] })).status, 200);
    assert_eq!(Metrics::of(&server).get(&count), 21.0);
}

#[test]
fn expired_values_are_counted() {
    let world = World::ready(template().strict, "2024-03-31");
    let server = world.serve();
    let departed = world.departed();
    server
        .predict(&json!({ "user_id": departed }))
        .problem(422, "missing-features");
    let metrics = Metrics::of(&server);
    let run = template().strict;
    let expired = metrics.get(&format!(
        "model_values_total{{run=\"{run}\",status=\"expired\"}}"
    ));
    assert!(expired >= 1.0);
}

/// Whatever is asked, there are no more series than routes, methods and statuses.
#[test]
fn clients_make_no_series() {
    let world = World::ready(template().lenient, "2024-01-31");
    let server = world.serve();
    for n in 0..50 {
        server.get(&format!("/no/{n}"));
        server.get(&format!("/features/{n}\"}} 1"));
        server.get(&format!("/features/{n}"));
        server.request(&format!("BREW{n}"), "/predict", "", "");
        server.get(&format!("/v2/models/m{n}/versions/{n}"));
    }
    server.raw(b"no request\r\n\r\n");
    let metrics = Metrics::of(&server);
    let routes = metrics.values("route");
    assert_eq!(routes.len(), 22, "{routes:?}");
    let methods = metrics.values("method");
    assert!(
        methods.is_subset(&BTreeSet::from(["GET", "POST", "other"])),
        "{methods:?}"
    );
    let none = "api_requests_total{route=\"none\",method=\"GET\",status=\"404\"}";
    assert_eq!(metrics.get(none), 50.0);
    let brewed = "api_requests_total{route=\"/predict\",method=\"other\",status=\"405\"}";
    assert_eq!(metrics.get(brewed), 50.0);
    let latencies = "api_request_latency_seconds_bucket{route=\"/features/{id}\",le=\"0.00005\"}";
    metrics.get(latencies);
}

/// Alerts and dashboard ask for metrics that there are.
#[test]
fn what_is_watched_and_drawn_is_counted() {
    let world = World::ready(template().lenient, "2024-01-31");
    let server = world.serve();
    let metrics = Metrics::of(&server);
    for text in [
        include_str!("../../deploy/alerts.yml"),
        include_str!("../../deploy/grafana/streamflow.json"),
    ] {
        let words = text.split(|letter: char| !letter.is_ascii_lowercase() && letter != '_');
        let ours = |word: &&str| {
            let starts = ["api_", "model_", "streamflow_"];
            starts.iter().any(|start| word.starts_with(start))
        };
        let names: BTreeSet<&str> = words.filter(ours).collect();
        assert!(names.len() >= 6, "{names:?}");
        for name in names {
            let suffixes = ["_bucket", "_sum", "_count"];
            let family = suffixes.iter().find_map(|suffix| name.strip_suffix(suffix));
            let family = family.unwrap_or(name);
            assert!(metrics.kinds.contains_key(family), "{name}");
        }
    }
}
