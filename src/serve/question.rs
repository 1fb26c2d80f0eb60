//! What requests ask of the pair, whichever protocol they came by: keys and what comes with each →
//! answers, counted, and left to be compared.
//!
//! Every prediction that a client is told is made here, and nowhere else. Which run answers for which
//! key is decided here too: production's, and for entities of the canary the staged one.

use std::borrow::Cow;
use std::sync::Arc;

use serde_json::{Map, Value};

use super::body::Contexts;
use super::given::{Given, answer_given};
use super::journal::Journal;
use super::part::{Answerer, Answers, Part, Refusal};
use super::predict::Answer;
use super::problem::Problem;
use super::shadow::Answered;
use super::state::{Pair, State};
use crate::compared::{Said, Side};
use crate::error::Error;
use crate::hash::RunId;
use crate::live::Role;
use crate::online::{Key, ValueAt};

/// Who may answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Whom {
    /// The staged run too, for entities of the canary.
    Anyone,
    Production,
}

/// Whom a request asks about, with what was computed of what came with it.
pub struct Question<'a> {
    state: &'a State,
    contexts: &'a Contexts,
    journal: Journal<'a>,
    /// One run answers for all keys of most requests.
    first: Part<'a>,
    second: Option<Second<'a>>,
}

/// The staged run, where production answers for others.
struct Second<'a> {
    /// The places of its keys among those of the request, ascending.
    places: Vec<usize>,
    run: RunId,
    /// Or why it answers for none of them.
    part: Result<Part<'a>, Refusal>,
}

/// An answer for each key of a request, or why there is none.
struct Found<'f> {
    answers: Answers<'f>,
    /// What an entity took the first part, and the second; none where answers were taken apart.
    seconds: [Option<f64>; 2],
}

impl<'a> Question<'a> {
    /// # Errors
    /// What comes with the request is not what the run takes. A staged run that answers for some of
    /// the keys does not keep production from answering for the others.
    pub fn new(
        state: &'a State,
        pair: &'a Arc<Pair>,
        keys: &'a [Key],
        contexts: &'a Contexts,
        journal: Journal<'a>,
        whom: Whom,
    ) -> Result<Self, Problem> {
        let mut objects = contexts.objects(keys.len());
        // What is shared by nobody must fit all the same.
        if let (Contexts::Shared(object), []) = (contexts, keys) {
            objects.push(object);
        }
        let (own, other) = division(state, pair, keys, whom);
        let (first, second) = match other {
            None => {
                let keys = Cow::Borrowed(keys);
                (Part::new(own, keys, None, &objects), None)
            }
            Some((staged, places)) => {
                let others = (0..keys.len()).filter(|at| places.binary_search(at).is_err());
                let first = some_of(own, keys, &objects, others.collect());
                let part = some_of(staged, keys, &objects, places.clone());
                let run = staged.pair.run();
                (first, Some(Second { places, run, part }))
            }
        };
        let problem = |refusal: Refusal| refusal.to_problem(state.entity());
        Ok(Self {
            state,
            contexts,
            journal,
            first: first.map_err(|refusal| problem(refusal).with_run(own.pair.run()))?,
            second,
        })
    }

    /// The pair that replies name: the one that answers for all keys, else production's.
    pub fn pair(&self) -> &'a Arc<Pair> {
        self.first.of.pair
    }

    pub fn run(&self) -> RunId {
        self.first.run()
    }

    /// The staged run, where it is to answer for the key of this place and another for the whole.
    pub fn other_run(&self, place: usize) -> Option<RunId> {
        let second = self.second.as_ref()?;
        let is_own = second.places.binary_search(&place).is_ok();
        is_own.then_some(second.run)
    }

    /// An answer for each key, in their order; one that cannot be answered for does not keep the
    /// others. Each is taken apart where that is asked for.
    ///
    /// # Errors
    /// Of all: a failure inside.
    pub fn each(&self, explains: bool) -> Result<Vec<Result<Answer<'_>, Error>>, Problem> {
        let found = self.found(explains)?;
        self.tell(&found, |_| true);
        Ok(found.answers)
    }

    fn found(&self, explains: bool) -> Result<Found<'_>, Problem> {
        let first = self.first.answers(explains).map_err(|refusal| {
            let problem = refusal.to_problem(self.state.entity());
            problem.with_run(self.run())
        });
        let (answers, seconds) = first?;
        let timed = |seconds: f64| Some(seconds).filter(|_| !explains);
        let Some(Second { places, part, .. }) = &self.second else {
            return Ok(Found {
                answers,
                seconds: [timed(seconds), None],
            });
        };
        let others = part.as_ref().map(|part| part.answers(explains));
        let (others, other_seconds) = match others {
            Ok(Ok((others, seconds))) => (others, timed(seconds)),
            Ok(Err(refusal)) => (refusal.to_answers(places.len()), None),
            Err(refusal) => (refusal.to_answers(places.len()), None),
        };
        Ok(Found {
            answers: merged(answers, others, places),
            seconds: [timed(seconds), other_seconds],
        })
    }

    /// An answer for each key, or why there is none for the first that has none; then nothing was
    /// answered, and only refusals are counted.
    pub fn all(&self) -> Result<Vec<Answer<'_>>, Problem> {
        let found = self.found(false)?;
        let whole = found.answers.iter().all(Result::is_ok);
        self.tell(&found, |answer| whole || answer.is_err());
        let run = |at| self.other_run(at).unwrap_or(self.run());
        all_of(self.state, run, found.answers)
    }

    /// Counts what a client is told of what was found, hands it to the log of predictions, and leaves
    /// it to be compared.
    fn tell(&self, found: &Found<'_>, is_told: impl Fn(&Result<Answer<'_>, Error>) -> bool) {
        let second = self.second.as_ref().map(|second| second.part.as_ref());
        let parts = [Some(&self.first), second.and_then(Result::ok)];
        for (part, seconds) in parts.into_iter().zip(found.seconds) {
            let Some(part) = part else { continue };
            let told = |at: usize| found.answers.get(at).filter(|answer| is_told(answer));
            let role = match part.of.side {
                Side::Production => Role::Production,
                Side::Staged => Role::Canary,
            };
            let all = || part.all_places().filter_map(told);
            self.journal.note(part.of.pair, role, all());
            if let Some(tally) = part.of.tally {
                all().for_each(|answer| tally.count_answer(answer));
            }
            let said = |at| told(at)?.as_ref().ok().map(|found| found.verdict.said());
            self.leave(part, seconds, said);
        }
    }

    /// Leaves what was said for the other run to be asked, without waiting.
    fn leave(&self, part: &Part<'_>, seconds: Option<f64>, said: impl Fn(usize) -> Option<Said>) {
        let staged = self.state.staged.as_ref();
        let shadow = staged.and_then(|staged| staged.shadow.as_ref());
        let (Some(shadow), Some(other)) = (shadow, part.of.beside) else {
            return;
        };
        let Some(place) = shadow.queue.place(part.keys.len(), self.contexts) else {
            return shadow.comparison.count_dropped(part.keys.len());
        };
        let contexts = match (&part.places, self.contexts) {
            (Some(places), Contexts::Each(objects)) => {
                let own = places.iter().map(|at| objects[*at].clone());
                Contexts::Each(own.collect())
            }
            _ => self.contexts.clone(),
        };
        place.take(Answered {
            told: Arc::clone(part.of.pair),
            asked: Arc::clone(other),
            comparison: Arc::clone(&shadow.comparison),
            by: part.of.side,
            keys: part.keys.to_vec(),
            contexts,
            said: part.all_places().map(said).collect(),
            seconds,
        });
    }
}

