//! What the program said, and the one redactor of what varies.

use std::path::Path;

use serde_json::Value;

/// The end of a program.
#[derive(Debug, Clone)]
pub struct Output {
    pub code: i32,
    pub stdout: String,
    pub stderr: String,
    /// The folder that is redacted.
    world: String,
}

impl Output {
    pub fn new(output: &std::process::Output, world: &Path) -> Self {
        let text = |bytes: &[u8]| String::from_utf8(bytes.to_vec()).expect("it prints UTF-8");
        Self {
            // A signal has no code; none of ours is negative.
            code: output.status.code().unwrap_or(-1),
            stdout: text(&output.stdout),
            stderr: text(&output.stderr),
            world: world.canonicalize().unwrap().to_str().unwrap().to_string(),
        }
    }

    /// Fails unless the exit code is this one, or where anything looks like a panic.
    #[track_caller]
    pub fn assert_code(self, code: i32) -> Self {
        let told = format!("{}{}", self.stdout, self.stderr);
        assert_eq!(self.code, code, "exit code; it said:\n{told}");
        for word in ["panicked", "RUST_BACKTRACE", "stack backtrace"] {
            assert!(!told.contains(word), "{told}");
        }
        self
    }

    /// The one JSON document on standard output.
    #[track_caller]
    pub fn json(&self) -> Value {
        serde_json::from_str(&self.stdout)
            .unwrap_or_else(|error| panic!("{error} in:\n{}{}", self.stdout, self.stderr))
    }

    /// Standard error without the steps that were told before the error.
    pub fn error(&self) -> &str {
        let at = self.stderr.find("error:").unwrap_or(0);
        &self.stderr[at..]
    }

    /// Exit code, standard output and standard error, redacted.
    pub fn screen(&self) -> String {
        let mut screen = format!("exit {}\n", self.code);
        for (name, text) in [("stdout", &self.stdout), ("stderr", &self.stderr)] {
            if !text.is_empty() {
                screen.push_str(&format!("--- {name}\n{}", redact(text, &self.world)));
            }
        }
        screen
    }
}

/// Puts `<hash>`, `<short>`, `<time>` and `<world>` for what is another each time.
pub fn redact(text: &str, world: &str) -> String {
    let text = text.replace(world, "<world>");
    let mut redacted = String::new();
    let mut rest = text.as_str();
    while let Some(c) = rest.chars().next() {
        let word: &str = &rest[..rest
            .find(|c: char| !(c.is_ascii_alphanumeric() || c == '.' || c == '_'))
            .unwrap_or(rest.len())];
        if word.is_empty() {
            redacted.push(c);
            rest = &rest[c.len_utf8()..];
            continue;
        }
        redacted.push_str(&redacted_word(word, rest));
        rest = &rest[word.len()..];
    }
    redacted
}

fn redacted_word(word: &str, rest: &str) -> String {
    let digits = |text: &str| text.bytes().all(|byte| byte.is_ascii_hexdigit());
    let seconds = word.split_once('.').is_some_and(|(whole, part)| {
        [whole, part]
            .iter()
            .all(|text| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit()))
    }) && rest[word.len()..].starts_with(" s");
    match word.len() {
        _ if seconds => "<time>".to_string(),
        64 if digits(word) => "<hash>".to_string(),
        8 | 12 if digits(word) && word.contains(|c: char| c.is_ascii_digit()) => {
            "<short>".to_string()
        }
        _ => word.to_string(),
    }
}

#[test]
fn only_what_varies_is_redacted() {
    let hash = "ab".repeat(32);
    let text = format!("run 3f9ac41be207 in 1.1 s, {hash} at /tmp/w/x: 12.5 of 7 043, 2024-01-31");
    assert_eq!(
        redact(&text, "/tmp/w"),
        "run <short> in <time> s, <hash> at <world>/x: 12.5 of 7 043, 2024-01-31"
    );
}
