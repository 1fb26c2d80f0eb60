//! Small pieces of text: TOML strings, names, numbers for people.

/// A TOML basic string.
pub fn quoted(text: &str) -> String {
    let mut quoted = String::from('"');
    for c in text.chars() {
        match c {
            '"' => quoted.push_str("\\\""),
            '\\' => quoted.push_str("\\\\"),
            '\t' => quoted.push_str("\\t"),
            c if c.is_control() => quoted.push_str(&format!("\\u{:04X}", u32::from(c))),
            c => quoted.push(c),
        }
    }
    quoted.push('"');
    quoted
}

/// A TOML array of strings on one line.
pub fn array<'a>(items: impl IntoIterator<Item = &'a str>) -> String {
    let items: Vec<String> = items.into_iter().map(quoted).collect();
    format!("[{}]", items.join(", "))
}

/// A TOML key, quoted where it must be.
pub fn key(name: &str) -> String {
    let bare = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'_' || byte == b'-';
    if !name.is_empty() && name.bytes().all(bare) {
        name.to_string()
    } else {
        quoted(name)
    }
}

/// A name for a file or a model: letters, digits, `_` and `-`, everything else a `_`; a letter or
/// digit first, and not too long.
pub fn plain_name(name: &str) -> String {
    let plain = |c: char| {
        if c.is_ascii_alphanumeric() || "_-".contains(c) {
            c
        } else {
            '_'
        }
    };
    let name: String = name.chars().map(plain).collect();
    let name: String = name
        .trim_start_matches(['_', '-'])
        .chars()
        .take(100)
        .collect();
    if name.is_empty() {
        "unnamed".to_string()
    } else {
        name
    }
}

/// The entity a key is of: `user` for `user_id`, `customer` for `customerID`.
pub fn entity(key: &str) -> String {
    let lower = plain_name(&key.to_ascii_lowercase());
    let stem = lower
        .strip_suffix("id")
        .unwrap_or(&lower)
        .trim_end_matches(['_', '-']);
    if stem.is_empty() {
        "entity".to_string()
    } else {
        stem.to_string()
    }
}

/// `7 043`.
pub fn grouped(number: usize) -> String {
    let digits = number.to_string();
    let mut grouped = String::new();
    for (position, digit) in digits.chars().enumerate() {
        if position > 0 && (digits.len() - position).is_multiple_of(3) {
            grouped.push(' ');
        }
        grouped.push(digit);
    }
    grouped
}

/// A number with at most four decimals.
pub fn short(number: f64) -> String {
    let rounded = (number * 1e4).round() / 1e4;
    if rounded.is_finite() && rounded != 0.0 {
        rounded.to_string()
    } else {
        number.to_string()
    }
}

/// `1 row`, `7 043 rows`.
pub fn counted(number: usize, thing: &str) -> String {
    format!(
        "{} {thing}{}",
        grouped(number),
        if number == 1 { "" } else { "s" }
    )
}

/// Words as a person lists them in a sentence: each in backticks.
pub fn listed<'a>(words: impl IntoIterator<Item = &'a str>) -> String {
    let words: Vec<String> = words
        .into_iter()
        .map(|word| {
            if word.is_empty() {
                "an empty cell".to_string()
            } else {
                format!("`{word}`")
            }
        })
        .collect();
    words.join(", ")
}

/// Text without line breaks and other control characters, which a TOML comment may not hold.
fn one_line(text: &str) -> String {
    text.replace(char::is_control, " ")
}

/// Text as comment lines of at most 100 columns.
pub fn comment(text: &str) -> String {
    let mut lines = vec![String::from('#')];
    for word in one_line(text).split_whitespace() {
        let last = lines.last().map_or(0, |line| line.chars().count());
        if last + 1 + word.chars().count() > 100 {
            lines.push(String::from('#'));
        }
        if let Some(line) = lines.last_mut() {
            line.push(' ');
            line.push_str(word);
        }
    }
    lines.join("\n") + "\n"
}

/// Lines of code with a comment each or none: the comments stand in one column.
pub fn aligned(lines: &[(String, String)]) -> String {
    let remarked = lines.iter().filter(|(_, remark)| !remark.is_empty());
    let width = remarked
        .map(|(code, _)| code.chars().count())
        .max()
        .unwrap_or(0);
    lines
        .iter()
        .map(|(code, remark)| match remark.as_str() {
            "" => format!("{code}\n"),
            remark => format!("{code:width$}  # {}\n", one_line(remark)),
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn strings_and_keys_are_toml() {
        assert_eq!(quoted("say \"a\\b\"\n"), r#""say \"a\\b\"\u000A""#);
        assert_eq!(key("monthly_fee"), "monthly_fee");
        assert_eq!(key("Größe (m)"), "\"Größe (m)\"");
        assert_eq!(array(["", "NA"]), r#"["", "NA"]"#);
    }

    #[test]
    fn entities_are_named_by_their_key() {
        assert_eq!(entity("user_id"), "user");
        assert_eq!(entity("customerID"), "customer");
        assert_eq!(entity("id"), "entity");
        assert_eq!(entity("Kunden-Nr"), "kunden-nr");
    }

    #[test]
    fn numbers_are_grouped_by_thousands() {
        assert_eq!(grouped(42), "42");
        assert_eq!(grouped(7043), "7 043");
        assert_eq!(grouped(1_000_000), "1 000 000");
    }
}
