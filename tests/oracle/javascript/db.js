// Pools, one of each kind; made once, at load.
const { Pool, Client } = require('pg')
const pgPromise = require('pg-promise')
const postgres = require('postgres')
const createKnex = require('knex')
const genericPool = require('generic-pool')

const pool = new Pool({ max: 4, connectionTimeoutMillis: 500 })

const db = pgPromise()({ max: 4, connectionTimeoutMillis: 500 })

const sql = postgres({ max: 4, onnotice: () => {} })

const knex = createKnex({ client: 'pg', connection: {}, pool: { min: 0, max: 4, acquireTimeoutMillis: 500 } })

const workers = genericPool.createPool(
  {
    async create() {
      const client = new Client()
      await client.connect()
      return client
    },
    destroy: (client) => client.end(),
  },
  { max: 4, acquireTimeoutMillis: 500 },
)

module.exports = { pool, db, sql, knex, workers }
