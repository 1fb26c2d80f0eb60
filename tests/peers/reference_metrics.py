"""Makes tests/reference/metrics.json: what scikit-learn says of several classes and of numbers.

    python3 tests/peers/reference_metrics.py > tests/reference/metrics.json

Made with scikit-learn 1.9.1 and numpy.
"""

import json
import random
import warnings

from sklearn import metrics

random.seed(7)
warnings.simplefilter("ignore")


def shares(weights):
    return [weight / sum(weights) for weight in weights]


def one_vs_rest(labels, probabilities):
    """The mean over the classes that some rows have and some have not."""
    areas = []
    for number in range(len(probabilities[0])):
        truth = [label == number for label in labels]
        if any(truth) and not all(truth):
            areas.append(metrics.roc_auc_score(truth, [row[number] for row in probabilities]))
    return sum(areas) / len(areas)


def multiclass(name, labels, probabilities):
    classes = list(range(len(probabilities[0])))
    predicted = [row.index(max(row)) for row in probabilities]
    found = {
        "accuracy": metrics.accuracy_score(labels, predicted),
        "auc_ovr": one_vs_rest(labels, probabilities),
        "log_loss": metrics.log_loss(labels, probabilities, labels=classes),
    }
    if sorted(set(labels)) == classes and len(classes) > 2:
        whole = metrics.roc_auc_score(labels, probabilities, multi_class="ovr", average="macro")
        assert abs(found["auc_ovr"] - whole) < 1e-12
    for metric, function in [
        ("f1_macro", metrics.f1_score),
        ("precision_macro", metrics.precision_score),
        ("recall_macro", metrics.recall_score),
    ]:
        found[metric] = function(labels, predicted, average="macro", zero_division=0.0)
    return {
        "name": name,
        "labels": labels,
        "probabilities": probabilities,
        "metrics": dict(sorted(found.items())),
        "confusion": metrics.confusion_matrix(labels, predicted, labels=classes).tolist(),
    }


def drawn(rows, classes, present=None):
    labels = [random.choice(present or range(classes)) for _ in range(rows)]
    probabilities = []
    for label in labels:
        weights = [random.random() + (0.7 if number == label else 0.0) for number in range(classes)]
        probabilities.append(shares(weights))
    return labels, probabilities


def regression(name, truth, predictions):
    found = {
        "mae": metrics.mean_absolute_error(truth, predictions),
        "median_absolute_error": metrics.median_absolute_error(truth, predictions),
        "r2": metrics.r2_score(truth, predictions),
        "rmse": metrics.root_mean_squared_error(truth, predictions),
    }
    return {"name": name, "truth": truth, "predictions": predictions, "metrics": found}


def numbers(rows, scale, noise):
    truth = [random.gauss(0.0, scale) for _ in range(rows)]
    return truth, [value + random.gauss(0.0, noise) for value in truth]


def rounded(pair):
    labels, probabilities = pair
    return labels, [shares([round(10 * share) + 1 for share in row]) for row in probabilities]


print(
    json.dumps(
        {
            "multiclass": [
                multiclass("three classes", *drawn(60, 3)),
                multiclass("five classes with ties", *rounded(drawn(80, 5))),
                multiclass("a class that no row has", *drawn(40, 4, [0, 1, 3])),
                multiclass("two classes", *drawn(30, 2)),
                multiclass("certain and wrong", [0, 1, 2, 2], [[1.0, 0.0, 0.0]] * 3 + [[0.0, 0.0, 1.0]]),
            ],
            "regression": [
                regression("an even number of rows", *numbers(50, 3.0, 1.0)),
                regression("an odd number of rows", *numbers(31, 1e4, 2e4)),
                regression("worse than the mean", [1.0, 2.0, 3.0], [3.0, 2.0, 1.0]),
                regression("exact", [1.0, 2.5, -4.0], [1.0, 2.5, -4.0]),
            ],
        },
        indent=1,
    )
)
