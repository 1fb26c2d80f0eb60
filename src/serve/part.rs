//! The keys of a request that one run answers for.

use std::borrow::Cow;
use std::sync::Arc;

use serde_json::{Map, Value};

use super::context::{Computed, Unfit};
use super::explained::no_explanation;
use super::predict::{Answer, answer};
use super::problem::Problem;
use super::state::Pair;
use super::tally::Tally;
use crate::compared::Side;
use crate::error::{Error, Kind};
use crate::hash::RunId;
use crate::host::Stopwatch;
use crate::online::Key;

/// One of the runs that may answer.
#[derive(Debug, Clone, Copy)]
pub struct Answerer<'a> {
    pub side: Side,
    pub pair: &'a Arc<Pair>,
    pub tally: Option<&'a Tally>,
    /// The other one. What it needs of a request may stand there too.
    pub beside: Option<&'a Arc<Pair>>,
}

/// Some or all keys of a request, with what was computed of what came with them.
pub struct Part<'a> {
    pub of: Answerer<'a>,
    pub keys: Cow<'a, [Key]>,
    /// The place of each among those of the request; none where these are all.
    pub places: Option<Vec<usize>>,
    computed: Computed,
    /// What that took.
    seconds: f64,
}

/// An answer for each key, or why there is none.
pub type Answers<'a> = Vec<Result<Answer<'a>, Error>>;

/// Why a run answers for none of the keys.
pub enum Refusal {
    /// What came with them is not what it takes.
    Unfit(Unfit),
    /// Its model cannot be taken apart.
    Unexplained(Error),
    /// It failed inside.
    Failure(Error),
}

impl<'a> Part<'a> {
    /// `objects` are what came with each key.
    pub fn new(
        of: Answerer<'a>,
        keys: Cow<'a, [Key]>,
        places: Option<Vec<usize>>,
        objects: &[&Map<String, Value>],
    ) -> Result<Self, Refusal> {
        let watch = Stopwatch::start();
        let beside = of.beside.map(|pair| &pair.requested);
        let requested = &of.pair.requested;
        let context = requested
            .read_beside(beside, objects)
            .map_err(Refusal::Unfit)?;
        let computed = Computed::of(of.pair, &keys, &context).map_err(Refusal::Failure)?;
        Ok(Self {
            of,
            keys,
            places,
            computed,
            seconds: watch.seconds(),
        })
    }

    /// The places of its keys, in their order.
    pub fn all_places(&self) -> impl Iterator<Item = usize> {
        let places = self.places.as_deref();
        (0..self.keys.len()).map(move |at| places.map_or(at, |places| places[at]))
    }

    pub fn run(&self) -> RunId {
        self.of.pair.run()
    }

    /// Answers in the order of the keys, taken apart where that is asked for; and the seconds an
    /// entity took.
    pub fn answers(&self, explains: bool) -> Result<(Answers<'_>, f64), Refusal> {
        let Answerer { pair, tally, .. } = self.of;
        let explainer = explains.then(|| pair.explainer()).transpose();
        let explainer = explainer.map_err(Refusal::Unexplained)?;
        let watch = Stopwatch::start();
        let answers = answer(pair, &self.keys, &self.computed, explainer, tally);
        let answers = answers.map_err(Refusal::Failure)?;
        let seconds = self.seconds + watch.seconds();
        Ok((answers, seconds / self.keys.len().max(1) as f64))
    }
}

impl Refusal {
    /// Where nobody else answers. `entity` is what rows are about.
    pub fn to_problem(&self, entity: &str) -> Problem {
        match self {
            Self::Unfit(unfit) => unfit.to_problem(),
            Self::Unexplained(error) => {
                no_explanation(error).unwrap_or_else(|| Problem::of(error, entity))
            }
            Self::Failure(error) => Problem::of(error, entity),
        }
    }

    /// For each of so many keys, where another run answers for others.
    pub fn to_answers<'a>(&self, keys: usize) -> Answers<'a> {
        let error = || match self {
            Self::Unfit(unfit) => {
                let unfit = unfit.to_error();
                Error::new(Kind::MissingFeatures, unfit.message())
                    .details(unfit.all_details().iter().cloned())
            }
            Self::Unexplained(error) => Error::new(Kind::MissingFeatures, error.message()),
            Self::Failure(error) => Error::failure(error.to_string()),
        };
        (0..keys).map(|_| Err(error())).collect()
    }
}
