// Runs the rewritten corpus with chosen faults: counts the calls of a run and makes the chosen ones fail.

/** Stands in for every call of the corpus. */
export class Tracer {
  active = false
  /** What the call of a site returned last: a promise fails later than other calls. */
  returnsPromise = new Map()
  /** Predicates that know a function that gives a client back, under whatever name it is called. */
  isRelease = []
  observers = []

  constructor() {
    this.start(new Set())
  }

  /** Begins a run in which the given dynamic occurrences fail. */
  start(faults) {
    this.faults = faults
    this.count = 0
    this.raised = []
    this.pending = 0
    this.run = (this.run ?? 0) + 1
  }

  call(site, callee, args) {
    return this.invoke(site, callee, args, () => callee(...args))
  }

  method(site, receiver, name, args) {
    return this.invoke(site, receiver[name], args, () => receiver[name](...args))
  }

  optionalMethod(site, receiver, name, args) {
    return receiver === undefined || receiver === null ? undefined : this.method(site, receiver, name, args())
  }

  construct(site, Class, args) {
    return this.invoke(site, Class, args, () => new Class(...args))
  }

  tag(site, callee) {
    return (strings, ...values) => this.invoke(site, callee, [], () => callee(strings, ...values))
  }

  invoke(site, callee, args, execute) {
    if (!this.active) return execute()
    if (this.mayRaise(site, callee)) {
      this.count += 1
      if (this.faults.has(this.count - 1)) return this.strike(site, args)
    }
    const result = execute()
    for (const observe of this.observers) observe(result)
    this.returnsPromise.set(site.id, result instanceof Promise)
    if (callee !== Promise) this.await(result)
    return result
  }

  /** Whether the fault model lets this call fail: calls to the corpus itself fail from inside only. */
  mayRaise(site, callee) {
    if (site.quiet || typeof callee !== 'function' || this.isRelease.some((knows) => knows(callee))) return false
    const isError = callee === Error || callee.prototype instanceof Error
    return !isError && !Function.prototype.toString.call(callee).includes('/*corpus*/')
  }

  /** Fails as the call would: through its callback, its promise, or at once. */
  strike(site, args) {
    this.raised.push(site)
    const fault = new Error(`injected at ${site.file}:${site.line}`)
    if (this.returnsPromise.get(site.id)) return Promise.reject(fault)
    if (!site.callback) throw fault
    this.later(() => args.at(-1)(fault))
    return undefined
  }

  later(callback) {
    const { run } = this
    this.pending += 1
    setImmediate(() => {
      if (run === this.run) this.pending -= 1
      callback()
    })
  }

  /** Counts a promise until it settles. Other thenables are lazy queries, which asking would start. */
  await(result) {
    if (result?.constructor !== Promise) return
    const { run } = this
    const settled = () => {
      if (run === this.run) this.pending -= 1
    }
    this.pending += 1
    result.then(settled, settled)
  }
}
