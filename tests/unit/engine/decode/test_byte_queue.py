"""The queue is a bounded FIFO, and an interrupt of its consumer breaks nothing."""

import random
import signal
import threading

import pytest

from avmeter.engine.decode.byte_queue import ByteQueue, Stopped


def test_items_come_in_the_order_of_their_producer():
    """With several producers each one's order is kept, and nothing is lost."""
    queue: ByteQueue[tuple[int, int]] = ByteQueue(50)

    def produce(number):
        for i in range(200):
            queue.put((number, i), 10)

    threads = [threading.Thread(target=produce, args=(n,)) for n in range(4)]
    for thread in threads:
        thread.start()
    found = [queue.get(10) for _ in range(800)]
    for n in range(4):
        assert [i for number, i in found if number == n] == list(range(200))
    assert queue.get(0) is None


def test_producer_waits_for_room():
    """The items in the queue never sum to more than the limit."""
    queue: ByteQueue[int] = ByteQueue(10)
    put = []

    def produce():
        for i in range(4):
            queue.put(i, 5)
            put.append(i)

    thread = threading.Thread(target=produce)
    thread.start()
    thread.join(0.2)
    assert put == [0, 1], "the third would make 15 bytes"
    assert [queue.get(10) for _ in range(4)] == [0, 1, 2, 3]
    thread.join(120)
    assert not thread.is_alive()


def test_oversized_item_stands_alone():
    """An item above the limit passes an empty queue, and one below it waits for it to go."""
    queue: ByteQueue[str] = ByteQueue(10)
    queue.put("big", 100)
    thread = threading.Thread(target=queue.put, args=("small", 1))
    thread.start()
    thread.join(0.1)
    assert thread.is_alive()
    assert queue.get(0.1) == "big"
    assert queue.get(10) == "small"
    assert queue.get(0.01) is None


def test_close_stops_waiting_and_later_producers():
    """None of them waits for a consumer that has gone."""
    queue: ByteQueue[str] = ByteQueue(10)
    queue.put("full", 10)
    stopped = []

    def produce():
        try:
            queue.put("waits", 1)
        except Stopped:
            stopped.append(True)

    threads = [threading.Thread(target=produce) for _ in range(3)]
    for thread in threads:
        thread.start()
    queue.close()
    for thread in threads:
        thread.join(120)
    assert stopped == [True] * 3
    with pytest.raises(Stopped):
        queue.put("late", 1)
    assert queue.get(0) is None


class Interrupt(BaseException):
    """What a signal handler raises, as Ctrl-C does."""


@pytest.fixture
def alarm():
    """SIGALRM raises in the main thread, as SIGINT does."""

    def interrupt(number, frame):
        raise Interrupt

    before = signal.signal(signal.SIGALRM, interrupt)
    yield lambda delay_s: signal.setitimer(signal.ITIMER_REAL, delay_s)
    signal.setitimer(signal.ITIMER_REAL, 0)
    signal.signal(signal.SIGALRM, before)


def consume_until_interrupted(queue, alarm, delay_s):
    alarm(delay_s)
    while True:
        queue.get(0.05)


def test_interrupts_of_the_consumer_neither_hang_nor_break_the_queue(alarm):
    """Interrupted at 2,000 random moments, the consumer can close the queue and every producer ends."""
    rng = random.Random(0)
    for i in range(2000):
        queue: ByteQueue[int] = ByteQueue(30)

        def produce(queue=queue):
            try:
                while True:
                    queue.put(0, 10)
            except Stopped:
                pass

        threads = [threading.Thread(target=produce, daemon=True) for _ in range(2)]
        for thread in threads:
            thread.start()
        with pytest.raises(Interrupt):
            consume_until_interrupted(queue, alarm, rng.uniform(5e-5, 2e-3))
        closing = threading.Thread(target=queue.close, daemon=True)  # so that a lock left held fails, not hangs
        closing.start()
        for thread in (closing, *threads):
            thread.join(120)
            assert not thread.is_alive(), f"stuck after interrupt {i}"
