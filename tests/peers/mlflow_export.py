"""Runs exported to a real MLflow server, read back by MLflow's own client. Part of tests/peers/run."""

import contextlib
import json
import os
import pathlib
import re
import signal
import ssl
import subprocess
import sys
import tempfile
import threading
import time
import traceback
import urllib.error
import urllib.request
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from server import free_port

os.environ.update(MLFLOW_DISABLE_TELEMETRY="true", DO_NOT_TRACK="true", GIT_PYTHON_REFRESH="quiet")

STREAMFLOW = os.environ["STREAMFLOW"]
EXPERIMENT = "churn_logistic"
MODEL = "churn"
PATIENCE = 180
TOLERANCE = 1e-9
# What stands in the environment where these checks run must not reach the program.
OWN = ("MLFLOW_TRACKING_URI", "MLFLOW_TRACKING_TOKEN", "MLFLOW_TRACKING_USERNAME", "MLFLOW_TRACKING_PASSWORD")


class Mlflow:
    """A server in a folder of its own, on the loopback; ends by its own process group."""

    def __init__(self, folder, *options):
        self.folder, self.options = pathlib.Path(folder), options
        self.port = free_port()
        self.uri = f"http://127.0.0.1:{self.port}"

    def __enter__(self):
        self.folder.mkdir(parents=True, exist_ok=True)
        # Not by its script, which names the folder that the environment was made in.
        command = [sys.executable, "-m", "mlflow", "server", "--host", "127.0.0.1", "--port", str(self.port),
                   "--workers", "1", "--backend-store-uri", f"sqlite:///{self.folder}/mlflow.sqlite", *self.options]
        with open(self.folder / "log", "w") as log:
            self.process = subprocess.Popen(command, cwd=self.folder, stdout=log, stderr=log, start_new_session=True)
        try:
            self.wait()
        except BaseException:
            self.__exit__()
            raise
        return self

    def wait(self):
        end = time.monotonic() + PATIENCE
        while time.monotonic() < end and self.process.poll() is None:
            with contextlib.suppress(OSError):
                urllib.request.urlopen(f"{self.uri}/version", timeout=5).close()
                return
            time.sleep(0.3)
        raise AssertionError(f"the server did not start\n{(self.folder / 'log').read_text()[-3000:]}")

    def __exit__(self, *_):
        for ending in (signal.SIGTERM, signal.SIGKILL):
            with contextlib.suppress(ProcessLookupError):
                os.killpg(self.process.pid, ending)
            with contextlib.suppress(subprocess.TimeoutExpired):
                self.process.wait(20)
                break


class Project:
    """The example project with its own model, and the program in it."""

    def __init__(self, folder):
        self.folder = pathlib.Path(folder)
        subprocess.run([STREAMFLOW, "init", str(self.folder)], check=True, capture_output=True)
        for name in (EXPERIMENT, "churn_random_forest"):
            self.edit(name, lambda text: re.sub(r"(?m)^registers *=.*$", f'registers = "{MODEL}"', text))
        forest = '[cross_validation]\nfolds = 3\n'
        self.edit("churn_random_forest", lambda text: re.sub(r"trees *= *\d+", "trees = 20", text) + "\n" + forest)

    def edit(self, name, change):
        path = self.folder / "experiments" / f"{name}.toml"
        path.write_text(change(path.read_text()))

    def run(self, *arguments, code=0, **variables):
        environment = {name: value for name, value in os.environ.items() if name not in OWN} | variables
        command = [STREAMFLOW, "-C", str(self.folder), *arguments]
        done = subprocess.run(command, capture_output=True, text=True, env=environment, timeout=PATIENCE)
        said = done.stdout + done.stderr
        assert done.returncode == code, f"{arguments}: exit {done.returncode}, not {code}\n{said}"
        return done.stdout if code == 0 else said

    def json(self, *arguments, **options):
        return json.loads(self.run(*arguments, "--format", "json", **options))

    def export(self, run, uri, **options):
        return self.json("export", run, "--to", "mlflow", uri, **options)

    def executed(self, name=EXPERIMENT):
        return self.json("run", name)["run"]


