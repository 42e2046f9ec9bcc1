// Pools and ORMs, one of each kind; made once, at load.
const { Pool } = require('pg')
const pgPromise = require('pg-promise')
const postgres = require('postgres')
const createKnex = require('knex')
const { DataTypes, Sequelize } = require('sequelize')
const { Kysely, PostgresDialect } = require('kysely')
const { drizzle } = require('drizzle-orm/node-postgres')
const { DataSource, EntitySchema } = require('typeorm')

const max = Number(process.env.POOL_SIZE ?? 4)
const host = process.env.PGHOST
const connectionTimeoutMillis = 700

const pool = new Pool({ max, connectionTimeoutMillis })
const reportPool = new Pool({ max, connectionTimeoutMillis })

const db = pgPromise()({ max, connectionTimeoutMillis })

const sql = postgres({ max, onnotice: () => {} })

const knex = createKnex({ client: 'pg', connection: {}, pool: { min: 0, max, acquireTimeoutMillis: connectionTimeoutMillis } })

const sequelize = new Sequelize('postgres', 'postgres', '', {
  dialect: 'postgres',
  host,
  logging: false,
  pool: { max, acquire: connectionTimeoutMillis },
})
const plain = { timestamps: false }
const User = sequelize.define('users', { name: DataTypes.TEXT, email: DataTypes.TEXT, active: DataTypes.INTEGER }, plain)
const Order = sequelize.define('orders', { user_id: DataTypes.INTEGER, total: DataTypes.INTEGER, status: DataTypes.TEXT }, plain)

const builderPool = new Pool({ max, connectionTimeoutMillis })
const kysely = new Kysely({ dialect: new PostgresDialect({ pool: builderPool }) })
const orm = drizzle(builderPool)

const Job = new EntitySchema({
  name: 'jobs',
  columns: { id: { type: 'int', primary: true }, status: { type: 'text' }, payload: { type: 'text' } },
})
const dataSource = new DataSource({
  type: 'postgres',
  host,
  username: 'postgres',
  database: 'postgres',
  poolSize: max,
  extra: { connectionTimeoutMillis },
  entities: [Job],
})

module.exports = { pool, reportPool, db, sql, knex, sequelize, User, Order, builderPool, kysely, orm, Job, dataSource }
