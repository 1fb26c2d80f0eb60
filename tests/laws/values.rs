//! What may stand at a key: from its JSON Schema, or said here where the schema cannot know, such as
//! names of columns and expressions.

use proptest::prelude::*;
use proptest::sample::{Index, select, subsequence};
use serde_json::{Map, Value as Json, json};

use crate::keys::{Edit, Key, all};

/// An edit of one key.
pub fn edit_of(key: Key) -> impl Strategy<Value = Edit> {
    let value = prop::option::weighted(0.85, value_of(&key));
    (value, any::<Index>()).prop_map(move |(value, choice)| Edit {
        key: key.clone(),
        value,
        choice: choice.index(7 * 7 * 60),
    })
}

/// An edit of any key of any file.
pub fn edit() -> impl Strategy<Value = Edit> {
    let edits: Vec<_> = all().into_iter().map(|key| edit_of(key).boxed()).collect();
    prop::strategy::Union::new(edits)
}

fn value_of(key: &Key) -> BoxedStrategy<Json> {
    named(&key.name()).unwrap_or_else(|| {
        of_schema(&key.schema).unwrap_or_else(|| {
            panic!(
                "say in tests/laws/values.rs what may stand at `{}`",
                key.name()
            )
        })
    })
}

fn texts(texts: &[&str]) -> BoxedStrategy<Json> {
    let texts: Vec<_> = texts.iter().map(|text| json!(text)).collect();
    select(texts).boxed()
}

/// Values of keys that are free texts to their schema.
fn named(key: &str) -> Option<BoxedStrategy<Json>> {
    Some(match key {
        "streamflow project.name" => texts(&["laws", "size"]),
        "streamflow store.path" => texts(&[".streamflow", "elsewhere/store"]),
        "streamflow entities.*.key" => texts(&["user_id", "account_id"]),
        "streamflow serve.address" => texts(&["127.0.0.1:8000", "127.0.0.1:9000"]),
        "streamflow serve.model" | "experiment registers" => texts(&["leaving", "size"]),
        "streamflow serve.token_file" => texts(&["token", "../secrets/token"]),
        "streamflow serve.max_age"
        | "feature features.ttl"
        | "feature features.windowed.*.window" => ages(),
        "streamflow flow.*.description" => texts(&["Every month.", "size"]),
        "streamflow flow.*.steps" => flow_steps(),
        "feature entity" => texts(&["user", "member"]),
        "feature description" | "experiment description" => {
            any::<String>().prop_map(|text| json!(text)).boxed()
        }
        "feature source.path" => texts(&["data/{as_of}/other.csv", "{as_of}/size.csv", "a.csv"]),
        "feature source.postgres.url_env" => texts(&["STREAMFLOW_POSTGRES", "OTHER_DATABASE"]),
        "feature source.postgres.query" => texts(&[
            "SELECT * FROM usage WHERE day = {as_of}",
            "SELECT * FROM usage WHERE day <= {as_of} AND day > {as_of} - 30;",
            "TABLE usage",
        ]),
        "feature source.delimiter" => texts(&[",", ";", "|"]),
        "feature source.encoding" => texts(&["utf-8", "latin1"]),
        "feature source.null" => words(&["NA", "-", "null"]),
        "feature source.true" => words(&["oui", "1", "yes"]),
        "feature source.false" => words(&["non", "0", "no"]),
        "feature source.timestamp" | "feature source.created" => {
            texts(&["seen_at", "known_at", "written_at"])
        }
        "feature checks" => checks(),
        "feature features.columns" => columns(),
        "feature features.derived.*" => expressions(),
        "feature features.windowed.*.sql" => aggregates(),
        // The labels bring them as i64; every other type is refused.
        "feature features.request.*" => texts(&["i64"]),
        "experiment as_of" => as_of(),
        "experiment label.table" => texts(&["labels", "others", "usage"]),
        "experiment label.column" => texts(&["left", "stayed", "count", "outcome", "reason"]),
        "experiment label.lead" => (0..6).prop_map(|lead| json!(lead)).boxed(),
        "experiment label.task" => texts(&["binary", "multiclass", "regression"]),
        "experiment label.weight" => texts(&["count", "minute", "hour", "day"]),
        "experiment label.positive" => texts(&["left", "Yes", "yes"]),
        "experiment dataset.features" => features(),
        "experiment preprocess.derived.*" => texts(&[
            "usage.hours / NULLIF(size.size, 0)",
            "\"usage\".hours/nullif(size.size, 0)",
            "size.size + usage.devices",
            "CASE WHEN size.size > 3 THEN usage.plan END",
            "usage.active OR size.size > usage.hours",
        ]),
        "experiment preprocess.columns.*.clip" | "experiment preprocess.columns.*.*.clip" => {
            quantiles()
        }
        "experiment preprocess.columns.*.order" | "experiment preprocess.columns.*.*.order" => {
            orders()
        }
        "experiment preprocess.missing_categorical"
        | "experiment preprocess.columns.*.missing_categorical"
        | "experiment preprocess.columns.*.*.missing_categorical" => {
            texts(&["error", "category", "most_frequent", "none", "None"])
        }
        "experiment allow.label_column" | "experiment allow.label_function" => {
            words(&["usage.hours", "size.size", "events.watched", "unused.more"])
        }
        "experiment search.candidates" => (2..6).prop_map(|count| json!(count)).boxed(),
        "experiment search.resource.from" => (1..9).prop_map(|from| json!(from)).boxed(),
        "experiment search.resource.to" => (11..300).prop_map(|to| json!(to)).boxed(),
        "experiment search.model.*" => lists(&[
            json!([1, 2]),
            json!([1, 3, 4]),
            json!({ "from": 1, "to": 3 }),
        ]),
        "experiment search.preprocess.*" => lists(&[
            json!(["standardize"]),
            json!(["passthrough", "standardize"]),
        ]),
        "experiment search.resource.key" => texts(&["model.max_depth", "model.trees"]),
        "experiment promote.approvals" => (0..5).prop_map(|people| json!(people)).boxed(),
        "experiment promote.production" | "experiment promote.staging" => words(&[
            "clean",
            "reproduced",
            "no_leakage",
            "drift < 0.3",
            "auc >= 0.5",
            "auc >= production.auc",
        ]),
        _ => return None,
    })
}

