use proptest::prelude::*;
use sqlparser::keywords::ALL_KEYWORDS;

use super::random::any_tree;
use super::*;

pub fn columns() -> BTreeMap<ColumnName, Dtype> {
    [
        ("a", Dtype::I64),
        ("b", Dtype::I64),
        ("Fee", Dtype::F64),
        ("contract_type", Dtype::String),
        ("is_active", Dtype::Bool),
        ("months_active", Dtype::I64),
        ("order", Dtype::I64),
        ("signup", Dtype::Date),
        ("seen", Dtype::Datetime),
        ("interval", Dtype::I64),
        ("two words", Dtype::F64),
        ("say \"hi\"", Dtype::F64),
    ]
    .into_iter()
    .map(|(name, dtype)| (name.parse().unwrap(), dtype))
    .collect()
}

fn parse(text: &str) -> Result<Expression, ExpressionError> {
    Expression::parse(text, &columns())
}

#[test]
fn one_spelling_for_each_tree() {
    for (text, canonical) in [
        ("a/nullif( b ,0 )", "a / NULLIF(b, 0)"),
        ("((a)) + (b * 2)", "a + b * 2"),
        ("(a + b) * 2", "(a + b) * 2"),
        ("a - (b - 1)", "a - (b - 1)"),
        ("(a - b) - 1", "a - b - 1"),
        ("a -- minus\n - /* b */ b", "a - b"),
        ("- 5 * a", "-5 * a"),
        ("-(-5)", "5"),
        ("- - a", "- -a"),
        ("-(a)", "-a"),
        ("-9223372036854775808", "-9223372036854775808"),
        ("-(-9223372036854775808)", "- -9223372036854775808"),
        ("-0.0", "0.0"),
        ("1.50e3", "1500.0"),
        ("1e-7", "1e-7"),
        ("a == b", "a = b"),
        ("a != b", "a <> b"),
        ("not is_active and a>1", "NOT is_active AND a > 1"),
        ("NOT (is_active AND a > 1)", "NOT (is_active AND a > 1)"),
        (
            "(is_active) = (NOT is_active)",
            "is_active = (NOT is_active)",
        ),
        ("contract_type in ('it''s')", "contract_type IN ('it''s')"),
        ("a not in (1,2.5)", "a NOT IN (1, 2.5)"),
        ("a between -1 and (b + 1)", "a BETWEEN -1 AND b + 1"),
        ("(a = 1) is not null", "a = 1 IS NOT NULL"),
        ("a = (b is null)::x", ""),
        (
            "case when a>1 then 1 else null end",
            "CASE WHEN a > 1 THEN 1 ELSE NULL END",
        ),
        ("case a when 1 then 'x' end", "CASE a WHEN 1 THEN 'x' END"),
        ("\"a\" + \"order\"", "a + \"order\""),
        (
            "\"say \"\"hi\"\"\" / \"two words\"",
            "\"say \"\"hi\"\"\" / \"two words\"",
        ),
        ("cast(a as double precision)", "CAST(a AS f64)"),
        ("cast(a as VARCHAR)", "CAST(a AS string)"),
        (
            "cast(contract_type as Timestamp)",
            "CAST(contract_type AS datetime)",
        ),
        ("signup >= date '2024-01-31'", "signup >= DATE '2024-01-31'"),
        ("round(fee, 2)", ""),
        ("Round(Fee, 2)", "ROUND(Fee, 2)"),
        ("ceil(Fee) + Floor(Fee)", "CEIL(Fee) + FLOOR(Fee)"),
        (
            "extract( month from (signup) )*2",
            "EXTRACT(MONTH FROM signup) * 2",
        ),
        ("Extract(Hour From seen)", "EXTRACT(HOUR FROM seen)"),
    ] {
        match parse(text) {
            Ok(expression) => assert_eq!(expression.as_str(), canonical, "{text}"),
            Err(error) => assert_eq!(canonical, "", "{text}: {error}"),
        }
    }
}

#[test]
fn types_follow_from_the_columns() {
    for (text, dtype) in [
        ("a + b", Dtype::I64),
        ("a / b", Dtype::F64),
        ("a % b", Dtype::I64),
        ("a + Fee", Dtype::F64),
        ("CASE WHEN is_active THEN a ELSE 0.5 END", Dtype::F64),
        ("CASE WHEN is_active THEN NULL ELSE a END", Dtype::I64),
        ("COALESCE(NULL, contract_type)", Dtype::String),
        ("NULLIF(a, 0.5)", Dtype::I64),
        ("ROUND(a)", Dtype::I64),
        ("ROUND(Fee)", Dtype::F64),
        ("LN(a)", Dtype::F64),
        ("CAST(NULL AS date)", Dtype::Date),
        ("a IN (1) IS NULL", Dtype::Bool),
    ] {
        assert_eq!(parse(text).map(|e| e.dtype()), Ok(dtype), "{text}");
    }
}

