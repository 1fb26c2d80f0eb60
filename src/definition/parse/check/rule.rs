//! What stands at the key of a rule, as a [`Rule`].

use jiff::civil::DateTime;
use jiff::fmt::strtime::BrokenDownTime;

use super::super::column::Columns;
use super::{LookedAt, options, value};
use crate::definition::item::Item;
use crate::definition::wording::{quoted, suggestion};
use crate::definition::{ColumnName, Dtype, Rule, SetRelation, Statistic};

/// The rule at a key. None where something was reported, here or at the columns.
pub fn read(
    key: &str,
    item: &Item<'_>,
    looked_at: &LookedAt,
    columns: &Columns<'_>,
) -> Option<Rule> {
    let reader = Reader {
        key,
        item,
        columns,
        looked_at,
    };
    match key {
        "not_null" => reader.flag(Rule::NotNull),
        "unique" => reader.flag(Rule::Unique),
        "increasing" => reader.ordered().and_then(|_| reader.flag(Rule::Increasing)),
        "strictly_increasing" => reader
            .ordered()
            .and_then(|_| reader.flag(Rule::StrictlyIncreasing)),
        "between" => reader.between(),
        "in_set" => Some(Rule::InSet(reader.set("an empty set refuses every value")?)),
        "not_in_set" => Some(Rule::NotInSet(reader.set("an empty set forbids nothing")?)),
        "regex" => reader.regex(),
        "length" => {
            reader.only(&[Dtype::String], "only strings have a length")?;
            value::bounds(item, value::count).map(Rule::Length)
        }
        "date_format" => reader.date_format(),
        "dtype" => reader.dtype(),
        "greater_than" => reader.other().map(Rule::GreaterThan),
        "at_least" => reader.other().map(Rule::AtLeast),
        "row_sum" => {
            reader.only(&NUMBERS, "only numbers add up")?;
            value::bounds(item, value::float).map(Rule::RowSum)
        }
        "sql" => options::condition(item, columns).map(Rule::Sql),
        "exists_in" => reader.exists_in(),
        "distinct_in_set" => reader.distinct(SetRelation::Within),
        "distinct_contains" => reader.distinct(SetRelation::Contain),
        "distinct_equals" => reader.distinct(SetRelation::Equal),
        "row_count_equals" => item.parse().map(Rule::RowCountEquals),
        "column_set" => reader.file_columns().map(Rule::ColumnSet),
        "column_order" => reader.file_columns().map(Rule::ColumnOrder),
        "freshness" => {
            reader.only(&TIMES, "only dates and datetimes grow old")?;
            item.parse().map(Rule::Freshness)
        }
        _ => reader.statistic(),
    }
}

const NUMBERS: [Dtype; 2] = [Dtype::I64, Dtype::F64];
const TIMES: [Dtype; 2] = [Dtype::Date, Dtype::Datetime];

/// One rule while it is read.
struct Reader<'a, 'd> {
    key: &'a str,
    item: &'a Item<'d>,
    columns: &'a Columns<'d>,
    looked_at: &'a LookedAt,
}

impl Reader<'_, '_> {
    /// The dtype of the one column.
    fn column_dtype(&self) -> Option<Dtype> {
        self.looked_at.first()?.1
    }

    /// Reports columns of other dtypes.
    fn only(&self, dtypes: &[Dtype], why: &str) -> Option<()> {
        for (name, dtype) in self.looked_at {
            let dtype = (*dtype)?;
            if !dtypes.contains(&dtype) {
                let key = self.key;
                let what = format!("`{key}` on `{name}`, which is of dtype {}", dtype.as_str());
                self.item.refuse(what, why);
                return None;
            }
        }
        Some(())
    }

    fn ordered(&self) -> Option<Dtype> {
        let dtypes = [Dtype::I64, Dtype::F64, Dtype::Date, Dtype::Datetime];
        self.only(&dtypes, "only numbers, dates and datetimes have an order")?;
        self.column_dtype()
    }

    /// A rule that is there or not. `false` is refused: it would read as if it forbade something.
    fn flag(&self, rule: Rule) -> Option<Rule> {
        let is_on = self.item.boolean()?;
        if !is_on {
            self.item.refuse(
                "a rule that is off",
                "remove it: a rule that is not written is off",
            );
        }
        is_on.then_some(rule)
    }

