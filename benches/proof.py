#!/usr/bin/env python3
"""What proof costs: a replay beside the first execution, and how fast `why` and `diff` answer.

Usage: benches/proof.py PATH/TO/streamflow   (a release build; git on the path)
"""

import json
import os
import platform
import statistics
import subprocess
import sys
import tempfile
import time

ROUNDS = 7
FOREST = "churn_random_forest"


def run(command, folder):
    """Seconds of wall time and standard output."""
    start = time.perf_counter()
    done = subprocess.run(command, cwd=folder, check=True, capture_output=True)
    return time.perf_counter() - start, done.stdout


def median(command, folder):
    return statistics.median(run(command, folder)[0] for _ in range(ROUNDS))


def first_and_replay(program, outside):
    """A first execution, its snapshot ingested, in a store that knows no run; then its replay. Both
    in turn, so that a busy machine slows both."""
    pairs = []
    for at in range(ROUNDS):
        folder = os.path.join(outside, f"first{at}")
        run([program, "init", folder], outside)
        run([program, "ingest", "--as-of", "2024-01-31"], folder)
        first = run([program, "run", FOREST, "--no-cache"], folder)[0]
        replay = run([program, "replay", f"{FOREST}@latest"], folder)[0]
        pairs.append((first, replay))
    return [statistics.median(side) for side in zip(*pairs)]


def main():
    program = os.path.abspath(sys.argv[1])
    with tempfile.TemporaryDirectory() as outside:
        first, replay = first_and_replay(program, outside)
        project = os.path.join(outside, "project")
        run([program, "init", project], outside)
        identity = ["-c", "user.name=bench", "-c", "user.email=bench@example.org"]
        run(["git", "init", "--quiet"], project)
        run(["git", "add", "--all"], project)
        run(["git", *identity, "commit", "--quiet", "--message", "example"], project)
        run([program, "run"], project)
        latest = f"{FOREST}@latest"
        figures = {
            "program": run([program, "--version"], project)[1].decode().strip(),
            "machine": f"{platform.machine()}, {os.cpu_count()} processors",
            "first_execution_seconds": first,
            "replay_seconds": replay,
            "replay_over_first": replay / first,
            "why_seconds": median([program, "why", FOREST], project),
            "why_two_runs_seconds": median([program, "why", "churn_logistic@latest", latest], project),
            "diff_seconds": median([program, "diff", "churn_logistic@latest", latest], project),
            "git_status_seconds": median(["git", "status", "--short"], project),
        }
    print(json.dumps(figures, indent=2))


if __name__ == "__main__":
    main()
