"""Recommenders, tables, graphs, reinforcement learning: embeddings, interactions, scattered sums."""
from functools import partial

import torch
from torch import nn
from torch.nn import functional as F

from model import Model, padding


class Dlrm(nn.Module):
    """Dense features through an MLP, bags of categories, and products of all pairs (the lower triangle)."""

    def __init__(self, bag, width=16, bags=3):
        super().__init__()
        self.bottom = nn.Sequential(nn.Linear(13, 32), nn.ReLU(), nn.Linear(32, width), nn.ReLU())
        self.bags = nn.ModuleList(bag(50, width) for _ in range(bags))
        pairs = (bags + 1) * bags // 2
        self.top = nn.Sequential(nn.Linear(width + pairs, 32), nn.ReLU(), nn.Linear(32, 1), nn.Sigmoid())
        self.bag_count = bags

    def forward(self, dense, categories):
        x = self.bottom(dense)
        ly = [self.bags[i](categories[:, i]) for i in range(self.bag_count)]
        stacked = torch.cat([x] + ly, dim=1).view(x.shape[0], -1, x.shape[1])
        products = torch.bmm(stacked, torch.transpose(stacked, 1, 2))
        rows = torch.tensor([i for i in range(self.bag_count + 1) for _ in range(i)])
        columns = torch.tensor([j for i in range(self.bag_count + 1) for j in range(i)])
        return self.top(torch.cat([x, products[:, rows, columns]], dim=1))


class SummedEmbedding(nn.Embedding):
    def forward(self, ids):
        return super().forward(ids).sum(1)


@torch.jit.script
def mean_or_zeros(x):
    if x.size(0) == 0:
        return torch.zeros(1, 8)
    else:
        return x / x.size(0)


class Picked(nn.Module):
    """Sizes that data decides: the rows of a mask, the first rows up to a count, branches by such sizes."""

    def forward(self, x):
        picked, count = x[x[:, 0] > 0], (x[:, 1] > 0).sum()
        none = mean_or_zeros(x[x[:, 2] > 9])
        return F.softmax(picked @ picked.t(), 1) @ picked, mean_or_zeros(picked), none, x[:count], x[count:].sum(0)


class RaggedBags(nn.Module):
    """Bags of any length, given by offsets: their sums by weights, their means and their largest elements."""

    def __init__(self, width=8):
        super().__init__()
        self.sum, self.mean, self.max = (nn.EmbeddingBag(50, width, mode=mode) for mode in ("sum", "mean", "max"))

    def forward(self, ids, offsets, weights):
        return torch.cat((self.sum(ids, offsets, weights), self.mean(ids, offsets), self.max(ids, offsets)), 1)


class DeepFm(nn.Module):
    """All fields in one table with offsets; first order, second order by sums and squares, and an MLP."""

    def __init__(self, fields=(10, 20, 5, 40), width=8):
        super().__init__()
        self.register_buffer("offsets", torch.cumsum(torch.tensor((0, *fields[:-1])), 0))
        self.first, self.table, self.bias = nn.Embedding(sum(fields), 1), nn.Embedding(sum(fields), width), \
            nn.Parameter(torch.zeros(1))
        self.mlp = nn.Sequential(nn.Linear(len(fields) * width, 32), nn.BatchNorm1d(32), nn.ReLU(), nn.Dropout(0.2),
                                 nn.Linear(32, 1))

    def forward(self, ids):
        ids = ids + self.offsets.unsqueeze(0)
        x = self.table(ids)
        pairs = 0.5 * (x.sum(dim=1) ** 2 - (x ** 2).sum(dim=1)).sum(dim=1, keepdim=True)
        y = self.first(ids).sum(dim=1) + self.bias + pairs + self.mlp(x.view(-1, x.size(1) * x.size(2)))
        return torch.sigmoid(y.squeeze(1))


class CrossNetwork(nn.Module):
    """DCN v2 beside attention over fields."""

    def __init__(self, fields=6, width=8):
        super().__init__()
        self.table, self.crosses = nn.Embedding(100, width), nn.ModuleList(
            nn.Linear(fields * width, fields * width) for _ in range(3))
        self.attention, self.head = nn.MultiheadAttention(width, 2, batch_first=True), nn.Linear(2 * fields * width, 2)

    def forward(self, ids):
        x = self.table(ids)
        y, _ = self.attention(x, x, x)
        first = cross = x.flatten(1)
        for layer in self.crosses:
            cross = first * layer(cross) + cross
        return F.softmax(self.head(torch.cat((cross, y.flatten(1)), 1)), 1)


