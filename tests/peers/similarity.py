#!/usr/bin/env python3
"""Times RepGeo's similarity engine beside its peers from PyPI on the same activations; see README.md."""

import argparse
import json
import os
import pathlib
import platform
import subprocess
import sys

import run

HERE = pathlib.Path(__file__).resolve().parent
CACHE = run.CACHE / "similarity"
PINNED = [
    "torch==2.15.0",
    "pytorch-cka==1.1.3",
    "ckatorch==1.0.3",
    "calibrated-similarity==0.1.1",
    "rsatoolbox==0.3.2",
    "repsim==0.1.5",
    "fastsrm==0.0.5",
    "scikit-learn",
    "scipy",
]
# The taps of a ResNet-18 for images of 32 × 32 pixels, first to last, with an eighth of its channels.
WIDTHS = [8192] * 5 + [4096] * 4 + [2048] * 4 + [1024] * 4 + [512]
NARROW = [f"layer{index}" for index, width in enumerate(WIDTHS) if width <= 1024]
ALL = [f"layer{index}" for index in range(len(WIDTHS))]
CKA = "cka-linear-debiased"

# Title, samples, layers, arguments of `compare`, the line of its timings, and the peers.
ROWS = [
    ("linear CKA, debiased", 512, ALL, ["--measure", CKA], "similarity", ["numpy", "pytorch-cka", "ckatorch", "repsim"]),
    ("linear CKA, debiased", 2048, ALL, ["--measure", CKA], "similarity", ["numpy", "pytorch-cka"]),
    ("linear CKA", 512, ALL, ["--measure", "cka-linear"], "similarity", ["numpy", "repsim"]),
    ("RSA, correlation, Pearson", 512, ALL, ["--measure", "rsa-correlation-pearson"], "similarity", ["rsatoolbox"]),
    ("RSA, correlation, Spearman", 512, ALL, ["--measure", "rsa-correlation-spearman"], "similarity", ["rsatoolbox"]),
    ("RSA, squared Euclidean, cosine", 512, ALL, ["--measure", "rsa-squared-euclidean-cosine"], "similarity", ["rsatoolbox"]),
    ("RSA, squared Euclidean, Kendall τ-b", 512, NARROW, ["--measure", "rsa-squared-euclidean-kendall-b"], "similarity", ["scipy"]),
    ("Procrustes, angle", 512, NARROW, ["--measure", "procrustes-angular"], "similarity", ["scipy"]),
    ("distance correlation, squared", 512, ALL, ["--measure", "distance-correlation-squared"], "similarity", ["scipy"]),
    ("linear CKA, debiased: 200 permutations", 512, ALL, ["--measure", CKA, "--null", "200"], "null", ["calibrated-similarity"]),
    ("linear CKA, debiased: 1,000 permutations", 512, ALL, ["--measure", CKA, "--null", "1000"], "null", ["calibrated-similarity"]),
    (
        "RSA of one pair: bootstrap of 1,000",
        512,
        ["layer17"],
        ["--measure", "rsa-squared-euclidean-cosine", "--bootstrap", "1000", "--bootstrap-interval", "percentile"],
        "bootstrap",
        ["rsatoolbox"],
    ),
]


def environment():
    """A virtual environment with the pinned peers, made when it is missing or others are pinned."""
    folder = CACHE / "environment"
    python = folder / "bin" / "python"
    mark = folder / "pinned.json"
    if python.exists() and mark.exists() and json.loads(mark.read_text()) == PINNED:
        return python
    subprocess.run([sys.executable, "-m", "venv", "--clear", folder], check=True)
    print("installing the peers (a few minutes)", flush=True)
    subprocess.run([python, "-m", "pip", "install", "--quiet", "--disable-pip-version-check", *PINNED], check=True)
    mark.write_text(json.dumps(PINNED))
    return python


def activations(python, samples):
    """Two files of the same samples: part of each layer is common to both networks, part is its own."""
    files = [CACHE / f"{name}-{samples}.npz" for name in ("a", "b")]
    if not all(file.exists() for file in files):
        done = [python, "similarity_peers.py", "write", str(samples), json.dumps(WIDTHS), *files]
        subprocess.run(done, cwd=HERE, check=True)
    return files


