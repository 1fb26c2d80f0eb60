//! What every page has: one file of HTML that asks nothing of the network, in light and dark.

use super::style;

/// Colours and what all pages are made of.
const STYLE: &str = include_str!("page.css");

/// A whole page. `style` is added to what all pages have, `body` is HTML.
pub fn page(title: &str, style: &str, body: &str) -> String {
    format!(
        "<!doctype html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n\
         <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n\
         <title>{}</title>\n<style>\n{STYLE}{style}</style>\n</head>\n<body>\n{body}</body>\n</html>\n",
        escaped(title)
    )
}

/// Text as HTML and SVG hold it, in elements and in quoted attributes. What no XML may hold is
/// left out.
pub fn escaped(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for letter in text.chars() {
        match letter {
            '&' => escaped.push_str("&amp;"),
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            '"' => escaped.push_str("&quot;"),
            '\'' => escaped.push_str("&#39;"),
            '\n' | '\t' => escaped.push(letter),
            other if other.is_control() => escaped.extend(other.escape_debug()),
            other => escaped.push(other),
        }
    }
    escaped
}

/// A count on one line, however narrow its cell: groups of three between narrow no-break spaces.
pub fn count(value: u64) -> String {
    style::count(value).replace(' ', "\u{202f}")
}

/// `1 row`, `2 rows`; the noun may stand on the next line.
pub fn plural(value: u64, noun: &str) -> String {
    let words = style::plural(value, noun);
    words.replacen(&style::count(value), &count(value), 1)
}

#[cfg(test)]
mod tests;
