#!/usr/bin/env python3
"""What a shadow costs those who ask.

    benches/shadow.py target/release/streamflow [ROUNDS]

Two servers on one project: a forest of 300 trees in production, one of 100 staged; one server shadows, the
other does not. Rounds of 5 s take turns, so that a busy machine slows both alike: wrk asks /predict for one
of 500 entities after the other over 16 connections, which is more than the machine can do, and over one.
Needs wrk.
"""

import json
import pathlib
import re
import statistics
import subprocess
import sys
import tempfile

SECONDS = 5
LUA = """
local asks = {}
function init() for line in io.lines("%s") do asks[#asks + 1] = line end end
function request()
  return wrk.format("POST", "/predict", { ["Content-Type"] = "application/json" }, asks[math.random(#asks)])
end
"""
STAGED = """description = "A smaller forest"
registers = "streamflow_churn"
as_of = 2024-01-31
[label]
table = "labels"
column = "churn_label"
[dataset]
features = ["subscriptions.*", "support_agg_90d.*"]
[preprocess]
missing_numeric = "median"
missing_categorical = "category"
[model]
kind = "random_forest"
trees = 100
"""


def load(port, script, connections):
    command = ["wrk", "-t1", f"-c{connections}", f"-d{SECONDS}", "--latency", "-s", script]
    done = subprocess.run([*command, f"http://127.0.0.1:{port}"], capture_output=True, text=True, check=True)
    if "Non-2xx" in done.stdout or "Socket errors" in done.stdout:
        raise SystemExit(done.stdout)
    units = {"us": 1e-3, "ms": 1.0, "s": 1e3}
    found = {}
    for name in ("50%", "99%"):
        number, unit = re.search(rf"{name}\s+([\d.]+)(us|ms|s)", done.stdout).groups()
        found[name] = float(number) * units[unit]
    found["rate"] = float(re.search(r"Requests/sec:\s+([\d.]+)", done.stdout).group(1))
    return found


def project(program, folder):
    def call(*arguments):
        done = subprocess.run([program, "--format", "json", *arguments], capture_output=True, text=True)
        if done.returncode != 0:
            raise SystemExit(f"{arguments}: {done.stdout}{done.stderr}")
        return json.loads(done.stdout)

    call("init", folder)
    forest = pathlib.Path(folder, "experiments/churn_random_forest.toml")
    # The gates ask for commits, which are not the matter here.
    forest.write_text(forest.read_text().split("[promote]")[0])
    forest.with_name("smaller.toml").write_text(STAGED)
    for experiment, stage in [("churn_random_forest", "production"), ("smaller", "staging")]:
        run = call("-C", folder, "run", experiment)["run"]
        call("-C", folder, "promote", run, "--to", stage, "--reason", "measured")
    call("-C", folder, "materialize", "--as-of", "2024-01-31")


def serve(program, folder, shadow):
    settings = pathlib.Path(folder, "streamflow.toml")
    text = settings.read_text().replace('shadow = "staging"\n', "")
    settings.write_text(text.replace("[serve]\n", '[serve]\nshadow = "staging"\n') if shadow else text)
    server = subprocess.Popen(
        [program, "-C", folder, "serve", "--address", "127.0.0.1:0"],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
    )
    return server, int(re.search(r":(\d+)$", server.stderr.readline().strip()).group(1))


def counted(port):
    text = subprocess.run(["curl", "-s", f"http://127.0.0.1:{port}/metrics"], capture_output=True, text=True).stdout
    names = ("compared", "dropped")
    return {name: float(re.search(rf"shadow_{name}_total\{{.*\}} (\d+)", text).group(1)) for name in names}


def main():
    program = str(pathlib.Path(sys.argv[1]).resolve())
    rounds = int(sys.argv[2]) if len(sys.argv) > 2 else 7
    with tempfile.TemporaryDirectory() as scratch:
        folder = f"{scratch}/project"
        project(program, folder)
        servers = {"off": serve(program, folder, False), "on": serve(program, folder, True)}
        lines = pathlib.Path(folder, "data/2024-01-31/subscriptions.csv").read_text().splitlines()[1:501]
        asks = pathlib.Path(scratch, "asks")
        asks.write_text("".join(json.dumps({"user_id": line.split(",")[0]}) + "\n" for line in lines))
        script = pathlib.Path(scratch, "ask.lua")
        script.write_text(LUA % asks)
        for connections in (1, 16):
            found = {"off": [], "on": []}
            for name in found:
                load(servers[name][1], script, connections)
            before = counted(servers["on"][1])
            for _ in range(rounds):
                for name, all_of in found.items():
                    all_of.append(load(servers[name][1], script, connections))
            after = counted(servers["on"][1])
            print(f"{connections} connections, milliseconds: medians of {rounds} rounds; and all of them")
            for name, all_of in found.items():
                for figure in ("50%", "99%", "rate"):
                    values = [one[figure] for one in all_of]
                    median = statistics.median(values)
                    print(f"{name:4} {figure:5} {median:10.3f}  ", *(f"{one:.3f}" for one in values))
            for figure in ("50%", "99%", "rate"):
                off, on = (statistics.median(one[figure] for one in found[name]) for name in found)
                print(f"{figure} on / off: {on / off:.2f}")
            compared, dropped = (after[name] - before[name] for name in ("compared", "dropped"))
            print(f"compared {compared:.0f}, dropped {dropped:.0f}: {compared / (compared + dropped):.1%} compared")
        for server, _ in servers.values():
            server.terminate()
            server.wait(10)


if __name__ == "__main__":
    main()
