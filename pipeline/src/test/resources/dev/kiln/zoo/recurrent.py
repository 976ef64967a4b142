"""Recurrent models: taggers, attention over an encoder's states, cells in loops."""
import torch
from torch import nn
from torch.nn import functional as F

from model import Model, tokens

VOCABULARY = 300


class Lstm(nn.Module):
    def __init__(self):
        super().__init__()
        self.lstm = nn.LSTM(64, 128, 2, batch_first=True)
        self.head = nn.Linear(128, 10)

    def forward(self, x):
        y, _ = self.lstm(x)
        return self.head(y[:, -1])


class Tagger(nn.Module):
    """Two bidirectional layers, then a class for each token."""

    def __init__(self, layer, width=48):
        super().__init__()
        self.words = nn.Embedding(VOCABULARY, width)
        self.layer = layer(width, width, 2, batch_first=True, bidirectional=True)
        self.head = nn.Linear(2 * width, 9)

    def forward(self, ids):
        y, state = self.layer(self.words(ids))
        return self.head(y).log_softmax(-1), state


class Crf(nn.Module):
    """A tagger whose best path is found by Viterbi's recursion over a known number of steps."""

    def __init__(self, tags=5):
        super().__init__()
        self.tagger, self.reduce = Tagger(nn.LSTM), nn.Linear(9, tags)
        self.moves = nn.Parameter(torch.randn(tags, tags))

    def forward(self, ids):
        scores = self.reduce(self.tagger(ids)[0])
        best, back = scores[:, 0], []
        for step in range(1, scores.shape[1]):
            best, place = (best.unsqueeze(2) + self.moves + scores[:, step].unsqueeze(1)).max(1)
            back.append(place)
        path = [best.argmax(1, keepdim=True)]
        for place in reversed(back):
            path.append(place.gather(1, path[-1]))
        return torch.cat(path[::-1], 1), best.logsumexp(1)


class Seq2Seq(nn.Module):
    """A GRU encoder and a decoder of cells with additive attention; the number of steps is known."""

    def __init__(self, width=32, steps=6):
        super().__init__()
        self.words, self.encoder = nn.Embedding(VOCABULARY, width), nn.GRU(width, width, batch_first=True)
        self.cell, self.steps = nn.GRUCell(2 * width, width), steps
        self.query, self.key, self.energy = nn.Linear(width, width), nn.Linear(width, width), nn.Linear(width, 1)
        self.head = nn.Linear(2 * width, VOCABULARY)

    def forward(self, ids):
        memory, state = self.encoder(self.words(ids))
        state, keys = state.squeeze(0), self.key(memory)
        token = torch.ones(ids.size(0), dtype=torch.long)
        outputs = []
        for _ in range(self.steps):
            energy = self.energy(torch.tanh(self.query(state).unsqueeze(1) + keys)).squeeze(2)
            context = torch.bmm(energy.softmax(1).unsqueeze(1), memory).squeeze(1)
            state = self.cell(torch.cat((self.words(token), context), 1), state)
            outputs.append(self.head(torch.cat((state, context), 1)))
            token = outputs[-1].argmax(1)
        return torch.stack(outputs, 1)


class Stateful(nn.Module):
    """Streaming: states come in and go out, as speech models do; a hand-written cell beside LSTM cells."""

    def __init__(self, width=24):
        super().__init__()
        self.lstm, self.cell = nn.LSTM(width, 40, 2), nn.LSTMCell(40, 20)
        self.gates = nn.Linear(20, 60)

    def forward(self, x, h, c, h2, c2):
        y, (h, c) = self.lstm(x, (h, c))
        h2, c2 = self.cell(y[-1], (h2, c2))
        i, f, g = self.gates(h2).chunk(3, 1)
        return torch.sigmoid(i) * torch.tanh(g) + torch.sigmoid(f) * c2, h, c, h2, c2


class Crnn(nn.Module):
    """Reads text lines: convolutions, columns as time steps, a bidirectional LSTM, greedy decoding."""

    def __init__(self):
        super().__init__()
        self.features = nn.Sequential(
            nn.Conv2d(1, 16, 3, 1, 1), nn.BatchNorm2d(16), nn.ReLU(), nn.MaxPool2d(2),
            nn.Conv2d(16, 32, 3, 1, 1), nn.LeakyReLU(0.2), nn.MaxPool2d((2, 1), (2, 1)),
            nn.Conv2d(32, 32, (8, 1)), nn.Hardtanh())
        self.lstm, self.head = nn.LSTM(32, 24, bidirectional=True), nn.Linear(48, 20)

    def forward(self, x):
        y = self.features(x).squeeze(2).permute(2, 0, 1)
        y = F.log_softmax(self.head(self.lstm(y)[0]), dim=2)
        return y, y.argmax(2)


def state(batch, length):
    zeros = {"h": torch.randn(2, batch, 40), "c": torch.randn(2, batch, 40)}
    return {"x": torch.randn(length, batch, 24), **zeros, "h2": torch.randn(batch, 20), "c2": torch.randn(batch, 20)}


TEXT = {"lengths": (14, 21)}
MODELS = {
    "lstm": Model(Lstm, lambda batch, length: {"x": torch.randn(batch, length, 64)}, lengths=(32, 19)),
    "lstm_tagger": Model(lambda: Tagger(nn.LSTM), tokens(VOCABULARY), **TEXT),
    "gru_tagger": Model(lambda: Tagger(nn.GRU), tokens(VOCABULARY), **TEXT),
    "rnn_tagger": Model(lambda: Tagger(nn.RNN), tokens(VOCABULARY), **TEXT),
    "crf": Model(Crf, tokens(VOCABULARY), lengths=(10, 10)),
    "seq2seq": Model(Seq2Seq, tokens(VOCABULARY), **TEXT),
    "stateful": Model(Stateful, state, **TEXT),
    "crnn": Model(Crnn, lambda batch, length: {"x": torch.randn(batch, 1, 32, length)}, lengths=(40, 64)),
}
