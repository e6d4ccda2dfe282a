"""A database moved between two real servers: interrupted, gone on with, compared, undone."""

from __future__ import annotations

import json
import signal
import time
from collections.abc import Callable

import pytest

from operations.database.connection import Server
from operations.database.migration import State
from tests.operations.database.conftest import ADMINISTRATOR, APPLICATION, Postgres, Stack

Make = Callable[[str], str]
FromOld = Callable[[str], list[str]]

CODES = 6_740
VISITS = 300_000
ODD = '"Odd ""name"" of a table"'

SEES_EVERY_ROW = "do $$ begin execute format('alter role %I bypassrls', current_database()); end $$;"

# The shape of FacNet's database: codes, contexts and establishments, and many rows that hang on them.
VALIDATOR = f"""
create extension pg_trgm;
create type severity as enum ('info', 'error');
create table contexts (id serial primary key, name text not null unique);
create table establishments (id integer generated always as identity primary key, name text not null, opened date);
create table codes (code text primary key, description text, context_id integer references contexts, fee numeric(8, 2),
                    weight double precision, severity severity default 'info', changed timestamptz);
create table visits (id bigserial, code text not null references codes, establishment_id integer not null,
                     seen timestamptz not null, note text, raw bytea, tags text[], detail jsonb)
    partition by range (id);
create table visits_low partition of visits for values from (minvalue) to (100000);
create table visits_high partition of visits for values from (100000) to (maxvalue);
create index codes_description on codes using gin (description gin_trgm_ops);
create index visits_code on visits (code, seen);
create table {ODD} ("Mixed Case" text, empty text);
create table nothing (id integer);
create view recent as select code, count(*) from visits group by code;
create materialized view by_context as select context_id, count(*) from codes group by 1;
create function touch() returns trigger language plpgsql as 'begin new.changed = now(); return new; end';
create trigger codes_touch before update on codes for each row execute function touch();
alter table codes enable row level security;
create policy everyone on codes using (true);
comment on table codes is 'What may be billed';
insert into contexts (name) select 'context ' || n from generate_series(1, 14) n;
insert into establishments (name, opened) select 'établissement ' || n, date '2001-02-03' + n
    from generate_series(1, 120) n;
insert into codes select lpad(n::text, 5, '0'), 'act ' || n, 1 + n % 14, n / 7.0, n / 7.0::float8, 'error',
    timestamptz '2026-03-08 01:30:00-05' + n * interval '1 hour' from generate_series(1, {CODES}) n;
insert into visits (code, establishment_id, seen, note, raw, tags, detail)
    select lpad((1 + n % {CODES})::text, 5, '0'), 1 + n % 120, timestamptz '2026-01-01' + n * interval '1 minute',
           case n % 3 when 0 then null else 'line' || chr(10) || 'two\\' || n end, decode(md5(n::text), 'hex'),
           array['a', null, 'b"c'], jsonb_build_object('n', n)
    from generate_series(1, {VISITS}) n;
insert into {ODD} values ('a', ''), ('b', null);
select setval('contexts_id_seq', 400);
select lo_from_bytea(4711, 'a large object');
do $$ begin execute format('grant select on large object 4711 to %I', current_database()); end $$;
{SEES_EVERY_ROW}
"""

SMALL = """
create table codes (id serial primary key, name text unique);
create table notes (id serial primary key, code_id integer references codes, body text);
create index notes_body on notes (body);
insert into codes (name) select 'code ' || n from generate_series(1, 50) n;
insert into notes (code_id, body) select n, 'note ' || n from generate_series(1, 50) n;
"""


def everything(server: Postgres, database: str) -> dict[str, tuple[object, ...]]:
    """How many rows each table has, and one hash of all of them in order."""
    names = server.ask(
        database,
        "select format('%I.%I', nspname, relname) from pg_class c join pg_namespace n on n.oid = relnamespace "
        "where relkind = 'r' and nspname not in ('pg_catalog', 'information_schema') order by 1",
    )
    rows = "select count(*), md5(string_agg(t::text, '|' order by t::text)) from only"
    return {name: server.ask(database, f"{rows} {name} t")[0] for (name,) in names}


