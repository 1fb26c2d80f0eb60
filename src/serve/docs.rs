//! `/docs`: the description of all routes as a page for people, of the same value as `/openapi.json`.
//!
//! One file of HTML that asks nothing of the network: no script, no font, no picture.

use std::fmt::Write;

use serde_json::{Map, Value};

use crate::report::{escaped, html_page};

const STYLE: &str = include_str!("docs.css");

/// The page of an OpenAPI document of ours.
pub fn page(document: &Value) -> String {
    let info = &document["info"];
    let title = format!("{} {}", text(&info["title"]), text(&info["version"]));
    let mut body = format!(
        "<header><h1>{}</h1>\n<p>{}</p>\n<p>For programs: <a href=\"openapi.json\">openapi.json</a></p></header>\n<main>\n",
        escaped(&title),
        prose(text(&info["description"])),
    );
    for (path, operations) in entries(&document["paths"]) {
        for (method, operation) in entries(operations) {
            body += &route(&method.to_uppercase(), path, operation);
        }
    }
    body += "<h2 class=\"part\">Shapes</h2>\n";
    for (name, schema) in entries(&document["components"]["schemas"]) {
        let description = paragraph(&schema["description"]);
        let shape = shape_of(schema, 0);
        let name = escaped(name);
        body += &format!(
            "<article id=\"{name}\"><h2>{name}</h2>\n{description}<pre>{shape}</pre></article>\n"
        );
    }
    html_page(&title, STYLE, &(body + "</main>\n"))
}

fn route(method: &str, path: &str, operation: &Value) -> String {
    let (path, mut inside) = (escaped(path), paragraph(&operation["summary"]));
    let parameters = operation["parameters"].as_array();
    for parameter in parameters.into_iter().flatten() {
        inside += &format!(
            "<p><code>{}</code> in the {}: <code>{}</code>. {}</p>\n",
            escaped(text(&parameter["name"])),
            escaped(text(&parameter["in"])),
            shape_of(&parameter["schema"], 0),
            prose(text(&parameter["description"])),
        );
    }
    for (kind, content) in entries(&operation["requestBody"]["content"]) {
        let (kind, shape) = (escaped(kind), shape_of(&content["schema"], 0));
        inside += &format!("<h3>Body, {kind}</h3>\n<pre>{shape}</pre>\n");
    }
    inside += "<table>\n";
    for (status, response) in entries(&operation["responses"]) {
        let contents = entries(&response["content"]);
        let shapes = contents.map(|(kind, content)| {
            let shape = shape_of(&content["schema"], 0);
            format!(
                "<code>{shape}</code> <span class=\"empty\">{}</span>",
                escaped(kind)
            )
        });
        inside += &format!(
            "<tr><th>{}</th><td>{}</td><td>{}</td></tr>\n",
            escaped(status),
            prose(text(&response["description"])),
            shapes.collect::<Vec<_>>().join(" ")
        );
    }
    format!("<article><h2><b>{method}</b> {path}</h2>\n{inside}</table></article>\n")
}

fn text(value: &Value) -> &str {
    value.as_str().unwrap_or_default()
}

fn paragraph(value: &Value) -> String {
    match value.as_str() {
        Some(words) => format!("<p>{}</p>\n", prose(words)),
        None => String::new(),
    }
}

/// Words of the description: what stands between backticks is code.
fn prose(words: &str) -> String {
    let parts = words.split('`').enumerate();
    let marked = parts.map(|(at, part)| match at % 2 {
        0 => escaped(part),
        _ => format!("<code>{}</code>", escaped(part)),
    });
    marked.collect()
}

fn entries(value: &Value) -> impl Iterator<Item = (&String, &Value)> {
    value.as_object().into_iter().flat_map(Map::iter)
}

