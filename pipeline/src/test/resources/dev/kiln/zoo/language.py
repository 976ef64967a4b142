"""Language models: encoders, decoders with and without a cache, encoder-decoders, mixtures of experts."""
import math

import torch
from torch import nn
from torch.nn import functional as F

from model import Model, padding, tokens

VOCABULARY = 500


class SelfAttention(nn.Module):
    """Multi-head attention with an additive mask, in the way of BERT."""

    def __init__(self, width, heads):
        super().__init__()
        self.heads, self.size = heads, width // heads
        self.query, self.key, self.value = (nn.Linear(width, width) for _ in range(3))
        self.dense = nn.Linear(width, width)

    def split(self, x):
        return x.view(x.size()[:-1] + (self.heads, self.size)).permute(0, 2, 1, 3)

    def forward(self, x, mask=None, memory=None):
        source = x if memory is None else memory
        q, k, v = self.split(self.query(x)), self.split(self.key(source)), self.split(self.value(source))
        scores = torch.matmul(q, k.transpose(-1, -2)) / math.sqrt(self.size)
        if mask is not None:
            scores = scores + mask
        context = torch.matmul(nn.functional.softmax(scores, dim=-1), v).permute(0, 2, 1, 3).contiguous()
        return self.dense(context.view(context.size()[:-2] + (self.heads * self.size,)))


class EncoderLayer(nn.Module):
    def __init__(self, width, heads):
        super().__init__()
        self.attention = SelfAttention(width, heads)
        self.norm1, self.norm2 = nn.LayerNorm(width, eps=1e-12), nn.LayerNorm(width, eps=1e-12)
        self.up, self.down = nn.Linear(width, 4 * width), nn.Linear(4 * width, width)

    def forward(self, x, mask):
        x = self.norm1(x + self.attention(x, mask))
        return self.norm2(x + self.down(F.gelu(self.up(x))))


class Bert(nn.Module):
    def __init__(self, width=96, layers=2, heads=4):
        super().__init__()
        self.words, self.types = nn.Embedding(VOCABULARY, width, padding_idx=0), nn.Embedding(2, width)
        self.places, self.norm = nn.Embedding(64, width), nn.LayerNorm(width, eps=1e-12)
        self.register_buffer("position_ids", torch.arange(64).expand((1, -1)))
        self.layers = nn.ModuleList(EncoderLayer(width, heads) for _ in range(layers))
        self.pooler, self.classifier = nn.Linear(width, width), nn.Linear(width, 3)

    def forward(self, ids, attention_mask, token_types):
        places = self.position_ids[:, :ids.size(1)]
        x = self.norm(self.words(ids) + self.places(places) + self.types(token_types))
        mask = (1.0 - attention_mask[:, None, None, :].to(x.dtype)) * torch.finfo(x.dtype).min
        for layer in self.layers:
            x = layer(x, mask)
        return x, self.classifier(torch.tanh(self.pooler(x[:, 0])))


class DistilBert(nn.Module):
    """Masks by masked_fill with an expanded comparison; places from arange; spans of start and end as results."""

    def __init__(self, width=96, layers=2, heads=4):
        super().__init__()
        self.words, self.places = nn.Embedding(VOCABULARY, width), nn.Embedding(64, width)
        self.norm, self.heads = nn.LayerNorm(width), heads
        self.layers = nn.ModuleList(EncoderLayer(width, heads) for _ in range(layers))
        self.spans = nn.Linear(width, 2)

    def forward(self, ids, attention_mask):
        places = torch.arange(ids.size(1), dtype=torch.long, device=ids.device).unsqueeze(0).expand_as(ids)
        x = self.norm(self.words(ids) + self.places(places))
        shape = (ids.size(0), self.heads, ids.size(1), ids.size(1))
        hidden = (attention_mask == 0).view(ids.size(0), 1, 1, ids.size(1)).expand(shape)
        mask = torch.zeros(shape).masked_fill(hidden, torch.finfo(x.dtype).min)
        for layer in self.layers:
            x = layer(x, mask)
        start, end = self.spans(x).split(1, dim=-1)
        return start.squeeze(-1).contiguous(), end.squeeze(-1).contiguous()


class RmsNorm(nn.Module):
    def __init__(self, width, eps=1e-6):
        super().__init__()
        self.weight, self.eps = nn.Parameter(torch.ones(width)), eps

    def forward(self, x):
        variance = x.to(torch.float32).pow(2).mean(-1, keepdim=True)
        return self.weight * (x * torch.rsqrt(variance + self.eps))