@pytest.mark.requirement("FAC-OPS-11", "FAC-OPS-12", "FAC-OPS-13", "FAC-OPS-14", "LWO-OPS-09")
def test_a_migration_killed_half_way_goes_on_is_verified_and_can_be_undone(
    stack: Stack, old_server: Postgres, old_database: Make, from_old: FromOld
) -> None:
    name = old_database(VALIDATOR)
    stack.server.ask("clinic", "create table of_before as select 1 as n")
    before = old_server.ask("postgres", f"select pg_database_size('{name}')")
    command = [
        "migrate", stack.name, *from_old(name), *stack.arguments, "--expect", f"codes={CODES}", "--yes", "--json",
    ]  # fmt: skip

    first = stack.start(*command)
    while not (stack.state.exists() and len(json.loads(stack.state.read_text()).get("tables", {})) >= 3):
        assert first.poll() is None, first.communicate()
        time.sleep(0.005)
    first.send_signal(signal.SIGKILL)
    first.communicate()
    half = json.loads(stack.state.read_text())
    assert "data" not in half["steps"]
    assert len(half["tables"]) < 7
    assert stack.server.ask("clinic", "select n from of_before") == [(1,)], "the stack's database is untouched"

    code, shown, said = stack.phi(*command)
    assert code == 0, said + shown
    report = json.loads(shown)
    assert report["complete"]
    assert report["findings"] == []
    tables = {each["table"]: each for each in report["tables"]}
    assert tables["public.codes"]["target"]["rows"] == CODES
    assert tables["public.visits_low"]["target"]["rows"] + tables["public.visits_high"]["target"]["rows"] == VISITS
    assert all(each["same"] for each in tables.values())
    assert len(tables) == 7
    # those that were done are not moved again
    steps = json.loads(stack.state.read_text())["tables"]
    assert {name: steps[name] for name in half["tables"]} == half["tables"]

    assert everything(stack.server, "clinic") == everything(old_server, name)
    assert stack.server.ask("clinic", "select last_value, is_called from contexts_id_seq") == [(400, True)]
    assert stack.server.ask("clinic", "select convert_from(lo_get(oid), 'UTF8') from pg_largeobject_metadata") == [
        ("a large object",)
    ]
    assert stack.server.ask("clinic", "select obj_description('codes'::regclass)") == [("What may be billed",)]
    owners = stack.server.ask("clinic", "select distinct tableowner from pg_tables where schemaname = 'public'")
    assert owners == [(ADMINISTRATOR,)], "nothing of the old server's ownership is left"
    assert old_server.ask("postgres", f"select pg_database_size('{name}')") == before, "the old server is only read"
    assert not list(stack.state.parent.glob("*.dump")), "no dump of patient records is left behind"

    code, shown, _ = stack.phi("rollback", stack.name, *stack.place, "--yes")
    assert code == 0
    assert "before the migration" in shown
    assert stack.server.ask("clinic", "select n from of_before") == [(1,)]
    assert stack.server.ask("postgres", "select datname from pg_database where datname like 'clinic%'") == [("clinic",)]
    assert stack.server.ask("postgres", f"select 1 from pg_roles where rolname = '{APPLICATION}'") == []
    assert not stack.state.exists()


@pytest.mark.parametrize("step", ["dump", "create", "schema", "data", "indexes", "compare", "user", "swap"])
def test_a_run_that_ends_just_before_a_step_is_noted_is_gone_on_with(
    step: str, stack: Stack, old_server: Postgres, old_database: Make, from_old: FromOld
) -> None:
    name = old_database(SMALL)
    command = ["migrate", stack.name, *from_old(name), *stack.arguments, "--yes", "--json"]
    dying(stack, command, step)
    code, shown, said = stack.phi(*command)
    assert code == 0, said + shown
    assert json.loads(shown)["complete"]
    assert everything(stack.server, "clinic") == everything(old_server, name)
    databases = stack.server.ask("postgres", "select datname from pg_database where datname like 'clinic%' order by 1")
    assert databases == [("clinic",), ("clinic_before",)]


class Died(BaseException):
    """What happens to a process that is killed: nothing of it runs any more."""


def dying(stack: Stack, command: list[str], step: str) -> None:
    """Run the command until just before a step would be noted as done."""
    mark = State.mark

    def dies(state: State, name: str, seconds: float) -> None:
        if name == step:
            raise Died
        mark(state, name, seconds)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(State, "mark", dies)
        with pytest.raises(Died):
            stack.phi(*command)
    assert step not in json.loads(stack.state.read_text())["steps"]


