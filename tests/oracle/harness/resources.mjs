// The pools of the corpus: how many clients are out, and how to get them back.
import pg from 'pg'

/** A `pg.Pool`. */
export class PgPool {
  held = new Set()

  constructor(pool, tracer) {
    this.pool = pool
    pool.on('acquire', (client) => this.held.add(client))
    tracer.isRelease.push((callee) => [...this.held].some((client) => client.release === callee))
    pool.on('release', (error, client) => this.held.delete(client))
    pool.on('error', () => {})
  }

  out() {
    return this.pool.totalCount - this.pool.idleCount
  }

  /** Requests that wait, clients that still connect, queries that still run. */
  waiting() {
    const connecting = this.out() - this.held.size
    const querying = [...this.held].filter((client) => !client.readyForQuery && !client._ending)
    return this.pool.waitingCount + connecting + querying.length
  }

  /** Destroys every client, whatever its state. */
  async reset() {
    for (const client of this.held) client.release(true)
    for (const client of await this.takeIdle()) client.release(true)
  }

  /** Ends what transactions the idle clients are in. */
  async rollBack() {
    for (const client of await this.takeIdle()) {
      await client.query('ROLLBACK')
      client.release()
    }
  }

  takeIdle() {
    return Promise.all(Array.from({ length: this.pool.idleCount }, () => this.pool.connect()))
  }
}

/** Anything else that counts for itself. */
export class CountingPool {
  constructor(out, reset) {
    Object.assign(this, { out, reset })
  }

  waiting() {
    return 0
  }
}

/** postgres.js keeps no count of reserved connections, so `reserve` and `release` are counted. */
export function reservations(sql, tracer) {
  const held = new Set()
  const { reserve } = sql
  tracer.isRelease.push((callee) => [...held].some((reserved) => reserved.release === callee))
  sql.reserve = async () => {
    const reserved = await reserve()
    const { release } = reserved
    held.add(reserved)
    reserved.release = () => {
      held.delete(reserved)
      return release()
    }
    return reserved
  }
  return new CountingPool(
    () => held.size,
    () => held.forEach((reserved) => reserved.release()),
  )
}

/** Clients that were made and connected without a pool. */
function directClients(tracer) {
  const clients = new Set()
  const isOpen = (client) => client._connected && !client._ending && !client._ended
  tracer.observers.push((result) => result instanceof pg.Client && clients.add(result))
  return new CountingPool(
    () => [...clients].filter((client) => isOpen(client)).length,
    async () => {
      for (const client of clients) if (isOpen(client)) await client.end()
      clients.clear()
    },
  )
}

/** Several pools, watched together. */
export class PoolSet {
  constructor(all, tracer) {
    Object.assign(this, { all, tracer })
  }

  out() {
    return this.all.reduce((sum, pool) => sum + pool.out(), 0)
  }

  /** Waits until nothing is out or nothing moves any more, a bounded time. */
  async settle() {
    const { tracer } = this
    const started = Date.now()
    let moved = started
    let seen = ''
    while (Date.now() - started < 3000) {
      await new Promise((resolve) => setImmediate(resolve))
      const waiting = this.all.reduce((sum, pool) => sum + pool.waiting(), 0)
      const state = [tracer.count, tracer.pending, waiting, this.out()].join()
      if (state !== seen) moved = Date.now()
      seen = state
      const busy = tracer.pending + waiting > 0
      if (!busy && (this.out() === 0 || Date.now() - moved > 30)) return
      if (busy && Date.now() - moved > 1000) return
    }
  }

  /** Makes the next run independent of one that leaked. */
  async reset() {
    for (const pool of this.all) await pool.reset()
  }
}

/** The pools of the leak corpus. */
export class Resources extends PoolSet {
  constructor(db, tracer) {
    const pgPools = [new PgPool(db.pool, tracer), new PgPool(db.db.$pool, tracer)]
    const knexPool = db.knex.client.pool
    const borrowed = new Set()
    db.workers.acquire = holding(db.workers.acquire.bind(db.workers), borrowed)
    const all = [
      ...pgPools,
      new CountingPool(
        () => knexPool.numUsed(),
        () => releaseKnex(knexPool),
      ),
      new CountingPool(
        () => db.workers.borrowed,
        async () => {
          for (const worker of borrowed) if (db.workers.isBorrowedResource(worker)) await db.workers.destroy(worker)
          borrowed.clear()
        },
      ),
      reservations(db.sql, tracer),
      directClients(tracer),
    ]
    super(all, tracer)
    this.pgPools = pgPools
  }

  /** Does the caller's part for an owned client that a function returned. */
  async handBack(value, depth = 2) {
    if (value === null || typeof value !== 'object' || depth === 0) return false
    const name = ['release', 'close', 'done', 'dispose'].find((method) => typeof value[method] === 'function')
    if (name !== undefined) {
      await value[name]()
      return true
    }
    let any = false
    for (const part of Object.values(value)) any = (await this.handBack(part, depth - 1)) || any
    return any
  }

  /** Makes the next run independent of one that released everything, perhaps within a transaction. */
  async rollBack() {
    for (const pool of this.pgPools) await pool.rollBack()
  }
}

function holding(acquire, borrowed) {
  return async (...args) => {
    const resource = await acquire(...args)
    borrowed.add(resource)
    return resource
  }
}

export function releaseKnex(pool) {
  for (const { resource } of [...pool.used]) pool.release(resource)
}
