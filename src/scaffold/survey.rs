//! All files of one table looked at together.

use std::collections::{BTreeMap, BTreeSet, HashSet};

use jiff::civil::Date;

use super::Export;
use super::column::{Column, Dtype};
use super::dialect::{Dialect, Words};
use super::sheet::{self, Sheet};
use super::{text, word};

/// What was found out about a table.
pub struct Survey<'a> {
    /// The name of its files, with `_` for what a name may not hold.
    pub table: String,
    pub export: &'a Export,
    pub sheets: &'a [Sheet],
    pub key: &'a str,
    pub dialect: Dialect<'a>,
    pub columns: Vec<Column<'a>>,
    /// Why the table cannot be declared as a snapshot; it is then written as a draft.
    pub draft: Option<String>,
    /// The label, where it is a column of this table.
    pub label: Option<String>,
    /// Why the first experiment takes nothing from it.
    pub unused: Option<String>,
}

impl<'a> Survey<'a> {
    pub fn of(export: &'a Export, sheets: &'a [Sheet], key: &'a str) -> Self {
        let names = names(sheets);
        let words: Vec<Words<'a>> = names.iter().map(|name| words(sheets, name)).collect();
        let dialect = Dialect::of(&words, sheet::delimiter_of(sheets));
        let columns = names
            .iter()
            .zip(words)
            .map(|(name, words)| Column::of(name, sheets, words, &dialect))
            .collect();
        let draft = repeated_key(sheets, key).or_else(|| vanished(sheets, &names));
        Self {
            table: text::plain_name(&export.table),
            export,
            sheets,
            key,
            dialect,
            columns,
            draft,
            label: None,
            unused: None,
        }
    }

    pub fn column(&self, name: &str) -> Option<&Column<'a>> {
        self.columns.iter().find(|column| column.name == name)
    }

    pub fn column_mut(&mut self, name: &str) -> Option<&mut Column<'a>> {
        self.columns.iter_mut().find(|column| column.name == name)
    }

    pub fn on(&self, date: Date) -> Option<&'a Sheet> {
        self.sheets.iter().find(|sheet| sheet.date == date)
    }

    /// The columns a model may see.
    pub fn features(&self) -> impl Iterator<Item = &Column<'a>> {
        let key = self.key;
        self.columns
            .iter()
            .filter(move |column| column.name != key && column.left_out.is_none())
    }

    /// The columns a model should not see, each with the reason.
    pub fn left_out(&self) -> impl Iterator<Item = (&'a str, &str)> {
        let key = self.key;
        self.columns
            .iter()
            .filter(move |column| column.name != key)
            .filter_map(|column| Some((column.name, column.left_out.as_deref()?)))
    }

    /// The file this table is declared in.
    pub fn file(&self) -> String {
        let ending = if self.draft.is_some() { ".draft" } else { "" };
        format!("features/{}.toml{ending}", self.table)
    }

    /// Words that must be declared for true and for false, beyond those every table has.
    pub fn truths(&self) -> Option<[BTreeSet<&'a str>; 2]> {
        let mut truths = [BTreeSet::new(), BTreeSet::new()];
        for column in self
            .columns
            .iter()
            .filter(|column| column.dtype == Dtype::Bool)
        {
            let values: Vec<&str> = self.dialect.values(&column.words).map(|(w, _)| w).collect();
            let Some(pair) = self.dialect.pair(&values) else {
                continue;
            };
            for value in values {
                let place = usize::from(word::truth(value, pair) == Some(false));
                truths[place].insert(value.trim_ascii());
            }
        }
        let plain = truths
            .iter()
            .flatten()
            .all(|word| word::is_plain_bool(word));
        (!plain).then_some(truths)
    }

    /// Keys of earlier files that the newest file lacks, and whose rows are carried over.
    ///
    /// Labels are not: a label counts on the date of its own file.
    pub fn departed(&self) -> usize {
        if self.label.is_some() {
            return 0;
        }
        let Some((newest, earlier)) = self.sheets.split_last() else {
            return 0;
        };
        let present: HashSet<&str> = newest.cells(self.key).collect();
        let before: HashSet<&str> = earlier
            .iter()
            .flat_map(|sheet| sheet.cells(self.key))
            .collect();
        before.difference(&present).count()
    }

    /// Each guess of this table, as a sentence.
    pub fn guesses(&self) -> Vec<String> {
        let mut guesses: Vec<String> = self.draft.iter().cloned().collect();
        guesses.push(self.summary());
        guesses.extend(self.source_guesses());
        guesses.extend(self.column_guesses());
        guesses.extend(
            self.left_out()
                .filter(|(name, _)| self.label.as_deref() != Some(*name))
                .map(|(name, why)| format!("`{name}` is no feature: {why}")),
        );
        guesses
    }

    /// `6 columns of 2 files: 1 bool, 3 f64, 2 string`.
    fn summary(&self) -> String {
        let mut counts: BTreeMap<Dtype, usize> = BTreeMap::new();
        for column in &self.columns {
            *counts.entry(column.dtype).or_default() += 1;
        }
        let counts: Vec<String> = counts
            .iter()
            .map(|(dtype, count)| format!("{count} {dtype}"))
            .collect();
        format!(
            "{} of {}: {}",
            text::counted(self.columns.len(), "column"),
            text::counted(self.sheets.len(), "file"),
            counts.join(", ")
        )
    }

    fn source_guesses(&self) -> Vec<String> {
        let mut guesses = Vec::new();
        if let Some(delimiter) = self.delimiter() {
            guesses.push(format!("the delimiter is {delimiter:?}"));
        }
        if self.dialect.decimal == ',' {
            guesses.push("the decimal mark is a comma".to_string());
        }
        if let Some(encoding) = self.encoding() {
            guesses.push(format!(
                "the encoding is {encoding}: the bytes are no UTF-8"
            ));
        }
        if !self.dialect.nulls.is_empty() {
            let words = text::listed(self.dialect.nulls.iter().copied());
            guesses.push(format!("{words} means null, as an empty cell does"));
        }
        if let Some([yes, no]) = self.truths() {
            let [yes, no] = [yes, no].map(text::listed);
            guesses.push(format!("{yes} means true, {no} false"));
        }
        if self.departed() > 0 {
            guesses.push(format!(
                "{} of earlier files not in the newest, and kept with the last row; \
                 `mode = \"replace\"` would drop such keys",
                text::counted(self.departed(), "key")
            ));
        }
        guesses
    }

    fn column_guesses(&self) -> Vec<String> {
        let mut guesses = Vec::new();
        for column in &self.columns {
            if let Some(since) = column.since {
                let name = column.name;
                guesses.push(format!(
                    "`{name}` begins on {since}; it is null in earlier rows"
                ));
            }
            let evidence = column.evidence(&self.dialect);
            if evidence.ends_with("hence text") {
                guesses.push(format!("`{}` is a string: {evidence}", column.name));
            }
            if column.name == self.key && column.empty(&self.dialect) > 0 {
                guesses.push(format!(
                    "the key is empty in some rows: {evidence}; ingest refuses them"
                ));
            }
        }
        guesses
    }

    /// The delimiter, where it is not the comma.
    pub fn delimiter(&self) -> Option<char> {
        Some(sheet::delimiter_of(self.sheets)).filter(|delimiter| *delimiter != ',')
    }

    /// The encoding, where it is not UTF-8.
    pub fn encoding(&self) -> Option<&'static str> {
        self.sheets.iter().find_map(|sheet| sheet.encoding.label())
    }
}

