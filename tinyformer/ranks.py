"""Was this program started once, or by mpiexec as one of several ranks?  The environment says so, before MPI is there.

What the ranks do together stands in `train/machines.py`.
"""

import os

SIZES = ("PMI_SIZE", "OMPI_COMM_WORLD_SIZE")  # the words of MPICH and its kin, and of Open MPI
RANKS = ("PMI_RANK", "OMPI_COMM_WORLD_RANK")


def launched() -> int:
    """How many ranks this program was started as; 1 where it was not started by mpiexec."""
    return int(next((os.environ[name] for name in SIZES if name in os.environ), 1))


def leads() -> bool:
    """Is this the first of the ranks, or the only one?"""
    return int(next((os.environ[name] for name in RANKS if name in os.environ), 0)) == 0
