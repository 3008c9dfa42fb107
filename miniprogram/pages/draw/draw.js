const { late } = require('../../lib/late')
const theme = require('../../lib/theme')
const { View } = require('../../lib/view')
const { open, refresh } = require('./loading')
const { isCoached, keepCoached, keepPen, keepSize, loadPen, loadSize } = require('./pen')
const { explain, restore, retryStroke, showState } = require('./saving')
const { isSlip, layOut, makeRecorder, resetZoom, showGauge, showZoom, touchStart, withdraw } = require('./surface')

/** Milliseconds for which a line with an action stays. */
const SNACK_FOR = 8_000

Page({
  data: {
    tool: /** @type {import('../../lib/recorder').Pen['tool']} */ ('pen'),
    color: theme.COLORS[0].color,
    width: theme.WIDTHS[1].width,
    /** The colours beside the tools, and those of them that were used, the latest first. */
    slots: theme.SLOTS,
    used: /** @type {string[]} */ ([]),
    background: '#ffffff',
    /** Grid units. */
    height: theme.SIZES[0].height,
    mode: 'free',
    title: '',
    titleChars: 64,
    blank: true,
    done: false,
    drawn: false,
    canUndo: false,
    canRedo: false,
    state: 'saved',
    stateText: '',
    /** The state is told in words. */
    trouble: false,
    /** Actions are in memory only. */
    unwritten: false,
    /** Less ink than the gauge warns at. */
    low: false,
    /** The picture as the gallery has it, while the drawing is opened. */
    glimpse: '',
    /** Drawings can be shared. */
    sharable: false,
    inviting: false,
    hint: '',
    /** The gestures are told below the hint, until the first stroke on this phone. */
    coach: false,
    /** How much larger than the whole paper it is shown, in words. */
    zoom: '',
    panel: '',
    snack: '',
    seal: false,
    /** The seal comes down now; it lies there already on a drawing that was opened. */
    stamped: false,
    /** Opened from another page, whose way back is in the navigation bar. */
    nested: false,
    boxWidth: 0,
    boxHeight: 0,
  },

  /** @type {any} */
  services: late(),
  /** @type {View} */
  view: late(),
  /** @type {import('../../lib/recorder').Recorder} */
  recorder: late(),
  /** Set by the first layout. @type {import('../../lib/painter').Painter | null} */
  painter: late(),
  /** In one-stroke mode. @type {import('../../lib/easel').Gauge | null} */
  gauge: late(),
  /** @type {import('../../lib/drawing').Drawing} */
  drawing: late(),
  /** @type {(() => void)[]} */
  stopListening: [],
  /** The drawing is being loaded: there is nothing to draw on yet. */
  opening: false,
  /** A status came in during a stroke. */
  stateIsOld: false,
  /** The moment of the opening, ms since 1970. */
  openedAt: 0,
  /** The page was shown before. */
  wasShown: false,
  /** @type {any} */
  snackTimer: late(),

  onLoad({ id, mode }) {
    this.services = getApp()
    this.openedAt = Date.now()
    this.view = new View()
    this.recorder = makeRecorder(this)
    this.setData({
      ...loadPen(),
      coach: !isCoached(),
      nested: getCurrentPages().length > 1,
      titleChars: this.services.limits.now.title_chars,
    })
    const { saver, studio } = this.services
    this.stopListening = [
      saver.onStatus((changed) => { if (changed === this.drawing.id) this.showState() }),
      saver.onRebase((changed, undoDropped) => { if (changed === this.drawing.id) this.rebased(undoDropped) }),
    ]
    this.drawing = this.blank(mode === 'one_stroke' ? 'one_stroke' : 'free')
    if (id) void open(this, id)
    else if (mode !== undefined) this.use(this.drawing)
    else this.use(studio.last() || this.drawing)
  },

  onReady() {
    void layOut(this)
  },

  onShow() {
    // Another device may have drawn while the page was in the background.
    if (this.wasShown && !this.opening && this.drawing.whole) this.refresh()
    this.wasShown = true
  },

  onUnload() {
    for (const stop of this.stopListening) stop()
    clearTimeout(this.snackTimer)
    this.recorder.cancel({})
    void this.services.studio.close(this.drawing)
  },

  onHide() {
    this.recorder.cancel({})
  },

  onResize() {
    // The stroke ends as it does at a call: the paper under the finger is about to change.
    this.recorder.cancel({})
    void layOut(this)
  },

  onShareAppMessage() {
    return this.selectComponent('#sharing').card(this.drawing)
  },

  onConnected() {
    this.showState()
  },

  // ---- the drawing on the paper

  /** @param {'free' | 'one_stroke'} mode */
  blank(mode) {
    return this.services.studio.blank(mode, mode === 'free' ? loadSize() : undefined)
  },

  refresh() {
    refresh(this)
  },

  /** @param {boolean} undoDropped */
  rebased(undoDropped) {
    if (!this.recorder.stroke) this.repaint()
    this.setChanged({ title: this.drawing.title })
    if (undoDropped) wx.showToast({ title: '另一台手机刚画过，撤销没有生效', icon: 'none' })
  },

  /** @param {import('../../lib/drawing').Drawing} drawing */
  use(drawing) {
    this.drawing = drawing
    this.services.studio.remember(drawing.seq > 0 ? drawing.id : '')
    this.view.reset()
    showZoom(this)
    this.recorder.length = 0
    this.hideSnack()
    const done = drawing.mode === 'one_stroke' && !drawing.isEmpty
    const { mode, height, title } = drawing
    this.setData({ mode, height, title, seal: done, stamped: false, low: false, panel: '' })
    this.repaint()
    this.seePen(drawing.picture.background)
    this.showState()
    showGauge(this)
    void layOut(this)
  },

  /** @param {import('../../lib/drawing').Action} action */
  add(action) {
    this.services.studio.add(this.drawing, action)
    this.repaint()
  },

  /** Shows the drawing as it is now. Never called during a stroke. */
  repaint() {
    const { drawing } = this
    const { picture } = drawing
    if (picture.background !== this.data.background) this.seePen(picture.background)
    if (this.painter) {
      this.painter.show(picture.strokes)
      if (this.data.glimpse && drawing.whole && !this.opening) void this.painter.settled().then(() => this.wholeShown())
    }
    this.setChanged({
      background: picture.background,
      blank: drawing.seq === 0 && !this.opening,
      canUndo: drawing.canUndo,
      canRedo: drawing.canRedo,
      drawn: !drawing.isEmpty && drawing.whole,
      done: drawing.mode === 'one_stroke' && !drawing.isEmpty,
      // The hint tells that strokes are taken, so it waits for the canvas.
      hint: drawing.seq > 0 || this.opening || !this.painter ? '' : (drawing.mode === 'one_stroke' ? '一笔画完，墨尽为止' : '在这里画'),
    })
  },

  /** Takes a pen that shows on a new paper; on the same paper white on white may be meant. @param {string} paper */
  seePen(paper) {
    const color = theme.visibleOn(this.data.color, paper)
    if (color !== this.data.color) this.setPen({ color })
  },

  wholeShown() {
    if (!this.recorder.stroke && this.drawing.whole) this.setChanged({ glimpse: '' })
  },

  /** setData of what differs only. @param {Record<string, any>} data */
  setChanged(data) {
    /** @type {Record<string, any>} */
    const changed = {}
    for (const key of Object.keys(data)) if (this.data[key] !== data[key]) changed[key] = data[key]
    if (Object.keys(changed).length) this.setData(changed)
  },

  showState() {
    showState(this)
  },

  // ---- drawing

  /** @param {import('../../lib/drawing').StrokeAction} stroke */
  finish(stroke) {
    if (isSlip(this)) {
      withdraw(this)
      wx.showToast({ title: '太短了，再来一次', icon: 'none' })
      return
    }
    this.services.studio.add(this.drawing, stroke)
    this.painter?.finish(this.drawing.picture.strokes)
    this.repaint()
    this.lifted()
    if (this.data.coach) {
      this.setData({ coach: false })
      keepCoached()
    }
    if (this.drawing.mode === 'one_stroke') this.celebrate()
  },

  lifted() {
    if (this.stateIsOld) this.showState()
  },

  celebrate() {
    this.setData({ seal: true, stamped: true })
    showGauge(this)
    wx.vibrateShort({ type: 'light', fail: () => {} })
    void this.services.saver.flush(this.drawing)
  },

  resetZoom() {
    resetZoom(this)
  },

  /** Shows what lies below the seal. */
  hideSeal() {
    this.setData({ seal: false })
  },

  touchStart(event) {
    touchStart(this, event)
  },
  touchMove(event) {
    this.recorder.move(event)
  },
  touchEnd(event) {
    this.recorder.end(event)
  },
  touchCancel(event) {
    this.recorder.cancel(event)
  },

  // ---- the pen

  /** @param {any} event the dock's */
  choosePen({ detail }) {
    this.setPen(detail)
  },

  /** @param {any} event the dock's or the palette's */
  chooseColor({ detail }) {
    this.closePanel()
    const { color } = detail
    const recent = theme.withRecent(this.data, color)
    this.setPen({ color, ...recent, tool: this.data.tool === 'eraser' ? 'pen' : this.data.tool })
    showGauge(this)
  },

  /** @param {Record<string, any>} changed */
  setPen(changed) {
    this.setData(changed)
    keepPen(this.data)
  },

  // ---- sheets

  openColors() {
    this.setData({ panel: 'colors' })
  },
  openBackground() {
    this.setData({ panel: 'background' })
  },
  openMore() {
    const { sharing, rooms } = this.services.limits
    this.setData({ panel: 'more', sharable: sharing, inviting: rooms })
  },
  askName() {
    this.setData({ panel: 'name' })
  },
  closePanel() {
    this.setData({ panel: '' })
  },

  /** @param {any} event an item of the sheet 更多, which is a method of this page */
  chooseItem({ detail }) {
    this.closePanel()
    this[/** @type {'askName'} */ (detail.item)]()
  },

  /** @param {any} event the paper sheet's */
  chooseBackground({ detail }) {
    this.closePanel()
    const { color } = detail
    const { strokes, background } = this.drawing.picture
    if (color === background) return
    this.add({ type: 'background', color, at: this.drawing.at(Date.now()) })
    if (theme.losesStrokes(strokes, background, color)) this.showSnack(`有的笔画在${theme.nameOf(color)}上看不清`)
  },

  /** @param {any} event the paper sheet's, while nothing is drawn */
  chooseSize({ detail }) {
    this.closePanel()
    keepSize(detail)
    if (this.drawing.seq === 0) this.use(this.services.studio.blank(this.drawing.mode, detail))
  },

  /** @param {string} text a line that offers 撤销 */
  showSnack(text) {
    clearTimeout(this.snackTimer)
    this.setData({ snack: text })
    this.snackTimer = setTimeout(() => this.hideSnack(), SNACK_FOR)
  },
  hideSnack() {
    clearTimeout(this.snackTimer)
    this.setChanged({ snack: '' })
  },
  undoFromSnack() {
    this.hideSnack()
    this.undo()
  },

  undo() {
    if (this.drawing.canUndo) this.add({ type: 'undo', at: this.drawing.at(Date.now()) })
  },
  redo() {
    if (this.drawing.canRedo) this.add({ type: 'redo', at: this.drawing.at(Date.now()) })
  },

  clear() {
    wx.showModal({
      title: '清空画面？',
      content: '清空后可以撤销。',
      confirmText: '清空',
      confirmColor: '#ad3a29',
      success: ({ confirm }) => {
        if (confirm) this.add({ type: 'clear', at: this.drawing.at(Date.now()) })
      },
    })
  },

  /** @param {any} event with the title that was typed */
  async rename({ detail }) {
    try {
      await this.services.studio.rename(this.drawing, detail.title)
      this.setData({ title: this.drawing.title, panel: '' })
    } catch (error) {
      this.selectComponent('#fault').tell(error)
    }
  },

  // ---- further drawings

  /** @param {import('../../lib/drawing').Drawing} drawing takes the place of the one on the paper */
  replace(drawing) {
    void this.services.studio.close(this.drawing)
    this.use(drawing)
  },

  newDrawing() {
    this.replace(this.blank('free'))
  },
  newOneStroke() {
    if (this.data.tool === 'eraser') this.setPen({ tool: 'pen' })
    this.replace(this.blank('one_stroke'))
  },

  retry() {
    void retryStroke(this)
  },

  replay() {
    wx.navigateTo({ url: `/pages/replay/replay?id=${this.drawing.id}` })
  },

  savePicture() {
    void this.selectComponent('#picture').save(this.drawing)
  },

  makeGif() {
    this.selectComponent('#picture').askGif(this.drawing)
  },

  share() {
    void this.selectComponent('#sharing').open(this.drawing)
  },

  invite() {
    const { id, picture } = this.drawing
    wx.navigateTo({ url: `/pages/relay/invite?id=${id}&one=${picture.strokes.length === 1 ? 1 : 0}` })
  },

  openGallery() {
    if (getCurrentPages().length > 1) wx.navigateBack()
    else wx.redirectTo({ url: '/pages/gallery/gallery' })
  },

  // ---- saving failed

  explain() {
    explain(this)
  },

  restore() {
    void restore(this)
  },

  saveAsNew() {
    this.use(this.services.studio.copy(this.drawing))
  },

  giveUp() {
    this.services.studio.discard(this.drawing.id)
    this.use(this.blank('free'))
  },
})
