"""What a database holds, asked of its own catalogue; extensions' own objects and excluded schemas are left out."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from psycopg import sql

from operations.database.connection import Connection

_OWN = """
    n.nspname !~ '^pg_' and n.nspname <> 'information_schema' and n.nspname <> all(%(excluded)s)
"""

_TABLES = f"""
select c.oid::bigint, n.nspname, c.relname, greatest(c.reltuples, 0)::bigint, pg_table_size(c.oid),
       pg_relation_size(c.oid) / current_setting('block_size')::bigint
from pg_class c join pg_namespace n on n.oid = c.relnamespace
where c.relkind = 'r' and c.relpersistence <> 't' and {_OWN}
  and not exists (select from pg_depend d
                  where d.classid = 'pg_class'::regclass and d.objid = c.oid and d.deptype = 'e')
order by 2, 3
"""  # noqa: S608 - a constant

# Every object whose own identity is worth comparing: (catalogue, oid, kind, identity).
_OBJECTS = f"""
with object as (
  select 'pg_class'::regclass as catalogue, c.oid,
         case c.relkind when 'r' then 'table' when 'p' then 'table' when 'v' then 'view' when 'i' then 'index'
                        when 'I' then 'index' when 'm' then 'materialized view' when 'S' then 'sequence'
                        when 'f' then 'foreign table' else 'type' end as kind,
         format('%%I.%%I', n.nspname, c.relname) as identity
  from pg_class c join pg_namespace n on n.oid = c.relnamespace
  where c.relkind in ('r', 'p', 'v', 'i', 'I', 'm', 'S', 'f', 'c') and c.relpersistence <> 't' and {_OWN}
  union all
  select 'pg_proc'::regclass, p.oid, 'function',
         format('%%I.%%I(%%s)', n.nspname, p.proname, pg_get_function_identity_arguments(p.oid))
  from pg_proc p join pg_namespace n on n.oid = p.pronamespace where {_OWN}
  union all
  select 'pg_type'::regclass, t.oid, 'type', format('%%I.%%I', n.nspname, t.typname)
  from pg_type t join pg_namespace n on n.oid = t.typnamespace where t.typtype in ('d', 'e', 'r') and {_OWN}
  union all
  select 'pg_constraint'::regclass, k.oid, 'constraint', format('%%I on %%I.%%I', k.conname, n.nspname, c.relname)
  from pg_constraint k join pg_class c on c.oid = k.conrelid join pg_namespace n on n.oid = c.relnamespace
  where k.contype in ('c', 'f', 'p', 'u', 'x') and {_OWN}
  union all
  select 'pg_trigger'::regclass, t.oid, 'trigger', format('%%I on %%I.%%I', t.tgname, n.nspname, c.relname)
  from pg_trigger t join pg_class c on c.oid = t.tgrelid join pg_namespace n on n.oid = c.relnamespace
  where not t.tgisinternal and {_OWN}
  union all
  select 'pg_policy'::regclass, p.oid, 'policy', format('%%I on %%I.%%I', p.polname, n.nspname, c.relname)
  from pg_policy p join pg_class c on c.oid = p.polrelid join pg_namespace n on n.oid = c.relnamespace where {_OWN}
)
select catalogue::oid::bigint, oid::bigint, kind, identity
from object o
where not exists (select from pg_depend d where d.classid = o.catalogue and d.objid = o.oid and d.deptype = 'e')
order by kind, identity
"""  # noqa: S608 - a constant

# What hangs on an object of an excluded schema: such a thing cannot be restored.
_DEPENDENTS = """
with object as (
  select 'pg_class'::regclass as catalogue, oid, relnamespace as namespace, null as tag from pg_class
  union all select 'pg_proc'::regclass, oid, pronamespace, null from pg_proc
  union all select 'pg_type'::regclass, oid, typnamespace, null from pg_type
  union all select 'pg_attrdef'::regclass, a.oid, c.relnamespace, null
            from pg_attrdef a join pg_class c on c.oid = a.adrelid
  union all select 'pg_rewrite'::regclass, r.oid, c.relnamespace, null
            from pg_rewrite r join pg_class c on c.oid = r.ev_class
  union all select 'pg_constraint'::regclass, k.oid, k.connamespace,
                   case when relname is not null then format('CONSTRAINT %%I ON %%I', conname, relname) end
            from pg_constraint k left join pg_class c on c.oid = k.conrelid
  union all select 'pg_policy'::regclass, p.oid, c.relnamespace, format('POLICY %%I ON %%I', polname, relname)
            from pg_policy p join pg_class c on c.oid = p.polrelid
  union all select 'pg_trigger'::regclass, t.oid, c.relnamespace, format('TRIGGER %%I ON %%I', tgname, relname)
            from pg_trigger t join pg_class c on c.oid = t.tgrelid where not t.tgisinternal
)
select d.classid::bigint, d.objid::bigint, o.catalogue::regclass::text, coalesce(o.tag, ''), n.nspname,
       pg_describe_object(d.classid, d.objid, 0),
       string_agg(distinct pg_describe_object(d.refclassid, d.refobjid, 0), ', ')
