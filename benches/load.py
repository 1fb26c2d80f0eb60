"""Load on a server by wrk, for the benchmarks beside this file."""

import json
import pathlib
import re
import subprocess

LUA = """
local asks = {}
function init() for line in io.lines("%s") do asks[#asks + 1] = line end end
function request()
  return wrk.format("POST", "%s", { ["Content-Type"] = "application/json" }, asks[math.random(#asks)])
end
"""
# In milliseconds.
UNITS = {"us": 1e-3, "ms": 1.0, "s": 1e3, "m": 6e4}


def write_script(folder, name, bodies, path="/predict"):
    """A script with which wrk posts bodies in a random order; each is one line."""
    asks, script = pathlib.Path(folder, f"{name}.asks"), pathlib.Path(folder, f"{name}.lua")
    asks.write_text("".join(f"{body}\n" for body in bodies))
    script.write_text(LUA % (asks, path))
    return script


def ask_about(users):
    """The bodies that ask about one user each."""
    return [json.dumps({"user_id": user}) for user in users]


def users_of(project, limit=None):
    """The first users of the example, or of a project like it."""
    lines = pathlib.Path(project, "data/2024-01-31/subscriptions.csv").read_text().splitlines()[1:]
    return [line.split(",")[0] for line in lines[:limit]]


def load(address, script, connections, seconds=5, threads=1, timeout=2):
    """Requests a second as `rate`, and the 50th and 99th percentile of latencies in milliseconds.

    A request that is refused or takes longer than `timeout` seconds ends the benchmark."""
    command = ["wrk", f"-t{threads}", f"-c{connections}", f"-d{seconds}", "--latency", "--timeout", f"{timeout}s"]
    done = subprocess.run([*command, "-s", script, address], capture_output=True, text=True, check=True).stdout
    if "Non-2xx" in done or "Socket errors" in done:
        raise SystemExit(f"{address}: {done}")
    found = {"rate": float(re.search(r"Requests/sec:\s+([\d.]+)", done).group(1))}
    for name in ("50%", "99%"):
        number, unit = re.search(rf"{name}\s+([\d.]+)(us|ms|s|m)\b", done).groups()
        found[name] = float(number) * UNITS[unit]
    return found


def call(program, *arguments):
    """What a command says in JSON."""
    command = [program, "--format", "json", *map(str, arguments)]
    done = subprocess.run(command, capture_output=True, text=True)
    if done.returncode != 0:
        raise SystemExit(f"{arguments}: {done.stdout}{done.stderr}")
    return json.loads(done.stdout)


def pin(program, folder, experiment, stage):
    """Executes an experiment and pins its run, which it gives."""
    path = pathlib.Path(folder, f"experiments/{experiment}.toml")
    # The gates ask for commits, which are not the matter here.
    path.write_text(path.read_text().split("[promote]")[0])
    run = call(program, "-C", folder, "run", experiment)["run"]
    call(program, "-C", folder, "promote", run, "--to", stage, "--reason", "measured")
    return run


def serve(program, folder):
    """A server of a project, and its address."""
    command = [program, "-C", str(folder), "serve", "--address", "127.0.0.1:0"]
    server = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)
    return server, re.search(r"http://\S+", server.stderr.readline()).group()
