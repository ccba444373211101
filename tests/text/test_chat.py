"""Is a conversation made into the text that the usual libraries make of it, and are the answers found in it?"""

import pytest

from tinyformer.errors import InputError
from tinyformer.text import ByteLevelBPE, CharTokenizer, UnigramTokenizer, WordPieceTokenizer, load_tokenizer
from tinyformer.text.chat import CHATML, Chat, Message, taught
from tinyformer.text.chat_template import ChatTemplate
from tinyformer.text.files import read_json, write_json

TEXTS = ["what does the dog eat ?", "the dog eats meat .", "system user assistant\n"] * 3
SAID = [Message("user", "what ?"), Message("assistant", "the dog ."), Message("user", "eats\nmeat ?"),
        Message("assistant", "meat .")]
SYSTEM = [Message("system", "the dog"), *SAID]
# as published: Qwen2, Llama 3, Zephyr, Gemma, and a form with white space on every side
TEMPLATES = {
    "chatml": CHATML,
    "qwen2": "{% for message in messages %}{% if loop.first and messages[0]['role'] != 'system' %}"
             "{{ '<|im_start|>system\\nYou are a helpful assistant.<|im_end|>\\n' }}{% endif %}"
             "{{'<|im_start|>' + message['role'] + '\\n' + message['content'] + '<|im_end|>' + '\\n'}}{% endfor %}"
             "{% if add_generation_prompt %}{{ '<|im_start|>assistant\\n' }}{% endif %}",
    "llama3": "{% set loop_messages = messages %}{% for message in loop_messages %}{% set content = "
              "'<|start_header_id|>' + message['role'] + '<|end_header_id|>\\n\\n'+ message['content'] | trim + "
              "'<|eot_id|>' %}{% if loop.index0 == 0 %}{% set content = bos_token + content %}{% endif %}{{ content }}"
              "{% endfor %}{% if add_generation_prompt %}{{ '<|start_header_id|>assistant<|end_header_id|>\\n\\n' }}"
              "{% endif %}",
    "zephyr": "{% for message in messages %}\n{% if message['role'] == 'user' %}\n{{ '<|user|>\\n' + message['content']"
              " + eos_token }}\n{% elif message['role'] == 'system' %}\n{{ '<|system|>\\n' + message['content'] + "
              "eos_token }}\n{% elif message['role'] == 'assistant' %}\n{{ '<|assistant|>\\n'  + message['content'] + "
              "eos_token }}\n{% endif %}\n{% if loop.last and add_generation_prompt %}\n{{ '<|assistant|>' }}\n"
              "{% endif %}\n{% endfor %}",
    "spaces": "{#- a remark -#}  a\n  {%- for m in messages %}\n    {% if not m.x is defined and m.role in 'user' %}\n"
              "    U {{ m.content }}\n    {%- else -%}\n   A {{- m.content|trim }} {% endif %}  b\n  {% endfor %}\n"
              "{% if (messages[0].role == 'user') == (loop is not defined) %}same{% endif %}\n",
    "turns": "{% for m in messages %}{% if (m['role'] == 'user') != (loop.index0 % 2 == 0) %}{{ raise_exception("
             "'turns') }}{% endif %}{{ m['role'] + \"'\" + m['content'] + eos_token }}{% endfor %}"
             "{% if add_generation_prompt %}{{ \"assistant'\" }}{% endif %}",
}


@pytest.mark.parametrize("name", TEMPLATES)
@pytest.mark.parametrize("answers", [False, True])
def test_the_text_is_that_of_jinja(name, answers):
    jinja2 = pytest.importorskip("jinja2", reason="the templates' own language is the oracle")
    theirs = jinja2.Environment(trim_blocks=True, lstrip_blocks=True).from_string(TEMPLATES[name])
    for messages in (SAID, SAID[:1], SYSTEM if name not in ("turns", "llama3") else SAID[:3]):
        names = dict(messages=[each._asdict() for each in messages], add_generation_prompt=answers, bos_token="<s>",
                     eos_token="</s>")
        assert ChatTemplate(TEMPLATES[name]).render(**names) == theirs.render(**names)


