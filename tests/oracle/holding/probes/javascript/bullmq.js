// Stands for BullMQ while the corpus runs.
exports.Queue = class Queue {
  constructor(name) {
    this.name = name
  }

  add() {
    return globalThis.__oracle.wait()
  }

  addBulk() {
    return globalThis.__oracle.wait()
  }
}
