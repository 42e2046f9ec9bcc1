// The other pools: generic-pool, knex, pg-promise, postgres.js.
const { db, knex, sql, workers } = require('./db')

async function pingWorker() {
  const worker = await workers.acquire()
  try {
    return await worker.query('SELECT 1')
  } finally {
    workers.release(worker)
  }
}

async function askWorker() {
  const worker = await workers.acquire()
  const { rows } = await worker.query('SELECT 1 AS one')
  await workers.release(worker)
  return rows
}

async function dropWorker() {
  const worker = await workers.acquire()
  try {
    await worker.query('SELECT 1')
    await workers.release(worker)
  } catch (error) {
    await workers.destroy(worker)
    throw error
  }
}

async function useWorker() {
  return workers.use(async (worker) => {
    const { rows } = await worker.query('SELECT 1 AS one')
    return rows
  })
}

async function pingTask() {
  const connection = await db.connect()
  try {
    return await connection.one('SELECT 1 AS one')
  } finally {
    connection.done()
  }
}

async function pingConnection() {
  const connection = await db.connect()
  const row = await connection.one('SELECT 1 AS one')
  connection.done()
  return row
}

async function sharedTask() {
  return db.task((task) => task.one('SELECT count(*) FROM users'))
}

async function reservedCount() {
  const reserved = await sql.reserve()
  try {
    const rows = await reserved`SELECT count(*) FROM users`
    return rows[0]
  } finally {
    reserved.release()
  }
}

async function reservedTotal() {
  const reserved = await sql.reserve()
  const rows = await reserved`SELECT sum(total) FROM orders`
  reserved.release()
  return rows[0]
}

async function sharedCount() {
  return sql.begin(async (tx) => {
    const rows = await tx`SELECT count(*) FROM orders`
    return rows[0]
  })
}

async function rawPing() {
  const connection = await knex.client.acquireConnection()
  try {
    return await knex.raw('SELECT 1').connection(connection)
  } finally {
    await knex.client.releaseConnection(connection)
  }
}

async function rawCount() {
  const connection = await knex.client.acquireConnection()
  const count = await knex('users').count().connection(connection)
  await knex.client.releaseConnection(connection)
  return count
}

async function scopedCount() {
  return knex.transaction(async (trx) => trx('users').count())
}

async function reservedFirst() {
  const reserved = await sql.reserve()
  try {
    const rows = await reserved`SELECT * FROM jobs WHERE status = 'none'`
    if (rows.length === 0) return null
    reserved.release()
    return rows[0]
  } catch (error) {
    reserved.release()
    throw error
  }
}

async function firstFreeWorker(rounds) {
  for (let round = 0; round < rounds; round += 1) {
    const worker = await workers.acquire()
    try {
      const { rows } = await worker.query('SELECT 1 AS free')
      if (rows[0].free === 1) return round
    } catch (error) {
      console.warn('worker failed', error)
    }
    workers.release(worker)
  }
  return null
}

async function transferBetweenConnections() {
  const [source, target] = [await db.connect(), await db.connect()]
  try {
    const { total } = await source.one('SELECT sum(total) AS total FROM orders')
    await target.none('INSERT INTO audit_log VALUES ($1)', [String(total)])
  } finally {
    source.done()
    target.done()
  }
}

module.exports = {
  pingWorker,
  askWorker,
  dropWorker,
  useWorker,
  pingTask,
  pingConnection,
  sharedTask,
  reservedCount,
  reservedTotal,
  sharedCount,
  rawPing,
  rawCount,
  scopedCount,
  reservedFirst,
  firstFreeWorker,
  transferBetweenConnections,
}
