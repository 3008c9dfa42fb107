// The server's public API, one method per request. Schemas: /api/v1/openapi.json.

const { Failure, createHttp, createUpload, failureOf } = require('./http')

/**
 * @typedef {import('./drawing').Action} Action
 * @typedef {import('./share').Share} Share
 * @typedef {object} Summary
 * @property {string} id
 * @property {string} title
 * @property {number} width grid units
 * @property {number} height grid units
 * @property {'free' | 'one_stroke'} mode
 * @property {number} base the number of the first action there is
 * @property {number} seq the number that the next action will get
 * @property {number} stroke_count
 * @property {number} point_count
 * @property {string} created_at
 * @property {string} updated_at
 * @property {string} [deleted_at]
 * @property {string} image_url signed; a path, or absolute where the server knows its public address
 * @typedef {Summary & { actions: Action[] }} Whole
 * @typedef {object} Me
 * @property {string} id
 * @property {string} nickname empty where none was chosen
 * @property {string} avatar_url signed, or at WeChat; empty where there is none
 * @property {'pending' | 'passed' | 'rejected' | null} [nickname_state] null where nothing is checked
 * @property {'pending' | 'passed' | 'rejected' | null} [avatar_state]
 * @property {string} [phone] masked; missing while none is bound
 * @property {string} created_at
 * @property {{ drawings: number, bytes: number }} usage the bin included
 */

class Api {
  /**
   * @param {object} deps
   * @param {any} deps.wx
   * @param {{ api: string, upload: string, download: string }} deps.config
   * @param {import('./session').Session} deps.session
   * @param {ReturnType<typeof createHttp>} [deps.http]
   * @param {() => boolean} [deps.online] whether the phone is on a network
   */
  constructor({ wx, config, session, http, online }) {
    this.config = config
    this.session = session
    this.http = http || createHttp({ wx, origin: config.api, online })
    /** What everybody may see, without a token. */
    this.open = createHttp({ wx, origin: config.api, root: '/s', online })
    this.upload = createUpload({ wx, origin: config.upload })
  }

  /**
   * @param {import('./http').Exchange['method']} method
   * @param {string} path
   * @param {object} [data]
   */
  call(method, path, data) {
    return this.session.with((token) => this.http({ method, path, data, token }))
  }

  /** The limits of a drawing and of a user, and what the server offers. @returns {Promise<Record<string, any>>} */
  limits() {
    return this.http({ method: 'GET', path: '/limits' })
  }

  /**
   * A page of the user's drawings, newest first.
   * @param {{ limit?: number, cursor?: string | null, deleted?: boolean }} [page]
   * @returns {Promise<{ drawings: Summary[], next: string | null }>}
   */
  async drawings({ limit = 20, cursor = null, deleted = false } = {}) {
    const query = [`limit=${limit}`]
    if (cursor) query.push(`cursor=${encodeURIComponent(cursor)}`)
    if (deleted) query.push('deleted=true')
    const page = await this.call('GET', `/drawings?${query.join('&')}`)
    return { ...page, drawings: page.drawings.map((/** @type {Summary} */ drawing) => this.absolute(drawing)) }
  }

  /**
   * @param {string} id
   * @param {number} [since] only the actions from this number on
   * @returns {Promise<Whole>}
   */
  async drawing(id, since) {
    const query = since === undefined ? '' : `?since=${since}`
    return this.absolute(await this.call('GET', `/drawings/${id}${query}`))
  }

  /**
   * @param {string} id
   * @param {{ from_seq: number, actions: Action[], drawing?: object }} batch
   * @returns {Promise<{ seq: number }>}
   */
  append(id, batch) {
    return this.call('POST', `/drawings/${id}/actions`, batch)
  }

  /** @param {string} id @param {string} title */
  rename(id, title) {
    return this.call('PUT', `/drawings/${id}`, { title })
  }

  /** @param {string} id */
  remove(id) {
    return this.call('DELETE', `/drawings/${id}`)
  }

  /** @param {string} id */
  restore(id) {
    return this.call('POST', `/drawings/${id}/restore`)
  }

  /** Removes a drawing in the bin for good. @param {string} id */
  erase(id) {
    return this.call('DELETE', `/bin/${id}`)
  }

  /** Removes all drawings in the bin for good. */
  emptyBin() {
    return this.call('DELETE', '/bin')
  }

  /**
   * Shares a drawing as the server has it now.
   * @param {string} id
   * @returns {Promise<Share>}
   */
  share(id) {
    return this.call('POST', `/drawings/${id}/share`, {})
  }

