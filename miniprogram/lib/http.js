// One HTTP exchange with the server: wx.request as a promise, and what went wrong as a Failure.

/**
 * What the client does about a failure; the server's `code` decides, not the words.
 * - `offline`   no answer came: keep the work, try again; code `unreachable` while the phone is on a network
 * - `signin`    the session is over: sign in again, once
 * - `signed_out` nothing signs in until the user taps: signed out here, ended from another device, or the account
 *   is being closed; `code` tells which
 * - `wait`      the server asks for patience: try again after `retryAfter` seconds
 * - `blocked`   this user may not use the service
 * - `conflict`  another device was faster: load the tail, put the own strokes behind it
 * - `deleted`   the drawing lies in the bin
 * - `missing`   there is no such thing
 * - `full`      a limit is reached
 * - `refused`   the server does not accept it, and would not the next time either
 * - `fault`     the server's own fault
 * @typedef {'offline' | 'signin' | 'signed_out' | 'wait' | 'blocked' | 'conflict' | 'deleted' | 'missing' | 'full' | 'refused' | 'fault'} FailureKind
 */

/** @type {Record<string, FailureKind>} */
const KIND_OF_CODE = {
  unauthenticated: 'signin',
  sign_in_again: 'signin',
  session_ended: 'signed_out',
  account_closing: 'signed_out',
  wechat_unavailable: 'wait',
  rate_limited: 'wait',
  unavailable: 'wait',
  user_blocked: 'blocked',
  conflict: 'conflict',
  drawing_deleted: 'deleted',
  drawing_not_found: 'missing',
  drawing_full: 'full',
  storage_full: 'full',
  too_many_drawings: 'full',
}

/** Seconds to wait where the server names none. */
const DEFAULT_RETRY_AFTER = 5
/** Milliseconds until an exchange counts as lost. */
const TIMEOUT = 15_000
/** Milliseconds until an upload counts as lost: a picture on a slow network. */
const UPLOAD_TIMEOUT = 60_000

class Failure extends Error {
  /**
   * @param {FailureKind} kind
   * @param {{ status?: number, code?: string, requestId?: string, retryAfter?: number, base?: number, seq?: number, eraseAt?: string | number, detail?: string }} [about]
   */
  constructor(kind, about = {}) {
    super(about.detail || about.code || kind)
    this.name = 'Failure'
    this.kind = kind
    this.status = about.status || 0
    this.code = about.code || ''
    this.requestId = about.requestId || ''
    this.retryAfter = about.retryAfter || 0
    this.base = about.base
    /** When an account that is being closed is erased. */
    this.eraseAt = about.eraseAt
    this.seq = about.seq
  }

  /** Whether the same request may succeed later without anybody doing anything. */
  get passing() {
    return this.kind === 'offline' || this.kind === 'wait' || this.kind === 'fault'
  }
}

/**
 * A header's value; platforms differ in the case of the names.
 * @param {Record<string, string> | undefined} headers
 * @param {string} name in lower case
 */
function header(headers, name) {
  for (const key of Object.keys(headers || {})) if (key.toLowerCase() === name) return String(/** @type {any} */ (headers)[key])
  return ''
}

/**
 * @param {number} status
 * @param {unknown} body a problem (RFC 9457), or whatever a proxy on the way said
 * @param {Record<string, string>} headers
 */
function failureOf(status, body, headers) {
  const problem = /** @type {any} */ (body && typeof body === 'object' ? body : {})
  const code = typeof problem.code === 'string' ? problem.code : ''
  /** @type {FailureKind} */
  let kind = KIND_OF_CODE[code]
  if (!kind) {
    if (status === 401) kind = 'signin'
    else if (status === 429 || status === 502 || status === 503 || status === 504) kind = 'wait'
    else if (status === 404) kind = 'missing'
    else kind = status >= 500 ? 'fault' : 'refused'
  }
  const seconds = Number(header(headers, 'retry-after'))
  return new Failure(kind, {
    status,
    code,
    detail: typeof problem.detail === 'string' ? problem.detail : undefined,
    requestId: typeof problem.request_id === 'string' ? problem.request_id : header(headers, 'x-request-id'),
    retryAfter: kind === 'wait' ? (seconds > 0 ? seconds : DEFAULT_RETRY_AFTER) : 0,
    eraseAt: problem.erase_at,
    base: Number.isInteger(problem.base) ? problem.base : undefined,
    seq: Number.isInteger(problem.seq) ? problem.seq : undefined,
  })
}

/**
 * @typedef {object} Exchange
 * @property {'GET' | 'POST' | 'PUT' | 'DELETE'} method wx.request has no PATCH: the server takes PUT for it
 * @property {string} path below the API's root, e.g. `/me`
 * @property {object} [data] the JSON body
 * @property {object} [form] the fields of a form, in place of the JSON body
 * @property {string} [token]
 */

/**
 * @param {{ wx: any, origin: string, root?: string, online?: () => boolean, onReply?: () => void }} deps `root` of the
 *   API's paths; `online` tells whether the phone is on a network; `onReply` is called after each successful reply
 * @returns {(exchange: Exchange) => Promise<any>} resolves with the reply's JSON (undefined for 204), rejects
 *   with a Failure and nothing else
 */
function createHttp({ wx, origin, root = '/api/v1', online = () => false, onReply = () => {} }) {
  return ({ method, path, data, form, token }) => new Promise((resolve, reject) => {
    wx.request({
      url: `${origin}${root}${path}`,
      method,
      // WeChat encodes the fields of a form itself.
      data: form || (data === undefined ? undefined : JSON.stringify(data)),
      header: {
        'Content-Type': form ? 'application/x-www-form-urlencoded' : 'application/json',
        ...(token ? { Authorization: `Bearer ${token}`, 'X-Yibi-Client': '2' } : {}),
      },
      timeout: TIMEOUT,
      success: (/** @type {any} */ reply) => {
        const { statusCode, data: body, header: headers } = reply
        if (statusCode < 200 || statusCode >= 300) {
          reject(failureOf(statusCode, body, headers))
          return
        }
        resolve(statusCode === 204 ? undefined : body)
        onReply()
      },
      fail: (/** @type {any} */ error) => reject(new Failure('offline', {
        code: online() ? 'unreachable' : '',
        detail: error && error.errMsg,
      })),
    })
  })
}

/**
 * @param {{ wx: any, origin: string }} deps
 * @returns {(file: { path: string, filePath: string, name: string, token: string }) => Promise<any>} sends a file
 *   as a form; `path` below the API's root, `name` of the form's field; resolves and rejects as an exchange does
 */
function createUpload({ wx, origin }) {
  return ({ path, filePath, name, token }) => new Promise((resolve, reject) => {
    wx.uploadFile({
      url: `${origin}/api/v1${path}`,
      filePath,
      name,
      header: { Authorization: `Bearer ${token}` },
      timeout: UPLOAD_TIMEOUT,
      // Unlike wx.request it leaves the answer a text, and says nothing of its headers.
      success: (/** @type {any} */ { statusCode, data, header: headers }) => {
        const body = parsed(data)
        if (statusCode >= 200 && statusCode < 300) resolve(body)
        else reject(failureOf(statusCode, body, headers || {}))
      },
      fail: (/** @type {any} */ error) => reject(new Failure('offline', { detail: error && error.errMsg })),
    })
  })
}

/** @param {string} text @returns {unknown} undefined where it is no JSON */
function parsed(text) {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}

module.exports = { createHttp, createUpload, failureOf, Failure }