    fn between(&self) -> Option<Rule> {
        let dtype = self.column_dtype()?;
        if matches!(dtype, Dtype::String | Dtype::Bool) {
            self.item
                .refuse_value("only numbers, dates and datetimes have an order; see `in_set`");
            return None;
        }
        value::bounds(self.item, |item| value::value(item, dtype)).map(Rule::Between)
    }

    fn set(&self, empty: &str) -> Option<Vec<crate::definition::Value>> {
        value::set(self.item, self.column_dtype()?, empty)
    }

    fn regex(&self) -> Option<Rule> {
        self.only(&[Dtype::String], "only strings are matched")?;
        let text = self.item.text()?;
        match regex::Regex::new(text) {
            Ok(_) => Some(Rule::Regex(text.to_string())),
            Err(error) => {
                // The last line says what; the lines before point at it in a form of their own.
                let told = error.to_string();
                let why = told.lines().last().unwrap_or_default();
                self.item.refuse_value(why.trim_start_matches("error: "));
                None
            }
        }
    }

    fn date_format(&self) -> Option<Rule> {
        let label = "only strings are parsed; a date column holds dates";
        self.only(&[Dtype::String], label)?;
        let text = self.item.text()?;
        if let Err(why) = date_form(text) {
            self.item.refuse_value(why);
            return None;
        }
        Some(Rule::DateFormat(text.to_string()))
    }

    fn dtype(&self) -> Option<Rule> {
        let words = Dtype::ALL.map(|dtype| (dtype.as_str(), dtype));
        let wanted = self.item.word(&words)?;
        let own = self.column_dtype()?;
        let possible = own == wanted
            || own == Dtype::String
            || (NUMBERS.contains(&own) && NUMBERS.contains(&wanted))
            || (TIMES.contains(&own) && TIMES.contains(&wanted));
        if !possible {
            let (own, wanted) = (own.as_str(), wanted.as_str());
            self.item
                .refuse_value(format!("a value of dtype {own} never reads as {wanted}"));
        }
        possible.then_some(Rule::Dtype(wanted))
    }

    /// Another column that can be compared with the one that is looked at.
    fn other(&self) -> Option<ColumnName> {
        let own = self.ordered()?;
        let (other, dtype) = self.columns.find(self.item)?;
        let dtype = dtype?;
        if self.looked_at.iter().any(|(name, _)| *name == other) {
            self.item
                .refuse_value("a column is never compared with itself");
            return None;
        }
        let alike = own == dtype || (NUMBERS.contains(&own) && NUMBERS.contains(&dtype));
        if !alike {
            let (own, dtype) = (own.as_str(), dtype.as_str());
            let why = format!("`{other}` is of dtype {dtype} and has no order with {own}");
            self.item.refuse_value(why);
        }
        alike.then_some(other)
    }

    fn exists_in(&self) -> Option<Rule> {
        let text = self.item.text()?;
        let Some((table, column)) = text.split_once('.') else {
            self.item
                .refuse_value("expected TABLE.COLUMN, such as \"users.user_id\"");
            return None;
        };
        match (table.parse(), column.parse()) {
            (Ok(table), Ok(column)) => Some(Rule::ExistsIn { table, column }),
            (Err(why), _) | (_, Err(why)) => {
                let why: crate::definition::InvalidName = why;
                self.item.refuse_value(why.0);
                None
            }
        }
    }

    fn distinct(&self, relation: SetRelation) -> Option<Rule> {
        let set = self.set("an empty set: say what is meant by `not_null` or `null_share`")?;
        Some(Rule::Distinct(relation, set))
    }

