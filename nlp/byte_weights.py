"""Eight-bit weights for the matrices of an ONNX model, in memory, without a file of their own.

A message of ten words is too short to keep a processor busy: the time goes into reading 40 MB of weights.
Each MatMul by a constant becomes ONNX Runtime's MatMulNBits: weights as bytes with a scale for each BLOCK of
them along the inner dimension, multiplied with activations that are rounded to bytes block by block as well
(accuracy level 4). Everything else stays float32.

A model is edited on the wire format of protocol buffers, of which four messages are understood and all other
fields copied, so that neither the onnx package nor a second copy of the weights is needed. Decides nothing
about which models are worth it.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np

BITS = 8
BLOCK = 64  # 32 is no better in what is built on the vectors, and slower; 128 blurs texts of one word
ROUND_TO_BYTES = 4  # MatMulNBits' accuracy_level

_VARINT, _FIXED64, _LENGTH, _FIXED32 = 0, 1, 2, 5
# field numbers of onnx.proto
_MODEL_GRAPH = 7
_GRAPH_NODE, _GRAPH_INITIALIZER = 1, 5
_NODE_INPUT, _NODE_OUTPUT, _NODE_NAME, _NODE_OP_TYPE, _NODE_ATTRIBUTE, _NODE_DOMAIN = 1, 2, 3, 4, 5, 7
_ATTRIBUTE_NAME, _ATTRIBUTE_INT, _ATTRIBUTE_TYPE = 1, 3, 20
_TENSOR_DIMS, _TENSOR_TYPE, _TENSOR_NAME, _TENSOR_RAW, _TENSOR_EXTERNAL = 1, 2, 8, 9, 13
_FLOAT, _UINT8, _INT_ATTRIBUTE = 1, 2, 2

Field = tuple[int, int, int | bytes]  # number, wire type, value


@dataclass(frozen=True, slots=True)
class _Tensor:
    """A float32 constant whose values stand in another file, at ``offset``."""

    dims: tuple[int, ...]
    location: str
    offset: int

    def read(self, folder: Path) -> np.ndarray:
        shape = self.dims
        return np.array(np.memmap(folder / self.location, np.float32, "r", self.offset, shape))


def with_byte_weights(model_path: Path) -> bytes:
    """Return the model at ``model_path`` with bytes for the weights of its MatMul nodes.

    Constants that are left refer to the same external files as before. A model without such nodes, or with
    its weights inside the model's file, comes back as it is.
    """
    model = list(_fields(model_path.read_bytes()))
    return b"".join(
        _field(number, kind, _quantised_graph(value, model_path.parent))
        if number == _MODEL_GRAPH and isinstance(value, bytes)
        else _field(number, kind, value)
        for number, kind, value in model
    )


def quantised(weights: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return bytes (N, K / BLOCK, BLOCK) and scales (N, K / BLOCK) of ``weights`` (K, N).

    A weight is (byte − 128) · scale of its block; K must be a multiple of BLOCK.
    """
    inner, outer = weights.shape
    blocks = np.ascontiguousarray(weights.T).reshape(outer, inner // BLOCK, BLOCK)
    scales = np.maximum(np.abs(blocks).max(axis=2), 1e-12) / 127
    return (np.rint(blocks / scales[:, :, None]) + 128).astype(np.uint8), scales.astype(np.float32)


def _quantised_graph(graph: bytes, folder: Path) -> bytes:
    fields = list(_fields(graph))
    constants = dict(_constant(value) for n, _, value in fields if n == _GRAPH_INITIALIZER)
    nodes = [_Node.of(value) for n, _, value in fields if n == _GRAPH_NODE]
    chosen = {
        node.inputs[1]
        for node in nodes
        if node.op_type == "MatMul" and _is_matrix(constants.get(node.inputs[1]))
    }
    used_otherwise = {name for node in nodes for name in node.inputs if node.op_type != "MatMul"}
    chosen -= used_otherwise
    out: list[bytes] = []
    for number, kind, value in fields:
        if number == _GRAPH_NODE:
            node = _Node.of(value)
            if node.op_type == "MatMul" and node.inputs[1] in chosen:
                tensor = constants[node.inputs[1]]
                value = _matmul_by_bytes(node, tensor.dims if tensor else ())
        elif number == _GRAPH_INITIALIZER:
            name, tensor = _constant(value)
            if tensor is not None and name in chosen:
                whole, scales = quantised(tensor.read(folder))
                out.append(_field(_GRAPH_INITIALIZER, _LENGTH, _tensor(_bytes_of(name), whole, _UINT8)))
                value = _tensor(_scales_of(name), scales, _FLOAT)
        out.append(_field(number, kind, value))
    return b"".join(out)


def _is_matrix(tensor: _Tensor | None) -> bool:
    return tensor is not None and len(tensor.dims) == 2 and tensor.dims[0] % BLOCK == 0


@dataclass(frozen=True, slots=True)
class _Node:
    inputs: list[str]
    outputs: list[str]
    name: str
    op_type: str

    @classmethod
    def of(cls, message: int | bytes) -> _Node:
        texts: dict[int, list[str]] = {}
        for number, kind, value in _fields(message):
            if kind == _LENGTH and number in (_NODE_INPUT, _NODE_OUTPUT, _NODE_NAME, _NODE_OP_TYPE):
                texts.setdefault(number, []).append(bytes(value).decode())
        return cls(
            texts.get(_NODE_INPUT, []),
            texts.get(_NODE_OUTPUT, []),
            texts.get(_NODE_NAME, [""])[0],
            texts.get(_NODE_OP_TYPE, [""])[0],
        )


def _matmul_by_bytes(node: _Node, dims: tuple[int, ...]) -> bytes:
    weights = node.inputs[1]
    texts = [(_NODE_INPUT, t) for t in (node.inputs[0], _bytes_of(weights), _scales_of(weights))]
    texts += [(_NODE_OUTPUT, t) for t in node.outputs]
    texts += [(_NODE_NAME, node.name), (_NODE_OP_TYPE, "MatMulNBits"), (_NODE_DOMAIN, "com.microsoft")]
    numbers = {
        "K": dims[0],
        "N": dims[1],
        "bits": BITS,
        "block_size": BLOCK,
        "accuracy_level": ROUND_TO_BYTES,
    }
    attributes = [
        _field(_ATTRIBUTE_NAME, _LENGTH, name.encode())
        + _field(_ATTRIBUTE_INT, _VARINT, number)
        + _field(_ATTRIBUTE_TYPE, _VARINT, _INT_ATTRIBUTE)
        for name, number in numbers.items()
    ]
    return b"".join(_field(n, _LENGTH, t.encode()) for n, t in texts) + b"".join(
        _field(_NODE_ATTRIBUTE, _LENGTH, a) for a in attributes
    )


def _constant(message: int | bytes) -> tuple[str, _Tensor | None]:
    """Return the name of an initializer and, where it is float32 in an external file, where it stands."""
    dims: list[int] = []
    name, data_type, external = "", 0, {}
    for number, kind, value in _fields(message):
        if number == _TENSOR_DIMS:
            dims += [value] if isinstance(value, int) else list(_varints(value))
        elif number == _TENSOR_TYPE and isinstance(value, int):
            data_type = value
        elif number == _TENSOR_NAME and kind == _LENGTH:
            name = bytes(value).decode()
        elif number == _TENSOR_EXTERNAL:
            key, text = (bytes(v).decode() for _, _, v in _fields(value))
            external[key] = text
    if data_type != _FLOAT or "location" not in external:
        return name, None
    return name, _Tensor(tuple(dims), external["location"], int(external.get("offset", 0)))


def _tensor(name: str, values: np.ndarray, data_type: int) -> bytes:
    dims = b"".join(_field(_TENSOR_DIMS, _VARINT, d) for d in values.shape)
    return (
        dims
        + _field(_TENSOR_TYPE, _VARINT, data_type)
        + _field(_TENSOR_NAME, _LENGTH, name.encode())
        + _field(_TENSOR_RAW, _LENGTH, values.tobytes())
    )


def _bytes_of(name: str) -> str:
    return f"{name}.bytes"


def _scales_of(name: str) -> str:
    return f"{name}.scales"


def _fields(message: int | bytes) -> Iterator[Field]:
    """Yield the fields of a message; fixed-width values as their bytes."""
    if isinstance(message, int):
        raise ValueError("a message was expected where the model has a number")
    at = 0
    while at < len(message):
        tag, at = _varint(message, at)
        number, kind = tag >> 3, tag & 7
        if kind == _VARINT:
            value, at = _varint(message, at)
            yield number, kind, value
            continue
        if kind == _LENGTH:
            size, at = _varint(message, at)
        elif kind in (_FIXED32, _FIXED64):
            size = 4 if kind == _FIXED32 else 8
        else:
            raise ValueError(f"wire type {kind} is not one of protocol buffers version 3")
        yield number, kind, message[at : at + size]
        at += size


def _field(number: int, kind: int, value: int | bytes) -> bytes:
    tag = _as_varint(number << 3 | kind)
    if isinstance(value, int):
        return tag + _as_varint(value)
    return tag + (_as_varint(len(value)) if kind == _LENGTH else b"") + value


def _varint(message: bytes, at: int) -> tuple[int, int]:
    value = shift = 0
    while True:
        byte = message[at]
        value |= (byte & 127) << shift
        at, shift = at + 1, shift + 7
        if byte < 128:
            return value, at


def _varints(packed: bytes) -> Iterable[int]:
    at = 0
    while at < len(packed):
        value, at = _varint(packed, at)
        yield value


def _as_varint(value: int) -> bytes:
    out = bytearray()
    while value > 127:
        out.append(value & 127 | 128)
        value >>= 7
    out.append(value)
    return bytes(out)
