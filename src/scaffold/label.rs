//! The label: which words mean yes, and the newest date that has both answers.

use std::collections::{BTreeMap, BTreeSet};

use jiff::civil::Date;

use super::column::{Column, Dtype};
use super::dialect::Dialect;
use super::survey::Survey;
use super::{text, word};
use crate::error::{Error, Kind, Result, did_you_mean};

/// Words a two-valued label usually means by yes.
const POSITIVE: [&str; 22] = [
    "yes",
    "y",
    "true",
    "t",
    "1",
    "positive",
    "pos",
    "churn",
    "churned",
    "left",
    "leaves",
    "lost",
    "gone",
    "exited",
    "cancelled",
    "canceled",
    "default",
    "defaulted",
    "fraud",
    "bad",
    "oui",
    "ja",
];

/// What the first experiment predicts.
pub struct Label {
    pub table: String,
    pub column: String,
    /// The newest date on which both answers occur.
    pub as_of: Date,
    /// For a label of two texts: the one that means yes, and why.
    pub positive: Option<(String, String)>,
    /// The answer of each key on that date.
    pub answers: BTreeMap<String, bool>,
    /// Rows of that date without an answer.
    pub unlabelled: usize,
    /// The label's own table is the only source of features.
    pub sole: bool,
}

impl Label {
    /// Finds `TABLE.COLUMN`, and makes it a label in the survey of its table.
    pub fn find(name: &str, key: &str, surveys: &mut [Survey<'_>]) -> Result<Self> {
        let (survey, column) = place(name, surveys)?;
        if let Some(why) = &survey.draft {
            let message = format!("the label's table `{}` cannot be used", survey.table);
            return Err(Error::new(Kind::DataRefused, message).detail(why.clone()));
        }
        let names: Vec<String> = survey.columns.iter().map(|c| c.name.to_string()).collect();
        let (dialect, columns) = (&survey.dialect, &mut survey.columns);
        let found = columns
            .iter_mut()
            .find(|found| found.name == column && column != key)
            .ok_or_else(|| unknown("column", column, &names))?;
        let meaning = Meaning::of(name, found, dialect)?;
        found.dtype = meaning.dtype;
        found.left_out = Some("it is the label".to_string());
        survey.label = Some(column.to_string());
        let (as_of, answers) = newest(survey, column, &meaning).ok_or_else(|| one_class(name))?;
        let rows = survey.on(as_of).map_or(0, |sheet| sheet.rows.len());
        Ok(Self {
            table: survey.table.clone(),
            column: column.to_string(),
            as_of,
            positive: meaning.positive,
            unlabelled: rows - answers.len(),
            answers,
            sole: false,
        })
    }

    pub fn experiment_file(&self) -> String {
        format!("experiments/{}.toml", self.name())
    }

    /// The name of the experiment and of the model it competes for.
    pub fn name(&self) -> String {
        text::plain_name(&self.column)
    }

    pub fn positives(&self) -> usize {
        self.answers.values().filter(|answer| **answer).count()
    }

    /// `26.5 % of 7 043 rows`.
    pub fn share(&self) -> String {
        format!(
            "{:.1} % of {}",
            100.0 * self.positives() as f64 / self.answers.len() as f64,
            text::counted(self.answers.len(), "row")
        )
    }

    pub fn guesses(&self, surveys: &[Survey<'_>]) -> Vec<String> {
        let mut guesses = vec![format!(
            "as_of is {}, the newest date with both answers: yes in {}",
            self.as_of,
            self.share()
        )];
        if let Some((word, why)) = &self.positive {
            guesses.push(format!("`{word}` is the positive label: {why}"));
        }
        if self.unlabelled > 0 {
            let rows = text::counted(self.unlabelled, "row");
            guesses.push(format!("{rows} of that date without a label are dropped"));
        }
        if self.sole {
            guesses.push(SOLE.to_string());
        }
        guesses.extend(surveys.iter().filter_map(|survey| survey.unused.clone()));
        guesses
    }
}

/// Said where a single table holds both label and features.
pub const SOLE: &str = "the features stand in the label's own table: look at each, and remove what \
                        is only known once the label is";

/// Decides which tables the first experiment takes features from.
///
/// The label's own table gives none, unless there is no other: what stands beside a label was often
/// written when the answer was known.
pub fn choose_sources(surveys: &mut [Survey<'_>], label: &mut Label) {
    for survey in surveys.iter_mut().filter(|survey| survey.draft.is_none()) {
        let table = &survey.table;
        if survey.on(label.as_of).is_none() {
            survey.unused = Some(format!(
                "nothing of `{table}` is used: it has no file of {}",
                label.as_of
            ));
        } else if *table != label.table && survey.features().next().is_none() {
            survey.unused = Some(format!(
                "nothing of `{table}` is used: no column is fit for it"
            ));
        }
    }
    label.sole = !surveys
        .iter()
        .any(|survey| gives_features(survey, &label.table));
    if label.sole {
        return;
    }
    let own = surveys
        .iter_mut()
        .filter(|survey| survey.table == label.table);
    for column in own.flat_map(|survey| &mut survey.columns) {
        let why = "it stands beside the label, and may have been written when that was known";
        column.left_out.get_or_insert_with(|| why.to_string());
    }
}

fn gives_features(survey: &Survey<'_>, label_table: &str) -> bool {
    survey.table != label_table && survey.draft.is_none() && survey.unused.is_none()
}

/// The table and the column that `TABLE.COLUMN` names. The table may be written as its files are.
fn place<'s, 'a, 'n>(
    name: &'n str,
    surveys: &'s mut [Survey<'a>],
) -> Result<(&'s mut Survey<'a>, &'n str)> {
    let Some((first, _)) = name.split_once('.') else {
        return Err(Error::usage(format!("`{name}` names no label"))
            .help("write it as `--label TABLE.COLUMN`"));
    };
    let tables: Vec<String> = surveys.iter().map(|survey| survey.table.clone()).collect();
    surveys
        .iter_mut()
        .find_map(|survey| {
            let is_table = |table: &str| name.strip_prefix(table)?.strip_prefix('.');
            let column = is_table(&survey.export.table).or_else(|| is_table(&survey.table))?;
            Some((survey, column))
        })
        .ok_or_else(|| unknown("table", first, &tables))
}

fn one_class(name: &str) -> Error {
    Error::new(
        Kind::DataRefused,
        format!("the label `{name}` has one class on every date"),
    )
    .help("a model needs rows of both: export a date that has them")
}

/// How the words of a label are understood.
struct Meaning {
    dtype: Dtype,
    positive: Option<(String, String)>,
    yes: BTreeSet<String>,
    no: BTreeSet<String>,
}

impl Meaning {
    fn of<'a>(name: &str, column: &Column<'a>, dialect: &Dialect<'a>) -> Result<Self> {
        let values: Vec<(&str, usize)> = dialect.values(&column.words).collect();
        let words: Vec<&str> = values.iter().map(|(word, _)| *word).collect();
        let number = |word: &str| word::number(word, dialect.decimal);
        let zero_or_one = |word: &&str| matches!(number(word), Some(n) if n == 0.0 || n == 1.0);
        if column.dtype == Dtype::Bool {
            let pair = dialect.pair(&words).unwrap_or(0);
            Ok(Self::new(Dtype::Bool, &words, |word| {
                word::truth(word, pair) == Some(true)
            }))
        } else if words.iter().all(zero_or_one) {
            Ok(Self::new(Dtype::I64, &words, |word| {
                number(word) == Some(1.0)
            }))
        } else if let [a, b] = values[..] {
            let (positive, why) = positive(a, b);
            let mut meaning = Self::new(Dtype::String, &words, |word| word == positive);
            meaning.positive = Some((positive.to_string(), why));
            Ok(meaning)
        } else {
            let count = text::counted(values.len(), "different value");
            Err(
                Error::usage(format!("`{name}` has {count}; a label has two"))
                    .help("name a column of true and false, 0 and 1, or two words"),
            )
        }
    }

