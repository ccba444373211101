"""A quick run of an experiment is done here, in the process of the test, where nothing asks for processes."""

import pickle

import pytest

from tinyformer.train.log import Progress


@pytest.fixture
def here(monkeypatch):
    """Jobs one after the other in this process, which has opened everything; of processes: test_jobs, test_made_up.

    What would go to another process and come back from it is packed and unpacked as it is on that way.  What a job
    leaves in a module, the next one finds here.
    """
    def one_by_one(title, function, jobs, said):
        with Progress(title, 0, len(jobs)) as bar:
            for job in jobs:
                there, given = pickle.loads(pickle.dumps((function, job)))
                outcome = pickle.loads(pickle.dumps(there(*given)))
                yield job, outcome
                bar.advance()
                bar.say(said(outcome))

    monkeypatch.setattr("tinyformer.phenomena.kit.jobs.side_by_side", one_by_one)
