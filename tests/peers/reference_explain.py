"""Makes tests/reference/explain.json: TreeSHAP of the package shap on scikit-learn's trees.

Run with scikit-learn 1.9 and shap 0.51 from the project root:

    python tests/peers/reference_explain.py > tests/reference/explain.json

Both compare rows and thresholds as numbers of 32 bits, so rows are whole numbers and thresholds
half ones, which 32 bits hold.
"""

import json

import numpy as np
import shap
from sklearn.ensemble import GradientBoostingRegressor, RandomForestClassifier
from sklearn.tree import DecisionTreeClassifier, DecisionTreeRegressor


def tree_nodes(tree, values, at=0):
    """In preorder: [column, threshold, cover] of a split, [values, cover] of a leaf."""
    cover = float(tree.weighted_n_node_samples[at])
    if tree.children_left[at] < 0:
        return [[values(tree, at), cover]]
    node = [int(tree.feature[at]), float(tree.threshold[at]), cover]
    below = tree_nodes(tree, values, tree.children_left[at])
    return [node, *below, *tree_nodes(tree, values, tree.children_right[at])]


def shares(tree, at):
    counts = tree.value[at][0]
    return [float(share) for share in counts / counts.sum()]


def case(name, trees, values, explainer, rows, scale=1.0, offset=0.0):
    """Each contribution stands under [row][column][output]."""
    found = np.asarray(explainer.shap_values(rows, check_additivity=True))
    base = np.atleast_1d(explainer.expected_value)
    return {
        "name": name,
        "scale": scale,
        "offset": offset,
        "trees": [tree_nodes(tree.tree_, values) for tree in trees],
        "rows": rows.tolist(),
        "base": base.tolist(),
        "contributions": found.reshape(*rows.shape, len(base)).tolist(),
    }


def cases():
    random = np.random.default_rng(20240131)
    rows = random.integers(0, 40, size=(200, 7)).astype(float)
    noise = random.normal(size=200)
    score = rows[:, 0] - rows[:, 1] * (rows[:, 2] > 20) + 0.5 * rows[:, 3] + 6 * noise
    label = score > np.median(score)
    classes = np.digitize(score, np.quantile(score, [0.3, 0.7]))
    asked = np.vstack([rows[:8], random.integers(-5, 50, size=(8, 7))]).astype(float)

    def explain(model):
        return shap.TreeExplainer(model, feature_perturbation="tree_path_dependent")

    def numbers(tree, at):
        return [float(tree.value[at][0][0])]

    tree = DecisionTreeClassifier(random_state=0).fit(rows, label)
    yield case("a tree grown out", [tree], shares, explain(tree), asked)
    tree = DecisionTreeClassifier(max_depth=1, random_state=0).fit(rows, label)
    yield case("one split", [tree], shares, explain(tree), asked)
    weights = random.integers(1, 9, size=200)
    tree = DecisionTreeClassifier(random_state=0).fit(rows, classes, sample_weight=weights)
    yield case("three classes, weighted rows", [tree], shares, explain(tree), asked)
    forest = RandomForestClassifier(12, random_state=1).fit(rows, label)
    yield case("a forest", forest.estimators_, shares, explain(forest), asked, 1 / 12)
    tree = DecisionTreeRegressor(random_state=0).fit(rows, score)
    yield case("numbers", [tree], numbers, explain(tree), asked)
    boosted = GradientBoostingRegressor(
        n_estimators=10, max_depth=4, subsample=0.5, random_state=2
    ).fit(rows, score)
    stages = boosted.estimators_[:, 0]
    start = float(boosted.init_.constant_.item())
    yield case("boosted numbers", stages, numbers, explain(boosted), asked, boosted.learning_rate, start)
    wide = (random.random(size=(300, 60)) < 0.5).astype(float)
    many = (wide[:, :30].sum(axis=1) + random.normal(size=300)) > 15
    tree = DecisionTreeClassifier(splitter="random", max_features=1, random_state=5).fit(wide, many)
    asked = wide[:6]
    yield case("long ways", [tree], shares, explain(tree), asked)


print(json.dumps(list(cases()), separators=(",", ":")))
