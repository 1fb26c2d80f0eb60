//! The program driven from outside, as people and other programs drive it.

mod accident;
mod common;
mod data;
mod definitions;
mod determinism;
mod export;
mod init;
mod locked;
mod run;
