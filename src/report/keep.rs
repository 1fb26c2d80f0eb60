//! What the store holds, what is wrong with it, and what may go.

use serde_json::{Value, json};

use super::style::{Table, bold, count, dim, green, plural, red, seconds, size, wrap, yellow};
use crate::hash::Digest;
use crate::keep::{Examined, FileRoot, GcReport, Problem, Removable};

/// `{"objects":{"checked","bytes"},"facts","problems":[…],"notices":[…],"sound","seconds"}`.
pub fn fsck_document(found: &Examined) -> Value {
    json!({
        "objects": { "checked": found.objects, "bytes": found.bytes },
        "facts": found.facts,
        "logged": found.logged,
        "problems": found.problems.iter().map(problem_document).collect::<Vec<_>>(),
        "notices": found.notices,
        "sound": found.is_sound(),
        "seconds": found.seconds,
    })
}

fn problem_document(problem: &Problem) -> Value {
    json!({
        "kind": problem.kind,
        "object": problem.object.map(|object| object.to_string()),
        "what": problem.what,
        "needed_by": problem.needed_by,
        "detail": problem.detail,
        "rebuilt_by": problem.rebuilt_by,
        "repaired": problem.remedy.as_ref().map(|remedy| remedy.repaired),
        "remedy": problem.remedy.as_ref().map(|remedy| &remedy.words),
    })
}

/// How many of the things that need an object are listed.
const SHOWN: usize = 4;

/// Every problem with what needs it, then one line of what was verified.
pub fn fsck_text(found: &Examined) -> String {
    let mut text = String::new();
    for problem in &found.problems {
        text.push_str(&problem_text(problem));
    }
    for notice in &found.notices {
        text.push_str(&wrap(&format!("  {}  ", yellow("notice")), notice));
    }
    let logged = match found.logged {
        0 => String::new(),
        files => format!(", {}", plural(files, "log file")),
    };
    let verified = format!(
        "{} of {}, {}{logged}, in {}",
        plural(found.objects, "object"),
        size(found.bytes),
        plural(found.facts, "fact"),
        seconds(found.seconds)
    );
    let open = found
        .problems
        .iter()
        .filter(|problem| problem.is_open())
        .count() as u64;
    let repaired = found.problems.len() as u64 - open;
    let verdict = match (open, repaired) {
        (0, 0) => green("Sound"),
        (0, repaired) => format!(
            "{}, {} repaired",
            green("Sound"),
            plural(repaired, "problem")
        ),
        (open, 0) => red(format!("{} found", plural(open, "problem"))),
        (open, repaired) => format!(
            "{}, {repaired} repaired",
            red(format!("{} left", plural(open, "problem")))
        ),
    };
    text.push_str(&format!("{verdict}: {verified}.\n"));
    text
}

fn problem_text(problem: &Problem) -> String {
    let word = match &problem.remedy {
        Some(remedy) if remedy.repaired => green("repaired"),
        _ => red(problem.kind.replace('_', " ")),
    };
    let mut text = format!("  {word}  {}\n", bold(&problem.what));
    let mut fact = |name: &str, words: &str| {
        text.push_str(&wrap(
            &format!("    {name:<11} "),
            &words.replace("  ", " "),
        ));
    };
    fact("found", &problem.detail);
    for (at, needed_by) in problem.needed_by.iter().take(SHOWN).enumerate() {
        fact(if at == 0 { "needed by" } else { "" }, needed_by);
    }
    if problem.needed_by.len() > SHOWN {
        fact("", &format!("and {} more", problem.needed_by.len() - SHOWN));
    }
    match (&problem.remedy, &problem.rebuilt_by) {
        (Some(remedy), _) => fact(
            if remedy.repaired { "done" } else { "tried" },
            &remedy.words,
        ),
        (None, Some(command)) => fact("rebuilt by", &format!("`{command}`")),
        (None, None) => {}
    }
    text
}

