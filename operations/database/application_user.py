"""The user the application signs in as: exactly the privileges it needs, on what there is and what will be.

FAC-DB-08: CONNECT on the database, USAGE on the schema, SELECT, INSERT, UPDATE and DELETE on its tables.
FAC-N13: USAGE and SELECT on its sequences, and the same on tables and sequences that are created later.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import LiteralString

from psycopg import sql

from operations.database import catalog
from operations.database.connection import Connection, Server
from operations.database.place import Login
from operations.mistakes import Mistake
from settings.database import SECOND_USER

TABLE_PRIVILEGES: tuple[LiteralString, ...] = ("SELECT", "INSERT", "UPDATE", "DELETE")
SEQUENCE_PRIVILEGES: tuple[LiteralString, ...] = ("USAGE", "SELECT")
_GRANTED: dict[LiteralString, tuple[LiteralString, ...]] = {
    "table": TABLE_PRIVILEGES,
    "sequence": SEQUENCE_PRIVILEGES,
}
NO_ATTRIBUTES = ("superuser", "createdb", "createrole", "replication", "bypassrls")


@dataclass(frozen=True, kw_only=True)
class Changed:
    """What was done.   created: whether the user was new."""

    username: str
    created: bool
    schemas: tuple[str, ...]


def apply(server: Server, application: Login, schemas: Sequence[str]) -> Changed:
    """Create the user or bring it in line: password, and these privileges and no others; all of it, or nothing.

    server: the database, signed in to as its administrator, who owns what is created later.
    The password is sent as a SCRAM verifier, so it is in no log of the server.
    Raises Mistake for a schema that is not there, or a user with rights no application should have.
    """
    first = first_of(application.username)
    with server.connect(autocommit=False) as connection:
        _require_schemas(connection, schemas)
        created = _sign_in(connection, application)
        if first != application.username:
            if catalog.role(connection, first) is None:
                connection.execute(sql.SQL("create role {}").format(sql.Identifier(first)))
            connection.execute(
                sql.SQL("grant {} to {}").format(sql.Identifier(first), sql.Identifier(application.username))
            )
        for statement in _statements(connection, server.database, server.user, first, schemas):
            connection.execute(statement)
        connection.commit()
    return Changed(username=application.username, created=created, schemas=tuple(schemas))


def first_of(username: str) -> str:
    """The one of the application's two users that holds the privileges; the other, its member, has them from it."""
    return username.removesuffix(SECOND_USER)


def _require_schemas(connection: Connection, schemas: Sequence[str]) -> None:
    there = {name for (name,) in connection.execute("select nspname from pg_namespace").fetchall()}
    missing = [schema for schema in schemas if schema not in there]
    if missing:
        raise Mistake(f"--schema: expected schemas of the database, found none named {', '.join(missing)}.")


def _sign_in(connection: Connection, application: Login) -> bool:
    """Create or alter the role, so that it can sign in with the secret's password; whether it is new."""
    user = sql.Identifier(application.username)
    verifier = connection.pgconn.encrypt_password(
        application.password.encode(), application.username.encode(), b"scram-sha-256"
    ).decode()
    role = catalog.role(connection, application.username)
    if role is not None:
        too_much = [name for name in NO_ATTRIBUTES if role[name]]
        if too_much:
            raise Mistake(
                f"{application.username} has rights the application must not have: {', '.join(too_much)}. Give it "
                "another `application_username`, or take them away first."
            )
    verb = sql.SQL("create" if role is None else "alter")
    connection.execute(sql.SQL("{} role {} login password {}").format(verb, user, sql.Literal(verifier)))
    return role is None


def _statements(
    connection: Connection, database: str, owner: str, username: str, schemas: Sequence[str]
) -> list[sql.Composed]:
    """Take everything away, then grant what is wanted; nobody sees the time between, it is one transaction."""
    user, admin, base = sql.Identifier(username), sql.Identifier(owner), sql.Identifier(database)
    statements = [
        sql.SQL("revoke all on database {} from {}").format(base, user),
        sql.SQL("revoke temporary on database {} from public").format(base),
        sql.SQL("grant connect on database {} to {}").format(base, user),
    ]
    relations: dict[tuple[str, str], list[sql.Identifier]] = {}
    for schema, name, kind in connection.execute(_RELATIONS).fetchall():
        relations.setdefault((schema, kind), []).append(sql.Identifier(schema, name))
    for (name,) in connection.execute(_SCHEMAS).fetchall():
        schema, wanted = sql.Identifier(name), name in schemas
        statements.append(sql.SQL("revoke all on schema {} from {}").format(schema, user))
        if wanted:
            statements += [
                sql.SQL("revoke create on schema {} from public").format(schema),
                sql.SQL("grant usage on schema {} to {}").format(schema, user),
            ]
        for kind, privileges in _GRANTED.items():
            granted = sql.SQL(", ").join(map(sql.SQL, privileges))
            there = sql.SQL(", ").join(relations.get((name, kind), []))
            future = sql.SQL("alter default privileges for role {} in schema {} ").format(admin, schema)
            kinds = sql.SQL(kind) + sql.SQL("s")
            if relations.get((name, kind)):
                statements.append(sql.SQL("revoke all on {} {} from {}").format(sql.SQL(kind), there, user))
                if wanted:
                    statements.append(sql.SQL("grant {} on {} {} to {}").format(granted, sql.SQL(kind), there, user))
            statements.append(future + sql.SQL("revoke all on {} from {}").format(kinds, user))
            if wanted:
                statements.append(future + sql.SQL("grant {} on {} to {}").format(granted, kinds, user))
    return statements


