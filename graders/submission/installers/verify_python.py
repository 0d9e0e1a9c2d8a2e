"""Whether an environment holds what its requirements declare: run as a script by the environment's own Python.

Arguments: `strict` or `lenient`, then the names that the requirements declare. Each installed distribution must have
the files that it recorded, below this environment; with `strict`, what the requirements name must also be importable.
Prints what is wrong, a line each, and exits 1.
Nothing of the package is imported here: the environment does not have it.
"""

import importlib
import importlib.metadata
import os
import re
import sys
from collections.abc import Iterator


def main() -> None:
    mode, named = sys.argv[1], [normal(name) for name in sys.argv[2:]]
    wrong = list(damaged())
    present = {
        normal(found.metadata["Name"] or "") for found in importlib.metadata.distributions(path=places())
    }
    wrong += [f"{name} was installed, but is not in the environment" for name in named if name not in present]
    if mode == "strict" and not wrong:
        wrong += [line for name in named for line in unimportable(name)]
    print("\n".join(wrong))
    sys.exit(1 if wrong else 0)


def places() -> list[str]:
    return [path for path in sys.path if path.startswith(sys.prefix) and path.endswith("site-packages")]


def normal(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()


def damaged() -> Iterator[str]:
    for found in importlib.metadata.distributions(path=places()):
        for file in found.files or ():
            if file.suffix != ".pyc" and not os.path.exists(str(found.locate_file(file))):  # noqa: PTH110
                yield f"{found.metadata['Name']} lacks its file {file}"
                break


def unimportable(name: str) -> Iterator[str]:
    found = importlib.metadata.distribution(name)
    for module in sorted(modules_of(found)):
        try:
            importlib.import_module(module)
        except BaseException as error:
            yield f"{name}: `import {module}` fails: {type(error).__name__}: {error}"


def modules_of(found: importlib.metadata.Distribution) -> set[str]:
    listed = (found.read_text("top_level.txt") or "").split()
    tops = {
        file.parts[0] for file in found.files or () if file.suffix == ".py" and file.name == "__init__.py"
    }
    single = {file.stem for file in found.files or () if len(file.parts) == 1 and file.suffix == ".py"}
    names = set(listed) or {top for top in tops if len(top) and "." not in top} | single
    return {name for name in names if name.isidentifier() and not name.startswith("_")}


main()