/// `{"removable":[…],"strays":[…],"objects","bytes","removed","roots":{…},"needed","young"}`.
pub fn gc_document(report: &GcReport) -> Value {
    let roots = &report.roots;
    let strays = report.strays.iter().map(|stray| {
        let name = stray.path.file_name().map(|name| name.to_string_lossy());
        json!({ "file": name, "bytes": stray.size })
    });
    let executions: Vec<Value> = roots
        .executions
        .iter()
        .map(|root| json!({ "run": root.run, "experiment": root.experiment }))
        .collect();
    json!({
        "removable": report.removable.iter().map(removable_document).collect::<Vec<_>>(),
        "strays": strays.collect::<Vec<_>>(),
        "objects": report.removable.len(),
        "bytes": report.bytes(),
        "removed": report.swept.is_some(),
        "needed": { "objects": report.needed.0, "bytes": report.needed.1 },
        "young": { "objects": report.young.0, "bytes": report.young.1 },
        "roots": {
            "locks": roots.locks.iter().map(root_document).collect::<Vec<_>>(),
            "pins": roots.pins.iter().map(root_document).collect::<Vec<_>>(),
            "promotions": roots.promotions,
            "executions": executions,
            "snapshots": roots.snapshots,
            "kept_files": roots.kept_files,
            "values": roots.values,
        },
    })
}

fn removable_document(entry: &Removable) -> Value {
    json!({
        "object": entry.object.name.to_string(),
        "kind": entry.sort,
        "bytes": entry.object.size,
        "was": entry.was,
    })
}

fn root_document(root: &FileRoot) -> Value {
    json!({ "path": root.path, "run": root.run, "places": root.places })
}

/// What goes by sort, what stays and why, and the command that does it.
pub fn gc_text(report: &GcReport) -> String {
    let mut text = match (&report.swept, report.removable.len() + report.strays.len()) {
        (_, 0) => "Nothing to remove.\n".to_string(),
        (None, _) => "Needed by nothing, and would go:\n".to_string(),
        (Some(_), _) => "Needed by nothing, and gone:\n".to_string(),
    };
    let mut table = Table::default();
    for (sort, (number, bytes)) in report.by_sort() {
        table
            .row()
            .left(sort)
            .right(count(number))
            .right(size(bytes));
    }
    text.push_str(&table.render(2));
    text.push_str("\nStays:\n");
    text.push_str(&stays(report).render(2));
    text.push_str(&roots_text(report));
    match &report.swept {
        Some(swept) if swept.objects + swept.strays > 0 => text.push_str(&format!(
            "\n{}: {}, {}.\n",
            green("Removed"),
            plural(swept.objects + swept.strays, "file"),
            size(swept.bytes)
        )),
        None if report.bytes() > 0 || !report.removable.is_empty() => {
            text.push_str(&format!("\nnext: {}\n", command(report)));
        }
        _ => {}
    }
    text
}

/// The same command, doing it.
fn command(report: &GcReport) -> String {
    let mut words = "streamflow gc --yes".to_string();
    let options = &report.options;
    if options.keep != crate::keep::DEFAULT_KEEP {
        words.push_str(&format!(" --keep {}", options.keep));
    }
    if options.grace_text != crate::keep::DEFAULT_GRACE {
        words.push_str(&format!(" --grace {}", options.grace_text));
    }
    words
}

fn stays(report: &GcReport) -> Table {
    let mut table = Table::default();
    table
        .row()
        .left("needed")
        .right(count(report.needed.0))
        .right(size(report.needed.1));
    table
        .row()
        .left(format!("younger than {}", report.options.grace_text))
        .right(count(report.young.0))
        .right(size(report.young.1));
    table
}

/// How many locks and pins are listed.
const LISTED: usize = 12;

fn roots_text(report: &GcReport) -> String {
    let roots = &report.roots;
    let mut table = Table::default();
    let files: Vec<&FileRoot> = roots.locks.iter().chain(&roots.pins).collect();
    for root in files.iter().take(LISTED) {
        table
            .row()
            .left(&root.path)
            .left(root.run.short())
            .left(dim(root.places.join(", ")));
    }
    let mut text = String::from("\nNeeded by:\n");
    text.push_str(&table.render(2));
    if files.len() > LISTED {
        text.push_str(&format!(
            "  and {} more\n",
            plural((files.len() - LISTED) as u64, "lock")
        ));
    }
    let counts = [
        (
            roots.promotions.len(),
            "runs that rollbacks could go back to",
        ),
        (roots.executions.len(), "last executions"),
        (roots.snapshots, "dates, by their newest snapshot"),
        (roots.kept_files, "files that only the store has"),
        (roots.values, "tables of values that serve"),
    ];
    let mut table = Table::default();
    for (number, words) in counts {
        if number > 0 {
            table.row().left(words).right(count(number as u64));
        }
    }
    text.push_str(&table.render(2));
    text
}
