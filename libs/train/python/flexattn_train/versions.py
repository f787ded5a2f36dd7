"""Prints the versions of Python and of the packages that training needs, null where one is missing.

Run by path, with any interpreter: it imports nothing but the standard library.
"""
import json
import platform
from importlib.metadata import PackageNotFoundError, version


def find(package):
    """The installed version of a package."""
    try:
        return version(package)
    except PackageNotFoundError:
        return None


if __name__ == "__main__":
    found = {package: find(package) for package in ("torch", "safetensors", "numpy", "pillow")}
    print(json.dumps({"python": platform.python_version(), **found}))
