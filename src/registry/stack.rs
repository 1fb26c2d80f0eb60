//! What a rollback goes back to: promotions push, rollbacks pop.

use super::transition::{Transition, TransitionKind};
use crate::hash::RunId;

/// A run that was put into a stage or taken out, as far as is known.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Pinning {
    pub sequence: u64,
    pub run: RunId,
    /// None where only the pin file of a commit tells of it.
    pub kind: Option<TransitionKind>,
    /// The run that stood there before, where that is known.
    pub replaced: Option<RunId>,
}

impl From<&Transition> for Pinning {
    fn from(transition: &Transition) -> Self {
        Self {
            sequence: transition.sequence,
            run: transition.run,
            kind: Some(transition.kind),
            replaced: transition.replaced,
        }
    }
}

/// The runs of a stage from the first to the present one; a rollback goes to the last but one.
///
/// `pinnings` in order of their sequence. A promotion stands on the run it replaced, whatever the
/// log says was there: the file may have been put back by git in between. A rollback takes off
/// everything above the run it went back to. A run that was set aside is gone back to no more, until
/// it is promoted again. What only a pin file tells of counts as a rollback
/// when it is the run before, else as a promotion.
pub fn stack_of(pinnings: &[Pinning]) -> Vec<RunId> {
    let mut stack = Vec::new();
    for pinning in pinnings {
        match pinning.kind {
            Some(TransitionKind::Rollback) => cut_to(&mut stack, pinning.run),
            Some(TransitionKind::Promotion) => {
                if let Some(replaced) = pinning.replaced {
                    cut_to(&mut stack, replaced);
                }
                push(&mut stack, pinning.run);
            }
            // What was set aside is not gone back to.
            Some(TransitionKind::Demotion) => stack.retain(|run| *run != pinning.run),
            Some(TransitionKind::Alias | TransitionKind::Unalias | TransitionKind::Approval) => {}
            None if stack.len() > 1 && stack[stack.len() - 2] == pinning.run => {
                stack.pop();
            }
            None => push(&mut stack, pinning.run),
        }
    }
    stack
}

fn push(stack: &mut Vec<RunId>, run: RunId) {
    if stack.last() != Some(&run) {
        stack.push(run);
    }
}

/// Takes off what stands above a run; a run that is not there is put on top.
fn cut_to(stack: &mut Vec<RunId>, run: RunId) {
    match stack.iter().rposition(|other| *other == run) {
        Some(at) => stack.truncate(at + 1),
        None => stack.push(run),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::hash::Digest;

    fn run(name: &str) -> RunId {
        RunId::of(name)
    }

    /// `1`, `2`, … are promotions of that run, `R` is a rollback. Gives what each rollback went to;
    /// `-` where there was nothing.
    fn rollbacks(words: &str) -> String {
        let mut pinnings: Vec<Pinning> = Vec::new();
        let mut went = String::new();
        let mut current = None;
        for (at, word) in words.split(' ').enumerate() {
            let (kind, name) = match word {
                "R" => {
                    let stack = stack_of(&pinnings);
                    let Some(below) = stack.len().checked_sub(2) else {
                        went.push('-');
                        continue;
                    };
                    let names = ["1", "2", "3", "4"];
                    let name = names.into_iter().find(|name| run(name) == stack[below]);
                    went.push_str(name.unwrap());
                    (TransitionKind::Rollback, name.unwrap())
                }
                name => (TransitionKind::Promotion, name),
            };
            pinnings.push(Pinning {
                sequence: at as u64 + 1,
                run: run(name),
                kind: Some(kind),
                replaced: current,
            });
            current = Some(run(name));
        }
        went
    }

    #[test]
    fn each_rollback_goes_one_promotion_further_back() {
        assert_eq!(rollbacks("1 2 3 R R R"), "21-");
        assert_eq!(rollbacks("1 2 R 3 R"), "11");
        assert_eq!(rollbacks("1 R"), "-");
        assert_eq!(rollbacks("1 2 1 R"), "2");
        assert_eq!(rollbacks("1 2 R R"), "1-");
        assert_eq!(rollbacks("1 2 R 2 R"), "11");
        assert_eq!(rollbacks("1 2 3 R 4 R R"), "221");
    }

    #[test]
    fn a_promotion_stands_on_what_it_replaced() {
        let promotion = |sequence, name: &str, replaced: Option<&str>| Pinning {
            sequence,
            run: run(name),
            kind: Some(TransitionKind::Promotion),
            replaced: replaced.map(run),
        };
        // After 2 the file was put back to 1.
        let put_back = [
            promotion(1, "1", None),
            promotion(2, "2", Some("1")),
            promotion(3, "3", Some("1")),
        ];
        assert_eq!(stack_of(&put_back), [run("1"), run("3")]);
        // In a clone, the log begins with a promotion over a run it has never seen.
        assert_eq!(
            stack_of(&[promotion(7, "8", Some("7"))]),
            [run("7"), run("8")]
        );
        // The same promotion twice, the first cut short by a crash.
        let twice = [
            promotion(1, "1", None),
            promotion(2, "2", Some("1")),
            promotion(3, "2", Some("1")),
        ];
        assert_eq!(stack_of(&twice), [run("1"), run("2")]);
    }

    #[test]
    fn what_was_set_aside_is_passed_over() {
        let pinning = |sequence, name: &str, kind| Pinning {
            sequence,
            run: run(name),
            kind: Some(kind),
            replaced: None,
        };
        let (promotion, demotion) = (TransitionKind::Promotion, TransitionKind::Demotion);
        let mut pinnings = vec![
            pinning(1, "1", promotion),
            pinning(2, "2", promotion),
            pinning(3, "2", demotion),
            pinning(4, "3", promotion),
        ];
        assert_eq!(stack_of(&pinnings), [run("1"), run("3")]);
        pinnings.push(pinning(5, "2", promotion));
        assert_eq!(stack_of(&pinnings), [run("1"), run("3"), run("2")]);
    }

    #[test]
    fn pin_files_alone_tell_rollbacks_by_where_they_went() {
        let pinned = |names: &[&str]| -> Vec<RunId> {
            let pinnings: Vec<Pinning> = names
                .iter()
                .zip(1..)
                .map(|(name, sequence)| Pinning {
                    sequence,
                    run: run(name),
                    kind: None,
                    replaced: None,
                })
                .collect();
            stack_of(&pinnings)
        };
        assert_eq!(pinned(&["1", "2", "3"]).len(), 3);
        assert_eq!(pinned(&["1", "2", "3", "2"]), [run("1"), run("2")]);
        assert_eq!(pinned(&["1", "2", "1", "3"]), [run("1"), run("3")]);
    }
}
