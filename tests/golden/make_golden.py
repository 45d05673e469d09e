"""Writes the golden values of a C++ training step: python make_golden.py [FOLDER]

The model and its step are written here once more in PyTorch and run in double precision; README.md
beside this file says what the files hold. Needs torch, numpy and safetensors.
"""
import json
import pathlib
import sys
import typing

import torch
from safetensors.numpy import save_file
from torch import nn
from torch.nn import functional as F

CHANNELS, STEPS = 3, 20
BETAS = (0.5, 0.999)
ADVERSARIAL, GENERATOR, DISCRIMINATOR = 1.0, 40.0, 1.0
SLOPE, INIT = 0.2, 0.02


class Model(typing.NamedTuple):
    """What is trained. Several batches: a new one each step, and all tensors are stored; else one
    batch for all steps, and the tensors before them."""
    kind: str
    size: int
    width: int
    levels: int
    batch: int
    several_batches: bool
    learning_rate: float = 1e-3
    epsilon: float = 1e-8
    seed: int = 1


# The wide one is for Winograd's algorithm. Most games multiply its errors a thousandfold: where a
# gradient or a LeakyReLU's input is nearly 0, an error decides its sign. This one meets no such place.
MODELS = {"dagan_small": Model("dagan", 16, 4, 3, 2, True),
          "unet_small": Model("unet", 16, 4, 3, 2, True),
          "dagan_wide": Model("dagan", 16, 16, 2, 2, False, 2e-4, 1e-5, 4)}
# The error, of the root mean square, of what goes into and comes out of a convolution, forward and
# backward, and how far a loss may then be off.
WINOGRAD_ERROR, WINOGRAD_DRIFT = 2e-6, 1e-5


class Disturbed(torch.autograd.Function):
    """Adds an error to a tensor, and one to its gradient."""

    @staticmethod
    def forward(ctx, x, errors):
        ctx.errors = errors
        return errors(x)

    @staticmethod
    def backward(ctx, dx):
        return ctx.errors(dx), None


def random_errors(seed, size):
    generator = torch.Generator().manual_seed(seed)
    return lambda x: x + size * x.square().mean().sqrt() * torch.randn(x.shape, generator=generator, dtype=x.dtype)


class Network(nn.Module):
    """Encoder and decoder of 4x4 stride-2 convolutions, with the U-Net's skips or without."""

    def __init__(self, skips, width, levels, errors=None):
        super().__init__()
        self.skips, self.levels, self.errors = skips, levels, errors
        widths = [CHANNELS] + [width * min(2**i, 8) for i in range(levels)]
        for level in range(1, levels + 1):
            edge = level in (1, levels)  # the first and the bottleneck have a bias, no norm
            conv = nn.Conv2d(widths[level - 1], widths[level], 4, 2, 1, bias=edge)
            self.add_module(f"down{level}", conv)
            if not edge:
                self.add_module(f"down{level}_norm", nn.BatchNorm2d(widths[level]))
        for up in range(1, levels + 1):
            level = levels + 1 - up
            fan_in = widths[level] * (2 if skips and up > 1 else 1)
            last = up == levels
            conv = nn.ConvTranspose2d(fan_in, widths[level - 1], 4, 2, 1, bias=last)
            self.add_module(f"up{up}", conv)
            if not last:
                self.add_module(f"up{up}_norm", nn.BatchNorm2d(widths[level - 1]))
        for module in self.modules():
            if isinstance(module, (nn.Conv2d, nn.ConvTranspose2d)):
                nn.init.normal_(module.weight, 0, INIT)
                if module.bias is not None:
                    nn.init.zeros_(module.bias)
            elif isinstance(module, nn.BatchNorm2d):
                nn.init.normal_(module.weight, 1, INIT)
                nn.init.zeros_(module.bias)

    def convolve(self, name, x):
        if not self.errors:
            return getattr(self, name)(x)
        return Disturbed.apply(getattr(self, name)(Disturbed.apply(x, self.errors)), self.errors)

    def block(self, name, x):
        x = self.convolve(name, x)
        return getattr(self, name + "_norm")(x) if hasattr(self, name + "_norm") else x

    def forward(self, x):
        encoded = []
        for level in range(1, self.levels + 1):
            x = self.block(f"down{level}", x if level == 1 else F.leaky_relu(x, SLOPE))
            encoded.append(x)
        for up in range(1, self.levels + 1):
            if self.skips and up > 1:
                x = torch.cat([x, encoded[self.levels - up]], 1)
            x = self.block(f"up{up}", F.relu(x))
        return torch.tanh(x)


def smooth_images(generator, model):
    """Smooth noise in [-1,1], exact in float32: (batches, batch, CHANNELS, size, size)."""
    batches = STEPS if model.several_batches else 1
    coarse = torch.rand(batches * model.batch, CHANNELS, 5, 5, generator=generator) * 2 - 1
    fine = F.interpolate(coarse, (model.size, model.size), mode="bilinear", align_corners=True)
    return fine.reshape(batches, model.batch, CHANNELS, model.size, model.size)


def named_tensors(networks):
    """(name, tensor) of every parameter and running statistic."""
    leaf = {"weight": "filter", "bias": "bias"}
    norm_leaf = {"weight": "gamma", "bias": "beta",
                 "running_mean": "mean", "running_var": "variance"}
    for player, network in networks.items():
        entries = list(network.named_parameters()) + list(network.named_buffers())
        for name, tensor in entries:
            module, last = name.split(".")
            if last == "num_batches_tracked":
                continue
            new = norm_leaf[last] if module.endswith("_norm") else leaf[last]
            yield f"{player}.{module.removesuffix('_norm')}.{new}", tensor


