// The session of this phone: wx.login, the server's token for it, and the token's renewal.

const { Failure } = require('./http')

/** The storage key of the session. */
const KEY = 'yibi.session'
/** The storage key of the share that led a new user here. */
const FROM = `${KEY}.from`
/** Milliseconds between two renewals while the app is open; far below the server's sliding expiry of 2 h. */
const RENEW_EVERY = 20 * 60_000
/** A token with less time left than this is renewed before it is used. */
const RENEW_BEFORE = 5 * 60_000
/** Milliseconds until a failed sign-in is tried again, where the server does not say. */
const SIGN_IN_PAUSE = 3_000

/**
 * @typedef {{ id: string, nickname: string, created_at: string }} User
 * @typedef {{ token: string, user: User, renewed: number, expires: number }} Saved times in ms since 1970
 * @typedef {object} SignedOut why nothing signs in by itself
 * @property {'signed_out' | 'session_ended' | 'account_closing'} code
 * @property {string | number} [eraseAt] when an account that is being closed is erased
 */

/**
 * The session of this phone.
 *
 * All callers share one sign-in and one renewal. A failed sign-in is remembered for a moment, so that a page
 * of parallel requests does not ask WeChat for a code each; wx.login is never called in a loop.
 */
class Session {
  /**
   * @param {object} deps
   * @param {any} deps.wx
   * @param {ReturnType<import('./http').createHttp>} deps.http
   * @param {() => boolean} [deps.online] whether the phone is on a network
   * @param {() => number} [deps.now] ms since 1970
   */
  constructor({ wx, http, online = () => false, now = Date.now }) {
    this.wx = wx
    this.http = http
    this.online = online
    this.now = now
    /** @type {Saved | null} */
    this.saved = wx.getStorageSync(KEY) || null
    /** @type {Promise<string> | null} */
    this.pending = null
    /** @type {{ failure: Failure, until: number } | null} */
    this.failed = null
    /** Set while nothing may sign in until `resume`. @type {SignedOut | null} */
    this.left = signedOut(wx.getStorageSync(`${KEY}.left`))
    /** @type {any} */
    this.timer = null
    /** @type {((user: User) => void)[]} */
    this.listeners = []
  }

  /** The signed-in user, as the server described it last. */
  get user() {
    return this.saved && this.saved.user
  }

  /** @param {(user: User) => void} listener called after each sign-in and change of the user */
  onUser(listener) {
    this.listeners.push(listener)
  }

  /** @param {User} user */
  setUser(user) {
    if (!this.saved) return
    this.keep({ ...this.saved, user })
    for (const listener of this.listeners) listener(user)
  }

  /**
   * A token that is good now. Signs in or renews where needed.
   * @returns {Promise<string>}
   */
  async token() {
    const { saved } = this
    if (!saved) return this.once(() => this.signIn())
    if (saved.expires - this.now() > RENEW_BEFORE) return saved.token
    if (saved.expires > this.now()) return this.once(() => this.renew())
    return this.once(() => this.signIn())
  }

  /**
   * Runs a request with a token. When the server answers that the session is over, signs in again and runs the
   * request once more, not twice; a session that its user ended from another device stays ended.
   * @template T
   * @param {(token: string) => Promise<T>} run
   * @returns {Promise<T>}
   */
  async with(run) {
    const token = await this.token()
    try {
      return await run(token)
    } catch (error) {
      this.stayOut(error, token)
      if (!(error instanceof Failure) || error.kind !== 'signin') throw error
    }
    // Another request may have signed in meanwhile.
    if (this.saved && this.saved.token === token) this.forget()
    return run(await this.token())
  }

  /**
   * Remembers the share that led here until the first sign-in, which names it; the first one counts.
   * @param {string} code
   */
  cameFrom(code) {
    if (!code || this.saved || this.wx.getStorageSync(FROM)) return
    try {
      this.wx.setStorageSync(FROM, code)
    } catch {
      // The sign-in then names nothing.
    }
  }

  /** Starts the renewal loop; call it in the app's onShow. */
  start() {
    this.stop()
    const due = this.saved ? Math.max(0, this.saved.renewed + RENEW_EVERY - this.now()) : RENEW_EVERY
    this.timer = setTimeout(() => this.tick(), due)
  }

  /** Ends the renewal loop; call it in the app's onHide. */
  stop() {
    clearTimeout(this.timer)
    this.timer = null
  }

  /**
   * One turn of the loop. Renews without wx.login, which could replace the session_key under a request that
   * needs it. A failure is ignored: the next request renews or signs in.
   */
  async tick() {
    if (this.saved && this.saved.expires > this.now()) await this.once(() => this.renew()).catch(() => {})
    if (this.timer) this.timer = setTimeout(() => this.tick(), RENEW_EVERY)
  }

  /**
   * For a request that needs WeChat's session_key on the server (encrypted data): signs in anew where WeChat
   * says that the key is over.
   * @returns {Promise<boolean>} whether the key is still that of the sign-in before; rejects with a Failure
   */
  async keyHolds() {
    const holds = await new Promise((resolve) => {
      this.wx.checkSession({ success: () => resolve(true), fail: () => resolve(false) })
    })
    const before = this.saved
    if (!holds && this.saved === before) this.forget()
    await this.token()
    return holds && before !== null
  }