class SasRec(nn.Module):
    """The next item of a sequence: scores against all items, the seen ones left out, and the best ten."""

    def __init__(self, items=60, width=16):
        super().__init__()
        self.items, self.places = nn.Embedding(items, width, padding_idx=0), nn.Embedding(32, width)
        self.layer = nn.TransformerEncoderLayer(width, 2, 32, batch_first=True)

    def forward(self, ids):
        length = ids.shape[1]
        x = self.items(ids) * 4.0 + self.places(torch.arange(length))
        causal = ~torch.tril(torch.ones((length, length), dtype=torch.bool))
        x = self.layer(x, src_mask=causal)
        last = x[torch.arange(x.shape[0]), (ids != 0).sum(1) - 1]
        scores = (last @ self.items.weight.t()).scatter(1, ids, float("-1e9"))
        return scores.sort(dim=1, descending=True)[0][:, :10], scores.topk(10)[1]


class TabNet(nn.Module):
    """Sparse choices of features (sparsemax by sorting) in steps."""

    def __init__(self, width=12):
        super().__init__()
        self.norm, self.choose, self.step = nn.BatchNorm1d(width), nn.Linear(width, width), nn.Linear(width, 2 * width)
        self.head = nn.Linear(width, 3)

    @staticmethod
    def sparsemax(x):
        ordered, _ = torch.sort(x, dim=-1, descending=True)
        rank = torch.arange(1, x.shape[-1] + 1, dtype=x.dtype)
        summed = ordered.cumsum(-1)
        support = 1 + rank * ordered > summed
        count = support.sum(-1, keepdim=True)
        limit = (summed.gather(-1, count - 1) - 1) / count.to(x.dtype)
        return torch.clamp(x - limit, min=0)

    def forward(self, x):
        x = self.norm(x)
        prior, total, hidden = torch.ones_like(x), 0, x
        for _ in range(2):
            mask = self.sparsemax(self.choose(hidden) * prior)
            prior = prior * (1.3 - mask)
            hidden = F.glu(self.step(mask * x), -1) * 0.5 ** 0.5
            total = total + F.relu(hidden)
        return self.head(total), mask


class Gcn(nn.Module):
    """Graph convolution over a list of edges: degrees by scatter_add, messages by index_select."""

    def __init__(self, width=8, hidden=16):
        super().__init__()
        self.first, self.second = nn.Linear(width, hidden), nn.Linear(hidden, 4)

    @staticmethod
    def propagate(x, source, target, weight):
        message = x.index_select(0, source) * weight.unsqueeze(-1)
        return torch.zeros_like(x).scatter_add_(0, target.unsqueeze(-1).expand(-1, int(message.size(1))), message)

    def forward(self, x, edges):
        loops = torch.arange(x.size(0)).unsqueeze(0).repeat(2, 1)
        edges = torch.cat([edges, loops], dim=1)
        source, target = edges[0], edges[1]
        degree = torch.zeros(x.size(0)).scatter_add_(0, target, torch.ones(target.size(0)))
        scale = degree.pow(-0.5)
        scale = scale.masked_fill(scale == float("inf"), 0)
        weight = scale[source] * scale[target]
        x = F.relu(self.propagate(self.first(x), source, target, weight))
        return F.log_softmax(self.propagate(self.second(x), source, target, weight), dim=1)


class GraphAttention(nn.Module):
    """Scores of edges, softmax over each target's edges (by scattered sums), and pooling over graphs by one-hot."""

    def __init__(self, width=8, heads=2, size=6):
        super().__init__()
        self.into, self.heads, self.size = nn.Linear(width, heads * size, bias=False), heads, size
        self.left, self.right = nn.Parameter(torch.randn(1, heads, size)), nn.Parameter(torch.randn(1, heads, size))

    def forward(self, x, edges, graph):
        x = self.into(x).view(-1, self.heads, self.size)
        left, right = (x * self.left).sum(-1), (x * self.right).sum(-1)
        score = F.leaky_relu(left[edges[0]] + right[edges[1]], 0.2).clamp(max=30).exp()
        wide = edges[1].unsqueeze(1).expand(edges.size(1), self.heads)
        total = torch.zeros(x.size(0), self.heads).scatter_add(0, wide, score)
        message = x[edges[0]] * (score / total[edges[1]]).unsqueeze(-1)
        place = edges[1].view(-1, 1, 1).expand_as(message)
        y = torch.zeros_like(x).scatter_add(0, place, message)
        member = F.one_hot(graph, 2).float()
        return (member.t() @ y.flatten(1)) / member.sum(0).clamp(min=1).unsqueeze(1)


class DenseGraph(nn.Module):
    """A molecule as an adjacency matrix: gated messages for a few steps, and sums under a mask."""

    def __init__(self, width=12):
        super().__init__()
        self.kinds, self.message, self.cell = nn.Embedding(9, width), nn.Linear(width, width), nn.GRUCell(width, width)
        self.head = nn.Linear(width, 1)

    def forward(self, kinds, adjacency):
        h = self.kinds(kinds)
        batch, nodes, width = h.shape
        for _ in range(3):
            m = torch.einsum("bij,bjw->biw", adjacency, self.message(h))
            h = self.cell(m.reshape(-1, width), h.reshape(-1, width)).view(batch, nodes, width)
        return (self.head(h).squeeze(-1) * (kinds != 0)).sum(1)


