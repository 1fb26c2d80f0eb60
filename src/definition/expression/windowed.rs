//! Aggregates over the events of a window: `SUM(hours) FILTER (WHERE device = 'tv') OVER 7d`.
//!
//! A person writes the aggregate as SQL, with a filter or without, and the window beside it. One
//! canonical spelling holds all three: it is what is hashed and locked, and reads back as the same.
//! The window of `t` is `(t − window, t]`: an event at its beginning is out, one at its end is in.
//!
//! | form | gives | over no event |
//! |---|---|---|
//! | `COUNT(*)` | events | 0 |
//! | `COUNT(x)`, `COUNT(DISTINCT x)` | values that are not null, or different ones | 0 |
//! | `SUM(x)` | of the type of `x`; null where an i64 overflows, or an f64 is not finite | null |
//! | `AVG(x)` | f64 | null |
//! | `STDDEV(x)` | f64, of a sample (n − 1); null for fewer than two values | null |
//! | `MIN(x)`, `MAX(x)` | of any type | null |
//! | `LAST(x)` | `x` of the newest event, null where it is null there | null |
//!
//! All but `COUNT(*)` and `LAST` pass over values that are null. The filter keeps the events where
//! it is true. f64 are summed in the canonical order of rows.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use serde::{Deserialize, Serialize};
use sqlparser::ast::{
    DuplicateTreatment, Expr, Function as Call, FunctionArg, FunctionArgExpr, FunctionArguments,
    ObjectNamePart, Spanned,
};

use super::super::{Age, ColumnName, Dtype};
use super::place::Refusal;
use super::read::{Reader, parse_aggregate};
use super::rule::Part;
use super::{Expression, ExpressionError, Node, Written, place};
use crate::error::did_you_mean;
use crate::hash::{ContentHash, ContentHasher};

/// What is made of the values of many events.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Aggregate {
    Avg,
    Count,
    CountDistinct,
    Last,
    Max,
    Min,
    Stddev,
    Sum,
}

impl Aggregate {
    /// The names people write; DISTINCT makes another of COUNT.
    const NAMED: [(&'static str, Self); 7] = [
        ("AVG", Self::Avg),
        ("COUNT", Self::Count),
        ("LAST", Self::Last),
        ("MAX", Self::Max),
        ("MIN", Self::Min),
        ("STDDEV", Self::Stddev),
        ("SUM", Self::Sum),
    ];

    fn dtype(self, operand: Option<Dtype>) -> Dtype {
        match (self, operand) {
            (Self::Count | Self::CountDistinct, _) => Dtype::I64,
            (Self::Avg | Self::Stddev, _) => Dtype::F64,
            (_, operand) => operand.unwrap_or(Dtype::I64),
        }
    }
}

/// One aggregate over the events of a window.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(try_from = "Written", into = "Written")]
pub struct Windowed {
    text: String,
    aggregate: Aggregate,
    /// None for `COUNT(*)`.
    operand: Option<Expression>,
    filter: Option<Expression>,
    window: Age,
    dtype: Dtype,
}

/// What stands between aggregate and window in the canonical spelling. No expression ends so: a
/// name that begins with a digit is quoted.
const OVER: &str = " OVER ";

impl Windowed {
    /// Reads an aggregate over `columns`, the columns of its table.
    pub fn parse(
        sql: &str,
        window: Age,
        columns: &BTreeMap<ColumnName, Dtype>,
    ) -> Result<Self, ExpressionError> {
        let read = |text: &str| read(text, window, columns);
        let found = read(sql)?;
        match Self::split(&found.text).map(|(canonical, _)| read(canonical)) {
            Some(Ok(again)) if again == found => Ok(found),
            // Parentheses that the canonical spelling adds can pass the limit of nesting.
            _ => Err(place::too_deep(sql)),
        }
    }

    /// Reads the canonical spelling; none for the text of another kind of feature.
    pub fn parse_canonical(
        text: &str,
        columns: &BTreeMap<ColumnName, Dtype>,
    ) -> Option<Result<Self, ExpressionError>> {
        let (sql, window) = Self::split(text)?;
        Some(Self::parse(sql, window, columns))
    }

    /// Aggregate and window of a canonical spelling.
    pub fn split(text: &str) -> Option<(&str, Age)> {
        let (sql, window) = text.rsplit_once(OVER)?;
        Some((sql, window.parse().ok()?))
    }

    /// The canonical spelling, the same for every layout of the same aggregate and window.
    pub fn as_str(&self) -> &str {
        &self.text
    }