/// Text, the part the error points at, message, label.
const REFUSED: &[[&str; 4]] = &[
    [
        "",
        "",
        "the expression is empty",
        "write a SQL expression over the table's columns",
    ],
    [
        "a +",
        "+",
        "expected an expression, but the expression ends",
        "this does not read as a SQL expression",
    ],
    [
        "a b",
        "b",
        "`b` is not expected here",
        "the expression before it is complete",
    ],
    [
        "montsh_active * 2",
        "montsh_active",
        "unknown column `montsh_active`",
        "table has `months_active`",
    ],
    [
        "MONTHS_ACTIVE",
        "MONTHS_ACTIVE",
        "unknown column `MONTHS_ACTIVE`",
        "table has `months_active`",
    ],
    [
        "zebra",
        "zebra",
        "unknown column `zebra`",
        "no column has this name",
    ],
    [
        "contract_type = \"Yes\"",
        "\"Yes\"",
        "unknown column `Yes`",
        "no column has this name; text stands in single quotes: 'Yes'",
    ],
    [
        "contract_type / a",
        "contract_type",
        "`contract_type` is a string and cannot be divided",
        "a number is needed here, such as CAST(contract_type AS f64)",
    ],
    [
        "a * is_active",
        "is_active",
        "`is_active` is a bool and cannot be multiplied",
        "a number is needed here, such as CAST(is_active AS i64)",
    ],
    [
        "a AND is_active",
        "a",
        "`a` is an i64 and no condition",
        "a bool is needed here, such as a comparison",
    ],
    [
        "a = contract_type",
        "contract_type",
        "`a` is an i64 and cannot be compared with `contract_type`, a string",
        "CAST one side to the type of the other",
    ],
    [
        "signup > '2024-01-31'",
        "'2024-01-31'",
        "`signup` is a date and cannot be compared with `'2024-01-31'`, a string",
        "a date is written DATE '2024-01-31'",
    ],
    [
        "EXTRACT(HOUR FROM signup)",
        "signup",
        "HOUR cannot be taken of a date",
        "a date has no time of day",
    ],
    [
        "EXTRACT(YEAR FROM a + 1)",
        "a + 1",
        "YEAR cannot be taken of an i64",
        "expected a date or a datetime",
    ],
    [
        "EXTRACT(CENTURY FROM signup)",
        "signup",
        "EXTRACT knows no part CENTURY",
        "parts: YEAR, QUARTER, MONTH, DAY, DOW, ISODOW, DOY, HOUR, MINUTE",
    ],
    [
        "a = NULL",
        "NULL",
        "this NULL has no type, and makes the result null whatever the row",
        "compare with IS NULL; as a value, write CAST(NULL AS f64)",
    ],
    [
        "CASE WHEN is_active THEN 1 ELSE 'x' END",
        "'x'",
        "`'x'` is a string, but the branch before it is an i64",
        "all branches must have one type",
    ],
    [
        "contract_type = ''",
        "''",
        "an empty text is null, so nothing is equal to it",
        "use NULL as a value, IS NULL as a condition",
    ],
    [
        "SUM(a)",
        "SUM",
        "SUM gathers many rows, and an expression sees one",
        "an aggregate belongs in [features.windowed], with its window",
    ],
    [
        "COALESC(a, 0)",
        "COALESC",
        "unknown function COALESC",
        "did you mean COALESCE?",
    ],
    [
        "IFNULL(a, 0)",
        "IFNULL",
        "unknown function IFNULL",
        "did you mean COALESCE?",
    ],
    ["LN()", "LN", "LN takes one argument, not 0", "write LN(x)"],
    [
        "ROUND(Fee, a)",
        "a",
        "the digits that ROUND keeps are not a number written out",
        "write a whole number from 0 to 15",
    ],
    [
        "CAST(a AS varchar(3))",
        "a",
        "CAST to an unknown type",
        "types: string, bool, i64, f64, date, timestamp",
    ],
    [
        "CAST(a AS date)",
        "a",
        "an i64 cannot be cast to a date",
        "there is no such conversion",
    ],
    [
        "usage.a",
        "usage.a",
        "a name with a point is not supported",
        "an expression reads its own table's columns: write the column alone",
    ],
    [
        "a IN (SELECT 1)",
        "a IN (SELECT 1",
        "a subquery is not supported",
        "an expression sees the columns of one row",
    ],
    [
        "9223372036854775808",
        "9223372036854775808",
        "9223372036854775808 does not fit into an i64",
        "for an f64, write 9223372036854775808.0",
    ],
    [
        "1e999",
        "1e999",
        "1e999 is larger than every f64",
        "the largest is about 1.8e308",
    ],
    [
        "'open",
        "'",
        "unterminated string literal",
        "this is not SQL",
    ],
    [
        "DATE '2024-02-30'",
        "'2024-02-30'",
        "`2024-02-30` is not a date of the form YYYY-MM-DD",
        "write DATE '2024-01-31'",
    ],
    [
        "a / interval + ",
        "+",
        "expected an expression, found `+`",
        "for the column, write \"interval\": the bare word is SQL's own",
    ],
];

