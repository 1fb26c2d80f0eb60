#!/usr/bin/env python3
"""What the log of predictions costs those who ask.

    benches/prediction_log.py target/release/streamflow [ROUNDS]

Two servers on copies of the example project, one with `log_predictions = true`. Rounds of 5 s take turns, so
that a busy machine slows both alike: wrk asks /predict for one entity after the other over 16 connections.
At the end what was told must be what is written and what was dropped. Needs wrk.
"""

import json
import pathlib
import re
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
import urllib.request

SECONDS = 5
CONNECTIONS = 16
LUA = """
local asks = {}
function init() for line in io.lines("%s") do asks[#asks + 1] = line end end
function request()
  return wrk.format("POST", "/predict", { ["Content-Type"] = "application/json" }, asks[math.random(#asks)])
end
"""


def load(address, script):
    command = ["wrk", "-t1", f"-c{CONNECTIONS}", f"-d{SECONDS}", "--latency", "-s", script]
    done = subprocess.run([*command, address], capture_output=True, text=True, check=True).stdout
    per_second = float(re.search(r"Requests/sec:\s+([\d.]+)", done)[1])
    number, unit = re.search(r"99%\s+([\d.]+)(us|ms|s)", done).groups()
    refused = re.search(r"Non-2xx or 3xx responses: (\d+)", done)
    assert refused is None, done
    return per_second, float(number) * {"us": 1e-3, "ms": 1.0, "s": 1e3}[unit]


def counted(address, series):
    with urllib.request.urlopen(f"{address}/metrics") as reply:
        return sum(int(float(line.split()[-1])) for line in reply.read().decode().splitlines() if line.startswith(series))


def start(program, project):
    log = project.parent / f"{project.name}.log"
    with open(log, "w") as errors:
        server = subprocess.Popen([program, "-C", str(project), "serve", "--address", "127.0.0.1:0"], stdout=subprocess.DEVNULL, stderr=errors)
    address = None
    while address is None and server.poll() is None:
        address = re.search(r"http://\S+", log.read_text())
    return server, address.group(), log


def prepare(program, folder):
    """A project whose values are there, the same with a log, and the requests as lines."""
    project, logging = folder / "off", folder / "on"

    def run(*arguments):
        return subprocess.run([program, "-C", str(project), *arguments], check=True, capture_output=True, text=True).stdout

    subprocess.run([program, "init", str(project)], check=True, capture_output=True)
    name = json.loads(run("run", "churn_random_forest", "--format", "json"))["run"]
    run("promote", name, "--to", "production", "--override-gates", "--reason", "to be asked")
    run("materialize", "--as-of", "2024-01-31")
    shutil.copytree(project, logging)
    settings = logging / "streamflow.toml"
    settings.write_text(settings.read_text().replace("[serve]\n", "[serve]\nlog_predictions = true\n"))
    lines = (project / "data/2024-01-31/subscriptions.csv").read_text().splitlines()[1:501]
    ids = [line.split(",")[0] for line in lines]
    (folder / "asks").write_text("".join(json.dumps({"user_id": user}) + "\n" for user in ids))
    (folder / "ask.lua").write_text(LUA % (folder / "asks"))
    return project, logging


def main(program, rounds):
    program = str(pathlib.Path(program).resolve())
    with tempfile.TemporaryDirectory() as name:
        folder = pathlib.Path(name)
        projects = prepare(program, folder)
        servers = [start(program, project) for project in projects]
        found = {"off": [], "on": []}
        try:
            for at in range(-1, rounds):
                for (_, address, _), kind in zip(servers, found):
                    result = load(address, str(folder / "ask.lua"))
                    # The first round warms up.
                    if at >= 0:
                        found[kind].append(result)
            time.sleep(4)
            names = ("model_prediction_probability_count", "predictions_logged_total", "predictions_dropped_total")
            told, logged, dropped = (counted(servers[1][1], series) for series in names)
            memory = [pathlib.Path(f"/proc/{server.pid}/status").read_text() for server, _, _ in servers]
        finally:
            for server, _, _ in servers:
                server.terminate()
                server.wait()
        for kind, status in zip(found, memory):
            rate, last = ([one[place] for one in found[kind]] for place in (0, 1))
            peak = re.search(r"VmHWM:\s+(\d+)", status)[1]
            print(f"{kind:4} {statistics.median(rate):9.0f} requests/s   p99 {statistics.median(last):7.3f} ms   peak {int(peak) / 1024:.0f} MiB")
        ratio = [on[0] / off[0] for on, off in zip(found["on"], found["off"])]
        print(f"on / off, round by round: {statistics.median(ratio):.3f} ({min(ratio):.3f} to {max(ratio):.3f})")
        files = list((projects[1] / ".streamflow/live/predictions").glob("*/*.parquet"))
        size = sum(file.stat().st_size for file in files)
        print(f"{told} predictions told, {logged} logged, {dropped} dropped; {len(files)} files of {size / 1e6:.1f} MB")
        assert told == logged + dropped
        print(servers[1][2].read_text())


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]) if len(sys.argv) > 2 else 5)
