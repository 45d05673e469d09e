"""Times what scoring asks of a generator: one forward pass and the mean squared residual map.

  python forward.py --engine onnxruntime --size 64 --width 32 --threads 2

Prints one JSON object: forward_ms (median), forward_min_ms, and the engine's version.
"""
import argparse
import json
import os
import statistics
import tempfile
import time

import torch

from player_torch import Player

WARM_UP, REPEATS = 10, 60


class Residual(torch.nn.Module):
    def __init__(self, generator):
        super().__init__()
        self.generator = generator

    def forward(self, x):
        return ((x - self.generator(x)) ** 2).mean(1)


def export(net, x):
    path = os.path.join(tempfile.mkdtemp(), "generator.onnx")
    torch.onnx.export(net, (x,), path, dynamo=False, opset_version=17, input_names=["x"], output_names=["r"])
    return path


def with_onnxruntime(net, x, threads):
    import onnxruntime
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = threads
    session = onnxruntime.InferenceSession(export(net, x), options, providers=["CPUExecutionProvider"])
    feed = {"x": x.numpy()}
    return lambda: session.run(None, feed), onnxruntime.__version__


def with_openvino(net, x, threads, precision):
    import openvino
    model = openvino.Core().compile_model(export(net, x), "CPU", {
        "INFERENCE_NUM_THREADS": threads, "PERFORMANCE_HINT": "LATENCY", "INFERENCE_PRECISION_HINT": precision})
    request, feed = model.create_infer_request(), {"x": x.numpy()}
    return lambda: request.infer(feed), openvino.__version__


ENGINES = {
    "torch": lambda net, x, threads: (lambda: net(x), torch.__version__),
    "torch channels-last": lambda net, x, threads: (
        lambda n=net.to(memory_format=torch.channels_last), y=x.to(memory_format=torch.channels_last): n(y),
        torch.__version__),
    "torchscript": lambda net, x, threads: (
        lambda n=torch.jit.freeze(torch.jit.trace(net, x)): n(x), torch.__version__),
    "torch.compile": lambda net, x, threads: (lambda n=torch.compile(net): n(x), torch.__version__),
    "onnxruntime": with_onnxruntime,
    "openvino": lambda net, x, threads: with_openvino(net, x, threads, "f32"),
    "openvino bf16": lambda net, x, threads: with_openvino(net, x, threads, "bf16"),
}


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--engine", choices=ENGINES, required=True)
    for name, default in (("size", 64), ("width", 32), ("batch", 1), ("threads", 1), ("levels", 5), ("channels", 3)):
        parser.add_argument("--" + name, type=int, default=default)
    args = parser.parse_args()
    torch.manual_seed(0)
    torch.set_num_threads(args.threads)
    net = Residual(Player(args.channels, args.width, args.levels, True)).eval()
    x = torch.rand(args.batch, args.channels, args.size, args.size) * 2 - 1
    seconds = []
    with torch.inference_mode():
        run, version = ENGINES[args.engine](net, x, args.threads)
        for i in range(WARM_UP + REPEATS):
            start = time.perf_counter()
            run()
            seconds.append(time.perf_counter() - start)
    seconds = seconds[WARM_UP:]
    print(json.dumps(dict(engine=args.engine, version=version, size=args.size, width=args.width, batch=args.batch,
                          threads=args.threads, forward_ms=round(1e3 * statistics.median(seconds), 4),
                          forward_min_ms=round(1e3 * min(seconds), 4))))


main()
