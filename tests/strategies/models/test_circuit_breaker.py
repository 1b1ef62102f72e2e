from __future__ import annotations

from strategies.models.circuit_breaker import FAILURES, FIRST_PAUSE, LONGEST_PAUSE, CircuitBreaker, CircuitBreakers


class Hand:
    """A clock that is turned by hand."""

    def __init__(self) -> None:
        self.now = 1_000.0

    def __call__(self) -> float:
        return self.now


def test_it_opens_after_failures_in_a_row_and_lets_one_call_ask_after_each_pause() -> None:
    clock = Hand()
    breaker = CircuitBreaker(clock)
    for _ in range(FAILURES - 1):
        breaker.failed()
    assert breaker.wait() == 0
    breaker.failed()
    assert breaker.wait() == FIRST_PAUSE
    clock.now += FIRST_PAUSE
    assert breaker.wait() == 0
    assert breaker.wait() > 0  # one asks for all
    breaker.failed()
    assert breaker.wait() == 2 * FIRST_PAUSE
    assert breaker.outage() == FIRST_PAUSE


def test_an_answer_closes_it_and_pauses_have_an_end() -> None:
    clock = Hand()
    breaker = CircuitBreaker(clock)
    for _ in range(100):
        breaker.failed()
    assert breaker.wait() == LONGEST_PAUSE
    breaker.answered()
    assert (breaker.wait(), breaker.outage()) == (0, 0)
    breaker.failed()
    assert breaker.wait() == 0


def test_a_call_that_asks_and_never_says_what_came_of_it_does_not_close_the_door_for_ever() -> None:
    clock = Hand()
    breaker = CircuitBreaker(clock)
    for _ in range(FAILURES):
        breaker.failed()
    clock.now += FIRST_PAUSE
    assert breaker.wait() == 0
    clock.now += breaker.wait()
    assert breaker.wait() == 0


def test_patience_that_was_asked_for_is_kept_by_all() -> None:
    clock = Hand()
    breakers = CircuitBreakers(clock)
    breakers.of("groq", "", "m").hold(30)
    breakers.of("groq", "", "m").hold(10)
    assert breakers.of("groq", "", "m").wait() == 30
    assert breakers.of("groq", "", "other").wait() == breakers.of("groq", "").wait() == 0
    clock.now += 30
    assert breakers.of("groq", "", "m").wait() == 0