fn lists(values: &[Json]) -> BoxedStrategy<Json> {
    select(values.to_vec()).boxed()
}

/// Some of these, in this order.
fn words(words: &'static [&'static str]) -> BoxedStrategy<Json> {
    let some = subsequence(words, 1..=words.len());
    some.prop_map(|words| json!(words)).boxed()
}

/// Some of them are one age in two words.
fn ages() -> BoxedStrategy<Json> {
    let units = select(vec!["s", "m", "h", "d", "w"]);
    let any = (1..100_u32, units).prop_map(|(count, unit)| json!(format!("{count}{unit}")));
    prop_oneof![any, texts(&["45d", "14d", "2w", "12h", "720m"])].boxed()
}

/// Two, most of them in order.
fn quantiles() -> BoxedStrategy<Json> {
    let share = || select(vec![0.0, 0.01, 0.25, 0.5, 0.75, 0.99, 1.0]);
    (share(), share())
        .prop_map(|(low, high)| json!([low, high]))
        .boxed()
}

/// The order counts.
fn orders() -> BoxedStrategy<Json> {
    let some = subsequence(vec!["basic", "plus", "full"], 2..=3).prop_shuffle();
    some.prop_map(|order| json!(order)).boxed()
}

fn flow_steps() -> BoxedStrategy<Json> {
    let step = select(vec!["ingest", "materialize", "drift"]);
    let step = (step, 0..3_u32)
        .prop_map(|(action, retries)| json!({ "do": action, "name": action, "retries": retries }));
    prop::collection::vec(step, 1..3)
        .prop_map(|steps| json!(steps))
        .boxed()
}

fn checks() -> BoxedStrategy<Json> {
    let severity = select(vec!["warn", "quarantine", "fail"]);
    let one = (0..8_u32, 1..999_u32, severity).prop_map(|(rule, number, severity)| {
        let mut check = json!({ "column": "user_id", "severity": severity });
        match rule {
            0 => check["not_null"] = json!(true),
            1 => check["unique"] = json!(true),
            2 => check["in_set"] = json!(["a", number.to_string()]),
            3 => check["mostly"] = json!(f64::from(number) / 1000.0),
            4 => check["where"] = json!("user_id <> 'nobody'"),
            5 => check = json!({ "column": "user_id", "fail": { "count": number } }),
            6 => return json!({ "row_count": { "min": number } }),
            _ => return json!({ "sql": "user_id <> 'nobody'", "warn": { "count": number } }),
        }
        if rule > 2 {
            check["not_null"] = json!(true);
        }
        check
    });
    prop::collection::vec(one, 1..4)
        .prop_map(|checks| json!(checks))
        .boxed()
}

/// Columns that the tables offer; what another table has is refused, and so is a date where every
/// column is a feature: most lists are of the four that may stand together.
fn columns() -> BoxedStrategy<Json> {
    let of = |columns: &'static [&'static str]| words(columns);
    prop_oneof![
        4 => of(&["hours", "devices", "plan", "active"]),
        1 => of(&["hours", "devices", "plan", "active", "joined"]),
        1 => of(&["size", "nfiles", "other"]),
        1 => of(&["watched", "written_at"]),
        1 => texts(&["*"]).prop_map(|all| json!([all])),
    ]
    .boxed()
}

