"""Trains the network that tells how far a model's answers may be from the truth.

python models/train_stddev.py --shards a.tar b.tar c.tar --model models/zoo/lite --noise-model \\
    --out runs/stddev --time-budget 60

It learns from answers of one outer step on problems of all families of the model, or of --families.
To resume, run the same command again. export.py --stddev writes the network into a package.
"""

import json

import torch

from ud2m.nn.stddev import StddevNetwork, load_stddev, save_stddev
from ud2m.training.data import ImageSet
from ud2m.training.distillation import Teacher
from ud2m.training.draws import Draws
from ud2m.training.options import StddevOptions, described, parse, parser, saved
from ud2m.training.prefetch import stream
from ud2m.training.stddev import Errors, loss, scores
from ud2m.training.trainer import Trainer, seeded


def main() -> None:
    p = parser(StddevOptions, __doc__)
    options, dry_run = parse(p, StddevOptions)
    torch.manual_seed(options.seed)
    try:
        draws = Draws(options, ImageSet.read(options.shards, options.cache_folder))
        net = load_stddev(options.start) if options.start else StddevNetwork()
        errors = Errors(Teacher(options.model, options.device), net.config.multiple)
    except (FileNotFoundError, ValueError) as reason:
        p.error(str(reason))
    print(f"{sum(w.numel() for w in net.parameters()) / 1e6:.2f} M weights to train")
    if dry_run:
        print(json.dumps(saved(options), indent=1))
        return
    train(net.train().requires_grad_(True), draws, errors, options)


def train(net: StddevNetwork, draws: Draws, errors: Errors, options: StddevOptions) -> None:
    """Trains `net` to the end of its budget; writes its average with each checkpoint."""
    trainer = Trainer(net, options.schedule, options.out, options.device)
    held_out = draws.held_out()
    begun = "resumed" if trainer.resume() else "started"
    print(f"{begun} at {trainer.images:,} images", flush=True)
    on_gpu, path = trainer.device.type == "cuda", options.out / "stddev.safetensors"
    problems = stream(
        draws.train, options.seed, options.batch, trainer.images, options.workers, on_gpu
    )

    def objective(net: StddevNetwork, images: int, carried: dict) -> torch.Tensor:
        seeded(options.seed, images)
        inputs, error = errors.of(next(problems).to(trainer.device))
        return loss(net(*inputs).float(), error)

    def validate(average: StddevNetwork) -> dict[str, float]:
        about = {"images": trainer.images, "minutes": round(trainer.spent / 60, 1)}
        save_stddev(average, path, about | {"options": described(options)})
        return scores(average, errors, held_out)

    trainer.run(objective, validate, {"options": saved(options)}, options.every)
    print(f"weights in {path}")


if __name__ == "__main__":
    main()