    /// Columns that a file may have, all of them unless they are dated.
    fn file_columns(&self) -> Option<Vec<ColumnName>> {
        let texts = self.item.texts()?;
        let mut found: Vec<ColumnName> = Vec::new();
        for (text, item) in &texts {
            let Some((name, _)) = self.columns.find(item) else {
                continue;
            };
            if found.contains(&name) {
                item.refuse(
                    format!("column {} stands twice", quoted([*text])),
                    "remove it",
                );
            } else {
                found.push(name);
            }
        }
        let always = self.columns.always_there();
        let missing: Vec<&str> = always
            .filter(|name| !found.contains(name))
            .map(ColumnName::as_str)
            .collect();
        if found.len() == texts.len() && !missing.is_empty() {
            let why = format!(
                "every file has {}, so this would never hold",
                quoted(missing)
            );
            self.item.refuse_value(why);
            return None;
        }
        (found.len() == texts.len()).then_some(found)
    }

    fn statistic(&self) -> Option<Rule> {
        let (statistic, bounds) = match self.key {
            "min" | "max" => {
                let dtype = self.ordered()?;
                let bounds = value::bounds(self.item, |item| value::value(item, dtype));
                let statistic = match self.key {
                    "min" => Statistic::Min,
                    _ => Statistic::Max,
                };
                (statistic, bounds?)
            }
            "distinct_count" => (
                Statistic::DistinctCount,
                value::bounds(self.item, value::count)?,
            ),
            "row_count" => (Statistic::RowCount, value::bounds(self.item, value::count)?),
            "null_share" => (
                Statistic::NullShare,
                value::bounds(self.item, value::share)?,
            ),
            "quantile" => return self.quantile(),
            _ => {
                self.only(&NUMBERS, "it is computed of numbers")?;
                let statistic = match self.key {
                    "mean" => Statistic::Mean,
                    "median" => Statistic::Median,
                    "stdev" => Statistic::Stdev,
                    _ => Statistic::Sum,
                };
                (statistic, value::bounds(self.item, value::float)?)
            }
        };
        Some(Rule::Statistic(statistic, bounds))
    }

    /// `{ at = 0.9, between = [0, 10] }`
    fn quantile(&self) -> Option<Rule> {
        self.only(&NUMBERS, "it is computed of numbers")?;
        if !self.item.is_table() {
            return self.item.wrong_type("{ at = 0.9, between = [low, high] }");
        }
        let section = self.item.section()?;
        let at = section
            .required("at", "which quantile, such as 0.9")
            .and_then(|item| value::share(&item));
        let bounds = section
            .required("between", "the bounds of the quantile")
            .and_then(|item| value::bounds(&item, value::float));
        section.finish_as(|key, known| suggestion(key, known.iter().copied(), "a quantile takes"));
        let crate::definition::Value::Float(at) = at? else {
            return None;
        };
        Some(Rule::Statistic(Statistic::Quantile(at), bounds?))
    }
}

/// Conversions of `date_format`: those of C's `strptime` that say something of a date or a time,
/// and `%f` as Python has it.
const CONVERSIONS: &str = "YymbBhdejHIklMSfpPzaATFDR%";

/// Why a text is no form of dates.
fn date_form(text: &str) -> Result<(), String> {
    let mut found = String::new();
    let mut rest = text.chars();
    while let Some(c) = rest.next() {
        if c != '%' {
            continue;
        }
        match rest.next() {
            Some(c) if CONVERSIONS.contains(c) => found.push(c),
            Some(c) => {
                let known = CONVERSIONS.chars().map(|c| format!("%{c}"));
                let known = known.collect::<Vec<_>>().join(" ");
                return Err(format!("`%{c}` is not supported; there are {known}"));
            }
            None => return Err("`%` at the end: a percent sign is written `%%`".into()),
        }
    }
    let has = |any: &str| found.chars().any(|c| any.contains(c));
    let date = has("FD") || (has("Yy") && (has("j") || (has("mbBh") && has("de"))));
    if !date {
        return Err("it has to name year, month and day, such as \"%Y-%m-%d\"".into());
    }
    let sample = DateTime::constant(2024, 2, 29, 11, 22, 33, 0);
    let readable = BrokenDownTime::from(sample)
        .to_string(text)
        .and_then(|written| BrokenDownTime::parse(text, written)?.to_date());
    match readable {
        Ok(date) if date == sample.date() => Ok(()),
        // An offset is not written for a time that has none: what is left is fine.
        _ if has("z") => Ok(()),
        _ => Err("a date that is written so cannot be read again".into()),
    }
}
