"""What transformers makes of chat templates: a JSON list of cases comes in, a list of texts or errors goes out."""

import json
import sys

from transformers.utils.chat_template_utils import render_jinja_template


def render(case):
    try:
        texts, _ = render_jinja_template(
            conversations=[case["messages"]],
            chat_template=case["template"],
            add_generation_prompt=case["asks"],
            **case["tokens"],
        )
        return {"text": texts[0]}
    except Exception as error:
        return {"error": f"{type(error).__name__}: {error}"}


json.dump([render(case) for case in json.load(sys.stdin)], sys.stdout)
