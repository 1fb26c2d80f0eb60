//! The staged run beside the one in production.

use std::fmt;
use std::sync::Arc;

use serde_json::{Value, json};

use super::canary::is_canary;
use super::comparison::Comparison;
use super::shadow::Queue;
use super::state::Pair;
use super::tally::Tally;
use super::telemetry::Telemetry;
use crate::compared::Runs;
use crate::definition::Serve;
use crate::error::Error;
use crate::hash::Digest;
use crate::host::{self, Instant};
use crate::online::Key;

/// What `[serve]` wants of the staged run.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Duty {
    /// It scores what production answered, and the other way round.
    pub shadow: bool,
    /// The share of entities it answers for.
    pub canary: f64,
}

impl Duty {
    /// None where it is not asked for.
    pub fn of(serve: &Serve) -> Option<Self> {
        let duty = Self {
            shadow: serve.shadow,
            canary: serve.canary,
        };
        (duty.shadow || duty.canary > 0.0).then_some(duty)
    }

    /// `shadow, canary 0.1`
    pub fn words(self) -> String {
        let shadow = self.shadow.then(|| "shadow".to_string());
        let canary = (self.canary > 0.0).then(|| format!("canary {}", self.canary));
        let both: Vec<String> = shadow.into_iter().chain(canary).collect();
        both.join(", ")
    }
}

/// The staged run, where one is asked for.
#[derive(Debug, Clone)]
pub struct Staged {
    pub duty: Duty,
    /// Of the same values as production's pair, or why there is none: then everybody is answered by
    /// production.
    pub pair: Result<Arc<Pair>, Absence>,
    /// What the staged run's own answers are counted by, where a server counts.
    pub tally: Option<Arc<Tally>>,
    /// Where it is a shadow.
    pub shadow: Option<Shadow>,
}

/// How two runs are compared.
#[derive(Debug, Clone)]
pub struct Shadow {
    pub comparison: Arc<Comparison>,
    pub queue: Arc<Queue>,
}

/// Why no staged run stands beside the one in production.
#[derive(Debug, Clone)]
pub struct Absence {
    pub why: Why,
    /// When it was first found so.
    pub since: Instant,
}

#[derive(Debug, Clone)]
pub enum Why {
    /// Nothing is staged, or the run that is in production.
    Nothing(String),
    /// What is staged cannot be loaded.
    Failed(Arc<Error>),
}

impl fmt::Display for Why {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Nothing(words) => f.write_str(words),
            Self::Failed(error) => {
                write!(f, "the staged run cannot be loaded: {error}")?;
                error
                    .all_help()
                    .iter()
                    .try_for_each(|help| write!(f, "; {help}"))
            }
        }
    }
}

impl Absence {
    pub fn now(why: Why) -> Self {
        let since = host::now();
        Self { why, since }
    }

    /// What a client may know.
    pub fn reason(&self) -> &str {
        match &self.why {
            Why::Nothing(words) => words,
            Why::Failed(error) => error.message(),
        }
    }
}

impl Staged {
    pub fn new(duty: Duty, pair: Result<Arc<Pair>, Absence>) -> Self {
        Self {
            duty,
            pair,
            tally: None,
            shadow: None,
        }
    }

    /// Whether it is there and cannot be loaded.
    pub fn is_failing(&self) -> bool {
        matches!(&self.pair, Err(absence) if matches!(absence.why, Why::Failed(_)))
    }

    /// Whether nothing has changed since.
    pub fn is_same(&self, other: &Self) -> bool {
        match (&self.pair, &other.pair) {
            (Ok(own), Ok(other)) => own.is_same(other),
            (Err(own), Err(other)) => own.reason() == other.reason(),
            _ => false,
        }
    }

    /// What `/ready` says of it.
    pub fn document(&self) -> Value {
        let Duty { shadow, canary } = self.duty;
        let mut document = json!({ "shadow": shadow, "canary": canary });
        match &self.pair {
            Ok(pair) => document["run"] = json!(pair.run()),
            Err(absence) => {
                document["reason"] = json!(absence.reason());
                document["since"] = json!(absence.since.to_string());
            }
        }
        document
    }

    /// What is said to people, on one line.
    pub fn words(&self) -> String {
        match &self.pair {
            Ok(pair) => format!(
                "beside it staged run {}: {}",
                pair.run().short(),
                self.duty.words()
            ),
            Err(absence) => format!("production answers alone: {}", absence.why),
        }
    }

    /// Keeps when a reason was first found that was the same before.
    pub fn keep_since(&mut self, before: &Self) {
        if let (Err(own), Err(other)) = (&mut self.pair, &before.pair)
            && own.reason() == other.reason()
        {
            own.since = other.since;
        }
    }

    pub(super) fn counted_by(
        &mut self,
        telemetry: &Telemetry,
        queue: Option<&Arc<Queue>>,
        production: &Pair,
    ) {
        let Ok(pair) = &self.pair else { return };
        self.tally = Some(telemetry.tally_of(pair));
        let runs = Runs {
            model: pair.pinned.model_name.clone(),
            run: production.run(),
            staged: pair.run(),
        };
        self.shadow = queue.map(|queue| Shadow {
            comparison: telemetry.comparison_of(&runs),
            queue: Arc::clone(queue),
        });
    }

    /// The places of the keys that the staged pair answers for, ascending.
    pub fn canary_of(&self, pair: &Pair, keys: &[Key]) -> Vec<usize> {
        let (model, share) = (&pair.pinned.model_name, self.duty.canary);
        let keys = keys.iter().enumerate();
        let own = keys.filter(|(_, key)| is_canary(model, key, share));
        own.map(|(at, _)| at).collect()
    }
}
