"""Make a folder for ENCODER_PATH from a sentence-transformers model on this machine, and check that it works.

    python scripts/build_encoder.py ~/models/bge-base-en-v1.5 encoders/bge-base

SOURCE is a folder as `git clone` or `huggingface-cli download` leave it. Where it holds an ONNX export
(onnx/model.onnx or model.onnx) that is copied, and nothing but the product itself is needed. Otherwise the
weights are exported, for which torch, transformers, onnx and onnxscript must be installed beside the product.
Nothing is fetched. With --eight-bit the matrices get weights of eight bits, as the bundled encoder has them.
"""

from __future__ import annotations

import argparse
import json
import shutil
import sys
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from nlp.byte_weights import with_byte_weights
from nlp.encoder import EncoderError, SentenceEncoder, weight_files

SIDE_FILES = (
    "tokenizer.json",
    "sentence_bert_config.json",
    "config_sentence_transformers.json",
    "1_Pooling/config.json",
)
ONNX_FILES = ("onnx/model.onnx", "model.onnx")
PROBES = ("Where is my invoice?", "I cannot find my last bill.", "How do I bake a sponge cake?")


def main() -> int:
    """Build, check, and print what the settings need."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("source", type=Path, help="folder of a sentence-transformers model")
    parser.add_argument("target", type=Path, help="folder to write; must not exist")
    parser.add_argument("--prompt", help='text before every message, for models trained with one ("query: ")')
    parser.add_argument("--eight-bit", action="store_true", help="weights of eight bits: answers sooner")
    options = parser.parse_args()
    try:
        build(options.source, options.target, prompt=options.prompt, eight_bit=options.eight_bit)
        sys.stdout.write(f"{check(options.target)}\n")
    except EncoderError as error:
        sys.stderr.write(f"Refused: {error}\n")
        return 2
    sys.stdout.write(f"Set ENCODER_PATH={options.target.resolve()} and train the classifier again.\n")
    return 0


def build(source: Path, target: Path, *, prompt: str | None = None, eight_bit: bool = False) -> None:
    """Write ``target`` whole or not at all."""
    if not (source / "tokenizer.json").is_file():
        raise EncoderError(f"{source} has no tokenizer.json: it is not a model with a fast tokenizer.")
    if target.exists():
        raise EncoderError(f"{target} exists. Name a folder that does not.")
    partial = target.with_name(target.name + ".partial")
    shutil.rmtree(partial, ignore_errors=True)
    (partial / "onnx").mkdir(parents=True)
    for name in SIDE_FILES:
        if (source / name).is_file():
            (partial / name).parent.mkdir(exist_ok=True)
            shutil.copyfile(source / name, partial / name)
    if prompt is not None:
        config = {"prompts": {"message": prompt}, "default_prompt_name": "message"}
        (partial / "config_sentence_transformers.json").write_text(json.dumps(config))
    ready = next((source / name for name in ONNX_FILES if (source / name).is_file()), None)
    if ready is None:
        export(source, partial / "onnx" / "model.onnx")
    else:
        for path in (ready, *weight_files(ready)):
            shutil.copyfile(path, partial / "onnx" / path.name)
    if eight_bit:
        quantise(partial / "onnx" / "model.onnx")
    partial.rename(target)


def export(source: Path, model_path: Path) -> None:
    """Export the weights in ``source`` with PyTorch."""
    try:
        import torch  # noqa: PLC0415 - not a dependency: for models without an export only
        from transformers import AutoModel  # noqa: PLC0415
    except ImportError as error:
        raise EncoderError(
            f"{source} has no ONNX export. Download the model's onnx folder too, or install torch, "
            f"transformers and onnx to export it here."
        ) from error
    model = AutoModel.from_pretrained(source, local_files_only=True).eval()
    example = {name: torch.ones(2, 4, dtype=torch.int64) for name in ("input_ids", "attention_mask")}
    if getattr(model.config, "type_vocab_size", 0):
        example["token_type_ids"] = torch.zeros(2, 4, dtype=torch.int64)
    shape = {0: torch.export.Dim.DYNAMIC, 1: torch.export.Dim.DYNAMIC}
    torch.onnx.export(
        model,
        (),
        str(model_path),
        kwargs=example,
        input_names=list(example),
        output_names=["last_hidden_state"],
        dynamic_shapes=dict.fromkeys(example, shape),
        opset_version=18,
        dynamo=True,
    )


def quantise(model_path: Path) -> None:
    """Give the matrices of the model weights of eight bits, in place (nlp.byte_weights)."""
    smaller = with_byte_weights(model_path)
    if smaller == model_path.read_bytes():
        raise EncoderError("--eight-bit: there is no matrix of float32 in a file beside model.onnx.")
    model_path.write_bytes(smaller)


def check(folder: Path) -> str:
    """Return what the encoder in ``folder`` is like; raise EncoderError where it makes no sense of texts."""
    encoder = SentenceEncoder(folder)
    vectors = encoder.encode(PROBES)
    near, far = float(vectors[0] @ vectors[1]), float(vectors[0] @ vectors[2])
    if not near > far:
        raise EncoderError(f"{folder}: texts about bills ({near:.2f}) are no nearer than cake ({far:.2f}).")
    started = time.perf_counter()
    for n in range(20):
        encoder.encode([f"{PROBES[0]} {n}"])
    ms = (time.perf_counter() - started) / 20 * 1000
    return f"{encoder.dimension} dimensions, {ms:.1f} ms a message, fingerprint {encoder.fingerprint}"


if __name__ == "__main__":
    sys.exit(main())
