"""The checks of tests/peers/run. Each prints one line; the last line counts them."""

import importlib.util
import json
import math
import os
import pathlib
import subprocess
import sys
import tempfile
import tomllib
import traceback

ROOT = pathlib.Path(__file__).resolve().parents[2]
STREAMFLOW = os.environ["STREAMFLOW"]
TOLERANCE = 1e-9


def module(path):
    spec = importlib.util.spec_from_file_location(path.stem, path)
    loaded = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(loaded)
    return loaded


hashing = module(ROOT / "docs" / "hashing.py")
intake = module(ROOT / "tests" / "peers" / "intake.py")
live = module(ROOT / "tests" / "peers" / "live.py")
onnx_models = module(ROOT / "tests" / "peers" / "onnx_models.py")


def streamflow(project, *arguments):
    command = [STREAMFLOW, "-C", str(project), *arguments]
    done = subprocess.run(command, capture_output=True, text=True)
    assert done.returncode == 0, f"{arguments}: exit {done.returncode}\n{done.stdout}{done.stderr}"
    return done.stdout


def sample(folder):
    """The example project with its runs, committed, in a folder of its own."""
    project = pathlib.Path(folder) / "project"
    subprocess.run([STREAMFLOW, "init", str(project)], check=True, capture_output=True)
    streamflow(project, "run")
    git = ["git", "-C", str(project), "-c", "user.name=tester", "-c", "user.email=tester@example.org"]
    for arguments in (["init", "--quiet"], ["add", "--all"], ["commit", "--quiet", "-m", "Sample"]):
        subprocess.run([*git, *arguments], check=True, capture_output=True)
    return project


def same_numbers(ours, theirs, path="$"):
    """Fails at the first number that is further apart than the tolerance."""
    if isinstance(ours, dict):
        assert ours.keys() == theirs.keys(), path
        for key in ours:
            same_numbers(ours[key], theirs[key], f"{path}.{key}")
    elif isinstance(ours, list):
        assert len(ours) == len(theirs), path
        for at, pair in enumerate(zip(ours, theirs)):
            same_numbers(*pair, f"{path}[{at}]")
    elif isinstance(ours, float) and isinstance(theirs, (int, float)):
        close = math.isclose(ours, theirs, rel_tol=TOLERANCE, abs_tol=TOLERANCE)
        assert close, f"{path}: {ours} and {theirs}"
    else:
        assert ours == theirs, f"{path}: {ours} and {theirs}"


def objects_have_the_names_of_their_content(project):
    import blake3

    tables = others = 0
    changes = set()
    for path in sorted((project / ".streamflow" / "objects").glob("*/*")):
        content = path.read_bytes()
        if content[:4] == b"PAR1":
            name, tables = hashing.table_hash(path), tables + 1
        elif content.startswith(b"streamflow delta "):
            changes.add(path.parent.name + path.name)
            continue
        else:
            name, others = blake3.blake3(content).hexdigest(), others + 1
        assert name == path.parent.name + path.name, f"{path}: its content has the name {name}"
    assert tables >= 6 and others >= 6, f"{tables} tables, {others} others"
    tables_kept_as_changes_come_out_whole(project, changes)
    return f"{tables} tables, {len(changes)} kept as changes, {others} other objects"


def tables_kept_as_changes_come_out_whole(project, changes):
    """Each is written as Parquet and hashed again from its values."""
    found = set()
    for snapshot in json.loads(streamflow(project, "snapshots", "--format", "json"))["snapshots"]:
        for table in snapshot["tables"]:
            if table["hash"] in changes:
                out = project / "whole.parquet"
                streamflow(project, "snapshots", "show", snapshot["as_of"], "--table", table["table"], "-o", str(out))
                assert hashing.table_hash(out) == table["hash"], f"{snapshot['as_of']} {table['table']}"
                out.unlink()
                found.add(table["hash"])
    assert found == changes, f"{changes - found} are of no snapshot"


def tables_outside_the_store_have_their_hashes(project):
    """An artefact as it is handed out, and the smallest tables there are."""
    import pyarrow as pa
    import pyarrow.parquet

    shown = json.loads(streamflow(project, "show", "churn_random_forest@latest", "--format", "json"))
    for name in ("training_set", "split", "predictions"):
        path = project.parent / f"{name}.parquet"
        streamflow(project, "get", shown["run"], name, "-o", str(path))
        assert hashing.table_hash(path) == shown["outputs"][name], name
    empty = project.parent / "empty.parquet"
    pyarrow.parquet.write_table(pa.table(hashing.VECTORS).slice(0, 0), empty)
    columns = [(name, *hashing.column(array[:0])) for name, array in hashing.VECTORS.items()]
    assert hashing.table_hash(empty) == hashing.table(columns)
    documented = (ROOT / "docs" / "hashing.md").read_text()
    columns = [(name, *hashing.column(array)) for name, array in hashing.VECTORS.items()]
    for digest in [*(digest.hex() for _, _, digest in columns), hashing.table(columns), hashing.table([])]:
        assert digest in documented, f"{digest} is not in docs/hashing.md"
    return "3 outputs, the vectors of docs/hashing.md"


