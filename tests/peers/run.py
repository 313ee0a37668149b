#!/usr/bin/env python3
"""Times RepGeo beside PyTorch with NumPy and beside pytorch-cka; see README.md."""

import argparse
import json
import os
import pathlib
import shutil
import subprocess
import sys

HERE = pathlib.Path(__file__).resolve().parent
ROOT = HERE.parent.parent
CACHE = pathlib.Path(os.environ.get("XDG_CACHE_HOME", pathlib.Path.home() / ".cache")) / "repgeo" / "peers"
NETWORKS = {"resnet20": "two ResNet-20", "resnet18": "two ResNet-18"}
PEERS = {
    "repgeo": "RepGeo",
    "numpy64": "PyTorch + NumPy, Gram in float64",
    "numpy32": "PyTorch + NumPy, Gram in float32",
    "pytorch-cka": "pytorch-cka",
}


def can_import(python, *modules):
    command = [str(python), "-c", "".join(f"import {module};" for module in modules)]
    return subprocess.run(command, stderr=subprocess.DEVNULL, check=False).returncode == 0


def environment(base):
    """A virtual environment with PyTorch, NumPy and pytorch-cka; the system's PyTorch is used where there is one."""
    system = base is None
    base = base or "/usr/bin/python3"
    if system and not (pathlib.Path(base).exists() and can_import(base, "torch")):
        base = sys.executable
    folder = CACHE / "environment"
    python = folder / "bin" / "python"
    if python.exists() and can_import(python, "torch", "numpy", "cka"):
        return python
    shutil.rmtree(folder, ignore_errors=True)
    subprocess.run([base, "-m", "venv", "--system-site-packages", folder], check=True)
    pip = [python, "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
    if can_import(python, "torch"):
        # NumPy's own wheel brings OpenBLAS; PyTorch before 2.3 is built for NumPy 1.
        subprocess.run([*pip, "--ignore-installed", "numpy<2"], check=True)
        subprocess.run([*pip, "matplotlib", "tqdm", "numpy<2"], check=True)
        subprocess.run([*pip, "--no-deps", "pytorch-cka"], check=True)
    else:
        subprocess.run([*pip, "torch", "pytorch-cka"], check=True)
    return python


def binary(given):
    """The release program, built when it is not given."""
    if given:
        return pathlib.Path(given).resolve()
    subprocess.run(["cargo", "build", "--release", "-p", "native-trainer"], cwd=ROOT, check=True)
    target = os.environ.get("CARGO_TARGET_DIR", ROOT / "target")
    return pathlib.Path(target).resolve() / "release" / "native-trainer"


def make_inputs(python, images):
    """Checkpoints with random weights and probe images, the same in every run."""
    folder = CACHE / "inputs"
    folder.mkdir(parents=True, exist_ok=True)
    script = f"""
import torch, networks
networks.write_probe({str(folder / 'probe.bin')!r}, {images})
images = networks.read_probe({str(folder / 'probe.bin')!r})
for name in {list(NETWORKS)!r}:
    for seed in (0, 1):
        state = networks.random_network(name, seed, images[:128]).state_dict()
        torch.save(state, {str(folder)!r} + f'/{{name}}-seed{{seed}}.pth')
import numpy
print(f'PyTorch {{torch.__version__}}, NumPy {{numpy.__version__}}')
"""
    done = subprocess.run([python, "-c", script], cwd=HERE, check=True, stdout=subprocess.PIPE, text=True)
    print(done.stdout.strip())
    return folder


def run_repgeo(program, folder, network, images, threads):
    out = folder / f"report-{network}"
    command = [program, "compare", *checkpoints(folder, network), "--probe", folder / "probe.bin"]
    command += ["--samples", str(images), "--normalize", "cifar", "--measure", "cka-linear-debiased"]
    command += ["--threads", str(threads), "--timings", "--out", out]
    printed = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True).stdout
    seconds = dict(line.rsplit(" ", 2)[:2] for line in printed.splitlines() if line.endswith(" s"))
    cells = json.loads((out / "report.json").read_text())["measures"][0]["pairs"][0]["cells"]
    return {"forward": float(seconds["forward"]), "similarity": float(seconds["similarity"]), "matrix": cells}


