// Reads with a client of the pool.
const { pool } = require('./db')

async function countUsers() {
  const client = await pool.connect()
  const { rows } = await client.query('SELECT count(*) FROM users')
  client.release()
  return rows[0]
}

async function countOrders() {
  const client = await pool.connect()
  try {
    const { rows } = await client.query('SELECT count(*) FROM orders')
    return rows[0]
  } finally {
    client.release()
  }
}

async function countJobs() {
  const { rows } = await pool.query('SELECT count(*) FROM jobs')
  return rows[0]
}

async function userByQuery(rawQuery) {
  const client = await pool.connect()
  const { id } = JSON.parse(rawQuery)
  try {
    const { rows } = await client.query('SELECT * FROM users WHERE id = $1', [id])
    return rows[0]
  } finally {
    client.release()
  }
}

async function orderByQuery(rawQuery) {
  const { id } = JSON.parse(rawQuery)
  const client = await pool.connect()
  const started = Date.now()
  try {
    const { rows } = await client.query('SELECT * FROM orders WHERE id = $1', [id])
    return { order: rows[0], took: Date.now() - started }
  } finally {
    client.release()
  }
}

async function userName(id) {
  const client = await pool.connect()
  let rows
  try {
    ;({ rows } = await client.query('SELECT name FROM users WHERE id = $1', [id]))
  } catch (error) {
    client.release(error)
    throw error
  }
  if (rows.length === 0) return null
  client.release()
  return rows[0].name
}

async function userEmail(id) {
  const client = await pool.connect()
  let rows
  try {
    ;({ rows } = await client.query('SELECT email FROM users WHERE id = $1', [id]))
  } catch (error) {
    client.release(error)
    throw error
  }
  client.release()
  if (rows.length === 0) return null
  return rows[0].email
}

async function requireUser(id) {
  const client = await pool.connect()
  try {
    const { rows } = await client.query('SELECT * FROM users WHERE id = $1', [id])
    if (rows.length === 0) throw new Error(`no user ${id}`)
    client.release()
    return rows[0]
  } catch (error) {
    console.error('user not read', error)
    return null
  }
}

async function requireOrder(id) {
  const client = await pool.connect()
  try {
    const { rows } = await client.query('SELECT * FROM orders WHERE id = $1', [id])
    if (rows.length === 0) throw new Error(`no order ${id}`)
    return rows[0]
  } catch (error) {
    console.error('order not read', error)
    return null
  } finally {
    client.release()
  }
}

async function jobStatus(id) {
  let client
  try {
    client = await pool.connect()
    const { rows } = await client.query('SELECT status FROM jobs WHERE id = $1', [id])
    return rows[0]
  } finally {
    if (client) client.release()
  }
}

async function jobPayload(id) {
  let client
  try {
    client = await pool.connect()
    const { rows } = await client.query('SELECT payload FROM jobs WHERE id = $1', [id])
    return JSON.parse(rows[0].payload)
  } finally {
    client?.release()
  }
}

async function jobKind(id) {
  let client = null
  try {
    client = await pool.connect()
    const { rows } = await client.query('SELECT payload FROM jobs WHERE id = $1', [id])
    client.release()
    client = null
    return JSON.parse(rows[0].payload).kind
  } finally {
    if (client !== null) client.release()
  }
}

async function jobSummary(id) {
  let released = false
  const client = await pool.connect()
  try {
    const { rows } = await client.query('SELECT * FROM jobs WHERE id = $1', [id])
    released = true
    return JSON.parse(rows[0].payload)
  } finally {
    if (!released) client.release()
  }
}

async function jobAge(id) {
  let released = false
  const client = await pool.connect()
  try {
    const { rows } = await client.query('SELECT now() AS read_at FROM jobs WHERE id = $1', [id])
    client.release()
    released = true
    return new Date(rows[0].read_at)
  } finally {
    if (!released) client.release()
  }
}

async function statusesOf(ids) {
  const statuses = []
  for (const id of ids) {
    const client = await pool.connect()
    try {
      const { rows } = await client.query('SELECT status FROM jobs WHERE id = $1', [id])
      if (rows.length === 0) continue
      statuses.push(rows[0].status)
    } finally {
      client.release()
    }
  }
  return statuses
}

