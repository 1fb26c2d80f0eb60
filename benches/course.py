#!/usr/bin/env python3
"""The course's job, cold: a month's export read and checked, features joined, a forest of 300 trees fitted
and evaluated, a report with its pictures, and a record by which it can be done again. streamflow beside
`course_job.py`, which does it with pandas, scikit-learn and MLflow in a local SQLite file.

Usage: benches/course.py PATH/TO/streamflow [ROUNDS]
STREAMFLOW_CHURN_EXPORT names a project with the real export; without it the example's own data are taken.
Needs pandas, scikit-learn, matplotlib and mlflow.
"""

import importlib.metadata
import json
import os
import pathlib
import platform
import shutil
import statistics
import subprocess
import sys
import tempfile
import time

EXPERIMENT = "churn_random_forest"
JOB = pathlib.Path(__file__).with_name("course_job.py")


def seconds(commands, folder):
    """Wall time of commands, one after the other."""
    start = time.perf_counter()
    for command in commands:
        subprocess.run(command, cwd=folder, check=True, capture_output=True)
    return time.perf_counter() - start


def project(program, outside, name):
    """A project without a store."""
    folder = outside / name
    export = os.environ.get("STREAMFLOW_CHURN_EXPORT")
    if export is None:
        subprocess.run([program, "init", folder], check=True, capture_output=True)
        return folder
    shutil.copytree(export, folder, ignore=shutil.ignore_patterns(".streamflow", "lockfiles"))
    for path in [folder, *folder.rglob("*")]:
        path.chmod(0o755 if path.is_dir() else 0o644)
    return folder


def main():
    program = os.path.abspath(sys.argv[1])
    rounds = int(sys.argv[2]) if len(sys.argv) > 2 else 5
    ours, cold, warm = [], [], []
    with tempfile.TemporaryDirectory() as outside:
        outside = pathlib.Path(outside)
        data = project(program, outside, "data") / "data"
        for at in range(rounds):
            folder = project(program, outside, f"streamflow{at}")
            run = [program, "run", EXPERIMENT]
            report = [program, "report", f"{EXPERIMENT}@latest", "-o", "report.html"]
            ours.append(seconds([run, report], folder))
            folder = outside / f"mlflow{at}"
            folder.mkdir()
            job = [sys.executable, JOB, data, folder]
            # The first makes the database and its tables, the second finds them.
            cold.append(seconds([job], folder))
            warm.append(seconds([job], folder))
    ours, cold, warm = map(statistics.median, (ours, cold, warm))
    figures = {
        "program": subprocess.check_output([program, "--version"], text=True).strip(),
        "machine": f"{platform.machine()}, {os.cpu_count()} processors",
        "peers": {
            name: importlib.metadata.version(name)
            for name in ("pandas", "scikit-learn", "mlflow", "matplotlib")
        },
        "rounds": rounds,
        "streamflow_seconds": ours,
        "course_seconds": cold,
        "course_with_tables_there_seconds": warm,
        "ratio": ours / cold,
        "ratio_with_tables_there": ours / warm,
    }
    print(json.dumps(figures, indent=2))


if __name__ == "__main__":
    main()
