"""Writes plateau.json: when Keras and PyTorch stop early or lower the learning rate, for tests/it/plateau.rs.

    python -m venv venv && venv/bin/pip install -r requirements.txt keras==3.15.1
    KERAS_BACKEND=torch venv/bin/python make_plateau.py

Each case has the values of a metric in successive epochs and the epochs, counted from 1, after which something
happens. Differences between the libraries, which taper documents, are taken into account: a cooldown of c epochs is c + 1 in
Keras, and a patience of p is p - 1 in PyTorch. Baselines are not compared: in Keras, an epoch that is better than all before
never stops a run, even if it does not pass the baseline.
"""

import json
import pathlib
import random
import types

import keras
import torch

random.seed(20261128)
cases = []


def values():
    """Few different values, all exact, so that there are ties, and improvements by exactly min_delta."""
    return [random.choice([0.5, 0.625, 0.75, 0.875, 1.0]) for _ in range(16)]


def keras_model():
    optimizer = keras.optimizers.SGD(learning_rate=1.0)
    return types.SimpleNamespace(optimizer=optimizer, stop_training=False, get_weights=lambda: [])


for i in range(60):
    patience, delta, start = i % 4, [0.0, 0.125][i % 2], [0, 0, 3][i % 3]
    mode = ["min", "max"][i // 30]
    callback = keras.callbacks.EarlyStopping(
        monitor="metric", min_delta=delta, patience=patience, mode=mode, start_from_epoch=start
    )
    model = keras_model()
    callback.set_model(model)
    callback.on_train_begin()
    series, epochs = values(), []
    for epoch, value in enumerate(series):
        callback.on_epoch_end(epoch, {"metric": value})
        if model.stop_training:
            epochs.append(epoch + 1)
            break
    config = {"patience": patience, "min_delta": delta, "start_from_epoch": start}
    cases.append({"section": "early_stopping", "mode": mode, "config": config, "values": series, "epochs": epochs})

for i in range(80):
    patience, cooldown, delta = 1 + i % 3, i % 4, [0.0, 0.125][i // 4 % 2]
    mode = ["min", "max"][i // 40]
    series = values()
    config = {"patience": patience, "cooldown": cooldown, "min_delta": delta, "factor": 0.5}

    model = keras_model()
    callback = keras.callbacks.ReduceLROnPlateau(
        monitor="metric",
        factor=0.5,
        patience=patience,
        mode=mode,
        min_delta=delta,
        cooldown=cooldown + 1 if cooldown else 0,
    )
    callback.set_model(model)
    callback.on_train_begin()
    by_keras, rate = [], 1.0
    for epoch, value in enumerate(series):
        callback.on_epoch_end(epoch, {"metric": value})
        now = float(model.optimizer.learning_rate)
        if now != rate:
            by_keras.append(epoch + 1)
        rate = now

    optimizer = torch.optim.SGD([torch.zeros(1, requires_grad=True)], lr=1.0)
    scheduler = torch.optim.lr_scheduler.ReduceLROnPlateau(
        optimizer, mode, 0.5, patience - 1, delta, "abs", cooldown=cooldown, eps=0.0
    )
    by_torch, rate = [], 1.0
    for epoch, value in enumerate(series):
        scheduler.step(value)
        now = optimizer.param_groups[0]["lr"]
        if now != rate:
            by_torch.append(epoch + 1)
        rate = now
    if by_keras != by_torch:
        print("Keras and PyTorch differ:", config, mode, series, by_keras, by_torch)
    for epochs in [by_keras, by_torch]:
        cases.append(
            {"section": "reduce_on_plateau", "mode": mode, "config": config, "values": series, "epochs": epochs}
        )

text = "[\n" + ",\n".join(json.dumps(case) for case in cases) + "\n]\n"
(pathlib.Path(__file__).parent / "plateau.json").write_text(text)
