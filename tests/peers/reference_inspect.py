"""Makes tests/reference/inspect.json: partial dependence of scikit-learn's models that are ours by construction.

Run with scikit-learn 1.9 from the project root:

    python tests/peers/reference_inspect.py > tests/reference/inspect.json

The values that numbers are set to are numpy's: every value where they are few, else equal distances between two
percentiles. A text is one-hot encoded; scikit-learn is told its categories.
"""

import json

import numpy as np
from sklearn.compose import ColumnTransformer
from sklearn.inspection import partial_dependence
from sklearn.linear_model import LinearRegression, LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OneHotEncoder
from sklearn.tree import DecisionTreeClassifier, DecisionTreeRegressor

ROWS = 200
PLANS = ["basic", "gold", "plus"]
POINTS = 9


def made(random):
    """Two numbers, one of few values, and a text as its place among the plans."""
    hours = (30 * random.random(ROWS)).round(2)
    devices = random.integers(0, 5, size=ROWS).astype(float)
    plans = random.integers(0, 3, size=ROWS)
    noise = random.normal(size=ROWS)
    spend = (10 + hours * (1 + plans) - 4 * devices + 3 * noise).round(3)
    return np.column_stack([devices, hours, plans]), spend


def grid(values):
    distinct = np.unique(values)
    if len(distinct) <= POINTS:
        return distinct
    low, high = np.percentile(values, [5, 95])
    return np.linspace(low, high, POINTS)


def encoded(estimator):
    text = OneHotEncoder(categories=[[0.0, 1.0, 2.0]])
    return make_pipeline(ColumnTransformer([("text", text, [2])], remainder="passthrough"), estimator)


def case(kind, task, parameters, estimator, rows, target):
    model = encoded(estimator).fit(rows, target)
    curves = []
    for feature in range(3):
        values = grid(rows[:, feature])
        # `average` has a row for each output, of two classes for the positive one.
        found = partial_dependence(
            model, rows, [feature], custom_values={feature: values}, method="brute", kind="average"
        )
        curves.append({"values": values.tolist(), "means": found["average"].T.tolist()})
    return {"kind": kind, "task": task, "parameters": parameters, "target": target.tolist(), "curves": curves}


def cases(rows, spend):
    leaves = {"max_depth": 4, "min_samples_leaf": 9}
    truth = (spend > 25).astype(int)
    classes = np.digitize(spend, [15, 40])
    yield case("linear_regression", "regression", {}, LinearRegression(), rows, spend)
    yield case("decision_tree", "regression", leaves, DecisionTreeRegressor(random_state=0, **leaves), rows, spend)
    yield case("decision_tree", "binary", leaves, DecisionTreeClassifier(random_state=0, **leaves), rows, truth)
    yield case("decision_tree", "multiclass", leaves, DecisionTreeClassifier(random_state=0, **leaves), rows, classes)
    logistic = LogisticRegression(C=0.5, tol=1e-12, max_iter=100_000, solver="newton-cholesky")
    yield case("logistic_regression", "binary", {"l2": 2.0}, logistic, rows, truth)


def main():
    rows, spend = made(np.random.default_rng(7))
    found = {
        "points": POINTS,
        "devices": rows[:, 0].tolist(),
        "hours": rows[:, 1].tolist(),
        "plans": [PLANS[int(place)] for place in rows[:, 2]],
        "cases": list(cases(rows, spend)),
    }
    print(json.dumps(found))


main()