  /** Ends the session here and on the server; nothing signs in again until `resume`. */
  async signOut() {
    const { saved } = this
    this.leave()
    if (!saved) return
    await this.http({ method: 'DELETE', path: '/session', token: saved.token }).catch((error) => {
      // The session is over already, or the server is out of reach and it ends by its expiry.
      if (!(error instanceof Failure)) throw error
    })
  }

  /** Forgets the session and stays signed out. @param {SignedOut} [why] */
  leave(why = { code: 'signed_out' }) {
    this.forget()
    this.left = why
    try {
      this.wx.setStorageSync(`${KEY}.left`, why)
    } catch {
      // With a full storage the next start signs in by itself; the server then refuses where it has to.
    }
  }

  /**
   * Signs in again after `leave`, at the user's tap.
   * @param {{ reopen?: boolean }} [how] `reopen` cancels the closing of the account
   */
  resume({ reopen = false } = {}) {
    this.left = null
    this.failed = null
    this.wx.removeStorageSync(`${KEY}.left`)
    return this.saved ? this.token() : this.once(() => this.signIn(reopen))
  }

  /**
   * Stays signed out where the server says that only the user's tap may sign in.
   * @param {unknown} error @param {string} [token] that the request carried; none for a sign-in
   */
  stayOut(error, token) {
    if (!(error instanceof Failure) || error.kind !== 'signed_out' || this.left) return
    if (token && this.saved && this.saved.token !== token) return
    this.leave({ code: /** @type {SignedOut['code']} */ (error.code), eraseAt: error.eraseAt })
  }

  /** @param {() => Promise<string>} run */
  once(run) {
    if (this.pending) return this.pending
    const pending = run().finally(() => {
      if (this.pending === pending) this.pending = null
    })
    this.pending = pending
    return pending
  }

  /** @param {boolean} [reopen] cancels the closing of the account */
  async signIn(reopen = false) {
    if (this.left) throw new Failure('signed_out', this.left)
    if (this.failed && this.failed.until > this.now()) throw this.failed.failure
    try {
      const session = await this.exchange(reopen).catch((error) => {
        // The code was spent or stale: one new code, no more.
        if (error instanceof Failure && error.kind === 'signin') return this.exchange(reopen)
        throw error
      })
      this.failed = null
      this.accept(session, session.user)
      this.wx.removeStorageSync(FROM)
      for (const listener of this.listeners) listener(session.user)
      return session.token
    } catch (error) {
      this.stayOut(error)
      const failure = error instanceof Failure ? error : new Failure('fault', { detail: String(error) })
      const pause = failure.kind === 'blocked' ? Infinity : failure.retryAfter * 1000 || SIGN_IN_PAUSE
      this.failed = { failure, until: this.now() + pause }
      throw failure
    }
  }

  /** @param {boolean} reopen */
  async exchange(reopen) {
    const code = await this.code()
    const from = this.wx.getStorageSync(FROM)
    const data = { code, device: this.device(), ...(from ? { from } : {}), ...(reopen ? { reopen } : {}) }
    const post = () => this.http({ method: 'POST', path: '/session', data })
    // After a lost reply the same code is still valid: the server remembers it for five minutes.
    return post().catch((error) => {
      if (error instanceof Failure && error.kind === 'offline') return post()
      throw error
    })
  }

  /** @returns {Promise<string>} */
  code() {
    return new Promise((resolve, reject) => {
      this.wx.login({
        success: (/** @type {any} */ { code }) => {
          if (code) resolve(code)
          else reject(new Failure('offline', { detail: 'wx.login gave no code' }))
        },
        fail: (/** @type {any} */ error) => reject(new Failure('offline', {
          code: this.online() ? 'unreachable' : '',
          detail: error && error.errMsg,
        })),
      })
    })
  }

  /** The name of this phone in the user's list of devices. */
  device() {
    const { brand = '', model = '' } = this.wx.getDeviceInfo ? this.wx.getDeviceInfo() : this.wx.getSystemInfoSync()
    return (model.toLowerCase().startsWith(brand.toLowerCase()) ? model : `${brand} ${model}`).trim().slice(0, 64)
  }

  async renew() {
    const { saved } = this
    if (!saved) return this.signIn()
    try {
      const renewed = await this.http({ method: 'POST', path: '/session/renew', token: saved.token })
      this.accept(renewed, saved.user)
      return renewed.token
    } catch (error) {
      if (error instanceof Failure && error.kind === 'signin') {
        this.forget()
        return this.signIn()
      }
      this.stayOut(error, saved.token)
      // Without an answer the old token is used until its expiry.
      if (error instanceof Failure && error.passing && saved.expires > this.now()) return saved.token
      throw error
    }
  }

  /**
   * @param {{ token: string, expires_in: number }} reply
   * @param {User} user
   */
  accept(reply, user) {
    if (this.left) throw new Failure('signed_out', this.left)
    const now = this.now()
    this.keep({ token: reply.token, user, renewed: now, expires: now + reply.expires_in * 1000 })
  }

  /** @param {Saved} saved */
  keep(saved) {
    this.saved = saved
    try {
      this.wx.setStorageSync(KEY, saved)
    } catch {
      // With a full storage the next start signs in again.
    }
  }

  forget() {
    this.saved = null
    this.wx.removeStorageSync(KEY)
  }
}

/** @param {any} stored what the storage holds: `true` is that of an older version @returns {SignedOut | null} */
function signedOut(stored) {
  if (!stored) return null
  return stored.code ? stored : { code: 'signed_out' }
}

module.exports = { Session, RENEW_EVERY, RENEW_BEFORE }