  /** @param {string} id of a drawing @returns {Promise<Share | null>} null where it is not shared */
  shareOf(id) {
    return this.call('GET', `/drawings/${id}/share`).catch((error) => {
      if (error instanceof Failure && error.status === 404 && error.code !== 'sharing_off') return null
      throw error
    })
  }

  /** Takes a share back for good. @param {string} id of the drawing */
  unshare(id) {
    return this.call('DELETE', `/drawings/${id}/share`)
  }

  /**
   * A page of the user's shares, newest first.
   * @param {string | null} [cursor]
   * @returns {Promise<{ shares: (Share & { drawing: string, title: string, in_bin: boolean })[], next: string | null }>}
   */
  shares(cursor) {
    return this.call('GET', cursor ? `/shares?cursor=${encodeURIComponent(cursor)}` : '/shares')
  }

  /**
   * Somebody's share, as everybody sees it.
   * @param {string} code
   * @returns {Promise<import('./share').Shown | null>} null while it is being checked
   */
  async shared(code) {
    const reply = await this.open({ method: 'GET', path: `/${code}.json` })
    if (reply.state === 'checking') return null
    return { ...reply, author: { ...reply.author, avatar_url: this.address(reply.author.avatar_url || '') } }
  }

  /** The address of a share's picture for a card. @param {string} code @param {'5x4' | '1x1'} shape */
  cardPicture(code, shape) {
    return `${this.config.download}/s/${code}/card.png?shape=${shape}`
  }

  /**
   * Reports a share, with or without an account.
   * @param {string} code
   * @param {{ reason: number, note: string }} report
   * @param {boolean} anonymous nobody is signed in
   */
  async report(code, { reason, note }, anonymous) {
    const report = note ? { reason, note } : { reason }
    if (anonymous) await this.open({ method: 'POST', path: `/${code}/report`, form: report })
    else await this.call('POST', `/shares/${code}/reports`, report)
  }

  /** @returns {Promise<Me>} */
  async me() {
    return this.withAvatar(await this.call('GET', '/me'))
  }

  /** @param {string} nickname empty removes it @returns {Promise<Me>} */
  async setNickname(nickname) {
    return this.withAvatar(await this.call('PUT', '/me', { nickname }))
  }

  /** @param {string} filePath of an image @returns {Promise<Me>} */
  async setAvatar(filePath) {
    return this.withAvatar(await this.session.with((token) => this.upload({ path: '/me/avatar', filePath, name: 'avatar', token })))
  }

  removeAvatar() {
    return this.call('DELETE', '/me/avatar')
  }

  /** @param {object} request as `phoneRequest` makes it */
  bindPhone(request) {
    return this.call('POST', '/me/phone', request)
  }

  removePhone() {
    return this.call('DELETE', '/me/phone')
  }

  deleteMe() {
    return this.call('DELETE', '/me')
  }

  sessions() {
    return this.call('GET', '/me/sessions')
  }

  /** @param {string} id */
  endSession(id) {
    return this.call('DELETE', `/me/sessions/${id}`)
  }

  /**
   * The arguments for wx.downloadFile of a path that needs the token.
   * @param {string} path below the API's root
   * @returns {Promise<{ url: string, header: Record<string, string> }>}
   */
  async download(path) {
    const token = await this.session.token()
    return { url: `${this.config.download}/api/v1${path}`, header: { Authorization: `Bearer ${token}` } }
  }

  /**
   * Downloads a file that needs the token.
   * @param {any} wx @param {string} path below the API's root
   * @returns {Promise<string>} a temporary file's path; rejects with a Failure
   */
  async file(wx, path) {
    const request = await this.download(path)
    const { statusCode, tempFilePath } = await new Promise((resolve, reject) => {
      wx.downloadFile({
        ...request,
        success: resolve,
        fail: (/** @type {any} */ error) => reject(new Failure('offline', { detail: error && error.errMsg })),
      })
    })
    if (statusCode !== 200) throw failureOf(statusCode, null, {})
    return tempFilePath
  }

  /** @template {{ image_url: string }} T @param {T} drawing @returns {T} */
  absolute(drawing) {
    return { ...drawing, image_url: this.address(drawing.image_url) }
  }

  /** @param {any} me @returns {Me} */
  withAvatar(me) {
    return { ...me, avatar_url: this.address(me.avatar_url || '') }
  }

  /** @param {string} url as the server gives it: a path, or absolute */
  address(url) {
    return url && url.startsWith('/') ? this.config.download + url : url
  }
}

module.exports = { Api }
