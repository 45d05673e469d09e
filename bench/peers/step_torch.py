"""Times one whole DAGAN training step in PyTorch, as a yardstick for ours.

  python step_torch.py --size 64 --width 16 --batch 16 --threads 1
  python step_torch.py --device cuda --channels-last --autocast
  python step_torch.py --compile            # the two networks by torch.compile

Forward and backward of both players and both Adam updates, the game "paper" of `dagan train`.
Prints one JSON object: step_s (median of --repeats), step_min_s, rss_mb (peak of the process).
With --autocast, forward passes run in bf16 where PyTorch thinks it right; --tf32 lets products of
f32 run on tensor cores.
"""
import argparse
import contextlib
import json
import resource
import statistics
import time

import torch
from torch.nn.functional import mse_loss

from player_torch import Player


def make_step(generator, discriminator, precision, learning_rate=1e-3, betas=(0.5, 0.999)):
    g_adam = torch.optim.Adam(generator.parameters(), learning_rate, betas)
    d_adam = torch.optim.Adam(discriminator.parameters(), learning_rate, betas)

    def update(adam, loss):
        adam.zero_grad(set_to_none=True)
        loss.backward()
        adam.step()

    def step(x):
        with precision():
            fake = generator(x)
            real = discriminator(x)
            loss = mse_loss(real, x) - mse_loss(discriminator(fake.detach()), real)
        update(d_adam, loss)
        discriminator.requires_grad_(False)
        with precision():
            with torch.no_grad():
                real = discriminator(x)
            loss = mse_loss(discriminator(fake), real) + 40 * mse_loss(fake, x)
        update(g_adam, loss)
        discriminator.requires_grad_(True)

    return step


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    for name, default in (("size", 64), ("width", 16), ("batch", 16), ("threads", 1), ("levels", 5),
                          ("channels", 3), ("repeats", 11)):
        parser.add_argument("--" + name, type=int, default=default)
    parser.add_argument("--channels-last", action="store_true", help="NHWC memory, as here")
    parser.add_argument("--device", choices=("cpu", "cuda"), default="cpu")
    parser.add_argument("--autocast", action="store_true", help="bf16")
    parser.add_argument("--tf32", action="store_true")
    parser.add_argument("--compile", action="store_true")
    args = parser.parse_args()
    torch.manual_seed(0)
    torch.set_num_threads(args.threads)
    torch.backends.cuda.matmul.allow_tf32 = torch.backends.cudnn.allow_tf32 = args.tf32
    torch.backends.cudnn.benchmark = True  # it tries its algorithms first
    layout = torch.channels_last if args.channels_last else torch.contiguous_format
    players = [Player(args.channels, args.width, args.levels, skips)
               .to(args.device, memory_format=layout) for skips in (True, False)]
    if args.compile:
        players = [torch.compile(player) for player in players]
    x = torch.rand(args.batch, args.channels, args.size, args.size) * 2 - 1
    x = x.to(args.device, memory_format=layout)
    precision = contextlib.nullcontext
    if args.autocast:
        precision = lambda: torch.autocast(args.device, torch.bfloat16)
    step = make_step(*players, precision)

    def finish():
        if args.device == "cuda":
            torch.cuda.synchronize()

    for _ in range(3):
        step(x)
    seconds = []
    for _ in range(args.repeats):
        finish()
        start = time.perf_counter()
        step(x)
        finish()
        seconds.append(time.perf_counter() - start)
    print(json.dumps(dict(
        library=f"torch {torch.__version__}", size=args.size, width=args.width, levels=args.levels,
        batch=args.batch, channels=args.channels, threads=args.threads, device=args.device,
        channels_last=args.channels_last, compile=args.compile, autocast=args.autocast, tf32=args.tf32,
        step_s=round(statistics.median(seconds), 6), step_min_s=round(min(seconds), 6),
        rss_mb=resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024)))


main()
