//! The program driven from outside, as people and other programs drive it.

#![allow(clippy::unwrap_used)] // A test that panics has failed, which is its purpose.

mod accident;
mod common;
mod data;
mod definitions;
mod determinism;
mod export;
mod init;
mod locked;
mod run;
