//! Panics of a library, turned into errors.

use std::cell::Cell;
use std::panic::{AssertUnwindSafe, catch_unwind, set_hook, take_hook};
use std::sync::Once;

thread_local! {
    static QUIET: Cell<bool> = const { Cell::new(false) };
}

static HOOK: Once = Once::new();

/// The library gave up on its input.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Panicked;

/// Runs work of a library that panics on damaged input, on this thread and in silence.
///
/// polars indexes and unwraps where a Parquet file contradicts itself. What it was building is
/// dropped with the panic, so nothing half-made is seen. The hook that would print the panic is
/// the process's own; it is wrapped once, and is silent only for threads in here.
pub fn quietly<T>(work: impl FnOnce() -> T) -> Result<T, Panicked> {
    HOOK.call_once(|| {
        let loud = take_hook();
        set_hook(Box::new(move |info| {
            if !QUIET.get() {
                loud(info);
            }
        }));
    });
    let before = QUIET.replace(true);
    let result = catch_unwind(AssertUnwindSafe(work));
    QUIET.set(before);
    result.map_err(|_| Panicked)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_panic_is_an_error() {
        assert_eq!(quietly(|| 1), Ok(1));
        assert_eq!(quietly(|| Vec::<u8>::new()[0]), Err(Panicked));
    }
}
