const config = require('./config')
const { Api } = require('./lib/api')
const { createHttp } = require('./lib/http')
const { Journal } = require('./lib/journal')
const { createPrivacy } = require('./lib/privacy')
const { Saver } = require('./lib/saver')
const { Session } = require('./lib/session')
const { Studio } = require('./lib/studio')

App({
  onLaunch() {
    const http = createHttp({ wx, origin: config.api })
    this.session = new Session({ wx, http })
    this.api = new Api({ wx, config, session: this.session, http })
    this.journal = new Journal({ wx })
    this.saver = new Saver({ api: this.api, journal: this.journal })
    this.studio = new Studio({ wx, api: this.api, journal: this.journal, saver: this.saver })
    this.privacy = createPrivacy({ wx })
    this.online = true
    wx.onNetworkStatusChange(({ isConnected }) => this.connected(isConnected))
  },

  onShow() {
    this.session.start()
    // Behind the first picture: the paper is there and can be drawn on before any request.
    setTimeout(() => this.wake(), 300)
  },

  onHide() {
    this.session.stop()
    // WeChat lets a request live 5 s after the app goes to the background.
    void this.saver.flushAll()
  },

  /** Signs in where that was never done, and saves the drafts. */
  async wake() {
    if (this.session.left) return
    try {
      await this.session.token()
      await this.saver.flushAll()
    } catch {
      // Without a network or a server the drafts wait; the page says so.
    }
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
