//! The program driven from outside, as people and other programs drive it.

#![allow(clippy::unwrap_used)] // a test that cannot go on says where

mod accident;
mod common;
mod data;
mod definitions;
mod determinism;
mod export;
mod init;
mod leakage;
mod locked;
mod noise;
mod run;