async function totalsOf(ids) {
  const totals = []
  for (const id of ids) {
    const client = await pool.connect()
    const result = await client.query('SELECT total FROM orders WHERE id = $1', [id]).catch(() => null)
    if (result === null) break
    if (result.rows.length === 0) continue
    totals.push(result.rows[0].total)
    client.release()
  }
  return totals
}

async function countWithRetry() {
  for (let attempt = 0; attempt < 3; attempt += 1) {
    const client = await pool.connect()
    try {
      const { rows } = await client.query('SELECT count(*) FROM users')
      client.release()
      return rows[0].count
    } catch (error) {
      if (attempt === 2) throw error
    }
  }
}

async function sumWithRetry() {
  let client = await pool.connect()
  try {
    for (let attempt = 0; attempt < 3; attempt += 1) {
      try {
        const { rows } = await client.query('SELECT sum(total) FROM orders')
        return rows[0].sum
      } catch (error) {
        client.release(error)
        client = null
        client = await pool.connect()
      }
    }
    return null
  } finally {
    client?.release()
  }
}

async function compareCounts() {
  let client = await pool.connect()
  const users = await client.query('SELECT count(*) FROM users').catch(() => null)
  client = await pool.connect()
  try {
    const orders = await client.query('SELECT count(*) FROM orders')
    return [users, orders.rows[0]]
  } finally {
    client.release()
  }
}

async function copyUser(id) {
  const source = await pool.connect()
  const target = await pool.connect()
  try {
    const { rows } = await source.query('SELECT name FROM users WHERE id = $1', [id])
    await target.query('INSERT INTO audit_log VALUES ($1)', [rows[0].name])
  } finally {
    target.release()
    source.release()
  }
}

async function copyOrder(id) {
  const source = await pool.connect()
  try {
    const target = await pool.connect()
    try {
      const { rows } = await source.query('SELECT status FROM orders WHERE id = $1', [id])
      await target.query('INSERT INTO audit_log VALUES ($1)', [rows[0].status])
    } finally {
      target.release()
    }
  } finally {
    source.release()
  }
}

async function bothCounts() {
  const [users, orders] = await Promise.all([pool.connect(), pool.connect()])
  try {
    return await Promise.all([users.query('SELECT count(*) FROM users'), orders.query('SELECT count(*) FROM orders')])
  } finally {
    users.release()
    orders.release()
  }
}

async function eachCount() {
  return Promise.all(
    ['users', 'orders'].map(async (table) => {
      const client = await pool.connect()
      try {
        return await client.query(`SELECT count(*) FROM ${table}`)
      } finally {
        client.release()
      }
    }),
  )
}

async function bothTotals() {
  const settled = await Promise.allSettled([pool.connect(), pool.connect()])
  const clients = settled.filter((result) => result.status === 'fulfilled').map((result) => result.value)
  try {
    return await Promise.all(clients.map((client) => client.query('SELECT sum(total) FROM orders')))
  } finally {
    clients.forEach((client) => client.release())
  }
}

async function readThenEnd() {
  const client = await pool.connect()
  try {
    return await client.query('SELECT 1')
  } finally {
    await client.end()
  }
}

async function readThenDestroy() {
  const client = await pool.connect()
  let failure = true
  try {
    const result = await client.query('SELECT 1')
    failure = false
    return result
  } finally {
    client.release(failure)
  }
}

async function destructuredQuery() {
  const { query, release } = await pool.connect()
  return { canQuery: Boolean(query), canRelease: Boolean(release) }
}

async function destructuredRelease() {
  const client = await pool.connect()
  const { release } = client
  try {
    return await client.query('SELECT 1')
  } finally {
    release()
  }
}

async function aliasedClient() {
  const client = await pool.connect()
  const connection = client
  try {
    return await client.query('SELECT 1')
  } finally {
    connection.release()
  }
}

async function neverAwaitedFinally() {
  const client = await pool.connect()
  try {
    return client.query('SELECT count(*) FROM jobs')
  } finally {
    client.release()
  }
}

async function labelOf(status) {
  const client = await pool.connect()
  switch (status) {
    case 'paid':
      client.release()
      return 'Paid'
    case 'pending':
      return 'Pending'
    default:
      client.release()
      throw new Error(`unknown status ${status}`)
  }
}