#[test]
fn errors_stand_at_their_place_and_show_a_way_out() {
    for [text, part, message, label] in REFUSED {
        let error = parse(text).expect_err(text);
        let found = [
            *text,
            &text[error.range.clone()],
            &error.message,
            &error.label,
        ];
        assert_eq!(found, [*text, *part, *message, *label]);
    }
}

/// A depth that overflows any stack, in each construct that nests or chains.
#[test]
fn depth_is_an_error_and_never_an_overflow() {
    // Half of what threads are given by default.
    let thread = std::thread::Builder::new().stack_size(1 << 20);
    thread.spawn(read_deep_texts).unwrap().join().unwrap();
}

fn read_deep_texts() {
    for count in [30, 60, 300, 900, 100_000] {
        let nested =
            |open: &str, close: &str| format!("{}a{}", open.repeat(count), close.repeat(count));
        for text in [
            nested("(", ")"),
            nested("(", ""),
            nested("ABS(", ")"),
            nested("- ", ""),
            nested("a + (", ")"),
            nested("CASE WHEN TRUE THEN ", " END"),
            nested("CASE ", ""),
            nested("CAST(", " AS i64)"),
            nested("", " + a"),
            nested("", " || a"),
            nested("", " = a"),
            nested("", " IS NULL"),
            nested("", " COLLATE x"),
            nested("", "::int"),
            nested("", "[1]"),
            nested("", ".a"),
            nested("NOT ", " = a"),
            nested("a IN (", ")"),
            nested("a IN (SELECT ", ")"),
            nested("(SELECT ", ")"),
            nested("a BETWEEN a AND ", ""),
            nested("x(", ""),
            nested("CASE-", ""),
            nested("IF(current_time(", ""),
            nested("{", ""),
            nested("[", ""),
            nested("a, ", ""),
            nested("CAST(a AS ", ""),
            nested("CAST(a AS ARRAY<", ""),
            nested("CAST(a AS int", "[]"),
            nested("INTERVAL ", ""),
            nested("EXTRACT(x FROM ", ")"),
            nested("/*", "*/"),
        ] {
            if let Ok(expression) = parse(&text) {
                assert_eq!(parse(expression.as_str()).as_ref(), Ok(&expression));
            }
        }
    }
}

/// Each word a SQL reader knows, as the name of a column: quoted where it must be, read back.
#[test]
fn any_word_can_be_a_column() {
    let mut misread = Vec::new();
    for word in ALL_KEYWORDS
        .iter()
        .flat_map(|word| [word.to_string(), word.to_ascii_lowercase()])
    {
        let Ok(name) = word.parse::<ColumnName>() else {
            continue;
        };
        let columns = BTreeMap::from([(name.clone(), Dtype::I64)]);
        let spelled = Node::Column(name, Dtype::I64).to_string();
        for template in [
            "#",
            "# - 1",
            "# + #",
            "1 - #",
            "-#",
            "(#)",
            "# > 1 AND # < 3",
            "NOT # = 1",
            "# IS NULL",
            "# IN (#, 2)",
            "# BETWEEN # AND #",
            "CASE # WHEN # THEN # ELSE # END",
            "CASE WHEN # > 1 THEN # END",
            "CAST(# AS string)",
            "COALESCE(#, #)",
            "ROUND(#, 2)",
            "ROUND(#)",
            "LN(#)",
            "CEIL(#)",
            "NULLIF(#, 0)",
        ] {
            let text = template.replace('#', &spelled);
            if Expression::parse(&text, &columns).is_err() {
                misread.push(word.clone());
                break;
            }
        }
    }
    assert_eq!(misread, Vec::<String>::new());
}

