#!/usr/bin/env python3
"""The random forest beside scikit-learn's: quality, time, memory, size.

Usage: STREAMFLOW_CHURN_EXPORT=DIR benches/forest.py PATH/TO/forest [--rows ROWS] [--only churn|large]

PATH/TO/forest is the program of benches/forest.rs, which `cargo bench --bench forest --no-run` builds and
names. Run this in a Python environment with scikit-learn and pandas, on Linux.

Both get the same numbers in the same file. Each fit happens in a process of its own, ours and
scikit-learn's in turn, with as many threads as there are processors.

churn: the customers of the export, 14 features, categories as columns of 0 and 1; 10 splits into three
  quarters and one; 300 trees, otherwise the defaults of both.
large: a made-up table of a million rows and 30 continuous columns, one split, 50 trees of depth 12.
"""

import json
import os
import pickle
import statistics
import subprocess
import sys
import tempfile
import time

import numpy

CHURN = {
    "subscriptions": ["months_active", "monthly_fee", "paperless_billing", "plan_stream_tv", "plan_stream_movies", "net_service"],
    "usage_agg_30d": ["watch_hours_30d", "avg_session_mins_7d", "unique_devices_30d", "skips_7d", "rebuffer_events_7d"],
    "payments_agg_90d": ["failed_payments_90d"],
    "support_agg_90d": ["support_tickets_90d", "ticket_avg_resolution_hrs_90d"],
}
SPLITS = 10


def churn():
    """The matrix and the labels of the export."""
    import pandas

    folder = os.path.join(os.environ["STREAMFLOW_CHURN_EXPORT"], "data", "2024-01-31")
    rows = pandas.read_csv(os.path.join(folder, "labels.csv"))
    for table, features in CHURN.items():
        values = pandas.read_csv(os.path.join(folder, f"{table}.csv"), usecols=["user_id", *features])
        rows = rows.merge(values, on="user_id", validate="one_to_one")
    labels = rows["churn_label"].to_numpy(dtype=float)
    features = pandas.get_dummies(rows[[name for names in CHURN.values() for name in names]]).astype(float)
    return features.fillna(features.median()).to_numpy(), labels


def large(rows):
    """Seven of thirty columns decide, two of them together; the rest is noise."""
    random = numpy.random.default_rng(1)
    x = random.normal(size=(rows, 30))
    score = x[:, 0] + 0.7 * x[:, 1] * x[:, 2] - 0.5 * abs(x[:, 3]) + 0.4 * x[:, 4] + 0.3 * numpy.sin(3 * x[:, 5])
    score += 0.2 * (x[:, 6] > 1)
    return x, (random.random(rows) < 1 / (1 + numpy.exp(-1.5 * score))).astype(float)


def peer(path, columns, train, test, trees, depth, leaf, seed, fits):
    """What benches/forest.rs does, with scikit-learn. Runs in a process of its own."""
    from sklearn.ensemble import RandomForestClassifier

    numbers = numpy.fromfile(path)
    x = numbers[: train * columns].reshape(train, columns)
    y = numbers[train * columns : train * (columns + 1)].astype(bool)
    unseen = numbers[train * (columns + 1) :].reshape(test, columns)
    walls, processors = [], []
    for _ in range(fits):
        model = RandomForestClassifier(
            trees, max_depth=depth or None, min_samples_leaf=leaf, random_state=seed, n_jobs=os.cpu_count()
        )
        wall, processor = time.perf_counter(), time.process_time()
        model.fit(x, y)
        walls.append(time.perf_counter() - wall)
        processors.append(time.process_time() - processor)
    with open("/proc/self/status") as status:
        peak = next(int(line.split()[1]) * 1024 for line in status if line.startswith("VmHWM:"))
    scores = model.predict_proba(unseen)[:, 1]

    def seconds(rows):
        start = time.perf_counter()
        model.predict_proba(rows)
        return time.perf_counter() - start

    singles = [seconds(unseen[row : row + 1]) for row in range(25)]
    batches = [seconds(unseen) for _ in range(9)]
    return {
        "fit_seconds": statistics.median(walls),
        "fit_processor_seconds": statistics.median(processors),
        "peak_bytes": peak,
        "nodes": sum(tree.tree_.node_count for tree in model.estimators_),
        "single_row_seconds": statistics.median(singles),
        "single_row_best_seconds": min(singles),
        "batch_seconds": statistics.median(batches),
        "batch_best_seconds": min(batches),
        "model_bytes": len(pickle.dumps(model)),
        "scores": scores.tolist(),
    }