    pub fn aggregate(&self) -> Aggregate {
        self.aggregate
    }

    /// What is gathered of each event; none: the event itself.
    pub fn operand(&self) -> Option<&Expression> {
        self.operand.as_ref()
    }

    /// Which events count; none: all.
    pub fn filter(&self) -> Option<&Expression> {
        self.filter.as_ref()
    }

    pub fn window(&self) -> Age {
        self.window
    }

    /// What it gives.
    pub fn dtype(&self) -> Dtype {
        self.dtype
    }

    /// The columns it reads, in bytewise order, each once.
    pub fn columns(&self) -> BTreeSet<&ColumnName> {
        let parts = self.operand.iter().chain(&self.filter);
        parts.flat_map(Expression::columns).collect()
    }

    /// The columns it reads with their types.
    pub fn inputs(&self) -> BTreeMap<ColumnName, Dtype> {
        let parts = self.operand.iter().chain(&self.filter);
        parts.flat_map(Expression::inputs).collect()
    }
}

/// The canonical spelling.
impl fmt::Display for Windowed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.text)
    }
}

/// As an [`Expression`] is hashed.
impl ContentHash for Windowed {
    fn feed(&self, hasher: &mut ContentHasher) {
        super::feed(&self.text, &self.inputs(), hasher);
    }
}

impl From<Windowed> for Written {
    fn from(windowed: Windowed) -> Self {
        Self {
            columns: windowed.inputs(),
            sql: windowed.text,
        }
    }
}

impl TryFrom<Written> for Windowed {
    type Error = ExpressionError;

    fn try_from(written: Written) -> Result<Self, ExpressionError> {
        let whole = 0..written.sql.len();
        Self::parse_canonical(&written.sql, &written.columns).unwrap_or_else(|| {
            Err(ExpressionError {
                message: "no aggregate over a window".into(),
                label: "an aggregate ends with its window, as in `COUNT(*) OVER 7d`".into(),
                range: whole,
            })
        })
    }
}

fn read(
    text: &str,
    window: Age,
    columns: &BTreeMap<ColumnName, Dtype>,
) -> Result<Windowed, ExpressionError> {
    let syntax = parse_aggregate(text, columns)?;
    let reader = Reader::within_aggregate(columns);
    aggregate(&reader, &syntax, window).map_err(|refusal| refusal.at_bytes_of(text))
}

fn aggregate(reader: &Reader<'_>, syntax: &Expr, window: Age) -> Result<Windowed, Refusal> {
    let call = match syntax {
        Expr::Nested(inner) => return aggregate(reader, inner, window),
        Expr::Function(call) => call,
        other => {
            return Err(Refusal::new(
                other.span(),
                "a windowed feature is one aggregate",
                format!(
                    "one of {}; what is made of several goes into [features.derived]",
                    forms()
                ),
            ));
        }
    };
    let named = aggregate_of(call)?;
    let (aggregate, operand) = argument(reader, call, named)?;
    let filter = call.filter.as_deref();
    let filter = filter.map(|filter| reader.part(filter)?.condition());
    let filter = filter.transpose()?.map(Expression::of_node);
    let operand = operand.map(Expression::of_node);
    let dtype = aggregate.dtype(operand.as_ref().map(Expression::dtype));
    Ok(Windowed {
        text: spelled(aggregate, operand.as_ref(), filter.as_ref(), window),
        aggregate,
        operand,
        filter,
        window,
        dtype,
    })
}

fn spelled(
    aggregate: Aggregate,
    operand: Option<&Expression>,
    filter: Option<&Expression>,
    window: Age,
) -> String {
    let operand = operand.map_or("*", Expression::as_str);
    let call = match Aggregate::NAMED
        .iter()
        .find(|(_, named)| *named == aggregate)
    {
        Some((name, _)) => format!("{name}({operand})"),
        None => format!("COUNT(DISTINCT {operand})"),
    };
    let filter = filter.map_or(String::new(), |filter| format!(" FILTER (WHERE {filter})"));
    format!("{call}{filter}{OVER}{window}")
}

fn forms() -> String {
    Aggregate::NAMED.map(|(name, _)| name).join(", ")
}

