// Orders, on node-postgres.
const { execSync, execFile } = require('node:child_process')
const { setTimeout: delay } = require('node:timers/promises')
const { promisify } = require('node:util')
const axios = require('axios')
const twilio = require('twilio')
const { pool, reportPool } = require('./db')
const { Outbox, describe, notifyCustomer, postHook, sendMail } = require('./lib/notify')
const { Gateway, SandboxGateway, convert } = require('./lib/payments')
const { enqueueReceipt, mails } = require('./lib/queue')
const { LateService, Service } = require('./lib/service')
const { keyOf, upload } = require('./lib/storage')
const { UnitOfWork, begin, commit, rollback, withClient, withTransaction } = require('./lib/tx')

const run = promisify(execFile)
const sms = twilio('account', 'token')
const sleep = (milliseconds) => new Promise((resolve) => setTimeout(resolve, milliseconds))
const setStatus = 'UPDATE orders SET status = $2 WHERE id = $1'
const BEGIN = 'BEGIN ISOLATION LEVEL READ COMMITTED'

async function shipOrder(id) {
  const client = await pool.connect()
  try {
    await client.query('BEGIN')
    await client.query(setStatus, [id, 'shipped'])
    await axios.post('https://shipping.example.com', { id })
    await client.query('COMMIT')
  } catch (error) {
    await client.query('ROLLBACK')
    throw error
  } finally {
    client.release()
  }
}

async function handOverOrder(id) {
  const client = await pool.connect()
  try {
    await client.query('BEGIN')
    await client.query(setStatus, [id, 'shipped'])
    await client.query('COMMIT')
  } catch (error) {
    await client.query('ROLLBACK')
    throw error
  } finally {
    client.release()
  }
  await axios.post('https://shipping.example.com', { id })
}

async function announceOrder(id) {
  const client = await pool.connect()
  try {
    await client.query('BEGIN')
    await client.query(setStatus, [id, 'announced'])
    await client.query('COMMIT')
    await postHook('announced', { id })
  } catch (error) {
    await client.query('ROLLBACK')
    throw error
  } finally {
    client.release()
  }
}

async function readOrder(id) {
  const client = await pool.connect()
  try {
    const { rows } = await client.query('SELECT status FROM orders WHERE id = $1', [id])
    await fetch(`https://shipping.example.com/${rows[0].status}`)
  } finally {
    client.release()
  }
}

async function loadOrder(id) {
  const client = await pool.connect()
  const { rows } = await client.query('SELECT status FROM orders WHERE id = $1', [id]).finally(() => client.release())
  await fetch(`https://shipping.example.com/${rows[0].status}`)
}

async function peekOrder(id) {
  const { rows } = await pool.query('SELECT status FROM orders WHERE id = $1', [id])
  await fetch(`https://shipping.example.com/${rows[0].status}`)
}

async function tellOrder(id) {
  const client = await pool.connect()
  try {
    await client.query('BEGIN')
    await client.query(setStatus, [id, 'told'])
    postHook('told', { id })
    await client.query('COMMIT')
  } catch (error) {
    await client.query('ROLLBACK')
    throw error
  } finally {
    client.release()
  }
}

async function prefetchOrder(id) {
  const client = await pool.connect()
  let answer
  try {
    await client.query('BEGIN')
    answer = fetch('https://shipping.example.com')
    await client.query(setStatus, [id, 'prefetched'])
    await client.query('COMMIT')
  } catch (error) {
    await client.query('ROLLBACK')
    throw error
  } finally {
    client.release()
  }
  return (await answer).status
}

async function joinOrder(id) {
  const client = await pool.connect()
  try {
    await client.query('BEGIN')
    const answer = fetch('https://shipping.example.com')
    await client.query(setStatus, [id, 'joined'])
    await answer
    await client.query('COMMIT')
  } catch (error) {
    await client.query('ROLLBACK')
    throw error
  } finally {
    client.release()
  }
}

async function payOrder(id) {
  const gateway = new Gateway()
  await withTransaction(pool, async (client) => {
    const { rows } = await client.query('SELECT total FROM orders WHERE id = $1 FOR UPDATE', [id])
    await gateway.charge(rows[0].total)
    await client.query(setStatus, [id, 'paid'])
  })
}

