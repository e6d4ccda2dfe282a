"""What every rule is tried on, a module per service: samples it needs, breaks it must find, changes it must allow."""

from . import earlier

SERVICES = (earlier,)
