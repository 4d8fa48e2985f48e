"""Makes marian.safetensors: what transformers computes for ../shared/golden/marian-tiny.

The reference.safetensors beside that model was computed with position tables of random numbers, which
the model's file does not hold; transformers itself, loading the folder, gives other logits (the
largest difference is 1.97). These are the ones it gives.

python3 marian.py GOLDEN/marian-tiny marian.safetensors   (torch 2.15, transformers 5.23)
"""

import sys

import torch
from safetensors.torch import load_file, save_file
from transformers import AutoModelForSeq2SeqLM

folder, out = sys.argv[1:]
inputs = {
    name.removeprefix("input."): tensor
    for name, tensor in load_file(f"{folder}/reference.safetensors").items()
    if name.startswith("input.")
}
model = AutoModelForSeq2SeqLM.from_pretrained(folder).eval()
with torch.no_grad():
    logits = model(**inputs).logits
    source = {name: inputs[name] for name in ["input_ids", "attention_mask"]}
    # Greedy: the likeliest token but padding, twelve times, whatever it is.
    greedy = torch.full((2, 1), model.config.decoder_start_token_id)
    for _ in range(12):
        last = model(**source, decoder_input_ids=greedy).logits[:, -1]
        last[:, model.config.pad_token_id] = -torch.inf
        greedy = torch.cat([greedy, last.argmax(-1, keepdim=True)], 1)
save_file({"logits": logits, "greedy": greedy[:, 1:].float().contiguous()}, out)
