const { Failure } = require('../../lib/http')
const { late } = require('../../lib/late')
const { COVER, codeOf } = require('../../lib/share')
const theme = require('../../lib/theme')
const { keepPen, loadPen } = require('../draw/pen')
const { Board } = require('./board')
const owner = require('./owner')
const { Room, isJudged } = require('./room')
const { absentWords, known, refusedWords } = require('./words')

/** Milliseconds between two questions to the server. */
const POLL = 3_000
/** What is said while strokes wait for the network. */
const UNSENT = '没有连上，画的先留在这里'
/** Faces beside each other. */
const FACES = 5

// 一起画: everybody with the code draws on one paper. An own stroke shows at once; those of others come by asking.
Page({
  data: {
    /** @type {'loading' | 'shown' | 'absent'} */
    state: /** @type {'loading' | 'shown' | 'absent'} */ ('loading'),
    words: { icon: '', title: '', text: '', again: false },
    faces: /** @type {{ id: string, avatar: string, initial: string }[]} */ ([]),
    people: 0,
    trouble: '',
    isOwner: false,
    isLocked: false,
    /** The user may draw. */
    draws: false,
    canUndo: false,
    canRedo: false,
    panel: '',
    persons: /** @type {{ id: string, name: string, avatar: string }[]} */ ([]),
    hint: '',
    tool: 'pen',
    color: theme.COLORS[0].color,
    width: theme.WIDTHS[1].width,
    slots: theme.SLOTS,
    used: /** @type {string[]} */ ([]),
    background: '#ffffff',
    boxWidth: 0,
    boxHeight: 0,
  },

  /** @type {any} */
  services: late(),
  /** @type {Room} */
  room: late(),
  /** @type {Board} */
  board: late(),
  isReady: false,
  left: false,
  hidden: false,
  /** @type {any} */
  timer: late(),
  /** The last sending failed, and its strokes wait for the next one. */
  unsent: false,
  /** WeChat asks before the page is left. */
  guarded: false,
  /** The number of the last question: an earlier one's answer comes too late. */
  asked: 0,

  onLoad(query) {
    this.services = getApp()
    this.setData(loadPen())
    const room = new Room({ api: this.services.api, code: codeOf(query) })
    this.room = room
    this.board = new Board({
      page: this,
      limits: this.services.limits,
      mode: 'free',
      paper: () => (room.view && room.view.drawing) || { width: 6144, height: 8192 },
      strokes: () => room.picture.strokes,
      open: () => this.data.draws,
      at: () => room.at(Date.now()),
      begin: () => this.set({ hint: '' }),
      end: (stroke) => this.add(stroke),
      undo: () => this.undo(),
    })
    if (room.code) void this.load()
    else this.absent(new Failure('missing', { code: 'room_not_found' }))
  },

  onReady() {
    this.isReady = true
    void this.layOut()
  },

  onShow() {
    const wasHidden = this.hidden
    this.hidden = false
    if (!wasHidden) return
    this.guard()
    void this.load()
  },

  onHide() {
    this.hidden = true
    clearTimeout(this.timer)
    this.board.cancel()
  },

  onUnload() {
    this.left = true
    this.asked += 1
    clearTimeout(this.timer)
    this.board.cancel()
  },

  onResize() {
    this.board.cancel()
    void this.layOut()
  },

  /** @param {boolean} online */
  onConnected(online) {
    if (online) void this.load()
  },

  onShareAppMessage() {
    return { title: '来，我们一起画这张画', path: `/pages/relay/relay?code=${this.room.code}`, imageUrl: COVER }
  },

  // ---- the room

  async load() {
    if (this.left) return
    clearTimeout(this.timer)
    this.asked += 1
    const { asked, room } = this
    try {
      await this.flush()
      await room.load()
      if (asked === this.asked) this.present()
    } catch (error) {
      if (asked !== this.asked) return
      const failure = error instanceof Failure ? error : new Failure('fault')
      // The page stays as it is while the network is away.
      if (this.data.state === 'shown' && failure.passing) this.set({ trouble: UNSENT })
      else this.absent(failure)
    }
    this.guard()
    if (asked === this.asked) this.later()
  },

  later() {
    clearTimeout(this.timer)
    const ends = this.data.state === 'absent' && !this.data.words.again && this.data.words.icon !== 'wait'
    if (!this.left && !this.hidden && !ends) this.timer = setTimeout(() => void this.load(), POLL)
  },

  again() {
    this.setData({ state: 'loading' })
    void this.load()
  },

  /** @param {Failure} failure */
  absent(failure) {
    this.board.cancel()
    this.setData({ state: 'absent', draws: false, words: absentWords(failure), panel: '' })
    if (failure.kind === 'signed_out') this.selectComponent('#fault').tell(failure, { label: '再试一次', run: () => this.again() })
  },

  /** Shows the room as it is now. */
  present() {
    if (this.left) return
    const view = /** @type {import('./room').RoomView} */ (this.room.view)
    if (view.state !== 'open') {
      this.board.cancel()
      this.setData({ state: 'absent', draws: false, words: known(view.state === 'frozen' ? 'frozen' : 'closed'), panel: '' })
      return
    }
    const wasShown = this.data.state === 'shown'
    const faces = view.people.slice(0, FACES).map((person) => ({
      id: person.id,
      avatar: person.avatar_url || '',
      initial: person.nickname ? Array.from(person.nickname)[0] : '友',
    }))
    const isEmpty = this.room.picture.strokes.length === 0
    this.setData({
      state: 'shown',
      faces,
      people: view.people.length,
      isOwner: view.role === 'owner',
      isLocked: view.locked,
      draws: view.role !== 'watcher',
      trouble: view.role === 'watcher' ? '发起的人锁定了画纸，先看着' : (this.unsent ? UNSENT : ''),
      ...(wasShown ? {} : { hint: isEmpty ? '在这里画' : '' }),
    })
    this.showStrokes()
    if (!wasShown) void this.layOut()
  },

  showStrokes() {
    const { history, picture } = this.room
    this.board.show()
    const { by } = this.room
    this.set({ background: picture.background, canUndo: history.canUndo(by), canRedo: history.canRedo(by) })
  },

  /** setData of what differs only. @param {Record<string, any>} data */
  set(data) {
    const changed = Object.fromEntries(Object.entries(data).filter(([key, value]) => /** @type {any} */ (this.data)[key] !== value))
    if (Object.keys(changed).length) this.setData(changed)
  },

  async layOut() {
    if (!this.isReady || this.data.state !== 'shown') return
    await new Promise((done) => this.setData({ hint: this.data.hint }, () => done(undefined)))
    await this.board.layOut()
  },

  // ---- drawing

  /** @param {import('../../lib/drawing').Action} action */
  add(action) {
    this.room.add(action)
    if (action.type === 'stroke') this.board.finish()
    this.showStrokes()
    void this.send()
  },

  async send() {
    this.guard()
    const error = await this.flush()
    if (this.left) return
    if (!error) this.set({ trouble: '' })
    else if (error instanceof Failure && error.passing) this.set({ trouble: UNSENT })
    else await this.load()
    this.guard()
    this.showStrokes()
  },

  /**
   * Sends the pending strokes. A refused one is named in a toast; the room stays on the screen.
   * @returns {Promise<any>} the error, if there was one
   */
  async flush() {
    const error = this.room.pending.length ? await this.room.flush().then(() => null, (/** @type {any} */ e) => e) : null
    this.unsent = Boolean(error) && !isJudged(error)
    if (isJudged(error)) wx.showToast({ title: refusedWords(error), icon: 'none' })
    return error
  },

  /**
   * Pending strokes are in memory only, so WeChat asks before the way back is taken; at the closing of the mini-program
   * it does not.
   */
  guard() {
    const unsent = this.room.pending.length > 0
    if (this.left || this.hidden || unsent === this.guarded || !wx.enableAlertBeforeUnload) return
    this.guarded = unsent
    if (unsent) wx.enableAlertBeforeUnload({ message: '还有笔画没有送出，离开就没有了' })
    else wx.disableAlertBeforeUnload()
  },

  undo() {
    if (this.data.draws && this.data.canUndo) this.add({ type: 'undo', at: this.room.at(Date.now()) })
  },
  redo() {
    if (this.data.draws && this.data.canRedo) this.add({ type: 'redo', at: this.room.at(Date.now()) })
  },

  touchStart(event) {
    this.board.start(event)
  },
  touchMove(event) {
    this.board.recorder.move(event)
  },
  touchEnd(event) {
    this.board.recorder.end(event)
  },
  touchCancel(event) {
    this.board.recorder.cancel(event)
  },

  // ---- the pen

  /** @param {any} event the dock's */
  choosePen({ detail }) {
    this.setPen(detail)
  },

  /** @param {any} event the dock's or the palette's */
  chooseColor({ detail }) {
    this.closePanel()
    const tool = this.data.tool === 'eraser' ? 'pen' : this.data.tool
    this.setPen({ color: detail.color, ...theme.withRecent(this.data, detail.color), tool })
  },

  /** @param {Record<string, any>} changed */
  setPen(changed) {
    this.setData(changed)
    keepPen(this.data)
  },

  // ---- the sheet behind 更多

  openMore() {
    this.setData({ panel: 'more' })
  },
  closePanel() {
    this.setData({ panel: '' })
  },
  openReport() {
    this.setData({ panel: 'report' })
  },
  openColors() {
    this.setData({ panel: 'colors' })
  },

  openPeople() {
    owner.openPeople(this)
  },
  ban(event) {
    owner.ban(this, event)
  },
  close() {
    owner.close(this, '结束一起画？')
  },

  /** @param {any} event with the reason and the note */
  async report({ detail }) {
    if (await this.change('reports', detail.note ? detail : { reason: detail.reason })) wx.showToast({ title: '已收到举报', icon: 'success' })
  },

  toggleLock() {
    void this.change(this.data.isLocked ? 'unlock' : 'lock')
  },

  /**
   * @param {'lock' | 'unlock' | 'remove' | 'end' | 'close' | 'ban' | 'reports'} what @param {object} [data]
   * @returns {Promise<boolean>} whether it succeeded
   */
  async change(what, data) {
    this.closePanel()
    try {
      await this.room.change(what, data)
      this.present()
      return true
    } catch (error) {
      wx.showToast({ title: refusedWords(error), icon: 'none' })
      return false
    }
  },

  leave() {
    wx.reLaunch({ url: '/pages/draw/draw?mode=free' })
  },
})
