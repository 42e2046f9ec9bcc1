// Measures which functions of the JavaScript corpus leak a client, by running them with faults injected.
// Prints a JSON list of {file, function, line, endLine, leaks, witness}; README.md describes the fault model.
import { mkdtempSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { buildCorpus, here, loadCases, standIns, startDatabase, stopDatabase } from './harness/corpus.mjs'
import { Resources } from './harness/resources.mjs'
import { Tracer } from './harness/trace.mjs'

const corpus = join(here, 'javascript')
const maxFaults = 2 // the second one strikes in a handler or a finally
const verbose = process.argv.includes('--verbose') // tells on standard error what runs without a fault raised

const folder = mkdtempSync(join(tmpdir(), 'oracle-'))
const tracer = (globalThis.__oracle = new Tracer())
let crashed = false

/** Searches the runs of one function for one that leaks. */
class Search {
  constructor(resources, { file, run, inputs }) {
    Object.assign(this, { resources, file, run, inputs })
  }

  /** The first leaking run, described: the fewer faults the earlier. */
  async witness() {
    let runs = this.inputs.map((input, index) => ({ input, index, abandon: false, faults: [] }))
    while (runs.length > 0) {
      const next = []
      for (const run of runs) {
        if (await this.leaks(run)) return this.describe(run)
        next.push(...this.variants(run))
      }
      runs = next
    }
    return null
  }

  /** The runs that differ from this one, just made, by one fault more. */
  variants(run) {
    const { input, index, abandon, faults } = run
    const variants = []
    if (this.iterates && !abandon && faults.length === 0) variants.push({ ...run, abandon: true })
    if (faults.length === maxFaults) return variants
    for (let occurrence = (faults.at(-1) ?? -1) + 1; occurrence < tracer.count; occurrence += 1) {
      variants.push({ input, index, abandon, faults: [...faults, occurrence] })
    }
    return variants
  }

  /** One run: drive, settle, measure, clean up. */
  async leaks({ input, abandon, faults }) {
    const args = input.map((argument) => standIns[argument]?.() ?? argument)
    const { resources } = this
    tracer.start(new Set(faults))
    tracer.active = true
    crashed = false
    const result = await this.drive(args, abandon).catch((error) => error)
    if (verbose && faults.length === 0 && result instanceof Error)
      process.stderr.write(`${this.file} ${this.run.name}: ${result}\n`)
    await resources.settle()
    tracer.active = false
    if (await resources.handBack(result)) await resources.settle()
    const leaked = resources.out() > 0
    if (leaked || crashed) await resources.reset()
    else if (faults.length > 0) await resources.rollBack()
    return leaked
  }

  /** Calls the function; what it returns is iterated if it can be, to the end or abandoned. */
  async drive(args, abandon) {
    const result = await this.run(...args)
    if (typeof result?.next !== 'function') return result
    this.iterates = true
    for await (const item of result) if (abandon) break
    return undefined
  }

  describe({ index, abandon }) {
    const places = tracer.raised.map(({ file, line }) => (file === this.file ? `line ${line}` : `${file}:${line}`))
    const faults = places.map((place) => `call at ${place} raised`)
    if (abandon) faults.push('the caller stopped iterating')
    return `${faults.join(' and ') || 'no fault'}, input #${index + 1}`
  }
}

async function main() {
  for (const name of ['log', 'warn', 'error']) console[name] = () => {} // what the corpus prints is of no interest
  process.on('uncaughtException', () => (crashed = true))
  process.on('unhandledRejection', () => {})
  await startDatabase(folder)
  const build = buildCorpus(corpus, folder)
  const { default: db } = await import(pathToFileURL(join(build, 'db.js')))
  const resources = new Resources(db, tracer)
  const verdicts = []
  for await (const test of loadCases(corpus, build)) {
    const witness = await new Search(resources, test).witness()
    const { name, line, endLine } = test
    verdicts.push({ file: `javascript/${test.file}`, function: name, line, endLine, leaks: witness !== null, witness })
  }
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