def client_of(uri):
    import mlflow

    mlflow.set_tracking_uri(uri)
    mlflow.set_registry_uri(uri)
    return mlflow.MlflowClient(uri)


def everything(client, done):
    """A run and its versions as they are there, in one value that can be compared."""
    run = client.get_run(done["run_id"])
    metrics = {name: [(m.step, m.timestamp, m.value) for m in client.get_metric_history(done["run_id"], name)] for name in run.data.metrics}
    files = {path: client.download_artifacts(done["run_id"], path) for path in paths(client, done["run_id"])}
    files = {path: pathlib.Path(local).read_bytes() for path, local in files.items()}
    versions = [
        (v.version, v.current_stage, sorted(v.aliases), v.description, dict(v.tags), v.run_id, v.source)
        for v in client.search_model_versions(f"name='{MODEL}'")
    ]
    inputs = sorted((i.dataset.name, i.dataset.digest) for i in run.inputs.dataset_inputs)
    info = (run.info.status, run.info.start_time, run.info.end_time, run.info.run_name, run.info.experiment_id)
    return {"info": info, "params": run.data.params, "tags": run.data.tags, "metrics": metrics, "files": files, "versions": versions, "inputs": inputs}


def paths(client, run, folder=None):
    found = []
    for entry in client.list_artifacts(run, folder):
        found += paths(client, run, entry.path) if entry.is_dir else [entry.path]
    return sorted(found)


def runs_of(client, experiment):
    found = client.get_experiment_by_name(experiment)
    return client.search_runs([found.experiment_id]) if found else []


def what_is_written_is_read_back(project, server):
    """Params, metrics to the bit, tags, inputs, artifacts byte by byte."""
    run = project.executed("churn_random_forest")
    done = project.export("churn_random_forest@latest", server.uri)
    assert done["status"] == "created" and done["run"] == run, done
    client = client_of(server.uri)
    there = everything(client, done)
    shown = project.json("show", run)
    declared = shown["declared"]
    assert there["params"].keys() == declared.keys(), there["params"].keys() ^ declared.keys()
    for name, value in declared.items():
        text = there["params"][name]
        assert text == value if isinstance(value, str) else json.loads(text) == value, (name, value, text)
    for name, value in shown["metrics"].items():
        step, timestamp, found = there["metrics"][name][-1]
        assert found.hex() == value.hex(), (name, found, value)
        assert timestamp == there["info"][2], "a metric is as old as its run"
    for name, interval in shown["intervals"].items():
        assert there["metrics"][f"{name}_low"][-1][2].hex() == interval["low"].hex(), name
        assert there["metrics"][f"{name}_high"][-1][2].hex() == interval["high"].hex(), name
    folds = json.loads(there["files"]["metrics.json"])["cross_validation"]["metrics"]["auc"]
    assert [(step, value) for step, _, value in there["metrics"]["cv_auc_fold"]] == list(enumerate(folds["folds"]))
    assert there["metrics"]["cv_auc"][0][2] == folds["mean"] and there["metrics"]["cv_auc_sd"][0][2] == folds["sd"]
    lock = (project.folder / "lockfiles" / "churn_random_forest.lock").read_bytes()
    assert there["files"]["churn_random_forest.lock"] == lock
    for artefact, path in {"predictions.parquet": "predictions", "metrics.json": "report"}.items():
        copy = project.folder.parent / artefact.replace("metrics", "report")
        project.run("get", run, path, "-o", str(copy))
        assert there["files"][artefact] == copy.read_bytes(), artefact
    page = project.folder.parent / "report.html"
    project.run("report", run, "-o", str(page))
    assert there["files"]["report.html"] == page.read_bytes()
    assert json.loads(there["files"]["declared.json"]) == declared
    tags = there["tags"]
    assert tags["streamflow.run"] == run and tags["streamflow.version"], tags
    for data in shown["data"]:
        assert tags[f"streamflow.data.{data['table']}.{data['as_of']}"] == data["hash"]
        assert (f"{data['table']} {data['as_of']}", data["hash"][:36]) in there["inputs"]
    assert len(there["inputs"]) == len(shown["data"])
    for name, value in shown["outputs"].items():
        assert tags[f"streamflow.output.{name}"] == value
    assert "mlflow.user" not in tags or tags["mlflow.user"] == "", tags.get("mlflow.user")
    execution = shown["executions"][-1]
    assert there["info"][0] == "FINISHED"
    assert abs((there["info"][2] - there["info"][1]) / 1000 - execution["seconds"]) < 0.002
    written = done["written"]
    assert written["params"] == len(declared) and written["files"] == len(there["files"])
    return f"{written['params']} params, {sum(map(len, there['metrics'].values()))} values of metrics, {len(tags)} tags, {len(there['files'])} files"


