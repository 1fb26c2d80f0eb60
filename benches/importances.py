#!/usr/bin/env python3
"""Permutation importances beside scikit-learn's: the means, and how long they take.

Usage: STREAMFLOW_CHURN_EXPORT=FOLDER benches/importances.py PATH/TO/streamflow [--rounds N]

Needs Python with scikit-learn, pandas and pyarrow, in an environment outside the checkout. Both learn
from the rows of streamflow's split and permute the features of its test rows 10 times each;
scikit-learn's model is a pipeline, so that a text is permuted before it is encoded.
"""

import argparse
import json
import os
import platform
import statistics
import sys
import tempfile
import time
from importlib import metadata

import pandas as pd
from sklearn.compose import ColumnTransformer, make_column_selector
from sklearn.ensemble import RandomForestClassifier
from sklearn.impute import SimpleImputer
from sklearn.inspection import permutation_importance
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OneHotEncoder

from runs import churn, fit, streamflow

REPEATS = 10


def rows(program, folder, run):
    """Raw features and labels of both sides of a run."""
    for name in ["training_set", "split"]:
        streamflow(program, folder, "get", run, name, "-o", f"{name}.parquet")
    table = pd.read_parquet(os.path.join(folder, "training_set.parquet"))
    side = pd.read_parquet(os.path.join(folder, "split.parquet"))["side"]
    # Features have a table's name before theirs; key, date and label have not.
    features = table[[name for name in table.columns if "." in name]].copy()
    for name in features.select_dtypes(exclude="number"):
        features[name] = features[name].astype(object).fillna("null").astype(str)
    train = (side == "train").to_numpy()
    return features[train], table["label"][train], features[~train], table["label"][~train]


def pipeline(seed):
    texts = make_column_selector(dtype_exclude="number")
    numbers = make_column_selector(dtype_include="number")
    encoder = ColumnTransformer(
        [
            ("texts", OneHotEncoder(handle_unknown="ignore", sparse_output=False), texts),
            ("numbers", SimpleImputer(strategy="median"), numbers),
        ]
    )
    return make_pipeline(encoder, RandomForestClassifier(300, n_jobs=-1, random_state=seed))


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("program")
    parser.add_argument("--rounds", type=int, default=3)
    given = parser.parse_args()
    program = os.path.abspath(given.program)
    export = os.environ.get("STREAMFLOW_CHURN_EXPORT") or sys.exit("STREAMFLOW_CHURN_EXPORT is not set")
    print(streamflow(program, ".", "--version").strip(), f"{platform.machine()}, scikit-learn", metadata.version("scikit-learn"))
    with tempfile.TemporaryDirectory() as outside:
        folder = churn(export, outside)
        run, _, _ = fit(program, folder, "churn_random_forest", {"kind": "random_forest", "trees": 300}, 1, [])
        x, y, unseen, truth = rows(program, folder, run)
        model = pipeline(1).fit(x, y)
        ours, theirs = [], []
        for _ in range(given.rounds):
            start = time.perf_counter()
            text = streamflow(program, folder, "show", run, "--importances", "--format", "text")
            ours.append(time.perf_counter() - start)
            start = time.perf_counter()
            found = permutation_importance(
                model, unseen, truth, scoring="roc_auc", n_repeats=REPEATS, n_jobs=2, random_state=0
            )
            theirs.append(time.perf_counter() - start)
        document = json.loads(streamflow(program, folder, "show", run, "--importances", "--format", "json"))
    expected = dict(zip(unseen.columns, zip(found.importances_mean, found.importances_std)))
    print(text)
    print(f"{len(unseen)} test rows, {len(expected)} features, {REPEATS} permutations each")
    print(f"{'feature':48}{'streamflow':>18}{'scikit-learn':>20}")
    for of in document["importances"]:
        mean, sd = expected[of["feature"]]
        drop = of["permutation"]
        print(f"{of['feature']:48}{drop['mean']:9.4f} ± {drop['sd']:.4f}{mean:11.4f} ± {sd:.4f}")
    a, b = statistics.median(ours), statistics.median(theirs)
    print(f"seconds, median of {given.rounds}: streamflow {a:.2f}, scikit-learn {b:.2f} ({a / b:.3f} ×)")


if __name__ == "__main__":
    main()
