//! Protocols of others: the answers of `/predict` and `/features`, in their shapes.

use std::fmt::Write;
use std::fs;
use std::os::unix::fs::PermissionsExt;

use serde_json::{Value, json};

use super::world::{Answer, NO_PAYMENTS, Server, World, template};
use super::{on_demand, tasks};

const JANUARY: &str = "2024-01-31";
const INFER: &str = "/v2/models/streamflow_churn/infer";
const TOKEN: &str = "3f9ac41be2074f1c9ac41be2073f9ac4";

fn post(server: &Server, path: &str, body: &Value) -> Answer {
    let headers = "Content-Type: application/json\r\n";
    server.request("POST", path, headers, &body.to_string())
}

/// What is answered to a body that is accepted.
fn told(server: &Server, path: &str, body: &Value) -> Value {
    let answer = post(server, path, body);
    assert_eq!(answer.status, 200, "{answer:?}");
    assert_eq!(answer.header("content-type"), Some("application/json"));
    answer.json()
}

fn predicted(server: &Server, ids: &[String]) -> Vec<Value> {
    let told = server.predict(&json!({ "user_ids": ids })).json();
    told["predictions"].as_array().unwrap().clone()
}

/// What is said of an entity, without what it was said of.
fn verdict(answer: &Value) -> Value {
    let fields = ["prediction", "probability", "probabilities"];
    let found = fields.into_iter().filter_map(|name| {
        let value = answer.get(name)?;
        Some((name.to_string(), value.clone()))
    });
    Value::Object(found.collect())
}

fn verdicts(answers: &[Value]) -> Value {
    answers.iter().map(verdict).collect()
}

/// A line for each refusal: status, code, message.
fn mlflow_refusals(server: &Server, bodies: &[Value]) -> String {
    let mut lines = String::new();
    for body in bodies {
        let answer = post(server, "/invocations", body);
        let document = answer.json();
        let (code, message) = (&document["error_code"], &document["message"]);
        assert_eq!(document.as_object().unwrap().len(), 2, "{document}");
        let (code, message) = (code.as_str().unwrap(), message.as_str().unwrap());
        writeln!(lines, "{} {code}: {message}", answer.status).unwrap();
    }
    lines
}

#[test]
fn mlflow_rows_with_keys_are_answered_as_predict_answers() {
    let world = World::ready(template().lenient, JANUARY);
    let server = world.serve();
    let ids = &world.ids(JANUARY)[..7];
    let expected = verdicts(&predicted(&server, ids));
    assert!(expected[0]["probability"].is_number());
    let records: Vec<Value> = ids.iter().map(|id| json!({ "user_id": id })).collect();
    let lists: Vec<Value> = ids.iter().map(|id| json!([id])).collect();
    for body in [
        json!({ "dataframe_split": { "columns": ["user_id"], "data": lists, "index": [0] } }),
        json!({ "dataframe_records": records }),
        json!({ "instances": records }),
        json!({ "inputs": records }),
        json!({ "inputs": { "user_id": ids }, "params": null }),
    ] {
        let answer = told(&server, "/invocations", &body);
        assert_eq!(answer, json!({ "predictions": expected }), "{body}");
    }
    let one = told(
        &server,
        "/invocations",
        &json!({ "inputs": { "user_id": ids[0] } }),
    );
    assert_eq!(one["predictions"], json!([expected[0]]));
    let none = told(&server, "/invocations", &json!({ "dataframe_records": [] }));
    assert_eq!(none, json!({ "predictions": [] }));

    let answer = post(&server, "/invocations", &json!({ "inputs": records }));
    let run = template().lenient.to_string();
    assert_eq!(answer.header("x-streamflow-run"), Some(run.as_str()));
    let metrics = server.get("/metrics").body;
    let count = format!(
        "model_prediction_probability_count{{run=\"{run}\"}} {}",
        7 * 7 + 1
    );
    assert!(metrics.contains(&count), "{metrics}");
    assert!(
        metrics.contains(
            "api_requests_total{route=\"/invocations\",method=\"POST\",status=\"200\"} 8"
        )
    );
}

