"""The whole system, layer by layer, each given only what it needs of the ones before it."""

from __future__ import annotations

from typing import Any

from layers.address import build_address
from layers.api import build_api
from layers.application import build_application
from layers.base import build_base
from layers.data import build_data
from layers.delivery import build_delivery
from layers.entry import build_entry
from layers.functions import build_functions
from layers.recovery import build_recovery
from layers.watching import build_watching
from settings.stack import Settings


def build(settings: Settings) -> dict[str, Any]:
    """Declare every resource of the system the settings describe, as often as it has to be made (LWO-DR-03).

    Returns the stack's outputs (BER-OPS-06): addresses, names and ARNs, never a credential.
    Raises pulumi.RunError when AWS no longer offers a version the settings name (ALL-02).
    """
    base = build_base(settings)
    data = build_data(settings, base)
    entry = build_entry(settings, base)
    functions = build_functions(settings, base, data)
    apis = build_api(settings, base, entry, functions)
    application = build_application(settings, base, data, entry)
    watching = build_watching(settings, base, data, entry, functions, apis, application)
    outputs = {
        **base.outputs,
        **data.outputs,
        **entry.outputs,
        **functions.outputs,
        **apis.outputs,
        **application.outputs,
        **watching.outputs,
        **build_delivery(settings, base, entry, application, watching),
        **build_address(settings, base, entry, watching),
        **build_recovery(settings, base, data),
    }
    return {name: value for name, value in outputs.items() if value is not None and value not in ({}, [])}