def exporting_again_changes_nothing(project, server):
    client = client_of(server.uri)
    first = project.export("churn_random_forest@latest", server.uri)
    before = everything(client, first)
    again = project.export("churn_random_forest@locked", server.uri)
    assert again["status"] == "updated" and again["run_id"] == first["run_id"], again
    assert everything(client, first) == before
    assert len(runs_of(client, "churn_random_forest")) == 1
    return f"{len(before['files'])} files the same"


def frame_of(rows, session_inputs):
    """Features as MLflow's ONNX flavor takes them: numbers as floats, texts as objects, nulls as NaN and the empty text."""
    import pandas

    columns = {}
    for column in session_inputs:
        cells = rows[column.name].to_pylist()
        if str(column.type) == "DataType.double":
            columns[column.name] = [float("nan") if cell is None else float(cell) for cell in cells]
        else:
            words = {None: "", True: "true", False: "false"}
            columns[column.name] = pandas.Series([words.get(cell, cell) for cell in cells], dtype=object)
    return pandas.DataFrame(columns)


def held(project, uri, name, version):
    """The largest difference between what a loaded model says and what is recorded of the test rows."""
    import mlflow
    import pyarrow.parquet

    client_of(uri)
    model = mlflow.pyfunc.load_model(f"models:/{name}/{version}")
    run = model.metadata.metadata["streamflow.run"]
    training = project.folder.parent / "training.parquet"
    project.run("get", run, "training_set", "-o", str(training))
    predictions = project.folder.parent / "predictions.json"
    project.run("get", run, "predictions", "-o", str(predictions))
    rows = pyarrow.parquet.read_table(training)
    said = model.predict(frame_of(rows, model.metadata.get_input_schema().inputs))
    by_key = {key: at for at, key in enumerate(zip(rows["user_id"].to_pylist(), map(str, rows["as_of"].to_pylist())))}
    largest, compared = 0.0, 0
    for row in json.loads(predictions.read_text()):
        at = by_key[(row["user_id"], str(row["as_of"]))]
        difference = abs(said["probability"][at] - row["probability"])
        largest, compared = max(largest, difference), compared + 1
        if abs(row["probability"] - 0.5) > TOLERANCE:
            assert said["prediction"][at] == (row["probability"] >= 0.5), row
    assert compared > 100 and largest <= TOLERANCE, (compared, largest)
    return largest, compared


def a_loaded_model_says_what_we_say(project, server):
    version = project.export("churn_random_forest@latest", server.uri)["model_versions"][0]
    largest, compared = held(project, server.uri, version["name"], version["version"])
    return f"{compared} rows, largest difference {largest:.1e}"


def stages_and_aliases_follow(project, server):
    client = client_of(server.uri)
    forest = project.json("show", "churn_random_forest@latest")["run"]
    logistic = project.executed()

    def version(run):
        found = project.export(run, server.uri)
        (written,) = found["model_versions"]
        there = client.get_model_version(MODEL, written["version"])
        assert written["stage"] == there.current_stage and written["aliases"] == sorted(there.aliases), (written, there)
        return there

    override = ("--override-gates", "--reason", "to see")
    assert version(forest).current_stage == "None"
    project.run("promote", forest, "--to", "production", *override)
    project.run("promote", forest, "--alias", "champion", "--reason", "to see")
    first = version(forest)
    assert first.current_stage == "Production" and set(first.aliases) == {"production", "champion"}, first
    # An alias that somebody set there is theirs.
    client.set_registered_model_alias(MODEL, "theirs", first.version)
    project.run("promote", logistic, "--to", "production", *override)
    second = version(logistic)
    assert second.current_stage == "Production" and second.aliases == ["production"], second
    assert second.version != first.version and second.run_id != first.run_id
    first = client.get_model_version(MODEL, first.version)
    assert first.current_stage == "Archived" and set(first.aliases) == {"champion", "theirs"}, first
    project.run("promote", forest, "--remove-alias", "champion", "--reason", "to see")
    first = version(forest)
    assert first.current_stage == "Archived" and first.aliases == ["theirs"], first
    project.run("promote", logistic, "--to", "staging", *override)
    project.run("promote", logistic, "--to", "none", "--reason", "to see")
    assert version(logistic).current_stage == "None" and not version(logistic).aliases
    assert len(client.search_model_versions(f"name='{MODEL}'")) == 2, "a run is one version"
    return "Production, Archived, None; aliases set, moved, taken away"


