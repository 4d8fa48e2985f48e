"""The same models and the same work in PyTorch, timed; one line of JSON at the end.

  peer.py train A|B|C [--steps N] [--compile]
  peer.py generate A|B|C [--tokens N]             greedily, with a key-value cache
"""
import argparse, json, math, resource, statistics, sys, time
import torch, torch.nn as nn, torch.nn.functional as F

# layers, heads, width, context, vocabulary, sequences in a batch
SHAPES = {"A": (4, 4, 128, 64, 65, 12), "B": (6, 6, 384, 256, 65, 4), "C": (12, 12, 768, 256, 50257, 1)}


class Block(nn.Module):
    def __init__(self, width, heads, layers):
        super().__init__()
        self.heads = heads
        self.norm1, self.norm2 = nn.LayerNorm(width), nn.LayerNorm(width)
        self.qkv, self.gather = nn.Linear(width, 3 * width), nn.Linear(width, width)
        self.up, self.down = nn.Linear(width, 4 * width), nn.Linear(4 * width, width)
        for layer in (self.qkv, self.gather, self.up, self.down):
            writes = layer in (self.gather, self.down)
            nn.init.normal_(layer.weight, 0, 0.02 / math.sqrt(2 * layers) if writes else 0.02)
            nn.init.zeros_(layer.bias)

    def forward(self, x, cache=None):
        batch, seq, width = x.shape
        split = lambda t: t.view(batch, seq, self.heads, width // self.heads).transpose(1, 2)
        q, k, v = map(split, self.qkv(self.norm1(x)).split(width, 2))
        causal = not cache
        if cache:
            k, v = torch.cat([cache["k"], k], 2), torch.cat([cache["v"], v], 2)
        if cache is not None:
            cache.update(k=k, v=v)
        y = F.scaled_dot_product_attention(q, k, v, is_causal=causal)
        x = x + self.gather(y.transpose(1, 2).reshape(batch, seq, width))
        return x + self.down(F.gelu(self.up(self.norm2(x)), approximate="tanh"))


class Gpt(nn.Module):
    def __init__(self, layers, heads, width, context, vocabulary):
        super().__init__()
        self.tokens, self.positions = nn.Embedding(vocabulary, width), nn.Embedding(context, width)
        self.blocks = nn.ModuleList(Block(width, heads, layers) for _ in range(layers))
        self.norm = nn.LayerNorm(width)
        for table in (self.tokens, self.positions):
            nn.init.normal_(table.weight, 0, 0.02)

    def hidden(self, ids, caches=None, start=0):
        x = self.tokens(ids) + self.positions(torch.arange(start, start + ids.shape[1]))
        for i, block in enumerate(self.blocks):
            x = block(x, caches[i] if caches is not None else None)
        return self.norm(x)

    def forward(self, ids):
        return F.linear(self.hidden(ids), self.tokens.weight)


def train(args):
    *shape, context, vocabulary, sequences = SHAPES[args.config]
    model = Gpt(*shape, context, vocabulary)
    forward = torch.compile(model) if args.compile else model
    groups = [{"params": [p for p in model.parameters() if (p.dim() > 1) == matrices],
               "weight_decay": 0.1 if matrices else 0.0} for matrices in (True, False)]
    optimizer = torch.optim.AdamW(groups, lr=1e-3, betas=(0.9, 0.99), eps=1e-8, fused=True)
    seconds = []
    for i in range(args.steps + 4):
        x, y = (torch.randint(0, vocabulary, (sequences, context)) for _ in range(2))
        start = time.perf_counter()
        loss = F.cross_entropy(forward(x).view(-1, vocabulary), y.view(-1))
        optimizer.zero_grad(set_to_none=True)
        loss.backward()
        nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        optimizer.step()
        loss.item()
        if i >= 4:
            seconds.append(time.perf_counter() - start)
    return sequences * context / statistics.median(seconds)


@torch.inference_mode()
def generate(args):
    shape = SHAPES[args.config][:5]
    model, prompt, speeds = Gpt(*shape), [1, 2, 3, 4], []
    for _ in range(6):
        ids, caches = list(prompt), [{} for _ in model.blocks]
        start = time.perf_counter()
        while len(ids) < len(prompt) + args.tokens:
            begin = len(ids) - 1 if len(ids) > len(prompt) else 0
            hidden = model.hidden(torch.tensor([ids[begin:]]), caches, begin)
            ids.append(int(F.linear(hidden[:, -1], model.tokens.weight).argmax(-1)))
        speeds.append(args.tokens / (time.perf_counter() - start))
    return statistics.median(speeds[1:])


parser = argparse.ArgumentParser()
parser.add_argument("work", choices=("train", "generate"))
parser.add_argument("config", choices=SHAPES)
parser.add_argument("--steps", type=int, default=20)
parser.add_argument("--tokens", type=int, default=64)
parser.add_argument("--compile", action="store_true")
parser.add_argument("--threads", type=int, required=True)
args = parser.parse_args()
torch.set_num_threads(args.threads)
torch.manual_seed(1337)
speed = {"train": train, "generate": generate}[args.work](args)
# Linux counts kibibytes, macOS bytes.
peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * (1 if sys.platform == "darwin" else 1024)
print(json.dumps({"peer": "torch " + torch.__version__, "tokens_per_second": speed, "peak_memory": peak}))