class RelativeBias(nn.Module):
    """T5's bias by buckets of distances."""

    def __init__(self, heads, both, buckets=16, far=32):
        super().__init__()
        self.table, self.both, self.buckets, self.far = nn.Embedding(buckets, heads), both, buckets, far

    def bucket(self, distance):
        result, buckets = 0, self.buckets
        if self.both:
            buckets //= 2
            result = result + (distance > 0).to(torch.long) * buckets
            distance = torch.abs(distance)
        else:
            distance = -torch.min(distance, torch.zeros_like(distance))
        exact = buckets // 2
        large = exact + (torch.log(distance.float() / exact) / math.log(self.far / exact)
                         * (buckets - exact)).to(torch.long)
        large = torch.min(large, torch.full_like(large, buckets - 1))
        return result + torch.where(distance < exact, distance, large)

    def forward(self, queries, keys):
        distance = torch.arange(keys)[None, :] - torch.arange(queries)[:, None]
        return self.table(self.bucket(distance)).permute([2, 0, 1]).unsqueeze(0)


class T5Block(nn.Module):
    def __init__(self, width, heads, cross):
        super().__init__()
        self.attention, self.norm = SelfAttention(width, heads), RmsNorm(width)
        self.cross = SelfAttention(width, heads) if cross else None
        self.norm_cross, self.norm_mlp = RmsNorm(width), RmsNorm(width)
        self.gate, self.up, self.down = (nn.Linear(a, b, bias=False) for a, b in
                                         ((width, 2 * width), (width, 2 * width), (2 * width, width)))

    def forward(self, x, bias, memory=None, memory_mask=None):
        x = x + self.attention(self.norm(x), bias)
        if self.cross is not None:
            x = x + self.cross(self.norm_cross(x), memory_mask, memory)
        y = self.norm_mlp(x)
        return x + self.down(F.gelu(self.gate(y)) * self.up(y))


class T5(nn.Module):
    def __init__(self, width=64, heads=4, layers=2):
        super().__init__()
        self.words = nn.Embedding(VOCABULARY, width)
        self.encoder_bias, self.decoder_bias = RelativeBias(heads, True), RelativeBias(heads, False)
        self.encoder = nn.ModuleList(T5Block(width, heads, False) for _ in range(layers))
        self.decoder = nn.ModuleList(T5Block(width, heads, True) for _ in range(layers))
        self.norm1, self.norm2, self.width = RmsNorm(width), RmsNorm(width), width

    def forward(self, ids, attention_mask, decoder_ids):
        mask = (1.0 - attention_mask[:, None, None, :].float()) * -1e9
        x, length = self.words(ids), ids.shape[1]
        bias = self.encoder_bias(length, length) + mask
        for block in self.encoder:
            x = block(x, bias)
        memory, length = self.norm1(x), decoder_ids.shape[1]
        places = torch.arange(length)
        causal = places[None, None, :].repeat(decoder_ids.shape[0], length, 1) <= places[None, :, None]
        bias = self.decoder_bias(length, length) + (1.0 - causal[:, None].float()) * -1e9
        y = self.words(decoder_ids)
        for block in self.decoder:
            y = block(y, bias, memory, mask)
        return F.linear(self.norm2(y) * self.width ** -0.5, self.words.weight)


