//! The library files that ship with the program, one line each.

macro_rules! files {
    ($($name:literal),* $(,)?) => {
        &[$((
            concat!("rules/libraries/", $name, ".toml"),
            include_str!(concat!("../../rules/libraries/", $name, ".toml")),
        )),*]
    };
}

/// Name and text of every embedded library file.
pub(super) const FILES: &[(&str, &str)] = files![
    "asyncio",
    "asyncpg",
    "contextlib",
    "ecmascript",
    "functools",
    "node-postgres",
    "psycopg",
    "psycopg-pool",
    "psycopg2",
    "python",
    "sqlalchemy",
    "sqlmodel",
    "threading",
];
