//! What requests ask of the pair, whichever protocol they came by: keys and what comes with each →
//! answers, counted.
//!
//! Every prediction that a client is told is made here, and nowhere else.

use std::sync::Arc;

use super::body::Contexts;
use super::context::Computed;
use super::journal::Journal;
use super::predict::{Answer, answer};
use super::problem::Problem;
use super::state::{Pair, State};
use crate::error::Error;
use crate::learn::Explainer;
use crate::live::Role;
use crate::online::Key;

/// Whom a request asks about, with what was computed of what came with it.
pub struct Question<'a> {
    state: &'a State,
    pair: &'a Arc<Pair>,
    keys: &'a [Key],
    computed: Computed,
    journal: Journal<'a>,
}

impl<'a> Question<'a> {
    /// # Errors
    /// What comes with the request is not what the run takes.
    pub fn new(
        state: &'a State,
        pair: &'a Arc<Pair>,
        keys: &'a [Key],
        context: &Contexts,
        journal: Journal<'a>,
    ) -> Result<Self, Problem> {
        let read = |objects: &[_]| {
            let read = pair.requested.read(objects);
            read.map_err(|unfit| unfit.to_problem())
        };
        // What is shared by nobody must fit all the same.
        if let (Contexts::Shared(object), []) = (context, keys) {
            read(&[object])?;
        }
        let context = read(&context.objects(keys.len()))?;
        let computed = Computed::of(pair, keys, &context);
        Ok(Self {
            state,
            pair,
            keys,
            journal,
            computed: computed.map_err(|error| Problem::of(&error, state.entity()))?,
        })
    }

    /// An answer for each key, in their order; one that cannot be answered for does not keep the
    /// others. With an explainer, which is the pair's, each is taken apart.
    ///
    /// # Errors
    /// Of all: a failure inside.
    pub fn each(
        &self,
        explainer: Option<&Explainer>,
    ) -> Result<Vec<Result<Answer<'_>, Error>>, Problem> {
        let answers = self.answers(explainer)?;
        self.tell(answers.iter());
        Ok(answers)
    }

    fn answers(
        &self,
        explainer: Option<&Explainer>,
    ) -> Result<Vec<Result<Answer<'_>, Error>>, Problem> {
        let tally = self.state.tally.as_deref();
        answer(self.pair, self.keys, &self.computed, explainer, tally)
            .map_err(|error| Problem::of(&error, self.state.entity()))
    }

    /// Counts what a client is told, and hands it to the log of predictions.
    fn tell<'t, 'r: 't>(
        &self,
        answers: impl Iterator<Item = &'t Result<Answer<'r>, Error>> + Clone,
    ) {
        let role = Role::Production;
        self.journal.note(self.pair, role, answers.clone());
        if let Some(tally) = self.state.tally.as_deref() {
            answers.for_each(|found| tally.count_answer(found));
        }
    }
}
