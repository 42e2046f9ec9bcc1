// Transactions that are opened and ended by hand.
const { pool, knex, sequelize, Order, dataSource, Job } = require('./db')
const { begin, commit, rollback } = require('./lib/tx')

const setStatus = 'UPDATE orders SET status = $2 WHERE id = $1'

async function transfer(id) {
  const client = await pool.connect()
  try {
    await client.query('BEGIN')
    await client.query(setStatus, [id, 'moved'])
    await client.query('COMMIT')
  } finally {
    client.release()
  }
}

async function transferSafely(id) {
  const client = await pool.connect()
  try {
    await client.query('BEGIN')
    await client.query(setStatus, [id, 'moved'])
    await client.query('COMMIT')
  } catch (error) {
    await client.query('ROLLBACK')
    throw error
  } finally {
    client.release()
  }
}

async function transferDestroying(id) {
  const client = await pool.connect()
  let failure
  try {
    await client.query('BEGIN')
    await client.query(setStatus, [id, 'moved'])
    await client.query('COMMIT')
  } catch (error) {
    failure = error
    throw error
  } finally {
    client.release(failure)
  }
}

async function skipMissing(id) {
  const client = await pool.connect()
  try {
    await client.query('BEGIN')
    const { rowCount } = await client.query(setStatus, [id, 'skipped'])
    if (rowCount === 0) return false
    await client.query('COMMIT')
    return true
  } catch (error) {
    await client.query('ROLLBACK')
    throw error
  } finally {
    client.release()
  }
}

async function skipMissingSafely(id) {
  const client = await pool.connect()
  try {
    await client.query('BEGIN')
    const { rowCount } = await client.query(setStatus, [id, 'skipped'])
    if (rowCount === 0) {
      await client.query('ROLLBACK')
      return false
    }
    await client.query('COMMIT')
    return true
  } catch (error) {
    await client.query('ROLLBACK')
    throw error
  } finally {
    client.release()
  }
}

async function logBeforeRollback(id) {
  const client = await pool.connect()
  try {
    await client.query('BEGIN')
    await client.query(setStatus, [id, 'logged'])
    await client.query('COMMIT')
  } catch (error) {
    await pool.query('INSERT INTO audit_log VALUES ($1)', [error.message])
    await client.query('ROLLBACK')
    throw error
  } finally {
    client.release()
  }
}

async function beginOnPool(id) {
  await pool.query('BEGIN')
  await pool.query(setStatus, [id, 'pooled'])
  await pool.query('COMMIT')
}

async function helperBegin(id) {
  const client = await pool.connect()
  try {
    await begin(client)
    await client.query(setStatus, [id, 'helped'])
    await commit(client)
  } finally {
    client.release()
  }
}

async function helperBeginSafely(id) {
  const client = await pool.connect()
  try {
    await begin(client)
    await client.query(setStatus, [id, 'helped'])
    await commit(client)
  } catch (error) {
    await rollback(client)
    throw error
  } finally {
    client.release()
  }
}

async function knexForgets(id) {
  const trx = await knex.transaction()
  await trx('orders').where({ id }).update({ status: 'forgotten' })
  await trx.commit()
}

async function knexRemembers(id) {
  const trx = await knex.transaction()
  try {
    await trx('orders').where({ id }).update({ status: 'remembered' })
    await trx.commit()
  } catch (error) {
    await trx.rollback()
    throw error
  }
}

async function sequelizeForgets(id) {
  const transaction = await sequelize.transaction()
  const order = await Order.findByPk(id, { transaction })
  if (order === null) return null
  await order.update({ status: 'forgotten' }, { transaction })
  await transaction.commit()
  return order
}

async function sequelizeRemembers(id) {
  const transaction = await sequelize.transaction()
  try {
    const order = await Order.findByPk(id, { transaction })
    if (order === null) {
      await transaction.rollback()
      return null
    }
    await order.update({ status: 'remembered' }, { transaction })
    await transaction.commit()
    return order
  } catch (error) {
    await transaction.rollback()
    throw error
  }
}

async function typeormForgets(id) {
  const runner = dataSource.createQueryRunner()
  await runner.connect()
  try {
    await runner.startTransaction()
    await runner.manager.update(Job, { id }, { status: 'forgotten' })
    await runner.commitTransaction()
  } finally {
    await runner.release()
  }
}

async function typeormRemembers(id) {
  const runner = dataSource.createQueryRunner()
  await runner.connect()
  try {
    await runner.startTransaction()
    try {
      await runner.manager.update(Job, { id }, { status: 'remembered' })
      await runner.commitTransaction()
    } catch (error) {
      await runner.rollbackTransaction()
      throw error
    }
  } finally {
    await runner.release()
  }
}

async function swallow(id) {
  const client = await pool.connect()
  try {
    await client.query('BEGIN')
    await client.query(setStatus, [id, 'swallowed'])
    await client.query('COMMIT')
  } catch (error) {
    console.error(error)
  }
  client.release()
}

async function dryRun(id) {
  const client = await pool.connect()
  try {
    await client.query('BEGIN')
    await client.query(setStatus, [id, 'dry'])
  } finally {
    await client.query('ROLLBACK')
    client.release()
  }
}

module.exports = {
  transfer,
  transferSafely,
  transferDestroying,
  skipMissing,
  skipMissingSafely,
  logBeforeRollback,
  beginOnPool,
  helperBegin,
  helperBeginSafely,
  knexForgets,
  knexRemembers,
  sequelizeForgets,
  sequelizeRemembers,
  typeormForgets,
  typeormRemembers,
  swallow,
  dryRun,
}
