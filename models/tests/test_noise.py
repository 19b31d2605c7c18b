"""The element's noise in Python: the numbers that src/sampler/noise.rs gives."""

import numpy as np

from ud2m.diffusion.noise import normal_image

ROWS = [  # normal_image(20, 5, 2, 3, 6) of the element
    [0.07636078, -0.58201265, -0.58632225, -1.263014, 0.9496394, -0.11128378],
    [-0.085724145, -0.6647569, 0.54205585, 1.8060871, 0.06389933, -1.3159758],
    [-0.45210126, -0.1797171, 0.90899515, -0.0038822326, -1.577961, 0.8622313],
    [0.5910527, -0.2255561, 1.028421, -1.3522013, 0.21227533, 0.64043146],
    [1.3339163, 1.4212159, -0.24155381, -0.45706344, 0.35680944, -1.7415589],
    [1.6008183, 1.3865834, 1.4030749, -0.6424988, 0.24955593, -1.68895],
]
LAST = [-0.89909565, 1.0244699, 0.093327776, 1.0088227, -0.34188887]


def test_the_numbers_are_those_of_the_element():
    found = normal_image(20, 5, 2, 3, 6)
    assert found.dtype == np.float32 and found.shape == (2, 3, 6)
    assert np.abs(found - np.reshape(ROWS, (2, 3, 6))).max() <= 1e-6
    assert np.abs(normal_image(2**64 - 1, 2**32 - 1, 1, 1, 5).ravel() - LAST).max() <= 1e-6


def test_moments_are_those_of_a_standard_normal():
    noise = normal_image(7, 3, 3, 301, 203).astype(np.float64)
    for power, want, allowed in ((1, 0, 0.012), (2, 1, 0.017), (3, 0, 0.046), (4, 3, 0.12)):
        assert abs((noise**power).mean() - want) < allowed  # five standard errors


def test_a_larger_image_holds_the_smaller_one():
    large = normal_image(9, 4, 3, 31, 43)
    for height, width in ((31, 43), (17, 1), (1, 6), (30, 39), (5, 40)):
        assert np.array_equal(normal_image(9, 4, 3, height, width), large[:, :height, :width])
