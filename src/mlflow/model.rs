//! A model as MLflow keeps one: a folder with the model as ONNX, and files that say what it takes and gives and how it is
//! loaded.

use serde_json::{Value, json};

use super::content::File;
use crate::hash::RunId;
use crate::host::Instant;
use crate::learn::{OnnxModel, OnnxValue};

/// The folder, below the artifacts of a run.
pub const FOLDER: &str = "model";

/// What reads the model; the versions it is tried with in `tests/peers/run`.
const REQUIREMENTS: [&str; 3] = ["mlflow==3.17.2", "onnx==1.23.2", "onnxruntime==1.32.0"];
/// That of the same trial.
const PYTHON: &str = "3.11";

/// A model as files.
#[derive(Debug)]
pub struct ModelFiles {
    pub files: Vec<File>,
    /// What MLflow notes of it at a run.
    pub summary: Value,
}

/// The folder of a run's model. The same run gives the same bytes.
pub fn model_files(run: RunId, made: Instant, onnx: OnnxModel) -> ModelFiles {
    let id: String = run.to_string().chars().take(32).collect();
    // As Python's `str` of a time: in UTC, without saying so.
    let made = made.to_string().replace('T', " ").replace('Z', "");
    let flavors = json!({
        "onnx": {
            "code": null,
            "data": "model.onnx",
            "onnx_session_options": null,
            "onnx_version": REQUIREMENTS[1].trim_start_matches("onnx=="),
            "providers": ["CPUExecutionProvider"],
        },
        "python_function": {
            "data": "model.onnx",
            "env": { "conda": "conda.yaml", "virtualenv": "python_env.yaml" },
            "loader_module": "mlflow.onnx",
            "python_version": PYTHON,
        },
    });
    let signature = json!({
        "inputs": columns(&onnx.inputs),
        "outputs": columns(&onnx.outputs),
        "params": null,
    });
    let size: usize = onnx.bytes.len();
    let description = json!({
        "artifact_path": FOLDER,
        "flavors": flavors,
        "metadata": { "streamflow.run": run },
        "model_size_bytes": size,
        "model_uuid": id,
        "signature": signature,
        "utc_time_created": made,
    });
    let summary = json!({
        "artifact_path": FOLDER,
        "flavors": flavors,
        "model_uuid": id,
        "utc_time_created": made,
    });
    let requirements = REQUIREMENTS.join("\n") + "\n";
    let python = format!(
        "python: \"{PYTHON}\"\nbuild_dependencies:\n- pip\ndependencies:\n- -r requirements.txt\n"
    );
    let conda = format!(
        "channels:\n- conda-forge\ndependencies:\n- python={PYTHON}\n- pip\n- pip:\n{}name: mlflow-env\n",
        REQUIREMENTS.map(|line| format!("  - {line}\n")).concat()
    );
    let file = |name: &str, bytes: Vec<u8>| File {
        path: format!("{FOLDER}/{name}"),
        bytes,
    };
    let files = vec![
        file("conda.yaml", conda.into_bytes()),
        file("model.onnx", onnx.bytes),
        file("python_env.yaml", python.into_bytes()),
        file("requirements.txt", requirements.into_bytes()),
        // Last: whoever finds it finds the rest.
        file("MLmodel", yaml(&description).into_bytes()),
    ];
    ModelFiles { files, summary }
}

/// Columns of a signature, as the JSON text that stands in it.
fn columns(values: &[OnnxValue]) -> String {
    let kind = |value: &OnnxValue| match value.kind {
        "int64" => "long",
        other => other,
    };
    let columns = values
        .iter()
        .map(|value| json!({ "name": value.name, "required": true, "type": kind(value) }));
    Value::from_iter(columns).to_string()
}

/// An object as YAML: a key a line, objects indented, everything else as JSON, which YAML contains.
fn yaml(value: &Value) -> String {
    let mut text = String::new();
    write_yaml(&mut text, value, 0);
    text
}

fn write_yaml(text: &mut String, value: &Value, indent: usize) {
    for (key, value) in value.as_object().into_iter().flatten() {
        text.push_str(&format!("{:indent$}{key}:", ""));
        match value {
            Value::Object(_) => {
                text.push('\n');
                write_yaml(text, value, indent + 2);
            }
            other => text.push_str(&format!(" {other}\n")),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_required_is_what_is_tried() {
        let tried = include_str!("../../tests/peers/requirements-mlflow.txt");
        for line in REQUIREMENTS {
            assert!(tried.lines().any(|tried| tried == line), "{line}");
        }
    }

    #[test]
    fn a_description_is_yaml() {
        let description = json!({ "b": { "c": null, "d": ["x: y"] }, "a": "1: \"2\"\n" });
        assert_eq!(
            yaml(&description),
            "a: \"1: \\\"2\\\"\\n\"\nb:\n  c: null\n  d: [\"x: y\"]\n"
        );
    }
}