fn aggregate_of(call: &Call) -> Result<Aggregate, Refusal> {
    let name = call.name.to_string();
    let upper = name.to_ascii_uppercase();
    let plain = matches!(&call.name.0[..], [ObjectNamePart::Identifier(ident)] if ident.quote_style.is_none());
    let found = Aggregate::NAMED
        .iter()
        .find(|(known, _)| plain && *known == upper);
    let Some((_, aggregate)) = found else {
        let label = match upper.as_str() {
            "MEAN" => "did you mean AVG?".to_string(),
            "STDDEV_SAMP" | "STD" | "STDEV" => "did you mean STDDEV? It is that of a sample".into(),
            "LAST_VALUE" | "FIRST_VALUE" => "did you mean LAST?".into(),
            _ => match did_you_mean(&upper, Aggregate::NAMED.map(|(name, _)| name)) {
                Some(near) => format!("did you mean {near}?"),
                None => format!("one of {}", forms()),
            },
        };
        return Err(Refusal::new(
            call.name.span(),
            format!("{name} is no aggregate"),
            label,
        ));
    };
    if call.over.is_some() {
        let label = "leave out OVER: the window stands beside the aggregate, as `window = \"7d\"`";
        return Err(Refusal::new(call.span(), "the window is said twice", label));
    }
    Ok(*aggregate)
}

/// The aggregate with what it gathers.
fn argument(
    reader: &Reader<'_>,
    call: &Call,
    named: Aggregate,
) -> Result<(Aggregate, Option<Node>), Refusal> {
    let refuse = |message: &str, label: &str| Err(Refusal::new(call.span(), message, label));
    let form = "write NAME(expression), and a filter as FILTER (WHERE condition)";
    let FunctionArguments::List(list) = &call.args else {
        return refuse("this form of an aggregate is not supported", form);
    };
    let plain = matches!(call.parameters, FunctionArguments::None)
        && call.within_group.is_empty()
        && call.null_treatment.is_none()
        && !call.uses_odbc_syntax
        && list.clauses.is_empty();
    if !plain {
        return refuse("this form of an aggregate is not supported", form);
    }
    let distinct = list.duplicate_treatment == Some(DuplicateTreatment::Distinct);
    let aggregate = match (named, distinct) {
        (Aggregate::Count, true) => Aggregate::CountDistinct,
        (_, true) => return refuse("only COUNT takes DISTINCT", "leave it out"),
        (named, false) => named,
    };
    match &list.args[..] {
        [FunctionArg::Unnamed(FunctionArgExpr::Wildcard)] => match aggregate {
            Aggregate::Count => Ok((aggregate, None)),
            _ => refuse(
                "only COUNT takes *",
                "name what is to be gathered of each event",
            ),
        },
        [FunctionArg::Unnamed(FunctionArgExpr::Expr(argument))] => {
            let operand = gathered(reader.part(argument)?, aggregate)?;
            Ok((aggregate, Some(operand)))
        }
        [] if aggregate == Aggregate::Count => {
            refuse("COUNT of what", "write COUNT(*) for all events")
        }
        _ => refuse("an aggregate takes one argument", form),
    }
}

