"""The network as a model of Triton's Python backend: one pass for all requests that the batcher hands over."""

import os
import sys

# The backend's Python ignores the variable.
sys.path[:0] = os.environ["PYTHONPATH"].split(os.pathsep)

import numpy  # noqa: E402
import triton_python_backend_utils as backend  # noqa: E402

import network  # noqa: E402


class TritonPythonModel:
    def initialize(self, args):
        self.predictions = network.load()

    def execute(self, requests):
        images = [backend.get_input_tensor_by_name(request, "x").as_numpy() for request in requests]
        outputs = self.predictions(images[0] if len(images) == 1 else numpy.concatenate(images))
        ends = numpy.cumsum([len(one) for one in images])[:-1]
        tensors = (backend.Tensor("probabilities", part) for part in numpy.split(outputs, ends))
        return [backend.InferenceResponse([tensor]) for tensor in tensors]