def rotate_half(x):
    a, b = x[..., :x.shape[-1] // 2], x[..., x.shape[-1] // 2:]
    return torch.cat((-b, a), dim=-1)


class LlamaLayer(nn.Module):
    def __init__(self, width, heads, groups):
        super().__init__()
        self.heads, self.groups, self.size = heads, groups, width // heads
        self.q = nn.Linear(width, width, bias=False)
        self.k, self.v = (nn.Linear(width, groups * self.size, bias=False) for _ in range(2))
        self.o = nn.Linear(width, width, bias=False)
        self.gate, self.up = (nn.Linear(width, 3 * width, bias=False) for _ in range(2))
        self.down, self.norm1, self.norm2 = nn.Linear(3 * width, width, bias=False), RmsNorm(width), RmsNorm(width)

    def repeat(self, x):
        batch, groups, length, size = x.shape
        times = self.heads // self.groups
        return x[:, :, None].expand(batch, groups, times, length, size).reshape(batch, groups * times, length, size)

    def forward(self, x, cos, sin, mask, past):
        batch, length, _ = x.shape
        y = self.norm1(x)
        q = self.q(y).view(batch, length, self.heads, self.size).transpose(1, 2)
        k = self.k(y).view(batch, length, self.groups, self.size).transpose(1, 2)
        v = self.v(y).view(batch, length, self.groups, self.size).transpose(1, 2)
        q, k = (t * cos + rotate_half(t) * sin for t in (q, k))
        if past is not None:
            k, v = torch.cat((past[0], k), dim=2), torch.cat((past[1], v), dim=2)
        scores = q @ self.repeat(k).transpose(2, 3) / math.sqrt(self.size) + mask
        scores = torch.max(scores, torch.tensor(torch.finfo(scores.dtype).min))
        weights = F.softmax(scores, dim=-1, dtype=torch.float32).to(q.dtype)
        x = x + self.o((weights @ self.repeat(v)).transpose(1, 2).contiguous().reshape(batch, length, -1))
        y = self.norm2(x)
        return x + self.down(F.silu(self.gate(y)) * self.up(y)), k, v


class Llama(nn.Module):
    def __init__(self, width=64, heads=4, groups=2, layers=2):
        super().__init__()
        self.words, self.norm = nn.Embedding(VOCABULARY, width), RmsNorm(width)
        self.layers = nn.ModuleList(LlamaLayer(width, heads, groups) for _ in range(layers))
        self.head = nn.Linear(width, VOCABULARY, bias=False)
        size = width // heads
        self.register_buffer("frequencies", 1.0 / (10000 ** (torch.arange(0, size, 2).float() / size)))

    def forward(self, ids, attention_mask, position_ids, *cache):
        x, length, total = self.words(ids), ids.shape[1], attention_mask.shape[1]
        angles = position_ids[:, :, None].float() * self.frequencies[None, None, :]
        angles = torch.cat((angles, angles), dim=-1)[:, None]
        low = torch.finfo(x.dtype).min
        places = torch.arange(total)
        causal = torch.zeros(length, total).masked_fill(places[None, :] > places[total - length:, None], low)
        hidden = (1.0 - attention_mask[:, None, None, :].to(x.dtype)).bool()
        mask = causal[None, None].expand(ids.shape[0], 1, length, total).masked_fill(hidden, low)
        present = []
        for i, layer in enumerate(self.layers):
            past = (cache[2 * i], cache[2 * i + 1]) if cache else None
            x, k, v = layer(x, angles.cos(), angles.sin(), mask, past)
            present += [k, v]
        return self.head(self.norm(x)), present


def llama_prompt(batch, length):
    return {"ids": torch.randint(0, VOCABULARY, (batch, length)), "attention_mask": padding(batch, length),
            "position_ids": torch.arange(length).expand(batch, length).contiguous()}


def llama_step(batch, length):
    step = {"ids": torch.randint(0, VOCABULARY, (batch, 1)),
            "attention_mask": padding(batch, length + 1).flip(1).contiguous(),
            "position_ids": torch.full((batch, 1), length)}
    for i in range(2):
        step[f"past_key_{i}"] = torch.randn(batch, 2, length, 16)
        step[f"past_value_{i}"] = torch.randn(batch, 2, length, 16)
    return step


class Gpt2(nn.Module):
    """A causal mask cut from a buffer, Conv1D weights by addmm, gelu by tanh, and the last token's logits."""

    def __init__(self, width=64, heads=4, layers=2):
        super().__init__()
        self.words, self.places = nn.Embedding(VOCABULARY, width), nn.Embedding(64, width)
        self.register_buffer("bias", torch.tril(torch.ones(64, 64, dtype=torch.uint8)).view(1, 1, 64, 64))
        self.heads, self.norm = heads, nn.LayerNorm(width)
        self.layers = nn.ModuleList(nn.ModuleDict({
            "norm1": nn.LayerNorm(width), "norm2": nn.LayerNorm(width), "attention": Conv1d(width, 3 * width),
            "out": Conv1d(width, width), "up": Conv1d(width, 4 * width), "down": Conv1d(4 * width, width)})
            for _ in range(layers))

    def attend(self, q, k, v):
        scores = torch.matmul(q, k.transpose(-1, -2))
        scores = scores / torch.full([], v.size(-1) ** 0.5, dtype=scores.dtype)
        queries, keys = q.size(-2), k.size(-2)
        causal = self.bias[:, :, keys - queries:keys, :keys].to(torch.bool)
        scores = torch.where(causal, scores, torch.full([], torch.finfo(scores.dtype).min, dtype=scores.dtype))
        return torch.matmul(F.softmax(scores, dim=-1), v)

    def forward(self, ids):
        x = self.words(ids) + self.places(torch.arange(0, ids.shape[-1]).unsqueeze(0).view(-1, ids.shape[-1]))
        for layer in self.layers:
            parts = layer["attention"](layer["norm1"](x)).split(x.shape[-1], dim=2)
            q, k, v = (t.view(t.size()[:-1] + (self.heads, -1)).permute(0, 2, 1, 3) for t in parts)
            y = self.attend(q, k, v).permute(0, 2, 1, 3).contiguous()
            x = x + layer["out"](y.view(y.size()[:-2] + (x.shape[-1],)))
            h = layer["up"](layer["norm2"](x))
            h = 0.5 * h * (1.0 + torch.tanh(math.sqrt(2.0 / math.pi) * (h + 0.044715 * torch.pow(h, 3.0))))
            x = x + layer["down"](h)
        return F.linear(self.norm(x)[:, -1, :], self.words.weight).log_softmax(-1).topk(5)


class Conv1d(nn.Module):
    def __init__(self, inputs, outputs):
        super().__init__()
        self.weight, self.bias = nn.Parameter(torch.randn(inputs, outputs) * 0.05), nn.Parameter(torch.zeros(outputs))

    def forward(self, x):
        return torch.addmm(self.bias, x.view(-1, x.size(-1)), self.weight).view(x.size()[:-1] + (self.bias.size(0),))


class MixtureOfExperts(nn.Module):
    """Each token goes to its two best experts; the experts' results are added where index_add says."""

    def __init__(self, width=48, experts=4):
        super().__init__()
        self.words, self.gate, self.count = nn.Embedding(VOCABULARY, width), nn.Linear(width, experts), experts
        self.experts = nn.ModuleList(nn.Sequential(nn.Linear(width, 96), nn.SiLU(), nn.Linear(96, width))
                                     for _ in range(experts))
        self.sparse = False

    def forward(self, ids):
        x = self.words(ids)
        flat = x.view(-1, x.size(-1))
        weights, chosen = torch.topk(F.softmax(self.gate(flat), dim=1), 2, dim=-1)
        weights = weights / weights.sum(dim=-1, keepdim=True)
        if self.sparse:
            return self.by_token(flat, weights, chosen).view(x.shape)
        mask = F.one_hot(chosen, self.count).to(x.dtype)
        share = torch.einsum("tk,tke->te", weights, mask)
        return torch.einsum("te,etw->tw", share, torch.stack([e(flat) for e in self.experts])).view(x.shape)

    def by_token(self, flat, weights, chosen):
        result = torch.zeros_like(flat)
        mask = F.one_hot(chosen, self.count).permute(2, 1, 0)
        for i, expert in enumerate(self.experts):
            rank, token = torch.where(mask[i] > 0)
            result = result.index_add(0, token, expert(flat[token]) * weights[token, rank, None])
        return result


def sparse_experts():
    model = MixtureOfExperts()
    model.sparse = True
    return model


class TorchTransformer(nn.Module):
    def __init__(self, width=64):
        super().__init__()
        self.words = nn.Embedding(VOCABULARY, width)
        self.transformer = nn.Transformer(width, 4, 2, 2, 128, batch_first=True)
        self.head = nn.Linear(width, VOCABULARY)

    def forward(self, ids, target):
        causal = torch.triu(torch.full((target.shape[1], target.shape[1]), float("-inf")), diagonal=1)
        hidden = ids == 0
        return self.head(self.transformer(self.words(ids), self.words(target), tgt_mask=causal,
                                          src_key_padding_mask=hidden, memory_key_padding_mask=hidden))


def padded_ids(batch, length):
    return torch.randint(1, VOCABULARY, (batch, length)) * padding(batch, length)


class DebertaAttention(nn.Module):
    """Disentangled attention: content to place and place to content, by gather."""

    def __init__(self, width=64, heads=4, span=16):
        super().__init__()
        self.words, self.relative, self.heads, self.span = (nn.Embedding(VOCABULARY, width),
                                                            nn.Embedding(2 * span, width), heads, span)
        self.q, self.k, self.v = (nn.Linear(width, width) for _ in range(3))

    def split(self, x):
        x = x.view(x.size()[:-1] + (self.heads, -1)).permute(0, 2, 1, 3)
        return x.contiguous().view(-1, x.size(-2), x.size(-1))

    def forward(self, ids):
        x = self.words(ids)
        q, k, v = self.split(self.q(x)), self.split(self.k(x)), self.split(self.v(x))
        length = x.shape[1]
        distance = torch.arange(length)[:, None] - torch.arange(length)[None, :]
        index = torch.clamp(distance + self.span, 0, 2 * self.span - 1).unsqueeze(0)
        place = self.relative.weight.unsqueeze(0)
        place_k = self.split(self.k(place)).repeat(ids.size(0), 1, 1)
        place_q = self.split(self.q(place)).repeat(ids.size(0), 1, 1)
        scores = torch.bmm(q, k.transpose(-1, -2))
        wide = index.expand([scores.size(0), length, length])
        scores = scores + torch.gather(torch.bmm(q, place_k.transpose(-1, -2)), dim=-1, index=wide)
        scores = scores + torch.gather(torch.bmm(k, place_q.transpose(-1, -2)), -1, wide).transpose(-1, -2)
        context = torch.bmm(F.softmax(scores / math.sqrt(3 * q.size(-1)), -1), v)
        context = context.view(-1, self.heads, length, v.size(-1)).permute(0, 2, 1, 3).contiguous()
        return context.view(context.size()[:-2] + (-1,))


class Longformer(nn.Module):
    """Attention inside of windows that overlap, cut one place after the other."""

    def __init__(self, width=32, window=4):
        super().__init__()
        self.words, self.qkv, self.window = nn.Embedding(VOCABULARY, width), nn.Linear(width, 3 * width), window

    def forward(self, ids):
        q, k, v = self.qkv(self.words(ids)).chunk(3, -1)
        batch, length, width = q.shape
        side = self.window // 2
        near_k, near_v = (torch.stack([F.pad(t, (0, 0, side, side))[:, i:i + length] for i in range(2 * side + 1)], -1)
                          for t in (k, v))
        scores = torch.einsum("blw,blwn->bln", q, near_k) / math.sqrt(width)
        places = torch.arange(length)[:, None] + torch.arange(-side, side + 1)[None]
        scores = scores.masked_fill(((places < 0) | (places >= length))[None], float("-inf"))
        return torch.einsum("bln,blwn->blw", scores.softmax(-1), near_v)


class Alibi(nn.Module):
    """Bloom: biases by the distance, from a running sum of the mask; fused query, key and value."""

    def __init__(self, width=64, heads=4):
        super().__init__()
        self.words, self.qkv, self.out = nn.Embedding(VOCABULARY, width), nn.Linear(width, 3 * width), \
            nn.Linear(width, width)
        self.heads, self.norm = heads, nn.LayerNorm(width)

    def forward(self, ids, attention_mask):
        batch, length = attention_mask.shape
        x = self.norm(self.words(ids))
        slopes = torch.pow(torch.tensor(2 ** (-2.0)), torch.arange(1, 1 + self.heads, dtype=torch.int32))
        places = ((attention_mask.cumsum(dim=-1) - 1) * attention_mask)[:, None, :]
        bias = (slopes[..., None] * places).reshape(batch * self.heads, 1, length)
        fused = self.qkv(x).view(batch, length, self.heads, 3, -1)
        q, k, v = (fused[..., i, :].transpose(1, 2).reshape(batch * self.heads, length, -1) for i in range(3))
        scores = bias.baddbmm(q, k.transpose(1, 2), beta=1.0, alpha=q.size(-1) ** -0.5)
        scores = scores.view(batch, self.heads, length, length)
        causal = torch.ones(length, length, dtype=torch.bool).triu(1)
        hidden = causal[None, None] | ~attention_mask[:, None, None, :].bool()
        weights = F.softmax(torch.masked_fill(scores, hidden, torch.finfo(x.dtype).min), dim=-1)
        context = torch.bmm(weights.view(batch * self.heads, length, length), v)
        context = context.view(batch, self.heads, length, -1).transpose(1, 2).flatten(2)
        return self.out(context)


class LinearAttention(nn.Module):
    """Attention by running sums, in the way of the Performer and of RWKV; FNet's and gated mixing."""

    def __init__(self, width=32):
        super().__init__()
        self.words, self.qkv = nn.Embedding(VOCABULARY, width), nn.Linear(width, 3 * width)

    def forward(self, ids):
        q, k, v = self.qkv(self.words(ids)).chunk(3, -1)
        q, k = F.elu(q) + 1, F.elu(k) + 1
        state = torch.cumsum(torch.einsum("bld,ble->blde", k, v), dim=1)
        return torch.einsum("bld,blde->ble", q, state) / (q * k.cumsum(1)).sum(-1, keepdim=True).clamp(min=1e-4)


class SentencePooling(nn.Module):
    """Means and maxima under a mask, unit length, and similarities of all pairs."""

    def __init__(self):
        super().__init__()
        self.bert = Bert()

    def forward(self, ids, attention_mask):
        x, _ = self.bert(ids, attention_mask, torch.zeros_like(ids))
        wide = attention_mask.unsqueeze(-1).expand(x.size()).float()
        mean = torch.sum(x * wide, 1) / torch.clamp(wide.sum(1), min=1e-9)
        largest = x.masked_fill(wide == 0, -1e9).max(1)[0]
        unit = F.normalize(torch.cat((mean, largest), 1), p=2, dim=1)
        return unit, unit @ unit.t(), torch.cdist(unit, unit)


class GptBlock(nn.Module):
    def __init__(self, width, heads):
        super().__init__()
        self.heads = heads
        self.norm1, self.norm2 = nn.LayerNorm(width), nn.LayerNorm(width)
        self.qkv, self.project = nn.Linear(width, 3 * width), nn.Linear(width, width)
        self.mlp = nn.Sequential(nn.Linear(width, 4 * width), nn.GELU(), nn.Linear(4 * width, width))

    def forward(self, x):
        batch, length, width = x.shape
        q, k, v = (t.view(batch, length, self.heads, -1).transpose(1, 2)
                   for t in self.qkv(self.norm1(x)).split(width, 2))
        scores = q @ k.transpose(-2, -1) / (width // self.heads) ** 0.5
        mask = torch.tril(torch.ones(length, length))
        weights = scores.masked_fill(mask == 0, float("-inf")).softmax(-1)
        x = x + self.project((weights @ v).transpose(1, 2).reshape(batch, length, width))
        return x + self.mlp(self.norm2(x))


class Gpt(nn.Module):
    def __init__(self, width=384, layers=6):
        super().__init__()
        self.tokens, self.places = nn.Embedding(5000, width), nn.Embedding(256, width)
        self.blocks = nn.Sequential(*(GptBlock(width, 6) for _ in range(layers)))
        self.norm, self.head = nn.LayerNorm(width), nn.Linear(width, 5000, bias=False)

    def forward(self, ids):
        x = self.tokens(ids) + self.places(torch.arange(ids.shape[1]))
        return self.head(self.norm(self.blocks(x)))


def masked(batch, length):
    return {"ids": padded_ids(batch, length), "attention_mask": padding(batch, length)}


def typed(batch, length):
    return {**masked(batch, length), "token_types": torch.randint(0, 2, (batch, length))}


def pair(batch, length):
    return {**masked(batch, length), "decoder_ids": torch.randint(0, VOCABULARY, (batch, length // 2))}


TEXT = {"lengths": (16, 22)}
MODELS = {
    "bert": Model(Bert, typed, **TEXT),
    "distilbert": Model(DistilBert, masked, **TEXT),
    "t5": Model(T5, pair, **TEXT),
    "llama_prompt": Model(Llama, llama_prompt, **TEXT),
    "llama_step": Model(Llama, llama_step, **TEXT),
    "gpt": Model(Gpt, tokens(5000), batches=(1, 2), lengths=(128, 50)),
    "gpt2": Model(Gpt2, tokens(VOCABULARY), **TEXT),
    "experts_dense": Model(MixtureOfExperts, tokens(VOCABULARY), **TEXT),
    "experts_sparse": Model(sparse_experts, tokens(VOCABULARY), **TEXT),
    "nn_transformer": Model(TorchTransformer, lambda batch, length: {
        "ids": padded_ids(batch, length), "target": torch.randint(0, VOCABULARY, (batch, length // 2))}, **TEXT),
    "deberta": Model(DebertaAttention, tokens(VOCABULARY), **TEXT),
    "longformer": Model(Longformer, tokens(VOCABULARY), **TEXT),
    "bloom": Model(Alibi, masked, **TEXT),
    "linear_attention": Model(LinearAttention, tokens(VOCABULARY), **TEXT),
    "sentence_pooling": Model(SentencePooling, masked, **TEXT),
}
