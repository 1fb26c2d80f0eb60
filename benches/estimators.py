#!/usr/bin/env python3
"""The AUC of each estimator beside scikit-learn's of the same name, over several splits.

Usage: STREAMFLOW_CHURN_EXPORT=FOLDER benches/estimators.py PATH/TO/streamflow [--splits N]

Needs Python with scikit-learn, pandas and pyarrow, in an environment outside the checkout. Both learn
from the rows of streamflow's split; scikit-learn gets them as a matrix of numbers that is encoded
before, scaled where the experiment says so.
"""

import argparse
import os
import platform
import statistics
import sys
import tempfile
import warnings
from importlib import metadata

from sklearn.ensemble import ExtraTreesClassifier, RandomForestClassifier
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import roc_auc_score
from sklearn.naive_bayes import GaussianNB
from sklearn.neighbors import KNeighborsClassifier
from sklearn.tree import DecisionTreeClassifier

from runs import churn, fit, matrices, streamflow

SCALED = ["preprocess.numeric=standardize"]
CASES = {
    "random_forest": ({"trees": 300}, [], lambda seed: RandomForestClassifier(300, n_jobs=-1, random_state=seed)),
    "extra_trees": ({"trees": 300}, [], lambda seed: ExtraTreesClassifier(300, n_jobs=-1, random_state=seed)),
    "decision_tree": ({"max_depth": 5}, [], lambda seed: DecisionTreeClassifier(max_depth=5, random_state=seed)),
    "logistic_regression": (
        {"l1": 5.0, "l2": 1.0},
        SCALED,
        lambda seed: LogisticRegression(C=1 / 6, l1_ratio=5 / 6, solver="saga", max_iter=5000, tol=1e-6),
    ),
    "gaussian_nb": ({}, [], lambda seed: GaussianNB()),
    "knn": ({"neighbors": 25}, SCALED, lambda seed: KNeighborsClassifier(25)),
}


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("program")
    parser.add_argument("--splits", type=int, default=10)
    given = parser.parse_args()
    program = os.path.abspath(given.program)
    export = os.environ.get("STREAMFLOW_CHURN_EXPORT") or sys.exit("STREAMFLOW_CHURN_EXPORT is not set")
    warnings.simplefilter("ignore")
    print(streamflow(program, ".", "--version").strip(), f"{platform.machine()}, scikit-learn", metadata.version("scikit-learn"))
    print(f"{'AUC, mean of ' + str(given.splits) + ' splits':24}{'streamflow':>12}{'scikit-learn':>14}{'difference':>12}")
    with tempfile.TemporaryDirectory() as outside:
        folder = churn(export, outside)
        for kind, (parameters, sets, make) in CASES.items():
            ours, theirs = [], []
            for seed in range(1, given.splits + 1):
                run, _, auc = fit(program, folder, "churn_random_forest", {"kind": kind} | parameters, seed, sets)
                ours.append(auc)
                x, y, unseen, truth = matrices(program, folder, run, scaled=bool(sets))
                model = make(seed).fit(x, y)
                theirs.append(roc_auc_score(truth, model.predict_proba(unseen)[:, 1]))
            a, b = statistics.mean(ours), statistics.mean(theirs)
            print(f"{kind:24}{a:12.5f}{b:14.5f}{a - b:12.5f}", flush=True)


if __name__ == "__main__":
    main()
