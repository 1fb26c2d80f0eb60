"""A served project asked by clients of other protocols, as they are: the code of docs/doors.md is run from the page,
and what the clients return is held against /predict and /features, bit by bit.

    doors.py mlflow                 with the environment of requirements-mlflow.txt
    doors.py inference feast        with that of requirements-doors.txt

Each check prints one line; the last line counts them."""

import json
import math
import os
import pathlib
import re
import sys
import tempfile
import traceback
import urllib.error
import urllib.request

import served
from served import streamflow

PAGE = pathlib.Path(__file__).parents[2] / "docs" / "doors.md"


def code(heading, language):
    """The blocks of a language under a heading of the page."""
    text = PAGE.read_text().split(f"\n## {heading}\n")[1].split("\n## ")[0]
    blocks = re.findall(rf"```{language}\n(.*?)```", text, re.S)
    assert blocks, heading
    return blocks


def run(heading, address, names=None):
    """Runs the Python under a heading with the address of the server in place of the page's."""
    host, port = address.removeprefix("http://").split(":")
    names = names if names is not None else {}
    for block in code(heading, "python"):
        block = block.replace('"127.0.0.1", 8000', f'"{host}", {port}').replace("127.0.0.1:8000", f"{host}:{port}")
        exec(compile(block, str(PAGE), "exec"), names)
    return names


def post(url, body):
    request = urllib.request.Request(url, json.dumps(body).encode(), {"Content-Type": "application/json"})
    with urllib.request.urlopen(request) as reply:
        return json.load(reply)


def predicted(address, ids):
    return post(f"{address}/predict", {"user_ids": ids})["predictions"]


def customers(project):
    lines = (project / "data" / "2024-03-31" / "users.csv").read_text().splitlines()[1:]
    return [line.split(",")[0] for line in lines]


def shown(address, one):
    try:
        return json.loads(served.get(f"{address}/features/{one}"))
    except urllib.error.HTTPError as error:
        assert error.code == 404, one
        return None


def mlflow_scores_what_predict_scores(project, address):
    """The page's code, the first block with keys, the second with the training set."""
    import pandas
    from mlflow.pyfunc.scoring_server.client import ScoringServerClient

    streamflow(project, "get", "churn_logistic@latest", "training_set", "-o", "training_set.parquet")
    names = run("MLflow", address)
    rows, scores = names["rows"], names["scores"]
    assert len(scores) == 500 and list(scores) == ["prediction", "probability"], scores
    assert rows[names["features"]].isna().any().any(), "no value is missing, so none was sent as NaN"
    # What the run itself said of its test rows.
    streamflow(project, "get", "churn_logistic@latest", "predictions", "-o", "predictions.parquet")
    said = pandas.read_parquet("predictions.parquet").set_index("user_id")["probability"]
    held = [(said[one], score) for one, score in zip(rows["user_id"], scores["probability"]) if one in said.index]
    assert len(held) > 50 and all(a == b for a, b in held), held[:5]

    ids = customers(project)[:1000]
    client = ScoringServerClient(*address.removeprefix("http://").split(":"))
    answers = predicted(address, ids)
    for asked in [pandas.DataFrame({"user_id": ids}), [{"user_id": one} for one in ids]]:
        scores = client.invoke(asked).get_predictions()
        assert list(scores["probability"]) == [answer["probability"] for answer in answers]
        assert list(scores["prediction"]) == [answer["prediction"] for answer in answers]
    used = pandas.DataFrame([answer["features_used"] for answer in answers])
    scores = client.invoke(used).get_predictions()
    assert list(scores["probability"]) == [answer["probability"] for answer in answers]
    return f"{len(ids)} customers thrice, {len(held)} test rows by their values"


def mlflow_is_refused_in_its_words(project, address):
    import pandas
    from mlflow.pyfunc.scoring_server.client import ScoringServerClient

    client = ScoringServerClient(*address.removeprefix("http://").split(":"))
    assert re.fullmatch(r"\d+\.\d+\.\d+", client.get_version()), client.get_version()
    refused = 0
    for frame, status, word in [
        (pandas.DataFrame({"user_id": ["nobody"]}), 404, "nobody"),
        (pandas.DataFrame({"user": ["nobody"]}), 422, "`user`"),
        (pandas.DataFrame([[1.0, 2.0]]), 422, "no name"),
        (pandas.DataFrame({"user_id": [7]}), 422, "a string"),
    ]:
        try:
            client.invoke(frame)
        except Exception as error:
            told = str(error)
            assert f"error code {status}" in told and word in told and "error_code" in told, told
            refused += 1
    assert refused == 4
    return f"{refused} refusals"


