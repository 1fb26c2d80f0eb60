#!/usr/bin/env python3
"""Promotions, materializations and kills under full load; tests/SOAK.md has the last result.

    tests/serve/soak.py target/release/streamflow [SECONDS]

Two runs and two dates make four pairs. Each pair is served alone first, and every reply it gives is kept.
Then one server takes full load from wrk and from checkers of its own, while a run is promoted every 2 s
and a date materialized every 5 s; of the promotions some are ended with SIGKILL at a random instant. A
reply must be, byte for byte, one of those that the four pairs gave: run, date, features and probability
belong together. Needs wrk.
"""

import http.client
import json
import pathlib
import random
import re
import signal
import statistics
import subprocess
import sys
import tempfile
import threading
import time

DATES = ["2024-01-31", "2024-03-31"]
ENTITIES = 200
CHECKERS = 2
PROMOTION, MATERIALIZATION = 2.0, 5.0
KILLED = 0.4

# Each thread holds the replies that are right; a wrong one is counted and the first is shown.
LUA = """
local right, asks = {}, {}
wrong, seen, shown = 0, 0, ""
function init()
  for line in io.lines("%(folder)s/replies") do right[line] = true end
  for line in io.lines("%(folder)s/asks") do asks[#asks + 1] = line end
  math.randomseed(tonumber(tostring({}):sub(8), 16) or 1)
end
function request()
  return wrk.format("POST", "/predict", { ["Content-Type"] = "application/json" }, asks[math.random(#asks)])
end
function response(status, headers, body)
  seen = seen + 1
  if status ~= 200 or not right[body:gsub("\\n$", "")] then
    wrong = wrong + 1
    if shown == "" then shown = status .. " " .. body end
  end
end
local threads = {}
function setup(thread) threads[#threads + 1] = thread end
function done(summary)
  local all, bad, first = 0, 0, ""
  for _, thread in ipairs(threads) do
    all, bad = all + thread:get("seen"), bad + thread:get("wrong")
    if first == "" then first = thread:get("shown") end
  end
  local e = summary.errors
  print(string.format("CHECKED %%d WRONG %%d ERRORS %%d %%d %%d %%d", all, bad, e.connect, e.read, e.write, e.timeout))
  if first ~= "" then print("FIRST " .. first) end
end
"""


class Project:
    def __init__(self, program, folder):
        self.program, self.folder = str(program), folder
        self.call("init", str(folder), here=False)
        for path in (folder / "experiments").glob("*.toml"):
            path.unlink()
        for kind, more in [("random_forest", "trees = 100"), ("logistic_regression", "")]:
            (folder / "experiments" / f"{kind}.toml").write_text(EXPERIMENT % (kind, more))
        self.runs = [self.call("run", kind)["run"] for kind in ("random_forest", "logistic_regression")]

    def command(self, *arguments, here=True):
        where = ["-C", str(self.folder)] if here else []
        return [self.program, "--format", "json", *where, *arguments]

    def call(self, *arguments, here=True):
        done = subprocess.run(self.command(*arguments, here=here), capture_output=True, text=True)
        if done.returncode != 0:
            raise SystemExit(f"{arguments} ended with {done.returncode}\n{done.stdout}{done.stderr}")
        return json.loads(done.stdout)

    def promotion(self, run):
        return "promote", run, "--to", "production", "--reason", "soak"

    def serve(self):
        process = subprocess.Popen(
            [self.program, "-C", str(self.folder), "serve", "--address", "127.0.0.1:0"],
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            text=True,
        )
        port = int(re.search(r":(\d+)$", process.stderr.readline().strip()).group(1))
        log = []
        threading.Thread(target=lambda: log.extend(process.stderr), daemon=True).start()
        return process, port, log


EXPERIMENT = """
registers = "streamflow_churn"
as_of     = 2024-01-31
[label]
table  = "labels"
column = "churn_label"
[dataset]
features = ["subscriptions.*", "usage_agg_30d.*", "users.*"]
[preprocess]
missing_numeric     = "median"
missing_categorical = "category"
[model]
kind = "%s"
%s
"""


def ask(connection, path, body=None):
    headers = {"Content-Type": "application/json"} if body else {}
    connection.request("POST" if body else "GET", path, body, headers)
    reply = connection.getresponse()
    return reply.status, reply.getheader("X-Streamflow-Run"), reply.read().decode()


def stop(process):
    process.send_signal(signal.SIGTERM)
    if process.wait(10) != 0:
        raise SystemExit("the server did not end with 0")


def answers_of(project, ids):
    """What each pair says of each entity, alone."""
    right = {}
    for run in project.runs:
        for date in DATES:
            project.call("materialize", "--as-of", date)
            project.call(*project.promotion(run))
            process, port, _ = project.serve()
            connection = http.client.HTTPConnection("127.0.0.1", port, timeout=10)
            for entity in ids:
                status, _, body = ask(connection, "/predict", json.dumps({"user_id": entity}))
                told = json.loads(body)
                if (status, told["run"], told["as_of"]) != (200, run, date):
                    raise SystemExit(f"the pair {run} {date} answers {status} {body}")
                right[run, date, entity] = body
            stop(process)
    return right


