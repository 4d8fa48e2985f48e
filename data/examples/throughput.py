"""What datatrove makes of the same documents as `throughput.rs`, stage by stage, on one core.

    SLOVO_DATA=DIR python throughput.py [--rounds 5]

Prints MB/s, the median of the rounds, of Gopher's repetition and quality rules, C4's and FineWeb's, and
MinHash signatures (14 bands of 8). Install `datatrove[processing]` and, for MinHash, `tokenizers` and `xxhash==3.5.0`; what of it does
not import is said and left out.
"""

import argparse
import gzip
import json
import os
import statistics
import time

from datatrove.data import Document

DOCUMENT = 4096
TEXT = 4 << 20


def documents(data):
    """Introductions and kernel documentation, in documents of 4 kB."""
    found = []
    for path in ("wikipedia/leads-en.jsonl.gz", "docs/linux-doc.jsonl.gz"):
        held, left = "", TEXT // 2
        with gzip.open(os.path.join(data, path), "rt", encoding="utf-8") as lines:
            for line in lines:
                held += json.loads(line)["text"]
                while len(held) > DOCUMENT and left > 0:
                    found.append(held[:DOCUMENT])
                    held = held[DOCUMENT:]
                    left -= DOCUMENT
                if left <= 0:
                    break
    return found


def stages():
    """Name and what takes a document, of everything that imports."""
    try:
        from datatrove.pipeline.filters import (
            C4QualityFilter,
            FineWebQualityFilter,
            GopherQualityFilter,
            GopherRepetitionFilter,
        )

        for kind in (GopherRepetitionFilter, GopherQualityFilter, FineWebQualityFilter):
            yield kind.__name__, kind().filter
        yield "C4QualityFilter", C4QualityFilter(filter_no_terminal_punct=False).filter
    except ImportError as error:
        print(f"no filters: {error}")
    try:
        from datatrove.pipeline.dedup import MinhashDedupSignature
        from datatrove.pipeline.dedup.minhash import MinhashConfig

        step = MinhashDedupSignature(output_folder="unused", config=MinhashConfig())
        yield "MinHash", lambda it: step.get_signature(step.get_shingles(it.text))
    except ImportError as error:
        print(f"no MinHash: {error}")


def main():
    arguments = argparse.ArgumentParser()
    arguments.add_argument("--rounds", type=int, default=5)
    rounds = arguments.parse_args().rounds
    texts = documents(os.environ["SLOVO_DATA"])
    size = sum(len(text.encode()) for text in texts) / 1e6
    print(f"{len(texts)} documents, {size:.1f} MB")
    for name, take in stages():
        seconds = []
        for _ in range(rounds):
            start = time.perf_counter()
            for number, text in enumerate(texts):
                take(Document(text=text, id=str(number)))
            seconds.append(time.perf_counter() - start)
        print(f"{name:<28} {size / statistics.median(seconds):8.2f} MB/s")


if __name__ == "__main__":
    main()
