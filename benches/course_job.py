#!/usr/bin/env python3
"""The course's job as one script: the export of a month with pandas, a forest with scikit-learn, a record
of it all with MLflow in SQLite. `benches/course.py` starts it; alone:

    benches/course_job.py EXPORT FOLDER

Written to be quick where that costs nothing: each file is read once, the forest has all processors, and
the requirements of the model are named, so that MLflow does not start a second Python to find them.
"""

import hashlib
import pathlib
import sys

import matplotlib

matplotlib.use("agg")
import matplotlib.pyplot as pyplot
import mlflow
import numpy
import pandas
from sklearn.calibration import CalibrationDisplay
from sklearn.compose import ColumnTransformer
from sklearn.ensemble import RandomForestClassifier
from sklearn.impute import SimpleImputer
from sklearn.metrics import (
    ConfusionMatrixDisplay,
    PrecisionRecallDisplay,
    RocCurveDisplay,
    accuracy_score,
    average_precision_score,
    brier_score_loss,
    f1_score,
    log_loss,
    precision_score,
    recall_score,
    roc_auc_score,
)
from sklearn.model_selection import train_test_split
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OneHotEncoder

DATE = "2024-01-31"
TABLES = ["users", "subscriptions", "usage_agg_30d", "payments_agg_90d", "support_agg_90d", "labels"]
NUMBERS = [
    "months_active",
    "monthly_fee",
    "watch_hours_30d",
    "avg_session_mins_7d",
    "unique_devices_30d",
    "skips_7d",
    "rebuffer_events_7d",
    "failed_payments_90d",
    "support_tickets_90d",
    "ticket_avg_resolution_hrs_90d",
]
CATEGORIES = ["paperless_billing", "plan_stream_tv", "plan_stream_movies", "net_service"]
# Column, lowest and highest value that is taken.
BOUNDS = [
    ("subscriptions", "months_active", 0, 1200),
    ("subscriptions", "monthly_fee", 0.0, 10000.0),
    ("usage_agg_30d", "watch_hours_30d", 0.0, 744.0),
    ("usage_agg_30d", "avg_session_mins_7d", 0.0, 1440.0),
    ("payments_agg_90d", "failed_payments_90d", 0, 1000),
    ("support_agg_90d", "support_tickets_90d", 0, 1000),
]
TREES = 300
SEED = 42


def read(export):
    """The tables, checked, and the hash of each file."""
    tables, hashes = {}, {}
    for name in TABLES:
        path = export / DATE / f"{name}.csv"
        hashes[name] = hashlib.sha256(path.read_bytes()).hexdigest()
        tables[name] = pandas.read_csv(path)
        keys = tables[name]["user_id"]
        assert keys.notna().all() and keys.is_unique, name
    for name, column, low, high in BOUNDS:
        assert tables[name][column].dropna().between(low, high).all(), column
    assert tables["labels"]["churn_label"].notna().all()
    assert tables["users"]["user_gender"].dropna().isin(["Female", "Male"]).all()
    return tables, hashes


def pictures(model, rows, truth, folder):
    scores = model.predict_proba(rows)[:, 1]
    displays = {
        "roc": lambda axes: RocCurveDisplay.from_predictions(truth, scores, ax=axes),
        "precision_recall": lambda axes: PrecisionRecallDisplay.from_predictions(truth, scores, ax=axes),
        "calibration": lambda axes: CalibrationDisplay.from_predictions(truth, scores, n_bins=10, ax=axes),
        "confusion": lambda axes: ConfusionMatrixDisplay.from_predictions(truth, scores >= 0.5, ax=axes),
        "scores": lambda axes: axes.hist([scores[~truth], scores[truth]], bins=20, stacked=True),
        "importances": lambda axes: axes.barh(
            model[0].get_feature_names_out(), model[-1].feature_importances_
        ),
    }
    for name, draw in displays.items():
        figure, axes = pyplot.subplots()
        draw(axes)
        figure.savefig(folder / f"{name}.svg")
        pyplot.close(figure)
    return scores


def main():
    export, folder = map(pathlib.Path, sys.argv[1:])
    mlflow.set_tracking_uri(f"sqlite:///{folder / 'mlflow.db'}")
    if mlflow.get_experiment_by_name("churn") is None:
        mlflow.create_experiment("churn", artifact_location=(folder / "artifacts").as_uri())
    mlflow.set_experiment("churn")
    tables, hashes = read(export)
    joined = tables["labels"]
    for name in TABLES[:-1]:
        joined = joined.merge(tables[name], on="user_id", how="left")
    truth = joined["churn_label"].astype(bool)
    rows = joined[NUMBERS + CATEGORIES].copy()
    for name in CATEGORIES:
        rows[name] = rows[name].astype("object").where(rows[name].notna(), "missing").astype(str)
    train, test, train_truth, test_truth = train_test_split(rows, truth, test_size=0.25, random_state=SEED)
    encoder = ColumnTransformer(
        [
            ("numbers", SimpleImputer(strategy="median"), NUMBERS),
            ("categories", OneHotEncoder(handle_unknown="ignore", sparse_output=False), CATEGORIES),
        ]
    )
    forest = RandomForestClassifier(n_estimators=TREES, random_state=SEED, n_jobs=-1)
    model = make_pipeline(encoder, forest)
    with mlflow.start_run(run_name="random_forest"):
        mlflow.log_params({"trees": TREES, "seed": SEED, "as_of": DATE, "test": 0.25})
        mlflow.set_tags({f"data.{name}": found for name, found in hashes.items()})
        model.fit(train, train_truth)
        charts = folder / "charts"
        charts.mkdir(exist_ok=True)
        scores = pictures(model, test, test_truth.to_numpy(), charts)
        decided = scores >= 0.5
        metrics = {
            "auc": roc_auc_score(test_truth, scores),
            "average_precision": average_precision_score(test_truth, scores),
            "f1": f1_score(test_truth, decided),
            "accuracy": accuracy_score(test_truth, decided),
            "precision": precision_score(test_truth, decided),
            "recall": recall_score(test_truth, decided),
            "log_loss": log_loss(test_truth, numpy.clip(scores, 1e-15, 1 - 1e-15)),
            "brier": brier_score_loss(test_truth, scores),
        }
        mlflow.log_metrics(metrics)
        mlflow.log_artifacts(str(charts), "charts")
        requirements = [f"{name.__name__}=={name.__version__}" for name in (pandas, numpy, mlflow)]
        mlflow.sklearn.log_model(
            model,
            name="model",
            pip_requirements=requirements,
            serialization_format="cloudpickle",
        )
    print(f"auc {metrics['auc']:.4f}")


if __name__ == "__main__":
    main()
