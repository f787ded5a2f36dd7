"""Small SentencePiece models and what the reference makes of 2,000 texts.

    pip install sentencepiece
    python tools/golden/sentencepiece_models.py libs/flexattn-runtime/golden/sentencepiece

Trains on sentences made here, so the folder depends on the seed and the version of sentencepiece alone. Writes
`texts.json`, and for each model `NAME.model` and `NAME.json` (ids of the texts, pieces of random ids and their text);
`llama` has LLaMA's settings, and its `tokenizer.json` in the layout of Hugging Face beside it; `rules` has rules,
thinned-out spaces, user-defined and control symbols and no byte fallback.
"""

from __future__ import annotations

import json
import random
import sys
import tempfile
from pathlib import Path

import sentencepiece as spm
from sentencepiece import sentencepiece_model_pb2 as schema

WORDS = (
    "the a red blue green plate stripes rise fall what colour is it on table near picture of image question answer "
    "left right above below largest small USER ASSISTANT assistant helpful naïve façade über 東京 の 画像 кошка на столе"
).split()
ODD = [
    " ",
    "  ",
    "   ",
    "\n",
    "\n\n",
    "\t",
    "\r\n",
    "\u00a0",
    "\u3000",
    "\u200b",
    "\ufeff",
    "\u2581",
    "\u0000",
    "\u0007",
    "\u001b",
    "\u007f",
    "é",
    "e\u0301",
    "ﬁ",
    "①",
    "Å",
    "½",
    "Ⅳ",
    "ｈａｌｆ",
    "한국",
    "عربى",
    "हिन्दी",
    "𝔘",
    "😀",
    "👩‍👩‍👧",
    "🇩🇪",
    "👍🏽",
    "\U0010ffff",
    "\ufffd",
    "{",
    "}",
    "<",
    ">",
    "<0x41>",
    "<sep",
    "[sep]",
    "<mask>",
    "0",
    "42",
    "3.14",
    "1,000",
    "...",
    "—",
    "“”",
    "don't",
    "\\n",
    "%s",
    "#",
    "@",
    "_",
]
IMAGE_SHAPES = [
    "{tag}{a}",
    "{a}{tag}{b}",
    "{a}{tag}",
    "{a}{tag}{b}{tag}{c}",
    "{tag}",
    "{tag}{tag}",
    "{tag}\n{a}",
    "{a} {tag} {b}",
]


def sentences(rng: random.Random, count: int) -> list[str]:
    return [
        " ".join(rng.choice(WORDS) for _ in range(rng.randint(3, 12))) + rng.choice([".", "?", "!", ""])
        for _ in range(count)
    ]


def text_of(rng: random.Random) -> str:
    parts = []
    for _ in range(rng.randint(0, 7)):
        parts.append(
            rng.choice(WORDS)
            if rng.random() < 0.5
            else (
                rng.choice(ODD)
                if rng.random() < 0.8
                else chr(rng.choice([rng.randint(1, 0xD7FF), rng.randint(0xE000, 0x10FFFF)]))
            )
        )
        if rng.random() < 0.4:
            parts.append(" ")
    return "".join(parts)


def texts(rng: random.Random) -> list[str]:
    """1,600 texts and 400 with image tags, all different."""
    all_texts = dict.fromkeys(["", " ", "  a", "a  ", "\n", "a b", "a  b"])
    while len(all_texts) < 1600:
        all_texts[text_of(rng)] = None
    while len(all_texts) < 2000:
        shape = rng.choice(IMAGE_SHAPES)
        all_texts[shape.format(tag="<image>", a=text_of(rng), b=text_of(rng), c=text_of(rng))] = None
    return list(all_texts)


def train(folder: Path, name: str, corpus: list[str], **options: object) -> spm.SentencePieceProcessor:
    with tempfile.TemporaryDirectory() as scratch:
        source = Path(scratch) / "corpus.txt"
        source.write_text("\n".join(corpus))
        spm.SentencePieceTrainer.train(
            input=str(source),
            model_prefix=f"{scratch}/{name}",
            num_threads=1,
            hard_vocab_limit=False,
            minloglevel=2,
            **options,
        )
        model = schema.ModelProto.FromString((Path(scratch) / f"{name}.model").read_bytes())
    # Paths of this machine.
    model.trainer_spec.ClearField("input")
    model.trainer_spec.ClearField("model_prefix")
    model.normalizer_spec.ClearField("normalization_rule_tsv")
    (folder / f"{name}.model").write_bytes(model.SerializeToString(deterministic=True))
    return spm.SentencePieceProcessor(model_file=str(folder / f"{name}.model"))


def encode_prompt(model: spm.SentencePieceProcessor, text: str) -> list[int]:
    """As LLaVA: the stretches around the tag apart, -200 between them."""
    ids = [model.bos_id()] if model.bos_id() >= 0 else []
    for index, stretch in enumerate(text.split("<image>")):
        ids += ([-200] if index else []) + model.encode(stretch)
    return ids