@pytest.mark.requirement("FAC-OPS-13")
def test_another_number_of_rows_than_expected_stops_before_anything_is_changed(
    stack: Stack, old_database: Make, from_old: FromOld
) -> None:
    name = old_database(SMALL)
    code, shown, _ = stack.phi(
        "migrate", stack.name, *from_old(name), *stack.arguments, "--expect", "codes=6740", "--expect", "gone=1",
        "--yes",
    )  # fmt: skip
    assert code == 1
    assert "codes: expected 6,740 rows, found 50" in shown
    assert "gone: expected 1 rows, found no such table" in shown
    assert not stack.state.exists()
    assert stack.server.ask("postgres", "select datname from pg_database where datname like 'clinic%'") == [("clinic",)]


def test_a_dry_run_changes_nothing(stack: Stack, old_database: Make, from_old: FromOld) -> None:
    name = old_database(SMALL)
    code, shown, said = stack.phi("migrate", stack.name, *from_old(name), *stack.arguments, "--dry-run", "--json")
    assert code == 0, said
    plan = json.loads(shown)["plan"]
    assert [table["name"] for table in plan["tables"]] == ["codes", "notes"]
    assert plan["findings"] == []
    assert not stack.state.parent.exists()
    assert stack.server.ask("postgres", "select datname from pg_database where datname like 'clinic%'") == [("clinic",)]


def test_nothing_is_moved_when_nobody_is_there_to_agree(stack: Stack, old_database: Make, from_old: FromOld) -> None:
    name = old_database(SMALL)
    code, _, said = stack.phi("migrate", stack.name, *from_old(name), *stack.arguments)
    assert code == 2
    assert "--yes" in said
    assert not stack.state.exists()


SUPABASE = f"""
create schema auth;
create schema storage;
create table auth.users (id integer primary key);
create table storage.objects (id integer primary key);
create function auth.uid() returns integer language sql as 'select 1';
create table patients (id integer primary key, user_id integer, constraint of_user foreign key (user_id)
                       references auth.users (id));
create table notes (id integer primary key);
alter table patients enable row level security;
create policy own on patients using (user_id = auth.uid());
comment on policy own on patients is 'their own only';
create policy anyone on patients for select using (true);
create function on_ddl() returns event_trigger language plpgsql as 'begin end';
create event trigger watch on ddl_command_end execute function on_ddl();
insert into auth.users values (1);
insert into patients values (1, 1);
{SEES_EVERY_ROW}
"""


@pytest.mark.requirement("MSP-OPS-07")
def test_a_database_leaves_supabases_own_schemas_behind(
    stack: Stack, old_server: Postgres, old_database: Make, from_old: FromOld
) -> None:
    name = old_database(SUPABASE)
    excluded = ["--exclude-schema", "auth", "--exclude-schema", "storage"]
    command = ["migrate", stack.name, *from_old(name), *stack.arguments, *excluded]
    code, shown, said = stack.phi(*command, "--dry-run")
    assert code == 1, said
    assert "of_user" in shown
    assert "--skip-dependents" in shown
    assert "event trigger watch is not moved" in shown
    code, shown, said = stack.phi(*command, "--skip-dependents", "--yes", "--json")
    assert code == 0, said + shown
    report = json.loads(shown)
    assert sorted(text.split()[0] for text in report["left_out"]) == ["constraint", "policy"]
    assert [each["table"] for each in report["tables"]] == ["public.notes", "public.patients"]
    schemas = stack.server.ask("clinic", "select nspname from pg_namespace where nspname in ('auth', 'storage')")
    assert schemas == []
    assert stack.server.ask("clinic", "select polname from pg_policy") == [("anyone",)]
    assert stack.server.ask("clinic", "select id, user_id from patients") == [(1, 1)]


def test_what_needs_an_excluded_schema_and_cannot_be_left_out_stops_the_migration(
    stack: Stack, old_database: Make, from_old: FromOld
) -> None:
    name = old_database("create schema auth; create table auth.users (id int); "
                        "create view who as select id from auth.users")  # fmt: skip
    code, shown, _ = stack.phi(
        "migrate", stack.name, *from_old(name), *stack.arguments, "--exclude-schema", "auth", "--skip-dependents",
        "--yes",
    )  # fmt: skip
    assert code == 1
    assert "view who" in shown
    assert not stack.state.exists()


def test_rows_that_the_reader_may_not_see_are_a_finding(stack: Stack, old_database: Make, from_old: FromOld) -> None:
    name = old_database("create table hidden (id int); alter table hidden enable row level security;")
    code, shown, _ = stack.phi("migrate", stack.name, *from_old(name), *stack.arguments, "--dry-run")
    assert code == 1
    assert "public.hidden: expected every row" in shown


