// The same shop on knex, pg-promise, Sequelize, Kysely, Drizzle and TypeORM.
const axios = require('axios')
const got = require('got')
const { sql } = require('drizzle-orm')
const { knex, db, sequelize, User, Order, kysely, orm, dataSource, Job } = require('./db')
const { notifyCustomer, postHook } = require('./lib/notify')
const { enqueueReceipt } = require('./lib/queue')
const { upload } = require('./lib/storage')

async function knexShip(id) {
  await knex.transaction(async (trx) => {
    await trx('orders').where({ id }).update({ status: 'shipped' })
    await axios.post('https://shipping.example.com', { id })
  })
}

async function knexHandOver(id) {
  await knex.transaction((trx) => trx('orders').where({ id }).update({ status: 'shipped' }))
  await axios.post('https://shipping.example.com', { id })
}

async function knexPay(id) {
  const trx = await knex.transaction()
  try {
    await trx('orders').where({ id }).update({ status: 'paid' })
    await postHook('paid', { id })
    await trx.commit()
  } catch (error) {
    await trx.rollback()
    throw error
  }
}

async function knexSettle(id) {
  const trx = await knex.transaction()
  try {
    await trx('orders').where({ id }).update({ status: 'settled' })
    await trx.commit()
  } catch (error) {
    await trx.rollback()
    throw error
  }
  await postHook('settled', { id })
}

async function knexComplain(id) {
  const trx = await knex.transaction()
  try {
    await trx('orders').where({ id }).update({ status: 'complained' })
    await trx.commit()
  } catch (error) {
    await trx.rollback()
    await postHook('complained', { id })
    throw error
  }
}

async function knexLoad(id) {
  const order = await knex('orders').where({ id }).first()
  await postHook('loaded', { status: order.status })
}

async function promiseTask(id) {
  await db.task(async (t) => {
    const { email } = await t.one('SELECT email FROM users WHERE id = $1', [id])
    await notifyCustomer(email, 'task')
  })
}

async function promiseTaskThen(id) {
  const { email } = await db.task((t) => t.one('SELECT email FROM users WHERE id = $1', [id]))
  await notifyCustomer(email, 'task')
}

async function promiseTx(id) {
  await db.tx('pay', async (t) => {
    await t.none("UPDATE orders SET status = 'paid' WHERE id = $1", [id])
    await enqueueReceipt(id)
  })
}

async function promiseTxThen(id) {
  await db.tx((t) => t.none("UPDATE orders SET status = 'paid' WHERE id = $1", [id]))
  await enqueueReceipt(id)
}

async function promiseTxBatch(ids) {
  await db.tx((t) =>
    t.batch(ids.map((id) => t.none("UPDATE orders SET status = 'batched' WHERE id = $1", [id]))),
  )
  await Promise.all(ids.map((id) => postHook('batched', { id })))
}

async function sequelizeWelcome(id) {
  await sequelize.transaction(async (transaction) => {
    const user = await User.findByPk(id, { transaction })
    await notifyCustomer(user.email, 'welcome')
  })
}

async function sequelizeGreet(id) {
  const user = await sequelize.transaction((transaction) => User.findByPk(id, { transaction }))
  await notifyCustomer(user.email, 'hello')
}

async function sequelizeAfterCommit(id) {
  await sequelize.transaction(async (transaction) => {
    await Order.update({ status: 'later' }, { where: { id }, transaction })
    transaction.afterCommit(() => postHook('later', { id }))
  })
}

async function sequelizeByHand(id) {
  const transaction = await sequelize.transaction()
  try {
    await Order.update({ status: 'hand' }, { where: { id }, transaction })
    await postHook('hand', { id })
    await transaction.commit()
  } catch (error) {
    await transaction.rollback()
    throw error
  }
}

