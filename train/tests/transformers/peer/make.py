"""Small random models of every family, saved by transformers, beside what it computes with them.

  make.py FOLDER [--only FAMILY]... [--model FOLDER]...

Writes FOLDER/cases.json: what there is to read, where, and what should come of it. The numbers of a case
stand in its reference.safetensors, named as in the golden files.
"""

import argparse
import json
import os
import pathlib
import re
import shutil
import sys

from models import load, load_file, outputs, reasons, save_file, torch, transformers
from families import FAMILIES
from switches import EITHER, LEFT_OUT, REFUSED, SAME, VALUES

TEXT = "The wind had fallen and the two of them sat by the door, saying little, while it grew dark."
TOKENS, PROMPT, CONTINUED = 17, 5, 20


class Maker:
    def __init__(self, folder):
        self.folder, self.cases = folder, []
        self.random = torch.Generator().manual_seed(1)

    def place(self):
        place = self.folder / f"case-{len(self.cases):03}"
        shutil.rmtree(place, ignore_errors=True)
        place.mkdir(parents=True)
        return place

    def add(self, place, family, about, kind, expected="equal", named=(), folder=None, text=None, again=True):
        self.cases.append({
            "place": str(place), "folder": str(folder or place / "theirs"), "family": family, "about": about,
            "kind": kind, "expected": expected, "named": [named] if isinstance(named, str) else list(named),
            "text": text, "again": again,
        })

    def family(self, family):
        """Each configuration as transformers saves it, then the first one with its config.json altered."""
        kind, config, model, base, rows = FAMILIES[family]
        for i, (about, settings, saved) in enumerate(rows):
            place = self.place()
            theirs = place / "theirs"
            made = saved.get("class", model)(config(**{**base, **settings}))
            self.shake(made)
            made = made.to(getattr(torch, saved.get("dtype", "float32")))
            made.save_pretrained(theirs, max_shard_size=saved.get("shard", "5GB"))
            if "surplus" in saved:
                surplus(theirs, saved["surplus"])
            if "config" in saved:
                alter(theirs, saved["config"])
            self.refer(place, theirs, saved.get("kind", kind), tokens=saved.get("tokens", TOKENS))
            named = saved.get("or_refused", ())
            self.add(place, family, about, saved.get("kind", kind), "either" if named else "equal", named)
            if i == 0:
                first = theirs
        self.altered(family, kind, first)

    def altered(self, family, kind, first):
        self.pickled(family, kind, first)
        written = json.loads((first / "config.json").read_text())
        for patch, named in REFUSED["every"] + REFUSED.get(family, []):
            self.switch(family, kind, first, patch, "refused", named)
        for about, patch in SAME["every"] + SAME.get(family, []):
            self.switch(family, kind, first, patch, "equal", (), about)
        for field, values in VALUES.get(family, {}).items():
            for value in values:
                self.switch(family, kind, first, {field: value}, "either", field)
        for patch, named in EITHER.get(family, []):
            self.switch(family, kind, first, patch, "either", named)
        for field in written:
            if field not in LEFT_OUT:
                self.switch(family, kind, first, {field: ...}, "either", field, f"without {field}")

    def pickled(self, family, kind, first):
        """The same weights as a program that builds them."""
        place = self.place()
        (place / "theirs").mkdir()
        shutil.copy(first / "config.json", place / "theirs")
        torch.save(load_file(first / "model.safetensors"), place / "theirs" / "pytorch_model.bin")
        self.add(place, family, "pytorch_model.bin", kind, "refused", "pytorch_model.bin", again=False)

    def switch(self, family, kind, first, patch, expected, named, about=None):
        """The same weights under another config.json."""
        place = self.place()
        theirs = place / "theirs"
        shutil.copytree(first, theirs, copy_function=os.link, ignore=lambda *_: ["config.json"])
        shutil.copy(first / "config.json", theirs)
        alter(theirs, patch)
        if expected != "refused":
            try:
                self.refer(place, theirs, kind, continued=False)
            except Exception as error:
                if expected == "either":  # What transformers cannot read has no numbers to compare with.
                    return
                raise SystemExit(f"{family}, {about}: transformers cannot read it: {reasons(error)}") from error
        self.add(place, family, about or ", ".join(f"{k} {json.dumps(v)}" for k, v in patch.items() if v is not ...),
                 kind, expected, named, again=False)

    def shake(self, model):
        """Fresh models have biases of zero and norms of one, which hide what is not read."""
        def noise(value, scale, middle=0.0):
            value.copy_(middle + scale * torch.randn(value.shape, generator=self.random))

        for name, value in model.named_parameters():
            if not value.requires_grad:  # Marian's sines and cosines
                continue
            if value.dim() == 1:
                noise(value, 0.3, 1.0 if name.endswith("weight") else 0.0)
            elif "embed" in name or "wte" in name or "wpe" in name or "shared" in name:
                noise(value, 0.4)
            else:
                noise(value, value.shape[1] ** -0.5)
        for name, value in model.named_buffers():
            if name == "final_logits_bias":
                noise(value, 0.3)

    def refer(self, place, folder, kind, continued=True, ids=None, tokens=TOKENS):
        """Writes down what transformers computes with the model in a folder, in float32."""
        model = load(kind, folder, strict=ids is not None)
        config = model.config
        draw = lambda *shape, below=config.vocab_size: torch.randint(0, below, shape, generator=self.random)
        inputs = {"input_ids": draw(3, tokens) if ids is None else ids}
        texts, tokens = inputs["input_ids"].shape
        if kind != "decoder":
            lengths = torch.tensor([tokens, 11, 4])[:texts]
            inputs["attention_mask"] = (torch.arange(tokens) < lengths[:, None]).long()
        if getattr(config, "type_vocab_size", 0) and ids is None:
            inputs["token_type_ids"] = draw(3, tokens, below=config.type_vocab_size)
        if kind == "seq2seq":
            inputs["decoder_input_ids"] = draw(texts, 9, below=config.decoder_vocab_size)
        tensors = {f"input.{name}": value for name, value in inputs.items()}
        tensors |= {f"output.{name}": value for name, value in outputs(kind, model, inputs).items()}
        if kind in ("decoder", "seq2seq") and continued:
            tensors |= self.continuation(model, kind, draw, ids)
        save_file({name: value.contiguous() for name, value in tensors.items()}, place / "reference.safetensors")

    def continuation(self, model, kind, draw, ids):
        """A prompt (a source) and its greedy continuation, at no token of which two were about equally likely."""
        for _ in range(20):
            prompt = draw(1, PROMPT) if ids is None else ids[:, :PROMPT].clone()
            made = model.generate(
                prompt, attention_mask=torch.ones_like(prompt), do_sample=False, max_new_tokens=CONTINUED,
                return_dict_in_generate=True, output_logits=True,
            )
            logits = torch.cat(made.logits)
            best = logits.topk(2).values
            if ids is not None or ((best[:, 0] - best[:, 1]) / logits.abs().amax(1)).min() > 1e-3:
                name = "prompt" if kind == "decoder" else "source"
                return {f"input.{name}": prompt, "output.greedy": made.sequences.float()}
        raise SystemExit("no prompt has a continuation without a tie")

    def model(self, folder):
        """A model that was trained, with a text in its own tokens."""
        place = self.place()
        described = json.loads((folder / "config.json").read_text())
        family = described["model_type"]
        kind = kind_of(family, described.get("architectures"))
        words = TEXT.split(" ")
        try:
            tokenizer = transformers.AutoTokenizer.from_pretrained(folder)
            context = transformers.AutoConfig.from_pretrained(folder).max_position_embeddings
            while True:
                text = " ".join(words)
                ids = tokenizer(text, add_special_tokens=False, return_tensors="pt").input_ids
                if ids.shape[1] <= context:
                    break
                words.pop()
            self.refer(place, folder, kind, ids=ids)
        except Exception as error:  # Whatever it is, it is the finding.
            self.add(place, family, str(folder), kind, "broken", reasons(error), folder, TEXT)
        else:
            self.add(place, family, str(folder), kind, folder=folder, text=text)


