// Stands for the S3 client while the corpus runs.
exports.S3Client = class S3Client {
  send() {
    return globalThis.__oracle.wait()
  }
}

exports.PutObjectCommand = class PutObjectCommand {
  constructor(input) {
    this.input = input
  }
}

exports.GetObjectCommand = class GetObjectCommand {
  constructor(input) {
    this.input = input
  }
}
