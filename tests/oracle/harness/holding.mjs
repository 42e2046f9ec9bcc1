// What the holding oracle sees: at each wait for somebody else, which clients and transactions are held.
import { AsyncLocalStorage } from 'node:async_hooks'
import childProcess, { spawnSync } from 'node:child_process'
import timers from 'node:timers/promises'
import { promisify } from 'node:util'
import pg from 'pg'
import { CountingPool, PgPool, PoolSet, releaseKnex, reservations } from './resources.mjs'
import { Tracer } from './trace.mjs'

const waitMilliseconds = 25 // how long somebody else takes to answer; longer than what a corpus function does beside it
const endedMilliseconds = 150 // in which a transaction that somebody ends in the background has ended
const starved = /timeout exceeded when trying to connect|Timeout acquiring a connection|Operation timeout/
const ends = /^(commit|rollback|commitTransaction|rollbackTransaction)$/
const transactions = `
  SELECT pid || ' ' || xact_start AS id FROM pg_stat_activity
  WHERE backend_type = 'client backend' AND pid <> pg_backend_pid() AND xact_start IS NOT NULL`

/** The pools of the corpus, and the transactions that the server sees on their connections. */
export class Pools extends PoolSet {
  constructor(db, tracer) {
    const { connectionManager } = db.sequelize
    const knexPool = db.knex.client.pool
    const pgPools = [db.pool, db.reportPool, db.db.$pool, db.builderPool, db.dataSource.driver.master]
    const all = [
      ...pgPools.map((pool) => new PgPool(pool, tracer)),
      new CountingPool(
        () => knexPool.numUsed(),
        () => releaseKnex(knexPool),
      ),
      new CountingPool(
        () => connectionManager.pool.using,
        async () => {
          for (const { resource } of [...connectionManager.pool._inUseObjects]) await connectionManager.pool.destroy(resource)
        },
      ),
      reservations(db.sql, tracer),
    ]
    super(all, tracer)
    for (const pool of pgPools) noteStarving(pool, 'connect', tracer)
    noteStarving(db.knex.client, 'acquireConnection', tracer)
    noteStarving(connectionManager, 'getConnection', tracer)
  }

  async watch() {
    this.observer = new pg.Client()
    await this.observer.connect()
  }

  /** The transactions that are open, each by its backend and start. */
  async transactions() {
    const { rows } = await this.observer.query(transactions)
    return rows.map(({ id }) => id)
  }

  /** The same while this thread is blocked. */
  transactionsNow() {
    const { stdout } = spawnSync('psql', ['--no-psqlrc', '--tuples-only', '--no-align', '--command', transactions], {
      encoding: 'utf8',
    })
    return stdout.split('\n').filter(Boolean)
  }

  /** Whether a transaction stays open, some time after the function ended. */
  async unfinished() {
    const deadline = Date.now() + endedMilliseconds
    while ((await this.transactions()).length > 0) {
      if (Date.now() > deadline) return true
      await timers.setTimeout(5)
    }
    return false
  }

  /** Makes the next run independent of this one. */
  async reset() {
    const open = (await this.transactions()).length > 0
    if (!open && this.out() === 0) return
    const backends = transactions.replace(/SELECT .* AS id/, 'SELECT pg_terminate_backend(pid)')
    if (open) await this.observer.query(backends)
    await timers.setTimeout(5) // the clients hear of it
    await super.reset()
    if (await this.unfinished()) throw new Error('a transaction outlives its pool')
  }
}

/** Tells the tracer where a pool had no client left. */
function noteStarving(pool, name, tracer) {
  const request = pool[name]
  pool[name] = function (...args) {
    const place = tracer.place()
    const note = (error) => starved.test(error?.message ?? '') && tracer.starved.push(place)
    const callback = args.at(-1)
    if (typeof callback === 'function') {
      return request.call(this, ...args.slice(0, -1), (error, ...rest) => {
        note(error)
        callback(error, ...rest)
      })
    }
    const result = request.apply(this, args)
    result.then(undefined, note)
    return result
  }
}

