"""Makes tests/reference/estimators.json: linear models, naive Bayes, neighbours, support vectors and trees of scikit-learn.

Run with scikit-learn 1.9 from the project root:

    python tests/peers/reference_estimators.py > tests/reference/estimators.json
"""

import itertools
import json
import warnings

import numpy as np
from sklearn.linear_model import ElasticNet, LinearRegression, LogisticRegression, Ridge
from sklearn.naive_bayes import GaussianNB
from sklearn.neighbors import KNeighborsClassifier, KNeighborsRegressor
from sklearn.svm import SVC
from sklearn.tree import DecisionTreeClassifier


def elastic_net_case(name, rows, labels, l1, l2):
    model = LogisticRegression(
        C=1 / (l1 + l2), l1_ratio=l1 / (l1 + l2), solver="saga", tol=1e-14, max_iter=200_000, random_state=0
    )
    model.fit(rows, labels)
    return {
        "name": name,
        "rows": rows.tolist(),
        "labels": np.asarray(labels, dtype=int).tolist(),
        "l1": l1,
        "l2": l2,
        "intercept": float(model.intercept_[0]),
        "coefficients": model.coef_[0].tolist(),
    }


def elastic_net_cases(random):
    rows = random.normal(size=(80, 6)).round(3)
    labels = rows[:, 0] - 0.5 * rows[:, 1] + random.normal(size=80) > 0.3
    yield elastic_net_case("lasso", rows, labels, 2.0, 1e-9)
    yield elastic_net_case("both", rows, labels, 1.0, 1.0)
    scaled = (rows * [1, 0.5, 2, 1, 1, 3]).round(3)
    yield elastic_net_case("other units", scaled, labels, 3.0, 0.25)


def naive_bayes_case(name, rows, labels, smoothing):
    model = GaussianNB(var_smoothing=smoothing).fit(rows, labels)
    return {
        "name": name,
        "rows": rows.tolist(),
        "labels": np.asarray(labels, dtype=int).tolist(),
        "smoothing": smoothing,
        "probabilities": model.predict_proba(rows)[:, 1].tolist(),
    }


def naive_bayes_cases(random):
    rows = random.normal(size=(60, 4)).round(3)
    labels = rows[:, 0] + random.normal(size=60) > 0.3
    yield naive_bayes_case("plain", rows, labels, 1e-9)
    yield naive_bayes_case("smoothed", rows, labels, 0.1)
    dummies = np.hstack([rows[:, :2] * [1000, 0.01], np.eye(3)[random.integers(0, 3, 60)], np.full((60, 1), 2.5)])
    yield naive_bayes_case("one-hot and a constant", dummies, labels, 1e-9)


def neighbours_case(name, train, labels, rows, neighbors, weights):
    model = KNeighborsClassifier(n_neighbors=neighbors, weights=weights, algorithm="brute").fit(train, labels)
    return {
        "name": name,
        "train": train.tolist(),
        "labels": np.asarray(labels, dtype=int).tolist(),
        "rows": rows.tolist(),
        "neighbors": neighbors,
        "weights": weights,
        "probabilities": model.predict_proba(rows)[:, 1].tolist(),
    }


def neighbours_cases(random):
    train = random.normal(size=(70, 3)).round(4)
    labels = train[:, 0] > 0.2
    rows = np.vstack([random.normal(size=(30, 3)).round(4), train[:5]])
    yield neighbours_case("five", train, labels, rows, 5, "uniform")
    yield neighbours_case("by distance", train, labels, rows, 7, "distance")
    yield neighbours_case("one", train, labels, rows, 1, "uniform")
    yield neighbours_case("all", train, labels, rows, 70, "distance")


