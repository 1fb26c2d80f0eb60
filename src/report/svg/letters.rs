//! How wide a text will be, as far as that can be known without a font: rather too wide.

/// Width at 12 units of height, as a wide sans serif has it.
pub fn width(text: &str) -> f64 {
    text.chars().map(letter).sum()
}

fn letter(letter: char) -> f64 {
    match letter {
        'i' | 'j' | 'l' | '.' | ',' | ':' | ';' | '\'' | '|' | '!' | ' ' => 4.0,
        'f' | 'r' | 't' | '(' | ')' | '-' | '/' => 5.0,
        'm' | 'w' | 'M' | 'W' | '%' | '@' | '…' | '→' => 11.5,
        'A'..='Z' => 8.6,
        '\u{0}'..='\u{2ff}' => 7.4,
        // Ideographs, kana, hangul, emoji are as wide as they are high.
        '\u{1100}'..='\u{11ff}' | '\u{2e80}'.. => 12.5,
        _ => 8.6,
    }
}

/// The text, cut where it would be wider than `room`.
pub fn fitted(text: &str, room: f64) -> String {
    if width(text) <= room {
        return text.to_string();
    }
    let mut used = width("…");
    let kept = text.chars().take_while(|next| {
        used += letter(*next);
        used <= room
    });
    kept.chain(['…']).collect()
}
