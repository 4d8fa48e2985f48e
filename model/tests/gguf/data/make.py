"""Makes the files beside it; needs `pip install gguf sentencepiece numpy`.

quants.gguf: for each type a tensor of random blocks, and what gguf's reference makes of it.
sentencepiece.gguf, sentencepiece.json: a small vocabulary, and texts with the ids that the
sentencepiece library gives them.
"""

import json
import pathlib
import sys
import tempfile

import gguf
import numpy as np
import sentencepiece as spm
from gguf.quants import dequantize

here = pathlib.Path(__file__).parent
Type = gguf.GGMLQuantizationType


def quants():
    rng = np.random.default_rng(1)
    writer = gguf.GGUFWriter(here / "quants.gguf", "llama")
    for kind, rows, blocks in [
        (Type.F32, 3, 5),
        (Type.F16, 3, 32),
        (Type.BF16, 3, 32),
        (Type.Q8_0, 3, 2),
        (Type.Q4_0, 3, 2),
        (Type.Q4_1, 3, 2),
        (Type.Q4_K, 2, 2),
        (Type.Q6_K, 2, 2),
    ]:
        values, size = gguf.GGML_QUANT_SIZES[kind]
        raw = rng.integers(0, 256, (rows, blocks, size), dtype=np.uint8)
        halves = {  # Where scales in half precision stand: random ones might be NaN.
            Type.F16: [0],
            Type.Q8_0: [0],
            Type.Q4_0: [0],
            Type.Q4_1: [0, 2],
            Type.Q4_K: [0, 2],
            Type.Q6_K: [208],
        }
        for at in halves.get(kind, []):
            scale = rng.normal(size=(rows, blocks)).astype(np.float16)
            raw[..., at : at + 2] = scale[..., None].view(np.uint8)
        if kind in (Type.F32, Type.BF16):
            numbers = rng.normal(size=(rows, blocks)).astype(np.float32)
            numbers = numbers[..., None].view(np.uint8)
            raw = numbers[..., 4 - size :].copy()
        raw = raw.reshape(rows, blocks * size)
        name = kind.name
        expected = dequantize(raw, kind)
        if kind == Type.F32:
            writer.add_tensor(name, raw.view(np.float32))
        elif kind == Type.F16:
            writer.add_tensor(name, raw.view(np.float16))
        else:
            writer.add_tensor(name, raw, raw_dtype=kind)
        writer.add_tensor(name + ".expected", np.ascontiguousarray(expected, dtype=np.float32))
    finish(writer)


def sentencepiece(text):
    with tempfile.TemporaryDirectory() as folder:
        corpus, prefix = folder + "/corpus", folder + "/model"
        pathlib.Path(corpus).write_text(text)
        spm.SentencePieceTrainer.train(
            input=corpus,
            model_prefix=prefix,
            model_type="bpe",
            vocab_size=600,
            byte_fallback=True,
            normalization_rule_name="identity",
            remove_extra_whitespaces=False,
            character_coverage=0.99,
            minloglevel=2,
        )
        model = spm.SentencePieceProcessor(model_file=prefix + ".model")
    tokens, scores, types = [], [], []
    for id in range(model.get_piece_size()):
        tokens.append(model.id_to_piece(id))
        scores.append(model.get_score(id))
        types.append(
            gguf.TokenType.UNKNOWN
            if model.is_unknown(id)
            else gguf.TokenType.CONTROL
            if model.is_control(id)
            else gguf.TokenType.BYTE
            if model.is_byte(id)
            else gguf.TokenType.NORMAL
        )
    writer = gguf.GGUFWriter(here / "sentencepiece.gguf", "llama")
    writer.add_tokenizer_model("llama")
    writer.add_tokenizer_pre("default")
    writer.add_token_list(tokens)
    writer.add_token_scores(scores)
    writer.add_token_types(types)
    writer.add_bos_token_id(model.bos_id())
    writer.add_eos_token_id(model.eos_id())
    writer.add_unk_token_id(model.unk_id())
    finish(writer)
    lines = [line for line in text.splitlines() if line.strip()]
    samples = lines[:20] + [
        "two  spaces   and\ttabs\nand lines",
        " a space first",
        "trailing space ",
        "Zürich, 東京, Ω≈ç√, 🦀!",
        "aaaaaaaaaaaaaaaa",
        "12345 + 67890 = ?",
    ]
    cases = [{"text": text, "ids": model.encode(text)} for text in samples]
    path = here / "sentencepiece.json"
    path.write_text(json.dumps(cases, ensure_ascii=False, indent=None) + "\n")


def finish(writer):
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()


quants()
sentencepiece(pathlib.Path(sys.argv[1]).read_text()[:60000])
