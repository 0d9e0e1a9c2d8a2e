"""Calls that start at the same moment."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import TypeVar

Result = TypeVar("Result")


def concurrently(n: int, call: Callable[[int], Result]) -> list[Result | BaseException]:
    """Make `n` calls from `n` threads behind one barrier; what each gave, in order of its number.

    A call that raised is represented by its exception.
    """
    results: list[Result | BaseException] = [RuntimeError("this call did not end")] * n
    barrier = threading.Barrier(n)

    def run(index: int) -> None:
        barrier.wait()
        try:
            results[index] = call(index)
        except BaseException as error:
            results[index] = error

    threads = [threading.Thread(target=run, args=(index,), daemon=True) for index in range(n)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return results
