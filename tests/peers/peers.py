"""One peer on one pair of networks, in a process of its own. Prints one line of JSON."""

import argparse
import json
import time
import warnings

import numpy as np
import torch

import networks


def forward(network, images, batch):
    """The taps of all images, each n x p in single precision."""
    kept = {tap: [] for tap in network.taps}
    modules = dict(network.named_modules())

    def keep(tap):
        return lambda _module, _inputs, output: kept[tap].append(output.flatten(1))

    hooks = [modules[tap].register_forward_hook(keep(tap)) for tap in network.taps]
    with torch.inference_mode():
        for start in range(0, len(images), batch):
            network(images[start : start + batch])
    for hook in hooks:
        hook.remove()
    return [torch.cat(kept[tap]).numpy() for tap in network.taps]


def unit_gram(layer, precision):
    """The U-centred Gram matrix of a layer, scaled to norm 1 (Szekely and Rizzo 2014)."""
    layer = layer.astype(precision)
    layer -= layer.mean(axis=0, dtype=np.float64).astype(precision)
    gram = (layer @ layer.T).astype(np.float64)
    n = len(gram)
    np.fill_diagonal(gram, 0)
    shares = gram.sum(axis=0) / (n - 2)
    shares -= shares.sum() / (2 * (n - 1))
    gram -= shares[:, None] + shares[None, :]
    np.fill_diagonal(gram, 0)
    return gram.ravel() / np.linalg.norm(gram)


def numpy_cka(pair, images, batch, precision):
    start = time.perf_counter()
    taps = [forward(network, images, batch) for network in pair]
    forwarded = time.perf_counter()
    first, second = (np.stack([unit_gram(layer, precision) for layer in layers]) for layers in taps)
    matrix = first @ second.T
    return forwarded - start, time.perf_counter() - forwarded, matrix


def pytorch_cka(pair, images):
    """The package `pytorch-cka`; its own sums over Gram matrices count as similarity, all else as forward."""
    from cka import CKA, compute_cka

    spent = [0.0]
    accumulate = CKA._accumulate_hsic

    def timed(self, *sums):
        start = time.perf_counter()
        accumulate(self, *sums)
        spent[0] += time.perf_counter() - start

    CKA._accumulate_hsic = timed
    # One batch: debiased CKA of all images, as the others compute it, and not an average over batches.
    loader = torch.utils.data.DataLoader(torch.utils.data.TensorDataset(images), batch_size=len(images))
    start = time.perf_counter()
    matrix = compute_cka(*pair, loader, layers=pair[0].taps, device="cpu", progress=False)[0]
    total = time.perf_counter() - start
    CKA._accumulate_hsic = accumulate
    return total - spent[0], spent[0], matrix.numpy()


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("peer", choices=["numpy64", "numpy32", "pytorch-cka"])
    parser.add_argument("network", choices=["resnet20", "resnet18"])
    parser.add_argument("checkpoints", nargs=2)
    parser.add_argument("probe")
    parser.add_argument("--threads", type=int, required=True)
    parser.add_argument("--repeats", type=int, required=True)
    arguments = parser.parse_args()
    warnings.simplefilter("ignore")
    torch.set_num_threads(arguments.threads)
    images = networks.read_probe(arguments.probe)
    pair = [networks.load(arguments.network, path) for path in arguments.checkpoints]
    # The batch that suits PyTorch best, so that it is seen at its best.
    batches = [32, 128] if arguments.peer != "pytorch-cka" else [len(images)]
    times = []
    for _ in range(arguments.repeats):
        for batch in batches:
            if arguments.peer == "pytorch-cka":
                run = pytorch_cka(pair, images)
            else:
                run = numpy_cka(pair, images, batch, {"numpy64": np.float64, "numpy32": np.float32}[arguments.peer])
            times.append(run[:2])
            matrix = run[2]
    forward_time, similarity_time = (min(time) for time in zip(*times))
    print(json.dumps({"forward": forward_time, "similarity": similarity_time, "matrix": matrix.tolist()}))


if __name__ == "__main__":
    main()