def run_repgeo(program, files, layers, arguments, threads, timing):
    """The least seconds of some runs, the values, and the most memory."""
    best = None
    for _ in range(3):
        out = CACHE / "report"
        command = [program, "compare", *files, "--layers", ",".join(layers), "--threads", str(threads), "--timings", "--out", out]
        process = subprocess.Popen([*command, *arguments], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
        printed = process.stdout.read()
        _, status, usage = os.wait4(process.pid, 0)
        if status != 0:
            sys.exit(f"{' '.join(map(str, command))} failed")
        seconds = dict(line.rsplit(" ", 2)[:2] for line in printed.splitlines() if line.endswith(" s"))
        seconds = float(seconds[timing])
        pair = json.loads((out / "report.json").read_text())["measures"][0]["pairs"][0]
        result = {"seconds": seconds, "values": pair["cells"], "peak": usage.ru_maxrss / 1024}
        if best is None or seconds < best["seconds"]:
            best = result
    return best


def run_peer(python, peer, files, layers, arguments, threads):
    clean = {**os.environ, **{key: str(threads) for key in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS")}}
    command = [python, "similarity_peers.py", "time", peer, json.dumps(arguments), json.dumps(layers), *files, str(threads)]
    done = subprocess.run(command, cwd=HERE, env=clean, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, check=False)
    if done.returncode != 0:
        return {"failed": done.stderr.strip().splitlines()[-1] if done.stderr.strip() else "it failed"}
    return json.loads(done.stdout.splitlines()[-1])


def difference(a, b):
    """The largest difference; none where the peer gives no such values."""
    if b is None:
        return None
    return max(abs(x - y) for row, other in zip(a, b, strict=True) for x, y in zip(row, other, strict=True))


def work(samples, layers):
    """Floating-point operations of debiased CKA: one triangle of each Gram matrix, and each pair's dot product."""
    widths = [WIDTHS[int(name.removeprefix("layer"))] for name in layers]
    return 2 * sum(samples * (samples + 1) * width for width in widths) + len(layers) ** 2 * samples * (samples + 1)


def growth(program, python, threads):
    """How time and memory grow with the number of samples, of features and of layers."""
    print("\n| samples | layers | features in all | seconds | peak memory, MB |\n|---|---|---|---|---|")
    for samples, layers in [(256, ALL), (512, ALL), (1024, ALL), (2048, ALL), (2048, ALL[::2]), (2048, ALL[9:])]:
        files = activations(python, samples)
        result = run_repgeo(program, files, layers, ["--measure", CKA], threads, "similarity")
        features = sum(WIDTHS[int(name.removeprefix("layer"))] for name in layers)
        print(f"| {samples:,} | {len(layers)} × {len(layers)} | {features:,} | {result['seconds']:.3f} | {result['peak']:,.0f} |", flush=True)


def processor():
    text = pathlib.Path("/proc/cpuinfo").read_text() if pathlib.Path("/proc/cpuinfo").exists() else ""
    names = [line.split(":")[1].strip() for line in text.splitlines() if line.startswith("model name")]
    return names[0] if names else platform.processor()


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--native-trainer", metavar="PATH", help="the release program; built with cargo when not given")
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--rows", metavar="TEXT", help="only rows whose title has this text")
    arguments = parser.parse_args()
    program = run.binary(arguments.native_trainer)
    CACHE.mkdir(parents=True, exist_ok=True)
    python = environment()
    if hasattr(os, "sched_setaffinity"):
        os.sched_setaffinity(0, sorted(os.sched_getaffinity(0))[: arguments.threads])
    print(f"{processor()}, {arguments.threads} threads; seconds, in brackets how many times RepGeo's\n")
    print("| what | samples | layers | RepGeo | MB | peer | seconds | MB | largest difference |\n|---|---|---|---|---|---|---|---|---|")
    rate = None
    for title, samples, layers, asked, timing, peers in ROWS:
        if arguments.rows and arguments.rows not in title:
            continue
        files = activations(python, samples)
        own = run_repgeo(program, files, layers, asked, arguments.threads, timing)
        if (title, samples) == ("linear CKA, debiased", 2048):
            rate = work(samples, layers) / own["seconds"] / 1e9
        start = f"| {title} | {samples:,} | {len(layers)} × {len(layers)} | {own['seconds']:.3f} | {own['peak']:,.0f} |"
        for peer in peers:
            found = run_peer(python, peer, files, layers, asked, arguments.threads)
            if "failed" in found:
                print(f"{start} {peer} | failed: {found['failed']} | | |", flush=True)
                continue
            gap = difference(own["values"], found["values"])
            gap = "" if gap is None else f"{gap:.1e}"
            ratio = found["seconds"] / own["seconds"]
            note = found.get("note", "")
            print(f"{start} {peer}{note} | {found['seconds']:.3f} ({ratio:.1f}) | {found['peak']:,.0f} | {gap} |", flush=True)
    if arguments.rows is None:
        product = run_peer(python, "product", activations(python, 512), ["layer17"], [], arguments.threads)
        share = rate / product["seconds"]
        print(f"\nLinear CKA of 2,048 samples: {rate:.0f} GFLOP/s, {share:.2f} of what a product of two 4,096 × 4,096 matrices reaches "
              f"in single precision ({product['seconds']:.0f} GFLOP/s, by PyTorch).")
        growth(program, python, arguments.threads)


if __name__ == "__main__":
    main()