async function tryOrder(id) {
  const gateway = new SandboxGateway()
  await withTransaction(pool, async (client) => {
    const { rows } = await client.query('SELECT total FROM orders WHERE id = $1 FOR UPDATE', [id])
    await gateway.charge(rows[0].total)
    await client.query(setStatus, [id, 'tried'])
  })
}

async function priceOrder(id) {
  const gateway = new Gateway()
  return withTransaction(pool, async (client) => {
    const { rows } = await client.query('SELECT total FROM orders WHERE id = $1 FOR UPDATE', [id])
    return convert(rows[0].total + gateway.fee(rows[0].total), 'USD')
  })
}

async function settleOrder(id) {
  const total = await withTransaction(pool, async (client) => {
    const { rows } = await client.query('SELECT total FROM orders WHERE id = $1 FOR UPDATE', [id])
    return rows[0].total
  })
  await new Gateway().charge(total)
}

async function queueReceipt(id) {
  await withTransaction(pool, async (client) => {
    await client.query(setStatus, [id, 'paid'])
    await enqueueReceipt(id)
  })
}

async function queueReceiptLater(id) {
  await withTransaction(pool, (client) => client.query(setStatus, [id, 'paid']))
  await enqueueReceipt(id)
}

async function queueAll(ids) {
  await withClient(pool, async (client) => {
    const { rows } = await client.query('SELECT id FROM orders WHERE id = ANY($1)', [ids])
    await mails.addBulk(rows.map((row) => ({ name: 'receipt', data: row })))
  })
}

async function queueLoaded(ids) {
  const { rows } = await withClient(pool, (client) => client.query('SELECT id FROM orders WHERE id = ANY($1)', [ids]))
  await mails.addBulk(rows.map((row) => ({ name: 'receipt', data: row })))
}

async function textCustomers(ids) {
  await withTransaction(pool, async (client) => {
    for (const id of ids) {
      await client.query(setStatus, [id, 'texted'])
      await sms.messages.create({ to: '+49', body: `order ${id}` })
    }
  })
}

async function textCustomersLater(ids) {
  for (const id of ids) {
    await withTransaction(pool, (client) => client.query(setStatus, [id, 'texted']))
    await sms.messages.create({ to: '+49', body: `order ${id}` })
  }
}

async function uploadOrder(id) {
  await withTransaction(pool, async (client) => {
    await client.query(setStatus, [id, 'uploaded'])
    await upload(keyOf(id), 'body')
  })
}

async function nameUpload(id) {
  return withTransaction(pool, async (client) => {
    await client.query(setStatus, [id, 'named'])
    return describe('uploaded', { key: keyOf(id) })
  })
}

async function uploadMany(ids) {
  const client = await pool.connect()
  try {
    await client.query(BEGIN)
    await client.query('UPDATE orders SET status = $2 WHERE id = ANY($1)', [ids, 'uploading'])
    await Promise.all(ids.map((id) => upload(keyOf(id), 'body')))
    await client.query('COMMIT')
  } catch (error) {
    await client.query('ROLLBACK')
    throw error
  } finally {
    client.release()
  }
}

async function uploadManyFirst(ids) {
  await Promise.all(ids.map((id) => upload(keyOf(id), 'body')))
  const client = await pool.connect()
  try {
    await client.query(BEGIN)
    await client.query('UPDATE orders SET status = $2 WHERE id = ANY($1)', [ids, 'uploaded'])
    await client.query('COMMIT')
  } catch (error) {
    await client.query('ROLLBACK')
    throw error
  } finally {
    client.release()
  }
}

async function waitForOrder(id) {
  const client = await pool.connect()
  try {
    await client.query(`BEGIN`)
    await client.query(setStatus, [id, 'waiting'])
    await sleep(200)
    await client.query(`COMMIT`)
  } catch (error) {
    await client.query('ROLLBACK')
    throw error
  } finally {
    client.release()
  }
}

async function pollOrder(id) {
  for (let attempt = 0; attempt < 2; attempt += 1) {
    const { rows } = await pool.query('SELECT status FROM orders WHERE id = $1', [id])
    if (rows[0].status === 'done') return
    await delay(100)
  }
}

async function lockOrder(id) {
  await withTransaction(pool, async (client) => {
    await client.query('SELECT status FROM orders WHERE id = $1 FOR UPDATE', [id])
    await delay(100)
  })
}

