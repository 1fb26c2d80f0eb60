//! A project for one's own exports, every line of it a guess that says why.
//!
//! `init --from` hands over the raw bytes of each table's files, the key and the label; what comes
//! back is the text of a project and the list of guesses behind it. Only the two ends touch a disk:
//! `find` reads the files behind a pattern, `place` writes a project where there is none.
//!
//! 1. `sheet` makes rows of bytes: encoding, delimiter, header. No cell is understood yet.
//! 2. `word` knows single cells: what may mean null, true, a number, a date.
//! 3. `survey`, with `dialect` and `column`, looks at all cells of a table at once and decides what holds for the whole table
//!    (null words, decimal mark, words for true and false) and for each column (its dtype, from
//!    when it exists, whether it is fit to learn from).
//! 4. `label` finds the label, its positive value and the newest date that has it; `leak` drops
//!    columns that say the same as the label.
//! 5. `table_text` and `experiment_text` write TOML, with the evidence beside each line.
//!
//! A guess may be wrong, but it is never silent, and what cannot be declared (an event table, a
//! column that vanishes) is set aside as a `.draft` with the reason on top.

mod column;
mod dialect;
mod experiment_text;
mod find;
mod label;
mod leak;
mod place;
mod sheet;
mod survey;
mod table_text;
mod text;
mod word;

use std::collections::BTreeMap;
use std::fmt;

use jiff::civil::Date;

use crate::error::{Error, Kind, Result, did_you_mean};
pub use find::find;
pub use place::{BESIDE, write_new};

use label::Label;
use sheet::Sheet;
use survey::Survey;

/// The files of one table, as they were found.
pub struct Export {
    /// The table's name: the file name without its ending.
    pub table: String,
    /// The path under the project's root, with `{as_of}` for the date.
    pub pattern: String,
    pub files: Vec<(Date, Vec<u8>)>,
}

/// What the person said.
pub struct Request<'a> {
    pub project: &'a str,
    pub exports: &'a [Export],
    pub key: &'a str,
    /// `TABLE.COLUMN`.
    pub label: &'a str,
}

/// A file of the new project: path relative to its root, with `/`, and content.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TextFile {
    pub path: String,
    pub text: String,
}

/// One guess: the file it stands in and a sentence that says what was guessed and why.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Guess {
    pub file: String,
    pub sentence: String,
}

impl fmt::Display for Guess {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.file, self.sentence)
    }
}

/// A project, not yet written anywhere.
#[derive(Debug)]
pub struct Scaffold {
    pub files: Vec<TextFile>,
    pub guesses: Vec<Guess>,
}

/// Infers a project from raw exports.
pub fn infer(request: &Request<'_>) -> Result<Scaffold> {
    let read = request
        .exports
        .iter()
        .map(sheet::read)
        .collect::<Result<Vec<Vec<Sheet>>>>()?;
    require_different_names(request)?;
    require_key(request, &read)?;
    let mut surveys: Vec<Survey<'_>> = request
        .exports
        .iter()
        .zip(&read)
        .map(|(export, sheets)| Survey::of(export, sheets, request.key))
        .collect();
    survey::agree_on_key(&mut surveys);
    let mut label = Label::find(request.label, request.key, &mut surveys)?;
    leak::leave_out(&mut surveys, &label);
    label::choose_sources(&mut surveys, &mut label);
    Ok(Scaffold {
        files: files(request, &surveys, &label),
        guesses: guesses(&surveys, &label),
    })
}

fn files(request: &Request<'_>, surveys: &[Survey<'_>], label: &Label) -> Vec<TextFile> {
    let entity = text::entity(request.key);
    let mut files = vec![TextFile {
        path: "streamflow.toml".to_string(),
        text: experiment_text::project(request, &entity, label),
    }];
    files.extend(surveys.iter().map(|survey| TextFile {
        path: survey.file(),
        text: table_text::table(survey, &entity),
    }));
    files.push(TextFile {
        path: label.experiment_file(),
        text: experiment_text::experiment(surveys, label),
    });
    files
}

fn guesses(surveys: &[Survey<'_>], label: &Label) -> Vec<Guess> {
    let of_table = surveys.iter().flat_map(|survey| {
        let file = survey.file();
        survey.guesses().into_iter().map(move |sentence| Guess {
            file: file.clone(),
            sentence,
        })
    });
    let of_label = label.guesses(surveys).into_iter().map(|sentence| Guess {
        file: label.experiment_file(),
        sentence,
    });
    of_table.chain(of_label).collect()
}

/// Two tables whose names differ only in what a name may not hold would be written to one file.
fn require_different_names(request: &Request<'_>) -> Result<()> {
    let mut names = BTreeMap::new();
    for export in request.exports {
        if let Some(other) = names.insert(text::plain_name(&export.table), &export.table) {
            let message = format!("`{other}` and `{}` are one table name", export.table);
            return Err(Error::usage(message).help("rename the files of one of them"));
        }
    }
    Ok(())
}

/// Every file of every table has the key, or all that lack it are named at once.
fn require_key(request: &Request<'_>, read: &[Vec<Sheet>]) -> Result<()> {
    let sheets = || read.iter().flatten();
    let lacking: Vec<&Sheet> = sheets()
        .filter(|sheet| !sheet.header.iter().any(|name| name == request.key))
        .collect();
    let Some(first) = lacking.first() else {
        return Ok(());
    };
    let error = Error::new(
        Kind::Usage,
        format!("the key `{}` is not a column of every table", request.key),
    )
    .details(
        lacking
            .iter()
            .map(|sheet| format!("{}: {}", sheet.path, sheet.header.join(", "))),
    );
    let names = first.header.iter().map(String::as_str);
    Err(match did_you_mean(request.key, names) {
        Some(name) => error.help(format!("did you mean `--key {name}`?")),
        None => error.help("name a column that all tables have, or match fewer files with --from"),
    })
}

#[cfg(test)]
mod tests;