def kind_of(family, architectures):
    """What kind of model a folder says that it holds."""
    if family in ("bert", "distilbert"):
        return "encoder" if (architectures or [""])[0].endswith("Model") else "masked_lm"
    return "seq2seq" if family == "marian" else "decoder"


def alter(folder, patch):
    """Sets fields of a config.json, or takes them away."""
    path = folder / "config.json"
    config = json.loads(path.read_text())
    for field, value in patch.items():
        config.pop(field, None)
        if value is not ...:
            config[field] = value
    path.write_text(json.dumps(config, indent=2))


def surplus(folder, kind):
    """Gives a file what other programs write too, or the names that they use."""
    path = folder / "model.safetensors"
    tensors = load_file(path)
    layers = {match[0] for match in map(re.compile(r".*\b(h|layers)\.\d+").match, tensors) if match}
    if kind == "gpt2":
        for layer in layers:
            tensors[f"{layer}.attn.bias"] = torch.ones(64, 64).tril()[None, None].clone()
            tensors[f"{layer}.attn.masked_bias"] = torch.tensor(-1e4)
    elif kind == "llama":
        for layer in layers:
            tensors[f"{layer}.self_attn.rotary_emb.inv_freq"] = torch.ones(4)
    elif kind == "head":
        tensors["lm_head.weight"] = tensors["model.embed_tokens.weight"].clone()
    elif kind == "bert":
        tensors["cls.predictions.decoder.weight"] = tensors["bert.embeddings.word_embeddings.weight"].clone()
        tensors["cls.predictions.decoder.bias"] = tensors["cls.predictions.bias"].clone()
        tensors["bert.embeddings.position_ids"] = torch.arange(40)[None].clone()
    elif kind == "gamma":
        new = {"LayerNorm.weight": "LayerNorm.gamma", "LayerNorm.bias": "LayerNorm.beta"}
        for name in list(tensors):
            for end, other in new.items():
                if name.endswith(end):
                    tensors[name.removesuffix(end) + other] = tensors.pop(name)
    elif kind == "distilbert":
        tensors["vocab_projector.weight"] = tensors["distilbert.embeddings.word_embeddings.weight"].clone()
    elif kind == "marian":
        for name in ("model.encoder.embed_tokens", "model.decoder.embed_tokens", "lm_head"):
            tensors[f"{name}.weight"] = tensors["model.shared.weight"].clone()
        positions = transformers.AutoModelForSeq2SeqLM.from_pretrained(folder).model.encoder.embed_positions.weight
        for side in ("encoder", "decoder"):
            tensors[f"model.{side}.embed_positions.weight"] = positions.detach().clone()
    save_file(tensors, path, {"format": "pt"})


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("folder", type=pathlib.Path)
    parser.add_argument("--only", action="append", choices=FAMILIES)
    parser.add_argument("--model", action="append", type=pathlib.Path, default=[])
    arguments = parser.parse_args()
    for folder in arguments.model:
        if not (folder / "config.json").is_file():
            sys.exit(f"{folder}: no config.json there, so no model folder")
    maker = Maker(arguments.folder.resolve())
    print(f"transformers {transformers.__version__}, torch {torch.__version__}", file=sys.stderr)
    for family in arguments.only or FAMILIES:
        maker.family(family)
    for folder in arguments.model:
        maker.model(folder)
    (maker.folder / "cases.json").write_text(json.dumps(maker.cases, indent=1))


main()