def triton_infers_what_predict_predicts(project, address):
    import numpy
    import tritonclient.http as v2
    from tritonclient.utils import InferenceServerException

    names = run("Open Inference Protocol v2", address)
    answers = predicted(address, ["9575-KCIYN", "2170-IXDID"])
    assert names["probability"].tolist() == [answer["probability"] for answer in answers]

    client = names["client"]
    assert client.is_server_live() and client.get_server_metadata()["extensions"] == []
    metadata = client.get_model_metadata("streamflow_churn")
    version = metadata["versions"][0]
    assert client.is_model_ready("streamflow_churn", version) and client.is_model_ready("streamflow_churn", version[:12])
    assert not client.is_model_ready("other") and not client.is_model_ready("streamflow_churn", "1")
    ids = customers(project)[:1000]
    answers = predicted(address, ids)
    keys = v2.InferInput(metadata["inputs"][0]["name"], [len(ids)], metadata["inputs"][0]["datatype"])
    keys.set_data_from_numpy(numpy.array(ids, dtype=object), binary_data=False)
    wanted = [v2.InferRequestedOutput(name, binary_data=False) for name in ["probability", "prediction"]]
    reply = client.infer("streamflow_churn", [keys], model_version=version, outputs=wanted, request_id="of mine")
    assert reply.get_response()["id"] == "of mine" and reply.get_response()["model_version"] == version
    for name, kind in [("probability", numpy.float64), ("prediction", numpy.int64)]:
        found = reply.as_numpy(name)
        assert found.dtype == kind and found.tolist() == [answer[name] for answer in answers], name

    # The same by values, with NaN and empty texts for what is missing.
    inputs = []
    for name in answers[0]["features_used"]:
        values = [answer["features_used"][name] for answer in answers]
        kinds = {type(value) for value in values if value is not None}
        if kinds == {str}:
            datatype, array = "BYTES", numpy.array([value or "" for value in values], dtype=object)
        elif kinds == {bool} and None not in values:
            datatype, array = "BOOL", numpy.array(values, dtype=bool)
        elif kinds == {bool}:
            words = {None: "", True: "true", False: "false"}
            datatype, array = "BYTES", numpy.array([words[value] for value in values], dtype=object)
        elif kinds == {int} and None not in values:
            datatype, array = "INT64", numpy.array(values, dtype=numpy.int64)
        else:
            datatype, array = "FP64", numpy.array([math.nan if value is None else value for value in values])
        tensor = v2.InferInput(name, [len(ids), 1], datatype)
        inputs.append(tensor.set_data_from_numpy(array.reshape(-1, 1), binary_data=False))
    missing = sum(value is None for answer in answers for value in answer["features_used"].values())
    assert missing > 0
    reply = client.infer("streamflow_churn", inputs)
    assert reply.as_numpy("probability").tolist() == [answer["probability"] for answer in answers]

    def refusal(tensors, model="streamflow_churn"):
        try:
            client.infer(model, tensors)
        except InferenceServerException as error:
            return f"{error.status()} {error.message()}"

    nobody = v2.InferInput("user_id", [1], "BYTES")
    nobody.set_data_from_numpy(numpy.array(["nobody"], dtype=object), binary_data=False)
    binary = v2.InferInput("user_id", [1], "BYTES")
    binary.set_data_from_numpy(numpy.array([ids[0]], dtype=object))
    for told, words in [
        (refusal([nobody]), "404 No table has a row"),
        (refusal([nobody], "other"), "404 There is no such model"),
        (refusal([binary]), "binary_data=False"),
    ]:
        assert told and words in told, (told, words)
    return f"{len(ids)} customers by key and by {len(inputs)} tensors, {missing} values missing"


def feast_store(address):
    import feast

    configuration = code("Feast", "yaml")[0].replace("http://127.0.0.1:8000", address)
    pathlib.Path("feature_store.yaml").write_text(configuration)
    return feast.FeatureStore(".")


def feast_reads_what_features_has(project, address):
    store = feast_store(address)
    names = run("Feast", address)
    assert names["features"]["user_id"] == ["9575-KCIYN", "nobody"]
    assert names["features"]["watch_hours_30d"][1] is None
    # Somebody who left long ago has values that have expired.
    gone = (project / "data" / "2024-01-31" / "usage_agg_30d.csv").read_text().splitlines()[1:]
    ids = [*customers(project)[:300], *(line.split(",")[0] for line in gone[:300]), "nobody"]
    known = {one: shown(address, one) for one in ids}
    offered = list(known[ids[0]]["features"])
    asked = [name.replace(".", ":", 1) for name in offered]
    response = store.get_online_features(asked, [{"user_id": one} for one in ids], full_feature_names=True)
    found = response.to_dict()
    from feast.protos.feast.serving.ServingService_pb2 import FieldStatus

    called = list(response.proto.metadata.feature_names.val)
    statuses = {"present": "PRESENT", "null": "NULL_VALUE", "expired": "OUTSIDE_MAX_AGE", "not_found": "NOT_FOUND"}
    seen, values = set(), 0
    for name in offered:
        column = name.replace(".", "__", 1)
        result = response.proto.results[called.index(column)]
        for place, one in enumerate(ids):
            told = known[one]
            status = statuses[told["status"][name]] if told else "NOT_FOUND"
            assert FieldStatus.Name(result.statuses[place]) == status, (name, one)
            seen.add(status)
            value = told["features"][name] if told else None
            if status == "PRESENT" and "date" in name:
                continue
            # 1 and 1.0 are one number, and 1 and True are not.
            assert (found[column][place], isinstance(found[column][place], bool)) == (value, isinstance(value, bool)), (name, one)
            values += 1
    assert seen == set(statuses.values()), seen
    return f"{values} values of {len(offered)} features and {len(ids)} customers"


