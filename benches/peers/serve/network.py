"""The network in ONNX Runtime, as all peers run it."""

import os

import numpy
import onnxruntime


def load(file=None, threads=None):
    """A function from images to probabilities. The environment says which file and how many threads, unless given."""
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = int(threads or os.environ["PEER_THREADS"])
    file = str(file or os.environ["PEER_NETWORK"])
    session = onnxruntime.InferenceSession(file, options, providers=["CPUExecutionProvider"])
    return lambda images: session.run(None, {"x": images})[0]


def from_rows(rows):
    """Images of an `instances` list."""
    return numpy.asarray(rows, numpy.float32).reshape(-1, 28, 28, 1)


def from_bytes(content):
    return numpy.frombuffer(content, numpy.float32).reshape(-1, 28, 28, 1)
