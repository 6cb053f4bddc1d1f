"""A program that shares its work among processes."""

from __future__ import annotations

from tests.jobs.conftest import Program

MAIN = """
import multiprocessing
from concurrent.futures import ProcessPoolExecutor
from helper import origin

def work(number):
    return number * number, origin()

if __name__ == "__main__":
    methods = multiprocessing.get_all_start_methods()
    for method in methods:
        context = multiprocessing.get_context(method)
        with context.Pool(2) as pool:
            first = pool.map(work, range(5))
        with ProcessPoolExecutor(2, mp_context=context) as executor:
            second = list(executor.map(work, range(5)))
        assert first == second == [(n * n, origin()) for n in range(5)], (method, first, second)
    print(*sorted(methods), origin())
"""
# Each process tells where its code is from: none may have found it elsewhere.
HELPER = """
def origin():
    loader = type(__loader__)
    return f"{loader.__module__}.{loader.__name__}"
"""


def test_functions_of_the_program_run_in_every_kind_of_pool(program: Program) -> None:
    done = program({"program.py": MAIN, "helper.py": HELPER})
    assert done.out == "fork forkserver spawn signedvfs.zipimporter\n", done.err
