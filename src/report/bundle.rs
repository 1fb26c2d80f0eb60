//! Runs that travel.

use serde_json::{Value, json};

use super::style::{Table, bold, count, dim, green, plural, size, wrap, yellow};
use crate::hash::Digest;
use crate::keep::{Bundled, FileOutcome, Target, Unbundled};

/// `{"run","experiment","file","bytes","members","snapshots"}`.
pub fn bundled_document(done: &Bundled, file: &str) -> Value {
    json!({
        "run": done.run,
        "experiment": done.experiment,
        "file": file,
        "bytes": done.bytes,
        "members": done.members,
        "snapshots": done.snapshots,
    })
}

pub fn bundled_text(done: &Bundled, file: &str) -> String {
    let headline = format!(
        "{}   run {}   bundled into {file}",
        bold(&done.experiment),
        done.run.short()
    );
    let facts = format!(
        "{} with {} and the run's outputs, {}",
        plural(done.members as u64, "member"),
        plural(done.snapshots as u64, "whole snapshot"),
        size(done.bytes)
    );
    format!("{headline}\n  {facts}\nnext: streamflow unbundle {file} DIR\n")
}

/// `{"run","experiment","root","new_project","objects":{"added","present"},"recorded","files":[…],"finding"}`.
pub fn unbundled_document(done: &Unbundled) -> Value {
    let files = done.files.iter().map(|file| {
        let (what, reason) = outcome_words(&file.outcome);
        json!({ "path": file.path, "outcome": what, "reason": reason })
    });
    let finding = done.finding.as_ref().map(|differences| {
        let difference = |(name, here, bundled): &(String, String, String)| {
            json!({ "name": name, "here": here, "bundled": bundled })
        };
        differences.iter().map(difference).collect::<Vec<_>>()
    });
    json!({
        "run": done.run,
        "experiment": done.experiment,
        "root": done.target.folder(),
        "new_project": matches!(done.target, Target::New(_)),
        "objects": { "added": done.added, "present": done.present },
        "recorded": done.recorded,
        "files": files.collect::<Vec<_>>(),
        "finding": finding,
    })
}

fn outcome_words(outcome: &FileOutcome) -> (&'static str, Option<&str>) {
    match outcome {
        FileOutcome::Written => ("written", None),
        FileOutcome::Same => ("same", None),
        FileOutcome::LeftAlone(why) => ("left_alone", Some(why)),
    }
}

/// `folder` is the target as it was typed; none for the project one stands in.
pub fn unbundled_text(done: &Unbundled, folder: Option<&str>) -> String {
    let place = match (&done.target, folder) {
        (Target::New(_), Some(folder)) => format!("{} {folder}", green("made a project in")),
        (_, Some(folder)) => format!("brought into {folder}"),
        (_, None) => "brought in".to_string(),
    };
    let mut text = format!(
        "{}   run {}   {place}\n  {} added, {} were there{}\n",
        bold(&done.experiment),
        done.run.short(),
        plural(done.added, "object"),
        count(done.present),
        if done.recorded {
            ""
        } else {
            "; the run was known"
        },
    );
    let mut table = Table::default();
    for file in &done.files {
        let words = match &file.outcome {
            FileOutcome::Written => "written".to_string(),
            FileOutcome::Same => dim("the same"),
            FileOutcome::LeftAlone(_) => yellow("left alone"),
        };
        table.row().left(&file.path).left(words);
    }
    text.push_str(&table.render(2));
    let mut reasons: Vec<&str> = Vec::new();
    for file in &done.files {
        if let FileOutcome::LeftAlone(why) = &file.outcome
            && !reasons.contains(&why.as_str())
        {
            reasons.push(why);
        }
    }
    for why in reasons {
        text.push_str(&wrap(&format!("  {}  ", yellow("left alone")), why));
    }
    let proof = match done.files.iter().any(|file| {
        file.path.ends_with(".lock") && matches!(file.outcome, FileOutcome::LeftAlone(_))
    }) {
        true => format!("streamflow replay {}", done.run.short()),
        false => format!("streamflow run --locked {}", done.experiment),
    };
    let go = match (&done.target, folder) {
        (_, Some(folder)) if folder != "." => format!("cd {folder} && "),
        _ => String::new(),
    };
    text + &format!("next: {go}{proof}\n")
}
