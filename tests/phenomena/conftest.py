"""A quick run of an experiment is done here, in the process of the test, where nothing asks for processes."""

import pytest


@pytest.fixture
def here(monkeypatch):
    """Jobs one after the other in this process, which has opened everything; of processes: test_jobs, test_made_up."""
    monkeypatch.setattr("tinyformer.phenomena.kit.jobs.side_by_side",
                        lambda title, function, jobs, said: ((job, function(*job)) for job in jobs))
