//! A file of ONNX, the format in which models go from one program to another: written, never read.
//!
//! The file is one protocol buffer, `ModelProto` of
//! <https://github.com/onnx/onnx/blob/v1.16.0/onnx/onnx.proto>, and the numbers of fields and types here are
//! those of that file. It holds a graph: inputs by name, nodes that apply operators to values, constants, and
//! outputs by name. [`Message`](wire) draws the bytes, [`Tensor`] holds constants, [`Graph`] puts the rest
//! together. What is put in decides every byte; nothing is looked up or counted elsewhere.
//!
//! Written are IR version 10, operators of `ai.onnx` 21 and `ai.onnx.ml` 5: those of onnx 1.16, the first
//! release whose trees compare and sum doubles. Earlier ones hold thresholds as doubles, but answer in floats.

mod graph;
mod tensor;
mod wire;

pub use graph::{Attribute, Graph, Operator, Value};
pub use tensor::{Element, Tensor};

/// Readers of protocol buffers take no message of 2 GiB or more.
pub const LARGEST_FILE: usize = (1 << 31) - 1;
