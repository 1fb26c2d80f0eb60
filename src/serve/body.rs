//! The body of `/predict`.

use serde_json::{Map, Value};

use super::problem::Problem;
use crate::definition::Dtype;
use crate::online::Key;

/// Ids of one request.
pub const MAX_IDS: usize = 10_000;

/// Whom a request asks about.
#[derive(Debug, PartialEq)]
pub enum Wanted {
    One(Value),
    Many(Vec<Value>),
}

/// A request, and what comes with it.
#[derive(Debug, PartialEq)]
pub struct Asked {
    pub whom: Wanted,
    pub context: Contexts,
}

/// What comes with a request.
#[derive(Debug, Clone, PartialEq)]
pub enum Contexts {
    /// The same for each id.
    Shared(Map<String, Value>),
    /// One for each id.
    Each(Vec<Map<String, Value>>),
}

impl Contexts {
    /// Bytes that it may hold, as reckoned.
    pub fn weight(&self) -> usize {
        /// Of each value, beside its text.
        const VALUE: usize = 128;
        let of_value = |(name, value): (&String, &Value)| {
            VALUE + name.len() + value.as_str().map_or(0, str::len)
        };
        let of_object = |object: &Map<String, Value>| object.iter().map(of_value).sum::<usize>();
        match self {
            Self::Shared(object) => of_object(object),
            Self::Each(objects) => objects.iter().map(of_object).sum(),
        }
    }

    /// One object for each of so many ids.
    pub fn objects(&self, ids: usize) -> Vec<&Map<String, Value>> {
        match self {
            Self::Shared(object) => vec![object; ids],
            Self::Each(objects) => objects.iter().collect(),
        }
    }
}

/// Refuses what does not say that it is JSON.
pub fn check_type(content_type: Option<&str>) -> Result<(), Problem> {
    let essence = content_type.map(|value| value.split(';').next().unwrap_or_default().trim());
    match essence {
        Some(essence) if essence.eq_ignore_ascii_case("application/json") => Ok(()),
        Some(other) => {
            let shown: String = other.chars().filter(char::is_ascii_graphic).collect();
            Err(Problem::new(
                415,
                format!(
                    "The body is said to be {shown:.60}; send it with `Content-Type: application/json` (curl: -H 'content-type: application/json')."
                ),
            ))
        }
        None => Err(Problem::new(
            415,
            "The request has no Content-Type; send it with `Content-Type: application/json`.",
        )),
    }
}

/// Reads `{"user_id": …}` or `{"user_ids": […]}`, where `key` is the name of the entity's key.
///
/// With one id, and with several that share it, `context` is an object; `contexts` is a list with one
/// object for each of several.
pub fn parse(body: &[u8], key: &str) -> Result<Asked, Problem> {
    let value: Value = serde_json::from_slice(body)
        .map_err(|error| Problem::new(400, format!("The body is not JSON: {error}.")))?;
    let many = format!("{key}s");
    let shape = || {
        Problem::new(
            422,
            format!(
                "The body is an object with `{key}`, or with `{many}` and a list; what the run needs of the request stands in `context`."
            ),
        )
    };
    let Value::Object(mut fields) = value else {
        return Err(shape());
    };
    let wanted = match (fields.remove(key), fields.remove(&many)) {
        (Some(one), None) => Wanted::One(one),
        (None, Some(Value::Array(ids))) if ids.len() > MAX_IDS => {
            return Err(Problem::new(
                413,
                format!(
                    "A request has at most {MAX_IDS} ids; this has {}.",
                    ids.len()
                ),
            ));
        }
        (None, Some(Value::Array(ids))) => Wanted::Many(ids),
        _ => return Err(shape()),
    };
    let contexts = contexts(fields.remove("context"), fields.remove("contexts"), &wanted)?;
    match fields.keys().next() {
        Some(_) => Err(shape()),
        None => Ok(Asked {
            whom: wanted,
            context: contexts,
        }),
    }
}

