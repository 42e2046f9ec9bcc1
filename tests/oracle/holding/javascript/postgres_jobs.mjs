// Jobs, on postgres.js.
import db from './db.js'
import notify from './lib/notify.js'

const { sql } = db
const { postHook } = notify

export async function startJob(id) {
  await sql.begin(async (tx) => {
    await tx`UPDATE jobs SET status = 'started' WHERE id = ${id}`
    await postHook('started', { id })
  })
}

export async function launchJob(id) {
  await sql.begin(async (tx) => {
    await tx`UPDATE jobs SET status = 'launched' WHERE id = ${id}`
  })
  await postHook('launched', { id })
}

export async function readJob(id) {
  const [job] = await sql`SELECT status FROM jobs WHERE id = ${id}`
  await postHook(job.status, { id })
}

export async function reserveJob(id) {
  const reserved = await sql.reserve()
  try {
    await reserved`SELECT status FROM jobs WHERE id = ${id}`
    await postHook('reserved', { id })
  } finally {
    reserved.release()
  }
}

export async function probeJob(id) {
  const reserved = await sql.reserve()
  try {
    await reserved`SELECT status FROM jobs WHERE id = ${id}`
  } finally {
    reserved.release()
  }
  await postHook('probed', { id })
}

export async function auditJob(id) {
  await sql.begin(async (tx) => {
    await tx`UPDATE jobs SET status = 'audited' WHERE id = ${id}`
    await sql`INSERT INTO audit_log VALUES ('audited')`
  })
}

export async function auditJobInside(id) {
  await sql.begin(async (tx) => {
    await tx`UPDATE jobs SET status = 'audited' WHERE id = ${id}`
    await tx`INSERT INTO audit_log VALUES ('audited')`
  })
}
