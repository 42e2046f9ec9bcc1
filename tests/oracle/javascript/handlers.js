// Request handlers.
const { pool } = require('./db')

async function getUser(req, res) {
  const client = await pool.connect()
  try {
    const { rows } = await client.query('SELECT * FROM users WHERE id = $1', [req.params.id])
    if (rows.length === 0) {
      return res.status(404).json({ error: 'not found' })
    }
    return res.json(rows[0])
  } finally {
    client.release()
  }
}

async function getOrder(req, res) {
  const client = await pool.connect()
  try {
    const { rows } = await client.query('SELECT * FROM orders WHERE id = $1', [req.params.id])
    if (rows.length === 0) {
      return res.status(404).json({ error: 'not found' })
    }
    client.release()
    return res.json(rows[0])
  } catch (error) {
    client.release(error)
    return res.status(500).json({ error: 'not read' })
  }
}

async function postOrder(req, res) {
  const client = await pool.connect()
  const { total } = req.body
  if (total > 10000) {
    return res.status(422).json({ error: 'too large' })
  }
  try {
    await client.query('INSERT INTO audit_log VALUES ($1)', [`order of ${total}`])
    return res.status(201).json({ total })
  } finally {
    client.release()
  }
}

async function postUser(req, res) {
  const { name } = req.body
  if (name === undefined) {
    return res.status(422).json({ error: 'no name' })
  }
  const client = await pool.connect()
  try {
    await client.query('INSERT INTO audit_log VALUES ($1)', [`user ${name}`])
    return res.status(201).json({ name })
  } finally {
    client.release()
  }
}

const getJob = async (req, res, next) => {
  let client
  try {
    client = await pool.connect()
    const { rows } = await client.query('SELECT * FROM jobs WHERE id = $1', [req.params.id])
    res.json(rows[0])
  } catch (error) {
    next(error)
  } finally {
    if (client) client.release()
  }
}

const getPayload = async (req, res, next) => {
  try {
    const client = await pool.connect()
    const { rows } = await client.query('SELECT payload FROM jobs WHERE id = $1', [req.params.id])
    res.json(rows[0])
    client.release()
  } catch (error) {
    next(error)
  }
}

const withTransaction = (work) => async (req, res) => {
  const client = await pool.connect()
  try {
    await client.query('BEGIN')
    const result = await work(client, req)
    await client.query('COMMIT')
    return res.json(result)
  } catch (error) {
    await client.query('ROLLBACK').catch(() => {})
    return res.status(500).end()
  } finally {
    client.release()
  }
}

async function deleteJob(req, res) {
  return withTransaction((client, { params }) =>
    client.query("DELETE FROM jobs WHERE id = $1 AND status = 'none'", [params.id]),
  )(req, res)
}

async function healthCheck(req, res) {
  try {
    await pool.connect()
    return res.status(200).end()
  } catch (error) {
    return res.status(503).end()
  }
}

async function readinessCheck(req, res) {
  try {
    const client = await pool.connect()
    client.release()
    return res.status(200).end()
  } catch (error) {
    return res.status(503).end()
  }
}

const parseLimit = (text) => {
  if (!/^[0-9]+$/.exec(text)) throw new TypeError(`not a number: ${text}`)
  return Number(text)
}

async function listOrders(req, res) {
  const client = await pool.connect()
  const limit = parseLimit(req.query.limit)
  try {
    const { rows } = await client.query('SELECT * FROM orders LIMIT $1', [limit])
    return res.json(rows)
  } finally {
    client.release()
  }
}

async function listUsers(req, res) {
  const client = await pool.connect()
  try {
    const limit = parseLimit(req.query.limit)
    const { rows } = await client.query('SELECT * FROM users LIMIT $1', [limit])
    return res.json(rows)
  } finally {
    client.release()
  }
}

async function putUser(req, res, next) {
  const client = await pool.connect()
  try {
    await client.query('UPDATE users SET name = $2 WHERE id = $1', [req.params.id, req.body.name])
  } catch (error) {
    return next(error)
  }
  client.release()
  return res.json({ id: req.params.id })
}

module.exports = {
  getUser,
  getOrder,
  postOrder,
  postUser,
  getJob,
  getPayload,
  deleteJob,
  healthCheck,
  readinessCheck,
  listOrders,
  listUsers,
  putUser,
}
