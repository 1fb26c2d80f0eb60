//! The program driven from outside, as people and other programs drive it.

#![allow(clippy::unwrap_used)] // a test that cannot go on says where

mod accident;
mod attribute;
mod boosting;
mod checks;
mod common;
mod cross_validation;
mod data;
mod database;
mod definitions;
mod derived;
mod determinism;
mod diff;
mod drift;
mod environment;
mod estimators;
mod explain;
mod export;
mod flow;
mod history;
mod init;
mod inspect;
mod intake;
mod keep;
mod leakage;
mod live;
mod locked;
mod merge;
mod mlflow;
mod noise;
mod onnx;
mod point_in_time;
mod preprocess;
mod replay;
mod report;
mod run;
mod search;
mod soak;
mod statement;
mod tasks;
mod why;
mod windows;
