//! The body of `/v2/models/{model}/infer`: tensors to rows.

use serde_json::{Map, Value};

use super::super::rows::{Column, Rows, shown, wrong};
use crate::serve::problem::Problem;

/// A request that was understood.
#[derive(Debug)]
pub struct Asked {
    /// Repeated in the answer.
    pub id: Option<String>,
    pub rows: Rows,
    /// The outputs that are asked for, in that order; all of them where none is named.
    pub outputs: Vec<String>,
}

/// The datatypes of the protocol, and what JSON has for them.
const DATATYPES: [(&str, Kind); 13] = [
    ("BOOL", Kind::Bool),
    ("UINT8", Kind::Integer(0, u8::MAX as i128)),
    ("UINT16", Kind::Integer(0, u16::MAX as i128)),
    ("UINT32", Kind::Integer(0, u32::MAX as i128)),
    ("UINT64", Kind::Integer(0, u64::MAX as i128)),
    ("INT8", Kind::Integer(i8::MIN as i128, i8::MAX as i128)),
    ("INT16", Kind::Integer(i16::MIN as i128, i16::MAX as i128)),
    ("INT32", Kind::Integer(i32::MIN as i128, i32::MAX as i128)),
    ("INT64", Kind::Integer(i64::MIN as i128, i64::MAX as i128)),
    ("FP16", Kind::Float),
    ("FP32", Kind::Float),
    ("FP64", Kind::Float),
    ("BYTES", Kind::Text),
];

/// The names of all datatypes.
pub fn datatypes() -> [&'static str; 13] {
    DATATYPES.map(|(name, _)| name)
}

#[derive(Debug, Clone, Copy)]
enum Kind {
    Bool,
    /// From, to.
    Integer(i128, i128),
    Float,
    Text,
}

/// The refusal of tensors that are not JSON.
pub fn no_binary() -> Problem {
    Problem::new(
        400,
        "Tensors are read as JSON: this server does not speak the binary extension (tritonclient: `binary_data=False`).",
    )
}

/// Reads a request.
pub fn parse(body: Value) -> Result<Asked, Problem> {
    let shape = || {
        wrong(
            "The body is an object with `inputs`, a list of tensors, and perhaps `id`, `outputs` and `parameters`.",
        )
    };
    let Value::Object(mut fields) = body else {
        return Err(shape());
    };
    let id = match fields.remove("id") {
        None | Some(Value::Null) => None,
        Some(Value::String(id)) => Some(id),
        Some(_) => return Err(wrong("`id` is a string.")),
    };
    check_parameters(fields.remove("parameters"))?;
    let outputs = outputs(fields.remove("outputs"))?;
    let Some(Value::Array(tensors)) = fields.remove("inputs") else {
        return Err(shape());
    };
    if !fields.is_empty() || tensors.is_empty() {
        return Err(shape());
    }
    let columns = tensors.into_iter().map(tensor);
    Ok(Asked {
        id,
        rows: Rows::of(columns.collect::<Result<_, Problem>>()?)?,
        outputs,
    })
}

/// Parameters are for extensions, of which there are none: those that only say what a client could read are
/// passed over.
fn check_parameters(parameters: Option<Value>) -> Result<(), Problem> {
    match parameters {
        None | Some(Value::Null) => Ok(()),
        Some(Value::Object(parameters)) => {
            let elsewhere = ["binary_data_size", "shared_memory_region"];
            match elsewhere.iter().any(|name| parameters.contains_key(*name)) {
                true => Err(no_binary()),
                false => Ok(()),
            }
        }
        Some(_) => Err(wrong("`parameters` is an object.")),
    }
}

fn outputs(value: Option<Value>) -> Result<Vec<String>, Problem> {
    let shape = || wrong("`outputs` is a list of objects with a `name`.");
    let named = |output: Value| {
        let Value::Object(mut fields) = output else {
            return Err(shape());
        };
        check_parameters(fields.remove("parameters"))?;
        match (fields.remove("name"), fields.is_empty()) {
            (Some(Value::String(name)), true) => Ok(name),
            _ => Err(shape()),
        }
    };
    match value {
        None | Some(Value::Null) => Ok(Vec::new()),
        Some(Value::Array(outputs)) => outputs.into_iter().map(named).collect(),
        Some(_) => Err(shape()),
    }
}

