// Writes in a transaction.
const { pool } = require('./db')
const { audit, beginClient, commitAndRelease, rollbackAndRelease } = require('./lib/clients')

async function payOrder(id) {
  const client = await pool.connect()
  try {
    await client.query('BEGIN')
    await client.query("UPDATE orders SET status = 'paid' WHERE id = $1", [id])
    await client.query('COMMIT')
  } catch (error) {
    await client.query('ROLLBACK')
    throw error
  } finally {
    client.release()
  }
}

async function cancelOrder(id) {
  const client = await pool.connect()
  try {
    await client.query('BEGIN')
    await client.query("UPDATE orders SET status = 'cancelled' WHERE id = $1", [id])
    await client.query('COMMIT')
    client.release()
  } catch (error) {
    await client.query('ROLLBACK')
    client.release()
    throw error
  }
}

async function archiveOrder(id) {
  const client = await pool.connect()
  await client.query('BEGIN')
  try {
    await client.query("UPDATE orders SET status = 'archived' WHERE id = $1", [id])
    await client.query('COMMIT')
  } catch (error) {
    await client.query('ROLLBACK')
    throw error
  } finally {
    client.release()
  }
}

async function previewOrder(id) {
  const client = await pool.connect()
  try {
    await client.query('BEGIN')
    return await client.query("UPDATE orders SET status = 'preview' WHERE id = $1 RETURNING *", [id])
  } finally {
    await client.query('ROLLBACK')
    client.release()
  }
}

async function previewUser(id) {
  const client = await pool.connect()
  try {
    await client.query('BEGIN')
    return await client.query('UPDATE users SET active = 0 WHERE id = $1 RETURNING *', [id])
  } finally {
    try {
      await client.query('ROLLBACK')
    } finally {
      client.release()
    }
  }
}

async function previewJob(id) {
  const client = await pool.connect()
  try {
    await client.query('BEGIN')
    return await client.query("UPDATE jobs SET status = 'preview' WHERE id = $1 RETURNING *", [id])
  } finally {
    await client.query('ROLLBACK').catch(() => {})
    client.release()
  }
}

async function reopenOrder(id) {
  const client = await pool.connect()
  let broken
  try {
    await client.query('BEGIN')
    await client.query("UPDATE orders SET status = 'pending' WHERE id = $1", [id])
    await client.query('COMMIT')
  } catch (error) {
    try {
      await client.query('ROLLBACK')
    } catch (rollbackError) {
      broken = rollbackError
    }
    throw error
  } finally {
    client.release(broken)
  }
}

async function refundOrder(id) {
  const client = await pool.connect()
  try {
    await client.query('BEGIN')
    const { rowCount } = await client.query("UPDATE orders SET status = 'refunded' WHERE id = $1", [id])
    if (rowCount === 0) {
      await client.query('ROLLBACK')
      return false
    }
    await client.query('COMMIT')
    client.release()
    return true
  } catch (error) {
    client.release(error)
    throw error
  }
}

async function settleOrder(id) {
  const client = await pool.connect()
  try {
    await client.query('BEGIN')
    const { rowCount } = await client.query("UPDATE orders SET status = 'settled' WHERE id = $1", [id])
    if (rowCount === 0) {
      await client.query('ROLLBACK')
      return false
    }
    await client.query('COMMIT')
    return true
  } catch (error) {
    await client.query('ROLLBACK').catch((rollbackError) => console.error(rollbackError))
    throw error
  } finally {
    client.release()
  }
}

async function startJob(id) {
  const client = await beginClient()
  try {
    await client.query("UPDATE jobs SET status = 'running' WHERE id = $1", [id])
  } catch (error) {
    await rollbackAndRelease(client)
    throw error
  }
  await commitAndRelease(client)
}

