#!/usr/bin/env python3
"""`POST /predict` for the same customers: `streamflow serve`, the course's API (`course_api.py`: FastAPI on uvicorn,
scikit-learn, Feast's SQLite online store; with one worker, and with one for each processor), and a bare tiny_http
with one look-up in SQLite (`bare/`).

Usage: STREAMFLOW_CHURN_EXPORT=FOLDER benches/serving.py PATH/TO/streamflow PATH/TO/bare [ROUNDS]
Needs wrk, and fastapi, uvicorn[standard], scikit-learn, feast and pandas. Every server is up all the time, and is
asked in turns, so that a busy machine slows all alike.
"""

import csv
import importlib.metadata
import json
import os
import pathlib
import platform
import re
import shutil
import signal
import socket
import sqlite3
import statistics
import subprocess
import sys
import tempfile
import time
import urllib.request

from load import ask_about, call, load, pin, serve, users_of, write_script

CONNECTIONS = (1, 16, 256)
SECONDS = 10
# wrk gives up a request after 2 s unless told otherwise; with 256 connections the course's API takes longer.
TIMEOUT = 120
API = pathlib.Path(__file__).with_name("course_api.py")


def ask(port, body, path="/predict"):
    request = urllib.request.Request(f"http://127.0.0.1:{port}{path}", body, {"Content-Type": "application/json"})
    with urllib.request.urlopen(request) as reply:
        return reply.read()


def measured(server, connections):
    seconds = SECONDS if connections < 256 else 3 * SECONDS
    threads = min(connections, os.cpu_count())
    return load(server["address"], server["script"], connections, seconds, threads, TIMEOUT)


def descendants(pid):
    yield pid
    for task in pathlib.Path(f"/proc/{pid}/task").iterdir():
        for child in (task / "children").read_text().split():
            yield from descendants(int(child))


def memory(pid):
    """MiB of a process and those it started; what they share counts once."""
    total = 0
    for one in descendants(pid):
        text = pathlib.Path(f"/proc/{one}/smaps_rollup").read_text()
        total += int(re.search(r"^Pss:\s+(\d+) kB", text, re.MULTILINE).group(1))
    return total / 1024


def project(program, folder):
    export = os.environ["STREAMFLOW_CHURN_EXPORT"]
    shutil.copytree(export, folder, ignore=shutil.ignore_patterns(".streamflow", "lockfiles"))
    for path in [folder, *folder.rglob("*")]:
        path.chmod(0o755 if path.is_dir() else 0o644)

    run = pin(program, folder, "churn_random_forest", "production")
    call(program, "-C", folder, "materialize", "--as-of", "2024-01-31")
    call(program, "-C", folder, "get", run, "split", "-o", folder / "split.csv")
    sides = csv.DictReader((folder / "split.csv").open())
    train = [row["user_id"] for row in sides if row["side"] == "train"]
    (folder / "train.txt").write_text("\n".join(train))


def free_port():
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        return found.getsockname()[1]


def start_course(folder, workers):
    port = free_port()
    process = subprocess.Popen([sys.executable, API, "serve", folder, str(port), str(workers)], start_new_session=True)
    for _ in range(120):
        try:
            urllib.request.urlopen(f"http://127.0.0.1:{port}/health")
            break
        except OSError:
            time.sleep(0.5)
    return process, port


