//! Data: what a run uses names it, whatever file it came from.

use std::cell::Cell;
use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write;
use std::sync::LazyLock;

use proptest::prelude::*;
use streamflow::check;
use streamflow::definition::{ColumnName, DefinitionFiles, Definitions, Dtype, Table};
use streamflow::hash::{Digest, ReadingHash, RunId};
use streamflow::snapshot::TableSnapshot;
use streamflow::table::{self, Cell as TableCell, Frame, Values};

use crate::{DATES, date, hold};

/// The columns of the table, one of each type.
const COLUMNS: [&str; 6] = ["b", "d", "f", "i", "s", "t"];

/// One value of each type, in the order of [`COLUMNS`].
type Values6 = (
    Option<bool>,
    Option<i32>,
    Option<f64>,
    Option<i64>,
    Option<String>,
    Option<i64>,
);

/// A row of the file of one date.
#[derive(Debug, Clone, PartialEq)]
struct Row {
    key: String,
    values: Values6,
}

/// The files of two dates; the second replaces rows of the first.
type Files = [BTreeMap<String, Row>; 2];

/// Of each labelled key the label, and a note that no run uses.
type Labels = [(Option<bool>, Option<bool>); 3];

fn labels_csv(labels: &Labels) -> String {
    let word = |value: Option<bool>| value.map_or(String::new(), |value| value.to_string());
    let line = |(at, (left, note)): (usize, &(Option<bool>, Option<bool>))| {
        format!("k{at},{},{}\n", word(*left), word(*note))
    };
    let lines: String = labels.iter().enumerate().map(line).collect();
    format!("user_id,left,note\n{lines}")
}

fn values() -> impl Strategy<Value = Values6> {
    (
        any::<Option<bool>>(),
        prop::option::of(-100..20_000_i32),
        prop::option::of((prop::num::f64::NORMAL | prop::num::f64::ZERO).prop_map(|f| f + 0.0)),
        prop::option::of(prop_oneof![-9..9_i64, any::<i64>()]),
        prop::option::of("[a-c]|[;,\"' \n.é-]{1,3}"),
        prop::option::of(-1_000_000..2_000_000_000_000_000_i64),
    )
}

fn row() -> impl Strategy<Value = Row> {
    ("[a-e]{1,2}|[;,\"é]", values()).prop_map(|(key, values)| Row { key, values })
}

fn file(rows: std::ops::Range<usize>) -> impl Strategy<Value = BTreeMap<String, Row>> {
    prop::collection::vec(row(), rows)
        .prop_map(|rows| rows.into_iter().map(|row| (row.key.clone(), row)).collect())
}

fn files() -> impl Strategy<Value = Files> {
    (file(1..12), file(1..5)).prop_map(|(first, second)| [first, second])
}

/// How a file is written, and by how many threads it is read.
#[derive(Debug, Clone, Copy)]
struct Way {
    parquet: bool,
    order: u64,
    delimiter: char,
    decimal: char,
    null: &'static str,
    words: (&'static str, &'static str),
    quoted: bool,
    exponents: bool,
    line_end: &'static str,
    threads: usize,
    path: &'static str,
    check: &'static str,
}

const PLAIN: Way = Way {
    parquet: false,
    order: 0,
    delimiter: ',',
    decimal: '.',
    null: "",
    words: ("true", "false"),
    quoted: false,
    exponents: false,
    line_end: "\n",
    threads: 0,
    path: "data/{as_of}/usage",
    check: "",
};

/// Checks that take nothing out, whatever the rows.
const CHECKS: [&str; 4] = [
    "",
    "[[checks]]\ncolumn = \"user_id\"\nnot_null = true\n[[checks]]\ncolumn = \"user_id\"\nunique = true\n",
    "[[checks]]\ncolumn = \"f\"\nbetween = [1.0, 2.0]\nseverity = \"warn\"\n\
     [[checks]]\ncolumn = \"f\"\nnot_null = true\nseverity = \"warn\"\n",
    "[[checks]]\ncolumn = \"s\"\nin_set = [\"a\"]\nmostly = 0.01\nseverity = \"warn\"\n",
];

