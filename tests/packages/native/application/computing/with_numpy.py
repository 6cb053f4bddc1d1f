"""numpy: linear algebra, Fourier transforms and random numbers, by its bundled OpenBLAS."""

from __future__ import annotations

import numpy as np


def compute() -> None:
    random = np.random.default_rng(7)
    matrix = random.normal(size=(200, 200))
    # OpenBLAS starts threads for this one.
    solution = np.linalg.solve(matrix, matrix @ np.arange(200.0))
    assert np.allclose(solution, np.arange(200.0))
    values, vectors = np.linalg.eigh(matrix @ matrix.T)
    assert np.allclose(vectors * values @ vectors.T, matrix @ matrix.T)
    signal = random.normal(size=1024)
    assert np.allclose(np.fft.irfft(np.fft.rfft(signal)), signal)
    assert random.permutation(np.arange(9)).sum() == 36
    assert np.array(["b", "a"]).astype("U4").tolist() == ["b", "a"]
