"""Threads whose start and end can be waited for by a thread that is interrupted."""

import threading

from avmeter.runtime.background import BackgroundThread


def test_thread_runs_its_function_with_its_arguments():
    """It is alive until the function returns."""
    release, found = threading.Event(), []

    def work(value):
        release.wait(120)
        found.append(value)

    thread = BackgroundThread(work, 7)
    assert not thread.is_alive()
    thread.join()
    thread.start()
    assert thread.is_alive()
    thread.join(0.05)
    assert thread.is_alive()
    release.set()
    thread.join(120)
    assert not thread.is_alive()
    assert found == [7]