def feast_reads_one_view_with_its_types(project, address):
    """What Feast's own server and its pipelines ask: `online_read` of a view that declares its fields."""
    from feast import Entity, FeatureView, Field, FileSource, ValueType
    from feast.protos.feast.types.EntityKey_pb2 import EntityKey
    from feast.protos.feast.types.Value_pb2 import Value
    from feast.types import Float64, Int64

    store = feast_store(address)
    user = Entity(name="user", join_keys=["user_id"], value_type=ValueType.STRING)
    view = FeatureView(
        name="usage_agg_30d",
        entities=[user],
        schema=[Field(name="watch_hours_30d", dtype=Float64), Field(name="unique_devices_30d", dtype=Int64)],
        source=FileSource(path="unused.parquet", timestamp_field="at"),
    )
    ids = customers(project)[:300]
    keys = [EntityKey(join_keys=["user_id"], entity_values=[Value(string_val=one)]) for one in ids]
    rows = store._get_provider().online_read(store.config, view, keys, ["watch_hours_30d", "unique_devices_30d"])
    present = 0
    for one, (instant, row) in zip(ids, rows):
        told = shown(address, one)["features"]
        hours, devices = told["usage_agg_30d.watch_hours_30d"], told["usage_agg_30d.unique_devices_30d"]
        assert row["watch_hours_30d"].WhichOneof("val") == (None if hours is None else "double_val")
        assert hours is None or row["watch_hours_30d"].double_val == hours, one
        assert devices is None or row["unique_devices_30d"].int64_val == devices, one
        assert instant.date().isoformat() == "2024-03-31", instant
        present += hours is not None
    assert present > 200
    try:
        store.get_online_features(["usage_agg_30d:nothing"], [{"user_id": ids[0]}])
        raise AssertionError("it was not refused")
    except RuntimeError as error:
        assert "404" in str(error) and "usage_agg_30d:nothing" in str(error), error
    return f"{present} of {len(ids)} rows"


def clients_show_their_token(project, _):
    import feast
    import tritonclient.http as v2

    token = project.parent / "token"
    token.write_text(served.TOKEN)
    token.chmod(0o600)
    one = customers(project)[0]
    asked = ["usage_agg_30d:watch_hours_30d"], [{"user_id": one}]
    with served.served(project, "--token-file", str(token)) as address:
        client = v2.InferenceServerClient(address.removeprefix("http://"))
        headers = {"Authorization": f"Bearer {served.TOKEN}"}
        assert client.is_server_ready() and not client.is_model_ready("streamflow_churn")
        assert client.is_model_ready("streamflow_churn", headers=headers)
        store = feast_store(address)
        try:
            store.get_online_features(*asked)
            raise AssertionError("it was not refused")
        except RuntimeError as error:
            assert "401" in str(error), error
        with open("feature_store.yaml", "a") as configuration:
            configuration.write(f"auth:\n  type: oidc\n  token: {served.TOKEN}\n")
        found = feast.FeatureStore(".").get_online_features(*asked).to_dict()
        assert found["user_id"] == [one] and found["watch_hours_30d"][0] is not None, found
    return "tritonclient, feast"


CHECKS = {
    "mlflow": [mlflow_scores_what_predict_scores, mlflow_is_refused_in_its_words],
    "inference": [triton_infers_what_predict_predicts],
    "feast": [feast_reads_what_features_has, feast_reads_one_view_with_its_types, clients_show_their_token],
}


def main():
    os.environ["FEAST_USAGE"] = "False"
    checks = [check for protocol in sys.argv[1:] for check in CHECKS[protocol]]
    assert checks, __doc__
    passed = 0
    with tempfile.TemporaryDirectory() as folder:
        project = served.sample(pathlib.Path(folder))
        # The code of the page stands where its user would.
        home = pathlib.Path(folder) / "home"
        home.mkdir()
        os.chdir(home)
        with served.served(project) as address:
            for check in checks:
                name = check.__name__.replace("_", " ")
                try:
                    print(f"ok      {name}: {check(project, address)}", flush=True)
                    passed += 1
                except Exception:
                    print(f"FAILED  {name}\n{traceback.format_exc()}", flush=True)
        os.chdir("/")
    print(f"{passed} passed, {len(checks) - passed} failed")
    sys.exit(0 if passed == len(checks) else 1)


if __name__ == "__main__":
    main()