class Between(BaseHTTPRequestHandler):
    """Hands requests on to the server, and closes the connection without an answer from the nth on."""

    protocol_version = "HTTP/1.1"

    def log_message(self, *_):
        pass

    def hand_on(self):
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        with self.server.lock:
            self.server.left -= 1
            ends = self.server.left < 0
        if ends and self.server.killed is not None:
            self.server.killed()
        if ends:
            self.close_connection = True
            return
        headers = {name: value for name, value in self.headers.items() if name.lower() not in ("host", "connection")}
        request = urllib.request.Request(self.server.uri + self.path, body or None, headers, method=self.command)
        try:
            reply = urllib.request.urlopen(request, timeout=PATIENCE)
        except urllib.error.HTTPError as error:
            reply = error
        with reply:
            content = reply.read()
            self.send_response(reply.status)
            for name in ("Content-Type", "Location"):
                if reply.headers.get(name):
                    self.send_header(name, reply.headers[name])
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

    do_GET = do_POST = do_PUT = do_PATCH = do_DELETE = hand_on


@contextlib.contextmanager
def between(uri, requests, killed=None, context=None):
    door = ThreadingHTTPServer(("127.0.0.1", 0), Between)
    door.handle_error = lambda *_: None
    if context:
        door.socket = context.wrap_socket(door.socket, server_side=True)
    door.uri, door.left, door.killed, door.lock = uri, requests, killed, threading.Lock()
    thread = threading.Thread(target=door.serve_forever, daemon=True)
    thread.start()
    try:
        yield f"{'https' if context else 'http'}://127.0.0.1:{door.server_address[1]}", door
    finally:
        door.shutdown()
        door.server_close()