async function exportOrders() {
  const client = await reportPool.connect()
  try {
    await client.query('BEGIN READ ONLY')
    await client.query('SELECT * FROM orders')
    execSync('gzip orders.csv')
    await client.query('COMMIT')
  } catch (error) {
    await client.query('ROLLBACK')
    throw error
  } finally {
    client.release()
  }
}

async function compressOrders() {
  await reportPool.query('SELECT * FROM orders')
  execSync('gzip orders.csv')
}

async function renderOrder(id) {
  const client = await reportPool.connect()
  try {
    await client.query('SELECT * FROM orders WHERE id = $1', [id])
    await run('render', [String(id)])
  } finally {
    client.release()
  }
}

async function printOrder(id) {
  const client = await reportPool.connect()
  try {
    await client.query('SELECT * FROM orders WHERE id = $1', [id])
  } finally {
    client.release()
  }
  await run('print', [String(id)])
}

async function refundOrder(id) {
  const client = await pool.connect()
  try {
    await client.query('BEGIN')
    await client.query(setStatus, [id, 'refunded'])
    await client.query('COMMIT')
  } catch (error) {
    await postHook('refund-failed', { id }).catch(() => {})
    await client.query('ROLLBACK')
    throw error
  } finally {
    client.release()
  }
}

async function returnOrder(id) {
  const client = await pool.connect()
  try {
    await client.query('BEGIN')
    await client.query(setStatus, [id, 'returned'])
    await client.query('COMMIT')
  } catch (error) {
    await client.query('ROLLBACK')
    client.release()
    await postHook('return-failed', { id })
    throw error
  }
  client.release()
}

async function cancelOrder(id, urgent) {
  if (urgent) {
    await postHook('cancelled', { id })
    return
  }
  await withTransaction(pool, (client) => client.query(setStatus, [id, 'cancelled']))
}

async function findOrder(id) {
  const client = await pool.connect()
  try {
    const { rows } = await client.query('SELECT status FROM orders WHERE id = $1', [id])
    if (rows.length > 0) return rows[0].status
  } finally {
    client.release()
  }
  const answer = await fetch('https://archive.example.com')
  return answer.text()
}

async function lookUpOrder(id) {
  const client = await pool.connect()
  try {
    const { rows } = await client.query('SELECT status FROM orders WHERE id = $1', [id])
    if (rows.length > 0) return rows[0].status
    const answer = await fetch('https://archive.example.com')
    return answer.text()
  } finally {
    client.release()
  }
}

async function packOrder(id) {
  const outbox = new Outbox()
  await withTransaction(pool, async (client) => {
    await client.query(setStatus, [id, 'packed'])
    outbox.add('packed')
  })
  await outbox.flush()
}

async function flushOrder(id) {
  const outbox = new Outbox()
  await withTransaction(pool, async (client) => {
    await client.query(setStatus, [id, 'flushed'])
    outbox.add('flushed')
    await outbox.flush()
  })
}

async function confirmOrder(id) {
  const unit = new UnitOfWork(pool)
  await unit.run(async (client) => {
    await client.query(setStatus, [id, 'confirmed'])
    unit.afterCommit(() => postHook('confirmed', { id }))
  })
}

async function certifyOrder(id) {
  const unit = new UnitOfWork(pool)
  await unit.run(async (client) => {
    await client.query(setStatus, [id, 'certified'])
    await postHook('certified', { id })
  })
}

async function prepareOrder(id) {
  let announce
  await withTransaction(pool, async (client) => {
    announce = async () => {
      await postHook('prepared', { id })
    }
    await client.query(setStatus, [id, 'prepared'])
  })
  await announce()
}

class Dispatch extends Service {
  async step(client, id) {
    await client.query(setStatus, [id, 'dispatched'])
    await this.announce('dispatched', id)
  }
}

class Count extends Service {
  async step(client, id) {
    await client.query(setStatus, [id, 'counted'])
  }
}

class GiveBack extends LateService {
  async write(client, id) {
    await client.query(setStatus, [id, 'given back'])
  }
}

async function dispatchOrder(id) {
  await new Dispatch().run(id)
}

async function countOrder(id) {
  await new Count().run(id)
}

async function giveBackOrder(id) {
  await new GiveBack().run(id)
}

