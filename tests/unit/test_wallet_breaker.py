from gateway.wallet.breaker import Breaker


class Clock:
    now_s = 0.0

    def __call__(self) -> float:
        return self.now_s


def test_failures_in_a_row_shut_it_and_a_success_starts_the_count_again() -> None:
    breaker = Breaker(failures=3, shut_s=5, clock=Clock())
    for failed in (True, True, False, True, True):
        breaker.failed() if failed else breaker.succeeded()
    assert breaker.lets_through()

    breaker.failed()
    assert breaker.is_shut
    assert not breaker.lets_through()


def test_one_trial_is_let_through_each_time_it_has_been_shut_long_enough() -> None:
    clock = Clock()
    breaker = Breaker(failures=1, shut_s=5, clock=clock)
    breaker.failed()

    clock.now_s = 5
    assert [breaker.lets_through() for _ in range(3)] == [True, False, False]
    clock.now_s = 10
    assert [breaker.lets_through() for _ in range(3)] == [True, False, False]


def test_a_trial_that_succeeds_opens_it_for_everybody() -> None:
    clock = Clock()
    breaker = Breaker(failures=1, shut_s=5, clock=clock)
    breaker.failed()
    clock.now_s = 5
    assert breaker.lets_through()

    breaker.succeeded()

    assert all(breaker.lets_through() for _ in range(3))
