use super::files::plan;
use super::*;
use crate::definition::{DefinitionFiles, Definitions, Table};

fn table(source: &str) -> Table {
    let files = [
        (
            "streamflow.toml",
            "[project]\nname = \"p\"\n[entities.user]\nkey = \"id\"\n".to_string(),
        ),
        (
            "features/t.toml",
            format!(
                "entity = \"user\"\n[source]\npath = \"{{as_of}}/t.csv\"\n{source}\n[columns]\nid = \"string\"\nat = \"datetime\"\nx = \"f64\"\n"
            ),
        ),
    ];
    let files = files.map(|(path, text)| (path.to_string(), text));
    let definitions = Definitions::parse(&DefinitionFiles(files.into())).unwrap();
    definitions.tables["t"].clone()
}

fn date(text: &str) -> AsOf {
    text.parse().unwrap()
}

/// What each row sees: the date of its snapshot, or of its file in it.
fn seen(source: &str, files: &[&str], instants: &[i64]) -> Vec<Option<String>> {
    let dates: Vec<_> = files.iter().map(|text| date(text)).collect();
    let plan = plan(&table(source), &dates, instants).unwrap();
    let mut seen = vec![None; instants.len()];
    for group in &plan.groups {
        for (at, row) in group.rows.iter().enumerate() {
            let file = group.files.as_ref().map_or(group.as_of, |files| files[at]);
            seen[*row] = Some(file.to_string());
        }
    }
    seen
}

const FILES: [&str; 3] = ["2024-01-31", "2024-02-29", "2024-03-31"];

/// The last instant of January, the ones beside it, and those of dates before and after all files.
fn instants() -> Vec<i64> {
    let january = date("2024-01-31").end() - 1;
    let [early, late] = ["2024-01-01", "2024-06-01"].map(|text| date(text).end());
    vec![january - 1, january, january + 1, early, late]
}

fn some(dates: &[&str]) -> Vec<Option<String>> {
    let known = |date: &&str| (!date.is_empty()).then(|| (*date).to_string());
    dates.iter().map(known).collect()
}

#[test]
fn a_plain_table_is_as_its_newest_file_at_or_before_the_time() {
    let expected = ["", "2024-01-31", "2024-01-31", "", "2024-03-31"];
    assert_eq!(seen("", &FILES, &instants()), some(&expected));
    let replaced = seen("mode = \"replace\"", &FILES, &instants());
    assert_eq!(replaced, some(&expected));
}

#[test]
fn an_event_table_is_as_the_delivery_that_covers_the_time() {
    let expected = [
        "2024-01-31",
        "2024-01-31",
        "2024-02-29",
        "2024-01-31",
        "2024-03-31",
    ];
    for mode in ["upsert", "replace"] {
        let source = format!("mode = \"{mode}\"\ntimestamp = \"at\"");
        assert_eq!(
            seen(&source, &FILES, &instants()),
            some(&expected),
            "{mode}"
        );
    }
}

#[test]
fn a_later_file_changes_no_row_that_an_earlier_one_covers() {
    let mut all = instants();
    all.truncate(4);
    for source in ["", "timestamp = \"at\""] {
        let before = seen(source, &FILES[..2], &all);
        assert_eq!(before, seen(source, &FILES, &all), "{source}");
    }
}

#[test]
fn rows_outside_the_files_are_told() {
    let dates: Vec<_> = FILES.iter().map(|text| date(text)).collect();
    let told = |source: &str| {
        let table = table(source);
        plan(&table, &dates, &instants()).unwrap().notices(&table)
    };
    let late = "t: 1 row after its newest file, 2024-03-31: what was known then";
    let early = "t: 2 rows before its first file, 2024-01-31: nothing was known";
    assert_eq!(told(""), [early, late]);
    assert_eq!(told("timestamp = \"at\""), [late]);
    assert!(plan(&table(""), &[], &instants()).is_err());
}
