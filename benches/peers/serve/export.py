"""Writes a network of taper as ONNX, for servers that run ONNX Runtime.

    python3 export.py MODEL.safetensors NETWORK.onnx

Takes what the MNIST networks are made of: images of one channel, convolutions and poolings without padding, dense layers.
"""

import json
import sys

import onnx
from onnx import TensorProto, helper, numpy_helper
from safetensors import safe_open

ACTIVATIONS = {"relu": "Relu", "tanh": "Tanh", "sigmoid": "Sigmoid"}
OPSET = 17


def export(source, target):
    with safe_open(source, "numpy") as file:
        card = json.loads(file.metadata()["taper"])
        weights = {name: file.get_tensor(name) for name in file.keys()}
    channels, height, width = card["sample_shape"]
    if channels != 1 or card["normalize"] is not None:
        raise SystemExit("only images of one channel that are not normalized")
    graph = Graph(weights)
    # One channel: [n, height, width, 1] and [n, 1, height, width] are the same numbers in the same order.
    graph.constant("shape", [-1, 1, height, width])
    graph.add("Reshape", ["shape"])
    for index, layer in enumerate(card["experiment"]["model"]["layers"]):
        (kind, settings), = layer.items()
        graph.layer(f"layers.{index}", kind, settings)
    graph.nodes[-1].output[0] = "probabilities"
    inputs = [helper.make_tensor_value_info("x", TensorProto.FLOAT, ["n", height, width, 1])]
    outputs = [helper.make_tensor_value_info("probabilities", TensorProto.FLOAT, ["n", len(card["classes"])])]
    whole = helper.make_graph(graph.nodes, "taper", inputs, outputs, graph.constants)
    model = helper.make_model(whole, opset_imports=[helper.make_opsetid("", OPSET)], ir_version=8)
    onnx.checker.check_model(model, full_check=True)
    onnx.save(model, target)


class Graph:
    """Nodes in a row, each of which takes the output of the one before."""

    def __init__(self, weights):
        self.weights, self.nodes, self.constants, self.last = weights, [], [], "x"

    def constant(self, name, values):
        self.constants.append(helper.make_tensor(name, TensorProto.INT64, [len(values)], values))

    def add(self, operator, constants=(), **attributes):
        name = f"output.{len(self.nodes)}"
        self.nodes.append(helper.make_node(operator, [self.last, *constants], [name], **attributes))
        self.last = name

    def layer(self, name, kind, settings):
        if settings.get("padding", "valid") != "valid":
            raise SystemExit(f"{name}: padding is not exported")
        match kind:
            case "conv2d":
                self.add("Conv", self.parameters(name), strides=sides(settings["strides"]))
            case "dense":
                self.add("Gemm", self.parameters(name), transB=1)
            case "max_pool2d":
                size = sides(settings["pool_size"])
                self.add("MaxPool", kernel_shape=size, strides=sides(settings["strides"] or size))
            case "flatten":
                self.add("Flatten")
            case "dropout":
                return
            case _:
                raise SystemExit(f"{name}: {kind} is not exported")
        match settings.get("activation"):
            case None | "linear":
                pass
            case "softmax":
                self.add("Softmax", axis=-1)
            case activation:
                self.add(ACTIVATIONS[activation])

    def parameters(self, name):
        names = [part for part in (f"{name}.weight", f"{name}.bias") if part in self.weights]
        self.constants += [numpy_helper.from_array(self.weights[part], part) for part in names]
        return names


def sides(size):
    return size if isinstance(size, list) else [size, size]


if __name__ == "__main__":
    export(*sys.argv[1:])
