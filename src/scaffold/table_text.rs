//! `features/TABLE.toml`, with the evidence beside each line.

use super::column::Column;
use super::label::SOLE;
use super::survey::Survey;
use super::text::{aligned, array, comment, counted, key, listed, quoted};

/// The declaration of one table, or a draft of it.
pub fn table(survey: &Survey<'_>, entity: &str) -> String {
    let mut text = opening(survey);
    text.push_str(&format!("entity = {}\n", quoted(entity)));
    text.push_str(&source(survey));
    text.push_str(&columns(survey));
    text.push_str(&checks(survey));
    text.push_str(&features(survey));
    text
}

fn opening(survey: &Survey<'_>) -> String {
    let mut text = String::new();
    if let Some(why) = &survey.draft {
        text.push_str(&comment(why));
        text.push('\n');
    }
    text.push_str(&comment(
        "Guessed by `streamflow init --from` from the files below; correct what is wrong.",
    ));
    for sheet in survey.sheets {
        text.push_str(&comment(&format!(
            "- {}: {}",
            sheet.path,
            counted(sheet.rows.len(), "row")
        )));
    }
    text
}

fn source(survey: &Survey<'_>) -> String {
    let mut lines = vec![line("path", &quoted(&survey.export.pattern), "")];
    if let Some(delimiter) = survey.delimiter() {
        let remark = "splits every row like the header";
        lines.push(line("delimiter", &quoted(&delimiter.to_string()), remark));
    }
    if survey.dialect.decimal == ',' {
        lines.push(line("decimal", "\",\"", "as in 12,5"));
    }
    if let Some(encoding) = survey.encoding() {
        lines.push(line(
            "encoding",
            &quoted(encoding),
            "the bytes are no UTF-8",
        ));
    }
    if !survey.dialect.nulls.is_empty() {
        let words = std::iter::once("").chain(survey.dialect.nulls.iter().copied());
        lines.push(line("null", &array(words), &null_evidence(survey)));
    }
    if let Some([yes, no]) = survey.truths() {
        lines.push(line("true", &array(yes), "capitals count"));
        lines.push(line("false", &array(no), ""));
    }
    if survey.sheets.len() > 1 && survey.label.is_none() {
        lines.push(mode(survey));
    }
    format!("\n[source]\n{}", aligned(&lines))
}

/// `NA` in 12 cells.
fn null_evidence(survey: &Survey<'_>) -> String {
    let count = |word: &&str| -> usize {
        survey
            .columns
            .iter()
            .filter_map(|column| column.words.get(*word))
            .sum()
    };
    let counts: Vec<String> = survey
        .dialect
        .nulls
        .iter()
        .map(|word| format!("{} in {}", listed([*word]), counted(count(word), "cell")))
        .collect();
    counts.join(", ")
}

fn mode(survey: &Survey<'_>) -> (String, String) {
    let remark = match survey.departed() {
        0 => "\"replace\": the newest file is the whole table".to_string(),
        n => format!(
            "keeps {} the newest file lacks; \"replace\" would not",
            counted(n, "key")
        ),
    };
    line("mode", "\"upsert\"", &remark)
}

fn columns(survey: &Survey<'_>) -> String {
    let width = survey
        .columns
        .iter()
        .map(|c| key(c.name).chars().count())
        .max()
        .unwrap_or(0);
    let lines: Vec<(String, String)> = survey
        .columns
        .iter()
        .map(|column| {
            let code = format!("{:width$} = {}", key(column.name), dtype(column));
            (code, column.evidence(&survey.dialect))
        })
        .collect();
    format!("\n[columns]\n{}", aligned(&lines))
}

fn dtype(column: &Column<'_>) -> String {
    let dtype = quoted(&column.dtype.to_string());
    match column.since {
        None => dtype,
        Some(date) => format!("{{ type = {dtype}, since = {date} }}"),
    }
}

/// Few checks, and only such as hold today: the key, the label, and sets of few texts.
fn checks(survey: &Survey<'_>) -> String {
    let mut text = check(survey.key, "not_null = true", "");
    text.push_str(&check(survey.key, "unique   = true", ""));
    for column in survey
        .columns
        .iter()
        .filter(|column| column.name != survey.key)
    {
        let is_label = survey.label.as_deref() == Some(column.name);
        if is_label && column.empty(&survey.dialect) == 0 {
            text.push_str(&check(column.name, "not_null = true", "warn"));
        }
        if !is_label && column.left_out.is_some() {
            continue;
        }
        if let Some(set) = column.set(&survey.dialect) {
            let rule = format!("in_set   = {}", array(set));
            text.push_str(&check(column.name, &rule, "warn"));
        }
    }
    text
}

fn check(column: &str, rule: &str, severity: &str) -> String {
    let severity = match severity {
        "" => String::new(),
        severity => format!("severity = {}\n", quoted(severity)),
    };
    format!(
        "\n[[checks]]\ncolumn   = {}\n{rule}\n{severity}",
        quoted(column)
    )
}

fn features(survey: &Survey<'_>) -> String {
    let mut text = String::new();
    let left_out: Vec<String> = survey
        .left_out()
        .map(|(name, why)| comment(&format!("- {name}: {why}")))
        .collect();
    if !left_out.is_empty() {
        text.push_str(&format!(
            "\n# Left out of the features:\n{}",
            left_out.concat()
        ));
    }
    if survey.features().next().is_none() {
        return text;
    }
    if survey.label.is_some() {
        text.push_str(&format!("\n{}", comment(SOLE)));
    }
    text.push_str("\n[features]\n# ttl = \"45d\"  # a value older than this counts as null\n");
    text.push_str("columns = [\n");
    for column in survey.features() {
        text.push_str(&format!("  {},\n", quoted(column.name)));
    }
    text + "]\n"
}

fn line(name: &str, value: &str, remark: &str) -> (String, String) {
    (format!("{name:9} = {value}"), remark.to_string())
}