def locks_have_the_hashes_of_their_runs(project):
    paths = sorted([*(ROOT / "lockfiles").glob("*.lock"), *(project / "lockfiles").glob("*.lock")])
    assert len(paths) >= 6, paths
    for path in paths:
        lock = tomllib.loads(path.read_text())
        assert hashing.run(lock) == lock["run"], path
    return f"{len(paths)} locks"


def scikit_learn_and_shap_give_the_reference(project):
    told = []
    for name in ["learn", "calibration", "curves", "encoders", "estimators", "explain", "inspect", "metrics", "trees"]:
        script = ROOT / "tests" / "peers" / f"reference_{name}.py"
        made = subprocess.run([sys.executable, str(script)], check=True, capture_output=True, text=True)
        reference = json.loads((ROOT / "tests" / "reference" / f"{name}.json").read_text())
        same_numbers(reference, json.loads(made.stdout))
        parts = reference.values() if isinstance(reference, dict) else [reference]
        told += [f"{len(cases)} of {name}" for cases in parts if isinstance(cases, list)]
    return ", ".join(told)


def folds_are_scored_as_by_scikit_learn(_project):
    """Naive Bayes on the other folds, fold by fold, and the mean of what each fold comes to."""
    import numpy
    import pyarrow.parquet
    from sklearn.metrics import average_precision_score, brier_score_loss, f1_score, log_loss, roc_auc_score
    from sklearn.model_selection import PredefinedSplit, cross_val_predict
    from sklearn.naive_bayes import GaussianNB

    features = ["subscriptions.months_active", "subscriptions.monthly_fee"]
    scores = {
        "auc": roc_auc_score,
        "average_precision": average_precision_score,
        "brier": brier_score_loss,
        "f1": lambda labels, found: f1_score(labels, found >= 0.5),
        "log_loss": log_loss,
    }
    told = []
    with tempfile.TemporaryDirectory() as folder:
        project = sample(folder)
        for method in ("grouped", "stratified"):
            (project / "experiments" / "folded.toml").write_text(
                "as_of = 2024-01-31\n[label]\ntable = \"labels\"\ncolumn = \"churn_label\"\n"
                f"[dataset]\nfeatures = {json.dumps(features)}\n[model]\nkind = \"gaussian_nb\"\n"
                f"[cross_validation]\nmethod = \"{method}\"\nfolds = 4\n"
            )
            run = json.loads(streamflow(project, "run", "folded", "--format", "json"))
            tables = {}
            for name in ("training_set", "folds"):
                path = project.parent / f"{name}.parquet"
                streamflow(project, "get", run["run"], name, "-o", str(path))
                tables[name] = pyarrow.parquet.read_table(path).to_pydict()
            folds = tables["folds"]
            place = {key: at for at, key in enumerate(tables["training_set"]["user_id"])}
            rows = [place[key] for key in folds["user_id"]]
            matrix = numpy.array([tables["training_set"][name] for name in features], dtype=float).T[rows]
            labels, fold = numpy.array(folds["label"]), numpy.array(folds["fold"])
            found = cross_val_predict(GaussianNB(), matrix, labels, cv=PredefinedSplit(fold), method="predict_proba")[:, 1]
            ours = numpy.array(folds["probability"])
            assert numpy.abs(found - ours).max() < 1e-9, method
            for name, score in scores.items():
                mean = numpy.mean([score(labels[fold == k], ours[fold == k]) for k in range(1, 5)])
                assert abs(mean - run["metrics"][f"cv_{name}"]) < 1e-12, f"{method} {name}"
            told.append(f"{len(rows)} rows {method}")
    return f"{', '.join(told)}, {len(scores)} metrics"


