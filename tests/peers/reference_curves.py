"""Makes tests/reference/curves.json: what scikit-learn says of curves over probabilities.

    python3 tests/peers/reference_curves.py > tests/reference/curves.json

Made with scikit-learn 1.9.1 and numpy.
"""

import json
import math
import random

from sklearn import metrics
from sklearn.calibration import calibration_curve

random.seed(11)


def finite(thresholds):
    """The first threshold of a ROC curve is infinite: nothing is predicted positive."""
    return [threshold if math.isfinite(threshold) else None for threshold in map(float, thresholds)]


def ranking(name, labels, probabilities):
    false_positive, true_positive, thresholds = metrics.roc_curve(labels, probabilities, drop_intermediate=False)
    precision, recall, falling = metrics.precision_recall_curve(labels, probabilities)
    observed, predicted = calibration_curve(labels, probabilities, n_bins=10, strategy="quantile")
    return {
        "name": name,
        "labels": labels,
        "probabilities": probabilities,
        "auc": metrics.roc_auc_score(labels, probabilities),
        "average_precision": metrics.average_precision_score(labels, probabilities),
        "roc": [list(point) for point in zip(finite(thresholds), false_positive.tolist(), true_positive.tolist())],
        "precision_recall": [
            list(point)
            for point in zip([None, *falling.tolist()[::-1]], recall.tolist()[::-1], precision.tolist()[::-1])
        ],
        "calibration": [list(point) for point in zip(predicted.tolist(), observed.tolist())],
    }


def drawn(rows, positive, digits):
    """Probabilities rounded to some digits: few digits make ties."""
    labels = [int(random.random() < positive) for _ in range(rows)]
    labels[:2] = [0, 1]
    score = lambda label: min(max(random.gauss(0.35 + 0.25 * label, 0.2), 0.0), 1.0)
    return labels, [round(score(label), digits) for label in labels]


print(
    json.dumps(
        {
            "curves": [
                ranking("no two alike", *drawn(101, 0.4, 12)),
                ranking("ties", *drawn(150, 0.3, 1)),
                ranking("some ties", *drawn(173, 0.2, 2)),
                ranking("few rows", *drawn(7, 0.5, 3)),
                ranking("one row of each class", [0, 1], [0.7, 0.2]),
                ranking("all alike", [0, 1, 1, 0], [0.5, 0.5, 0.5, 0.5]),
                ranking("in order", [0, 0, 1, 1], [0.1, 0.2, 0.8, 1.0]),
                ranking("the wrong way round", [1, 1, 0, 0], [0.0, 0.2, 0.8, 0.9]),
            ]
        },
        indent=1,
    )
)
