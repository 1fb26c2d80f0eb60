//! What `init` made.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::style::{bold, dim, green, plural, wrap};

/// A new project.
#[derive(Debug)]
pub struct NewProject {
    /// The folder as it was typed; none for the present one.
    pub folder: Option<String>,
    /// Paths from its root, in the order they were written.
    pub files: Vec<String>,
    /// Files that were there already and stay as they are.
    pub kept: Vec<String>,
    /// File and sentence of each guess.
    pub guesses: Vec<(String, String)>,
}

/// `{"files":[…],"kept":[…],"guesses":[{"file","guess"}]}`.
pub fn new_project_document(project: &NewProject) -> Value {
    let guesses: Vec<Value> = project
        .guesses
        .iter()
        .map(|(file, guess)| json!({ "file": file, "guess": guess }))
        .collect();
    json!({ "files": project.files, "kept": project.kept, "guesses": guesses })
}

/// The screen of a project with the example in it.
pub fn sample_text(project: &NewProject) -> String {
    let mut text = format!("{}\n", headline(project));
    text.push_str(&folders(&project.files));
    text.push_str("\nIt asks who will leave a streaming service; README.md tells the rest.\n");
    text.push_str(&next(project));
    text
}

/// The screen of a project made of a person's own files: every guess, by file.
pub fn from_exports_text(project: &NewProject) -> String {
    let mut text = format!("{}\n", headline(project));
    text.push_str(&folders(&project.files));
    for path in &project.kept {
        text.push_str(&format!("  {}\n", dim(format!("{path} stays as it is"))));
    }
    let mut by_file: Vec<(&str, Vec<&str>)> = Vec::new();
    for (file, guess) in &project.guesses {
        match by_file.last_mut() {
            Some((last, guesses)) if last == file => guesses.push(guess),
            _ => by_file.push((file, vec![guess])),
        }
    }
    for (file, guesses) in by_file {
        text.push_str(&format!("\n{}\n", bold(file)));
        for guess in guesses {
            text.push_str(&wrap("  - ", guess));
        }
    }
    text.push('\n');
    text.push_str(&wrap(
        "",
        "These are guesses. Each stands beside its line with the evidence; correct what is wrong.",
    ));
    text.push_str(&next(project));
    text
}

fn headline(project: &NewProject) -> String {
    let place = project.folder.as_deref().unwrap_or("this folder");
    let files = plural(project.files.len() as u64, "file");
    format!("{} in {place}: {files}", green("Made a project"))
}

/// The files of the root by name, the others by the first part of their path and how many.
fn folders(files: &[String]) -> String {
    let mut counts: BTreeMap<&str, u64> = BTreeMap::new();
    let mut root = Vec::new();
    for path in files {
        match path.split_once('/') {
            Some((folder, _)) => *counts.entry(folder).or_default() += 1,
            None => root.push(path.as_str()),
        }
    }
    let mut text = format!("  {}\n", root.join("  "));
    for (folder, count) in counts {
        let folder = format!("{folder}/");
        text.push_str(&format!("  {folder:<14}{}\n", plural(count, "file")));
    }
    text
}

fn next(project: &NewProject) -> String {
    match &project.folder {
        Some(folder) => format!("next: cd {folder} && streamflow check && streamflow run\n"),
        None => "next: streamflow check && streamflow run\n".to_string(),
    }
}
