// Stands for got while the corpus runs.
const wait = () => globalThis.__oracle.wait()

module.exports = Object.assign(() => wait(), { get: () => wait(), post: () => wait() })
module.exports.default = module.exports
