"""Databases as earlier versions left them, as the statements that make them: NUMBER.sql is one of that schema.

Before a release with a new migration, the database of the schema before it is added:

    python -m tests.store.earlier > tests/store/earlier/NUMBER.sql
"""
