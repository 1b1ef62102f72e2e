"""Wake-ups are sent from a thread of their own: never in the way, never lost without a word, few in a flood."""

from __future__ import annotations

from webhook.waker import MOST_JOBS, Waker, Wakeup


class Broker:
    """Keeps what was sent; refuses while it is `down`."""

    def __init__(self, *, down: bool = False) -> None:
        self.sent: list[Wakeup] = []
        self.down = down

    def publish(self, kind: str, which: str | int) -> None:
        if self.down:
            raise ConnectionError("nobody listens")
        self.sent.append((kind, which))


def test_a_flood_of_jobs_becomes_few_messages_and_all_of_them_count_as_published() -> None:
    broker = Broker()
    with Waker(broker.publish, clock=lambda: 0.0) as waker:
        for number in range(500):
            waker.wake("job", number)
    assert broker.sent == [("job", number) for number in range(MOST_JOBS)]
    assert len(waker.published()) == 500


def test_the_next_second_has_messages_of_its_own() -> None:
    broker = Broker()
    times = iter(range(40))
    with Waker(broker.publish, clock=lambda: float(next(times))) as waker:
        for number in range(40):
            waker.wake("job", number)
    assert len(broker.sent) == 40


def test_a_delivery_always_gets_its_message() -> None:
    broker = Broker()
    with Waker(broker.publish, clock=lambda: 0.0) as waker:
        for number in range(100):
            waker.wake("delivery", f"guid-{number}")
    assert len(broker.sent) == 100


def test_what_a_broker_refuses_is_counted_and_left_to_the_sweeper() -> None:
    broker = Broker(down=True)
    with Waker(broker.publish) as waker:
        waker.wake("job", 1)
        waker.wake("delivery", "guid")
    assert (waker.failures, waker.published()) == (2, [])