def test_a_row_changed_on_the_way_is_found_and_the_stack_keeps_its_database(
    stack: Stack, old_database: Make, from_old: FromOld
) -> None:
    name = old_database(SMALL)
    command = ["migrate", stack.name, *from_old(name), *stack.arguments, "--yes", "--json"]
    dying(stack, command, "indexes")
    # behind our back: a row less than was moved, and another text in a table that is not noted yet
    stack.server.ask("clinic_incoming", "delete from notes where id = 7 returning id")
    code, shown, _ = stack.phi(*command)
    assert code == 1
    findings = json.loads(shown)["findings"]
    assert findings == ["public.notes: expected 50 rows, found 49"]
    databases = stack.server.ask("postgres", "select datname from pg_database where datname like 'clinic%' order by 1")
    assert databases == [("clinic",), ("clinic_incoming",)]
    code, _, _ = stack.phi("rollback", stack.name, *stack.place, "--yes")
    assert code == 0
    assert stack.server.ask("postgres", "select datname from pg_database where datname like 'clinic%'") == [("clinic",)]


def test_other_options_than_the_migration_began_with_are_refused(
    stack: Stack, old_database: Make, from_old: FromOld
) -> None:
    name = old_database(SMALL)
    command = ["migrate", stack.name, *from_old(name), *stack.arguments, "--yes"]
    dying(stack, command, "schema")
    code, _, said = stack.phi(*command, "--skip-dependents")
    assert code == 2
    assert "another options" in said


def test_a_migration_goes_on_through_a_tunnel_that_opens_at_another_port() -> None:
    server = Server(parameters={"host": "db.example.org", "port": "5432", "dbname": "clinic", "user": "admin"})
    assert server.through("127.0.0.1", 1).identity == server.through("127.0.0.1", 2).identity == server.identity
    assert server.at("other").identity != server.identity


def test_a_schema_that_is_not_moved_is_a_finding(stack: Stack, old_database: Make, from_old: FromOld) -> None:
    name = old_database(SMALL)
    code, shown, _ = stack.phi(
        "migrate", stack.name, *from_old(name), *stack.arguments, "--schema", "clinical", "--exclude-schema", "auth",
        "--dry-run",
    )  # fmt: skip
    assert code == 1
    assert "--schema clinical: expected among those that are moved" in shown
    assert "--exclude-schema auth: expected on the old server" in shown


def test_an_archive_that_was_changed_is_not_restored(stack: Stack, old_database: Make, from_old: FromOld) -> None:
    name = old_database(SMALL)
    command = ["migrate", stack.name, *from_old(name), *stack.arguments, "--yes"]
    dying(stack, command, "create")
    (dump,) = stack.state.parent.glob("*.dump")
    assert dump.stat().st_mode & 0o777 == 0o600
    assert stack.state.parent.stat().st_mode & 0o777 == 0o700
    dump.write_bytes(dump.read_bytes() + b"more")
    code, _, said = stack.phi(*command)
    assert code == 3
    assert "missing or changed" in said


def test_a_second_migration_waits_until_the_first_is_let_go_of(
    stack: Stack, old_database: Make, from_old: FromOld
) -> None:
    name = old_database(SMALL)
    command = ["migrate", stack.name, *from_old(name), *stack.arguments, "--yes"]
    assert stack.phi(*command)[0] == 0
    assert "Migrated already" in stack.phi(*command)[2]
    stack.state.rename(stack.state.with_suffix(".kept"))
    code, shown, _ = stack.phi(*command)
    assert code == 1
    assert "clinic_before" in shown
    stack.state.with_suffix(".kept").rename(stack.state)
    assert stack.phi("finish", stack.name, *stack.place, "--yes")[0] == 0
    assert stack.server.ask("postgres", "select datname from pg_database where datname like 'clinic%'") == [("clinic",)]
    assert stack.phi(*command)[0] == 0


def test_no_password_reaches_a_server_log_or_a_command_line(
    stack: Stack, old_server: Postgres, old_database: Make, from_old: FromOld
) -> None:
    name = old_database(SMALL)
    given = f"host=127.0.0.1 dbname={name} user={name} password=typed-here"
    code, _, said = stack.phi("migrate", stack.name, "--from", given, *stack.arguments, "--yes")
    assert code == 2
    assert "command line" in said
    assert "typed-here" not in said
    assert stack.phi("migrate", stack.name, *from_old(name), *stack.arguments, "--yes")[0] == 0
    log = stack.server.log.read_text()
    assert "create role" in log
    assert "only-for-tests-" not in log
