"""The course's prediction service, as `serving.py` starts it: FastAPI on uvicorn, a scikit-learn pipeline with a
forest of 300 trees, Feast's SQLite online store. Everything that can be done once is done at the start.

    python benches/course_api.py prepare DATA FOLDER TRAIN   a Feast repository, its online store, and the model,
                                                             fitted on the customers that the file TRAIN lists
    python benches/course_api.py serve FOLDER PORT WORKERS
"""

import datetime
import json
import os
import pathlib
import sys

DATE = "2024-01-31"
# The fourteen features of the experiment that `streamflow` serves.
VIEWS = {
    "subscriptions": [
        "months_active",
        "monthly_fee",
        "paperless_billing",
        "plan_stream_tv",
        "plan_stream_movies",
        "net_service",
    ],
    "usage_agg_30d": [
        "watch_hours_30d",
        "avg_session_mins_7d",
        "unique_devices_30d",
        "skips_7d",
        "rebuffer_events_7d",
    ],
    "payments_agg_90d": ["failed_payments_90d"],
    "support_agg_90d": ["support_tickets_90d", "ticket_avg_resolution_hrs_90d"],
}
STORE = """\
project: churn
provider: local
registry:
  path: registry.db
  cache_ttl_seconds: 0
online_store:
  type: sqlite
  path: online.db
offline_store:
  type: file
entity_key_serialization_version: 3
"""


def tables(data):
    import pandas as pd

    found = {}
    for name, columns in VIEWS.items():
        table = pd.read_csv(pathlib.Path(data, DATE, f"{name}.csv"))
        # Booleans with nulls are objects to pandas, and would be learnt as such and served as texts.
        texts = [column for column in columns if table[column].dtype.kind not in "ifb"]
        table[texts] = table[texts].map(str, na_action="ignore")
        found[name] = table[["user_id", *columns]]
    return found


def value_type(series):
    from feast import types

    kinds = {"i": types.Int64, "f": types.Float64, "b": types.Bool}
    return kinds.get(series.dtype.kind, types.String)


def prepare(data, folder, train):
    """Fits the model on the train rows of the month, and fills the online store with them."""
    import joblib
    import pandas as pd
    from feast import Entity, FeatureStore, FeatureView, Field, FileSource, ValueType
    from sklearn.compose import make_column_transformer
    from sklearn.ensemble import RandomForestClassifier
    from sklearn.impute import SimpleImputer
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import OneHotEncoder

    os.makedirs(folder, exist_ok=True)
    pathlib.Path(folder, "feature_store.yaml").write_text(STORE)
    user = Entity(name="user", join_keys=["user_id"], value_type=ValueType.STRING)
    stamp = datetime.datetime.fromisoformat(DATE).replace(tzinfo=datetime.timezone.utc)
    features, joined, views = [], None, []
    for name, table in tables(data).items():
        path = str(pathlib.Path(folder, f"{name}.parquet").resolve())
        table.assign(event_timestamp=stamp).to_parquet(path)
        columns = [column for column in table.columns if column != "user_id"]
        views.append(
            FeatureView(
                name=name,
                entities=[user],
                ttl=datetime.timedelta(0),
                schema=[Field(name=column, dtype=value_type(table[column])) for column in columns],
                source=FileSource(path=path, timestamp_field="event_timestamp"),
            )
        )
        features += [f"{name}:{column}" for column in columns]
        joined = table if joined is None else joined.merge(table, on="user_id", how="left")
    store = FeatureStore(folder)
    store.apply([user, *views])
    store.materialize(stamp - datetime.timedelta(days=1), stamp + datetime.timedelta(days=1))

    labels = pd.read_csv(pathlib.Path(data, DATE, "labels.csv")).set_index("user_id")["churn_label"]
    rows = joined[joined["user_id"].isin(pathlib.Path(train).read_text().split())]
    columns = [feature.split(":")[1] for feature in features]
    texts = [column for column in columns if rows[column].dtype.kind not in "ifb"]
    numbers = [column for column in columns if column not in texts]
    encoder = make_column_transformer(
        (make_pipeline(SimpleImputer(strategy="most_frequent"), OneHotEncoder(handle_unknown="ignore")), texts),
        (SimpleImputer(strategy="median"), numbers),
    )
    # One row is predicted faster on one thread than divided over several.
    forest = RandomForestClassifier(n_estimators=300, random_state=42, n_jobs=1)
    model = make_pipeline(encoder, forest).fit(rows[columns], labels.loc[rows["user_id"]].astype(bool))
    joblib.dump(model, pathlib.Path(folder, "model.joblib"))
    pathlib.Path(folder, "features.json").write_text(json.dumps(features))


def application():
    import joblib
    import pandas as pd
    from fastapi import FastAPI, HTTPException
    from feast import FeatureStore
    from pydantic import BaseModel

    folder = os.environ["COURSE_API_FOLDER"]
    store = FeatureStore(folder)
    model = joblib.load(pathlib.Path(folder, "model.joblib"))
    features = json.loads(pathlib.Path(folder, "features.json").read_text())
    columns = [feature.split(":")[1] for feature in features]
    app = FastAPI()

    class Asked(BaseModel):
        user_id: str

    @app.get("/health")
    def health():
        return {"status": "ok"}

    @app.post("/predict")
    def predict(asked: Asked):
        found = store.get_online_features(features=features, entity_rows=[{"user_id": asked.user_id}]).to_dict()
        if all(found[column][0] is None for column in columns):
            raise HTTPException(404, f"no such user: {asked.user_id}")
        row = pd.DataFrame({column: found[column] for column in columns})
        probability = float(model.predict_proba(row)[0, 1])
        return {
            "user_id": asked.user_id,
            "prediction": int(probability >= 0.5),
            "probability": probability,
            "features_used": {column: found[column][0] for column in columns},
        }

    return app


def serve(folder, port, workers):
    import uvicorn

    os.environ["COURSE_API_FOLDER"] = folder
    sys.path.insert(0, str(pathlib.Path(__file__).parent))
    uvicorn.run(
        "course_api:application",
        factory=True,
        host="127.0.0.1",
        port=int(port),
        workers=int(workers),
        log_level="warning",
        access_log=False,
    )


if __name__ == "__main__":
    globals()[sys.argv[1]](*sys.argv[2:])
