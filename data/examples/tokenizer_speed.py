"""Times encoding on one core: Hugging Face's `tokenizers`, tiktoken and ours, on the same documents.

    python tokenizer_speed.py TOKENIZER.json TEXT [--ours PROGRAM] [--bytes 15500000] [--rounds 5]

The text is cut into documents of 4 kB at ends of lines. All three encode them one after another on
one thread; their rounds alternate, so that what else a machine does falls on all of them. PROGRAM is
called as `PROGRAM TOKENIZER.json DOCUMENTS`, with a file that holds the documents separated by NUL,
and prints seconds, number of ids and their FNV-1a hash. Ids are compared before anything is
timed. What is printed is JSON: medians in MB/s and ratios.
"""

import argparse
import json
import os
import statistics
import subprocess
import tempfile
import time

os.environ["RAYON_NUM_THREADS"] = "1"
os.environ["TOKENIZERS_PARALLELISM"] = "false"

import tiktoken
import tokenizers

GPT2 = r"""'(?:[sdmt]|ll|ve|re)| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+"""


def documents(path, size, length=4096):
    """Whole lines up to about `length` bytes, in all about `size` bytes."""
    found, lines, held, total = [], [], 0, 0
    with open(path, encoding="utf-8", errors="replace") as text:
        for line in text:
            line = line.replace("\0", " ")
            count = len(line.encode())
            if lines and held + count > length:
                found.append("".join(lines))
                total += held
                lines, held = [], 0
                if total >= size:
                    break
            lines.append(line)
            held += count
    return found


def bytes_of_symbols():
    """The byte that each character of the byte-level alphabet stands for (GPT-2's `encoder.py`)."""
    plain = [*range(0x21, 0x7F), *range(0xA1, 0xAD), *range(0xAE, 0x100)]
    moved = [byte for byte in range(256) if byte not in plain]
    return {chr(b): b for b in plain} | {chr(256 + n): b for n, b in enumerate(moved)}


def tiktoken_of(file):
    """A tiktoken encoding with the same tokens; ids must grow with the order of merges."""
    symbols = bytes_of_symbols()
    special = {t["content"]: t["id"] for t in file["added_tokens"]}
    ranks = {
        bytes(symbols[c] for c in token): id
        for token, id in file["model"]["vocab"].items()
        if token not in special
    }
    pre = file["pre_tokenizer"]
    pattern = GPT2
    for part in pre.get("pretokenizers", [pre]):
        if part["type"] == "Split":
            pattern = part["pattern"]["Regex"]
    return tiktoken.Encoding("same", pat_str=pattern, mergeable_ranks=ranks, special_tokens=special)


def fnv(ids):
    """FNV-1a over the ids as 32-bit words."""
    value = 0xCBF29CE484222325
    for id in ids:
        value = ((value ^ id) * 0x100000001B3) & (2**64 - 1)
    return value


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("tokenizer")
    parser.add_argument("text")
    parser.add_argument("--ours")
    parser.add_argument("--bytes", type=int, default=15_500_000)
    parser.add_argument("--rounds", type=int, default=5)
    options = parser.parse_args()

    with open(options.tokenizer, encoding="utf-8") as file:
        file = json.load(file)
    texts = documents(options.text, options.bytes)
    size = sum(len(text.encode()) for text in texts)
    theirs = tokenizers.Tokenizer.from_file(options.tokenizer)
    tik = tiktoken_of(file)
    with tempfile.NamedTemporaryFile("wb", delete=False) as held:
        held.write("\0".join(texts).encode())

    def hugging_face():
        start = time.perf_counter()
        encoded = theirs.encode_batch(texts, add_special_tokens=False)
        seconds = time.perf_counter() - start
        return seconds, [id for one in encoded for id in one.ids]

    def tiktoken_():
        start = time.perf_counter()
        encoded = [tik.encode_ordinary(text) for text in texts]
        seconds = time.perf_counter() - start
        return seconds, [id for one in encoded for id in one]

    def ours():
        command = [options.ours, options.tokenizer, held.name]
        seconds, count, value = subprocess.check_output(command, text=True).split()
        return float(seconds), (int(count), int(value))

    reference = hugging_face()[1]
    differ = tiktoken_()[1] != reference
    runs = {"tokenizers": hugging_face, "tiktoken": tiktoken_}
    if options.ours:
        if ours()[1] != (len(reference), fnv(reference)):
            raise SystemExit("our ids differ from those of tokenizers")
        runs["ours"] = ours
    times = {name: [] for name in runs}
    for _ in range(options.rounds):
        for name, run in runs.items():
            times[name].append(run()[0])
    speed = {name: size / statistics.median(taken) / 1e6 for name, taken in times.items()}
    report = {
        "tokenizer": os.path.basename(options.tokenizer),
        "documents": len(texts),
        "bytes": size,
        "ids": len(reference),
        "tiktoken_ids_differ": differ,
        "rounds": options.rounds,
        "megabytes_per_second": {name: round(value, 2) for name, value in speed.items()},
    }
    if options.ours:
        report["times_as_fast_as"] = {
            name: round(
                statistics.median(a / b for a, b in zip(times[name], times["ours"])), 2
            )
            for name in speed
            if name != "ours"
        }
    print(json.dumps(report, indent=2))
    os.unlink(held.name)


if __name__ == "__main__":
    main()
