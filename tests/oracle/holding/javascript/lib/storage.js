// Documents.
const { S3Client, PutObjectCommand } = require('@aws-sdk/client-s3')

const s3 = new S3Client({})

async function upload(key, body) {
  await s3.send(new PutObjectCommand({ Bucket: 'documents', Key: key, Body: body }))
}

function keyOf(id) {
  return `orders/${id}`
}

module.exports = { upload, keyOf }