def tree_case(name, rows, labels, **parameters):
    model = DecisionTreeClassifier(random_state=0, **parameters).fit(rows, labels)
    return {
        "name": name,
        "rows": rows.tolist(),
        "labels": np.asarray(labels, dtype=int).tolist(),
        "max_depth": parameters.get("max_depth", 0),
        "min_samples_leaf": parameters.get("min_samples_leaf", 1),
        "probabilities": model.predict_proba(rows)[:, 1].tolist(),
        "importances": model.feature_importances_.tolist(),
    }


def tree_cases(random):
    rows = random.normal(size=(150, 3)).round(2)
    labels = rows[:, 0] * rows[:, 1] + 0.5 * rows[:, 2] + 0.5 * random.normal(size=150) > 0.3
    yield tree_case("three levels", rows, labels, max_depth=3)
    yield tree_case("large leaves", rows, labels, min_samples_leaf=12)
    yield tree_case("a stump", rows, labels, max_depth=1)


def linear_models():
    yield {"kind": "linear_regression"}, LinearRegression()
    for alpha in [0.5, 20.0]:
        yield {"kind": "ridge", "alpha": alpha}, Ridge(alpha, solver="svd")
    for alpha, ratio in [(0.1, 1.0), (0.2, 0.5)]:
        parameters = {"kind": "lasso", "alpha": alpha, "l1_ratio": ratio, "max_iterations": 1_000_000, "tolerance": 1e-15}
        yield parameters, ElasticNet(alpha, l1_ratio=ratio, tol=1e-15, max_iter=1_000_000)


def linear_case(name, rows, numbers, weights):
    models = []
    for parameters, model in linear_models():
        model.fit(rows, numbers, sample_weight=weights)
        models.append({"parameters": parameters, "intercept": float(model.intercept_), "coefficients": model.coef_.tolist()})
    return {
        "name": name,
        "rows": rows.tolist(),
        "numbers": numbers.tolist(),
        "weights": None if weights is None else weights.tolist(),
        "models": models,
    }


def linear_cases(random):
    rows = random.normal(size=(40, 4)).round(3)
    numbers = (rows @ [2.0, -1.0, 0.0, 0.5] + 3.0 + random.normal(size=40)).round(3)
    weights = random.uniform(0.2, 3.0, size=40).round(3)
    one_hot = np.eye(3)[random.integers(0, 3, 40)]
    dummies = np.hstack([rows[:, :2] + [1000, 0], one_hot, np.full((40, 1), 2.5)]).round(3)
    wide = random.normal(size=(12, 20)).round(3)
    yield linear_case("plain", rows, numbers, None)
    yield linear_case("weighted", rows, numbers, weights)
    yield linear_case("one-hot and a constant", dummies, numbers, None)
    yield linear_case("weighted one-hot and a constant", dummies, numbers, weights)
    yield linear_case("more columns than rows", wide, numbers[:12], None)


def classifiers(classes, balanced):
    word = {"class_weight": "balanced" if balanced else "none"}
    for l1, l2 in [(0.0, 1.0), (2.0, 0.5)]:
        parameters = {"kind": "logistic_regression", "l1": l1, "l2": l2, "tolerance": 1e-10, **word}
        model = LogisticRegression(
            C=1 / (l1 + l2),
            l1_ratio=l1 / (l1 + l2),
            class_weight="balanced" if balanced else None,
            solver="newton-cholesky" if l1 == 0.0 else "saga",
            tol=1e-14,
            max_iter=200_000,
            random_state=0,
        )
        yield parameters, model
    for smoothing in [1e-9, 0.1]:
        priors = [1 / classes] * classes if balanced else None
        yield {"kind": "gaussian_nb", "smoothing": smoothing, **word}, GaussianNB(var_smoothing=smoothing, priors=priors)


def classes_case(rows, labels, weights):
    """Probabilities of the first ten rows."""
    models = []
    classes = int(labels.max()) + 1
    for balanced in [False, True]:
        for parameters, model in classifiers(classes, balanced):
            model.fit(rows, labels, sample_weight=weights)
            models.append({"parameters": parameters, "probabilities": model.predict_proba(rows[:10]).tolist()})
    return {
        "rows": rows.tolist(),
        "labels": labels.tolist(),
        "classes": classes,
        "weights": None if weights is None else weights.tolist(),
        "models": models,
    }


