"""Does every example come once in an epoch, and is its place the same whenever one asks?"""

from tinyformer.data.order import EpochOrder


def test_every_example_once_in_an_epoch_and_each_epoch_anew():
    order = EpochOrder(7, seed=3)
    epochs = [order.epoch(number).tolist() for number in range(5)]
    assert all(sorted(epoch) == list(range(7)) for epoch in epochs)
    assert len({tuple(epoch) for epoch in epochs}) == 5
    assert order.epoch(1).tolist() == epochs[1] == EpochOrder(7, seed=3).epoch(1).tolist()
    assert EpochOrder(7, seed=4).epoch(1).tolist() != epochs[1]


def test_batches_are_full_and_reach_into_the_next_epoch():
    order = EpochOrder(5, seed=0)
    endless = [number for epoch in range(4) for number in order.epoch(epoch).tolist()]
    for size in (1, 2, 3, 5, 7):
        steps = 14 // size
        assert [number for step in range(steps) for number in order.batch(step, size)] == endless[:steps * size]
    assert order.batch(3, 3) == endless[9:12]                  # any step at any time
