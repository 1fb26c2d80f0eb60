"""Makes tests/reference/learn.json: encodings, metrics, logistic regressions and
boosted trees of scikit-learn.

Run with scikit-learn 1.9 from the project root:

    python tests/peers/reference_learn.py > tests/reference/learn.json
"""

import json

import numpy as np
from sklearn import metrics
from sklearn.ensemble import HistGradientBoostingClassifier
from sklearn.impute import SimpleImputer
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OneHotEncoder, StandardScaler


def metric_case(name, labels, probabilities, threshold):
    labels = np.asarray(labels, dtype=int)
    probabilities = np.asarray(probabilities, dtype=float)
    predicted = (probabilities >= threshold).astype(int)
    tn, fp, fn, tp = metrics.confusion_matrix(labels, predicted, labels=[0, 1]).ravel()
    return {
        "name": name,
        "labels": labels.tolist(),
        "probabilities": probabilities.tolist(),
        "threshold": threshold,
        "confusion": {"tn": int(tn), "fp": int(fp), "fn": int(fn), "tp": int(tp)},
        "metrics": {
            "auc": metrics.roc_auc_score(labels, probabilities),
            "average_precision": metrics.average_precision_score(labels, probabilities),
            "f1": metrics.f1_score(labels, predicted, zero_division=0),
            "accuracy": metrics.accuracy_score(labels, predicted),
            "precision": metrics.precision_score(labels, predicted, zero_division=0),
            "recall": metrics.recall_score(labels, predicted, zero_division=0),
            "log_loss": metrics.log_loss(labels, probabilities),
            "brier": metrics.brier_score_loss(labels, probabilities),
        },
    }


def metric_cases(random):
    probabilities = random.random(200).round(6)
    labels = random.random(200) < probabilities
    yield metric_case("smooth", labels, probabilities, 0.5)
    yield metric_case("other threshold", labels, probabilities, 0.23)
    yield metric_case("many ties", labels, (probabilities * 8).round() / 8, 0.5)
    yield metric_case("one probability", labels, np.full(200, 0.265), 0.5)
    yield metric_case("certain and wrong", [1, 0, 1, 0, 1], [0, 1, 1, 0, 0.5], 0.5)
    yield metric_case("nothing predicted", [1, 0, 1, 0], [0.1, 0.2, 0.3, 0.4], 0.9)
    yield metric_case("perfect", [0, 0, 1, 1], [0.1, 0.2, 0.8, 0.9], 0.5)
    yield metric_case("reversed", [1, 1, 0, 0], [0.1, 0.2, 0.8, 0.9], 0.5)


def logistic_case(name, rows, labels, l2):
    # Newton's method run to the end; the penalty alone decides the optimum.
    model = LogisticRegression(C=1 / l2, solver="newton-cholesky", tol=1e-14, max_iter=10000)
    model.fit(rows, labels)
    return {
        "name": name,
        "rows": rows.tolist(),
        "labels": np.asarray(labels, dtype=int).tolist(),
        "l2": l2,
        "intercept": float(model.intercept_[0]),
        "coefficients": model.coef_[0].tolist(),
        "probabilities": model.predict_proba(rows)[:, 1].tolist(),
    }


def logistic_cases(random):
    rows = random.normal(size=(80, 4)).round(3)
    labels = rows[:, 0] - 0.5 * rows[:, 1] + random.normal(size=80) > 0.3
    yield logistic_case("plain", rows, labels, 1.0)
    yield logistic_case("weak penalty", rows, labels, 0.01)
    yield logistic_case("strong penalty", rows, labels, 100.0)
    units = (rows * [100, 0.1, 10, 1] + [500, 0, -30, 7]).round(3)
    yield logistic_case("other units", units, labels, 1.0)
    dummies = np.eye(3)[random.integers(0, 3, 80)]
    both = np.hstack([rows[:, :1], dummies, np.full((80, 1), 2.5)])
    yield logistic_case("redundant one-hot and a constant", both, labels, 0.5)
    wide = random.normal(size=(12, 20)).round(3)
    yield logistic_case("more columns than rows", wide, np.arange(12) % 3 == 0, 1.0)


def boosting_case(name, rows, labels, **parameters):
    model = HistGradientBoostingClassifier(early_stopping=False, **parameters)
    model.fit(rows, labels)
    return {
        "name": name,
        "rows": rows.tolist(),
        "labels": np.asarray(labels, dtype=int).tolist(),
        "trees": parameters.get("max_iter", 100),
        "max_leaves": parameters.get("max_leaf_nodes", 31),
        "max_depth": parameters.get("max_depth", 0),
        "min_samples_leaf": parameters.get("min_samples_leaf", 20),
        "learning_rate": parameters.get("learning_rate", 0.1),
        "l2": parameters.get("l2_regularization", 0.0),
        "probabilities": model.predict_proba(rows)[:, 1].tolist(),
    }


def boosting_cases(random):
    # At most 255 rows, so that every number has a bin of its own.
    rows = random.normal(size=(250, 4)).round(3)
    labels = rows[:, 0] * rows[:, 1] - 0.5 * rows[:, 2] + random.normal(size=250) > 0.3
    yield boosting_case("defaults", rows, labels, max_iter=20)
    yield boosting_case("few leaves", rows, labels, max_iter=30, max_leaf_nodes=4, min_samples_leaf=5)
    yield boosting_case(
        "shallow and penalized",
        rows,
        labels,
        max_iter=25,
        max_depth=2,
        min_samples_leaf=1,
        learning_rate=0.3,
        l2_regularization=2.0,
    )


def encode_case(random, strategy, train):
    numbers = (random.normal(size=(60, 3)) * [1, 1000, 0.01] + [0, 5000, 1]).round(5)
    numbers[random.random((60, 3)) < 0.15] = np.nan
    words = random.choice(["gold", "Silver", "basic", "\u00e9t\u00e9"], size=(60, 2))
    words[train:][random.random((60 - train, 2)) < 0.2] = "only in test rows"
    scale = make_pipeline(SimpleImputer(strategy=strategy), StandardScaler())
    one_hot = OneHotEncoder(handle_unknown="ignore", sparse_output=False)
    scale.fit(numbers[:train])
    one_hot.fit(words[:train])
    return {
        "strategy": strategy,
        "train": train,
        "numbers": [[None if np.isnan(x) else x for x in row] for row in numbers.tolist()],
        "words": words.tolist(),
        "matrix": np.hstack([scale.transform(numbers), one_hot.transform(words)]).tolist(),
    }


def main():
    random = np.random.default_rng(20240131)
    cases = {
        "encode": [encode_case(random, "median", 45), encode_case(random, "mean", 44)],
        "metrics": list(metric_cases(random)),
        "logistic_regression": list(logistic_cases(random)),
        "gradient_boosting": list(boosting_cases(random)),
    }
    print(json.dumps(cases))


main()