def classes_cases(random):
    rows = random.normal(size=(90, 4)).round(3)
    scores = rows[:, :3] + random.normal(size=(90, 3))
    weights = random.uniform(0.2, 3.0, size=90).round(3)
    for classes in [2, 3]:
        labels = scores[:, :classes].argmax(axis=1)
        labels[:30] = 0
        yield classes_case(rows, labels, None)
        yield classes_case(rows, labels, weights)


def asked_cases(random):
    train = random.normal(size=(70, 3)).round(4)
    rows = np.vstack([random.normal(size=(30, 3)).round(4), train[:5]])
    labels = random.integers(0, 3, 70)
    numbers = (train[:, 0] * 10 + random.normal(size=70)).round(3)
    for neighbors, weights in [(5, "uniform"), (7, "distance"), (70, "distance")]:
        common = {"train": train.tolist(), "rows": rows.tolist(), "neighbors": neighbors, "weights": weights}
        parameters = {"n_neighbors": neighbors, "weights": weights, "algorithm": "brute"}
        shares = KNeighborsClassifier(**parameters).fit(train, labels).predict_proba(rows)
        means = KNeighborsRegressor(**parameters).fit(train, numbers).predict(rows)
        yield {**common, "labels": labels.tolist(), "numbers": numbers.tolist(), "shares": shares.tolist(), "means": means.tolist()}


def machine_cases(random):
    """Decision values of the first twenty rows."""
    rows = random.normal(size=(80, 3)).round(3)
    labels = rows[:, 0] + rows[:, 1] ** 2 + 0.5 * random.normal(size=80) > 1.2
    weights = random.uniform(0.2, 3.0, size=80).round(3)
    for c, gamma, kernel, balanced, weight in [
        (1.0, 0.0, "rbf", False, None),
        (20.0, 0.3, "rbf", False, None),
        (1.0, 0.0, "linear", False, None),
        (0.5, 0.0, "rbf", True, None),
        (2.0, 0.0, "linear", False, weights),
    ]:
        model = SVC(C=c, gamma=gamma or "scale", kernel=kernel, class_weight="balanced" if balanced else None, tol=1e-10)
        model.fit(rows, labels, sample_weight=weight)
        yield {
            "parameters": {
                "kind": "svm",
                "c": c,
                "gamma": gamma,
                "kernel": kernel,
                "class_weight": "balanced" if balanced else "none",
                "tolerance": 1e-10,
            },
            "rows": rows.tolist(),
            "labels": labels.astype(int).tolist(),
            "weights": None if weight is None else weight.tolist(),
            "decisions": model.decision_function(rows[:20]).tolist(),
        }


def pairs(classes):
    return itertools.combinations(range(classes), 2)


def machines_of_pairs(random):
    """Decision values of the first ten rows: positive where the later class of a pair is, unlike libsvm's."""
    rows = random.normal(size=(90, 3)).round(3)
    scores = np.column_stack([rows[:, 0], rows[:, 1] ** 2, rows[:, 2], 0.2 - rows[:, 0] * rows[:, 1]])
    scores += 0.5 * random.normal(size=scores.shape)
    weights = random.uniform(0.2, 3.0, size=90).round(3)
    for classes, c, gamma, kernel, balanced, weight in [
        (3, 1.0, 0.0, "rbf", False, None),
        (4, 20.0, 0.3, "rbf", False, None),
        (3, 1.0, 0.0, "linear", True, None),
        (4, 2.0, 0.0, "rbf", True, weights),
        (2, 1.0, 0.0, "rbf", False, None),
    ]:
        labels = scores[:, :classes].argmax(axis=1)
        # "balanced" of scikit-learn's SVC counts rows, whatever they weigh.
        counted = np.bincount(labels, weights=weight)
        even = {label: counted.sum() / (classes * counted[label]) for label in range(classes)}
        model = SVC(
            C=c, gamma=gamma or "scale", kernel=kernel, class_weight=even if balanced else None, tol=1e-10, decision_function_shape="ovo"
        ).fit(rows, labels, sample_weight=weight)
        decisions = model.decision_function(rows[:10])
        yield {
            "parameters": {
                "kind": "svm",
                "c": c,
                "gamma": gamma,
                "kernel": kernel,
                "class_weight": "balanced" if balanced else "none",
                "tolerance": 1e-10,
            },
            "rows": rows.tolist(),
            "labels": labels.tolist(),
            "classes": classes,
            "weights": None if weight is None else weight.tolist(),
            "decisions": decisions[:, None].tolist() if classes == 2 else (-decisions).tolist(),
        }