/// A key is an i64 where it is one in every table; else it is text everywhere.
pub fn agree_on_key(surveys: &mut [Survey<'_>]) {
    let is_whole = |survey: &Survey<'_>| {
        survey
            .column(survey.key)
            .is_some_and(|column| column.dtype == Dtype::I64)
    };
    let dtype = if surveys.iter().all(is_whole) {
        Dtype::I64
    } else {
        Dtype::String
    };
    for survey in surveys {
        if let Some(column) = survey.column_mut(survey.key) {
            column.dtype = dtype;
        }
    }
}

/// The columns of all files, each once, in the order they first appear.
fn names(sheets: &[Sheet]) -> Vec<&str> {
    let mut names = Vec::new();
    for name in sheets.iter().flat_map(|sheet| &sheet.header) {
        if !names.contains(&name.as_str()) {
            names.push(name.as_str());
        }
    }
    names
}

fn words<'a>(sheets: &'a [Sheet], column: &str) -> Words<'a> {
    let mut words = Words::new();
    for cell in sheets.iter().flat_map(|sheet| sheet.cells(column)) {
        *words.entry(cell).or_default() += 1;
    }
    words
}

/// Says so when a key has more than one row in one file.
fn repeated_key(sheets: &[Sheet], key: &str) -> Option<String> {
    sheets.iter().find_map(|sheet| {
        let cells: Vec<&str> = sheet.cells(key).filter(|cell| !cell.is_empty()).collect();
        let keys: HashSet<&str> = cells.iter().copied().collect();
        (keys.len() < cells.len()).then(|| {
            format!(
                "left out: {} has {} for {}. Many rows a key look like a table of events, which \
                 needs `timestamp = \"COLUMN\"` under [source] and [features.windowed]; declare \
                 these and rename the file to .toml, or export one row a key",
                sheet.path,
                text::counted(cells.len(), "row"),
                text::counted(keys.len(), "key"),
            )
        })
    })
}

/// Says so when a file lacks a column that an earlier one has.
fn vanished(sheets: &[Sheet], names: &[&str]) -> Option<String> {
    sheets.windows(2).find_map(|pair| {
        let lost = names
            .iter()
            .find(|name| pair[0].position(name).is_some() && pair[1].position(name).is_none())?;
        Some(format!(
            "left out: column `{lost}` is in {} and not in {}, and a column that ends cannot be \
             declared. Add it to the newer file with empty cells, or delete it from the older \
             files, and run init again",
            pair[0].path, pair[1].path
        ))
    })
}
