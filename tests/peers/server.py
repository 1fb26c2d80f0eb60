"""A PostgreSQL of one's own: in a temporary folder, on the loopback, stopped when it is done with."""

import contextlib
import glob
import os
import pathlib
import pwd
import shutil
import signal
import socket
import subprocess
import tempfile
import threading
import time

USER, PASSWORD = "alice", "s3cret-w0rd"
PATIENCE = 30


def programs():
    """The folder of initdb and postgres."""
    found = sorted(glob.glob("/usr/lib/postgresql/*/bin/initdb"), key=lambda path: int(path.split("/")[4]))
    path = found[-1] if found else shutil.which("initdb")
    assert path, "PostgreSQL is not installed: Debian's package is `postgresql`"
    return pathlib.Path(path).parent


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


class Server:
    """Starts on entry, stops on exit, by its own process id."""

    def __init__(self):
        self.port = free_port()
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="streamflow-postgres-"))
        self.process = None
        # initdb refuses to work for root.
        self.owner = {}
        if os.geteuid() == 0:
            names = {entry.pw_name for entry in pwd.getpwall()}
            name = "postgres" if "postgres" in names else "nobody"
            entry = pwd.getpwnam(name)
            self.owner = {"user": name, "group": entry.pw_gid, "extra_groups": []}
            os.chown(self.folder, entry.pw_uid, entry.pw_gid)

    def __enter__(self):
        try:
            self.start()
        except BaseException:
            self.__exit__()
            raise
        return self

    def start(self):
        binaries = programs()
        password = self.folder / "password"
        password.write_text(PASSWORD)
        data = str(self.folder / "data")
        make = [binaries / "initdb", "-D", data, "-U", USER, f"--pwfile={password}"]
        make += ["-A", "scram-sha-256", "-E", "UTF8", "--locale=C.UTF-8", "--no-sync"]
        done = subprocess.run(make, cwd="/", capture_output=True, text=True, timeout=120, **self.owner)
        assert done.returncode == 0, done.stdout + done.stderr
        settings = {
            "listen_addresses": "127.0.0.1",
            "port": self.port,
            "unix_socket_directories": self.folder,
            "fsync": "off",
            # As a server elsewhere may be set: none of it may reach what is read.
            "timezone": "America/New_York",
            "datestyle": "SQL, DMY",
            "extra_float_digits": "-3",
        }
        run = [binaries / "postgres", "-D", data]
        for name, value in settings.items():
            run += ["-c", f"{name}={value}"]
        log = (self.folder / "log").open("wb")
        self.process = subprocess.Popen(run, cwd="/", stdout=log, stderr=log, **self.owner)
        end = time.monotonic() + PATIENCE
        while subprocess.run(["psql", "-X", "-q", self.url(), "-c", ""], capture_output=True).returncode:
            assert self.process.poll() is None, (self.folder / "log").read_text()
            assert time.monotonic() < end, "PostgreSQL does not come up"
            time.sleep(0.1)

    def __exit__(self, *_):
        if self.process is not None and self.process.poll() is None:
            self.process.send_signal(signal.SIGINT)
            try:
                self.process.wait(PATIENCE)
            except subprocess.TimeoutExpired:
                self.process.kill()
                self.process.wait()
        shutil.rmtree(self.folder, ignore_errors=True)

    def url(self, user=USER, password=PASSWORD, port=None, database="postgres", more=""):
        return f"postgres://{user}:{password}@127.0.0.1:{port or self.port}/{database}{more}"

    def sql(self, text, given=None, url=None):
        """What psql prints of some statements; they must succeed."""
        command = ["psql", "-X", "-q", "-A", "-t", "-v", "ON_ERROR_STOP=1", url or self.url(), "-c", text]
        plain = {**os.environ, "PGOPTIONS": "-c datestyle=ISO -c extra_float_digits=1 -c timezone=UTC"}
        done = subprocess.run(command, input=given, capture_output=True, text=True, timeout=120, env=plain)
        assert done.returncode == 0, f"{text}\n{done.stderr}"
        return done.stdout.strip()

    def allow(self, method):
        """How those who connect prove who they are, from now on."""
        rules = f"host all all 127.0.0.1/32 {method}\nlocal all all {method}\n"
        (self.folder / "data" / "pg_hba.conf").write_text(rules)
        self.process.send_signal(signal.SIGHUP)
        time.sleep(0.5)


@contextlib.contextmanager
def cut(port, after):
    """A line to a port that breaks off when the server has sent so many bytes. Gives its own port."""
    listener = socket.create_server(("127.0.0.1", 0))
    listener.settimeout(PATIENCE)

    def forward(source, target):
        with contextlib.suppress(OSError):
            while piece := source.recv(65536):
                target.sendall(piece)

    def serve():
        with contextlib.suppress(OSError):
            client, _ = listener.accept()
            upstream = socket.create_connection(("127.0.0.1", port))
            threading.Thread(target=forward, args=(client, upstream), daemon=True).start()
            left = after
            while left and (piece := upstream.recv(min(left, 65536))):
                client.sendall(piece)
                left -= len(piece)
            # Without ceremony: a reset, as of a machine that went away.
            client.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")
            client.shutdown(socket.SHUT_RDWR)
            client.close()
            upstream.close()

    thread = threading.Thread(target=serve, daemon=True)
    thread.start()
    try:
        yield listener.getsockname()[1]
    finally:
        listener.close()
        thread.join(PATIENCE)
