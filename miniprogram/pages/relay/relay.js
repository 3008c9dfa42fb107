const { Failure } = require('../../lib/http')
const { late } = require('../../lib/late')
const { COVER, codeOf } = require('../../lib/share')
const theme = require('../../lib/theme')
const { keepPen, loadPen } = require('../draw/pen')
const { Board } = require('./board')
const owner = require('./owner')
const { play } = require('./result')
const { Room, isJudged, nameOf, strokeId } = require('./room')
const { progress } = require('./steps')
const { absentWords, known, phaseWords, refusedWords, secondsLeft } = require('./words')

/** Milliseconds between two questions to the server. */
const POLL = 3_000
/** Milliseconds after which the author of the last stroke may draw again. */
const AGAIN = 24 * 60 * 60_000

// 一笔接龙: the page of a card and a code. One person at a time adds one stroke.
Page({
  data: {
    /** @type {'loading' | 'shown' | 'absent'} */
    state: /** @type {'loading' | 'shown' | 'absent'} */ ('loading'),
    words: { icon: '', title: '', text: '', again: false },
    /**
     * - `free`    anybody may take the turn
     * - `theirs`  another person has it
     * - `waiting` the user drew last
     * - `locked`  only the owner draws
     * - `mine`    the user has the turn
     * - `done`    the relay is finished
     */
    phase: /** @type {'' | 'free' | 'theirs' | 'waiting' | 'locked' | 'mine' | 'done'} */ (''),
    steps: /** @type {import('./steps').Step[]} */ ([]),
    /** More strokes than there is room for with faces. */
    small: false,
    count: 0,
    goal: 0,
    people: 0,
    title: '',
    text: '',
    /** The author of the stroke that the replay draws. */
    avatar: '',
    /** The place of that stroke; -1 while none is drawn. */
    at: -1,
    /** The user's stroke is drawn and not confirmed. */
    tried: false,
    sending: false,
    busy: false,
    isOwner: false,
    canEnd: false,
    share: '',
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
    playing: false,
  },

  /** @type {any} */
  services: late(),
  /** @type {Room} */
  room: late(),
  /** @type {Board} */
  board: late(),
  /** @type {import('../../lib/playback').Playback | null} */
  playback: late(),
  /**
   * The stroke that the user tries; `sent` where the server took it, until it is loaded with the drawing.
   * @type {{ id: string, stroke: import('../../lib/drawing').StrokeAction, sent: boolean } | null}
   */
  trial: late(),
  isReady: false,
  left: false,
  hidden: false,
  /** @type {any} */
  timer: late(),
  /** @type {any} */
  clock: late(),
  /** The number of the last question: an earlier one's answer comes too late. */
  asked: 0,
  /** The turn is being extended, or was. */
  extended: false,

  onLoad(query) {
    this.services = getApp()
    const pen = /** @type {any} */ (loadPen())
    this.setData({ ...pen, tool: pen.tool === 'ink' ? 'ink' : 'pen' })
    this.begin(codeOf(query))
  },

  onReady() {
    this.isReady = true
    void this.layOut()
  },

  onShow() {
    this.hidden = false
    const { path, query } = this.services.entry.options
    const code = path === 'pages/relay/relay' ? codeOf(query) : ''
    // A card that is tapped while the page is open brings another relay without an onLoad.
    if (this.room && code && code !== this.room.code && this.entered !== code) this.begin(code)
    else if (this.room && this.data.state !== 'loading') void this.load()
    this.entered = code
    // A replay that was laid out in the background waits on an empty paper.
    if (this.playback && this.playback.time === 0) this.playback.play()
  },

  /** The code with which the app was entered last. */
  entered: '',

  onHide() {
    this.hidden = true
    this.rest()
  },

  onUnload() {
    this.left = true
    this.asked += 1
    this.rest()
  },

  onResize() {
    void this.layOut()
  },

  /** @param {boolean} online */
  onConnected(online) {
    if (online) void this.load()
  },

  onShareAppMessage() {
    const path = `/pages/relay/relay?code=${this.room ? this.room.code : ''}`
    return { title: this.data.phase === 'done' ? '看看我们接力画出来的画' : '一笔接龙：轮到你接一笔', path, imageUrl: COVER }
  },

  // ---- the room

  /** @param {string} code empty where the page was opened without one */
  begin(code) {
    this.rest()
    this.asked += 1
    this.trial = null
    this.playback = null
    this.room = new Room({ api: this.services.api, code })
    const { room } = this
    if (this.board) this.board.cancel()
    this.board = new Board({
      page: this,
      limits: this.services.limits,
      mode: 'one_stroke',
      paper: () => (room.view && room.view.drawing) || { width: 6144, height: 8192 },
      strokes: () => (this.trial ? [...room.picture.strokes, this.trial.stroke] : room.picture.strokes),
      open: () => this.data.phase === 'mine' && !this.data.sending,
      at: () => room.at(Date.now()),
      begin: () => this.touched(),
      end: (stroke) => this.drew(stroke),
    })
    this.setData({ state: 'loading', phase: '', steps: [], tried: false, sending: false, panel: '', boxWidth: 0, boxHeight: 0 })
    if (code) void this.load()
    else this.absent(new Failure('missing', { code: 'room_not_found' }))
  },

  rest() {
    clearTimeout(this.timer)
    clearInterval(this.clock)
    if (this.board) this.board.cancel()
    if (this.playback) this.playback.pause()
  },

  async load() {
    if (this.left) return
    clearTimeout(this.timer)
    this.asked += 1
    const { asked, room } = this
    try {
      await room.load()
      if (asked === this.asked) this.present()
    } catch (error) {
      if (asked !== this.asked) return
      const failure = error instanceof Failure ? error : new Failure('fault')
      // The page stays as it is while the network is away.
      if (!failure.passing || this.data.state === 'loading') this.absent(failure)
    }
    if (asked === this.asked) this.later()
  },

  later() {
    clearTimeout(this.timer)
    const ends = this.data.state === 'absent' && !this.data.words.again && this.data.words.icon !== 'wait'
    if (this.left || this.hidden || ends || this.data.phase === 'done') return
    this.timer = setTimeout(() => void this.load(), POLL)
  },

  again() {
    this.setData({ state: 'loading' })
    void this.load()
  },

  /** @param {Failure} failure */
  absent(failure) {
    this.rest()
    this.setData({ state: 'absent', phase: '', words: absentWords(failure), panel: '' })
    if (failure.kind === 'signed_out') this.selectComponent('#fault').tell(failure, { label: '再试一次', run: () => this.again() })
  },

  /** Shows the room as it is now. */
  present() {
    // A page that was left starts nothing any more.
    if (this.left) return
    const view = /** @type {import('./room').RoomView} */ (this.room.view)
    if (view.kind === 'together') {
      wx.redirectTo({ url: `/pages/relay/together?code=${view.code}` })
      return
    }
    if (view.state === 'frozen' || view.state === 'closed') {
      this.rest()
      this.setData({ state: 'absent', phase: '', words: known(view.state), panel: '' })
      return
    }
    const wasShown = this.data.state === 'shown'
    const isDone = view.state === 'done'
    const isSettled = isDone || Boolean(this.trial && this.trial.sent)
    if (isSettled) this.trial = null
    this.setData({
      state: 'shown',
      isOwner: view.role === 'owner',
      canEnd: (view.strokes || 0) >= 2,
      share: view.share ? view.share.code : '',
      background: this.room.picture.background,
      goal: view.goal || 0,
      count: view.strokes || 0,
      people: view.people.length,
      ...progress(this.room.authors(), view),
    })
    this.showPhase()
    if (isSettled) this.set({ tried: false, sending: false })
    clearInterval(this.clock)
    if (!isDone && !this.hidden) this.clock = setInterval(() => this.showPhase(), 1_000)
    if (!wasShown) void this.layOut()
    else if (!isDone) this.board.show()
  },

  /** @returns {'free' | 'theirs' | 'waiting' | 'locked' | 'mine' | 'done'} */
  phase() {
    const view = /** @type {import('./room').RoomView} */ (this.room.view)
    const now = Date.now()
    if (view.state === 'done') return 'done'
    if (view.hold && Date.parse(view.hold.until) > now) return view.hold.user === this.room.me ? 'mine' : 'theirs'
    if (view.role === 'watcher') return 'locked'
    const changed = Date.parse((view.drawing && view.drawing.updated_at) || '')
    return view.last_author === this.room.me && now < changed + AGAIN ? 'waiting' : 'free'
  },

  showPhase() {
    const view = this.room.view
    if (!view || this.data.state !== 'shown') return
    const phase = this.phase()
    const before = this.data.phase
    if ((before === 'mine' || this.trial) && phase !== 'mine' && !this.data.sending) this.lost(phase)
    const seconds = view.hold ? secondsLeft(view.hold.until, Date.now()) : 0
    const [title, text] = phaseWords(phase, { ...this.data, seconds, holder: nameOf(view.hold || undefined) })
    const changed = /** @type {Record<string, any>} */ ({})
    // The replay tells of its own strokes.
    if (phase !== 'done' || before !== 'done') Object.assign(changed, { title, text })
    if (phase !== before) Object.assign(changed, { phase, avatar: '', hint: phase === 'mine' && !this.trial ? '在这里接一笔' : '' })
    this.set(changed)
    if (phase === before) return
    if (phase === 'mine') this.extended = Boolean(view.hold && view.hold.extended)
    void this.layOut()
  },

  /** setData of what differs only. @param {Record<string, any>} data */
  set(data) {
    const changed = Object.fromEntries(Object.entries(data).filter(([key, value]) => /** @type {any} */ (this.data)[key] !== value))
    if (Object.keys(changed).length) this.setData(changed)
  },

  async layOut() {
    if (!this.isReady || this.data.state !== 'shown') return
    await new Promise((done) => this.setData({ hint: this.data.hint }, () => done(undefined)))
    if (this.data.phase === 'done') await play(this)
    else await this.board.layOut()
  },

  // ---- the turn

  async take() {
    if (this.data.busy) return
    this.setData({ busy: true })
    try {
      await this.room.change('take')
      wx.vibrateShort({ type: 'light', fail: () => {} })
      this.present()
    } catch (error) {
      await this.refused(error)
    }
    this.setData({ busy: false })
  },

  async release() {
    this.drop()
    try {
      await this.room.change('release')
      this.present()
    } catch (error) {
      await this.refused(error)
    }
  },

  /** The first touch of a turn extends it. */
  touched() {
    this.set({ hint: '' })
    // A further stroke takes the place of the one that was tried.
    if (this.trial) this.drop()
    if (this.extended) return
    this.extended = true
    this.room.change('take').then(() => this.showPhase(), () => {})
  },

  /** @param {import('../../lib/drawing').StrokeAction} stroke */
  drew(stroke) {
    this.trial = { id: strokeId(), stroke, sent: false }
    this.board.finish()
    this.setData({ tried: true })
    this.showPhase()
  },

  drop() {
    this.trial = null
    if (this.data.tried) this.setData({ tried: false })
    this.board.show()
  },

  redo() {
    if (this.data.sending) return
    this.drop()
    this.showPhase()
  },

  /** The turn is over. @param {string} phase `waiting` where the stroke was taken and the reply was lost */
  lost(phase) {
    this.board.cancel()
    if (this.trial && phase !== 'waiting') wx.showToast({ title: '这一轮的时间过了', icon: 'none' })
    this.drop()
    void this.load()
  },

  async confirm() {
    const { room, trial } = this
    if (!trial || this.data.sending) return
    this.setData({ sending: true })
    try {
      await room.inTurn(() => room.draw(trial.id, trial.stroke))
      wx.vibrateShort({ type: 'light', fail: () => {} })
    } catch (error) {
      if (room !== this.room) return
      this.setData({ sending: false })
      // A stroke that the server did not refuse can be sent once more: it knows the id.
      if (isJudged(error)) this.drop()
      if (error instanceof Failure && error.passing) wx.showToast({ title: refusedWords(error), icon: 'none' })
      else await this.refused(error)
      return
    }
    // The trial stays on the paper until the drawing has it.
    trial.sent = true
    if (room === this.room) await this.load()
  },

  /** @param {any} error */
  async refused(error) {
    if (this.left) return
    if (error instanceof Failure && ['signed_out', 'signin', 'blocked'].includes(error.kind)) this.selectComponent('#fault').tell(error)
    else wx.showToast({ title: refusedWords(error), icon: 'none' })
    await this.load()
  },

  // ---- the result

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

  openShare() {
    wx.navigateTo({ url: `/pages/share/share?code=${this.data.share}` })
  },

  draw() {
    wx.reLaunch({ url: '/pages/draw/draw?mode=free' })
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
  openList() {
    this.closePanel()
    wx.navigateTo({ url: '/pages/relay/list' })
  },

  /** @param {any} event with the reason and the note */
  async report({ detail }) {
    this.closePanel()
    if (await this.change('reports', detail.note ? detail : { reason: detail.reason })) wx.showToast({ title: '已收到举报', icon: 'success' })
  },

  /**
   * @param {'remove' | 'end' | 'close' | 'ban' | 'reports'} what @param {object} [data]
   * @returns {Promise<boolean>} whether it succeeded
   */
  async change(what, data) {
    try {
      await this.room.change(what, data)
      this.present()
      return true
    } catch (error) {
      await this.refused(error)
      return false
    }
  },

  removeLast() {
    owner.removeLast(this)
  },
  end() {
    owner.end(this)
  },
  close() {
    owner.close(this, '结束接龙？')
  },
  openPeople() {
    owner.openPeople(this)
  },
  ban(event) {
    owner.ban(this, event)
  },

  // ---- the pen

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

  /** @param {any} event the dock's */
  choosePen({ detail }) {
    this.setPen(detail)
  },

  /** @param {any} event the dock's or the palette's */
  chooseColor({ detail }) {
    this.closePanel()
    this.setPen({ color: detail.color, ...theme.withRecent(this.data, detail.color) })
  },

  /** @param {Record<string, any>} changed */
  setPen(changed) {
    this.setData(changed)
    keepPen(this.data)
  },
})

