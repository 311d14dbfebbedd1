import asyncio
import os
import re
import sys

import asyncpg

from services.api.migrate import MigrationRefused, migrate, read_migrations


async def run(module: str, *arguments: str, dsn: str) -> tuple[int, str, str]:
    environment = {"PATH": os.environ["PATH"], "EVERFRAME_API_PG_DSN": dsn}
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        f"services.api.{module}",
        *arguments,
        env=environment,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    out, err = await asyncio.wait_for(process.communicate(), 60)
    assert process.returncode is not None
    return process.returncode, out.decode(), err.decode()


async def test_commands_set_up_a_database_and_print_the_first_password_once(database: str):
    too_early = await run("users", "ensure", dsn=database)
    first = await run("migrate", dsn=database)
    second = await run("migrate", dsn=database)
    password = await run("users", "ensure", dsn=database)
    again = await run("users", "ensure", dsn=database)
    listed = await run("users", "list", dsn=database)
    reset = await run("users", "reset", "Admin", dsn=database)
    nobody = await run("users", "reset", "nobody", dsn=database)

    assert too_early[0] == 1
    assert "migrate" in too_early[2]
    names = [migration.name for migration in read_migrations()]
    assert first[:2] == (0, "".join(f"applied {name}\n" for name in names))
    assert second[:2] == (0, "nothing to apply\n")
    shown = re.compile(r"([a-z2-9]{5}-){4}[a-z2-9]{5}\n")
    assert password[0] == reset[0] == 0
    assert shown.fullmatch(password[1])
    assert shown.fullmatch(reset[1])
    assert password[1] != reset[1]
    assert again == (0, "", "")
    assert listed[1] == "admin\tadmin\tenabled\tlast signed in never\n"
    assert nobody[0] == 1
    assert len(nobody[2].splitlines()) == 1


async def test_commands_make_list_and_end_keys(database: str):
    await migrate(database)

    key = await run("keys", "create", "--name", "all", dsn=database)
    scoped = await run(
        *("keys", "create", "--name", "some", "--camera", "yard"),
        *("--permission", "live:watch", "--permission", "footage:read"),
        dsn=database,
    )
    wrong = await run("keys", "create", "--name", "x", "--permission", "fly", dsn=database)
    twice = await run("keys", "create", "--name", "all", dsn=database)
    replaced = await run("keys", "create", "--name", "all", "--replace", dsn=database)
    listed = await run("keys", "list", dsn=database)
    revoked = await run("keys", "revoke", "some", dsn=database)
    gone = await run("keys", "revoke", "some", dsn=database)

    for made in (key, scoped, replaced):
        assert re.fullmatch(r"evf_[A-Za-z0-9_-]{43}\n", made[1])
        assert made[1].strip() not in listed[1]
    assert wrong[0] == 2
    assert twice[0] == 1
    assert "all" in twice[2]
    rows = [line.split("\t") for line in listed[1].splitlines()]
    assert [(row[0], row[2]) for row in rows] == [
        ("all", "revoked"),
        ("some", "valid"),
        ("all", "valid"),
    ]
    assert rows[1][4] == "live:watch,footage:read"
    assert rows[2][4].count(":") == 7
    assert (revoked[0], gone[0]) == (0, 1)


async def test_keys_of_the_command_line_are_in_the_audit_log(database: str):
    # Users that commands made were written down, keys were not.
    await migrate(database)
    await run("keys", "create", "--name", "all", dsn=database)
    key = await run("keys", "create", "--name", "all", "--replace", dsn=database)
    await run("keys", "revoke", "all", dsn=database)

    connection = await asyncpg.connect(database)
    try:
        rows = await connection.fetch("select * from audit_log order by entry_id")
    finally:
        await connection.close()

    assert [row["action"] for row in rows] == [
        "key.created",
        "key.revoked",
        "key.created",
        "key.revoked",
    ]
    assert {(row["kind"], row["actor"]) for row in rows} == {("system", "command line")}
    assert rows[2]["subject"] == rows[3]["subject"] == key[1][:10]
    assert key[1].strip() not in str(rows)


async def test_command_without_a_database_fails_in_one_line():
    code, _, err = await run("keys", "list", dsn="postgresql://nobody@127.0.0.1:1/none")

    assert code == 1
    assert len(err.splitlines()) == 1


async def test_many_processes_migrating_at_once_apply_each_file_once(database: str):
    results = await asyncio.gather(*(migrate(database) for _ in range(6)))

    assert sorted(map(len, results)) == [0] * 5 + [len(read_migrations())]


async def test_newer_database_is_left_alone(database: str):
    await migrate(database)

    try:
        await migrate(database, [])
    except MigrationRefused as error:
        refusal = str(error)
    assert "newer than this code" in refusal
