"""Makes tests/reference/calibration.json: what scikit-learn makes of held-out scores.

    python3 tests/peers/reference_calibration.py > tests/reference/calibration.json

Made with scikit-learn 1.9.1 and numpy. scikit-learn's sigmoid is as exact as its search for it, so each
sigmoid is also brought to the minimum itself, by Newton's method on the same loss.
"""

import json
import random

import numpy
from sklearn.calibration import _sigmoid_calibration
from sklearn.isotonic import IsotonicRegression

random.seed(23)


def drawn(rows, steepness, ties):
    """Scores of rows, and whether each is positive."""
    scores = [random.betavariate(2, 3) for _ in range(rows)]
    if ties:
        scores = [round(score, 1) for score in scores]
    chance = [1 / (1 + numpy.exp(-steepness * (score - 0.45))) for score in scores]
    return scores, [int(random.random() < c) for c in chance]


def newton(scores, labels, weights, slope, offset):
    """Where the loss that scikit-learn's `_sigmoid_calibration` states has no slope any more."""
    scores, labels, weights = (numpy.asarray(each, dtype=float) for each in (scores, labels, weights))
    negative, positive = weights[labels == 0].sum(), weights[labels == 1].sum()
    targets = numpy.where(labels == 1, (positive + 1) / (positive + 2), 1 / (negative + 2))
    at = numpy.array([slope, offset])
    for _ in range(50):
        p = 1 / (1 + numpy.exp(at[0] * scores + at[1]))
        lost = weights * (targets - p)
        gradient = numpy.array([(lost * scores).sum(), lost.sum()])
        bend = weights * p * (1 - p)
        hessian = numpy.array(
            [[(bend * scores * scores).sum(), (bend * scores).sum()], [(bend * scores).sum(), bend.sum()]]
        )
        at = at - numpy.linalg.solve(hessian, gradient)
    return at.tolist()


def case(name, rows, steepness, ties=False, weighted=False):
    scores, labels = drawn(rows, steepness, ties)
    weights = [random.choice([0.5, 1.0, 2.5]) for _ in range(rows)] if weighted else None
    counted = weights or [1.0] * rows
    slope, offset = _sigmoid_calibration(
        numpy.array(scores), numpy.array(labels), sample_weight=numpy.array(counted)
    )
    isotonic = IsotonicRegression(y_min=0, y_max=1, out_of_bounds="clip").fit(scores, labels, counted)
    probe = sorted([0.0, 1.0] + [random.random() for _ in range(20)] + scores[:10])
    return {
        "name": name,
        "scores": scores,
        "labels": labels,
        "weights": weights,
        "slope": float(slope),
        "offset": float(offset),
        "minimum": newton(scores, labels, counted, float(slope), float(offset)),
        "probe": probe,
        "isotonic": isotonic.predict(probe).tolist(),
    }


def main():
    cases = [
        case("steep", 80, 9),
        case("flat", 60, 0.5),
        case("falling", 60, -6),
        case("ties", 90, 5, ties=True),
        case("weights", 70, 7, weighted=True),
        case("ties and weights", 70, 7, ties=True, weighted=True),
    ]
    print(json.dumps({"cases": cases}, indent=1))


if __name__ == "__main__":
    main()