class ActorCritic(nn.Module):
    """Frames as bytes, a policy and a value: what agents of games look like."""

    def __init__(self):
        super().__init__()
        self.conv = nn.Sequential(nn.Conv2d(4, 16, 8, 4), nn.ReLU(), nn.Conv2d(16, 16, 4, 2), nn.ReLU(), nn.Flatten())
        self.policy, self.value, self.deviation = nn.Linear(16 * 16, 6), nn.Linear(16 * 16, 1), \
            nn.Parameter(torch.zeros(6))

    def forward(self, frames):
        x = self.conv(frames.float() / 255.0)
        mean = torch.tanh(self.policy(x))
        action = mean.argmax(-1, keepdim=True)
        log = -0.5 * (((action - mean) / self.deviation.exp()) ** 2).sum(-1) - self.deviation.sum()
        return mean, self.value(x).squeeze(-1), action, log


class KernelMachine(nn.Module):
    """Classic methods as tensors: scaling, RBF kernels, nearest neighbours, and trees by comparisons and gathers."""

    def __init__(self, width=5, support=20):
        super().__init__()
        self.register_buffer("support", torch.randn(support, width))
        self.register_buffer("label", torch.randint(0, 3, (support,)))
        self.register_buffer("feature", torch.randint(0, width, (4, 7)))
        self.register_buffer("limit", torch.randn(4, 7))
        self.register_buffer("leaf", torch.randn(4, 8))
        self.alpha = nn.Parameter(torch.randn(support))

    def forward(self, x):
        distance = torch.cdist(x, self.support)
        kernel = torch.exp(-0.3 * distance ** 2) @ self.alpha
        near = distance.topk(3, largest=False)[1]
        vote = F.one_hot(self.label[near], 3).sum(1).argmax(1)
        node = torch.zeros(x.shape[0], 4, dtype=torch.long)
        trees = torch.arange(4)
        for _ in range(3):
            right = x.gather(1, self.feature[trees, node]) > self.limit[trees, node]
            node = 2 * node + 1 + right.long()
        return kernel, vote, self.leaf[trees, node - 7].mean(1)


def edges(batch, length):
    return {"x": torch.randn(length, 8), "edges": torch.randint(0, length, (2, 3 * length))}


def clicks(batch, length):
    return {"dense": torch.randn(batch, 13), "categories": torch.randint(0, 50, (batch, 3, 4))}


def bags(batch, length):
    return {"ids": torch.randint(0, 50, (3 * batch,)), "offsets": torch.arange(batch) * (torch.arange(batch) + 1) // batch,
            "weights": torch.randn(3 * batch)}


def ids(largest, columns):
    return lambda batch, length: {"ids": torch.randint(0, largest, (batch, columns))}


ROWS, NODES = {"batches": (8, 13)}, {"lengths": (12, 17)}
MODELS = {
    # With an open batch PyTorch exports an EmbeddingBag as a loop over the batch.
    "embedding_bags": Model(lambda: Dlrm(partial(nn.EmbeddingBag, mode="sum")), clicks, **ROWS),
    "picked": Model(Picked, lambda batch, length: {"x": torch.randn(batch, 8)}, **ROWS),
    "ragged_bags": Model(RaggedBags, bags, **ROWS),
    "dlrm": Model(lambda: Dlrm(SummedEmbedding), clicks, **ROWS),
    "deep_fm": Model(DeepFm, ids(5, 4), **ROWS),
    "cross_network": Model(CrossNetwork, ids(100, 6), **ROWS),
    "sas_rec": Model(SasRec, lambda batch, length: {
        "ids": torch.randint(1, 60, (batch, length)) * padding(batch, length)}, **NODES),
    "tab_net": Model(TabNet, lambda batch, length: {"x": torch.randn(batch, 12)}, **ROWS),
    "gcn": Model(Gcn, edges, **NODES),
    "graph_attention": Model(GraphAttention, lambda batch, length: {
        **edges(batch, length), "graph": torch.arange(length) * 2 // length}, **NODES),
    "dense_graph": Model(DenseGraph, lambda batch, length: {
        "kinds": torch.randint(0, 9, (batch, length)),
        "adjacency": torch.randint(0, 2, (batch, length, length)).float()}, **NODES),
    "actor_critic": Model(ActorCritic, lambda batch, length: {
        "frames": torch.randint(0, 256, (batch, 4, 44, 44), dtype=torch.uint8)}, **ROWS),
    "kernel_machine": Model(KernelMachine, lambda batch, length: {"x": torch.randn(batch, 5)}, **ROWS),
}