def run_peer(python, peer, folder, network, threads, repeats):
    clean = {key: value for key, value in os.environ.items() if not key.startswith("OPENBLAS_")}
    clean.update({key: str(threads) for key in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS")})
    command = [python, "peers.py", peer, network, *checkpoints(folder, network), folder / "probe.bin"]
    command += ["--threads", str(threads), "--repeats", str(repeats)]
    done = subprocess.run(command, cwd=HERE, env=clean, check=True, stdout=subprocess.PIPE, text=True)
    return json.loads(done.stdout.splitlines()[-1])


def checkpoints(folder, network):
    return [folder / f"{network}-seed{seed}.pth" for seed in (0, 1)]


def best(runs):
    """The least time of each stage, and the values of the last run."""
    times = {stage: min(run[stage] for run in runs) for stage in ("forward", "similarity")}
    return {**times, "matrix": runs[-1]["matrix"]}


def difference(a, b):
    """The largest difference between two matrices of numbers; a cell without a value is an error."""
    if [len(row) for row in a] != [len(row) for row in b]:
        sys.exit("the matrices have different shapes")
    return max(abs(x - y) for row, other in zip(a, b) for x, y in zip(row, other))


def report(network, results):
    own = results["repgeo"]
    print(f"\n{NETWORKS[network]}: seconds, and how many times RepGeo's")
    print(f"{'':34}{'forward':>16}{'similarity':>16}{'together':>16}{'max |difference|':>19}")
    for peer, title in PEERS.items():
        result = results[peer]
        cells = []
        for stages in (["forward"], ["similarity"], ["forward", "similarity"]):
            seconds = sum(result[stage] for stage in stages)
            ratio = seconds / max(sum(own[stage] for stage in stages), 1e-9)
            cells.append(f"{seconds:8.2f}{f'({ratio:.2f})':>8}")
        gap = difference(result["matrix"], own["matrix"])
        print(f"{title:34}{''.join(cells)}{gap:19.1e}")


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--native-trainer", metavar="PATH", help="the release program; built with cargo when not given")
    parser.add_argument("--python", metavar="PATH", help="an interpreter to build the environment from")
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--rounds", type=int, default=3, help="how often every program runs; least times count")
    parser.add_argument("--images", type=int, default=512)
    parser.add_argument("--networks", nargs="+", choices=list(NETWORKS), default=list(NETWORKS))
    parser.add_argument("--tolerance", type=float, default=1e-4, help="largest difference from double precision")
    arguments = parser.parse_args()
    program = binary(arguments.native_trainer)
    CACHE.mkdir(parents=True, exist_ok=True)
    python = environment(arguments.python)
    folder = make_inputs(python, arguments.images)
    if hasattr(os, "sched_setaffinity"):
        os.sched_setaffinity(0, sorted(os.sched_getaffinity(0))[: arguments.threads])
    worst = 0.0
    for network in arguments.networks:
        runs = {peer: [] for peer in PEERS}
        # In turns, so that other work on the machine slows all alike.
        for _ in range(arguments.rounds):
            runs["repgeo"].append(run_repgeo(program, folder, network, arguments.images, arguments.threads))
            for peer in list(PEERS)[1:]:
                runs[peer].append(run_peer(python, peer, folder, network, arguments.threads, 2))
        results = {peer: best(found) for peer, found in runs.items()}
        report(network, results)
        worst = max(worst, difference(results["repgeo"]["matrix"], results["numpy64"]["matrix"]))
    verdict = "agree" if worst <= arguments.tolerance else "DISAGREE"
    print(f"\nRepGeo and NumPy in double precision {verdict}: {worst:.1e}, tolerance {arguments.tolerance:.0e}")
    sys.exit(worst > arguments.tolerance)


if __name__ == "__main__":
    main()
