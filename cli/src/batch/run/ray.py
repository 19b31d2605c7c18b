# SPDX-License-Identifier: MPL-2.0
"""One Ray task for each chunk of a plan: what `ud2m batch run --engine ray` runs.

The first argument is an object of JSON: `command` (a list to which the number of a chunk is added),
`chunks`, `environment`, `cpus`, `gpus` and `retries`. Each chunk that ended is told in a line of
JSON: `chunk`, `success`, and what its process said as `output` and `errors`.
"""

import json
import os
import subprocess
import sys

NO_RAY = 69  # the exit code where the module is missing

try:
    import ray
except ImportError:
    sys.exit(NO_RAY)


class Failed(Exception):
    """A chunk that is not whole. Ray tries it again, and then gives this to `get`."""


def restore(number, job):
    """Restores a chunk in a process of its own, on whatever machine this is."""
    done = subprocess.run(
        [*job["command"], str(number)],
        env=os.environ | job["environment"],
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        errors="replace",
    )
    if done.returncode != 0:
        raise Failed(json.dumps({"output": done.stdout, "errors": done.stderr}))
    return {"output": done.stdout, "errors": done.stderr}


def said(error):
    """What a task said that failed at last, or what became of its machine."""
    cause = getattr(error, "cause", error)
    if isinstance(cause, Failed):
        return json.loads(str(cause))
    lines = str(error).strip().splitlines()
    return {"output": "", "errors": lines[-1] if lines else type(error).__name__}


def main():
    job = json.loads(sys.argv[1])
    ray.init(logging_level="ERROR", log_to_driver=False)
    task = ray.remote(
        num_cpus=job["cpus"],
        num_gpus=job["gpus"],
        max_retries=job["retries"],
        retry_exceptions=True,
    )(restore)
    numbers = {task.remote(number, job): number for number in job["chunks"]}
    while numbers:
        (ended,), _ = ray.wait(list(numbers), num_returns=1)
        number = numbers.pop(ended)
        try:
            outcome = {"success": True, **ray.get(ended)}
        except Exception as error:  # whatever Ray raises: the other chunks go on
            outcome = {"success": False, **said(error)}
        print(json.dumps({"chunk": number, **outcome}), flush=True)
    ray.shutdown()


main()
