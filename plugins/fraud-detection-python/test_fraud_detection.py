"""A large payment soon after a small one is an alert; later, or in proportion to the account, it is none."""

from fraud_detection import Alert, Payment, fraud_detection

from wasmill.testing import Harness


def alerts(*payments: tuple[int, int]) -> list[Alert]:
    """Alerts of one account that pays 100 euros five times, then these cents at these seconds."""
    usual = [(second, 10_000) for second in range(5)]
    harness = Harness(fraud_detection)
    every = enumerate([*usual, *payments])
    harness.push([Payment(id, "A", second * 1000, cents) for id, (second, cents) in every])
    harness.finish()
    return harness.output()


def test_a_large_payment_within_a_minute_after_a_small_one_is_an_alert() -> None:
    assert alerts((10, 500), (70, 60_000)) == [Alert("A", 5, 6, 70_000, 60_000, 50_500 // 6 * 5)]
    assert alerts((10, 500), (71, 60_000)) == []


def test_a_large_payment_alone_is_no_alert() -> None:
    assert alerts((10, 60_000)) == []


def test_limits_follow_the_account() -> None:
    rich = [(10, 49_000), (11, 49_000), (12, 49_000)]
    assert alerts(*rich, (20, 500), (21, 60_000)) == []
    assert len(alerts(*rich, (20, 500), (21, 160_000))) == 1
