"""Vision models: mixers, hybrids of convolution and attention, attention blocks, detection heads, geometry."""
import math

import torch
import torchvision
from torch import nn
from torch.nn import functional as F

from model import Model, images


class Squeeze(nn.Module):
    def __init__(self, width, ratio=4):
        super().__init__()
        self.down, self.up = nn.Conv2d(width, width // ratio, 1), nn.Conv2d(width // ratio, width, 1)

    def forward(self, x):
        return x * torch.sigmoid(self.up(F.relu(self.down(F.adaptive_avg_pool2d(x, 1)))))


class Cbam(nn.Module):
    """Attention over channels (both poolings through one MLP), then over places."""

    def __init__(self, width):
        super().__init__()
        self.mlp = nn.Sequential(nn.Linear(width, width // 4), nn.ReLU(), nn.Linear(width // 4, width))
        self.place = nn.Conv2d(2, 1, 7, padding=3)

    def forward(self, x):
        pooled = F.adaptive_avg_pool2d(x, 1), F.adaptive_max_pool2d(x, 1)
        x = x * torch.sigmoid(sum(self.mlp(p.flatten(1)) for p in pooled))[:, :, None, None]
        both = torch.cat((x.mean(1, keepdim=True), x.max(1, keepdim=True)[0]), 1)
        return x * self.place(both).sigmoid()


class AttentiveCnn(nn.Module):
    def __init__(self):
        super().__init__()
        self.stem = nn.Sequential(nn.Conv2d(3, 32, 3, 2, 1, bias=False), nn.BatchNorm2d(32), nn.Hardswish(),
                                  Squeeze(32), nn.Conv2d(32, 32, 3, 1, 1, groups=32), nn.ReLU6(), Cbam(32),
                                  nn.Conv2d(32, 64, 1), nn.PReLU(64), nn.AvgPool2d(3, 2, 1, count_include_pad=False))
        self.head = nn.Linear(64, 10)

    def forward(self, x):
        y = self.stem(x)
        return self.head(y.clamp(min=1e-3).pow(3).mean((2, 3)).pow(1 / 3))


class Residual(nn.Module):
    def __init__(self, block):
        super().__init__()
        self.block = block

    def forward(self, x):
        return x + self.block(x)


def conv_mixer(width=48, depth=3):
    return nn.Sequential(
        nn.Conv2d(3, width, 7, 7), nn.GELU(), nn.BatchNorm2d(width),
        *(nn.Sequential(Residual(nn.Sequential(nn.Conv2d(width, width, 9, groups=width, padding=4), nn.GELU(),
                                               nn.BatchNorm2d(width))),
                        nn.Conv2d(width, width, 1), nn.GELU(), nn.BatchNorm2d(width)) for _ in range(depth)),
        nn.AdaptiveAvgPool2d((1, 1)), nn.Flatten(), nn.Linear(width, 10))


class MlpMixer(nn.Module):
    def __init__(self, size=32, patch=8, width=64, depth=2):
        super().__init__()
        places = (size // patch) ** 2
        self.patches = nn.Conv2d(3, width, patch, patch)
        self.norms = nn.ModuleList(nn.LayerNorm(width) for _ in range(2 * depth + 1))
        self.places = nn.ModuleList(self.mlp(places, 32) for _ in range(depth))
        self.channels = nn.ModuleList(self.mlp(width, 128) for _ in range(depth))
        self.head = nn.Linear(width, 10)

    @staticmethod
    def mlp(width, hidden):
        return nn.Sequential(nn.Linear(width, hidden), nn.GELU(), nn.Linear(hidden, width))

    def forward(self, x):
        x = self.patches(x).flatten(2).transpose(1, 2)
        for i, (places, channels) in enumerate(zip(self.places, self.channels)):
            x = x + places(self.norms[2 * i](x).transpose(1, 2)).transpose(1, 2)
            x = x + channels(self.norms[2 * i + 1](x))
        return self.head(self.norms[-1](x).mean(1))


class GatedMlp(nn.Module):
    """gMLP: half of the channels gate the other half after mixing over places."""

    def __init__(self, size=32, patch=8, width=48):
        super().__init__()
        self.patches, self.norm = nn.Conv2d(3, width, patch, patch), nn.LayerNorm(width)
        self.up, self.gate_norm, self.down = nn.Linear(width, 96), nn.LayerNorm(48), nn.Linear(48, width)
        self.mix = nn.Conv1d((size // patch) ** 2, (size // patch) ** 2, 1)

    def forward(self, x):
        x = self.patches(x).flatten(2).permute(0, 2, 1)
        u, v = F.gelu(self.up(self.norm(x))).chunk(2, dim=-1)
        return (x + self.down(u * self.mix(self.gate_norm(v)))).mean(1)


class MobileVit(nn.Module):
    """Folds an image to patches of pixels, runs a transformer over patches, and unfolds."""

    def __init__(self, width=32, patch=2):
        super().__init__()
        self.stem = nn.Sequential(nn.Conv2d(3, width, 3, 4, 1), nn.BatchNorm2d(width), nn.SiLU())
        layer = nn.TransformerEncoderLayer(width, 4, 64, activation=F.silu, batch_first=True, norm_first=True)
        self.transformer, self.patch = nn.TransformerEncoder(layer, 2), patch
        self.fuse, self.head = nn.Conv2d(2 * width, width, 3, padding=1), nn.Linear(width, 10)

    def forward(self, x):
        x, p = self.stem(x), self.patch
        batch, width, height, across = x.shape
        rows, columns = height // p, across // p
        y = x.reshape(batch * width * rows, p, columns, p).transpose(1, 2)
        y = y.reshape(batch, width, rows * columns, p * p).permute(0, 3, 2, 1).reshape(-1, rows * columns, width)
        y = self.transformer(y).view(batch, p * p, rows * columns, width).permute(0, 3, 2, 1)
        y = y.reshape(batch * width * rows, columns, p, p).transpose(1, 2).reshape(batch, width, rows * p, columns * p)
        return self.head(self.fuse(torch.cat((x, y), 1)).mean((-2, -1)))


class Yolo(nn.Module):
    """Three scales with nearest upsampling, focus and spatial pyramid pooling; boxes decoded on grids."""

    def __init__(self, classes=4):
        super().__init__()
        conv = self.conv
        self.stem, self.c3, self.c4 = conv(12, 16, 3, 2), conv(16, 32, 3, 2), conv(32, 64, 3, 2)
        self.pool, self.spp, self.up, self.merge = nn.MaxPool2d(5, 1, 2), conv(256, 64, 1, 1), \
            nn.Upsample(scale_factor=2), conv(96, 32, 3, 1)
        self.heads = nn.ModuleList(nn.Conv2d(w, 3 * (5 + classes), 1) for w in (32, 64))
        self.register_buffer("anchors", torch.rand(2, 1, 3, 1, 1, 2) * 40 + 8)
        self.outputs = 5 + classes

    @staticmethod
    def conv(inputs, outputs, size, stride):
        return nn.Sequential(nn.Conv2d(inputs, outputs, size, stride, size // 2, bias=False),
                             nn.BatchNorm2d(outputs), nn.SiLU())

    def decode(self, x, level, stride):
        batch, _, height, width = x.shape
        x = x.view(batch, 3, self.outputs, height, width).permute(0, 1, 3, 4, 2).contiguous().sigmoid()
        rows, columns = torch.meshgrid(torch.arange(height), torch.arange(width), indexing="ij")
        grid = torch.stack((columns, rows), 2).view(1, 1, height, width, 2).float()
        place = (x[..., 0:2] * 2 - 0.5 + grid) * stride
        size = (x[..., 2:4] * 2) ** 2 * self.anchors[level]
        return torch.cat((place, size, x[..., 4:]), -1).view(batch, -1, self.outputs)

    def forward(self, x):
        x = torch.cat((x[..., ::2, ::2], x[..., 1::2, ::2], x[..., ::2, 1::2], x[..., 1::2, 1::2]), 1)
        c3 = self.c3(self.stem(x))
        c4 = self.c4(c3)
        pools = [c4]
        for _ in range(3):
            pools.append(self.pool(pools[-1]))
        c4 = self.spp(torch.cat(pools, 1))
        c3 = self.merge(torch.cat((self.up(c4), c3), 1))
        return torch.cat([self.decode(head(c), i, s) for i, (head, c, s) in
                          enumerate(zip(self.heads, (c3, c4), (8, 16)))], 1)


class Suppressed(nn.Module):
    """Boxes of a detector: the best class of each, sorted, overlapping ones left out."""

    def forward(self, boxes, scores):
        best, label = scores.max(1)
        corner = torch.cat((boxes[:, :2], boxes[:, :2] + boxes[:, 2:].abs()), 1)
        keep = torchvision.ops.nms(corner, best, 0.5)
        return corner[keep], best[keep], label[keep]


class CenterNet(nn.Module):
    """Peaks of a heat map by max pooling, the best of them by topk, and values gathered at their places."""

    def __init__(self):
        super().__init__()
        self.stem = nn.Sequential(nn.Conv2d(3, 16, 3, 4, 1), nn.ReLU(), nn.ConvTranspose2d(16, 16, 4, 2, 1), nn.ReLU())
        self.heat, self.size = nn.Conv2d(16, 4, 1), nn.Conv2d(16, 2, 1)

    def forward(self, x):
        y = self.stem(x)
        heat = self.heat(y).sigmoid()
        heat = heat * (F.max_pool2d(heat, 3, 1, 1) == heat).float()
        batch, classes, height, width = heat.shape
        scores, places = torch.topk(heat.view(batch, -1), 10)
        label, place = torch.div(places, height * width, rounding_mode="floor"), places % (height * width)
        size = self.size(y).view(batch, 2, -1).permute(0, 2, 1)
        size = size.gather(1, place.unsqueeze(2).expand(-1, -1, 2))
        return scores, label, torch.stack((place % width, place // width), 2), size


class SpatialTransformer(nn.Module):
    def __init__(self):
        super().__init__()
        self.localize = nn.Sequential(nn.Conv2d(1, 8, 7), nn.MaxPool2d(2, 2), nn.ReLU(), nn.Conv2d(8, 10, 5),
                                      nn.MaxPool2d(2, 2), nn.ReLU())
        self.theta, self.conv, self.head = nn.Linear(90, 6), nn.Conv2d(1, 8, 5), nn.Linear(8, 10)

    def forward(self, x):
        theta = self.theta(self.localize(x).view(-1, 90)).view(-1, 2, 3) + torch.eye(2, 3)
        places = torch.linspace(-1, 1, x.shape[-1])
        rows, columns = torch.meshgrid(places, places, indexing="ij")
        plain = torch.stack((columns, rows, torch.ones_like(rows)), -1).view(-1, 3)
        grid = (plain @ theta.transpose(1, 2)).view(-1, x.shape[-2], x.shape[-1], 2)
        return self.head(self.conv(F.grid_sample(x, grid, align_corners=False)).mean((2, 3)))


class Flow(nn.Module):
    """Optical flow: a correlation volume, warping by grid_sample, bilinear upsampling to the image's size."""

    def __init__(self):
        super().__init__()
        self.features, self.flow = nn.Conv2d(3, 16, 3, 4, 1), nn.Conv2d(9, 2, 3, 1, 1)

    def forward(self, first, second):
        a, b = self.features(first), self.features(second)
        padded = F.pad(b, (1, 1, 1, 1))
        height, width = a.shape[-2:]
        volume = torch.cat([(a * padded[:, :, i:i + height, j:j + width]).mean(1, keepdim=True)
                            for i in range(3) for j in range(3)], 1)
        flow = self.flow(F.leaky_relu(volume, 0.1))
        rows, columns = torch.meshgrid(torch.arange(height), torch.arange(width), indexing="ij")
        grid = torch.stack((columns, rows), 0).float().unsqueeze(0) + flow
        grid = torch.stack((2 * grid[:, 0] / (width - 1) - 1, 2 * grid[:, 1] / (height - 1) - 1), -1)
        warped = F.grid_sample(b, grid, mode="bilinear", padding_mode="border", align_corners=True)
        return warped, F.interpolate(flow, size=first.shape[-2:], mode="bilinear", align_corners=True) * 4


class Clip(nn.Module):
    """Two towers; text is taken at its last token (argmax), both are of unit length, similarities are scaled."""

    def __init__(self, width=48):
        super().__init__()
        encoder = lambda: nn.TransformerEncoder(nn.TransformerEncoderLayer(
            width, 4, 96, activation="gelu", batch_first=True, norm_first=True), 2)
        self.patches, self.image, self.text = nn.Conv2d(3, width, 8, 8, bias=False), encoder(), encoder()
        self.first, self.places = nn.Parameter(torch.randn(width)), nn.Parameter(torch.randn(17, width))
        self.words, self.text_places = nn.Embedding(100, width), nn.Parameter(torch.randn(16, width))
        self.project, self.scale = nn.Linear(width, 32, bias=False), nn.Parameter(torch.tensor(2.6))

    def forward(self, x, ids):
        x = self.patches(x)
        x = x.reshape(x.shape[0], x.shape[1], -1).permute(0, 2, 1)
        first = self.first.to(x.dtype) + torch.zeros(x.shape[0], 1, x.shape[-1])
        x = self.project(self.image(torch.cat([first, x], dim=1) + self.places)[:, 0])
        mask = torch.full((ids.shape[1], ids.shape[1]), float("-inf")).triu_(1)
        t = self.text(self.words(ids) + self.text_places[:ids.shape[1]], mask)
        t = self.project(t[torch.arange(t.shape[0]), ids.argmax(dim=-1)])
        x, t = x / x.norm(dim=1, keepdim=True), t / t.norm(dim=1, keepdim=True)
        return self.scale.exp() * x @ t.t()


class Detr(nn.Module):
    """Sine places from running sums over a mask, queries with cross attention, boxes by sigmoid."""

    def __init__(self, width=32):
        super().__init__()
        self.stem, self.queries = nn.Conv2d(3, width, 16, 16), nn.Embedding(6, width)
        self.transformer = nn.Transformer(width, 4, 1, 1, 64)
        self.label, self.box, self.width = nn.Linear(width, 5), nn.Linear(width, 4), width

    def places(self, mask):
        parts = []
        for axis in (1, 2):
            along = (~mask).cumsum(axis, dtype=torch.float32)
            along = along / (along.narrow(axis, along.shape[axis] - 1, 1) + 1e-6) * 2 * math.pi
            step = torch.arange(self.width // 2, dtype=torch.float32)
            step = 10000 ** (2 * torch.div(step, 2, rounding_mode="floor") / (self.width // 2))
            angle = along[:, :, :, None] / step
            parts.append(torch.stack((angle[..., 0::2].sin(), angle[..., 1::2].cos()), dim=4).flatten(3))
        return torch.cat(parts, dim=3).permute(0, 3, 1, 2)

    def forward(self, x, mask):
        y = self.stem(x)
        mask = F.interpolate(mask[:, None], size=y.shape[-2:]).to(torch.bool)[:, 0]
        memory = (y + self.places(mask)).flatten(2).permute(2, 0, 1)
        queries = self.queries.weight.unsqueeze(1).repeat(1, x.shape[0], 1)
        z = self.transformer(memory, queries, src_key_padding_mask=mask.flatten(1),
                             memory_key_padding_mask=mask.flatten(1)).transpose(0, 1)
        return self.label(z), self.box(z).sigmoid()


class PointNet(nn.Module):
    def __init__(self):
        super().__init__()
        self.spread = nn.Sequential(nn.Conv1d(3, 32, 1), nn.BatchNorm1d(32), nn.ReLU(), nn.Conv1d(32, 64, 1))
        self.turn, self.head = nn.Linear(64, 9), nn.Sequential(nn.Conv1d(128, 32, 1), nn.ReLU(), nn.Conv1d(32, 5, 1))

    def forward(self, points):
        whole = torch.max(self.spread(points), 2, keepdim=True)[0].view(-1, 64)
        turn = self.turn(whole).view(-1, 3, 3) + torch.eye(3).view(1, 9).repeat(points.size(0), 1).view(-1, 3, 3)
        y = self.spread(torch.bmm(points.transpose(2, 1), turn).transpose(2, 1))
        whole = torch.max(y, 2, keepdim=True)[0].repeat(1, 1, points.size(2))
        return F.log_softmax(self.head(torch.cat([whole, y], 1)).transpose(2, 1), dim=-1)


class PointEdges(nn.Module):
    """DGCNN: nearest neighbours by distances and topk, features gathered by index."""

    def __init__(self, near=5):
        super().__init__()
        self.conv, self.near = nn.Sequential(nn.Conv2d(6, 32, 1), nn.BatchNorm2d(32), nn.LeakyReLU(0.2)), near

    def forward(self, points):
        batch, width, count = points.shape
        inner = -2 * torch.matmul(points.transpose(2, 1), points)
        square = torch.sum(points ** 2, dim=1, keepdim=True)
        index = (-square - inner - square.transpose(2, 1)).topk(k=self.near, dim=-1)[1]
        index = (index + torch.arange(0, batch).view(-1, 1, 1) * count).view(-1)
        flat = points.transpose(2, 1).contiguous()
        near = flat.view(batch * count, -1)[index, :].view(batch, count, self.near, width)
        flat = flat.view(batch, count, 1, width).repeat(1, 1, self.near, 1)
        edges = torch.cat((near - flat, flat), dim=3).permute(0, 3, 1, 2)
        return self.conv(edges).max(dim=-1)[0].max(-1)[0]


class Capsules(nn.Module):
    """Routing by agreement between capsules."""

    def __init__(self):
        super().__init__()
        self.primary, self.weight = nn.Conv2d(1, 32, 9, 4), nn.Parameter(torch.randn(1, 100, 5, 8, 8) * 0.1)

    @staticmethod
    def squash(x):
        square = (x ** 2).sum(-1, keepdim=True)
        return square * x / ((1 + square) * torch.sqrt(square + 1e-8))

    def forward(self, x):
        x = self.primary(x)
        x = self.squash(x.view(x.size(0), 4, 8, -1).transpose(2, 3).reshape(x.size(0), -1, 8))
        votes = torch.einsum("nid,zicde->nice", x, self.weight)
        logits = torch.zeros(votes.shape[:3])
        for _ in range(3):
            out = self.squash((logits.softmax(2).unsqueeze(-1) * votes).sum(1))
            logits = logits + (votes * out.unsqueeze(1)).sum(-1)
        return out.norm(dim=-1), out


def pair(batch, size):
    return {"first": torch.randn(batch, 3, size, size), "second": torch.randn(batch, 3, size, size)}


def masked(batch, size):
    mask = torch.zeros(batch, size, size)
    mask[-1, :, size // 2:] = 1
    return {"x": torch.randn(batch, 3, size, size), "mask": mask}


SMALL, FIXED = {"lengths": (64, 96)}, {"lengths": (32, 32)}
MODELS = {
    "attentive_cnn": Model(AttentiveCnn, images(), **SMALL),
    "conv_mixer": Model(conv_mixer, images(), **SMALL),
    "mlp_mixer": Model(MlpMixer, images(), **FIXED),
    "gated_mlp": Model(GatedMlp, images(), **FIXED),
    "mobile_vit": Model(MobileVit, images(), **SMALL),
    "yolo": Model(Yolo, images(), **SMALL),
    "nms": Model(Suppressed, lambda batch, length: {"boxes": torch.rand(length, 4), "scores": torch.rand(length, 6)},
                 lengths=(40, 70)),
    "center_net": Model(CenterNet, images(), **SMALL),
    "spatial_transformer": Model(SpatialTransformer, images(1), lengths=(28, 28)),
    "flow": Model(Flow, pair, **SMALL),
    "clip": Model(Clip, lambda batch, length: {"x": torch.randn(batch, 3, 32, 32),
                                               "ids": torch.randint(0, 100, (batch, length))}, lengths=(9, 14)),
    "detr": Model(Detr, masked, **SMALL),
    "point_net": Model(PointNet, lambda batch, length: {"points": torch.randn(batch, 3, length)}, lengths=(50, 80)),
    "point_edges": Model(PointEdges, lambda batch, length: {"points": torch.randn(batch, 3, length)},
                         lengths=(50, 80)),
    "capsules": Model(Capsules, images(1), lengths=(28, 28)),
}
