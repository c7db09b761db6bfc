"""Writes rates.json, the learning rates of PyTorch's and Keras's schedules for tests/it/learning_rates.rs.

    python -m venv venv && venv/bin/pip install -r requirements.txt keras==3.15.1
    KERAS_BACKEND=torch venv/bin/python make_rates.py

PyTorch computes in f64, Keras in f32. Of PyTorch's schedulers the closed forms are taken where there are any:
the others multiply the last rate, and so add up rounding errors.
"""

import json
import pathlib
import warnings

import keras
import torch
from torch.optim import lr_scheduler

warnings.simplefilter("ignore")
LENGTHS = [1, 2, 3, 10, 1875]
K = keras.optimizers.schedules


def chosen(length):
    """All steps of a short run up to two after its end, and some of a long one."""
    steps = range(length + 2)
    return [t for t in steps if length < 20 or t % 47 == 0 or t > length - 4]


def of_torch(make, length, past_the_end=True):
    optimizer = torch.optim.SGD([torch.zeros(1, requires_grad=True)], lr=1.0)
    scheduler = make(optimizer)
    rates = {}
    for t in range(length + 2 if past_the_end else length):
        closed = getattr(scheduler, "_get_closed_form_lr", None)
        rates[t] = float(closed()[0] if closed else optimizer.param_groups[0]["lr"])
        optimizer.step()
        if past_the_end or t + 1 < length:
            scheduler.step()
    return {t: rates[t] for t in chosen(length) if t in rates}


def of_keras(schedule, length):
    return {t: float(schedule(t)) for t in chosen(length)}


cases = []


def case(source, config, length, rates):
    cases.append(
        {
            "source": source,
            "config": config,
            "length": length,
            "steps": list(rates),
            "rates": list(rates.values()),
        }
    )


for n in LENGTHS:
    third = max(n // 3, 1)
    case("torch", {"step": {"every_steps": 3, "gamma": 0.5}}, n, of_torch(lambda o: lr_scheduler.StepLR(o, 3, 0.5), n))
    case(
        "torch",
        {"multi_step": {"milestone_steps": [third, 2 * third], "gamma": 0.3}},
        n,
        of_torch(lambda o: lr_scheduler.MultiStepLR(o, [third, 2 * third], 0.3), n),
    )
    case(
        "torch",
        {"exponential": {"decay_steps": 1, "decay_rate": 0.99}},
        n,
        of_torch(lambda o: lr_scheduler.ExponentialLR(o, 0.99), n),
    )
    case(
        "torch",
        {"polynomial": {"power": 2.0}},
        n,
        of_torch(lambda o: lr_scheduler.PolynomialLR(o, n, 2.0), n),
    )
    # PyTorch's rises again after T_max; taper's stays.
    rates = of_torch(lambda o: lr_scheduler.CosineAnnealingLR(o, n, 0.1), n)
    case("torch", {"cosine": {"end": 0.1}}, n, {t: rate for t, rate in rates.items() if t <= n})
    case(
        "torch",
        {"cosine_restarts": {"first_decay_steps": third, "t_mul": 2.0, "end": 0.01}},
        n,
        of_torch(lambda o: lr_scheduler.CosineAnnealingWarmRestarts(o, third, 2, 0.01), n),
    )
    for anneal, strategy in [("cosine", "cos"), ("linear", "linear")]:
        # PyTorch fails where a phase has no step (pT <= 1), and after the last step.
        if n >= 10:
            case(
                "torch",
                {"one_cycle": {"pct_start": 0.25, "div_factor": 20.0, "final_div_factor": 1e3, "anneal": anneal}},
                n,
                of_torch(
                    lambda o: lr_scheduler.OneCycleLR(
                        o,
                        1.0,
                        n,
                        pct_start=0.25,
                        div_factor=20.0,
                        final_div_factor=1e3,
                        anneal_strategy=strategy,
                        cycle_momentum=False,
                    ),
                    n,
                    past_the_end=False,
                ),
            )
    for staircase in [False, True]:
        case(
            "keras",
            {"exponential": {"decay_steps": third, "decay_rate": 0.7, "staircase": staircase}},
            n,
            of_keras(K.ExponentialDecay(1.0, third, 0.7, staircase), n),
        )
    for cycle in [False, True]:
        case(
            "keras",
            {"polynomial": {"decay_steps": third, "power": 1.5, "end": 0.05, "cycle": cycle}},
            n,
            of_keras(K.PolynomialDecay(1.0, third, 0.05, 1.5, cycle), n),
        )
    case("keras", {"cosine": {"end": 0.1}}, n, of_keras(K.CosineDecay(1.0, n, 0.1), n))
    case(
        "keras",
        {"cosine_restarts": {"first_decay_steps": third, "t_mul": 1.5, "m_mul": 0.8, "end": 0.02}},
        n,
        of_keras(K.CosineDecayRestarts(1.0, third, 1.5, 0.8, 0.02), n),
    )
    # Keras changes the rate one step after the boundary, hence the boundaries at m - 1.
    case(
        "keras",
        {"multi_step": {"milestone_steps": [third, 2 * third], "gamma": 0.5}},
        n,
        of_keras(K.PiecewiseConstantDecay([third - 1, 2 * third - 1], [1.0, 0.5, 0.25]), n),
    )

text = "[\n" + ",\n".join(json.dumps(case) for case in cases) + "\n]\n"
(pathlib.Path(__file__).parent / "rates.json").write_text(text)
