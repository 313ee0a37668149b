"""The peers' side of similarity.py: writes activations, and times one peer in a process of its own."""

import json
import resource
import sys
import time

import numpy


def write(samples, widths, first, second):
    """Layers in single precision; half of each network's variance is common to both."""
    random = numpy.random.default_rng(7)
    both = [{}, {}]
    for index, width in enumerate(widths):
        rank = 64
        common = random.standard_normal((samples, rank))
        for layers in both:
            map_ = random.standard_normal((rank, width)) / numpy.sqrt(rank)
            layers[f"layer{index}"] = (common @ map_ + random.standard_normal((samples, width))).astype(numpy.float32)
    numpy.savez(first, **both[0])
    numpy.savez(second, **both[1])


def load(file, layers):
    with numpy.load(file) as arrays:
        return [arrays[name] for name in layers]


def option(arguments, name):
    return arguments[arguments.index(name) + 1] if name in arguments else None


def u_centred(x):
    x = x.astype(numpy.float64)
    x -= x.mean(0)
    gram = x @ x.T
    numpy.fill_diagonal(gram, 0)
    n = len(gram)
    sums = gram.sum(0) / (n - 2)
    gram -= sums[:, None] + sums[None, :] - sums.sum() / (n - 1)
    numpy.fill_diagonal(gram, 0)
    return gram


def centred(x):
    x = x.astype(numpy.float64)
    x -= x.mean(0)
    return x @ x.T


def cosines(a, b, of):
    a, b = [numpy.stack([(lambda m: (m / numpy.linalg.norm(m)).ravel())(of(x)) for x in layers]) for layers in (a, b)]
    return (a @ b.T).tolist()


def numpy_cka(a, b, arguments):
    of = u_centred if option(arguments, "--measure") == "cka-linear-debiased" else centred
    return lambda: cosines(a, b, of)


def pytorch_cka(a, b, arguments):
    import torch
    from cka.cka import cka_from_features

    a, b = [[torch.from_numpy(x) for x in layers] for layers in (a, b)]
    return lambda: cka_from_features([x - x.mean(0) for x in a], [x - x.mean(0) for x in b]).tolist()


def ckatorch(a, b, arguments):
    import torch
    from ckatorch.core import cka_base

    a, b = [[torch.from_numpy(x) for x in layers] for layers in (a, b)]
    return lambda: [[float(cka_base(x, y, unbiased=True)) for y in b] for x in a]


def repsim(a, b, arguments):
    import repsim

    estimator = "song" if option(arguments, "--measure") == "cka-linear-debiased" else "gretton"
    layers = [x.astype(numpy.float64) for x in a + b]
    return lambda: repsim.cka(layers, kernel_type="linear", estimator=estimator)[: len(a), len(a) :].tolist()


def rdms(layers, distance):
    from rsatoolbox.data import Dataset
    from rsatoolbox.rdm import calc_rdm, concat

    return concat([calc_rdm(Dataset(x.astype(numpy.float64)), method=distance) for x in layers])


def rsatoolbox(a, b, arguments):
    from rsatoolbox.rdm import compare

    _, *distance, comparator = option(arguments, "--measure").split("-")
    distance = {"correlation": "correlation", "squared-euclidean": "euclidean"}["-".join(distance)]
    comparator = {"pearson": "corr", "spearman": "spearman", "cosine": "cosine"}[comparator]
    if option(arguments, "--bootstrap"):
        from rsatoolbox.inference import eval_bootstrap_pattern
        from rsatoolbox.model import ModelFixed

        def bootstrap():
            model, data = ModelFixed("a", rdms(a, distance)), rdms(b, distance)
            eval_bootstrap_pattern(model, data, method=comparator, N=int(option(arguments, "--bootstrap")), boot_noise_ceil=False)

        return bootstrap
    return lambda: compare(rdms(a, distance), rdms(b, distance), method=comparator).tolist()


def scipy(a, b, arguments):
    from scipy.spatial.distance import pdist, squareform
    from scipy.stats import kendalltau

    def pairs(of, value):
        def compute():
            prepared = [[of(x.astype(numpy.float64)) for x in layers] for layers in (a, b)]
            return [[float(value(x, y)) for y in prepared[1]] for x in prepared[0]]

        return compute

    def unit(x):
        x = x - x.mean(0)
        return x / numpy.linalg.norm(x)

    def doubly_centred(x):
        d = squareform(pdist(x))
        d = d - d.mean(0) - d.mean(1)[:, None] + d.mean()
        return d / numpy.linalg.norm(d)

    return {
        "rsa-squared-euclidean-kendall-b": pairs(
            lambda x: pdist(x, "sqeuclidean"), lambda x, y: kendalltau(x, y).statistic
        ),
        "procrustes-angular": pairs(unit, lambda x, y: numpy.arccos(numpy.linalg.svd(x.T @ y, compute_uv=False).sum())),
        "distance-correlation-squared": pairs(doubly_centred, lambda x, y: (x * y).sum()),
    }[option(arguments, "--measure")]


def calibrated_similarity(a, b, arguments):
    """Every permutation costs the same: a few are timed, and the time of all follows."""
    import torch
    from calibrated_similarity import calibrate_layers
    from cka.cka import cka_from_features

    a, b = [[torch.from_numpy(x - x.mean(0)) for x in layers] for layers in (a, b)]
    wanted, timed = int(option(arguments, "--null")), 2

    def sim(x, y):
        return cka_from_features(x, y)[0, 0]

    def compute():
        # One map more than permutations: that of the samples as they are.
        start = time.perf_counter()
        calibrate_layers(a, b, sim, K=timed)
        seconds = (time.perf_counter() - start) / (timed + 1) * (wanted + 1)
        return {"seconds": seconds, "note": f" (from {timed} permutations)"}

    return compute


def product(a, b, arguments):
    import torch

    x = torch.randn(4096, 4096)

    def compute():
        x @ x
        best = 1e9
        for _ in range(5):
            start = time.perf_counter()
            x @ x
            best = min(best, time.perf_counter() - start)
        return {"seconds": 2 * 4096**3 / best / 1e9}

    return compute


PEERS = {
    "numpy": numpy_cka,
    "pytorch-cka": pytorch_cka,
    "ckatorch": ckatorch,
    "repsim": repsim,
    "rsatoolbox": rsatoolbox,
    "scipy": scipy,
    "calibrated-similarity": calibrated_similarity,
    "product": product,
}


def measure(peer, arguments, layers, first, second, threads):
    if peer in ("pytorch-cka", "ckatorch", "calibrated-similarity", "product"):
        import torch

        torch.set_num_threads(threads)
    compute = PEERS[peer](load(first, layers), load(second, layers), arguments)
    best, values, own = None, None, {}
    for _ in range(3):
        start = time.perf_counter()
        values = compute()
        seconds = time.perf_counter() - start
        if isinstance(values, dict):
            own, values = values, None
            break
        best = seconds if best is None else min(best, seconds)
        # What takes long is not disturbed much.
        if seconds > 20:
            break
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(json.dumps({"seconds": best, "values": values, "peak": peak, **own}))


if __name__ == "__main__":
    match sys.argv[1]:
        case "write":
            write(int(sys.argv[2]), json.loads(sys.argv[3]), *sys.argv[4:6])
        case "time":
            peer, arguments, layers, first, second, threads = sys.argv[2:8]
            measure(peer, json.loads(arguments), json.loads(layers), first, second, int(threads))
