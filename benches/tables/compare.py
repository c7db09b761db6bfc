"""Compares scores on tables: taper with a config of some ten lines, scikit-learn with a pipeline of the same network.

    pip install -r benches/tables/requirements.txt
    cargo build --release
    python3 benches/tables/compare.py [--taper target/release/taper] [--seeds 9] [NAME ...]

Both train on the same training file and are evaluated on the same test file, with the same layers, batch size, learning
rate and number of epochs; each program imputes, encodes and standardizes columns in its own way. The script prints the
medians over the seeds: the accuracy, or R² for numeric targets.
"""

import argparse
import json
import statistics
import subprocess
import tempfile
import warnings
from pathlib import Path

import numpy as np
import pandas as pd
from sklearn import datasets
from sklearn.compose import ColumnTransformer, TransformedTargetRegressor
from sklearn.impute import SimpleImputer
from sklearn.metrics import accuracy_score, r2_score
from sklearn.model_selection import train_test_split
from sklearn.neural_network import MLPClassifier, MLPRegressor
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OneHotEncoder, StandardScaler

HIDDEN, LEARNING_RATE, BATCH = 32, 0.005, 32


def churn():
    """5,000 customers: numbers of different sizes, words, gaps in both, and an identifier."""
    random = np.random.default_rng(11)
    n = 5000
    age = random.integers(18, 90, n).astype(float)
    income = np.exp(random.normal(10.5, 0.6, n)).round()
    months = random.integers(1, 120, n).astype(float)
    rate = random.beta(2, 30, n).round(4)
    plan = random.choice(["basic", "plus", "family", "business"], n, p=[0.5, 0.3, 0.15, 0.05])
    city = random.choice(["Aachen", "Bergen", "Cork", "Delft", "Espoo", "New York, NY"], n)
    logit = (
        0.03 * (age - 50) - 1.1 * np.log(income / 36000) - 0.025 * (months - 60) + 22 * (rate - 0.06)
        + np.select([plan == "basic", plan == "business"], [0.8, -1.5], 0.0)
        + np.where(city == "Cork", 1.2, 0.0) * np.where(age < 40, 1, -1)
    )
    left = random.random(n) < 1 / (1 + np.exp(-1.5 * logit))
    table = pd.DataFrame({
        "id": [f"c{i:05}" for i in random.permutation(n)], "age": age, "income": income, "months": months,
        "rate": rate, "plan": plan, "city": city, "churned": np.where(left, "yes", "no"),
    })
    for column, share in [("age", 0.03), ("income", 0.08), ("plan", 0.02), ("city", 0.05)]:
        table.loc[random.random(n) < share, column] = np.nan
    return table, "churned", ["id"]


def bundled(load, target):
    def table():
        frame = load(as_frame=True).frame
        frame.columns = [column.replace(" ", "_") for column in frame.columns]
        return frame.rename(columns={"target": target}), target, []
    return table


# name: (table, whether the targets are numbers, epochs)
TABLES = {
    "churn": (churn, False, 20),
    "wine": (bundled(datasets.load_wine, "cultivar"), False, 40),
    "breast_cancer": (bundled(datasets.load_breast_cancer, "benign"), False, 40),
    "diabetes": (bundled(datasets.load_diabetes, "progression"), True, 15),
}


def config(name, target, ignored, regression, outputs, epochs, gaps):
    lines = [
        f'name = "{name}"', "[data.csv]", 'path = "train.csv"', 'test_path = "test.csv"', f'target = "{target}"',
        f"ignore = {json.dumps(ignored)}" if ignored else None,
        'missing = "mean"' if gaps else None,
        'task = "regression"' if regression else None,
        "[preprocess]", 'normalize = "standardize"', 'targets = "standardize"' if regression else None,
        "[model]",
        f'layers = [{{ dense = {{ units = {HIDDEN}, activation = "relu" }} }}, {{ dense = {{ units = {outputs} }} }}]',
        f"[loss.{'mse' if regression else 'cross_entropy'}]", "[optimizer.adam]", f"learning_rate = {LEARNING_RATE}",
        "[train]", f"epochs = {epochs}", f"batch_size = {BATCH}",
    ]
    return "\n".join(line for line in lines if line) + "\n"


