// Measures which functions of the JavaScript corpus leak a client, by running them with faults injected.
// Prints a JSON list of {file, function, line, endLine, leaks, witness}; README.md describes the fault model.
import { spawnSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath, pathToFileURL } from 'node:url'
import { parse } from 'acorn'
import pg from 'pg'
import { Resources } from './harness/resources.mjs'
import { rewrite } from './harness/rewrite.mjs'
import { Tracer } from './harness/trace.mjs'

const here = fileURLToPath(new URL('.', import.meta.url))
const corpus = join(here, 'javascript')
const notRewritten = ['db.js'] // it only constructs pools
const maxFaults = 2 // the second one strikes in a handler or a finally
const verbose = process.argv.includes('--verbose') // tells on standard error what runs without a fault raised

const folder = mkdtempSync(join(tmpdir(), 'oracle-'))
const tracer = (globalThis.__oracle = new Tracer())
let crashed = false

/** A throw-away PostgreSQL; the corpus finds it through the environment. */
async function startDatabase() {
  const { status, stderr } = spawnSync(join(here, 'postgres.sh'), ['start', folder], { encoding: 'utf8' })
  if (status !== 0) throw new Error(`PostgreSQL does not start: ${stderr}`)
  Object.assign(process.env, { PGHOST: folder, PGUSER: 'postgres', PGDATABASE: 'postgres' })
  const client = new pg.Client()
  await client.connect()
  await client.query(readFileSync(join(here, 'schema.sql'), 'utf8'))
  await client.end()
}

/** Stops the server, whatever happened, and removes its files. */
function stopDatabase() {
  spawnSync(join(here, 'postgres.sh'), ['stop', folder])
  rmSync(folder, { recursive: true, force: true })
}

/** Writes the rewritten corpus beside a link to the packages, and returns its folder. */
function buildCorpus() {
  const build = join(folder, 'javascript')
  symlinkSync(join(here, 'node_modules'), join(folder, 'node_modules'))
  for (const file of readdirSync(corpus, { recursive: true, withFileTypes: true })) {
    if (!/\.(js|mjs)$/.test(file.name)) continue
    const path = join(file.parentPath ?? file.path, file.name)
    const name = path.slice(corpus.length + 1)
    const source = readFileSync(path, 'utf8')
    mkdirSync(join(build, name, '..'), { recursive: true })
    writeFileSync(join(build, name), notRewritten.includes(name) ? source : rewrite(source, name))
  }
  return build
}

/** Every exported function of the files of the corpus' top folder, with its lines and inputs. */
async function* loadCases(build) {
  const inputs = JSON.parse(readFileSync(join(corpus, 'cases.json'), 'utf8'))
  const files = readdirSync(corpus).filter((name) => /\.(js|mjs)$/.test(name) && !notRewritten.includes(name))
  for (const file of files.sort()) {
    const { default: common, ...named } = await import(pathToFileURL(join(build, file)))
    const exported = file.endsWith('.mjs') ? named : common
    const listed = inputs[file] ?? {}
    for (const definition of definitions(file)) {
      const run = exported[definition.name]
      if (run === undefined) continue
      yield { file, run, ...definition, inputs: listed[definition.name] ?? [[]] }
      delete listed[definition.name]
    }
    if (Object.keys(listed).length > 0)
      throw new Error(`cases.json names unknown functions of ${file}: ${Object.keys(listed)}`)
  }
}

/** The top-level functions of a file: declarations, and constants that hold a function. */
function definitions(file) {
  const source = readFileSync(join(corpus, file), 'utf8')
  const sourceType = file.endsWith('.mjs') ? 'module' : 'script'
  const { body } = parse(source, { ecmaVersion: 'latest', sourceType, locations: true })
  return body
    .map((node) => node.declaration ?? node)
    .flatMap((node) => (node.type === 'VariableDeclaration' ? node.declarations : [node]))
    .filter((node) => node.id?.name && /Function/.test(node.init?.type ?? node.type))
    .map((node) => ({ name: node.id.name, line: node.loc.start.line, endLine: node.loc.end.line }))
}

/** What stands for the arguments that JSON cannot write. */
const standIns = {
  $callback: () => () => undefined,
  $response: () => {
    const response = { status: () => response, json: () => response, send: () => response, end: () => response }
    return response
  },
}

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
  await startDatabase()
  const build = buildCorpus()
  const { default: db } = await import(pathToFileURL(join(build, 'db.js')))
  const resources = new Resources(db, tracer)
  const verdicts = []
  for await (const test of loadCases(build)) {
    const witness = await new Search(resources, test).witness()
    const { name, line, endLine } = test
    verdicts.push({ file: `javascript/${test.file}`, function: name, line, endLine, leaks: witness !== null, witness })
  }
  process.stdout.write(JSON.stringify(verdicts, null, 2) + '\n')
}

process.on('exit', stopDatabase)
process.on('SIGINT', () => process.exit(130))
process.on('SIGTERM', () => process.exit(143))
main().then(
  () => process.exit(0),
  (error) => {
    process.stderr.write(`${error.stack}\n`)
    process.exit(2)
  },
)
