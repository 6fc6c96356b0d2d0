"""The job in memory, in the harness of the SDK."""

from job import Payment, Total, job

from wasmill.testing import Harness


def test_payments_of_an_account_add_up() -> None:
    harness = Harness(job)
    harness.push([Payment("anna", 5), Payment("bert", 7), Payment("anna", 3)])
    assert harness.output() == [Total("anna", 5), Total("bert", 7), Total("anna", 8)]