fn way() -> impl Strategy<Value = Way> {
    let marks = (
        prop::sample::select(vec![(',', '.'), (';', ','), ('|', '.'), ('\t', ',')]),
        prop::sample::select(vec!["", "NA", "∅"]),
        prop::sample::select(vec![("true", "false"), ("oui", "non"), ("1", "0")]),
    );
    let shape = (any::<[bool; 3]>(), any::<u64>(), 0..POOLS.len());
    let place = (
        prop::sample::select(vec!["data/{as_of}/usage", "size/{as_of}"]),
        prop::sample::select(CHECKS.to_vec()),
        prop::sample::select(vec!["\n", "\r\n"]),
    );
    (marks, shape, place).prop_map(|(marks, shape, place)| {
        let ((delimiter, decimal), null, words) = marks;
        let ([parquet, quoted, exponents], order, threads) = shape;
        let (path, check, line_end) = place;
        Way {
            parquet,
            order,
            delimiter,
            decimal,
            null,
            words,
            quoted,
            exponents,
            line_end,
            threads,
            path,
            check,
        }
    })
}

static POOLS: LazyLock<Vec<rayon::ThreadPool>> = LazyLock::new(|| {
    let pool = |threads| rayon::ThreadPoolBuilder::new().num_threads(threads).build();
    [1, 2, 7]
        .into_iter()
        .map(|count| pool(count).unwrap())
        .collect()
});

/// Which columns the experiment uses; `d`, `i` and `t` by way of expressions.
type Used = BTreeSet<&'static str>;

fn used() -> impl Strategy<Value = Used> {
    prop::sample::subsequence(COLUMNS.to_vec(), 1..=6)
        .prop_map(|columns| columns.into_iter().collect())
}

fn definitions(used: &Used, way: &Way, quarantine: Option<i64>) -> Definitions {
    let feature = |column: &&str| match *column {
        "d" | "i" | "t" => format!("\"usage.of_{column}\""),
        column => format!("\"usage.{column}\""),
    };
    let features: Vec<_> = used.iter().map(feature).collect();
    let ending = if way.parquet { "parquet" } else { "csv" };
    let dialect = match way.parquet {
        true => String::new(),
        false => format!(
            "delimiter = {:?}\ndecimal = \"{}\"\nnull = [\"{}\"]\ntrue = [\"{}\"]\nfalse = [\"{}\"]\n",
            way.delimiter.to_string(),
            way.decimal,
            way.null,
            way.words.0,
            way.words.1
        ),
    };
    let quarantine = quarantine.map_or(String::new(), |high| {
        format!(
            "[[checks]]\ncolumn = \"i\"\nbetween = [{}, {high}]\nseverity = \"quarantine\"\n",
            i64::MIN + 1
        )
    });
    let usage = format!(
        "entity = \"user\"\n[source]\npath = \"{}.{ending}\"\n{dialect}\
         [columns]\nuser_id = \"string\"\nb = \"bool\"\nd = \"date\"\nf = \"f64\"\ni = \"i64\"\n\
         s = \"string\"\nt = \"datetime\"\n{}{quarantine}\
         [features]\ncolumns = [\"b\", \"f\", \"s\"]\n\
         [features.derived]\nof_d = \"d IS NULL\"\nof_i = \"i + 1\"\nof_t = \"t IS NULL\"\n",
        way.path, way.check
    );
    let labels = "entity = \"user\"\n[source]\npath = \"data/{as_of}/labels.csv\"\n\
                  [columns]\nuser_id = \"string\"\nleft = \"bool\"\nnote = \"bool\"\n";
    let experiment = format!(
        "as_of = {}\n[label]\ntable = \"labels\"\ncolumn = \"left\"\n\
         [dataset]\nfeatures = [{}]\n[model]\nkind = \"prior\"\n",
        DATES[1],
        features.join(", ")
    );
    let project = "[project]\nname = \"laws\"\n[entities.user]\nkey = \"user_id\"\n";
    let files = [
        ("streamflow.toml", project.to_string()),
        ("features/usage.toml", usage),
        ("features/labels.toml", labels.to_string()),
        ("experiments/e.toml", experiment),
    ];
    let files = files.map(|(path, text)| (path.to_string(), text));
    Definitions::parse(&DefinitionFiles(files.into())).unwrap()
}

