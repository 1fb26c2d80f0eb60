//! Rows of what a server does, written aside: by day, as Parquet, while it goes on answering.
//!
//! **Nobody waits for the disk.** Whoever has rows hands them to a [`DailyLog`] and goes on: there is
//! a queue with a bound and no lock, and what does not fit is dropped and counted. One thread takes
//! them out and writes them. It looks for itself, several times a second, so that nobody has to wake
//! it.
//!
//! **A file is there whole or not at all.** Rows lie in `live/KIND/DATE/` below the store, by the day
//! of their own time in UTC, in files of a name that no other process gives. A server that is killed
//! loses the rows it had not written yet, a few seconds of them; one that is stopped loses none.
//!
//! **Small files become one**, in a finished day all of them. A merged file `X.parquet` is preceded by
//! `X.replaces`, which names the files whose rows it has; as long as both are there, those files
//! count for nothing. So a row is neither lost nor there twice, wherever a merge is interrupted.
//! Whoever merges or reads holds `live/KIND/.merge.lock`; whoever writes needs no lock.
//!
//! | module | |
//! |---|---|
//! | `log` | rows into files, in the background |
//! | `days` | which files count, and their rows |
//! | `merge` | many files into one |
//! | `prediction` | what was answered of one entity, as a row |

mod days;
mod log;
mod merge;
mod prediction;
#[cfg(test)]
mod tests;

pub use days::{Days, Unreadable, unreadable};
pub use log::{Counts, DailyLog, Row, day_of};
pub use prediction::{Asked, Logged, Prediction, Role, Said, Scores, logged_days, predictions};

/// The folder of all kinds of rows, below the store's.
pub const FOLDER: &str = "live";