def an_export_that_is_cut_short_goes_on(project, server):
    """Cut again and again, after more and more requests: the next one completes the same run."""
    client = client_of(server.uri)
    name = "churn_prior"
    project.edit(name, lambda text: re.sub(r"(?m)^registers *=.*$", 'registers = "prior"', text))
    project.executed(name)
    with between(server.uri, 10**6) as (uri, door):
        # How many there are, by an experiment of another name.
        project.json("export", f"{EXPERIMENT}@latest", "--to", "mlflow", uri)
        most = 10**6 - door.left
    cuts = 0
    # Each of those that make something, and of the last; of the files and batches between them some.
    for requests in (at for at in range(most + 5) if at < 6 or at % 4 == 0 or at > most - 6):
        with between(server.uri, requests) as (uri, door):
            process = [STREAMFLOW, "-C", str(project.folder), "export", f"{name}@latest", "--to", "mlflow", uri, "--format", "json"]
            started = subprocess.Popen(process, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
            # Every other one is killed, and does not merely lose its line.
            killed = cuts % 2 == 1
            door.killed = started.kill if killed else None
            out, _ = started.communicate(timeout=PATIENCE)
        if started.returncode == 0:
            break
        assert started.returncode == (-signal.SIGKILL if killed else 5), (started.returncode, out)
        cuts += 1
        found = runs_of(client, name)
        assert len(found) <= 1, found
        assert all(run.info.status == "RUNNING" for run in found), found
    else:
        raise AssertionError("it never came to its end")
    done = project.export(f"{name}@latest", server.uri)
    assert done["status"] == "updated"
    (run,) = runs_of(client, name)
    assert run.info.status == "FINISHED"
    assert len(client.search_model_versions("name='prior'")) == 1
    held(project, server.uri, "prior", done["model_versions"][0]["version"])
    return f"cut {cuts} times, in up to {requests} requests"


def several_classes_are_several_columns(project, server):
    """What MLflow gives of a data frame has one number a row: each class has a column."""
    import mlflow

    label = {"table": "subscriptions", "column": "contract_type"}
    text = (project.folder / "experiments" / f"{EXPERIMENT}.toml").read_text()
    text = re.sub(r"(?ms)^\[label\].*?(?=^\[)", f"[label]\ntable = \"{label['table']}\"\ncolumn = \"{label['column']}\"\ntask = \"multiclass\"\n\n", text)
    text = re.sub(r"(?ms)^\[dataset\].*?(?=^\[)", '[dataset]\nfeatures = ["usage_agg_30d.*", "payments_agg_90d.*"]\n\n', text)
    text = re.sub(r"(?ms)^\[(promote|evaluate|calibrate|preprocess)\].*?(?=^\[|\Z)", "", text)
    text += '\n[preprocess]\nmissing_numeric = "median"\nmissing_categorical = "category"\n'
    text = re.sub(r"(?m)^registers *=.*$", 'registers = "contracts"', text)
    (project.folder / "experiments" / "contracts.toml").write_text(text)
    run = project.executed("contracts")
    done = project.export(run, server.uri)
    client_of(server.uri)
    model = mlflow.pyfunc.load_model(f"models:/contracts/{done['model_versions'][0]['version']}")
    import pyarrow.parquet

    training = project.folder.parent / "contracts.parquet"
    project.run("get", run, "training_set", "-o", str(training))
    rows = pyarrow.parquet.read_table(training)
    said = model.predict(frame_of(rows, model.metadata.get_input_schema().inputs))
    classes = sorted(set(rows["label"].to_pylist()))
    columns = [f"probability[{name}]" for name in classes]
    assert list(said.columns) == ["prediction", "probability", *columns], said.columns
    assert [output.name for output in model.metadata.get_output_schema().inputs] == list(said.columns)
    total = said[columns].sum(axis=1)
    assert abs(total - 1).max() < 1e-12 and (said[columns].max(axis=1) == said["probability"]).all()
    return f"{len(classes)} classes, {len(said)} rows"


def what_onnx_cannot_say_is_left_out(project, server):
    """Everything but the model and its version is there, and it is said why."""
    text = (project.folder / "experiments" / f"{EXPERIMENT}.toml").read_text()
    text += '\n[preprocess.derived]\nrounded = "ROUND(usage_agg_30d.watch_hours_30d, 1)"\n'
    (project.folder / "experiments" / "rounded.toml").write_text(text)
    done = project.export(project.executed("rounded"), server.uri)
    assert not done["model"] and not done["model_versions"], done
    assert any("no model" in notice for notice in done["notices"]), done
    client = client_of(server.uri)
    assert "report.html" in paths(client, done["run_id"]) and not client.list_artifacts(done["run_id"], "model")
    return done["notices"][0][:70]


def the_example_of_the_docs_runs(project, server):
    """The Python of docs/mlflow.md, as it stands there."""
    page = pathlib.Path(__file__).parents[2] / "docs" / "mlflow.md"
    (example,) = re.findall(r"(?s)```python\n(.*?)```", page.read_text())
    run = project.json("show", "churn_random_forest@latest")["run"]
    project.run("promote", run, "--to", "production", "--override-gates", "--reason", "to see")
    project.export(run, server.uri)
    folder = project.folder.parent / "docs"
    folder.mkdir()
    project.run("get", run, "training_set", "-o", str(folder / "training_set.parquet"))
    example = example.replace("http://127.0.0.1:5000", server.uri).replace("models:/streamflow_churn@", f"models:/{MODEL}@")
    example += "\nprint(list(answers.columns), len(answers), answers.probability.between(0, 1).all())"
    done = subprocess.run([sys.executable, "-c", example], cwd=folder, capture_output=True, text=True, timeout=PATIENCE)
    assert done.returncode == 0, done.stderr
    assert done.stdout.strip() == "['prediction', 'probability'] 2000 True", done.stdout
    return done.stdout.strip()


def what_others_logged_there_is_said(project, server):
    """A newer value of a metric cannot be taken back: it is an error, until the run there is deleted."""
    client = client_of(server.uri)
    first = project.export("churn_prior@latest", server.uri)
    client.log_metric(first["run_id"], "auc", 0.75, timestamp=int(time.time() * 1000) + 86_400_000)
    said = project.run("export", "churn_prior@latest", "--to", "mlflow", server.uri, code=1)
    assert "other metrics than run" in said and "auc  here 0.5, there 0.75" in said, said
    client.delete_run(first["run_id"])
    second = project.export("churn_prior@latest", server.uri)
    assert second["status"] == "created" and second["run_id"] != first["run_id"], second
    return "exit 1, then a new run"


def over_tls_only_to_whom_is_believed(project, server):
    """With a certificate of one's own: refused until it is named, and for another host than it is of."""
    folder = project.folder.parent / "tls"
    folder.mkdir()
    key, certificate = folder / "key.pem", folder / "certificate.pem"
    command = "openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 2 -subj /CN=tester"
    extensions = ["-addext", "subjectAltName=DNS:localhost", "-addext", "basicConstraints=critical,CA:FALSE"]
    subprocess.run([*command.split(), *extensions, "-keyout", str(key), "-out", str(certificate)], check=True, capture_output=True)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate, key)
    run = f"{EXPERIMENT}@latest"
    with between(server.uri, 10**6, context=context) as (uri, _):
        believed = {"MLFLOW_TRACKING_SERVER_CERT_PATH": str(certificate)}
        named = uri.replace("127.0.0.1", "localhost")
        said = project.run("export", run, "--to", "mlflow", named, code=5)
        assert "UnknownIssuer" in said, said
        said = project.run("export", run, "--to", "mlflow", uri, code=5, **believed)
        assert "not valid for name" in said or "NotValidForName" in said, said
        assert project.export(run, named, **believed)["url"].startswith("https://localhost:")
    return "unknown issuer, wrong name, then exported"


