const { Failure } = require('../../lib/http')
const { late } = require('../../lib/late')
const { Playback } = require('../../lib/playback')
const { Poll } = require('../../lib/poll')
const { appCard, codeOf, filmOf, shareCard } = require('../../lib/share')
const { visitorWords } = require('../../lib/words')

// The page of a share: of a card, a mini-program code and the timeline. It needs no session, and in the timeline's
// single-page mode it may neither sign in nor leave for another page.
Page({
  data: {
    /** @type {'loading' | 'shown' | 'absent'} */
    state: /** @type {'loading' | 'shown' | 'absent'} */ ('loading'),
    /** Why there is no picture. */
    words: { icon: '', title: '', text: '', again: false },
    title: '',
    author: '',
    avatar: '',
    /** In the timeline. */
    single: false,
    reporting: false,
    boxWidth: 0,
    boxHeight: 0,
    background: '#ffffff',
    playing: false,
  },

  /** @type {any} */
  services: late(),
  code: '',
  /** @type {Playback | null} */
  playback: late(),
  /** @type {Poll} */
  poll: late(),
  /** The page is laid out. */
  isReady: false,
  /** The share is being checked, or could not be loaded for want of a network. */
  isAwaited: false,
  /** The number of the last request: an earlier one's answer comes too late. */
  asked: 0,

  onLoad(query) {
    this.services = getApp()
    this.poll = new Poll(() => void this.load())
    this.setData({ single: this.services.entry.single })
    this.begin(codeOf(query))
  },

  onReady() {
    this.isReady = true
    void this.ready()
  },

  onShow() {
    // A card that is tapped while the page is open brings another share without an onLoad.
    const code = this.services.entry.take()
    if (code && code !== this.code) this.begin(code)
    else if (this.isAwaited) void this.load()
  },

  onHide() {
    this.poll.stop()
    if (this.playback) this.playback.pause()
  },

  onUnload() {
    this.asked += 1
    this.poll.stop()
    if (this.playback) this.playback.pause()
  },

  onResize() {
    if (this.playback) void this.playback.layOut()
  },

  /** @param {boolean} online */
  onConnected(online) {
    if (online && this.isAwaited) void this.load()
  },

  onShareAppMessage() {
    const { api } = this.services
    if (!this.code || (this.data.state === 'absent' && !this.isAwaited)) return appCard()
    const picture = this.data.state === 'shown' ? api.cardPicture(this.code, '5x4') : ''
    return shareCard(this.code, picture, this.data.title || '看看这幅画是怎么画出来的')
  },

  onShareTimeline() {
    if (this.data.state !== 'shown') return { title: '一笔到底' }
    const imageUrl = this.services.api.cardPicture(this.code, '1x1')
    return { title: this.data.title || '看看这幅画是怎么画出来的', query: `code=${this.code}`, imageUrl }
  },

  // ---- the share

  /** @param {string} code empty where the page was opened without one */
  begin(code) {
    this.poll.stop()
    if (this.playback) this.playback.pause()
    this.playback = null
    this.code = code
    this.isAwaited = false
    this.setData({ state: 'loading', title: '', author: '', avatar: '', reporting: false, boxWidth: 0, boxHeight: 0 })
    if (code) void this.load()
    else this.setData({ state: 'absent', words: visitorWords(new Failure('missing')) })
  },

  async load() {
    this.asked += 1
    const { asked } = this
    try {
      const shown = await this.services.api.shared(this.code)
      if (asked !== this.asked) return
      if (shown) this.present(shown)
      else this.absent(null)
    } catch (error) {
      if (asked === this.asked) this.absent(error instanceof Failure ? error : new Failure('fault'))
    }
  },

  /** @param {Failure | null} failure null while the share is being checked */
  absent(failure) {
    const words = visitorWords(failure)
    this.isAwaited = !failure || words.again
    this.setData({ state: 'absent', words })
    if (!failure) this.poll.later()
  },

  again() {
    this.setData({ state: 'loading' })
    void this.load()
  },

  /** @param {import('../../lib/share').Shown} shown */
  present(shown) {
    this.isAwaited = false
    this.poll.stop()
    const { title, author, background } = shown
    this.playback = new Playback(this, filmOf(shown))
    this.setData({ state: 'shown', title, author: author.nickname || '一位画友', avatar: author.avatar_url || '', background })
    void this.ready()
  },

  /** Plays when both the page and the share are there. */
  async ready() {
    const { playback } = this
    if (!this.isReady || !playback || playback.painter) return
    await playback.layOut()
    if (this.playback === playback) playback.play()
  },

  // ---- taps

  toggle() {
    if (!this.playback) return
    if (this.data.playing) this.playback.pause()
    else this.playback.play()
  },

  replay() {
    if (!this.playback) return
    this.playback.time = 0
    this.playback.pause()
    this.playback.play()
  },

  draw() {
    wx.reLaunch({ url: '/pages/draw/draw?mode=free' })
  },

  openReport() {
    this.setData({ reporting: true })
  },
  closeReport() {
    this.setData({ reporting: false })
  },

  /** @param {any} event with the reason and the note */
  async report({ detail }) {
    const { api, session } = this.services
    try {
      await api.report(this.code, detail, this.data.single || Boolean(session.left))
      this.closeReport()
      wx.showToast({ title: '已收到举报', icon: 'success' })
    } catch (error) {
      const failure = error instanceof Failure ? error : new Failure('fault')
      wx.showToast({ title: failure.kind === 'offline' ? '没有网络，没能送出' : '没能送出，请再试一次', icon: 'none' })
    }
  },
})
