// wx.request, files and the network's state. The flight mode of the panel loses every request.

import { call } from './call.js'

const TIMEOUT = 60_000

export function network({ shell, files }) {
  const listeners = new Set()
  let flight = false
  let online = true
  const change = () => {
    const now = navigator.onLine && !flight
    if (now === online) return
    online = now
    for (const listener of listeners) listener({ isConnected: now, networkType: now ? 'wifi' : 'none' })
  }
  shell.onFlight = (on) => {
    flight = on
    change()
  }
  addEventListener('online', change)
  addEventListener('offline', change)

  /** @returns {Promise<Response>} */
  async function send(url, init, timeout = TIMEOUT, abort = new AbortController()) {
    if (flight) throw new Error('net::ERR_INTERNET_DISCONNECTED')
    const timer = setTimeout(() => abort.abort(new Error('timeout')), timeout)
    try {
      const reply = await fetch(url, { ...init, signal: abort.signal })
      if (flight) throw new Error('net::ERR_INTERNET_DISCONNECTED')
      return reply
    } finally {
      clearTimeout(timer)
    }
  }

  const METHODS = ['OPTIONS', 'GET', 'HEAD', 'POST', 'PUT', 'DELETE', 'TRACE', 'CONNECT']
  const lower = (header = {}) => Object.fromEntries(Object.entries(header).map(([name, value]) => [name.toLowerCase(), value]))

  function bodyOf(data, type) {
    if (data === undefined || typeof data === 'string' || data instanceof ArrayBuffer) return data
    return type.includes('urlencoded') ? String(new URLSearchParams(data)) : JSON.stringify(data)
  }

  return {
    request(options) {
      const abort = new AbortController()
      call('request', options, (ok, no) => {
        const method = (options.method || 'GET').toUpperCase()
        if (!METHODS.includes(method)) throw new Error(`method ${method} is invalid`)
        const header = { 'content-type': 'application/json', ...lower(options.header) }
        const query = method === 'GET' && options.data && typeof options.data === 'object'
        const url = query ? `${options.url}?${new URLSearchParams(options.data)}` : options.url
        const body = method === 'GET' || method === 'HEAD' ? undefined : bodyOf(options.data, header['content-type'])
        send(url, { method, headers: header, body }, options.timeout, abort).then(async (reply) => {
          const data = options.responseType === 'arraybuffer' ? await reply.arrayBuffer() : parsed(await reply.text(), options.dataType)
          ok({ data, statusCode: reply.status, header: Object.fromEntries(reply.headers), cookies: [] })
        }).catch(no)
      })
      return { abort: () => abort.abort(), onHeadersReceived() {}, offHeadersReceived() {} }
    },
    downloadFile(options) {
      call('downloadFile', options, (ok, no) => {
        send(options.url, { headers: options.header }, options.timeout)
          .then(async (reply) => ok({ statusCode: reply.status, tempFilePath: files.keep(await reply.blob()) }))
          .catch(no)
      })
      return { abort() {}, onProgressUpdate() {} }
    },
    uploadFile(options) {
      call('uploadFile', options, (ok, no) => {
        const form = new FormData()
        for (const [name, value] of Object.entries(options.formData ?? {})) form.append(name, value)
        files.read(options.filePath)
          .then((blob) => {
            form.append(options.name, blob, 'upload')
            return send(options.url, { method: 'POST', headers: options.header, body: form }, options.timeout)
          })
          .then(async (reply) => ok({ statusCode: reply.status, data: await reply.text() }))
          .catch(no)
      })
      return { abort() {}, onProgressUpdate() {} }
    },
    onNetworkStatusChange: (listener) => { listeners.add(listener) },
    offNetworkStatusChange: (listener) => { listeners.delete(listener) },
    getNetworkType: (options) => call('getNetworkType', options, (ok) => ok({ networkType: online ? 'wifi' : 'none' })),
  }
}

function parsed(text, dataType) {
  if (dataType === 'text') return text
  try {
    return JSON.parse(text)
  } catch {
    return text
  }
}