/// Who answers for the keys of a request; and who for some of them, where it is two.
fn division<'a>(
    state: &'a State,
    pair: &'a Arc<Pair>,
    keys: &[Key],
    whom: Whom,
) -> (Answerer<'a>, Option<(Answerer<'a>, Vec<usize>)>) {
    let beside = state.staged.as_ref();
    let beside = beside.and_then(|staged| Some((staged, staged.pair.as_ref().ok()?)));
    let production = Answerer {
        side: Side::Production,
        pair,
        tally: state.tally.as_deref(),
        beside: beside.map(|(_, other)| other),
    };
    let (Some((staged, other)), Whom::Anyone) = (beside, whom) else {
        return (production, None);
    };
    let canary = Answerer {
        side: Side::Staged,
        pair: other,
        tally: staged.tally.as_deref(),
        beside: Some(pair),
    };
    let places = staged.canary_of(other, keys);
    match places.len() {
        0 => (production, None),
        all if all == keys.len() => (canary, None),
        _ => (production, Some((canary, places))),
    }
}

/// The part of the keys at these places.
fn some_of<'a>(
    of: Answerer<'a>,
    keys: &[Key],
    objects: &[&Map<String, Value>],
    places: Vec<usize>,
) -> Result<Part<'a>, Refusal> {
    let own_keys = places.iter().map(|at| keys[*at].clone());
    let own_objects: Vec<_> = places.iter().map(|at| objects[*at]).collect();
    let own_keys = Cow::Owned(own_keys.collect());
    Part::new(of, own_keys, Some(places), &own_objects)
}

/// Both in the order of the request; `places` are those of the second.
fn merged<'f>(first: Answers<'f>, second: Answers<'f>, places: &[usize]) -> Answers<'f> {
    let all = first.len() + second.len();
    let (mut first, mut second) = (first.into_iter(), second.into_iter());
    let next = |at: usize| match places.binary_search(&at) {
        Ok(_) => second.next(),
        Err(_) => first.next(),
    };
    (0..all).filter_map(next).collect()
}

/// Answers for rows that bring all values of the model, each in its order; or why there is none for the
/// first that has none, as [`Question::all`].
pub fn all_given<'a>(
    state: &State,
    pair: &'a Pair,
    rows: Vec<Vec<ValueAt<'a>>>,
) -> Result<Vec<Given<'a>>, Problem> {
    let tally = state.tally.as_deref();
    let answers = answer_given(pair, rows, tally);
    let answers = answers.map_err(|error| Problem::of(&error, state.entity()))?;
    let whole = answers.iter().all(Result::is_ok);
    if let Some(tally) = tally {
        let told = answers.iter().filter(|found| whole || found.is_err());
        told.for_each(|found| tally.count_given(found));
    }
    all_of(state, |_| pair.run(), answers)
}

/// All that was found, or the problem of the first row that has none; where there are several, it says
/// which.
fn all_of<T>(
    state: &State,
    run: impl Fn(usize) -> RunId,
    answers: Vec<Result<T, Error>>,
) -> Result<Vec<T>, Problem> {
    let rows = answers.len();
    let found = answers.into_iter().enumerate().map(|(at, found)| {
        found.map_err(|error| {
            let problem = Problem::of(&error, state.entity()).in_row(at, rows);
            problem.with_run(run(at))
        })
    });
    found.collect()
}
