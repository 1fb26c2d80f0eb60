//! The columns a file has against the columns its table declares.

use crate::definition::{AsOf, Column, ColumnName, toml_key};
use crate::error::{Error, Result, did_you_mean};

use super::super::refusal::{aligned, counted};
use super::Incoming;

/// How a file's columns stand to the declared ones, once they are found to agree.
pub struct Header<'a> {
    /// The declared column of each field, in the order of the file.
    pub fields: Vec<(&'a ColumnName, &'a Column)>,
    /// Declared columns that a file of this date may lack: null in every row.
    pub absent: Vec<(&'a ColumnName, &'a Column)>,
}

impl Header<'_> {
    /// The columns of the file in its order.
    pub fn names(&self) -> Vec<ColumnName> {
        let fields = self.fields.iter();
        fields.map(|(name, _)| (*name).clone()).collect()
    }
}

/// Finds the declared column of each name in the file.
///
/// # Errors
/// Every difference: names without a column, columns without a name, names that stand twice.
pub fn resolve<'a>(names: &[&str], incoming: &Incoming<'a>) -> Result<Header<'a>> {
    let declared = &incoming.table.columns;
    let mut fields = Vec::with_capacity(names.len());
    let mut differences = Vec::new();
    for (at, name) in names.iter().enumerate() {
        if names[..at].contains(name) {
            differences.push(Difference::Repeated(name));
        } else if let Some(column) = declared.get_key_value(*name) {
            fields.push(column);
        } else {
            differences.push(Difference::Unknown { name, at });
        }
    }
    let missing = declared
        .iter()
        .filter(|(name, _)| !names.contains(&name.as_str()));
    let (absent, missing): (Vec<_>, Vec<_>) =
        missing.partition(|(_, column)| may_lack(column, incoming.as_of));
    differences.extend(
        missing
            .into_iter()
            .map(|(name, _)| Difference::Missing(name)),
    );
    if differences.is_empty() {
        return Ok(Header { fields, absent });
    }
    Err(differing(&differences, names, incoming))
}

fn may_lack(column: &Column, as_of: AsOf) -> bool {
    column.since.is_some_and(|since| as_of < since)
}

enum Difference<'a> {
    Repeated(&'a str),
    /// `at` counts fields from 0.
    Unknown {
        name: &'a str,
        at: usize,
    },
    Missing(&'a ColumnName),
}

fn differing(differences: &[Difference<'_>], names: &[&str], incoming: &Incoming<'_>) -> Error {
    let lines = differences
        .iter()
        .map(|difference| describe(difference, names, incoming));
    let error = incoming
        .refused(&format!(
            "{} from the declared columns",
            counted(differences.len(), "difference")
        ))
        .detail(format!(
            "{} against [columns] in {}",
            incoming.path,
            incoming.definition()
        ))
        .details(aligned(&lines.collect::<Vec<_>>()));
    helps(differences, names, incoming)
        .into_iter()
        .fold(error, Error::help)
}

/// The kind of difference, the name, and what was probably meant.
fn describe(difference: &Difference<'_>, names: &[&str], incoming: &Incoming<'_>) -> Vec<String> {
    let cells = match difference {
        Difference::Repeated(name) => [
            "repeated".into(),
            format!("`{name}`"),
            "the name stands twice".into(),
        ],
        Difference::Unknown { name: "", at } => [
            "unknown".into(),
            format!("column {}", at + 1),
            "it has no name".into(),
        ],
        Difference::Unknown { name, .. } => {
            let free = incoming.table.columns.keys().map(ColumnName::as_str);
            let free = free.filter(|declared| !names.contains(declared));
            let guess = did_you_mean(name, free).map(|near| format!("did you mean `{near}`?"));
            [
                "unknown".into(),
                format!("`{name}`"),
                guess.unwrap_or_default(),
            ]
        }
        Difference::Missing(name) => ["missing".into(), format!("`{name}`"), String::new()],
    };
    cells.into()
}

fn helps(differences: &[Difference<'_>], names: &[&str], incoming: &Incoming<'_>) -> Vec<String> {
    let definition = incoming.definition();
    if let [name] = names
        && let Some(delimiter) = [';', '\t', ',', '|']
            .into_iter()
            .find(|c| name.contains(*c))
    {
        return vec![
            format!("say `delimiter = {delimiter:?}` under [source] in {definition}")
                .replace('\'', "\""),
        ];
    }
    let mut helps = Vec::new();
    let unknown = |difference: &&Difference<'_>| matches!(difference, Difference::Unknown { name, .. } if !name.is_empty());
    if let Some(Difference::Unknown { name, .. }) = differences.iter().find(unknown) {
        helps.push(format!(
            "a column that is new with this file is declared in {definition}: `{} = {{ type = \"f64\", since = {} }}`",
            toml_key(name),
            incoming.as_of
        ));
    }
    if let Some(Difference::Missing(name)) = differences
        .iter()
        .find(|d| matches!(d, Difference::Missing(_)))
    {
        helps.push(format!(
            "a column that files have only from some date on is declared in {definition}: `{} = {{ type = \"{}\", since = THE-DATE }}`",
            toml_key(name.as_str()),
            incoming.table.columns[*name].dtype.as_str()
        ));
    }
    helps
}
