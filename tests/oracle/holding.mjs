// Measures what each function of the holding corpus holds while it waits for somebody else, by running it.
// Prints a JSON list of {file, function, line, endLine, sinks, nested, unfinished, leaks, witness}; README.md says more.
import { spawnSync } from 'node:child_process'
import { copyFileSync, mkdirSync, mkdtempSync, readdirSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import timers from 'node:timers/promises'
import { fileURLToPath, pathToFileURL } from 'node:url'
import { buildCorpus, here, loadCases, standIns, startDatabase, stopDatabase } from './harness/corpus.mjs'
import { Pools, Watch, answer } from './harness/holding.mjs'

const corpus = join(here, 'holding', 'javascript')
const probes = join(here, 'holding', 'probes', 'javascript')
const pairs = 400 // runs with two faults, at most, of one function
const starvedMilliseconds = 1500 // longer than any pool's own time-out
const ranks = ['free', 'client', 'transaction']
const verbose = process.argv.includes('--verbose') // tells on standard error what runs without a fault raised
const nested = process.argv.includes('--nested') // the second half, which this program runs by itself: pools of one client

const folder = mkdtempSync(join(tmpdir(), 'oracle-'))
const watch = (globalThis.__oracle = new Watch())

/** All runs of one function. */
class Measurement {
  sinks = new Map()
  nested = new Map()
  visited = new Map()
  witness = null
  leaks = false

  constructor(test) {
    Object.assign(this, test)
  }

  /** Every run with one fault at most; then with two, for a transaction that nobody ends. */
  async measure() {
    const late = []
    for (let index = 0; index < this.inputs.length; index += 1) {
      const single = await this.once(index, [])
      if (this.nested.size > 0) continue // each further run would wait as long
      for (const fault of single) {
        for (const faults of await this.once(index, fault)) late.push([index, faults])
      }
    }
    if (nested) return
    for (const [index, faults] of late.slice(0, pairs)) {
      if (this.witness !== null) return
      await this.once(index, faults)
    }
  }

  /** One run: drive, settle, note, clean up. Gives the runs with one fault more. */
  async once(index, faults) {
    const args = this.inputs[index].map((argument) => standIns[argument]?.() ?? argument)
    watch.start(new Set(faults))
    watch.active = true
    const result = watch.context.run({ sites: [], last: undefined }, () => this.run(...args))
    const error = await this.finish(result)
    if (verbose && error !== undefined && faults.length === 0 && !nested)
      process.stderr.write(`${this.file} ${this.name}: ${error}\n`)
    await watch.pools.settle()
    watch.active = false
    await this.note(index)
    const { count } = watch
    await watch.pools.reset()
    const first = (faults.at(-1) ?? -1) + 1
    return Array.from({ length: count - first }, (_, offset) => [...faults, first + offset])
  }

  /** Waits for what the function gives, in the second half not for ever; gives its error. */
  async finish(result) {
    const settled = Promise.resolve(result).then(
      () => undefined,
      (error) => error,
    )
    if (!nested) return settled
    const timeout = timers.setTimeout(starvedMilliseconds, 'starved')
    const error = await Promise.race([settled, timeout])
    if (error === 'starved') watch.starved.push(watch.latest)
    return error
  }

  /** Adds what one run showed. */
  async note(index) {
    const witness = this.describe(index)
    for (const { kind, place } of watch.sinks) {
      const known = this.sinks.get(keyOf(place))
      if (known === undefined || ranks.indexOf(kind) > ranks.indexOf(known.kind)) {
        this.sinks.set(keyOf(place), { kind, place, witness })
      }
    }
    for (const place of watch.starved) if (!this.nested.has(keyOf(place))) this.nested.set(keyOf(place), { place, witness })
    if (this.witness === null && !nested && (await watch.pools.unfinished())) {
      this.witness = witness
      this.leaks = watch.pools.out() > 0
      this.visited = watch.visited
    }
  }

  describe(index) {
    const faults = watch.raised.map(({ file, line }) => `call at ${file}:${line} raised`)
    return `${faults.join(' and ') || 'no fault'}, input #${index + 1}`
  }

  /** All of it, as it is printed. */
  verdict() {
    const { file, name, line, endLine, witness, leaks } = this
    return {
      file: `javascript/${file}`,
      function: name,
      line,
      endLine,
      sinks: [...this.sinks.values()].map((sink) => ({ held: sink.kind, ...this.located(sink.place), witness: sink.witness })),
      nested: [...this.nested.values()].map((wait) => ({ ...this.located(wait.place), witness: wait.witness })),
      unfinished: witness !== null,
      leaks,
      visited: [...this.visited.values()].map((site) => [`javascript/${site.file}`, site.line]),
      witness,
    }
  }

  /** The line in the function itself, and every line on the way. */
  located(place) {
    const own = place.findLast((site) => site.file === this.file && this.line <= site.line && site.line <= this.endLine)
    return { line: own?.line ?? this.line, chain: place.map((site) => [`javascript/${site.file}`, site.line]) }
  }
}

function keyOf(place) {
  return place.map((site) => `${site.file}:${site.line}`).join()
}

/** Puts the probes where the corpus' imports find them first. */
function installProbes(build) {
  for (const file of readdirSync(probes)) {
    const target = join(build, 'node_modules', file.replace(/\.js$/, '').replace('+', '/'))
    mkdirSync(target, { recursive: true })
    copyFileSync(join(probes, file), join(target, 'index.js'))
  }
}

/** What the same program measures with pools of one client: which function waits for itself. */
function starving() {
  const script = fileURLToPath(import.meta.url)
  const { status, stdout, stderr } = spawnSync(process.execPath, [script, '--nested'], {
    env: { ...process.env, POOL_SIZE: '1' },
    encoding: 'utf8',
    maxBuffer: 1 << 26,
  })
  if (status !== 0) throw new Error(stderr)
  return JSON.parse(stdout)
}

async function main() {
  for (const name of ['log', 'warn', 'error']) console[name] = () => {} // what the corpus prints is of no interest
  process.on('uncaughtException', () => {})
  process.on('unhandledRejection', () => {})
  if (!nested) await startDatabase(folder)
  const build = buildCorpus(corpus, folder)
  installProbes(build)
  globalThis.fetch = async () => watch.wait().then(() => answer)
  const { default: db } = await import(pathToFileURL(join(build, 'db.js')))
  await db.dataSource.initialize()
  watch.pools = new Pools(db, watch)
  watch.looks = !nested
  await watch.pools.watch()
  const verdicts = []
  for await (const test of loadCases(corpus, build)) {
    const measurement = new Measurement(test)
    await measurement.measure()
    verdicts.push(measurement.verdict())
  }
  if (!nested) starving().forEach((row, index) => (verdicts[index].nested = row.nested))
  process.stdout.write(JSON.stringify(verdicts, null, 2) + '\n')
}

process.on('exit', () => stopDatabase(folder))
process.on('SIGINT', () => process.exit(130))
process.on('SIGTERM', () => process.exit(143))
main().then(
  () => process.exit(0),
  (error) => {
    process.stderr.write(`${error.stack}\n`)
    process.exit(2)
  },
)
