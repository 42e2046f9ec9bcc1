// Stands for Stripe while the corpus runs.
const wait = () => globalThis.__oracle.wait()

module.exports = class Stripe {
  paymentIntents = { create: wait, capture: wait, cancel: wait, retrieve: wait }
  refunds = { create: wait }
}
