"""Audio and time series: speech recognition, separation, vocoders, forecasting."""
import math

import torch
from torch import nn
from torch.nn import functional as F

from language import SelfAttention
from model import Model, padding


class WhisperLayer(nn.Module):
    def __init__(self, width, heads, cross):
        super().__init__()
        self.attention, self.cross = SelfAttention(width, heads), SelfAttention(width, heads) if cross else None
        self.norms = nn.ModuleList(nn.LayerNorm(width) for _ in range(3))
        self.mlp = nn.Sequential(nn.Linear(width, 4 * width), nn.GELU(), nn.Linear(4 * width, width))

    def forward(self, x, mask=None, memory=None):
        x = x + self.attention(self.norms[0](x), mask)
        if self.cross is not None:
            x = x + self.cross(self.norms[1](x), None, memory)
        return x + self.mlp(self.norms[2](x))


class Whisper(nn.Module):
    """Two convolutions over mel frames, sine places, a causal decoder with cross attention, tied logits."""

    def __init__(self, mels=20, width=48, layers=2, places=64):
        super().__init__()
        self.conv1, self.conv2 = nn.Conv1d(mels, width, 3, padding=1), nn.Conv1d(width, width, 3, 2, 1)
        rates = torch.exp(-math.log(10000) / (width // 2 - 1) * torch.arange(width // 2))
        angles = torch.arange(places)[:, None] * rates[None]
        self.register_buffer("places", torch.cat([angles.sin(), angles.cos()], 1))
        self.words, self.text_places = nn.Embedding(200, width), nn.Parameter(torch.randn(32, width))
        self.register_buffer("mask", torch.empty(32, 32).fill_(-math.inf).triu_(1))
        self.encoder = nn.ModuleList(WhisperLayer(width, 4, False) for _ in range(layers))
        self.decoder = nn.ModuleList(WhisperLayer(width, 4, True) for _ in range(layers))
        self.norm1, self.norm2 = nn.LayerNorm(width), nn.LayerNorm(width)

    def forward(self, mel, tokens):
        x = F.gelu(self.conv2(F.gelu(self.conv1(mel)))).permute(0, 2, 1)
        x = x + self.places[:x.shape[1]]
        for layer in self.encoder:
            x = layer(x)
        memory, length = self.norm1(x), tokens.shape[-1]
        y = self.words(tokens) + self.text_places[:length]
        for layer in self.decoder:
            y = layer(y, self.mask[:length, :length], memory)
        return (self.norm2(y) @ self.words.weight.transpose(0, 1)).float()


class Wav2Vec(nn.Module):
    """Waveform to frames by strided convolutions, group norm, a grouped convolution for places, CTC logits."""

    def __init__(self, width=32):
        super().__init__()
        self.features = nn.ModuleList((nn.Conv1d(1, width, 10, 5, bias=False), nn.Conv1d(width, width, 3, 2)))
        self.norm, self.places = nn.GroupNorm(width, width), nn.Conv1d(width, width, 16, padding=8, groups=4)
        self.layer = nn.TransformerEncoderLayer(width, 4, 64, activation="gelu", batch_first=True)
        self.head = nn.Linear(width, 12)

    def forward(self, wave):
        wave = (wave - wave.mean(1, keepdim=True)) / torch.sqrt(wave.var(1, unbiased=False, keepdim=True) + 1e-7)
        y = F.gelu(self.norm(self.features[0](wave[:, None])))
        y = F.gelu(self.features[1](y)).transpose(1, 2)
        y = y + F.gelu(self.places(y.transpose(1, 2))[:, :, :-1]).transpose(1, 2)
        return F.log_softmax(self.head(self.layer(y)), -1)


class Conformer(nn.Module):
    """Relative places with the shift by padding and viewing, and a convolution module with a gate."""

    def __init__(self, width=32, heads=4):
        super().__init__()
        self.heads, self.size = heads, width // heads
        self.q, self.k, self.v, self.place, self.out = (nn.Linear(width, width) for _ in range(5))
        self.u, self.w = nn.Parameter(torch.randn(heads, width // heads)), nn.Parameter(torch.randn(heads, width // heads))
        self.norm1, self.norm2 = nn.LayerNorm(width), nn.LayerNorm(width)
        self.wide, self.deep = nn.Conv1d(width, 2 * width, 1), nn.Conv1d(width, width, 7, padding=3, groups=width)
        self.batch, self.narrow = nn.BatchNorm1d(width), nn.Conv1d(width, width, 1)

    def split(self, x):
        return x.view(x.size(0), -1, self.heads, self.size)

    def shift(self, x):
        zero = torch.zeros((x.size(0), x.size(1), x.size(2), 1))
        padded = torch.cat([zero, x], dim=-1).view(x.size(0), x.size(1), x.size(3) + 1, x.size(2))
        return padded[:, :, 1:].view_as(x)[:, :, :, :x.size(-1) // 2 + 1]

    def forward(self, x, mask):
        length, y = x.size(1), self.norm1(x)
        places = torch.arange(length - 1, -length, -1.0)[:, None] * torch.exp(-torch.arange(16) / 16.0)
        places = self.split(self.place(torch.cat((places.sin(), places.cos()), -1)[None])).transpose(1, 2)
        q, k, v = self.split(self.q(y)), self.split(self.k(y)).transpose(1, 2), self.split(self.v(y)).transpose(1, 2)
        scores = torch.matmul((q + self.u).transpose(1, 2), k.transpose(-2, -1))
        scores = scores + self.shift(torch.matmul((q + self.w).transpose(1, 2), places.transpose(-2, -1)))
        hidden = mask.unsqueeze(1).unsqueeze(1).eq(0)
        weights = (scores / math.sqrt(self.size)).masked_fill(hidden, -1e4).softmax(-1).masked_fill(hidden, 0.0)
        x = x + self.out((weights @ v).transpose(1, 2).contiguous().view(x.size(0), -1, self.heads * self.size))
        y = F.glu(self.wide(self.norm2(x).transpose(1, 2)), dim=1)
        return x + self.narrow(F.silu(self.batch(self.deep(y)))).transpose(1, 2)


class WaveNet(nn.Module):
    """Dilated causal convolutions with gates; skips are summed."""

    def __init__(self, width=16):
        super().__init__()
        self.first, self.layers = nn.Conv1d(1, width, 1), nn.ModuleList(
            nn.Conv1d(width, 2 * width, 2, dilation=2 ** i) for i in range(5))
        self.skips, self.last = nn.ModuleList(nn.Conv1d(width, width, 1) for _ in range(5)), nn.Conv1d(width, 64, 1)

    def forward(self, x):
        x, total = self.first(x), 0
        for i, (layer, skip) in enumerate(zip(self.layers, self.skips)):
            a, b = layer(F.pad(x, (2 ** i, 0))).chunk(2, dim=1)
            y = skip(torch.tanh(a) * torch.sigmoid(b))
            x, total = x + y, total + y
        return self.last(F.relu(total)).argmax(1), total


class Tcn(nn.Module):
    """Weight-normalised convolutions whose padding is chomped off."""

    def __init__(self, width=24):
        super().__init__()
        self.layers = nn.ModuleList(nn.utils.weight_norm(nn.Conv1d(a, width, 3, padding=2 * d, dilation=d))
                                    for a, d in ((4, 1), (width, 2), (width, 4)))
        self.skip, self.head = nn.Conv1d(4, width, 1), nn.Linear(width, 3)

    def forward(self, x):
        y = x
        for layer in self.layers:
            y = F.relu(layer(y)[:, :, :-layer.padding[0]].contiguous())
        return self.head((y + self.skip(x))[:, :, -1])


class ConvTasNet(nn.Module):
    """Separation: a learnt transform, masks for two speakers, and back by a transposed convolution."""

    def __init__(self, width=32):
        super().__init__()
        self.encoder, self.decoder = nn.Conv1d(1, width, 16, 8, bias=False), nn.ConvTranspose1d(width, 1, 16, 8, bias=False)
        self.norm, self.into = nn.GroupNorm(1, width, eps=1e-8), nn.Conv1d(width, width, 1)
        self.deep, self.prelu = nn.Conv1d(width, width, 3, padding=2, dilation=2, groups=width), nn.PReLU()
        self.mask = nn.Conv1d(width, 2 * width, 1)

    def forward(self, wave):
        y = self.encoder(wave[:, None])
        masks = torch.sigmoid(self.mask(self.prelu(self.deep(self.into(self.norm(y))))))
        masked = masks.view(wave.shape[0], 2, -1, y.shape[-1]) * y.unsqueeze(1)
        return self.decoder(masked.view(wave.shape[0] * 2, -1, y.shape[-1])).view(wave.shape[0], 2, -1)


class HifiGan(nn.Module):
    def __init__(self, width=32):
        super().__init__()
        self.first, self.ups = nn.Conv1d(20, width, 7, padding=3), nn.ModuleList(
            (nn.ConvTranspose1d(width, width // 2, 16, 8, 4), nn.ConvTranspose1d(width // 2, width // 4, 4, 2, 1)))
        self.blocks = nn.ModuleList(nn.ModuleList(nn.Conv1d(w, w, k, dilation=d, padding=d * (k - 1) // 2)
                                                  for k in (3, 7) for d in (1, 3)) for w in (width // 2, width // 4))
        self.last = nn.Conv1d(width // 4, 1, 7, padding=3)

    def forward(self, mel):
        x = self.first(mel)
        for up, block in zip(self.ups, self.blocks):
            x = up(F.leaky_relu(x, 0.1))
            x = sum(x + layer(F.leaky_relu(x, 0.1)) for layer in block) / len(block)
        return torch.tanh(self.last(F.leaky_relu(x)))


class Spectrogram(nn.Module):
    """Frames by a strided convolution with Fourier bases, mel bands in decibels, and a small classifier."""

    def __init__(self, window=64, bands=16):
        super().__init__()
        angles = 2 * math.pi * torch.outer(torch.arange(window // 2 + 1), torch.arange(window)) / window
        self.register_buffer("bases", (torch.cat((angles.cos(), angles.sin())) * torch.hann_window(window))[:, None])
        self.mel, self.window = nn.Parameter(torch.rand(bands, window // 2 + 1)), window
        self.conv, self.head = nn.Conv2d(1, 8, 3, 2), nn.Linear(8, 5)

    def forward(self, wave):
        padded = F.pad(wave[:, None], (self.window // 2, self.window // 2), mode="reflect")
        real, imaginary = F.conv1d(padded, self.bases, stride=self.window // 4).chunk(2, 1)
        mel = self.mel @ torch.sqrt(real ** 2 + imaginary ** 2 + 1e-9)
        decibels = 20 * torch.log10(torch.clamp(mel, min=1e-5))
        decibels = torch.max(decibels, decibels.amax((1, 2), keepdim=True) - 80)
        scaled = (decibels - decibels.mean((1, 2), keepdim=True)) / decibels.std((1, 2), keepdim=True)
        return self.head(F.relu(self.conv(scaled[:, None])).mean((2, 3))), decibels


class Informer(nn.Module):
    """Forecasting: a moving average splits trend and season, values are scaled by their own statistics."""

    def __init__(self, length=48, future=12):
        super().__init__()
        self.pool, self.season, self.trend = nn.AvgPool1d(25, 1), nn.Linear(length, future), nn.Linear(length, future)
        # Around the ends by hand: PyTorch 1.13 exports circular padding wrongly.
        self.embed = nn.Conv1d(7, 16, 3)
        self.mix = nn.Linear(16, 7)

    def forward(self, x):
        mean, deviation = x.mean(1, keepdim=True), torch.sqrt(x.var(1, keepdim=True, unbiased=False) + 1e-5)
        x = (x - mean) / deviation
        padded = torch.cat((x[:, :1].repeat(1, 12, 1), x, x[:, -1:].repeat(1, 12, 1)), 1)
        trend = self.pool(padded.permute(0, 2, 1)).permute(0, 2, 1)
        y = self.season((x - trend).permute(0, 2, 1)) + self.trend(trend.permute(0, 2, 1))
        y = y.permute(0, 2, 1) + self.mix(self.embed(torch.cat((x[:, -1:], x, x[:, :1]), 1).permute(0, 2, 1)).mean(2))[:, None]
        return y * deviation + mean


def wave(batch, length):
    return {"wave": torch.randn(batch, length)}


MODELS = {
    "whisper": Model(Whisper, lambda batch, length: {
        "mel": torch.randn(batch, 20, 2 * length), "tokens": torch.randint(0, 200, (batch, 7))}, lengths=(32, 40)),
    "wav2vec": Model(Wav2Vec, wave, lengths=(400, 555)),
    "conformer": Model(Conformer, lambda batch, length: {
        "x": torch.randn(batch, length, 32), "mask": padding(batch, length)}, lengths=(20, 31)),
    "wave_net": Model(WaveNet, lambda batch, length: {"x": torch.randn(batch, 1, length)}, lengths=(64, 90)),
    "tcn": Model(Tcn, lambda batch, length: {"x": torch.randn(batch, 4, length)}, lengths=(50, 64)),
    "conv_tasnet": Model(ConvTasNet, wave, lengths=(320, 480)),
    "hifi_gan": Model(HifiGan, lambda batch, length: {"mel": torch.randn(batch, 20, length)}, lengths=(24, 31)),
    "spectrogram": Model(Spectrogram, wave, lengths=(800, 1000)),
    "informer": Model(Informer, lambda batch, length: {"x": torch.randn(batch, length, 7)}, lengths=(48, 48)),
}
