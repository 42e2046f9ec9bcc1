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
    "ali-rds",
    "asyncio",
    "asyncpg",
    "better-sqlite3",
    "commander",
    "contextlib",
    "drizzle",
    "ecmascript",
    "express",
    "fastify",
    "fastify-postgres",
    "functools",
    "generic-pool",
    "hono",
    "knex",
    "koa",
    "kysely",
    "lodash",
    "mikro-orm",
    "mongodb",
    "mongoose",
    "mssql",
    "mysql",
    "mysql2",
    "neo4j-driver",
    "neon",
    "nestjs",
    "node-mariadb",
    "node-oracledb",
    "node-postgres",
    "node-redis",
    "node-schedulers",
    "nodejs",
    "objection",
    "p-retry",
    "pg-promise",
    "postgres-js",
    "prisma",
    "psycopg",
    "psycopg-pool",
    "psycopg2",
    "python",
    "sequelize",
    "sequelize-core",
    "slonik",
    "sqlalchemy",
    "sqlmodel",
    "threading",
    "typeorm",
    "vercel-postgres",
];
