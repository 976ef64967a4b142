"""Models that make images: U-Nets, diffusion, autoencoders, generators, super resolution, style transfer."""
import math

import torch
from torch import nn
from torch.nn import functional as F

from model import Model, View, images


def double(inputs, outputs):
    return nn.Sequential(nn.Conv2d(inputs, outputs, 3, 1, 1), nn.BatchNorm2d(outputs), nn.ReLU(inplace=True),
                         nn.Conv2d(outputs, outputs, 3, 1, 1), nn.BatchNorm2d(outputs), nn.ReLU(inplace=True))


class Unet(nn.Module):
    """The classic one: skips are padded to fit where a size is odd."""

    def __init__(self, widths=(16, 32, 64), bilinear=False):
        super().__init__()
        self.first = double(3, widths[0])
        self.downs = nn.ModuleList(nn.Sequential(nn.MaxPool2d(2), double(a, b)) for a, b in zip(widths, widths[1:]))
        self.ups = nn.ModuleList(
            nn.Sequential(nn.Upsample(scale_factor=2, mode="bilinear", align_corners=True), nn.Conv2d(b, a, 1))
            if bilinear else nn.ConvTranspose2d(b, a, 2, 2) for a, b in reversed(list(zip(widths, widths[1:]))))
        self.merges = nn.ModuleList(double(2 * a, a) for a in reversed(widths[:-1]))
        self.last = nn.Conv2d(widths[0], 2, 1)

    def forward(self, x):
        skips = [self.first(x)]
        for down in self.downs:
            skips.append(down(skips[-1]))
        x = skips.pop()
        for up, merge in zip(self.ups, self.merges):
            x, skip = up(x), skips.pop()
            high, wide = skip.shape[2] - x.shape[2], skip.shape[3] - x.shape[3]
            x = F.pad(x, [wide // 2, wide - wide // 2, high // 2, high - high // 2])
            x = merge(torch.cat([skip, x], dim=1))
        return self.last(x)


def norm(width):
    return nn.GroupNorm(8, width, eps=1e-6)


class ResnetBlock(nn.Module):
    def __init__(self, inputs, outputs, time=None):
        super().__init__()
        self.norm1, self.conv1 = norm(inputs), nn.Conv2d(inputs, outputs, 3, 1, 1)
        self.norm2, self.conv2 = norm(outputs), nn.Conv2d(outputs, outputs, 3, 1, 1)
        self.time = nn.Linear(time, outputs) if time else None
        self.skip = nn.Conv2d(inputs, outputs, 1) if inputs != outputs else nn.Identity()

    def forward(self, x, time=None):
        y = self.conv1(F.silu(self.norm1(x)))
        if self.time is not None:
            y = y + self.time(F.silu(time))[:, :, None, None]
        return self.skip(x) + self.conv2(F.silu(self.norm2(y)))


class CrossAttention(nn.Module):
    def __init__(self, width, context, heads=4):
        super().__init__()
        self.q, self.k, self.v = (nn.Linear(a, width, bias=False) for a in (width, context, context))
        self.out, self.heads = nn.Linear(width, width), heads

    def split(self, x):
        batch, length, width = x.shape
        x = x.reshape(batch, length, self.heads, width // self.heads).permute(0, 2, 1, 3)
        return x.reshape(batch * self.heads, length, width // self.heads)

    def forward(self, x, context):
        q, k, v = self.split(self.q(x)), self.split(self.k(context)), self.split(self.v(context))
        scores = torch.baddbmm(torch.zeros(q.shape[0], q.shape[1], k.shape[1]), q, k.transpose(-1, -2), beta=0,
                               alpha=q.shape[-1] ** -0.5)
        y = torch.bmm(scores.softmax(dim=-1), v)
        y = y.reshape(y.shape[0] // self.heads, self.heads, y.shape[1], y.shape[2]).permute(0, 2, 1, 3)
        return self.out(y.reshape(x.shape))


class SpatialTransformer(nn.Module):
    def __init__(self, width, context):
        super().__init__()
        self.norm, self.into, self.out = norm(width), nn.Conv2d(width, width, 1), nn.Conv2d(width, width, 1)
        self.norms = nn.ModuleList(nn.LayerNorm(width) for _ in range(3))
        self.own, self.cross = CrossAttention(width, width), CrossAttention(width, context)
        self.up, self.down = nn.Linear(width, 8 * width), nn.Linear(4 * width, width)

    def forward(self, x, context):
        batch, width, high, wide = x.shape
        y = self.into(self.norm(x)).permute(0, 2, 3, 1).reshape(batch, high * wide, width)
        z = self.norms[0](y)
        y = y + self.own(z, z)
        y = y + self.cross(self.norms[1](y), context)
        a, gate = self.up(self.norms[2](y)).chunk(2, dim=-1)
        y = y + self.down(a * F.gelu(gate))
        return x + self.out(y.reshape(batch, high, wide, width).permute(0, 3, 1, 2).contiguous())


class Diffusion(nn.Module):
    """A latent diffusion U-Net: embedded time steps, cross attention to text, nearest upsampling to a skip's size."""

    def __init__(self, width=32, context=24):
        super().__init__()
        self.time = nn.Sequential(nn.Linear(width, 64), nn.SiLU(), nn.Linear(64, 64))
        self.first, self.width = nn.Conv2d(4, width, 3, 1, 1), width
        self.down1, self.attend1 = ResnetBlock(width, width, 64), SpatialTransformer(width, context)
        self.shrink, self.down2 = nn.Conv2d(width, width, 3, 2, 1), ResnetBlock(width, 2 * width, 64)
        self.middle, self.grow = SpatialTransformer(2 * width, context), nn.Conv2d(2 * width, width, 3, 1, 1)
        self.up1, self.norm, self.last = ResnetBlock(2 * width, width, 64), norm(width), nn.Conv2d(width, 4, 3, 1, 1)

    def embed(self, steps):
        half = self.width // 2
        rates = torch.exp(-math.log(10000) * torch.arange(half, dtype=torch.float32) / half)
        angles = steps[:, None].float() * rates[None]
        return self.time(torch.cat([torch.cos(angles), torch.sin(angles)], dim=-1))

    def forward(self, x, steps, context):
        time = self.embed(steps.expand(x.shape[0]))
        skip = self.attend1(self.down1(self.first(x), time), context)
        y = self.middle(self.down2(self.shrink(skip), time), context)
        y = self.grow(F.interpolate(y, size=skip.shape[2:], mode="nearest"))
        return self.last(F.silu(self.norm(self.up1(torch.cat((y, skip), 1), time))))


class VaeDecoder(nn.Module):
    def __init__(self, width=32):
        super().__init__()
        self.first, self.block1, self.block2 = nn.Conv2d(4, width, 1), ResnetBlock(width, width), \
            ResnetBlock(width, width // 2)
        self.norm, self.q, self.k, self.v, self.out = norm(width), *(nn.Conv2d(width, width, 1) for _ in range(4))
        self.up, self.last_norm, self.last = nn.Conv2d(width // 2, width // 2, 3, 1, 1), norm(width // 2), \
            nn.Conv2d(width // 2, 3, 3, 1, 1)

    def attend(self, x):
        y = self.norm(x)
        q, k, v = (layer(y).flatten(2) for layer in (self.q, self.k, self.v))
        weights = (q.transpose(1, 2) @ k * x.shape[1] ** -0.5).softmax(-1)
        return x + self.out((v @ weights.transpose(1, 2)).view_as(x))

    def forward(self, latent):
        y = self.attend(self.block1(self.first(latent / 0.18215)))
        y = F.interpolate(self.block2(y), scale_factor=2.0, mode="nearest")
        return (self.last(F.silu(self.last_norm(self.up(y)))) / 2 + 0.5).clamp(0, 1)


class Vae(nn.Module):
    """An encoder's mean and deviation, a sample by noise from outside, and the way back."""

    def __init__(self):
        super().__init__()
        self.encoder = nn.Sequential(nn.Conv2d(1, 16, 4, 2, 1), nn.ELU(), nn.Conv2d(16, 32, 4, 2, 1), nn.Softplus(),
                                     nn.Flatten(), nn.Linear(32 * 7 * 7, 16))
        self.decoder = nn.Sequential(nn.Linear(8, 32 * 7 * 7), nn.SELU(), View(32, 7, 7),
                                     nn.ConvTranspose2d(32, 16, 3, 2, 1, 1), nn.ReLU(),
                                     nn.ConvTranspose2d(16, 1, 4, 2, 1), nn.Sigmoid())

    def forward(self, x, noise):
        mean, log = self.encoder(x).chunk(2, 1)
        return self.decoder(mean + noise * torch.exp(0.5 * log)), mean, log


def dcgan(noise=32, width=16):
    layers, inputs = [View(noise, 1, 1)], noise
    for i, outputs in enumerate((4 * width, 2 * width, width)):
        layers += [nn.ConvTranspose2d(inputs, outputs, 4, 2 if i else 1, 1 if i else 0, bias=False),
                   nn.BatchNorm2d(outputs), nn.ReLU(True)]
        inputs = outputs
    return nn.Sequential(*layers, nn.ConvTranspose2d(inputs, 3, 4, 2, 1, bias=False), nn.Tanh())


class SuperResolution(nn.Module):
    """Dense blocks, PixelShuffle, and a bicubic upsampling of the image below."""

    def __init__(self, width=24, scale=2):
        super().__init__()
        self.first = nn.Conv2d(3, width, 3, 1, 1)
        self.dense = nn.ModuleList(nn.Conv2d(width * (i + 1), width, 3, 1, 1) for i in range(3))
        self.up = nn.Sequential(nn.Conv2d(width, width * scale ** 2, 3, 1, 1), nn.PixelShuffle(scale), nn.PReLU(),
                                nn.Conv2d(width, 3, 3, 1, 1))
        self.scale = scale

    def forward(self, x):
        parts = [self.first(x)]
        for layer in self.dense:
            parts.append(F.leaky_relu(layer(torch.cat(parts, 1)), 0.2))
        y = parts[0] + parts[-1] * 0.2
        return self.up(y) + F.interpolate(x, scale_factor=self.scale, mode="bicubic", align_corners=False)


class StyleTransfer(nn.Module):
    def __init__(self):
        super().__init__()
        conv = lambda a, b, size, stride: nn.Sequential(
            nn.ReflectionPad2d(size // 2), nn.Conv2d(a, b, size, stride), nn.InstanceNorm2d(b, affine=True))
        self.down1, self.down2, self.same = conv(3, 16, 9, 1), conv(16, 32, 3, 2), conv(32, 32, 3, 1)
        self.up, self.last = conv(32, 16, 3, 1), nn.Sequential(nn.ReplicationPad2d(4), nn.Conv2d(16, 3, 9))

    def forward(self, x):
        y = F.relu(self.down2(F.relu(self.down1(x))))
        y = y + self.same(F.relu(self.same(y)))
        return self.last(F.relu(self.up(F.interpolate(y, mode="nearest", scale_factor=2))))


class StyleGenerator(nn.Module):
    """Modulated convolution (grouped, weights made from the style, demodulated), noise, adaptive instance norm."""

    def __init__(self, width=16):
        super().__init__()
        self.constant, self.weight = nn.Parameter(torch.randn(1, width, 8, 8)), \
            nn.Parameter(torch.randn(1, width, width, 3, 3))
        self.mapping = nn.Sequential(nn.Linear(12, 24), nn.LeakyReLU(0.2), nn.Linear(24, 24))
        self.style, self.adapt, self.rgb = nn.Linear(24, width), nn.Linear(24, 2 * width), nn.Conv2d(width, 3, 1)
        self.norm = nn.InstanceNorm2d(width)

    def forward(self, z):
        z = self.mapping(z * torch.rsqrt(torch.mean(z ** 2, dim=1, keepdim=True) + 1e-8))
        x = self.constant.repeat(z.shape[0], 1, 1, 1)
        batch, width, high, wide = x.shape
        weight = self.weight * (self.style(z) + 1).view(batch, 1, width, 1, 1)
        weight = weight * torch.rsqrt(weight.pow(2).sum([2, 3, 4]) + 1e-8).view(batch, width, 1, 1, 1)
        x = F.conv2d(x.view(1, batch * width, high, wide), weight.view(batch * width, width, 3, 3), padding=1,
                     groups=batch).view(batch, width, high, wide)
        scale, shift = self.adapt(z).chunk(2, 1)
        x = self.norm(F.leaky_relu(x, 0.2)) * (scale + 1)[..., None, None] + shift[..., None, None]
        return torch.tanh(self.rgb(F.interpolate(x, scale_factor=2, mode="bilinear", align_corners=False)))


def volumes():
    """An autoencoder of volumes."""
    return nn.Sequential(nn.Conv3d(1, 8, 3, 2, 1), nn.BatchNorm3d(8), nn.ReLU(), nn.Conv3d(8, 16, 3, 2, 1), nn.ELU(),
                         nn.MaxPool3d(2), nn.Upsample(scale_factor=2, mode="trilinear", align_corners=False),
                         nn.ConvTranspose3d(16, 8, 2, 2), nn.ReLU(), nn.ConvTranspose3d(8, 1, 4, 2, 1), nn.Sigmoid())


class VectorQuantizer(nn.Module):
    """VQ-VAE: the nearest entry of a code book by distances and argmin, one-hot, and straight-through."""

    def __init__(self, codes=32, width=8):
        super().__init__()
        self.encoder, self.decoder = nn.Conv2d(3, width, 4, 4), nn.ConvTranspose2d(width, 3, 4, 4)
        self.codes = nn.Embedding(codes, width)

    def forward(self, x):
        z = self.encoder(x).permute(0, 2, 3, 1).contiguous()
        flat, book = z.view(-1, z.shape[-1]), self.codes.weight
        distance = flat.pow(2).sum(1, keepdim=True) + book.pow(2).sum(1) - 2 * flat @ book.t()
        index = distance.argmin(1)
        share = torch.zeros(index.shape[0], book.shape[0]).scatter_(1, index.unsqueeze(1), 1)
        near = torch.matmul(share, book).view(z.shape)
        mean = share.mean(0)
        perplexity = torch.exp(-torch.sum(mean * torch.log(mean + 1e-10)))
        return self.decoder((z + (near - z)).permute(0, 3, 1, 2)), perplexity, index


class DiffusionTransformer(nn.Module):
    """DiT: patches, sine places, adaptive layer norm, and unpatching by einsum."""

    def __init__(self, width=32, patch=2):
        super().__init__()
        self.patches, self.time, self.patch = nn.Conv2d(4, width, patch, patch), nn.Linear(16, width), patch
        self.label, self.adapt = nn.Embedding(10, width), nn.Sequential(nn.SiLU(), nn.Linear(width, 6 * width))
        self.norm, self.attention = nn.LayerNorm(width, elementwise_affine=False, eps=1e-6), \
            nn.MultiheadAttention(width, 4, batch_first=True)
        self.mlp = nn.Sequential(nn.Linear(width, 64), nn.GELU(approximate="tanh"), nn.Linear(64, width))
        self.last = nn.Linear(width, patch * patch * 4)

    def forward(self, x, steps, label):
        angles = steps[:, None].float() * torch.exp(-torch.arange(8) / 8.0)[None]
        condition = self.time(torch.cat((angles.cos(), angles.sin()), -1)) + self.label(label)
        shift1, scale1, gate1, shift2, scale2, gate2 = self.adapt(condition).unsqueeze(1).chunk(6, dim=2)
        y = self.patches(x)
        high, wide = y.shape[2], y.shape[3]
        y = y.flatten(2).transpose(1, 2)
        z = self.norm(y) * (1 + scale1) + shift1
        y = y + gate1 * self.attention(z, z, z, need_weights=False)[0]
        y = self.last(y + gate2 * self.mlp(self.norm(y) * (1 + scale2) + shift2))
        y = torch.einsum("nhwpqc->nchpwq", y.reshape(x.shape[0], high, wide, self.patch, self.patch, 4))
        return y.reshape(x.shape[0], 4, high * self.patch, wide * self.patch)


class Nerf(nn.Module):
    """Positional encoding of points, a field, and colours summed along rays with running products."""

    def __init__(self):
        super().__init__()
        self.field = nn.Sequential(nn.Linear(3 + 3 * 2 * 6, 64), nn.ReLU(), nn.Linear(64, 64), nn.ReLU(),
                                   nn.Linear(64, 4))
        self.register_buffer("bands", 2.0 ** torch.arange(6))

    def forward(self, origin, direction):
        depth = torch.linspace(2, 6, 16)
        points = origin[:, None] + direction[:, None] * depth[None, :, None]
        scaled = (points[..., None, :] * self.bands[:, None]).flatten(-2)
        raw = self.field(torch.cat((points, scaled.sin(), scaled.cos()), -1))
        gap = torch.cat((depth[1:] - depth[:-1], torch.tensor([1e10])))
        alpha = 1 - torch.exp(-F.relu(raw[..., 3]) * gap)
        clear = torch.exp(torch.cumsum(torch.log(1 - alpha + 1e-10), -1))
        weight = alpha * torch.cat((torch.ones_like(clear[:, :1]), clear[:, :-1]), -1)
        return (weight[..., None] * raw[..., :3].sigmoid()).sum(-2), (weight * depth).sum(-1)


def latent(batch, size):
    return {"x": torch.randn(batch, 4, size, size), "steps": torch.randint(0, 1000, (batch,))}


SMALL = {"lengths": (32, 48)}
MODELS = {
    "unet": Model(Unet, images(), lengths=(48, 57)),
    "unet_bilinear": Model(lambda: Unet(bilinear=True), images(), lengths=(48, 57)),
    "diffusion": Model(Diffusion, lambda batch, size: {
        **latent(batch, size), "steps": torch.randint(0, 1000, (1,)), "context": torch.randn(batch, 11, 24)}, **SMALL),
    "diffusion_transformer": Model(DiffusionTransformer, lambda batch, size: {
        **latent(batch, size), "label": torch.randint(0, 10, (batch,))}, **SMALL),
    "vae_decoder": Model(VaeDecoder, lambda batch, size: {"latent": torch.randn(batch, 4, size, size)}, **SMALL),
    "vae": Model(Vae, lambda batch, size: {"x": torch.randn(batch, 1, size, size), "noise": torch.randn(batch, 8)},
                 lengths=(28, 28)),
    "vector_quantizer": Model(VectorQuantizer, images(), **SMALL),
    "dcgan": Model(dcgan, lambda batch, size: {"noise": torch.randn(batch, 32)}),
    "style_generator": Model(StyleGenerator, lambda batch, size: {"z": torch.randn(batch, 12)},
                             batches=(2, 2)),
    "super_resolution": Model(SuperResolution, images(), **SMALL),
    "style_transfer": Model(StyleTransfer, images(), **SMALL),
    "volumes": Model(volumes, lambda batch, size: {"x": torch.randn(batch, 1, size, size, size)}, lengths=(16, 24)),
    "nerf": Model(Nerf, lambda batch, length: {"origin": torch.randn(batch, 3), "direction": torch.randn(batch, 3)},
                  batches=(20, 33)),
}
