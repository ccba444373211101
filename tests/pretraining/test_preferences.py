"""Does a model learn from choices by the published formulas, and do the three commands say what came of it?"""

import json

import numpy as np
import pytest
from refusals import refused

import tinyformer
from tinyformer.cli import main
from tinyformer.data.conversations import Row
from tinyformer.data.preferences import PreferenceBatches, padded, real_positions
from tinyformer.engine import Tensor, no_grad
from tinyformer.errors import InputError
from tinyformer.generate import likelihoods
from tinyformer.generate.many_answers import drawn
from tinyformer.gradcheck import check
from tinyformer.models import GPT, Bert, BertConfig, GPTConfig
from tinyformer.models.heads import PairScorer
from tinyformer.ops import exp, log_softmax
from tinyformer.pretraining.preferences.answer_log_probs import answer_log_probs, known_log_probs
from tinyformer.pretraining.preferences.bradley_terry import choice_loss, reward_loss, reward_measure
from tinyformer.pretraining.preferences.clipped import clipped_gain
from tinyformer.pretraining.preferences.direct import direct_loss, direct_measure, with_base
from tinyformer.pretraining.preferences.drawn_batches import (
    AnswerBatch,
    Asking,
    DrawnBatches,
    Examination,
    Lesson,
    ScoredBy,
)
from tinyformer.pretraining.preferences.group import advantages, apart
from tinyformer.pretraining.preferences.tune import Tune
from tinyformer.text import ByteLevelBPE, WordPieceTokenizer
from tinyformer.text.chat import taught
from tinyformer.tinyland.asked import UNSURE, chosen, people_say, questions, shown
from tinyformer.tinyland.word_tables import Chance
from tinyformer.train import save_model

SIZES = dict(layers=1, heads=2, width=16, context=24, dropout=0.0, init_std=0.3)
PROMPTS = [[1, 5, 6], [1, 7, 2, 6], [1, 6]]


def a_gpt(seed=0, vocabulary=9, dtype=np.float64) -> GPT:
    return GPT(GPTConfig(vocabulary=vocabulary, **SIZES), np.random.default_rng(seed)).to(dtype=dtype)


def pairs(count=6) -> list[tuple[Row, Row]]:
    rng = np.random.default_rng(3)
    return [tuple(Row([*PROMPTS[n % 3], *rng.integers(3, 9, size=2 + (n + side) % 3), 2],
                      [False] * len(PROMPTS[n % 3]) + [True] * (3 + (n + side) % 3)) for side in (0, 1))
            for n in range(count)]


# ---- the formulas ----------------------------------------------------------------------------------------------------


def test_an_answer_is_as_probable_as_its_tokens_together():
    model, rows = a_gpt(), [row for pair in pairs(3) for row in pair]
    ids, answers = padded(rows)
    found = answer_log_probs(model, ids, answers).data
    assert ((found != 0) == answers[:, 1:]).all() and np.array_equal(known_log_probs(model, ids, answers), found)
    for row, numbers in zip(rows, found, strict=True):
        prompt = [id for id, answer in zip(row.ids, row.answers, strict=True) if not answer]
        own = [int(id) for id, answer in zip(row.ids, row.answers, strict=True) if answer]
        assert numbers.sum() == pytest.approx(likelihoods(model, [prompt], [[own]])[0][0], rel=1e-9)
    assert (real_positions(answers).sum(-1) == [len(row.ids) for row in rows]).all()


def test_advantages_are_above_the_group():
    found = advantages(np.array([1.0, 3, 0, 0, 5, 5]), 2)
    assert np.allclose(found, [-1, 1, 0, 0, 0, 0], atol=1e-5), "a group with one opinion teaches nothing"
    assert np.allclose(advantages(np.array([1.0, 3, 0, 4]), 2, scaled=False), [-1, 1, -2, 2])


def test_the_distance_is_that_of_kullback_and_leibler_on_the_mean():
    rng = np.random.default_rng(0)
    p, q = (log_softmax(Tensor(rng.normal(size=7))).data for _ in range(2))
    estimate = apart(Tensor(p), q).data
    assert (estimate >= 0).all()
    assert (np.exp(p) * estimate).sum() == pytest.approx((np.exp(p) * (p - q)).sum(), rel=1e-9)
    same = Tensor(p, requires_grad=True)
    apart(same, p).sum().backward()
    assert np.allclose(same.grad, 0), "at the beginning nothing is lost by a small step"


