"""The samples of the workloads, as NumPy arrays: floats of shape (n, height, width, channels) or (n, features)."""

import gzip
import struct
import sys

import numpy

import works

MNIST = ("images-idx3-ubyte", "labels-idx1-ubyte")


def load(work, samples, folder):
    """Training samples and labels, test samples and labels (None and None if there are none)."""
    if work.data == "mnist":
        images, labels = (idx(folder, f"train-{name}")[:samples] for name in MNIST)
        test_images, test_labels = (idx(folder, f"t10k-{name}") for name in MNIST)
        train = pixels(images[..., None]), labels.astype("int64")
        return *train, pixels(test_images[..., None]), test_labels.astype("int64")
    if work.data == "images":
        with numpy.load(folder / works.IMAGES) as arrays:
            return pixels(arrays["x_train"][:samples]), arrays["y_train"][:samples].astype("int64"), None, None
    return points(samples)


def pixels(images):
    return images.astype("float32") / 255


def idx(folder, name):
    """An array from an IDX file, plain or gzipped, in `folder` or its sub-folder mnist/."""
    candidates = [place / (name + ending) for place in (folder / "mnist", folder) for ending in ("", ".gz")]
    path = next((path for path in candidates if path.is_file()), None)
    if path is None:
        sys.exit(f"no {name} or {name}.gz in {folder / 'mnist'} or {folder}: set the folder of MNIST with --data")
    data = (gzip.open if path.suffix == ".gz" else open)(path, "rb").read()
    dimensions = struct.unpack(f">{data[3]}I", data[4 : 4 + 4 * data[3]])
    return numpy.frombuffer(data, numpy.uint8, offset=4 + 4 * data[3]).reshape(dimensions)


def points(samples, test_samples=1000, features=100, classes=10, noise=1.5):
    """Points around class centers, distributed as in taper's [data.synthetic] (from another random stream)."""
    random = numpy.random.default_rng(42)
    centers = random.standard_normal((classes, features))

    def draw(count):
        labels = numpy.arange(count) % classes
        x = centers[labels] + noise * random.standard_normal((count, features))
        return x.astype("float32"), labels.astype("int64")

    return *draw(samples), *draw(test_samples)
