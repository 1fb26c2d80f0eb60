//! What is going on, while it goes on: a line for each step, a bar for those that take long.

use std::cell::RefCell;
use std::time::Duration;

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

use super::output::Printer;
use crate::plan::Step;
use crate::report;
use crate::run::{Events, SoFar, StepOutcome};
use crate::snapshot::Ingested;

/// Tells a person of the steps of one run.
pub struct Progress {
    printer: Printer,
    bar: RefCell<Option<ProgressBar>>,
    experiment: String,
}

impl Progress {
    pub fn new(printer: Printer, experiment: &str) -> Self {
        Self {
            printer,
            bar: RefCell::new(None),
            experiment: experiment.to_string(),
        }
    }
}

fn describe(step: Step) -> &'static str {
    match step {
        Step::TrainingSet => "joining features at each row's date",
        Step::Split => "dividing train and test",
        Step::CrossValidate => "scoring the train rows, fold by fold",
        Step::Fit => "fitting encoder and estimator",
        Step::Predict => "scoring the test rows",
        Step::Evaluate => "computing metrics",
    }
}

impl Events for Progress {
    fn ingested(&self, done: &Ingested) {
        if done.stamped {
            self.printer.log(report::ingested_text(done).trim_end());
        }
    }

    fn step_started(&self, step: Step) {
        if !self.printer.has_terminal() {
            return;
        }
        let bar = ProgressBar::with_draw_target(None, ProgressDrawTarget::stderr_with_hz(10));
        let style = ProgressStyle::with_template("{spinner} {prefix:>12} {msg}   {elapsed}");
        bar.set_style(style.unwrap_or_else(|_| ProgressStyle::default_spinner()));
        bar.set_prefix(step.to_string());
        bar.set_message(describe(step));
        // The first tick comes after a second: what is done sooner needs no bar.
        bar.enable_steady_tick(Duration::from_secs(1));
        *self.bar.borrow_mut() = Some(bar);
    }

    fn tried(&self, so_far: &SoFar) {
        // What was found in the store goes by in no time.
        if so_far.cached && so_far.done < so_far.of {
            return;
        }
        let ((last, score), (best, top)) = (so_far.last, so_far.best);
        let is_best = last == best;
        let beside = match is_best {
            true => "the best so far".to_string(),
            false => format!("best {}", report::fixed(top)),
        };
        let what = format!(
            "{} of {} of {}, {} {}, {beside}",
            so_far.done,
            so_far.of,
            self.experiment,
            so_far.metric,
            report::fixed(score),
        );
        let word = report::bold(format!("{:>12}", "Tried"));
        let seconds = report::seconds(so_far.seconds);
        self.printer.log(&format!("{word} {what:<52} {seconds:>8}"));
        if is_best {
            let values = report::tried_words(last);
            self.printer
                .log(report::wrap(&" ".repeat(13), &values).trim_end());
        }
    }

    fn step_finished(&self, outcome: &StepOutcome) {
        if let Some(bar) = self.bar.borrow_mut().take() {
            bar.finish_and_clear();
        }
        if !outcome.cached {
            let word = report::bold(format!("{:>12}", "Executed"));
            let step = format!("{} of {}", outcome.step, self.experiment);
            self.printer.log(&format!(
                "{word} {step:<52} {:>8}",
                report::seconds(outcome.seconds)
            ));
        }
    }
}
