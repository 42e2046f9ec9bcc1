// Helpers around clients and transactions.

/** Runs `work` in a transaction. */
async function withTransaction(pool, work) {
  const client = await pool.connect()
  try {
    await client.query('BEGIN')
    const result = await work(client)
    await client.query('COMMIT')
    return result
  } catch (error) {
    await client.query('ROLLBACK')
    throw error
  } finally {
    client.release()
  }
}

/** Runs `work` with a client. */
async function withClient(pool, work) {
  const client = await pool.connect()
  try {
    return await work(client)
  } finally {
    client.release()
  }
}

/** Commits, then runs what had to wait for that. */
class UnitOfWork {
  callbacks = []

  constructor(pool) {
    this.pool = pool
  }

  afterCommit(callback) {
    this.callbacks.push(callback)
  }

  async run(work) {
    await withTransaction(this.pool, (client) => work(client, this))
    for (const callback of this.callbacks) await callback()
  }
}

async function begin(client) {
  await client.query('BEGIN')
}

async function commit(client) {
  await client.query('COMMIT')
}

async function rollback(client) {
  await client.query('ROLLBACK')
}

module.exports = { withTransaction, withClient, UnitOfWork, begin, commit, rollback }
