const { Failure } = require('../../lib/http')
const { late } = require('../../lib/late')
const { appCard } = require('../../lib/share')
const { Deletions } = require('./deletions')
const { columnCount, flow, localCard, merge, savedCard } = require('./items')
const { bannerOf, footOf } = require('./trouble')

/** Drawings in one page of the list. */
const PAGE = 20
/** Pixels of a local picture's width. */
const THUMBNAIL = 360
/** The storage key of the first page as it was last, shown while the list is loaded. */
const SEEN = 'yibi.gallery'

Page({
  data: {
    columns: /** @type {ReturnType<typeof flow>} */ ([]),
    /** The list is not loaded yet. */
    loading: true,
    /** A further page is being loaded. */
    loadingMore: false,
    bones: [1, 2],
    empty: false,
    /** The line below the cards. */
    foot: { text: '', retry: false },
    /** Why the list is not complete, and what to do about it. */
    banner: { text: '', action: '' },
    /** How many drawings 撤销 restores now. */
    deleted: 0,
    menu: false,
    /** Drawings can be shared. */
    sharable: false,
    chosenTitle: '',
    naming: false,
    title: '',
    titleChars: 64,
    binDays: 0,
  },

  /** @type {any} */
  services: late(),
  /** Summaries from the server. @type {import('../../lib/api').Summary[]} */
  drawings: [],
  /** The last request for the list failed. */
  outOfReach: false,
  /** `drawings` are those of the app's run before. */
  seenOnly: true,
  /** The cursor of the next page. @type {string | null} */
  next: late(),
  /** Paths of pictures that were painted here, by drawing and seq. @type {Map<string, string>} */
  thumbnails: late(),
  /** The picture that is being painted. @type {Promise<void> | null} */
  painting: late(),
  /** The drawing whose menu is or was open. */
  chosen: '',
  /** @type {Deletions} */
  deletions: late(),
  /** @type {() => void} */
  stopListening: late(),
  /** @type {Promise<void> | null} */
  reloading: late(),
  /** Something was saved while the list was being loaded. */
  reloadAgain: false,

  onLoad() {
    this.services = getApp()
    const { limits, saver, studio } = this.services
    this.drawings = wx.getStorageSync(SEEN) || []
    this.thumbnails = new Map()
    this.deletions = new Deletions(studio, (deleted) => {
      this.setData({ deleted })
      this.show()
    })
    this.setData({ titleChars: limits.now.title_chars, binDays: limits.now.bin_days })
    this.stopListening = saver.onStatus((/** @type {string} */ id, { state }) => this.statusChanged(id, state))
  },

  onShow() {
    this.show()
    void this.reload()
  },

  onResize() {
    this.show()
  },

  onUnload() {
    this.stopListening()
    this.deletions.end()
  },

  async onPullDownRefresh() {
    await this.reload()
    wx.stopPullDownRefresh()
  },

  onReachBottom() {
    void this.more()
  },

  /** @param {any} from the sheet's button, or WeChat's menu */
  onShareAppMessage({ from }) {
    return from === 'button' ? this.selectComponent('#sharing').card() : appCard()
  },

  /** @param {boolean} online */
  onConnected(online) {
    if (online) void this.reload()
    else this.setData({ banner: bannerOf(new Failure('offline')) })
  },

  /** @param {string} id @param {string} state */
  statusChanged(id, state) {
    if (state === 'saved' && this.isBehind(id)) void this.reload()
    this.show()
  },

  // ---- the list

  async reload() {
    if (this.reloading) {
      this.reloadAgain = true
    } else {
      this.reloading = this.load().finally(() => { this.reloading = null })
    }
    await this.reloading
    if (!this.reloadAgain) return
    this.reloadAgain = false
    await this.reload()
  },

  async load() {
    const { api, saver } = this.services
    const confirmed = new Map(saver.confirmed)
    const brokeOff = this.data.foot.retry
    try {
      const { drawings, next } = await api.drawings({ limit: PAGE })
      Object.assign(this, merge(drawings, next, this.seenOnly ? [] : this.drawings, this.next))
      // Drawings that the list has in their newest state are no longer shown from the phone.
      for (const [id, seq] of confirmed) {
        const listed = drawings.find((/** @type {any} */ drawing) => drawing.id === id)
        if (saver.confirmed.get(id) === seq && !(listed && listed.seq < seq)) saver.confirmed.delete(id)
      }
      this.seenOnly = false
      this.outOfReach = false
      this.remember()
      this.setData({ banner: bannerOf(null), loading: false, foot: footOf(null) })
      if (brokeOff) void this.more()
    } catch (error) {
      this.failed(error)
    }
    this.show()
  },

  async more() {
    if (!this.next || this.data.loadingMore || this.seenOnly) return
    this.setData({ loadingMore: true, foot: footOf(null) })
    try {
      const { drawings, next } = await this.services.api.drawings({ limit: PAGE, cursor: this.next })
      const known = new Set(this.drawings.map(({ id }) => id))
      this.drawings = [...this.drawings, ...drawings.filter((/** @type {any} */ { id }) => !known.has(id))]
      this.next = next
      this.setData({ loadingMore: false })
    } catch (error) {
      this.setData({ loadingMore: false, foot: footOf(error) })
    }
    this.show()
  },

  /** Keeps the first page for the next start. */
  remember() {
    const { removed } = this.services.studio
    try {
      wx.setStorageSync(SEEN, this.drawings.filter(({ id }) => !removed.has(id)).slice(0, PAGE))
    } catch {
      // The next start then begins with placeholders.
    }
  },

  /** @param {unknown} error of the first page */
  failed(error) {
    const banner = bannerOf(error)
    this.outOfReach = true
    // Signed out, the list of the account is not shown any more.
    if (this.services.session.left) Object.assign(this, { drawings: [], next: null })
    this.setData({ loading: false, banner })
    if (!banner.text) this.selectComponent('#fault').tell(error, { label: '再试一次', run: () => void this.reload() })
  },

  async actOnBanner() {
    const { code } = this.services.session.left || { code: '' }
    if (!code) {
      await this.reload()
      return
    }
    try {
      await getApp().signIn({ reopen: code === 'account_closing' })
      await this.reload()
    } catch (error) {
      this.selectComponent('#fault').tell(error)
    }
  },

  /** Drafts first, then the server's list; out of reach also the phone's copies. */
  show() {
    const { journal, saver, studio } = this.services
    const drafts = studio.drafts()
    const shown = new Set(drafts.map((/** @type {any} */ { id }) => id))
    // Saved since the list was loaded: the list has an older picture or none.
    const recent = [...saver.confirmed.keys()]
      .filter((id) => !shown.has(id) && !studio.removed.has(id) && this.isBehind(id))
      .map((id) => journal.load(id))
      .filter((drawing) => drawing && drawing.whole)
    for (const { id } of recent) shown.add(id)
    const listed = this.drawings.filter(({ id }) => !shown.has(id) && !studio.removed.has(id))
    for (const { id } of listed) shown.add(id)
    const copies = this.outOfReach ? this.copies(shown) : []
    for (const summary of this.drawings) studio.summaries.set(summary.id, summary)
    const local = (/** @type {any} */ drawing, /** @type {boolean} */ saved) => localCard(this.services, drawing, this.imageOf(drawing), saved)
    const cards = [
      ...drafts.map((/** @type {any} */ drawing) => local(drawing, false)),
      ...recent.map((drawing) => local(drawing, true)),
      ...listed.map(savedCard),
      ...copies.map((/** @type {any} */ drawing) => local(drawing, true)),
    ]
    const waiting = this.seenOnly && this.data.loading
    const complete = !this.next && !waiting && !this.data.foot.retry
    this.setData({
      columns: flow(cards, columnCount(wx.getWindowInfo().windowWidth)),
      empty: cards.length === 0 && !waiting,
      ...(complete ? { foot: { text: cards.length > 4 ? `共 ${cards.length} 幅` : '', retry: false } } : {}),
    })
    for (const drawing of [...drafts, ...recent, ...copies]) if (drawing.whole) void this.thumbnail(drawing)
  },

  /** Whether the list does not have the drawing as it was saved last. @param {string} id */
  isBehind(id) {
    const listed = this.drawings.find((drawing) => drawing.id === id)
    return (listed ? listed.seq : 0) < (this.services.saver.confirmed.get(id) || 0)
  },

  /**
   * The drawings on the phone that the list does not show.
   * @param {Set<string>} shown
   * @returns {import('../../lib/drawing').Drawing[]}
   */
  copies(shown) {
    const { journal, studio } = this.services
    return journal.copies()
      .reverse()
      .filter((/** @type {any} */ { id, whole }) => whole && !shown.has(id) && !studio.removed.has(id))
      .map((/** @type {any} */ { id }) => journal.load(id))
  },

  /** @param {import('../../lib/drawing').Drawing} drawing @returns {string} its picture as painted here, or the list's */
  imageOf({ id, seq }) {
    const listed = this.drawings.find((drawing) => drawing.id === id)
    return this.thumbnails.get(`${id}/${seq}`) || (listed ? listed.image_url : '')
  },

  /** Paints a local picture, one after the other: they share a canvas. @param {import('../../lib/drawing').Drawing} drawing */
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

  openMenu({ currentTarget }) {
    this.chosen = currentTarget.dataset.id
    this.setData({ menu: true, sharable: this.services.limits.sharing, chosenTitle: this.titleOf(this.chosen) })
    wx.vibrateShort({ type: 'light', fail: () => {} })
  },
  closeMenu() {
    this.setData({ menu: false })
  },

  /** @param {any} event an item of the menu, which is a method of this page */
  chooseItem({ detail }) {
    this.closeMenu()
    this[/** @type {'askName'} */ (detail.item)]()
  },

  /** @param {string} id */
  titleOf(id) {
    const drawing = this.services.journal.entry(id) || this.drawings.find((one) => one.id === id)
    return drawing ? drawing.title : ''
  },

  replay() {
    wx.navigateTo({ url: `/pages/replay/replay?id=${this.chosen}` })
  },

  /** Opens the chosen drawing for what is done with it here. @param {(drawing: any) => void} run */
  async withChosen(run) {
    try {
      run(await this.services.studio.open(this.chosen))
    } catch (error) {
      this.selectComponent('#fault').tell(error)
    }
  },

  savePicture() {
    void this.withChosen((drawing) => this.selectComponent('#picture').save(drawing))
  },

  share() {
    void this.withChosen((drawing) => this.selectComponent('#sharing').open(drawing))
  },

  /** @param {any} event the sharing sheet's */
  makeGif({ detail }) {
    this.selectComponent('#picture').askGif(detail.drawing)
  },

  duplicate() {
    void this.withChosen((drawing) => {
      this.services.studio.duplicate(drawing)
      this.show()
      wx.showToast({ title: '已复制', icon: 'success' })
    })
  },

  askName() {
    this.setData({ naming: true, title: this.titleOf(this.chosen) })
  },
  closeNaming() {
    this.setData({ naming: false })
  },
  /** @param {any} event with the title that was typed */
  async rename({ detail }) {
    const { saver, journal, studio } = this.services
    const id = this.chosen
    const listed = this.drawings.find((drawing) => drawing.id === id)
    const drawing = saver.held(id) || journal.load(id) || (listed && { ...listed, acked: listed.seq })
    if (!drawing) return
    try {
      await studio.rename(drawing, detail.title)
      this.drawings = this.drawings.map((one) => (one.id === id ? { ...one, title: detail.title } : one))
      this.remember()
      this.closeNaming()
      this.show()
    } catch (error) {
      this.selectComponent('#fault').tell(error)
    }
  },

  // ---- delete and restore

  async remove() {
    try {
      await this.deletions.add(this.chosen)
      this.remember()
    } catch (error) {
      this.selectComponent('#fault').tell(error)
    }
  },

  async undoRemove() {
    try {
      await this.deletions.undo()
    } catch (error) {
      this.selectComponent('#fault').tell(error)
    }
    await this.reload()
  },
})
