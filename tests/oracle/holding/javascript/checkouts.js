// Several clients at once, and one after the other.
const { pool, reportPool, knex, db, kysely, orm, dataSource, sequelize, Job, User } = require('./db')
const { sql } = require('drizzle-orm')
const { withClient, withTransaction } = require('./lib/tx')

async function record(message) {
  await pool.query('INSERT INTO audit_log VALUES ($1)', [message])
}

async function recordWith(client, message) {
  await client.query('INSERT INTO audit_log VALUES ($1)', [message])
}

async function auditOrder(id) {
  const client = await pool.connect()
  try {
    await client.query('SELECT status FROM orders WHERE id = $1', [id])
    await pool.query('INSERT INTO audit_log VALUES ($1)', [`read ${id}`])
  } finally {
    client.release()
  }
}

async function auditOrderAfter(id) {
  const client = await pool.connect()
  try {
    await client.query('SELECT status FROM orders WHERE id = $1', [id])
  } finally {
    client.release()
  }
  await pool.query('INSERT INTO audit_log VALUES ($1)', [`read ${id}`])
}

async function auditOrderDeep(id) {
  await withTransaction(pool, async (client) => {
    await client.query("UPDATE orders SET status = 'audited' WHERE id = $1", [id])
    await record(`audited ${id}`)
  })
}

async function auditOrderPassing(id) {
  await withTransaction(pool, async (client) => {
    await client.query("UPDATE orders SET status = 'audited' WHERE id = $1", [id])
    await recordWith(client, `audited ${id}`)
  })
}

async function reportOrder(id) {
  const client = await reportPool.connect()
  try {
    await client.query('SELECT status FROM orders WHERE id = $1', [id])
    await record(`reported ${id}`)
  } finally {
    client.release()
  }
}

async function compareOrders(first, second) {
  const text = 'SELECT status FROM orders WHERE id = $1'
  const [left, right] = await Promise.all([pool.query(text, [first]), pool.query(text, [second])])
  return left.rows[0].status === right.rows[0].status
}

async function copyOrder(id) {
  await withClient(pool, (source) =>
    withClient(pool, async (target) => {
      const { rows } = await source.query('SELECT status FROM orders WHERE id = $1', [id])
      await recordWith(target, rows[0].status)
    }),
  )
}

async function moveOrder(id) {
  const { rows } = await withClient(pool, (source) => source.query('SELECT status FROM orders WHERE id = $1', [id]))
  await withClient(pool, (target) => recordWith(target, rows[0].status))
}

async function knexAudit(id) {
  await knex.transaction(async (trx) => {
    await trx('orders').where({ id }).update({ status: 'knex' })
    await knex('audit_log').insert({ message: `knex ${id}` })
  })
}

async function knexAuditInside(id) {
  await knex.transaction(async (trx) => {
    await trx('orders').where({ id }).update({ status: 'knex' })
    await trx('audit_log').insert({ message: `knex ${id}` })
  })
}

async function knexAuditJoined(id) {
  await knex.transaction(async (trx) => {
    await knex('orders').transacting(trx).where({ id }).update({ status: 'knex' })
  })
}

async function promiseAudit(id) {
  await db.tx(async (t) => {
    await t.none("UPDATE orders SET status = 'promise' WHERE id = $1", [id])
    await db.none('INSERT INTO audit_log VALUES ($1)', [`promise ${id}`])
  })
}

async function promiseAuditInside(id) {
  await db.tx(async (t) => {
    await t.none("UPDATE orders SET status = 'promise' WHERE id = $1", [id])
    await t.none('INSERT INTO audit_log VALUES ($1)', [`promise ${id}`])
  })
}

async function kyselyAudit(id) {
  await kysely.transaction().execute(async (trx) => {
    await trx.updateTable('orders').set({ status: 'kysely' }).where('id', '=', id).execute()
    await kysely.insertInto('audit_log').values({ message: `kysely ${id}` }).execute()
  })
}

async function kyselyAuditInside(id) {
  await kysely.transaction().execute(async (trx) => {
    await trx.updateTable('orders').set({ status: 'kysely' }).where('id', '=', id).execute()
    await trx.insertInto('audit_log').values({ message: `kysely ${id}` }).execute()
  })
}

async function drizzleAudit(id) {
  await orm.transaction(async (tx) => {
    await tx.execute(sql`UPDATE orders SET status = 'drizzle' WHERE id = ${id}`)
    await orm.execute(sql`INSERT INTO audit_log VALUES ('drizzle')`)
  })
}

async function drizzleAuditInside(id) {
  await orm.transaction(async (tx) => {
    await tx.execute(sql`UPDATE orders SET status = 'drizzle' WHERE id = ${id}`)
    await tx.execute(sql`INSERT INTO audit_log VALUES ('drizzle')`)
  })
}

async function typeormAudit(id) {
  await dataSource.transaction(async (manager) => {
    await manager.update(Job, { id }, { status: 'typeorm' })
    await dataSource.query('INSERT INTO audit_log VALUES ($1)', [`typeorm ${id}`])
  })
}

async function typeormAuditInside(id) {
  await dataSource.transaction(async (manager) => {
    await manager.update(Job, { id }, { status: 'typeorm' })
    await manager.query('INSERT INTO audit_log VALUES ($1)', [`typeorm ${id}`])
  })
}

async function typeormRepository(id) {
  await dataSource.transaction(async (manager) => {
    await manager.getRepository(Job).update({ id }, { status: 'typeorm' })
    await dataSource.getRepository(Job).findOneBy({ id })
  })
}

async function sequelizeAudit(id) {
  await sequelize.transaction(async (transaction) => {
    await User.update({ active: 1 }, { where: { id }, transaction })
    await User.findByPk(id)
  })
}

async function sequelizeAuditInside(id) {
  await sequelize.transaction(async (transaction) => {
    await User.update({ active: 1 }, { where: { id }, transaction })
    await User.findByPk(id, { transaction })
  })
}

module.exports = {
  auditOrder,
  auditOrderAfter,
  auditOrderDeep,
  auditOrderPassing,
  reportOrder,
  compareOrders,
  copyOrder,
  moveOrder,
  knexAudit,
  knexAuditInside,
  knexAuditJoined,
  promiseAudit,
  promiseAuditInside,
  kyselyAudit,
  kyselyAuditInside,
  drizzleAudit,
  drizzleAuditInside,
  typeormAudit,
  typeormAuditInside,
  typeormRepository,
  sequelizeAudit,
  sequelizeAuditInside,
}
