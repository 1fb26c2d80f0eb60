"""Makes tests/reference/trees.json: single and boosted trees of scikit-learn for numbers, several classes and weights.

Run with scikit-learn 1.9 from the project root:

    python tests/peers/reference_trees.py > tests/reference/trees.json
"""

import json

import numpy as np
from sklearn.ensemble import HistGradientBoostingClassifier, HistGradientBoostingRegressor
from sklearn.tree import DecisionTreeClassifier, DecisionTreeRegressor

ROWS = 250


def targets(random):
    """At most 255 rows, so that every number has a bin of its own, and what is to be learnt of them."""
    rows = random.normal(size=(ROWS, 4)).round(2)
    signal = rows[:, 0] * rows[:, 1] + 2 * np.abs(rows[:, 2]) + 0.3 * random.normal(size=ROWS)
    return {
        "rows": rows,
        "weights": random.uniform(0.1, 4, size=ROWS).round(3),
        "regression": (1000 + 25 * signal).round(3),
        "multiclass": np.digitize(signal, [0.2, 1.5, 3.0]),
        "binary": (signal > 1.2).astype(int),
    }


def scores(model, rows):
    if not hasattr(model, "predict_proba"):
        return model.predict(rows)
    shares = model.predict_proba(rows)
    return shares[:, 1] if shares.shape[1] == 2 else shares.ravel()


def cases(made, classifier, regressor, settings):
    """One for each task and setting, with weights and without. `settings`: ours beside scikit-learn's."""
    for task in ["regression", "multiclass", "binary"]:
        for ours, theirs in settings:
            for weighted in [False, True]:
                estimator = regressor if task == "regression" else classifier
                weights = made["weights"] if weighted else None

                def fitted(rows):
                    return estimator(random_state=0, **theirs).fit(rows, made[task], sample_weight=weights)

                model = fitted(made["rows"])
                found = scores(model, made["rows"])
                # Of equally good splits the order decides, which is scikit-learn's own.
                turned = -made["rows"][:, ::-1]
                if not np.allclose(scores(fitted(turned), turned), found, rtol=1e-6):
                    raise ValueError(f"{task}, weighted {weighted}, {ours}: two splits are equally good")
                yield {
                    "task": task,
                    "weighted": weighted,
                    "parameters": ours,
                    "scores": found.round(12).tolist(),
                    "importances": getattr(model, "feature_importances_", np.zeros(0)).tolist(),
                }


def tree_cases(made):
    settings = [{"max_depth": 3, "min_samples_leaf": 10}, {"min_samples_leaf": 17}]
    yield from cases(made, DecisionTreeClassifier, DecisionTreeRegressor, [(one, one) for one in settings])


def boosted_setting(trees, max_leaves, min_samples_leaf, learning_rate, l2):
    ours = {
        "trees": trees,
        "max_leaves": max_leaves,
        "min_samples_leaf": min_samples_leaf,
        "learning_rate": learning_rate,
        "l2": l2,
    }
    theirs = {
        "max_iter": trees,
        "max_leaf_nodes": max_leaves,
        "min_samples_leaf": min_samples_leaf,
        "learning_rate": learning_rate,
        "l2_regularization": l2,
        "early_stopping": False,
    }
    return ours, theirs


def boosted_cases(made):
    settings = [boosted_setting(20, 6, 20, 0.2, 0.0), boosted_setting(12, 5, 25, 0.5, 1.5)]
    yield from cases(made, HistGradientBoostingClassifier, HistGradientBoostingRegressor, settings)


def main():
    made = targets(np.random.default_rng(20))
    found = {name: column.tolist() for name, column in made.items()}
    found["decision_tree"] = list(tree_cases(made))
    found["gradient_boosting"] = list(boosted_cases(made))
    print(json.dumps(found))


main()