/// The rows of one date as a frame, in the order of the way.
fn frame(rows: &BTreeMap<String, Row>, way: &Way) -> Frame {
    let mut rows: Vec<&Row> = rows.values().collect();
    let mixed = |key: &str| {
        let bytes = key.bytes().fold(way.order, |sum, byte| {
            (sum ^ u64::from(byte)).wrapping_mul(0x100_0000_01b3)
        });
        if way.order == 0 { 0 } else { bytes }
    };
    rows.sort_by_key(|row| mixed(&row.key));
    fn cells<T>(rows: &[&Row], cell: impl Fn(&Values6) -> Option<T>) -> Vec<Option<T>> {
        rows.iter().map(|row| cell(&row.values)).collect()
    }
    let keys: Vec<_> = rows.iter().map(|row| Some(row.key.clone())).collect();
    let columns = [
        ("user_id", Values::strings(&keys)),
        ("b", Values::bools(&cells(&rows, |row| row.0))),
        ("d", Values::dates(&cells(&rows, |row| row.1))),
        ("f", Values::floats(&cells(&rows, |row| row.2))),
        ("i", Values::integers(&cells(&rows, |row| row.3))),
        ("s", Values::strings(&cells(&rows, |row| row.4.clone()))),
        ("t", Values::datetimes(&cells(&rows, |row| row.5))),
    ];
    let columns = columns
        .into_iter()
        .map(|(name, values)| (name.parse().unwrap(), values));
    Frame::new(rows.len(), columns.collect())
}

fn bytes(rows: &BTreeMap<String, Row>, way: &Way) -> Vec<u8> {
    let frame = frame(rows, way);
    if way.parquet {
        return table::to_parquet(&frame).unwrap();
    }
    let mut names: Vec<&ColumnName> = frame.columns().keys().collect();
    let turn = usize::try_from(way.order % 7).unwrap();
    names.rotate_left(turn);
    let delimiter = way.delimiter.to_string();
    let head: Vec<_> = names.iter().map(|name| name.as_str()).collect();
    let mut text = head.join(&delimiter) + way.line_end;
    for row in 0..frame.rows() {
        let cells = names
            .iter()
            .map(|name| written(frame.column(name.as_str()).unwrap().cell(row), way));
        let cells: Vec<_> = cells.collect();
        write!(text, "{}{}", cells.join(&delimiter), way.line_end).unwrap();
    }
    text.into_bytes()
}

fn written(cell: TableCell, way: &Way) -> String {
    let text = match cell {
        TableCell::Null => way.null.to_string(),
        TableCell::Bool(true) => way.words.0.to_string(),
        TableCell::Bool(false) => way.words.1.to_string(),
        TableCell::F64(value) if way.exponents => format!("{value:e}"),
        TableCell::F64(value) => value.to_string(),
        TableCell::String(text) => {
            return format!("\"{}\"", text.replace('"', "\"\""));
        }
        other => other.to_string(),
    };
    let text = match cell {
        TableCell::F64(_) => text.replace('.', &way.decimal.to_string()),
        _ => text,
    };
    let special = [way.delimiter, '"', '\n'].iter().any(|c| text.contains(*c));
    match way.quoted || special {
        true => format!("\"{}\"", text.replace('"', "\"\"")),
        false => text,
    }
}

