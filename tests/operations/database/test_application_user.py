"""The application's user on a real server: what it may do, and what it may not."""

from __future__ import annotations

import json

import psycopg
import pytest

from tests.operations.database.conftest import ADMINISTRATOR, APPLICATION, Stack

PASSWORD = "only-for-tests-'application'"


@pytest.fixture
def schema(stack: Stack) -> Stack:
    with stack.server.connect("clinic", ADMINISTRATOR) as connection:
        connection.execute("create table codes (id serial primary key, name text)")
        connection.execute("create schema internal; create table internal.keys (id integer)")
    return stack


def application(stack: Stack) -> psycopg.Connection[tuple[object, ...]]:
    return stack.server.connect("clinic", APPLICATION, PASSWORD)


@pytest.mark.requirement("FAC-DB-08", "FAC-N13", "FAC-OPS-14", "FAC-IAM-08")
def test_the_application_reads_and_writes_rows_of_tables_there_are_and_tables_to_come(schema: Stack) -> None:
    code, shown, said = schema.phi("user", schema.name, *schema.place, "--yes", "--json")
    assert code == 0, said
    assert json.loads(shown) == {"username": APPLICATION, "changed": True, "findings": []}
    with schema.server.connect("clinic", ADMINISTRATOR) as connection:
        connection.execute("create table later (id serial primary key, name text)")
    with application(schema) as connection:
        for table in ("codes", "later"):
            connection.execute(f"insert into {table} (name) values ('one')")  # needs the sequence
            connection.execute(f"update {table} set name = 'two'")
            assert connection.execute(f"select id, name from {table}").fetchall() == [(1, "two")]
            connection.execute(f"delete from {table}")


FORBIDDEN = (
    "create table mine (id integer)", "create temporary table mine (id integer)", "truncate codes",
    "alter table codes add extra text", "drop table codes", "create schema mine", "select * from internal.keys",
    "create role other", "create database other", "select setval('codes_id_seq', 1)",
    "create table other (id integer references codes)",
)  # fmt: skip


@pytest.mark.requirement("FAC-DB-08")
def test_the_application_may_do_nothing_else(schema: Stack) -> None:
    assert schema.phi("user", schema.name, *schema.place, "--yes")[0] == 0
    with application(schema) as connection:
        for statement in FORBIDDEN:
            with pytest.raises(psycopg.errors.InsufficientPrivilege):
                connection.execute(statement)


def test_a_second_run_changes_nothing_and_a_new_password_of_the_secret_is_taken_over(schema: Stack) -> None:
    assert schema.phi("user", schema.name, *schema.place, "--yes")[0] == 0
    with schema.server.connect("postgres") as connection:
        connection.execute(f"alter role {APPLICATION} password 'another'")
    with pytest.raises(psycopg.OperationalError):
        application(schema)
    assert schema.phi("user", schema.name, *schema.place, "--yes")[0] == 0
    application(schema).close()


DRIFTS = {
    "grant truncate on codes to clinic_app": "table public.codes: expected no TRUNCATE, found it",
    "revoke delete on codes from clinic_app": "table public.codes: expected DELETE, found none",
    "revoke usage on sequence codes_id_seq from clinic_app": "codes_id_seq: expected USAGE, found none",
    "grant create on schema public to clinic_app": "schema public: expected no CREATE, found it",
    "grant temporary on database clinic to public": "database clinic: expected no TEMPORARY, found it",
    "revoke connect on database clinic from public, clinic_app": "database clinic: expected CONNECT, found none",
    "grant select on internal.keys to clinic_app": "table internal.keys: expected no SELECT, found it",
    "alter default privileges for role clinic_admin in schema public revoke insert on tables from clinic_app":
        "future tables of public: expected DELETE, INSERT, SELECT, UPDATE",
    "alter role clinic_app nologin": "user clinic_app: expected to sign in",
}  # fmt: skip


@pytest.mark.requirement("FAC-DB-08", "FAC-N13")
def test_every_other_privilege_is_found_and_put_right(schema: Stack) -> None:
    assert schema.phi("user", schema.name, *schema.place, "--yes")[0] == 0
    for change, finding in DRIFTS.items():
        assert schema.phi("user", schema.name, *schema.place, "--check")[0] == 0
        schema.server.ask("clinic", change)
        code, shown, _ = schema.phi("user", schema.name, *schema.place, "--check")
        assert code == 1
        assert finding in shown
        assert len(shown.splitlines()) == 1
        code, _, said = schema.phi("user", schema.name, *schema.place, "--yes")
        assert code == 0, said
    assert schema.phi("user", schema.name, *schema.place, "--check")[0] == 0


def test_rights_over_the_whole_server_are_refused_not_taken_away(schema: Stack) -> None:
    assert schema.phi("user", schema.name, *schema.place, "--yes")[0] == 0
    schema.server.ask("clinic", "alter role clinic_app createdb")
    code, shown, _ = schema.phi("user", schema.name, *schema.place, "--check")
    assert code == 1
    assert "user clinic_app: expected no createdb, found it" in shown
    code, _, said = schema.phi("user", schema.name, *schema.place, "--yes")
    assert code == 2
    assert "createdb" in said


def test_a_schema_that_is_not_there_is_named(schema: Stack) -> None:
    code, _, said = schema.phi("user", schema.name, *schema.place, "--schema", "clinical", "--yes")
    assert code == 2
    assert "clinical" in said
    assert schema.server.ask("postgres", f"select 1 from pg_roles where rolname = '{APPLICATION}'") == []


def test_a_stack_without_a_user_of_the_application_is_told_how_to_get_one(stack: Stack) -> None:
    outputs = json.loads(stack.outputs.read_text())
    stack.outputs.write_text(json.dumps({**outputs, "db_application_secret_arn": None}))
    code, _, said = stack.phi("user", stack.name, *stack.place, "--yes")
    assert code == 2
    assert "application_username" in said


def test_a_stack_without_a_database_is_told_so(stack: Stack) -> None:
    stack.outputs.write_text('{"region": "ca-central-1"}')
    code, _, said = stack.phi("user", stack.name, *stack.place, "--yes")
    assert code == 2
    assert "db_address" in said


@pytest.mark.requirement("FAC-DB-09", "FAC-N15")
def test_a_server_with_another_certificate_is_not_spoken_to(stack: Stack, old_server: object) -> None:
    place = [str(old_server.certificate) if each == str(stack.server.certificate) else each for each in stack.place]  # type: ignore[attr-defined]
    code, _, said = stack.phi("user", stack.name, *place, "--yes")
    assert code == 3
    assert "certificate verify failed" in said
