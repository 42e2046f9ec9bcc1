// Stands for axios while the corpus runs.
const wait = () => globalThis.__oracle.wait()

class AxiosError extends Error {}

const methods = ['get', 'post', 'put', 'patch', 'delete', 'request', 'head']
const axios = Object.assign(() => wait(), Object.fromEntries(methods.map((method) => [method, () => wait()])))
axios.create = () => axios
module.exports = Object.assign(axios, { default: axios, axios, AxiosError })