def check(port, right, ids, until, found):
    """Asks for one entity after the other, and holds each reply against what the pair said alone."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=10)
    while time.monotonic() < until:
        entity = random.choice(ids)
        try:
            status, header, body = ask(connection, "/predict", json.dumps({"user_id": entity}))
            told = json.loads(body)
            key = (told.get("run"), told.get("as_of"), entity)
            if status != 200 or right.get(key) != body or header != told["run"]:
                found["wrong"].append(f"{status} {header} {body}")
        except Exception as error:
            found["failed"].append(repr(error))
            connection = http.client.HTTPConnection("127.0.0.1", port, timeout=10)
        found["checked"] += 1


def promote(project, port, until, found):
    """Promotes the runs in turn, and kills some of the commands."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=10)
    usual, turn = 0.3, 0
    while time.monotonic() < until:
        start = time.monotonic()
        run = project.runs[turn % 2]
        turn += 1
        command = project.command(*project.promotion(run))
        process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
        if random.random() < KILLED:
            time.sleep(random.uniform(0, usual * 1.3))
            killed = process.poll() is None
            process.kill()
            process.wait()
            found["killed" if killed else "promoted"] += 1
        else:
            told, _ = process.communicate()
            if process.returncode != 0:
                found["failed"].append(f"promote ended with {process.returncode}: {told}")
                continue
            usual = 0.8 * usual + 0.2 * (time.monotonic() - start)
            found["promoted"] += 1
            moved = time.monotonic()
            while json.loads(ask(connection, "/ready")[2]).get("run") != run:
                if time.monotonic() - moved > 10:
                    found["failed"].append(f"{run} does not serve 10 s after its promotion")
                    break
                time.sleep(0.005)
            found["seconds"].append(time.monotonic() - moved)
        time.sleep(max(0.0, PROMOTION - (time.monotonic() - start)))


def materialize(project, until, found):
    turn = 0
    while time.monotonic() < until:
        start = time.monotonic()
        command = project.command("materialize", "--as-of", DATES[turn % 2])
        done = subprocess.run(command, capture_output=True, text=True)
        if done.returncode != 0:
            found["failed"].append(f"materialize ended with {done.returncode}: {done.stdout}")
        found["materialized"] += 1
        turn += 1
        time.sleep(max(0.0, MATERIALIZATION - (time.monotonic() - start)))


def memory(process):
    text = pathlib.Path(f"/proc/{process.pid}/status").read_text()
    return int(re.search(r"VmRSS:\s+(\d+)", text).group(1)) / 1024


def watch(process, until, found):
    while time.monotonic() < until:
        found["memory"].append(memory(process))
        time.sleep(1)


def main():
    program = pathlib.Path(sys.argv[1]).resolve()
    seconds = int(sys.argv[2]) if len(sys.argv) > 2 else 600
    with tempfile.TemporaryDirectory() as scratch:
        scratch = pathlib.Path(scratch)
        project = Project(program, scratch / "project")
        lines = (project.folder / "data" / DATES[1] / "subscriptions.csv").read_text().splitlines()
        known = {line.split(",")[0] for line in lines[1:]}
        first = (project.folder / "data" / DATES[0] / "subscriptions.csv").read_text().splitlines()
        ids = [line.split(",")[0] for line in first[1:] if line.split(",")[0] in known][:ENTITIES]
        right = answers_of(project, ids)
        (scratch / "replies").write_text("".join(right.values()))
        (scratch / "asks").write_text("".join(json.dumps({"user_id": one}) + "\n" for one in ids))
        (scratch / "load.lua").write_text(LUA % {"folder": scratch})

        process, port, log = project.serve()
        found = {"checked": 0, "wrong": [], "failed": [], "killed": 0, "promoted": 0}
        found |= {"materialized": 0, "seconds": [], "memory": []}
        load = ["wrk", "-t2", "-c16", f"-d{seconds}", "-s", str(scratch / "load.lua"), "--latency"]
        load = subprocess.Popen(
            [*load, f"http://127.0.0.1:{port}/predict"], stdout=subprocess.PIPE, text=True
        )
        until = time.monotonic() + seconds
        work = [(check, (port, right, ids, until, found))] * CHECKERS
        work += [(promote, (project, port, until, found)), (materialize, (project, until, found))]
        work += [(watch, (process, until, found))]
        threads = [threading.Thread(target=of, args=arguments) for of, arguments in work]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        report, _ = load.communicate(timeout=60)
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=10)
        metrics = ask(connection, "/metrics")[2]
        counts = {
            name: re.search(rf"^{name} (\S+)$", metrics, re.M).group(1)
            for name in ("model_swaps_total", "model_load_failures_total", "model_load_failing")
        }
        stop(process)
        history = subprocess.run(project.command("fsck"), capture_output=True, text=True)
        print(report)
        rss, moved = found["memory"], sorted(found["seconds"])
        tenth = max(1, len(rss) // 10)
        print(f"promoted {found['promoted']}, killed {found['killed']}, materialized {found['materialized']}")
        print(f"checked by id {found['checked']}, wrong {len(found['wrong'])}, failed {len(found['failed'])}")
        print(f"from promoted to served: median {statistics.median(moved):.3f} s, most {moved[-1]:.3f} s")
        print(
            f"memory in MiB: second tenth {statistics.mean(rss[tenth : 2 * tenth]):.1f}, "
            f"last tenth {statistics.mean(rss[-tenth:]):.1f}, most {max(rss):.1f}"
        )
        print(counts, "fsck", history.returncode)
        for line in [*found["wrong"][:3], *found["failed"][:5]]:
            print(line)
        unusual = [line for line in log if "now serving" not in line]
        print("log:", len(log), "lines; others than `now serving`:", unusual[:5])


if __name__ == "__main__":
    main()