def taper(program, folder, seed):
    arguments = ["train", "config.toml", "--set", f"seed={seed}", "--run-dir", f"run-{seed}", "--format", "json", "-q"]
    done = subprocess.run([program, *arguments], cwd=folder, capture_output=True, text=True)
    if done.returncode != 0:
        raise SystemExit(f"{folder / 'config.toml'}: taper ended with {done.returncode}:\n{done.stderr}")
    metrics = json.loads(done.stdout)["metrics"]
    return metrics.get("test.accuracy", metrics.get("test.r2"))


def scikit_learn(train, test, target, ignored, regression, epochs, seed):
    features = train.columns.drop([target, *ignored])
    words = [column for column in features if not pd.api.types.is_numeric_dtype(train[column])]
    numbers = [column for column in features if column not in words]
    columns = ColumnTransformer([
        ("numbers", SimpleImputer(strategy="mean"), numbers),
        ("words", make_pipeline(SimpleImputer(strategy="most_frequent"),
                                OneHotEncoder(handle_unknown="ignore", sparse_output=False)), words),
    ])
    options = dict(hidden_layer_sizes=(HIDDEN,), learning_rate_init=LEARNING_RATE, batch_size=BATCH, max_iter=epochs,
                   alpha=0, tol=0, n_iter_no_change=epochs, random_state=seed)
    network = MLPRegressor(**options) if regression else MLPClassifier(**options)
    model = make_pipeline(columns, StandardScaler(), network)
    if regression:
        model = TransformedTargetRegressor(model, transformer=StandardScaler())
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # convergence: both train for a fixed number of epochs
        model.fit(train[features], train[target])
    score = r2_score if regression else accuracy_score
    return score(test[target], model.predict(test[features]))


def compare(name, program, seeds, folder):
    make, regression, epochs = TABLES[name]
    table, target, ignored = make()
    folder.mkdir(parents=True)
    train, test = train_test_split(table, test_size=0.25, random_state=0, stratify=None if regression else table[target])
    for part, rows in [("train.csv", train), ("test.csv", test)]:
        rows.to_csv(folder / part, index=False)
    # Both read the numbers as rounded in the files.
    train, test = (pd.read_csv(folder / part) for part in ("train.csv", "test.csv"))
    outputs = 1 if regression else table[target].nunique()
    gaps = bool(table.isna().any().any())
    (folder / "config.toml").write_text(config(name, target, ignored, regression, outputs, epochs, gaps))
    own = [taper(program, folder, seed) for seed in seeds]
    peer = [scikit_learn(train, test, target, ignored, regression, epochs, seed) for seed in seeds]
    medians = [100 * statistics.median(scores) for scores in (own, peer)]
    print(f"{name:<14} {'R2' if regression else 'accuracy':<9} {len(test):>5}  {medians[0]:>7.2f}  {medians[1]:>12.2f}"
          f"  {medians[0] - medians[1]:>+10.2f}", flush=True)
    return {"table": name, "taper": own, "scikit_learn": peer}


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("names", nargs="*", metavar="NAME", help=f"of {', '.join(TABLES)}; all by default")
    parser.add_argument("--taper", default="target/release/taper", help="the program")
    parser.add_argument("--seeds", type=int, default=9, help="how many seeds")
    parser.add_argument("--json", type=Path, help="where to write all scores")
    options = parser.parse_args()
    program = str(Path(options.taper).resolve())
    print(f"{'table':<14} {'score':<9} {'rows':>5}  {'taper':>7}  {'scikit-learn':>12}  {'difference':>10}")
    with tempfile.TemporaryDirectory() as work:
        results = [compare(name, program, range(1, options.seeds + 1), Path(work) / name)
                   for name in options.names or TABLES]
    if options.json:
        options.json.write_text(json.dumps(results, indent=1) + "\n")


if __name__ == "__main__":
    main()
