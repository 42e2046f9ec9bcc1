// The callback forms.
const { pool } = require('./db')

function countUsers(callback) {
  pool.connect((err, client, release) => {
    if (err) return callback(err)
    client.query('SELECT count(*) FROM users', (err, result) => {
      release()
      if (err) return callback(err)
      callback(null, result.rows[0])
    })
  })
}

function countOrders(callback) {
  pool.connect((err, client, release) => {
    if (err) return callback(err)
    client.query('SELECT count(*) FROM orders', (err, result) => {
      if (err) return callback(err)
      release()
      callback(null, result.rows[0])
    })
  })
}

function countJobs(callback) {
  pool.query('SELECT count(*) FROM jobs', (err, result) => {
    if (err) return callback(err)
    callback(null, result.rows[0])
  })
}

function firstUser(callback) {
  pool.connect(function (err, client, done) {
    if (err) {
      callback(err)
      return
    }
    client.query('SELECT * FROM users LIMIT 1', function (err, result) {
      done(err)
      callback(err, result && result.rows[0])
    })
  })
}

function firstOrder(callback) {
  pool.connect(function (err, client) {
    if (err) {
      callback(err)
      return
    }
    client.query('SELECT * FROM orders LIMIT 1', function (err, result) {
      callback(err, result && result.rows[0])
    })
  })
}

function firstJob(callback) {
  pool.connect((err, client) => {
    if (err) return callback(err)
    client.query('SELECT * FROM jobs LIMIT 1', (err, result) => {
      client.release(err)
      callback(err, result && result.rows[0])
    })
  })
}

function payOrder(id, callback) {
  pool.connect((err, client, done) => {
    if (err) return callback(err)
    const abort = (err) => {
      client.query('ROLLBACK', () => {
        done()
        callback(err)
      })
    }
    client.query('BEGIN', (err) => {
      if (err) return abort(err)
      client.query("UPDATE orders SET status = 'paid' WHERE id = $1", [id], (err) => {
        if (err) return abort(err)
        client.query('COMMIT', (err) => {
          if (err) return abort(err)
          done()
          callback(null)
        })
      })
    })
  })
}

function cancelOrder(id, callback) {
  pool.connect((err, client, done) => {
    if (err) return callback(err)
    client.query('BEGIN', (err) => {
      if (err) {
        done(err)
        return callback(err)
      }
      client.query("UPDATE orders SET status = 'cancelled' WHERE id = $1", [id], (err) => {
        if (err) return callback(err)
        client.query('COMMIT', (err) => {
          done()
          callback(err)
        })
      })
    })
  })
}

function userEmail(id, callback) {
  pool.connect((err, client, release) => {
    if (err) return callback(err)
    client.query('SELECT email FROM users WHERE id = $1', [id], (err, result) => {
      if (err) {
        release(err)
        return callback(err)
      }
      if (result.rows.length === 0) return callback(null, null)
      release()
      callback(null, result.rows[0].email)
    })
  })
}

function userName(id, callback) {
  pool.connect((err, client, release) => {
    if (err) return callback(err)
    client.query('SELECT name FROM users WHERE id = $1', [id], (err, result) => {
      if (err) {
        release(err)
        return callback(err)
      }
      release()
      if (result.rows.length === 0) return callback(null, null)
      callback(null, result.rows[0].name)
    })
  })
}

function userAsPromise(id) {
  return new Promise((resolve, reject) => {
    pool.connect((err, client, release) => {
      if (err) return reject(err)
      client.query('SELECT * FROM users WHERE id = $1', [id], (err, result) => {
        release()
        if (err) return reject(err)
        resolve(result.rows[0])
      })
    })
  })
}

function orderAsPromise(id) {
  return new Promise((resolve, reject) => {
    pool.connect((err, client, release) => {
      if (err) return reject(err)
      client.query('SELECT * FROM orders WHERE id = $1', [id], (err, result) => {
        if (err) reject(err)
        else {
          release()
          resolve(result.rows[0])
        }
      })
    })
  })
}

function jobPayload(id, callback) {
  pool.connect((err, client, release) => {
    if (err) return callback(err)
    client.query('SELECT payload FROM jobs WHERE id = $1', [id], (err, result) => {
      if (err) {
        release(err)
        return callback(err)
      }
      const payload = JSON.parse(result.rows[0].payload)
      release()
      callback(null, payload)
    })
  })
}

function jobKind(id, callback) {
  pool.connect((err, client, release) => {
    if (err) return callback(err)
    client.query('SELECT payload FROM jobs WHERE id = $1', [id], (err, result) => {
      release(err)
      if (err) return callback(err)
      callback(null, JSON.parse(result.rows[0].payload).kind)
    })
  })
}

function touchJob(id) {
  pool.connect((err, client, done) => {
    if (err) return console.error('job not touched', err)
    client.query("UPDATE jobs SET status = 'queued' WHERE id = $1", [id], done)
  })
}

module.exports = {
  countUsers,
  countOrders,
  countJobs,
  firstUser,
  firstOrder,
  firstJob,
  payOrder,
  cancelOrder,
  userEmail,
  userName,
  userAsPromise,
  orderAsPromise,
  jobPayload,
  jobKind,
  touchJob,
}
