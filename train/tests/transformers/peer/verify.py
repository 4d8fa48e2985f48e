"""Reads with transformers what this project saved, and compares it with what was read before.

  verify.py FOLDER

For each case of FOLDER/cases.json that has a folder `ours`: loads it as anybody would, and holds what it
computes against the case's reference. Writes FOLDER/verified.json.
"""

import json
import pathlib
import sys

from models import difference, load, load_file, outputs, reasons


def verify(case):
    place = pathlib.Path(case["place"])
    reference = load_file(place / "reference.safetensors")
    part = lambda start: {k.removeprefix(start): v for k, v in reference.items() if k.startswith(start)}
    inputs = {name: value for name, value in part("input.").items() if name not in ("prompt", "source")}
    expected = {name: value for name, value in part("output.").items() if name != "greedy"}
    try:
        found = outputs(case["kind"], load(case["kind"], place / "ours"), inputs)
    except Exception as error:  # Whatever it is, it is the finding.
        return {"error": reasons(error)}
    return {"difference": difference(case["kind"], inputs, found, expected)}


def main():
    folder = pathlib.Path(sys.argv[1])
    cases = json.loads((folder / "cases.json").read_text())
    written = [case for case in cases if (pathlib.Path(case["place"]) / "ours").exists()]
    found = {case["place"]: verify(case) for case in written}
    (folder / "verified.json").write_text(json.dumps(found, indent=1))


main()