def differences(server: Server, username: str, schemas: Sequence[str]) -> list[str]:
    """How the user's privileges differ from those wanted, in words; empty when they are exactly those."""
    found: list[str] = []
    with server.connect() as connection:
        role = catalog.role(connection, username)
        if role is None:
            return [f"user {username}: expected one, found none"]
        if not role["login"]:
            found.append(f"user {username}: expected to sign in, found that it may not")
        found += [f"user {username}: expected no {name}, found it" for name in NO_ATTRIBUTES if role[name]]
        first = first_of(username)
        if first != username and catalog.role(connection, first) is None:
            return [*found, f"user {first}: expected one, whose member {username} is, found none"]
        for privilege, wanted in (("CONNECT", True), ("CREATE", False), ("TEMPORARY", False)):
            row = connection.execute(
                "select has_database_privilege(%s, current_database(), %s)", (username, privilege)
            ).fetchall()[0]
            found += _difference(f"database {server.database}", privilege, wanted, row[0])
        for schema in schemas:
            for privilege, wanted in (("USAGE", True), ("CREATE", False)):
                row = connection.execute(
                    "select has_schema_privilege(%s, %s, %s)", (username, schema, privilege)
                ).fetchall()[0]
                found += _difference(f"schema {schema}", privilege, wanted, row[0])
        rows = connection.execute(_PRIVILEGES, {"user": username, "schemas": list(schemas)}).fetchall()
        for what, privilege, wanted, has in rows:
            found += _difference(what, privilege, wanted, has)
        defaults = connection.execute(_DEFAULTS, {"user": first, "schemas": list(schemas)}).fetchall()
        wanted_defaults = {
            (schema, kind): frozenset(privileges)
            for schema in schemas
            for kind, privileges in (("r", TABLE_PRIVILEGES), ("S", SEQUENCE_PRIVILEGES))
        }
        there = {(schema, kind): frozenset(privileges) for schema, kind, privileges in defaults}
        for (schema, kind), privileges in wanted_defaults.items():
            if there.get((schema, kind), frozenset()) != privileges:
                what = "tables" if kind == "r" else "sequences"
                has = ", ".join(sorted(there.get((schema, kind), ()))) or "none"
                found.append(
                    f"future {what} of {schema}: expected {', '.join(sorted(privileges))} for {username}, found {has}"
                )
    return found


def _difference(what: str, privilege: str, wanted: bool, has: bool) -> list[str]:
    if wanted == has:
        return []
    return [f"{what}: expected {'' if wanted else 'no '}{privilege}, found {'it' if has else 'none'}"]


_SCHEMAS = "select nspname from pg_namespace where nspname !~ '^pg_' and nspname <> 'information_schema' order by 1"

# Tables, views and sequences; those of an extension belong to whoever the extension made their owner.
_RELATIONS = """
select n.nspname, c.relname, case c.relkind when 'S' then 'sequence' else 'table' end
from pg_class c join pg_namespace n on n.oid = c.relnamespace
where c.relkind in ('r', 'p', 'v', 'm', 'f', 'S') and c.relpersistence <> 't'
  and n.nspname !~ '^pg_' and n.nspname <> 'information_schema'
  and not exists (select from pg_depend d
                  where d.classid = 'pg_class'::regclass and d.objid = c.oid and d.deptype = 'e')
order by 1, 2
"""

_PRIVILEGES = """
select format('%%s %%I.%%I', case c.relkind when 'S' then 'sequence' else 'table' end, n.nspname, c.relname), p.name,
       n.nspname = any(%(schemas)s) and p.wanted,
       case c.relkind when 'S' then has_sequence_privilege(%(user)s, c.oid, p.name)
                      else has_table_privilege(%(user)s, c.oid, p.name) end
from pg_class c join pg_namespace n on n.oid = c.relnamespace
join (values ('r', 'SELECT', true), ('r', 'INSERT', true), ('r', 'UPDATE', true), ('r', 'DELETE', true),
             ('r', 'TRUNCATE', false), ('r', 'REFERENCES', false), ('r', 'TRIGGER', false),
             ('S', 'USAGE', true), ('S', 'SELECT', true), ('S', 'UPDATE', false)) as p (kind, name, wanted)
  on p.kind = case c.relkind when 'S' then 'S' else 'r' end
where c.relkind in ('r', 'p', 'v', 'm', 'f', 'S') and c.relpersistence <> 't'
  and n.nspname !~ '^pg_' and n.nspname <> 'information_schema'
  and not exists (select from pg_depend d
                  where d.classid = 'pg_class'::regclass and d.objid = c.oid and d.deptype = 'e')
order by 1, 2
"""

_DEFAULTS = """
select n.nspname, d.defaclobjtype::text, array_agg(a.privilege_type)
from pg_default_acl d
join pg_namespace n on n.oid = d.defaclnamespace
cross join lateral aclexplode(d.defaclacl) a
join pg_roles r on r.oid = a.grantee
join pg_roles o on o.oid = d.defaclrole
where r.rolname = %(user)s and o.rolname = current_user and n.nspname = any(%(schemas)s)
group by 1, 2
"""
