import pytest

from services.api.migrate import Migration, MigrationRefused, pending_migrations, read_migrations

A, B = Migration("0001_a.sql", "select 1"), Migration("0002_b.sql", "select 2")


def test_only_what_is_missing_is_pending():
    assert pending_migrations([A, B], {}) == [A, B]
    assert pending_migrations([A, B], {A.name: A.sha256}) == [B]


def test_edited_migration_is_refused_by_name():
    with pytest.raises(MigrationRefused, match=r"0001_a\.sql was changed"):
        pending_migrations([A, B], {A.name: B.sha256})


def test_newer_database_is_refused():
    with pytest.raises(MigrationRefused, match="newer than this code"):
        pending_migrations([A], {A.name: A.sha256, B.name: B.sha256})


def test_migrations_of_the_code_are_numbered_without_holes():
    numbers = [int(migration.name[:4]) for migration in read_migrations()]

    assert numbers == list(range(1, len(numbers) + 1))
