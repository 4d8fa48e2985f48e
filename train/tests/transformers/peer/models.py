"""What make.py and verify.py share: the library, its classes by kind, and what a model computes."""

import sys

try:
    import numpy  # noqa: F401  (safetensors.torch asks for it)
    import torch
    import transformers
    from safetensors.torch import load_file, save_file  # noqa: F401
except ImportError as error:
    sys.exit(f"{sys.executable} has no module {error.name!r}: `pip install torch transformers numpy` gives it that")

if int(transformers.__version__.split(".")[0]) < 5:
    sys.exit(f"{sys.executable} has transformers {transformers.__version__}, but the check needs 5 or newer: "
             "`pip install --upgrade transformers`")

transformers.logging.set_verbosity_error()
transformers.logging.disable_progress_bar()
torch.set_num_threads(1)  # the models are tiny
torch.set_grad_enabled(False)

AUTO = {
    "decoder": transformers.AutoModelForCausalLM,
    "masked_lm": transformers.AutoModelForMaskedLM,
    "encoder": transformers.AutoModel,
    "seq2seq": transformers.AutoModelForSeq2SeqLM,
}


class Unlike(Exception):
    """The folder and the model that its config.json describes do not go together."""


def load(kind, folder, strict=True):
    """The model in a folder, in float32, with every weight taken from there and, if strict, none left over."""
    model, info = AUTO[kind].from_pretrained(
        folder, dtype=torch.float32, attn_implementation="eager", output_loading_info=True
    )
    # An encoder of ours has no layer for the sentence behind the last hidden state, which is compared.
    missing = [name for name in info["missing_keys"] if kind != "encoder" or "pooler." not in name]
    wrong = {"missing": missing, "mismatched": info["mismatched_keys"]}
    if strict:
        wrong["unexpected"] = info["unexpected_keys"]
    for what, names in wrong.items():
        if names:
            raise Unlike(f"{what} keys: {', '.join(map(str, sorted(names)))}")
    if info["error_msgs"]:
        raise Unlike("; ".join(info["error_msgs"]))
    return model.eval()


def outputs(kind, model, inputs):
    """What the model makes of the inputs, under the names of the golden files."""
    if kind == "masked_lm":
        hidden = model.base_model(**inputs).last_hidden_state
        return {"logits": model(**inputs).logits, "last_hidden": hidden}
    if kind == "encoder":
        return {"last_hidden": model(**inputs).last_hidden_state}
    return {"logits": model(**inputs).logits}


def counted(kind, inputs, output):
    """The rows of an output that belong to tokens; what only fills a text up is nobody's business."""
    if kind in ("masked_lm", "encoder"):
        return output[inputs["attention_mask"].bool()]
    return output


def difference(kind, inputs, ours, theirs):
    """The largest difference of all outputs, relative to the largest value of each."""
    worst = 0.0
    for name, value in theirs.items():
        value, other = counted(kind, inputs, value), counted(kind, inputs, ours[name])
        worst = max(worst, float((other - value).abs().max() / value.abs().max()))
    return worst


def reasons(error):
    """An error on one line."""
    return " ".join(f"{type(error).__name__}: {error}".split())[:300]