@pytest.mark.parametrize("source, said", [
    ("{% macro x() %}{% endmacro %}", "{% macro x() %} is not understood"),
    ("{{ messages | tojson }}", "'messages | tojson' is not understood"),
    ("{{ messages.pop() }}", "'messages.pop()' is not understood"), ("{{ 1 + 'a' }}", "\"1 + 'a'\" is not understood"),
    ("{{ () }}", "'()' is not understood"), ("{{ a b }}", "'a b' is not understood"),
    ("{% for m in messages %}", "{% endfor %} is missing"), ("{% if a %}", "{% endif %} is missing"),
    ("{% endif %}", "{% endif %} is not understood"), ("{{ raise_exception('no') }}", "chat template: no"),
    ("{% for m in 3 %}{% endfor %}", "3 is no list"), ("{{ 'a' < 1 }}", "\"'a' < 1\" is not understood"),
])
def test_what_is_not_understood_is_refused_by_name(source, said):
    with pytest.raises(InputError) as error:
        ChatTemplate(source).render(messages=[], a=1)
    assert said in str(error.value)


def tokenizers():
    return [ByteLevelBPE.train(TEXTS, 300), CharTokenizer.train(TEXTS), WordPieceTokenizer.train(TEXTS, 80),
            UnigramTokenizer.train(TEXTS, 300)]


@pytest.mark.parametrize("tokenizer", tokenizers(), ids=lambda t: type(t).__name__)
def test_a_vocabulary_that_is_taught_comes_back_from_its_folder(tokenizer, tmp_path):
    more = taught(tokenizer)
    assert tokenizer.chat_template is None and len(more) == len(tokenizer) + 2 and taught(more) is more
    assert more.encode(TEXTS[0]) == tokenizer.encode(TEXTS[0])
    more.save(tmp_path)
    again = load_tokenizer(tmp_path)
    assert again.chat_template == CHATML and again.tokens == more.tokens and type(again) is type(more)
    ids, answers = Chat(again).row(SYSTEM)
    assert Chat(more).row(SYSTEM) == (ids, answers) and ids.count(again.vocab["<|im_end|>"]) == 5
    assert again.vocab["<|im_end|>"] in again.special_ids
    settings = read_json(tmp_path / "tokenizer_config.json")
    write_json(tmp_path / "tokenizer_config.json", settings | {"chat_template": [{"name": "default", "template": "x"}]})
    assert load_tokenizer(tmp_path).chat_template == "x"
    (tmp_path / "chat_template.jinja").write_text("y")
    assert load_tokenizer(tmp_path).chat_template == "y"
    (tmp_path / "chat_template.jinja").unlink()
    write_json(tmp_path / "tokenizer_config.json", settings | {"chat_template": 3})
    with pytest.raises(InputError, match="chat_template is a JSON int"):
        load_tokenizer(tmp_path)


@pytest.mark.parametrize("name", ["chatml", "qwen2", "llama3", "turns"])
def test_the_answers_are_found(name):
    tokenizer = taught(ByteLevelBPE.train(TEXTS, 300))
    tokenizer.chat_template = TEMPLATES[name]
    chat = Chat(tokenizer)
    pieces = chat.pieces(SAID)
    whole = chat.text(SAID)
    assert "".join(text for text, _ in pieces) in (whole, whole.removesuffix("\n"))
    assert [text.partition("<|")[0] for text, is_answer in pieces if is_answer] == ["the dog .", "meat ."]
    ids, answers = chat.row(SAID)
    prompt = chat.prompt(SAID[:3])
    assert ids[:len(prompt)] == prompt and all(answers[len(prompt):]) and not answers[len(prompt) - 1]
    assert tokenizer.decode(ids[len(prompt):]).startswith("meat .") and ids[-1] in chat.end_ids or name == "llama3"


def test_without_a_template_there_is_no_conversation():
    with pytest.raises(InputError, match="no chat template.*finetune follow"):
        Chat(CharTokenizer.train(TEXTS))
    tokenizer = CharTokenizer.train([*TEXTS, "xyz"])
    tokenizer.chat_template = "{% if add_generation_prompt %}x{% else %}y{% endif %}"
    with pytest.raises(InputError, match="is not the beginning"):
        Chat(tokenizer)
