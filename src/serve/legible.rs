//! Text that a client may have had a hand in, as part of one line.

/// The text with everything escaped that could end a line, move a cursor or turn letters round: a
/// log is read by people on terminals and by programs line by line.
pub fn legible(text: &str) -> String {
    let mut line = String::with_capacity(text.len());
    for letter in text.chars() {
        match is_plain(letter) {
            true => line.push(letter),
            false => line.extend(letter.escape_default()),
        }
    }
    line
}

fn is_plain(letter: char) -> bool {
    // Separators of lines and paragraphs, marks of direction, and what has no width.
    let hides = matches!(letter, '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{2069}' | '\u{feff}');
    !letter.is_control() && !hides
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_stays_one() {
        let text = "no `a\r\nerror: b\u{1b}[2J\u{202e}\u{2028}c\t` in caf\u{e9} \\ \"d\"";
        let line = "no `a\\r\\nerror: b\\u{1b}[2J\\u{202e}\\u{2028}c\\t` in caf\u{e9} \\ \"d\"";
        assert_eq!(legible(text), line);
    }
}
