// A client of the 2016 session dialect for mini-programs that migrate from weapp-session-client:
// `request(options)` takes what wx.request takes and adds the session headers.
//
//   const { createWeappSession } = require('./weapp-session')
//   const session = createWeappSession({ wx })
//   session.request({ url: 'https://…/applet/session/paints/list', success (reply) { … } })

/** A body that holds this key is the session layer's own reply, not the route's. */
const MAGIC = 'F2C224D4-2BCE-4C64-AF9F-A6D872000D1A'
/** Reasons after which a new code from wx.login may help. */
const SIGN_IN_AGAIN = ['ERR_SESSION_EXPIRED', 'ERR_SESSION_KEY_EXCHANGE_FAILED']
/** How often one request is sent at most. */
const MAX_TRIES = 4
/** The storage key of the code in use. */
const KEY = 'weapp-session.code'

class SessionError extends Error {
  /** @param {string} reason the server's, or `ERR_LOGIN_FAILED` @param {string} message */
  constructor(reason, message) {
    super(message)
    this.name = 'SessionError'
    this.reason = reason
    /** As wx.request's own failures have it. */
    this.errMsg = `request:fail ${message}`
  }
}

/** @param {any} body */
function magicOf(body) {
  return body && typeof body === 'object' && body[MAGIC] ? body : null
}

/**
 * @typedef {{ code: string, rawData: string, signature: string, accepted: boolean }} Login
 */

/**
 * @param {{ wx: any }} deps
 * @returns {{ request(options: any): void, forget(): void }}
 */
function createWeappSession({ wx }) {
  /** @type {Login | null} */
  let login = null
  /** @type {Promise<Login> | null} */
  let pending = null

  const stored = wx.getStorageSync(KEY)
  if (stored) login = { code: stored, rawData: '', signature: '', accepted: true }

  /** @param {string} name @param {object} [options] @returns {Promise<any>} */
  const ask = (name, options) => new Promise((resolve, reject) => {
    wx[name]({
      ...options,
      success: resolve,
      fail: (/** @type {any} */ error) => reject(new SessionError('ERR_LOGIN_FAILED', error.errMsg || name)),
    })
  })

  async function signIn() {
    const { code } = await ask('login')
    const { rawData, signature } = await ask('getUserInfo', { withCredentials: true })
    login = { code, rawData, signature, accepted: false }
    return login
  }

  function current() {
    if (login) return Promise.resolve(login)
    pending = pending || signIn().finally(() => { pending = null })
    return pending
  }

  /** @param {Login} refused */
  function forget(refused) {
    // A request that was sent with an older code must not throw away a newer one.
    if (login !== refused) return
    login = null
    wx.removeStorageSync(KEY)
  }

  /** @param {Login} used */
  function headers(used) {
    /** @type {Record<string, string>} */
    const known = { 'X-WX-Code': used.code }
    if (used.accepted) return known
    return { ...known, 'X-WX-RawData': encodeURIComponent(used.rawData), 'X-WX-Signature': used.signature }
  }

  /** @param {any} options @param {number} tries @returns {Promise<any>} */
  async function send(options, tries) {
    const used = await current()
    const reply = await new Promise((resolve, reject) => {
      wx.request({
        ...options,
        header: { ...options.header, ...headers(used) },
        success: resolve,
        fail: reject,
        complete: undefined,
      })
    })
    const magic = magicOf(reply.data)
    if (!magic) {
      if (!used.accepted) {
        used.accepted = true
        if (login === used) wx.setStorageSync(KEY, used.code)
      }
      return reply
    }
    const message = (magic.error && magic.error.message) || magic.reason || 'session refused'
    if (!SIGN_IN_AGAIN.includes(magic.reason)) throw new SessionError(magic.reason || 'ERR_SESSION', message)
    forget(used)
    if (tries >= MAX_TRIES) throw new SessionError(magic.reason, message)
    return send(options, tries + 1)
  }

  return {
    /** @param {any} options as wx.request's; `fail` gets a SessionError where the session was refused */
    request(options) {
      const { success, fail, complete } = options
      send(options, 1).then(
        (reply) => {
          if (success) success(reply)
          if (complete) complete(reply)
        },
        (error) => {
          if (fail) fail(error)
          if (complete) complete(error)
        },
      )
    },
    /** Forgets the session; the next request signs in. */
    forget() {
      if (login) forget(login)
    },
  }
}

module.exports = { createWeappSession, SessionError, MAGIC }
