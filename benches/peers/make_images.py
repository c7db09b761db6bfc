"""Writes random images and labels for the workload deep_32x32x3: python make_images.py FOLDER [SAMPLES]"""

import pathlib
import sys

import numpy

import works

folder = pathlib.Path(sys.argv[1])
samples = int(sys.argv[2]) if len(sys.argv) > 2 else works.WORKS["deep_32x32x3"].samples
random = numpy.random.default_rng(0)
numpy.savez(
    folder / works.IMAGES,
    x_train=random.integers(0, 256, (samples, 32, 32, 3), dtype=numpy.uint8),
    y_train=random.integers(0, 10, samples, dtype=numpy.int64),
)
