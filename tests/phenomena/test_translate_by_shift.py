"""Is a shift that translates told from one that does not, and does the experiment leave what it promises?"""

import json
from dataclasses import replace

import numpy as np
import pytest

from tinyformer.cli import main
from tinyformer.engine import Tensor
from tinyformer.models import BertConfig, BertForPretraining
from tinyformer.phenomena import translate_by_shift
from tinyformer.phenomena.kit import Found
from tinyformer.phenomena.parts import aligned
from tinyformer.phenomena.parts.two_languages import FIRST_WORD, LENGTH, OFTEN, VOCABULARY, WORDS, Languages


def test_a_shift_that_leads_to_the_other_language_is_counted_so():
    """With vectors of words that differ by language in one number alone, the mean difference translates each."""
    languages = Languages(0)
    config = BertConfig(vocabulary=VOCABULARY, layers=1, heads=2, width=WORDS + 2, context=LENGTH, dropout=0.0,
                        pair_objective="none")
    model = BertForPretraining(config, np.random.default_rng(0))
    table = np.zeros((VOCABULARY, WORDS + 2), np.float32)
    for language in (0, 1):
        here = FIRST_WORD + language * WORDS + np.arange(WORDS)
        table[here, np.arange(WORDS)] = 1
        table[here, WORDS + language] = 1

    class Plain:
        config = model.config

        def __call__(self, ids, keep):
            return Tensor(table[ids])

    model.bert = Plain()
    model.word_logits = lambda hidden, places: hidden.reshape(-1, WORDS + 2)[places] @ table.T
    vectors = aligned.word_vectors(model, languages, 300)
    shift = vectors[1].mean(0) - vectors[0].mean(0)
    nothing = dict.fromkeys(("switched", "part", "topic", "exchanged", "word"), 0)
    assert translate_by_shift.shifted(model, languages, 0 * shift, 200) == nothing
    found = translate_by_shift.shifted(model, languages, shift, 200)
    by_chance = sum((share / 15) ** 2 for share in OFTEN["topic"])
    assert found == dict.fromkeys(nothing, 1) | {"exchanged": pytest.approx(by_chance, abs=0.03)}


@pytest.mark.parametrize("switched, topic, exchanged, apart, word", [
    (0.9, 0.3, 0.2, 0.0, "seen"), (0.5, 0.3, 0.2, 0.0, "not seen"), (0.9, 0.1, 0.0, 0.0, "not seen"),
    (0.9, 0.3, 0.28, 0.0, "not seen"), (0.9, 0.3, 0.2, 0.2, "unclear")])
def test_the_rule(switched, topic, exchanged, apart, word):
    def shifts(right):
        return [{"alpha": alpha, "switched": part, "part": right * part, "topic": right * part, "exchanged": exchanged}
                for alpha, part in ((0.0, 0), (2.0, switched))]
    found = Found(translate_by_shift.EXPERIMENT.full, [0, 1, 2], [
        {"seed": seed, "arm": arm, "shifts": shifts(right / switched)}
        for seed in range(3) for arm, right in (("two languages", topic), ("nothing shared", apart))])
    assert translate_by_shift.verdict(found).word == word


def test_the_quick_run_leaves_what_it_promises(tmp_path, monkeypatch, here):
    pytest.importorskip("matplotlib", reason="pictures need matplotlib")
    small = translate_by_shift.EXPERIMENT.quick.but(steps=2, looked_at=8, asked=4)
    monkeypatch.setattr(translate_by_shift, "EXPERIMENT", replace(translate_by_shift.EXPERIMENT, quick=small))
    assert main(["reproduce", "translate-by-shift", "--quick", "--seeds", "1", "--out", str(tmp_path)]) == 0
    outcomes = json.loads((tmp_path / "metrics.json").read_text())["outcomes"]
    assert [each["arm"] for each in outcomes] == list(small.arms) and all("shifts" in each for each in outcomes)
    assert (tmp_path / "translate-by-shift.png").stat().st_size > 5000
    assert "Verdict" in (tmp_path / "page.md").read_text()