class Billing {
  constructor(gateway) {
    this.gateway = gateway
  }

  async bill(id) {
    const client = await pool.connect()
    try {
      await begin(client)
      const total = await this.total(client, id)
      await this.collect(total)
      await commit(client)
    } catch (error) {
      await rollback(client)
      throw error
    } finally {
      client.release()
    }
  }

  async total(client, id) {
    const { rows } = await client.query('SELECT total FROM orders WHERE id = $1 FOR UPDATE', [id])
    return rows[0].total
  }

  async collect(total) {
    await this.gateway.charge(total)
  }
}

class LateBilling extends Billing {
  async bill(id) {
    const total = await withClient(pool, (client) => this.total(client, id))
    await this.collect(total)
  }
}

async function billOrder(id) {
  await new Billing(new Gateway()).bill(id)
}

async function billOrderLater(id) {
  await new LateBilling(new Gateway()).bill(id)
}

function mailOrder(id) {
  return pool.connect().then((client) =>
    client
      .query('SELECT email FROM users WHERE id = $1', [id])
      .then(({ rows }) => sendMail(rows[0].email, 'your order'))
      .finally(() => client.release()),
  )
}

function mailOrderLater(id) {
  return pool
    .connect()
    .then((client) => client.query('SELECT email FROM users WHERE id = $1', [id]).finally(() => client.release()))
    .then(({ rows }) => sendMail(rows[0].email, 'your order'))
}

async function remindCustomer(id) {
  const client = await pool.connect()
  try {
    const { rows } = await client.query('SELECT email FROM users WHERE id = $1', [id])
    setImmediate(() => notifyCustomer(rows[0].email, 'remember'))
  } finally {
    client.release()
  }
}

async function thankCustomer(id) {
  const client = await pool.connect()
  try {
    const { rows } = await client.query('SELECT email FROM users WHERE id = $1', [id])
    await notifyCustomer(rows[0].email, 'thank you')
  } finally {
    client.release()
  }
}

async function finish(client, id) {
  await commit(client)
  client.release()
  await postHook('finished', { id })
}

async function finishOrder(id) {
  const client = await pool.connect()
  try {
    await begin(client)
    await client.query(setStatus, [id, 'finished'])
  } catch (error) {
    await rollback(client)
    client.release()
    throw error
  }
  await finish(client, id)
}

async function closeOrder(id) {
  const client = await pool.connect()
  try {
    await client.query({ text: 'BEGIN' })
    await client.query(setStatus, [id, 'closed'])
    await client.query({ text: 'COMMIT' })
  } catch (error) {
    await client.query({ text: 'ROLLBACK' })
    throw error
  } finally {
    await postHook('closed', { id })
    client.release()
  }
}

async function resumeOrder(id) {
  const client = await pool.connect()
  try {
    await client.query('BEGIN')
    await client.query(setStatus, [id, 'resumed'])
    await client.query('SAVEPOINT told')
    await postHook('resumed', { id })
    await client.query('RELEASE SAVEPOINT told')
    await client.query('COMMIT')
  } catch (error) {
    await client.query('ROLLBACK')
    throw error
  } finally {
    client.release()
  }
}

module.exports = {
  shipOrder,
  handOverOrder,
  announceOrder,
  readOrder,
  loadOrder,
  peekOrder,
  tellOrder,
  prefetchOrder,
  joinOrder,
  payOrder,
  tryOrder,
  priceOrder,
  settleOrder,
  queueReceipt,
  queueReceiptLater,
  queueAll,
  queueLoaded,
  textCustomers,
  textCustomersLater,
  uploadOrder,
  nameUpload,
  uploadMany,
  uploadManyFirst,
  waitForOrder,
  pollOrder,
  lockOrder,
  exportOrders,
  compressOrders,
  renderOrder,
  printOrder,
  refundOrder,
  returnOrder,
  cancelOrder,
  findOrder,
  lookUpOrder,
  packOrder,
  flushOrder,
  confirmOrder,
  certifyOrder,
  prepareOrder,
  dispatchOrder,
  countOrder,
  giveBackOrder,
  billOrder,
  billOrderLater,
  mailOrder,
  mailOrderLater,
  remindCustomer,
  thankCustomer,
  finishOrder,
  closeOrder,
  resumeOrder,
}
