const { late } = require('../../lib/late')
const { phoneRequest } = require('../../lib/phone')
const { dateWords, sizeWords } = require('../../lib/words')

/** What has to be typed to delete an account. */
const PHRASE = '注销账号'
/** The storage key of the avatar's address as last heard of, shown while the server is asked. */
const AVATAR = 'yibi.avatar'

Page({
  data: {
    left: false,
    loading: true,
    nickname: '',
    avatar: '',
    since: '',
    usage: '',
    percent: 0,
    sessions: /** @type {any[]} */ ([]),
    /** The number as the server shows it; empty where none is bound. */
    phone: '',
    binding: false,
    editing: false,
    closing: false,
    phrase: PHRASE,
    days: 0,
    typed: '',
  },

  /** @type {any} */
  services: late(),

  onLoad() {
    this.services = getApp()
    const { user } = this.services.session
    this.setData({ avatar: wx.getStorageSync(AVATAR) || '', nickname: user ? user.nickname : '' })
  },

  onShow() {
    void this.load()
  },

  async load() {
    const { api, session } = this.services
    this.setData({ left: session.left })
    if (session.left) return
    try {
      const [me, { sessions }] = await Promise.all([api.me(), api.sessions()])
      this.showMe(me)
      const { bytes_per_user: bytes } = this.services.limits.now
      const now = Date.now()
      this.setData({
        loading: false,
        since: `${dateWords(me.created_at, now)}开始画`,
        usage: `${me.usage.drawings} 幅，${sizeWords(me.usage.bytes)}`,
        percent: Math.min(100, Math.ceil((me.usage.bytes / bytes) * 100)),
        sessions: sessions.map((one) => ({
          id: one.id,
          current: one.current,
          device: one.device || '未知设备',
          seen: `${dateWords(one.last_seen, now)}用过`,
        })),
      })
    } catch (error) {
      this.setData({ loading: false })
      this.selectComponent('#fault').tell(error, { label: '再试一次', run: () => void this.load() })
    }
  },

  /** @param {import('../../lib/api').Me} me */
  showMe(me) {
    const { id, nickname, avatar_url: avatar, created_at, phone } = me
    this.services.session.setUser({ id, nickname, created_at })
    this.setData({ nickname, avatar, phone: phone || '' })
    try {
      wx.setStorageSync(AVATAR, avatar)
    } catch {
      // The next time then begins without it.
    }
  },

  async signIn() {
    try {
      await this.services.session.resume()
      await this.load()
      void this.services.saver.flushAll()
    } catch (error) {
      this.selectComponent('#fault').tell(error)
    }
  },

  // ---- nickname and avatar, asked for here and nowhere else

  editProfile() {
    this.setData({ editing: true })
  },
  closeProfile() {
    this.setData({ editing: false })
  },

  /** @param {any} event with a temporary path: WeChat has checked the picture */
  async chooseAvatar({ detail }) {
    const before = this.data.avatar
    this.setData({ avatar: detail.avatarUrl })
    try {
      this.showMe(await this.services.api.setAvatar(detail.avatarUrl))
    } catch (error) {
      this.setData({ avatar: before })
      this.selectComponent('#fault').tell(error)
    }
  },

  async removeAvatar() {
    try {
      await this.services.api.removeAvatar()
      this.setData({ avatar: '' })
      wx.removeStorageSync(AVATAR)
    } catch (error) {
      this.selectComponent('#fault').tell(error)
    }
  },

  async saveProfile({ detail }) {
    this.closeProfile()
    const nickname = detail.value.nickname.trim()
    if (nickname === this.data.nickname) return
    try {
      this.showMe(await this.services.api.setNickname(nickname))
    } catch (error) {
      this.selectComponent('#fault').tell(error)
    }
  },

  // ---- phone number, asked for here and nowhere else

  openPhone() {
    this.setData({ binding: true })
  },
  closePhone() {
    this.setData({ binding: false })
  },

  /** @param {{ detail: import('../../lib/phone').Given }} event */
  async phoneGiven({ detail }) {
    const { api, session } = this.services
    try {
      const request = await phoneRequest(session, detail)
      if (!request) return
      await api.bindPhone(request)
      this.closePhone()
      this.showMe(await api.me())
      wx.showToast({ title: '已绑定', icon: 'success' })
    } catch (error) {
      this.selectComponent('#fault').tell(error)
    }
  },

  async removePhone() {
    this.closePhone()
    try {
      await this.services.api.removePhone()
      this.setData({ phone: '' })
    } catch (error) {
      this.selectComponent('#fault').tell(error)
    }
  },

  // ---- elsewhere

  openBin() {
    wx.navigateTo({ url: '/pages/bin/bin' })
  },
  openTerms() {
    wx.navigateTo({ url: '/pages/terms/terms' })
  },

  async exportAll() {
    wx.showLoading({ title: '正在打包' })
    try {
      const request = await this.services.api.download('/me/export')
      const { statusCode, tempFilePath } = await new Promise((success, fail) => { wx.downloadFile({ ...request, success, fail }) })
      if (statusCode !== 200) throw new Error(`export answered ${statusCode}`)
      wx.hideLoading()
      wx.shareFileMessage({ filePath: tempFilePath, fileName: '一笔到底.zip', fail: () => {} })
    } catch (error) {
      wx.hideLoading()
      this.selectComponent('#fault').tell(error)
    }
  },

  endSession({ currentTarget }) {
    const { id } = currentTarget.dataset
    wx.showModal({
      title: '让这台设备退出？',
      content: '它要重新登录才能继续保存。',
      confirmText: '退出',
      success: async ({ confirm }) => {
        if (!confirm) return
        try {
          await this.services.api.endSession(id)
          this.setData({ sessions: this.data.sessions.filter((one) => one.id !== id) })
        } catch (error) {
          this.selectComponent('#fault').tell(error)
        }
      },
    })
  },

  signOut() {
    wx.showModal({
      title: '退出登录？',
      content: '没有保存的画留在本机，重新登录后会继续保存。',
      confirmText: '退出',
      success: async ({ confirm }) => {
        if (!confirm) return
        await this.services.saver.flushAll()
        await this.services.session.signOut()
        this.forgetSeen()
        this.setData({ left: true })
      },
    })
  },

  // ---- deleting the account

  askClose() {
    this.setData({ closing: true, typed: '', days: this.services.limits.now.erasure_days })
  },
  closeClosing() {
    this.setData({ closing: false })
  },
  typePhrase({ detail }) {
    this.setData({ typed: detail.value.trim() })
  },

  async closeAccount() {
    if (this.data.typed !== PHRASE) return
    this.closeClosing()
    const { api, session, journal, saver } = this.services
    try {
      await api.deleteMe()
      for (const id of [...journal.ids]) saver.drop(id)
      journal.clear()
      session.leave()
      wx.removeStorageSync(AVATAR)
      this.forgetSeen()
      this.setData({ left: true, nickname: '', avatar: '' })
      wx.showToast({ title: `${this.data.days} 天后彻底删除`, icon: 'none' })
    } catch (error) {
      this.selectComponent('#fault').tell(error)
    }
  },

  forgetSeen() {
    wx.removeStorageSync('yibi.gallery')
    wx.removeStorageSync('yibi.last')
  },
})
