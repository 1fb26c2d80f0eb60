#!/usr/bin/env python3
"""What the log of predictions costs those who ask.

    benches/prediction_log.py target/release/streamflow [ROUNDS]

Two servers on copies of the example project, one with `log_predictions = true`. Rounds of 5 s take turns, so
that a busy machine slows both alike: wrk asks /predict for one entity after the other over 16 connections.
At the end what was told must be what is written and what was dropped. Needs wrk.
"""

import pathlib
import re
import shutil
import statistics
import sys
import tempfile
import time
import urllib.request

from load import ask_about, call, load, pin, serve, users_of, write_script

CONNECTIONS = 16


def counted(address, series):
    with urllib.request.urlopen(f"{address}/metrics") as reply:
        return sum(int(float(line.split()[-1])) for line in reply.read().decode().splitlines() if line.startswith(series))


def prepare(program, folder):
    """A project whose values are there, and the same with a log."""
    project, logging = folder / "off", folder / "on"

    call(program, "init", project)
    pin(program, project, "churn_random_forest", "production")
    call(program, "-C", project, "materialize", "--as-of", "2024-01-31")
    shutil.copytree(project, logging)
    settings = logging / "streamflow.toml"
    settings.write_text(settings.read_text().replace("[serve]\n", "[serve]\nlog_predictions = true\n"))
    return project, logging


def main(program, rounds):
    program = str(pathlib.Path(program).resolve())
    with tempfile.TemporaryDirectory() as name:
        folder = pathlib.Path(name)
        projects = prepare(program, folder)
        servers = [serve(program, project) for project in projects]
        script = write_script(folder, "ask", ask_about(users_of(projects[0], 500)))
        found = {"off": [], "on": []}
        try:
            for at in range(-1, rounds):
                for (_, address), kind in zip(servers, found):
                    result = load(address, script, CONNECTIONS)
                    # The first round warms up.
                    if at >= 0:
                        found[kind].append(result)
            time.sleep(4)
            names = ("model_prediction_probability_count", "predictions_logged_total", "predictions_dropped_total")
            told, logged, dropped = (counted(servers[1][1], series) for series in names)
            memory = [pathlib.Path(f"/proc/{server.pid}/status").read_text() for server, _ in servers]
        finally:
            for server, _ in servers:
                server.terminate()
                server.wait()
        for kind, status in zip(found, memory):
            rate, last = ([one[figure] for one in found[kind]] for figure in ("rate", "99%"))
            peak = re.search(r"VmHWM:\s+(\d+)", status)[1]
            print(f"{kind:4} {statistics.median(rate):9.0f} requests/s   p99 {statistics.median(last):7.3f} ms   peak {int(peak) / 1024:.0f} MiB")
        ratio = [on["rate"] / off["rate"] for on, off in zip(found["on"], found["off"])]
        print(f"on / off, round by round: {statistics.median(ratio):.3f} ({min(ratio):.3f} to {max(ratio):.3f})")
        files = list((projects[1] / ".streamflow/live/predictions").glob("*/*.parquet"))
        size = sum(file.stat().st_size for file in files)
        print(f"{told} predictions told, {logged} logged, {dropped} dropped; {len(files)} files of {size / 1e6:.1f} MB")
        assert told == logged + dropped


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]) if len(sys.argv) > 2 else 5)