def test_a_price_in_the_loss_pulls_towards_the_base_and_one_in_the_reward_by_how_far_it_has_gone():
    """The gradient of the mean over what p draws, by the logits of p, where p and base are known."""
    rng = np.random.default_rng(0)
    logits, q = Tensor(rng.normal(size=7) * 2, requires_grad=True), log_softmax(Tensor(rng.normal(size=7))).data

    def gradient(loss) -> np.ndarray:
        logits.grad = None
        loss.backward()
        return logits.grad

    log_p = log_softmax(logits)
    p = np.exp(log_p.data)
    in_loss = gradient((apart(log_p, q) * p).sum())
    log_p = log_softmax(logits)
    from_base = gradient((log_p * -np.exp(q)).sum())                                   # of KL(base || p)
    log_p = log_softmax(logits)
    in_reward = gradient((log_p * (p * (log_p.data - q))).sum())                       # the reward's own score function
    log_p = log_softmax(logits)
    to_base = gradient((exp(log_p) * (log_p - q)).sum())                               # of KL(p || base)
    assert np.allclose(in_loss, from_base) and np.allclose(in_reward, to_base) and not np.allclose(in_loss, to_base)


def test_nothing_is_gained_where_the_price_in_the_reward_is_paid():
    """A model that is base exp(r / price) / Z gets no advantages, whatever it answers."""
    model, base = a_gpt(), a_gpt(1)

    def paid(numbers, said):
        rows = [Row([*PROMPTS[number], *answer], [False] * len(PROMPTS[number]) + [True] * len(answer))
                for number, answer in zip(numbers, said, strict=True)]
        return 0.7 * (known_log_probs(model, *padded(rows)) - known_log_probs(base, *padded(rows))).sum(-1) + 3

    asking = Asking(PROMPTS, frozenset({2}), 4, at_once=3)
    gained = [np.abs(DrawnBatches(model, base, asking, paid, 0, scaled=False, price=price).batch(0).advantages).max()
              for price in (0.7, 0.0)]
    assert gained[0] < 1e-9 and gained[1] > 0.1


def test_what_is_gained_ends_where_the_ratio_leaves_its_interval():
    log_p, was = np.log([0.5, 0.5, 0.7, 0.7, 0.3, 0.3]), np.log([0.5] * 6)
    advantage = np.array([2.0, -1, 2, -1, 2, -1])
    x = Tensor(log_p, requires_grad=True)
    gain = clipped_gain(x, was, advantage, 0.2)
    assert np.allclose(gain.data, [2, -1, 2.4, -1.4, 1.2, -0.8])
    gain.sum().backward()
    assert np.allclose(x.grad, [2, -1, 0, -1.4, 1.2, 0]), "at ratio 1 the plain policy gradient; outside nothing more"


@pytest.mark.parametrize("f", [
    lambda x: clipped_gain(x[0], np.array([0.3, 0.5, 0.9]), np.array([1.0, -2.0, 0.5])).sum(),
    lambda x: apart(x[0], np.array([0.3, 0.5, 0.9])).sum(), lambda x: choice_loss(x[0], x[1], 3)])
def test_the_gradients_are_right(f):
    x = Tensor(np.random.default_rng(1).normal(size=(2, 3)), requires_grad=True)
    assert check(f, x).ok