from pg_depend d
join object o on o.catalogue = d.classid and o.oid = d.objid
join object r on r.catalogue = d.refclassid and r.oid = d.refobjid
join pg_namespace n on n.oid = o.namespace
join pg_namespace m on m.oid = r.namespace
where d.deptype in ('n', 'a') and m.nspname = any(%(excluded)s) and n.nspname <> all(%(excluded)s)
  and n.nspname !~ '^pg_' and n.nspname <> 'information_schema'
group by 1, 2, 3, 4, 5, 6
order by 6
"""

_AFTER_DATA = {"pg_constraint", "pg_policy", "pg_trigger"}


@dataclass(frozen=True, kw_only=True)
class Table:
    """A table with rows of its own.   rows: the server's estimate.   blocks: pages of its main fork."""

    oid: int
    schema: str
    name: str
    rows: int
    bytes: int
    blocks: int

    @property
    def shown(self) -> str:
        return f"{self.schema}.{self.name}"

    @property
    def identifier(self) -> sql.Identifier:
        return sql.Identifier(self.schema, self.name)


@dataclass(frozen=True, kw_only=True)
class Object:
    """Something a schema contains.   catalogue, oid: its address in the catalogue it was read from."""

    catalogue: int
    oid: int
    kind: str
    identity: str

    @property
    def shown(self) -> str:
        return f"{self.kind} {self.identity}"


@dataclass(frozen=True, kw_only=True)
class Dependent:
    """What needs something of an excluded schema.

    after_data: whether it is a foreign key, policy or trigger, which can be left out without changing a table or view.
    tag: how a comment on it is listed in an archive.
    """

    catalogue: int
    oid: int
    after_data: bool
    tag: str
    schema: str
    description: str
    needs: str


@dataclass(frozen=True, kw_only=True)
class Sequence_:
    """A sequence and where it stands."""

    schema: str
    name: str
    last: int
    called: bool
    increment: int

    @property
    def shown(self) -> str:
        return f"{self.schema}.{self.name}"


def version(connection: Connection) -> int:
    """The server's major version."""
    return connection.info.server_version // 10_000


def tables(connection: Connection, excluded: Sequence[str] = ()) -> list[Table]:
    """Every table that holds rows: partitions, not the partitioned; no temporary one, none of an extension."""
    rows = connection.execute(_TABLES, {"excluded": list(excluded)}).fetchall()
    return [
        Table(oid=oid, schema=schema, name=name, rows=estimate, bytes=size, blocks=blocks)
        for oid, schema, name, estimate, size, blocks in rows
    ]