async function sortedBy(column) {
  const client = await pool.connect()
  try {
    switch (column) {
      case 'name':
        return await client.query('SELECT * FROM users ORDER BY name')
      case 'email':
        return await client.query('SELECT * FROM users ORDER BY email')
      default:
        throw new Error(`unknown column ${column}`)
    }
  } finally {
    client.release()
  }
}

async function sizesOf(shards) {
  const clients = []
  try {
    for (const shard of shards) clients.push({ shard, client: await pool.connect() })
    return await Promise.all(clients.map(({ client }) => client.query('SELECT count(*) FROM jobs')))
  } finally {
    for (const { client } of clients) client.release()
  }
}

async function namesOf(shards) {
  const clients = []
  for (const shard of shards) clients.push({ shard, client: await pool.connect() })
  const names = await Promise.all(clients.map(({ client }) => client.query('SELECT min(name) FROM users')))
  for (const { client } of clients) client.release()
  return names
}

async function allCounts(tables) {
  const clients = await Promise.all(tables.map(() => pool.connect()))
  try {
    return await Promise.all(clients.map((client, index) => client.query(`SELECT count(*) FROM ${tables[index]}`)))
  } finally {
    clients.forEach((client) => client.release())
  }
}

async function withinASecond() {
  const client = await pool.connect()
  let timer
  try {
    const timeout = new Promise((resolve, reject) => {
      timer = setTimeout(() => reject(new Error('too slow')), 1000)
    })
    return await Promise.race([client.query('SELECT count(*) FROM users'), timeout])
  } finally {
    clearTimeout(timer)
    client.release()
  }
}

function assertPage(page) {
  if (page < 1) throw new RangeError(`no page ${page}`)
}

async function usersPage(page) {
  const client = await pool.connect()
  assertPage(page)
  try {
    return await client.query('SELECT * FROM users OFFSET $1', [page - 1])
  } finally {
    client.release()
  }
}

async function ordersPage(page) {
  assertPage(page)
  const client = await pool.connect()
  console.log('page', page)
  try {
    return await client.query('SELECT * FROM orders OFFSET $1', [page - 1])
  } finally {
    client.release()
  }
}

async function countActive(given) {
  const client = given ?? (await pool.connect())
  try {
    return await client.query('SELECT count(*) FROM users WHERE active = 1')
  } finally {
    if (!given) client.release()
  }
}

async function countInactive(given) {
  const client = given ?? (await pool.connect())
  return client.query('SELECT count(*) FROM users WHERE active = 0')
}

async function maybeRead(enabled) {
  const client = enabled ? await pool.connect() : null
  try {
    return client === null ? null : await client.query('SELECT 1')
  } finally {
    client?.release()
  }
}

async function releasedByHandler() {
  const client = await pool.connect()
  try {
    return client.query('SELECT count(*) FROM jobs')
  } catch (error) {
    client.release(error)
    throw error
  }
}

async function warmUp() {
  const warm = (async () => {
    const client = await pool.connect()
    try {
      await client.query('SELECT 1')
    } finally {
      client.release()
    }
  })()
  await warm
}

async function warmUpTwice() {
  const warm = async (client) => {
    await client.query('SELECT 1')
    client.release()
  }
  await warm(await pool.connect())
  await warm(await pool.connect())
}

module.exports = {
  countUsers,
  countOrders,
  countJobs,
  userByQuery,
  orderByQuery,
  userName,
  userEmail,
  requireUser,
  requireOrder,
  jobStatus,
  jobPayload,
  jobKind,
  jobSummary,
  jobAge,
  statusesOf,
  totalsOf,
  countWithRetry,
  sumWithRetry,
  compareCounts,
  copyUser,
  copyOrder,
  bothCounts,
  eachCount,
  bothTotals,
  readThenEnd,
  readThenDestroy,
  destructuredQuery,
  destructuredRelease,
  aliasedClient,
  neverAwaitedFinally,
  labelOf,
  sortedBy,
  sizesOf,
  namesOf,
  allCounts,
  withinASecond,
  usersPage,
  ordersPage,
  countActive,
  countInactive,
  maybeRead,
  releasedByHandler,
  warmUp,
  warmUpTwice,
}
