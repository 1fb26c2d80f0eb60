"""What benches share that hold a run beside others: the program, its runs, and their rows as numbers."""

import json
import shutil
import subprocess
import sys

import numpy
import pandas


def churn(export, outside):
    """A copy of the real export that may be written to."""
    folder = f"{outside}/churn"
    shutil.copytree(export, folder, copy_function=shutil.copyfile)
    subprocess.run(["chmod", "-R", "u+w", folder], check=True)
    return folder


def streamflow(program, folder, *arguments):
    done = subprocess.run([program, *arguments], cwd=folder, capture_output=True, text=True)
    if done.returncode:
        sys.exit(done.stderr)
    return done.stdout


def toml(model):
    values = ", ".join(f"{key} = {json.dumps(value)}" for key, value in model.items())
    return "{ %s }" % values


def fit(program, folder, experiment, model, seed, others=(), metric="auc"):
    """The run, with the seconds of its step `fit`."""
    sets = [f"model={toml(model)}", f"split.seed={seed}", *others]
    sets = [word for text in sets for word in ("--set", text)]
    told = streamflow(program, folder, "run", experiment, *sets, "--no-cache", "--format", "json")
    run = json.loads(told)
    seconds = [step["seconds"] for step in run["steps"] if step["name"] == "fit"]
    return run["run"], seconds[0], run["metrics"][metric]


def matrices(program, folder, run, scaled=False):
    """The rows of a run as numbers: medians of the train rows for nulls, 0 and 1 for texts.

    `scaled`: numbers, but no 0 and 1, with mean 0 and deviation 1 on the train rows.
    """
    for artefact in ["training_set", "split"]:
        streamflow(program, folder, "get", run, artefact, "-o", f"{artefact}.parquet")
    table = pandas.read_parquet(f"{folder}/training_set.parquet")
    train = (pandas.read_parquet(f"{folder}/split.parquet")["side"] == "train").to_numpy()
    label = table["label"].to_numpy()
    if label.dtype.kind == "b":
        label = label.astype("int")
    parts = []
    # Features have a table's name before theirs; key, date and label have not.
    for name in (name for name in table.columns if "." in name):
        column = table[name]
        if column.dtype.kind not in "if":
            parts.append(pandas.get_dummies(column.astype("str"), prefix=name, dtype="float"))
        else:
            numbers = column.astype("float").fillna(column[train].median())
            if scaled:
                deviation = numbers[train].std(ddof=0)
                numbers = (numbers - numbers[train].mean()) / (deviation or 1)
            parts.append(numbers)
    x = numpy.ascontiguousarray(pandas.concat(parts, axis=1).to_numpy())
    return x[train], label[train], x[~train], label[~train]