def objects(connection: Connection, excluded: Sequence[str] = ()) -> list[Object]:
    """Tables, views, sequences, indexes, functions, types, constraints, triggers and policies."""
    connection.execute("set search_path = pg_catalog")  # decides how types are written
    rows = connection.execute(_OBJECTS, {"excluded": list(excluded)}).fetchall()
    return [Object(catalogue=catalogue, oid=oid, kind=kind, identity=name) for catalogue, oid, kind, name in rows]


def sequences(connection: Connection, excluded: Sequence[str] = ()) -> list[Sequence_]:
    """Every sequence, those of identity columns too, with its position."""
    found: list[Sequence_] = []
    for each in objects(connection, excluded):
        if each.kind != "sequence":
            continue
        schema, name, increment = connection.execute(
            "select n.nspname, c.relname, s.seqincrement from pg_class c join pg_namespace n on n.oid = c.relnamespace "
            "join pg_sequence s on s.seqrelid = c.oid where c.oid = %s",
            (each.oid,),
        ).fetchall()[0]
        last, called = connection.execute(
            sql.SQL("select last_value, is_called from {}").format(sql.Identifier(schema, name))
        ).fetchall()[0]
        found.append(Sequence_(schema=schema, name=name, last=last, called=called, increment=increment))
    return found


def extensions(connection: Connection) -> dict[str, str]:
    """Extensions in use: name → version."""
    return dict(connection.execute("select extname, extversion from pg_extension order by 1").fetchall())


def available_extensions(connection: Connection) -> set[str]:
    """Extensions the server has files of."""
    return {name for (name,) in connection.execute("select name from pg_available_extensions").fetchall()}


def event_triggers(connection: Connection) -> list[str]:
    """Event triggers, which only a superuser can create."""
    return [name for (name,) in connection.execute("select evtname from pg_event_trigger order by 1").fetchall()]


def own_settings(connection: Connection) -> list[str]:
    """What ALTER DATABASE … SET has given the database, such as a search path: `name=value`."""
    rows = connection.execute(
        "select unnest(setconfig) from pg_db_role_setting s join pg_database d on d.oid = s.setdatabase "
        "where d.datname = current_database() and s.setrole = 0"
    ).fetchall()
    return [text for (text,) in rows]


def dependents(connection: Connection, excluded: Sequence[str]) -> list[Dependent]:
    """What hangs on objects of the excluded schemas without being in one of them."""
    if not excluded:
        return []
    rows = connection.execute(_DEPENDENTS, {"excluded": list(excluded)}).fetchall()
    return [
        Dependent(
            catalogue=catalogue, oid=oid, after_data=table in _AFTER_DATA, tag=tag, schema=schema,
            description=description, needs=needs,
        )
        for catalogue, oid, table, tag, schema, description, needs in rows
    ]  # fmt: skip


def database_oid(connection: Connection, name: str) -> int | None:
    """The number PostgreSQL gives a database for life, whatever it is renamed to; None when there is none."""
    row = connection.execute("select oid::bigint from pg_database where datname = %s", (name,)).fetchone()
    return None if row is None else int(row[0])


def database_bytes(connection: Connection) -> int:
    """Size of the database we are signed in to."""
    row = connection.execute("select pg_database_size(current_database())").fetchone()
    return int(row[0]) if row else 0


def sessions(connection: Connection, database: str) -> int:
    """How many others are signed in to a database."""
    row = connection.execute(
        "select count(*) from pg_stat_activity "
        "where datname = %s and pid <> pg_backend_pid() and backend_type = 'client backend'",
        (database,),
    ).fetchone()
    return int(row[0]) if row else 0


def role(connection: Connection, name: str) -> dict[str, Any] | None:
    """A role's attributes; None when there is no such role."""
    row = connection.execute(
        "select rolcanlogin, rolsuper, rolcreatedb, rolcreaterole, rolreplication, rolbypassrls "
        "from pg_roles where rolname = %s",
        (name,),
    ).fetchone()
    if row is None:
        return None
    return dict(zip(("login", "superuser", "createdb", "createrole", "replication", "bypassrls"), row, strict=True))