/// Some of them are one expression in two spellings.
fn expressions() -> BoxedStrategy<Json> {
    let shapes = vec![
        "hours * #",
        "hours*#",
        "hours + #",
        "devices + #",
        "COALESCE(hours, #)",
        "coalesce( hours , # )",
        "hours / NULLIF(devices, #)",
        "CASE WHEN devices > # THEN hours END",
        "plan",
        "active",
    ];
    (select(shapes), 0..5_u32)
        .prop_map(|(shape, number)| json!(shape.replace('#', &number.to_string())))
        .boxed()
}

/// Some of them are one aggregate in two spellings.
fn aggregates() -> BoxedStrategy<Json> {
    texts(&[
        "SUM(watched)",
        "sum( watched )",
        "AVG(watched)",
        "COUNT(*)",
        "COUNT(watched)",
        "COUNT(DISTINCT watched)",
        "COUNT(*) FILTER (WHERE watched > 1)",
        "count(*) filter (where watched>1)",
        "LAST(watched)",
        "STDDEV(watched + 1)",
    ])
}

fn dates() -> BoxedStrategy<Json> {
    texts(&crate::DATES[..4])
}

fn as_of() -> BoxedStrategy<Json> {
    let some = subsequence(&crate::DATES[..5], 1..=4).prop_shuffle();
    prop_oneof![dates(), some.prop_map(|dates| json!(dates))].boxed()
}

fn features() -> BoxedStrategy<Json> {
    let names = [
        "usage.*",
        "usage.hours",
        "usage.plan",
        "usage.active",
        "usage.nfiles",
        "usage.per_device",
        "size.size",
        "size.nfiles",
        "size.*",
        "events.watched",
        "events.week",
        "events.month",
        "events.share",
        "unused.more",
        "unused.hours",
    ];
    let some = subsequence(names.to_vec(), 1..=6).prop_shuffle();
    some.prop_map(|names| json!(names)).boxed()
}

/// Values that the schema lets through; none where it lets through any text.
fn of_schema(schema: &Json) -> Option<BoxedStrategy<Json>> {
    if let Some(alternatives) = schema["oneOf"].as_array() {
        let each: Option<Vec<_>> = alternatives.iter().map(of_schema).collect();
        return Some(prop::strategy::Union::new(each?).boxed());
    }
    if let Some(words) = schema["enum"].as_array() {
        return Some(select(words.clone()).boxed());
    }
    if !schema["const"].is_null() {
        return Some(Just(schema["const"].clone()).boxed());
    }
    match schema["type"].as_str()? {
        "boolean" => Some(any::<bool>().prop_map(|value| json!(value)).boxed()),
        "integer" => Some(integers(schema)),
        "number" => Some(numbers(schema)),
        "string" if schema["format"] == "date" => Some(dates()),
        "object" => object(schema),
        _ => None,
    }
}

fn integers(schema: &Json) -> BoxedStrategy<Json> {
    let low = schema["minimum"].as_i64().unwrap_or(i64::MIN);
    let high = schema["maximum"].as_i64().unwrap_or(i64::MAX);
    let near = low..=high.min(low.saturating_add(1000));
    prop_oneof![near, low..=high]
        .prop_map(|value| json!(value))
        .boxed()
}

fn numbers(schema: &Json) -> BoxedStrategy<Json> {
    let bound = |names: [&str; 2], or| {
        let known = names.iter().find_map(|name| schema[name].as_f64());
        known.unwrap_or(or)
    };
    let low = bound(["minimum", "exclusiveMinimum"], -1e6);
    let high = bound(["maximum", "exclusiveMaximum"], 1e6);
    prop_oneof![low..=high, low..=high.min(low + 1.0)]
        .prop_map(|value| json!(value + 0.0))
        .boxed()
}

fn object(schema: &Json) -> Option<BoxedStrategy<Json>> {
    let required = schema["required"].as_array()?;
    let mut entries = Just(Map::new()).boxed();
    for (name, schema) in schema["properties"].as_object()? {
        let value = match required.contains(&json!(name)) {
            true => of_schema(schema)?.prop_map(Some).boxed(),
            false => prop::option::of(of_schema(schema)?).boxed(),
        };
        let name = name.clone();
        entries = (entries, value)
            .prop_map(move |(mut entries, value)| {
                entries.extend(value.map(|value| (name.clone(), value)));
                entries
            })
            .boxed();
    }
    Some(entries.prop_map(Json::Object).boxed())
}
