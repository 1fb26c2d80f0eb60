#!/usr/bin/env python3
"""What a shadow costs those who ask.

    benches/shadow.py target/release/streamflow [ROUNDS]

Two servers on one project: a forest of 300 trees in production, one of 100 staged; one server shadows, the
other does not. Rounds of 5 s take turns, so that a busy machine slows both alike: wrk asks /predict for one
of 500 entities after the other over 16 connections, which is more than the machine can do, and over one.
Needs wrk.
"""

import pathlib
import re
import statistics
import sys
import tempfile
import urllib.request

from load import ask_about, call, load, pin, serve, users_of, write_script

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


def project(program, folder):
    call(program, "init", folder)
    pathlib.Path(folder, "experiments/smaller.toml").write_text(STAGED)
    pin(program, folder, "churn_random_forest", "production")
    pin(program, folder, "smaller", "staging")
    call(program, "-C", folder, "materialize", "--as-of", "2024-01-31")


def start(program, folder, shadow):
    settings = pathlib.Path(folder, "streamflow.toml")
    text = settings.read_text().replace('shadow = "staging"\n', "")
    settings.write_text(text.replace("[serve]\n", '[serve]\nshadow = "staging"\n') if shadow else text)
    return serve(program, folder)


def counted(address):
    with urllib.request.urlopen(f"{address}/metrics") as reply:
        text = reply.read().decode()
    names = ("compared", "dropped")
    return {name: float(re.search(rf"shadow_{name}_total\{{.*\}} (\d+)", text).group(1)) for name in names}


def main():
    program = str(pathlib.Path(sys.argv[1]).resolve())
    rounds = int(sys.argv[2]) if len(sys.argv) > 2 else 7
    with tempfile.TemporaryDirectory() as scratch:
        folder = f"{scratch}/project"
        project(program, folder)
        servers = {"off": start(program, folder, False), "on": start(program, folder, True)}
        script = write_script(scratch, "ask", ask_about(users_of(folder, 500)))
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