def test_the_formulas_are_those_of_torch():
    """Bradley and Terry, DPO, and the clipped gain with its distance, each written out in torch."""
    torch = pytest.importorskip("torch", reason="the oracle of derivatives")
    functional = torch.nn.functional
    model, base = a_gpt(), a_gpt(1)
    batch = with_base(PreferenceBatches(pairs(), batch_size=6, seed=0), base).batch(0)
    numbers, ids = [p.data for p in model.parameters()], {}
    rng = np.random.default_rng(5)

    def gradients(loss):
        for p in model.parameters():
            p.grad = None
        loss.backward()
        return [p.grad.copy() for p in model.parameters()]

    def log_probs(logits, ids, answers):                       # what torch makes of our logits
        each = functional.log_softmax(logits, -1).gather(-1, torch.tensor(ids[:, 1:])[..., None])[..., 0]
        return each * torch.tensor(answers[:, 1:])

    def same(ours, formula, ids, answers):
        """The loss, and its gradient by the logits pulled back through our model."""
        logits = model(ids[:, :-1])
        theirs = torch.tensor(logits.data, requires_grad=True)
        loss = formula(log_probs(theirs, ids, answers))
        loss.backward()
        assert ours.item() == pytest.approx(loss.item(), rel=1e-10)
        wanted = gradients((logits * theirs.grad.numpy()).sum())
        for a, b in zip(gradients(ours), wanted, strict=True):
            assert np.allclose(a, b, rtol=1e-8, atol=1e-11)

    ids, answers = batch.both
    known = torch.tensor(np.concatenate([batch.chosen_base, batch.rejected_base]))

    def dpo(log_p):
        ratio = log_p.sum(-1) - known
        return -functional.logsigmoid(0.3 * (ratio[:6] - ratio[6:])).mean()

    same(direct_loss(model, batch, beta=0.3), dpo, ids, answers)

    was = known_log_probs(model, ids, answers) + rng.normal(size=(12, ids.shape[1] - 1)) * 0.3 * answers[:, 1:]
    first, advantage = known_log_probs(base, ids, answers), rng.normal(size=12)
    drawn_batch = AnswerBatch(ids, answers, was, first, advantage)

    def grpo(log_p):
        ratio, a = torch.exp(log_p - torch.tensor(was)), torch.tensor(advantage)[:, None]
        gain = torch.minimum(ratio * a, ratio.clamp(0.8, 1.2) * a)
        less = torch.tensor(first) - log_p
        gain = gain - 0.4 * (torch.exp(less) - less - 1)
        return -(gain * torch.tensor(answers[:, 1:])).sum() / 12

    same(Lesson(0.4, 0.2)(model, drawn_batch), grpo, ids, answers)
    scores = rng.normal(size=(2, 5))
    ours = choice_loss(Tensor(scores[0]), Tensor(scores[1]), 5).item()
    assert ours == pytest.approx(-functional.logsigmoid(torch.tensor(scores[0] - scores[1])).mean().item(), rel=1e-12)
    assert all(np.array_equal(a, p.data) for a, p in zip(numbers, model.parameters(), strict=True))


def test_a_reward_model_reads_the_last_token_of_an_answer():
    scorer = PairScorer(a_gpt(), (), np.random.default_rng(0))
    batches = PreferenceBatches(pairs(), batch_size=6, seed=0)
    batch = batches.batch(0)
    alone = [reward_loss(scorer, next(iter(PreferenceBatches([pair], batch_size=1, seed=0).in_order()))).item()
             for pair in pairs()]
    assert reward_loss(scorer, batch).item() == pytest.approx(np.mean(alone), rel=1e-9), "padding is not read"
    parts = [reward_loss(scorer, part, batch.counts).item() for part in batch.split(3)]
    assert sum(parts) == pytest.approx(reward_loss(scorer, batch).item(), rel=1e-9)
    assert reward_measure(scorer, batch)["choice accuracy"][1] == 6
    judged = ScoredBy(scorer, PROMPTS)([0, 1, 0], [[4, 2], [5, 6, 2], [4, 2]])
    assert judged[0] == pytest.approx(judged[2]) and judged.shape == (3,)


def test_direct_starts_at_a_coin_and_its_first_step_is_in_favour_of_what_was_chosen():
    model = a_gpt()
    batch = with_base(PreferenceBatches(pairs(), batch_size=6, seed=0), model).batch(0)
    loss = direct_loss(model, batch, beta=0.1)
    assert loss.item() == pytest.approx(np.log(2))
    loss.backward()
    for p in model.parameters():
        p.data -= 0.5 * p.grad
    found = direct_measure(model, batch, beta=0.1)
    assert found["direct loss"][0] < 6 * np.log(2) and found["chosen moved"][0] > found["rejected moved"][0]


# ---- answers that are drawn ------------------------------------------------------------------------------------------


