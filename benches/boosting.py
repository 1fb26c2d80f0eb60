#!/usr/bin/env python3
"""gradient_boosting beside LightGBM, XGBoost and scikit-learn: seconds of a fit, and the AUC.

Usage: benches/boosting.py PATH/TO/streamflow [--rows N] [--rounds N] [--splits N]
       (a release build)

Needs Python with lightgbm, xgboost, scikit-learn, pandas and pyarrow, in an environment outside the
checkout. STREAMFLOW_CHURN_EXPORT names the folder of the real churn export; without it that half is
left out.

All train on the rows of streamflow's split, with 100 trees of at most 31 leaves, learning rate 0.1,
255 bins, no L2, as many threads as there are processors. streamflow's seconds are its step `fit`:
encoding the rows, growing the trees and writing the model. The others' are `fit` alone, on a matrix
of numbers that is encoded before. The programs take turns.
"""

import argparse
import os
import platform
import statistics
import sys
import tempfile
import time
from collections import defaultdict
from importlib import metadata

import lightgbm
import numpy
import pandas
import xgboost
from sklearn.ensemble import GradientBoostingClassifier, HistGradientBoostingClassifier
from sklearn.metrics import roc_auc_score

from runs import churn, fit, matrices, streamflow

COLUMNS = 30
DATE = "2024-01-31"
CORES = os.cpu_count()
BOOSTED = {"kind": "gradient_boosting"}
# As scikit-learn's GradientBoostingClassifier: trees of depth 3, leaves of one row.
SHALLOW = BOOSTED | {"max_depth": 3, "max_leaves": 8, "min_samples_leaf": 1}
PEERS = {
    "LightGBM": lambda: lightgbm.LGBMClassifier(n_jobs=CORES, verbose=-1),
    "XGBoost": lambda: xgboost.XGBClassifier(
        n_jobs=CORES,
        tree_method="hist",
        grow_policy="lossguide",
        max_leaves=31,
        max_depth=0,
        learning_rate=0.1,
        max_bin=255,
        reg_lambda=0,
        min_child_weight=1e-3,
    ),
    "HistGradientBoostingClassifier": lambda: HistGradientBoostingClassifier(early_stopping=False),
}


def generate(folder, rows):
    """Normal columns, counts and flags; the label depends on seven of them, with noise."""
    random = numpy.random.default_rng(7)
    x = random.normal(size=(rows, COLUMNS))
    x[:, 15:20] = numpy.floor(numpy.exp(x[:, 15:20]))
    x[:, 20:25] = x[:, 20:25] > 0.5
    score = 1.2 * x[:, 0] - 0.8 * x[:, 1] + numpy.sin(2 * x[:, 2]) + 0.7 * x[:, 3] * x[:, 4]
    score += 0.8 * (x[:, 15] > 2) - 0.9 * x[:, 20] * x[:, 5] + 0.3 * x[:, 6] ** 2
    label = random.random(rows) < 1 / (1 + numpy.exp(1.0 - score))
    names = [f"x{at:02}" for at in range(COLUMNS)]
    os.makedirs(f"{folder}/data/{DATE}")
    keys = numpy.arange(rows)
    numbers = pandas.DataFrame(x, columns=names)
    numbers.insert(0, "id", keys)
    numbers.to_parquet(f"{folder}/data/{DATE}/numbers.parquet", index=False)
    labels = pandas.DataFrame({"id": keys, "label": label})
    labels.to_parquet(f"{folder}/data/{DATE}/labels.parquet", index=False)
    declared = "".join(f'{name} = "f64"\n' for name in names)
    table = 'entity = "row"\n[source]\npath = "data/{as_of}/%s.parquet"\n[columns]\nid = "i64"\n%s'
    files = {
        "streamflow.toml": '[project]\nname = "million"\n[entities.row]\nkey = "id"\n',
        "features/numbers.toml": table % ("numbers", declared) + '[features]\ncolumns = ["*"]\n',
        "features/labels.toml": table % ("labels", 'label = "bool"\n'),
        "experiments/million.toml": f'as_of = "{DATE}"\n[label]\ntable = "labels"\ncolumn = "label"\n'
        '[dataset]\nfeatures = ["numbers.*"]\n[split]\ntest = 0.2\n[model]\nkind = "prior"\n',
    }
    for path, text in files.items():
        os.makedirs(os.path.dirname(f"{folder}/{path}"), exist_ok=True)
        with open(f"{folder}/{path}", "w") as file:
            file.write(text)


def peer(model, data):
    x, y, unseen, truth = data
    start = time.perf_counter()
    model.fit(x, y)
    seconds = time.perf_counter() - start
    return seconds, roc_auc_score(truth, model.predict_proba(unseen)[:, 1])


def report(title, found):
    print(f"\n{title}\n{'':34}{'fit, median':>12}{'AUC, mean':>12}")
    for name, pairs in found.items():
        seconds, aucs = zip(*pairs)
        print(f"{name:34}{statistics.median(seconds):10.3f} s{statistics.mean(aucs):12.5f}")
    sys.stdout.flush()


def compare(program, folder, experiment, seeds, rounds, shallow):
    found = defaultdict(list)
    for seed in seeds:
        run, _, _ = fit(program, folder, experiment, BOOSTED, seed)
        data = matrices(program, folder, run)
        for _ in range(rounds):
            found["streamflow"].append(fit(program, folder, experiment, BOOSTED, seed)[1:])
            for name, make in PEERS.items():
                found[name].append(peer(make(), data))
        if shallow:
            found["streamflow, depth 3"].append(fit(program, folder, experiment, SHALLOW, seed)[1:])
            found["GradientBoostingClassifier"].append(peer(GradientBoostingClassifier(), data))
    return found


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("program")
    parser.add_argument("--rows", type=int, default=1_000_000)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--splits", type=int, default=10)
    given = parser.parse_args()
    program = os.path.abspath(given.program)
    packages = ["lightgbm", "xgboost", "scikit-learn", "numpy", "pandas"]
    print(streamflow(program, ".", "--version").strip(), f"{platform.machine()}, {CORES} processors")
    print(", ".join(f"{package} {metadata.version(package)}" for package in packages))
    with tempfile.TemporaryDirectory() as outside:
        export = os.environ.get("STREAMFLOW_CHURN_EXPORT")
        if export:
            folder = churn(export, outside)
            seeds = range(1, given.splits + 1)
            found = compare(program, folder, "churn_random_forest", seeds, given.rounds, True)
            report(f"churn export, {given.splits} splits", found)
        else:
            print("STREAMFLOW_CHURN_EXPORT is not set: the churn export is left out")
        folder = f"{outside}/million"
        # A fifth is kept for the test.
        generate(folder, given.rows * 5 // 4)
        found = compare(program, folder, "million", [1], given.rounds, False)
        report(f"about {given.rows} train rows of {COLUMNS} columns, generated", found)


if __name__ == "__main__":
    main()
