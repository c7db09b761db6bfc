"""Runs a workload in Keras on TensorFlow, as in its tutorials: compile, fit. Prints one JSON line.

The time of an epoch is that between the callbacks on_epoch_begin and on_epoch_end of fit().
"""

import os
import time

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
os.environ["CUDA_VISIBLE_DEVICES"] = ""
os.environ["KERAS_BACKEND"] = "tensorflow"

import keras  # noqa: E402  (reads these variables)
import tensorflow  # noqa: E402

import samples  # noqa: E402
import works  # noqa: E402


class Clock(keras.callbacks.Callback):
    def __init__(self):
        super().__init__()
        self.seconds = []

    def on_epoch_begin(self, epoch, logs=None):
        self.start = time.perf_counter()

    def on_epoch_end(self, epoch, logs=None):
        self.seconds.append(time.perf_counter() - self.start)


def normed(x, filters, size, strides=1):
    """A convolution with padding and batch normalization."""
    x = keras.layers.Conv2D(filters, size, strides, padding="same", use_bias=False)(x)
    return keras.layers.BatchNormalization(momentum=0.9)(x)


def residual(x, filters, strides):
    """Two convolutions added to the input, or to a shortcut if the stride is not 1."""
    shortcut = x if strides == 1 else normed(x, filters, 1, strides)
    x = normed(keras.layers.ReLU()(normed(x, filters, 3, strides)), filters, 3)
    return keras.layers.ReLU()(keras.layers.Add()([x, shortcut]))


def build(layers, shape):
    """The network for samples of `shape`: (height, width, channels) or (features,)."""
    start = x = keras.Input(shape)
    for position, (kind, number) in enumerate(layers):
        if kind == "conv":
            x = keras.layers.Conv2D(number, 3, activation="relu")(x)
        elif kind == "pool":
            x = keras.layers.MaxPooling2D(number)(x)
        elif kind == "flatten":
            x = keras.layers.Flatten()(x)
        elif kind == "dropout":
            x = keras.layers.Dropout(number)(x)
        elif kind == "normed":
            x = keras.layers.ReLU()(normed(x, number, 3))
        elif kind in ("block", "halve"):
            x = residual(x, number, 1 if kind == "block" else 2)
        elif kind == "mean":
            x = keras.layers.GlobalAveragePooling2D()(x)
        else:
            last = position + 1 == len(layers)
            x = keras.layers.Dense(number, activation="softmax" if last else "relu")(x)
    return keras.Model(start, x)


def main():
    args, work = works.with_defaults(works.arguments(__doc__).parse_args())
    tensorflow.config.threading.set_intra_op_parallelism_threads(args.threads)
    tensorflow.config.threading.set_inter_op_parallelism_threads(args.threads)
    keras.utils.set_random_seed(0)
    x, y, test_x, test_y = samples.load(work, args.samples, args.data)
    loss = "sparse_categorical_crossentropy"
    if x.ndim == 4:  # The textbook's programs for images one-hot encode their labels.
        loss = "categorical_crossentropy"
        y = keras.utils.to_categorical(y, 10)
        test_y = None if test_y is None else keras.utils.to_categorical(test_y, 10)
    model = build(work.layers, x.shape[1:])
    model.compile(optimizer=keras.optimizers.Adam(1e-3), loss=loss, metrics=["accuracy"])
    clock = Clock()
    epochs = args.warm_up + args.epochs
    model.fit(x, y, batch_size=args.batch, epochs=epochs, verbose=0, callbacks=[clock])
    accuracy = None if test_x is None else float(model.evaluate(test_x, test_y, verbose=0)[1])
    version = f"{keras.__version__} on TensorFlow {tensorflow.__version__}"
    works.print_result("keras", version, args, model.count_params(), clock.seconds, accuracy)


main()
