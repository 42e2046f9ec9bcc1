// What services have in common.
const { pool } = require('../db')
const { postHook } = require('./notify')
const { withTransaction } = require('./tx')

class Service {
  async run(id) {
    return withTransaction(pool, async (client) => {
      await client.query('SELECT status FROM orders WHERE id = $1 FOR UPDATE', [id])
      return this.step(client, id)
    })
  }

  async announce(event, id) {
    await postHook(event, { id })
  }
}

class LateService {
  async run(id) {
    await withTransaction(pool, (client) => this.write(client, id))
    await this.after(id)
  }

  async after(id) {
    await postHook('after', { id })
  }
}

module.exports = { Service, LateService }
