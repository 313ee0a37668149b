"""The two networks in PyTorch, their taps and their probe images: what every peer runs."""

import numpy as np
import torch
from torch import nn
from torch.nn import functional

MEAN = (0.4914, 0.4822, 0.4465)
STD = (0.2470, 0.2435, 0.2616)


class Block(nn.Module):
    """Two 3 x 3 convolutions, with torchvision's shortcut or (option A) none that has tensors."""

    def __init__(self, before, channels, stride, projected):
        super().__init__()
        self.conv1 = nn.Conv2d(before, channels, 3, stride, 1, bias=False)
        self.bn1 = nn.BatchNorm2d(channels)
        self.conv2 = nn.Conv2d(channels, channels, 3, 1, 1, bias=False)
        self.bn2 = nn.BatchNorm2d(channels)
        self.padding = (channels - before) // 2
        self.stride = stride
        if projected and (stride != 1 or before != channels):
            self.downsample = nn.Sequential(nn.Conv2d(before, channels, 1, stride, bias=False), nn.BatchNorm2d(channels))
        else:
            self.downsample = None

    def forward(self, x):
        y = functional.relu(self.bn1(self.conv1(x)))
        y = self.bn2(self.conv2(y))
        if self.downsample is not None:
            x = self.downsample(x)
        elif self.padding:
            x = functional.pad(x[:, :, :: self.stride, :: self.stride], (0, 0, 0, 0, self.padding, self.padding))
        return functional.relu(y + x)


class Resnet(nn.Module):
    """A ResNet with the CIFAR stem. `stem` has no tensors: it only gives hooks a place."""

    def __init__(self, width, depths, head, projected):
        super().__init__()
        self.conv1 = nn.Conv2d(3, width, 3, 1, 1, bias=False)
        self.bn1 = nn.BatchNorm2d(width)
        self.stem = nn.Identity()
        self.taps = ["stem"]
        self.stages = []
        before = width
        for stage, depth in enumerate(depths):
            channels = width << stage
            blocks = []
            for block in range(depth):
                blocks.append(Block(before, channels, 2 if stage and not block else 1, projected))
                self.taps.append(f"layer{stage + 1}.{block}")
                before = channels
            name = f"layer{stage + 1}"
            self.add_module(name, nn.Sequential(*blocks))
            self.stages.append(name)
        self.avgpool = nn.AdaptiveAvgPool2d(1)
        self.head = head
        self.add_module(head, nn.Linear(before, 10))
        self.taps += ["avgpool", head]

    def forward(self, x):
        x = self.stem(functional.relu(self.bn1(self.conv1(x))))
        for name in self.stages:
            x = getattr(self, name)(x)
        return getattr(self, self.head)(torch.flatten(self.avgpool(x), 1))


def build(name):
    """`resnet20` of the original paper, or torchvision's `resnet18` with full width."""
    if name == "resnet20":
        return Resnet(16, [3, 3, 3], "linear", projected=False)
    return Resnet(64, [2, 2, 2, 2], "fc", projected=True)


def random_network(name, seed, images):
    """Random weights, and running statistics from some images, so that values keep their scale through the layers."""
    torch.manual_seed(seed)
    network = build(name)
    for module in network.modules():
        if isinstance(module, nn.BatchNorm2d):
            module.momentum = None
            nn.init.uniform_(module.weight, 0.5, 1.5)
            nn.init.uniform_(module.bias, -0.5, 0.5)
    with torch.no_grad():
        network.train()(images)
    return network.eval()


def load(name, path):
    network = build(name)
    network.load_state_dict(torch.load(path))
    return network.eval()


def write_probe(path, count, seed=0):
    """Random pixels with some structure (blurred noise), as a CIFAR-10 binary batch."""
    generator = np.random.default_rng(seed)
    noise = generator.standard_normal((count, 3, 32, 32))
    for axis in (2, 3):
        noise = sum(np.roll(noise, shift, axis) for shift in range(-3, 4))
    noise = noise / noise.std() * 60 + 128 + 30 * generator.standard_normal((count, 3, 1, 1))
    pixels = np.clip(noise, 0, 255).astype(np.uint8).reshape(count, 3072)
    labels = generator.integers(0, 10, (count, 1), dtype=np.uint8)
    np.concatenate([labels, pixels], axis=1).tofile(path)


def read_probe(path):
    records = np.fromfile(path, np.uint8).reshape(-1, 3073)
    images = torch.from_numpy(records[:, 1:].reshape(-1, 3, 32, 32).astype(np.float32) / 255)
    return (images - torch.tensor(MEAN).view(3, 1, 1)) / torch.tensor(STD).view(3, 1, 1)