/// Whoever brings the values has the same answer, to the bit, as whoever has them looked up.
#[test]
fn rows_that_bring_their_values_are_scored_as_they_are() {
    let world = World::ready(template().lenient, JANUARY);
    let server = world.serve();
    let mut ids = world.ids(JANUARY)[..20].to_vec();
    ids.push(NO_PAYMENTS.to_string());
    let answers = predicted(&server, &ids);
    let imputed = answers
        .iter()
        .map(|answer| answer["imputed"].as_array().unwrap().len());
    let imputed: usize = imputed.sum();
    assert!(imputed > 0);
    let rows: Vec<&Value> = answers
        .iter()
        .map(|answer| &answer["features_used"])
        .collect();
    let before = imputed_so_far(&server);
    let answer = told(
        &server,
        "/invocations",
        &json!({ "dataframe_records": rows }),
    );
    assert_eq!(answer["predictions"], verdicts(&answers));
    assert_eq!(imputed_so_far(&server) - before, imputed as f64);

    // As pandas writes them: no null but NaN, and then no integers but floats.
    let names: Vec<&String> = rows[0].as_object().unwrap().keys().collect();
    let cell = |value: &Value| match value {
        Value::Null => "NaN".to_string(),
        Value::Number(number) if number.is_i64() => format!("{number}.0"),
        other => other.to_string(),
    };
    let lists = rows.iter().map(|row| {
        let cells: Vec<_> = names.iter().map(|name| cell(&row[name.as_str()])).collect();
        format!("[{}]", cells.join(","))
    });
    let lists: Vec<_> = lists.collect();
    let body = format!(
        "{{\"dataframe_split\":{{\"columns\":{},\"data\":[{}]}}}}",
        json!(names),
        lists.join(",")
    );
    let json_type = "Content-Type: application/json; charset=utf-8\r\n";
    let answer = server.request("POST", "/invocations", json_type, &body);
    assert_eq!(answer.status, 200, "{answer:?}");
    assert_eq!(answer.json()["predictions"], verdicts(&answers));

    // The same as tensors.
    let tensors: Vec<Value> = names
        .iter()
        .map(|name| {
            let data: Vec<&Value> = rows.iter().map(|row| &row[name.as_str()]).collect();
            let datatype = match data.iter().find(|value| !value.is_null()) {
                Some(Value::Bool(_)) => "BOOL",
                Some(Value::String(_)) => "BYTES",
                Some(Value::Number(number)) if number.is_i64() => "INT64",
                _ => "FP64",
            };
            json!({ "name": name, "shape": [data.len(), 1], "datatype": datatype, "data": data })
        })
        .collect();
    let answer = told(&server, INFER, &json!({ "inputs": tensors }));
    let probabilities: Vec<&Value> = answers
        .iter()
        .map(|answer| &answer["probability"])
        .collect();
    assert_eq!(answer["outputs"][1]["data"], json!(probabilities));
}

fn imputed_so_far(server: &Server) -> f64 {
    let metrics = server.get("/metrics").body;
    let lines = metrics
        .lines()
        .filter(|line| line.starts_with("model_imputed_values_total{"));
    lines
        .map(|line| line.rsplit(' ').next().unwrap().parse::<f64>().unwrap())
        .sum()
}