def test_answers_are_drawn_from_the_distribution_of_the_model_each_by_itself():
    model = a_gpt(dtype=np.float32)
    many = drawn(model, [PROMPTS[0]] * 3000, 3, {2}, np.random.default_rng(0), known=8)
    with no_grad():
        logits = model(np.array([PROMPTS[0]])).data[0, -1, :8].astype(float)
    expected = np.exp(logits) / np.exp(logits).sum()
    share = np.bincount([row[0] for row in many], minlength=8) / 3000
    assert np.abs(share - expected).max() < 0.04 and max(map(max, many)) < 8
    assert all(2 not in row[:-1] and (len(row) == 3 or row[-1] == 2) for row in many)
    some = drawn(model, [PROMPTS[0]] * 3000, 3, {2}, np.random.default_rng(0), known=8)
    assert some == many


def test_a_batch_of_answers_depends_on_seed_step_and_model_alone():
    model, base = a_gpt(dtype=np.float32), a_gpt(1, dtype=np.float32)
    asking = Asking(PROMPTS, frozenset({2}), 4, at_once=2, group=3)

    def judge(numbers, said):
        return np.array([len(answer) for answer in said], float)

    batches, again = (DrawnBatches(model, base, asking, judge, seed=1, passes=2) for _ in range(2))
    first, third = batches.batch(0), batches.batch(2)
    assert batches.batch(3) is third and len(first) == 6 and first.advantages.sum() == pytest.approx(0, abs=1e-6)
    assert np.array_equal(again.batch(2).ids, third.ids) and not np.array_equal(first.drawn, third.drawn)
    found = Examination(base, asking, judge, judge, times=2)(model, [0, 2])
    assert found["reward"] == found["gold"] == found["length"] and found["kl"][1] == 4
    assert Examination(model, asking, judge)(model, [0])["kl"][0] == pytest.approx(0, abs=1e-6)


# ---- the world of the judge ------------------------------------------------------------------------------------------


def test_the_judge_knows_the_truth():
    everyone = questions()
    dog = everyone[0]
    assert len(everyone) == len({each.words for each in everyone}) == 32 and dog.words == "what does the dog eat ?"
    for said, worth in (("the dog eats meat .", 1), ("it eats meat .", 1), (UNSURE, 0.2), ("the dog eats hay .", 0),
                        ("the cat eats meat .", 0), ("the dog eats meat . the dog eats meat .", 0), ("", 0)):
        assert dog.gold(said) == worth, said
    chance = Chance(np.random.default_rng(0))
    worth = [one.gold(people_say(one, everyone, chance)) for one in everyone * 30]
    assert 0.22 < np.mean(worth) < 0.34 and set(worth) == {0.0, 0.2, 1.0}
    by_words = {each.words: each for each in everyone}
    for row in chosen(50, chance):
        one = by_words[row["prompt"]]
        assert one.gold(row["chosen"]) > one.gold(row["rejected"])
    assert {*shown(1, chance)[0]} == {"prompt", "completion"}


# ---- the commands ----------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def start(tmp_path_factory):
    """The folder of a GPT with the marks of a conversation, questions, choices, and a model of another kind."""
    folder, chance = tmp_path_factory.mktemp("prefer"), Chance(np.random.default_rng(0))
    rows, choices = shown(12, chance), chosen(20, chance)
    plain = ByteLevelBPE.train([f"{row['prompt']} {row['completion']}" for row in shown(60, chance)], 330)
    tokenizer = taught(plain)
    sizes = SIZES | dict(context=48)
    save_model(folder / "gpt", GPT(GPTConfig(vocabulary=len(tokenizer), **sizes), np.random.default_rng(0)), tokenizer)
    save_model(folder / "plain", GPT(GPTConfig(vocabulary=len(plain), **sizes), np.random.default_rng(0)), plain)
    pieces = WordPieceTokenizer.train([row["prompt"] for row in rows], 60)
    save_model(folder / "bert", Bert(BertConfig(vocabulary=len(pieces), **sizes), np.random.default_rng(0)), pieces)
    for name, lines in (("asked", rows), ("choices", choices)):
        (folder / f"{name}.jsonl").write_text("".join(json.dumps(row) + "\n" for row in lines))
    return folder


def words(start, method, out, *more, steps=4) -> list[str]:
    files = {"tune": ["--prompts", start / "asked.jsonl", "--answer-tokens", "6", "--questions", "2", "--group", "3"]}
    return [str(word) for word in (
        "prefer", method, "--model", start / "gpt", "--out", out, "--steps", steps, "--save-every", "2",
        *files.get(method, ["--pairs", start / "choices.jsonl", "--batch-size", "4"]), *more)]


