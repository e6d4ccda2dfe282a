"""What every rule is tried on, a module per field: samples it needs, breaks it must find, changes it must allow."""

from . import account, compute, databases, earlier, edge, identity, network, services, storage

SERVICES = (earlier, account, network, compute, databases, storage, edge, identity, services)
