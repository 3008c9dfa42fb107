const { Failure } = require('../../lib/http')
const { late } = require('../../lib/late')
const { dateWords, failureWords } = require('../../lib/words')
const { nameOf } = require('./room')
const { rowWords } = require('./words')

// 我的接龙: the rooms that the user opened or drew in.
Page({
  data: {
    rows: /** @type {{ code: string, name: string, avatar: string, state: string, about: string, kind: string, turn: boolean }[]} */ ([]),
    loading: true,
    /** Why the list is not there. */
    trouble: '',
  },

  /** @type {any} */
  services: late(),
  /** The cursor of the next page. @type {string | null} */
  next: late(),
  busy: false,
  /** The number of the last question: an earlier one's answer comes too late. */
  asked: 0,

  onLoad() {
    this.services = getApp()
  },

  onShow() {
    void this.load(null)
  },

  async onPullDownRefresh() {
    await this.load(null)
    wx.stopPullDownRefresh()
  },

  onReachBottom() {
    if (this.next && !this.busy) void this.load(this.next)
  },

  /** @param {boolean} online */
  onConnected(online) {
    if (online && this.data.trouble) void this.load(null)
  },

  /** @param {string | null} cursor */
  async load(cursor) {
    this.busy = true
    this.asked += 1
    const { asked } = this
    try {
      const { rooms, next } = await this.services.api.call('GET', cursor ? `/me/rooms?cursor=${encodeURIComponent(cursor)}` : '/me/rooms')
      if (asked !== this.asked) return
      const rows = rooms.map((/** @type {any} */ room) => this.row(room))
      this.next = next || null
      this.setData({ rows: cursor ? [...this.data.rows, ...rows] : rows, loading: false, trouble: '' })
    } catch (error) {
      if (asked !== this.asked) return
      const failure = error instanceof Failure ? error : new Failure('fault')
      this.setData({ loading: false, trouble: this.data.rows.length ? '' : failureWords(failure).title })
      if (!failure.passing) this.selectComponent('#fault').tell(failure, { label: '再试一次', run: () => void this.load(cursor) })
    }
    this.busy = false
  },

  reload() {
    this.setData({ loading: true, trouble: '' })
    void this.load(null)
  },

  /** @param {any} room */
  row(room) {
    const owner = room.role === 'owner' ? '我' : nameOf(room.owner)
    return {
      code: room.code,
      kind: room.kind,
      name: room.title || (room.kind === 'relay' ? '一笔接龙' : '一起画'),
      avatar: this.services.api.address(room.owner.avatar_url || ''),
      state: rowWords(room),
      about: `${owner}发起，${dateWords(room.joined_at, Date.now())}加入`,
      turn: room.state === 'open' && !room.hold,
    }
  },

  look({ currentTarget }) {
    const { code, kind } = currentTarget.dataset
    wx.navigateTo({ url: `/pages/relay/${kind}?code=${code}` })
  },
})
