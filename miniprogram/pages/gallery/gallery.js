const { Failure } = require('../../lib/http')
const { late } = require('../../lib/late')
const { STATE_WORDS, dateWords } = require('../../lib/words')

/** Drawings in one page of the list. */
const PAGE = 20
/** Milliseconds in which a deletion can be taken back by one tap. */
const UNDO_WITHIN = 6_000
/** Pixels of a draft's thumbnail. */
const THUMBNAIL = 360
/** The storage key of the first page as last seen, shown while the list is asked for. */
const SEEN = 'yibi.gallery'

/**
 * Two columns, each drawing to the shorter one.
 * @param {any[]} items
 */
function flow(items) {
  /** @type {any[][]} */
  const columns = [[], []]
  const heights = [0, 0]
  for (const item of items) {
    const side = heights[1] < heights[0] ? 1 : 0
    columns[side].push(item)
    heights[side] += item.ratio + 20
  }
  return columns
}

Page({
  data: {
    columns: /** @type {any[][]} */ ([[], []]),
    loading: true,
    skeletons: [1, 2],
    empty: false,
    end: false,
    count: 0,
    banner: '',
    undo: false,
    chosen: '',
    chosenTitle: '',
    renaming: false,
    name: '',
    titleChars: 64,
    binDays: 0,
  },

  /** @type {any} */
  services: late(),
  /** Summaries from the server. @type {import('../../lib/api').Summary[]} */
  drawings: [],
  /** The last request for the list failed. */
  outOfReach: false,
  /** `drawings` are those of the last time. */
  seenOnly: true,
  /** Where the list goes on. @type {string | null} */
  next: late(),
  /** Paths of thumbnails that were painted here, by drawing and seq. @type {Map<string, string>} */
  thumbnails: late(),
  /** The thumbnail that is being painted. @type {Promise<void> | null} */
  painting: late(),
  /** Drawings whose deletion is on its way. @type {Set<string>} */
  hidden: late(),
  /** The drawing whose menu is or was open. */
  chosen: '',
  /** @type {() => void} */
  stopListening: late(),
  /** @type {Promise<void> | null} */
  reloading: late(),
  loadingMore: false,
  undoTimer: 0,
  /** The latest deletion; gives what takes it back. @type {Promise<() => Promise<void>>} */
  removal: late(),

  onLoad() {
    this.services = getApp()
    this.drawings = wx.getStorageSync(SEEN) || []
    this.thumbnails = new Map()
    this.hidden = new Set()
    this.setData({ titleChars: this.services.limits.now.title_chars })
    this.stopListening = this.services.saver.onStatus((id, { state }) => this.saved(id, state))
  },

  onShow() {
    this.show()
    void this.reload()
  },

  onUnload() {
    this.stopListening()
    clearTimeout(this.undoTimer)
  },

  async onPullDownRefresh() {
    await this.reload()
    wx.stopPullDownRefresh()
  },

  onReachBottom() {
    void this.more()
  },

  onShareAppMessage() {
    return { title: '来画一笔', path: '/pages/draw/draw' }
  },

  onConnected(online) {
    if (online) void this.reload()
    else this.setData({ banner: '没有网络，先看本机上的画' })
  },

  /** A draft was saved: the list has it from now on. */
  saved(id, state) {
    if (state === 'saved' && !this.drawings.some((drawing) => drawing.id === id)) void this.reload()
    else this.show()
  },

  // ---- the list

  async reload() {
    this.reloading = this.reloading || this.load(null).finally(() => { this.reloading = null })
    await this.reloading
  },

  async more() {
    if (!this.next || this.loadingMore) return
    this.loadingMore = true
    await this.load(this.next)
    this.loadingMore = false
  },

  /** @param {string | null} cursor */
  async load(cursor) {
    const { api } = this.services
    try {
      const { drawings, next } = await api.drawings({ limit: PAGE, cursor })
      this.drawings = cursor ? [...this.drawings, ...drawings] : drawings
      this.next = next
      this.seenOnly = false
      if (!cursor) this.remember(drawings)
      this.outOfReach = false
      this.setData({ banner: '', loading: false })
    } catch (error) {
      this.failed(error)
    }
    this.show()
  },

  remember(drawings) {
    try {
      wx.setStorageSync(SEEN, drawings)
    } catch {
      // The next time then begins with bones.
    }
  },

  failed(error) {
    const kind = error instanceof Failure ? error.kind : 'fault'
    const banner = {
      offline: '没有网络，先看本机上的画',
      wait: '服务器有点忙，稍后下拉刷新',
      signin: '还没有登录，这里只有本机上的画',
      blocked: '账号受限，这里只有本机上的画',
    }[kind]
    this.outOfReach = true
    this.setData({ loading: false, banner: banner || '' })
    if (!banner) this.selectComponent('#fault').tell(error, { label: '再试一次', run: () => void this.reload() })
  },

  /** Drafts first, then the server's list; offline also what the phone has copies of. */
  show() {
    const { journal } = this.services
    const drafts = journal.drafts().filter(({ id, seq }) => seq > 0 && !this.hidden.has(id))
    const known = new Map(this.drawings.map((drawing) => [drawing.id, drawing]))
    const items = drafts.map((drawing) => this.draftItem(drawing, known.get(drawing.id)))
    const shown = new Set(items.map(({ id }) => id))
    for (const drawing of this.drawings) {
      if (!shown.has(drawing.id) && !this.hidden.has(drawing.id)) items.push(this.item(drawing))
    }
    const copies = this.outOfReach ? this.copies(new Set(items.map(({ id }) => id))) : []
    items.push(...copies.map((drawing) => ({ ...this.draftItem(drawing, undefined), state: '' })))
    const waiting = this.seenOnly && this.data.loading
    this.setData({
      columns: flow(items),
      empty: items.length === 0 && !waiting,
      loading: waiting || Boolean(this.next),
      end: items.length > 4 && !this.next && !waiting,
      count: items.length,
    })
    for (const drawing of [...drafts, ...copies]) if (drawing.whole) void this.thumbnail(drawing)
  },

  /**
   * What the phone holds of the drawings that the list does not show.
   * @param {Set<string>} shown
   * @returns {import('../../lib/drawing').Drawing[]}
   */
  copies(shown) {
    const { journal } = this.services
    return journal.copies()
      .reverse()
      .filter(({ id, whole }) => whole && !shown.has(id) && !this.hidden.has(id))
      .map(({ id }) => journal.load(id))
  },

  /** @param {import('../../lib/api').Summary} drawing */
  item(drawing) {
    const { width, height } = drawing
    this.services.studio.summaries.set(drawing.id, drawing)
    const title = drawing.title || '无题'
    const date = dateWords(drawing.updated_at, Date.now())
    return {
      id: drawing.id,
      title,
      date,
      label: `${title}，${date}`,
      image: drawing.image_url,
      ratio: (height / width) * 100,
      oneStroke: drawing.mode === 'one_stroke',
      state: '',
    }
  },

  /** @param {import('../../lib/drawing').Drawing} drawing @param {import('../../lib/api').Summary | undefined} summary */
  draftItem(drawing, summary) {
    const { journal, saver } = this.services
    const { state } = saver.status(drawing.id)
    const words = state === 'saved' ? '草稿' : STATE_WORDS[state]
    const title = drawing.title || '无题'
    return {
      id: drawing.id,
      title,
      date: dateWords(journal.updated(drawing.id), Date.now()),
      label: `${title}，${words}`,
      image: this.thumbnails.get(`${drawing.id}/${drawing.seq}`) || (summary ? summary.image_url : ''),
      ratio: (drawing.height / drawing.width) * 100,
      oneStroke: drawing.mode === 'one_stroke',
      state: words,
    }
  },

  /** Paints a draft, one after the other: they share a canvas. @param {import('../../lib/drawing').Drawing} drawing */
  thumbnail(drawing) {
    const key = `${drawing.id}/${drawing.seq}`
    if (this.thumbnails.has(key)) return
    this.thumbnails.set(key, '')
    this.painting = (this.painting || Promise.resolve()).then(async () => {
      const path = await this.selectComponent('#picture').paint(drawing, { width: THUMBNAIL })
      this.thumbnails.set(key, path)
      this.show()
    })
  },

  // ---- taps

  open({ currentTarget }) {
    wx.navigateTo({ url: `/pages/draw/draw?id=${currentTarget.dataset.id}` })
  },
  create() {
    wx.navigateTo({ url: '/pages/draw/draw?mode=free' })
  },
  createOneStroke() {
    wx.navigateTo({ url: '/pages/draw/draw?mode=one_stroke' })
  },
  openMe() {
    wx.navigateTo({ url: '/pages/me/me' })
  },

  menu({ currentTarget }) {
    const { id } = currentTarget.dataset
    this.chosen = id
    this.setData({ chosen: id, chosenTitle: this.titleOf(id) || '无题', binDays: this.services.limits.now.bin_days })
    wx.vibrateShort({ type: 'light', fail: () => {} })
  },
  closeMenu() {
    this.setData({ chosen: '' })
  },

  /** @param {string} id */
  titleOf(id) {
    const drawing = this.drawings.find((one) => one.id === id) || this.services.journal.entry(id)
    return drawing ? drawing.title : ''
  },

  replay() {
    this.closeMenu()
    wx.navigateTo({ url: `/pages/replay/replay?id=${this.chosen}` })
  },

  async savePicture() {
    this.closeMenu()
    try {
      void this.selectComponent('#picture').save(await this.services.studio.open(this.chosen))
    } catch (error) {
      this.selectComponent('#fault').tell(error)
    }
  },

  // ---- rename

  askName() {
    this.closeMenu()
    this.setData({ renaming: true, name: this.titleOf(this.chosen) })
  },
  typeName({ detail }) {
    this.data.name = detail.value
  },
  closeRename() {
    this.setData({ renaming: false })
  },
  async rename() {
    this.closeRename()
    const title = this.data.name.trim()
    const { api, saver, journal } = this.services
    try {
      const local = saver.held(this.chosen) || journal.load(this.chosen)
      if (local) {
        local.title = title
        journal.acked(local)
      }
      // A drawing that the server does not have yet brings its title with the first save.
      if (!local || local.acked > 0) await api.rename(this.chosen, title)
      this.drawings = this.drawings.map((drawing) => (drawing.id === this.chosen ? { ...drawing, title } : drawing))
      this.show()
    } catch (error) {
      this.selectComponent('#fault').tell(error)
    }
  },

  // ---- delete and take it back

  async remove() {
    this.closeMenu()
    const id = this.chosen
    this.hidden.add(id)
    this.show()
    clearTimeout(this.undoTimer)
    this.removal = this.services.studio.remove(id)
    this.setData({ undo: true })
    this.undoTimer = setTimeout(() => this.setData({ undo: false }), UNDO_WITHIN)
    try {
      await this.removal
      this.drawings = this.drawings.filter((drawing) => drawing.id !== id)
      this.hidden.delete(id)
      this.remember(this.drawings.slice(0, PAGE))
    } catch (error) {
      this.hidden.delete(id)
      this.setData({ undo: false })
      this.show()
      this.selectComponent('#fault').tell(error)
    }
  },

  async undoRemove() {
    clearTimeout(this.undoTimer)
    this.setData({ undo: false })
    try {
      const restore = await this.removal
      await restore()
      await this.reload()
    } catch (error) {
      this.selectComponent('#fault').tell(error)
    }
  },
})
