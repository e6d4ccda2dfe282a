"""How the engine starts the pack: `python -m pulumi.policy ENGINE policies`."""

import importlib
import sys
from pathlib import Path

folder = Path(__file__).resolve().parent
sys.path.insert(0, str(folder.parent))  # the rules are a package named as this folder is, wherever it was copied to
importlib.import_module(f"{folder.name}.pack").serve()
