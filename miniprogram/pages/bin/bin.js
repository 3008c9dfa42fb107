const { late } = require('../../lib/late')
const { dateWords } = require('../../lib/words')

/** Milliseconds. */
const DAY = 24 * 3600 * 1000

Page({
  data: { days: 0, drawings: /** @type {any[]} */ ([]), loading: true },

  /** @type {any} */
  services: late(),
  /** Where the list goes on. @type {string | null} */
  next: late(),

  onLoad() {
    this.services = getApp()
    this.setData({ days: this.services.limits.now.bin_days })
    void this.load(null)
  },

  async onPullDownRefresh() {
    await this.load(null)
    wx.stopPullDownRefresh()
  },

  onReachBottom() {
    if (this.next) void this.load(this.next)
  },

  /** @param {string | null} cursor */
  async load(cursor) {
    try {
      const page = await this.services.api.drawings({ cursor, deleted: true })
      const now = Date.now()
      const drawings = page.drawings.map(({ id, title, deleted_at: deleted, stroke_count: strokes }) => {
        const left = Math.max(0, Math.ceil((Date.parse(deleted) + this.data.days * DAY - now) / DAY))
        return { id, title: title || '无题', about: `${strokes} 笔，${dateWords(deleted, now)}删除，还有 ${left} 天` }
      })
      this.next = page.next
      this.setData({ drawings: cursor ? [...this.data.drawings, ...drawings] : drawings, loading: false })
    } catch (error) {
      this.setData({ loading: false })
      this.selectComponent('#fault').tell(error, { label: '再试一次', run: () => void this.load(cursor) })
    }
  },

  async restore({ currentTarget }) {
    const { id } = currentTarget.dataset
    try {
      await this.services.api.restore(id)
      this.setData({ drawings: this.data.drawings.filter((drawing) => drawing.id !== id) })
      wx.showToast({ title: '已恢复到画廊', icon: 'success' })
    } catch (error) {
      this.selectComponent('#fault').tell(error)
    }
  },
})
