"""Writes augmentations.json, images changed by torchvision and SciPy, for src/augment/goldens.rs.

    python -m venv venv && venv/bin/pip install -r requirements.txt torchvision==0.29.2 scipy==1.17.1
    venv/bin/python make_augmentations.py

Pixels are integers in 0..=255. The operations get floating-point images, so that no result is rounded between, except
those that torchvision defines for bytes only. With `fill`, torchvision blends the pixels at the border twice with it; so a
border that is not 0 is made by moving the values.
"""

import json
import pathlib

import numpy
import scipy.ndimage
import torch
import torchvision.transforms.v2.functional as F
from torchvision.transforms.v2 import InterpolationMode

BILINEAR = {"interpolation": InterpolationMode.BILINEAR}


def image(channels, height, width, seed):
    """Smooth shapes with some noise."""
    random = numpy.random.default_rng(seed)
    smooth = scipy.ndimage.gaussian_filter(random.normal(size=(channels, height, width)), (0, 2, 2))
    smooth = (smooth - smooth.min()) / (smooth.max() - smooth.min())
    return numpy.clip(smooth * 255 + random.normal(size=smooth.shape) * 5, 0, 255).astype(numpy.uint8)


def affine(x, angle=0.0, translate=(0, 0), scale=1.0, shear=(0.0, 0.0)):
    return F.affine(x, angle, list(translate), scale, list(shear), **BILINEAR)


CASES = [
    ("rotate", [10.0], lambda x: F.rotate(x, 10.0, **BILINEAR)),
    ("rotate", [-73.5], lambda x: F.rotate(x, -73.5, **BILINEAR)),
    ("scale", [1.3], lambda x: affine(x, scale=1.3)),
    ("scale", [0.6], lambda x: affine(x, scale=0.6)),
    ("shear", [12.0, 0.0], lambda x: affine(x, shear=(12.0, 0.0))),
    ("shear", [0.0, -20.0], lambda x: affine(x, shear=(0.0, -20.0))),
    ("shift", [3.0, -2.0], lambda x: affine(x, translate=(3, -2))),
    ("fill", [25.0, 100.0], lambda x: affine(x - 100, angle=-25.0) + 100),
    ("flip", [0.0], F.horizontal_flip),
    ("flip", [1.0], F.vertical_flip),
    ("brightness", [1.4], lambda x: 255 * F.adjust_brightness(x / 255, 1.4)),
    ("contrast", [0.3], lambda x: 255 * F.adjust_contrast(x / 255, 0.3)),
    ("contrast", [1.8], lambda x: 255 * F.adjust_contrast(x / 255, 1.8)),
    ("saturation", [0.2], lambda x: 255 * F.adjust_saturation(x / 255, 0.2)),
    ("saturation", [1.9], lambda x: 255 * F.adjust_saturation(x / 255, 1.9)),
    ("sharpness", [0.1], lambda x: 255 * F.adjust_sharpness(x / 255, 0.1)),
    ("sharpness", [1.9], lambda x: 255 * F.adjust_sharpness(x / 255, 1.9)),
    ("posterize", [3.0], lambda x: F.posterize(x.to(torch.uint8), 3)),
    ("solarize", [100.0], lambda x: F.solarize(x.to(torch.uint8), 100)),
    ("auto_contrast", [], lambda x: 255 * F.autocontrast(x / 255)),
    ("equalize", [], lambda x: F.equalize(x.to(torch.uint8))),
]


def rounded(values, digits=3):
    return [round(float(value), digits) for value in numpy.asarray(values).flatten()]


def main():
    images = [image(1, 28, 28, 1), image(3, 13, 17, 2)]
    cases = []
    for number, pixels in enumerate(images):
        for name, options, change in CASES:
            if name == "saturation" and len(pixels) != 3:
                continue
            found = change(torch.from_numpy(pixels).to(torch.float32))
            cases.append({"image": number, "operation": name, "options": options, "result": rounded(found)})
    noise = numpy.random.default_rng(3).uniform(-1, 1, size=(28, 28)).astype(numpy.float32)
    smooth = scipy.ndimage.gaussian_filter(noise.astype(numpy.float64), 4.0, mode="constant", truncate=3.0)
    stored = {
        "images": [{"shape": pixels.shape, "pixels": pixels.flatten().tolist()} for pixels in images],
        "cases": cases,
        "noise": rounded(noise, 9),
        "smooth": rounded(smooth, 9),
    }
    path = pathlib.Path(__file__).with_name("augmentations.json")
    path.write_text(json.dumps(stored, separators=(",", ":")) + "\n")


if __name__ == "__main__":
    main()
