// Promise chains.
const { pool } = require('./db')

function countUsers() {
  return pool.connect().then((client) => client.query('SELECT count(*) FROM users').finally(() => client.release()))
}

function countOrders() {
  return pool.connect().then((client) =>
    client.query('SELECT count(*) FROM orders').then((result) => {
      client.release()
      return result.rows[0]
    }),
  )
}

function countJobs() {
  return pool.connect().then((client) =>
    client
      .query('SELECT count(*) FROM jobs')
      .then((result) => {
        client.release()
        return result.rows[0]
      })
      .catch((error) => {
        client.release(error)
        throw error
      }),
  )
}

function firstUser() {
  return pool.connect().then((client) =>
    client.query('SELECT * FROM users LIMIT 1').then(
      (result) => {
        client.release()
        return result.rows[0]
      },
      (error) => {
        client.release(error)
        throw error
      },
    ),
  )
}

function firstOrder() {
  return pool
    .connect()
    .then((client) => client.query('SELECT * FROM orders LIMIT 1'))
    .then((result) => result.rows[0])
}

function firstJob() {
  let held
  return pool
    .connect()
    .then((client) => {
      held = client
      return client.query('SELECT * FROM jobs LIMIT 1')
    })
    .then((result) => result.rows[0])
    .finally(() => held && held.release())
}

function jobPayload(id) {
  let held
  return pool
    .connect()
    .then((client) => {
      held = client
      return client.query('SELECT payload FROM jobs WHERE id = $1', [id])
    })
    .then((result) => {
      const payload = JSON.parse(result.rows[0].payload)
      held.release()
      return payload
    })
}

function jobKind(id) {
  return pool.connect().then((client) =>
    client
      .query('SELECT payload FROM jobs WHERE id = $1', [id])
      .then((result) => JSON.parse(result.rows[0].payload).kind)
      .finally(() => client.release()),
  )
}

function userStatus(id) {
  return pool.connect().then((client) =>
    client
      .query('SELECT active FROM users WHERE id = $1', [id])
      .then((result) => {
        if (result.rows.length === 0) return 'missing'
        client.release()
        return 'known'
      })
      .catch((error) => {
        client.release()
        throw error
      }),
  )
}

async function orderStatus(id) {
  const client = await pool.connect()
  return client
    .query('SELECT status FROM orders WHERE id = $1', [id])
    .then((result) => result.rows[0])
    .finally(() => client.release())
}

async function orderTotal(id) {
  const client = await pool.connect()
  return client
    .query('SELECT total FROM orders WHERE id = $1', [id])
    .then((result) => result.rows[0])
    .catch((error) => {
      client.release(error)
      return null
    })
}

async function ordersInBackground() {
  const client = await pool.connect()
  const pending = client.query('SELECT * FROM orders')
  pending.then((result) => console.log(result.rowCount)).finally(() => client.release())
}

async function usersInBackground() {
  const client = await pool.connect()
  const pending = client.query('SELECT * FROM users')
  pending.then((result) => {
    console.log(result.rowCount)
    client.release()
  })
}

module.exports = {
  countUsers,
  countOrders,
  countJobs,
  firstUser,
  firstOrder,
  firstJob,
  jobPayload,
  jobKind,
  userStatus,
  orderStatus,
  orderTotal,
  ordersInBackground,
  usersInBackground,
}
