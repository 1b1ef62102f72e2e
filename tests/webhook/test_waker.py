"""Wake-ups are sent from a thread of their own: never in the way, never lost without a word, few in a flood."""

from __future__ import annotations

import time

from webhook.waker import GROUP, MOST_JOBS, PACE, Waker, Wakeup


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
    waker = Waker(broker.publish, rest=lambda _: None)
    for number in range(400):
        waker.wake("job", number)
    with waker:
        pass
    assert broker.sent == [("job", number) for number in range(MOST_JOBS)]
    assert len(waker.published()) == 400


def test_a_job_that_comes_after_a_message_is_followed_by_a_message_of_its_own() -> None:
    """Or nobody would look for it once the workers are through with those before."""
    broker = Broker()
    came = iter(range(100, 140))

    def meanwhile(_seconds: float) -> None:
        number = next(came, None)
        if number is not None:
            waker.wake("job", number)

    waker = Waker(broker.publish, rest=meanwhile)
    waker.wake("job", 99)
    with waker:
        deadline = time.monotonic() + 20
        while len(broker.sent) < 41:
            assert time.monotonic() < deadline, broker.sent
            time.sleep(0.01)
    assert broker.sent == [("job", number) for number in range(99, 140)]


def test_it_rests_in_proportion_to_what_it_sent() -> None:
    rests: list[float] = []
    waker = Waker(Broker().publish, rest=rests.append)
    for number in range(GROUP):
        waker.wake("job", number)
    with waker:
        pass
    assert rests == [MOST_JOBS * PACE]


def test_a_delivery_always_gets_its_message() -> None:
    broker = Broker()
    with Waker(broker.publish) as waker:
        for number in range(100):
            waker.wake("delivery", f"guid-{number}")
    assert len(broker.sent) == 100


def test_what_a_broker_refuses_is_counted_and_left_to_the_sweeper() -> None:
    broker = Broker(down=True)
    with Waker(broker.publish) as waker:
        waker.wake("job", 1)
        waker.wake("delivery", "guid")
    assert (waker.failures, waker.published()) == (2, [])