async function stopJob(id) {
  const client = await beginClient()
  try {
    await client.query("UPDATE jobs SET status = 'stopped' WHERE id = $1", [id])
    await client.query('COMMIT')
  } catch (error) {
    await rollbackAndRelease(client)
    throw error
  }
  client.release()
}

async function restartJob(id) {
  const client = await beginClient()
  await audit(client, `restart ${id}`)
  try {
    await client.query("UPDATE jobs SET status = 'queued' WHERE id = $1", [id])
    await client.query('COMMIT')
  } finally {
    client.release()
  }
}

async function pauseJob(id) {
  const client = await beginClient()
  try {
    await audit(client, `pause ${id}`)
    await client.query("UPDATE jobs SET status = 'paused' WHERE id = $1", [id])
    await client.query('COMMIT')
  } finally {
    client.release()
  }
}

async function dropJob(id) {
  const client = await beginClient()
  let committed = false
  try {
    await client.query("DELETE FROM jobs WHERE id = $1 AND status = 'none'", [id])
    await client.query('COMMIT')
    committed = true
  } finally {
    if (!committed) await rollbackAndRelease(client)
  }
}

async function renameUser(id, name) {
  const client = await beginClient()
  let committed = false
  try {
    await client.query('UPDATE users SET name = $2 WHERE id = $1', [id, name])
    await client.query('COMMIT')
    committed = true
  } finally {
    if (committed) client.release()
    else await rollbackAndRelease(client)
  }
}

async function closeOrder(id) {
  const client = await pool.connect()
  try {
    await client.query("UPDATE orders SET status = 'closed' WHERE id = $1", [id])
  } finally {
    await audit(client, `closed ${id}`)
    client.release()
  }
}

async function removeUser(id) {
  const client = await pool.connect()
  try {
    try {
      await client.query('UPDATE users SET active = 0 WHERE id = $1', [id])
    } finally {
      await audit(client, `removed ${id}`)
    }
  } finally {
    client.release()
  }
}

class UnitOfWork {
  #client

  async begin() {
    this.#client = await pool.connect()
    await this.#client.query('BEGIN')
  }

  query(text, values) {
    return this.#client.query(text, values)
  }

  async commit() {
    try {
      await this.#client.query('COMMIT')
    } finally {
      this.#client.release()
    }
  }

  async rollback() {
    try {
      await this.#client.query('ROLLBACK')
    } finally {
      this.#client.release()
    }
  }
}

async function approveOrder(id) {
  const unit = new UnitOfWork()
  await unit.begin()
  try {
    await unit.query("UPDATE orders SET status = 'approved' WHERE id = $1", [id])
  } catch (error) {
    await unit.rollback()
    throw error
  }
  await unit.commit()
}

async function queueJob(id) {
  const client = await beginClient()
  try {
    await client.query("UPDATE jobs SET status = 'queued' WHERE id = $1", [id])
  } finally {
    await commitAndRelease(client)
  }
}

async function probeJob(id) {
  const client = await beginClient()
  try {
    return await client.query("UPDATE jobs SET status = 'probed' WHERE id = $1 RETURNING *", [id])
  } finally {
    await rollbackAndRelease(client)
  }
}

async function lockJob(id) {
  const client = await pool.connect()
  let failure = null
  try {
    await client.query('BEGIN')
    await client.query('SELECT * FROM jobs WHERE id = $1 FOR UPDATE', [id])
    await client.query('COMMIT')
  } catch (error) {
    failure = error
    await client.query('ROLLBACK').catch(() => {})
  }
  if (failure) throw failure
  client.release()
}

module.exports = {
  payOrder,
  cancelOrder,
  archiveOrder,
  previewOrder,
  previewUser,
  previewJob,
  reopenOrder,
  refundOrder,
  settleOrder,
  startJob,
  stopJob,
  restartJob,
  pauseJob,
  dropJob,
  renameUser,
  closeOrder,
  removeUser,
  approveOrder,
  queueJob,
  probeJob,
  lockJob,
}
