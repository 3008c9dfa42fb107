const config = require('./config')
const { Api } = require('./lib/api')
const { Entry } = require('./lib/entry')
const { createHttp } = require('./lib/http')
const { Journal } = require('./lib/journal')
const { late } = require('./lib/late')
const { Limits } = require('./lib/limits')
const { createPrivacy } = require('./lib/privacy')
const { Saver } = require('./lib/saver')
const { Session } = require('./lib/session')
const { Studio } = require('./lib/studio')

App({
  /** @type {Session} */
  session: late(),
  /** @type {Api} */
  api: late(),
  /** @type {Journal} */
  journal: late(),
  /** @type {Saver} */
  saver: late(),
  /** @type {Studio} */
  studio: late(),
  /** @type {Limits} */
  limits: late(),
  /** @type {ReturnType<typeof createPrivacy>} */
  privacy: late(),
  /** @type {Entry} */
  entry: late(),
  /** Whether the phone is on a network. */
  online: true,

  onLaunch() {
    const online = () => this.online
    const http = createHttp({ wx, origin: config.api, online, onReply: () => this.saver.wake() })
    this.entry = new Entry({ wx })
    this.session = new Session({ wx, http, online })
    this.api = new Api({ wx, config, session: this.session, http, online })
    this.limits = new Limits({ wx, api: this.api })
    this.journal = new Journal({ wx })
    this.saver = new Saver({ api: this.api, journal: this.journal })
    this.studio = new Studio({ wx, api: this.api, journal: this.journal, saver: this.saver })
    this.privacy = createPrivacy({ wx })
    wx.onNetworkStatusChange(({ isConnected }) => this.connected(isConnected))
  },

  onShow() {
    if (this.entry.single) return
    this.session.cameFrom(this.entry.code)
    this.session.start()
    // After the first picture: the paper can be drawn on before any request.
    setTimeout(() => this.wake(), 300)
  },

  onHide() {
    this.session.stop()
    // WeChat lets a request live 5 s after the app goes to the background.
    void this.saver.flushAll()
  },

  /** Signs in where there is no session yet, and saves the drafts. */
  async wake() {
    if (this.session.left || this.entry.single) return
    try {
      await this.session.token()
      await this.saver.flushAll()
      await this.limits.refresh()
    } catch {
      // Without a network or a server the drafts wait; the page says so.
    }
  },

  /**
   * Signs in at the user's tap and saves the drafts.
   * @param {{ reopen?: boolean }} [how] `reopen` cancels the closing of the account
   * @returns {Promise<void>} rejects with a Failure
   */
  async signIn(how) {
    await this.session.resume(how)
    void this.saver.flushAll()
    for (const page of getCurrentPages()) if (page.onConnected) page.onConnected(this.online)
  },

  /** @param {boolean} online */
  connected(online) {
    const back = online && !this.online
    this.online = online
    if (back) {
      this.session.failed = null
      void this.wake()
    }
    for (const page of getCurrentPages()) if (page.onConnected) page.onConnected(online)
  },
})
