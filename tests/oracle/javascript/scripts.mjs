// One-off scripts that connect without a pool.
import pg from 'pg'

export async function dumpUsers() {
  const client = new pg.Client()
  await client.connect()
  try {
    return await client.query('SELECT * FROM users')
  } finally {
    await client.end()
  }
}

export async function dumpOrders() {
  const client = new pg.Client()
  await client.connect()
  const result = await client.query('SELECT * FROM orders')
  await client.end()
  return result
}

export async function dumpJobs() {
  const client = new pg.Client()
  try {
    await client.connect()
    return await client.query('SELECT * FROM jobs')
  } catch (error) {
    console.error('jobs not read', error)
    await client.end()
    return null
  }
}

export async function dumpMessages() {
  const client = new pg.Client()
  try {
    await client.connect()
    return await client.query('SELECT * FROM audit_log')
  } catch (error) {
    console.error('messages not read', error)
    return null
  } finally {
    await client.end()
  }
}
