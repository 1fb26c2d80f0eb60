//! The rules of the house, kept by a machine. ARCHITECTURE.md says what they are for.

#![allow(clippy::unwrap_used)] // a test that cannot go on says where

#[path = "architecture/source.rs"]
mod source;

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;

use source::{Source, closing, line_of};

/// The floor of every module: it imports only modules of a lower one.
const FLOORS: &[(u8, &str)] = &[
    (0, "error"),
    (1, "hash"),
    (1, "fsio"),
    (1, "math"),
    (1, "onnx"),
    (2, "host"),
    (2, "definition"),
    (2, "store"),
    (3, "table"),
    (3, "http_client"),
    (4, "table_store"),
    (4, "drift"),
    (4, "feature"),
    (4, "learn"),
    (4, "live"),
    (4, "postgres"),
    (5, "check"),
    (5, "compared"),
    (5, "workspace"),
    (6, "snapshot"),
    (6, "code"),
    (7, "plan"),
    (7, "retrieval"),
    (8, "lockfile"),
    (9, "run"),
    (10, "online"),
    (10, "registry"),
    (11, "keep"),
    (11, "flow"),
    (11, "publish"),
    (11, "mlflow"),
    (12, "report"),
    (12, "sample"),
    (12, "scaffold"),
    (13, "serve"),
    (14, "command"),
    (15, "lib"),
    (15, "main"),
];

/// Rooms that are planned and may be empty. A module that is there leaves this list.
const COMING: &[&str] = &[];

/// What only some modules touch: what to look for in the code, where it may stand, and what is
/// meant.
const DOORS: &[(&[&str], &[&str], &str)] = &[
    (&["blake3::", "sha2::"], &["hash"], "blake3 and sha2"),
    (
        &[
            "std::env::",
            "use std::env",
            "SystemTime",
            "time::Instant",
            "Timestamp::now",
            "Zoned::now",
        ],
        &["host"],
        "clock and environment variables",
    ),
    (
        &[
            "fs::write",
            "fs::rename",
            "fs::copy",
            "fs::remove",
            "create_dir",
            "hard_link",
            "File::create",
            "OpenOptions",
            "tempfile::",
        ],
        &["fsio"],
        "writing files",
    ),
    (
        &["process::Command", "Command::new", "Stdio"],
        &["host"],
        "starting programs",
    ),
    (&["libm::"], &["math"], "libm"),
    (&["ed25519_dalek::"], &["registry"], "ed25519_dalek"),
    (&["toml::"], &["definition", "lockfile"], "toml"),
    (&["polars::"], &["table", "check", "feature"], "polars"),
    (&["polars_parquet::"], &["table"], "polars_parquet"),
    (
        &["from_parquet_object"],
        &["table", "table_store"],
        "reading a stored table, which may be kept as changes,",
    ),
    (&["rusqlite::"], &["store"], "rusqlite"),
    (&["git2::"], &["code"], "git2"),
    (
        &["std::net"],
        &["serve", "postgres", "http_client"],
        "the network",
    ),
    (&["ureq::"], &["http_client"], "ureq"),
    (&["signal_hook::"], &["serve"], "signals"),
    (
        &["postgres_protocol::", "socket2::"],
        &["postgres"],
        "PostgreSQL",
    ),
    (
        &["clap::", "indicatif::"],
        &["command"],
        "clap and indicatif",
    ),
    (
        &["print!(", "println!(", "stdout()", "stderr()", "dbg!("],
        &["command"],
        "printing",
    ),
];

const LONGEST_FILE: usize = 600;
const LONGEST_FUNCTION: usize = 70;
const LONGEST_MAIN: usize = 15;

/// Fails with every finding at once.
#[track_caller]
fn none_of(findings: &[String], rule: &str) {
    assert!(findings.is_empty(), "{rule}:\n  {}", findings.join("\n  "));
}

fn floor(module: &str) -> u8 {
    let found = FLOORS.iter().find(|(_, name)| *name == module);
    found
        .unwrap_or_else(|| {
            panic!("`{module}` has no floor: give it one here and in ARCHITECTURE.md")
        })
        .0
}

#[test]
fn a_module_imports_only_lower_ones() {
    let mut findings = Vec::new();
    for source in source::all() {
        let own = floor(&source.module);
        for (at, module) in crate_paths(&source.code) {
            if module != source.module && floor(&module) >= own {
                findings.push(format!(
                    "{}:{}  {} ({own}) → {module} ({})",
                    source.path,
                    line_of(&source.code, at),
                    source.module,
                    floor(&module)
                ));
            }
        }
        findings.extend(climbs_out(&source));
    }
    none_of(&findings, "wrong arrows");
}

/// The modules named after `crate::`, with their place. `crate::{a, b}` names several.
fn crate_paths(code: &str) -> Vec<(usize, String)> {
    let mut found = Vec::new();
    for (at, path) in code.match_indices("crate::") {
        let rest = &code[at + path.len()..];
        match rest.strip_prefix('{') {
            Some(_) => {
                let group = &rest[1..closing(rest, 0) - 1];
                let names = top_level_items(group).map(|item| (at, first_word(item)));
                found.extend(names);
            }
            None => found.push((at, first_word(rest))),
        }
    }
    // A type or macro of the crate itself begins otherwise than a module, or is none.
    found.retain(|(_, name)| name.starts_with(|c: char| c.is_ascii_lowercase()));
    found
}

fn top_level_items(group: &str) -> impl Iterator<Item = &str> {
    let mut depth = 0;
    group.split(move |c| {
        match c {
            '{' => depth += 1,
            '}' => depth -= 1,
            _ => {}
        }
        c == ',' && depth == 0
    })
}