def coupled(classes, later, tolerance=1e-16):
    """libsvm's multiclass_probability (svm.cpp), from the share of the later class of each pair.

    Step by step as there, but for the end: libsvm stops at 0.005 / classes.
    """
    r = np.zeros((classes, classes))
    for (i, j), share in zip(pairs(classes), later):
        share = min(max(share, 1e-7), 1 - 1e-7)
        r[j, i], r[i, j] = share, 1 - share
    q = -r.T * r
    for t in range(classes):
        q[t, t] = sum(r[j, t] ** 2 for j in range(classes) if j != t)
    p = np.full(classes, 1 / classes)
    for _ in range(1_000_000):
        qp = q @ p
        pqp = p @ qp
        if np.abs(qp - pqp).max() < tolerance:
            break
        for t in range(classes):
            step = (pqp - qp[t]) / q[t, t]
            p[t] += step
            pqp = (pqp + step * (step * q[t, t] + 2 * qp[t])) / (1 + step) ** 2
            qp = (qp + step * q[t]) / (1 + step)
            p /= 1 + step
    return p


def held_against_libsvm(random):
    """That `coupled` is what libsvm does: its own sigmoids on its own values give its own shares."""
    rows = random.normal(size=(120, 3))
    labels = np.abs(rows[:, :3]).argmax(axis=1)
    model = SVC(probability=True, decision_function_shape="ovo", random_state=0).fit(rows, labels)
    for decisions, shares in zip(model.decision_function(rows), model.predict_proba(rows)):
        first = 1 / (1 + np.exp(model.probA_ * decisions + model.probB_))
        for tolerance, most in [(0.005 / 3, 1e-9), (1e-16, 0.01)]:
            assert np.abs(coupled(3, 1 - first, tolerance) - shares).max() < most


def coupled_cases(random):
    for classes in [2, 3, 4, 7]:
        count = classes * (classes - 1) // 2
        for later in [
            random.uniform(size=count).round(3),
            random.uniform(size=count).round(1),
            random.beta(0.1, 0.1, size=count).round(4),
            random.integers(0, 2, size=count).astype(float),
        ]:
            shares = np.array([1 - later[0], later[0]]) if classes == 2 else coupled(classes, later)
            yield {"classes": classes, "later": later.tolist(), "shares": shares.tolist()}


def main():
    warnings.simplefilter("ignore")
    random = np.random.default_rng(20240229)
    cases = {
        "elastic_net": list(elastic_net_cases(random)),
        "gaussian_nb": list(naive_bayes_cases(random)),
        "knn": list(neighbours_cases(random)),
        "decision_tree": list(tree_cases(random)),
        "linear": list(linear_cases(random)),
        "classes": list(classes_cases(random)),
        "asked": list(asked_cases(random)),
        "svm": list(machine_cases(random)),
        "svm_of_pairs": list(machines_of_pairs(random)),
        "coupled": list(coupled_cases(random)),
    }
    held_against_libsvm(random)
    print(json.dumps(cases))


main()
