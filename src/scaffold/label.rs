//! The label: whether it is yes or no, a class or a number, which words mean yes, and the newest date
//! on which it is not the same for all.

use std::collections::{BTreeMap, BTreeSet};

use jiff::civil::Date;

use super::column::{Column, Dtype};
use super::dialect::Dialect;
use super::survey::Survey;
use super::{text, word};
use crate::definition::Task;
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
    pub task: Task,
    /// The newest date on which different answers occur.
    pub as_of: Date,
    /// For a label of two texts: the one that means yes, and why.
    pub positive: Option<(String, String)>,
    /// Those of that date.
    pub answers: Answers,
    /// Rows of that date without an answer.
    pub unlabelled: usize,
    /// The label's own table is the only source of features.
    pub sole: bool,
}

/// What the label says on one date.
pub enum Answers {
    /// The number of each key's class; of two, 1 means yes.
    Classes {
        of: BTreeMap<String, usize>,
        classes: usize,
    },
    /// Numbers.
    Numbers { rows: usize, low: f64, high: f64 },
}

impl Answers {
    fn rows(&self) -> usize {
        match self {
            Self::Classes { of, .. } => of.len(),
            Self::Numbers { rows, .. } => *rows,
        }
    }
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
            task: meaning.task,
            as_of,
            positive: meaning.positive,
            unlabelled: rows - answers.rows(),
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

    /// `yes in 26.5 % of 7 043 rows`, `3 classes in 240 rows`, `from 4.0 to 61.25 in 240 rows`.
    pub fn about(&self) -> String {
        let rows = text::counted(self.answers.rows(), "row");
        match &self.answers {
            Answers::Numbers { low, high, .. } => format!("from {low} to {high} in {rows}"),
            Answers::Classes { of, .. } if self.task == Task::Binary => {
                let yes = of.values().filter(|answer| **answer == 1).count();
                format!(
                    "yes in {:.1} % of {rows}",
                    100.0 * yes as f64 / of.len() as f64
                )
            }
            Answers::Classes { classes, .. } => format!("{classes} classes in {rows}"),
        }
    }

    /// Why this date.
    pub fn why_as_of(&self) -> &'static str {
        match self.task {
            Task::Binary => "the newest date with both answers",
            Task::Multiclass => "the newest date with two classes or more",
            Task::Regression => "the newest date with different numbers",
        }
    }

    pub fn guesses(&self, surveys: &[Survey<'_>]) -> Vec<String> {
        let mut guesses = vec![format!(
            "as_of is {}, {}: {}",
            self.as_of,
            self.why_as_of(),
            self.about()
        )];
        match self.task {
            Task::Binary => {}
            Task::Multiclass => {
                guesses.push(format!("`{}` is one of several classes", self.column));
            }
            Task::Regression => guesses.push(format!("`{}` is a number to predict", self.column)),
        }
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
    .help("a model needs rows of two: export a date that has them")
}

/// More different words than this are no classes.
const MOST_CLASSES: usize = 50;
/// More different numbers than this are no names of classes.
const MOST_NUMBERED: usize = 10;

/// How the words of a label are understood.
struct Meaning {
    task: Task,
    dtype: Dtype,
    positive: Option<(String, String)>,
    /// The class of each word; empty for numbers.
    class: BTreeMap<String, usize>,
    /// How numbers are written.
    decimal: char,
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
            Self::of_many(name, column.dtype, &words, dialect.decimal)
        }
    }

    /// Of more than two words.
    fn of_many(name: &str, dtype: Dtype, words: &[&str], decimal: char) -> Result<Self> {
        let is_number = matches!(dtype, Dtype::I64 | Dtype::F64);
        if is_number && (dtype == Dtype::F64 || words.len() > MOST_NUMBERED) {
            return Ok(Self {
                task: Task::Regression,
                dtype,
                positive: None,
                class: BTreeMap::new(),
                decimal,
            });
        }
        if words.len() > MOST_CLASSES || !(is_number || dtype == Dtype::String) {
            let count = text::counted(words.len(), "different value");
            let message = format!("`{name}` has {count}, and they are neither classes nor numbers");
            return Err(Error::usage(message).help(format!(
                "name a column of true and false, 0 and 1, up to {MOST_CLASSES} words, or numbers"
            )));
        }
        let mut sorted = words.to_vec();
        sorted.sort_unstable();
        let class = sorted.into_iter().map(str::to_string).zip(0..).collect();
        Ok(Self {
            task: Task::Multiclass,
            dtype,
            positive: None,
            class,
            decimal,
        })
    }

    fn new(dtype: Dtype, words: &[&str], is_yes: impl Fn(&str) -> bool) -> Self {
        let class = |word: &&str| ((*word).to_string(), usize::from(is_yes(word)));
        Self {
            task: Task::Binary,
            dtype,
            positive: None,
            class: words.iter().map(class).collect(),
            decimal: '.',
        }
    }

    /// What the cells of one date say; nothing where all say the same.
    fn answers<'c>(&self, cells: impl Iterator<Item = (&'c str, &'c str)>) -> Option<Answers> {
        if self.task == Task::Regression {
            let numbers = cells.filter_map(|(_, word)| word::number(word, self.decimal));
            let (rows, low, high) = numbers.fold(
                (0, f64::INFINITY, f64::NEG_INFINITY),
                |(rows, low, high), number| (rows + 1, low.min(number), high.max(number)),
            );
            return (low < high).then_some(Answers::Numbers { rows, low, high });
        }
        let class = |(key, word): (&str, &str)| Some((key.to_string(), *self.class.get(word)?));
        let of: BTreeMap<String, usize> = cells.filter_map(class).collect();
        let met: BTreeSet<usize> = of.values().copied().collect();
        let classes = match self.task {
            Task::Binary => 2,
            _ => self.class.len(),
        };
        (met.len() >= 2).then_some(Answers::Classes { of, classes })
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

/// The newest date on which different answers occur, and what they are.
fn newest(survey: &Survey<'_>, column: &str, meaning: &Meaning) -> Option<(Date, Answers)> {
    survey.sheets.iter().rev().find_map(|sheet| {
        let cells = sheet.cells(survey.key).zip(sheet.cells(column));
        Some((sheet.date, meaning.answers(cells)?))
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
