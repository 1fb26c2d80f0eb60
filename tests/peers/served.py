"""A served project as others see it: schemathesis asks whatever /openapi.json allows and what it does not,
and the Prometheus client reads /metrics. Each check prints one line; the last line counts them."""

import contextlib
import json
import os
import pathlib
import re
import subprocess
import sys
import tempfile
import traceback
import urllib.request

STREAMFLOW = os.environ["STREAMFLOW"]
TOKEN = "0123456789abcdef0123456789abcdef"
PATIENCE = 240

# Requests that fit the schema may still be about nobody, have more ids than can be explained, or as many
# contexts as ids: that no schema can say. A body that is too large is refused as such.
EXPECTED = """
[checks]
negative_data_rejection.expected-statuses = ["400", "401", "404", "405", "413", "415", "422"]
positive_data_acceptance.expected-statuses = ["2xx", "404", "413", "422"]
"""


def streamflow(project, *arguments):
    command = [STREAMFLOW, "-C", str(project), *arguments]
    done = subprocess.run(command, capture_output=True, text=True)
    assert done.returncode == 0, f"{arguments}: exit {done.returncode}\n{done.stdout}{done.stderr}"
    return done.stdout


def sample(folder):
    """The example project, pinned and materialized."""
    project = folder / "project"
    subprocess.run([STREAMFLOW, "init", str(project)], check=True, capture_output=True)
    run = json.loads(streamflow(project, "run", "churn_logistic", "--format", "json"))["run"]
    streamflow(project, "promote", run, "--to", "production", "--override-gates", "--reason", "to be asked")
    streamflow(project, "materialize")
    return project


@contextlib.contextmanager
def served(project, *arguments):
    """Serves at a free port and gives the address; ends by its own process id."""
    command = [STREAMFLOW, "-C", str(project), "serve", "--address", "127.0.0.1:0", *arguments]
    log = project.parent / "serve.log"
    with open(log, "w") as errors, subprocess.Popen(command, stdout=subprocess.PIPE, stderr=errors) as server:
        try:
            address = None
            while address is None and server.poll() is None:
                address = re.search(r"http://\S+", log.read_text())
            assert address, log.read_text()
            yield address.group()
            assert server.poll() is None, "the server ended"
            assert "bug" not in log.read_text(), log.read_text()
        finally:
            server.terminate()


def get(url, token=None):
    headers = {"Authorization": f"Bearer {token}"} if token else {}
    with urllib.request.urlopen(urllib.request.Request(url, headers=headers)) as reply:
        return reply.read().decode()


def schemathesis(folder, *arguments):
    """Runs every check of schemathesis, and gives how many requests it made."""
    configuration = folder / "schemathesis.toml"
    configuration.write_text(EXPECTED)
    # Not by its script, which names the folder that the environment was made in.
    program = [sys.executable, "-c", "from schemathesis.cli import schemathesis; schemathesis()"]
    command = [*program, "--config-file", str(configuration), "run"]
    options = ["--checks", "all", "--continue-on-failure", "--seed", "1", "--max-examples", "50", "--no-color", "--warnings", "off"]
    done = subprocess.run([*command, *arguments, *options], cwd=folder, capture_output=True, text=True, timeout=PATIENCE)
    # Bodies of ten thousand ids are quoted in full.
    told = "\n".join(line[:400] for line in (done.stdout + done.stderr).splitlines())
    assert done.returncode == 0, told
    made = re.search(r"(\d+) generated, (\d+) passed", told)
    assert made and made.group(1) == made.group(2) and int(made.group(1)) > 80, told
    return f"{made.group(1)} requests"


# Doors of other protocols are asked on their own: all routes at once take longer than anyone waits.
DOORS = "^/(ping|version|invocations|v2|get-online-features)"


def schemathesis_finds_nothing(project):
    with served(project) as address:
        return schemathesis(project.parent, f"{address}/openapi.json", "--exclude-path-regex", DOORS)


def schemathesis_with_known_keys_finds_nothing_at_the_doors(project):
    with served(project) as address:
        document = json.loads(get(f"{address}/openapi.json"))
        document["components"]["schemas"]["KnownKey"] = {"type": "string", "enum": known_keys(project)}
        for path in ["/invocations", "/get-online-features"]:
            body = document["paths"][path]["post"]
            body["requestBody"] = json.loads(json.dumps(body["requestBody"]).replace("schemas/Key", "schemas/KnownKey"))
        schemas = document["components"]["schemas"]
        schemas["MlflowRow"] = json.loads(json.dumps(schemas["MlflowRow"]).replace("schemas/Key", "schemas/KnownKey"))
        path = project.parent / "openapi.json"
        path.write_text(json.dumps(document))
        only = ["--include-path-regex", "^/(invocations|get-online-features)$"]
        requests = schemathesis(project.parent, str(path), "--url", address, "--mode", "positive", *only)
        metrics = get(f"{address}/metrics")
    predicted = sum(map(float, re.findall(r"model_prediction_probability_count\S+ (\S+)", metrics)))
    assert predicted > 50, predicted
    return f"{requests}, {predicted:.0f} predictions"


