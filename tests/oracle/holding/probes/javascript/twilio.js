// Stands for Twilio while the corpus runs.
module.exports = () => ({ messages: { create: () => globalThis.__oracle.wait() } })
