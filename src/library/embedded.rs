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
    "generic-pool",
    "knex",
    "mariadb",
    "mongodb",
    "mysql",
    "mysql2",
    "node-postgres",
    "nodejs",
    "objection",
    "psycopg",
    "psycopg-pool",
    "psycopg2",
    "python",
    "sequelize",
    "sequelize-core",
    "sqlalchemy",
    "sqlmodel",
    "threading",
    "typeorm",
];