def decoded(
    rng: random.Random, model: spm.SentencePieceProcessor, samples: list[str]
) -> list[dict[str, object]]:
    """Round trips, and ids that no text has: cut characters, stray bytes, control symbols."""
    rows = [model.encode(text) for text in samples]
    rows += [[rng.randrange(model.vocab_size()) for _ in range(rng.randint(1, 8))] for _ in range(200)]
    rows += [row[: rng.randint(0, len(row))] for row in rows[:100]]
    return [{"ids": row, "text": model.decode(row)} for row in rows]


def tokenizer_json(model: schema.ModelProto) -> dict[str, object]:
    """LLaMA's layout: the pieces, and as merges every way to split a piece into two, the best pieces first."""
    vocab = {piece.piece: index for index, piece in enumerate(model.pieces)}
    ranked = sorted((piece for piece in model.pieces if piece.type == 1), key=lambda piece: -piece.score)
    merges = [
        [piece.piece[:at], piece.piece[at:]]
        for piece in ranked
        for at in range(1, len(piece.piece))
        if piece.piece[:at] in vocab and piece.piece[at:] in vocab
    ]
    special = lambda index: {
        "id": index,
        "content": model.pieces[index].piece,
        "single_word": False,
        "lstrip": False,
        "rstrip": False,
        "normalized": False,
        "special": True,
    }
    begin = {"SpecialToken": {"id": "<s>", "type_id": 0}}
    return {
        "version": "1.0",
        "added_tokens": [special(index) for index in range(3)],
        "normalizer": {
            "type": "Sequence",
            "normalizers": [
                {"type": "Prepend", "prepend": "▁"},
                {"type": "Replace", "pattern": {"String": " "}, "content": "▁"},
            ],
        },
        "pre_tokenizer": None,
        "post_processor": {
            "type": "TemplateProcessing",
            "single": [begin, {"Sequence": {"id": "A", "type_id": 0}}],
            "pair": [begin, {"Sequence": {"id": "A", "type_id": 0}}],
            "special_tokens": {"<s>": {"id": "<s>", "ids": [1], "tokens": ["<s>"]}},
        },
        "decoder": {
            "type": "Sequence",
            "decoders": [
                {"type": "Replace", "pattern": {"String": "▁"}, "content": " "},
                {"type": "ByteFallback"},
                {"type": "Fuse"},
                {"type": "Strip", "content": " ", "start": 1, "stop": 0},
            ],
        },
        "model": {
            "type": "BPE",
            "dropout": None,
            "unk_token": "<unk>",
            "fuse_unk": True,
            "byte_fallback": True,
            "vocab": vocab,
            "merges": merges,
        },
    }


def main() -> None:
    folder = Path(sys.argv[1])
    folder.mkdir(parents=True, exist_ok=True)
    rng = random.Random(20240728)
    corpus = sentences(rng, 2000)
    all_texts = texts(rng)
    rules = Path(tempfile.mkdtemp()) / "rules.tsv"
    # Ligature, precomposed accent, wide space, tabulator and line end to a space, zero width and control characters gone.
    rows = {
        "FB01": "66 69",
        "65 301": "E9",
        "3000": "20",
        "A0": "20",
        "9": "20",
        "A": "20",
        "200B": "",
        "FEFF": "",
        "7": "",
        "1B": "",
        "2460": "31",
        "FF48": "68",
        "BD": "31 2044 32",
        "212B": "C5",
    }
    rules.write_text("".join(f"{source}\t{target}\n" for source, target in rows.items()))
    models = {
        "llama": train(
            folder,
            "llama",
            corpus,
            model_type="bpe",
            vocab_size=640,
            byte_fallback=True,
            split_digits=True,
            normalization_rule_name="identity",
            remove_extra_whitespaces=False,
            allow_whitespace_only_pieces=True,
        ),
        "rules": train(
            folder,
            "rules",
            corpus,
            model_type="bpe",
            vocab_size=360,
            character_coverage=0.98,
            normalization_rule_tsv=str(rules),
            user_defined_symbols=["<sep>", "<sep", "[sep]", "1,000"],
            control_symbols=["<mask>"],
        ),
        "plain": train(
            folder,
            "plain",
            corpus,
            model_type="bpe",
            vocab_size=600,
            byte_fallback=True,
            add_dummy_prefix=False,
            remove_extra_whitespaces=False,
            normalization_rule_name="identity",
            bos_id=-1,
            eos_id=-1,
            user_defined_symbols=["42", "の"],
        ),
        "unigram": train(
            folder,
            "unigram",
            corpus,
            model_type="unigram",
            vocab_size=100,
            normalization_rule_name="identity",
        ),
    }
    (folder / "texts.json").write_text(json.dumps(all_texts, ensure_ascii=True, indent=0) + "\n")
    for name in ("llama", "rules", "plain"):
        model = models[name]
        ids = [encode_prompt(model, text) for text in all_texts]
        content = {"ids": ids, "decoded": decoded(rng, model, all_texts[:100])}
        (folder / f"{name}.json").write_text(
            json.dumps(content, separators=(",", ":")).replace("],[", "],\n[") + "\n"
        )
    llama = schema.ModelProto.FromString((folder / "llama.model").read_bytes())
    (folder / "tokenizer.json").write_text(json.dumps(tokenizer_json(llama), ensure_ascii=False) + "\n")


if __name__ == "__main__":
    main()
