// Generators and loops over them.
import { setTimeout as sleep } from 'node:timers/promises'
import db from './db.js'

const { pool } = db

export async function* userRows() {
  const client = await pool.connect()
  try {
    const { rows } = await client.query('SELECT * FROM users')
    for (const row of rows) yield row
  } finally {
    client.release()
  }
}

export async function* orderRows() {
  const client = await pool.connect()
  const { rows } = await client.query('SELECT * FROM orders')
  for (const row of rows) yield row
  client.release()
}

export async function* jobRows() {
  const client = await pool.connect()
  try {
    const { rows } = await client.query('SELECT * FROM jobs')
    yield* rows
    client.release()
  } catch (error) {
    client.release(error)
    throw error
  }
}

export async function* messagePages(size) {
  let offset = 0
  for (;;) {
    const client = await pool.connect()
    let rows
    try {
      ;({ rows } = await client.query('SELECT * FROM audit_log LIMIT $1 OFFSET $2', [size, offset]))
    } finally {
      client.release()
    }
    if (rows.length < size || offset > 3) return
    offset += rows.length
    yield rows
  }
}

export async function firstUserName() {
  for await (const user of userRows()) return user.name
  return null
}

export async function exportUsers(write) {
  const client = await pool.connect()
  for await (const user of userRows()) {
    write(user)
  }
  client.release()
}

export async function exportOrders(write) {
  const client = await pool.connect()
  try {
    for await (const user of userRows()) {
      const { rows } = await client.query('SELECT * FROM orders WHERE user_id = $1', [user.id])
      write(rows)
    }
  } finally {
    client.release()
  }
}

export async function pollOnce() {
  const client = await pool.connect()
  try {
    const { rows } = await client.query("SELECT * FROM jobs WHERE status = 'queued' LIMIT 1")
    if (rows.length > 0) return rows[0]
  } finally {
    client.release()
  }
  await sleep(1)
  return null
}

export async function pollUntilQueued(rounds) {
  let client = await pool.connect()
  for (let round = 0; round < rounds; round += 1) {
    const found = await client.query("SELECT * FROM jobs WHERE status = 'none'").catch(() => undefined)
    client.release()
    if (found?.rows.length > 0) return found.rows[0]
    client = await pool.connect()
  }
  return null
}

export const latestMessage = async () => {
  const client = await pool.connect()
  try {
    return (await client.query('SELECT max(message) FROM audit_log')).rows[0]
  } finally {
    client.release()
  }
}

export const oldestMessage = async () => {
  const client = await pool.connect()
  const message = (await client.query('SELECT min(message) FROM audit_log')).rows[0]
  client.release()
  return message
}

export async function lastFullPage(size) {
  let page = null
  for (let offset = 0; ; offset += size) {
    const client = await pool.connect()
    const { rows } = await client
      .query('SELECT * FROM users OFFSET $1 LIMIT $2', [offset, size])
      .catch(() => ({ rows: [] }))
    if (rows.length < size) break
    page = rows
    client.release()
  }
  return page
}

export async function countPages(size) {
  let pages = 0
  for (let offset = 0; ; offset += size) {
    const client = await pool.connect()
    try {
      const { rowCount } = await client.query('SELECT * FROM users OFFSET $1 LIMIT $2', [offset, size])
      if (rowCount < size) break
      pages += 1
    } finally {
      client.release()
    }
  }
  return pages
}