#[test]
fn what_mlflow_clients_are_refused() {
    let world = World::ready(template().strict, "2024-03-31");
    let server = world.serve();
    let departed = world.departed();
    let known = &world.ids("2024-03-31")[0];
    let (fee, payments) = (
        "subscriptions.monthly_fee",
        "payments_agg_90d.failed_payments_90d",
    );
    let records = |rows: Value| json!({ "dataframe_records": rows });
    let refusals = mlflow_refusals(
        &server,
        &[
            json!([]),
            json!({ "columns": ["user_id"], "data": [[known]] }),
            json!({ "inputs": { "user_id": [known] }, "instances": [] }),
            json!({ "inputs": { "user_id": [known] }, "params": { "explain": true } }),
            json!({ "inputs": [[1, 2]] }),
            json!({ "dataframe_split": { "columns": [0], "data": [[known]] } }),
            json!({ "dataframe_split": { "columns": ["user_id"], "data": [[known, 1]] } }),
            json!({ "dataframe_split": { "columns": ["user_id", "user_id"], "data": [[known, 1]] } }),
            records(json!([{ "user_id": known }, { "user_id": 7 }])),
            records(json!([{ "user_id": null }])),
            records(json!([{ "user_id": known }, { fee: 1.0, payments: 1 }])),
            records(json!([{ "user_id": known, fee: 1.0 }])),
            records(json!([{ "user_id": known, "basket": 1.0 }])),
            records(json!([{ "user_idd": known }])),
            records(json!([{ fee: 1.0 }])),
            records(json!([{ fee: 1.0, payments: 1, "usage\u{1b}[2J": 2 }])),
            records(json!([{ fee: 1.0, payments: 1 }, { fee: "much", payments: 1 }])),
            records(json!([{ fee: 1.0, payments: 1.5 }])),
            records(json!([{ fee: true, payments: [1] }])),
            records(json!([{ fee: null, payments: 1 }])),
            records(json!([{ fee: 1.0, payments: 1 }, { fee: null, payments: null }])),
            records(json!([{ "user_id": known }, { "user_id": "nobody" }])),
            records(json!([{ "user_id": "nobody" }])),
        ],
    );
    insta::assert_snapshot!(refusals, @r#"
    422 INVALID_PARAMETER_VALUE: The body is an object with one of `dataframe_split`, `dataframe_records`, `inputs`, `instances`.
    422 INVALID_PARAMETER_VALUE: The body is an object with one of `dataframe_split`, `dataframe_records`, `inputs`, `instances`.
    422 INVALID_PARAMETER_VALUE: The body is an object with one of `dataframe_split`, `dataframe_records`, `inputs`, `instances`.
    422 INVALID_PARAMETER_VALUE: The model takes no `params`.
    422 INVALID_PARAMETER_VALUE: `inputs` is an object of lists by the name of the column: values without names are no row.
    422 INVALID_PARAMETER_VALUE: A column is called `0`, which is no name: give the columns of the frame theirs.
    422 INVALID_PARAMETER_VALUE: The row has 2 values, and the names of columns are 1.
    422 INVALID_PARAMETER_VALUE: The column `user_id` stands there twice.
    422 INVALID_PARAMETER_VALUE: Row 2 of 2: `user_id` is a string.
    422 INVALID_PARAMETER_VALUE: `user_id` is a string.
    422 INVALID_PARAMETER_VALUE: Row 2 of 2: The row lacks `user_id`, which the first row has.
    422 INVALID_PARAMETER_VALUE: `subscriptions.monthly_fee` stands beside `user_id`, by which it is looked up: send the key without it, or every input of the model without the key.
    422 INVALID_PARAMETER_VALUE: The rows have `basket` beside `user_id`; this run takes nothing.
    422 INVALID_PARAMETER_VALUE: The rows have no `user_id` to be looked up by, and are not the inputs of the model (unknown: `user_idd`, did you mean `user_id`?). Send `user_id`; or all of `payments_agg_90d.failed_payments_90d` (i64), `subscriptions.monthly_fee` (f64).
    422 INVALID_PARAMETER_VALUE: The rows have no `user_id` to be looked up by, and are not the inputs of the model (missing: `payments_agg_90d.failed_payments_90d` (i64)). Send `user_id`; or all of `payments_agg_90d.failed_payments_90d` (i64), `subscriptions.monthly_fee` (f64).
    422 INVALID_PARAMETER_VALUE: The rows have no `user_id` to be looked up by, and are not the inputs of the model (unknown: `usage\u{1b}[2J`). Send `user_id`; or all of `payments_agg_90d.failed_payments_90d` (i64), `subscriptions.monthly_fee` (f64).
    422 INVALID_PARAMETER_VALUE: Row 2 of 2: `subscriptions.monthly_fee` must be a number or null, and is "much".
    422 INVALID_PARAMETER_VALUE: `payments_agg_90d.failed_payments_90d` must be an integer or null, and is 1.5.
    422 INVALID_PARAMETER_VALUE: `payments_agg_90d.failed_payments_90d` must be an integer or null, and is a list.
    422 INVALID_PARAMETER_VALUE: The run needs what the row lacks: subscriptions.monthly_fee is null.
    422 INVALID_PARAMETER_VALUE: Row 2 of 2: The run needs what the row lacks: payments_agg_90d.failed_payments_90d is null, subscriptions.monthly_fee is null.
    404 RESOURCE_DOES_NOT_EXIST: Row 2 of 2: No table has a row for user_id "nobody" at 2024-03-31.
    404 RESOURCE_DOES_NOT_EXIST: No table has a row for user_id "nobody" at 2024-03-31.
    "#);
    let expired = mlflow_refusals(&server, &[records(json!([{ "user_id": departed }]))]);
    assert!(
        expired.contains(&format!("{payments} has expired")),
        "{expired}"
    );
    // A value that is brought does not expire.
    let brought = told(
        &server,
        "/invocations",
        &records(json!([{ fee: 70, payments: 1 }])),
    );
    assert!(
        brought["predictions"][0]["probability"].is_number(),
        "{brought}"
    );

    // Who was refused is counted, and nobody whose answer was not told.
    let metrics = server.get("/metrics").body;
    let run = template().strict;
    assert!(metrics.contains(&format!(
        "model_prediction_probability_count{{run=\"{run}\"}} 1\n"
    )));
    let unknown = format!("model_refusals_total{{run=\"{run}\",reason=\"unknown_entity\"}} 2\n");
    let missing = format!("model_refusals_total{{run=\"{run}\",reason=\"missing_features\"}} 3\n");
    assert!(
        metrics.contains(&unknown) && metrics.contains(&missing),
        "{metrics}"
    );
}

#[test]
fn each_door_words_its_errors_as_its_protocol_does() {
    let world = World::ready(template().lenient, JANUARY);
    let server = world.serve();
    let json_type = "Content-Type: application/json\r\n";
    let of = |path: &str, document: &Value| -> String {
        let text = match path {
            "/invocations" => &document["message"],
            "/get-online-features" => &document["detail"],
            _ => &document["error"],
        };
        text.as_str()
            .unwrap_or_else(|| panic!("{path}: {document}"))
            .to_string()
    };
    let deep = format!("{}1{}", "[".repeat(50_000), "]".repeat(50_000));
    let many = json!({ "inputs": { "user_id": vec!["a"; 10_001] } }).to_string();
    let tensor = json!({ "name": "user_id", "shape": [10_001], "datatype": "BYTES", "data": vec!["a"; 10_001] });
    let tensors = json!({ "inputs": [tensor] }).to_string();
    let entities =
        json!({ "features": [], "entities": { "user_id": vec!["a"; 10_001] } }).to_string();
    for (path, many) in [
        ("/invocations", many),
        (INFER, tensors),
        ("/get-online-features", entities),
    ] {
        let refused = |method: &str, headers: &str, body: &str| {
            let answer = server.request(method, path, headers, body);
            let words = of(path, &answer.json());
            assert!(
                words.ends_with('.') && !words.contains("panicked"),
                "{words}"
            );
            (answer.status, answer)
        };
        for body in ["", "{", "\u{0}", "{\"inputs\":Infinity}", &deep] {
            assert_eq!(refused("POST", json_type, body).0, 400, "{path} {body:.20}");
        }
        for body in ["null", "7", "\"a\"", "[]", "{}", "{\"a\":{\"b\":[]}}"] {
            assert_eq!(refused("POST", json_type, body).0, 422, "{path} {body}");
        }
        assert_eq!(refused("POST", json_type, &many).0, 413, "{path}");
        assert_eq!(
            refused("POST", "Content-Type: text/csv\r\n", "user_id\na\n").0,
            415
        );
        let (status, answer) = refused("GET", "", "");
        assert_eq!(
            (status, answer.header("allow")),
            (405, Some("POST")),
            "{path}"
        );
        let large = " ".repeat(1024 * 1024 + 1);
        assert_eq!(refused("POST", json_type, &large).0, 413, "{path}");
    }
    let nowhere = server.get("/v2/models/streamflow_churn/config");
    assert_eq!(
        (nowhere.status, nowhere.json()["error"].is_string()),
        (404, true)
    );
    for path in [
        "/v2/../predict",
        "/v2/models/..%2F..",
        "/v2/models/%ff/ready",
    ] {
        let status = server.get(path).status;
        assert!([400, 404].contains(&status), "{path} {status}");
    }
}

#[test]
fn the_one_model_is_described_and_asked_by_its_name() {
    let world = World::ready(template().lenient, JANUARY);
    let server = world.serve();
    let run = template().lenient.to_string();
    let get = |path: &str| {
        let answer = server.get(path);
        assert_eq!(answer.status, 200, "{answer:?}");
        answer.json()
    };
    assert_eq!(get("/v2")["name"], "streamflow");
    assert_eq!(get("/v2")["extensions"], json!([]));
    assert_eq!(get("/v2/health/live"), json!({ "live": true }));
    assert_eq!(get("/v2/health/ready"), json!({ "ready": true }));
    let model = "/v2/models/streamflow_churn";
    let described = json!({
        "name": "streamflow_churn",
        "versions": [run],
        "platform": "streamflow",
        "inputs": [{ "name": "user_id", "datatype": "BYTES", "shape": [-1] }],
        "outputs": [
            { "name": "prediction", "datatype": "INT64", "shape": [-1] },
            { "name": "probability", "datatype": "FP64", "shape": [-1] },
        ],
    });
    for version in [
        "",
        &format!("/versions/{run}"),
        &format!("/versions/{}", &run[..12]),
    ] {
        assert_eq!(get(&format!("{model}{version}")), described);
        assert_eq!(get(&format!("{model}{version}/ready"))["ready"], true);
    }
    for path in ["/v2/models/other", "/v2/models/other/ready"] {
        let refused = server.get(path);
        assert_eq!(refused.status, 404);
        assert!(
            refused.json()["error"]
                .as_str()
                .unwrap()
                .contains("streamflow_churn")
        );
    }
    let refused = server.get(&format!("{model}/versions/1"));
    assert!(
        refused.json()["error"].as_str().unwrap().contains(&run),
        "{refused:?}"
    );

    let ids = &world.ids(JANUARY)[..5];
    let answers = predicted(&server, ids);
    let column = |name: &str| {
        answers
            .iter()
            .map(|answer| answer[name].clone())
            .collect::<Value>()
    };
    let asked = |outputs: Value| {
        let data: Vec<Value> = ids.iter().map(|id| json!([id])).collect();
        let keys = json!({ "name": "user_id", "shape": [5, 1], "datatype": "BYTES", "data": data });
        json!({ "id": "of mine", "inputs": [keys], "outputs": outputs })
    };
    let prediction = json!({ "name": "prediction", "datatype": "INT64", "shape": [5], "data": column("prediction") });
    let probability = json!({ "name": "probability", "datatype": "FP64", "shape": [5], "data": column("probability") });
    let whole = json!({
        "model_name": "streamflow_churn",
        "model_version": run,
        "id": "of mine",
        "outputs": [prediction, probability],
    });
    assert_eq!(told(&server, INFER, &asked(json!([]))), whole);
    let versioned = format!("{model}/versions/{run}/infer");
    assert_eq!(told(&server, &versioned, &asked(json!(null))), whole);
    let only = told(&server, INFER, &asked(json!([{ "name": "probability" }])));
    assert_eq!(only["outputs"], json!([probability]));
    // Its clients often say no type.
    let untyped = server.request("POST", INFER, "", &asked(json!([])).to_string());
    assert_eq!((untyped.status, untyped.json()), (200, whole));
    assert_eq!(untyped.header("x-streamflow-run"), Some(run.as_str()));

    let refused = |headers: &str, body: &Value| {
        let answer = server.request("POST", INFER, headers, &body.to_string());
        format!(
            "{} {}\n",
            answer.status,
            answer.json()["error"].as_str().unwrap()
        )
    };
    let tensor = |name: &str, datatype: &str, data: Value| json!({ "inputs": [{ "name": name, "shape": [data.as_array().unwrap().len()], "datatype": datatype, "data": data }] });
    let refusals = [
        refused("Inference-Header-Content-Length: 2\r\n", &json!({})),
        refused("", &asked(json!([{ "name": "score" }]))),
        refused(
            "",
            &asked(json!([{ "name": "probability" }, { "name": "probability" }])),
        ),
        refused("", &tensor("user_id", "BYTES", json!([ids[0], "nobody"]))),
        refused("", &tensor("user_id", "INT64", json!([7]))),
        refused("", &tensor("user_id", "BYTES", json!([7]))),
        refused(
            "",
            &tensor("subscriptions.monthly_fees", "FP64", json!([7])),
        ),
        refused("", &tensor("user_id", "TEXT", json!(["a"]))),
        refused("", &json!({ "inputs": [] })),
    ];
    insta::assert_snapshot!(refusals.concat(), @r#"
    400 Tensors are read as JSON: this server does not speak the binary extension (tritonclient: `binary_data=False`).
    422 There is no output `score`; there are prediction, probability.
    422 The output `probability` is asked for twice.
    404 Row 2 of 2: No table has a row for user_id "nobody" at 2024-01-31.
    422 `user_id` is a string.
    422 `data` of `user_id` has a value that its datatype does not have.
    422 The rows have no `user_id` to be looked up by, and are not the inputs of the model (unknown: `subscriptions.monthly_fees`, did you mean `subscriptions.monthly_fee`?). Send `user_id`; or all of `subscriptions.contract_type` (string), `subscriptions.fee_change` (f64), `subscriptions.monthly_fee` (f64), `subscriptions.months_active` (i64), `subscriptions.net_service` (string), `subscriptions.paperless_billing` (bool), `subscriptions.plan_stream_movies` (bool), `subscriptions.plan_stream_tv` (bool), `support_agg_90d.hours_waited` (f64), `support_agg_90d.support_tickets_90d` (i64), `support_agg_90d.ticket_avg_resolution_hrs_90d` (f64).
    422 `datatype` of `user_id` is one of BOOL, UINT8, UINT16, UINT32, UINT64, INT8, INT16, INT32, INT64, FP16, FP32, FP64, BYTES.
    422 The body is an object with `inputs`, a list of tensors, and perhaps `id`, `outputs` and `parameters`.
    "#);
}

#[test]
fn classes_and_numbers_have_outputs_of_their_own() {
    let (world, _) = tasks::pinned(
        "contract_type",
        "multiclass",
        "kind = \"logistic_regression\"",
    );
    let server = world.serve();
    let ids = &world.ids(JANUARY)[..4];
    let answers = predicted(&server, ids);
    let rows = json!({ "inputs": { "user_id": ids } });
    let told_here = told(&server, "/invocations", &rows);
    assert_eq!(told_here["predictions"], verdicts(&answers));
    let keys = json!({ "inputs": [{ "name": "user_id", "shape": [4], "datatype": "BYTES", "data": ids }] });
    let told_here = told(&server, INFER, &keys);
    let output = |at: usize| &told_here["outputs"][at];
    assert_eq!(
        (&output(0)["datatype"], &output(0)["data"][0]),
        (&json!("BYTES"), &answers[0]["prediction"])
    );
    assert_eq!(output(1)["data"][3], answers[3]["probability"]);
    assert_eq!(output(2)["shape"], json!([4, 3]));
    let classes: Vec<String> =
        serde_json::from_str(output(2)["parameters"]["classes"].as_str().unwrap()).unwrap();
    for (at, class) in classes.iter().enumerate() {
        assert_eq!(
            output(2)["data"][3 + at],
            answers[1]["probabilities"][class]
        );
    }
    let described = server.get("/v2/models/streamflow_churn").json();
    assert_eq!(described["outputs"][2]["shape"], json!([-1, 3]));

    let (world, _) = tasks::pinned("monthly_fee", "regression", "kind = \"ridge\"");
    let server = world.serve();
    let answers = predicted(&server, ids);
    let told_here = told(&server, INFER, &keys);
    let numbers: Vec<&Value> = answers.iter().map(|answer| &answer["prediction"]).collect();
    assert_eq!(
        told_here["outputs"],
        json!([{ "name": "prediction", "datatype": "FP64", "shape": [4], "data": numbers }])
    );
    assert_eq!(
        told(&server, "/invocations", &rows)["predictions"],
        verdicts(&answers)
    );
}

/// What a run needs of a request stands beside the key.
#[test]
fn a_context_comes_as_columns() {
    let world = on_demand::ready();
    let server = world.serve();
    let near = json!({ "basket": 2, "channel": "app" });
    let far = json!({ "basket": 11.5, "channel": null });
    let asked = json!({ "user_ids": ["U01", "U02"], "contexts": [near, far] });
    let answers = server.predict(&asked).json()["predictions"].clone();
    let answers = answers.as_array().unwrap();
    let rows = json!({ "dataframe_split": {
        "columns": ["channel", "user_id", "basket"],
        "data": [["app", "U01", 2], [null, "U02", 11.5]],
    } });
    let told_here = told(&server, "/invocations", &rows);
    assert_eq!(told_here["predictions"], verdicts(answers));
    let tensor = |name: &str, datatype: &str, data: Value| json!({ "name": name, "shape": [2], "datatype": datatype, "data": data });
    let body = json!({ "inputs": [
        tensor("user_id", "BYTES", json!(["U01", "U02"])),
        tensor("basket", "FP32", json!([2, 11.5])),
        tensor("channel", "BYTES", json!(["app", ""])),
    ] });
    let told_here = told(&server, "/v2/models/buying/infer", &body);
    assert_eq!(
        told_here["outputs"][1]["data"][1],
        answers[1]["probability"]
    );
    let inputs = server.get("/v2/models/buying").json()["inputs"].clone();
    let names: Vec<&Value> = inputs
        .as_array()
        .unwrap()
        .iter()
        .map(|input| &input["name"])
        .collect();
    assert_eq!(names, ["user_id", "basket", "channel"]);
    // Or all values come, those that would be computed among them.
    let used: Vec<&Value> = answers
        .iter()
        .map(|answer| &answer["features_used"])
        .collect();
    let told_here = told(&server, "/invocations", &json!({ "instances": used }));
    assert_eq!(told_here["predictions"], verdicts(answers));

    let records = |rows: Value| json!({ "dataframe_records": rows });
    let refusals = mlflow_refusals(
        &server,
        &[
            records(json!([{ "user_id": "U01" }])),
            records(json!([{ "user_id": "U01", "basket": 2, "chanel": "app" }])),
            records(json!([{ "user_id": "U01", "basket": 2, "channel": "app", "colour": 1 }])),
            records(json!([{ "user_id": "U01", "basket": "2", "channel": "app" }])),
            records(json!([{ "basket": 2, "channel": "app" }])),
        ],
    );
    insta::assert_snapshot!(refusals, @r#"
    422 INVALID_PARAMETER_VALUE: The run needs of the request what the rows lack beside `user_id`: `basket` (f64), `channel` (string).
    422 INVALID_PARAMETER_VALUE: The rows have `chanel` beside `user_id`; did you mean `channel`?
    422 INVALID_PARAMETER_VALUE: The rows have `colour` beside `user_id`; this run takes `basket` (f64), `channel` (string).
    422 INVALID_PARAMETER_VALUE: `basket` must be a number or null, and is "2".
    422 INVALID_PARAMETER_VALUE: The rows have no `user_id` to be looked up by, and are not the inputs of the model (unknown: `basket`, `channel`). Send `user_id`, `basket` (f64), `channel` (string); or all of `usage.basket` (f64), `usage.basket_per_hour` (f64), `usage.by_app` (bool), `usage.hours` (f64), `views.basket_over` (f64).
    "#);
    let features =
        json!({ "features": ["usage:basket_per_hour"], "entities": { "user_id": ["U01"] } });
    let refused = post(&server, "/get-online-features", &features);
    assert!(
        refused.problem(422, "wrong-shape")["detail"]
            .as_str()
            .unwrap()
            .contains("usage:basket_per_hour")
    );
}

#[test]
fn feast_clients_read_what_features_has() {
    let world = World::ready(template().lenient, "2024-03-31");
    let server = world.serve();
    let known = world.ids("2024-03-31");
    let ids = vec![
        known[0].clone(),
        NO_PAYMENTS.to_string(),
        world.departed(),
        "nobody".to_string(),
        known[1].clone(),
    ];
    let shown = server.get(&format!("/features/{}", ids[0])).json();
    let names: Vec<String> = shown["features"]
        .as_object()
        .unwrap()
        .keys()
        .cloned()
        .collect();
    assert!(names.len() > 10);
    let asked: Vec<String> = names
        .iter()
        .map(|name| name.replacen('.', ":", 1))
        .collect();
    let body =
        json!({ "features": asked, "entities": { "user_id": ids }, "full_feature_names": true });
    let found = told(&server, "/get-online-features", &body);
    let results = found["results"].as_array().unwrap();
    assert_eq!(results.len(), names.len() + 1);
    let called = found["metadata"]["feature_names"].as_array().unwrap();
    assert_eq!(
        (&called[0], &results[0]["values"]),
        (&json!("user_id"), &json!(ids))
    );
    let mut statuses = std::collections::BTreeSet::new();
    for (at, name) in names.iter().enumerate() {
        assert_eq!(called[at + 1], name.replacen('.', "__", 1));
        let result = &results[at + 1];
        for (place, id) in ids.iter().enumerate() {
            let shown = server.get(&format!("/features/{id}")).json();
            let status = match shown["status"][name].as_str() {
                Some("present") => "PRESENT",
                Some("null") => "NULL_VALUE",
                Some("expired") => "OUTSIDE_MAX_AGE",
                _ => "NOT_FOUND",
            };
            assert_eq!(result["statuses"][place], status, "{id} {name}");
            let value = shown
                .pointer(&format!("/features/{name}"))
                .unwrap_or(&Value::Null);
            if !name.contains("date") {
                assert_eq!(&result["values"][place], value, "{id} {name}");
            }
            let at = result["event_timestamps"][place].as_str().unwrap();
            assert_eq!(
                at == "1970-01-01T00:00:00Z",
                status == "NOT_FOUND",
                "{id} {name} {at}"
            );
            statuses.insert(status);
        }
    }
    assert_eq!(statuses.len(), 4, "{statuses:?}");
    // A row that has expired says since when.
    let fee = json!({ "features": ["subscriptions:monthly_fee"], "entities": { "user_id": ids } });
    let found = told(&server, "/get-online-features", &fee);
    assert_eq!(
        found["metadata"]["feature_names"],
        json!(["user_id", "monthly_fee"])
    );
    let instants = &found["results"][1]["event_timestamps"];
    assert_eq!(instants[0], "2024-03-31T23:59:59.999999Z");
    assert_eq!(instants[2], "2024-01-31T23:59:59.999999Z");
    let metrics = server.get("/metrics").body;
    assert!(metrics.contains(
        "api_requests_total{route=\"/get-online-features\",method=\"POST\",status=\"200\"} 2"
    ));

    let refused = |body: &Value| {
        let answer = post(&server, "/get-online-features", body);
        format!(
            "{} {}\n",
            answer.status,
            answer.json()["detail"].as_str().unwrap()
        )
    };
    let of = |features: Value| json!({ "features": features, "entities": { "user_id": [ids[0]] } });
    let with = |entities: Value| json!({ "features": ["subscriptions:monthly_fee"], "entities": entities });
    let mut more = of(json!([]));
    more["request_context"] = json!({});
    let refusals = [
        refused(&json!({ "feature_service": "churn", "entities": { "user_id": ["a"] } })),
        refused(&of(json!("subscriptions:monthly_fee"))),
        refused(&of(json!(["subscriptions.monthly_fee"]))),
        refused(&of(json!([7]))),
        refused(&of(json!(["subscriptions:monthly_fees"]))),
        refused(&of(json!([
            "subscriptions:monthly_fee",
            "subscriptions:monthly_fee"
        ]))),
        refused(&with(json!({ "driver_id": [1001] }))),
        refused(&with(json!({ "user_id": "a" }))),
        refused(&with(json!({ "user_id": ["a", 7] }))),
        refused(&with(json!({ "user_id": ["a"], "driver_id": [1] }))),
        refused(&with(json!({}))),
        refused(&with(json!([{ "user_id": "a" }]))),
        refused(&more),
    ];
    insta::assert_snapshot!(refusals.concat(), @r#"
    422 There are no feature services here: name the features, such as "TABLE:FEATURE", in `features`.
    422 The body is an object with `features`, a list of texts such as "TABLE:FEATURE", and `entities`, a list of keys by the name of the key.
    422 A feature is written "TABLE:FEATURE", and this is `subscriptions.monthly_fee`.
    422 A feature is written "TABLE:FEATURE", and this is `7`.
    404 No feature `subscriptions:monthly_fees` is materialized; GET /features/{id} shows those there are.
    422 `subscriptions:monthly_fee` stands there twice.
    422 No table is about `driver_id`; entities are called by `user_id`.
    422 `entities` has the name of one key, and a list of keys.
    422 Row 2 of 2: `user_id` is a string.
    422 `entities` has the name of one key, and a list of keys.
    422 `entities` has the name of one key, and a list of keys.
    422 The body is an object with `features`, a list of texts such as "TABLE:FEATURE", and `entities`, a list of keys by the name of the key.
    422 The body has `request_context`, which is not read.
    "#);
}

#[test]
fn doors_ask_for_the_token_and_keep_reasons_from_strangers() {
    let world = World::ready(template().lenient, JANUARY);
    let path = world.root.join("token");
    fs::write(&path, TOKEN).unwrap();
    fs::set_permissions(&path, fs::Permissions::from_mode(0o600)).unwrap();
    let server = world.serve_with(&[
        "--address",
        "127.0.0.1:0",
        "--token-file",
        path.to_str().unwrap(),
    ]);
    for open in ["/ping", "/v2/health/live", "/v2/health/ready"] {
        let answer = server.get(open);
        assert_eq!(
            (answer.status, answer.header("x-streamflow-run")),
            (200, None),
            "{open}"
        );
    }
    let rows = json!({ "inputs": { "user_id": [world.ids(JANUARY)[0]] } });
    let refused = post(&server, "/invocations", &rows);
    assert_eq!(
        (refused.status, refused.json()["error_code"].clone()),
        (401, json!("UNAUTHENTICATED"))
    );
    assert!(
        refused
            .header("www-authenticate")
            .unwrap()
            .starts_with("Bearer")
    );
    for closed in ["/v2", "/v2/models/streamflow_churn", "/v2/nothing"] {
        let refused = server.get(closed);
        assert_eq!(
            (refused.status, refused.json()["error"].is_string()),
            (401, true),
            "{closed}"
        );
    }
    server.get("/version").json()["error_code"]
        .as_str()
        .unwrap();
    post(&server, "/get-online-features", &json!({})).problem(401, "unauthorized");
    let headers = format!("Authorization: Bearer {TOKEN}\r\nContent-Type: application/json\r\n");
    let answer = server.request("POST", "/invocations", &headers, &rows.to_string());
    assert_eq!(answer.status, 200, "{answer:?}");
    let document = server.request("GET", "/openapi.json", &headers, "").json();
    let schema = |path: &str, method: &str| {
        let response = &document["paths"][path][method]["responses"]["401"]["content"];
        response.to_string()
    };
    assert!(schema("/invocations", "post").contains("MlflowError"));
    assert!(schema("/v2", "get").contains("InferenceError"));
    assert!(schema("/get-online-features", "post").contains("problem+json"));
    assert_eq!(
        document["paths"]["/v2/health/live"]["get"]["security"],
        json!([])
    );
}

#[test]
fn without_a_pin_the_doors_say_so_and_values_are_read() {
    let world = World::new();
    let _ = fs::remove_file(world.root.join("lockfiles/streamflow_churn.pin"));
    world.materialize(JANUARY);
    let server = world.serve();
    let ping = server.get("/ping");
    assert_eq!(
        (ping.status, ping.json()["error_code"].clone()),
        (503, json!("TEMPORARILY_UNAVAILABLE"))
    );
    let rows = json!({ "inputs": { "user_id": ["a"] } });
    assert_eq!(post(&server, "/invocations", &rows).status, 503);
    let keys = json!({ "inputs": [{ "name": "user_id", "shape": [1], "datatype": "BYTES", "data": ["a"] }] });
    for answer in [
        server.get("/v2/health/ready"),
        server.get("/v2/models/m"),
        post(&server, INFER, &keys),
    ] {
        assert_eq!(
            (answer.status, answer.json()["error"].is_string()),
            (503, true),
            "{answer:?}"
        );
    }
    assert_eq!(server.get("/v2/health/live").status, 200);
    let id = &world.ids(JANUARY)[0];
    let body =
        json!({ "features": ["subscriptions:monthly_fee"], "entities": { "user_id": [id] } });
    let found = told(&server, "/get-online-features", &body);
    assert_eq!(found["results"][1]["statuses"], json!(["PRESENT"]));
    let document = server.get("/openapi.json").json();
    assert!(document["paths"]["/invocations"]["post"].is_object());
}
