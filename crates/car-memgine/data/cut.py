"""Cuts the token table of the Python package wordllama 0.4.0.post1 (MIT) to the file that car-memgine carries.

    pip download --no-deps wordllama==0.4.0.post1      # SHA-256 of the cp311 x86_64 wheel:
                                                       # 42c2c88907ace0b0681ac6f9092d6a300a6409a5d2d61071a3fb5e7159370c97
    python3 cut.py WHEEL DIMENSION OUT

The table is trained so that the first numbers of each row carry most of what it says; so cutting is taking them. Each row
becomes 8-bit integers with one scale. The file, in little-endian numbers: the magic "CARW", the count of tokens and the
dimension (u32 each); a scale for each token (f32); the rows (i8); each token's text (u8 length, UTF-8), by its number.
"""

import json
import struct
import sys
import zipfile


def main(wheel, dimension, out):
    with zipfile.ZipFile(wheel) as package:
        weights = package.read("wordllama/weights/l2_supercat_256.safetensors")
        tokenizer = json.loads(package.read("wordllama/tokenizers/l2_supercat_tokenizer_config.json"))
    (size,) = struct.unpack_from("<Q", weights)
    header = json.loads(weights[8 : 8 + size])
    (name,) = (key for key in header if key != "__metadata__")
    assert header[name]["dtype"] == "F16"
    count, width = header[name]["shape"]
    start = 8 + size + header[name]["data_offsets"][0]
    vocabulary = sorted((number, token) for token, number in tokenizer["model"]["vocab"].items())
    assert [number for number, _ in vocabulary] == list(range(count))
    scales, rows = bytearray(), bytearray()
    for row in range(count):
        values = struct.unpack_from(f"<{width}e", weights, start + row * width * 2)[:dimension]
        scale = max(map(abs, values)) / 127 or 1.0
        scales += struct.pack("<f", scale)
        rows += struct.pack(f"<{dimension}b", *(round(value / scale) for value in values))
    with open(out, "wb") as file:
        file.write(b"CARW" + struct.pack("<II", count, dimension) + scales + rows)
        for _, token in vocabulary:
            text = token.encode()
            file.write(bytes([len(text)]) + text)


main(sys.argv[1], int(sys.argv[2]), sys.argv[3])