/// A schema as one would write it down, in HTML: `{ user_id: string, context?: Context }`.
fn shape_of(schema: &Value, depth: usize) -> String {
    if let Some(name) = schema["$ref"].as_str() {
        let name = escaped(name.rsplit('/').next().unwrap_or(name));
        return format!("<a href=\"#{name}\">{name}</a>");
    }
    for (choice, between) in [("oneOf", " | "), ("anyOf", "\n| ")] {
        if let Some(choices) = schema[choice].as_array() {
            let shapes = choices.iter().map(|one| shape_of(one, depth));
            return shapes.collect::<Vec<_>>().join(between);
        }
    }
    if let Some(value) = schema.get("const") {
        return escaped(&value.to_string());
    }
    if let Some(values) = schema["enum"].as_array() {
        let words = values.iter().map(|value| escaped(&value.to_string()));
        return words.collect::<Vec<_>>().join(" | ");
    }
    match &schema["type"] {
        Value::Array(kinds) => {
            let words: Vec<_> = kinds.iter().map(|kind| escaped(text(kind))).collect();
            words.join(" | ") + &details(schema)
        }
        Value::String(kind) if kind == "object" => object(schema, depth),
        Value::String(kind) if kind == "array" => {
            format!("[{}]{}", shape_of(&schema["items"], depth), details(schema))
        }
        Value::String(kind) => escaped(kind) + &details(schema),
        _ => "anything".to_string(),
    }
}

fn object(schema: &Value, depth: usize) -> String {
    let required = schema["required"].as_array();
    let is_required = |name: &str| required.is_some_and(|all| all.iter().any(|one| one == name));
    let inset = "  ".repeat(depth + 1);
    let mut lines = String::new();
    let mut line = |name: &str, shape: String| {
        let written = writeln!(lines, "{inset}{name}: {shape}");
        written.expect("writing to a string does not fail");
    };
    for (name, property) in entries(&schema["properties"]) {
        let mark = if is_required(name) { "" } else { "?" };
        line(&(escaped(name) + mark), shape_of(property, depth + 1));
    }
    let others = &schema["additionalProperties"];
    if others.is_object() {
        line("<i>any name</i>", shape_of(others, depth + 1));
    }
    match lines.is_empty() {
        true => "{ … }".to_string(),
        false => format!("{{\n{lines}{}}}", "  ".repeat(depth)),
    }
}

/// What else must hold, in words.
fn details(schema: &Value) -> String {
    const KNOWN: [(&str, &str); 7] = [
        ("format", ""),
        ("pattern", ""),
        ("default", "default "),
        ("minimum", "from "),
        ("maximum", "to "),
        ("minLength", "length from "),
        ("maxItems", "at most "),
    ];
    let found = KNOWN.iter().filter_map(|(key, word)| {
        let value = schema.get(*key)?;
        let value = value
            .as_str()
            .map_or_else(|| value.to_string(), str::to_string);
        Some(format!("{word}{}", escaped(&value)))
    });
    let found: Vec<_> = found.collect();
    match found.is_empty() {
        true => String::new(),
        false => format!(" <span class=\"empty\">({})</span>", found.join(", ")),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn what_stands_between_backticks_is_code() {
        assert_eq!(
            prose("there with `a<b`, or `c`."),
            "there with <code>a&lt;b</code>, or <code>c</code>."
        );
    }

    #[test]
    fn shapes_are_written_down() {
        let schema = json!({
            "type": "object",
            "required": ["id", "<b>"],
            "properties": {
                "id": { "$ref": "#/components/schemas/Key" },
                "<b>": { "type": ["integer", "null"] },
                "list": { "type": "array", "maxItems": 3, "items": { "oneOf": [{ "const": "a" }, { "enum": [1, 2] }] } },
            },
            "additionalProperties": { "type": "number", "minimum": 0 },
        });
        let wanted = "{
  &lt;b&gt;: integer | null
  id: <a href=\"#Key\">Key</a>
  list?: [&quot;a&quot; | 1 | 2] <span class=\"empty\">(at most 3)</span>
  <i>any name</i>: number <span class=\"empty\">(from 0)</span>
}";
        assert_eq!(shape_of(&schema, 0), wanted);
    }
}