/// A tensor as a column.
fn tensor(value: Value) -> Result<Column, Problem> {
    let shape =
        || wrong("A tensor of `inputs` is an object with `name`, `shape`, `datatype` and `data`.");
    let Value::Object(mut fields) = value else {
        return Err(shape());
    };
    let Some(Value::String(name)) = fields.remove("name") else {
        return Err(shape());
    };
    check_parameters(fields.remove("parameters"))?;
    let kind = kind(&name, fields.remove("datatype").as_ref())?;
    let rows = rows(&name, fields.remove("shape").as_ref())?;
    let values = data(&name, rows, &mut fields)?;
    if !fields.is_empty() {
        return Err(shape());
    }
    let other = values.iter().position(|value| !kind.has(value));
    match other {
        Some(row) => Err(wrong(format!(
            "`data` of {} has a value that its datatype does not have.",
            shown(&name)
        ))
        .in_row(row, values.len())),
        None => Ok(Column { name, values }),
    }
}

fn kind(name: &str, value: Option<&Value>) -> Result<Kind, Problem> {
    let text = value.and_then(Value::as_str);
    let known = DATATYPES.iter().find(|(known, _)| Some(*known) == text);
    known.map(|(_, kind)| *kind).ok_or_else(|| {
        let all = datatypes().join(", ");
        wrong(format!("`datatype` of {} is one of {all}.", shown(name)))
    })
}

/// The rows of a shape: `[rows]`, or `[rows, 1]`.
fn rows(name: &str, value: Option<&Value>) -> Result<u64, Problem> {
    let sizes = value.and_then(Value::as_array);
    let sizes: Option<Vec<u64>> = sizes.and_then(|all| all.iter().map(Value::as_u64).collect());
    match sizes.as_deref() {
        Some([rows] | [rows, 1]) => Ok(*rows),
        _ => Err(wrong(format!(
            "`shape` of {} is [rows] or [rows, 1].",
            shown(name)
        ))),
    }
}

/// The values of a tensor, flat or nested as its shape.
fn data(name: &str, rows: u64, fields: &mut Map<String, Value>) -> Result<Vec<Value>, Problem> {
    let Some(Value::Array(values)) = fields.remove("data") else {
        return Err(wrong(format!("`data` of {} is a list.", shown(name))));
    };
    if values.len() as u64 != rows {
        let why = format!(
            "`data` of {} has {} rows, and its `shape` says {rows}.",
            shown(name),
            values.len()
        );
        return Err(wrong(why));
    }
    let flat = values.into_iter().map(|value| match value {
        Value::Array(mut one) if one.len() == 1 => one.swap_remove(0),
        other => other,
    });
    Ok(flat.collect())
}

