"""A conversation by OpenAI's own package: streamed, whole, refused."""

import sys

import openai

url, key = sys.argv[1:]
client = openai.OpenAI(base_url=f"{url}/v1", api_key=key, max_retries=0)
assert [model.id for model in client.models.list()] == ["served"]
messages = [{"role": "system", "content": "Be brief."}, {"role": "user", "content": "Name a colour. 🦀"}]
options = {"model": "served", "temperature": 0, "max_tokens": 24}

for turn in range(2):
    whole = client.chat.completions.create(messages=messages, **options)
    said, last = "", None
    stream = client.chat.completions.create(
        messages=messages, stream=True, stream_options={"include_usage": True}, **options
    )
    for chunk in stream:
        if chunk.choices:
            said += chunk.choices[0].delta.content or ""
            last = chunk.choices[0].finish_reason or last
        else:
            assert chunk.usage == whole.usage, (chunk.usage, whole.usage)
    assert said == whole.choices[0].message.content, (said, whole)
    assert last == whole.choices[0].finish_reason
    messages += [{"role": "assistant", "content": said}, {"role": "user", "content": "Another one."}]

several = client.chat.completions.create(messages=messages[:2], n=3, seed=5, model="served", max_tokens=8)
assert [choice.index for choice in several.choices] == [0, 1, 2]
text = client.completions.create(prompt="Once", stop=["\n"], **options)
assert text.choices[0].finish_reason in ("stop", "length") and "\n" not in text.choices[0].text

for wrong, error in (
    ({"model": "other"}, openai.NotFoundError),
    ({"temperature": -1}, openai.BadRequestError),
    ({"messages": [{"role": "user", "content": "word " * 100_000}]}, openai.BadRequestError),
):
    try:
        client.chat.completions.create(**{"messages": messages, **options, **wrong})
        raise SystemExit(f"{wrong.keys()} was answered")
    except error as refused:
        assert refused.body["message"], refused
try:
    openai.OpenAI(base_url=f"{url}/v1", api_key="wrong", max_retries=0).models.list()
    raise SystemExit("a wrong key was taken")
except openai.AuthenticationError:
    pass
print(f"openai {openai.__version__}: {said!r}")
