"""The configurations that the deployments mount, loaded as the daemon would, with their secrets in a folder of ours."""

import re
import shutil
from pathlib import Path

from adapters.config_yaml import load
from router.settings import Settings


def load_mounted(config: Path, secrets: str, folder: Path) -> tuple[Settings, set[str]]:
    """The settings of the files in `config`, and the names of the secrets that they take from the folder `secrets`."""
    copy = folder / "config"
    shutil.copytree(config, copy)
    (folder / "secrets").mkdir()
    names: set[str] = set()
    for file in copy.rglob("*.yaml"):
        text = file.read_text()
        names |= set(re.findall(rf"file:{re.escape(secrets)}/(\w+)", text))
        file.write_text(text.replace(f"file:{secrets}/", f"file:{folder}/secrets/"))
    for name in names:
        (folder / "secrets" / name).write_text(name[:8])
    return load(copy / "router.yaml", {}), names
