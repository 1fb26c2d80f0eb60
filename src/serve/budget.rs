//! Memory that large requests may take together.
//!
//! A body is at most 1 MiB and a batch 10 000 ids, but 2048 connections may each bring one. Small
//! requests are not counted; a large one takes a share before it is understood and another before it
//! is answered, and gives it back when its reply is written, however slowly the client reads.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

/// Bytes for all large requests together.
const ALL: usize = 512 * 1024 * 1024;
/// A body of so many bytes, and a batch of so many ids, is not large.
const SMALL_BODY: usize = 16 * 1024;
const SMALL_BATCH: usize = 100;
/// How many times as large a body may be once it is understood: `[],` is three bytes, and its value 32.
const BODY_GROWS: usize = 16;
/// Bytes of an answer, and of each of its features.
const ANSWER: usize = 512;
const FEATURE: usize = 128;

/// What is left.
#[derive(Debug)]
pub struct Budget(AtomicUsize);

/// What a request holds, until it is dropped.
#[derive(Debug, Clone)]
pub struct Share(#[expect(dead_code, reason = "held to be dropped")] Arc<Taken>);

#[derive(Debug)]
struct Taken {
    budget: Arc<Budget>,
    bytes: usize,
}

impl Default for Budget {
    fn default() -> Self {
        Self(AtomicUsize::new(ALL))
    }
}

impl Budget {
    /// For a body that is to be understood; none while too many others are.
    pub fn for_body(self: &Arc<Self>, bytes: usize) -> Option<Share> {
        let large = bytes > SMALL_BODY;
        self.take(if large { bytes * BODY_GROWS } else { 0 })
    }

    /// For the answers to a batch, by its ids and what each answer names.
    pub fn for_answers(self: &Arc<Self>, ids: usize, features: usize) -> Option<Share> {
        let large = ids > SMALL_BATCH;
        self.take(if large {
            ids * (ANSWER + features * FEATURE)
        } else {
            0
        })
    }

    /// What is larger than all there is takes all there is.
    fn take(self: &Arc<Self>, bytes: usize) -> Option<Share> {
        let bytes = bytes.min(ALL);
        let less = |left: usize| left.checked_sub(bytes);
        let order = Ordering::Relaxed;
        self.0.fetch_update(order, order, less).ok()?;
        let budget = Arc::clone(self);
        Some(Share(Arc::new(Taken { budget, bytes })))
    }
}

impl Drop for Taken {
    fn drop(&mut self) {
        self.budget.0.fetch_add(self.bytes, Ordering::Relaxed);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn large_requests_share_and_small_ones_pass() {
        let budget = Arc::new(Budget::default());
        let mut held = Vec::new();
        while let Some(share) = budget.for_body(1024 * 1024) {
            held.push(share);
        }
        assert_eq!(held.len(), 32);
        assert!(budget.for_answers(10_000, 14).is_none());
        assert!(budget.for_body(SMALL_BODY).is_some() && budget.for_answers(100, 1000).is_some());
        let first = held.pop().unwrap();
        let again = first.clone();
        drop(first);
        assert!(budget.for_body(1024 * 1024).is_none());
        drop(again);
        assert!(budget.for_body(1024 * 1024).is_some());
        drop(held);
        assert_eq!(budget.0.load(Ordering::Relaxed), ALL);
        assert!(
            budget
                .for_answers(10_000, usize::MAX / 10_000_000)
                .is_some()
        );
    }
}
