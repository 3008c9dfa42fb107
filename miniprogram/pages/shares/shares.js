const { Failure } = require('../../lib/http')
const { late } = require('../../lib/late')
const { PAGE, appCard, isLive } = require('../../lib/share')
const { REVOKE, dateWords, failureWords, shareWords } = require('../../lib/words')

/** Pixels of a row's picture. */
const THUMBNAIL = 240

/**
 * @typedef {object} Row
 * @property {string} code
 * @property {string} drawing its id
 * @property {string} name
 * @property {string} state
 * @property {string} about
 * @property {boolean} refused
 * @property {boolean} live its link leads somewhere
 * @property {string} url
 * @property {string} image empty until it is there
 */

Page({
  data: {
    rows: /** @type {Row[]} */ ([]),
    loading: true,
    /** Why the list is not there. */
    trouble: '',
  },

  /** @type {any} */
  services: late(),
  /** The cursor of the next page. @type {string | null} */
  next: late(),
  /** Pictures by drawing. @type {Map<string, string>} */
  images: late(),
  /** The pictures that are being made. @type {Promise<void>} */
  painting: late(),
  left: false,

  onLoad() {
    this.services = getApp()
    this.images = new Map()
    this.painting = Promise.resolve()
  },

  onShow() {
    void this.load(null)
  },

  onUnload() {
    this.left = true
  },

  async onPullDownRefresh() {
    await this.load(null)
    wx.stopPullDownRefresh()
  },

  onReachBottom() {
    if (this.next) void this.load(this.next)
  },

  onShareAppMessage() {
    return appCard()
  },

  /** @param {boolean} online */
  onConnected(online) {
    if (online && this.data.trouble) void this.load(null)
  },

  /** @param {string | null} cursor */
  async load(cursor) {
    try {
      const { shares, next } = await this.services.api.shares(cursor)
      const rows = shares.map((/** @type {any} */ share) => this.row(share))
      this.next = next || null
      this.setData({ rows: cursor ? [...this.data.rows, ...rows] : rows, loading: false, trouble: '' })
      for (const row of rows) this.painting = this.painting.then(() => this.paint(row))
    } catch (error) {
      const failure = error instanceof Failure ? error : new Failure('fault')
      this.setData({ loading: false, trouble: this.data.rows.length ? '' : failureWords(failure).title })
      if (!failure.passing) this.selectComponent('#fault').tell(failure, { label: '再试一次', run: () => void this.load(cursor) })
    }
  },

  reload() {
    this.setData({ loading: true, trouble: '' })
    void this.load(null)
  },

  /** @param {import('../../lib/share').Share & { drawing: string, title: string, in_bin: boolean }} share @returns {Row} */
  row(share) {
    const { code, drawing, title, url, created_at: created } = share
    const words = shareWords(share)
    const { icon } = words
    // Restored from the bin, the drawing is shown again under the same link.
    const isHidden = share.in_bin && isLive(share)
    const state = isHidden ? '画在最近删除里，别人看不到' : words.title
    const about = `${dateWords(created, Date.now())}分享`
    const image = this.images.get(drawing) || ''
    return { code, drawing, name: title || '画', state, about, refused: icon === 'gone', live: isLive(share) && !isHidden, url, image }
  },

  /** Shows a row's picture: the list's where the app knows it, otherwise painted here. @param {Row} row */
  async paint({ drawing }) {
    if (this.left || this.images.has(drawing)) return
    const { studio } = this.services
    const summary = studio.summaries.get(drawing)
    try {
      const image = summary ? summary.image_url : await this.selectComponent('#picture').paint(await studio.open(drawing), { width: THUMBNAIL })
      this.images.set(drawing, image)
      const at = this.data.rows.findIndex((row) => row.drawing === drawing)
      if (at >= 0 && !this.left) this.setData({ [`rows[${at}].image`]: image })
    } catch {
      // The row stays without a picture.
    }
  },

  // ---- one share

  look({ currentTarget }) {
    wx.navigateTo({ url: `/${PAGE}?code=${currentTarget.dataset.code}` })
  },

  copyLink({ currentTarget }) {
    wx.setClipboardData({ data: currentTarget.dataset.url })
  },

  revoke({ currentTarget }) {
    const { drawing } = currentTarget.dataset
    wx.showModal({
      ...REVOKE,
      success: async ({ confirm }) => {
        if (!confirm) return
        try {
          await this.services.api.unshare(drawing)
          wx.showToast({ title: '已收回', icon: 'success' })
          await this.load(null)
        } catch (error) {
          this.selectComponent('#fault').tell(error)
        }
      },
    })
  },
})