#[test]
fn stored_expressions_read_back() {
    let expression = parse("case when Fee > 1 then a else b end").unwrap();
    let json = serde_json::to_string(&expression).unwrap();
    assert_eq!(
        json,
        r#"{"sql":"CASE WHEN Fee > 1 THEN a ELSE b END","columns":{"Fee":"f64","a":"i64","b":"i64"}}"#
    );
    assert_eq!(
        serde_json::from_str::<Expression>(&json).unwrap(),
        expression
    );
}

proptest! {
    #[test]
    fn the_canonical_spelling_reads_as_the_same_tree(tree in any_tree()) {
        let text = tree.to_string();
        let (again, dtype) = read::read(&text, &columns(), Scope::Columns)
            .map_err(|error| TestCaseError::fail(format!("{text}\n{error:?}")))?;
        prop_assert_eq!(Some(dtype), tree.dtype());
        prop_assert_eq!(&again, &tree, "{}", text);
        prop_assert_eq!(again.to_string(), text);
    }

    #[test]
    fn no_text_panics(parts in proptest::collection::vec(fragment(), 0..24)) {
        let text = parts.concat();
        if let Err(error) = parse(&text) {
            prop_assert!(text.get(error.range.clone()).is_some(), "{:?}", error);
        }
    }

    #[test]
    fn no_characters_panic(text in "\\PC*|[\u{0}-\u{ff}]*") {
        if let Err(error) = parse(&text) {
            prop_assert!(text.get(error.range.clone()).is_some(), "{:?}", error);
        }
    }
}

fn fragment() -> impl Strategy<Value = String> {
    let words = [
        "a ",
        "Fee ",
        "\"order\" ",
        "'x' ",
        "é ",
        "''",
        "1 ",
        "2.5 ",
        "- ",
        "+ ",
        "* ",
        "/ ",
        "( ",
        ") ",
        ", ",
        "CASE ",
        "WHEN ",
        "THEN ",
        "ELSE ",
        "END ",
        "CAST(",
        " AS ",
        "i64) ",
        "IN (",
        "NOT ",
        "BETWEEN ",
        "AND ",
        "IS NULL ",
        "DATE ",
        "INTERVAL ",
        "SELECT ",
        "OVER (",
        "[",
        "]",
        "{",
        "::",
        ".",
        "$1",
        "?",
        "\n",
        "--",
        "/*",
        "EXISTS ",
        "LIKE ",
        "X'00' ",
        "N'n' ",
        "E'\\' ",
        "current_date ",
        "= ",
    ];
    prop_oneof![
        8 => proptest::sample::select(words.to_vec()).prop_map(str::to_string),
        1 => proptest::sample::select(ALL_KEYWORDS.to_vec()).prop_map(|word| format!("{word} ")),
    ]
}

/// Each of the two parts is a name as any column's; what is written in one pair of quotes is read too.
#[test]
fn features_are_named_in_full() {
    let dtype = |name: &str, dtype| (name.parse::<ColumnName>().unwrap(), dtype);
    let features = BTreeMap::from([
        dtype("usage.hours", Dtype::F64),
        dtype("usage.order", Dtype::I64),
        dtype("my-table.1st", Dtype::I64),
        dtype("plans.a.b", Dtype::String),
    ]);
    let parse = |text: &str| Expression::parse_over_features(text, &features, &|_| None);
    for (text, canonical) in [
        ("usage.hours/2", "usage.hours / 2"),
        ("\"usage.hours\" / 2", "usage.hours / 2"),
        ("\"usage\".\"hours\"", "usage.hours"),
        ("usage.order + 1", "usage.\"order\" + 1"),
        ("\"my-table\".\"1st\"", "\"my-table\".\"1st\""),
        ("plans.a.b IS NULL", "plans.\"a.b\" IS NULL"),
    ] {
        let read = parse(text).unwrap_or_else(|error| panic!("{text}: {error}"));
        assert_eq!(read.as_str(), canonical);
        assert_eq!(parse(canonical).unwrap(), read);
    }
    for (text, part, label) in [
        (
            "1 + Usage.Hours",
            "Usage.Hours",
            "the dataset has `usage.hours`",
        ),
        ("hours", "hours", "the dataset has `usage.hours`"),
        (
            "my-table.x",
            "my",
            "no feature of the dataset has this name; write TABLE.FEATURE",
        ),
    ] {
        let error = parse(text).unwrap_err();
        assert_eq!((&text[error.range], error.label.as_str()), (part, label));
    }
    // A table's own expressions name columns alone.
    assert!(self::parse("t.a").is_err());
}
