"""Why does writing not become slower with every word?  Because the model remembers what it has read.

To say what comes next, a position needs the keys and the values of all positions before it.  Those never change
again, whatever comes later: they can be computed anew for every token, or once, and kept.
"""

import time

import numpy as np

from tinyformer.generate import Reading, next_logits, write
from tinyformer.models import GPT, GPTConfig

model = GPT(GPTConfig(vocabulary=50, layers=2, heads=4, width=128, context=256, dropout=0.0), np.random.default_rng(0))
prompt, length = [7, 11, 13], 240

texts, seconds = {}, {}
for name, ask in ("cache off", next_logits), ("cache on", None):         # None: remember keys and values
    began = time.perf_counter()
    texts[name] = list(write(model, prompt, length, ask=ask))
    seconds[name] = time.perf_counter() - began

for name in texts:
    # without a cache, token t means reading t positions; with it, one
    read = sum(len(prompt) + t for t in range(length)) if name == "cache off" else len(prompt) + length - 1
    print(f"{name:9s}  {read:6,d} positions read for {length} tokens, in {seconds[name]:.2f} s")

# What is kept: one key and one value for each layer, position and channel.
reading = Reading(model, [prompt])
worst = 0.0
for token in texts["cache on"]:
    worst = max(worst, float(np.abs(reading.logits[0] - next_logits(model, reading.rows[0])).max()))
    reading.step([token])
keys, values = reading.cache.layers[0].buffers
memory = 2 * model.config.layers * reading.cache.length * model.config.width * keys.itemsize / 1024
print(f"the cache holds {memory:,.0f} KB, the model {model.count() * keys.itemsize / 1024:,.0f} KB")
print(f"the largest difference between logits with and without it, over {length} tokens: {worst:.1e}")
assert texts["cache on"] == texts["cache off"] and worst < 1e-5
