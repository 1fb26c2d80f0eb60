#!/usr/bin/env python3
"""What a crowd of idle and half-sent connections costs everyone else.

    benches/crowd.py target/release/streamflow [ROUNDS]

One server on the example project. Rounds of 5 s take turns, so that a busy machine slows both alike: wrk
asks /predict for one entity after the other over 16 connections, alone, or while a process of its own holds
1000 idle and 200 half-sent connections. Those that the server gives up (a request must be whole after
10 s, an idle connection is kept for 60 s) are opened again at once. Needs wrk.
"""

import pathlib
import resource
import selectors
import socket
import statistics
import subprocess
import sys
import tempfile
import time

from load import ask_about, call, load, pin, serve, users_of, write_script

IDLE, HALF = 1000, 200
CONNECTIONS = 16
HALVES = [
    b"POST /pre",
    b"POST /predict HTTP/1.1\r\nHost: x\r\nContent-Le",
    b"POST /predict HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: 100\r\n\r\n{",
]


def crowd(port):
    """Holds the connections until standard input ends; says so when all are there."""
    # The soft limit is for programs that cannot do with many.
    hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    selector = selectors.DefaultSelector()
    selector.register(sys.stdin, selectors.EVENT_READ)

    def connect(part):
        stream = socket.create_connection(("127.0.0.1", port))
        if part:
            stream.sendall(part)
        stream.setblocking(False)
        selector.register(stream, selectors.EVENT_READ, part)

    for _ in range(IDLE):
        connect(b"")
    for at in range(HALF):
        connect(HALVES[at % len(HALVES)])
        # Spread, so that they are not all given up in one instant.
        time.sleep(10 / HALF)
    print("there", flush=True)
    while True:
        for key, _ in selector.select():
            if key.fileobj is sys.stdin:
                return
            stream, part = key.fileobj, key.data
            try:
                if stream.recv(4096):
                    continue
            except OSError:
                pass
            selector.unregister(stream)
            stream.close()
            connect(part)


def main():
    program = str(pathlib.Path(sys.argv[1]).resolve())
    rounds = int(sys.argv[2]) if len(sys.argv) > 2 else 7
    with tempfile.TemporaryDirectory() as scratch:
        folder = f"{scratch}/project"
        call(program, "init", folder)
        pin(program, folder, "churn_random_forest", "production")
        call(program, "-C", folder, "materialize", "--as-of", "2024-01-31")
        server, address = serve(program, folder)
        script = write_script(scratch, "ask", ask_about(users_of(folder, 500)))
        found = {"alone": [], "crowded": []}
        load(address, script, CONNECTIONS)
        for _ in range(rounds):
            found["alone"].append(load(address, script, CONNECTIONS))
            others = subprocess.Popen(
                [sys.executable, __file__, "--crowd", address.rsplit(":", 1)[1]],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                text=True,
            )
            assert others.stdout.readline() == "there\n"
            found["crowded"].append(load(address, script, CONNECTIONS))
            others.stdin.close()
            others.wait()
            time.sleep(1)
        server.terminate()
        server.wait(10)
    print("milliseconds, medians of", rounds, "rounds; and all of them")
    for name, all_of in found.items():
        for figure in ("50%", "99%", "rate"):
            values = [one[figure] for one in all_of]
            print(f"{name:8} {figure:5} {statistics.median(values):10.3f}  ", *(f"{one:.3f}" for one in values))
    alone, crowded = (statistics.median(one["99%"] for one in found[name]) for name in found)
    print(f"p99 crowded / alone: {crowded / alone:.2f}")


if __name__ == "__main__":
    if sys.argv[1] == "--crowd":
        crowd(int(sys.argv[2]))
    else:
        main()
