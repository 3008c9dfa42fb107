const { Drawing } = require('../../lib/drawing')
const { Failure } = require('../../lib/http')
const { late } = require('../../lib/late')
const { dateWords, failureWords } = require('../../lib/words')

/** Milliseconds. */
const DAY = 24 * 3600 * 1000
/** Pixels of a card's picture, and of the one that is looked at. */
const THUMBNAIL = 240
const LARGE = 900

/**
 * @typedef {object} Card
 * @property {string} id
 * @property {string} title empty where there is none
 * @property {string} about when it was deleted, and for how long it stays
 * @property {string} label for screen readers
 * @property {number} ratio of height to width, percent
 * @property {string} image painted on this phone; empty until then
 */

Page({
  data: {
    days: 0,
    cards: /** @type {Card[]} */ ([]),
    loading: true,
    /** Why the list is not there. */
    trouble: { title: '', text: '' },
    /** The drawing that is looked at. @type {Card | null} */
    chosen: /** @type {Card | null} */ (null),
    /** Its large picture. */
    large: '',
  },

  /** @type {any} */
  services: late(),
  /** The cursor of the next page. @type {string | null} */
  next: late(),
  /** Drawings that were loaded for their pictures. @type {Map<string, Drawing>} */
  loaded: late(),
  /** The pictures that are being painted. @type {Promise<void>} */
  painting: late(),
  left: false,

  onLoad() {
    this.services = getApp()
    this.loaded = new Map()
    this.painting = Promise.resolve()
    this.setData({ days: this.services.limits.now.bin_days })
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

  /** @param {boolean} online */
  onConnected(online) {
    if (online && this.data.trouble.title) void this.load(null)
  },

  /** @param {string | null} cursor */
  async load(cursor) {
    try {
      const page = await this.services.api.drawings({ cursor, deleted: true })
      const cards = page.drawings.map((/** @type {any} */ summary) => this.card(summary))
      this.next = page.next
      this.setData({ cards: cursor ? [...this.data.cards, ...cards] : cards, loading: false, trouble: { title: '', text: '' } })
      for (const { id } of cards) this.painting = this.painting.then(() => this.paintCard(id))
    } catch (error) {
      const failure = error instanceof Failure ? error : new Failure('fault')
      const passing = failure.kind === 'offline' || failure.kind === 'wait'
      this.setData({ loading: false, trouble: this.data.cards.length ? this.data.trouble : trouble(failure) })
      if (!passing) this.selectComponent('#fault').tell(failure, { label: '再试一次', run: () => void this.load(cursor) })
    }
  },

  reload() {
    this.setData({ loading: true, trouble: { title: '', text: '' } })
    void this.load(null)
  },

  /** @param {import('../../lib/api').Summary} summary @returns {Card} */
  card({ id, title, width, height, deleted_at: deleted = '', stroke_count: strokes, mode }) {
    const now = Date.now()
    const left = Math.max(0, Math.ceil((Date.parse(deleted) + this.data.days * DAY - now) / DAY))
    const known = this.data.cards.find((card) => card.id === id)
    const about = `${dateWords(deleted, now)}删除，还有 ${left} 天`
    const name = title || (mode === 'one_stroke' ? '一笔画' : `${strokes} 笔的画`)
    return { id, title, about, label: `${name}，${about}`, ratio: (height / width) * 100, image: known ? known.image : '' }
  },

  /** Paints a card's picture: the server gives out no address of a deleted drawing's. @param {string} id */
  async paintCard(id) {
    const index = this.data.cards.findIndex((card) => card.id === id)
    if (this.left || index < 0 || this.data.cards[index].image) return
    try {
      const drawing = await this.drawing(id)
      const image = await this.selectComponent('#picture').paint(drawing, { width: THUMBNAIL })
      const at = this.data.cards.findIndex((card) => card.id === id)
      if (at >= 0 && !this.left) this.setData({ [`cards[${at}].image`]: image })
    } catch {
      // The card stays without a picture; a tap tries again and tells why it fails.
    }
  },

  /** @param {string} id @returns {Promise<Drawing>} */
  async drawing(id) {
    const known = this.loaded.get(id)
    if (known) return known
    const drawing = Drawing.from(await this.services.api.drawing(id))
    this.loaded.set(id, drawing)
    return drawing
  },

  // ---- one drawing

  async look({ currentTarget }) {
    const { id } = currentTarget.dataset
    const chosen = this.data.cards.find((card) => card.id === id) || null
    this.setData({ chosen, large: chosen ? chosen.image : '' })
    try {
      const large = await this.selectComponent('#picture').paint(await this.drawing(id), { width: LARGE })
      if (this.data.chosen && this.data.chosen.id === id) this.setData({ large })
    } catch (error) {
      this.selectComponent('#fault').tell(error)
    }
  },
  closeLook() {
    this.setData({ chosen: null })
  },

  /** @param {any} event of a card, or of the sheet, which has the drawing that is looked at */
  async restore({ currentTarget }) {
    const id = currentTarget.dataset.id
    try {
      await this.services.api.restore(id)
      this.services.studio.removed.delete(id)
      this.forget(id)
      wx.showToast({ title: '已恢复到画廊', icon: 'success' })
    } catch (error) {
      this.selectComponent('#fault').tell(error)
    }
  },

  erase({ currentTarget }) {
    const id = currentTarget.dataset.id
    this.confirm('彻底删除这幅画？', '不能再找回，占用的空间马上腾出来。', '彻底删除', async () => {
      await this.services.api.erase(id)
      this.forget(id)
    })
  },

  empty() {
    this.confirm('清空最近删除？', '里面的画都会彻底删除，不能再找回，占用的空间马上腾出来。', '清空', async () => {
      await this.services.api.emptyBin()
      this.next = null
      this.setData({ cards: [], chosen: null })
    })
  },

  /** @param {string} title @param {string} content @param {string} confirmText @param {() => Promise<void>} run */
  confirm(title, content, confirmText, run) {
    wx.showModal({
      title,
      content,
      confirmText,
      confirmColor: '#ad3a29',
      success: async ({ confirm }) => {
        if (!confirm) return
        try {
          await run()
        } catch (error) {
          this.selectComponent('#fault').tell(error)
        }
      },
    })
  },

  /** @param {string} id a drawing that is not in the bin any more */
  forget(id) {
    this.loaded.delete(id)
    this.setData({ cards: this.data.cards.filter((card) => card.id !== id), chosen: null })
  },
})

/** @param {Failure} failure */
function trouble(failure) {
  const { title } = failureWords(failure)
  return { title, text: failure.kind === 'signed_out' ? '登录后才能看到删除的画。' : '暂时看不到删除的画，它们还在。' }
}
