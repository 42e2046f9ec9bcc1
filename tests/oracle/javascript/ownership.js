// Clients that change hands.
const { pool } = require('./db')
const { audit, getClient, letGo, withClient, withClientOnce } = require('./lib/clients')

async function openClient() {
  const client = await pool.connect()
  return client
}

async function openConfiguredClient() {
  const client = await pool.connect()
  await client.query("SET statement_timeout = '2s'")
  return client
}

async function openCheckedClient() {
  const client = await pool.connect()
  try {
    await client.query('SELECT 1')
  } catch (error) {
    client.release(error)
    throw error
  }
  return client
}

async function readUsers() {
  const client = await getClient()
  try {
    return await client.query('SELECT * FROM users')
  } finally {
    client.release()
  }
}

async function readOrders() {
  const client = await getClient()
  return client.query('SELECT * FROM orders')
}

async function readJobs() {
  return withClient((client) => client.query('SELECT * FROM jobs'))
}

async function readMessages() {
  return withClientOnce((client) => client.query('SELECT * FROM audit_log LIMIT 3'))
}

async function writeMessage(message) {
  const client = await getClient()
  try {
    await audit(client, message)
  } finally {
    letGo(client)
  }
}

async function writeFirstMessage(message) {
  const client = await getClient()
  await audit(client, message)
  letGo(client)
}

async function writeLastMessage(message) {
  const client = await pool.connect()
  await audit(client, message)
}

async function useClient(work) {
  const client = await pool.connect()
  try {
    return await work(client)
  } finally {
    client.release()
  }
}

async function useClientUnlessItFails(work) {
  const client = await pool.connect()
  const result = await work(client)
  client.release()
  return result
}

async function useClientLater(work) {
  const client = await pool.connect()
  try {
    return await work(client)
  } catch (error) {
    client.release(true)
    throw error
  }
}

async function lendClient() {
  const client = await pool.connect()
  return { query: (text) => client.query(text), close: () => client.release() }
}

async function lendQuery() {
  const client = await pool.connect()
  return (text) => client.query(text)
}

async function readThroughLoan() {
  const loan = await lendClient()
  try {
    return await loan.query('SELECT 1')
  } finally {
    loan.close()
  }
}

async function readThroughForgottenLoan() {
  const loan = await lendClient()
  const result = await loan.query('SELECT 1')
  loan.close()
  return result
}

async function cleanupClosure() {
  const client = await pool.connect()
  const cleanup = () => client.release()
  try {
    return await client.query('SELECT 1')
  } finally {
    cleanup()
  }
}

async function cleanupList() {
  const cleanups = []
  try {
    const client = await pool.connect()
    cleanups.push(client.release)
    return await client.query('SELECT 1')
  } finally {
    for (const cleanup of cleanups) cleanup()
  }
}

async function cleanupNeverRun() {
  const client = await pool.connect()
  const cleanup = () => client.release()
  const result = await client.query('SELECT 1')
  if (result.rowCount === 0) cleanup()
  return result
}

async function pairOfClients() {
  const first = await pool.connect()
  try {
    return [first, await pool.connect()]
  } catch (error) {
    first.release()
    throw error
  }
}

async function sumOfPair() {
  const [first, second] = await pairOfClients()
  try {
    return await Promise.all([first.query('SELECT 1'), second.query('SELECT 2')])
  } finally {
    first.release()
    second.release()
  }
}

async function firstOfPair() {
  const [first] = await pairOfClients()
  try {
    return await first.query('SELECT 1')
  } finally {
    first.release()
  }
}

class Repository {
  constructor(client) {
    this.client = client
  }

  static async open() {
    return new Repository(await pool.connect())
  }

  users() {
    return this.client.query('SELECT * FROM users')
  }

  close() {
    this.client.release()
  }
}

async function repositoryUsers() {
  const repository = await Repository.open()
  try {
    return await repository.users()
  } finally {
    repository.close()
  }
}

async function repositoryUsersOnce() {
  const repository = await Repository.open()
  const users = await repository.users()
  repository.close()
  return users
}

module.exports = {
  openClient,
  openConfiguredClient,
  openCheckedClient,
  readUsers,
  readOrders,
  readJobs,
  readMessages,
  writeMessage,
  writeFirstMessage,
  writeLastMessage,
  useClient,
  useClientUnlessItFails,
  useClientLater,
  lendClient,
  lendQuery,
  readThroughLoan,
  readThroughForgottenLoan,
  cleanupClosure,
  cleanupList,
  cleanupNeverRun,
  pairOfClients,
  sumOfPair,
  firstOfPair,
  repositoryUsers,
  repositoryUsersOnce,
}
