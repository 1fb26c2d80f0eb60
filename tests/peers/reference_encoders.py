"""Makes tests/reference/encoders.json: what scikit-learn makes of numbers and categories.

    python3 tests/peers/reference_encoders.py > tests/reference/encoders.json

Made with scikit-learn 1.9.1 and numpy.
"""

import json
import math
import random
import warnings

import numpy
from sklearn import preprocessing

random.seed(11)
# Equal values leave fewer intervals, and say so.
warnings.simplefilter("ignore")


def listed(values):
    return numpy.asarray(values, dtype=float).tolist()


def numbers(name, rows, draw, clip=(0.05, 0.9), bins=5):
    values = [draw() for _ in range(rows)]
    low, high = numpy.quantile(values, clip)
    clipped = numpy.clip(values, low, high)
    logs = [math.copysign(math.log1p(abs(value)), value) for value in clipped]
    scaler = preprocessing.StandardScaler()
    divider = preprocessing.KBinsDiscretizer(
        n_bins=bins, encode="onehot-dense", strategy="quantile", quantile_method="linear"
    )
    column = numpy.array(values).reshape(-1, 1)
    return {
        "name": name,
        "values": values,
        "clip": list(clip),
        "bins": bins,
        "clipped_log_standardized": listed(scaler.fit_transform(numpy.array(logs).reshape(-1, 1))[:, 0]),
        "intervals": listed(divider.fit_transform(column)),
    }


def categories(name, rows, weights, share):
    texts = random.choices(list(weights), list(weights.values()), k=rows)
    column = numpy.array(texts, dtype=object).reshape(-1, 1)
    probe = numpy.array([*weights, "never seen"], dtype=object).reshape(-1, 1)
    one_hot = preprocessing.OneHotEncoder(
        min_frequency=share, handle_unknown="infrequent_if_exist", sparse_output=False
    ).fit(column)
    ordinal = preprocessing.OrdinalEncoder(handle_unknown="use_encoded_value", unknown_value=-1).fit(column)
    turned = sorted(weights, reverse=True)
    declared = preprocessing.OrdinalEncoder(
        categories=[turned], handle_unknown="use_encoded_value", unknown_value=-1
    ).fit(column)
    return {
        "name": name,
        "texts": texts,
        "probe": probe[:, 0].tolist(),
        "share": share,
        "order": turned,
        "folded": listed(one_hot.transform(probe)),
        "ordinal": listed(ordinal.transform(probe)[:, 0]),
        "in_order": listed(declared.transform(probe)[:, 0]),
    }


def targets(name, rows, weights, label, kind):
    """The values of all rows, and for each fold those of the others."""
    texts = random.choices(list(weights), list(weights.values()), k=rows)
    labels = [label(text) for text in texts]
    folds = [random.randrange(5) for _ in range(rows)]
    column = numpy.array(texts, dtype=object).reshape(-1, 1)
    target = numpy.array(labels)
    fresh = lambda: preprocessing.TargetEncoder(smooth="auto", target_type=kind)
    probe = numpy.array([*weights, "never seen"], dtype=object).reshape(-1, 1)
    out_of_fold = [None] * rows
    for fold in range(5):
        inside = numpy.array(folds) == fold
        if not inside.any():
            continue
        encoder = fresh().fit(column[~inside], target[~inside])
        for row, values in zip(numpy.flatnonzero(inside), encoder.transform(column[inside])):
            out_of_fold[row] = listed(values)
    return {
        "name": name,
        "kind": kind,
        "texts": texts,
        "labels": labels,
        "folds": folds,
        "probe": probe[:, 0].tolist(),
        "values": listed(fresh().fit(column, target).transform(probe)),
        "out_of_fold": out_of_fold,
    }


def main():
    plans = {"basic": 50, "plus": 30, "full": 15, "trial": 4, "gift": 1}
    rates = {"basic": 0.2, "plus": 0.4, "full": 0.7, "trial": 0.5, "gift": 1.0}
    document = {
        "numbers": [
            numbers("normal", 60, lambda: random.gauss(0, 30)),
            numbers("skewed", 45, lambda: random.lognormvariate(3, 2)),
            numbers("ties", 50, lambda: float(random.randrange(4)), clip=(0.0, 0.8), bins=7),
        ],
        "categories": [
            categories("plans", 80, plans, 0.1),
            categories("none is rare", 40, {"a": 1, "b": 1}, 0.01),
        ],
        "targets": [
            targets("two classes", 90, plans, lambda text: int(random.random() < rates[text]), "binary"),
            targets("several classes", 90, plans, lambda text: random.choice([0, 1, 2]), "multiclass"),
            targets("numbers", 90, plans, lambda text: random.gauss(100 * rates[text], 20), "continuous"),
            targets("one label", 12, {"a": 1, "b": 1}, lambda text: 7.5, "continuous"),
        ],
    }
    print(json.dumps(document, indent=1))


if __name__ == "__main__":
    main()