def known_keys(project):
    users = (project / "data" / "2024-03-31" / "users.csv").read_text().splitlines()[1:40]
    return [*(line.split(",")[0] for line in users), "nobody"]


def schemathesis_with_known_keys_finds_nothing(project):
    """Keys that are no invention get to where predictions are made."""
    known = known_keys(project)
    with served(project) as address:
        document = json.loads(get(f"{address}/openapi.json"))
        # Of what is sent only: a reply names whatever it was asked about.
        document["components"]["schemas"]["KnownKey"] = {"type": "string", "enum": known}
        document["paths"]["/features/{id}"]["get"]["parameters"][0]["schema"]["enum"] = known
        predict = document["paths"]["/predict"]["post"]
        predict["requestBody"] = json.loads(json.dumps(predict["requestBody"]).replace("schemas/Key", "schemas/KnownKey"))
        path = project.parent / "openapi.json"
        path.write_text(json.dumps(document))
        requests = schemathesis(project.parent, str(path), "--url", address, "--mode", "positive", "--exclude-path-regex", DOORS)
        metrics = get(f"{address}/metrics")
    predicted = sum(map(float, re.findall(r"model_prediction_probability_count\S+ (\S+)", metrics)))
    assert predicted > 100, predicted
    return f"{requests}, {predicted:.0f} predictions"


def schemathesis_with_a_token_finds_nothing(project):
    return asked_with_a_token(project, "--exclude-path-regex", DOORS)


def schemathesis_with_a_token_finds_nothing_at_the_doors(project):
    return asked_with_a_token(project, "--include-path-regex", DOORS)


def asked_with_a_token(project, *paths):
    token = project.parent / "token"
    token.write_text(TOKEN)
    token.chmod(0o600)
    with served(project, "--token-file", str(token)) as address:
        path = project.parent / "openapi.json"
        path.write_text(get(f"{address}/openapi.json", TOKEN))
        return schemathesis(project.parent, str(path), "--url", address, "--header", f"Authorization: Bearer {TOKEN}", *paths)


def prometheus_reads_the_metrics(project):
    from prometheus_client.parser import text_string_to_metric_families

    with served(project) as address:
        get(f"{address}/health")
        user = (project / "data" / "2024-03-31" / "users.csv").read_text().splitlines()[1].split(",")[0]
        body = json.dumps({"user_ids": [user, "nobody"]}).encode()
        request = urllib.request.Request(f"{address}/predict", body, {"Content-Type": "application/json"})
        urllib.request.urlopen(request).close()
        text = get(f"{address}/metrics")
    families = {family.name: family for family in text_string_to_metric_families(text)}
    samples = {}
    for family in families.values():
        assert family.documentation.endswith("."), family.name
        for sample in family.samples:
            key = (sample.name, tuple(sorted(sample.labels.items())))
            assert key not in samples, key
            samples[key] = sample.value
    written = sum(not line.startswith("#") for line in text.splitlines())
    assert len(samples) == written, (len(samples), written)
    health = tuple(sorted({"route": "/health", "method": "GET", "status": "200"}.items()))
    assert samples["api_requests_total", health] == 1
    # A counter is called without its ending there.
    kinds = {"api_requests": "counter", "api_request_latency_seconds": "histogram", "model_info": "gauge",
             "model_prediction_probability": "histogram", "model_prediction_number": "summary", "model_values": "counter",
             "model_imputed_values": "counter", "model_refusals": "counter", "model_swaps": "counter"}
    for name, kind in kinds.items():
        assert families[name].type == kind, f"{name} is a {families[name].type}"
    count = [value for (name, _), value in samples.items() if name == "model_prediction_probability_count"]
    assert count == [1], count
    return f"{len(families)} metrics, {len(samples)} samples"


def main():
    checks = [
        prometheus_reads_the_metrics,
        schemathesis_finds_nothing,
        schemathesis_with_known_keys_finds_nothing,
        schemathesis_with_known_keys_finds_nothing_at_the_doors,
        schemathesis_with_a_token_finds_nothing_at_the_doors,
        schemathesis_with_a_token_finds_nothing,
    ]
    passed = 0
    with tempfile.TemporaryDirectory() as folder:
        project = sample(pathlib.Path(folder))
        for check in checks:
            name = check.__name__.replace("_", " ")
            try:
                print(f"ok      {name}: {check(project)}", flush=True)
                passed += 1
            except Exception:
                print(f"FAILED  {name}\n{traceback.format_exc()}", flush=True)
    print(f"{passed} passed, {len(checks) - passed} failed")
    sys.exit(0 if passed == len(checks) else 1)


if __name__ == "__main__":
    main()
