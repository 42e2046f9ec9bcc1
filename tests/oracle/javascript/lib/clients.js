// Helpers that other files use around clients.
const { pool } = require('../db')

/** A client that the caller releases. */
async function getClient() {
  const client = await pool.connect()
  return client
}

/** A client in a transaction; the caller ends it and releases the client. */
async function beginClient() {
  const client = await pool.connect()
  try {
    await client.query('BEGIN')
    return client
  } catch (error) {
    client.release(error)
    throw error
  }
}

/** Runs `work` with a client. */
async function withClient(work) {
  const client = await pool.connect()
  try {
    return await work(client)
  } finally {
    client.release()
  }
}

/** Runs `work` with a client, and forgets that it may fail. */
async function withClientOnce(work) {
  const client = await pool.connect()
  const result = await work(client)
  client.release()
  return result
}

/** Ends a transaction and releases its client, whatever happens. */
async function rollbackAndRelease(client) {
  try {
    await client.query('ROLLBACK')
  } catch (error) {
    console.error('rollback failed', error)
  } finally {
    client.release()
  }
}

/** Ends a transaction and releases its client. */
async function commitAndRelease(client) {
  await client.query('COMMIT')
  client.release()
}

/** Releases a client. */
function letGo(client) {
  client.release()
}

/** Writes an audit entry; the client stays the caller's. */
async function audit(client, message) {
  await client.query('INSERT INTO audit_log VALUES ($1)', [message])
}

module.exports = {
  getClient,
  beginClient,
  withClient,
  withClientOnce,
  rollbackAndRelease,
  commitAndRelease,
  letGo,
  audit,
}