    fn new(dtype: Dtype, words: &[&str], is_yes: impl Fn(&str) -> bool) -> Self {
        let (yes, no): (Vec<&str>, Vec<&str>) = words.iter().partition(|word| is_yes(word));
        let set = |words: Vec<&str>| words.into_iter().map(str::to_string).collect();
        Self {
            dtype,
            positive: None,
            yes: set(yes),
            no: set(no),
        }
    }

    fn answer(&self, word: &str) -> Option<bool> {
        if self.yes.contains(word) {
            Some(true)
        } else {
            self.no.contains(word).then_some(false)
        }
    }
}

/// Which of two words means yes: the one that sounds like it, else the rarer one.
fn positive<'a>(a: (&'a str, usize), b: (&'a str, usize)) -> (&'a str, String) {
    let sounds = |word: &str| POSITIVE.contains(&word.to_lowercase().as_str());
    match (sounds(a.0), sounds(b.0)) {
        (true, false) => (a.0, format!("of it and `{}`, it sounds like yes", b.0)),
        (false, true) => (b.0, format!("of it and `{}`, it sounds like yes", a.0)),
        _ => {
            let (rarer, other) = if a.1 <= b.1 { (a, b) } else { (b, a) };
            let [rare, often] = [rarer.1, other.1].map(text::grouped);
            (
                rarer.0,
                format!(
                    "it is the rarer word, {rare} against {often} of `{}`",
                    other.0
                ),
            )
        }
    }
}

/// The newest date on which both answers occur, and the answer of each key.
fn newest(
    survey: &Survey<'_>,
    column: &str,
    meaning: &Meaning,
) -> Option<(Date, BTreeMap<String, bool>)> {
    survey.sheets.iter().rev().find_map(|sheet| {
        let answers: BTreeMap<String, bool> = sheet
            .cells(survey.key)
            .zip(sheet.cells(column))
            .filter_map(|(key, word)| Some((key.to_string(), meaning.answer(word)?)))
            .collect();
        let both = answers.values().any(|answer| *answer) && answers.values().any(|a| !*a);
        both.then_some((sheet.date, answers))
    })
}

fn unknown(what: &str, name: &str, known: &[String]) -> Error {
    let error = Error::usage(format!("the label names an unknown {what}: `{name}`"))
        .detail(format!("known: {}", known.join(", ")));
    match did_you_mean(name, known.iter().map(String::as_str)) {
        Some(close) => error.help(format!("did you mean `{close}`?")),
        None => error,
    }
}