/// One file as a snapshot takes it: read, checked, in canonical order, with its date.
fn read(bytes: &[u8], table: &Table, at: usize) -> Frame {
    let path = table.source.path_at(date(at));
    let file = table::read(bytes, &path, date(at), table).unwrap();
    let checked = check::check(file, &table.checks, &check::Against::nothing(date(at)));
    assert!(check::refusal(&checked, table).is_none());
    let rows = table::arrange(checked.frame(), checked.places(), table).unwrap();
    let dates = Values::repeated_date(date(at).days(), rows.rows());
    rows.with_column(ColumnName::row_date(), dates)
}

fn snapshot(rows: &Frame) -> TableSnapshot {
    let columns = table::column_hashes(rows);
    TableSnapshot {
        hash: table::table_hash(&columns),
        rows: rows.rows() as u64,
        columns,
        reading: ReadingHash::from_bytes([0; 32]),
        sources: Vec::new(),
        checks: Vec::new(),
        quarantined: 0,
        quarantine: None,
        references: Vec::new(),
    }
}

fn run(files: &Files, used: &Used, way: &Way, quarantine: Option<i64>) -> RunId {
    run_labelled(files, &Labels::default(), used, way, quarantine)
}

fn run_labelled(
    files: &Files,
    labels_file: &Labels,
    used: &Used,
    way: &Way,
    quarantine: Option<i64>,
) -> RunId {
    let definitions = definitions(used, way, quarantine);
    let usage = &definitions.tables["usage"];
    let [first, second] = [0, 1].map(|at| read(&bytes(&files[at], way), usage, at));
    let usage = snapshot(&table::upsert(&first, &second, &usage.key));
    let labels = &definitions.tables["labels"];
    let labels = snapshot(&read(labels_csv(labels_file).as_bytes(), labels, 1));
    crate::run(&definitions, "e", |(name, _)| match name.as_str() {
        "usage" => usage.clone(),
        _ => labels.clone(),
    })
}

fn run_in_pool(files: &Files, used: &Used, way: &Way, quarantine: Option<i64>) -> RunId {
    POOLS[way.threads].install(|| run(files, used, way, quarantine))
}

/// What the run sees: for each key the date of its row and the values of the used columns, after the
/// rows above the bound are out.
fn seen(files: &Files, used: &Used, quarantine: Option<i64>) -> String {
    let mut rows: BTreeMap<&str, String> = BTreeMap::new();
    for (at, file) in files.iter().enumerate() {
        let stays = |row: &&Row| match (quarantine, row.values.3) {
            (Some(high), Some(value)) => value <= high,
            _ => true,
        };
        for row in file.values().filter(stays) {
            let (b, d, f, i, s, t) = &row.values;
            let mut told = at.to_string();
            for column in used {
                let value = match *column {
                    "b" => format!("{b:?}"),
                    "d" => format!("{d:?}"),
                    "f" => format!("{f:?}"),
                    "i" => format!("{i:?}"),
                    "s" => format!("{s:?}"),
                    _ => format!("{t:?}"),
                };
                write!(told, " {column}={value}").unwrap();
            }
            rows.insert(&row.key, told);
        }
    }
    format!("{rows:?}")
}

/// What happens to a file.
#[derive(Debug, Clone)]
enum Change {
    /// One cell of a row, by the place of its column.
    Cell(usize, Values6),
    Key(String),
    Removed,
    Added(Row),
    /// The row comes with the other date's file.
    Moved,
}

fn change() -> impl Strategy<Value = Change> {
    prop_oneof![
        6 => (0..COLUMNS.len(), values()).prop_map(|(at, values)| Change::Cell(at, values)),
        1 => "[a-e]{1,2}".prop_map(Change::Key),
        1 => Just(Change::Removed),
        1 => row().prop_map(Change::Added),
        1 => Just(Change::Moved),
    ]
}

