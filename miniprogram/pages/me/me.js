const { Failure } = require('../../lib/http')
const { late } = require('../../lib/late')
const { bindPhone } = require('../../lib/phone')
const { sealWanted, wantSeal } = require('../../lib/seal')
const { closingWords, dateWords, failureWords, reviewWords, sizeWords } = require('../../lib/words')

/** The phrase that has to be typed to delete an account. */
const PHRASE = '注销账号'
/** The storage key of the avatar's address as the server gave it last, shown while it is asked again. */
const AVATAR = 'yibi.avatar'
/** Milliseconds. */
const DAY = 24 * 3600 * 1000
/** A line that is not known now. */
const UNKNOWN = '—'

Page({
  data: {
    /** Set while the user is signed out. @type {{ title: string, text: string, button: string } | null} */
    out: /** @type {{ title: string, text: string, button: string } | null} */ (null),
    loading: true,
    /** Why the account is not shown as it is now. */
    trouble: '',
    nickname: '',
    avatar: '',
    since: '',
    usage: UNKNOWN,
    /** Of the user's space; negative while it is not known. */
    percent: -1,
    sessions: /** @type {any[]} */ ([]),
    /** The result of the content check, as far as it concerns the user. */
    review: '',
    /** The number as the server shows it; empty where none is bound. */
    phone: '',
    phoneKnown: false,
    seal: false,
    /** Drawings can be shared. */
    sharing: false,
    rooms: false,
    binding: false,
    /** The path of the export that is ready to be sent. */
    exported: '',
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
    this.setData({ avatar: wx.getStorageSync(AVATAR) || '', nickname: user ? user.nickname : '', seal: sealWanted(wx) })
  },

  onShow() {
    void this.load()
  },

  /** @param {boolean} online */
  onConnected(online) {
    if (online) void this.load()
  },

  async load() {
    const { api, limits, session } = this.services
    this.setData({ out: outWords(session.left), sharing: limits.sharing, rooms: limits.rooms })
    if (session.left) return
    try {
      const [me, { sessions }] = await Promise.all([api.me(), api.sessions()])
      this.showMe(me)
      const { bytes_per_user: bytes } = this.services.limits.now
      const now = Date.now()
      this.setData({
        loading: false,
        trouble: '',
        since: `${dateWords(me.created_at, now)}开始画`,
        usage: `${me.usage.drawings} 幅，${sizeWords(me.usage.bytes)}`,
        percent: Math.min(100, Math.ceil((me.usage.bytes / bytes) * 100)),
        sessions: sessions.map((/** @type {any} */ one) => ({
          id: one.id,
          current: one.current,
          device: one.device || '未知设备',
          seen: `${dateWords(one.last_seen, now)}用过`,
        })),
      })
    } catch (error) {
      this.failed(error)
    }
  },

  /** @param {unknown} error */
  failed(error) {
    const failure = error instanceof Failure ? error : new Failure('fault', { detail: String(error) })
    this.setData({ loading: false, out: outWords(this.services.session.left) })
    if (this.data.out) return
    this.setData({ trouble: `${failureWords(failure).title}，账号信息暂时看不到` })
    if (!failure.passing) this.selectComponent('#fault').tell(failure, { label: '再试一次', run: () => void this.load() })
  },

  /** @param {import('../../lib/api').Me} me */
  showMe(me) {
    const { id, nickname, avatar_url: avatar, created_at, phone } = me
    this.services.session.setUser({ id, nickname, created_at })
    this.setData({ nickname, avatar, phone: phone || '', phoneKnown: true, review: reviewWords(me) })
    try {
      wx.setStorageSync(AVATAR, avatar)
    } catch {
      // The next time then begins without it.
    }
  },

  async signIn() {
    const { code } = this.services.session.left || { code: '' }
    try {
      await getApp().signIn({ reopen: code === 'account_closing' })
      this.setData({ loading: true })
      await this.load()
      if (code === 'account_closing') wx.showToast({ title: '已取消注销', icon: 'success' })
    } catch (error) {
      this.setData({ out: outWords(this.services.session.left) })
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

  /** The sheet closes when the name is taken: until then the typed text stays. */
  async saveProfile({ detail }) {
    const nickname = detail.value.nickname.trim()
    if (nickname === this.data.nickname) {
      this.closeProfile()
      return
    }
    try {
      this.showMe(await this.services.api.setNickname(nickname))
      this.closeProfile()
    } catch (error) {
      const isText = error instanceof Failure && error.kind === 'refused'
      this.selectComponent('#fault').tell(isText ? new Failure('refused', { code: 'text_refused' }) : error)
    }
  },

  toggleSeal() {
    const seal = !this.data.seal
    wantSeal(wx, seal)
    this.setData({ seal })
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
    const { api } = this.services
    try {
      if (!(await bindPhone(this.services, detail))) return
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
  openRooms() {
    wx.navigateTo({ url: '/pages/relay/list' })
  },
  openShares() {
    wx.navigateTo({ url: '/pages/shares/shares' })
  },
  openTerms() {
    wx.navigateTo({ url: '/pages/terms/terms' })
  },
  openAgreement() {
    wx.navigateTo({ url: '/pages/agreement/agreement' })
  },

  async exportAll() {
    wx.showLoading({ title: '正在打包' })
    try {
      const path = await this.services.api.file(wx, '/me/export')
      wx.hideLoading()
      // WeChat sends a file only at a tap, and the tap that asked for the export is too long ago.
      this.setData({ exported: path })
    } catch (error) {
      wx.hideLoading()
      this.selectComponent('#fault').tell(error)
    }
  },

  closeExport() {
    this.setData({ exported: '' })
  },

  sendExport() {
    const date = new Date()
    const day = [date.getFullYear(), date.getMonth() + 1, date.getDate()].map((part) => String(part).padStart(2, '0')).join('-')
    wx.shareFileMessage({
      filePath: this.data.exported,
      fileName: `一笔到底 ${day}.zip`,
      success: () => this.closeExport(),
      fail: ({ errMsg }) => {
        if (!/cancel/.test(errMsg)) wx.showToast({ title: '没能发送，请再试一次', icon: 'none' })
      },
    })
  },

  endSession({ currentTarget }) {
    const { id } = currentTarget.dataset
    wx.showModal({
      title: '让这台设备退出？',
      content: '在它上面点“登录”之前，它不能再保存和查看你的画。',
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
        this.setData({ out: outWords(this.services.session.left) })
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
      session.leave({ code: 'account_closing', eraseAt: Date.now() + this.data.days * DAY })
      wx.removeStorageSync(AVATAR)
      this.forgetSeen()
      this.setData({ out: outWords(session.left), nickname: '', avatar: '' })
    } catch (error) {
      this.selectComponent('#fault').tell(error)
    }
  },

  forgetSeen() {
    wx.removeStorageSync('yibi.gallery')
    wx.removeStorageSync('yibi.last')
  },
})

/**
 * The page of a user who is signed out.
 * @param {import('../../lib/session').SignedOut | null} left
 */
function outWords(left) {
  if (!left) return null
  if (left.code === 'account_closing') {
    const { title, text } = closingWords(left.eraseAt)
    return { title, text, button: title === '账号已注销' ? '登录' : '取消注销并登录' }
  }
  if (left.code === 'session_ended') {
    return { title: '这台设备已退出登录', text: '你在别的设备上让它退出了。没有保存的画留在本机，登录后会继续保存。', button: '登录' }
  }
  return { title: '已退出登录', text: '登录后，画会存到云端，换手机也在。只用微信给的标识，不需要手机号。', button: '登录' }
}