def statements_are_read_by_others(project):
    """Provenance field by field into the published protocol buffers, the card by the hub's reader."""
    from google.protobuf import json_format
    from huggingface_hub import ModelCard
    from in_toto_attestation.predicates.provenance.v1 import provenance_pb2
    from in_toto_attestation.v1 import statement_pb2
    from in_toto_attestation.v1.statement import Statement

    run = "churn_random_forest@latest"
    document = json.loads(streamflow(project, "export", run, "--format", "slsa"))
    # ParseDict refuses a field that the standard does not have.
    statement = json_format.ParseDict(document, statement_pb2.Statement())
    Statement.copy_from_pb(statement).validate()
    provenance = json_format.ParseDict(document["predicate"], provenance_pb2.Provenance())
    dependencies = provenance.build_definition.resolved_dependencies
    assert len(statement.subject) == 5 and all("sha256" in subject.digest for subject in statement.subject)
    assert provenance.run_details.metadata.started_on.seconds > 0 and len(dependencies) >= 12
    shown = json.loads(streamflow(project, "show", run, "--format", "json"))
    card = ModelCard(streamflow(project, "export", run, "--format", "model-card"))
    metrics = {result.metric_type: result.metric_value for result in card.data.eval_results}
    assert metrics == shown["metrics"], metrics
    return f"{len(statement.subject)} subjects, {len(dependencies)} dependencies, {len(metrics)} metrics of a card"


def drift_is_that_of_evidently(project):
    """In an environment of its own: Evidently brings much along."""
    script = ROOT / "tests" / "peers" / "drift.py"
    done = subprocess.run([os.environ["DRIFT_PYTHON"], str(script)], capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout.strip()


def models_are_computed_by_onnxruntime(_project):
    with tempfile.TemporaryDirectory() as folder:
        return onnx_models.models_are_computed_by_onnxruntime(STREAMFLOW, sample(folder))


def derived_features_are_those_of_arrow(_project):
    """What a request is told, held against Arrow's own arithmetic over the training set, nulls and all."""
    import pyarrow.compute as pc

    hours, months = "usage_agg_30d.watch_hours_30d", "subscriptions.months_active"
    waited, net = "support_agg_90d.ticket_avg_resolution_hrs_90d", "subscriptions.net_service"
    preprocess = f"""missing_numeric = "median"
missing_categorical = "category"
[preprocess.derived]
per_month = "{hours} / NULLIF({months} - 1, 0)"
trouble = "COALESCE({waited}, 0) * {hours}"
slow = "{waited} > 10 OR {net} = 'Fiber optic'"
word = "CASE WHEN {waited} IS NULL THEN {net} ELSE 'called' END"
"""
    with tempfile.TemporaryDirectory() as folder:
        program = onnx_models.Program(STREAMFLOW, sample(folder))
        features = [hours, months, waited, net]
        run = program.run(onnx_models.LABELS["binary"], features, preprocess, "prior", {})
        rows = program.table("training_set", "get", run, "training_set")
        program("materialize", "--as-of", onnx_models.DATE)
        users = rows["user_id"].to_pylist()
        told = json.loads(program("predict", *users, "--format", "json"))["predictions"]
    less, nets = rows[months].cast("double"), rows[net].cast("string")
    less = pc.subtract(less, 1)
    expected = {
        "per_month": pc.divide(rows[hours], pc.if_else(pc.equal(less, 0), None, less)),
        "trouble": pc.multiply(pc.coalesce(rows[waited], 0.0), rows[hours]),
        "slow": pc.or_kleene(pc.greater(rows[waited], 10), pc.equal(nets, "Fiber optic")),
        "word": pc.if_else(pc.is_null(rows[waited]), nets, "called"),
    }
    nulls = 0
    for name, column in expected.items():
        ours = [answer["derived"][name] for answer in told]
        assert ours == column.to_pylist(), name
        nulls += column.null_count
    return f"{len(expected)} features of {len(users)} rows, {nulls} of them null"


def parquet_of_others_is_read_or_refused(_project):
    return intake.parquet_of_others(STREAMFLOW)


def what_was_served_is_judged_as_by_scikit_learn(_project):
    return live.check(STREAMFLOW, streamflow)


def main():
    checks = [
        objects_have_the_names_of_their_content,
        tables_outside_the_store_have_their_hashes,
        locks_have_the_hashes_of_their_runs,
        scikit_learn_and_shap_give_the_reference,
        folds_are_scored_as_by_scikit_learn,
        statements_are_read_by_others,
        drift_is_that_of_evidently,
        models_are_computed_by_onnxruntime,
        derived_features_are_those_of_arrow,
        parquet_of_others_is_read_or_refused,
        what_was_served_is_judged_as_by_scikit_learn,
    ]
    passed = 0
    with tempfile.TemporaryDirectory() as folder:
        project = sample(folder)
        for check in checks:
            name = check.__name__.replace("_", " ")
            try:
                print(f"ok      {name}: {check(project)}", flush=True)
                passed += 1
            except Exception:
                print(f"FAILED  {name}\n{traceback.format_exc()}", flush=True)
    print(f"{passed} passed, {len(checks) - passed} failed")
    sys.exit(0 if passed == len(checks) else 1)


if __name__ == "__main__":
    main()