def start_servers(program, bare, scratch, processes):
    """Each as its name, address and script; what they answer is held together."""
    folder = scratch / "project"
    project(program, folder)
    ours, address = serve(program, folder)
    processes.append(ours)
    port = int(address.rsplit(":", 1)[1])
    users = users_of(folder)
    asks = write_script(scratch, "asks", ask_about(users))
    ids = write_script(scratch, "ids", users, "/")

    replies = {user: ask(port, json.dumps({"user_id": user}).encode()) for user in users}
    with sqlite3.connect(scratch / "values.db") as database:
        database.execute("CREATE TABLE value (id TEXT PRIMARY KEY, text TEXT) WITHOUT ROWID")
        database.executemany("INSERT INTO value VALUES (?, ?)", ((u, r.decode()) for u, r in replies.items()))
    database.close()
    least = subprocess.Popen([bare, scratch / "values.db"], stdout=subprocess.PIPE, text=True)
    processes.append(least)
    least_port = int(least.stdout.readline().strip().rsplit(":", 1)[1])

    repository = scratch / "course"
    prepare = [sys.executable, API, "prepare", folder / "data", repository, folder / "train.txt"]
    subprocess.run(prepare, check=True, capture_output=True)
    found = [("streamflow", ours, port, asks), ("bare", least, least_port, ids)]
    for workers in sorted({1, os.cpu_count()}):
        process, course_port = start_course(repository, workers)
        processes.append(process)
        found.append((f"course, {workers} worker(s)", process, course_port, asks))
    compare(port, course_port, users[:200])
    return [
        {"name": name, "pid": process.pid, "address": f"http://127.0.0.1:{port}", "script": script}
        for name, process, port, script in found
    ]


def compare(ours, course, users):
    """The same features, and probabilities of forests of the same kind: they differ as two seeds do."""
    differences = []
    for user in users:
        body = json.dumps({"user_id": user}).encode()
        mine, theirs = (json.loads(ask(port, body)) for port in (ours, course))
        used = {name.split(".")[1]: value for name, value in mine["features_used"].items()}
        for name, value in theirs["features_used"].items():
            # A column of booleans and nulls is one of texts to pandas.
            if str(used[name]) != str(value) and abs(float(used[name]) - float(value)) > 1e-6:
                raise SystemExit(f"{user}: {name} is {used[name]} here and {value} there")
        differences.append(abs(mine["probability"] - theirs["probability"]))
    print(f"mean difference of probabilities: {statistics.mean(differences):.4f}", file=sys.stderr)


def main():
    program, bare = (os.path.abspath(path) for path in sys.argv[1:3])
    rounds = int(sys.argv[3]) if len(sys.argv) > 3 else 3
    processes, figures = [], []
    with tempfile.TemporaryDirectory() as scratch:
        try:
            servers = start_servers(program, bare, pathlib.Path(scratch), processes)
            for server in servers:
                measured(server, 16)
            for connections in CONNECTIONS:
                found = {server["name"]: [] for server in servers}
                for _ in range(rounds):
                    for server in servers:
                        found[server["name"]].append(measured(server, connections))
                used = {server["name"]: memory(server["pid"]) for server in servers}
                for name, all_of in found.items():
                    medians = {key: statistics.median(one[key] for one in all_of) for key in ("rate", "50%", "99%")}
                    figures.append({"connections": connections, "server": name, **medians, "memory": used[name]})
                    print(json.dumps(figures[-1]), file=sys.stderr)
        finally:
            for process in processes:
                process.send_signal(signal.SIGTERM)
            for process in processes:
                process.wait(30)
    report(program, figures, rounds)


def report(program, figures, rounds):
    print(subprocess.check_output([program, "--version"], text=True).strip(), end="; ")
    peers = ("fastapi", "uvicorn", "scikit-learn", "feast", "pandas")
    print(*(f"{name} {importlib.metadata.version(name)}" for name in peers), sep=", ", end="; ")
    print(f"{platform.machine()}, {os.cpu_count()} processors; medians of {rounds} rounds\n")
    print("connections  server                 requests/s   p50 ms   p99 ms      MiB")
    for one in figures:
        print(f"{one['connections']:11}  {one['server']:20} {one['rate']:12.1f} {one['50%']:8.2f} {one['99%']:8.2f} {one['memory']:8.0f}")
    print()
    for connections in CONNECTIONS:
        of = {one["server"]: one for one in figures if one["connections"] == connections}
        ours = of.pop("streamflow")
        for name, one in of.items():
            rate, p99 = ours["rate"] / one["rate"], ours["99%"] / one["99%"]
            share = ours["memory"] / one["memory"]
            ratios = f"requests/s {rate:.2f}, p99 {p99:.4f}, memory {share:.3f}"
            print(f"{connections} connections, streamflow / {name}: {ratios}")


if __name__ == "__main__":
    main()
