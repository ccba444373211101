"""How does the house fare when things go wrong at random, and often?

Each campaign has a seed and a size.  A short form of each runs with the other tests; the long one is asked for by hand,
from the root of the project, and says of every finding how to meet it again:

    python -m pytest tests/campaigns/test_weights.py -s --size 10000 --seed 3
"""
