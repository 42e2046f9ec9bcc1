// Stands for nodemailer while the corpus runs.
exports.createTransport = () => ({ sendMail: () => globalThis.__oracle.wait(), close() {} })
