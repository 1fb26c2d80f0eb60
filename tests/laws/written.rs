//! A tree of values as TOML text, in as many ways as there are hands.

use serde_json::{Map, Value as Json};

/// Draws what a hand does. The same seed writes the same.
#[derive(Debug, Clone)]
pub struct Hand {
    /// 0 is the plain hand: keys in order, one section a table, no comments.
    state: u64,
}

/// What the list of a key may be shuffled to without meaning something else.
const SETS: [&str; 2] = ["features", "as_of"];
/// Keys whose texts may be dates of TOML.
const DATES: [&str; 2] = ["as_of", "since"];

impl Hand {
    pub const fn plain() -> Self {
        Self { state: 0 }
    }

    pub const fn new(seed: u64) -> Self {
        Self { state: seed | 1 }
    }

    /// A number below `count`; always 0 in the plain hand. SplitMix64.
    fn draw(&mut self, count: u64) -> u64 {
        if self.state == 0 {
            return 0;
        }
        self.state = self.state.wrapping_add(0x9e37_79b9_7f4a_7c15) | 1;
        let mut mixed = self.state;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        (mixed ^ (mixed >> 31)) % count
    }

    fn shuffle<T>(&mut self, items: &mut [T]) {
        for at in (1..items.len()).rev() {
            let count = at as u64 + 1;
            // The plain hand leaves everything where it is.
            let to = count - 1 - self.draw(count);
            items.swap(at, usize::try_from(to).unwrap());
        }
    }

    /// The text of one file.
    pub fn write(&mut self, file: &Json) -> String {
        let mut text = String::new();
        self.section(file.as_object().unwrap(), "", &mut text);
        if self.draw(2) == 1 {
            text = text.replace('\n', "\r\n");
        }
        text
    }

    fn section(&mut self, entries: &Map<String, Json>, path: &str, text: &mut String) {
        let mut entries: Vec<(&String, &Json)> = entries.iter().collect();
        self.shuffle(&mut entries);
        let (sections, plain): (Vec<_>, Vec<_>) = entries
            .into_iter()
            .partition(|(_, value)| (value.is_object() || is_sections(value)) && self.draw(4) < 3);
        for (key, value) in plain {
            let key_text = self.key(key);
            let value = self.value(key, value);
            let spaces = ["", " ", "\t", "   "];
            let around = spaces[(self.draw(4) as usize + 1) % 4];
            let comment = ["", "  # why", " #", ""][self.draw(4) as usize];
            text.push_str(&format!("{key_text}{around}={around}{value}{comment}\n"));
            text.push_str(["", "\n", "# trees = 7\n"][self.draw(3) as usize]);
        }
        for (key, value) in sections {
            let key = self.key(key);
            let path = match path {
                "" => key,
                path => format!("{path}.{key}"),
            };
            match value {
                Json::Object(entries) => {
                    text.push_str(&format!("[{path}]\n"));
                    self.section(entries, &path, text);
                }
                blocks => {
                    for block in blocks.as_array().unwrap() {
                        text.push_str(&format!("[[{path}]]\n"));
                        self.inline_lines(block.as_object().unwrap(), text);
                    }
                }
            }
        }
    }

    /// The entries of a block that has no sections of its own.
    fn inline_lines(&mut self, entries: &Map<String, Json>, text: &mut String) {
        for (key, value) in entries {
            let value = self.value(key, value);
            text.push_str(&format!("{} = {value}\n", self.key(key)));
        }
    }

    fn key(&mut self, key: &str) -> String {
        match self.draw(3) {
            1 => format!("\"{key}\""),
            2 => format!("'{key}'"),
            _ => streamflow::definition::toml_key(key),
        }
    }

    fn value(&mut self, key: &str, value: &Json) -> String {
        match value {
            Json::String(text) if DATES.contains(&key) && self.draw(2) == 0 => text.clone(),
            Json::String(text) => {
                let literal = text
                    .bytes()
                    .all(|b| (b' '..b'\x7f').contains(&b) && b != b'\'');
                match self.draw(2) {
                    1 if literal => format!("'{text}'"),
                    _ => toml::Value::String(text.clone()).to_string(),
                }
            }
            Json::Array(items) => {
                let mut items: Vec<_> = items.iter().map(|item| self.value(key, item)).collect();
                if SETS.contains(&key) {
                    self.shuffle(&mut items);
                }
                let between = [", ", ",", " ,\n\t", ",  # next\n "][self.draw(4) as usize];
                let end = ["", ",", ""][self.draw(3) as usize];
                match items.is_empty() {
                    true => "[]".to_string(),
                    false => format!("[{}{end}]", items.join(between)),
                }
            }
            Json::Object(entries) => {
                let mut entries: Vec<_> = entries.iter().collect();
                self.shuffle(&mut entries);
                let entries: Vec<_> = entries
                    .into_iter()
                    .map(|(key, value)| format!("{} = {}", self.key(key), self.value(key, value)))
                    .collect();
                format!("{{ {} }}", entries.join(", "))
            }
            Json::Number(number) if number.is_f64() => {
                let number = number.as_f64().unwrap();
                let whole = number.fract() == 0.0 && number.abs() < 1e15;
                match self.draw(3) {
                    1 => format!("{number:e}"),
                    2 if whole => format!("{number:.0}"),
                    _ => format!("{number:?}"),
                }
            }
            other => other.to_string(),
        }
    }
}

/// Whether a list is one of sections, written with double brackets.
fn is_sections(value: &Json) -> bool {
    let blocks = value.as_array();
    blocks.is_some_and(|blocks| !blocks.is_empty() && blocks.iter().all(Json::is_object))
}