/** What any call to somebody else gives: it has every field, and can be called. */
export const answer = new Proxy(function answer() {}, {
  get(target, name) {
    if (name === 'then' || typeof name === 'symbol') return undefined
    return { id: 'answer', status: 200, ok: true, text: async () => 'answer', json: async () => answer }[name] ?? answer
  },
  apply: () => answer,
})

/** The tracer that also notes what is held whenever the corpus waits for somebody else. */
export class Watch extends Tracer {
  context = new AsyncLocalStorage()
  pools = undefined
  looks = true // at what is held
  standIns = new Map([
    [timers.setTimeout, () => this.wait()],
    [setTimeout, (...args) => this.sleep(...args)],
    [childProcess.execSync, () => this.waitNow()],
    [childProcess.execFileSync, () => this.waitNow()],
    [childProcess.spawnSync, () => this.waitNow()],
  ])

  start(faults) {
    super.start(faults)
    Object.assign(this, { sinks: [], starved: [], visited: new Map(), latest: [], watching: this.looks && faults.size < 2 })
  }

  method(site, receiver, name, args) {
    const quiet = site.quiet || ends.test(name)
    return super.method({ ...site, quiet }, receiver, name, args)
  }

  invoke(site, callee, args, execute) {
    if (callee === promisify && [childProcess.exec, childProcess.execFile].includes(args[0])) return () => this.wait()
    if (!this.active) return execute()
    this.visited.set(site.id, site)
    const quiet = site.quiet || isEnd(args)
    const standIn = this.standIns.get(callee)
    const { sites } = this.context.getStore() ?? { sites: [] }
    const store = { sites: [...sites, site], last: undefined }
    if (this.context.getStore()) this.context.getStore().last = site
    this.latest = store.sites
    const run = standIn === undefined ? execute : () => standIn(...args)
    return this.context.run(store, () => super.invoke({ ...site, quiet }, callee, args, run))
  }

  /** The sites that lead here, outermost first. */
  place() {
    const { sites, last } = this.context.getStore() ?? { sites: this.latest }
    return last === undefined ? sites : [...sites, last]
  }

  /** Somebody else is waited for while other things go on. */
  async wait() {
    const { run } = this
    const place = this.place()
    const before = await this.held()
    if (before.length > 0) await timers.setTimeout(waitMilliseconds)
    const after = before.length > 0 ? await this.held() : []
    if (run === this.run) this.note(place, before.filter((held) => after.includes(held)))
    return answer
  }

  /** Somebody else is waited for, and everything with it. */
  waitNow() {
    this.note(this.place(), this.watching ? [...this.client(), ...this.pools.transactionsNow()] : [])
    return answer
  }

  /** `setTimeout(resolve, ms)` in a `new Promise` is a sleep; any other is not waited for. */
  sleep(callback, milliseconds, ...rest) {
    if (!/\[native code\]/.test(Function.prototype.toString.call(callback))) return setTimeout(callback, milliseconds, ...rest)
    this.wait().then(callback)
    return undefined
  }

  /** The transactions open, and "client" where a pool's client is out. */
  async held() {
    if (!this.active || !this.watching) return []
    return [...this.client(), ...(await this.pools.transactions())]
  }

  client() {
    return this.pools.out() > 0 ? ['client'] : []
  }

  /** One wait, with what was held from its beginning to its end. */
  note(place, held) {
    if (!this.active || !this.watching) return
    const kind = held.some((name) => name !== 'client') ? 'transaction' : held.length > 0 ? 'client' : 'free'
    this.sinks.push({ kind, place })
  }
}

/** Whether a statement commits or rolls back: like what gives a client back, it acts, and never fails here. */
function isEnd([statement]) {
  const text = statement?.text ?? statement
  return typeof text === 'string' && /^\s*(COMMIT|ROLLBACK|END|ABORT)\b/i.test(text)
}
