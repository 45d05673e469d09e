"""The two networks of `dagan train` in PyTorch, for the peers that are timed against ours."""
import torch
from torch import nn
from torch.nn.functional import leaky_relu, relu


class Player(nn.Module):
    """4x4 stride-2 convolutions down to a bottleneck and back up, with U-Net skips or without."""

    def __init__(self, channels, width, levels, skips):
        super().__init__()
        c = [channels] + [width * min(2**i, 8) for i in range(levels)]
        inner = range(1, levels - 1)  # neither the first convolution nor the bottleneck has a norm
        self.down = nn.ModuleList(
            nn.Conv2d(c[i], c[i + 1], 4, 2, 1, bias=i not in inner) for i in range(levels))
        self.down_norm = nn.ModuleList(
            nn.BatchNorm2d(c[i + 1]) if i in inner else nn.Identity() for i in range(levels))
        self.up = nn.ModuleList(
            nn.ConvTranspose2d(c[i + 1] * (2 if skips and i < levels - 1 else 1), c[i], 4, 2, 1,
                               bias=i == 0) for i in reversed(range(levels)))
        self.up_norm = nn.ModuleList(
            nn.BatchNorm2d(c[i]) if i else nn.Identity() for i in reversed(range(levels)))
        self.skips = skips

    def forward(self, x):
        kept = []
        for i, (conv, norm) in enumerate(zip(self.down, self.down_norm)):
            x = norm(conv(leaky_relu(x, 0.2) if i else x))
            kept.append(x)
        kept.pop()
        for i, (conv, norm) in enumerate(zip(self.up, self.up_norm)):
            if self.skips and i:
                x = torch.cat([x, kept.pop()], 1)
            x = norm(conv(relu(x)))
        return torch.tanh(x)
