//! What two runs said of the same entities, counted for each pair of runs.

use std::collections::VecDeque;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use super::histogram::{Histogram, Sum};
use super::telemetry::{LATENCIES, Sample, metric};
use crate::compared::{Runs, Said, Side, Silence};

/// Upper bounds of differences between probabilities.
const DIFFERENCES: [f64; 18] = [
    -0.5, -0.25, -0.1, -0.05, -0.025, -0.01, -0.005, -0.001, 0.0, 0.001, 0.005, 0.01, 0.025, 0.05,
    0.1, 0.25, 0.5, 1.0,
];

/// What is counted of a run in production and a staged one. Nothing is locked.
#[derive(Debug)]
pub struct Comparison {
    pub runs: Arc<Runs>,
    compared: AtomicU64,
    disagreed: AtomicU64,
    dropped: AtomicU64,
    /// In the order of [`Silence::ALL`], by whose silence it was.
    silent_production: [AtomicU64; Silence::ALL.len()],
    silent_staged: [AtomicU64; Silence::ALL.len()],
    /// The staged run's probability less production's.
    differences: Histogram,
    /// The same of numbers.
    numbers: AtomicU64,
    numbers_sum: Sum,
    /// Seconds for an entity.
    production_latency: Histogram,
    staged_latency: Histogram,
}

impl Comparison {
    pub fn new(runs: Runs) -> Self {
        Self {
            runs: Arc::new(runs),
            compared: AtomicU64::default(),
            disagreed: AtomicU64::default(),
            dropped: AtomicU64::default(),
            silent_production: Default::default(),
            silent_staged: Default::default(),
            differences: Histogram::new(&DIFFERENCES),
            numbers: AtomicU64::default(),
            numbers_sum: Sum::default(),
            production_latency: Histogram::new(&LATENCIES),
            staged_latency: Histogram::new(&LATENCIES),
        }
    }

    /// Counts what both said of one entity.
    pub fn count(&self, production: &Said, staged: &Said) {
        self.compared.fetch_add(1, Ordering::Relaxed);
        if !production.agrees_with(staged) {
            self.disagreed.fetch_add(1, Ordering::Relaxed);
        }
        let difference = staged.score() - production.score();
        match (production, staged) {
            (Said::Number(_), Said::Number(_)) => {
                self.numbers.fetch_add(1, Ordering::Relaxed);
                self.numbers_sum.add(difference);
            }
            // A probability and a number have no distance.
            (Said::Number(_), _) | (_, Said::Number(_)) => {}
            _ => self.differences.observe(difference),
        }
    }

    /// Counts an entity that one of the runs answered for and the other not.
    pub fn count_silence(&self, of: Side, why: Silence) {
        let counts = self.silences(of);
        let place = Silence::ALL.iter().position(|known| *known == why);
        let count = &counts[place.expect("every reason is listed")];
        count.fetch_add(1, Ordering::Relaxed);
    }

    /// Counts entities that were not compared because too many waited.
    pub fn count_dropped(&self, entities: usize) {
        self.dropped.fetch_add(entities as u64, Ordering::Relaxed);
    }

    /// Counts the seconds that a run took for an entity.
    pub fn count_seconds(&self, of: Side, seconds: f64) {
        self.latency(of).observe(seconds);
    }

    fn silences(&self, of: Side) -> &[AtomicU64; Silence::ALL.len()] {
        match of {
            Side::Production => &self.silent_production,
            Side::Staged => &self.silent_staged,
        }
    }

    fn latency(&self, of: Side) -> &Histogram {
        match of {
            Side::Production => &self.production_latency,
            Side::Staged => &self.staged_latency,
        }
    }

    /// `run="…",staged="…"`
    fn labels(&self) -> String {
        format!("run=\"{}\",staged=\"{}\"", self.runs.run, self.runs.staged)
    }

    fn silence_samples(&self) -> Vec<Sample> {
        let of_side = |side: Side| {
            let counted = Silence::ALL.into_iter().zip(self.silences(side));
            counted.map(move |(why, count)| {
                let (labels, why, side) = (self.labels(), why.as_str(), side.as_str());
                let labels = format!("{{{labels},by=\"{side}\",reason=\"{why}\"}}");
                (labels, count.load(Ordering::Relaxed) as f64)
            })
        };
        Side::ALL.into_iter().flat_map(of_side).collect()
    }
}

/// All pairs of runs that are counted, as Prometheus reads them.
pub fn render(text: &mut String, comparisons: &VecDeque<Arc<Comparison>>) {
    if comparisons.is_empty() {
        return;
    }
    let of_each = |of: fn(&Comparison) -> &AtomicU64| -> Vec<Sample> {
        let sample = |one: &Arc<Comparison>| {
            let count = of(one).load(Ordering::Relaxed);
            (format!("{{{}}}", one.labels()), count as f64)
        };
        comparisons.iter().map(sample).collect()
    };
    for (name, help, samples) in [
        (
            "shadow_compared_total",
            "Entities of which both runs said something.",
            of_each(|one| &one.compared),
        ),
        (
            "shadow_disagreed_total",
            "Of those, the ones for which they predict different things.",
            of_each(|one| &one.disagreed),
        ),
        (
            "shadow_dropped_total",
            "Entities that were not compared because too many waited.",
            of_each(|one| &one.dropped),
        ),
        (
            "shadow_silent_total",
            "Entities that one run answered for and the other not, by which and why.",
            comparisons
                .iter()
                .flat_map(|one| one.silence_samples())
                .collect(),
        ),
    ] {
        metric(text, name, "counter", help, &samples);
    }
    const DIFFERENCE: &str = "shadow_probability_difference";
    let help = "The staged run's probability less that of the run in production.";
    metric(text, DIFFERENCE, "histogram", help, &[]);
    for one in comparisons {
        one.differences.render(text, DIFFERENCE, &one.labels());
    }
    render_numbers(text, comparisons);
    const LATENCY: &str = "shadow_latency_seconds";
    let help = "What a run took for an entity, without reading the request and writing the reply.";
    metric(text, LATENCY, "histogram", help, &[]);
    for one in comparisons {
        for side in Side::ALL {
            let labels = format!("{},by=\"{}\"", one.labels(), side.as_str());
            one.latency(side).render(text, LATENCY, &labels);
        }
    }
}

fn render_numbers(text: &mut String, comparisons: &VecDeque<Arc<Comparison>>) {
    const NAME: &str = "shadow_number_difference";
    let help = "The staged run's number less that of the run in production.";
    metric(text, NAME, "summary", help, &[]);
    for one in comparisons {
        let count = one.numbers.load(Ordering::Relaxed);
        if count > 0 {
            let (labels, sum) = (one.labels(), one.numbers_sum.get());
            *text += &format!("{NAME}_sum{{{labels}}} {sum}\n{NAME}_count{{{labels}}} {count}\n");
        }
    }
}