def nhwc(tensor):
    """Filters (K,C,R,S) and images (N,C,H,W) with channels last; vectors as (1,1,1,C); float32."""
    t = tensor.detach()
    t = t.permute(0, 2, 3, 1) if t.dim() == 4 else t.reshape(1, 1, 1, -1)
    return t.float().contiguous().numpy()


def train(model, dtype, errors=None):
    """Returns (tensors to store, losses by name) of STEPS steps computed in `dtype`, with
    `errors` in what goes into each convolution and comes out of it, forward and backward."""
    torch.manual_seed(model.seed)
    networks = {"generator": Network(True, model.width, model.levels, errors)}
    if model.kind == "dagan":
        networks["discriminator"] = Network(False, model.width, model.levels, errors)
    images = smooth_images(torch.Generator().manual_seed(2), model).to(dtype)
    adam = {}
    for player, network in networks.items():
        network.to(dtype)
        adam[player] = torch.optim.Adam(network.parameters(), model.learning_rate, BETAS, model.epsilon)
    out = {name: nhwc(t) for name, t in named_tensors(networks)}
    losses = {}

    def update(player, loss, step):
        names = {id(t): n for n, t in named_tensors(networks)}
        parameters = list(networks[player].parameters())
        gradients = torch.autograd.grad(loss, parameters)
        for parameter, gradient in zip(parameters, gradients):
            parameter.grad = gradient
            if step == 0 and model.several_batches:
                out["gradient." + names[id(parameter)]] = nhwc(gradient)
        adam[player].step()

    def log(name, value):
        losses.setdefault(name, []).append(value.item())

    generator, discriminator = networks["generator"], networks.get("discriminator")
    for step in range(STEPS):
        x = images[step % len(images)]
        if step < len(images):
            out[f"input.{step}"] = nhwc(x)
        fake = generator(x)
        if discriminator:
            real, faked = discriminator(x), discriminator(fake.detach())
            reconstruction, gain = F.mse_loss(real, x), F.mse_loss(faked, real)
            loss = DISCRIMINATOR * reconstruction - ADVERSARIAL * gain
            log("discriminator", loss)
            log("discriminator_reconstruction", reconstruction)
            log("discriminator_adversarial", gain)
            update("discriminator", loss, step)
            with torch.no_grad():
                real = discriminator(x)
            adversarial = F.mse_loss(discriminator(fake), real)
            log("generator_adversarial", adversarial)
        contextual = F.mse_loss(fake, x)
        weighted = contextual
        if discriminator:
            weighted = GENERATOR * contextual + ADVERSARIAL * adversarial
        log("generator_reconstruction", contextual)
        log("generator", weighted)
        update("generator", weighted, step)
    if model.several_batches:
        out.update({"final." + name: nhwc(t) for name, t in named_tensors(networks)})
    return out, losses


def largest_difference(a, b):
    """Largest relative difference of two runs' losses, one number per name."""
    return {k: max(abs(p - q) / abs(p) for p, q in zip(a[k], b[k])) for k in a}


def main():
    folder = pathlib.Path(sys.argv[1] if len(sys.argv) > 1 else pathlib.Path(__file__).parent)
    torch.set_num_threads(1)
    for name, model in MODELS.items():
        tensors, losses = train(model, torch.float64)
        single, single_losses = train(model, torch.float32)
        drift = largest_difference(losses, single_losses)
        print(name, "largest relative difference of a float32 run's losses:", drift)
        for prefix in ("gradient.", "final."):
            # An entry near zero has no relative accuracy: hold each tensor against its largest.
            worst = max(((abs(single[n] - tensors[n]).max() / abs(tensors[n]).max(), n)
                         for n in tensors if n.startswith(prefix)), default=None)
            print(name, "largest difference within", prefix, worst)
        assert max(drift.values()) < 1e-5, "the step is too chaotic to compare with"
        if name == "dagan_wide":
            for seed in range(8):
                disturbed = train(model, torch.float64, random_errors(seed, WINOGRAD_ERROR))[1]
                drift_here = max(largest_difference(losses, disturbed).values())
                print(name, f"with errors of {WINOGRAD_ERROR}: {drift_here:.1e}")
                assert drift_here < WINOGRAD_DRIFT, "the game is too chaotic for Winograd's algorithm"
        for loss, values in losses.items():
            tensors["loss." + loss] = torch.tensor(values).float().reshape(1, 1, 1, -1).numpy()
        recipe = dict(kind=model.kind, size=model.size, width=model.width, levels=model.levels,
                      channels=CHANNELS, batch=model.batch,
                      batches=STEPS if model.several_batches else 1, steps=STEPS, learning_rate=model.learning_rate,
                      beta1=BETAS[0], beta2=BETAS[1],
                      epsilon=model.epsilon, adversarial=ADVERSARIAL, discriminator=DISCRIMINATOR,
                      generator=GENERATOR if model.kind == "dagan" else 1.0, slope=SLOPE,
                      norm_epsilon=1e-5, norm_momentum=0.1)
        metadata = {"recipe": json.dumps(recipe), "losses": json.dumps(losses),
                    "single_drift": json.dumps(drift)}
        save_file(tensors, folder / f"{name}.safetensors", metadata)


main()
