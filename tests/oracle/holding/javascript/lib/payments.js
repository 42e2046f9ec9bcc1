// Payments.
const Stripe = require('stripe')

const stripe = new Stripe('key')
const rates = { EUR: 100, USD: 108 }

class Gateway {
  async charge(amount) {
    const intent = await stripe.paymentIntents.create({ amount, currency: 'eur' })
    return intent.id
  }

  fee(amount) {
    return Math.floor(amount / 50)
  }
}

class SandboxGateway extends Gateway {
  async charge(amount) {
    return `sandbox-${amount}`
  }
}

function convert(amount, currency) {
  return Math.floor((amount * rates[currency]) / 100)
}

module.exports = { Gateway, SandboxGateway, convert }
