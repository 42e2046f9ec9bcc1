// Who is told about what.
const axios = require('axios')
const nodemailer = require('nodemailer')

const transport = nodemailer.createTransport({ host: 'mail.internal' })

async function postHook(event, fields = {}) {
  const { status } = await axios.post('https://hooks.example.com/orders', { event, ...fields }, { timeout: 5000 })
  return status
}

function sendMail(to, subject) {
  return transport.sendMail({ to, subject })
}

async function notifyCustomer(email, text) {
  if (!email) return
  await sendMail(email, text)
}

function describe(event, fields) {
  return { event, ...fields }
}

class Outbox {
  #messages = []

  add(message) {
    this.#messages.push(message)
  }

  async flush() {
    for (const message of this.#messages) await this.deliver(message)
    this.#messages = []
  }

  deliver(message) {
    return postHook(message)
  }
}

module.exports = { postHook, sendMail, notifyCustomer, describe, Outbox }
