"""Writes the reference values for tests/it/golden.rs.

    python -m venv venv && venv/bin/pip install -r requirements.txt && venv/bin/python make.py

Inputs are exact in f32 and everything is computed in f64, so that the same file tests taper in
both. Each file's metadata lists its cases, with taper's config for each.
"""

import itertools
import json
import pathlib

import numpy
import sklearn.metrics
import torch
import torch.nn.functional as F
from safetensors.numpy import save_file

HERE = pathlib.Path(__file__).parent
torch.use_deterministic_algorithms(True)
torch.manual_seed(20240607)


def randn(*shape, scale=1.0):
    return (torch.randn(*shape, dtype=torch.float32) * scale).double()


def write(name, tensors, cases):
    arrays = {key: value.detach().contiguous().numpy() for key, value in tensors.items()}
    save_file(arrays, HERE / f"{name}.safetensors", metadata={"cases": json.dumps(cases)})


def labels(*values):
    return torch.from_numpy(numpy.array(values, dtype=numpy.uint32))


# --- layers ---------------------------------------------------------------------------------------


def same(x, kernel, strides, value=0.0):
    """Pads as Keras does: an odd row or column goes to the bottom or the right."""
    pads = []
    for size, k, s in zip(reversed(x.shape[2:]), reversed(kernel), reversed(strides)):
        total = max((-(-size // s) - 1) * s + k - size, 0)
        pads += [total // 2, total - total // 2]
    return F.pad(x, pads, value=value)


def conv2d(strides=(1, 1), padding="valid", activation=lambda y: y):
    def forward(x, weight, bias=None):
        if padding == "same":
            x = same(x, weight.shape[2:], strides)
        return activation(F.conv2d(x, weight, bias, stride=strides))

    return forward


def dense(activation=lambda y: y):
    return lambda x, weight, bias=None: activation(F.linear(x, weight, bias))


def batch_norm(epsilon, training):
    def forward(x, weight, bias, running_mean, running_var):
        return F.batch_norm(
            x, running_mean.clone(), running_var.clone(), weight, bias, training=training, eps=epsilon
        )

    return forward


def layers():
    tensors, cases = {}, []

    def case(name, config, forward, x, parameters=None, training=False, after=None):
        """`parameters` are named as in taper; `after` holds those that the pass changes."""
        parameters = parameters or {}
        x = x.requires_grad_()
        trained = [n for n in parameters if not n.startswith("running_")]
        for n in trained:
            parameters[n].requires_grad_()
        y = forward(x, **parameters)
        # Any function of the output will do; a random weighted sum tests every gradient.
        weights = randn(*y.shape)
        (y * weights).sum().backward()
        tensors.update({f"{name}/input": x, f"{name}/output": y, f"{name}/weights": weights})
        tensors[f"{name}/gradient/input"] = x.grad
        for n, value in parameters.items():
            tensors[f"{name}/parameter/{n}"] = value
            if n in trained:
                tensors[f"{name}/gradient/{n}"] = value.grad
        for n, value in (after or {}).items():
            tensors[f"{name}/after/{n}"] = value
        cases.append({"name": name, "config": config, "training": training})

    for name, function, extra in [
        ("relu", F.relu, {}),
        ("sigmoid", torch.sigmoid, {}),
        ("tanh", torch.tanh, {}),
        ("gelu", F.gelu, {}),
        ("silu", F.silu, {}),
        ("leaky_relu", lambda x: F.leaky_relu(x, 0.2), {}),
        ("elu", F.elu, {}),
        ("softmax", lambda x: F.softmax(x, -1), {}),
    ]:
        x = torch.cat([randn(3, 6, scale=2.0), torch.tensor([[0.0, -0.0, 20.0, -20.0, 1e-4, -1e-4]])])
        x = x.float().double()
        case(f"activation_{name}", {"activation": {"function": name}}, function, x)

    weight_bias = lambda *shape: {"weight": randn(*shape, scale=0.5), "bias": randn(shape[0])}
    case("dense", {"dense": {"units": 4}}, dense(), randn(3, 7), weight_bias(4, 7))
    case(
        "dense_tanh_no_bias",
        {"dense": {"units": 4, "activation": "tanh", "bias": False}},
        dense(torch.tanh),
        randn(1, 7),
        {"weight": randn(4, 7)},
    )

    case(
        "conv2d_valid",
        {"conv2d": {"filters": 4, "kernel_size": 3}},
        conv2d(),
        randn(2, 3, 7, 6),
        weight_bias(4, 3, 3, 3),
    )
    case(
        "conv2d_one_channel_relu",
        {"conv2d": {"filters": 8, "kernel_size": 3, "activation": "relu"}},
        conv2d(activation=F.relu),
        randn(2, 1, 9, 9),
        weight_bias(8, 1, 3, 3),
    )
    case(
        "conv2d_same",
        {"conv2d": {"filters": 3, "kernel_size": 3, "padding": "same"}},
        conv2d(padding="same"),
        randn(2, 2, 5, 8),
        weight_bias(3, 2, 3, 3),
    )
    case(
        "conv2d_same_even_kernel",
        {"conv2d": {"filters": 3, "kernel_size": [2, 4], "padding": "same"}},
        conv2d(padding="same"),
        randn(2, 2, 5, 6),
        weight_bias(3, 2, 2, 4),
    )
    case(
        "conv2d_strides",
        {"conv2d": {"filters": 3, "kernel_size": [3, 2], "strides": [2, 3], "bias": False}},
        conv2d(strides=(2, 3)),
        randn(2, 2, 8, 9),
        {"weight": randn(3, 2, 3, 2)},
    )
    case(
        "conv2d_same_strides",
        {"conv2d": {"filters": 3, "kernel_size": 3, "strides": 2, "padding": "same"}},
        conv2d(strides=(2, 2), padding="same"),
        randn(2, 2, 6, 7),
        weight_bias(3, 2, 3, 3),
    )
    case(
        "conv2d_one_by_one",
        {"conv2d": {"filters": 5, "kernel_size": 1}},
        conv2d(),
        randn(2, 3, 4, 3),
        weight_bias(5, 3, 1, 1),
    )

    for kind, pool in [("max_pool2d", F.max_pool2d), ("avg_pool2d", F.avg_pool2d)]:
        for name, shape, options, arguments in [
            ("even", (2, 3, 6, 4), {"pool_size": 2}, (2, 2)),
            ("odd", (2, 3, 7, 5), {"pool_size": 2}, (2, 2)),
            ("three_by_two", (2, 2, 7, 7), {"pool_size": [3, 2]}, ((3, 2), (3, 2))),
            ("overlapping", (2, 2, 7, 8), {"pool_size": 3, "strides": 2}, (3, 2)),
            ("gaps", (2, 2, 7, 8), {"pool_size": 2, "strides": 3}, (2, 3)),
        ]:
            run = lambda x, pool=pool, arguments=arguments: pool(x, *arguments)
            case(f"{kind}_{name}", {kind: options}, run, randn(*shape))
    keras_avg = lambda x: F.avg_pool2d(same(x, (3, 2), (2, 2)), (3, 2), 2) / F.avg_pool2d(
        same(torch.ones_like(x), (3, 2), (2, 2)), (3, 2), 2
    )  # padding is excluded
    keras_max = lambda x: F.max_pool2d(same(x, (3, 2), (2, 2), -torch.inf), (3, 2), 2)
    for kind, pool in [("max_pool2d", keras_max), ("avg_pool2d", keras_avg)]:
        options = {"pool_size": [3, 2], "strides": 2, "padding": "same"}
        case(f"{kind}_same", {kind: options}, pool, randn(2, 2, 6, 5))
    ties = torch.randint(0, 3, (2, 2, 6, 6)).double()
    case("max_pool2d_ties", {"max_pool2d": {"pool_size": 2}}, lambda x: F.max_pool2d(x, 2), ties)
    case("global_avg_pool2d", {"global_avg_pool2d": {}}, lambda x: x.mean((2, 3)), randn(2, 3, 5, 4))
    case("flatten", {"flatten": {}}, lambda x: x.flatten(1), randn(2, 3, 2, 4))

    for shape, name in [((4, 3, 5, 2), "image"), ((6, 5), "flat")]:
        momentum, epsilon, axes = 0.9, 1e-3, [i for i in range(len(shape)) if i != 1]
        for training in [True, False]:
            x = randn(*shape, scale=2.0) + 0.5
            x = x.float().double()
            channels = shape[1]
            parameters = {
                "weight": randn(channels),
                "bias": randn(channels),
                "running_mean": randn(channels),
                "running_var": (randn(channels).abs() + 0.5).float().double(),
            }
            after = {n: parameters[n] for n in ["running_mean", "running_var"]}
            if training:
                # Keras's convention; PyTorch's momentum is 1 - m and its running variance is unbiased.
                mean, variance = x.mean(axes), x.var(axes, unbiased=False)
                after = {
                    "running_mean": momentum * parameters["running_mean"] + (1 - momentum) * mean,
                    "running_var": momentum * parameters["running_var"] + (1 - momentum) * variance,
                }
            case(
                f"batch_norm_{name}_{'training' if training else 'inference'}",
                {"batch_norm": {"momentum": momentum, "epsilon": epsilon}},
                batch_norm(epsilon, training),
                x,
                parameters,
                training,
                after,
            )
    case(
        "layer_norm",
        {"layer_norm": {"epsilon": 1e-3}},
        lambda x, weight, bias: F.layer_norm(x, weight.shape, weight, bias, eps=1e-3),
        randn(3, 8, scale=3.0),
        {"weight": randn(8), "bias": randn(8)},
    )
    case(
        "layer_norm_image",
        {"layer_norm": {"epsilon": 1e-3}},
        lambda x, weight, bias: F.layer_norm(x, weight.shape, weight, bias, eps=1e-3),
        randn(2, 2, 3, 4),
        {"weight": randn(2, 3, 4), "bias": randn(2, 3, 4)},
    )
    write("layers", tensors, cases)


# --- losses ---------------------------------------------------------------------------------------


def losses():
    tensors, cases = {}, []

    def case(name, config, loss, outputs, targets):
        outputs = outputs.requires_grad_()
        value = loss(outputs, targets.long() if targets.dtype == torch.uint32 else targets)
        value.backward()
        tensors.update({f"{name}/outputs": outputs, f"{name}/targets": targets, f"{name}/sum": value})
        tensors[f"{name}/gradient"] = outputs.grad
        cases.append({"name": name, "config": config})

    weights = [0.5, 2.0, 1.0, 0.25, 1.5]
    for name, options, arguments in [
        ("plain", {}, {}),
        ("smoothing", {"label_smoothing": 0.1}, {"label_smoothing": 0.1}),
        ("weights", {"class_weights": weights}, {"weight": torch.tensor(weights).double()}),
        (
            "smoothing_weights",
            {"label_smoothing": 0.25, "class_weights": weights},
            {"label_smoothing": 0.25, "weight": torch.tensor(weights).double()},
        ),
    ]:
        loss = lambda z, y, arguments=arguments: F.cross_entropy(z, y, reduction="sum", **arguments)
        y = labels(0, 4, 2, 2, 1, 3)
        case(f"cross_entropy_{name}", {"cross_entropy": options}, loss, randn(6, 5, scale=3.0), y)

    for name, smoothing in [("plain", 0.0), ("smoothing", 0.2)]:
        loss = lambda z, y, smoothing=smoothing: F.binary_cross_entropy_with_logits(
            z, (y.double() * (1 - smoothing) + smoothing / 2)[:, None], reduction="sum"
        )
        z = torch.cat([randn(5, 1, scale=3.0), torch.tensor([[0.0], [30.0], [-30.0]])]).float().double()
        y = labels(0, 1, 1, 0, 1, 1, 0, 0)
        options = {"label_smoothing": smoothing}
        case(f"binary_cross_entropy_{name}", {"binary_cross_entropy": options}, loss, z, y)

    mean = lambda loss: lambda z, y: loss(z, y).mean(1).sum()
    for name, config, loss in [
        ("mse", {"mse": {}}, lambda z, y: F.mse_loss(z, y, reduction="none")),
        ("mae", {"mae": {}}, lambda z, y: F.l1_loss(z, y, reduction="none")),
        ("huber", {"huber": {}}, lambda z, y: F.huber_loss(z, y, reduction="none")),
        (
            "huber_small",
            {"huber": {"delta": 0.25}},
            lambda z, y: F.huber_loss(z, y, reduction="none", delta=0.25),
        ),
        (
            "huber_large",
            {"huber": {"delta": 3.0}},
            lambda z, y: F.huber_loss(z, y, reduction="none", delta=3.0),
        ),
    ]:
        z, y = randn(5, 3, scale=2.0), randn(5, 3)
        y[0, 0] = z[0, 0]  # no error: the kink of mae
        y[1, 1] = (z[1, 1] + 0.25).float().double()  # at delta of a huber case, up to rounding
        case(name, config, mean(loss), z, y)
    write("losses", tensors, cases)


# --- optimizers -----------------------------------------------------------------------------------

NAMES = {
    "exp_avg": "first_moment",
    "exp_avg_sq": "second_moment",
    "momentum_buffer": "velocity",
    "square_avg": "square_average",
    "sum": "square_sum",
    "exp_inf": "infinity_norm",
}
STEPS = [1, 10, 100]


class Lion(torch.optim.Optimizer):
    """Algorithm 2 of Chen et al. (2023), which PyTorch does not have."""

    def __init__(self, parameters, lr=1e-4, betas=(0.9, 0.99), weight_decay=0.0):
        super().__init__(parameters, {"lr": lr, "betas": betas, "weight_decay": weight_decay})

    @torch.no_grad()
    def step(self):
        for group in self.param_groups:
            (beta1, beta2), rate = group["betas"], group["lr"]
            for parameter in group["params"]:
                gradient = parameter.grad
                moment = self.state[parameter].get("exp_avg", torch.zeros_like(parameter))
                direction = torch.sign(beta1 * moment + (1 - beta1) * gradient)
                parameter -= rate * (direction + group["weight_decay"] * parameter)
                self.state[parameter]["exp_avg"] = beta2 * moment + (1 - beta2) * gradient


class NAdam(torch.optim.NAdam):
    """PyTorch's, with the product of momenta in f64, which by default is in f32 for any parameters."""

    def step(self):
        torch.set_default_dtype(torch.float64)
        super().step()
        torch.set_default_dtype(torch.float32)



ADAM = {"lr": 1e-3, "eps": 1e-7}
OPTIMIZERS = [
    ("sgd", {"sgd": {"learning_rate": 0.1}}, lambda p: torch.optim.SGD(p, lr=0.1)),
    (
        "sgd_weight_decay",
        {"sgd": {"weight_decay": 0.1}},
        lambda p: torch.optim.SGD(p, lr=1e-2, weight_decay=0.1),
    ),
    (
        "sgd_momentum",
        {"sgd": {"momentum": 0.9}},
        lambda p: torch.optim.SGD(p, lr=1e-2, momentum=0.9),
    ),
    (
        "sgd_nesterov",
        {"sgd": {"momentum": 0.8, "nesterov": True, "weight_decay": 0.05}},
        lambda p: torch.optim.SGD(p, lr=1e-2, momentum=0.8, nesterov=True, weight_decay=0.05),
    ),
    ("adam", {"adam": {}}, lambda p: torch.optim.Adam(p, **ADAM)),
    (
        "adam_weight_decay",
        {"adam": {"learning_rate": 0.01, "beta1": 0.8, "beta2": 0.99, "weight_decay": 0.1}},
        lambda p: torch.optim.Adam(p, lr=0.01, betas=(0.8, 0.99), eps=1e-7, weight_decay=0.1),
    ),
    ("adamw", {"adamw": {}}, lambda p: torch.optim.AdamW(p, **ADAM)),
    (
        "adamw_weight_decay",
        {"adamw": {"learning_rate": 0.01, "weight_decay": 0.5, "epsilon": 1e-3}},
        lambda p: torch.optim.AdamW(p, lr=0.01, eps=1e-3, weight_decay=0.5),
    ),
    ("rmsprop", {"rmsprop": {}}, lambda p: torch.optim.RMSprop(p, lr=1e-3, alpha=0.9, eps=1e-7)),
    (
        "rmsprop_momentum",
        {"rmsprop": {"learning_rate": 0.01, "rho": 0.95, "momentum": 0.9, "epsilon": 1e-3}},
        lambda p: torch.optim.RMSprop(p, lr=0.01, alpha=0.95, eps=1e-3, momentum=0.9),
    ),
    ("adagrad", {"adagrad": {}}, lambda p: torch.optim.Adagrad(p)),
    (
        "adagrad_weight_decay",
        {"adagrad": {"learning_rate": 0.1, "initial_accumulator": 0.1, "epsilon": 1e-3, "weight_decay": 0.1}},
        lambda p: torch.optim.Adagrad(
            p, lr=0.1, initial_accumulator_value=0.1, eps=1e-3, weight_decay=0.1
        ),
    ),
    ("adamax", {"adamax": {}}, lambda p: torch.optim.Adamax(p)),
    (
        "adamax_weight_decay",
        {"adamax": {"learning_rate": 0.01, "beta1": 0.8, "beta2": 0.9, "epsilon": 1e-3, "weight_decay": 0.1}},
        lambda p: torch.optim.Adamax(p, lr=0.01, betas=(0.8, 0.9), eps=1e-3, weight_decay=0.1),
    ),
    ("nadam", {"nadam": {}}, NAdam),
    (
        "nadam_weight_decay",
        {"nadam": {"learning_rate": 0.01, "beta1": 0.8, "beta2": 0.99, "momentum_decay": 0.1, "weight_decay": 0.1}},
        lambda p: NAdam(p, lr=0.01, betas=(0.8, 0.99), momentum_decay=0.1, weight_decay=0.1),
    ),
    ("lion", {"lion": {}}, Lion),
    (
        "lion_weight_decay",
        {"lion": {"learning_rate": 0.01, "beta1": 0.8, "beta2": 0.95, "weight_decay": 0.5}},
        lambda p: Lion(p, lr=0.01, betas=(0.8, 0.95), weight_decay=0.5),
    ),
]


def optimizers():
    start = [randn(3, 4), randn(5)]
    gradients = [randn(max(STEPS), *parameter.shape) for parameter in start]
    # Large, small and zero gradients, each in its own row.
    for gradient, scale in zip(gradients, [1e-4, 1e3]):
        gradient[:, 0] = (gradient[:, 0] * scale).float().double()
        gradient[:, 1] = 0.0
    tensors = {f"start/{i}": parameter for i, parameter in enumerate(start)}
    tensors |= {f"gradients/{i}": gradient for i, gradient in enumerate(gradients)}
    cases = []
    for name, config, make in OPTIMIZERS:
        parameters = [parameter.clone().requires_grad_() for parameter in start]
        optimizer = make(parameters)
        for step in range(1, max(STEPS) + 1):
            for parameter, gradient in zip(parameters, gradients):
                parameter.grad = gradient[step - 1].clone()
            optimizer.step()
            if step in STEPS:
                for i, parameter in enumerate(parameters):
                    tensors[f"{name}/{step}/parameter/{i}"] = parameter.detach().clone()
                    for theirs, ours in NAMES.items():
                        value = optimizer.state[parameter].get(theirs)
                        if value is not None:
                            tensors[f"{name}/{step}/{ours}/{i}"] = value.clone()
        cases.append({"name": name, "config": config})
    write("optimizers", tensors, cases)


# --- optimizers with changing learning rates ------------------------------------------------------

# The factors of the learning rate, from PyTorch's own schedulers.
SCHEDULES = {
    "step": lambda o: torch.optim.lr_scheduler.StepLR(o, step_size=30, gamma=0.1),
    "exponential": lambda o: torch.optim.lr_scheduler.ExponentialLR(o, gamma=0.95),
    "cosine": lambda o: torch.optim.lr_scheduler.CosineAnnealingLR(o, T_max=max(STEPS)),
    "warmup_cosine": lambda o: torch.optim.lr_scheduler.SequentialLR(
        o,
        [
            torch.optim.lr_scheduler.LinearLR(o, start_factor=0.1, total_iters=10),
            torch.optim.lr_scheduler.CosineAnnealingLR(o, T_max=max(STEPS) - 10),
        ],
        milestones=[10],
    ),
    "polynomial": lambda o: torch.optim.lr_scheduler.PolynomialLR(o, total_iters=max(STEPS), power=2.0),
}


def schedules():
    start = [randn(2, 3), randn(4)]
    gradients = [randn(max(STEPS), *parameter.shape) for parameter in start]
    tensors = {f"start/{i}": parameter for i, parameter in enumerate(start)}
    tensors |= {f"gradients/{i}": gradient for i, gradient in enumerate(gradients)}
    for schedule, follow in SCHEDULES.items():
        optimizer = torch.optim.SGD([torch.zeros(1, requires_grad=True)], lr=1.0)
        scheduler, factors = follow(optimizer), []
        for _ in range(max(STEPS)):
            factors.append(optimizer.param_groups[0]["lr"])
            optimizer.step()
            scheduler.step()
        tensors[f"factors/{schedule}"] = torch.tensor(factors, dtype=torch.float64)
    cases = []
    for (name, config, make), (schedule, follow) in itertools.product(OPTIMIZERS, SCHEDULES.items()):
        parameters = [parameter.clone().requires_grad_() for parameter in start]
        optimizer = make(parameters)
        scheduler = follow(optimizer)
        for step in range(1, max(STEPS) + 1):
            for parameter, gradient in zip(parameters, gradients):
                parameter.grad = gradient[step - 1].clone()
            optimizer.step()
            scheduler.step()
            if step in STEPS:
                flat = torch.cat([parameter.detach().flatten() for parameter in parameters])
                tensors[f"{name}/{schedule}/{step}"] = flat
        cases.append({"name": name, "schedule": schedule, "config": config})
    write("schedules", tensors, cases)


# --- a whole network ------------------------------------------------------------------------------


def model():
    x = torch.rand(8, 1, 12, 10).double()
    y = labels(0, 1, 2, 3, 4, 0, 1, 2)
    config = [
        {"conv2d": {"filters": 4, "kernel_size": 3, "activation": "relu"}},
        {"max_pool2d": {"pool_size": 2}},
        {"flatten": {}},
        {"dense": {"units": 16, "activation": "relu"}},
        {"dense": {"units": 5}},
    ]
    names = ["0.weight", "0.bias", "3.weight", "3.bias", "4.weight", "4.bias"]
    parameters = [
        randn(4, 1, 3, 3, scale=0.3),
        randn(4, scale=0.1),
        randn(16, 80, scale=0.15),
        randn(16, scale=0.1),
        randn(5, 16, scale=0.3),
        randn(5, scale=0.1),
    ]
    tensors = {"input": x, "labels": y}
    tensors |= {f"start/{n}": p.clone() for n, p in zip(names, parameters)}
    for parameter in parameters:
        parameter.requires_grad_()

    def logits():
        a, b, c, d, e, f = parameters
        hidden = F.max_pool2d(F.relu(F.conv2d(x, a, b)), 2).flatten(1)
        return F.linear(F.relu(F.linear(hidden, c, d)), e, f)

    optimizer = torch.optim.Adam(parameters, lr=1e-3, eps=1e-7)
    losses = []
    for step in range(1, max(STEPS) + 1):
        optimizer.zero_grad()
        z = logits()
        loss = F.cross_entropy(z, y.long())
        loss.backward()
        losses.append(loss.detach())
        if step == 1:
            tensors["logits"] = z.detach().clone()
            tensors |= {f"gradient/{n}": p.grad.clone() for n, p in zip(names, parameters)}
        optimizer.step()
        if step in STEPS:
            tensors |= {f"{step}/{n}": p.detach().clone() for n, p in zip(names, parameters)}
    tensors["losses"] = torch.stack(losses)
    write("model", tensors, {"layers": config, "optimizer": {"adam": {}}})


# --- metrics --------------------------------------------------------------------------------------


def calibration_error(truth, chances, bins=15):
    """Guo et al. (2017), which scikit-learn does not have."""
    confidence = chances.max(1)
    right = chances.argmax(1) == truth
    own = numpy.digitize(confidence, numpy.linspace(0, 1, bins + 1)[1:-1], right=True)
    error = 0.0
    for b in range(bins):
        chosen = own == b
        if chosen.any():
            error += chosen.mean() * abs(right[chosen].mean() - confidence[chosen].mean())
    return float(error)


def metrics():
    random = numpy.random.default_rng(7)
    classification = []
    for name, classes, truth, predicted in [
        ("balanced", 4, random.integers(0, 4, 60), None),
        ("skewed", 3, random.choice(3, 50, p=[0.9, 0.08, 0.02]), None),
        ("binary", 2, random.integers(0, 2, 40), None),
        ("perfect", 3, numpy.array([0, 1, 2, 1]), numpy.array([0, 1, 2, 1])),
        ("never_predicted", 3, numpy.array([0, 1, 2, 2]), numpy.array([0, 1, 1, 0])),
        ("never_true", 3, numpy.array([0, 1, 1, 0]), numpy.array([0, 2, 1, 0])),
        ("absent", 5, numpy.array([0, 4, 4, 0]), numpy.array([0, 4, 0, 0])),
        ("all_wrong", 2, numpy.array([0, 0, 1]), numpy.array([1, 1, 0])),
    ]:
        if predicted is None:
            predicted = numpy.where(random.random(len(truth)) < 0.7, truth, random.integers(0, classes, len(truth)))
        scores = sklearn.metrics.precision_recall_fscore_support
        macro = scores(truth, predicted, average="macro", zero_division=0)
        each = scores(truth, predicted, labels=range(classes), zero_division=0)
        classification.append(
            {
                "name": name,
                "truth": truth.tolist(),
                "predicted": predicted.tolist(),
                "expected": {
                    "accuracy": sklearn.metrics.accuracy_score(truth, predicted),
                    "precision": macro[0],
                    "recall": macro[1],
                    "f1": macro[2],
                    "per_class": [
                        {"class": str(i), "precision": p, "recall": r, "f1": f, "support": int(s)}
                        for i, (p, r, f, s) in enumerate(zip(*each))
                    ],
                    "confusion_matrix": sklearn.metrics.confusion_matrix(
                        truth, predicted, labels=range(classes)
                    ).tolist(),
                    "matthews": float(sklearn.metrics.matthews_corrcoef(truth, predicted)),
                },
            }
        )
    regression = []
    for name, targets, predictions in [
        ("one_output", random.normal(size=(20, 1)), None),
        ("three_outputs", random.normal(size=(25, 3)) * [1, 10, 0.1] + [0, 100, -3], None),
        ("far_from_zero", 1e6 + random.normal(size=(20, 1)), None),
        ("worse_than_the_mean", random.normal(size=(10, 1)), random.normal(size=(10, 1)) * 5),
        ("constant_exact", numpy.full((5, 1), 2.5), numpy.full((5, 1), 2.5)),
        ("constant_missed", numpy.full((5, 1), 2.5), numpy.full((5, 1), 2.0)),
        ("one_constant_output", numpy.stack([numpy.full(6, 3.0), numpy.arange(6.0)], 1), None),
    ]:
        if predictions is None:
            predictions = targets + random.normal(size=targets.shape) * 0.3
        regression.append(
            {
                "name": name,
                "targets": targets.tolist(),
                "predictions": predictions.tolist(),
                "expected": {
                    "mae": sklearn.metrics.mean_absolute_error(targets, predictions),
                    "rmse": sklearn.metrics.root_mean_squared_error(targets, predictions),
                    "r2": sklearn.metrics.r2_score(targets, predictions),
                },
            }
        )
    probabilities = []
    for name, classes, samples, scale in [
        ("ten_classes", 10, 40, 1.5),
        ("six_classes", 6, 30, 0.2),
        ("five_classes", 5, 30, 1.0),
        ("two_classes", 2, 30, 3.0),
        ("one_logit", 2, 30, 2.0),
        ("sure", 7, 20, 6.0),
    ]:
        outputs = 1 if name == "one_logit" else classes
        logits = (random.normal(size=(samples, outputs)) * scale).astype(numpy.float32).astype(float)
        right = numpy.column_stack([numpy.zeros(samples), logits]) if outputs == 1 else logits
        truth = numpy.where(random.random(samples) < 0.6, right.argmax(1), random.integers(0, classes, samples))
        powers = numpy.exp(right - right.max(1, keepdims=True))
        chances = powers / powers.sum(1, keepdims=True)
        every = range(classes)
        expected = {
            "log_loss": sklearn.metrics.log_loss(truth, chances, labels=every),
            "matthews": float(sklearn.metrics.matthews_corrcoef(truth, right.argmax(1))),
            "calibration_error": calibration_error(truth, chances),
        }
        if classes > 5:
            top = sklearn.metrics.top_k_accuracy_score(truth, right, k=5, labels=every)
            expected = {"top_k_accuracy": float(top)} | expected
        probabilities.append(
            {"name": name, "classes": classes, "truth": truth.tolist(), "logits": logits.tolist(), "expected": expected}
        )
    pinball = []
    for quantile, width in [(0.5, 1), (0.9, 1), (0.05, 3)]:
        targets = random.normal(size=(15, width)).astype(numpy.float32).astype(float) * 4
        errors = random.normal(size=targets.shape).astype(numpy.float32).astype(float)
        predictions = (targets + errors).astype(numpy.float32).astype(float)
        predictions[0] = targets[0]
        pinball.append(
            {
                "quantile": quantile,
                "targets": targets.tolist(),
                "predictions": predictions.tolist(),
                "expected": sklearn.metrics.mean_pinball_loss(targets, predictions, alpha=quantile),
            }
        )
    cases = {
        "classification": classification,
        "regression": regression,
        "probabilities": probabilities,
        "pinball": pinball,
    }
    (HERE / "metrics.json").write_text(json.dumps(cases, indent=1) + "\n")


layers()
losses()
optimizers()
model()
schedules()
metrics()
