"""Writes fixtures.npz: arrays of many types, orders and versions. Run with NumPy 1.24."""

import numpy as np

values = np.arange(24).reshape(2, 3, 4)
np.savez_compressed(
    "fixtures.npz",
    half=(values / 8).astype("<f2"),
    single=(values / 3).astype("<f4"),
    single_big=(values / 3).astype(">f4"),
    double=(values / 3).astype("<f8"),
    columns=np.asfortranarray((values / 3).astype("<f4")),
    byte=values.astype("u1"),
    columns_byte=np.asfortranarray(values.astype("u1")),
    short=(values - 12).astype(">i2"),
    long=(values - 12).astype("<i8"),
    unsigned=np.array([2**64 - 1], dtype="<u8"),
    text=np.array(["a", "bcd", "é"]),
    text_big=np.array(["a", "bcd", "é"]).astype(">U3"),
    bytes=np.array([b"a", b"bcd"]),
    empty=np.zeros((0, 3), dtype="<f4"),
    scalar=np.float64(1.5),
    object=np.array([None, {}], dtype=object),
    record=np.zeros(2, dtype=[("x", "<f4")]),
    truth=np.array([True, False]),
)
