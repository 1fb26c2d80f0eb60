//! Rust source with everything blanked out that is no code for the program: comments, the insides
//! of literals, and what is compiled for tests only. Lines stay where they are.

use std::fs;
use std::path::{Path, PathBuf};

/// One file below `src/`.
pub struct Source {
    /// From the root of the repository, with `/`.
    pub path: String,
    /// Its first folder or file name below `src/`, without ending.
    pub module: String,
    pub lines: usize,
    pub code: String,
}

/// Every source file of the program, those that hold nothing but tests left out.
pub fn all() -> Vec<Source> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut paths = Vec::new();
    collect(&root.join("src"), &mut paths);
    paths.sort();
    paths.iter().map(|path| read(root, path)).collect()
}

fn collect(folder: &Path, paths: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            collect(&path, paths);
        } else if path.extension().is_some_and(|ending| ending == "rs") {
            paths.push(path);
        }
    }
}

fn read(root: &Path, path: &Path) -> Source {
    let text = fs::read_to_string(path).unwrap();
    let path = path.strip_prefix(root).unwrap();
    let parts: Vec<&str> = path.iter().map(|part| part.to_str().unwrap()).collect();
    let is_test = parts
        .iter()
        .any(|part| matches!(*part, "tests" | "tests.rs" | "testing.rs"));
    let code = if is_test {
        String::new()
    } else {
        without_tests(&blank(&text))
    };
    Source {
        path: parts.join("/"),
        module: parts[1].trim_end_matches(".rs").to_string(),
        lines: text.lines().count(),
        code,
    }
}

/// Puts spaces for comments and for the insides of strings and character literals.
pub fn blank(text: &str) -> String {
    let bytes = text.as_bytes();
    let mut code = bytes.to_vec();
    let mut at = 0;
    while at < bytes.len() {
        let end = match literal_end(bytes, at) {
            Some(end) => end,
            None => {
                at += 1;
                continue;
            }
        };
        for byte in &mut code[at..end] {
            if *byte != b'\n' {
                *byte = b' ';
            }
        }
        at = end;
    }
    String::from_utf8(code).expect("whole characters are blanked")
}

/// Where the comment or literal ends that begins at a place; none when none begins there.
fn literal_end(bytes: &[u8], at: usize) -> Option<usize> {
    let rest = &bytes[at..];
    if rest.starts_with(b"//") {
        return Some(at + position(rest, b"\n").unwrap_or(rest.len()));
    }
    if rest.starts_with(b"/*") {
        return Some(at + position(rest, b"*/").map_or(rest.len(), |end| end + 2));
    }
    match rest[0] {
        b'"' => Some(string_end(bytes, at)),
        b'r' if !follows_word(bytes, at) => raw_string_end(bytes, at),
        b'\'' => character_end(bytes, at),
        _ => None,
    }
}

fn position(bytes: &[u8], wanted: &[u8]) -> Option<usize> {
    bytes
        .windows(wanted.len())
        .position(|window| window == wanted)
}

fn follows_word(bytes: &[u8], at: usize) -> bool {
    at > 0 && (bytes[at - 1].is_ascii_alphanumeric() || bytes[at - 1] == b'_')
        // `br"…"` is a raw string of bytes.
        && !(bytes[at - 1] == b'b' && (at == 1 || !bytes[at - 2].is_ascii_alphanumeric()))
}

fn string_end(bytes: &[u8], at: usize) -> usize {
    let mut end = at + 1;
    while end < bytes.len() && bytes[end] != b'"' {
        end += if bytes[end] == b'\\' { 2 } else { 1 };
    }
    (end + 1).min(bytes.len())
}

fn raw_string_end(bytes: &[u8], at: usize) -> Option<usize> {
    let hashes = bytes[at + 1..]
        .iter()
        .take_while(|byte| **byte == b'#')
        .count();
    if bytes.get(at + 1 + hashes) != Some(&b'"') {
        return None;
    }
    let close: Vec<u8> = std::iter::once(b'"')
        .chain(std::iter::repeat_n(b'#', hashes))
        .collect();
    let start = at + 2 + hashes;
    let end = position(&bytes[start..], &close).map(|end| start + end + close.len());
    Some(end.unwrap_or(bytes.len()))
}

/// `'x'`, `'\n'`; a lifetime is no literal.
fn character_end(bytes: &[u8], at: usize) -> Option<usize> {
    let text = std::str::from_utf8(&bytes[at + 1..]).ok()?;
    let mut characters = text.char_indices();
    let (_, first) = characters.next()?;
    if first == '\\' {
        let close = text[2..].find('\'')?;
        return Some(at + 1 + 2 + close + 1);
    }
    let (next, close) = characters.next()?;
    (close == '\'').then_some(at + 1 + next + 1)
}

/// Blanks every item that stands behind `#[cfg(test)]`.
fn without_tests(code: &str) -> String {
    const MARK: &str = "#[cfg(test)]";
    let mut code = code.to_string();
    while let Some(start) = code.find(MARK) {
        let after = start + MARK.len();
        let open = code[after..].find(['{', ';']).map(|at| after + at);
        let end = match open {
            Some(at) if code.as_bytes()[at] == b'{' => closing(&code, at),
            Some(at) => at + 1,
            None => code.len(),
        };
        let blanked: String = code[start..end]
            .chars()
            .map(|c| if c == '\n' { '\n' } else { ' ' })
            .collect();
        code.replace_range(start..end, &blanked);
    }
    code
}

/// The place behind the brace that closes the one at `open`.
pub fn closing(code: &str, open: usize) -> usize {
    let mut depth = 0;
    for (at, byte) in code.bytes().enumerate().skip(open) {
        match byte {
            b'{' => depth += 1,
            b'}' => depth -= 1,
            _ => {}
        }
        if depth == 0 {
            return at + 1;
        }
    }
    code.len()
}

/// The line of a place, from 1.
pub fn line_of(code: &str, at: usize) -> usize {
    1 + code[..at].matches('\n').count()
}
