"""How many connections a PostgreSQL instance accepts, from its instance class or its Aurora capacity."""

from __future__ import annotations

from itertools import pairwise

_MIB = 1024 * 1024
_DOCUMENTED_ACU = {1: 189, 4: 823, 8: 1669, 16: 3360, 32: 5000}  # "Maximum connections for Aurora Serverless v2"
_SMALL_MINIMUM_ACU, _SMALL_MINIMUM_MOST = 0.5, 2000
_BYTES_PER_CONNECTION = 9_531_392  # LEAST({DBInstanceClassMemory/9531392},5000), Amazon RDS User Guide: quotas
_MOST = 5000
_SIZES = (
    "large",
    "xlarge",
    "2xlarge",
    "4xlarge",
    "8xlarge",
    "12xlarge",
    "16xlarge",
    "24xlarge",
    "32xlarge",
    "48xlarge",
)
_TIMES_LARGE = dict(zip(_SIZES, (1, 2, 4, 8, 16, 24, 32, 48, 64, 96), strict=True))
_BURSTABLE_GIB = {"micro": 1, "small": 2, "medium": 4, "large": 8, "xlarge": 16, "2xlarge": 32}
_LARGE_GIB = {"m": 8, "r": 16, "x": 32, "c": 4}


def memory_gib(instance_class: str) -> int:
    """Memory of an RDS instance class such as `db.t4g.medium`, GiB.

    Raises ValueError for a class the table does not know.   Source: Amazon RDS User Guide, "DB instance classes".
    """
    parts = instance_class.split(".")
    if len(parts) >= 3 and parts[0] == "db":
        family, size = parts[1], parts[2]
        if family.startswith("t") and size in _BURSTABLE_GIB:
            return _BURSTABLE_GIB[size]
        if family[:1] in _LARGE_GIB and size in _TIMES_LARGE:
            return _LARGE_GIB[family[0]] * _TIMES_LARGE[size]
        if family[:1] == "m" and size == "medium":
            return 4
    raise ValueError(f"instance class: memory of {instance_class} is not known; set max_connections")


def max_connections(instance_class: str) -> int:
    """PostgreSQL's default `max_connections` on RDS, a little under the true value.

    DBInstanceClassMemory is the class's memory less what RDS and the operating system take, which AWS does not publish.
    8 % and 200 MiB are taken off, so that an alarm at a share of the result rings early rather than never.
    """
    available = memory_gib(instance_class) * 1024 * _MIB * 92 // 100 - 200 * _MIB
    return min(available // _BYTES_PER_CONNECTION, _MOST)


def serverless_max_connections(min_acu: float, max_acu: float) -> int:
    """PostgreSQL's default `max_connections` on Aurora Serverless v2, which follows from the most capacity.

    Between the sizes AWS documents, the number is drawn straight, rounded down. A minimum of 0.5 ACU caps it at 2,000.
    Source: Amazon Aurora User Guide, "Maximum connections for Aurora Serverless v2".
    """
    most = _MOST
    for (low, fewer), (high, more) in pairwise(_DOCUMENTED_ACU.items()):
        if max_acu <= high:
            most = int(fewer + (max_acu - low) * (more - fewer) / (high - low))
            break
    return min(most, _SMALL_MINIMUM_MOST) if min_acu <= _SMALL_MINIMUM_ACU else most