fn first_word(text: &str) -> String {
    text.trim_start()
        .chars()
        .take_while(|c| c.is_ascii_alphanumeric() || *c == '_')
        .collect()
}

/// Paths that leave a module by `super::` instead of by `crate::`.
fn climbs_out(source: &Source) -> Vec<String> {
    let parts: Vec<&str> = source.path.split('/').collect();
    let folders = parts.len() - 2;
    let depth = match parts.last() {
        Some(&"mod.rs") => folders,
        _ => folders + 1,
    };
    let climb = "super::".repeat(depth);
    let places = source.code.match_indices(&climb);
    places
        .map(|(at, _)| {
            let line = line_of(&source.code, at);
            format!("{}:{line}  `super` leads out of the module", source.path)
        })
        .collect()
}

#[test]
fn a_library_is_used_behind_its_door_only() {
    let mut findings = Vec::new();
    for source in source::all() {
        for (words, modules, what) in DOORS {
            if modules.contains(&source.module.as_str()) {
                continue;
            }
            for word in *words {
                for (at, _) in source.code.match_indices(word) {
                    let line = line_of(&source.code, at);
                    let doors = modules.join(", ");
                    findings.push(format!("{}:{line}  {what} is for {doors}", source.path));
                }
            }
        }
    }
    none_of(&findings, "libraries outside their door");
}

#[test]
fn files_and_functions_are_short() {
    let mut findings = Vec::new();
    for source in source::all() {
        let limit = match source.module.as_str() {
            "main" => LONGEST_MAIN,
            _ => LONGEST_FILE,
        };
        if source.lines > limit {
            findings.push(format!("{} has {} lines", source.path, source.lines));
        }
        for (name, line, length) in functions(&source.code) {
            if length > LONGEST_FUNCTION {
                findings.push(format!("{}:{line}  {name} has {length} lines", source.path));
            }
        }
    }
    none_of(&findings, "too long");
}

/// Name, first line and number of lines of every function with a body.
fn functions(code: &str) -> Vec<(String, usize, usize)> {
    let mut found = Vec::new();
    for (at, word) in code.match_indices("fn ") {
        let starts_word = at == 0 || !code.as_bytes()[at - 1].is_ascii_alphanumeric();
        let name = first_word(&code[at + word.len()..]);
        let body = body(code, at).filter(|_| starts_word && !name.is_empty());
        let Some(open) = body else {
            continue;
        };
        let (first, last) = (line_of(code, at), line_of(code, closing(code, open) - 1));
        found.push((name, first, last - first + 1));
    }
    found
}

/// The brace that opens the body of the function at a place; none where it has no body.
fn body(code: &str, at: usize) -> Option<usize> {
    let mut depth = 0;
    for (offset, byte) in code[at..].bytes().enumerate() {
        match byte {
            b'(' | b'[' => depth += 1,
            b')' | b']' => depth -= 1,
            b';' if depth == 0 => return None,
            b'{' if depth == 0 => return Some(at + offset),
            _ => {}
        }
    }
    None
}

#[test]
fn nothing_is_unwrapped_outside_tests() {
    let mut findings = Vec::new();
    for source in source::all() {
        for (at, _) in source.code.match_indices(".unwrap()") {
            findings.push(format!("{}:{}", source.path, line_of(&source.code, at)));
        }
    }
    none_of(&findings, "`unwrap` outside tests");
}

#[test]
fn the_table_here_the_folder_and_architecture_md_agree() {
    let here: BTreeMap<&str, u8> = FLOORS.iter().map(|(floor, name)| (*name, *floor)).collect();
    let sources = source::all();
    let there: BTreeSet<&str> = sources
        .iter()
        .map(|source| source.module.as_str())
        .collect();
    let mut findings = Vec::new();
    for name in here.keys().filter(|name| !there.contains(*name)) {
        if !COMING.contains(name) {
            findings.push(format!("`{name}` has a floor and is not in src/"));
        }
    }
    let written = written_floors();
    for name in here.keys().chain(written.keys()).collect::<BTreeSet<_>>() {
        let (table, text) = (here.get(name), written.get(name));
        if table != text {
            findings.push(format!(
                "`{name}`: {table:?} here, {text:?} in ARCHITECTURE.md"
            ));
        }
    }
    none_of(&findings, "drift");
}

/// The floors as ARCHITECTURE.md tells them: rows such as `| 4 | `check` · `feature` | …`.
fn written_floors() -> BTreeMap<&'static str, u8> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("ARCHITECTURE.md");
    let text: &'static str = fs::read_to_string(path).unwrap().leak();
    let mut floors = BTreeMap::new();
    for line in text.lines().filter(|line| line.starts_with("| ")) {
        let cells: Vec<&str> = line.split('|').map(str::trim).collect();
        let Ok(floor) = cells[1].parse() else {
            continue;
        };
        let names = cells[2].split('`').skip(1).step_by(2);
        floors.extend(names.map(|name| (name.trim_end_matches('/'), floor)));
    }
    floors
}

#[test]
fn the_checks_see_what_they_look_for() {
    let code = source::blank(
        "use crate::{run, table::{self, Cell}}; // crate::serve\n\
         fn long<'a>(x: &'a str) {\n let c = '{'; let s = \"crate::plan }\"; r#\"fn x() {\"#;\n}\n\
         trait T { fn none(&self) -> [u8; 2]; }\nfn bytes() -> [u8; 2] { [0; 2] }\n",
    );
    let modules: Vec<String> = crate_paths(&code)
        .into_iter()
        .map(|(_, name)| name)
        .collect();
    assert_eq!(modules, ["run", "table"]);
    let long = ("long".to_string(), 2, 3);
    assert_eq!(functions(&code), [long, ("bytes".to_string(), 6, 1)]);
}