def a_server_that_takes_no_artifacts_is_left_alone(project, _):
    """Started without the proxy of artifacts: it is said, and no run is made."""
    with Mlflow(project.folder.parent / "without", "--no-serve-artifacts") as server:
        said = project.run("export", f"{EXPERIMENT}@latest", "--to", "mlflow", server.uri, code=5)
        assert "does not take artifacts" in said and "--no-serve-artifacts" in said, said
        assert not runs_of(client_of(server.uri), EXPERIMENT)
        # Nor is one whose server has gone.
    said = project.run("export", f"{EXPERIMENT}@latest", "--to", "mlflow", server.uri, code=5)
    assert "cannot be reached" in said, said
    return "no run was made"


def main():
    checks = [
        what_is_written_is_read_back,
        exporting_again_changes_nothing,
        a_loaded_model_says_what_we_say,
        stages_and_aliases_follow,
        an_export_that_is_cut_short_goes_on,
        several_classes_are_several_columns,
        what_onnx_cannot_say_is_left_out,
        the_example_of_the_docs_runs,
        what_others_logged_there_is_said,
        over_tls_only_to_whom_is_believed,
        a_server_that_takes_no_artifacts_is_left_alone,
    ]
    chosen = [check for check in checks if not sys.argv[1:] or sys.argv[1] in check.__name__]
    passed = 0
    # Who is told to end ends the server too.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))
    with tempfile.TemporaryDirectory(prefix="streamflow-mlflow-", ignore_cleanup_errors=True) as folder:
        folder = pathlib.Path(folder)
        project = Project(folder / "project")
        with Mlflow(folder / "server", "--artifacts-destination", str(folder / "server" / "artifacts")) as server:
            for check in chosen:
                name = check.__name__.replace("_", " ")
                try:
                    print(f"ok      {name}: {check(project, server)}", flush=True)
                    passed += 1
                except Exception:
                    print(f"FAILED  {name}\n{traceback.format_exc()}", flush=True)
    print(f"{passed} passed, {len(chosen) - passed} failed")
    sys.exit(0 if passed == len(chosen) else 1)


if __name__ == "__main__":
    main()
