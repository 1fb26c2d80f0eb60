#!/usr/bin/env python3
"""Several classes and numbers: each estimator beside scikit-learn's of the same name, over several splits.

Usage: STREAMFLOW_CHURN_EXPORT=FOLDER benches/tasks.py PATH/TO/streamflow [--splits N]

Predicts the contract of a customer (three classes; `auc_ovr`) and the monthly fee (`r2`) from the
other tables of the real export. Needs Python with scikit-learn, pandas and pyarrow, in an environment
outside the checkout. Both learn from the rows of streamflow's split; scikit-learn gets them as a matrix
of numbers that is encoded before, scaled where the experiment says so.
"""

import argparse
import os
import platform
import statistics
import sys
import tempfile
import warnings
from importlib import metadata

from sklearn import ensemble, linear_model, metrics, naive_bayes, neighbors, svm, tree

from runs import churn, fit, matrices, streamflow

SCALED = ["preprocess.numeric=standardize"]
TREES = {"trees": 100, "max_features": "all"}
CONTRACT = {
    "random_forest": ({"trees": 100}, [], lambda seed: ensemble.RandomForestClassifier(100, random_state=seed)),
    "extra_trees": ({"trees": 100}, [], lambda seed: ensemble.ExtraTreesClassifier(100, random_state=seed)),
    "decision_tree": ({"max_depth": 5}, [], lambda seed: tree.DecisionTreeClassifier(max_depth=5, random_state=seed)),
    "gradient_boosting": ({}, [], lambda seed: ensemble.HistGradientBoostingClassifier(random_state=seed, early_stopping=False)),
    "logistic_regression": ({}, SCALED, lambda seed: linear_model.LogisticRegression(max_iter=5000)),
    "gaussian_nb": ({}, [], lambda seed: naive_bayes.GaussianNB()),
    "knn": ({"neighbors": 25}, SCALED, lambda seed: neighbors.KNeighborsClassifier(25)),
    # Its own probabilities: of folds drawn by the seed, and coupled.
    "svm": ({}, SCALED, lambda seed: svm.SVC(probability=True, random_state=seed)),
}
FEE = {
    "random_forest": (TREES, [], lambda seed: ensemble.RandomForestRegressor(100, random_state=seed)),
    "extra_trees": (TREES, [], lambda seed: ensemble.ExtraTreesRegressor(100, random_state=seed)),
    "decision_tree": ({"max_depth": 5}, [], lambda seed: tree.DecisionTreeRegressor(max_depth=5, random_state=seed)),
    "gradient_boosting": ({}, [], lambda seed: ensemble.HistGradientBoostingRegressor(random_state=seed, early_stopping=False)),
    "linear_regression": ({}, SCALED, lambda seed: linear_model.LinearRegression()),
    "ridge": ({}, SCALED, lambda seed: linear_model.Ridge()),
    "lasso": ({"alpha": 0.1}, SCALED, lambda seed: linear_model.Lasso(0.1)),
    "knn": ({"neighbors": 25}, SCALED, lambda seed: neighbors.KNeighborsRegressor(25)),
}
EXPERIMENT = """
as_of = 2024-01-31
[label]
table  = "subscriptions"
column = "%s"
task   = "%s"
[dataset]
features = ["subscriptions.months_active", "subscriptions.net_service", "usage_agg_30d.*", "payments_agg_90d.*", "support_agg_90d.*"]
[preprocess]
missing_numeric     = "median"
missing_categorical = "category"
[model]
kind = "prior"
"""


def area(model, unseen, truth):
    return metrics.roc_auc_score(truth, model.predict_proba(unseen), multi_class="ovr")


def share(model, unseen, truth):
    return metrics.r2_score(truth, model.predict(unseen))


TASKS = [
    ("contract_type", "multiclass", "auc_ovr", CONTRACT, area),
    ("monthly_fee", "regression", "r2", FEE, share),
]


def compare(program, folder, given, label, task, metric, cases, judge):
    with open(f"{folder}/experiments/{label}.toml", "w") as file:
        file.write(EXPERIMENT % (label, task))
    print(f"{label + ', ' + metric:24}{'streamflow':>12}{'scikit-learn':>14}{'difference':>12}")
    for kind, (parameters, sets, make) in cases.items():
        ours, theirs = [], []
        for seed in range(1, given.splits + 1):
            run, _, found = fit(program, folder, label, {"kind": kind} | parameters, seed, sets, metric)
            ours.append(found)
            x, y, unseen, truth = matrices(program, folder, run, scaled=bool(sets))
            theirs.append(judge(make(seed).fit(x, y), unseen, truth))
        a, b = statistics.mean(ours), statistics.mean(theirs)
        print(f"{kind:24}{a:12.5f}{b:14.5f}{a - b:12.5f}", flush=True)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("program")
    parser.add_argument("--splits", type=int, default=10)
    given = parser.parse_args()
    program = os.path.abspath(given.program)
    export = os.environ.get("STREAMFLOW_CHURN_EXPORT") or sys.exit("STREAMFLOW_CHURN_EXPORT is not set")
    warnings.simplefilter("ignore")
    print(streamflow(program, ".", "--version").strip(), f"{platform.machine()}, scikit-learn", metadata.version("scikit-learn"))
    with tempfile.TemporaryDirectory() as outside:
        folder = churn(export, outside)
        for task in TASKS:
            compare(program, folder, given, *task)


if __name__ == "__main__":
    main()