impl Kind {
    /// Null is of any datatype: the protocol has none, and strings no NaN.
    fn has(self, value: &Value) -> bool {
        match (self, value) {
            (_, Value::Null) => true,
            (Self::Bool, value) => value.is_boolean(),
            (Self::Float, value) => value.is_number(),
            (Self::Text, value) => value.is_string(),
            (Self::Integer(from, to), Value::Number(number)) => {
                let number = number.as_i128();
                number.is_some_and(|number| (from..=to).contains(&number))
            }
            (Self::Integer(..), _) => false,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn one(shape: &Value, datatype: &str, data: &Value) -> Result<Vec<Value>, u16> {
        let tensor = json!({ "name": "x", "shape": shape, "datatype": datatype, "data": data });
        let asked = parse(json!({ "inputs": [tensor] }));
        asked
            .map(|asked| asked.rows.column("x").unwrap().to_vec())
            .map_err(|problem| problem.status)
    }

    #[test]
    fn tensors_are_flat_or_nested_and_have_one_column() {
        let values = vec![json!(1), json!(2)];
        for (shape, data) in [
            (json!([2]), json!([1, 2])),
            (json!([2, 1]), json!([1, 2])),
            (json!([2, 1]), json!([[1], [2]])),
        ] {
            assert_eq!(one(&shape, "INT64", &data), Ok(values.clone()));
        }
        assert_eq!(one(&json!([0]), "INT64", &json!([])), Ok(Vec::new()));
        for (shape, data) in [
            (json!([]), json!([])),
            (json!([1, 2]), json!([[1, 2]])),
            (json!([2, 1, 1]), json!([1, 2])),
            (json!([3]), json!([1, 2])),
            (json!([-1]), json!([1])),
            (json!([1.0]), json!([1])),
            (json!([u64::MAX]), json!([1])),
            (json!("2"), json!([1, 2])),
            (json!([2]), json!({ "0": 1 })),
            (json!([2]), json!([[1, 1], [2, 2]])),
            (json!([2]), json!([[[1]], [2]])),
        ] {
            assert_eq!(one(&shape, "INT64", &data), Err(422), "{shape}");
        }
    }

    #[test]
    fn values_are_of_their_datatype() {
        for (datatype, value) in [
            ("BOOL", json!(true)),
            ("UINT8", json!(255)),
            ("INT8", json!(-128)),
            ("UINT64", json!(u64::MAX)),
            ("INT64", json!(i64::MIN)),
            ("FP32", json!(1)),
            ("FP64", json!(1.5)),
            ("FP64", json!(null)),
            ("BYTES", json!("a")),
        ] {
            assert!(
                one(&json!([1]), datatype, &json!([value])).is_ok(),
                "{datatype}"
            );
        }
        for (datatype, value) in [
            ("BOOL", json!(1)),
            ("UINT8", json!(256)),
            ("UINT8", json!(-1)),
            ("INT64", json!(u64::MAX)),
            ("INT64", json!(1.0)),
            ("FP64", json!("1.5")),
            ("BYTES", json!(1)),
            ("BYTES", json!({})),
            ("STRING", json!("a")),
            ("int64", json!(1)),
        ] {
            assert_eq!(
                one(&json!([1]), datatype, &json!([value])),
                Err(422),
                "{datatype}"
            );
        }
    }

    #[test]
    fn what_is_no_request_is_refused() {
        let tensor = json!({ "name": "x", "shape": [1], "datatype": "INT64", "data": [1] });
        let with = |name: &str, value: Value| {
            let mut body = json!({ "inputs": [tensor] });
            body[name] = value;
            parse(body)
                .map(|asked| asked.outputs)
                .map_err(|problem| problem.status)
        };
        assert_eq!(with("id", json!("7")), Ok(Vec::new()));
        assert_eq!(
            with("parameters", json!({ "binary_data_output": true })),
            Ok(Vec::new())
        );
        let output = json!([{ "name": "prediction", "parameters": { "binary_data": false } }]);
        assert_eq!(with("outputs", output), Ok(vec!["prediction".to_string()]));
        for (name, value, status) in [
            ("id", json!(7), 422),
            ("parameters", json!([]), 422),
            ("outputs", json!("prediction"), 422),
            ("outputs", json!(["prediction"]), 422),
            ("outputs", json!([{ "name": "prediction", "x": 1 }]), 422),
            ("input", json!([]), 422),
            ("inputs", json!([]), 422),
            ("inputs", json!({}), 422),
            ("inputs", json!([1]), 422),
            ("inputs", json!([{ "name": "x" }]), 422),
            ("inputs", json!([tensor, tensor]), 422),
            (
                "inputs",
                json!([{ "name": "x", "shape": [1], "datatype": "INT64", "parameters": { "binary_data_size": 8 } }]),
                400,
            ),
        ] {
            assert_eq!(with(name, value.clone()), Err(status), "{name} {value}");
        }
        for body in [json!([]), json!(null), json!({}), json!({ "id": "7" })] {
            assert_eq!(parse(body).unwrap_err().status, 422);
        }
    }
}
