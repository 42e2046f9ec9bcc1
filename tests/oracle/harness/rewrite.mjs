// Rewrites a corpus file so that every call goes through the tracer: `a.f(x)` becomes
// `__oracle.method(site, a, "f", [x])`. Lines stay where they are.
import { readFileSync } from 'node:fs'
import { parse } from 'acorn'
import { full } from 'acorn-walk'
import MagicString from 'magic-string'

const model = JSON.parse(readFileSync(new URL('../fault-model.json', import.meta.url), 'utf8')).javascript
export const quietNames = new Set(Object.values(model).flat())

/** The source of a corpus file in its rewritten form; `file` names it in witnesses. */
export function rewrite(source, file) {
  const module = file.endsWith('.mjs')
  const tree = parse(source, { ecmaVersion: 'latest', sourceType: module ? 'module' : 'script', locations: true })
  const edit = new MagicString(source)
  full(tree, (node) => rewriters[node.type]?.(edit, node, source, file))
  return edit.toString()
}

const rewriters = {
  CallExpression: rewriteCall,
  NewExpression: rewriteNew,
  TaggedTemplateExpression: rewriteTag,
  FunctionDeclaration: markFunction,
  FunctionExpression: markFunction,
  ArrowFunctionExpression: markFunction,
}

function rewriteCall(edit, node, source, file) {
  const { callee } = node
  if (callee.type === 'Super' || callee.object?.type === 'Super' || callee.name === 'require') return
  const open = source.indexOf('(', callee.end)
  const site = siteOf(node, source.slice(callee.start, callee.end), file)
  if (callee.type === 'MemberExpression') {
    rewriteMethodCall(edit, node, source, open, site)
  } else {
    refuse(node.optional, node, file)
    edit.prependRight(node.start, `__oracle.call(${site}, `)
    edit.update(open, open + 1, ', [')
    edit.update(node.end - 1, node.end, '])')
  }
}

function rewriteMethodCall(edit, node, source, open, site) {
  const { callee } = node
  refuse(callee.computed || callee.property.type === 'PrivateIdentifier', node, site)
  const dot = source.lastIndexOf('.', callee.property.start)
  if (callee.optional) {
    edit.prependRight(node.start, `__oracle.optionalMethod(${site}, `)
    edit.update(dot - 1, open + 1, `, "${callee.property.name}", () => [`)
  } else {
    edit.prependRight(node.start, `__oracle.method(${site}, `)
    edit.update(dot, open + 1, `, "${callee.property.name}", [`)
  }
  edit.update(node.end - 1, node.end, '])')
}

function rewriteNew(edit, node, source, file) {
  const { callee } = node
  const open = source.indexOf('(', callee.end)
  refuse(source[node.end - 1] !== ')', node, file)
  const site = siteOf(node, `new ${source.slice(callee.start, callee.end)}`, file)
  edit.update(node.start, callee.start, `__oracle.construct(${site}, `)
  edit.update(open, open + 1, ', [')
  edit.update(node.end - 1, node.end, '])')
}

function rewriteTag(edit, node, source, file) {
  const site = siteOf(node, source.slice(node.tag.start, node.tag.end), file)
  edit.prependRight(node.start, `__oracle.tag(${site}, `)
  edit.appendLeft(node.tag.end, ')')
}

/** Marks the functions of the corpus, so that the tracer knows them at run time. */
function markFunction(edit, node) {
  if (node.body.type === 'BlockStatement') edit.appendRight(node.body.start + 1, '/*corpus*/')
  else edit.prependRight(node.body.start, '/*corpus*/')
}

/** A site as the source of an object literal. */
function siteOf(node, callee, file) {
  const { line, column } = node.loc.start
  return JSON.stringify({
    id: `${file}:${line}:${column}:${node.end}`,
    file,
    line: node.callee?.property ? node.callee.property.loc.start.line : line,
    quiet: isQuiet(callee),
    callback: takesNodeCallback(node),
  })
}

function isQuiet(callee) {
  const text = callee.replace(/\s+/g, '')
  const receiver = text.split('.')[0] + '.*'
  const method = text.includes('.') ? text.slice(text.lastIndexOf('.')) : text
  return quietNames.has(callee) || quietNames.has(text) || quietNames.has(receiver) || quietNames.has(method)
}

/** Whether the last argument looks like a callback of node's form: its first parameter, if any, is the error. */
function takesNodeCallback(node) {
  const last = node.arguments?.at(-1)
  if (last?.type === 'Identifier') return /^(callback|cb|done|next|release)$/.test(last.name)
  return Boolean(last?.params) && /^_?(e|err|error)?$/.test(last.params[0]?.name ?? '')
}

function refuse(unsupported, node, where) {
  if (unsupported) throw new Error(`${where}: the rewriter does not know this form (line ${node.loc.start.line})`)
}