fn changed(files: &Files, change: Change, at: usize, row: prop::sample::Index) -> Files {
    let mut files = files.clone();
    let key = files[at]
        .keys()
        .nth(row.index(files[at].len()))
        .unwrap()
        .clone();
    let mut old = files[at].remove(&key).unwrap();
    let mut put = |at: usize, row: Row| files[at].insert(row.key.clone(), row);
    match change {
        Change::Cell(column, new) => {
            let values = &mut old.values;
            match column {
                0 => values.0 = new.0,
                1 => values.1 = new.1,
                2 => values.2 = new.2,
                3 => values.3 = new.3,
                4 => values.4 = new.4,
                _ => values.5 = new.5,
            }
            put(at, old);
        }
        Change::Key(key) => {
            put(at, Row { key, ..old });
        }
        Change::Removed => {}
        Change::Added(new) => {
            put(at, old);
            put(at, new);
        }
        Change::Moved => {
            put(1 - at, old);
        }
    }
    files
}

/// Both ways: used cells, row dates, keys and rows name the run; nothing else of the files does.
#[test]
fn two_states_of_the_files_are_one_run_exactly_when_the_run_sees_the_same() {
    let (same, other) = (Cell::new(0), Cell::new(0));
    let bound = prop::option::weighted(0.2, -9..9_i64);
    let place = (0..2_usize, any::<prop::sample::Index>());
    let law = (files(), used(), change(), place, way(), bound);
    hold(
        3000,
        &law,
        |(before, used, change, (at, row), way, bound)| {
            let after = changed(&before, change, at, row);
            let empty = |files: &Files| {
                files.iter().any(|file| {
                    file.values()
                        .all(|row| bound.zip(row.values.3).is_some_and(|(b, v)| v > b))
                })
            };
            // A file without rows is refused, not hashed.
            prop_assume!(!empty(&before) && !empty(&after));
            let equal = seen(&before, &used, bound) == seen(&after, &used, bound);
            let count = if equal { &same } else { &other };
            count.set(count.get() + 1);
            let before = run(&before, &used, &PLAIN, bound);
            prop_assert_eq!(before == run_in_pool(&after, &used, &way, bound), equal);
            Ok(())
        },
    );
    assert!(same.get() > 600 && other.get() > 600, "{same:?} {other:?}");
}

/// Labels name the run; another column of their table does not.
#[test]
fn every_label_counts_and_nothing_else_of_its_table_does() {
    let law = (files(), used(), any::<[Labels; 2]>());
    hold(500, &law, |(files, used, [before, after])| {
        let run = |labels: &Labels| run_labelled(&files, labels, &used, &PLAIN, None);
        let mut noted = before;
        noted
            .iter_mut()
            .zip(after)
            .for_each(|(row, other)| row.1 = other.1);
        prop_assert_eq!(run(&noted), run(&before));
        let mut changed = before;
        changed[0].0 = after[0].0;
        prop_assert_eq!(run(&changed) == run(&before), changed == before);
        Ok(())
    });
}

/// Format, dialect, order of rows and columns, quotes, spellings of values, line ends, the file's
/// name, checks that take nothing out, the number of threads.
#[test]
fn the_way_data_is_written_and_read_does_not_count() {
    hold(2000, &(files(), used(), way()), |(files, used, way)| {
        let plain = run(&files, &used, &PLAIN, None);
        prop_assert_eq!(run_in_pool(&files, &used, &way, None), plain);
        Ok(())
    });
}

/// A type that is added must be drawn here too.
#[test]
fn every_dtype_is_drawn() {
    let drawn = definitions(&Used::from(COLUMNS), &PLAIN, None);
    let columns = drawn.tables["usage"].columns.values();
    let drawn: BTreeSet<&str> = columns.map(|column| column.dtype.as_str()).collect();
    assert_eq!(drawn, Dtype::ALL.map(Dtype::as_str).into());
}
