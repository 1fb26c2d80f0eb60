"""Models as ONNX: checked by onnx, computed by onnxruntime, held against what streamflow predicts of every row."""

import csv
import json
import subprocess

import numpy
import onnx
import onnxruntime
import pyarrow.parquet

TOLERANCE = 1e-6
DATE = "2024-01-31"

FEATURES = ["subscriptions.months_active", "subscriptions.net_service", "usage_agg_30d.*", "payments_agg_90d.*", "support_agg_90d.*", "users.*"]
# Without a null in any row.
WHOLE = ["subscriptions.months_active", "subscriptions.net_service", "subscriptions.paperless_billing"]

PREPROCESS = {
    "plain": (FEATURES, 'missing_numeric = "median"\nmissing_categorical = "category"'),
    "standardized and in order": (
        FEATURES,
        'numeric = "standardize"\nmissing_numeric = "mean"\nmissing_categorical = "most_frequent"\ncategorical = "ordinal"',
    ),
    "by labels": (FEATURES, 'missing_numeric = -1.5\nmissing_categorical = "unknown"\ncategorical = "target"\nrare = 0.3'),
    "of single features": (
        FEATURES,
        """missing_numeric = "median"
missing_categorical = "category"
rare = 0.4
[preprocess.columns]
subscriptions.months_active = { bins = 8 }
subscriptions.net_service = { categorical = "ordinal", order = ["No", "DSL", "Fiber optic"] }
usage_agg_30d.watch_hours_30d = { clip = [0.05, 0.95], log = true, numeric = "standardize" }
support_agg_90d.ticket_avg_resolution_hrs_90d = { missing_numeric = -3.0, log = true }
payments_agg_90d.failed_payments_90d = { bins = 2, missing_numeric = "mean" }
""",
    ),
    "nulls refused": (WHOLE, ""),
}
# Of several tables, with every form that ONNX has operators for.
DERIVED = """numeric = "standardize"
missing_numeric = "median"
missing_categorical = "category"
[preprocess.derived]
hours_per_month = "usage_agg_30d.watch_hours_30d / NULLIF(subscriptions.months_active, 0)"
trouble = "COALESCE(support_agg_90d.ticket_avg_resolution_hrs_90d, 0) * (1 + payments_agg_90d.failed_payments_90d)"
fast = "subscriptions.net_service = 'Fiber optic' AND NOT usage_agg_30d.watch_hours_30d < 20"
unsure = "support_agg_90d.ticket_avg_resolution_hrs_90d > 10 OR payments_agg_90d.failed_payments_90d IN (1, 2, 3)"
word = "CASE WHEN subscriptions.months_active BETWEEN 12 AND 48 THEN subscriptions.net_service WHEN payments_agg_90d.failed_payments_90d > 0 THEN 'late' END"
named = "COALESCE(NULLIF(subscriptions.net_service, 'No'), CASE subscriptions.months_active WHEN 1 THEN 'new' ELSE 'old' END)"
most = "GREATEST(LN(usage_agg_30d.watch_hours_30d), SQRT(subscriptions.months_active), 0.5)"
least = "LEAST(ABS(usage_agg_30d.watch_hours_30d - subscriptions.months_active), FLOOR(usage_agg_30d.avg_session_mins_7d), 7)"
rest = "ROUND(usage_agg_30d.watch_hours_30d) % 5 - CEIL(-usage_agg_30d.watch_hours_30d / 3) + POWER(subscriptions.months_active, 0.5)"
cast = "CAST(usage_agg_30d.watch_hours_30d * 7 AS i64) + CAST(support_agg_90d.ticket_avg_resolution_hrs_90d IS NULL AS i64) + EXP(-subscriptions.months_active)"
[preprocess.columns]
hours_per_month = { log = true }
word = { categorical = "ordinal" }
named = { categorical = "target" }
most = { bins = 4 }
subscriptions.months_active = { drop = true }
"""
LABELS = {
    "binary": 'table = "labels"\ncolumn = "churn_label"',
    "multiclass": 'table = "subscriptions"\ncolumn = "contract_type"\ntask = "multiclass"',
    "regression": 'table = "subscriptions"\ncolumn = "monthly_fee"\ntask = "regression"',
}
CLASSES = [
    ("prior", {}),
    ("decision_tree", {"max_depth": 6}),
    ("random_forest", {"trees": 40}),
    ("extra_trees", {"trees": 20}),
    ("gradient_boosting", {"trees": 40}),
    ("logistic_regression", {}),
    ("gaussian_nb", {}),
    ("knn", {"neighbors": 7}),
    ("knn", {"neighbors": 7, "weights": "distance"}),
    ("svm", {}),
    ("svm", {"kernel": "linear", "c": 0.01}),
]
NUMBERS = [
    ("prior", {}),
    ("decision_tree", {"max_depth": 6}),
    ("random_forest", {"trees": 40, "max_features": "all"}),
    ("extra_trees", {"trees": 20}),
    ("gradient_boosting", {"trees": 40}),
    ("linear_regression", {}),
    ("ridge", {}),
    ("lasso", {"alpha": 0.1}),
    ("knn", {"neighbors": 7}),
    ("knn", {"neighbors": 7, "weights": "distance"}),
]
# Learnt from folds, behind the model.
CALIBRATED = [
    ("platt", 'threshold = "f1"'),
    ("isotonic", "threshold = { recall = 0.8 }"),
]
EXPERIMENT = """registers = "streamflow_churn"
as_of = %s
[label]
%s
[dataset]
features = %s
[preprocess]
%s
[model]
%s
"""


