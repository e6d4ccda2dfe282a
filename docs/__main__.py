"""`make docs`: write the generated references anew."""

from __future__ import annotations

import sys

from docs.references import files

for target, content in files().items():
    target.write_text(content)
    sys.stdout.write(f"wrote {target.name}\n")