async function sequelizeByHandFirst(id) {
  await postHook('hand', { id })
  const transaction = await sequelize.transaction()
  try {
    await Order.update({ status: 'hand' }, { where: { id }, transaction })
    await transaction.commit()
  } catch (error) {
    await transaction.rollback()
    throw error
  }
}

async function sequelizeLoad(id) {
  const order = await Order.findByPk(id)
  await postHook('loaded', { status: order.status })
}

async function kyselyShip(id) {
  await kysely.transaction().execute(async (trx) => {
    await trx.updateTable('orders').set({ status: 'shipped' }).where('id', '=', id).execute()
    await got.post('https://shipping.example.com', { json: { id } })
  })
}

async function kyselyHandOver(id) {
  await kysely.transaction().execute(async (trx) => {
    await trx.updateTable('orders').set({ status: 'shipped' }).where('id', '=', id).execute()
  })
  await got.post('https://shipping.example.com', { json: { id } })
}

async function kyselyConnection(id) {
  await kysely.connection().execute(async (connection) => {
    await connection.selectFrom('orders').selectAll().where('id', '=', id).execute()
    await postHook('read', { id })
  })
}

async function drizzleShip(id) {
  await orm.transaction(async (tx) => {
    await tx.execute(sql`UPDATE orders SET status = 'shipped' WHERE id = ${id}`)
    await upload(`orders/${id}`, 'label')
  })
}

async function drizzleHandOver(id) {
  await orm.transaction(async (tx) => {
    await tx.execute(sql`UPDATE orders SET status = 'shipped' WHERE id = ${id}`)
  })
  await upload(`orders/${id}`, 'label')
}

async function drizzleLoad(id) {
  await orm.execute(sql`SELECT * FROM orders WHERE id = ${id}`)
  await upload(`orders/${id}`, 'label')
}

async function typeormRun(id) {
  await dataSource.transaction(async (manager) => {
    await manager.update(Job, { id }, { status: 'running' })
    await postHook('running', { id })
  })
}

async function typeormRunThen(id) {
  await dataSource.transaction(async (manager) => {
    await manager.update(Job, { id }, { status: 'running' })
  })
  await postHook('running', { id })
}

async function typeormRunner(id) {
  const runner = dataSource.createQueryRunner()
  await runner.connect()
  await runner.startTransaction()
  try {
    await runner.manager.update(Job, { id }, { status: 'runner' })
    await fetch('https://workers.example.com')
    await runner.commitTransaction()
  } catch (error) {
    await runner.rollbackTransaction()
    throw error
  } finally {
    await runner.release()
  }
}

async function typeormRunnerAfter(id) {
  const runner = dataSource.createQueryRunner()
  await runner.connect()
  await runner.startTransaction()
  try {
    await runner.manager.update(Job, { id }, { status: 'runner' })
    await runner.commitTransaction()
    await fetch('https://workers.example.com')
  } catch (error) {
    await runner.rollbackTransaction()
    throw error
  } finally {
    await runner.release()
  }
}

async function typeormRunnerReleased(id) {
  const runner = dataSource.createQueryRunner()
  await runner.connect()
  try {
    await runner.query('SELECT * FROM jobs WHERE id = $1', [id])
  } finally {
    await runner.release()
  }
  await fetch('https://workers.example.com')
}

module.exports = {
  knexShip,
  knexHandOver,
  knexPay,
  knexSettle,
  knexComplain,
  knexLoad,
  promiseTask,
  promiseTaskThen,
  promiseTx,
  promiseTxThen,
  promiseTxBatch,
  sequelizeWelcome,
  sequelizeGreet,
  sequelizeAfterCommit,
  sequelizeByHand,
  sequelizeByHandFirst,
  sequelizeLoad,
  kyselyShip,
  kyselyHandOver,
  kyselyConnection,
  drizzleShip,
  drizzleHandOver,
  drizzleLoad,
  typeormRun,
  typeormRunThen,
  typeormRunner,
  typeormRunnerAfter,
  typeormRunnerReleased,
}
