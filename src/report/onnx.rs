//! What an export of a model as ONNX wrote.

use std::path::Path;

use super::style::{Table, count, dim, plural};
use crate::hash::Digest;
use crate::learn::{OnnxModel, OnnxValue};
use crate::run::KnownRun;

/// Where the file is, and what goes in and comes out.
pub fn onnx_text(known: &KnownRun, file: &Path, size: u64, onnx: &OnnxModel) -> String {
    let mut table = Table::default();
    let of_kind = |kind| onnx.inputs.iter().filter(move |input| input.kind == kind);
    let kinds = ["double", "string"].map(|kind| (of_kind(kind).count(), kind));
    let kinds = kinds.iter().filter(|(count, _)| *count > 0);
    let kinds: Vec<String> = kinds
        .map(|(count, kind)| format!("{count} {kind}"))
        .collect();
    table.row().left(dim("inputs")).left(format!(
        "{}: {}",
        plural(onnx.inputs.len() as u64, "feature"),
        kinds.join(", ")
    ));
    let outputs: Vec<String> = onnx.outputs.iter().map(output_words).collect();
    table.row().left(dim("outputs")).left(outputs.join(", "));
    format!(
        "onnx of run {} written to {}   {} bytes\n{}",
        known.run.short(),
        file.display(),
        count(size),
        table.render(2)
    )
}

/// `prediction int64`, `probabilities double × 3`.
fn output_words(output: &OnnxValue) -> String {
    match output.columns {
        1 => format!("{} {}", output.name, output.kind),
        columns => format!("{} {} × {columns}", output.name, output.kind),
    }
}