class Program:
    def __init__(self, program, project):
        self.program, self.project = program, project

    def __call__(self, *arguments):
        done = subprocess.run([self.program, "-C", str(self.project), *arguments], capture_output=True, text=True)
        assert done.returncode == 0, f"{arguments}: exit {done.returncode}\n{done.stdout}{done.stderr}"
        return done.stdout

    def run(self, label, features, preprocess, kind, parameters, more=""):
        """A run of an experiment of its own, in production."""
        model = "\n".join(f"{key} = {json.dumps(value)}" for key, value in {"kind": kind, **parameters}.items())
        text = EXPERIMENT % (DATE, label, json.dumps(features), preprocess, model) + more
        (self.project / "experiments" / "exported.toml").write_text(text)
        run = json.loads(self("run", "exported", "--format", "json"))["run"]
        self("promote", run, "--to", "production", "--reason", "to be held against its export")
        return run

    def table(self, name, *arguments):
        path = self.project.parent / f"{name}.parquet"
        self(*arguments, "-o", str(path))
        return pyarrow.parquet.read_table(path)


def give_some_a_category_of_their_own(streamflow):
    """Customers on the test side, so that no model has learnt it."""
    run = streamflow.run(LABELS["binary"], WHOLE, "", "prior", {})
    strangers = set(streamflow.table("predictions", "get", run, "predictions")["user_id"].to_pylist()[:3])
    path = streamflow.project / "data" / DATE / "subscriptions.csv"
    with open(path, newline="") as file:
        rows = list(csv.DictReader(file))
    for row in rows:
        if row["user_id"] in strangers:
            row["net_service"] = "Satellite"
    with open(path, "w", newline="") as file:
        writer = csv.DictWriter(file, rows[0].keys(), lineterminator="\n")
        writer.writeheader()
        writer.writerows(rows)


def texts(column):
    """Bools are texts, and null is the empty one."""
    values = [{True: "true", False: "false", None: ""}.get(value, value) for value in column.to_pylist()]
    return numpy.array(values, dtype=object).reshape(-1, 1)


def doubles(column):
    """Null is NaN."""
    values = [float("nan") if value is None else float(value) for value in column.to_pylist()]
    return numpy.array(values).reshape(-1, 1)


def given(session, rows):
    forms = {"tensor(double)": doubles, "tensor(string)": texts}
    return {value.name: forms[value.type](rows[value.name]) for value in session.get_inputs()}


def session_of(path):
    onnx.checker.check_model(str(path), full_check=True)
    return onnxruntime.InferenceSession(str(path), providers=["CPUExecutionProvider"])


def computed(session, inputs):
    names = [value.name for value in session.get_outputs()]
    return dict(zip(names, session.run(names, inputs)))


