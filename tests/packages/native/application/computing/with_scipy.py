"""scipy: one thing from each of its parts with compiled code of their own."""

from __future__ import annotations

import numpy as np
from scipy import (
    fft,
    integrate,
    interpolate,
    linalg,
    ndimage,
    optimize,
    signal,
    sparse,
    spatial,
    special,
    stats,
)
from scipy.sparse import csgraph
from scipy.sparse import linalg as sparse_linalg


def compute() -> None:
    random = np.random.default_rng(7)
    matrix = random.normal(size=(80, 80))
    assert np.allclose(linalg.expm(np.zeros((3, 3))), np.eye(3))
    lower, upper = linalg.lu(matrix, permute_l=True)
    assert np.allclose(lower @ upper, matrix)
    assert np.isclose(special.gamma(5), 24)
    assert np.isclose(special.cython_special.j0(0.0), 1)
    assert np.isclose(integrate.quad(np.sin, 0, np.pi)[0], 2)
    assert np.isclose(optimize.brentq(lambda x: x * x - 2, 0, 2), 2**0.5)
    assert optimize.linprog([-1, -1], [[1, 2]], [4]).fun == -4
    assert np.allclose(interpolate.CubicSpline([0, 1, 2, 3], [0, 1, 8, 27])(1.5), 1.5**3)
    assert np.allclose(fft.idct(fft.dct(matrix)), matrix)
    assert np.allclose(signal.lfilter([1.0], [1.0], matrix[0]), matrix[0])
    assert ndimage.label([1, 0, 1])[1] == 2
    tree = spatial.KDTree(matrix[:, :3])
    assert tree.query(matrix[5, :3])[1] == 5
    assert spatial.ConvexHull(random.normal(size=(30, 2))).volume > 0
    many = sparse.diags_array([2.0] * 50, format="csc")
    assert np.allclose(sparse_linalg.spsolve(many, np.ones(50)), 0.5)
    assert csgraph.connected_components(many)[0] == 50
    assert np.isclose(stats.norm.cdf(0), 0.5)
