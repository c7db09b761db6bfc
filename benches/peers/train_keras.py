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


def build(layers, shape):
    """The network for samples of `shape`: (height, width, channels) or (features,)."""
    network = [keras.Input(shape)]
    for position, (kind, number) in enumerate(layers):
        if kind == "conv":
            network.append(keras.layers.Conv2D(number, 3, activation="relu"))
        elif kind == "pool":
            network.append(keras.layers.MaxPooling2D(number))
        elif kind == "flatten":
            network.append(keras.layers.Flatten())
        elif kind == "dropout":
            network.append(keras.layers.Dropout(number))
        else:
            last = position + 1 == len(layers)
            network.append(keras.layers.Dense(number, activation="softmax" if last else "relu"))
    return keras.Sequential(network)


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
