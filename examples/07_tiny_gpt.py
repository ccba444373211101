"""How does a model learn to write?  By guessing the next letter, over and over, in a list of names.

Afterwards it makes up names of its own: it draws a letter, puts it at the end, and asks itself for the next one.
After 80 steps it knows what a name sounds like; let it run for 300, and it knows these by heart and no others.
"""

import numpy as np

from tinyformer.generate import Sampling, write
from tinyformer.models import GPT, GPTConfig
from tinyformer.ops import cross_entropy
from tinyformer.train.optimizers import AdamW

names = """ada alan albert alice amelie anna anton arthur ben bella bertha carl carla charlotte clara daniel daria david
    edda edith elias elisa ella emil emma erna ernst fanny felix flora frank frida george gerda greta hanna helena
    henry ida irma isaac ivan jan johanna jonas julia karin karl kurt lea lena leo linda lisa louis lucia ludwig lydia
    magda maria marta martin max mila mina nadia nina nora olga oscar otto paula peter petra ralf rita robert rosa
    ruth sara selma simon sonia sophie stella theo thea tilda tina tom ursula vera victor walter wanda yara""".split()
letters = ["."] + sorted(set("".join(names)))                  # the point, number 0, begins and ends a name
length = max(map(len, names)) + 1
ids = np.zeros((len(names), length), int)                      # ".anna....."
targets = np.full((len(names), length), -100)                  # "anna.", then -100, where nothing is asked
for row, name in enumerate(names):
    ids[row, 1:len(name) + 1] = targets[row, :len(name)] = [letters.index(letter) for letter in name]
    targets[row, len(name)] = 0

sizes = GPTConfig(vocabulary=len(letters), layers=2, heads=4, width=32, context=length, dropout=0.0)
model = GPT(sizes, np.random.default_rng(0))
optimizer = AdamW(model)
for _ in range(80):
    optimizer.zero_grad()
    loss = cross_entropy(model(ids), target=targets)           # nats a letter
    loss.backward()
    optimizer.step(3e-3)

written = ["".join(letters[i] for i in write(model, [0], length, Sampling(0.6), seed, stop_id=0)) for seed in range(40)]
print("names that were not in the list:", *sorted(set(written) - set(names)))
print(f"loss {loss.item():.3f} nats a letter; knowing nothing costs ln {len(letters)} = {np.log(len(letters)):.3f}")
assert loss.item() < 1.4 and len(set(written) - set(names)) > 5
