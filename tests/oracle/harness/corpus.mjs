// Where a corpus lies, how it is built, and the database that it runs on.
import { spawnSync } from 'node:child_process'
import { mkdirSync, readdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath, pathToFileURL } from 'node:url'
import { parse } from 'acorn'
import pg from 'pg'
import { rewrite } from './rewrite.mjs'

export const here = fileURLToPath(new URL('..', import.meta.url))
const notRewritten = ['db.js'] // it only constructs pools

/** A throw-away PostgreSQL; the corpus finds it through the environment. */
export async function startDatabase(folder) {
  const { status, stderr } = spawnSync(join(here, 'postgres.sh'), ['start', folder], { encoding: 'utf8' })
  if (status !== 0) throw new Error(`PostgreSQL does not start: ${stderr}`)
  Object.assign(process.env, { PGHOST: folder, PGUSER: 'postgres', PGDATABASE: 'postgres' })
  const client = new pg.Client()
  await client.connect()
  await client.query(readFileSync(join(here, 'schema.sql'), 'utf8'))
  await client.end()
}

/** Stops the server, whatever happened, and removes its files. */
export function stopDatabase(folder) {
  spawnSync(join(here, 'postgres.sh'), ['stop', folder])
  rmSync(folder, { recursive: true, force: true })
}

/** Writes the rewritten corpus beside a link to the packages, and returns its folder. */
export function buildCorpus(corpus, folder) {
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
export async function* loadCases(corpus, build) {
  const inputs = JSON.parse(readFileSync(join(corpus, 'cases.json'), 'utf8'))
  const files = readdirSync(corpus).filter((name) => /\.(js|mjs)$/.test(name) && !notRewritten.includes(name))
  for (const file of files.sort()) {
    const { default: common, ...named } = await import(pathToFileURL(join(build, file)))
    const exported = file.endsWith('.mjs') ? named : common
    const listed = inputs[file] ?? {}
    for (const definition of definitions(corpus, file)) {
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
function definitions(corpus, file) {
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
export const standIns = {
  $callback: () => () => undefined,
  $response: () => {
    const response = { status: () => response, json: () => response, send: () => response, end: () => response }
    return response
  },
}
