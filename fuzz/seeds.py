#!/usr/bin/env python3
"""Inputs to begin with: `fuzz/seeds.py request FOLDER`, `fuzz/seeds.py model FOLDER PROGRAM`."""

import json
import pathlib
import subprocess
import sys
import tempfile

# Small models: a seed is changed byte by byte.
MODELS = {
    "random_forest": "trees = 3\nmax_depth = 3",
    "extra_trees": "trees = 3\nmax_depth = 3",
    "decision_tree": "max_depth = 3",
    "gradient_boosting": "trees = 3\nmax_leaves = 4",
    "logistic_regression": "",
    "gaussian_nb": "",
    "knn": "",
    "svm": "",
    "prior": "",
}
EXPERIMENT = """
as_of = 2024-01-31
[label]
table  = "labels"
column = "churn_label"
[dataset]
features = ["subscriptions.monthly_fee", "subscriptions.contract_type", "users.user_is_senior"]
[split]
test = 0.9
[preprocess]
missing_numeric     = "median"
missing_categorical = "category"
[model]
kind = "%s"
%s
"""
REQUESTS = [
    b"GET /health HTTP/1.1\r\nHost: x\r\n\r\n",
    b"GET http://h/a?explain=true#b HTTP/1.0\r\nConnection: keep-alive\r\n\r\n",
    b"POST /predict HTTP/1.1\r\nHost: x\r\nExpect: 100-continue\r\nContent-Length: 3\r\n\r\nabc",
    b"POST /predict HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n3;x=y\r\nabc\r\n0\r\nA: b\r\n\r\n",
]


def models(program, folder):
    def call(*arguments):
        done = subprocess.run([program, "--format", "json", *arguments], capture_output=True, text=True)
        if done.returncode != 0:
            raise SystemExit(f"{arguments}: {done.stdout}")
        return json.loads(done.stdout)

    with tempfile.TemporaryDirectory() as scratch:
        project = f"{scratch}/project"
        call("init", project)
        for kind, more in MODELS.items():
            pathlib.Path(project, f"experiments/{kind}.toml").write_text(EXPERIMENT % (kind, more))
            run = call("-C", project, "run", kind)["run"]
            file = pathlib.Path(scratch, kind)
            call("-C", project, "get", run, "model", "-o", str(file))
            # Without the checksum, which the target makes.
            (folder / kind).write_bytes(file.read_bytes()[:-32])


def main():
    what, folder, *more = sys.argv[1:]
    folder = pathlib.Path(folder)
    folder.mkdir(parents=True, exist_ok=True)
    if what == "model":
        models(*more, folder)
    else:
        for at, request in enumerate(REQUESTS):
            # The first byte says in pieces of which length a body arrives.
            (folder / str(at)).write_bytes(b"\x02" + request)


if __name__ == "__main__":
    main()