fn contexts(
    shared: Option<Value>,
    each: Option<Value>,
    whom: &Wanted,
) -> Result<Contexts, Problem> {
    let wrong = |why: String| Err(Problem::new(422, why));
    match (shared, each, whom) {
        (None, None, _) => Ok(Contexts::Shared(Map::new())),
        (Some(Value::Object(object)), None, _) => Ok(Contexts::Shared(object)),
        (Some(_), None, _) => wrong("`context` is an object.".to_string()),
        (Some(_), Some(_), _) => wrong("A body has `context` or `contexts`, not both.".to_string()),
        (None, Some(_), Wanted::One(_)) => {
            wrong("`contexts` goes with several ids; with one it is `context`.".to_string())
        }
        (None, Some(Value::Array(values)), Wanted::Many(ids)) if values.len() == ids.len() => {
            let objects = values.into_iter().map(|value| match value {
                Value::Object(object) => Ok(object),
                _ => Err(Problem::new(422, "Each of `contexts` is an object.")),
            });
            Ok(Contexts::Each(objects.collect::<Result<_, _>>()?))
        }
        (None, Some(_), Wanted::Many(ids)) => wrong(format!(
            "`contexts` is a list of {}, one for each id.",
            ids.len()
        )),
    }
}

/// A key of the entity's type.
pub fn key_of(value: &Value, column: &str, dtype: Dtype) -> Result<Key, Problem> {
    let key = match (dtype, value) {
        (Dtype::I64, Value::Number(number)) => number.as_i64().map(Key::Integer),
        (Dtype::I64, _) => None,
        (_, Value::String(text)) => Some(Key::Text(text.clone())),
        _ => None,
    };
    let expected = match dtype {
        Dtype::I64 => "an integer",
        _ => "a string",
    };
    key.ok_or_else(|| Problem::new(422, format!("`{column}` is {expected}.")))
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn status(body: &str) -> u16 {
        parse(body.as_bytes(), "user_id").map_or_else(|problem| problem.status, |_| 200)
    }

    #[test]
    fn one_id_or_a_list_of_them_and_nothing_else() {
        let one = parse(br#"{"user_id":"a"}"#, "user_id").unwrap();
        assert_eq!(one.whom, Wanted::One(json!("a")));
        assert_eq!(status(r#"{"user_ids":[]}"#), 200);
        for body in [
            "{}",
            "[]",
            "1",
            "null",
            r#"{"user_ids":"a"}"#,
            r#"{"user_id":"a","x":1}"#,
            r#"{"user_id":"a","user_ids":[]}"#,
        ] {
            assert_eq!(status(body), 422, "{body}");
        }
        for (body, found) in [
            (r#"{"user_id":"a","context":{"x":1}}"#, 200),
            (r#"{"user_ids":["a","b"],"context":{}}"#, 200),
            (r#"{"user_ids":["a"],"contexts":[{"x":null}]}"#, 200),
            (r#"{"user_ids":["a","b"],"contexts":[{}]}"#, 422),
            (r#"{"user_ids":["a"],"contexts":[1]}"#, 422),
            (r#"{"user_ids":["a"],"contexts":{}}"#, 422),
            (r#"{"user_id":"a","contexts":[{}]}"#, 422),
            (r#"{"user_id":"a","context":[]}"#, 422),
            (r#"{"user_id":"a","context":null}"#, 422),
            (r#"{"user_ids":["a"],"context":{},"contexts":[{}]}"#, 422),
        ] {
            assert_eq!(status(body), found, "{body}");
        }
        let deep = "[".repeat(100_000);
        for body in ["", "{", "user_id=a", "{\"user_id\":\u{1}}", &deep] {
            assert_eq!(status(body), 400);
        }
        let long = json!({ "user_ids": vec!["a"; MAX_IDS + 1] }).to_string();
        assert_eq!(status(&long), 413);
    }

    #[test]
    fn keys_have_the_type_of_their_column() {
        let key = |value: Value, dtype| key_of(&value, "id", dtype).ok();
        assert_eq!(key(json!(7), Dtype::I64), Some(Key::Integer(7)));
        assert_eq!(key(json!("7"), Dtype::String), Some(Key::Text("7".into())));
        for (value, dtype) in [
            (json!("7"), Dtype::I64),
            (json!(7.0), Dtype::I64),
            (json!(u64::MAX), Dtype::I64),
            (json!(7), Dtype::String),
            (json!(null), Dtype::String),
        ] {
            assert_eq!(key(value, dtype), None);
        }
    }

    #[test]
    fn only_json_is_read() {
        assert!(check_type(Some("application/json; charset=utf-8")).is_ok());
        assert!(check_type(Some("APPLICATION/JSON")).is_ok());
        for other in [
            None,
            Some("text/plain"),
            Some("application/jsonx"),
            Some(""),
        ] {
            assert_eq!(check_type(other).unwrap_err().status, 415);
        }
    }
}