def largest_difference(session, outputs, scored):
    """Of the numbers; what is predicted of classes is the same."""
    prediction = numpy.array(scored["prediction"].to_pylist(), dtype=object)
    classes = session.get_modelmeta().custom_metadata_map.get("classes")
    pairs = []
    if "probability" not in outputs:
        pairs.append((outputs["prediction"][:, 0], prediction.astype(float)))
    else:
        assert (outputs["prediction"][:, 0] == prediction).all()
    if classes:
        for at, name in enumerate(json.loads(classes)):
            pairs.append((outputs["probabilities"][:, at], numpy.array(scored[f"probability.{name}"])))
        assert (outputs["probabilities"].max(axis=1) == outputs["probability"][:, 0]).all()
    elif "probability" in outputs:
        pairs.append((outputs["probability"][:, 0], numpy.array(scored["probability"])))
    return max(numpy.abs(ours - theirs).max() for ours, theirs in pairs)


def refused_rows_have_no_answer(session, inputs):
    """Each feature's null in a row of its own."""
    for name, values in inputs.items():
        rows = {other: cells[:2].copy() for other, cells in inputs.items()}
        rows[name][1, 0] = float("nan") if values.dtype == float else ""
        for output, cells in computed(session, rows).items():
            nothing = [cell in (-1, "") or cell != cell for cell in cells[1]]
            assert all(nothing), f"{name} {output} {cells[1]}"
            assert not any(cell in (-1, "") or cell != cell for cell in cells[0]), f"{name} {output} {cells[0]}"


def cases():
    """What each run is called, its task, and what `Program.run` takes."""
    for task, label in LABELS.items():
        for words, (features, preprocess) in PREPROCESS.items():
            for kind, parameters in NUMBERS if task == "regression" else CLASSES:
                yield f"{task}, {words}, {kind} {parameters}", (label, features, preprocess, kind, parameters)
    for task, kind, parameters in [
        ("binary", "logistic_regression", {}),
        ("multiclass", "random_forest", {"trees": 40}),
        ("regression", "ridge", {}),
    ]:
        yield f"{task}, derived, {kind}", (LABELS[task], FEATURES, DERIVED, kind, parameters)
    features, preprocess = PREPROCESS["plain"]
    for task in ["binary", "multiclass"]:
        for method, threshold in CALIBRATED:
            for kind, parameters in [("random_forest", {"trees": 40}), ("gaussian_nb", {})]:
                rule = threshold if task == "binary" else ""
                more = f'[cross_validation]\nfolds = 3\n[calibrate]\nmethod = "{method}"\n{rule}\n'
                yield f"{task}, {method}, {kind}", (LABELS[task], features, preprocess, kind, parameters, more)


def models_are_computed_by_onnxruntime(program, project):
    streamflow = Program(program, project)
    give_some_a_category_of_their_own(streamflow)
    count = rows = 0
    largest, of = 0.0, ""
    for case, experiment in cases():
        run = streamflow.run(*experiment)
        path = project.parent / "model.onnx"
        streamflow("export", run, "--format", "onnx", "-o", str(path))
        table = streamflow.table("training_set", "get", run, "training_set")
        scored = streamflow.table("scored", "predict", "--all", "--as-of", DATE)
        session = session_of(path)
        assert "Satellite" in table["subscriptions.net_service"].to_pylist()
        assert session.get_modelmeta().custom_metadata_map["run"] == run
        inputs = given(session, table)
        assert table["user_id"].to_pylist() == scored["user_id"].to_pylist(), case
        outputs = computed(session, inputs)
        difference = largest_difference(session, outputs, scored)
        assert difference <= TOLERANCE, f"{case}: {difference}"
        one = computed(session, {name: cells[:1] for name, cells in inputs.items()})
        for name, cells in one.items():
            assert cells.dtype == object or numpy.abs(cells - outputs[name][:1]).max() <= TOLERANCE, f"{case}: {name} of one row"
        if "nulls refused" in case:
            refused_rows_have_no_answer(session, inputs)
        count, rows = count + 1, rows + table.num_rows
        largest, of = max((largest, of), (difference, case))
    return f"{count} models, {rows} rows, largest difference {largest:.1e} ({of})"
