"""What was served, judged by scikit-learn: the log as pyarrow reads it, beside `evaluate --live`."""

import csv
import json
import pathlib
import re
import signal
import subprocess
import tempfile
import urllib.request

DATE = "2024-01-31"
TOLERANCE = 1e-12


def ask(address, body):
    request = urllib.request.Request(f"{address}/predict", json.dumps(body).encode(), {"Content-Type": "application/json"})
    with urllib.request.urlopen(request) as reply:
        return json.load(reply)


def served(program, project, log):
    """Asks for every customer twice, singly and in one batch, and gives what was answered last; the server is stopped."""
    command = [program, "-C", str(project), "serve", "--address", "127.0.0.1:0"]
    with open(log, "w") as errors, subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=errors) as server:
        try:
            address = None
            while address is None and server.poll() is None:
                address = re.search(r"http://\S+", log.read_text())
            assert address, log.read_text()
            with open(project / "data" / DATE / "labels.csv") as file:
                ids = [row["user_id"] for row in csv.DictReader(file)]
            for user in ids[:50]:
                ask(address.group(), {"user_id": user})
            answers = ask(address.group(), {"user_ids": ids})["predictions"]
            server.send_signal(signal.SIGTERM)
            assert server.wait(20) == 0, log.read_text()
        finally:
            server.kill()
    return [answer for answer in answers if "error" not in answer]


def check(program, streamflow):
    import pyarrow.parquet
    from sklearn import metrics

    with tempfile.TemporaryDirectory() as folder:
        project = pathlib.Path(folder) / "project"
        subprocess.run([program, "init", str(project)], check=True, capture_output=True)
        settings = project / "streamflow.toml"
        settings.write_text(settings.read_text().replace("[serve]\n", "[serve]\nlog_predictions = true\n"))
        run = json.loads(streamflow(project, "run", "churn_logistic", "--format", "json"))["run"]
        streamflow(project, "promote", run, "--to", "production", "--override-gates", "--reason", "to be asked")
        streamflow(project, "materialize", "--as-of", DATE)
        answers = served(program, project, pathlib.Path(folder) / "serve.log")
        found = json.loads(streamflow(project, "evaluate", "--live", "--labels", DATE, "--format", "json"))["runs"][0]

        files = sorted((project / ".streamflow" / "live" / "predictions").glob("*/*.parquet"))
        rows = [row for file in files for row in pyarrow.parquet.read_table(file).to_pylist()]
        assert len(rows) == 50 + len(answers), (len(rows), len(answers))
        last = {row["entity"]: row for row in sorted(rows, key=lambda row: row["time"])}
        assert {key: row["probability"] for key, row in last.items()} == {a["user_id"]: a["probability"] for a in answers}
        with open(project / "data" / DATE / "labels.csv") as file:
            labels = {row["user_id"]: row["churn_label"] for row in csv.DictReader(file)}
        known = {"1": True, "0": False, "true": True, "false": False, "True": True, "False": False}
        streamflow(project, "get", run, "split", "-o", str(project / "split.csv"))
        with open(project / "split.csv") as file:
            trained = {row["user_id"] for row in csv.DictReader(file) if row["side"] == "train"}
        judged = [(known[labels[key]], row) for key, row in sorted(last.items()) if labels.get(key) in known]
    assert found["judged"] == len(judged) and found["repeated"] == 50, found
    unseen = [(label, row) for label, row in judged if row["entity"] not in trained]
    assert found["unseen"]["rows"] == len(unseen) == found["judged"] - found["trained_on"], found
    for ours, rows in ((found["metrics"], judged), (found["unseen"]["metrics"], unseen)):
        truth = [label for label, _ in rows]
        scores = [row["probability"] for _, row in rows]
        said = [row["prediction"] for _, row in rows]
        theirs = {
            "auc": metrics.roc_auc_score(truth, scores),
            "accuracy": metrics.accuracy_score(truth, said),
            "precision": metrics.precision_score(truth, said),
            "recall": metrics.recall_score(truth, said),
            "f1": metrics.f1_score(truth, said),
            "log_loss": metrics.log_loss(truth, scores),
            "brier": metrics.brier_score_loss(truth, scores),
        }
        for name, value in theirs.items():
            assert abs(ours[name] - value) < TOLERANCE, f"{name}: {ours[name]} and {value}"
    return f"{len(theirs)} metrics of {len(judged)} customers that were asked for, and of the {len(unseen)} that were not trained on"
