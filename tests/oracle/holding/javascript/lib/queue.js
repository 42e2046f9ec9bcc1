// Background work.
const { Queue } = require('bullmq')

const mails = new Queue('mails')

async function enqueueReceipt(orderId) {
  await mails.add('receipt', { orderId })
}

module.exports = { mails, enqueueReceipt }