@pytest.fixture(scope="module")
def rewards(start):
    assert main(words(start, "reward", start / "reward")) == 0
    return start / "reward"


def test_a_reward_model_is_a_folder_as_the_hub_has_them(start, rewards, capsys, no_pictures):
    model, _ = tinyformer.load(rewards)
    found = json.loads((rewards / "config.json").read_text())
    assert type(model) is PairScorer and found["architectures"] == ["GPT2ForSequenceClassification"]
    assert main(words(start, "reward", rewards, "--overwrite")) == 0
    shown = capsys.readouterr()
    assert shown.out.startswith("right on ") and "% of held-out pairs, held-out loss" in shown.out
    assert "warning: right on" in shown.err and "will find its errors" in shown.err


@pytest.mark.parametrize("method, more, said", [
    ("direct", [], "prefers the chosen answer in"),
    ("tune", ["--gold", "tinyland", "--passes", "2", "--no-scaled", "--priced", "reward"], "gold 0.")])
def test_a_run_says_what_came_of_it_and_goes_on_where_it_stopped(start, rewards, tmp_path, capsys, method, more, said,
                                                                 request):
    if method == "tune":
        more = [*more, "--reward", rewards]
    assert main(words(start, method, tmp_path / "a", *more)) == 0
    assert said in capsys.readouterr().out and (tmp_path / "a/loss.png").stat().st_size > 5000
    request.getfixturevalue("no_pictures")
    assert main(words(start, method, tmp_path / "b", *more)) == 0
    for path in (tmp_path / "b").glob("checkpoint-00000004/*"):
        path.unlink()
    assert main(words(start, method, tmp_path / "b", *more, "--resume")) == 0
    a, b = (tinyformer.load(tmp_path / name)[0].state() for name in "ab")
    assert all(np.array_equal(a[name], b[name]) for name in a)
    moved = tinyformer.load(start / "gpt")[0].state()
    assert any(not np.array_equal(a[name], moved[name]) for name in a)
    assert json.loads((tmp_path / "a/settings.json").read_text())["method"] == method


def test_what_is_refused(start, rewards, tmp_path, capsys):
    out = tmp_path / "x"

    def said(method, *more):
        return refused(capsys, words(start, method, out, *more))

    assert "holds a Bert, and a GPT or Llama is needed" in said("reward", "--model", start / "bert")
    assert "has not learned to answer" in said("direct", "--model", start / "plain")
    assert "--reward is missing" in said("tune")
    assert "holds a GPT, and a GPT that scores answers is needed" in said("tune", "--reward", start / "gpt")
    other = tmp_path / "other"
    tokenizer = taught(ByteLevelBPE.train(["another text"] * 3, 300))
    scorer = PairScorer(GPT(GPTConfig(vocabulary=len(tokenizer), **SIZES), np.random.default_rng(0)), (), None)
    save_model(other, scorer.load({name: np.zeros_like(p.data) for name, p in scorer.named_parameters().items()}),
               tokenizer)
    assert "its vocabulary or chat template is another" in said("tune", "--reward", other)
    assert "answer-tokens is 40" in said("tune", "--reward", rewards, "--answer-tokens", "40")
    assert Tune().answer_room(30, 48) == 18 and Tune().answer_room(30, 200) == 64, "as many as there is room for"
    with pytest.raises(InputError, match="^the longest question has 48 tokens, .* 48 with its answer; leave out"):
        Tune().answer_room(48, 48)
    bad = tmp_path / "bad.jsonl"
    bad.write_text('{"prompt": "x", "good": "y", "bad": "z"}\n')
    assert f"{bad}:1: no 'chosen' among the keys" in said("direct", "--pairs", bad)
    bad.write_text('{"prompt": "who ?"}\n')
    assert "the judge of tinyland does not know the question 'who ?'" in said(
        "tune", "--reward", rewards, "--prompts", bad, "--gold", "tinyland")
    assert "--pairs is missing" in refused(capsys, ["prefer", "direct", "--model", start / "gpt", "--out", out])
    assert "no room for" not in said("direct", "--max-length", "99") and not out.exists()
