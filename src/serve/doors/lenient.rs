//! JSON as Python writes it: pandas has NaN where there is no value, and `json.dumps` writes it as it is.

use serde_json::Value;

use crate::serve::problem::Problem;

const NAN: &[u8] = b"NaN";

/// Reads a body; NaN is null, as everywhere. Infinite numbers are none.
pub fn parse(body: &[u8]) -> Result<Value, Problem> {
    let refused = match serde_json::from_slice(body) {
        Ok(value) => return Ok(value),
        Err(error) => error,
    };
    let read = without_nan(body).and_then(|body| serde_json::from_slice(&body).ok());
    read.ok_or_else(|| Problem::new(400, format!("The body is not JSON: {refused}.")))
}

/// The body with null in place of NaN; none where nothing was replaced.
fn without_nan(body: &[u8]) -> Option<Vec<u8>> {
    let mut written = Vec::with_capacity(body.len() + 64);
    let (mut in_text, mut replaced) = (false, false);
    let mut rest = body;
    while let Some((first, after)) = rest.split_first() {
        let taken = match first {
            b'\\' if in_text => 2.min(rest.len()),
            b'N' if !in_text && rest.starts_with(NAN) => {
                written.extend_from_slice(b"null");
                replaced = true;
                rest = &rest[NAN.len()..];
                continue;
            }
            b'"' => {
                in_text = !in_text;
                1
            }
            _ => 1,
        };
        written.extend_from_slice(&rest[..taken]);
        rest = if taken == 1 { after } else { &rest[taken..] };
    }
    replaced.then_some(written)
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn nan_is_null_but_in_texts() {
        let read = |text: &str| parse(text.as_bytes()).map_err(|problem| problem.status);
        assert_eq!(read("[NaN, 1.5,NaN]"), Ok(json!([null, 1.5, null])));
        assert_eq!(read(r#"{"NaN": NaN}"#), Ok(json!({ "NaN": null })));
        assert_eq!(
            read(r#"["a\"NaN", NaN, "\\", NaN]"#),
            Ok(json!(["a\"NaN", null, "\\", null]))
        );
        for text in [
            "",
            "NaN1",
            "[-NaN]",
            "[Infinity]",
            "[-Infinity, NaN]",
            "nan",
            "[NaN",
            "\"NaN",
            "\"\\",
            "NaNNaN",
        ] {
            assert_eq!(read(text), Err(400), "{text}");
        }
        let deep = format!("{}NaN", "[".repeat(100_000));
        assert_eq!(read(&deep), Err(400));
    }
}