def compare(program, x, y, chosen, trees, depth, seed, fits):
    """The figures of both on one split; `chosen` says which rows are train rows."""
    from sklearn.metrics import roc_auc_score

    with tempfile.NamedTemporaryFile(suffix=".f64") as file:
        for part in (x[chosen], y[chosen], x[~chosen]):
            part.astype("<f8").tofile(file)
        file.flush()
        shape = [x.shape[1], int(chosen.sum()), int((~chosen).sum())]
        words = [str(word) for word in (file.name, *shape, trees, depth, 1, seed, fits)]
        sides = {}
        for name, command in (("streamflow", [program]), ("scikit-learn", [sys.executable, __file__, "--peer"])):
            done = subprocess.run([*command, *words], check=True, capture_output=True)
            sides[name] = json.loads(done.stdout)
            sides[name]["auc"] = roc_auc_score(y[~chosen], sides[name].pop("scores"))
    return sides


def show(title, rounds, sizes):
    """Means of AUCs and sizes, medians of times, over the splits."""
    print(f"\n{title}")
    keys = [key for key in rounds[0]["streamflow"]]
    for key in keys:
        middle = statistics.mean if key in ("auc", "model_bytes", "nodes") else statistics.median
        values = {
            name: middle(round[name][key] for round in rounds) if key in rounds[0][name] else None
            for name in ("streamflow", "scikit-learn")
        }
        ours, theirs = values["streamflow"], values["scikit-learn"]
        ratio = "" if theirs is None else f"{ours / theirs:.4g}"
        theirs = "" if theirs is None else f"{theirs:.6g}"
        print(f"  {key:<24} {ours:>14.6g} {theirs:>14} {ratio:>10}")
    print(f"  {sizes}")


def main():
    if sys.argv[1] == "--peer":
        print(json.dumps(peer(sys.argv[2], *map(int, sys.argv[3:]))))
        return
    import sklearn

    program = os.path.abspath(sys.argv[1])
    options = dict(zip(sys.argv[2::2], sys.argv[3::2]))
    only = options.get("--only")
    print(f"scikit-learn {sklearn.__version__}, {os.cpu_count()} processors, load {os.getloadavg()[0]:.1f}")
    print(f"  {'':<24} {'streamflow':>14} {'scikit-learn':>14} {'ratio':>10}")
    if only in (None, "churn"):
        x, y = churn()
        rounds = []
        for split in range(SPLITS):
            chosen = numpy.random.default_rng(split).permutation(len(y)) >= len(y) // 4
            rounds.append(compare(program, x, y, chosen, 300, 0, split, 3))
        sizes = f"{chosen.sum()} train rows, {(~chosen).sum()} test rows, {x.shape[1]} columns, {SPLITS} splits"
        show("churn, 300 trees", rounds, sizes)
    if only in (None, "large"):
        rows = int(options.get("--rows", 1_000_000))
        # A third more for the test rows.
        x, y = large(rows * 4 // 3)
        chosen = numpy.random.default_rng(0).permutation(len(y)) < rows
        rounds = [compare(program, x, y, chosen, 50, 12, 1, 1)]
        show(f"large, 50 trees of depth 12", rounds, f"{rows} train rows, {(~chosen).sum()} test rows, {x.shape[1]} columns")


if __name__ == "__main__":
    main()
