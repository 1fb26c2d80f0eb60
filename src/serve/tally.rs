//! What a run said, and what of: counted for each run that answers.

use std::collections::VecDeque;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use super::given::Given;
use super::histogram::{Histogram, Sum};
use super::predict::Answer;
use super::state::Pair;
use super::telemetry::{Sample, metric};
use super::verdict::Verdict;
use crate::error::{Error, Kind};
use crate::feature::Status;
use crate::hash::RunId;

/// Upper bounds of probabilities.
const PROBABILITIES: [f64; 20] = [
    0.05, 0.1, 0.15, 0.2, 0.25, 0.3, 0.35, 0.4, 0.45, 0.5, 0.55, 0.6, 0.65, 0.7, 0.75, 0.8, 0.85,
    0.9, 0.95, 1.0,
];

const STATUSES: [Status; 5] = [
    Status::Present,
    Status::Null,
    Status::Expired,
    Status::NotFound,
    Status::Request,
];

/// Counts of one run's predictions. Nothing in it is locked or allocated while it counts.
#[derive(Debug)]
pub struct Tally {
    pub run: RunId,
    /// Of the class that is predicted, or of the positive one.
    probabilities: Histogram,
    numbers: AtomicU64,
    numbers_sum: Sum,
    /// In the order of [`STATUSES`].
    statuses: [AtomicU64; STATUSES.len()],
    /// For each feature the model takes, those it derives last.
    imputed: Vec<(String, AtomicU64)>,
    unknown_entity: AtomicU64,
    missing_features: AtomicU64,
}

impl Tally {
    pub fn of(pair: &Pair) -> Self {
        let taken = pair.inputs.iter().map(|input| input.name.as_str());
        let derived = pair.pinned.model.derived.iter();
        let names = taken.chain(derived.map(|derived| derived.name.as_str()));
        Self {
            run: pair.run(),
            probabilities: Histogram::new(&PROBABILITIES),
            numbers: AtomicU64::default(),
            numbers_sum: Sum::default(),
            statuses: Default::default(),
            imputed: names
                .map(|name| (name.to_string(), AtomicU64::default()))
                .collect(),
            unknown_entity: AtomicU64::default(),
            missing_features: AtomicU64::default(),
        }
    }

    /// Counts the values that were found for one entity, whatever comes of them.
    pub fn count_values(&self, found: impl Iterator<Item = Status>) {
        let mut counts = [0; STATUSES.len()];
        for status in found {
            let place = STATUSES.iter().position(|known| *known == status);
            counts[place.expect("every status is listed")] += 1;
        }
        let counted = self.statuses.iter().zip(counts);
        for (total, count) in counted.filter(|(_, count)| *count > 0) {
            total.fetch_add(count, Ordering::Relaxed);
        }
    }

    /// Counts what came of one entity.
    pub fn count_answer(&self, found: &Result<Answer<'_>, Error>) {
        match found {
            Ok(answer) => self.count_prediction(&answer.verdict, &answer.imputed),
            Err(error) => self.count_refusal(error),
        }
    }

    /// Counts what came of one row that is about nobody.
    pub fn count_given(&self, found: &Result<Given<'_>, Error>) {
        match found {
            Ok(given) => self.count_prediction(&given.verdict, &given.imputed),
            Err(error) => self.count_refusal(error),
        }
    }

    fn count_refusal(&self, error: &Error) {
        let total = match error.kind() {
            Kind::UnknownEntity => &self.unknown_entity,
            Kind::MissingFeatures => &self.missing_features,
            _ => return,
        };
        total.fetch_add(1, Ordering::Relaxed);
    }

    fn count_prediction(&self, verdict: &Verdict<'_>, imputed: &[&str]) {
        if let Verdict::Number(number) = verdict {
            self.numbers.fetch_add(1, Ordering::Relaxed);
            self.numbers_sum.add(*number);
        }
        if let Some(probability) = verdict.probability() {
            self.probabilities.observe(probability);
        }
        // Both stand in the order of the model.
        let mut places = self.imputed.iter();
        for name in imputed {
            if let Some((_, total)) = places.find(|(known, _)| known == name) {
                total.fetch_add(1, Ordering::Relaxed);
            }
        }
    }
}

/// All runs that are counted, as Prometheus reads them.
pub fn render(text: &mut String, tallies: &VecDeque<Arc<Tally>>) {
    const PROBABILITY: &str = "model_prediction_probability";
    let read = |count: &AtomicU64| count.load(Ordering::Relaxed) as f64;
    let help = "Probabilities that were answered: of the positive class, of several classes of the predicted one.";
    metric(text, PROBABILITY, "histogram", help, &[]);
    for tally in tallies {
        let labels = format!("run=\"{}\"", tally.run);
        tally.probabilities.render(text, PROBABILITY, &labels);
    }
    metric(
        text,
        "model_prediction_number",
        "summary",
        "Numbers that were answered.",
        &[],
    );
    for tally in tallies.iter().filter(|tally| read(&tally.numbers) > 0.0) {
        let (run, sum, count) = (tally.run, tally.numbers_sum.get(), read(&tally.numbers));
        *text += &format!("model_prediction_number_sum{{run=\"{run}\"}} {sum}\n");
        *text += &format!("model_prediction_number_count{{run=\"{run}\"}} {count}\n");
    }
    let of_each = |of: &dyn Fn(&Tally) -> Vec<Sample>| -> Vec<Sample> {
        tallies.iter().flat_map(|tally| of(tally)).collect()
    };
    let refused = of_each(&|tally| {
        let why = [
            ("missing_features", &tally.missing_features),
            ("unknown_entity", &tally.unknown_entity),
        ];
        let of = |(why, count): (&str, _)| {
            (
                format!("{{run=\"{}\",reason=\"{why}\"}}", tally.run),
                read(count),
            )
        };
        why.into_iter().map(of).collect()
    });
    let help = "Entities that were asked for and not answered for.";
    metric(text, "model_refusals_total", "counter", help, &refused);
    let statuses = of_each(&|tally| {
        let of = |(status, count): (Status, _)| {
            let status = status.as_str();
            (
                format!("{{run=\"{}\",status=\"{status}\"}}", tally.run),
                read(count),
            )
        };
        STATUSES.into_iter().zip(&tally.statuses).map(of).collect()
    });
    let help = "Values that were looked up, computed or sent for predictions, by what was found.";
    metric(text, "model_values_total", "counter", help, &statuses);
    // The name of a feature holds nothing that would need escaping.
    let imputed = of_each(&|tally| {
        let of = |(name, count): &(String, AtomicU64)| {
            (
                format!("{{run=\"{}\",feature=\"{name}\"}}", tally.run),
                read(count),
            )
        };
        tally.imputed.iter().map(of).collect()
    });
    let help = "Values that the run's preprocessing filled in, by feature.";
    metric(
        text,
        "model_imputed_values_total",
        "counter",
        help,
        &imputed,
    );
}