/// An argument of a type that can be gathered.
fn gathered(part: Part, aggregate: Aggregate) -> Result<Node, Refusal> {
    match aggregate {
        Aggregate::Sum => part.number("summed"),
        Aggregate::Avg => part.number("averaged"),
        Aggregate::Stddev => part.number("measured for its spread"),
        _ => {
            part.dtype()?;
            Ok(part.node)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn columns() -> BTreeMap<ColumnName, Dtype> {
        let columns = [
            ("hours", Dtype::F64),
            ("devices", Dtype::I64),
            ("title", Dtype::String),
            ("live", Dtype::Bool),
            ("at", Dtype::Datetime),
            ("7 d", Dtype::F64),
        ];
        columns
            .into_iter()
            .map(|(name, dtype)| (name.parse().unwrap(), dtype))
            .collect()
    }

    fn parsed(sql: &str) -> Result<Windowed, ExpressionError> {
        Windowed::parse(sql, "7d".parse().unwrap(), &columns())
    }

    #[test]
    fn one_spelling_for_every_layout() {
        let spellings = [
            ("sum( hours )", "SUM(hours) OVER 7d f64"),
            ("SUM(devices)", "SUM(devices) OVER 7d i64"),
            ("(count(*))", "COUNT(*) OVER 7d i64"),
            (
                "COUNT( distinct  title)",
                "COUNT(DISTINCT title) OVER 7d i64",
            ),
            ("avg((devices))", "AVG(devices) OVER 7d f64"),
            ("MIN(title)", "MIN(title) OVER 7d string"),
            ("max(at)", "MAX(at) OVER 7d datetime"),
            ("last(live)", "LAST(live) OVER 7d bool"),
            (
                "stddev(hours/NULLIF(devices,0)) filter (where live and title<>'x')",
                "STDDEV(hours / NULLIF(devices, 0)) FILTER (WHERE live AND title <> 'x') OVER 7d f64",
            ),
            ("SUM(\"7 d\")", "SUM(\"7 d\") OVER 7d f64"),
        ];
        for (written, canonical) in spellings {
            let windowed = parsed(written).expect(written);
            let found = format!("{windowed} {}", windowed.dtype().as_str());
            assert_eq!(found, canonical, "{written}");
            let again = Windowed::parse_canonical(windowed.as_str(), &columns());
            assert_eq!(again.unwrap().unwrap(), windowed);
            let json = serde_json::to_string(&windowed).unwrap();
            assert_eq!(serde_json::from_str::<Windowed>(&json).unwrap(), windowed);
        }
        let week = Windowed::parse("COUNT(*)", "168h".parse().unwrap(), &columns()).unwrap();
        assert_eq!(week, parsed("COUNT(*)").unwrap());
    }

    #[test]
    fn no_expression_is_taken_for_an_aggregate() {
        for text in [
            "hours",
            "hours + 1",
            "' OVER 7d'",
            "\"a OVER 7d\"",
            "title = ' OVER 7d'",
        ] {
            assert!(Windowed::split(text).is_none(), "{text}");
        }
    }

    #[test]
    fn what_is_no_aggregate_is_refused_at_its_place() {
        let refused = |sql: &str| {
            let error = parsed(sql).expect_err(sql);
            format!(
                "{} | {} | {}",
                &sql[error.range.clone()],
                error.message,
                error.label
            )
        };
        let all = [
            "hours",
            "SUM(hours) / COUNT(*)",
            "ABS(hours)",
            "MEAN(hours)",
            "SUMM(hours)",
            "SUM(SUM(hours))",
            "SUM(hour)",
            "SUM(title)",
            "AVG(live)",
            "SUM(*)",
            "COUNT()",
            "SUM(hours, devices)",
            "SUM(DISTINCT hours)",
            "SUM(hours) OVER (PARTITION BY title)",
            "SUM(hours) FILTER (WHERE hours)",
            "SUM(hours) FILTER (WHERE COUNT(*) > 1)",
            "SUM(hours) FILTER",
            "SUM(hours) FILTER (live)",
            "LAST(NULL)",
            "",
        ];
        let all: Vec<_> = all.into_iter().map(refused).collect();
        insta::assert_snapshot!(all.join("\n"), @r##"
        hours | a windowed feature is one aggregate | one of AVG, COUNT, LAST, MAX, MIN, STDDEV, SUM; what is made of several goes into [features.derived]
        SUM(hours) / COUNT | a windowed feature is one aggregate | one of AVG, COUNT, LAST, MAX, MIN, STDDEV, SUM; what is made of several goes into [features.derived]
        ABS | ABS is no aggregate | one of AVG, COUNT, LAST, MAX, MIN, STDDEV, SUM
        MEAN | MEAN is no aggregate | did you mean AVG?
        SUMM | SUMM is no aggregate | did you mean SUM?
        SUM | SUM gathers many rows, and an expression sees one | an aggregate does not stand within another, or in its filter
        hour | unknown column `hour` | table has `hours`
        title | `title` is a string and cannot be summed | a number is needed here, such as CAST(title AS f64)
        live | `live` is a bool and cannot be averaged | a number is needed here, such as CAST(live AS i64)
        SUM | only COUNT takes * | name what is to be gathered of each event
        COUNT | COUNT of what | write COUNT(*) for all events
        SUM(hours, devices | an aggregate takes one argument | write NAME(expression), and a filter as FILTER (WHERE condition)
        SUM(DISTINCT hours | only COUNT takes DISTINCT | leave it out
        SUM(hours | the window is said twice | leave out OVER: the window stands beside the aggregate, as `window = "7d"`
        hours | `hours` is an f64 and no condition | a bool is needed here, such as a comparison
        COUNT | COUNT gathers many rows, and an expression sees one | an aggregate does not stand within another, or in its filter
        FILTER | this FILTER has no condition | write FILTER (WHERE condition)
        live | `live` is not expected here | the expression before it is complete
        NULL | this NULL has no type, and makes the result null whatever the row | compare with IS NULL; as a value, write CAST(NULL AS f64)
         | the expression is empty | write a SQL expression over the table's columns
        "##);
    }
}
