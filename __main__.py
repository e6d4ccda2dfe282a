"""Pulumi starts here: settings from the stack file, the system, its outputs."""

# ruff: noqa: E402  imports are most of what there is to collect
import gc

gc.disable()  # nothing of a run that lasts seconds is worth collecting: a tenth of a preview

import pulumi
from pulumi.runtime import get_config_env, get_config_secret_keys_env

from program import build
from settings.load import SettingsError, load


def _silent(*_: object, **__: object) -> None:
    pass


# The SDK sends the engine four debug messages a resource, each a call it waits for: a fifth of a preview.
pulumi.log.debug = _silent

try:
    settings = load(get_config_env(), secrets=get_config_secret_keys_env())
except SettingsError as error:
    raise pulumi.RunError(str(error)) from None
for name, value in build(settings).items():
    pulumi.export(name, value)
